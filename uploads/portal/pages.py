"""What the vendors' pages about feeds share: their addresses, and the upload that one is about."""

from django.http import Http404
from django.urls import reverse

from uploads.models import UploadHistory
from vendors.models import Vendor


def page_of(name: str, vendor: Vendor, *more: object) -> str:
    """The address of one of the vendor's pages."""
    return reverse(f"vendor:{name}", args=[vendor.pk, *more])


def upload_of(vendor: Vendor, upload_id: str) -> UploadHistory:
    """The vendor's upload. Raises Http404, also for another vendor's."""
    upload = UploadHistory.objects.filter(vendor=vendor, pk=upload_id).first()
    if upload is None:
        raise Http404
    return upload
