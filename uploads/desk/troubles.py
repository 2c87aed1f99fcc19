"""What isn't in order with the platform, in plain words: what it means, whether it passes by itself, and what to do.

The technical side of each stands beside it, for those who may look at the stream (SYSTEM).
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from django.urls import reverse

from config.web.links import list_for, page_url
from config.web.text import counted as words
from uploads.desk.things import Group, Key, Kind, Thing, put_off, shown
from uploads.insight import operations
from uploads.insight.operations import Stream
from uploads.models import Job, TableStream, UpkeepStep, UploadHistory, WorkItem

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

SYSTEM: Final = "uploads.view_streamshard"
DAYS: Final = 7  # how long what has failed for good is said
BY_ITSELF: Final = "This passes by itself."
TELL: Final = "Tell your engineers if it is still here in an hour."


def standing(user: "Viewer") -> list[Thing]:
    """All that isn't in order now: a few dozen at most. What is away comes first, since much else comes of it."""
    stream = operations.stream()
    return [
        *_outages(), *_steps(), *_jobs(user), *_stalled(user), *_doubts(user, stream.table),
        *_gaps(user, stream), *_statuses(user),
    ]  # fmt: skip


def _outages() -> Iterator[Thing]:
    for outage in operations.outages():
        said = shown(outage.reason).rstrip(".")
        yield Thing(
            Kind.OUTAGE, str(outage.pk), f"{outage.service} is away",
            f"{said}. What was sent is kept, and work goes on by itself once it answers.", outage.began_at,
        )  # fmt: skip


def _steps() -> Iterator[Thing]:
    """Steps of the schedule that fail, and those that nobody does. An outage is said already."""
    steps = operations.upkeep_steps()
    for step in steps:
        if step.failing_since and not step.waits:
            yield _failing(step)
    if late := [step for step in steps if operations.late(step)]:
        named = ", ".join(f"“{step.name}”" for step in late)
        yield Thing(
            Kind.STEP, "late", "The schedule stands still",
            f"Not done on time: {named}. Are beat and a worker running? Tell your engineers.",
            min((moment for step in late if (moment := step.well_at or step.failed_at)), default=None),
        )  # fmt: skip


def _failing(step: UpkeepStep) -> Thing:
    said = "It is tried again and again, and all else goes on. Tell your engineers: it doesn’t pass by itself."
    return Thing(Kind.STEP, step.name, f"“{step.name}” fails", said, step.failing_since, detail=shown(step.failure))


def _jobs(user: "Viewer") -> Iterator[Thing]:
    """Work that somebody asked for and that failed, until somebody is done with it."""
    jobs = operations.failed_jobs(user, DAYS)
    done = set(
        WorkItem.objects.filter(
            kind=Kind.JOB, key__in=[str(job.pk) for job in jobs], done_at__isnull=False
        ).values_list("key", flat=True)
    )
    files = UploadHistory.objects.in_bulk({job.upload_id for job in jobs if job.upload_id})
    for job in jobs:
        if str(job.pk) not in done:
            yield _job(job, files.get(job.upload_id or ""))


def _job(job: Job, upload: UploadHistory | None) -> Thing:
    about = shown(upload.file_name) if upload else shown(job.vendor_id)
    url = page_url("uploads_uploadhistory", upload.pk) if upload else ""
    if job.kind == Job.Kind.SHADOW:
        url = reverse("admin:uploads_valuerule_tested", args=[job.pk])
    title = f"{job.get_kind_display()}: {about}" if about else job.get_kind_display()
    said = f"It failed: {shown(job.failure[:200]) or 'nothing says why'}"
    return Thing(
        Kind.JOB, str(job.pk), title, said, job.ended_at, url, job.vendor_id or "", about=job,
    )  # fmt: skip


def _stalled(user: "Viewer") -> Iterator[Thing]:
    uploads = UploadHistory.objects.filter(pk__in=operations.stalled()[: operations.SHOWN]).select_related("vendor")
    for upload in uploads.order_by("sequence"):
        left = max((upload.file_rows or upload.staged_rows) - upload.total_records, 0)
        said = words(left, "{} row of it has had no answer", "{} rows of it have had no answer")
        yield Thing(
            Kind.STALLED, upload.pk, shown(upload.file_name),
            f"It doesn’t get on: {said}. They are looked for and taken up again. {BY_ITSELF} {TELL}", upload.updated_at,
            page_url("uploads_uploadhistory", upload.pk), upload.vendor_id, shown(upload.vendor.vendor_name),
        )  # fmt: skip


def _doubts(user: "Viewer", table: TableStream | None) -> Iterator[Thing]:
    if table is None or not table.doubted_at:
        return
    reading = "All incoming rows will be read once more."
    if table.is_being_read:
        found = words(table.scan_found, "{} of them had waited", "{} of them had waited")
        reading = f"All incoming rows are read once more: {table.scan_examined:,} so far, {found}."
    yield Thing(
        Kind.GAP, f"doubt {table.pk}"[:400], "Rows may have come in that nobody has seen",
        f"{reading} {BY_ITSELF} {TELL}", table.doubted_at,
        list_for(user, "uploads_streamshard"), detail=shown(table.doubt),
    )  # fmt: skip


def _gaps(user: "Viewer", stream: Stream) -> Iterator[Thing]:
    if stream.unhealed_gaps:
        many = words(stream.unhealed_gaps, "{} gap", "{} gaps")
        yield Thing(
            Kind.GAP, "gaps", "Some incoming rows were not read",
            f"There is a hole in what was read. What is missing is read again. {BY_ITSELF} {TELL}",
            url=list_for(user, "uploads_streamshard", gap_found_at__isempty=0, gap_healed_at__isempty=1),
            detail=f"{many} in what was read of the stream.",
        )  # fmt: skip


def _statuses(user: "Viewer") -> Iterator[Thing]:
    if owed := operations.owed():
        yield Thing(
            Kind.GAP, "owed", "Results are written back late",
            f"{_some(owed)} for more than a minute. The catalog is right; only the program that sent the rows doesn’t "
            f"see what became of them yet. {BY_ITSELF} {TELL}",
            url=list_for(user, "uploads_recordoutcome", written_back_at__isempty=1),
            detail=f"{_some(owed)} owed to DynamoDB.",
        )  # fmt: skip
    if never := operations.unwritable(DAYS):
        yield Thing(
            Kind.GAP, "unwritable", "Results that can never be written back",
            f"{_some(never)} in {DAYS} days. The catalog is right; the program that sent the rows sees no answer to "
            "them. Tell whoever runs it.",
            url=list_for(user, "uploads_recordoutcome", write_back_failure__isempty=0),
            detail=f"{_some(never)} that DynamoDB refuses, in {DAYS} days.",
        )  # fmt: skip


def _some(number: int) -> str:
    """How many, as far as they were counted."""
    exact = words(number, "{} status", "{} statuses")
    return f"{number:,} or more statuses" if number == operations.OWED_COUNTED else exact


# --- as a group ------------------------------------------------------------------------------------------------

KINDS: Final = (Kind.OUTAGE, Kind.STEP, Kind.JOB, Kind.STALLED, Kind.GAP)


def found(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    hidden = {*without, *put_off(*KINDS)}
    waiting = [thing for thing in standing(user) if thing.of not in hidden]
    return waiting[start : start + most], len(waiting)


def named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    return [thing for thing in standing(user) if thing.of in keys] if any(kind in KINDS for kind, _ in keys) else []


GROUP: Final = Group("troubles", "Not in order", "What the platform itself has trouble with.", KINDS, found, named)
