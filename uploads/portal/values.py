"""What waits for a vendor, over all its files; and all wrong values of a field on one page, with one save for them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from catalog.category_tree import active_categories
from catalog.rules.fields import FIELDS
from config.web.text import visible
from uploads.corrections import wrong_values
from uploads.corrections.failed_rows import Selection, why_vendor
from uploads.corrections.wrong_values import PORTION, Portion, WrongValue
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
        "why_not": why_vendor(vendor.status),
    }
    return render(request, "uploads/portal/waiting.html", found)


@vendor_page(Role.UPLOADER)
def values(request: HttpRequest, vendor: Vendor, field: str, upload_id: str = "") -> HttpResponseBase:
    """All wrong values of a field in one upload, or wherever rows of the vendor failed."""
    if field not in FIELDS:
        raise Http404
    upload = upload_of(vendor, upload_id) if upload_id else None
    refused = why_not(request, vendor, upload) if upload else why_vendor(vendor.status)
    typed: dict[str, str] = {}
    if request.method == "POST":
        decisions = wrong_values.decided(request.POST)
        selection = Selection(vendor_id=vendor.pk, upload_id=upload_id, field=field)
        if refused or decisions.failure:
            messages.error(request, refused or decisions.failure)
            typed = {name: request.POST[name] for name in request.POST}
        elif job := wrong_values.save(selection, decisions.values, request.user, keep="keep" in request.POST):
            return redirect(page_of("retrying", vendor, job.pk))
        else:
            messages.info(request, "No row has these values any more.")
    upload_ids = [upload.pk] if upload else [one.pk for one in wrong_values.waiting(vendor.pk)]
    start = _number(request.GET.get("from", ""))
    portion = wrong_values.portion(upload_ids, field, start)
    if start and not portion.values:  # those behind were corrected meanwhile
        return redirect(request.path)
    return render(
        request,
        "uploads/portal/values.html",
        _shown(portion, typed, fill="fill" in request.GET)
        | {"vendor": vendor, "section": "history" if upload else "home", "upload": upload, "why_not": refused}
        | {"name": visible(upload.file_name) if upload else "", "start": start, "following": start + PORTION},
    )


def _shown(portion: Portion, typed: dict[str, str], *, fill: bool) -> dict[str, Any]:
    """The values with what was typed, or else with what is suggested where that was asked for (`fill`)."""
    categories = active_categories() if portion.field == "category" else []
    listed = categories if len(categories) <= wrong_values.MOST_CATEGORIES else []
    lines = []
    for number, one in enumerate(portion.values):
        suggested = _usable(one, categories)
        right = typed.get(f"right-{number}", suggested if fill else "")
        lines.append((number, one, suggested, right, f"ignore-{number}" in typed))
    return {
        "portion": portion,
        "lines": lines,
        "listed": listed,
        "categories": [] if listed else categories,
        "suggestions": any(suggested for _, _, suggested, *_ in lines),
        "filled": fill,
    }


def _usable(one: WrongValue, categories: list[str]) -> str:
    """The suggestion, where it is what should stand there."""
    fits = one.suggestion in categories if categories else " or " not in one.suggestion
    return one.suggestion if fits else ""


def _number(text: str) -> int:
    return min(int(text), 10**6) if text.isdecimal() and len(text) <= 9 else 0
