"""Failed rows mended many at once in the admin: all wrong values of a field with one save, or the rows of one kind of
error in a table. Of one upload, or wherever rows of a vendor failed; the vendors' own pages are made of the same.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from catalog.category_tree import active_categories
from catalog.rules.explained import explained
from catalog.rules.fields import LABELS, READ
from catalog.rules.problems import label_of
from config.web.admin_log import log_change
from config.web.links import list_url, page_url
from config.web.text import visible
from uploads.aws.records import storable
from uploads.corrections import came, error_rows, failed_rows, ignoring, retry, row_form, wrong_values
from uploads.corrections.failed_rows import OPEN, Selection
from uploads.models import Job, UploadHistory
from uploads.staff.actions import to_job
from uploads.staff.everywhere.one import KEEP_A_RULE
from vendors.models import Vendor


def waiting_url(vendor_id: str) -> str:
    """Where the rows of a vendor are that wait for somebody."""
    return f"{reverse('admin:uploads_validationerror_waiting')}?{urlencode({'vendor': vendor_id})}"


def values_url(field: str, *, upload: str = "", vendor: str = "") -> str:
    """Where all wrong values of a field are corrected, in an upload or wherever rows of a vendor failed."""
    about = {"upload": upload} if upload else {"vendor": vendor}
    return f"{reverse('admin:uploads_validationerror_values')}?{urlencode(about | {'field': field})}"


def rows_url(upload_id: str, code: str) -> str:
    """Where the rows of an upload with one kind of error are corrected."""
    return f"{reverse('admin:uploads_validationerror_rows')}?{urlencode({'upload': upload_id, 'code': code})}"


def fields_of(upload_id: str) -> list[tuple[wrong_values.InField, str]]:
    """The fields of an upload with wrong values, each with where these are corrected."""
    return [(one, values_url(one.field, upload=upload_id)) for one in wrong_values.fields_of([upload_id])]


# --- what waits of a vendor ------------------------------------------------------------------------------------


def waiting_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """The rows of a vendor that wait for somebody: by their wrong values, and upload by upload."""
    vendor, _ = _asked(request.GET)
    uploads = wrong_values.waiting(vendor.pk)
    fields = wrong_values.fields_of([upload.pk for upload in uploads])
    found = {
        "title": f"Rows of {vendor.pk} that wait",
        "vendor": vendor,
        "vendor_url": page_url("vendors_vendor", vendor.pk),
        "why_not": failed_rows.why_no_retry(vendor, vendor.pk),
        "fields": [(one, values_url(one.field, vendor=vendor.pk)) for one in fields],
        "uploads": [(upload, page_url("uploads_uploadhistory", upload.pk)) for upload in uploads],
        "rows": sum(upload.open_records for upload in uploads),
        "most": len(uploads) == wrong_values.UPLOADS,
    }
    return TemplateResponse(request, "uploads/staff/waiting.html", context | found)


def _asked(asked: Mapping[str, str]) -> tuple[Vendor, UploadHistory | None]:
    """The upload that an address names with its vendor, or the vendor alone. Raises Http404."""
    upload_id, vendor_id = storable(asked.get("upload", "")), storable(asked.get("vendor", ""))
    if upload_id:
        upload = UploadHistory.objects.select_related("vendor").filter(pk=upload_id).first()
        vendor = upload.vendor if upload else None
    else:
        upload, vendor = None, Vendor.objects.filter(pk=vendor_id).first()
    if vendor is None:
        raise Http404("Say which vendor or which upload.")
    return vendor, upload


def _why_not(vendor: Vendor, upload: UploadHistory | None) -> str:
    """Why nothing of it can be retried now, or ""."""
    return (failed_rows.why_none(upload) if upload else "") or failed_rows.why_no_retry(vendor, vendor.pk)


# --- all wrong values of a field -------------------------------------------------------------------------------


def values_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Say what each wrong value of a field should be, or that its rows are ignored, and save all of that at once."""
    vendor, upload = _asked(request.GET)
    field, refused = request.GET.get("field", ""), _why_not(vendor, upload)
    if field not in READ:
        raise Http404("Say which field.")
    back = page_url("uploads_uploadhistory", upload.pk) if upload else waiting_url(vendor.pk)
    may_keep = request.user.has_perms(KEEP_A_RULE)
    if request.method == "POST":
        selection = Selection(vendor_id=vendor.pk, upload_id=upload.pk if upload else "", field=field)
        saved = refused or wrong_values.saved(selection, request.POST, request.user, may_keep=may_keep)
        if not isinstance(saved, str):
            return to_job(request, saved, back)
        messages.error(request, saved)
    upload_ids = [upload.pk] if upload else [one.pk for one in wrong_values.waiting(vendor.pk)]
    found = wrong_values.shown(upload_ids, field, request.GET, request.POST)
    if found["start"] and not found["lines"]:  # those behind were corrected meanwhile
        return redirect(values_url(field, upload=upload.pk if upload else "", vendor=vendor.pk))
    about = {
        "title": f"Wrong values of {LABELS[field]}",
        "vendor": vendor,
        "upload": upload,
        "name": visible(upload.file_name) if upload else "",
        "why_not": refused,
        "may_keep": may_keep,
        "back": back,
        "everywhere_url": values_url(field, vendor=vendor.pk) if upload else "",
        "rows_url": rows_url(upload.pk, "missing_value") if upload else "",
    }
    return TemplateResponse(request, "uploads/staff/values.html", context | found | about)


