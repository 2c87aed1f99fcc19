"""One thing that goes wrong, at every place of feeds of many shapes: what stands first and last, and what is in quotes.

Where `pollution` tries many kinds on one feed, this tries where each can hide: behind the last number, in columns that
mean nothing, in rows that end with empty cells, in the header. Pure: the same files each time.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

CATEGORIES: Final = ("Home & Garden", "Books", "Clothing")
PLAIN: Final = ("vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity")
FULL: Final = (*PLAIN, "brand", "description")
# No two have a word in common, and among them is what makes CSV hard: delimiters, quotes, line breaks, apostrophes.
PRODUCTS: Final = (
    ("P-11", "Oak table", "Home & Garden", "OAK-11", "1299.00", "125", "Nordhaus", "Solid, oiled by hand", "sale"),
    ("P-12", 'Stand 27"', "Home & Garden", "MON-12", "49.90", "30", "Deskmate", 'For 24" and 27", black', ""),
    ("P-13", "Men's shirt", "Clothing", "SHI-13", "19.95", "240", "Thread, Co", "Soft.\nWash at 30, no bleach", "new"),
    ("P-14", "Atlas", "Books", "ATL-14", "35.00", "12", "Papierboot", 'Said to be "the best"', ""),
    ("P-15", 'Lamp, 15" wide', "Home & Garden", "LAM-15", "89.00", "44", "Lumière", "Brass", ""),
    ("P-16", "Scarf", "Clothing", "SCA-16", "24.50", "310", "Solaris", "Plain", "last one"),
)
# Descriptions in which no quote is needed, so that none tells anything
BARE: Final = ("Oiled", "Black", "Cotton", "Best 4", "Brass 15", "Plain")


@dataclass(frozen=True)
class Line:
    """A row as it is written: the cells with their quotes, what stands between them, and what ends it."""

    cells: tuple[str, ...]
    delimiters: tuple[str, ...]
    end: str = "\n"

    def __str__(self) -> str:
        return "".join(map("".join, zip(self.cells, (*self.delimiters, self.end), strict=True)))

    def with_cell(self, place: int, cell: str) -> "Line":
        return replace(self, cells=(*self.cells[:place], cell, *self.cells[place + 1 :]))

    def with_delimiter(self, place: int, delimiter: str) -> "Line":
        return replace(self, delimiters=(*self.delimiters[:place], delimiter, *self.delimiters[place + 1 :]))

    def without_cell(self, place: int) -> "Line":
        return Line(self.cells[:place] + self.cells[place + 1 :], self.delimiters[1:], self.end)

    def all_delimiters(self, delimiter: str) -> "Line":
        return replace(self, delimiters=(delimiter,) * len(self.delimiters))

    def all_cells(self, change: Callable[[str], str]) -> "Line":
        return replace(self, cells=tuple(map(change, self.cells)))


Lines = tuple[Line, ...]


class Base(NamedTuple):
    """A clean feed."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    quoting: int
    trailing: int = 0
    """Empty cells at the end of each row but the header."""

    @property
    def clean(self) -> dict[str, dict[str, str]]:
        """Product ID → header → cell."""
        place = self.header.index("vendor_product_id")
        return {row[place]: dict(zip(self.header, row, strict=True)) for row in self.rows}

    def lines(self) -> Lines:
        rows = (_line(row, self.quoting) for row in (self.header, *self.rows))
        header, *others = rows
        more, delimiters = ("",) * self.trailing, (",",) * self.trailing
        return (header, *(Line(row.cells + more, row.delimiters + delimiters) for row in others))


def _line(row: tuple[str, ...], quoting: int) -> Line:
    return Line(tuple(_written(cell, quoting) for cell in row), (",",) * (len(row) - 1))


def _written(cell: str, quoting: int) -> str:
    quotes = quoting == csv.QUOTE_ALL or any(sign in cell for sign in ',"\n')
    if quoting == csv.QUOTE_NONNUMERIC:
        quotes = not cell.replace(".", "").isdigit()
    return '"' + cell.replace('"', '""') + '"' if quotes else cell


