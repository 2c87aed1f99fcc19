"""What staff want to know at a glance: one function for each figure, and the index that keeps it cheap.

Nothing here reads a long table whole: days and vendors are summed up from upload_history, the ledger is looked at from
its newest end, and what could be many is counted up to a limit. Days begin at midnight in settings.TIME_ZONE. What
belongs to a vendor goes through vendors.access; the figures of the stream and the ledger are the whole platform's and
for staff only. uploads/staff/start/figures.py shows them,
and uploads/desk/troubles.py what of them isn't in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count, F, Min, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from uploads.insight import progress
from uploads.models import Job, Kept, ServiceOutage, TableStream, UpkeepStep, UploadHistory, ValidationError
from uploads.pipeline import upkeep
from uploads.pipeline.table import continuity
from uploads.work import policies, steps
from vendors import access
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

SHOWN = 10  # of a list on the dashboard; the admin's lists have the rest
LEDGER_SAMPLE = 20_000
OWED_COUNTED = 10_000
CAUGHT_UP_SECONDS = 15  # the stream is read every five seconds; later than thrice that, somebody should look
ATTENTION_ROWS = 50
ATTENTION_RATE = 0.2


@dataclass(frozen=True)
class Day:
    """The rows of the uploads that were opened on one day, as far as they have an outcome."""

    day: date
    uploads: int = 0
    valid: int = 0
    errors: int = 0

    @property
    def error_rate(self) -> float | None:
        """0…1; None without rows."""
        rows = self.valid + self.errors
        return self.errors / rows if rows else None


@dataclass(frozen=True)
class Pace:
    """Rows that got an outcome, a minute: of the platform, and of each upload that got any."""

    platform: int
    uploads: dict[str, int]


@dataclass(frozen=True)
class Running:
    """An upload on its way. `fraction` is 0…1."""

    upload: UploadHistory
    fraction: float
    rows_a_minute: int


@dataclass(frozen=True)
class Open:
    """How many uploads are on their way, and when the one was opened that has waited longest for an outcome."""

    uploads: int
    pending_since: datetime | None


@dataclass(frozen=True)
class Stream:
    """How many seconds the stream's slowest open shard is behind, None while no shard is known; and what is known of
    what the table has beside it.
    """

    lag_seconds: float | None
    unhealed_gaps: int
    table: TableStream | None = None  # None before the first sight of one

    @property
    def caught_up(self) -> bool:
        return self.lag_seconds is not None and self.lag_seconds <= CAUGHT_UP_SECONDS


@dataclass(frozen=True)
class Attention:
    """A vendor that somebody should look at, with its last days' numbers."""

    vendor_id: str
    vendor_name: str
    status: str
    uploads: int = 0
    failed: int = 0
    rows: int = 0
    errors: int = 0

    @property
    def many_errors(self) -> bool:
        return self.rows >= ATTENTION_ROWS and self.errors > ATTENTION_RATE * self.rows


@dataclass(frozen=True)
class FrequentKind:
    """One type of error and how many problems there were of it."""

    code: str
    problems: int


# --- days ------------------------------------------------------------------------------------------------------


def today() -> date:
    return timezone.localdate()


def start_of(day: date) -> datetime:
    """Its midnight in settings.TIME_ZONE."""
    return timezone.make_aware(datetime.combine(day, time.min))


def days(user: "Viewer", number: int, vendor_id: str = "") -> list[Day]:
    """Each of the last days, today last: of all vendors (idx_upload_history_created), or of one
    (idx_upload_history_vendor).
    """
    first = today() - timedelta(days=number - 1)
    uploads = access.visible(UploadHistory.objects.filter(created_at__gte=start_of(first)), user)
    if vendor_id:
        uploads = uploads.filter(vendor_id=vendor_id)
    sums = (
        uploads.order_by()
        .values_list(TruncDate("created_at"))
        .annotate(Count("pk"), Sum("valid_records"), Sum("error_records"))
    )
    found = {row[0]: Day(*row) for row in sums}
    return [found.get(day, Day(day)) for day in (first + timedelta(days=n) for n in range(number))]


# --- what is on its way ----------------------------------------------------------------------------------------


def pace() -> Pace:
    """From the ledger's rows of the last minute, counted from its newest end by its key.

    More than LEDGER_SAMPLE of them are not counted: what those newest ones took stands for the minute.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT upload_id, count(*), extract(epoch FROM clock_timestamp() - min(created_at))
              FROM (SELECT upload_id, created_at FROM record_outcomes ORDER BY id DESC LIMIT %s) newest
             WHERE created_at > clock_timestamp() - interval '1 minute'
             GROUP BY upload_id
            """,
            [LEDGER_SAMPLE],
        )
        rows = cursor.fetchall()
    counted = sum(count for _, count, _ in rows)
    seconds = max(1.0, *(float(age) for *_, age in rows)) if counted == LEDGER_SAMPLE else 60.0
    uploads = {upload_id: round(count * 60 / seconds) for upload_id, count, _ in rows}
    return Pace(round(counted * 60 / seconds), uploads)


def running(user: "Viewer", pace: Pace) -> list[Running]:
    """The uploads on their way that were opened first (idx_upload_history_open)."""
    uploads = access.visible(UploadHistory.objects.filter(status="processing"), user).order_by("sequence")
    return [Running(upload, progress.fraction(upload), pace.uploads.get(upload.pk, 0)) for upload in uploads[:SHOWN]]


