"""Calls about webhooks: made with their secret, changed, tried, and what came of each telling."""

from typing import Any

from django.test import Client

from security import at_rest
from security.models import SecurityEvent
from tests.uploads.api.conftest import program_of
from vendors.models import Vendor, Webhook, WebhookAttempt, WebhookDelivery

WEBHOOKS = "/api/v1/webhooks"
WANTED = {"url": "https://erp.example/told", "events": ["feed.completed"]}


def added(program: Client, **changed: Any) -> Any:
    return program.post(WEBHOOKS, {**WANTED, **changed}, content_type="application/json")


def patched(program: Client, one: int, **changed: Any) -> Any:
    return program.patch(f"{WEBHOOKS}/{one}", changed, content_type="application/json")


def test_a_webhook_is_added_with_its_secret_changed_and_deleted(program: Client) -> None:
    answer = added(program)
    assert answer.status_code == 201
    made = answer.json()
    webhook = Webhook.objects.get()
    assert made["secret"] == at_rest.decrypt(webhook.secret)
    assert (made["id"], made["enabled"], made["failing_since"]) == (webhook.pk, True, None)
    (listed,) = program.get(WEBHOOKS).json()["webhooks"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    changed = patched(program, webhook.pk, events=["feed.failed", "feed.held"], enabled=False).json()
    assert (changed["events"], changed["enabled"], changed["url"]) == (
        ["feed.held", "feed.failed"], False, WANTED["url"],
    )  # fmt: skip
    assert patched(program, webhook.pk, enabled=True).json()["enabled"]
    renewed = program.post(f"{WEBHOOKS}/{webhook.pk}/secret").json()
    assert renewed["secret"] != made["secret"]
    assert program.delete(f"{WEBHOOKS}/{webhook.pk}").status_code == 204
    assert program.delete(f"{WEBHOOKS}/{webhook.pk}").status_code == 404
    noted = SecurityEvent.objects.filter(what="webhook_changed").order_by("id").values_list("detail", flat=True)
    assert all("by the program ERP" in one for one in noted)
    assert len(noted) == 6


def test_what_would_never_work_is_refused_by_its_field(program: Client) -> None:
    for changed, field in (
        ({"url": "http://erp.example/"}, "url"),
        ({"url": "https://169.254.169.254/latest/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["feed.eaten"]}, "events.0"),
        ({"description": "a\0b"}, "description"),
        ({"secret": "mine"}, "secret"),
    ):
        answer = added(program, **changed)
        assert answer.status_code == 422
        assert [one["field"] for one in answer.json()["errors"]] == [field], changed
    for _ in range(10):
        assert added(program).status_code == 201
    assert added(program).status_code == 409
    assert Webhook.objects.count() == 10


def test_deliveries_are_listed_by_cursor_and_sent_again(program: Client) -> None:
    one = added(program).json()["id"]
    sent = [program.post(f"{WEBHOOKS}/{one}/test").json()["id"] for _ in range(3)]
    WebhookDelivery.objects.filter(pk=sent[0]).update(state="failed", tries=10, next_try_at=None)
    for status in (500, 502):
        WebhookAttempt.objects.create(delivery_id=sent[0], status=status, milliseconds=9)
    address = f"{WEBHOOKS}/{one}/deliveries"
    page = program.get(f"{address}?limit=2").json()
    assert [each["id"] for each in page["deliveries"]] == sent[:0:-1]
    (last,) = program.get(f"{address}?limit=2&cursor={page['next_cursor']}").json()["deliveries"]
    assert (last["id"], last["state"], last["last_try"]["status"]) == (sent[0], "failed", 502)
    assert program.get(f"{address}?state=failed").json() == {"deliveries": [last], "next_cursor": None}
    again = program.post(f"{address}/{sent[0]}/redeliver")
    assert (again.status_code, again.json()["state"], again.json()["message_id"]) == (
        202, "pending", last["message_id"],
    )  # fmt: skip
    for wrong in ("cursor=x", "limit=0", "state=lost"):
        assert program.get(f"{address}?{wrong}").status_code == 422, wrong
    patched(program, one, enabled=False)
    assert program.post(f"{address}/{sent[0]}/redeliver").status_code == 409
    assert program.post(f"{WEBHOOKS}/{one}/test").status_code == 409


def test_another_vendors_webhooks_are_not_there(program: Client, stranger: Client) -> None:
    one = added(program).json()["id"]
    delivery = program.post(f"{WEBHOOKS}/{one}/test").json()["id"]
    assert stranger.get(WEBHOOKS).json() == {"webhooks": []}
    address = f"{WEBHOOKS}/{one}"
    own = added(stranger).json()["id"]
    for answer in (
        patched(stranger, one, enabled=False),
        stranger.delete(address),
        stranger.post(f"{address}/secret"),
        stranger.post(f"{address}/test"),
        stranger.get(f"{address}/deliveries"),
        stranger.post(f"{address}/deliveries/{delivery}/redeliver"),
        stranger.post(f"{WEBHOOKS}/{own}/deliveries/{delivery}/redeliver"),
    ):
        assert answer.status_code == 404
    assert not Webhook.objects.get(pk=one).disabled_at


def test_they_need_the_scope_for_it(vendor: Vendor) -> None:
    reader = program_of(vendor, "feeds:read", "feeds:write", "products:read")
    for answer in (reader.get(WEBHOOKS), added(reader)):
        assert answer.json()["type"].endswith("/scope-missing")
