"""Every list of the admin as CSV and XLSX, safe to open in a spreadsheet, whatever its length.

Rows are read in pages by primary key and written as they come, so memory doesn't grow with the list. Text cells are
guarded by uploads.spreadsheet; numbers, dates and truth values stay what they are.
"""

import csv
import json
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

from uploads import spreadsheet

PAGE = 2000
XLSX_ROWS = 1_048_576  # what a sheet can hold, header included: Excel's specifications and limits
NUMBERS = (bool, int, float, Decimal)
BOM = "\ufeff"  # makes Excel read UTF-8


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
    """Rows, the header first, as an XLSX file on disk. Texts stay texts when they are edited: 007 keeps its zeros."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([_text_cell(sheet, value) if isinstance(value, str) else value for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return file


def _text_cell(sheet: object, value: str) -> WriteOnlyCell:
    made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value))
    made.number_format = FORMAT_TEXT
    return made


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
