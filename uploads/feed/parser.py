"""From a file's bytes to rows, in constant memory, with the position to go on from. Step 2 of the journey.

`inspect` finds out what a file is (encoding, delimiter, header, columns) or raises one FeedError that says why it is
no feed. `rows` then reads it lazily. What is guaranteed:

- Whatever the bytes, the outcome is rows, row errors or one FeedError. Memory grows neither with the file nor with
  its longest line.
- Every line that is not blank belongs to exactly one Row. Blank are rows without anything but empty cells and white
  space; they have no row number.
- A row that can't be read is an error row with its raw text. It is never repaired and never shifted. A quote that
  stays open costs one line: reading goes on at the next physical line. Where a row's cells can be told apart in two
  ways (quotes that don't pair up, cells too many or too few), it is an error.
- Cells come as they stand in the file, hostile content and surrounding spaces included.
- Reading on from any Row's `after` gives the rows that an uninterrupted run would give, and costs what is
  left of the file; in UTF-16 only with Marks, without them the file is decoded from its beginning.

Lines end at LF, CRLF and CR only. A byte order mark counts at the start of the file; anywhere else (as where files
were joined) it is data, except that a header after it is still recognised as a repeated header. A second table with
more or fewer columns below the first becomes error rows, one for each of its rows. One with as many columns, whose
header says that they are others, would be read into the wrong columns: the file is refused.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from catalog.rules.cells import unguard
from catalog.rules.problems import Code, Problem
from uploads.feed.choices import as_chosen
from uploads.feed.columns import Memory, means_other_columns, name_headers, short
from uploads.feed.doubts import (
    cut_off,
    is_cut_off,
    may_be_cut_off,
    quote_problem,
    swallows_rows,
    width_problem,
)
from uploads.feed.encodings.encoding import ENCODINGS
from uploads.feed.formats.detect import is_own_list, known_format
from uploads.feed.header import DELIMITERS, Layout, Position, Reading, find_layout, is_blank, no_column_for
from uploads.feed.lines import (
    DEFAULT_LIMITS,
    EMPTY,
    HIDDEN,
    NUMBER,
    FeedError,
    Limits,
    Lines,
    Mark,
    Marks,
    OverLimitError,
    blocks,
    codec,
    encoding_name,
    physical_lines,
    printable,
)
from uploads.feed.quotes import may_be_spaced, misplaced, spaced_cells, split_by, wrapped_cell, wrapped_in
from uploads.feed.sheets.handed_out import has_guarded_cells
from uploads.feed.widths import Widths

__all__ = [
    "DEFAULT_LIMITS", "DELIMITERS", "ENCODINGS", "Layout", "Limits", "Mark", "Marks", "Position", "Reading", "Row",
    "encoding_name", "inspect", "no_column_for", "rows", "unguarded",
]  # fmt: skip

BOM: Final = "\ufeff"
DIGIT: Final = re.compile(rb"[0-9]")
NONE: Final[frozenset[str]] = frozenset()
QUOTE: Final = 'Save the file as CSV with double quotes ("…") or without any, and upload that file.'
DECIMAL: Final = re.compile(NUMBER + r"-?[0-9]+\.[0-9]+")  # a cell that has it, and isn't a text that begins so
Judge = Callable[[list[str], Lines, Layout, Limits], Problem | None]  # of a row that csv could read
LOOKED_AT: Final = 200  # rows, for the quotes that a file uses


class Row(NamedTuple):
    """One row below the header, readable or not."""

    number: int
    """1 is the first row below the header."""
    cells: dict[str, str]
    """Header → cell as it came, one entry for every header; {} if the row could not be read."""
    problem: Problem | None
    """Why the row could not be read."""
    raw: str
    """Printable text of a row that could not be read, its first 2,000 characters: NUL as ␀, stray bytes as \\xNN."""
    end: int
    """Position.offset after this row."""
    line: int = 0
    """Where it begins: the line of the file as an editor counts them, from 1; 0 for a row that is in no file."""
    line_end: int = 0
    """Position.line after this row."""
    numeric: frozenset[str] = frozenset()
    """Headers whose cell is a number with a fraction in a workbook: `1.299` is one and a bit, never thousands."""

    @property
    def after(self) -> Position:
        """From where to go on behind it."""
        return Position(self.end, self.number, self.line_end)


def unguarded(row: Row) -> Row:
    """The row of a file of ours as it was before its cells were made harmless."""
    return row._replace(cells={header: unguard(cell) for header, cell in row.cells.items()})


def inspect(
    file: BinaryIO,
    limits: Limits = DEFAULT_LIMITS,
    memory: Memory | None = None,
    reading: Reading | None = None,
    sheet: str = "",
) -> Layout:
    """Find out how to read a seekable file; it is left rewound. `memory` is what its vendor's
    people chose for other files; `sheet` names
    the sheet of a workbook that the file was written from, a record for each of its rows.

    With a `reading`, even an empty one, a person decides: then a header of which nothing is known will do. Of a list of
    the vendor's own `mapping` is what its names say or what was chosen, and the rest is for its plan to say.

    Raises FeedError with one of the codes binary_file, no_table, empty_file, line_too_long, too_many_columns,
    column_name_too_long, missing_columns, several_tables, other_quotes, no_rows; for a `reading` other_columns and
    duplicate_column.
    """
    try:
        layout = find_layout(file, limits, memory, reading, sheet)
        # What the columns of a known format mean is for its plan to say (apart/understood.py).
        if reading is not None and known_format(layout.headers, layout.answers) is None:
            layout = as_chosen(layout, reading)
        is_own = is_own_list(layout.headers, layout.answers)
        some_short = (is_own or layout.mapping.complete) and _refuse_other_table(file, layout, limits)
        look = _looked_over(file, layout, limits, LOOKED_AT)
        if look.stray and _quotes_are_letters(file, layout, limits):
            layout = replace(layout, unquoted=True)
            look = _looked_over(file, layout, limits, LOOKED_AT)
        if not look.number:
            raise FeedError("no_rows", "The file has a header but no rows below it. Add your products, a row for each.")
        _refuse_other_quotes(look, layout)
        if some_short or look.widths.tell:
            look = _looked_over(file, layout, limits)
        return look.widths.applied()
    finally:
        file.seek(0)


def rows(
    file: BinaryIO,
    layout: Layout,
    start: Position | None = None,
    limits: Limits = DEFAULT_LIMITS,
    marks: Marks | None = None,
) -> Iterator[Row]:
    """Read the rows from `start` on, by default from the first. Nothing else may move the file meanwhile.

    Whoever stops and goes on later hands in marks, asks them for the one before the last row's `end`, and starts the
    next time with a Marks of that.

    Raises FeedError("too_many_rows") in place of the row that is one too many.
    """
    return _rows(file, layout, start, limits, marks, _problem)


def _rows(
    file: BinaryIO, layout: Layout, start: Position | None, limits: Limits, marks: Marks | None, problem_of: Judge
) -> Iterator[Row]:
    """What `rows` gives, with another judge of the rows that are conspicuous."""
    position, of_sheet = start or layout.first_row, bool(layout.sheet)
    lines = Lines(file, layout.encoding, position.offset, limits, marks, position.line, of_sheet=of_sheet)
    headers, width, number = layout.headers, len(layout.headers), position.row_number
    conspicuous, comma = {"", headers[0], BOM + headers[0]}, layout.delimiter.encode()
    without_hidden = layout.leaves_out_hidden
    quoted, in_doubt = not layout.unquoted, bool(layout.trailing or layout.uneven)  # each row then, since its end tells
    ends_with_text = may_be_cut_off(layout)
    taken = lines.taken
    reader = _reader(lines, layout)
    ours = has_guarded_cells(headers)  # apostrophes keep cells of ours from being run
    while True:
        lines.start_row()
        problem = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells, problem = _refused(error, lines, layout, limits, problem_of)
            reader = _reader(lines, layout)
        else:
            if of_sheet and cells and cells[0][:1] == HIDDEN:
                if without_hidden:
                    continue
                cells[0] = cells[0][1:]
            # Everything that could be wrong shows here; a row that passes needs no closer look
            if (
                len(cells) != width
                or in_doubt
                or len(taken) > 1
                or lines.flawed
                or (
                    quoted and b'"' in (line := taken[0][0]) and '"' in "".join(cells) and misplaced(line, width, comma)
                )
                or (b"'" in taken[0][0] and not ours and wrapped_cell(cells))
                or lines.chars > limits.max_cell_chars
                or (first := cells[0]) in conspicuous
                or first.isspace()
                or first[:2] == "# "
            ):
                if is_blank(cells):
                    continue
                problem = problem_of(cells, lines, layout, limits)
            if ends_with_text and problem is None and is_cut_off(cells, lines, layout):
                problem = cut_off()
        if number >= limits.max_rows:
            raise FeedError("too_many_rows", f"The file has more than {limits.max_rows:,} rows. Split it.")
        number += 1
        before = lines.line
        after = before + 1 if of_sheet else before + len(taken)
        if problem is not None:
            yield Row(number, {}, problem, lines.raw(), lines.offset, before + 1, after)
            continue
        named = dict(zip(headers, cells if len(cells) >= width else [*cells, *[""] * width], strict=False))
        numeric = _take_marks(named) if of_sheet else NONE
        yield Row(number, named, None, "", lines.offset, before + 1, after, numeric)


class _Look(NamedTuple):
    """What a look at rows of a file shows."""

    widths: Widths
    number: int
    first: list[list[str]]
    """The cells of the first rows, whether or not they can be read."""
    wrapped: list[str]
    """For each row that has other signs in place of quotes, which."""
    stray: int = 0
    """Rows whose quotes don't pair up."""


