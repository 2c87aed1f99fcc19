"""Mending failed rows in the admin: one in place, or all that share a wrong value, and trying them again at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.contrib import messages
from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from catalog.models import ProductCategory
from catalog.rules.fields import FIELDS, LABELS
from catalog.rules.problems import Code, Problem
from config.web.admin_log import log_change
from config.web.links import list_url, page_url
from config.web.text import visible
from uploads.aws.records import storable
from uploads.corrections import failed_rows, retry
from uploads.corrections.failed_rows import Selection
from uploads.corrections.retry import NotReplayable
from uploads.models import VALUE_CHARS, Job, UploadHistory, ValidationError
from uploads.pipeline import ledger
from uploads.staff.actions import to_job
from vendors.models import Vendor

SHOWN_CLUSTERS = 100
# Problems of which one right value for several rows would only make more.
CLASHES = (Code.DUPLICATE_IN_FILE, Code.SKU_TAKEN)
EXAMPLES = 5
SAY_WHAT = f"Say what the right value is, in {VALUE_CHARS} characters at most."


# --- one row ---------------------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """A cell of the form: what it is called here and in the file, what stands in it, and what is wrong with it."""

    field: str
    label: str
    header: str
    value: str
    shown: str  # `value` with invisible characters spelled out, where there are any
    problems: list[Problem]
    cluster_url: str


def row_page(request: HttpRequest, error: ValidationError, context: dict[str, Any]) -> HttpResponseBase:
    """Correct a failed row and try it again. Answers with the form, or leads on to the next failed row."""
    row = failed_rows.one(error.upload_id, error.record_id)
    if row is None:
        messages.info(request, "This row has no open problems any more.")
        return redirect(page_url("uploads_validationerror", error.pk))
    upload = UploadHistory.objects.get(pk=error.upload_id)
    why_not = failed_rows.why_not(row, upload)
    if request.method == "POST" and not why_not:
        answer = _try(request, row, upload)
        if answer is not None:
            return answer
        row = failed_rows.one(error.upload_id, error.record_id) or row
    found = {
        "title": f"Row {row.row_number} of {upload.file_name}",
        "upload": upload,
        "row": row,
        "why_not": why_not,
        "cells": _cells(row, upload),
        "of_the_row": [problem for problem in row.problems if problem.field not in FIELDS],
        "categories": categories(),
        "suggested": {problem.field: problem.suggestion for problem in row.problems if problem.suggestion},
    }
    return TemplateResponse(request, "admin/uploads/correct.html", context | found)


def _try(request: HttpRequest, row: failed_rows.FailedRow, upload: UploadHistory) -> HttpResponseBase | None:
    """Try the row with the cells of the form; None when the form is to be shown again."""
    headers = [header for _, header, _ in failed_rows.cells(row, upload)]
    posted = {header: request.POST.get(f"cell-{n}") for n, header in enumerate(headers)}
    values = {header: storable(cell) for header, cell in posted.items() if cell is not None}
    attempt = request.POST.get("attempt", "")
    try:
        outcome = retry.correct(
            row.upload_id, row.record_id, int(attempt) if attempt.isdecimal() else 0, values, request.user
        )
    except NotReplayable as error:
        messages.error(request, str(error))
        return None
    log_change(request, upload, f"Corrected row {row.row_number}: {_changed(row, values)}.")
    if outcome.outcome == "error":
        messages.warning(request, f"Row {row.row_number} still has problems.")
        return None
    messages.success(request, f"Row {row.row_number} is {in_words(outcome)}.")
    return redirect(_next_url(row))


def _changed(row: failed_rows.FailedRow, values: Mapping[str, str]) -> str:
    """Which cells were changed, for the log; from what to what stands in `corrections`."""
    changed = [header for header, value in values.items() if (row.data.get(header) or "") != value]
    return ", ".join(changed) or "tried again as it was"


def in_words(outcome: ledger.Outcome) -> str:
    words = {
        "inserted": "in the catalog now, as a new product",
        "updated": "in the catalog now",
        "unchanged": "right now; the product was the same already",
        "superseded": "right now, but a newer upload has changed the product since, and that stays",
        "skipped": "right now, but the upload was sent to leave such products alone, and so it did",
    }
    return words[outcome.outcome]


def _next_url(row: failed_rows.FailedRow) -> str:
    """Where to go on: the next failed row of the upload, or the upload when this was the last."""
    following = ValidationError.objects.filter(
        upload_id=row.upload_id, row_number__gt=row.row_number, resolved_at=None
    ).order_by("row_number", "error_id").first()  # fmt: skip
    if following is None:
        return page_url("uploads_uploadhistory", row.upload_id)
    return reverse("admin:uploads_validationerror_correct", args=[following.pk])


def _cells(row: failed_rows.FailedRow, upload: UploadHistory) -> list[Cell]:
    return [
        Cell(
            field, LABELS[field], header, value, visible(value) if visible(value) != value else "",
            [problem for problem in row.problems if problem.field == field],
            _cluster_url(row, field, value.strip()),
        )
        for field, header, value in failed_rows.cells(row, upload)
    ]  # fmt: skip


def _cluster_url(row: failed_rows.FailedRow, field: str, value: str) -> str:
    """Where all rows with this value are mended; "" where one right value for all of them makes no sense."""
    clashes = any(problem.field == field and problem.code in CLASHES for problem in row.problems)
    return cluster_url(row.vendor_id, field, value) if 0 < len(value) <= VALUE_CHARS and not clashes else ""


def categories() -> list[str]:
    return list(ProductCategory.objects.filter(is_active=True).values_list("category_name", flat=True))


# --- all rows that share a wrong value -------------------------------------------------------------------------


@dataclass(frozen=True)
class Cluster:
    """Failed rows of one vendor with the same wrong value in the same field."""

    vendor_id: str
    field: str
    value: str
    rows: int
    message: str
    suggestion: str

    @property
    def label(self) -> str:
        return LABELS.get(self.field, self.field)

    @property
    def shown(self) -> str:
        return visible(self.value)

    @property
    def url(self) -> str:
        return cluster_url(self.vendor_id, self.field, self.value)


def cluster_url(vendor_id: str, field: str, value: str, upload_id: str = "") -> str:
    """Where the rows that share this value are mended."""
    chosen = {"vendor": vendor_id, "field": field, "value": value} | ({"upload": upload_id} if upload_id else {})
    return f"{reverse('admin:uploads_validationerror_cluster')}?{urlencode(chosen)}"


def clusters(vendor_id: str = "", upload_id: str = "", code: str = "", looked_at: int | None = None) -> list[Cluster]:
    """The most frequent wrong values of open problems, of a vendor or of an upload, perhaps of one kind only, and of
    no more than `looked_at` of them.

    By idx_validation_errors_upload or idx_validation_errors_vendor; of missing and clashing values nothing can be
    mended for all rows at once.
    """
    where, value = ("upload_id", upload_id) if upload_id else ("vendor_id", vendor_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT vendor_id, field, min(wrong_value), sum(rows)::int, min(error_message), min(suggestion)
              FROM (SELECT vendor_id, field, wrong_value, count(*) AS rows,
                           min(error_message) AS error_message, min(suggestion) AS suggestion
                      FROM (SELECT vendor_id, field, wrong_value, min(error_message) AS error_message,
                                   min(suggestion) AS suggestion
                              FROM (SELECT * FROM validation_errors
                                     WHERE {where} = %s AND resolved_at IS NULL AND wrong_value <> ''
                                       AND %s IN ('', error_type)
                                       AND error_type NOT IN ('duplicate_in_file', 'sku_taken', 'vendor_mismatch',
                                                              'malformed_record')
                                     LIMIT %s) AS looked_at
                             GROUP BY vendor_id, field, wrong_value, upload_id, record_id) AS once
                     GROUP BY vendor_id, field, wrong_value) AS spelled
             GROUP BY vendor_id, field, lower(wrong_value)
             ORDER BY 4 DESC, 2, 3
             LIMIT %s
            """,  # noqa: S608 - a name from above
            [value, code, looked_at, SHOWN_CLUSTERS],
        )
        return [Cluster(*row) for row in cursor.fetchall()]


