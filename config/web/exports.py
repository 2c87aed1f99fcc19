"""Every list of the admin as CSV and XLSX, safe to open in a spreadsheet, whatever its length.

Rows are read in pages by primary key and written as they come, so memory doesn't grow with the list. Text cells are
guarded by config.web.spreadsheet; numbers, dates and truth values stay what they are.

XML has no control characters. Files of rows that are to be sent back (`text_sheet`) write them as Excel does, _x0007_,
and are read as they were; in the lists of the admin they are U+FFFD.
"""

import csv
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import IO, Any, cast

from django.db.models import Model, QuerySet
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import Resource
from openpyxl import Workbook  # type: ignore[import-untyped] # no types of its own
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell  # type: ignore[import-untyped] # as above
from openpyxl.styles.numbers import FORMAT_TEXT  # type: ignore[import-untyped] # as above

from config.web import spreadsheet

PAGE = 2000
XLSX_ROWS = 1_048_576  # what a sheet can hold, header included: Excel's specifications and limits
NUMBERS = (bool, int, float, Decimal)
CELL_CHARS = 32_767  # what a cell can hold: the same
BOM = "\ufeff"  # makes Excel read UTF-8
# ST_Xstring of Office Open XML (ECMA-376-1, 22.9.2.19). A CR as it is would be read as a LF; U+FFFE and U+FFFF have no
# such form that readers agree on.
_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


class NotForExcel(Exception):
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
        return spreadsheet.guard(ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value) if native else value)
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
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    try:
        for row in rows:
            sheet.append([_text_cell(sheet, value) if isinstance(value, str) else value for value in row])
    except NotForExcel:
        sheet.close()
        sheet._writer.cleanup()  # openpyxl would delete its file only after saving it
        raise
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return file


def _text_cell(sheet: object, value: str) -> WriteOnlyCell:
    text = in_xml(value)
    if len(text) > CELL_CHARS:
        raise NotForExcel(f"A cell has more than the {CELL_CHARS:,} characters that Excel can hold. Download the CSV.")
    made = WriteOnlyCell(sheet, text)
    made.data_type = "s"  # whatever it looks like, =1+1 too
    made.number_format = FORMAT_TEXT
    return made


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
    """The list as an XLSX file on disk. Raises ValueError when it has more rows than a sheet."""
    if rows.count() >= XLSX_ROWS:
        raise ValueError(f"An XLSX sheet holds {XLSX_ROWS:,} rows. Filter the list, or choose CSV.")
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(resource.get_export_headers())
    for row in in_pages(rows):
        sheet.append(resource.export_resource(row, force_native_type=True))
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return file
