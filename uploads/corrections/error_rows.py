"""The open errors of one upload as people correct them: the kinds there are, and the rows of a kind, page by page.

Both through idx_validation_errors_kind: no more than COUNTED problems of a kind are looked at (progress.py), so an
upload with a million errors opens like one with a thousand. A page begins behind the last row of the one before, so
that rows that are corrected meanwhile push none of the others past it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from psycopg.sql import SQL, Identifier

from catalog.rules.explained import explained, waits_for
from catalog.rules.fields import LABELS, READ
from catalog.rules.places import in_file, place
from catalog.rules.problems import Problem, label_of
from config.web.text import visible
from uploads.corrections import failed_rows
from uploads.corrections.correct import PAGE_ROWS
from uploads.corrections.failed_rows import FailedRow
from uploads.insight import progress
from uploads.insight.progress import FIRST_OF_KIND, OPEN_KINDS
from uploads.models import UploadHistory, ValidationError

SHOWN_CHARS = 80  # of a cell that isn't wrong
NAMES = ("vendor_product_id", "product_name", "sku")


@dataclass(frozen=True)
class OpenKind:
    """One kind of error of an upload: how many rows have it, and the first as an example."""

    code: str
    rows: int
    row_number: int
    line_number: int | None
    message: str
    suggestion: str
    more: bool = False  # than `rows`
    sheet: str = ""

    @property
    def label(self) -> str:
        return visible(label_of(self.code))

    @property
    def explained(self) -> str:
        return explained(self.code)

    @property
    def waits(self) -> str:
        """When its rows are retried by themselves, where the vendor wants that; "" for never."""
        return waits_for([self.code])

    @property
    def place(self) -> str:
        return place(self.row_number, self.line_number, self.sheet)


def _row(upload: UploadHistory) -> str:
    """What tells rows apart: numbers do it faster than names, but records of other programs may all have 0."""
    return "row_number" if upload.source == UploadHistory.Source.FILE else "record_id"


def kinds(upload: UploadHistory) -> list[OpenKind]:
    """The kinds of open errors, the one with most rows first; of each, COUNTED problems are looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                """
            {kinds}
            SELECT c.code, n.rows, first.row_number, first.line_number, first.error_message, first.suggestion,
                   n.problems > %(most)s, %(sheet)s::text
              FROM codes c
             CROSS JOIN LATERAL (
                   SELECT count(DISTINCT {row}) AS rows, count(*) AS problems
                     FROM (SELECT row_number, record_id FROM validation_errors e
                            WHERE e.upload_id = %(upload)s AND e.severity = %(severity)s AND e.resolved_at IS NULL
                              AND e.error_type = c.code
                            ORDER BY e.row_number LIMIT %(most)s + 1) looked_at) n
             {first}
             ORDER BY n.rows DESC, c.code
            """
            ).format(kinds=OPEN_KINDS, row=Identifier(_row(upload)), first=FIRST_OF_KIND),
            {"upload": upload.pk, "most": progress.COUNTED, "severity": "error", "sheet": upload.sheet},
        )
        return [OpenKind(code, min(rows, progress.COUNTED), *others) for code, rows, *others in cursor.fetchall()]


def kind(upload: UploadHistory, code: str) -> OpenKind | None:
    """One kind, its rows counted up to COUNTED; None if no row has it (any more)."""
    problems = ValidationError.objects.errors().filter(upload=upload, resolved_at=None, error_type=code)
    first = problems.order_by("row_number", "error_id").first()
    if first is None:
        return None
    rows = problems.order_by().values(_row(upload)).distinct()[: progress.COUNTED + 1].count()
    return OpenKind(
        code, min(rows, progress.COUNTED), first.row_number, first.line_number, first.error_message, first.suggestion,
        more=rows > progress.COUNTED, sheet=upload.sheet,
    )  # fmt: skip


# --- the rows of a kind ----------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """A cell of a failed row. `shown` has its invisible characters spelled out; a wrong one is an input, `name`."""

    field: str
    label: str
    name: str
    value: str
    shown: str
    wrong: bool
    long: bool
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ShownRow:
    """A failed row as the table shows it. `error_id` is one of its problems, by which the form names the row;
    `in_file` says where it stands there, `about` which product it is.
    """

    number: int
    in_file: str
    error_id: int
    row: FailedRow
    cells: Mapping[str, Cell]
    of_the_row: tuple[Problem, ...]
    why_not: str

    @property
    def about(self) -> str:
        """What of the row tells people which product it is: of these cells those that are right."""
        cells = [self.cells[field] for field in NAMES if field in self.cells]
        return " · ".join(dict.fromkeys(cell.shown for cell in cells if cell.value.strip() and not cell.wrong))

    @property
    def others(self) -> list[Cell]:
        """The cells that have something and nothing wrong, for who wants to see all of the row."""
        return [cell for cell in self.cells.values() if cell.value.strip() and not cell.wrong]


