"""What goes wrong with CSV files on their way, made from a clean one by rule: each file with the name of its kind.

The kinds are those that surveys of public CSV files name: delimiters, quotes, escapes and record ends that are missing,
extra or other than elsewhere in the file; cells, headers and tables too many or too few; preambles and encodings.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

HEADER = ["vendor_product_id", "product_name", "category", "sku", "brand", "description", "price", "stock_quantity"]
ROWS = [
    ["P1", "Desk lamp", "Electronics", "S1", "Acme", "A lamp", "9.99", "5"],
    ["P2", "Chair, red", "Home & Garden", "S2", "Wood & Co", 'He said "sit"', "49.50", "12"],
    ["P3", "Mug 3", "Home & Garden", "S3", "Clay", "One\nline\nmore", "4.00", "250"],
    ["P4", "Shirt XL", "Clothing", "S4", "Faden", "Soft, warm, red", "19.90", "40"],
    ["P5", "Book 2", "Books", "S5", "Press", "For all", "7.25", "3"],
]
NOTED = [*HEADER, "note"]  # the last column means nothing to us
NOTED_ROWS = [[*row, note] for row, note in zip(ROWS, ["new", "", "sale", "", "old"], strict=True)]


class Polluted(NamedTuple):
    """A file, what was done to it, and the row (from 0) that it was done to; None where it was done to the whole."""

    kind: str
    data: bytes
    row: int | None = None


def text(
    table: Sequence[Sequence[str]], delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL, end: str = "\n"
) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(table)  # type: ignore[arg-type]
    return out.getvalue()


def records(header: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str, *, quoted: bool) -> list[list[str]]:
    """The header and the rows as cells that are written already: quotes and all."""
    how = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    return [[text([[cell]], delimiter, how)[:-1] for cell in row] for row in (header, *rows)]


def every() -> Iterator[Polluted]:
    """All polluted files."""
    for delimiter in ",;\t":
        for quoted in (False, True):
            yield from _rows(HEADER, ROWS, delimiter, quoted=quoted)
    yield from _rows(NOTED, NOTED_ROWS, ",", quoted=False)
    yield from _files()


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str, *, quoted: bool) -> Iterator[Polluted]:
    """One row is polluted, at each of its cells; all others are as they were."""
    clean = records(header, rows, delimiter, quoted=quoted)
    for number in range(len(rows)):
        for kind, lines in _row_pollutions(clean[number + 1], delimiter):
            all_lines = [delimiter.join(record) for record in clean]
            all_lines[number + 1 : number + 2] = lines
            yield Polluted(kind, "\n".join([*all_lines, ""]).encode(), number)
    for number in range(len(rows) - 1):
        joined = [delimiter.join(record) for record in clean]
        joined[number + 1 : number + 3] = ["".join(joined[number + 1 : number + 3])]
        yield Polluted("the end of a record is missing", "\n".join([*joined, ""]).encode(), number)


def _row_pollutions(cells: list[str], delimiter: str) -> Iterator[tuple[str, list[str]]]:
    """The kind, and the lines that take the row's place."""
    other = ";" if delimiter != ";" else ","
    for place, cell in enumerate(cells):
        before, behind = cells[:place], cells[place + 1 :]

        def row(changed: str, before: list[str] = before, behind: list[str] = behind) -> list[str]:
            return [delimiter.join([*before, changed, *behind])]

        if place:
            glued = [*before[:-1], before[-1] + cell, *behind]
            yield "a delimiter is missing", [delimiter.join(glued)]
            yield "another delimiter", [delimiter.join([*before[:-1], before[-1] + other + cell, *behind])]
        yield "a delimiter too many", row(delimiter + cell)
        if not cell.startswith('"'):  # inside quotes both would belong to the cell
            yield "a delimiter inside a cell", row(cell[:1] + delimiter + cell[1:])
            last = "the last cell" if place == len(HEADER) - 1 else "a cell"
            yield f"a line break inside {last}", row(cell[:2] + "\n" + cell[2:])
            if behind and not behind[0].startswith('"'):
                moved = [*before, cell[:1], cell[1:] + behind[0], *behind[1:]]
                yield "a delimiter that was moved", [delimiter.join(moved)]
        yield "a cell is missing", [delimiter.join([*before, *behind])]
        yield "a cell twice", row(cell + delimiter + cell)
        yield "an extra cell", row(cell + delimiter + "x")
        yield "a record end inside a row", [delimiter.join([*before, cell]), delimiter.join(behind)]
        yield "a space before the cell", row(" " + cell)
        yield "a space behind the cell", row(cell + " ")
        yield "single quotes", row("'" + cell.strip('"') + "'")
        if cell.startswith('"'):
            yield "the opening quote is missing", row(cell[1:])
            yield "the closing quote is missing", row(cell[:-1])
            yield "both quotes are missing", row(cell[1:-1])
            yield "a quote that is not doubled", row(cell[:3] + '"' + cell[3:])
            yield (
                "an escaped quote",
                row(cell.replace('""', r"\"")) if '""' in cell else row(cell[:2] + r"\"" + cell[2:]),
            )
        else:
            yield "an extra quote at the start", row('"' + cell)
            yield "an extra quote at the end", row(cell + '"')
            yield "an extra quote inside", row(cell[:1] + '"' + cell[1:])
            yield "quotes around a cell", row(f'"{cell}"')
            yield "quotes twice around a cell", row(f'""{cell}""')
    yield "extra empty cells", [delimiter.join([*cells, "", ""])]
    yield "a comment", ["# " + delimiter.join(cells)]
    yield "the row is cut off", [delimiter.join(cells)[:-12]]
    yield "a blank line", ["", delimiter.join(cells), ""]
    yield "a quote around the row", ['"' + delimiter.join(cells).replace('"', '""') + '"']