def open_uploads(user: "Viewer") -> Open:
    """Counted through idx_upload_history_open.

    A pending record's age is taken from PostgreSQL alone: it is at most that of its upload, so the oldest upload with
    staged rows that have no outcome tells how long a record may have waited.
    """
    uploads = access.visible(UploadHistory.objects.filter(status="processing"), user)
    waiting = Q(staged_rows__gt=F("total_records"))
    return Open(**uploads.aggregate(uploads=Count("pk"), pending_since=Min("created_at", filter=waiting)))


# --- the platform ----------------------------------------------------------------------------------------------


def stream() -> Stream:
    """From the shards, a few dozen at most.

    A shard is behind by the age of the newest of these: the last record that was read of it, and the last time that
    it was read to its end. So a stream that nobody reads falls behind even while nothing is sent.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT extract(epoch FROM clock_timestamp() - min(greatest(checkpoint_at, caught_up_at, created_at))
                                                          FILTER (WHERE state = 'open')),
                   count(*) FILTER (WHERE gap_found_at IS NOT NULL AND gap_healed_at IS NULL)
              FROM stream_shards
            """
        )
        lag, gaps = cursor.fetchone()
    return Stream(None if lag is None else max(0.0, float(lag)), gaps, continuity.current())


def outages() -> list[ServiceOutage]:
    """Services that are away now, one row each at most (service_outages_open_key)."""
    return list(ServiceOutage.objects.filter(ended_at=None, answered_at=None).order_by("began_at"))


def upkeep_steps() -> list[UpkeepStep]:
    """What the schedule does, each with its state: a dozen rows at most."""
    return list(steps.known().values())


def kept() -> dict[str, Kept]:
    """What is kept for a while, by kind: a dozen rows at most. How much stands was counted when it was deleted last."""
    return policies.known()


def late(step: UpkeepStep) -> bool:
    """Whether the schedule has left it lying."""
    return steps.late(step)


def stalled() -> list[str]:
    """The IDs of uploads that the stream left lying and the reconciler takes up (idx_upload_history_open)."""
    return upkeep.stalled()


def owed() -> int:
    """Statuses owed to DynamoDB for more than a minute, counted up to OWED_COUNTED (idx_record_outcomes_owed)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*)
              FROM (SELECT FROM record_outcomes
                     WHERE written_back_at IS NULL AND created_at < now() - interval '1 minute' LIMIT %s) owed
            """,
            [OWED_COUNTED],
        )
        return int(cursor.fetchone()[0])


def unwritable(number_of_days: int) -> int:
    """Statuses that DynamoDB never takes, noted in the last days, counted up to OWED_COUNTED
    (idx_record_outcomes_unwritable).
    """
    since = start_of(today() - timedelta(days=number_of_days - 1))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*)
              FROM (SELECT FROM record_outcomes
                     WHERE write_back_failure <> '' AND written_back_at >= %s LIMIT %s) unwritable
            """,
            [since, OWED_COUNTED],
        )
        return int(cursor.fetchone()[0])


def failed_jobs(user: "Viewer", number_of_days: int) -> list[Job]:
    """The newest that failed in the last days. Jobs are asked for by hand: there are few.

    Not dry runs: one ends as failed when its file is imported or read otherwise before it is through.
    """
    since = start_of(today() - timedelta(days=number_of_days - 1))
    jobs = Job.objects.filter(state=Job.State.FAILED, ended_at__gte=since).exclude(kind=Job.Kind.DRY_RUN)
    return list(access.visible(jobs, user).order_by("-id")[:SHOWN])


# --- vendors and their errors ----------------------------------------------------------------------------------


def vendors_to_look_at(user: "Viewer", number_of_days: int) -> list[Attention]:
    """Those that sent in the last days though suspended, had uploads that failed, or more than ATTENTION_RATE of at
    least ATTENTION_ROWS rows with errors; the one with most errors first (idx_upload_history_created).
    """
    since = start_of(today() - timedelta(days=number_of_days - 1))
    uploads = access.visible(UploadHistory.objects.filter(created_at__gte=since), user)
    found = (
        uploads.order_by()
        .values_list("vendor_id", "vendor__vendor_name", "vendor__status")
        .annotate(
            sent=Count("pk"), failed=Count("pk", filter=Q(status="failed")),
            rows=Sum("total_records"), wrong=Sum("error_records"),
        )
        .filter(
            Q(vendor__status=Vendor.Status.SUSPENDED)
            | Q(failed__gt=0)
            | Q(rows__gte=ATTENTION_ROWS, wrong__gt=F("rows") * ATTENTION_RATE)
        )
        .order_by("-wrong", "vendor_id")
    )  # fmt: skip
    return [Attention(*row) for row in found[:SHOWN]]


def error_kinds(user: "Viewer", number_of_days: int, vendor_id: str = "") -> list[FrequentKind]:
    """The types of the problems found in the last days, most frequent first: of all vendors, or of one.

    Both through idx_validation_errors_vendor: PostgreSQL 18 skips in it from vendor to vendor, older ones read all of
    the index, which is a small part of the table.
    """
    since = start_of(today() - timedelta(days=number_of_days - 1))
    errors = access.visible(ValidationError.objects.errors().filter(created_at__gte=since), user)
    if vendor_id:
        errors = errors.filter(vendor_id=vendor_id)
    counts = errors.order_by().values_list("error_type").annotate(problems=Count("pk"))
    return [FrequentKind(*row) for row in counts.order_by("-problems", "error_type")[:SHOWN]]


def is_empty(user: "Viewer", known: Sequence[Day]) -> bool:
    """Whether nothing was ever sent; asked of the table only when the days that are known say nothing."""
    return not any(day.uploads for day in known) and not access.visible(UploadHistory.objects.all(), user).exists()
