"""The failed rows of an upload that wait for nobody any more: those that are ignored, and those that have closed.

A page begins behind the last row of the one before (idx_validation_errors_settled).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.db.models import Q, QuerySet

from catalog.rules.places import place
from catalog.rules.problems import label_of
from config.web.text import visible
from uploads.corrections.failed_rows import Key
from uploads.models import UploadHistory, ValidationError
from vendors import members

PAGE_ROWS = 100
Resolution = ValidationError.Resolution
STATES = {"ignored": [Resolution.IGNORED], "closed": [Resolution.NEWER_UPLOAD, Resolution.BY_HAND]}


@dataclass(frozen=True)
class SettledRow:
    """One row: where it stands, what was wrong with it, and why it is settled. `by` is the upload that closed it."""

    error_id: int
    place: str
    problems: tuple[tuple[str, str], ...]
    said: str
    at: datetime | None
    by: UploadHistory | None


@dataclass(frozen=True)
class Page:
    rows: tuple[SettledRow, ...]
    after: str


def page(upload: UploadHistory, state: str, after: str = "") -> Page:
    """The rows in one of STATES behind `after`."""
    number, _, record_id = after.partition("-")
    row = min(int(number[:10]), 2**31 - 1) if number.isdecimal() else -1
    problems = _problems(upload, STATES[state])
    behind = Q(row_number__gt=row) | Q(row_number=row, record_id__gt=record_id)
    ordered = problems.filter(behind).order_by("row_number", "record_id").values_list("row_number", "record_id")
    rows = list(ordered.distinct()[: PAGE_ROWS + 1])
    shown = rows[:PAGE_ROWS]
    found = problems.filter(row_number__in={one for one, _ in shown}).select_related("resolved_by")
    grouped = groupby(found, key=lambda one: (one.row_number, one.record_id))
    lines = {key: list(group) for key, group in grouped}
    uploads = UploadHistory.objects.filter(vendor_id=upload.vendor_id).in_bulk(
        {one.closed_by for group in lines.values() for one in group if one.closed_by}
    )
    return Page(
        tuple(_row(lines[key], upload, uploads) for key in shown if key in lines),
        "{}-{}".format(*shown[-1]) if len(rows) > PAGE_ROWS else "",
    )


def _problems(upload: UploadHistory, resolutions: list[Resolution]) -> "QuerySet[ValidationError]":
    problems = ValidationError.objects.errors().filter(upload=upload, resolution__in=resolutions)
    return problems.order_by("row_number", "record_id", "error_id")


def _row(problems: list[ValidationError], upload: UploadHistory, uploads: dict[str, UploadHistory]) -> SettledRow:
    first = problems[0]
    return SettledRow(
        first.pk,
        place(first.row_number, first.line_number, upload.sheet),
        tuple((visible(label_of(one.error_type)), visible(one.error_message)) for one in problems),
        _said(first, uploads.get(first.closed_by)),
        first.resolved_at,
        uploads.get(first.closed_by),
    )


def _said(error: ValidationError, by: UploadHistory | None) -> str:
    """Why it is settled, as its vendor is told."""
    who = error.resolved_by
    name = "" if who is None else " by our staff" if who.is_staff else f" by {members.shown(who)}"
    if error.resolution == Resolution.IGNORED:
        return f"Ignored{name}"
    if error.resolution == Resolution.BY_HAND:
        return f"The product was changed{name or ' by hand'}"
    return "A newer file brought this product" if by else f"{error.closed_by} brought this product"


def keys(upload: UploadHistory, error_ids: Iterable[int]) -> list[Key]:
    """The ignored rows of the upload that these errors are of."""
    found = ValidationError.objects.errors().filter(upload=upload, pk__in=error_ids, resolution=Resolution.IGNORED)
    return [Key(upload.pk, *row, upload.vendor_id) for row in found.values_list("row_number", "record_id").distinct()]
