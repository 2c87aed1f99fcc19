"""XLSX files by XlsxWriter, row by row to disk (`constant_memory`), with every text as text: none is taken for a
formula, a link or a number, and none is cut. XML has no control characters; they are written as Excel does, _x0007_.
"""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

XLSX_ROWS = 1_048_576  # what a sheet can hold, header included: Excel's specifications and limits
CELL_CHARS = 32_767  # what a cell can hold: the same
CUT = -2  # XlsxWriter's answer when it didn't write all of a text
TEXT = "@"  # the format of cells that stay texts when they are edited
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "use_zip64": True,  # a million rows may be more than 4 GB before they are packed
    "default_date_format": "yyyy-mm-dd hh:mm:ss",
}
# ST_Xstring of Office Open XML (ECMA-376-1, 22.9.2.19). A CR as it is would be read as a LF; U+FFFE and U+FFFF have no
# such form that readers agree on.
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


class NotForExcel(ValueError):  # import-export shows a ValueError on its page
    """The rows can't be a workbook; the message says what to do instead."""


def workbook(write: Callable[[Any, Any], None], name: str | None = None) -> IO[bytes]:
    """The XLSX file, on disk, of a workbook whose first sheet `write(book, sheet)` fills, rows in order.

    What XlsxWriter needs on the way is in a folder that is gone afterwards, and so is the file once it is closed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workbook")
        book = Workbook(path, OPTIONS | {"tmpdir": folder})
        try:
            write(book, further_sheet(book, name))
            book.close()
        finally:
            for sheet in book.worksheets():  # open until the workbook is closed, which may not come to pass
                sheet.row_data_fh.close()
        return path.open("rb")


def further_sheet(book: Any, name: str | None) -> Any:
    """One more sheet of the workbook."""
    return book.add_worksheet(name, _Sheet)


def put_text(sheet: Any, row: int, column: int, text: str, style: object = None) -> None:
    """Write a text, whatever it looks like, =1+1 too. Raises NotForExcel when a cell can't hold it."""
    if sheet.write_string(row, column, in_xml(text), style) == CUT:
        raise NotForExcel(f"A cell has more than the {CELL_CHARS:,} characters that Excel can hold. Download the CSV.")


class _Sheet(Worksheet):  # type: ignore[misc] # XlsxWriter has no types
    """A sheet whose texts come as XML can hold them (`in_xml`), and of which none is rich text.

    XlsxWriter's own escapes would make another text of _x005F_x0007_. A text like <r>…</r> it would write as the XML
    that it looks like: a vendor's cell could bring a formula along. No option turns either off, and no public way leads
    to these; requirements/*.txt pin the version, and tests say when they are gone.
    """

    @staticmethod
    def _escape_control_characters(text: str) -> str:
        return text

    def _xml_rich_inline_string(self, text: str, attributes: list[tuple[str, object]]) -> None:
        self._xml_inline_string(text, True, attributes)


def in_xml(text: str) -> str:
    """The text as a workbook can hold it: of _x0007_ readers make the character again, of _x005F_ the underscore."""
    text = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
    # Of white space alone nothing would be read, unless it is written so.
    return _ESCAPED.sub(_code, text) if text.strip() else "".join(f"_x{ord(char):04X}_" for char in text)


def _code(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"
