"""From a file's bytes to rows, in constant memory, with the position to go on from. Step 2 of the journey.

`inspect` finds out what a file is (encoding, delimiter, header, columns) or raises one FeedError that says why it is
no feed. `rows` then reads it lazily. What is guaranteed:

- Whatever the bytes, the outcome is rows, row errors or one FeedError. Memory grows neither with the file nor with
  its longest line.
- Every line that is not blank belongs to exactly one Row. Blank are rows without anything but empty cells and white
  space; they have no row number.
- A row that can't be read is an error row with its raw text. It is never repaired and never shifted. A quote that
  stays open costs one line: reading goes on at the next physical line.
- Cells come as they stand in the file, hostile content and surrounding spaces included.
- Reading on from any Row's `end` and `number` gives the rows that an uninterrupted run would give, and costs what is
  left of the file; in UTF-16 only with Marks, without them the file is decoded from its beginning.

Lines end at LF, CRLF and CR only. A byte order mark counts at the start of the file; anywhere else (as where files
were joined) it is data, except that a header after it is still recognised as a repeated header. A second table with
more or fewer columns below the first becomes error rows, one for each of its rows. One with as many columns, whose
header says that they are others, would be read into the wrong columns: the file is refused.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from gettext import ngettext  # Django's would do, but nothing here knows of it
from typing import BinaryIO, Final, NamedTuple

from catalog.rules.problems import Code, Problem
from uploads.feed.columns import map_headers, name_headers
from uploads.feed.header import (
    DELIMITERS,
    ENCODINGS,
    Layout,
    Position,
    Reading,
    as_chosen,
    find_layout,
    is_blank,
    no_column_for,
    short,
)
from uploads.feed.lines import (
    DEFAULT_LIMITS,
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

__all__ = [
    "DEFAULT_LIMITS", "DELIMITERS", "ENCODINGS", "Layout", "Limits", "Mark", "Marks", "Position", "Reading", "Row",
    "encoding_name", "inspect", "no_column_for", "rows",
]  # fmt: skip

BOM: Final = "\ufeff"
DIGIT: Final = re.compile(rb"[0-9]")
HEADER_FIELDS: Final = 3  # a row with so many names of fields, and no digit for a price, is a header


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
    saved_mapping: Mapping[str, str] | None = None,
    reading: Reading | None = None,
) -> Layout:
    """Find out how to read a seekable file; it is left rewound. `saved_mapping` is map_headers' `saved`.

    With a `reading`, even an empty one, a person decides: what it leaves open may stay so, and columns may be missing
    from the mapping then.

    Raises FeedError with one of the codes binary_file, no_table, empty_file, line_too_long, too_many_columns,
    duplicate_column, missing_columns, several_tables, no_rows; for a `reading` other_columns.
    """
    try:
        layout = find_layout(file, limits, saved_mapping, reading)
        if reading is not None:
            layout = as_chosen(layout, reading)
        if not layout.mapping.missing:
            _refuse_other_table(file, layout, limits, saved_mapping)
        if next(rows(file, layout, limits=limits), None) is None:
            raise FeedError("no_rows", "The file has a header but no rows below it. Add your products, a row for each.")
        return layout
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
    lines = Lines(file, layout.encoding, position.offset, limits, marks, position.line)
    headers, width, number = layout.headers, len(layout.headers), position.row_number
    conspicuous = {"", headers[0], BOM + headers[0]}
    taken = lines.taken
    reader = _reader(lines, layout)
    while True:
        lines.start_row()
        problem = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _first_line_problem(lines, error, limits)
            reader = _reader(lines, layout)
        else:
            # Everything that could be wrong shows here; a row that passes needs no closer look
            if (
                len(cells) != width
                or lines.flawed
                or len(taken) > 1
                or lines.chars > limits.max_cell_chars
                or (first := cells[0]) in conspicuous
                or first.isspace()
            ):
                if is_blank(cells):
                    continue
                problem = _problem(cells, lines, layout, limits)
        if number >= limits.max_rows:
            raise FeedError("too_many_rows", f"The file has more than {limits.max_rows:,} rows. Split it.")
        number += 1
        before, after = lines.line + 1, lines.line + len(taken)
        if problem is None:
            yield Row(number, dict(zip(headers, cells, strict=False)), None, "", lines.offset, before, after)
        else:
            yield Row(number, {}, problem, lines.raw(), lines.offset, before, after)


def _refuse_other_table(file: BinaryIO, layout: Layout, limits: Limits, saved: Mapping[str, str] | None) -> None:
    """Raise FeedError for a header below the first that gives as many columns another meaning.

    Rows have digits, since each has a price; so only lines without one are looked at closely, and those that begin
    with a header of the file.
    """
    encoding = codec(layout.encoding)
    own = tuple(name.encode(encoding, "replace") for name in layout.headers if name.strip())
    first_row = layout.first_row.offset
    for line, size in physical_lines(blocks(file, layout.encoding, first_row), limits.max_row_chars):
        if size == len(line) and (not DIGIT.search(line) or line.startswith(own)):
            header = _names_other_columns(printable(line, encoding), layout, saved)
            if header:
                message = f"Below the header there is another one, with other columns: {header}. Put each table in"
                raise FeedError("several_tables", f"{message} a file of its own.")


def _names_other_columns(line: str, layout: Layout, saved: Mapping[str, str] | None) -> str:
    """The line in short, if it is a header that is as wide as the layout's but means something else; or ""."""
    cells = next(csv.reader([line], delimiter=layout.delimiter), [])
    names = name_headers(cells)
    if len(cells) != len(layout.headers) or names == layout.headers:
        return ""
    try:
        fields = map_headers(cells, saved).fields
    except FeedError:  # two columns of one name: no header that we would read
        return ""
    meant = {field: names.index(header) for field, header in fields.items()}
    ours = {field: layout.headers.index(header) for field, header in layout.mapping.fields.items()}
    price = cells[ours["price"]]
    if len(meant) < HEADER_FIELDS or meant == ours or any(character.isdigit() for character in price):
        return ""
    return short(line)


