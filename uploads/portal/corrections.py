"""A vendor corrects failed rows in the table, ignores some of them, or retries all of a kind as they are.

This needs the role of an uploader and an active vendor. What is done goes the same way as in the admin, and stands in
the same log.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from catalog.rules.fields import FIELDS, LABELS
from catalog.rules.problems import label_of
from config.web.admin_log import log_change
from config.web.text import counted, visible
from uploads.aws.records import storable
from uploads.corrections import correct, error_rows, failed_rows, ignoring, retry, wrong_values
from uploads.corrections.correct import Change
from uploads.corrections.failed_rows import Selection, any_of
from uploads.corrections.retry import NotRetriable
from uploads.insight import progress
from uploads.models import Job, UploadHistory
from uploads.portal.errors import Role, why_not
from uploads.portal.pages import page_of, upload_of
from vendors.access import vendor_page
from vendors.models import Vendor


@vendor_page(Role.UPLOADER)
@require_POST
def correct_rows(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """Retry the rows in which something was changed, and say what became of them."""
    upload = upload_of(vendor, upload_id)
    changes, aside = _changes(request, upload)
    if aside:
        ignored = ignoring.set_aside([row.key for row in failed_rows.of(upload_id, aside)], request.user)
        messages.success(request, f"{_rows_are(ignored)} ignored. They stand under “Ignored”, to be taken back.")
        log_change(request.user, upload, f"Ignored {ignored:,} rows on the vendor's page ({code}).")
    if aside and why_not(request, vendor, upload):
        return redirect(page_of("error_rows", vendor, upload_id, code))
    try:
        tried = correct.correct_rows(upload_id, changes, request.user)
    except NotRetriable as error:
        messages.error(request, str(error))
    else:
        _tell(request, tried, quiet=bool(aside))
        if tried.outcomes:
            log_change(request.user, upload, f"Corrected {len(tried.outcomes):,} rows on the vendor's page ({code}).")
    address = page_of("error_rows", vendor, upload_id, code)
    after = request.POST.get("after", "")
    return redirect(f"{address}?{urlencode({'after': after})}" if after else address)


def _changes(request: HttpRequest, upload: UploadHistory) -> tuple[list[Change], list[str]]:
    """The rows of the form with their cells, whether changed or not, and the records of those to be ignored."""
    asked = {number: _number(request.POST.get(f"{number}-error", "")) for number in range(correct.PAGE_ROWS)}
    known = error_rows.records(upload, asked.values())
    rows = {number: known[error_id] for number, error_id in asked.items() if error_id in known}
    aside = [number for number in rows if f"{number}-ignore" in request.POST]
    changes = [
        Change(record_id, _number(request.POST.get(f"{number}-attempt", "")), _cells(request, number))
        for number, record_id in rows.items()
        if number not in aside
    ]
    return changes, [rows[number] for number in aside]


def _number(text: str) -> int:
    """What a hidden field says; 0, which nothing has, for what isn't of our making."""
    return min(int(text), 2**31 - 1) if text.isdecimal() and len(text) <= 10 else 0


def _cells(request: HttpRequest, number: int) -> dict[str, str]:
    return {field: storable(request.POST[name]) for field in FIELDS if (name := f"{number}-{field}") in request.POST}


def _tell(request: HttpRequest, tried: correct.Tried, *, quiet: bool) -> None:
    failed = sum(outcome.outcome == "error" for outcome in tried.outcomes)
    right = len(tried.outcomes) - failed
    if right:
        messages.success(request, f"{_rows_are(right)} right now.")
    if failed:
        messages.warning(request, f"{_rows_are(failed)} still wrong. What is wrong now stands beside the cells.")
    if tried.overtaken:
        messages.warning(request, f"{_rows_are(tried.overtaken)} left alone: somebody else tried them meanwhile.")
    if not tried.outcomes and not tried.overtaken and not quiet:
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


