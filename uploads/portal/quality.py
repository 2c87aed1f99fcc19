"""A vendor's own pages about its uploads over time: their results, how the errors develop, and one product's way.

Days begin at midnight in settings.TIME_ZONE.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from catalog.rules.explained import explained
from catalog.rules.problems import label_of
from config.web.paging import CappedPaginator
from config.web.text import NOTHING, visible
from uploads.insight import charts, operations, sku_search
from uploads.models import UploadHistory
from uploads.portal.errors import page_of
from uploads.staff.dashboard import percent
from vendors import members
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember

DAYS = 90
PER_PAGE = 25
SHOWN_KINDS = 10


# --- uploads ---------------------------------------------------------------------------------------------------


@vendor_page(VendorMember.Role.VIEWER)
def history(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The vendor's uploads with what became of them, newest first; of some days if it is asked for those."""
    since, until = _day(request.GET.get("since", "")), _day(request.GET.get("until", ""))
    uploads = UploadHistory.objects.filter(vendor=vendor).order_by("-created_at").select_related("uploaded_by")
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
    return render(request, "vendors/history.html", found)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2999 else None


def _line(upload: UploadHistory) -> tuple[UploadHistory, str, str, str]:
    """The upload with its file's name, who sent it, and its error rate."""
    return upload, visible(upload.file_name), _sender(upload), _rate(upload)


def _sender(upload: UploadHistory) -> str:
    if upload.uploaded_by is None:
        return "a program" if upload.source == UploadHistory.Source.DYNAMODB else NOTHING
    return "our staff" if upload.uploaded_by.is_staff else members.shown(upload.uploaded_by)


def _rate(upload: UploadHistory) -> str:
    return percent(upload.error_records / upload.total_records if upload.total_records else None)


# --- quality ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Habit:
    """A kind of error that a vendor makes: how often, how many are open, and the newest upload that has such."""

    code: str
    problems: int
    still_open: int
    upload_id: str

    @property
    def label(self) -> str:
        return visible(label_of(self.code))

    @property
    def explained(self) -> str:
        return explained(self.code)


@vendor_page(VendorMember.Role.VIEWER)
def quality(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """How the vendor's files got better or worse, and which errors it makes most."""
    days = operations.days(request.user, DAYS, vendor.pk)

    def way(page: str, **filters: object) -> str:
        since, until = str(filters["created_at__gte"])[:10], str(filters["created_at__lt"])[:10]
        return f"{page_of('history', vendor)}?since={since}&until={until}"

    sent = any(day.uploads for day in days)
    found = {
        "vendor": vendor,
        "section": "quality",
        "days": DAYS,
        "charts": [charts.of_rates(days, way), charts.of_days(days, way)] if sent else [],
        "habits": habits(vendor.pk) if sent else [],
    }
    return render(request, "vendors/quality.html", found)


def habits(vendor_id: str) -> list[Habit]:
    """The kinds of error of the last days, most frequent first (idx_validation_errors_vendor)."""
    since = operations.start_of(operations.today() - timedelta(days=DAYS - 1))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.error_type, k.problems, k.still_open, coalesce(e.upload_id, '')
              FROM (SELECT error_type, count(*) AS problems, count(*) FILTER (WHERE resolved_at IS NULL) AS still_open,
                           max(error_id) FILTER (WHERE resolved_at IS NULL) AS newest
                      FROM validation_errors
                     WHERE vendor_id = %s AND created_at >= %s
                     GROUP BY error_type ORDER BY 2 DESC, 1 LIMIT %s) k
              LEFT JOIN validation_errors e ON e.error_id = k.newest
             ORDER BY k.problems DESC, k.error_type
            """,
            [vendor_id, since, SHOWN_KINDS],
        )
        return [Habit(*row) for row in cursor.fetchall()]


# --- where is my SKU? ------------------------------------------------------------------------------------------


@vendor_page(VendorMember.Role.VIEWER)
def find(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """Where a product is, by its SKU or the vendor's own ID."""
    typed = request.GET.get("q", "").replace("\0", "").strip()[:200]
    found = {
        "vendor": vendor,
        "section": "find",
        "typed": typed,
        "found": sku_search.find(vendor.pk, typed) if typed else None,
        "newest": sku_search.NEWEST,
        "shown": sku_search.SHOWN,
    }
    return render(request, "vendors/find.html", found)