def _looked_over(file: BinaryIO, layout: Layout, limits: Limits, most: int | None = None) -> _Look:
    """A look at the whole file, or at so many rows at most."""
    widths, count, stray = Widths(layout), 0, 0
    first: list[list[str]] = []
    wrapped: list[str] = []

    def noted(cells: list[str], lines: Lines, layout: Layout, limits: Limits) -> Problem | None:
        problem = _unreadable(cells, lines, layout, limits)
        if not problem and _is_header(cells[: widths.width], layout.headers):
            return Problem("", Code.REPEATED_HEADER, "", "")
        if len(first) < LOOKED_AT:
            first.append(cells)
        if not problem:
            widths.note(cells)
        elif problem.code is Code.STRAY_QUOTE and len(wrapped) < LOOKED_AT and (sign := wrapped_cell(cells)):
            wrapped.append(sign)
        return problem or Problem("", Code.WRONG_COLUMN_COUNT, "", "")

    for row in islice(_rows(file, layout, None, limits, None, noted), most):
        count += 1
        stray += row.problem is not None and row.problem.code in (Code.STRAY_QUOTE, Code.UNCLOSED_QUOTE)
        if row.problem is None:
            cells = list(row.cells.values())
            widths.note(cells)
            if len(first) < LOOKED_AT:
                first.append(cells)
    return _Look(widths, count, first, wrapped, stray)