@vendor_page(Role.VIEWER)
def retrying(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """A job that retries rows, live."""
    return render(request, "uploads/portal/corrections.html", _of_job(vendor, job_id))


@vendor_page(Role.VIEWER)
def retrying_progress(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """The part of its page that changes."""
    return render(request, "uploads/portal/corrections_progress.html", _of_job(vendor, job_id))


def _of_job(vendor: Vendor, job_id: int) -> dict[str, Any]:
    kinds = (Job.Kind.RETRY, Job.Kind.IGNORE)
    jobs = Job.objects.filter(vendor=vendor, kind__in=kinds, pk=min(job_id, 2**63 - 1))
    job = jobs.select_related("upload").first()
    if job is None:
        raise Http404
    return {
        "vendor": vendor,
        "section": "history",
        "job": job,
        "title": "Rows retried"
        if job.kind == Job.Kind.RETRY
        else "Rows taken back"
        if job.parameters.get("back")
        else "Rows ignored",
        "ended": job.ended,
        "percent": job.percent,
        "sentence": _sentence(job),
        "announcement": _sentence(job) if job.ended else progress.each_quarter(job.percent),
        **(_what_came(vendor, job) if job.ended else {}),
    }


CAME = {
    "inserted": "new products", "updated": "changed products", "unchanged": "right, and no change to the product",
    "superseded": "right, but a newer upload has changed the product since, and that stays",
    "skipped": "right, and left alone as the upload was meant to",
}  # fmt: skip


def _what_came(vendor: Vendor, job: Job) -> dict[str, Any]:
    """What became of the rows, why some still fail, and where what is left can be corrected."""
    came, why = job.result.get("came", {}), job.result.get("why", {})
    field, upload = _field_of(job), job.upload
    uploads = [upload] if upload else wrong_values.waiting(vendor.pk)
    left = sum(one.open_records for one in uploads)
    names = {one.pk: visible(one.file_name) for one in _uploads_of(vendor, job)}
    return {
        "came": [(int(came[name]), words) for name, words in CAME.items() if came.get(name)],
        "ignored": int(job.result.get("ignored", 0)),
        "why": [(code, visible(label_of(code)), int(rows)) for code, rows in sorted(why.items())],
        "examples": [one | {"file": names.get(one.get("upload"), "")} for one in job.result.get("examples", [])],
        "field": LABELS.get(field, ""),
        "values_url": _values_url(vendor, job) if field and left else "",
        "left": left,
        "left_url": page_of("errors", vendor, upload.pk) if upload else page_of("waiting", vendor),
        "everywhere": len(wrong_values.waiting(vendor.pk)) if upload and not left else 0,
        "in_catalog": any(came.get(name) for name in ("inserted", "updated")),
    }


def _uploads_of(vendor: Vendor, job: Job) -> Iterable[UploadHistory]:
    ids = {str(one.get("upload", "")) for one in job.result.get("examples", [])}
    return UploadHistory.objects.filter(vendor=vendor, pk__in=ids)


def _field_of(job: Job) -> str:
    """Of which field values were corrected, or ""."""
    return str(job.parameters.get("selection", {}).get("field", ""))


def _values_url(vendor: Vendor, job: Job) -> str:
    """Where the field has wrong values left; "" where it has none."""
    field, upload = _field_of(job), job.upload
    ids = [upload.pk] if upload else [one.pk for one in wrong_values.waiting(vendor.pk)]
    if not wrong_values.portion(ids, field).values:
        return ""
    return page_of("values", vendor, upload.pk, field) if upload else page_of("all_values", vendor, field)


def _sentence(job: Job) -> str:
    right, wrong = int(job.result.get("valid", 0)), int(job.result.get("error", 0))
    if job.state == Job.State.FAILED:
        return job.failure
    if job.state == Job.State.WAITING:
        return "Waiting for its turn. You can leave this page; the work goes on."
    if job.kind == Job.Kind.IGNORE:
        back = "taken_back" in job.result or job.parameters.get("back")
        rows = counted(job.done, "{} row", "{} rows")
        done = f"{rows} taken back." if back else f"{rows} ignored."
        return f"Done: {done}" if job.state == Job.State.DONE else f"{job.done:,} of {job.total:,} rows so far."
    aside = f", {job.result['ignored']:,} ignored" if job.result.get("ignored") else ""
    if job.state == Job.State.DONE:
        return f"Done: {_rows_are(right)} right now, {wrong:,} still wrong{aside}."
    return f"{job.done:,} of {job.total:,} rows retried: {right:,} right now, {wrong:,} still wrong{aside}."
