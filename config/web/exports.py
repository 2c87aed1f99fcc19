"""Every list of the admin as CSV and XLSX, safe to open in a spreadsheet, whatever its length.

Rows are read in pages by primary key and written as they come, so memory doesn't grow with the list. Text cells are
guarded by config.web.spreadsheet; numbers, dates and truth values stay what they are.

Workbooks are config.web.workbooks'. Control characters are U+FFFD in the admin's lists; files of rows that are to be
sent back keep them.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import IO, Any, cast

from django.db.models import Model, QuerySet
from django.utils import timezone
from import_export.fields import Field
from import_export.resources import Resource

from config.web import spreadsheet
from config.web.workbooks import table
from config.web.workbooks.writing import XLSX_ROWS, NotForExcel

PAGE = 2000
NUMBERS = (bool, int, float, Decimal)
BOM = "\ufeff"  # makes Excel read UTF-8
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


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
    columns = [table.Column(header) for header in resource.get_export_headers()]
    return table.table(columns, cells)
