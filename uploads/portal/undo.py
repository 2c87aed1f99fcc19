"""A vendor takes back what one of its uploads changed: first what would happen, product by product, then the doing.

The same work as in the admin (uploads/corrections/undo.py): what was changed since, by a newer upload or by hand,
stays.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from catalog.rules.fields import ACTIVE, LABELS
from config.web.admin_log import log_change
from config.web.text import counted, visible
from uploads.corrections import undo as undoing_uploads
from uploads.corrections.failed_rows import why_vendor
from uploads.insight import progress
from uploads.models import Job, UploadHistory
from uploads.portal.errors import Role
from uploads.portal.pages import no_job, page_of, upload_of
from uploads.work import jobs
from vendors.access import may_here, vendor_page
from vendors.models import Vendor

LOOKED = "Looked at what undoing it would do, on the vendor's page."


def why_not(vendor: Vendor, upload: UploadHistory) -> str:
    """Why the upload can't be undone by its vendor now, or ""."""
    return why_vendor(vendor.status) or undoing_uploads.why_not(upload)


@vendor_page(Role.UPLOADER)
def undo(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """Ask, then look at what undoing would do; then, from that look, do it."""
    upload = upload_of(vendor, upload_id)
    if why := why_not(vendor, upload):
        messages.error(request, why)
        return redirect(page_of("upload", vendor, upload_id))
    if request.method != "POST":
        shown = {"vendor": vendor, "section": "history", "upload": upload, **_retired(upload)}
        return render(request, "uploads/portal/undo.html", shown)
    looked = _looked_at(upload, request.POST.get("looked", ""))
    try:
        job = undoing_uploads.start(upload, request.user, dry=looked is None)
    except jobs.JobFailed as error:  # somebody else has undone it since
        messages.error(request, str(error))
        return redirect(page_of("upload", vendor, upload_id))
    log_change(request.user, upload, "Undid the upload on the vendor's page." if looked else LOOKED)
    return redirect(page_of("undoing", vendor, job.pk))


def _retired(upload: UploadHistory) -> dict[str, int]:
    """How many products it retired, by its rows or since it lacks them, and how many are sold out for the latter."""
    zeroed = upload.absent_records if upload.absent_to == Vendor.Absent.ZERO_STOCK else 0
    return {"retired": upload.retired_records + upload.absent_records - zeroed, "zeroed": zeroed}


def _looked_at(upload: UploadHistory, number: str) -> Job | None:
    """The look at what undoing this upload would do, once it has come to its end."""
    looks = Job.objects.filter(upload=upload, kind=Job.Kind.UNDO, state=Job.State.DONE, parameters__dry=True)
    return looks.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 19 else None


@vendor_page(Role.VIEWER)
def undoing(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """A look, or an undo, live."""
    found = _of_job(request, vendor, job_id)
    return render(request, "uploads/portal/undoing.html", found) if found else no_job(request, vendor, job_id)


@vendor_page(Role.VIEWER, part=True)
def undoing_progress(request: HttpRequest, vendor: Vendor, job_id: int) -> HttpResponseBase:
    """The part of its page that changes."""
    found = _of_job(request, vendor, job_id)
    return render(request, "uploads/portal/undoing_progress.html", found) if found else no_job(request, vendor, job_id)


FATES = {
    True: (("gone", "Would leave the catalog"), ("restored", "Would be as before"),
           ("kept", "Would stay, changed since"), ("failed", "Can’t be taken back")),
    False: (("gone", "Left the catalog"), ("restored", "Are as before"), ("kept", "Stayed, changed since"),
            ("failed", "Couldn’t be taken back"), ("opened", "Rows of earlier files that wait again")),
}  # fmt: skip


def _of_job(request: HttpRequest, vendor: Vendor, job_id: int) -> dict[str, Any] | None:
    found = Job.objects.filter(vendor=vendor, kind=Job.Kind.UNDO, pk=min(job_id, 2**63 - 1), upload__isnull=False)
    job = found.select_related("upload").first()
    if job is None or job.upload is None:
        return None
    dry = bool(job.parameters.get("dry"))
    result = {name: int(number) for name, number in job.result.items() if isinstance(number, int)}
    result["restored"] = result.get("reversed", 0) - result.get("gone", 0)
    may_do = dry and job.state == Job.State.DONE and may_here(request, Role.UPLOADER)
    return {
        "vendor": vendor,
        "section": "history",
        "job": job,
        "upload": job.upload,
        "dry": dry,
        "ended": job.ended,
        "percent": job.percent,
        "sentence": _sentence(job, dry=dry),
        "announcement": _sentence(job, dry=dry) if job.ended else progress.each_quarter(job.percent),
        "counts": [(words, result[name]) for name, words in FATES[dry] if result.get(name)],
        "back": [(one, _to(one.get("to"))) for one in job.result.get("back", [])],
        "closed": undoing_uploads.closed_with(job.upload) if dry and job.ended else 0,
        "examples": job.result.get("examples", []),
        "button": _button(vendor, job) if may_do else "",
    }


def _to(changes: dict[str, list[object]] | None) -> list[tuple[str, str, str]]:
    """Field, what stands there, and what would: as people read it. That it is active again is said in words."""
    return [
        (LABELS.get(field, field), visible(str(now or "nothing")), visible(str(before or "nothing")))
        for field, (now, before) in (changes or {}).items()
        if (field, before) != ("status", ACTIVE)
    ]


def _button(vendor: Vendor, job: Job) -> str:
    """What the button says that does what was looked at; "" where there is nothing to do."""
    if job.upload is None or why_not(vendor, job.upload):
        return ""
    rows = int(job.result.get("reversed", 0))
    if rows:
        return f"Undo: take {counted(rows, '{} product', '{} products')} back"
    # It holds nothing of its own, but earlier uploads can't be undone as long as it confirms what they brought.
    return "" if job.result.get("kept") or job.result.get("failed") else "Withdraw what it confirmed"


def _sentence(job: Job, *, dry: bool) -> str:
    if job.state == Job.State.FAILED:
        return job.failure
    if job.state == Job.State.WAITING:
        return Job.WAITS
    if job.state == Job.State.RUNNING:
        return f"{job.done:,} of {job.total:,} products {'looked at' if dry else 'done'}."
    rows = counted(int(job.result.get("reversed", 0)), "{} product", "{} products")
    return f"Nothing has changed yet: {rows} would be taken back." if dry else f"Undone: {rows} taken back."
