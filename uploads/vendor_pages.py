"""A vendor's home: its newest uploads, and where to go from here."""

from typing import NamedTuple

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from uploads import progress
from uploads.models import UploadHistory
from uploads.vendor_progress import headline
from uploads.vendor_upload import closed
from vendors.access import may_as, vendor_page
from vendors.models import Vendor, VendorMember

NEWEST = 20


class Line(NamedTuple):
    """An upload in the list: how far it is, and what came of it."""

    upload: UploadHistory
    percent: int
    headline: str


@vendor_page(VendorMember.Role.VIEWER)
def home(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The newest uploads with their progress and results."""
    uploads = UploadHistory.objects.filter(vendor=vendor)[:NEWEST]
    member: VendorMember = request.member  # type: ignore[attr-defined] # the guard puts it there
    context = {
        "vendor": vendor,
        "section": "home",
        "uploads": [Line(upload, int(progress.fraction(upload) * 100), headline(upload)) for upload in uploads],
        "may_upload": may_as(member, VendorMember.Role.UPLOADER),
        "closed": closed(vendor),
    }
    return render(request, "vendors/home.html", context)