def clusters_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """The wrong values that most failed rows share, each with the way to mend them all."""
    vendor_id, upload_id = storable(request.GET.get("vendor", "")), storable(request.GET.get("upload", ""))
    if not vendor_id and not upload_id:
        raise Http404("Say which vendor or which upload.")
    found = {
        "title": f"Wrong values of {upload_id or vendor_id}",
        "clusters": clusters(vendor_id, upload_id),
        "upload_id": upload_id,
        "errors_url": list_url("uploads_validationerror", **({"upload": upload_id} if upload_id else
                                                             {"vendor": vendor_id})),
    }  # fmt: skip
    return TemplateResponse(request, "admin/uploads/clusters.html", context | found)


def cluster_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    """Choose the right value for all rows that share a wrong one, and try them again."""
    asked = request.POST if request.method == "POST" else request.GET
    vendor_id, field, value, upload_id = (
        storable(asked.get(name, "")) for name in ("vendor", "field", "value", "upload")
    )
    selection = Selection(vendor_id=vendor_id, field=field, wrong_value=value)
    if field not in FIELDS or not 0 < len(value) <= VALUE_CHARS or not _known(vendor_id, upload_id):
        raise Http404("Say which vendor, which field and which value.")
    right = storable(request.POST.get("right", "").strip())
    if request.method == "POST" and right and len(right) <= VALUE_CHARS:
        if upload_id and request.POST.get("scope") == "upload":
            selection = replace(selection, upload_id=upload_id)
        job = start_mending(request, selection, right, keep="keep" in request.POST and may_keep(request))
        return to_job(request, job, list_url("uploads_validationerror", vendor=vendor_id))
    if request.method == "POST":
        messages.error(request, SAY_WHAT)
    shown = list(examples(selection)[:EXAMPLES])
    found = {
        "title": "Mend all rows that share a wrong value",
        "selection": selection,
        "shown": visible(selection.wrong_value),
        "label": LABELS[selection.field],
        "upload_id": upload_id,
        "may_keep": may_keep(request),
        "of_vendor": failed_rows.count(selection),
        "of_upload": failed_rows.count(replace(selection, upload_id=upload_id)) if upload_id else 0,
        "examples": shown,
        "suggestion": right or next((example.suggestion for example in shown if example.suggestion), ""),
        "categories": categories() if selection.field == "category" else [],
        "back": list_url("uploads_validationerror", vendor=selection.vendor_id),
    }
    return TemplateResponse(request, "admin/uploads/cluster.html", context | found)


