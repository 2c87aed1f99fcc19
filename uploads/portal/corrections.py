"""A vendor corrects failed rows: in the table, all that share a wrong value, or retries them as they are.

This needs the role of an uploader and an active vendor. What is done goes the same way as in the admin, and stands in
the same log.
"""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from catalog.rules.fields import FIELDS
from catalog.rules.problems import label_of
from config.web.admin_log import log_change
from config.web.text import counted, visible
from uploads.aws.records import storable
from uploads.corrections import correct, error_rows, retry, shared_values
from uploads.corrections.correct import Change
from uploads.corrections.failed_rows import Selection, any_of
from uploads.corrections.retry import NotRetriable
from uploads.insight import progress
from uploads.models import Job, UploadHistory
from uploads.portal.errors import Role, about_errors, why_not
from uploads.portal.pages import page_of, upload_of
from vendors.access import vendor_page
from vendors.models import Vendor


@vendor_page(Role.UPLOADER)
@require_POST
def correct_rows(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """Retry the rows in which something was changed, and say what became of them."""
    upload = upload_of(vendor, upload_id)
    try:
        tried = correct.correct_rows(upload_id, _changes(request, upload), request.user)
    except NotRetriable as error:
        messages.error(request, str(error))
    else:
        _tell(request, tried)
        if tried.outcomes:
            log_change(request.user, upload, f"Corrected {len(tried.outcomes):,} rows on the vendor's page ({code}).")
    address = page_of("error_rows", vendor, upload_id, code)
    after = request.POST.get("after", "")
    return redirect(f"{address}?{urlencode({'after': after})}" if after else address)


def _changes(request: HttpRequest, upload: UploadHistory) -> list[Change]:
    """The rows of the form with their cells, whether changed or not."""
    asked = {number: _number(request.POST.get(f"{number}-error", "")) for number in range(correct.PAGE_ROWS)}
    known = error_rows.records(upload, asked.values())
    return [
        Change(known[error_id], _number(request.POST.get(f"{number}-attempt", "")), _cells(request, number))
        for number, error_id in asked.items()
        if error_id in known
    ]


def _number(text: str) -> int:
    """What a hidden field says; 0, which nothing has, for what isn't of our making."""
    return min(int(text), 2**31 - 1) if text.isdecimal() and len(text) <= 10 else 0


def _cells(request: HttpRequest, number: int) -> dict[str, str]:
    return {field: storable(request.POST[name]) for field in FIELDS if (name := f"{number}-{field}") in request.POST}


def _tell(request: HttpRequest, tried: correct.Tried) -> None:
    failed = sum(outcome.outcome == "error" for outcome in tried.outcomes)
    right = len(tried.outcomes) - failed
    if right:
        messages.success(request, f"{_rows_are(right)} right now.")
    if failed:
        messages.warning(request, f"{_rows_are(failed)} still wrong. What is wrong now stands beside the cells.")
    if tried.overtaken:
        messages.warning(request, f"{_rows_are(tried.overtaken)} left alone: somebody else tried them meanwhile.")
    if not tried.outcomes and not tried.overtaken:
        messages.info(request, "Nothing was changed, so nothing was retried.")


def _rows_are(number: int) -> str:
    return counted(number, "{} row is", "{} rows are")


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


@vendor_page(Role.UPLOADER)
def same_value(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """Choose one right value for all rows that share a wrong one."""
    upload = upload_of(vendor, upload_id)
    asked = request.POST if request.method == "POST" else request.GET
    selection = shared_values.selected(vendor.pk, asked)
    if selection is None:
        raise Http404
    page = about_errors(request, vendor, upload)
    right = shared_values.right_value(request.POST)
    chosen = replace(selection, upload_id="" if request.POST.get("scope") == "all" else upload_id)
    if request.method == "POST" and any_of(chosen):  # else the page says that there is nothing to correct any more
        if right and not page["why_not"]:
            keep = "keep" in request.POST
            job = shared_values.correct_all(chosen, request.user, right, keep, upload)
            return redirect(page_of("retrying", vendor, job.pk))
        messages.error(request, page["why_not"] or shared_values.SAY_WHAT)
    found = shared_values.about(selection, upload_id)
    example = next(iter(found["examples"]), None)
    suggested = example.suggestion if example and " or " not in example.suggestion else ""
    return render(
        request, "uploads/portal/shared_value.html", page | found | {"example": example, "right": right or suggested}
    )


@vendor_page(Role.VIEWER)
def retrying(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """A job that retries rows, live."""
    return render(request, "uploads/portal/corrections.html", _of_job(vendor, job_id))


@vendor_page(Role.VIEWER)
def retrying_progress(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """The part of its page that changes."""
    return render(request, "uploads/portal/corrections_progress.html", _of_job(vendor, job_id))


def _of_job(vendor: Vendor, job_id: int) -> dict[str, Any]:
    jobs = Job.objects.filter(vendor=vendor, kind=Job.Kind.RETRY, pk=min(job_id, 2**63 - 1))
    job = jobs.select_related("upload").first()
    if job is None:
        raise Http404
    return {
        "vendor": vendor,
        "section": "history",
        "job": job,
        "ended": job.ended,
        "percent": job.percent,
        "sentence": _sentence(job),
        "announcement": _sentence(job) if job.ended else progress.each_quarter(job.percent),
    }


def _sentence(job: Job) -> str:
    right, wrong = int(job.result.get("valid", 0)), int(job.result.get("error", 0))
    if job.state == Job.State.FAILED:
        return job.failure
    if job.state == Job.State.DONE:
        return f"Done: {_rows_are(right)} right now, {wrong:,} still wrong."
    if job.state == Job.State.WAITING:
        return "Waiting for its turn. You can leave this page; the work goes on."
    return f"{job.done:,} of {job.total:,} rows retried: {right:,} right now, {wrong:,} still wrong."
