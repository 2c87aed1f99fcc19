"""What the vendors' pages about feeds share: their addresses, and the upload that one is about."""

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from uploads.models import UploadHistory
from uploads.work import jobs
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


def no_job(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """To who comes back to a job that ended so long ago that it isn't kept any more. Raises Http404 for all others."""
    if not jobs.deleted(job_id):
        raise Http404
    messages.info(request, "This was done long ago, and what it said isn't kept any more. What it did stands.")
    return redirect(page_of("history", vendor))
