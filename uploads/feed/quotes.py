"""How the quotes of a row pair up: what csv read rightly, what it read over, and what it refuses without need.

csv takes a quote that opens nowhere for a letter, and lets a lost one swallow what follows. Here the row is read a
second way, each quote opening or closing whatever stands around it; where that gives another number of cells, nobody
can know where they end.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

# The sign for inches inside an unquoted cell, as in `15" lamp` and `15"x12"`: behind a digit, with more text behind it,
# but no word. At the end of a cell it can as well be the closing half of quotes whose opening half was lost, before a
# word the opening half of those of a cell whose delimiter was, and before other quotes nothing else.
_INCHES = rb'(?<=[0-9])"(?=[ ]?[^ "\r\n%s])(?![A-Za-z]{2}|\xe2\x80[\x99\x9c\x9d]|\xc2\xbb|[\x92-\x94\xbb])'
# What some programs write instead of double quotes: opening → closing.
OTHER_QUOTES = {"'": "'", "`": "`", "´": "´", "“": "”", "„": "“", "”": "”", "«": "»", "‘": "’"} | {
    sign: sign for sign in "|^~"
}


def misplaced(row: bytes, cells: int, delimiter: bytes) -> bool:
    """Whether the quotes of a row that csv took for so many cells are not where quotes have to be."""
    if _well_formed(delimiter).match(row):
        return False
    parts = row.split(b'"')
    return not pair_up(row, cells, delimiter) or opens_late(row, delimiter) or _doubled_outside(parts, delimiter)


@lru_cache
def _well_formed(delimiter: bytes) -> re.Pattern[bytes]:
    """A row whose quotes are all where they have to be (RFC 4180): nearly all are, so this comes first."""
    cell = rb'(?:"[^"]*+(?:""[^"]*+)*+"|[^"%s]*+)' % re.escape(delimiter)
    return re.compile(rb"%s(?:%s%s)*+[\r\n]*+\Z" % (cell, re.escape(delimiter), cell))


def pair_up(row: bytes, cells: int, delimiter: bytes) -> bool:
    """Whether the row has this many cells too when each of its quotes opens or closes.

    `row` are its bytes, in an encoding with ASCII's quotes and delimiters.
    """
    return _outside(row, delimiter) == cells or _outside(_inches(delimiter).sub(b"", row), delimiter) == cells


def _outside(row: bytes, delimiter: bytes) -> int:
    """The number of cells, where every quote opens or closes."""
    parts = row.split(b'"')
    if not len(parts) % 2:
        return 0  # the last one never closes
    return 1 + b"".join(parts[::2]).count(delimiter)


@lru_cache
def _inches(delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(_INCHES % re.escape(delimiter))


def opens_late(row: bytes, delimiter: bytes) -> bool:
    """Whether white space stands between a delimiter and an opening quote: csv takes such a cell for one without."""
    if b' "' not in row and b'\t"' not in row:
        return False
    space = b" " if delimiter == b"\t" else b" \t"
    for part in row.split(b'"')[:-1:2]:
        before = part.rstrip(space)
        if before != part and (not before or before.endswith(delimiter)):
            return True
    return False


def _doubled_outside(parts: Sequence[bytes], delimiter: bytes) -> bool:
    """Whether quotes are doubled in a cell that has none around it: those were lost on the way. `parts` are what stands
    between the quotes of a row.
    """
    return any(
        part and not inside and part[-1:] not in (delimiter, b"\n", b"\r", b" ", b"\t")
        for part, inside in zip(parts[:-2:2], parts[1:-1:2], strict=False)
    )


def wrapped_cell(cells: Sequence[str]) -> str:
    """The sign that a cell of the row has around it in place of quotes; "" where none has."""
    return next((cell.lstrip()[0] for cell in cells if _WRAPPED.fullmatch(cell)), "")


_WRAPPED = re.compile(r"\s*(['`])(?!\1)[^\r\n]*[^\r\n'`]\1\s*")


def may_be_spaced(row: bytes) -> bool:
    """Whether white space behind a quote can be why csv refuses the row."""
    return b'" ' in row or b'"\t' in row


def spaced_cells(row: str, delimiter: str) -> list[str] | None:
    """The cells of one whole row with white space between closing quotes and delimiters; None if it isn't well formed
    even then. Each character is looked at once.
    """
    token, position, cells = _token(delimiter), 0, []
    while found := token.match(row, position):
        quoted, plain, end = found.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        position = found.end()
        if end != delimiter:
            return cells if position == len(row) else None
    return None


@lru_cache
def _token(delimiter: str) -> re.Pattern[str]:
    """A cell with what ends it: a delimiter, or the end of the row."""
    mark, space = re.escape(delimiter), " " if delimiter == "\t" else " \t"
    return re.compile(
        rf'(?:"((?:[^"]|"")*+)"[{space}]*+|((?:[^"{mark}\r\n][^{mark}\r\n]*+)?))({mark}|(?:\r\n|\r|\n)?\Z)'
    )


def wrapped_in(cells: Sequence[str]) -> str:
    """The other sign that all these cells have around them in place of quotes, if there are any cells; else ""."""
    trimmed = [cell.strip() for cell in cells if cell.strip()]
    opening = trimmed[0][0] if trimmed else ""
    closing = OTHER_QUOTES.get(opening, "")
    return opening if closing and all(_is_wrapped(cell, opening, closing) for cell in trimmed) else ""


def split_by(rows: Iterable[Sequence[str]], width: int) -> str:
    """The other sign that opens in one cell of a row that is too wide, and closes in a later one, where another row has
    a cell with it on both sides; "" if there is none.
    """
    opened: set[str] = set()
    wrapped: set[str] = set()
    for cells in rows:
        starts = {cell[0] for cell in cells if cell[:1] in OTHER_QUOTES}
        for sign in starts:
            closing = OTHER_QUOTES[sign]
            if any(_is_wrapped(cell, sign, closing) for cell in cells):
                wrapped.add(sign)
            if len(cells) > width and _opens_and_closes(cells, sign, closing):
                opened.add(sign)
    return min(opened & wrapped, default="")


def _opens_and_closes(cells: Sequence[str], opening: str, closing: str) -> bool:
    opens = [n for n, cell in enumerate(cells) if cell[:1] == opening and not _is_wrapped(cell, opening, closing)]
    return any(cell[-1:] == closing for cell in cells[opens[0] + 1 :]) if opens else False


def _is_wrapped(cell: str, opening: str, closing: str) -> bool:
    return len(cell) > 2 and cell[0] == opening and cell[-1] == closing
