"""Files that cost as much as a stranger can make them cost, each by its size: what readers are tried with."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Final

HEADER: Final = "vendor_product_id,product_name,brand,sku,category,description,price,stock_quantity"
ROW: Final = "1,Lamp,Acme,S1,Home,d,9.99,5\n"
START: Final = f"{HEADER}\n{ROW}"
LONGEST: Final = 250_000  # bytes of a line that is still read
MAIN: Final = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


def filled(text: str, size: int) -> str:
    """The text as often as it fits."""
    return text * max(1, size // len(text.encode()))


def _wide(*names: str) -> str:
    """A header of 498 columns with a row."""
    return f"{','.join([HEADER, *names])}\n{ROW.strip()}{',' * len(names)}\n"


def _headers(size: int, ends: str = ",") -> str:
    """Twenty lines that could be a header, each of other names of prices and stocks."""
    count = min(499, size // 400)
    lines = ("".join(f"price{line}{n} stock{ends[n % len(ends)]}" for n in range(count)) for line in range(19))
    return "\n".join([*lines, START])


def _lines(line: str, start: str = START) -> Callable[[int], str]:
    """The start with the line below it, as often as it fits."""
    return lambda size: start + filled(line, size)


def _long(text: str, before: str = START, behind: str = "\n") -> Callable[[int], str]:
    """A text over and over in one line that is still read."""
    return lambda size: before + filled(text, min(size, LONGEST)) + behind


SHOP: Final = (
    "Handle,Title,Vendor,Variant SKU,Type,Body,Variant Price,Variant Inventory Qty,Image Src\n"
    "a,L,V,S,T,B,9,1,i\n"
)  # fmt: skip
SAME: Final = _wide(*["a"] * 490)
# By its name: a text of about so many bytes.
TEXTS: Final[Mapping[str, Callable[[int], str]]] = {
    "one line of equal cells": lambda size: START + filled("a,", size) + "a\n",
    "equal names": _lines(",x" * 497 + "\n", SAME),
    "equal names over rows without a digit": _lines("b,c,d," + "a," * 494 + "a\n", SAME),
    "no names": _lines("," * 497 + "\n", _wide(*[""] * 490)),
    "names with numbers of their own": _lines("a," * 497 + "a\n", _wide(*(f"a ({n})" for n in range(2, 492)))),
    "a quote in front": _lines(ROW, START + '"'),
    "a quote in each other row": _lines(f'"{ROW}{ROW}'),
    "a quote in each line": _lines('x,"\n'),
    "quotes that join two rows": _lines('1,"Lamp,9\n2,15",9\n'),
    "white space behind quotes": _lines('"a" b,"\nx\nx\nx\n'),
    "cells in apostrophes in quotes": _long("\"'a'\","),
    "apostrophes": _lines("1,'" + "'a " * 300 + "',\n"),
    "blank lines": _lines("\n"),
    "blank lines in front": lambda size: filled("\n", size) + START,
    "lines of carriage returns": _lines("\r"),
    "lines of one letter": _lines("a\n"),
    "rows of nothing": _lines(",,,,,,,\n"),
    "an endless line": _lines("x"),
    "an endless line of cells": _lines("x,"),
    "an endless first line": _lines(",x", ""),
    "many lines that could be the header": _headers,
    "many lines and delimiters that could be the header's": lambda size: _headers(size, ",;|\t"),
    "letters that are spelled out in eighteen": _long("\ufdfa", "", f"\n{START}"),
    "accents in a row in the header": _long("\u0315\u0300", "a", f",{START}"),
    "accents in a row in what may be a header": _long("\u0315\u0300", f"{START}sku,brand,price,a", ",a,b,c,d\n"),
    "signs behind capitals": _lines("1," + "ROSÃ® " * 300 + ",,,,,,\n"),
    "signs behind capitals, in one line": _long("Ã®"),
    "other headers": _lines("sku,price,brand,category\n"),
    "rows that are too wide": _lines("," * 1000 + "\n"),
    "pictures of a shop": _lines("a,,,,,,,,x\n", SHOP),
    "remarks": _lines("# x\n"),
    "nothing that can be stored": _lines("1,\0\n"),
    "prices in words": _lines("1,Lamp,Acme,S1,Home,d," + "9" * 40 + " kr. USD,5\n"),
}


def text(name: str, size: int) -> bytes:
    return TEXTS[name](size).encode()


def book(sheets: Sequence[str], texts: str = "", styles: str = "", parts: Mapping[str, str] | None = None) -> bytes:
    """A workbook of these sheets' XML, with shared texts and styles."""
    targets = [*(("worksheet", f"sheet{number}.xml") for number in range(len(sheets)))]
    targets += [("sharedStrings", "texts.xml"), ("styles", "styles.xml")]
    related = "".join(
        f'<Relationship Id="r{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets)
    )
    listed = "".join(f'<sheet name="S{number}" r:id="r{number}"/>' for number in range(len(sheets)))
    contents = {
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
        "xl/texts.xml": f"<sst {MAIN}>{texts}</sst>",
        "xl/styles.xml": f"<styleSheet {MAIN}>{styles}</styleSheet>",
        **{f"xl/sheet{number}.xml": f"<worksheet {MAIN}>{sheet}</worksheet>" for number, sheet in enumerate(sheets)},
        **(parts or {}),
    }
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return out.getvalue()


