"""docs/bad-input.md, line by line: each case that it names as a file, with exactly what it says becomes of it."""

import io
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from catalog.rules.validator import Rules, validate
from tests.uploads.feed.costs import costly
from tests.workbooks import replaced, workbook, zipped
from uploads.feed.apart import reader
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.ruled import meant
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Limits, Row, rows
from uploads.feed.prices import Vendor
from uploads.feed.workbook import OLE, Size, as_csv
from uploads.pipeline import examine
from uploads.pipeline.judge import numeric_fields
from uploads.pipeline.staged_rows import as_staged

# Its files are of up to millions of cells, and other tests cover the same lines.
pytestmark = pytest.mark.no_cover

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "bad-input.md"
HEADER = "vendor_product_id,product_name,category,sku,price,stock_quantity"
WHITELIST = dict.fromkeys(["Books", "Clothing", "Electronics", "Home"])
RULES, OURS = Rules.from_names(WHITELIST), Categories(WHITELIST)
REORDERED = "sku,vendor_product_id,product_name,category,price,stock_quantity"
GERMAN = "Produkt-ID,Produktname,Kategorie,Artikelnummer,Preis,Bestand"

LAMP = ["P1", "Lamp", "Home", "S1", "9.99", "5"]
CHAIR = ["P2", "Chair", "Home", "S2", "9.99", "5"]
ROW, OTHER = ",".join(LAMP), ",".join(CHAIR)
COUNT, OPEN, REPEATED = "wrong_column_count", "unclosed_quote", "repeated_header"


class Judged(NamedTuple):
    """A row that is read, and wrong in its values."""

    cells: list[str]
    codes: set[str]


# A row that is read and right, one that is read and wrong, one that can't be read.
Outcome = list[str] | Judged | str


class Case(NamedTuple):
    data: bytes
    outcome: Sequence[Outcome] | str
    """Of each row; or the code of the refusal."""
    notes: tuple[str, ...] = ()
    """Words of the notes."""
    limits: dict[str, int] = {}


