"""The dashboard in the admin: the figures of insight/operations.py in words, each with a link to the list behind it.

The index shows it (templates/admin/index.html through the `operations` tag); its changing part is fetched anew every
few seconds. For staff who may view uploads; what needs another permission is left out, or said without a link.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.timesince import timesince

from config.web.links import list_url, page_url
from config.web.text import NOTHING, counted, percent, visible
from uploads.insight import charts, operations
from uploads.insight.charts import Way
from uploads.insight.operations import Attention, Day, Open, Pace, Stream
from uploads.models import Job, Kept, TableStream, UpkeepStep
from uploads.work import policies

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

CHART_DAYS = 30
RECENT_DAYS = 7


@dataclass(frozen=True)
class Said:
    """Words that may lead somewhere. `bad` where somebody should do something."""

    text: str
    url: str = ""
    bad: bool = False


@dataclass(frozen=True)
class Card:
    """One figure: its name, its value, and what to compare it with."""

    label: str
    value: str
    note: str = ""
    url: str = ""
    bad: bool = False


def may_see(user: "Viewer") -> bool:
    return user.has_perm("uploads.view_uploadhistory")


def live_view(request: HttpRequest) -> HttpResponseBase:
    """The part of the dashboard that changes. Raises PermissionDenied."""
    if not may_see(request.user):
        raise PermissionDenied
    return render(request, "uploads/staff/dashboard_live.html", live(request.user, operations.days(request.user, 2)))


def whole(user: "Viewer") -> dict[str, Any]:
    """What the index shows above the list of tables."""
    days = operations.days(user, CHART_DAYS)
    if operations.is_empty(user, days):
        return {"first_steps": True, **live(user, days)}
    way = ways(user)
    shown = [charts.of_days(days, way)]
    if user.has_perm("uploads.view_validationerror"):
        kinds = operations.error_kinds(user, RECENT_DAYS)
        shown += [charts.of_kinds(kinds, RECENT_DAYS, way, created_at__gte=since(RECENT_DAYS))] if kinds else []
    return {"charts": shown, **live(user, days)}


def live(user: "Viewer", days: list[Day]) -> dict[str, Any]:
    """The changing part. `days` ends with yesterday and today."""
    way = ways(user)
    pace = operations.pace()
    opened = operations.open_uploads(user)
    stream = operations.stream()
    upkeep = operations.upkeep_steps()
    return {
        "running": operations.running(user, pace) if opened.uploads else [],
        "open": opened,
        "running_url": way("uploads_uploadhistory", status__exact="processing"),
        "cards": [_pace(pace, way), _lag(stream, way), _oldest(opened, way), *_today(days[-1], days[-2], way)],
        "attention": list(_attention(user, way)) if user.has_perm("vendors.view_vendor") else [],
        "recent_days": RECENT_DAYS,
        "troubles": [*_outages(), *_upkeep(upkeep), *_troubles(user, stream, way)],
        "upkeep": [(step, visible(step.failure)) for step in upkeep],
        "kept": [(policies.POLICIES[kind], one, _lately(one)) for kind, one in operations.kept().items()],
    }


def ways(user: "Viewer") -> Way:
    """The admin's lists that the user may view."""

    def way(page: str, **filters: object) -> str:
        app, model = page.split("_", 1)
        return list_url(page, **filters) if user.has_perm(f"{app}.view_{model}") else ""

    return way


def since(days: int) -> str:
    """The midnight with which the last days began, as the lists' filters take it."""
    return operations.start_of(operations.today() - timedelta(days=days - 1)).isoformat()


# --- cards -----------------------------------------------------------------------------------------------------


def _pace(pace: Pace, way: Way) -> Card:
    return Card("Rows a minute", f"{pace.platform:,}", "in the last minute", way("uploads_recordoutcome"))


def _lag(stream: Stream, way: Way) -> Card:
    url = way("uploads_streamshard", state__exact="open")
    if stream.lag_seconds is None:
        return Card("Incoming records", NOTHING, "none was read yet", url)
    if stream.caught_up:
        return Card("Incoming records", "caught up", f"read {stream.lag_seconds:.0f} s ago", url)
    return Card("Incoming records", f"{stream.lag_seconds:,.0f} s behind", "is a worker running?", url, bad=True)


def _oldest(opened: Open, way: Way) -> Card:
    oldest = opened.pending_since
    return Card(
        "Oldest row on its way",
        _age(oldest) if oldest else "none",
        "since its upload was opened" if oldest else "every row that came was checked",
        way("uploads_uploadhistory", status__exact="processing"),
    )


def _age(moment: datetime) -> str:
    return timesince(moment, depth=1) if timezone.now() - moment >= timedelta(minutes=1) else "under a minute"


def _today(today: Day, yesterday: Day, way: Way) -> Iterator[Card]:
    rising = (today.error_rate or 0) > (yesterday.error_rate or 0) and (today.error_rate or 0) > 0.05
    yield Card(
        "Error rate today",
        percent(today.error_rate),
        f"yesterday {percent(yesterday.error_rate)}",
        way("uploads_validationerror", created_at__gte=since(1), state="all"),
        bad=rising,
    )
    yield Card(
        "Uploads today",
        f"{today.uploads:,}",
        f"yesterday {yesterday.uploads:,}",
        way("uploads_uploadhistory", created_at__gte=since(1)),
    )


