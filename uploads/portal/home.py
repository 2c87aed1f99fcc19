"""A vendor's home: what is in the catalog, the newest uploads, and where to go from here."""

from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from catalog.models import Product
from config.web.paging import CappedPaginator
from config.web.text import visible
from uploads.corrections import wrong_values
from uploads.corrections.failed_rows import why_none
from uploads.insight import progress
from uploads.models import Feed, UploadHistory
from uploads.portal.progress import headline
from vendors import holds
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorHold, VendorMember

NEWEST = 20


class NewUpload(NamedTuple):
    """An upload in the list: how far it is, and what came of it."""

    upload: UploadHistory
    name: str
    percent: int
    headline: str
    correctable: bool


@vendor_page(VendorMember.Role.VIEWER)
def home(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The newest uploads with their progress and results."""
    uploads = list(UploadHistory.objects.filter(vendor=vendor)[:NEWEST])
    waiting, pause = wrong_values.waiting(vendor.pk), holds.pause_of(vendor.pk)
    context = {
        "vendor": vendor,
        "section": "home",
        "uploads": [_line(upload, pause) for upload in uploads],
        "guarded": list(UploadHistory.objects.filter(vendor=vendor, status=UploadHistory.Status.HELD)[:NEWEST]),
        "held": list(Feed.objects.filter(vendor=vendor, state=Feed.State.HELD)[:NEWEST]),
        "waiting": sum(upload.open_records for upload in waiting),
        "most": len(waiting) == wrong_values.UPLOADS,
        "products": CappedPaginator(_active(vendor), 1),
        "may_upload": may_here(request, VendorMember.Role.UPLOADER),
        "closed": not vendor.is_active,
    }
    return render(request, "uploads/portal/home.html", context)


def _active(vendor: Vendor) -> "QuerySet[Any]":
    """Its products that others see, once it is active itself (products_vendor_id_vendor_product_id_key)."""
    return Product.objects.filter(vendor=vendor, status=Product.Status.ACTIVE).order_by("vendor_product_id")


def _line(upload: UploadHistory, pause: VendorHold | None) -> NewUpload:
    return NewUpload(
        upload, visible(upload.file_name), progress.percent(upload), headline(upload, pause), not why_none(upload)
    )
