"""Rows that wait for nobody any more: an upload's ignored rows, which can be taken back, and those that have closed."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from catalog.rules.problems import label_of
from config.web.admin_log import log_change
from config.web.text import counted, visible
from uploads.aws.records import storable
from uploads.corrections import ignoring, settled_rows
from uploads.corrections.failed_rows import IGNORED, OPEN, Selection, any_of
from uploads.portal.errors import Role, about_errors
from uploads.portal.pages import page_of, upload_of
from vendors.access import may_here, vendor_page
from vendors.models import Vendor


@vendor_page(Role.VIEWER)
def settled(request: HttpRequest, vendor: Vendor, upload_id: str, state: str) -> HttpResponseBase:
    """The rows that are ignored, or closed, each with why."""
    upload = upload_of(vendor, upload_id)
    found = {
        "state": state,
        "page": settled_rows.page(upload, state, storable(request.GET.get("after", ""))),
        "rows": upload.ignored_records if state == "ignored" else upload.closed_records,
        "may_take_back": state == "ignored" and may_here(request, Role.UPLOADER),
    }
    return render(request, "uploads/portal/settled.html", about_errors(request, vendor, upload) | found)


@vendor_page(Role.UPLOADER)
@require_POST
def ignore_rows(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """Ignore all rows with one kind of error, as a job."""
    upload = upload_of(vendor, upload_id)
    selection = Selection(upload_id=upload_id, vendor_id=vendor.pk, codes=(code,), state=OPEN)
    if not any_of(selection):
        messages.info(request, f"No row has this error any more: {visible(label_of(code))}.")
        return redirect(page_of("errors", vendor, upload_id))
    job = ignoring.start(selection, request.user)
    log_change(request.user, upload, f"Ignored {job.total:,} rows on the vendor's page ({code}).")
    return redirect(page_of("retrying", vendor, job.pk))


@vendor_page(Role.UPLOADER)
@require_POST
def take_back(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """The chosen rows wait for somebody again, at once; or all ignored rows of the upload, as a job."""
    upload = upload_of(vendor, upload_id)
    if "all" in request.POST:
        selection = Selection(upload_id=upload_id, vendor_id=vendor.pk, state=IGNORED)
        if any_of(selection):
            job = ignoring.start(selection, request.user, back=True)
            log_change(request.user, upload, f"Took {job.total:,} ignored rows back on the vendor's page.")
            return redirect(page_of("retrying", vendor, job.pk))
    chosen = [int(one) for one in request.POST.getlist("row") if one.isdecimal() and len(one) < 10]
    rows = ignoring.take_back(settled_rows.keys(upload, chosen[: settled_rows.PAGE_ROWS]), request.user)
    if rows:
        log_change(request.user, upload, f"Took {rows:,} ignored rows back on the vendor's page.")
        messages.success(request, counted(rows, "{} row is taken back.", "{} rows are taken back."))
    else:
        messages.info(request, "No row was chosen, so nothing was taken back.")
    return redirect(page_of("settled", vendor, upload_id, "ignored"))
