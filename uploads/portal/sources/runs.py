"""One run of a source, live: a worker fetches, and the page asks how far it is. A test leads to the file's preview."""

from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from uploads.models import SourceRun
from uploads.portal.sources.addresses import MOST_ID, frame, source_of, what
from uploads.sources import host_keys
from uploads.sources.outcomes import KEY_CHANGED, KEY_UNKNOWN
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorMember

Role = VendorMember.Role


@vendor_page(Role.VIEWER)
@require_safe
def run(request: HttpRequest, vendor: Vendor, source_id: int, run_id: int) -> HttpResponseBase:
    """The page; without JavaScript it loads itself again."""
    return render(request, "uploads/portal/sources/run.html", _shown(request, vendor, source_id, run_id))


@vendor_page(Role.VIEWER, part=True)
@require_safe
def progress(request: HttpRequest, vendor: Vendor, source_id: int, run_id: int) -> HttpResponseBase:
    """The part of it that changes."""
    return render(request, "uploads/portal/sources/run_progress.html", _shown(request, vendor, source_id, run_id))


def _shown(request: HttpRequest, vendor: Vendor, source_id: int, run_id: int) -> dict[str, Any]:
    source = source_of(vendor, source_id)
    found = source.runs.select_related("feed").filter(pk=min(run_id, MOST_ID)).first()
    if found is None:
        raise Http404
    ended = found.outcome != SourceRun.Outcome.RUNNING
    mine = found.requested_by_id == request.user.pk and may_here(request, Role.UPLOADER)
    return {
        "vendor": vendor,
        "source": source,
        "run": found,
        "is_test": found.kind == SourceRun.Kind.TEST,
        "ended": ended,
        "sentence": _sentence(found),
        "preview": found.preview if mine else "",
        "must_confirm": found.code in (KEY_UNKNOWN, KEY_CHANGED) and host_keys.must_confirm(source),
        "opened": found.feed if found.feed and found.feed.upload_id else None,
    } | frame(request)


def _sentence(run: SourceRun) -> str:
    if run.outcome == SourceRun.Outcome.RUNNING:
        return f"It {what(run)}. This takes a few seconds, with a slow server some minutes."
    if run.outcome == SourceRun.Outcome.UNCHANGED:
        return "The file is the one that was fetched last, so nothing is imported."
    if run.outcome == SourceRun.Outcome.FAILED:
        return run.message or "Nothing could be fetched."
    if run.kind == SourceRun.Kind.TEST:
        return "The file was fetched. Nothing of it is imported."
    return "The file was fetched, and is imported like any other."
