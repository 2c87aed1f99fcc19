"""A vendor's own pages of an upload's errors: grouped by kind, mended in a table or all at once, and downloaded.

Whoever is a member may look and download; correcting needs the role of an uploader and an active vendor. What is
corrected goes through replay.py, as in the admin, and stands in the same log.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from catalog.rules.fields import FIELDS, LABELS
from catalog.rules.problems import label_of
from config.web import exports
from config.web.admin_log import log_change
from config.web.text import counted, visible
from uploads.aws import storage
from uploads.aws.records import storable
from uploads.corrections import error_rows, retry
from uploads.corrections.failed_rows import Selection, any_of, count, why_none, why_vendor
from uploads.corrections.retry import Change, NotReplayable
from uploads.insight import downloads, progress
from uploads.models import VALUE_CHARS, Job, UploadHistory
from uploads.portal.progress import upload_of
from uploads.staff.corrections import SAY_WHAT, categories, clusters, examples, start_mending
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorMember

Role = VendorMember.Role
SHARED_SHOWN = 10


def page_of(name: str, vendor: Vendor, *more: object) -> str:
    """The address of one of the vendor's pages."""
    return reverse(f"vendor:{name}", args=[vendor.pk, *more])


def _why_not(request: HttpRequest, vendor: Vendor, upload: UploadHistory) -> str:
    """Why this member can't correct rows of this upload now, or ""."""
    if not may_here(request, Role.UPLOADER):
        return "You may look at the errors. To correct them, ask an owner to make you an uploader."
    return why_none(upload) or why_vendor(vendor.status)


def _about(request: HttpRequest, vendor: Vendor, upload: UploadHistory) -> dict[str, Any]:
    """What every page about an upload's errors shows."""
    return {
        "vendor": vendor,
        "section": "history",
        "upload": upload,
        "name": visible(upload.file_name),
        "why_not": _why_not(request, vendor, upload),
    }


# --- the kinds -------------------------------------------------------------------------------------------------