def _reader(lines: Lines, layout: Layout) -> Iterator[list[str]]:
    return csv.reader(lines.texts(), delimiter=layout.delimiter, strict=True)


def _first_line_problem(lines: Lines, error: csv.Error | None, limits: Limits) -> Problem:
    """Give up the row at hand: its first line is the error row, all others are read again as rows of their own."""
    alone = len(lines.taken) == 1
    lines.give_back_all_but_first()
    if alone and isinstance(error, OverLimitError):
        message = f"The row is longer than {limits.max_row_chars:,} characters."
        return Problem("", Code.ROW_TOO_LONG, message, "Check for missing line breaks.")
    if flaw := lines.flaw():
        return flaw
    if alone and not str(error).startswith("unexpected end"):  # csv's words for a quote still open at the end
        message = "A quoted cell goes on after its closing quote."
        return Problem("", Code.STRAY_QUOTE, message, 'Write a quote inside a quoted cell twice: ""')
    message = "A quote that opens in this line is not closed."
    return Problem("", Code.UNCLOSED_QUOTE, message, "Close it at the end of the cell, or remove it.")


def _problem(cells: list[str], lines: Lines, layout: Layout, limits: Limits) -> Problem | None:
    """Look closely at a row that csv could read. Extra cells that are empty do no harm and are passed over."""
    width = len(layout.headers)
    matches = len(cells) == width or (len(cells) > width and is_blank(cells[width:]))
    if len(lines.taken) > 1 and (_joins_rows if matches else _holds_row)(lines, layout):
        return _first_line_problem(lines, None, limits)
    if lines.flawed:
        return lines.flaw()
    if not matches:
        return _wrong_column_count(len(cells), layout)
    if _is_header(cells[:width], layout.headers):
        return Problem("", Code.REPEATED_HEADER, "The row repeats the header.", "Remove the row.")
    for header, cell in zip(layout.headers, cells, strict=False):
        if len(cell) > limits.max_cell_chars:
            message = f"The cell in “{short(header)}” is longer than {limits.max_cell_chars:,} characters."
            return Problem("", Code.CELL_TOO_LONG, message, "Shorten it.")
    return None


def _joins_rows(lines: Lines, layout: Layout) -> bool:
    """Whether a readable row over several lines is rather two rows that stray quotes have joined.

    `1,"Lamp,9` and `2,15",9` read as one row with a line break in a cell. What gives them away is that the first and
    the last line both have a whole row's delimiters, whatever the quotes.
    """
    delimiter = layout.delimiter.encode()
    ends = lines.taken[0][0], lines.taken[-1][0]
    return all(line.count(delimiter) == len(layout.headers) - 1 for line in ends)


def _holds_row(lines: Lines, layout: Layout) -> bool:
    """Whether a ragged row over several lines holds a line that is a row by itself: then a quote was left open.

    Without such a line it is one row with line breaks in a cell, and one error.
    """
    texts = (line.decode(lines.encoding, "surrogateescape") for line, _ in lines.taken[1:])
    alone = (next(csv.reader([text], delimiter=layout.delimiter)) for text in texts)
    return any(len(cells) == len(layout.headers) for cells in alone)


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
