"""The dashboard's figures: right numbers, days that begin at midnight here, and nobody else's vendors."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from uploads.insight import operations
from uploads.insight.operations import Day, FrequentKind
from uploads.models import Job, RecordOutcome, StreamShard, UploadHistory, ValidationError
from uploads.preview import dry_run
from vendors.models import Vendor, VendorMember

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    return User.objects.create_user("staff", is_staff=True)


@pytest.fixture
def member(vendor: Vendor) -> User:
    """Somebody of VEND001, who sees only that."""
    user = User.objects.create_user("member")
    VendorMember.objects.create(vendor=vendor, user=user)
    return user


def upload(vendor: Vendor, key: str, valid: int = 0, errors: int = 0, **facts: Any) -> UploadHistory:
    facts = {"status": "completed", "created_at": timezone.now(), **facts}
    return UploadHistory.objects.create(
        upload_id=key, vendor=vendor, file_name="feed.csv", total_records=valid + errors, valid_records=valid,
        error_records=errors, **facts,
    )  # fmt: skip


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


# --- days ------------------------------------------------------------------------------------------------------


@pytest.fixture
def berlin(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 2026-03-30 there, a day after clocks went forward."""
    settings.TIME_ZONE = "Europe/Berlin"
    monkeypatch.setattr(operations, "today", lambda: date(2026, 3, 30))


def test_a_day_begins_at_midnight_in_the_time_zone_of_the_platform(staff: User, vendor: Vendor, berlin: None) -> None:
    moments = [
        datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC),  # 23:59:59 on the 28th: not one of the two days
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),  # midnight, the 29th begins
        datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC),  # by then in summer time: still the 29th
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),  # the 30th begins
    ]
    for n, moment in enumerate(moments):
        upload(vendor, f"U{n}", valid=10**n, created_at=moment)
    assert operations.days(staff, 2) == [Day(date(2026, 3, 29), 2, 110, 0), Day(date(2026, 3, 30), 1, 1000, 0)]


def test_today_is_the_day_of_the_platforms_time_zone(settings: Any) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Niue"):  # never on the same day
        settings.TIME_ZONE = zone
        assert operations.start_of(operations.today()) <= timezone.now()
        assert operations.start_of(operations.today() + timedelta(days=1)) > timezone.now()


def test_days_sum_up_the_rows_of_their_uploads_and_days_without_any_are_there_too(staff: User, vendor: Vendor) -> None:
    upload(vendor, "U1", 90, 10)
    upload(vendor, "U2", 60, 40)
    upload(vendor, "U3", 7, 0, created_at=operations.start_of(operations.today() - timedelta(days=2)))
    days = operations.days(staff, 4)
    assert [(day.uploads, day.valid, day.errors) for day in days] == [(0, 0, 0), (1, 7, 0), (0, 0, 0), (2, 150, 50)]
    assert [day.error_rate for day in days] == [None, 0.0, None, 0.25]


def test_days_of_one_vendor_leave_out_the_others(staff: User, vendor: Vendor, other_vendor: Vendor) -> None:
    upload(vendor, "U1", 5)
    upload(other_vendor, "U2", 70)
    assert operations.days(staff, 1, "VEND001")[0].valid == 5
    assert operations.days(staff, 1)[0].valid == 75


# --- what is on its way ----------------------------------------------------------------------------------------


def settle(upload_id: str, rows: range, when: datetime) -> None:
    RecordOutcome.objects.bulk_create(
        RecordOutcome(upload_id=upload_id, record_id=f"REC_{n}", outcome="inserted", created_at=when,
                      written_back_at=when) for n in rows
    )  # fmt: skip


def test_the_pace_is_what_got_an_outcome_in_the_last_minute() -> None:
    settle("U1", range(5), ago(seconds=61))
    settle("U1", range(5, 12), ago(seconds=50))
    settle("U2", range(3), ago(seconds=1))
    assert operations.pace() == operations.Pace(10, {"U1": 7, "U2": 3})
    RecordOutcome.objects.all().delete()
    assert operations.pace() == operations.Pace(0, {})


def test_the_pace_of_a_busy_platform_is_reckoned_from_the_newest_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LEDGER_SAMPLE", 100)
    settle("U1", range(500), ago(seconds=20))
    settle("U2", range(40), ago(seconds=2))
    pace = operations.pace()  # the newest 100 in twenty seconds
    assert pace.platform == pytest.approx(300, rel=0.2)
    assert pace.uploads["U2"] == pytest.approx(120, rel=0.2)