def _quotes_are_letters(file: BinaryIO, layout: Layout, limits: Limits) -> bool:
    """Whether a file with tabs shows as a whole that no quote in it quotes: each line is a row by its tabs, so none of
    these and no line break stands between quotes, and no cell has quotes around all of it."""
    if layout.delimiter != "\t" or layout.sheet:
        return False
    width, encoding = len(layout.headers), codec(layout.encoding)
    source = blocks(file, layout.encoding, layout.first_row.offset)
    for line, _ in physical_lines(source, limits.max_row_chars):
        cells = printable(line, encoding).rstrip("\r\n").split("\t")
        if is_blank(cells):
            continue
        if len(cells) != width or any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells):
            return False
    return True


def _refuse_other_quotes(look: _Look, layout: Layout) -> None:
    """Raise FeedError where another sign is used for quotes: cells would keep it, or be taken apart at a delimiter."""
    width, read = len(layout.headers), set(layout.mapping.fields.values())
    sign, where = wrapped_in(layout.headers), "The names of the columns have"
    for place, header in enumerate(layout.headers):
        if not sign and header in read:
            sign = wrapped_in([cells[place] for cells in look.first if len(cells) == width])
            where = f"The cells of “{short(header)}” have"
    if not sign:
        sign, where = split_by(look.first, width), "Cells with a delimiter in them have"
    if not sign and len(look.wrapped) == look.number:
        sign, where = look.wrapped[0], "The cells of this file have"
    if sign:
        raise FeedError("other_quotes", f"{where} {sign} around them in place of quotes. {QUOTE}")


def _refuse_other_table(file: BinaryIO, layout: Layout, limits: Limits) -> bool:
    """Raise FeedError for a header below the first that gives as many columns another meaning.

    Returns whether there are lines that may be rows that lack nothing but columns without a meaning.

    Rows have digits, since each has a price; so only lines without one are looked at closely, and those that begin
    with a header of the file.
    """
    encoding = codec(layout.encoding)
    own = tuple(name.encode(encoding, "replace") for name in layout.headers if name.strip())
    first_row = layout.first_row
    least, width, delimiter, some_short = Widths(layout).least, len(layout.headers), layout.delimiter.encode(), False
    source = blocks(file, layout.encoding, first_row.offset)
    for number, (line, size) in enumerate(physical_lines(source, limits.max_row_chars), first_row.line + 1):
        if line in EMPTY:
            continue
        if size == len(line) and (not DIGIT.search(line) or line.startswith(own)):
            text = printable(line, encoding)
            cells = next(csv.reader([text], delimiter=layout.delimiter), [])
            if means_other_columns(cells, layout.headers, layout.mapping):
                where = "" if layout.sheet else f" in line {number}"  # cells of a sheet may have taken several lines
                message = f"Below the header there is another one{where}, with other columns: {short(text)}."
                raise FeedError("several_tables", f"{message} Put each table in a file of its own.")
        if least < width and not some_short:
            parts = line.split(b'"')  # an even number of them in a line of a quoted text, which is no row
            some_short = bool(len(parts) % 2 and least <= 1 + sum(part.count(delimiter) for part in parts[::2]) < width)
    return some_short


