"""Every list of the admin as CSV and XLSX, safe to open in a spreadsheet, whatever its length.

Rows are read in pages by primary key and written as they come, so memory doesn't grow with the list. Text cells are
guarded by config.web.spreadsheet; numbers, dates and truth values stay what they are.

Workbooks are written by XlsxWriter, row by row to disk (`constant_memory`), with every text as text: none is taken for
a formula, a link or a number, and none is cut. XML has no control characters. Files of rows that are to be sent back
(`text_sheet`) write them as Excel does, _x0007_, and are read as they were; in the lists of the admin they are U+FFFD.
"""

import csv
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from django.db.models import Model, QuerySet
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import Resource
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from config.web import spreadsheet

PAGE = 2000
XLSX_ROWS = 1_048_576  # what a sheet can hold, header included: Excel's specifications and limits
NUMBERS = (bool, int, float, Decimal)
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
BOM = "\ufeff"  # makes Excel read UTF-8
# ST_Xstring of Office Open XML (ECMA-376-1, 22.9.2.19). A CR as it is would be read as a LF; U+FFFE and U+FFFF have no
# such form that readers agree on.
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class NotForExcel(ValueError):  # import-export shows a ValueError on its page
    """The rows can't be a workbook; the message says what to do instead."""


class TableResource(Resource):  # type: ignore[misc] # import-export has no types
    """What import-export writes of one table, with every cell made harmless."""

    @classmethod
    def get_display_name(cls) -> str:
        return cls.__name__

    def get_user_visible_fields(self) -> list[Field]:
        """The columns that the export page names."""
        return list(self.get_export_fields())

    def export_resource(self, instance: Model, selected_fields: object = None, **kwargs: Any) -> list[object]:
        native = kwargs.get("force_native_type", False)
        return [cell(getattr(instance, name), native=native) for name in self.fields]


def resource_of(model: type[Model], leave_out: tuple[str, ...] = ()) -> type[TableResource]:
    """A resource with the table's own columns under their own names; a foreign key costs no query a row."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname not in leave_out]
    fields = {name: Field(attribute=name, column_name=name, readonly=True) for name in names}
    return type(f"{model.__name__}Resource", (TableResource,), fields)


def cell(value: object, *, native: bool) -> object:
    """A value as a spreadsheet may have it. `native` keeps dates as dates, in the time zone that the admin shows."""
    if isinstance(value, str):
        return spreadsheet.guard(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", value) if native else value)
    if value is None:
        return ""
    if isinstance(value, NUMBERS):
        return value
    if isinstance(value, datetime):
        local = timezone.make_naive(value) if timezone.is_aware(value) else value
        return local.replace(microsecond=0) if native else f"{local:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, timedelta):
        return round(value.total_seconds(), 1)
    return cell(json.dumps(value, ensure_ascii=False, default=str), native=native)


def text_of(value: object) -> str:
    """What a text was before `cell` made it harmless, whatever a spreadsheet took it for since."""
    return "" if value is None else spreadsheet.unguard(str(value))


def in_pages(rows: "QuerySet[Any]", by: str = "pk") -> Iterator[Any]:
    """All rows in the order of a column that no two of them share, a page at a time: neither a long transaction nor a
    big result.
    """
    rows = rows.order_by(by)
    page = list(rows[:PAGE])
    while page:
        yield from page
        last = getattr(page[-1], by)
        page = list(rows.filter(**{f"{by}__gt": last})[:PAGE]) if len(page) == PAGE else []


def plain_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Rows, the header first, as the lines of a CSV file."""
    writer = csv.writer(cast(Any, _Line()), lineterminator="\r\n")
    mark = BOM
    for row in rows:
        yield mark + cast(str, writer.writerow(row))
        mark = ""


def text_sheet(rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """Rows, the header first, as an XLSX file on disk. Texts stay texts when they are edited: 007 keeps its zeros.

    Raises NotForExcel for a cell longer than a sheet's can be: it would be cut.
    """
    return workbook(partial(_write_rows, rows, {"num_format": TEXT}))


def workbook(write: Callable[[Any, Any], None], name: str | None = None) -> IO[bytes]:
    """The XLSX file, on disk, of a workbook with the one sheet that `write(book, sheet)` fills, rows in order.

    What XlsxWriter needs on the way is in a folder that is gone afterwards, and so is the file once it is closed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "workbook")
        book = Workbook(path, OPTIONS | {"tmpdir": folder})
        sheet = book.add_worksheet(name, _Sheet)
        with sheet.row_data_fh:  # open until the workbook is closed, which may not come to pass
            write(book, sheet)
            book.close()
        return path.open("rb")


def put_text(sheet: Any, row: int, column: int, text: str, style: object = None) -> None:
    """Write a text, whatever it looks like, =1+1 too. Raises NotForExcel when a cell can't hold it."""
    if sheet.write_string(row, column, in_xml(text), style) == CUT:
        raise NotForExcel(f"A cell has more than the {CELL_CHARS:,} characters that Excel can hold. Download the CSV.")


def _write_rows(rows: Iterable[Sequence[object]], of_texts: dict[str, str], book: Any, sheet: Any) -> None:
    style = book.add_format(of_texts)
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, str):
                put_text(sheet, number, column, value, style)
            else:
                sheet.write(number, column, value)


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


class _Line:
    """A file to csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(resource: TableResource, rows: "QuerySet[Any]") -> Iterator[str]:
    """The list as the lines of a CSV file."""
    writer = csv.writer(cast(Any, _Line()), lineterminator="\r\n")
    yield BOM + writer.writerow(resource.get_export_headers())
    for row in in_pages(rows):
        yield cast(str, writer.writerow(resource.export_resource(row)))


def xlsx_file(resource: TableResource, rows: "QuerySet[Any]") -> IO[bytes]:
    """The list as an XLSX file on disk. Raises NotForExcel when it has more rows than a sheet, or a cell that is longer
    than a sheet's can be.
    """
    if rows.count() >= XLSX_ROWS:
        raise NotForExcel(f"An XLSX sheet holds {XLSX_ROWS:,} rows. Filter the list, or choose CSV.")
    cells = (resource.export_resource(row, force_native_type=True) for row in in_pages(rows))
    return workbook(partial(_write_rows, chain([resource.get_export_headers()], cells), {}))
