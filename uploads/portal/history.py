"""A vendor's uploads over time, with what became of them. Days begin at midnight in settings.TIME_ZONE."""

from datetime import date, timedelta

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from config.web.paging import CappedPaginator
from config.web.text import NOTHING, percent, visible
from uploads.insight import operations
from uploads.models import UploadHistory, results
from uploads.programs import feeds
from vendors import members
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember

PER_PAGE = 25


@vendor_page(VendorMember.Role.VIEWER)
def history(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The vendor's uploads with what became of them, newest first; of some days if it is asked for those."""
    since, until = _day(request.GET.get("since", "")), _day(request.GET.get("until", ""))
    uploads = (
        UploadHistory.objects.filter(vendor=vendor)
        .order_by("-created_at")
        .select_related("uploaded_by", "feed__token", "feed__source")
    )
    if since:
        uploads = uploads.filter(created_at__gte=operations.start_of(since))
    if until:
        uploads = uploads.filter(created_at__lt=operations.start_of(until))
    paginator = CappedPaginator(uploads, PER_PAGE)
    page = paginator.get_page(request.GET.get("p"))
    found = {
        "vendor": vendor,
        "section": "history",
        "page": page,
        "uploads": [_line(upload) for upload in page.object_list],
        "paginator": paginator,
        "since": since,
        "last": until - timedelta(days=1) if until else None,
        "query": "&".join(f"{name}={day}" for name, day in (("since", since), ("until", until)) if day),
    }
    return render(request, "uploads/portal/history.html", found)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2999 else None


def _line(upload: UploadHistory) -> tuple[UploadHistory, str, str, str, results.Result]:
    """The upload with its file's name, who sent it, its error rate, and what came of it."""
    return upload, visible(upload.file_name), _sender(upload), _rate(upload), results.result(upload)


def _sender(upload: UploadHistory) -> str:
    if feed := getattr(upload, "feed", None):
        return feeds.sender(feed)
    if upload.uploaded_by is None:
        return "a program" if upload.source == UploadHistory.Source.DYNAMODB else NOTHING
    return "our staff" if upload.uploaded_by.is_staff else members.shown(upload.uploaded_by)


def _rate(upload: UploadHistory) -> str:
    return percent(upload.error_records / upload.total_records if upload.total_records else None)