def _files() -> Iterator[Polluted]:
    """The whole file is other than ours."""
    table = [HEADER, *ROWS]
    plain = text(table)
    for end in ("\n", "\r\n", "\r"):
        for delimiter in ",;\t|^:~":
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC):
                yield Polluted("delimiters, quotes and record ends", text(table, delimiter, quoting, end).encode())
        yield Polluted("no record end at the end", text(table, end=end).rstrip("\r\n").encode())
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman"):
        yield Polluted("encodings", plain.encode(encoding))
    for sign in "'`":
        yield Polluted("other quotes", plain.replace('"', sign).encode())
        yield Polluted("other quotes", text(table, quoting=csv.QUOTE_ALL).replace('"', sign).encode())
    yield Polluted("other quotes", "\n".join(",".join(f"“{cell}”" for cell in row) for row in table).encode())
    lines = plain.split("\n")
    for count in range(1, 6):
        for above in (
            "Our products",
            "Our products,,,,,,,",
            "# made by hand",
            "",
            "a,b,c,d,e,f,g,h",
            '"',
            '"Spring\nlist"',
        ):
            yield Polluted("a preamble", "\n".join([*[above] * count, plain]).encode())
        for below in ("Total,5", "Total,,,,,,90.64,310", "# end", "The end", ",,,,,,,", '"'):
            yield Polluted("a footer", (plain + "\n".join([below] * count)).encode())
    yield Polluted("no header", "\n".join(lines[1:]).encode())
    yield Polluted("the header twice", "\n".join([lines[0], *lines]).encode())
    yield Polluted("the header at the end", "\n".join([*lines[1:-1], lines[0], ""]).encode())
    yield Polluted("the header over two lines", plain.replace("product_name", '"product\nname"', 1).encode())
    yield Polluted("two header rows", plain.replace("\n", "\ntext,text,text,text,text,text,EUR,pcs\n", 1).encode())
    yield Polluted("a header that is cut off", plain.replace(",stock_quantity", "", 1).encode())
    for place in range(len(HEADER)):
        names = [*HEADER]
        names[place] = ""
        yield Polluted("a header without a name", text([names, *ROWS]).encode())
        yield Polluted("a header twice", text([[*HEADER, HEADER[place]], *[[*row, "x"] for row in ROWS]]).encode())
        shorter = [*HEADER[:place], *HEADER[place + 1 :]]
        yield Polluted("a header is missing", text([shorter, *ROWS]).encode())
        yield Polluted("a header too many", text([[*HEADER[:place], "colour", *HEADER[place:]], *ROWS]).encode())
    yield Polluted("columns in another order", text([row[::-1] for row in table]).encode())
    yield Polluted("tables side by side", text([[*row, *row] for row in table]).encode())
    yield Polluted(
        "tables side by side",
        text([[*row, "", *other] for row, other in zip(table, table[::-1], strict=True)]).encode(),
    )
    yield Polluted("tables below each other", (plain + "\n" + plain).encode())
    yield Polluted("tables below each other", (plain + "\nstore,city\n1,Berlin\n2,Paris\n").encode())
    yield Polluted("tables below each other", (plain + "\n" + text([row[::-1] for row in table])).encode())
    trailing = [HEADER, *[[*row, "", ""] for row in ROWS]]
    yield Polluted("empty cells at the end of every row", text(trailing).encode())
    yield Polluted("a column without a header", text([HEADER, *[[*row, "x"] for row in ROWS]]).encode())
    yield Polluted("blank lines", plain.replace("\nP", "\n\n\nP").encode())
    yield Polluted("columns that are empty", text([["", *row, ""] for row in table]).encode())