def bases() -> Iterator[Base]:
    bare = tuple((*row[:7], text) for row, text in zip(PRODUCTS, BARE, strict=True))
    described = tuple(row[:8] for row in PRODUCTS)
    shapes = {
        "numbers last": (PLAIN, tuple(row[:6] for row in PRODUCTS)),
        "text last": (FULL, described),
        "text last, bare": (FULL, bare),
        "remarks last": ((*FULL, "note"), PRODUCTS),
        "links last": ((*FULL, "url"), tuple((*row, f"https://example.com/{row[0]}") for row in described)),
        "links last, bare": ((*FULL, "url"), tuple((*row, f"https://example.com/{row[0]}") for row in bare)),
        "nothing last": ((*FULL, "note"), tuple((*row, "") for row in described)),
        "text first": (FULL[::-1], tuple(row[::-1] for row in described)),
        "text in the middle": (
            (*PLAIN[:2], *FULL[6:], *PLAIN[2:]),
            tuple((*r[:2], *r[6:8], *r[2:6]) for r in PRODUCTS),
        ),
    }
    for name, (header, rows) in shapes.items():
        for style, quoting in (("", csv.QUOTE_MINIMAL), (", all in quotes", csv.QUOTE_ALL)):
            yield Base(f"{name}{style}", header, rows, quoting)
    yield Base("links last, texts in quotes", *shapes["links last"], csv.QUOTE_NONNUMERIC)
    yield Base("text last, delimiters at the end", FULL, described, csv.QUOTE_MINIMAL, 1)
    yield Base("bare, delimiters at the end", FULL, bare, csv.QUOTE_MINIMAL, 2)


# --- in one cell -----------------------------------------------------------------------------------------------------

CellPollution = Callable[[Line, int], Iterator[Line]]


def _delimiter_missing(line: Line, place: int) -> Iterator[Line]:
    if place:
        yield line.with_delimiter(place - 1, "")


def _delimiter_too_many(line: Line, place: int) -> Iterator[Line]:
    yield line.with_cell(place, "," + line.cells[place])
    if place == len(line.cells) - 1:
        yield line.with_cell(place, line.cells[place] + ",")


def _other_delimiter(line: Line, place: int) -> Iterator[Line]:
    if place:
        yield from (line.with_delimiter(place - 1, other) for other in (";", " ", ", ", ",,"))