def row(number: int, *cells: str) -> str:
    """A row of texts."""
    return f'<row r="{number}">' + "".join(f'<c t="str"><v>{cell}</v></c>' for cell in cells) + "</row>"


def data(*rows: str) -> str:
    return f"<sheetData>{''.join(rows)}</sheetData>"


GOOD: Final = data(row(1, *HEADER.split(",")), row(2, *ROW.strip().split(",")))


def far(text: str) -> str:
    """A sheet with a text in A1 and in SF20000."""
    return data(row(1, text), f'<row r="20000"><c r="SF20000" t="str"><v>{text}</v></c></row>')


def merged(count: int) -> str:
    """So many cells that are merged with the one below."""
    cells = "".join(f'<mergeCell ref="A{n}:A{n + 1}"/>' for n in range(count))
    return f"<mergeCells>{cells}</mergeCells>"


def repeated(xml: str, count: int, start: str = GOOD.removesuffix("</sheetData>")) -> str:
    """Rows, the number of each in place of #, below those that make a sheet one of products."""
    return start + "".join(xml.replace("#", str(number)) for number in range(3, count + 3)) + "</sheetData>"


def numbered(text: str, count: int) -> str:
    """The text as often, with a number in place of #."""
    return "".join(text.replace("#", str(number)) for number in range(count))


LONG: Final = f"<si><t>{'y' * 99_999}</t></si>"
SHARED: Final = '<c t="s"><v>0</v></c>'
DEEP: Final = 300_000
LARGE, BROKEN, EMPTY, READ = "workbook_too_large", "workbook_damaged", "empty_file", ""
# By its name: a workbook, and what becomes of it.
BOOKS: Final[Mapping[str, tuple[Callable[[], bytes], str]]] = {
    "20 sheets with a space far away": (lambda: book([far(" ")] * 20), EMPTY),
    "a sheet with a space far away": (lambda: book([far(" ")]), EMPTY),
    "20 sheets with a letter far away": (lambda: book([far("x")] * 20), READ),
    "900 sheets with a letter far away": (lambda: book([far("x")] * 900), READ),
    "a million merged cells": (lambda: book([GOOD + merged(1_000_000)]), LARGE),
    "blank sheets": (lambda: book(["<sheetData/>"] * 999 + [GOOD]), READ),
    "more sheets than are read": (lambda: book(["<sheetData/>"] * 1_001), LARGE),
    "rows of nothing": (lambda: book([data("<row/>" * 1_000_000)]), EMPTY),
    "rows of spaces": (lambda: book([data('<row><c t="str"><v> </v></c></row>' * 300_000)]), EMPTY),
    "2,000 parts": (lambda: book([GOOD], parts={f"x/{n}": "" for n in range(2_000)}), BROKEN),
    "50,000 parts": (lambda: book([GOOD], parts={f"x/{n}": "" for n in range(50_000)}), BROKEN),
    "deep XML": (lambda: book([data("<a>" * DEEP)]), BROKEN),
    "deep XML that ends": (lambda: book([data("<a>" * DEEP + "</a>" * DEEP)]), BROKEN),
    "cells within cells": (lambda: book([data("<row>" + "<c>" * DEEP)]), BROKEN),
    "deep XML around the rows": (lambda: book(["<a>" * DEEP]), BROKEN),
    "deep shared texts": (lambda: book([GOOD], texts="<si>" * DEEP), BROKEN),
    "deep styles": (lambda: book([GOOD], styles="<xf>" * DEEP), BROKEN),
    "a tag without an end": (lambda: book([f'<sheetData><row a="{numbered("#", 1_000_000)}"']), LARGE),
    "a tag of many attributes": (lambda: book(["<sheetData><row" + numbered(' a#="1"', 600_000) + "/>"]), LARGE),
    "ever new names": (lambda: book([data(numbered("<t#/>", 300_000))]), BROKEN),
    "a long shared text in each cell": (lambda: book([repeated(f"<row>{SHARED}</row>", 99_999)], texts=LONG), LARGE),
    "a long shared text in each row": (
        lambda: book([repeated(f"<row>{SHARED}{'<c/>' * 90}</row>", 9_999)], texts=LONG), LARGE,
    ),
    "a row of long texts": (lambda: book([data(f"<row>{SHARED * 500}</row>")], texts=LONG), READ),
    "a text of many runs": (lambda: book([GOOD], texts=f"<si>{'<r><t>x</t></r>' * 600_000}</si>"), READ),
    "more formats than are kept": (
        lambda: book([GOOD], styles=numbered('<numFmt numFmtId="#" formatCode="0"/>', 2_002)), LARGE,
    ),
    "columns that are filled up": (
        lambda: book([repeated('<row r="#"><c r="SF#"><v>1</v></c></row>', 42_000)]), LARGE,
    ),
}  # fmt: skip
