"""A sheet that helps whoever fills it in: one header that stays in sight, columns as wide as what is in them, cells to
choose from a list, and cells that are marked, with the reason as a note.

Texts are texts, and stay so when they are edited: 007 keeps its zeros. Numbers are numbers, with their decimals. Memory
doesn't grow with the rows: of notes, which are kept until the file is written, there are NOTES at most.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import partial
from typing import IO, Any, Final, NamedTuple

from config.web.workbooks.writing import TEXT, XLSX_ROWS, NotForExcel, further_sheet, put_text, workbook

NOTES: Final = 2_000  # of cells; those of the header come on top
NARROW, WIDE = 9, 48  # how many characters a column shows: at least and at most
NOTE_CHARS: Final = 1_000
NOTE_LINE: Final = 45  # characters
ALL_CELLS: Final = f"A1:XFD{XLSX_ROWS}"
WRONG, DERIVED = "wrong", "derived"
LOOKS: Final[dict[str, dict[str, object]]] = {
    "header": {"bold": True, "bg_color": "#DCE6F1", "bottom": 1},
    WRONG: {"bg_color": "#FFC7CE", "font_color": "#9C0006"},
    DERIVED: {"bg_color": "#EDEDED", "font_color": "#404040", "italic": True},
    "wrapped": {"text_wrap": True},
}
_NOT_IN_A_NOTE: Final = re.compile(r"[^\n\t -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|_(?=x[0-9A-Fa-f]{4}_)")


class Column(NamedTuple):
    """A column. `about` is a note on its header; `shape` the number format of cells that are still to be filled in;
    `chosen` says whether its cells are chosen from the list; a `wrapped` one shows its texts whole.
    """

    header: str
    about: str = ""
    shape: str = TEXT
    chosen: bool = False
    wrapped: bool = False


class Marked(NamedTuple):
    """A cell that is to be seen: WRONG or DERIVED, and why."""

    value: object
    mark: str
    note: str = ""


class Choices(NamedTuple):
    """What the cells of some columns are chosen from, on a sheet of its own; something else is asked about."""

    sheet: str
    values: Sequence[str]
    message: str


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    name: str | None = None,
    choices: Choices | None = None,
) -> IO[bytes]:
    """The rows, with a header above them, as an XLSX file on disk.

    Raises NotForExcel for a cell longer than a sheet's can be: it would be cut; and for too many rows.
    """
    return workbook(partial(_write, columns, rows, choices), name)


def _write(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], choices: Choices | None, book: Any, sheet: Any
) -> None:
    looks = _Looks(book)
    widths = [_width(column.header) + 2 for column in columns]
    for place, column in enumerate(columns):
        put_text(sheet, 0, place, column.header, looks.of(TEXT, "header"))
        if column.about:
            _note(sheet, 0, place, column.about)
    notes = NOTES
    number = 0
    for number, row in enumerate(rows, start=1):
        if number >= XLSX_ROWS:
            raise NotForExcel(f"An XLSX sheet holds {XLSX_ROWS:,} rows. Download the CSV.")
        for place, cell in enumerate(row):
            value, mark, note = cell if isinstance(cell, Marked) else (cell, "", "")
            _put(sheet, number, place, value, looks, mark or ("wrapped" if columns[place].wrapped else ""))
            widths[place] = max(widths[place], _width(value))
            if note and notes:
                notes -= 1
                _note(sheet, number, place, note)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, min(max(widths[place], NARROW), WIDE), looks.of(column.shape))
    sheet.freeze_panes(1, 0)
    sheet.ignore_errors({"number_stored_as_text": ALL_CELLS})  # no warning in each cell that is a text on purpose
    if choices and choices.values:
        _offer(book, sheet, columns, choices)


def _put(sheet: Any, row: int, place: int, value: object, looks: "_Looks", mark: str) -> None:
    if isinstance(value, str):
        put_text(sheet, row, place, value, looks.of(TEXT, mark))
    elif isinstance(value, Decimal) and value.is_finite():
        decimals = max(-int(value.as_tuple().exponent), 0)
        sheet.write_number(row, place, value, looks.of(f"0.{'0' * decimals}" if decimals else "0", mark))
    elif isinstance(value, int) and not isinstance(value, bool):
        sheet.write_number(row, place, value, looks.of("0", mark))
    else:
        sheet.write(row, place, value)


def _width(value: object) -> int:
    """How wide the first lines of a text are, or a value of another kind."""
    if isinstance(value, str):
        return max(map(len, value[: WIDE * 4].split("\n", 3)[:3])) + 1
    return len(str(value)) + 1


class _Looks:
    """The cell formats of a workbook, each made once."""

    def __init__(self, book: Any) -> None:
        self._book, self._made = book, dict[tuple[str, str], Any]()

    def of(self, shape: str, mark: str = "") -> Any:
        found = self._made.get((shape, mark))
        if found is None:
            look = {"num_format": shape, "valign": "top", **LOOKS.get(mark, {})}
            found = self._made[shape, mark] = self._book.add_format(look)
        return found


def _note(sheet: Any, row: int, place: int, text: str) -> None:
    text = _NOT_IN_A_NOTE.sub("\N{REPLACEMENT CHARACTER}", text[:NOTE_CHARS])
    lines = sum(len(line) // NOTE_LINE + 1 for line in text.split("\n"))
    sheet.write_comment(row, place, text, {"width": 300, "height": 24 + 15 * lines, "font_size": 9})


def _offer(book: Any, sheet: Any, columns: Sequence[Column], choices: Choices) -> None:
    """The list on its sheet, and drop-downs with it down to the last row."""
    listed = further_sheet(book, choices.sheet)
    for number, value in enumerate(choices.values):
        put_text(listed, number, 0, value)
    listed.set_column(0, 0, WIDE)
    for place, column in enumerate(columns):
        if column.chosen:
            rule = {
                "validate": "list",
                "source": f"='{choices.sheet}'!$A$1:$A${len(choices.values)}",
                "error_type": "warning",
                "error_title": "Not on the list",
                "error_message": choices.message,
            }
            sheet.data_validation(1, place, XLSX_ROWS - 1, place, rule)
