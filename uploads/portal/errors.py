"""A vendor's own pages of an upload's errors: by kind, the rows of a kind, and all of them as a file. Beside them, its
warnings.

Whoever is a member may look and download.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from catalog.category_tree import active_categories
from catalog.rules.explained import explained
from catalog.rules.problems import label_of
from config.web.text import visible
from config.web.workbooks.writing import NotForExcel
from uploads.aws import storage
from uploads.aws.records import storable
from uploads.corrections import error_rows, wrong_values
from uploads.corrections.failed_rows import why_no_retry, why_none
from uploads.insight import downloads, warned_rows
from uploads.models import UploadHistory, ValidationError
from uploads.portal.pages import page_of, upload_of
from vendors.access import may_here, vendor_page
from vendors.models import Vendor, VendorMember

Role = VendorMember.Role


def why_not(request: HttpRequest, vendor: Vendor, upload: UploadHistory) -> str:
    """Why this member can't correct rows of this upload now, or ""."""
    if not may_here(request, Role.UPLOADER):
        return "You may look at the errors. To correct them, ask an owner to make you an uploader."
    return why_none(upload) or why_no_retry(vendor)


def about_errors(request: HttpRequest, vendor: Vendor, upload: UploadHistory) -> dict[str, Any]:
    """What every page about an upload's errors shows."""
    return {
        "vendor": vendor,
        "section": "history",
        "upload": upload,
        "name": visible(upload.file_name),
        "warnings": ValidationError.objects.warnings().filter(upload=upload, resolved_at=None).exists(),
        "why_not": why_not(request, vendor, upload),
        "may_ignore": may_here(request, Role.UPLOADER),
    }


# --- the kinds -------------------------------------------------------------------------------------------------


@vendor_page(Role.VIEWER)
def errors(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """What is wrong with an upload, by kind."""
    upload = upload_of(vendor, upload_id)
    found = {
        "kinds": error_rows.kinds(upload),
        "shared": [one for one in wrong_values.fields_of([upload.pk]) if one.rows > 1],
    }
    return render(request, "uploads/portal/errors.html", about_errors(request, vendor, upload) | found)


@vendor_page(Role.VIEWER, hands_out="uploads.download_uploadhistory")
def failed_rows(request: HttpRequest, vendor: Vendor, upload_id: str, format: str) -> HttpResponseBase:
    """The failed rows as a file that can be corrected and sent back."""
    upload = upload_of(vendor, upload_id)
    try:
        return downloads.report_xlsx(upload) if format == "xlsx" else downloads.report(upload)
    except NotForExcel as error:
        messages.error(request, str(error))
    except (storage.FileMissing, storage.StorageUnavailable):
        messages.error(request, "The file can't be fetched at the moment. Try again in a minute.")
    return redirect(page_of("errors", vendor, upload_id))


# --- warnings --------------------------------------------------------------------------------------------------


@vendor_page(Role.VIEWER)
def warnings(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """What there is to look at in an upload, by kind."""
    upload = upload_of(vendor, upload_id)
    found = {"kinds": warned_rows.kinds(upload)}
    return render(request, "uploads/portal/warnings.html", about_errors(request, vendor, upload) | found)


@vendor_page(Role.VIEWER, hands_out="uploads.download_uploadhistory")
def warned_file(request: HttpRequest, vendor: Vendor, upload_id: str) -> HttpResponseBase:
    """The rows with warnings as a file."""
    return downloads.warnings_report(upload_of(vendor, upload_id))


@vendor_page(Role.VIEWER)
def warned(request: HttpRequest, vendor: Vendor, upload_id: str, code: str) -> HttpResponseBase:
    """The rows with one kind of warning."""
    upload = upload_of(vendor, upload_id)
    page = warned_rows.page(upload, code, storable(request.GET.get("after", "")))
    if not page.rows:
        messages.info(request, f"No row has this warning any more: {visible(label_of(code))}.")
        return redirect(page_of("warnings", vendor, upload_id))
    found = {"page": page, "label": visible(label_of(code)), "explained": explained(code), "code": code}
    return render(request, "uploads/portal/warned_rows.html", about_errors(request, vendor, upload) | found)


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
    if not page.lines and after:  # the rest was corrected meanwhile
        return redirect(page_of("error_rows", vendor, upload_id, code))
    problems = [problem for line in page.lines for problem in line.row.problems]
    wrong = {problem.field for problem in problems if problem.code == code}
    found = {
        "kind": kind,
        "page": page,
        "after": after,
        "filled": "fill" in request.GET,
        "shared": [one for one in wrong_values.fields_of([upload.pk]) if one.rows > 1 and one.field in wrong],
        "categories": active_categories(),
    }
    return render(request, "uploads/portal/error_rows.html", about_errors(request, vendor, upload) | found)
