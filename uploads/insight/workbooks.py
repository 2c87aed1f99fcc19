"""The workbooks that people fill in or correct and send back: an upload's failed rows, and the catalog.

Their headers are in words, categories are chosen from a list, and what comes back as it was changes nothing. The failed
rows begin with the reason; wrong cells are red, with the reason as a note, and what was taken from another row is grey.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import IO, Final

from catalog.category_tree import active_categories
from catalog.rules.fields import LABELS, READ
from catalog.rules.problems import label_of
from config.web import spreadsheet
from config.web.workbooks.table import DERIVED, NOTES, WRONG, Choices, Column, Marked, table
from config.web.workbooks.writing import TEXT
from uploads.feed.parser import Layout
from uploads.feed.sheets.handed_out import (
    CATALOG_COLUMN,
    CATEGORY_SHEET,
    CURRENCY_COLUMN,
    FIELDS_IN_WORDS,
    IN_WORDS,
    LINE_COLUMN,
    READ_AS_COLUMN,
)
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline.report import About, Reported, about_report, reported

SHEET: Final = "Products"
FAILED_SHEET: Final = "Rows to correct"
# The number format of cells that are still to be filled in, where they aren't texts.
SHAPES: Final = {"price": "0.00", "stock_quantity": "0"}
FIRST: Final = ("error_message", "error_suggestion")
LAST: Final = ("error_field", "error_code", "row_number", LINE_COLUMN, "error_severity")
ABOUT_REPORT: Final = (
    "Correct the red cells, save, and upload this file as it is. The columns with what is wrong are passed over when "
    f"it comes back. The first {NOTES:,} red cells have the reason as a note. Grey cells were empty in your file: what "
    "stands there came from another row."
)
# Numbers that come back as the very same text.
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,8}")
_PRICE: Final = re.compile(r"(?:0|-?[1-9][0-9]{0,7})(?:\.[0-9]{2})?")


def choices() -> Choices:
    """The categories that take products."""
    return Choices(CATEGORY_SHEET, active_categories(), "This isn't one of our categories. Keep it all the same?")


def column_of(field: str, about: str = "") -> Column:
    """The column of a field in a workbook that has our own."""
    return Column(FIELDS_IN_WORDS[field], about, SHAPES.get(field, TEXT), chosen=field == "category")


# --- the catalog -----------------------------------------------------------------------------------------------


def of_catalog(rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """Rows with what can be READ in its order, harmless in a spreadsheet, and when each was changed last."""
    columns = [*map(column_of, READ), Column(IN_WORDS[CATALOG_COLUMN])]
    return table(columns, rows, SHEET, choices())


# --- failed rows -----------------------------------------------------------------------------------------------


def of_report(upload: UploadHistory) -> IO[bytes]:
    """The failed rows as they are to be corrected: what is wrong, the file's own columns, and what else we know."""
    about = about_report(upload)
    read = _columns_of(about.layout)
    last = [*([READ_AS_COLUMN] if about.derives else []), *LAST]
    columns = [
        Column(IN_WORDS[FIRST[0]], ABOUT_REPORT, wrapped=True),
        Column(IN_WORDS[FIRST[1]]),
        *(Column(spreadsheet.guard(one), chosen=one in read.get("category", ())) for one in about.headers),
        *([Column(IN_WORDS[CURRENCY_COLUMN])] if about.currency else []),
        *(Column(IN_WORDS[one], wrapped=one == READ_AS_COLUMN) for one in last),
    ]
    rows = (_row(row, about, read, last) for row in reported(upload, about))
    return table(columns, rows, FAILED_SHEET, choices())


def _row(row: Reported, about: About, read: Mapping[str, Sequence[str]], last: Sequence[str]) -> list[object]:
    wrong = _wrong_cells(row, read)
    numbers = dict.fromkeys(read.get("price", ()), _PRICE)
    numbers |= dict.fromkeys(read.get("stock_quantity", ()), _WHOLE)
    words = _in_words(row)
    cells: list[object] = [spreadsheet.guard(words[name]) for name in FIRST]
    for header in about.headers:
        cell = row.cells.get(header) or ""
        shape = numbers.get(header)
        value = Decimal(cell) if shape and shape.fullmatch(cell) else spreadsheet.guard(cell)
        if header in wrong:
            cells.append(Marked(value, WRONG, wrong[header]))
        else:
            cells.append(Marked(value, DERIVED) if header in row.filled else value)
    said = ((name, words[name]) for name in last)
    numbered = ("row_number", LINE_COLUMN)
    return [
        *cells, *([about.currency] if about.currency else []),
        *(int(text) if name in numbered and text else spreadsheet.guard(text) for name, text in said),
    ]  # fmt: skip


def _in_words(row: Reported) -> dict[str, str]:
    """What our columns say, in people's words for fields and errors; of several suggestions, for what each is."""
    fields = {problem.field or "" for problem in row.problems if problem.suggestion}
    suggested = [
        f"{LABELS.get(problem.field or '', problem.field)}: {problem.suggestion}"
        if len(fields) > 1
        else problem.suggestion
        for problem in row.problems
        if problem.suggestion
    ]
    wrong = [LABELS.get(problem.field or "", problem.field or "") for problem in row.problems if problem.field]
    kinds = [str(label_of(problem.error_type)) for problem in row.problems]
    found = {"error_suggestion": suggested, "error_field": wrong, "error_code": kinds}
    return {**row.said, **{name: "; ".join(dict.fromkeys(words)) for name, words in found.items()}}


def _columns_of(layout: Layout | None) -> Mapping[str, Sequence[str]]:
    """Field → the columns that it is read from."""
    if layout is None:
        return {field: (field,) for field in READ}
    if layout.plan and not layout.plan.ours:
        return layout.plan.columns
    return {field: (header,) for field, header in layout.mapping.fields.items()}


def _wrong_cells(row: Reported, read: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Header → why its cell is wrong. Of several columns of a field the first with anything in it counts, as in
    reading; a field without a column has no cell."""
    if not row.cells:
        return {}
    why: dict[str, list[str]] = {}
    for problem in row.problems:
        columns = read.get(problem.field or "", ())
        if columns:
            header = next((one for one in columns if (row.cells.get(one) or "").strip()), columns[0])
            why.setdefault(header, []).append(_note(problem))
    return {header: "\n".join(dict.fromkeys(notes)) for header, notes in why.items()}


def _note(problem: ValidationError) -> str:
    suggestion = problem.suggestion or ""
    return problem.error_message + (
        f" ({suggestion})" if suggestion and suggestion not in problem.error_message else ""
    )
