"""Correcting one failed row in the admin, and retrying it at once."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst

from catalog.category_tree import active_categories
from catalog.rules.fields import LABELS, READ
from catalog.rules.places import place
from catalog.rules.problems import Code, Problem
from config.web.admin_log import log_change
from config.web.links import FILTERS, keeping, list_as_it_was, page_url
from config.web.text import visible
from uploads.aws.records import storable
from uploads.corrections import correct, failed_rows
from uploads.corrections.retry import NotRetriable
from uploads.corrections.wrong_values import CLASHES, OWN
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline import ledger
from uploads.staff.mending import values_url


class FormCell(NamedTuple):
    """A cell of the form: what it is called here and in the file, what stands in it, and what is wrong with it; and
    where the wrong values of its field are corrected in all rows."""

    field: str
    label: str
    header: str
    value: str
    shown: str  # `value` with invisible characters spelled out, where there are any
    problems: list[Problem]
    values_url: str


def row_page(request: HttpRequest, error: ValidationError, context: dict[str, Any]) -> HttpResponseBase:
    """Correct a failed row and retry it. Answers with the form, or leads on to the next failed row."""
    row = failed_rows.one(error.upload_id, error.record_id)
    if row is None:
        messages.info(request, "This row has no open errors.")
        return redirect(keeping(request, page_url("uploads_validationerror", error.pk)))
    upload = UploadHistory.objects.get(pk=error.upload_id)
    why_not = failed_rows.why_not(row, upload)
    if request.method == "POST" and not why_not:
        answer = _try(request, row, upload)
        if answer is not None:
            return answer
        row = failed_rows.one(error.upload_id, error.record_id) or row
    where = place(row.row_number, row.line_number, upload.sheet)
    found = {
        "title": f"{capfirst(where)} of {upload.file_name}",
        "place": where,
        "upload": upload,
        "row": row,
        "why_not": why_not,
        "cells": _cells(row, upload),
        "of_the_row": [problem for problem in row.problems if problem.field not in READ],
        "categories": active_categories(),
        "suggested": {problem.field: problem.suggestion for problem in row.problems if problem.suggestion},
    }
    return TemplateResponse(request, "uploads/staff/correct.html", context | found)


def _try(request: HttpRequest, row: failed_rows.FailedRow, upload: UploadHistory) -> HttpResponseBase | None:
    """Try the row with the cells of the form; None when the form is to be shown again."""
    headers = [header for _, header, _ in failed_rows.cells(row, upload)]
    posted = {header: request.POST.get(f"cell-{n}") for n, header in enumerate(headers)}
    values = {header: storable(cell) for header, cell in posted.items() if cell is not None}
    attempt = request.POST.get("attempt", "")
    try:
        outcome = correct.correct(
            row.upload_id, row.record_id, int(attempt) if attempt.isdecimal() else 0, values, request.user
        )
    except NotRetriable as error:
        messages.error(request, str(error))
        return None
    where = place(row.row_number, row.line_number, upload.sheet)
    log_change(request.user, upload, f"Corrected {where}: {_changed(row, values)}.")
    if outcome.outcome == "error":
        messages.warning(request, f"{capfirst(where)} still has problems.")
        return None
    messages.success(request, f"{capfirst(where)} is {in_words(outcome)}.")
    return redirect(_next_url(request, row))


def _changed(row: failed_rows.FailedRow, values: Mapping[str, str]) -> str:
    """Which cells were changed, for the log; from what to what stands in `corrections`."""
    changed = [header for header, value in values.items() if (row.data.get(header) or "") != value]
    return ", ".join(changed) or "retried as it was"


def in_words(outcome: ledger.Outcome) -> str:
    words = {
        "inserted": "in the catalog now, as a new product",
        "updated": "in the catalog now",
        "unchanged": "right now; the product was the same already",
        "superseded": "right now, but a newer upload has changed the product since, and that stays",
        "skipped": "right now, but the upload was sent to leave such products alone, and so it did",
    }
    return words[outcome.outcome]


def _next_url(request: HttpRequest, row: failed_rows.FailedRow) -> str:
    """Where to go on: the next failed row of the upload; after the last the list that was filtered, or the upload."""
    following = (
        ValidationError.objects.errors()
        .filter(upload_id=row.upload_id, row_number__gt=row.row_number, resolved_at=None)
        .order_by("row_number", "error_id")
        .first()
    )
    if following is None:
        listed = list_as_it_was(request, "uploads_validationerror")
        return listed if FILTERS in request.GET else page_url("uploads_uploadhistory", row.upload_id)
    return keeping(request, reverse("admin:uploads_validationerror_correct", args=[following.pk]))


def _cells(row: failed_rows.FailedRow, upload: UploadHistory) -> list[FormCell]:
    return [
        FormCell(
            field, LABELS[field], header, value, visible(value) if visible(value) != value else "",
            problems := [problem for problem in row.problems if problem.field == field],
            values_url(field, upload=upload.pk) if any(_shared(problem) for problem in problems) else "",
        )
        for field, header, value in failed_rows.cells(row, upload)
    ]  # fmt: skip


def _shared(problem: Problem) -> bool:
    """Whether one right value for several rows makes sense."""
    return problem.code not in CLASHES and (problem.code != Code.MISSING_VALUE or problem.field not in OWN)
