"""Notes of work are deleted when what they are about is over, and a while after it was done."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.uploads.keeping.aging import delete_old, removed
from tests.uploads.sources.sites import add_source
from tests.uploads.staff.test_figures import page
from tests.uploads.staff.test_work import WORK, failed, titles
from uploads.desk import items, work_list
from uploads.models import Comment, Feed, Job, ServiceOutage, UpkeepStep, UploadHistory, WorkItem
from vendors.models import Vendor, VendorHold

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bucket", "table")]

Kind = WorkItem.Kind


def note(kind: str, key: str, *, days: int = 2, **more: Any) -> WorkItem:
    """An open note, made so many days ago."""
    item = WorkItem.objects.create(kind=kind, key=key, title=key, **more)
    WorkItem.objects.filter(pk=item.pk).update(created_at=timezone.now() - timedelta(days=days))
    return item


def left() -> list[str]:
    return sorted(WorkItem.objects.values_list("kind", flat=True))


@pytest.fixture
def noted(vendor: Vendor) -> Vendor:
    """A note of a thing of each kind, all of which wait: of VEND001, which applied and asks for another name."""
    now = timezone.now()
    Vendor.objects.filter(pk=vendor.pk).update(status="pending", requested_name="South")
    note(Kind.UPLOAD, failed(vendor).pk, vendor=vendor)
    going = UploadHistory.objects.create(upload_id="U going", vendor=vendor, file_name="b.csv", status="processing")
    job = Job.objects.create(kind="retry", vendor=vendor, state="failed", ended_at=now)
    outage = ServiceOutage.objects.create(service="Redis", reason="away")
    UpkeepStep.objects.create(name="Read the stream", failing_since=now)
    Comment.objects.create(vendor=vendor, audience="vendor", by_vendor=True, body="Hello")
    source = add_source(vendor, failures=3)
    held = Feed.objects.create(feed_id="F held", vendor=vendor, file_name="c.csv", state="held")
    guarded = UploadHistory.objects.create(
        upload_id="U held", vendor=vendor, file_name="d.csv", status="held", guard="held", held_until=now
    )
    window = VendorHold.objects.create(vendor=vendor, kind="window", reason="Too many stocks fall to 0")
    VendorHold.objects.create(vendor=vendor, kind="pause", reason="Wait")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shared_values (claim, field, value, spelling, rows, vendors, since)"
            " VALUES (false, 'category', 'tvs: new', 'TVs: new', 1, 1, now())"
        )
        cursor.execute(
            "INSERT INTO open_values (vendor_id, claim, field, value, spelling, rows)"
            " VALUES ('VEND001', true, 'sku', 'sku:1', 'SKU:1', 1)"
        )
    for kind, key in (
        (Kind.STALLED, going.pk), (Kind.VENDOR, vendor.pk), (Kind.NAME, vendor.pk), (Kind.JOB, str(job.pk)),
        (Kind.OUTAGE, str(outage.pk)), (Kind.STEP, "Read the stream"), (Kind.VALUE, "category:tvs: new"),
        (Kind.CLAIM, "VEND001:sku:1"), (Kind.ANSWER, "VEND001:"), (Kind.GAP, "owed"),
        (Kind.SOURCE, str(source.pk)), (Kind.HELD, held.pk),
        (Kind.GUARD, guarded.pk), (Kind.WINDOW, window.vendor_id), (Kind.PAUSE, vendor.pk),
    ):  # fmt: skip
        note(kind, key, vendor=vendor)
    return vendor


def test_a_note_stays_as_long_as_its_thing_waits(noted: Vendor) -> None:
    delete_old()
    assert left() == sorted(Kind.values)


@pytest.mark.parametrize(
    ("kind", "over"),
    [
        (Kind.UPLOAD, "UPDATE upload_history SET status = 'completed', completed_at = now() WHERE status = 'failed'"),
        (Kind.STALLED, "UPDATE upload_history SET status = 'completed', completed_at = now()"
                       " WHERE status = 'processing'"),
        (Kind.VENDOR, "UPDATE vendors SET declined_at = now()"),
        (Kind.NAME, "UPDATE vendors SET requested_name = NULL"),
        (Kind.JOB, "UPDATE jobs SET state = 'done'"),
        (Kind.OUTAGE, "UPDATE service_outages SET ended_at = now()"),
        (Kind.STEP, "UPDATE upkeep_steps SET failing_since = NULL"),
        (Kind.VALUE, "DELETE FROM shared_values"),
        (Kind.CLAIM, "UPDATE open_values SET rows = 0"),
        (Kind.ANSWER, "UPDATE comments SET settled_at = now()"),
        (Kind.SOURCE, "UPDATE sources SET state = 'paused'"),
        (Kind.HELD, "UPDATE feeds SET state = 'cancelled'"),
        (Kind.WINDOW, "UPDATE vendor_holds SET ended_at = now(), ended_how = 'refused' WHERE kind = 'window'"),
        (Kind.PAUSE, "UPDATE vendor_holds SET ended_at = now(), ended_how = 'resumed' WHERE kind = 'pause'"),
        (Kind.GUARD, "UPDATE upload_history SET status = 'cancelled', completed_at = now() WHERE status = 'held'"),
    ],
)  # fmt: skip
def test_a_note_of_what_is_over_goes_alone(noted: Vendor, kind: str, over: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(over)
    delete_old()
    assert left() == sorted(set(Kind.values) - {kind})
    assert removed("notes") == {"notes": 1}


def test_a_note_of_today_stays_whatever_it_is_about(vendor: Vendor) -> None:
    note(Kind.VALUE, "category:tvs", days=0)
    delete_old()
    assert left() == [Kind.VALUE]


def test_notes_of_what_is_over_hide_nothing_that_is_overdue(
    admin_client: Client, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "NOTED", 2)
    yesterday = items.today() - timedelta(days=1)
    for number in range(3):
        note(Kind.UPLOAD, f"gone {number}", due_on=yesterday - timedelta(days=1))
    note(Kind.UPLOAD, failed(vendor).pk, due_on=yesterday)
    assert titles(page(admin_client, WORK), "overdue") == []
    delete_old()
    assert titles(page(admin_client, WORK), "overdue") == ["feed.csv"]
    assert [section.name for section in work_list.waiting(User.objects.get(username="admin"))] == ["overdue"]


def test_what_was_done_is_kept_for_a_while(vendor: Vendor, settings: Any) -> None:
    for number, days in enumerate((401, 399)):
        WorkItem.objects.create(
            kind=Kind.UPLOAD, key=f"U {number}", done_at=timezone.now() - timedelta(days=days), outcome="Dealt with."
        )
    delete_old()
    assert removed("work") == {"work": 1}
    settings.KEEP_WORK_DAYS = 0
    WorkItem.objects.update(done_at=timezone.now() - timedelta(days=4000))
    delete_old()
    assert left() == [Kind.UPLOAD]
