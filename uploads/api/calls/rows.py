"""What became of each row of a feed, and its failed rows as a file."""

from collections.abc import Callable
from typing import Final, Literal

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from ninja import Query, Router
from pydantic import Field

from config.web.links import site_url
from config.web.workbooks.writing import NotForExcel
from uploads.api import cursors, problems, row_outcomes
from uploads.api.base import Token
from uploads.api.calls.feeds import found
from uploads.api.problems import Problem
from uploads.api.row_outcomes import RowOutcome, Wanted
from uploads.api.samples import explained
from uploads.api.shapes import PROBLEMS, Answered, ProblemOut, Sent
from uploads.aws.storage import FileMissing, StorageUnavailable
from uploads.insight import downloads
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from vendors.models import ApiToken

router = Router(tags=["rows"])
READ: Final = Token(ApiToken.Scope.FEEDS_READ)
SALT: Final = "uploads.api.calls.rows"
FILE_SECONDS: Final = 300
WARNINGS: Final = "warnings"
GONE = "Its rows were deleted by their age. What was counted stays."
NO_ROWS = "This feed has no rows yet."


class RowsAsked(Sent):
    """Which rows, and where to go on."""

    outcome: RecordOutcome.Outcome | None = None
    code: str = Field("", max_length=50, description="A kind of problem, as GET error-codes lists them.")
    severity: ValidationError.Severity | None = None
    cursor: str = Field("", max_length=cursors.CURSOR_CHARS, description="`next_cursor` of the page before.")
    limit: int = Field(cursors.USUAL, ge=1, le=cursors.MOST)


class ReportAsked(Sent):
    """Which rows a file has."""

    severity: ValidationError.Severity = ValidationError.Severity.ERROR


class ProblemOfRow(Answered):
    """What is wrong with a row."""

    field: str
    code: str
    severity: str
    message: str
    suggestion: str
    value: str
    explained: str


class RowOut(Answered):
    """One row: `row` counts from 1, `line` is where it begins in the file. `state` says of a row with errors whether it
    waits for somebody: open, ignored or closed."""

    row: int
    line: int | None
    record_id: str
    outcome: str
    state: str | None
    vendor_product_id: str | None
    problems: list[ProblemOfRow]


class RowsOut(Answered):
    """A page. It may have fewer rows than asked for, and none: there are more as long as there is a `next_cursor`."""

    rows: list[RowOut]
    next_cursor: str | None


@router.get(
    "feeds/{path:feed_id}/rows", auth=READ, response={200: RowsOut, 404: ProblemOut, 410: ProblemOut, **PROBLEMS},
    url_name="rows", summary="What became of each row",
)  # fmt: skip
def rows(request: HttpRequest, feed_id: str, asked: Query[RowsAsked]) -> RowsOut:
    """Of a row with several attempts the newest."""
    _, upload = found(request, feed_id)
    if upload is None:
        return RowsOut(rows=[], next_cursor=None)
    if upload.rows_deleted_at:
        raise Problem("gone", GONE)
    wanted = Wanted(asked.outcome or "", asked.code, asked.severity or "")
    shape: tuple[type, ...] = (int, str) if wanted.by_problem else (str,)
    behind = cursors.decode(asked.cursor, shape) if asked.cursor else None
    page = row_outcomes.page(upload, wanted, behind, asked.limit)
    return RowsOut(
        rows=[row_out(one) for one in page.rows], next_cursor=cursors.encode(page.behind) if page.behind else None
    )


def row_out(row: RowOutcome) -> RowOut:
    return RowOut(
        row=row.row, line=row.line, record_id=row.record_id, outcome=row.outcome, state=row.state or None,
        vendor_product_id=row.vendor_product_id, problems=[problem_out(one) for one in row.problems],
    )  # fmt: skip


def problem_out(problem: ValidationError) -> ProblemOfRow:
    return ProblemOfRow(
        field=problem.field, code=problem.error_type, severity=problem.severity, message=problem.error_message,
        suggestion=problem.suggestion, value=problem.wrong_value,
        explained=explained(problem.error_type),
    )  # fmt: skip


# --- as a file -------------------------------------------------------------------------------------------------


@router.get(
    "feeds/{path:feed_id}/report.{format}", auth=READ,
    response={303: None, 404: ProblemOut, 409: ProblemOut, 410: ProblemOut, **PROBLEMS},
    url_name="report", summary="Its failed rows as a file, to be corrected and sent again; or its warnings",
)  # fmt: skip
def report(
    request: HttpRequest, feed_id: str, format: Literal["csv", "xlsx", "jsonl"], asked: Query[ReportAsked]
) -> HttpResponse:
    """Leads to an address that works for five minutes, without a token. With `severity=warning` it has the rows with
    warnings, as CSV."""
    _, upload = found(request, feed_id)
    if upload is None:
        raise Problem("conflict", NO_ROWS)
    warnings = asked.severity == ValidationError.Severity.WARNING
    if warnings and format != "csv":
        raise Problem("invalid", errors=[{"field": "severity", "message": "Rows with warnings come as CSV only."}])
    if upload.rows_deleted_at and (warnings or not (format == "csv" and upload.error_report_key)):
        raise Problem("gone", GONE)
    signed = signing.dumps([upload.vendor_id, upload.pk, WARNINGS if warnings else format], salt=SALT)
    return HttpResponse(status=303, headers={"Location": site_url(reverse("api:file", args=[signed]))})


def file(request: HttpRequest, signed: str) -> HttpResponseBase:
    """The file that such an address is for."""
    try:
        vendor_id, upload_id, form = signing.loads(signed, salt=SALT, max_age=FILE_SECONDS)
        upload = UploadHistory.objects.get(pk=upload_id, vendor_id=vendor_id, vendor__status="active")
    except (signing.BadSignature, UploadHistory.DoesNotExist):
        return problems.response(Problem("not-found", "This address works for five minutes. Ask for the report anew."))
    try:
        return _FORMS[form](upload)
    except NotForExcel as error:
        return problems.response(Problem("conflict", str(error)))
    except (FileMissing, StorageUnavailable) as error:
        return problems.response(Problem("service-away", str(error), headers={"Retry-After": "10"}))


_FORMS: Final[dict[str, Callable[[UploadHistory], HttpResponseBase]]] = {
    "csv": downloads.report,
    "xlsx": downloads.report_xlsx,
    "jsonl": downloads.report_jsonl,
    WARNINGS: downloads.warnings_report,
}
