"""What waits for a vendor, over all its files; and all wrong values of a field on one page, with one save for them."""

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from catalog.rules.fields import READ
from config.web.text import visible
from uploads.corrections import wrong_values
from uploads.corrections.failed_rows import Selection, why_no_retry
from uploads.portal.errors import Role, why_not
from uploads.portal.pages import page_of, upload_of
from vendors.access import may_here, vendor_page
from vendors.models import Vendor


@vendor_page(Role.VIEWER)
def waiting(request: HttpRequest, vendor: Vendor) -> HttpResponseBase:
    """The rows that wait for somebody: by their wrong values, and file by file."""
    uploads = wrong_values.waiting(vendor.pk)
    found = {
        "vendor": vendor,
        "section": "home",
        "fields": wrong_values.fields_of([upload.pk for upload in uploads]),
        "uploads": [(upload, visible(upload.file_name)) for upload in uploads],
        "rows": sum(upload.open_records for upload in uploads),
        "most": len(uploads) == wrong_values.UPLOADS,
        "may_correct": may_here(request, Role.UPLOADER),
        "why_not": why_no_retry(vendor),
    }
    return render(request, "uploads/portal/waiting.html", found)


@vendor_page(Role.UPLOADER)
def values(request: HttpRequest, vendor: Vendor, field: str, upload_id: str = "") -> HttpResponseBase:
    """All wrong values of a field in one upload, or wherever rows of the vendor failed."""
    if field not in READ:
        raise Http404
    upload = upload_of(vendor, upload_id) if upload_id else None
    refused = why_not(request, vendor, upload) if upload else why_no_retry(vendor)
    if request.method == "POST":
        selection = Selection(vendor_id=vendor.pk, upload_id=upload_id, field=field)
        saved = refused or wrong_values.saved(selection, request.POST, request.user, may_keep=True)
        if not isinstance(saved, str):
            return redirect(page_of("retrying", vendor, saved.pk))
        messages.error(request, saved)
    upload_ids = [upload.pk] if upload else [one.pk for one in wrong_values.waiting(vendor.pk)]
    found = wrong_values.shown(upload_ids, field, request.GET, request.POST)
    if found["start"] and not found["lines"]:  # those behind were corrected meanwhile
        return redirect(request.path)
    about = {
        "vendor": vendor,
        "section": "history" if upload else "home",
        "upload": upload,
        "name": visible(upload.file_name) if upload else "",
        "why_not": refused,
        "may_keep": True,
        "rows_url": page_of("error_rows", vendor, upload.pk, "missing_value") if upload else "",
    }
    return render(request, "uploads/portal/values.html", found | about)