def feed(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    return "".join(line + end for line in (header, *lines)).encode()


def priced(price: str) -> str:
    """The lamp's row at another price."""
    return ",".join(lamp(price=price))


def lamp(**changes: Any) -> list[Any]:
    """The lamp's cells with some changed, by header."""
    return list((dict(zip(HEADER.split(","), LAMP, strict=True)) | changes).values())


def quoted(cells: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


STORES = [["Store", "City", "Area", "ZIP", "Size", "Opens"], ["1", "Berlin", "Mitte", "10115", "big", "early"]]
SCRIPT = "<script>alert(1)</script>"
PADDED = [" P1", "\tLa mp ", "Home ", "S1", " 9.99", "5\t"]
HALF_CHARACTER = feed("P1,Half ?,Home,S1,9.99,5", OTHER).decode().encode("utf-16").replace(b"?\0", b"\x00\xd8")
TABLE = [HEADER.split(","), LAMP]
SHEET = "xl/worksheets/sheet1.xml"


def _merge(book: Any) -> None:
    book.worksheets[0].merge_cells("C2:C3")


def lying(part: str, content: bytes) -> bytes:
    """A workbook whose directory says that this part of it is small."""
    size, small = (len(content).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    return replaced(workbook(TABLE), {part: content}).replace(size, small)


def corners() -> bytes:
    """A workbook with a cell far down and to the right of the header."""
    names = "".join(f'<c t="str"><v>{name}</v></c>' for name in HEADER.split(","))
    return of_xml(f'<row>{names}</row><row r="1048576"><c r="GJ1048576"><v>1</v></c></row>')


def of_xml(cells: str) -> bytes:
    """A workbook whose sheet has these rows."""
    return replaced(workbook(TABLE), {SHEET: f"<worksheet><sheetData>{cells}</sheetData></worksheet>".encode()})


def formatted(code: str, **changes: Any) -> bytes:
    """A workbook with a lamp, of which some cells are changed and have a number format."""

    def change(book: Any) -> None:
        for column in changes:
            book.worksheets[0].cell(2, HEADER.split(",").index(column) + 1).number_format = code

    return workbook([HEADER.split(","), lamp(**changes)], change)


def hide(book: Any) -> None:
    book.worksheets[0].row_dimensions[2].hidden = True
    book.worksheets[0].column_dimensions["E"].hidden = True


def hide_by_filter(book: Any) -> None:
    book.worksheets[0].row_dimensions[2].hidden = True
    book.worksheets[0].auto_filter.ref = "A1:F2"
    book.worksheets[0].auto_filter.add_filter_column(1, ["Chair"])


def hide_lists(book: Any) -> None:
    book["Lists"].sheet_state = "hidden"


BRANDED = HEADER + ",brand"
LIKE_DATES = ["12-05-90", "MAY-12-RED", "MAR-01", "3-SET"]
LIKE_NUMBERS = ["47E6", "12E-5", "5E-05"]
TURNED_INTO_DATES = {"invalid_sku", "invalid_price", "invalid_stock"}
OTHER_DIGITS = {"invalid_price", "invalid_stock"}
NOT_PRODUCTS = {"unknown_category", "invalid_price", "invalid_stock"}

CASES = {
    # --- rows and cells
    "too few cells in a row": Case(feed(ROW, "P2,Lamp", OTHER), [LAMP, COUNT, CHAIR]),
    "a row that ends early, where only columns without a meaning are left out": Case(
        feed(ROW + ",red,big", OTHER + ",red", ROW, header=HEADER + ",colour,size"),
        [[*LAMP, "red", "big"], [*CHAIR, "red", ""], [*LAMP, "", ""]],
        ("Columns ignored: colour, size.",),
    ),
    "too many cells in a row": Case(feed(ROW + ",7", OTHER), [COUNT, CHAIR]),
    "extra empty cells at the end of every row": Case(feed(ROW + ",, ", OTHER + ",,"), [LAMP, CHAIR]),
    "extra empty cells at the end of some rows": Case(feed(ROW + ",, ,", OTHER), [COUNT, CHAIR]),
    "a row without the empty cells that most rows have at their end": Case(
        feed(*[ROW + ",red,"] * 3, OTHER + ",red", OTHER + ",", header=HEADER + ",brand"),
        [*[COUNT] * 3, [*CHAIR, "red"], COUNT],
    ),
    "a delimiter inside an unquoted cell": Case(feed("P1,Lamp, big,Home,S1,9.99,5", OTHER), [COUNT, CHAIR]),
    "a delimiter in one cell and none where another should be": Case(
        feed("P1,Lamp, big,S1,9.99,5", OTHER), [Judged(["P1", "Lamp", " big", *LAMP[3:]], {"unknown_category"}), CHAIR]
    ),
    "rows with another delimiter than the header": Case(feed(ROW.replace(",", ";"), OTHER), [COUNT, CHAIR]),
    "quotes inside an unquoted cell": Case(
        feed('P1,15" lamp,Home,S1,9.99,5', 'P1,Lamp "big",Home,S1,9.99,5', OTHER),
        [lamp(product_name='15" lamp'), lamp(product_name='Lamp "big"'), CHAIR],
    ),
    "a quote at the end of an unquoted cell": Case(
        feed('P1,Lamp",Home,S1,9.99,5', 'P1,15",Home,S1,9.99,5', OTHER), ["stray_quote"] * 2 + [CHAIR]
    ),
    "a delimiter that is missing before a quoted cell": Case(
        feed('P1,Lamp,"Home"S1,"9.99,5"', 'P1"La, mp",Home,S1,9.99,5', 'P1,Lamp"Ho, me",S1,9.99,5', OTHER),
        ["stray_quote"] * 3 + [CHAIR],
    ),
    "white space before an opening quote": Case(
        feed('P1, "Lamp",Home,S1,9.99,5', 'P1, "La, mp",S1,9.99,5', OTHER), ["stray_quote"] * 2 + [CHAIR]
    ),
    "white space after a closing quote": Case(
        feed('"P1"\t,"La, ""m""p" ,Home,S1,9.99,"5" ', 'P1,"La\nmp" ,Home,S1,"9.99" ,5', OTHER),
        [lamp(product_name='La, "m"p'), lamp(product_name="La\nmp"), CHAIR],
    ),
    "apostrophes or other signs in place of quotes": Case(feed("'P1','Lamp','Home','S1','9.99','5'"), "other_quotes"),
    "text after a closing quote": Case(
        feed('P1,"Lamp" big,Home,S1,9.99,5', r'P1,"15\" lamp",Home,S1,9.99,5', OTHER),
        ["stray_quote"] * 2 + [CHAIR],
    ),
    "a quote that stays open": Case(feed('P1,"Lamp,Home,S1,9.99,5', OTHER, ROW), [OPEN, CHAIR, LAMP]),
    "a quote that stays open until another row's quote": Case(
        feed('P1,"Lamp,Home,S1,9.99,5', OTHER, 'P1,15",Home,S1,9.99,5'), [OPEN, CHAIR, "stray_quote"]
    ),
    "quoted line breaks": Case(
        feed(quoted([*LAMP, "La\nmp\r\n"]), quoted([*LAMP, "x" + "\n" * 5_000 + "y"]), header=HEADER + ",description"),
        [[*LAMP, "La\nmp\r\n"], [*LAMP, "x" + "\n" * 5_000 + "y"]],
    ),
    "lines of a quoted text that look like rows": Case(
        feed(ROW + ',"In place of:', OTHER + ',the old one"', header=HEADER + ",description"),
        [[*LAMP, f"In place of:\n{OTHER},the old one"]],
    ),
    "a quoted text that is longer than a row may be": Case(
        feed('P1,"' + "a line of it\n" * 30_000 + '",Home,S1,9.99,5', OTHER), ["row_too_long", CHAIR]
    ),
    "line breaks in a cell without quotes": Case(feed("P1,La", "mp,Home,S1,9.99,5", OTHER), [COUNT, COUNT, CHAIR]),
    "a line break without quotes in a text at a row's end": Case(
        feed(ROW + ",Made of", "brass", OTHER + ",Made of", "", "Total", header=HEADER + ",description"),
        [COUNT, COUNT, [*CHAIR, "Made of"], COUNT],
    ),
    "blank lines": Case(feed("", ROW, " ", ",,,,,", "\t, ,", OTHER, ""), [LAMP, CHAIR]),
    "a NUL character": Case(feed("P1,La\0mp,Home,S1,9.99,5", OTHER), ["nul_character", CHAIR]),
    "other control characters": Case(
        feed("P1,La\x07\x0c\x1bmp,Home,S1,9.99,5"), [lamp(product_name="La\x07\x0c\x1bmp")]
    ),
    "a cell over 100,000 characters": Case(feed(f"P1,{'x' * 100_001},Home,S1,9.99,5", OTHER), ["cell_too_long", CHAIR]),
    "a row over 262,144 characters": Case(feed("é" * 300_000, OTHER), ["row_too_long", CHAIR]),
    "a row that takes more than 395 KB in UTF-8 with the names of its columns": Case(
        feed(ROW + ("," + "あ" * 70_000) * 2, OTHER + ",,", header=HEADER + ",a,b"),
        ["row_too_long", [*CHAIR, "", ""]],
        ("Columns ignored: a, b.",),
    ),
    "10,000 cells in a row": Case(feed(",".join("1" * 10_000), OTHER), [COUNT, CHAIR]),
    "a row that begins with # and a space": Case(feed("# P1,Lamp,Home,S1,9.99,5", OTHER), ["commented_out", CHAIR]),
    "a cell with apostrophes around it in place of quotes": Case(
        feed("P1,'Lamp',Home,S1,9.99,5", OTHER), ["stray_quote", CHAIR]
    ),
    "a total or a remark below the rows": Case(feed(ROW, "", "# 1 product", "Total,9.99"), [LAMP, COUNT, COUNT]),
    "leading zeros": Case(
        feed("007,0815,Home,00-1,09.99,05"), [["007", "0815", "Home", "00-1", "09.99", "05"]]
    ),
    "cells like =1+1, @SUM, a script tag": Case(
        feed(f"=1+1,{SCRIPT},Home,S1,9.99,5", "@SUM(A1),a\t=1+1,Home,S1,9.99,5"),
        [["=1+1", SCRIPT, *LAMP[2:]], ["@SUM(A1)", "a\t=1+1", *LAMP[2:]]],
    ),
    "a tab or spaces at the ends of a cell": Case(feed(",".join(PADDED)), [PADDED]),
    "=1+1 as a price": Case(feed("P1,Lamp,Home,S1,=1+1,5"), [Judged(lamp(price="=1+1"), {"invalid_price"})]),
    # --- what spreadsheets and programs leave in cells
    "the error of a spreadsheet: #N/A, #REF!, #BEZUG!, Err:502": Case(
        feed("#N/A,Lamp,Home,S1,9.99,5,", "P1,Lamp,Home,S1,#BEZUG!,5,", f"{ROW},#REF!", header=BRANDED),
        [
            Judged(["#N/A", *LAMP[1:], ""], {"spreadsheet_error"}),
            Judged([*lamp(price="#BEZUG!"), ""], {"spreadsheet_error"}),
            Judged([*LAMP, "#REF!"], {"spreadsheet_error"}),
        ],
    ),
    "a number in a column that was too narrow for it: ####": Case(
        feed("P1,Lamp,Home,S1,####,5"), [Judged(lamp(price="####"), {"spreadsheet_error"})]
    ),
    r"a word for nothing: NULL, nan, N/A, \N, None, –": Case(
        feed("nan,NULL,Home,N/A,None,–,x", rf"{ROW},\N", f"{ROW},NAN", header=BRANDED),
        [
            Judged(["nan", "NULL", "Home", "N/A", "None", "–", "x"], {"missing_value"}),
            [*LAMP, r"\N"],
            [*LAMP, "NAN"],
        ],
    ),
    "`[clear]`, which empties a field that needn't have a value, in any other": Case(
        feed("[clear],Lamp,Home,S1,[clear],[Clear],[clear]", header=BRANDED),
        [Judged(["[clear]", "Lamp", "Home", "S1", "[clear]", "[Clear]", "[clear]"], {"missing_value"})],
    ),
    "such a word with anything beside it": Case(
        feed("NA-1,None of it,Home,NULL-1,9.99,5,NA-KD", header=BRANDED),
        [["NA-1", "None of it", "Home", "NULL-1", "9.99", "5", "NA-KD"]],
    ),
    "a date as a product ID, SKU, price or stock: 3-Apr, 03. Mrz, 2026-04-03": Case(
        feed("1-Dec,Lamp,Home,03. Mrz,2026-05-12,3-Apr", *(f"{sku},Lamp,Home,{sku},9.99,5" for sku in LIKE_DATES)),
        [
            Judged(["1-Dec", "Lamp", "Home", "03. Mrz", "2026-05-12", "3-Apr"], TURNED_INTO_DATES),
            *(lamp(vendor_product_id=sku, sku=sku) for sku in LIKE_DATES),
        ],
    ),
    "a number in scientific notation as a product ID or SKU: 4.7E+07, 1.20E-04": Case(
        feed("4.7E+07,Lamp,Home,1.20E-04,9.99,5", *(f"{sku},Lamp,Home,{sku},9.99,5" for sku in LIKE_NUMBERS)),
        [
            Judged(lamp(vendor_product_id="4.7E+07", sku="1.20E-04"), {"invalid_sku"}),
            *(lamp(vendor_product_id=sku, sku=sku) for sku in LIKE_NUMBERS),
        ],
    ),
    "=\"001001\" or '001001": Case(
        feed('"=""001001""",Lamp,Home,\'001,9.99,5', "P1,'s lamp,Home,S1,9.99,5"),
        [lamp(vendor_product_id='="001001"', sku="'001"), lamp(product_name="'s lamp")],
    ),
    "=001001 as a product ID": Case(
        feed("=001001,Lamp,Home,S1,9.99,5"), [Judged(lamp(vendor_product_id="=001001"), {"invalid_sku"})]
    ),
    "90101.0 as a product ID or SKU": Case(
        feed("90101.0,Lamp,Home,2.0,9.99,5"), [lamp(vendor_product_id="90101.0", sku="2.0")]
    ),
    "characters that can't be seen, or é in two spellings, in a product ID": Case(
        feed("Cafe\u0301  \u200e1,Lamp,Home,S\u200b1,\u200e9.99,5\u00ad"),
        [["Cafe\u0301  \u200e1", "Lamp", "Home", "S\u200b1", "\u200e9.99", "5\u00ad"]],
    ),
    "a product ID or SKU in other upper and lower case": Case(
        feed("A1,Lamp,Home,B1,9.99,5", "a1,Lamp,Home,b1,9.99,5"),
        [lamp(vendor_product_id="A1", sku="B1"), lamp(vendor_product_id="a1", sku="b1")],
    ),
    "letters in a SKU that only look like A to Z": Case(
        feed("P1,Lamp,Home,С1,9.99,5"), [Judged(lamp(sku="С1"), {"invalid_sku"})]
    ),
    "digits of other scripts in price or stock": Case(
        feed("P1,Lamp,Home,S1,١٢٫٥٠,٥"), [Judged(lamp(price="١٢٫٥٠", stock_quantity="٥"), OTHER_DIGITS)]
    ),
    "several categories in a cell": Case(
        feed('P1,Lamp,"Home, Books",S1,9.99,5'), [Judged(lamp(category="Home, Books"), {"unknown_category"})]
    ),
    # --- tables and headers
    "no bytes at all": Case(b"", "empty_file"),
    "a header and no rows": Case(feed("", ",,,,,"), "no_rows"),
    "no header": Case(feed(OTHER, header=ROW), "missing_columns"),
    "required columns missing": Case(feed("Lamp,9.99", header="product_name,price"), "question"),
    "two columns for one field": Case(feed(ROW + ",8", header=HEADER + ",Price"), "question"),
    "other columns twice, or without a name": Case(
        feed(ROW + ",red,,blue", header=HEADER + ",colour,,colour"),
        [[*LAMP, "red", "", "blue"]],
        ("Columns ignored: colour, column_8, colour (2).",),
    ),
    "10,000 columns in the header": Case(
        feed(ROW + ",1" * 9_994, header=",".join([HEADER, *map(str, range(9_994))])), "too_many_columns"
    ),
    "a column name over 1,000 characters": Case(
        feed(ROW + ",1", header=HEADER + "," + "n" * 1_001), "column_name_too_long"
    ),
    "column names over 100,000 bytes together": Case(
        feed(ROW + ",1" * 40, header=",".join([HEADER, *(chr(945 + n) + "あ" * 900 for n in range(40))])),
        "column_name_too_long",
    ),
    "a line of thousands of equal cells": Case(feed(ROW, "a," * 20_000), [LAMP, COUNT]),
    "one endless line": Case(b"a," * 200_000, "line_too_long"),
    "too many rows": Case(feed(ROW, OTHER, ROW), "too_many_rows", limits={"max_rows": 2}),
    "lines above the header": Case(
        b'Products of 2024\n\nAs of "today\n' + feed(ROW), [LAMP], ("3 lines above the header skipped.",)
    ),
    "more than 20 lines above the header": Case(b"x\n" * 20 + feed(ROW), "missing_columns"),
    "a sep=; line": Case(b"sep=;\r\n" + feed(ROW).replace(b",", b";"), [LAMP]),
    "a sep=; line that is wrong": Case(b"sep=;\n" + feed(ROW), "missing_columns"),
    "a sep=; line below the header": Case(feed("sep=;", ROW), [COUNT, LAMP]),
    "the header twice": Case(feed(HEADER, ROW), [REPEATED, LAMP]),
    "a second header in other words": Case(
        feed(GERMAN, ROW), [Judged(GERMAN.split(","), NOT_PRODUCTS), LAMP]
    ),
    "a second header with its columns in another order": Case(
        feed(ROW, REORDERED, "S2,P2,x,Home,1,1"), "several_tables"
    ),
    "a second table with the same columns": Case(feed(ROW, "", HEADER, OTHER), [LAMP, REPEATED, CHAIR]),
    "a second table with more or fewer columns": Case(
        feed(ROW, "", "Store,City", "1,Berlin", "", "a,b,c,d,e,f,g", "1,2,3,4,5,6,7"), [LAMP, *[COUNT] * 4]
    ),
    "a second table with as many columns, of something else": Case(
        feed(ROW, "", ",".join(STORES[0]), ",".join(STORES[1])),
        [LAMP, *(Judged(cells, NOT_PRODUCTS) for cells in STORES)],
    ),
    "another delimiter than comma, semicolon, tab or vertical bar": Case(
        feed(ROW).replace(b",", b":"), "missing_columns"
    ),
    # --- encodings and formats
    "a byte order mark at the start": Case(b"\xef\xbb\xbf" + feed(ROW), [LAMP]),
    "a byte order mark in the middle": Case(
        feed("\ufeffP1,La\ufeffmp,Home,S1,9.99,5"), [lamp(vendor_product_id="\ufeffP1", product_name="La\ufeffmp")]
    ),
    "a byte order mark before a second header": Case(feed(ROW, "\ufeff" + HEADER, OTHER), [LAMP, REPEATED, CHAIR]),
    "UTF-16": Case(feed("P1,Café,Home,S1,9.99,5").decode().encode("utf-16"), [lamp(product_name="Café")]),
    "UTF-16 with half a character": Case(HALF_CHARACTER, ["invalid_encoding", CHAIR]),
    "UTF-32": Case(feed(ROW).decode().encode("utf-32"), "binary_file"),
    "a legacy encoding": Case(
        feed("P1,Café,Home,S1,9.99,5").decode().encode("cp1252"), [lamp(product_name="Café")], ("read as Windows-1252",)
    ),
    "an East Asian encoding": Case(
        feed("P1,デスクランプ,Home,S1,9.99,5").decode().encode("cp932"),
        [lamp(product_name="デスクランプ")],
        ("read as Shift JIS, since its words read as Japanese only in it",),
    ),
    "an East Asian encoding with half a letter": Case(
        feed(*["P1,デスクランプ,Home,S1,9.99,5"] * 10).decode().encode("cp932") + b"P1,\x83,Home,S1,9.99,5\n",
        [lamp(product_name="デスクランプ")] * 10 + ["invalid_encoding"],
        ("read as Shift JIS",),
    ),
    "letters that fit two encodings": Case(
        feed("P1,Crème brûlée,Home,S1,9.99,5").decode().encode("mac_roman"), "question"
    ),
    "letters that fit no encoding": Case(
        feed("P1,x,Home,S1,9.99,5").replace(b"x", bytes(range(161, 255, 3))), "question"
    ),
    "ISO-2022-JP": Case(feed("P1,デスク,Home,S1,9.99,5").decode().encode("iso2022_jp"), "unknown_encoding"),
    "mixed encodings, most lines in UTF-8": Case(
        feed(*["P1,Café,Home,S1,9.99,5"] * 2) + b"P3,Caf\xe9,Home,S3,9.99,5\n",
        [lamp(product_name="Café")] * 2 + ["invalid_encoding"],
        ("Lines that are not valid UTF-8: 1.",),
    ),
    "mixed encodings, most lines in another one": Case(
        feed("P1,Café,Home,S1,9.99,5") + b"P1,Caf\xe9,Home,S1,9.99,5\n" * 2,
        [Judged(lamp(product_name="CafÃ©"), {"garbled_value"}), *[lamp(product_name="Café")] * 2],
        ("read as Windows-1252", "Lines that look like UTF-8 all the same: 1."),
    ),
    "letters that were turned into others before (`CafÃ©`), in a name or ID": Case(
        feed("P1,CafÃ©,Home,S1,9.99,5", "Ã‰1,Lamp,Home,S1,9.99,5"),
        [
            Judged(lamp(product_name="CafÃ©"), {"garbled_value"}),
            Judged(lamp(vendor_product_id="Ã‰1"), {"garbled_value"}),
        ],
        ("Letters were turned into others before the file was saved",),
    ),
    "letters that were turned into others before, in a brand or description": Case(
        feed(ROW + ",CafÃ©", OTHER + ",Löwe", header=HEADER + ",brand"), [[*LAMP, "CafÃ©"], [*CHAIR, "Löwe"]]
    ),
    "a replacement character (�) in a name": Case(
        feed("P1,Caf�,Home,S1,9.99,5", *["P1,Café,Home,S1,9.99,5"] * 2),
        [Judged(lamp(product_name="Caf�"), {"garbled_value"}), *[lamp(product_name="Café")] * 2],
    ),
    "line ends LF, CRLF or CR alone": Case(f"{HEADER}\r{ROW}\n{OTHER}\r\n{ROW}".encode(), [LAMP, CHAIR, LAMP]),
    "a ZIP file": Case(b"PK\x03\x04\x14\0\0\0\x08\0feed.csv", "binary_file"),
    "other bytes that are no text": Case(bytes(range(256)) * 8, "binary_file"),
    "HTML, XML or JSON": Case(b'<!doctype html>\n<html lang="en"><body>Sign in</body></html>\n', "no_table"),
    # --- workbooks
    "an Excel workbook (.xlsx)": Case(workbook([], Products=TABLE), [LAMP]),
    "a sheet of instructions in front": Case(
        workbook([["Fill in the next sheet."]], Feed=TABLE), [LAMP], ("“Feed” was read; the other sheet, “Products”",)
    ),
    "hidden sheets": Case(
        workbook(TABLE, hide_lists, Lists=[["x"]]), [LAMP], ("1 hidden sheet was not read: “Lists”.",)
    ),
    "hidden rows and columns": Case(
        workbook(TABLE, hide), [LAMP], ("1 hidden column was read too: column E.", "1 hidden row was read too: row 2.")
    ),
    "rows that a filter hides": Case(workbook(TABLE, hide_by_filter), "question"),
    "a workbook with macros (.xlsm)": Case(replaced(workbook(TABLE), {"xl/vbaProject.bin": b"\0macros"}), [LAMP]),
    "text cells with leading zeros": Case(
        workbook([HEADER.split(","), lamp(sku="007")]), [lamp(sku="007")]
    ),
    "numbers, dates and formulas": Case(
        workbook([HEADER.split(","), ["P1", date(2024, 12, 21), "Home", 1299.0, 0.1 + 0.2, 5]]),
        [["P1", "2024-12-21", "Home", "1299", "0.3", "5"]],
    ),
    "numbers whose format shows zeros in front": Case(
        formatted("000000", vendor_product_id=612, sku=7), [lamp(vendor_product_id="000612", sku="000007")]
    ),
    "numbers whose format hides decimals": Case(formatted("#,##0.00", price=12348.004), [lamp(price="12348.00")]),
    "numbers with a currency or a unit": Case(
        formatted('[>1000]"$"#,##0.00;0 "pcs"', price=1299.5, stock_quantity=5), [lamp(price="$1299.50")]
    ),
    "percentages and numbers with an exponent": Case(
        formatted("[<1]0%;0.00E+00", price=0.12, sku=12000),
        [Judged(lamp(price="12%", sku="1.20E+04"), {"invalid_price", "invalid_sku"})],
    ),
    "a number with a fraction as an ID or SKU": Case(
        formatted("0.00", vendor_product_id=1.5, sku=2.25),
        [Judged(lamp(vendor_product_id="1.50", sku="2.25"), {"invalid_sku"})],
    ),
    "a date as an ID, SKU or price": Case(
        formatted("d-mmm", vendor_product_id=46357, sku=46115, price=46154),
        [
            Judged(
                lamp(vendor_product_id="2026-12-01", sku="2026-04-03", price="2026-05-12"),
                {"invalid_sku", "invalid_price"},
            )
        ],
    ),
    "error cells (#N/A, #REF!)": Case(
        workbook([[*HEADER.split(","), "brand"], [*lamp(price="#REF!"), "#N/A"]]),
        [Judged([*lamp(price="#REF!"), "#N/A"], {"spreadsheet_error"})],
    ),
    "formulas without a saved value": Case(
        workbook([[*HEADER.split(","), "brand"], [*lamp(price="=10*2"), '=UPPER("a")']]),
        [Judged([*lamp(price="#FORMULA!"), "#FORMULA!"], {"unsaved_formula"})],
    ),
    "cells merged over several rows": Case(workbook([*TABLE, lamp(category="")], _merge), [LAMP, LAMP]),
    "empty rows in a sheet": Case(workbook([HEADER.split(","), [], LAMP, [None], [" "]]), [LAMP]),
    "an empty workbook": Case(workbook(), "empty_file"),
    "a sheet with too many columns": Case(workbook([[*HEADER.split(","), *["x"] * 600]]), "too_many_columns"),
    "a sheet with too many rows": Case(workbook([*TABLE, LAMP, LAMP]), "too_many_rows", limits={"max_rows": 2}),
    "a zip bomb": Case(replaced(workbook(TABLE), {SHEET: b" " * 20_000_000}), "workbook_too_large"),
    "a zip bomb whose directory lies about it": Case(lying(SHEET, b" " * 20_000_000), "workbook_damaged"),
    "two cells that are millions of cells apart": Case(
        corners(), [Judged([""] * 191 + ["1"], {"missing_value"})], ("Columns ignored: column_7",)
    ),
    "more cells than ten million": Case(
        of_xml('<row><c r="SA"><v>1</v></c></row>' * 20_500), "workbook_too_large"
    ),
    "20 sheets with something far away in each": Case(
        costly.book([costly.far("x")] * 20 + [costly.GOOD]), [costly.ROW.strip().split(",")], ("The sheet",)
    ),
    "sheets, merged cells or formats by the hundred thousand": Case(
        costly.book([costly.GOOD + costly.merged(100_001)]), "workbook_too_large"
    ),
    "a long text in a hundred thousand cells": Case(
        costly.book([costly.repeated(f"<row>{costly.SHARED}</row>", 99_999)], costly.LONG), "workbook_too_large"
    ),
    "XML that is nested deeper, or has more names, than that of any workbook": Case(
        of_xml("<a>" * 10_000), "workbook_damaged"
    ),
    "rows that are out of order in the file": Case(
        of_xml('<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>'), "workbook_damaged"
    ),
    "a workbook with a password": Case(OLE + bytes(99) + "EncryptedPackage".encode("utf-16-le"), "workbook_protected"),
    "an old workbook (.xls)": Case(OLE + bytes(99) + "Workbook".encode("utf-16-le"), "workbook_old"),
    "a binary workbook (.xlsb)": Case(zipped({"xl/workbook.bin": b"x"}), "workbook_other"),
    "a document of Word or PowerPoint": Case(
        zipped({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}), "workbook_other"
    ),
    "an OpenDocument spreadsheet (.ods)": Case(
        zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"x"}), "workbook_other"
    ),
    "a workbook that is cut off, or none at all": Case(workbook(TABLE)[:-100], "workbook_damaged"),
    "CSV that is called .xlsx": Case(feed(ROW), [LAMP]),
    # --- prices and currencies
    "prices without a currency, or in the vendor's": Case(
        feed(ROW, priced("$9.99"), priced("9.99 USD")), [LAMP, lamp(price="$9.99"), lamp(price="9.99 USD")]
    ),
    "all prices in one other currency": Case(feed(priced("€9.99"), priced("9.99 EUR")), "question"),
    "some prices in one other currency, some without any": Case(feed(ROW, priced("€9.99")), "question"),
    "a header that names another currency: Price (EUR)": Case(
        feed(ROW, header=HEADER.replace("price", "Price (EUR)")), "question"
    ),
    "a column for the currency that names another one": Case(
        feed(ROW + ",EUR", header=HEADER + ",currency"), "question"
    ),
    "prices in different currencies": Case(feed(priced("$9.99"), priced("€9.99")), "mixed_currencies"),
    "a column for the currency that names different ones": Case(
        feed(ROW + ",EUR", OTHER + ",USD", header=HEADER + ",currency"), "mixed_currencies"
    ),
    "a currency that there is not": Case(
        feed(ROW + ",USD", ROW + ",coins", header=HEADER + ",currency"),
        [[*LAMP, "USD"], Judged([*LAMP, "coins"], {"invalid_currency"})],
    ),
    "a price in cents: 199¢": Case(feed(priced("199¢")), [Judged(lamp(price="199¢"), {"invalid_price"})]),
    "a price with ¤ or ₿": Case(
        feed(priced("9.99 ¤"), priced("₿1")),
        [Judged(lamp(price=price), {"invalid_price"}) for price in ("9.99 ¤", "₿1")],
    ),
}  # fmt: skip


def outcome_of(row: Row, layout: Layout) -> Outcome:
    if row.problem is not None:
        assert row.cells == {}
        assert row.raw
        return row.problem.code.value
    cells = list(row.cells.values())
    fields = layout.mapping.fields
    if layout.plan:
        found = meant(row.cells, row.numeric, layout.plan, OURS, None, row.number)
        values, numeric = found.values, found.numeric
    else:
        values = {field: row.cells[header] for field, header in fields.items()}
        numeric = numeric_fields(fields, row.numeric)
    result = validate(values, RULES, numeric, layout.currency)
    return cells if result.draft else Judged(cells, {problem.code.value for problem in result.problems})


def outcomes(case: Case) -> tuple[Sequence[Outcome] | str, tuple[str, ...]]:
    """What became of the rows, or the code of the refusal; and the notes."""
    limits = Limits(**(vars(examine.limits()) | case.limits))
    try:
        with as_csv(io.BytesIO(case.data), limits, Size()) as sheet:
            file = sheet.file if sheet else io.BytesIO(case.data)
            name, about = (sheet.name, sheet.about) if sheet else ("", None)
            question = reader.Question(
                limits, sheet=name, about=about, vendor=Vendor("Northwind", "USD"), categories=WHITELIST, whole=True
            )  # fmt: skip
            layout = reader.look(file, question).layout
            if layout.questions:
                return "question", ()
            found = list(as_staged(rows(file, layout, limits=limits), layout))
    except FeedError as error:
        return error.code, ()
    assert [row.number for row in found] == list(range(1, len(found) + 1))
    return [outcome_of(row, layout) for row in found], layout.notes


def documented() -> dict[str, set[str]]:
    """Case → "row" or "file" and its codes, from the document's tables."""
    tables = [part for part in DOCUMENT.read_text(encoding="utf-8").split("\n\n") if part.startswith("| In the file")]
    lines = re.findall(r"^\| (.+?) \| .+ \| (.+?) \|$", "\n".join(tables), re.MULTILINE)
    cases = [(name, code) for name, code in lines if name != "In the file"]
    assert len(dict(cases)) == len(cases)
    return {name: set(re.findall(r"^row|^file|(?<=`)\w+(?=`)", code)) for name, code in cases}


def codes_of(outcome: Sequence[Outcome] | str) -> set[str]:
    """As the document's last column has them."""
    if isinstance(outcome, str):
        return {"file", outcome}
    codes: set[Any] = {one for one in outcome if isinstance(one, str)}
    codes.update(*(one.codes for one in outcome if isinstance(one, Judged)))
    return codes | {"row"} if codes else set()


DOCUMENTED = documented()


@pytest.mark.parametrize("name", CASES)
def test_a_file_becomes_what_the_document_says(name: str) -> None:
    case = CASES[name]
    found, notes = outcomes(case)
    assert found == case.outcome
    assert codes_of(found) == DOCUMENTED[name]
    assert len(notes) == len(case.notes)
    assert all(words in note for words, note in zip(case.notes, notes, strict=True))


def test_every_case_of_the_document_is_tested_and_every_tested_case_is_in_it() -> None:
    assert list(DOCUMENTED) == list(CASES)


def test_the_limits_of_the_document_are_those_of_the_settings() -> None:
    limits, text = examine.limits(), DOCUMENT.read_text(encoding="utf-8")
    for number in (limits.max_cell_chars, limits.max_row_chars, limits.max_columns, limits.max_rows):
        assert f"{number:,}" in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_is_refused_with_and_without_byte_order_mark_and_nothing_else_is(encoding: str) -> None:
    found, _ = outcomes(Case(feed(ROW, "P1,Café,Home,S1,9.99,5").decode().encode(encoding), []))
    assert found == ("binary_file" if "32" in encoding else [LAMP, lamp(product_name="Café")])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "second",
    [
        REORDERED,
        quoted(REORDERED.upper().split(",")),
        "\ufeff" + REORDERED,
        HEADER.replace("price,stock_quantity", "cost,weight"),
        "Artikelnummer,Produkt-ID,Bezeichnung,Kategorie,Preis,Bestand",
    ],
)
def test_a_second_header_that_means_something_else_is_refused_wherever_it_stands(second: str, encoding: str) -> None:
    data = feed("P1,Café,Home,S1,9.99,5", *[ROW] * 50, second, OTHER)
    assert outcomes(Case(data.decode().encode(encoding, "ignore"), []))[0] == "several_tables"


def test_a_second_header_is_known_though_its_columns_have_digits_in_their_names() -> None:
    second = "product_name,vendor_product_id,category,sku,price,stock_quantity,Option1 Value"
    data = feed(ROW + ",red", second, "Chair,P2,Home,S2,9.99,5,red", header=HEADER + ",Option1 Value")
    assert outcomes(Case(data, []))[0] == "several_tables"


@pytest.mark.parametrize(
    "line",
    [
        "Vendor,Title,Type,SKU-1,9.99,5",  # words that are names of columns, but a price
        "price,Title,Type,SKU-1,9.99,5",
        "a,b,c,d,e,f",
        "id,id,id,id,id,id",
        HEADER + ",",
        REORDERED + ",brand",  # of another width, so its rows are errors each
    ],
)
def test_other_lines_with_names_of_columns_are_rows(line: str) -> None:
    found, _ = outcomes(Case(feed(ROW, line, OTHER), []))
    assert isinstance(found, list)
    assert (len(found), found[0], found[2]) == (3, LAMP, CHAIR)