@dataclass(frozen=True)
class RowsPage:
    """Rows of one kind. `fields` are the columns: those with a cell to correct; `after` begins the next page."""

    lines: tuple[ShownRow, ...]
    fields: tuple[tuple[str, str], ...]
    after: str
    suggestions: bool


def page(upload: UploadHistory, code: str, after: str = "", fill: bool = False) -> RowsPage:
    """The rows with an open error of this kind behind `after`; `fill` puts the suggestions into the wrong cells."""
    found = _keys(upload, code, after)
    shown = {record_id: error_id for _, record_id, error_id in found[:PAGE_ROWS]}
    rows = failed_rows.of(upload.pk, shown)
    lines = tuple(_line(n, shown[row.record_id], row, upload, fill) for n, row in enumerate(rows))
    wrong = {cell.field for line in lines for cell in line.cells.values() if cell.wrong or cell.problems}
    order = [field for field in READ if field in wrong]
    more = len(found) > PAGE_ROWS
    return RowsPage(
        lines,
        tuple((field, LABELS[field][0].upper() + LABELS[field][1:]) for field in order),
        "{}-{}".format(*found[PAGE_ROWS - 1][:2]) if more else "",
        any(usable(problem) for line in lines for problem in line.row.problems),
    )


def _keys(upload: UploadHistory, code: str, after: str) -> list[tuple[int, str, int]]:
    """(row, record, error) of a page, and one more if there are more."""
    number, _, record_id = after.partition("-")
    row = min(int(number[:10]), 2**31 - 1) if number.isdecimal() else -1  # Python refuses thousands of digits
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT row_number, record_id, min(error_id)
              FROM validation_errors
             WHERE upload_id = %s AND severity = 'error' AND resolved_at IS NULL AND error_type = %s
               AND row_number >= %s AND (row_number, record_id) > (%s, %s)
             GROUP BY row_number, record_id
             ORDER BY row_number, record_id
             LIMIT %s
            """,
            [upload.pk, code, row, row, record_id, PAGE_ROWS + 1],
        )
        return list(cursor.fetchall())


def _line(number: int, error_id: int, row: FailedRow, upload: UploadHistory, fill: bool) -> ShownRow:
    why_not, headers = failed_rows.why_not(row, upload), failed_rows.fields_of(upload, row)
    cells = failed_rows.cells(row, upload)
    # Two fields may stand in one column, which is shown once: what is wrong with either is wrong with its cell.
    place = {header: field for field, header, _ in cells}
    found = {field: place.get(headers.get(field, "")) for field in READ}
    problems = [(found.get(problem.field), problem) for problem in row.problems]
    return ShownRow(
        number, in_file(row.line_number, upload.sheet), error_id, row,
        {
            field: _cell(
                f"{number}-{field}", field, value, tuple(problem for at, problem in problems if at == field),
                fill=fill, wrong=not why_not and bool(row.raw or any(at == field for at, _ in problems)),
            )
            for field, _, value in cells
        },
        tuple(problem for at, problem in problems if at is None),
        why_not,
    )  # fmt: skip


def _cell(name: str, field: str, value: str, problems: tuple[Problem, ...], *, fill: bool, wrong: bool) -> Cell:
    suggested = next((problem.suggestion for problem in problems if usable(problem)), "") if fill and wrong else ""
    shown = visible(value if problems else value[:SHOWN_CHARS] + "…" * (len(value) > SHOWN_CHARS))
    long = field == "description" or len(value) > SHOWN_CHARS or "\n" in value or "\r" in value
    return Cell(field, LABELS[field], name, suggested or value, shown, wrong, long, problems)


def usable(problem: Problem) -> bool:
    """Whether the suggestion is what the cell should say, not one of two things or advice about the row."""
    return bool(problem.suggestion) and problem.field in READ and " or " not in problem.suggestion


def records(upload: UploadHistory, error_ids: Iterable[int]) -> dict[int, str]:
    """error → record, for errors of this upload."""
    return dict(ValidationError.objects.errors().filter(upload=upload, pk__in=error_ids).values_list("pk", "record_id"))