# --- the rows of one kind of error -----------------------------------------------------------------------------


def rows_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Correct the rows of an upload with one kind of error in a table, ignore some or all, or retry all as they are."""
    vendor, upload = _asked(request.GET)
    code, refused = storable(request.GET.get("code", "")), _why_not(vendor, upload)
    if upload is None or not code:
        raise Http404("Say which upload and which kind of error.")
    back = page_url("uploads_uploadhistory", upload.pk)
    if request.method == "POST":
        if (job := _about_all(request, upload, code, refused)) is not None:
            return to_job(request, job, back)
        if "all" not in request.POST:
            for level, sentence in row_form.save(upload, request.POST, request.user, refused, f"({code})"):
                messages.add_message(request, level, sentence)
        return redirect(request.get_full_path())
    kind, after = error_rows.kind(upload, code), storable(request.GET.get("after", ""))
    if kind is None:
        messages.info(request, f"No row has this error any more: {visible(label_of(code))}.")
        return redirect(back)
    page = error_rows.page(upload, code, after, fill="fill" in request.GET)
    if not page.lines and after:  # the rest was corrected meanwhile
        return redirect(rows_url(upload.pk, code))
    fields = {problem.field for line in page.lines for problem in line.row.problems if problem.code == code}
    found = {
        "title": f"{kind.label} in {visible(upload.file_name)}",
        "upload": upload,
        "name": visible(upload.file_name),
        "kind": kind,
        "explained": explained(code),
        "page": page,
        "after": after,
        "filled": "fill" in request.GET,
        "shared": [(one, url) for one, url in fields_of(upload.pk) if one.rows > 1 and one.field in fields],
        "categories": active_categories(),
        "why_not": refused,
        "may_ignore": True,
        "back": back,
    }
    return TemplateResponse(request, "uploads/staff/rows.html", context | found)


def _about_all(request: HttpRequest, upload: UploadHistory, code: str, refused: str) -> Job | None:
    """The job that ignores all rows of this kind, or retries them as they are; None where that wasn't asked for, or
    can't be, which is said."""
    asked = request.POST.get("all", "")
    if asked not in ("ignore", "retry"):
        return None
    if asked == "retry" and refused:
        messages.error(request, refused)
        return None
    selection = Selection(upload_id=upload.pk, vendor_id=upload.vendor_id, codes=(code,))
    if asked == "ignore":
        selection = Selection(upload_id=upload.pk, vendor_id=upload.vendor_id, codes=(code,), state=OPEN)
    if not failed_rows.any_of(selection):
        messages.info(request, f"No row has this error any more: {visible(label_of(code))}.")
        return None
    job = ignoring.start(selection, request.user) if asked == "ignore" else retry.start(selection, request.user)
    done = "Ignored" if asked == "ignore" else "Retried"
    log_change(request.user, upload, f"{done} {job.total:,} rows ({code}).")
    return job


# --- what came of it -------------------------------------------------------------------------------------------


def what_came(job: Job) -> dict[str, Any]:
    """What the page of a job about rows shows when it has ended: what became of them, and the way to what is left."""
    found, upload_id, vendor_id = came.of(job), job.upload_id or "", job.vendor_id or ""
    filters = {"upload": upload_id} if upload_id else {"vendor": vendor_id} if vendor_id else {}
    return {
        "came": found,
        "why": [
            (label, rows, rows_url(upload_id, code) if upload_id
             else list_url("uploads_validationerror", **filters, state="open", error_type=code))
            for code, label, rows in found.why
        ],
        "values_url": values_url(found.field, upload=upload_id, vendor=vendor_id) if found.values_left else "",
        "left_url": page_url("uploads_uploadhistory", upload_id) if upload_id else waiting_url(vendor_id),
        "waiting_url": waiting_url(vendor_id) if vendor_id else "",
    }  # fmt: skip