@vendor_page(Role.VIEWER)
def errors(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """What is wrong with an upload, by kind."""
    upload = upload_of(vendor, upload_id)
    found = {"kinds": error_rows.kinds(upload), "newer": _newer(upload)}
    return render(request, "vendors/errors.html", _about(request, vendor, upload) | found)


def _newer(upload: UploadHistory) -> UploadHistory | None:
    """The newest file that was sent since: rows that are right in it needn't be mended here."""
    files = UploadHistory.objects.filter(vendor=upload.vendor_id, source=UploadHistory.Source.FILE)
    newest = files.order_by("-created_at").first()
    return newest if newest and newest.sequence > upload.sequence and newest.valid_records else None


@vendor_page(Role.VIEWER)
def failed_rows(request: HttpRequest, vendor: Vendor, upload_id: str, format: str) -> HttpResponseBase:
    """The failed rows as a file that can be mended and sent back."""
    upload = upload_of(vendor, upload_id)
    try:
        return downloads.report_xlsx(upload) if format == "xlsx" else downloads.report(upload)
    except exports.NotForExcel as error:
        messages.error(request, str(error))
    except (storage.FileMissing, storage.StorageUnavailable):
        messages.error(request, "The file can't be fetched at the moment. Try again in a minute.")
    return redirect(page_of("errors", vendor, upload_id))


# --- the rows of a kind ----------------------------------------------------------------------------------------


@vendor_page(Role.VIEWER)
def rows(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """The rows with one kind of error, their wrong cells to be corrected right there."""
    upload = upload_of(vendor, upload_id)
    kind = error_rows.kind(upload, code)
    if kind is None:
        messages.info(request, f"No row has this error any more: {visible(label_of(code))}.")
        return redirect(page_of("errors", vendor, upload_id))
    after = storable(request.GET.get("after", ""))
    page = error_rows.page(upload, code, after, fill="fill" in request.GET)
    if not page.lines and after:  # the rest was mended meanwhile
        return redirect(page_of("error_rows", vendor, upload_id, code))
    looked_at = clusters(upload_id=upload.pk, code=code, looked_at=progress.COUNTED)
    shared = [cluster for cluster in looked_at if cluster.rows > 1][:SHARED_SHOWN]
    found = {
        "kind": kind,
        "page": page,
        "after": after,
        "filled": "fill" in request.GET,
        "shared": [(cluster, _cluster_url(vendor, upload, cluster.field, cluster.value)) for cluster in shared],
        "categories": categories(),
    }
    return render(request, "vendors/error_rows.html", _about(request, vendor, upload) | found)


@vendor_page(Role.UPLOADER)
@require_POST
def save_rows(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """Try the rows again in which something was changed, and say what became of them."""
    upload = upload_of(vendor, upload_id)
    try:
        tried = retry.correct_rows(upload_id, _changes(request, upload), request.user)
    except NotReplayable as error:
        messages.error(request, str(error))
    else:
        _tell(request, tried)
        if tried.outcomes:
            log_change(request, upload, f"Corrected {len(tried.outcomes):,} rows on the vendor's page ({code}).")
    address = page_of("error_rows", vendor, upload_id, code)
    after = request.POST.get("after", "")
    return redirect(f"{address}?{urlencode({'after': after})}" if after else address)


def _changes(request: HttpRequest, upload: UploadHistory) -> list[Change]:
    """The rows of the form with their cells, whether changed or not."""
    asked = {number: _number(request.POST.get(f"{number}-error", "")) for number in range(retry.PAGE_ROWS)}
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


def _tell(request: HttpRequest, tried: retry.Tried) -> None:
    failed = sum(outcome.outcome == "error" for outcome in tried.outcomes)
    right = len(tried.outcomes) - failed
    if right:
        messages.success(request, f"{_rows_are(right)} right now.")
    if failed:
        messages.warning(request, f"{_rows_are(failed)} still wrong. What is wrong now stands beside the cells.")
    if tried.overtaken:
        messages.warning(request, f"{_rows_are(tried.overtaken)} left alone: somebody else tried them meanwhile.")
    if not tried.outcomes and not tried.overtaken:
        messages.info(request, "Nothing was changed, so nothing was tried again.")


def _rows_are(number: int) -> str:
    return f"{counted(number, 'row')} {'is' if number == 1 else 'are'}"


@vendor_page(Role.UPLOADER)
@require_POST
def try_again(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """Try all rows with one kind of error again as they are, as a job."""
    upload = upload_of(vendor, upload_id)
    if why := _why_not(request, vendor, upload):
        messages.error(request, why)
        return redirect(page_of("errors", vendor, upload_id))
    selection = Selection(upload_id=upload_id, vendor_id=vendor.pk, codes=(code,))
    if not any_of(selection):
        messages.info(request, f"No row has this error any more: {visible(label_of(code))}.")
        return redirect(page_of("errors", vendor, upload_id))
    job = retry.start(selection, request.user)
    log_change(request, upload, f"Tried {job.total:,} rows again on the vendor's page ({code}).")
    return redirect(page_of("mending", vendor, job.pk))


# --- all rows that share a wrong value -------------------------------------------------------------------------


def _cluster_url(vendor: Vendor, upload: UploadHistory, field: str, value: str) -> str:
    return f"{page_of('same_value', vendor, upload.pk)}?{urlencode({'field': field, 'value': value})}"


@vendor_page(Role.UPLOADER)
def same_value(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """Choose one right value for all rows that share a wrong one."""
    upload = upload_of(vendor, upload_id)
    asked = request.POST if request.method == "POST" else request.GET
    field, value = asked.get("field", ""), storable(asked.get("value", ""))
    if field not in FIELDS or not 0 < len(value) <= VALUE_CHARS:
        raise Http404
    selection = Selection(vendor_id=vendor.pk, field=field, wrong_value=value)
    here = Selection(upload_id=upload_id, vendor_id=vendor.pk, field=field, wrong_value=value)
    about = _about(request, vendor, upload)
    why_not = about["why_not"]
    right = storable(request.POST.get("right", "").strip())
    chosen = selection if request.POST.get("scope") == "all" else here
    if request.method == "POST" and any_of(chosen):  # else the page says that there is nothing to mend any more
        if not why_not and right and len(right) <= VALUE_CHARS:
            job = start_mending(request, chosen, right, keep="keep" in request.POST, upload=upload)
            return redirect(page_of("mending", vendor, job.pk))
        messages.error(request, why_not or SAY_WHAT)
    example = examples(selection).first()
    found = {
        "field": field,
        "label": LABELS[field],
        "value": value,
        "shown": visible(value),
        "example": example,
        "here": count(here),
        "everywhere": count(selection),
        "right": right or (example.suggestion if example and " or " not in example.suggestion else ""),
        "categories": categories() if field == "category" else [],
    }
    return render(request, "vendors/same_value.html", about | found)


# --- how far it is ---------------------------------------------------------------------------------------------


@vendor_page(Role.VIEWER)
def mending(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """A job that tries rows again, live."""
    return render(request, "vendors/mending.html", _of_job(vendor, job_id))


@vendor_page(Role.VIEWER)
def mending_progress(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """The part of its page that changes."""
    return render(request, "vendors/mending_progress.html", _of_job(vendor, job_id))


def _of_job(vendor: Vendor, job_id: int) -> dict[str, Any]:
    jobs = Job.objects.filter(vendor=vendor, kind=Job.Kind.REPLAY, pk=min(job_id, 2**63 - 1))
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
    return f"{job.done:,} of {job.total:,} rows tried again: {right:,} right now, {wrong:,} still wrong."
