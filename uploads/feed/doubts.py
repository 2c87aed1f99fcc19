"""Why a row that csv could read may be meant as another one: its width, its quotes, and the lines around it.

In each case its cells can be told apart in two ways, or where it ends is not clear. Then nobody but who wrote it can
know, and it is an error that says so. Text that we wrote from a sheet ourselves is beyond doubt.
"""

import csv
import re
from collections.abc import Sequence
from typing import Final

from catalog.rules.problems import Code, Problem, ngettext
from uploads.feed.header import BLANK, DELIMITERS, Layout, is_blank
from uploads.feed.lines import Lines
from uploads.feed.quotes import misplaced, opens_late, wrapped_cell
from uploads.feed.sheets.handed_out import has_guarded_cells

SEAM: Final = re.compile(r'[^\s"]"\w')  # a quote with text on both sides, as where a delimiter got lost before it
NUMBERS: Final = ("price", "stock_quantity")


# --- width -----------------------------------------------------------------------------------------------------------


def width_problem(cells: Sequence[str], layout: Layout) -> Problem | None:
    """What is wrong with the number of cells."""
    width, found = len(layout.headers), len(cells)
    if found == width + layout.trailing and is_blank(cells[width:]):
        if layout.uneven and not cells[-1].strip():
            message = "Most rows of the file have more cells than the header, so one may be missing in this row."
            return Problem("", Code.WRONG_COLUMN_COUNT, message, "Write as many cells in the header as in all rows.")
        return None
    if found in layout.narrow and not any(SEAM.search(cell) for cell in cells) and not cells[-1].endswith('"'):
        return None
    return _wrong_column_count(cells, layout)


def _wrong_column_count(cells: Sequence[str], layout: Layout) -> Problem:
    found, expected = len(cells), len(layout.headers)
    message = (
        f"{ngettext('The row has {} cell', 'The row has {} cells', found).format(found)}, the header has {expected}"
    )
    message += f" and the other rows have {expected + layout.trailing}." if layout.trailing else "."
    name = DELIMITERS.get(layout.delimiter, layout.delimiter)
    if found < expected + layout.trailing:
        hint = f"The row may be cut off, or a {name} is missing."
    elif is_blank(cells[expected:]):
        hint = f"Put a cell that contains a {name} in quotes, or take away what is too much at the row's end."
    else:
        hint = f"Put a cell that contains a {name} in quotes."
    return Problem("", Code.WRONG_COLUMN_COUNT, message, hint)


# --- quotes ----------------------------------------------------------------------------------------------------------


def quote_problem(cells: Sequence[str], lines: Lines, layout: Layout) -> Problem | None:
    """What csv read over: quotes that don't pair up with the delimiters, and those that open behind white space."""
    text = "".join(cells)
    other = ("'" in text or "`" in text) and not has_guarded_cells(layout.headers)
    if other and (sign := wrapped_cell(cells)) and not _in_quotes(cells, lines):
        message = f"A cell of this row has {sign} around it in place of quotes."
        return Problem("", Code.STRAY_QUOTE, message, f'Remove them, or write " in place of {sign}.')
    if '"' not in text:
        return None  # each quote was the beginning or the end of a cell, or csv had refused the row
    row = b"".join(line for line, _ in lines.taken)
    delimiter = layout.delimiter.encode()
    if not misplaced(row, len(cells), delimiter):
        return None
    if opens_late(row, delimiter):
        message = "White space stands before the quote that opens a cell, so it opens nothing."
        return Problem("", Code.STRAY_QUOTE, message, "Remove the space.")
    message = "The quotes of this row don't pair up, so its cells can't be told apart."
    hint = 'Put the whole cell in quotes, and write a quote inside it twice: "15"" lamp".'
    return Problem("", Code.STRAY_QUOTE, message, hint)


def _in_quotes(cells: Sequence[str], lines: Lines) -> bool:
    """Whether cells with another sign around them have quotes around that, so it belongs to them. Each is looked for
    behind the one before, so the row is gone through once, however many there are."""
    row, place = lines.text().replace('""', '"'), 0
    for cell in cells:
        if wrapped_cell([cell]):
            place = row.find(f'"{cell}"', place)
            if place < 0:
                return False
            place += len(cell) + 1  # the quote that closes it may be the one that opens the next, where two were one
    return True


# --- the lines around ------------------------------------------------------------------------------------------------


def swallows_rows(lines: Lines, layout: Layout, *, matches: bool) -> bool:
    """Whether a readable row over several lines is rather rows that stray quotes have joined.

    `1,"Lamp,9` and `2,15",9` read as one row with a line break in a cell. What gives them away: each line is a row of
    its own if its quotes are letters, with numbers where they have to be. Of a joined row that has another width than
    the header (`matches` is false) the last line may be anything. Where the closing quote ends the row, quotes are
    where they have to be, and the lines of the text may look as they like.
    """
    taken = [line for line, _ in lines.taken]
    if taken[-1].rstrip().endswith(b'"'):
        return False
    return all(_is_row(line, lines.encoding, layout) for line in (taken if matches else taken[:-1]))


def _is_row(line: bytes, encoding: str, layout: Layout) -> bool:
    """Whether a line has a row's cells, its quotes as they stand or as letters, and numbers among them."""
    width = len(layout.headers) + layout.trailing
    if line.count(layout.delimiter.encode()) < width - 1:
        return False
    text = line.decode(encoding, "surrogateescape").rstrip("\r\n")
    cells = text.split(layout.delimiter)
    if len(cells) != width:
        cells = next(csv.reader([text], delimiter=layout.delimiter), [])
    fields = layout.mapping.fields
    places = [layout.headers.index(fields[field]) for field in NUMBERS if field in fields]
    return len(cells) == width and all(_has_digit(cells[place]) for place in places)


def _has_digit(cell: str) -> bool:
    return any(character.isdigit() for character in cell)


def is_cut_off(cells: Sequence[str], lines: Lines, layout: Layout) -> bool:
    """Whether the line below may be the rest of the row's last cell, a text with a line break and without quotes."""
    if lines.taken[-1][0].rstrip().endswith(b'"'):
        return False
    width, below, delimiter = len(layout.headers), lines.below(), layout.delimiter.encode()
    if below.count(delimiter) + 1 >= width or not below.strip(BLANK):
        return False
    parts = below.split(b'"')
    if not len(parts) % 2 and (not parts[0] or parts[0].endswith(delimiter)):
        return False  # a row that begins with quoted cells, and goes on behind this line
    outside = b"".join(parts[::2])
    found = 1 + outside.count(delimiter)
    if found in layout.narrow:
        return False
    header = layout.headers[min(len(cells), width) - 1]
    is_text = any(header == layout.mapping.fields[field] for field in layout.mapping.fields if field not in NUMBERS)
    return (is_text and 2 * found <= width) or delimiter + b" " in outside


def may_be_cut_off(layout: Layout) -> bool:
    """Whether rows of this file end with a text."""
    last = layout.headers[-1]
    return not layout.sheet and last not in {layout.mapping.fields.get(field) for field in NUMBERS}


def cut_off() -> Problem:
    message = "The line below is no row: it may be the rest of this row's last cell."
    hint = "Put a cell that has line breaks in quotes, and an empty line above a remark."
    return Problem("", Code.WRONG_COLUMN_COUNT, message, hint)
