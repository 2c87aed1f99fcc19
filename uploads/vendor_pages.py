"""A vendor's home: its newest uploads, and where to go from here."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from uploads.models import UploadHistory
from vendors.access import vendor_page
from vendors.models import Vendor, VendorMember

NEWEST = 20


@vendor_page(VendorMember.Role.VIEWER)
def home(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The newest uploads with their results."""
    uploads = UploadHistory.objects.filter(vendor=vendor)[:NEWEST]
    return render(request, "vendors/home.html", {"vendor": vendor, "uploads": uploads})
