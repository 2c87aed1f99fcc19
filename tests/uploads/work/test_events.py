"""What programs are told of an upload: in the transaction that makes it true, once."""

import json
from typing import Any

import pytest

from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.models import UploadHistory
from uploads.pipeline import finish
from uploads.pipeline.holding import pausing
from uploads.work import events
from vendors import approval
from vendors.models import Vendor, VendorHold, Webhook, WebhookDelivery


@pytest.fixture
def webhook(vendor: Vendor) -> Webhook:
    return Webhook.objects.create(vendor=vendor, url="https://erp.example/", events=Webhook.Event.values, secret="")


def told() -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in WebhookDelivery.objects.order_by("id")]


def test_a_feed_is_told_of_when_it_begins_and_when_its_rows_have_their_outcomes(
    pipeline: Pipeline, webhook: Webhook
) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free")))
    assert not finish.finish(upload.pk)
    began, ended = told()
    assert (began["type"], began["data"]["state"], began["data"]["counts"]["total"]) == (
        "feed.processing", "processing", 0,
    )  # fmt: skip
    assert ended["type"] == "feed.completed_with_errors"
    assert ended["data"]["feed_id"] == upload.pk
    assert ended["data"]["state"] == "completed"
    assert (ended["data"]["counts"]["inserted"], ended["data"]["counts"]["errors"]) == (1, 1)
    assert ended["data"]["links"]["feed"].endswith(f"/api/v1/feeds/{upload.pk}")
    assert "free" not in str(told())
    pipeline.run(feed(line(3)))
    assert told()[-1]["type"] == "feed.completed"


def test_what_cant_be_told_hasnt_happened(
    pipeline: Pipeline, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(line(1)))

    def killed(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(events, "announce", killed)
        for end in (lambda: finish.fail(upload.pk, "unreadable", "Torn."), lambda: finish.cancel(upload.pk)):
            with pytest.raises(RuntimeError):
                end()
        upload.refresh_from_db()
        assert upload.status == UploadHistory.Status.PROCESSING
    finish.fail(upload.pk, "unreadable", "Torn.")
    finish.fail(upload.pk, "unreadable", "Torn.")
    assert not finish.cancel(upload.pk)
    assert [one["type"] for one in told()] == ["feed.processing", "feed.failed"]
    assert told()[-1]["data"]["failure"] == {"code": "unreadable", "message": "Torn."}


def test_a_webhook_is_told_of_what_it_wants_of_its_own_vendor_while_it_is_on(
    pipeline: Pipeline, webhook: Webhook, other_vendor: Vendor
) -> None:
    values = {"url": "https://erp.example/", "secret": ""}
    Webhook.objects.create(vendor=other_vendor, events=Webhook.Event.values, **values)
    cancelled = Webhook.objects.create(vendor=webhook.vendor, events=["feed.cancelled"], **values)
    Webhook.objects.filter(pk=webhook.pk).update(disabled_at=webhook.created_at)
    assert finish.cancel(pipeline.send(feed(line(1))).pk)
    assert [(one.webhook_id, one.event) for one in WebhookDelivery.objects.all()] == [(cancelled.pk, "feed.cancelled")]


def test_a_vendor_is_told_when_it_is_suspended_and_active_again(
    vendor: Vendor, webhook: Webhook, admin_user: Any
) -> None:
    for step in (approval.SUSPEND, approval.REACTIVATE, approval.REACTIVATE):
        approval.take(step, [vendor.pk], admin_user)
    assert [(one["type"], one["data"]["status"]) for one in told()] == [
        ("vendor.suspended", "suspended"), ("vendor.reactivated", "active"),
    ]  # fmt: skip


def test_a_vendor_is_told_when_its_feeds_are_paused_and_go_on_with_what_me_says(
    vendor: Vendor, webhook: Webhook, admin_user: Any
) -> None:
    for _ in range(2):
        pausing.pause(vendor.pk, "Prices in cents.", admin_user)
    for _ in range(2):
        pausing.resume(vendor.pk, admin_user)
    paused, resumed = told()
    assert (paused["type"], resumed["type"]) == ("vendor.paused", "vendor.resumed")
    since = VendorHold.objects.get().since.isoformat(timespec="seconds")
    held_back = {"kind": "pause", "since": since, "reason": "Prices in cents."}
    assert paused["data"] == {"vendor_id": vendor.pk, "held_back": held_back}
    assert resumed["data"] == {"vendor_id": vendor.pk, "held_back": None}


def test_a_pause_that_cant_be_told_hasnt_begun(
    vendor: Vendor, webhook: Webhook, admin_user: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(pausing, "announce", killed)
    with pytest.raises(RuntimeError):
        pausing.pause(vendor.pk, "Prices in cents.", admin_user)
    assert not VendorHold.objects.exists()


def test_records_that_wait_still_are_told_when_a_pause_ends(vendor: Vendor, webhook: Webhook, admin_user: Any) -> None:
    VendorHold.objects.create(vendor=vendor, kind="window", reason="40 stocks would fall to 0")
    pausing.pause(vendor.pk, "Prices in cents.", admin_user)
    pausing.resume(vendor.pk, admin_user)
    assert [one["data"]["held_back"]["kind"] for one in told()] == ["pause", "window"]
