"""The figures of the platform: those of insight/operations.py in words, each with a link to the list behind it.

A page of its own; its changing part is fetched anew every few seconds. For staff who may view uploads; what needs
another permission is left out, or said without a link.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.timesince import timesince

from config.web.links import list_for, page_url
from config.web.text import NOTHING, counted, percent, visible
from uploads.desk import troubles
from uploads.insight import charts, operations
from uploads.insight.charts import Way
from uploads.insight.operations import Attention, Day, Open, Pace, Stream
from uploads.models import Kept
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


def page(request: HttpRequest) -> HttpResponseBase:
    """All of them. Raises PermissionDenied."""
    if not may_see(request.user):
        raise PermissionDenied
    context = {**admin.site.each_context(request), "title": "Figures", **whole(request.user)}
    return TemplateResponse(request, "uploads/staff/figures.html", context)


def live_view(request: HttpRequest) -> HttpResponseBase:
    """The part that changes. Raises PermissionDenied."""
    if not may_see(request.user):
        raise PermissionDenied
    return render(request, "uploads/staff/figures_live.html", live(request.user, operations.days(request.user, 2)))


def whole(user: "Viewer") -> dict[str, Any]:
    """What the page shows: without charts where nothing was ever sent."""
    days = operations.days(user, CHART_DAYS)
    shown = {**live(user, days), **_housekeeping(user)}
    return shown if operations.is_empty(user, days) else {"charts": _charts(user, days), **shown}


def _charts(user: "Viewer", days: list[Day]) -> list[charts.Chart]:
    way = ways(user)
    shown = [charts.of_days(days, way)]
    if user.has_perm("uploads.view_validationerror"):
        kinds = operations.error_kinds(user, RECENT_DAYS)
        shown += [charts.of_kinds(kinds, RECENT_DAYS, way, created_at__gte=since(RECENT_DAYS))] if kinds else []
    return shown


def live(user: "Viewer", days: list[Day]) -> dict[str, Any]:
    """The changing part. `days` ends with yesterday and today."""
    way = ways(user)
    pace = operations.pace()
    opened = operations.open_uploads(user)
    stream = operations.stream()
    return {
        "running": operations.running(user, pace) if opened.uploads else [],
        "open": opened,
        "running_url": way("uploads_uploadhistory", status__exact="processing"),
        "cards": [_pace(pace, way), _lag(stream, way), _oldest(opened, way), *_today(days[-1], days[-2], way)],
        "attention": list(_attention(user, way)) if user.has_perm("vendors.view_vendor") else [],
        "recent_days": RECENT_DAYS,
        "troubles": len(troubles.standing(user)),
    }


def _housekeeping(user: "Viewer") -> dict[str, Any]:
    """What the schedule does and what is kept, for those who may look at the stream."""
    if not user.has_perm(troubles.SYSTEM):
        return {}
    return {
        "upkeep": [(step, visible(step.failure)) for step in operations.upkeep_steps()],
        "kept": [(policies.POLICIES[kind], one, _lately(one)) for kind, one in operations.kept().items()],
    }


def ways(user: "Viewer") -> Way:
    """The admin's lists that the user may view."""
    return partial(list_for, user)


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
    for vendor in operations.vendors_to_look_at(user, RECENT_DAYS):
        yield vendor, page_url("vendors_vendor", vendor.vendor_id), list(_reasons(vendor, way))


def _reasons(vendor: Attention, way: Way) -> Iterator[Said]:
    of_vendor = {"vendor": vendor.vendor_id, "created_at__gte": since(RECENT_DAYS)}
    uploads = way("uploads_uploadhistory", **of_vendor)
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


def _lately(kept: Kept) -> str:
    """How many were deleted when last."""
    if kept.removed_on is None:
        return ""
    return f"{kept.removed_that_day:,} on {kept.removed_on:%Y-%m-%d}, {kept.removed:,} in all"
