"""Webhooks of vendors' programs in the admin: looked at by those who may, turned off and on, sent again."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from vendors.models import Vendor, Webhook, WebhookAttempt, WebhookDelivery
from vendors.webhooks import make

LIST = "/admin/vendors/webhook/"


@pytest.fixture
def webhook(vendor: Vendor) -> Webhook:
    return make.add(vendor, "https://erp.example/told", ["feed.failed"], "ERP")[0]


@pytest.fixture
def delivery(webhook: Webhook) -> WebhookDelivery:
    one = WebhookDelivery.objects.create(
        webhook=webhook, message_id="msg_1", event="feed.failed", body='{"type":"feed.failed"}', state="failed"
    )
    WebhookAttempt.objects.create(delivery=one, status=500, answer="<b>no</b>", milliseconds=12)
    return one


def page(client: Client, address: str, **query: Any) -> str:
    return client.get(address, query).content.decode()


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("anna", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_staff_see_what_was_sent_and_never_a_secret(
    admin_client: Client, webhook: Webhook, delivery: WebhookDelivery
) -> None:
    own = f"{LIST}{webhook.pk}/change/"
    shown = page(admin_client, LIST) + page(admin_client, own)
    for text in ("https://erp.example/told", "VEND001", "feed.failed"):
        assert text in shown
    one = page(admin_client, f"{LIST}{webhook.pk}/deliveries/{delivery.pk}/")
    for text in ("msg_1", "500", "12 ms", "&lt;b&gt;no&lt;/b&gt;", "Send again"):
        assert text in one
    assert "There are none" in page(admin_client, own, state="pending")
    answer = admin_client.post(f"{LIST}export/", {"format": "0"})
    assert "erp.example" in page(admin_client, LIST, state="on")
    assert "/told" not in page(admin_client, LIST, state="failing")
    exported = b"".join(getattr(answer, "streaming_content", [])).decode()
    assert "erp.example" in exported
    assert webhook.secret not in shown + one + exported
    assert "erp.example" in page(admin_client, "/admin/vendors/vendor/VEND001/change/")


def test_who_may_disables_and_enables_it_and_sends_again(webhook: Webhook, delivery: WebhookDelivery) -> None:
    anna = staff("view_webhook", "change_webhook", "view_vendor")
    again = f"{LIST}{webhook.pk}/deliveries/{delivery.pk}/"
    anna.post(again)
    delivery.refresh_from_db()
    assert delivery.state == "pending"
    turn = f"{LIST}{webhook.pk}/turn/"
    assert "Yes, disable" in page(anna, turn)
    anna.post(turn, {"do": "disable"})
    webhook.refresh_from_db()
    assert (webhook.disabled_at is not None, webhook.disabled_reason) == (True, "The staff disabled it.")
    assert "Enable it first" in anna.post(again, follow=True).content.decode()
    assert "Yes, enable" in page(anna, turn)
    anna.post(turn, {"do": "enable"})
    webhook.refresh_from_db()
    assert webhook.disabled_at is None
    assert LogEntry.objects.filter(object_id="VEND001", change_message__contains="Webhook at erp.example").count() == 2


def test_who_may_look_changes_nothing_and_who_may_nothing_sees_nothing(
    webhook: Webhook, delivery: WebhookDelivery
) -> None:
    anna = staff("view_webhook", "view_vendor")
    turn, again = f"{LIST}{webhook.pk}/turn/", f"{LIST}{webhook.pk}/deliveries/{delivery.pk}/"
    assert "Send again" not in page(anna, again)
    assert "/turn/" not in page(anna, f"{LIST}{webhook.pk}/change/")
    for answer in (anna.post(turn, {"do": "disable"}), anna.post(again), anna.post(f"{LIST}{webhook.pk}/change/")):
        assert answer.status_code == 403
    User.objects.get().user_permissions.set(Permission.objects.filter(codename="view_vendor"))
    for address in (LIST, f"{LIST}{webhook.pk}/change/", again, turn):
        assert anna.get(address).status_code == 403
    assert "erp.example" not in page(anna, "/admin/vendors/vendor/VEND001/change/")
    webhook.refresh_from_db()
    assert webhook.disabled_at is None