def _quote_too_many(line: Line, place: int) -> Iterator[Line]:
    cell = line.cells[place]
    yield from (line.with_cell(place, cell[:at] + '"' + cell[at:]) for at in sorted({0, 1, len(cell) // 2, len(cell)}))
    yield from (line.with_cell(place, cell[:at] + '""' + cell[at:]) for at in sorted({0, len(cell)}))


def _quote_lost(line: Line, place: int) -> Iterator[Line]:
    cell = line.cells[place]
    yield from (line.with_cell(place, cell[:at] + cell[at + 1 :]) for at in range(len(cell)) if cell[at] == '"')
    if cell[:1] == '"':
        yield line.with_cell(place, cell[1:-1])
        yield line.with_cell(place, cell[1:-1].replace('""', '"'))
        yield line.with_cell(place, cell[0] + cell[1:-1].replace('""', '"') + cell[-1])


def _quotes_escaped(line: Line, place: int) -> Iterator[Line]:
    cell = line.cells[place]
    if cell[:1] == '"' and '"' in cell[1:-1]:
        yield line.with_cell(place, '"' + cell[1:-1].replace('""', r"\"") + '"')
        yield line.with_cell(place, cell[1:-1].replace('""', r"\"").replace(",", r"\,"))


def _white_space(line: Line, place: int) -> Iterator[Line]:
    yield from (line.with_cell(place, space + line.cells[place]) for space in (" ", "\t"))
    yield from (line.with_cell(place, line.cells[place] + space) for space in (" ", "\t"))


def _cell_missing(line: Line, place: int) -> Iterator[Line]:
    yield line.without_cell(place)
    yield Line(line.cells[: place + 1], line.delimiters[:place], line.end)


def _cell_too_many(line: Line, place: int) -> Iterator[Line]:
    yield line.with_cell(place, f"{line.cells[place]},{line.cells[place]}")
    yield line.with_cell(place, f"x,{line.cells[place]}")


def _line_break(line: Line, place: int) -> Iterator[Line]:
    cell = line.cells[place]
    yield from (line.with_cell(place, cell[:at] + "\n" + cell[at:]) for at in sorted({0, len(cell) // 2, len(cell)}))
    yield line.with_cell(place, cell[: len(cell) // 2] + "\r" + cell[len(cell) // 2 :])


def _apostrophes_in_a_cell(line: Line, place: int) -> Iterator[Line]:
    cell = line.cells[place]
    yield line.with_cell(place, f"'{cell[1:-1] if cell[:1] == chr(34) else cell}'")


IN_CELLS: Final[dict[str, CellPollution]] = {
    "a delimiter missing": _delimiter_missing,
    "a delimiter too many": _delimiter_too_many,
    "another delimiter at one place": _other_delimiter,
    "a quote too many": _quote_too_many,
    "a quote lost": _quote_lost,
    "quotes escaped otherwise": _quotes_escaped,
    "white space around a cell": _white_space,
    "a cell missing": _cell_missing,
    "a cell too many": _cell_too_many,
    "a line break in a cell": _line_break,
    "apostrophes around a cell": _apostrophes_in_a_cell,
}


# --- in one row ------------------------------------------------------------------------------------------------------


def _other_quotes(sign: str, closing: str = "") -> Callable[[str], str]:
    return lambda cell: sign + cell[1:-1].replace('""', '"') + (closing or sign) if cell[:1] == '"' else cell


def _bare(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell


def _inside(cell: str, doubled: str) -> str:
    """The cell with something else in place of doubled quotes."""
    return '"' + cell[1:-1].replace('""', doubled) + '"' if cell[:1] == '"' else cell


def _row_delimiters(line: Line) -> Iterator[Line]:
    yield from (line.all_delimiters(other) for other in (";", "\t", " ", "|", ":", ", ", ",,"))


def _row_quotes(line: Line) -> Iterator[Line]:
    yield line.all_cells(_other_quotes("'"))
    yield line.all_cells(_other_quotes("“", "”"))
    yield line.all_cells(_bare)
    yield line.all_cells(lambda cell: _inside(cell, r"\""))
    yield line.all_cells(lambda cell: _inside(cell, '"'))


def _row_ends(line: Line) -> Iterator[Line]:
    yield from (replace(line, end=end) for end in ("", " ", ",\n", "\r", "\r\n", "\n\r", "\n\n", '"\n', ' "\n', "\x1e"))


IN_ROWS: Final[dict[str, Callable[[Line], Iterator[Line]]]] = {
    "other delimiters in a row": _row_delimiters,
    "other quotes in a row": _row_quotes,
    "another end of a row": _row_ends,
}


# --- in the whole file -----------------------------------------------------------------------------------------------


def _everywhere(lines: Lines, change: Callable[[Line], Line]) -> str:
    return "".join(str(change(line)) for line in lines)


def _delimiters(lines: Lines) -> Iterator[str]:
    for other in (";", "\t", "|", " ", ":", ", ", " , ", "\t\t", ",,", "\\t", "^"):
        yield _everywhere(lines, lambda line: line.all_delimiters(other))  # noqa: B023 - called at once
        yield f"sep={other}\n" + _everywhere(lines, lambda line: line.all_delimiters(other))  # noqa: B023
        yield str(lines[0]) + _everywhere(lines[1:], lambda line: line.all_delimiters(other))  # noqa: B023


def _quotes(lines: Lines) -> Iterator[str]:
    for sign, closing in (("'", ""), ("`", ""), ("“", "”"), ("„", "“"), ("«", "»"), ("|", "")):
        yield _everywhere(lines, lambda line: line.all_cells(_other_quotes(sign, closing)))  # noqa: B023
        yield str(lines[0]) + _everywhere(
            lines[1:],
            lambda line: line.all_cells(_other_quotes(sign, closing)),  # noqa: B023
        )
    yield _everywhere(lines, lambda line: line.all_cells(lambda cell: cell.replace('"', "'")))
    yield _everywhere(lines, lambda line: line.all_cells(_bare))
    yield _everywhere(lines, lambda line: line.all_cells(lambda cell: f"'{cell}'"))


def _escapes(lines: Lines) -> Iterator[str]:
    for doubled in (r"\"", '"'):
        yield _everywhere(lines, lambda line: line.all_cells(lambda cell: _inside(cell, doubled)))  # noqa: B023
    yield _everywhere(lines, lambda line: line.all_cells(lambda cell: _bare(cell).replace(",", r"\,")))


def _ends(lines: Lines) -> Iterator[str]:
    text = "".join(map(str, lines))
    yield from (text.replace("\n", end) for end in ("\r", "\r\n", "\n\n", "\r\r\n", "\n\r"))
    yield from (text.rstrip("\n"), text + "\n", text + "\x1a", text + ",,,\n", text.rstrip("\n") + "\r")
    yield "".join(str(replace(line, end=("\n", "\r\n", "\r")[n % 3])) for n, line in enumerate(lines))


def _headers(lines: Lines) -> Iterator[str]:
    header, rows = lines[0], "".join(map(str, lines[1:]))
    written = str(header)
    blank = ("," * len(header.delimiters)) + "\n"
    yield from (rows, written + written + rows, written * 3 + rows, written + rows + written, rows + written)
    yield from (written + "Units" + blank + rows, written + blank + rows, "Feed" + blank + written + rows)
    yield from (written + str(lines[1]) + written + rows, blank + written + rows, blank.strip() + written + rows)
    for place in range(len(header.cells)):
        yield from (
            str(header.with_cell(place, name)) + rows for name in ("", "HEADER", "HEAD/%R", '"a\nb"', "sku", "x" * 999)
        )


def _around(lines: Lines) -> Iterator[str]:
    text, width = "".join(map(str, lines)), len(lines[0].cells)
    for remark in ("Products", "As of today, all", "Total,,,,1517.35", "Total" + "," * (width - 1), 'See "list"', "5"):
        yield from (f"{remark}\n{text}", f"{remark}\n\n{text}", f"{text}{remark}\n", f"{text}\n{remark}\n")
        yield f"{remark},,,\n{text}{remark},,,\n"
    yield from (f"{line}\n{text}" for line in ("x\n" * 25, "," * (width - 1), '"', "sep=,", "sep=;"))


def _tables(lines: Lines) -> Iterator[str]:
    text, width = "".join(map(str, lines)), len(lines[0].cells)
    for other in (2, width - 1, width, width + 1, 2 * width):
        table = "\n".join([",".join(f"Store {n}" for n in range(other)), *[",".join("17" for n in range(other))] * 2])
        yield from (f"{text}\n{table}\n", f"{text}{table}\n", f"{table}\n{text}", f"{table}\n\n{text}")
    beside = [("Store", "City"), *[("17", "Berlin")] * (len(lines) - 1)]
    yield "".join(f"{str(line)[:-1]},{','.join(cells)}\n" for line, cells in zip(lines, beside, strict=True))
    yield "".join(f"{str(line)[:-1]},,{','.join(cells)}\n" for line, cells in zip(lines, beside, strict=True))
    yield "".join(f"{','.join(cells)},{line}" for line, cells in zip(lines, beside, strict=True))
    yield "".join(f"{str(line)[:-1]},{line}" for line in lines)
    yield "".join(f"{str(line)[:-1]},,{line}" for line in lines)
    yield text + text
    yield "".join(map(str, lines[:3])) + "\n" + text


IN_FILES: Final[dict[str, Callable[[Lines], Iterator[str]]]] = {
    "other delimiters": _delimiters,
    "other quotes": _quotes,
    "other escapes": _escapes,
    "other row ends": _ends,
    "other headers": _headers,
    "lines above and below": _around,
    "several tables": _tables,
}
ENCODINGS: Final = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
KINDS: Final = (*IN_CELLS, *IN_ROWS, *IN_FILES, "other encodings", "one row")


def damaged(base: Base, kind: str) -> Iterator[bytes]:
    """Files with this one thing wrong, each at another place."""
    return (data for data in _damaged(base, kind) if not is_clean(data, base))


def _damaged(base: Base, kind: str) -> Iterator[bytes]:
    lines = base.lines()
    if kind in IN_CELLS or kind in IN_ROWS:
        for row in (0, 2, 3, 6):
            for changed in _changed(lines[row], kind):
                yield "".join(map(str, (*lines[:row], changed, *lines[row + 1 :]))).encode()
    elif kind in IN_FILES:
        yield from (text.encode() for text in IN_FILES[kind](lines))
    elif kind == "one row":
        for row in (1, 2):
            for cells in ("a delimiter missing", "a delimiter too many", "a quote too many", "a cell missing"):
                yield from (f"{lines[0]}{changed}".encode() for changed in _changed(lines[row], cells))
    else:
        text = "".join(map(str, lines))
        yield from (text.encode(encoding) for encoding in ENCODINGS)
        yield text.replace("\nP-14", "\n\ufeffP-14").encode()


def _changed(line: Line, kind: str) -> Iterator[Line]:
    if kind in IN_ROWS:
        yield from IN_ROWS[kind](line)
        return
    for place in range(len(line.cells)):
        yield from IN_CELLS[kind](line, place)


CELL: Final = r'(?:"(?:[^"]|"")*+"|[^",\r\n]*+)'


def is_clean(data: bytes, base: Base) -> bool:
    """Whether this is just another feed, well formed (RFC 4180) and as wide as its header in each row: nobody can see
    then that it was meant to say something else.
    """
    end = "," * base.trailing + r"(?:\r\n|\n|\r|\Z)"
    row = rf"{CELL}(?:,{CELL}){{{len(base.header) - 1}}}{end}"
    header, _, rows = data.decode("utf-8", "replace").partition("\n")
    return header + "\n" == str(base.lines()[0]) and re.fullmatch(f"(?:{row})+", rows) is not None
