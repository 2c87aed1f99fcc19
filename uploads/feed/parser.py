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
from collections.abc import Iterator, Sequence
from dataclasses import replace
from gettext import ngettext  # Django's would do, but nothing here knows of it
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from catalog.rules.problems import Code, Problem
from uploads.feed.choices import as_chosen
from uploads.feed.columns import OUR_COLUMNS, Memory, means_other_columns, name_headers, short
from uploads.feed.encoding import ENCODINGS
from uploads.feed.header import DELIMITERS, Layout, Position, Reading, find_layout, is_blank, no_column_for
from uploads.feed.lines import (
    DEFAULT_LIMITS,
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
from uploads.feed.quotes import may_be_spaced, misplaced, opens_late, spaced_cells, wrapped_cell, wrapped_in

__all__ = [
    "DEFAULT_LIMITS", "DELIMITERS", "ENCODINGS", "Layout", "Limits", "Mark", "Marks", "Position", "Reading", "Row",
    "encoding_name", "inspect", "no_column_for", "rows",
]  # fmt: skip

BOM: Final = "\ufeff"
DIGIT: Final = re.compile(rb"[0-9]")
NONE: Final[frozenset[str]] = frozenset()
QUOTE: Final = 'Save the file as CSV with double quotes ("…") or without any, and upload that file.'
DECIMAL: Final = re.compile(NUMBER + r"-?[0-9]+\.[0-9]+")  # a cell that has it, and isn't a text that begins so
OUR_MARKS: Final = frozenset(OUR_COLUMNS)  # in a file of ours apostrophes keep cells from being run
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

    With a `reading`, even an empty one, a person decides: what it leaves open may stay so, and columns may be missing
    from the mapping then.

    Raises FeedError with one of the codes binary_file, no_table, empty_file, line_too_long, too_many_columns,
    missing_columns, several_tables, other_quotes, no_rows; for a `reading` other_columns and duplicate_column.
    """
    try:
        layout = find_layout(file, limits, memory, reading, sheet)
        if reading is not None:
            layout = as_chosen(layout, reading)
        if layout.mapping.complete:
            _refuse_other_table(file, layout, limits)
        first = list(islice(rows(file, layout, limits=limits), LOOKED_AT))
        if not first:
            raise FeedError("no_rows", "The file has a header but no rows below it. Add your products, a row for each.")
        _refuse_other_quotes(first, layout)
        return replace(layout, trailing=_trailing(file, layout, limits))
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
    position = start or layout.first_row
    of_sheet = bool(layout.sheet)
    lines = Lines(file, layout.encoding, position.offset, limits, marks, position.line, of_sheet=of_sheet)
    headers, width, number = layout.headers, len(layout.headers), position.row_number
    conspicuous = {"", headers[0], BOM + headers[0]}
    delimiter = layout.delimiter.encode()
    without_hidden = layout.leaves_out_hidden
    taken = lines.taken
    reader = _reader(lines, layout)
    ours = not OUR_MARKS.isdisjoint(headers)
    while True:
        lines.start_row()
        problem = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells, problem = _refused(error, lines, layout, limits)
            reader = _reader(lines, layout)
        else:
            if of_sheet and cells and cells[0][:1] == HIDDEN:
                if without_hidden:
                    continue
                cells[0] = cells[0][1:]
            # Everything that could be wrong shows here; a row that passes needs no closer look
            if (
                len(cells) != width
                or len(taken) > 1
                or lines.flawed
                or (b'"' in (line := taken[0][0]) and misplaced(line, width, delimiter))
                or (b"'" in line and not ours and wrapped_cell(cells))
                or lines.chars > limits.max_cell_chars
                or (first := cells[0]) in conspicuous
                or first.isspace()
                or first[:2] == "# "
            ):
                if is_blank(cells):
                    continue
                problem = _problem(cells, lines, layout, limits)
        if number >= limits.max_rows:
            raise FeedError("too_many_rows", f"The file has more than {limits.max_rows:,} rows. Split it.")
        number += 1
        if problem is not None:
            yield Row(number, {}, problem, lines.raw(), lines.offset, lines.line + 1, lines.line_end)
            continue
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        named = dict(zip(headers, cells, strict=False))
        numeric = _take_marks(named) if of_sheet else NONE
        yield Row(number, named, None, "", lines.offset, lines.line + 1, lines.line_end, numeric)


def _refuse_other_quotes(first: Sequence[Row], layout: Layout) -> None:
    """Raise FeedError where another sign is used for quotes: cells would keep it, or be taken apart at a delimiter."""
    unread = [next(csv.reader([row.raw], delimiter=layout.delimiter), []) for row in first if row.problem]
    signs = [wrapped_cell(cells) for cells in unread]
    if len(signs) == len(first) and all(signs):
        message = f"The cells of this file have {signs[0]} around them in place of quotes."
        raise FeedError("other_quotes", f"{message} {QUOTE}")
    columns = [layout.headers, *([row.cells[header] for row in first if row.cells] for header in layout.headers)]
    read = set(layout.mapping.fields.values())
    for header, cells in zip(("", *layout.headers), columns, strict=True):
        sign = wrapped_in(cells) if not header or header in read else ""
        if sign:
            where = f"The cells of “{short(header)}” have" if header else "The names of the columns have"
            raise FeedError("other_quotes", f"{where} {sign} around them in place of quotes. {QUOTE}")


def _trailing(file: BinaryIO, layout: Layout, limits: Limits) -> int:
    """How many empty cells each row of the file has behind those of the header; 0 where they don't all have as many.

    Only a file whose first row has some is read to its end for that. Rows that are errors whatever the answer is
    aren't asked.
    """
    lines = Lines(file, layout.encoding, layout.first_row.offset, limits)
    width, trailing = len(layout.headers), 0
    reader = _reader(lines, layout)
    while True:
        lines.start_row()
        try:
            cells = next(reader)
        except StopIteration:
            return trailing
        except csv.Error:
            lines.give_back_all_but_first()
            reader = _reader(lines, layout)
            continue
        if is_blank(cells) or (len(cells) >= width and not is_blank(cells[width:])):
            continue
        extra = len(cells) - width
        if not trailing:
            trailing = extra
        if extra <= 0 or extra != trailing:
            return 0


def _refuse_other_table(file: BinaryIO, layout: Layout, limits: Limits) -> None:
    """Raise FeedError for a header below the first that gives as many columns another meaning.

    Rows have digits, since each has a price; so only lines without one are looked at closely, and those that begin
    with a header of the file.
    """
    encoding = codec(layout.encoding)
    own = tuple(name.encode(encoding, "replace") for name in layout.headers if name.strip())
    first_row = layout.first_row
    source = blocks(file, layout.encoding, first_row.offset)
    for number, (line, size) in enumerate(physical_lines(source, limits.max_row_chars), first_row.line + 1):
        if size == len(line) and (not DIGIT.search(line) or line.startswith(own)):
            text = printable(line, encoding)
            cells = next(csv.reader([text], delimiter=layout.delimiter), [])
            if means_other_columns(cells, layout.headers, layout.mapping):
                where = "" if layout.sheet else f" in line {number}"  # cells of a sheet may have taken several lines
                message = f"Below the header there is another one{where}, with other columns: {short(text)}."
                raise FeedError("several_tables", f"{message} Put each table in a file of its own.")


def _reader(lines: Lines, layout: Layout) -> Iterator[list[str]]:
    return csv.reader(lines.texts(), delimiter=layout.delimiter, strict=True)


def _take_marks(cells: dict[str, str]) -> frozenset[str]:
    """Take the marks of numbers off the cells; returns the headers of those that had one."""
    numeric = frozenset(header for header, cell in cells.items() if cell[:1] == NUMBER and DECIMAL.fullmatch(cell))
    for header in numeric:
        cells[header] = cells[header][1:]
    return numeric


def _refused(error: csv.Error, lines: Lines, layout: Layout, limits: Limits) -> tuple[list[str], Problem | None]:
    """What csv refused: the cells after all, or why they can't be told apart."""
    alone = len(lines.taken) == 1
    cells = _with_spaces(lines, layout) or []
    if cells:
        return cells, _problem(cells, lines, layout, limits)
    return [], _first_line_problem(lines, error, limits, alone=alone)


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


def _first_line_problem(lines: Lines, error: csv.Error | None, limits: Limits, *, alone: bool = False) -> Problem:
    """Give up the row at hand: its first line is the error row, all others are read again as rows of their own.

    `alone`: what is wrong shows in that line already.
    """
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
    width = len(layout.headers)
    matches = len(cells) == width
    if len(lines.taken) > 1 and not layout.sheet and _swallows_rows(lines, layout, matches=matches):
        return _first_line_problem(lines, None, limits)
    if lines.chars > limits.max_row_chars:
        return _row_too_long(limits)
    if lines.flawed:
        return lines.flaw()
    if problem := _quote_problem(cells, lines, layout):
        return problem
    if not matches and not _may_be_narrower(cells, lines, layout) and not _ends_like_all(cells, layout):
        return _wrong_column_count(len(cells), layout)
    if cells[0].startswith("# ") and not layout.sheet:
        return Problem("", Code.COMMENTED_OUT, "The row begins with #, as a comment does.", "Remove the row, or the #.")
    if _is_header(cells[:width], layout.headers):
        return Problem("", Code.REPEATED_HEADER, "The row repeats the header.", "Remove the row.")
    for header, cell in zip(layout.headers, cells, strict=False):
        if len(cell) > limits.max_cell_chars:
            message = f"The cell in “{short(header)}” is longer than {limits.max_cell_chars:,} characters."
            return Problem("", Code.CELL_TOO_LONG, message, "Shorten it.")
    return None


def _quote_problem(cells: list[str], lines: Lines, layout: Layout) -> Problem | None:
    """What csv read over: quotes that don't pair up with the delimiters, and those that open behind white space."""
    row = b"".join(line for line, _ in lines.taken)
    delimiter = layout.delimiter.encode()
    if not layout.sheet and OUR_MARKS.isdisjoint(layout.headers) and (sign := wrapped_cell(cells)):
        message = f"A cell of this row has {sign} around it in place of quotes."
        return Problem("", Code.STRAY_QUOTE, message, f'Remove them, or write " in place of {sign}.')
    if b'"' not in row or not misplaced(row, len(cells), delimiter):
        return None
    if opens_late(row, delimiter):
        message = "White space stands before the quote that opens a cell, so it opens nothing."
        return Problem("", Code.STRAY_QUOTE, message, "Remove the space.")
    message = "The quotes of this row don't pair up, so its cells can't be told apart."
    hint = 'Put the whole cell in quotes, and write a quote inside it twice: "15"" lamp".'
    return Problem("", Code.STRAY_QUOTE, message, hint)


def _may_be_narrower(cells: list[str], lines: Lines, layout: Layout) -> bool:
    """Whether all that a row lacks are columns at its end that mean nothing here.

    Excel leaves out the delimiters of empty cells at a row's end, so what it leaves ends with a cell that has
    something. Where quotes are involved, it may be a delimiter that is missing.
    """
    fields = set(layout.mapping.fields.values())
    lacking = layout.headers[len(cells) :]
    return bool(
        lacking
        and not layout.trailing
        and not fields.intersection(lacking)
        and cells[-1].strip()
        and not any('"' in cell for cell in cells)
    )


def _ends_like_all(cells: list[str], layout: Layout) -> bool:
    """Whether a row is wider than the header only by the empty cells that all rows of this file have at their end."""
    width = len(layout.headers)
    return len(cells) == width + layout.trailing and is_blank(cells[width:])


def _swallows_rows(lines: Lines, layout: Layout, *, matches: bool) -> bool:
    """Whether a readable row over several lines is rather rows that stray quotes have joined.

    `1,"Lamp,9` and `2,15",9` read as one row with a line break in a cell. What gives them away: each line would be a
    row if its quotes were letters. The lines of a text that ends with the row may look like that too, and are left
    alone: there the quotes are where they have to be. But for a digit before the last one, which may mean inches.
    """
    texts = [line.decode(lines.encoding, "surrogateescape").rstrip("\r\n") for line, _ in lines.taken]
    end = texts[-1].rstrip(" \t")
    if end.endswith('"') and not end[-2:-1].isdigit():
        return False
    if not matches:
        return any(_has_numbers(_alone(text, layout), layout) for text in texts[1:])
    first, last = _alone(texts[0], layout), _alone(texts[-1], layout)
    return bool(first and last) and (_has_numbers(first, layout) or _has_numbers(last, layout))


def _alone(text: str, layout: Layout) -> list[str]:
    """The cells of a line that would be a row by itself, or if its quotes were letters; none for other lines."""
    cells = text.split(layout.delimiter)
    if len(cells) != len(layout.headers):
        cells = next(csv.reader([text], delimiter=layout.delimiter), [])
    return cells if len(cells) == len(layout.headers) else []


def _has_numbers(cells: list[str], layout: Layout) -> bool:
    """Whether there are cells, with digits where numbers have to be."""
    if not cells:
        return False
    fields = layout.mapping.fields
    places = [layout.headers.index(fields[field]) for field in ("price", "stock_quantity") if field in fields]
    return all(any(character.isdigit() for character in cells[place]) for place in places)


def _is_header(cells: list[str], headers: tuple[str, ...]) -> bool:
    first = cells[0].removeprefix(BOM)
    return first in ("", headers[0]) and name_headers([first, *cells[1:]]) == headers


def _wrong_column_count(found: int, layout: Layout) -> Problem:
    expected = len(layout.headers)
    message = (
        f"{ngettext('The row has {} cell', 'The row has {} cells', found).format(found)}, the header has {expected}."
    )
    name = DELIMITERS.get(layout.delimiter, layout.delimiter)
    if found > expected:
        hint = f"Put a cell that contains a {name} in quotes."
    else:
        hint = f"The row may be cut off, or a {name} is missing."
    return Problem("", Code.WRONG_COLUMN_COUNT, message, hint)
