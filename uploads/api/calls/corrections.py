"""Failed rows that a program corrects, or has tried again as they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Status
from pydantic import Field

from catalog.rules.fields import READ
from uploads.api import row_outcomes
from uploads.api.base import Token
from uploads.api.calls.feeds import found
from uploads.api.calls.rows import ProblemOfRow, problem_out, router
from uploads.api.feed_out import FeedOut, out
from uploads.api.problems import Problem
from uploads.api.shapes import ON_ONE, Answered, Sent
from uploads.aws.records import storable
from uploads.corrections import correct, failed_rows, retry
from uploads.corrections.correct import Change
from uploads.corrections.failed_rows import Selection
from uploads.corrections.retry import NotRetriable
from uploads.models import UploadHistory, ValidationError
from vendors.models import ApiToken

__all__ = ["router"]

WRITE: Final = Token(ApiToken.Scope.FEEDS_WRITE)
MOST: Final = 500  # rows of a call
CELL_CHARS: Final = 20_000
WITHOUT_NUL: Final = r"^[^\x00]*$"  # PostgreSQL can't store it, nor compare with it


class RowChange(Sent):
    """A row, by its number or its record, and the cells that are to be others."""

    row: int | None = Field(None, ge=1, le=2**31 - 1)
    record_id: str = Field("", max_length=255)
    fields: dict[str, str] = Field(..., min_length=1, max_length=len(READ), description="Column → cell.")


class RowChanges(Sent):
    """Rows to be corrected, of one feed."""

    rows: list[RowChange] = Field(..., min_length=1, max_length=MOST)


class Corrected(Answered):
    """What became of a row: inserted, updated, unchanged, skipped or superseded; error, with what is wrong now;
    not_changed, where the cells were like that; not_open, where the row has no error that waits."""

    row: int | None
    record_id: str | None
    outcome: str
    problems: list[ProblemOfRow]


class CorrectedOut(Answered):
    """One for each row that was sent, in the same order."""

    rows: list[Corrected]


class Retry(Sent):
    """Which rows: with errors of these codes, or all."""

    codes: list[Annotated[str, Field(max_length=50, pattern=WITHOUT_NUL)]] = Field([], max_length=100)


@dataclass(frozen=True)
class _Known:
    """A row that was asked about, and what is open of it."""

    asked: RowChange
    record_id: str = ""


@router.patch(
    "feeds/{path:feed_id}/rows", auth=WRITE, response={200: CorrectedOut, **ON_ONE}, url_name="correct",
    summary="Correct failed rows, and try them again",
)  # fmt: skip
def correct_rows(request: HttpRequest, feed_id: str, body: RowChanges) -> CorrectedOut:
    """At most 500 rows. Each is judged and committed as the answer says; those before one that can't be stay so."""
    upload = _upload(request, feed_id)
    for number, one in enumerate(body.rows):
        _refuse_unknown(number, one)
    known = [_Known(one, record) for one, record in zip(body.rows, _records(upload, body.rows), strict=True)]
    outcomes: dict[str, str] = {}
    once = _once(known)
    for start in range(0, len(once), correct.PAGE_ROWS):
        some = once[start : start + correct.PAGE_ROWS]
        attempts = {row.record_id: row.attempt for row in failed_rows.of(upload.pk, [one.record_id for one in some])}
        changes = [
            Change(one.record_id, attempts[one.record_id], {k: storable(v) for k, v in one.asked.fields.items()})
            for one in some
            if one.record_id in attempts
        ]
        try:
            tried = correct.correct_rows(upload.pk, changes, None)
        except NotRetriable as error:
            raise Problem("conflict", str(error)) from error
        outcomes |= {change.record_id: "not_changed" for change in changes}
        outcomes |= {outcome.record_id: outcome.outcome for outcome in tried.outcomes}
    wrong = row_outcomes.open_problems(upload, [record for record, came in outcomes.items() if came == "error"])
    return CorrectedOut(rows=[_corrected(one, outcomes, wrong) for one in known])


@router.post("feeds/{path:feed_id}/retry", auth=WRITE, response={202: FeedOut, **ON_ONE}, url_name="retry",
             summary="Try failed rows again as they are")  # fmt: skip
def retry_rows(request: HttpRequest, feed_id: str, body: Retry) -> Status[FeedOut]:
    """For what has changed on our side since: a category, a rule, a SKU that is free now. The counts of the feed move
    as the rows are tried."""
    upload = _upload(request, feed_id)
    if why := failed_rows.why_none(upload) or failed_rows.why_no_retry(upload.vendor, "The vendor"):
        raise Problem("conflict", why)
    retry.start(Selection(upload_id=upload.pk, vendor_id=upload.vendor_id, codes=tuple(body.codes)), None)
    return Status(202, out(*found(request, feed_id)))


def _upload(request: HttpRequest, feed_id: str) -> UploadHistory:
    _, upload = found(request, feed_id)
    if upload is None:
        raise Problem("conflict", "This feed has no rows yet.")
    if upload.rows_deleted_at:
        raise Problem("gone", "Its rows were deleted by their age.")
    return upload


def _refuse_unknown(number: int, one: RowChange) -> None:
    wrong = [
        {"field": f"rows.{number}.fields.{name}", "message": f"No column; there are {', '.join(READ)}."}
        for name in one.fields if name not in READ
    ] + [
        {"field": f"rows.{number}.fields.{name}", "message": f"It has more than {CELL_CHARS:,} characters."}
        for name, cell in one.fields.items() if len(cell) > CELL_CHARS
    ]  # fmt: skip
    if (one.row is None) == (not one.record_id):
        wrong.append({"field": f"rows.{number}", "message": "Name the row by `row`, or by `record_id`."})
    if wrong:
        raise Problem("invalid", errors=wrong)


def _records(upload: UploadHistory, asked: Sequence[RowChange]) -> list[str]:
    """The record of each row that has an open error; "" for the others."""
    rows = [one.row for one in asked if one.row is not None]
    open_errors = ValidationError.objects.errors().filter(upload=upload, resolved_at=None, row_number__in=rows)
    of_rows = dict(open_errors.order_by("-error_id").values_list("row_number", "record_id")[: MOST * 100])
    return [storable(one.record_id) if one.row is None else of_rows.get(one.row, "") for one in asked]


def _once(known: Iterable[_Known]) -> list[_Known]:
    """Each record once: of a row that was sent twice the last."""
    return list({one.record_id: one for one in known if one.record_id}.values())


def _corrected(one: _Known, outcomes: dict[str, str], wrong: dict[str, list[Any]]) -> Corrected:
    return Corrected(
        row=one.asked.row,
        record_id=one.record_id or None,
        outcome=outcomes.get(one.record_id, "not_open"),
        problems=[problem_out(problem) for problem in wrong.get(one.record_id, [])],
    )
