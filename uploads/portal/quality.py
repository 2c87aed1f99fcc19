"""How a vendor's files got better or worse."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from uploads.insight import charts, operations
from uploads.insight.error_habits import habits, warned
from uploads.portal.pages import page_of
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember

DAYS = 90


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
        "habits": habits(vendor.pk, DAYS) if sent else [],
        "warned": warned(vendor.pk, DAYS) if sent else [],
    }
    return render(request, "uploads/portal/quality.html", found)
