"""The vendors' pages of webhooks: owners change them, all see what was sent, the secret is shown once."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from security import at_rest
from security.models import SecurityEvent
from vendors.models import Vendor, VendorMember, Webhook, WebhookAttempt, WebhookDelivery
from vendors.webhooks import make

PAGE = "/vendor/VEND001/programs/webhooks/"
WANTED = {"url": "https://erp.example/told", "description": "ERP", "events": ["feed.completed", "feed.failed"]}


@pytest.fixture
def browser(vendor: Vendor, client: Client) -> Client:
    user = User.objects.create_user("mia", "mia@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    client.force_login(user)
    return client


@pytest.fixture
def webhook(vendor: Vendor) -> Webhook:
    return make.add(vendor, **WANTED)[0]  # type: ignore[arg-type] # texts and a list


def shown(browser: Client, address: str = PAGE) -> str:
    return browser.get(address).content.decode()


def said(browser: Client, **form: object) -> str:
    return browser.post(PAGE, {**WANTED, **form}).content.decode()


def test_an_owner_adds_one_whose_secret_is_shown_once_and_is_nowhere_else(browser: Client) -> None:
    secret = re.findall(r"whsec_[A-Za-z0-9+/=]+", said(browser))[0]
    webhook = Webhook.objects.get()
    assert (webhook.url, webhook.events) == ("https://erp.example/told", ["feed.completed", "feed.failed"])
    assert at_rest.decrypt(webhook.secret) == secret
    logs = [*SecurityEvent.objects.values(), *LogEntry.objects.values()]
    for text in (shown(browser), shown(browser, f"{PAGE}{webhook.pk}/"), str(logs), str(Webhook.objects.values())):
        assert secret not in text
    assert "/told" not in str(logs), "the rest of an address may be a secret"
    again = browser.post(f"{PAGE}{webhook.pk}/", {"do": "secret"}).content.decode()
    renewed = re.findall(r"whsec_[A-Za-z0-9+/=]+", again)[0]
    assert renewed != secret
    webhook.refresh_from_db()
    assert (at_rest.decrypt(webhook.secret), at_rest.decrypt(webhook.secret_before)) == (renewed, secret)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"url": "http://erp.example/"}, "https://"),
        ({"url": "ftp://erp.example/"}, "https://"),
        ({"url": "https://10.1.2.3/"}, "inside of a network"),
        ({"url": "https://[::1]/"}, "inside of a network"),
        ({"url": "https://mia:secret@erp.example/"}, "Leave user and password out"),
        ({"url": "https://erp.example/" + "x" * 1000}, "1000 characters"),
        ({"events": []}, "required"),
        ({"events": ["feed.eaten"]}, "valid choice"),
        ({"description": "two\nlines"}, "one line"),
    ],
)
def test_what_would_never_work_is_refused_at_its_field(browser: Client, form: dict[str, object], says: str) -> None:
    assert says in said(browser, **form)
    assert not Webhook.objects.exists()


def test_there_are_ten_at_most(browser: Client, vendor: Vendor) -> None:
    for _ in range(10):
        said(browser)
    assert "Delete one of them first" in said(browser) or "as many as there can be" in shown(browser)
    assert Webhook.objects.count() == 10
    with pytest.raises(make.NotPossible, match="Delete one"):
        make.add(vendor, **WANTED)  # type: ignore[arg-type] # texts and a list


def test_it_is_changed_tried_disabled_enabled_and_deleted(browser: Client, webhook: Webhook) -> None:
    page = f"{PAGE}{webhook.pk}/"
    assert (
        "Saved" in browser.post(page, {**WANTED, "do": "save", "events": ["feed.held"]}, follow=True).content.decode()
    )
    assert Webhook.objects.get().events == ["feed.held"]
    browser.post(page, {"do": "test"})
    assert WebhookDelivery.objects.get().event == "test"
    browser.post(page, {"do": "disable"})
    assert Webhook.objects.get().disabled_at
    assert WebhookDelivery.objects.get().state == "failed"
    refused = browser.post(page, {"do": "test"}, follow=True).content.decode()
    assert "Enable it first" in refused
    browser.post(page, {"do": "enable"})
    assert not Webhook.objects.get().disabled_at
    assert "Delete this webhook?" in shown(browser, f"{page}delete/")
    browser.post(f"{page}delete/")
    assert not Webhook.objects.exists()
    noted = SecurityEvent.objects.filter(what="webhook_changed").order_by("id").values_list("detail", flat=True)
    assert [one.split(":")[0].split(",")[0] for one in noted] == ["added", "changed", "disabled", "enabled", "deleted"]


def test_a_delivery_shows_each_try_and_is_sent_again(browser: Client, webhook: Webhook) -> None:
    delivery = WebhookDelivery.objects.create(
        webhook=webhook, message_id="msg_1", event="feed.failed", body='{"type":"feed.failed"}', state="failed",
        tries=10, next_try_at=None,
    )  # fmt: skip
    WebhookAttempt.objects.create(delivery=delivery, status=500, milliseconds=12, answer="<b>no</b>")
    WebhookAttempt.objects.create(delivery=delivery, error="There is no host called x.")
    address = f"{PAGE}{webhook.pk}/deliveries/{delivery.pk}/"
    page = shown(browser, address)
    for text in ("feed.failed", "msg_1", "500", "12 ms", "&lt;b&gt;no&lt;/b&gt;", "There is no host called x."):
        assert text in page, text
    assert "feed.failed" in shown(browser, f"{PAGE}{webhook.pk}/?state=failed")
    assert "There are none" in shown(browser, f"{PAGE}{webhook.pk}/?state=failed&before={delivery.pk}")
    browser.post(address)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.message_id) == ("pending", 0, "msg_1")
    assert delivery.next_try_at


def test_others_see_them_and_change_nothing(browser: Client, webhook: Webhook) -> None:
    VendorMember.objects.update(role="viewer")
    delivery = make.test(webhook)
    page = f"{PAGE}{webhook.pk}/"
    for address in (PAGE, page, f"{page}deliveries/{delivery.pk}/"):
        assert '<form method="post" class="box">' not in shown(browser, address)
        assert browser.post(address, {**WANTED, "do": "disable"}).status_code == 403
    assert browser.get(f"{page}delete/").status_code == browser.post(f"{page}delete/").status_code == 403
    assert not Webhook.objects.get().disabled_at