def _known(vendor_id: str, upload_id: str) -> bool:
    """Whether there is such a vendor, and such an upload of it if one is named."""
    uploads = UploadHistory.objects.filter(vendor_id=vendor_id)
    return Vendor.objects.filter(pk=vendor_id).exists() and (not upload_id or uploads.filter(pk=upload_id).exists())


def start_mending(
    request: HttpRequest, selection: Selection, right: str, keep: bool, upload: UploadHistory | None = None
) -> Job:
    """Put the right value in the place of the wrong one as a job, and perhaps keep it as a rule.

    Noted in the admin's log at the upload, or at the vendor where it is about all its uploads and none is named.
    """
    job = retry.start(selection, request.user, right, keep_as_rule=keep)
    rule = ", and kept it as a rule" if keep else ""
    said = f"Mended {job.total:,} rows: {selection.field} “{selection.wrong_value}” → “{right}”{rule}."
    log_change(request, upload or job.upload or Vendor.objects.get(pk=selection.vendor_id), said)
    return job


def may_keep(request: HttpRequest) -> bool:
    """Whether the user may make a rule, or change the one that there is."""
    return request.user.has_perms(["uploads.add_valuerule", "uploads.change_valuerule"])


def examples(selection: Selection) -> "QuerySet[ValidationError]":
    """The open problems of a vendor with this wrong value, newest first (idx_validation_errors_value)."""
    return (
        ValidationError.objects.alias(folded=Lower("wrong_value"))
        .filter(vendor_id=selection.vendor_id, field=selection.field, resolved_at=None)
        .filter(folded=Lower(Value(selection.wrong_value)))
        .order_by("-error_id")
    )
