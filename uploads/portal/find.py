"""Where one product of a vendor is."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from uploads.insight import sku_search
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember


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
    return render(request, "uploads/portal/find.html", found)