def _reader(lines: Lines, layout: Layout) -> Iterator[list[str]]:
    return csv.reader(lines.texts(), delimiter=layout.delimiter, strict=True, quoting=layout.quoting)


def _take_marks(cells: dict[str, str]) -> frozenset[str]:
    """Take the marks of numbers off the cells; returns the headers of those that had one."""
    numeric = frozenset(header for header, cell in cells.items() if cell[:1] == NUMBER and DECIMAL.fullmatch(cell))
    for header in numeric:
        cells[header] = cells[header][1:]
    return numeric


def _refused(
    error: csv.Error, lines: Lines, layout: Layout, limits: Limits, problem_of: Judge
) -> tuple[list[str], Problem | None]:
    """What csv refused: the cells after all, or why they can't be told apart."""
    alone = len(lines.taken) == 1
    cells = _with_spaces(lines, layout) or []
    if cells:
        return cells, problem_of(cells, lines, layout, limits)
    return [], _given_up(lines, error, layout, limits, alone=alone)


def _with_spaces(lines: Lines, layout: Layout) -> list[str] | None:
    """The cells of a row that csv refused only for white space behind a closing quote; None for any other.

    Such a row may go on behind the line where csv gave up.
    """
    if not any(may_be_spaced(line) for line, _ in lines.taken):
        return None
    quotes = sum(line.count(b'"') for line, _ in lines.taken)
    more = lines.texts()
    try:
        while quotes % 2 and next(more, ""):
            quotes += lines.taken[-1][0].count(b'"')
    except OverLimitError:
        return None
    return spaced_cells(lines.text(), layout.delimiter)


def _given_up(lines: Lines, error: csv.Error | None, layout: Layout, limits: Limits, *, alone: bool = False) -> Problem:
    """Give up the row at hand: its first line is the error row, all others are read again as rows of their own.

    `alone`: what is wrong shows in that line already.
    """
    if layout.sheet and isinstance(error, OverLimitError):
        lines.take_rest_of_record()
        return _row_too_long(limits)
    lines.give_back_all_but_first()
    if alone and isinstance(error, OverLimitError):
        return _row_too_long(limits)
    if flaw := lines.flaw():
        return flaw
    if alone and not str(error).startswith("unexpected end"):  # csv's words for a quote still open at the end
        message = "A quoted cell goes on after its closing quote."
        return Problem("", Code.STRAY_QUOTE, message, 'Write a quote inside a quoted cell twice: ""')
    message = "A quote that opens in this line is not closed."
    return Problem("", Code.UNCLOSED_QUOTE, message, "Close it at the end of the cell, or remove it.")


def _row_too_long(limits: Limits) -> Problem:
    message = f"The row is longer than {limits.max_row_chars:,} characters."
    return Problem("", Code.ROW_TOO_LONG, message, "Check for missing line breaks and quotes.")


def _problem(cells: list[str], lines: Lines, layout: Layout, limits: Limits) -> Problem | None:
    """Look closely at a row that csv could read."""
    problem = _unreadable(cells, lines, layout, limits) or width_problem(cells, layout)
    if problem:
        return problem
    if cells[0].startswith("# ") and not layout.sheet:
        return Problem("", Code.COMMENTED_OUT, "The row begins with #, as a comment does.", "Remove the row, or the #.")
    if _is_header(cells[: len(layout.headers)], layout.headers):
        return Problem("", Code.REPEATED_HEADER, "The row repeats the header.", "Remove the row.")
    for header, cell in zip(layout.headers, cells, strict=False):
        if len(cell) > limits.max_cell_chars:
            message = f"The cell in “{short(header)}” is longer than {limits.max_cell_chars:,} characters."
            return Problem("", Code.CELL_TOO_LONG, message, "Shorten it.")
    return None


def _unreadable(cells: list[str], lines: Lines, layout: Layout, limits: Limits) -> Problem | None:
    """What is wrong with a row that csv could read, however many cells it should have."""
    matches = len(cells) == len(layout.headers) + layout.trailing
    if len(lines.taken) > 1 and not layout.sheet and swallows_rows(lines, layout, matches=matches):
        return _given_up(lines, None, layout, limits)
    if lines.chars > limits.max_row_chars:
        return _row_too_long(limits)
    if lines.flawed:
        return lines.flaw()
    return None if layout.sheet or layout.unquoted else quote_problem(cells, lines, layout)


def _is_header(cells: list[str], headers: tuple[str, ...]) -> bool:
    if len(cells) != len(headers):
        return False
    first = cells[0].removeprefix(BOM)
    return first in ("", headers[0]) and name_headers([first, *cells[1:]]) == headers
