"""A vendor corrects failed rows in the table, ignores some of them, or retries all of a kind as they are.

This needs the role of an uploader and an active vendor. What is done goes the same way as in the admin, and stands in
the same log.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from catalog.rules.problems import label_of
from config.web.admin_log import log_change
from config.web.text import visible
from uploads.corrections import came, retry, row_form
from uploads.corrections.failed_rows import Selection, any_of
from uploads.insight import progress
from uploads.models import Job
from uploads.portal.errors import Role, why_not
from uploads.portal.pages import no_job, page_of, upload_of
from vendors.access import vendor_page
from vendors.models import Vendor


@vendor_page(Role.UPLOADER)
@require_POST
def correct_rows(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """Retry the rows in which something was changed, and say what became of them."""
    upload = upload_of(vendor, upload_id)
    about = f"on the vendor's page ({code})"
    for level, sentence in row_form.save(upload, request.POST, request.user, why_not(request, vendor, upload), about):
        messages.add_message(request, level, sentence)
    address = page_of("error_rows", vendor, upload_id, code)
    after = request.POST.get("after", "")
    return redirect(f"{address}?{urlencode({'after': after})}" if after else address)


@vendor_page(Role.UPLOADER)
@require_POST
def retry_rows(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """Retry all rows with one kind of error as they are, as a job."""
    upload = upload_of(vendor, upload_id)
    if why := why_not(request, vendor, upload):
        messages.error(request, why)
        return redirect(page_of("errors", vendor, upload_id))
    selection = Selection(upload_id=upload_id, vendor_id=vendor.pk, codes=(code,))
    if not any_of(selection):
        messages.info(request, f"No row has this error any more: {visible(label_of(code))}.")
        return redirect(page_of("errors", vendor, upload_id))
    job = retry.start(selection, request.user)
    log_change(request.user, upload, f"Retried {job.total:,} rows on the vendor's page ({code}).")
    return redirect(page_of("retrying", vendor, job.pk))


@vendor_page(Role.VIEWER)
def retrying(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """A job that retries rows, live."""
    found = _of_job(vendor, job_id)
    return render(request, "uploads/portal/corrections.html", found) if found else no_job(request, vendor, job_id)


@vendor_page(Role.VIEWER, part=True)
def retrying_progress(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """The part of its page that changes."""
    found = _of_job(vendor, job_id)
    return (
        render(request, "uploads/portal/corrections_progress.html", found) if found else no_job(request, vendor, job_id)
    )


def _of_job(vendor: Vendor, job_id: int) -> dict[str, Any] | None:
    jobs = Job.objects.filter(vendor=vendor, kind__in=came.KINDS, pk=min(job_id, 2**63 - 1))
    job = jobs.select_related("upload").first()
    if job is None:
        return None
    sentence = came.sentence(job)
    return {
        "vendor": vendor,
        "section": "history",
        "job": job,
        "title": came.title(job),
        "ended": job.ended,
        "percent": job.percent,
        "sentence": sentence,
        "announcement": sentence if job.ended else progress.each_quarter(job.percent),
        **(_what_came(vendor, job) if job.ended else {}),
    }


def _what_came(vendor: Vendor, job: Job) -> dict[str, Any]:
    """What became of the rows, why some still fail, and where what is left can be corrected."""
    found, upload = came.of(job), job.upload
    values = (
        page_of("values", vendor, upload.pk, found.field) if upload else page_of("all_values", vendor, found.field)
    ) if found.values_left else ""  # fmt: skip
    return {
        "came": found,
        "why": [(label, rows, page_of("error_rows", vendor, upload.pk, code) if upload else "")
                for code, label, rows in found.why],
        "values_url": values,
        "left_url": page_of("errors", vendor, upload.pk) if upload else page_of("waiting", vendor),
    }  # fmt: skip