def test_uploads_on_their_way_come_oldest_first_with_progress_and_pace(staff: User, vendor: Vendor) -> None:
    upload(vendor, "U1", 5, file_rows=20, status="processing")
    upload(vendor, "U2", 10, file_rows=20, status="processing")
    upload(vendor, "U3", 20, file_rows=20)
    found = operations.running(staff, operations.Pace(60, {"U2": 60}))
    assert [(one.upload.pk, one.fraction, one.rows_a_minute) for one in found] == [("U1", 0.25, 0), ("U2", 0.5, 60)]


def test_the_oldest_pending_record_is_looked_for_among_staged_rows_without_an_outcome(
    staff: User, vendor: Vendor
) -> None:
    assert operations.open_uploads(staff) == operations.Open(0, None)
    upload(vendor, "U1", 20, staged_rows=20, status="processing", created_at=ago(hours=3))
    waiting = upload(vendor, "U2", 5, staged_rows=20, status="processing", created_at=ago(hours=2))
    upload(vendor, "U3", 5, staged_rows=20, status="processing", created_at=ago(hours=1))
    upload(vendor, "U4", 5, staged_rows=20, status="failed", created_at=ago(hours=4))
    assert operations.open_uploads(staff) == operations.Open(3, waiting.created_at)


# --- the platform ----------------------------------------------------------------------------------------------


def shard(name: str, **facts: Any) -> StreamShard:
    return StreamShard.objects.create(stream_arn="arn", shard_id=name, **{"created_at": ago(hours=5), **facts})


def test_the_stream_is_as_late_as_its_slowest_open_shard() -> None:
    assert operations.stream().lag_seconds is None
    shard("s0", state="drained", checkpoint_at=ago(hours=4))
    assert operations.stream().lag_seconds is None
    shard("s1", checkpoint_at=ago(hours=3), caught_up_at=ago(seconds=2))
    assert operations.stream().lag_seconds == pytest.approx(2, abs=1.5)
    assert operations.stream().caught_up
    shard("s2", checkpoint_at=ago(seconds=90), caught_up_at=ago(seconds=200))
    assert operations.stream().lag_seconds == pytest.approx(90, abs=1.5)
    assert not operations.stream().caught_up


def test_only_gaps_that_are_not_healed_are_counted() -> None:
    shard("s1", gap_found_at=ago(hours=1))
    shard("s2", gap_found_at=ago(hours=1), gap_healed_at=ago(minutes=1))
    shard("s3")
    assert operations.stream().unhealed_gaps == 1


def test_statuses_count_as_owed_after_a_minute_and_are_counted_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    settle("U1", range(4), ago(minutes=2))
    settle("U2", range(4), ago(seconds=30))
    assert operations.owed() == 0
    RecordOutcome.objects.update(written_back_at=None)
    assert operations.owed() == 4
    monkeypatch.setattr(operations, "OWED_COUNTED", 3)
    assert operations.owed() == 3


def test_statuses_that_dynamodb_refuses_are_counted_for_some_days_and_up_to_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle("U1", range(4), ago(minutes=2))
    assert operations.unwritable(7) == 0
    RecordOutcome.objects.update(write_back_failure="ValidationError: too large", written_back_at=ago(days=2))
    assert (operations.unwritable(7), operations.unwritable(1), operations.owed()) == (4, 0, 0)
    monkeypatch.setattr(operations, "OWED_COUNTED", 3)
    assert operations.unwritable(7) == 3


def test_stalled_uploads_are_those_that_the_reconciler_takes_up(vendor: Vendor) -> None:
    upload(vendor, "U1", 5, file_rows=20, staged_rows=20, status="processing")
    assert operations.stalled() == []
    shard("s1", caught_up_at=timezone.now() + timedelta(minutes=5))
    assert operations.stalled() == ["U1"]


def test_jobs_that_failed_lately_are_told_newest_first(
    staff: User, member: User, vendor: Vendor, other_vendor: Vendor
) -> None:
    for owner, state, ended in [
        (vendor, "failed", ago(minutes=5)), (other_vendor, "failed", ago(minutes=4)),
        (vendor, "failed", ago(days=8)), (vendor, "done", ago(minutes=1)),
    ]:  # fmt: skip
        Job.objects.create(kind="undo", vendor=owner, state=state, ended_at=ended)
    assert [job.vendor_id for job in operations.failed_jobs(staff, 7)] == ["VEND002", "VEND001"]
    assert [job.vendor_id for job in operations.failed_jobs(member, 7)] == ["VEND001"]