# --- what somebody should look at ------------------------------------------------------------------------------


def _attention(user: "Viewer", way: Way) -> Iterator[tuple[Attention, str, list[Said]]]:
    """Each vendor with the address of its page and the reasons why it stands here."""
    found = {vendor.vendor_id: vendor for vendor in operations.pending_vendors(user)}
    found |= {vendor.vendor_id: vendor for vendor in operations.vendors_to_look_at(user, RECENT_DAYS)}
    for vendor in found.values():
        yield vendor, page_url("vendors_vendor", vendor.vendor_id), list(_reasons(vendor, way))


def _reasons(vendor: Attention, way: Way) -> Iterator[Said]:
    of_vendor = {"vendor": vendor.vendor_id, "created_at__gte": since(RECENT_DAYS)}
    uploads = way("uploads_uploadhistory", **of_vendor)
    if vendor.status == "pending":
        yield Said("waits for approval", page_url("vendors_vendor", vendor.vendor_id))
    if vendor.status == "suspended":
        yield Said(f"suspended, {counted(vendor.uploads, '{} upload', '{} uploads')} since", uploads)
    if vendor.failed:
        failed = way("uploads_uploadhistory", **of_vendor, status__exact="failed")
        yield Said(f"{counted(vendor.failed, '{} upload', '{} uploads')} failed", failed)
    if vendor.many_errors:
        rate = percent(vendor.errors / vendor.rows)
        yield Said(
            f"{rate} of {vendor.rows:,} rows with errors", way("uploads_validationerror", **of_vendor, state="all")
        )


def _outages() -> Iterator[Said]:
    for outage in operations.outages():
        since = timezone.localtime(outage.began_at)
        yield Said(visible(f"Outage of {outage.service} since {since:%Y-%m-%d %H:%M}: {outage.reason}"), bad=True)


def _upkeep(upkeep: list[UpkeepStep]) -> Iterator[Said]:
    """Steps of the schedule that fail by themselves, and those that nobody does. An outage is said already."""
    for step in upkeep:
        if step.failing_since and not step.waits:
            since = timezone.localtime(step.failing_since)
            yield Said(visible(f"“{step.name}” fails since {since:%Y-%m-%d %H:%M}: {step.failure}"), bad=True)
    if late := [f"“{step.name}”" for step in upkeep if operations.late(step)]:
        yield Said(f"Not done on time: {', '.join(late)}. Are beat and a worker running?", bad=True)


def _lately(kept: Kept) -> str:
    """How many were deleted when last."""
    if kept.removed_on is None:
        return ""
    return f"{kept.removed_that_day:,} on {kept.removed_on:%Y-%m-%d}, {kept.removed:,} in all"


def _troubles(user: "Viewer", stream: Stream, way: Way) -> Iterator[Said]:
    """What doesn't pass by itself at once: doubts, gaps, stalled uploads, statuses that wait, failed jobs."""
    if stream.table and stream.table.doubted_at:
        yield Said(_doubted(stream.table), way("uploads_streamshard"), bad=True)
    if gaps := stream.unhealed_gaps:
        url = way("uploads_streamshard", gap_found_at__isempty=0, gap_healed_at__isempty=1)
        many = counted(gaps, "{} gap", "{} gaps")
        yield Said(
            f"{many} in what was read of the records: the table is read again for what is missing", url, bad=True
        )
    for upload_id in operations.stalled()[: operations.SHOWN]:
        url = page_url("uploads_uploadhistory", upload_id)
        yield Said(f"{visible(upload_id)} has stalled: it is being reconciled", url, bad=True)
    if owed := operations.owed():
        url = way("uploads_recordoutcome", written_back_at__isempty=1)
        yield Said(f"{_statuses(owed)} owed to DynamoDB for more than a minute", url, bad=True)
    if never := operations.unwritable(RECENT_DAYS):
        url = way("uploads_recordoutcome", write_back_failure__isempty=0)
        yield Said(f"{_statuses(never)} that DynamoDB refuses, in {RECENT_DAYS} days", url, bad=True)
    for job in operations.failed_jobs(user, RECENT_DAYS):
        yield Said(_failure(job), page_url("uploads_job", job.pk), bad=True)


def _doubted(table: TableStream) -> str:
    reading = "It will be read for records that wait."
    if table.is_being_read:
        reading = f"It is being read: {table.scan_examined:,} records so far, {table.scan_found:,} of them had waited."
    return f"The table may have records that nobody has seen. {table.doubt} {reading}"


def _statuses(number: int) -> str:
    """How many, as far as they were counted."""
    exact = counted(number, "{} status", "{} statuses")
    return f"{number:,} or more statuses" if number == operations.OWED_COUNTED else exact


def _failure(job: Job) -> str:
    about = job.upload_id or job.vendor_id or ""
    when = timezone.localtime(job.ended_at)
    return visible(f"Failed on {when:%Y-%m-%d %H:%M}: {job.get_kind_display()} {about}. {job.failure[:200]}")
