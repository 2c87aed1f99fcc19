"""Small workbooks for tests: `workbook([["sku", "price"], ["007", 12.5]])`."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xlsxwriter
from openpyxl import Workbook  # type: ignore[import-untyped] # openpyxl ships no types

Rows = Sequence[Sequence[Any]]


def workbook(rows: Rows = (), change: Callable[[Any], None] | None = None, **sheets: Rows) -> bytes:
    """A workbook with these rows in its first sheet, further sheets by name, and a change to the whole."""
    book = Workbook()
    book.worksheets[0].title = "Products"
    for row in rows:
        book.worksheets[0].append(list(row))
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(list(row))
    if change is not None:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """A ZIP archive with these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def replaced(data: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The workbook with some parts replaced, or added."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**old, **parts})


def shared(rows: Rows, formats: Mapping[int, str] | None = None, options: Mapping[str, Any] | None = None) -> bytes:
    """A workbook by XlsxWriter, whose texts lie in a part of their own; number formats by column."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, **(options or {})}) as book:
        sheet = book.add_worksheet("Products")
        styles = {column: book.add_format({"num_format": code}) for column, code in (formats or {}).items()}
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(number, column, value, styles.get(column))
    return out.getvalue()