# --- vendors and their errors ----------------------------------------------------------------------------------


def look(user: User) -> list[str]:
    return [vendor.vendor_id for vendor in operations.vendors_to_look_at(user, 7)]


@pytest.mark.parametrize(
    ("valid", "errors", "facts", "status", "listed"),
    [
        (39, 10, {}, "active", False),  # 49 rows say little
        (39, 11, {}, "active", True),
        (80, 20, {}, "active", False),  # 20% is not over 20%
        (79, 21, {}, "active", True),
        (0, 100, {"created_at": ago(days=8)}, "active", False),
        (100, 0, {"status": "failed"}, "active", True),
        (100, 0, {"status": "failed", "created_at": ago(days=8)}, "active", False),
        (100, 0, {}, "suspended", True),
        (100, 0, {"created_at": ago(days=8)}, "suspended", False),
    ],
)
def test_vendors_need_attention_for_many_errors_failed_uploads_or_sending_though_suspended(
    staff: User, vendor: Vendor, valid: int, errors: int, facts: dict[str, Any], status: str, listed: bool
) -> None:
    upload(vendor, "U1", valid, errors, **facts)
    Vendor.objects.update(status=status)
    assert look(staff) == (["VEND001"] if listed else [])


def test_the_error_rate_of_a_vendor_is_of_all_its_uploads_together(staff: User, vendor: Vendor) -> None:
    upload(vendor, "U1", 0, 30)
    upload(vendor, "U2", 30, 0, status="failed")
    found = operations.vendors_to_look_at(staff, 7)
    assert found == [operations.Attention("VEND001", "Northwind", "active", uploads=2, failed=1, rows=60, errors=30)]
    assert found[0].many_errors


def test_error_types_are_counted_over_the_last_days_most_frequent_first(
    staff: User, vendor: Vendor, other_vendor: Vendor
) -> None:
    one, two = upload(vendor, "U1"), upload(other_vendor, "U2")
    midnight = operations.start_of(operations.today() - timedelta(days=6))
    for of, kind, when in [
        (one, "invalid_price", midnight), (one, "sku_taken", midnight), (two, "sku_taken", timezone.now()),
        (one, "too_long", midnight - timedelta(seconds=1)),
    ]:  # fmt: skip
        ValidationError.objects.create(upload=of, vendor=of.vendor, row_number=1, error_type=kind, created_at=when)
    assert operations.error_kinds(staff, 7) == [FrequentKind("sku_taken", 2), FrequentKind("invalid_price", 1)]
    assert operations.error_kinds(staff, 7, "VEND002") == [FrequentKind("sku_taken", 1)]


# --- who sees what ---------------------------------------------------------------------------------------------


def test_members_of_a_vendor_get_figures_of_that_vendor_only(
    member: User, vendor: Vendor, other_vendor: Vendor
) -> None:
    for owner, key in ((vendor, "U1"), (other_vendor, "U2")):
        sent = upload(owner, key, 10, 90, status="processing", staged_rows=200)
        ValidationError.objects.create(upload=sent, vendor=owner, row_number=1, error_type=f"of_{key}")
    assert operations.days(member, 1)[0].uploads == 1
    assert [one.upload.pk for one in operations.running(member, operations.Pace(0, {}))] == ["U1"]
    assert operations.open_uploads(member).uploads == 1
    assert look(member) == ["VEND001"]
    assert operations.error_kinds(member, 7) == [FrequentKind("of_U1", 1)]
    assert operations.error_kinds(member, 7, "VEND002") == []
    assert operations.days(member, 1, "VEND002")[0].uploads == 0


def test_the_platform_is_empty_until_something_was_sent_however_long_ago(staff: User, vendor: Vendor) -> None:
    assert operations.is_empty(staff, operations.days(staff, 2))
    upload(vendor, "U1", created_at=ago(days=100))
    assert not operations.is_empty(staff, operations.days(staff, 2))


def test_a_dry_run_that_was_ended_by_its_import_is_no_trouble(vendor: Vendor, admin_user: User) -> None:
    Job.objects.create(kind="dry_run", vendor=vendor, parameters={"key": "k"})
    dry_run.end("k")
    assert Job.objects.get().state == "failed"
    assert operations.failed_jobs(admin_user, 7) == []
