"""Small workbooks for tests: `workbook([["sku", "price"], ["007", 12.5]])`."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
