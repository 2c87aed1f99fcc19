"""A workbook (.xlsx, .xlsm) → the CSV text that the parser reads, or the one reason why it can't be. Before step 2.

The first visible sheet that has anything in it is read: text as it stands, numbers as people see them, dates as ISO
8601 writes them, formulas as the values that were saved with them. Rows keep their order; empty ones at the end go.

Workbooks are ZIP archives of XML, and a small one can hold a lot, whatever its directory says. So its parts are first
copied into an archive of our own, counted while they are unpacked, and only that is given to calamine: what was checked
is what is read. Calamine has a sheet's area in memory, from its first to its last cell; `MAX_CELLS` bounds that.
"""

import csv
import io
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, Final, NamedTuple
from xml.parsers import expat

import python_calamine
from python_calamine import CalamineSheet, SheetTypeEnum, SheetVisibleEnum

from uploads.feed.lines import FeedError, Limits

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED: Final = "EncryptedPackage".encode(
    "utf-16-le"
)  # the part that a workbook with a password has instead of others
CHUNK: Final = 256 * 1024
# What calamine reads of a workbook: not its pictures, charts and comments.
PARTS: Final = re.compile(r"(|_rels/|xl/|xl/_rels/|xl/worksheets/)[^/]*\.(xml|rels)", re.IGNORECASE)
MAX_PARTS: Final = 2_000
MAX_CELLS: Final = 10_000_000
RATIO_FROM: Final = 10 * 1024 * 1024  # smaller parts may shrink as much as they like
AS_XLSX: Final = "Open it in Excel, choose “Save as” and “Excel workbook (.xlsx)” or “CSV UTF-8”, and upload that file."
DAMAGED: Final = (
    "This workbook is damaged or isn't one. Open it in Excel, save it again as .xlsx, and upload that file."
)

SheetValue = int | float | str | bool | time | date | datetime | Any


@dataclass(frozen=True)
class Size:
    """How large a workbook may be once it is unpacked, in bytes, and how many times as large as it is packed."""

    unpacked: int = 512 * 1024 * 1024
    ratio: int = 200


class Sheet(NamedTuple):
    """A sheet as CSV in UTF-8, rewound, its name in the workbook, and how many other visible sheets that has."""

    file: BinaryIO
    name: str
    others: int


@contextmanager
def as_csv(file: BinaryIO, limits: Limits, size: Size) -> Iterator[Sheet | None]:
    """The workbook's first sheet with anything in it; None for a file that is no spreadsheet, which is left rewound.

    Raises FeedError with one of the codes workbook_protected, workbook_old, workbook_other, workbook_damaged,
    workbook_too_large, empty_file, too_many_rows, too_many_columns.
    """
    file.seek(0)
    beginning = file.read(len(OLE))
    file.seek(0)
    if beginning == OLE:
        raise _old(file)
    if not beginning.startswith(ZIP):
        yield None
        return
    with tempfile.TemporaryFile() as copy, tempfile.TemporaryFile() as out:
        if not _unpack(file, copy, limits, size):
            file.seek(0)
            yield None
            return
        name, others = _write(copy, out, limits)
        file.seek(0)
        out.seek(0)
        yield Sheet(out, name, others)


def _old(file: BinaryIO) -> FeedError:
    """A container of Office before 2007: its old formats, and since then what has a password."""
    tail = b""
    while chunk := file.read(CHUNK):
        if ENCRYPTED in tail + chunk:
            message = "This workbook has a password. Take the password off in Excel, save it, and upload it again."
            return FeedError("workbook_protected", message)
        tail = chunk[-len(ENCRYPTED) :]
    return FeedError("workbook_old", f"This is a workbook in an old format (.xls). {AS_XLSX}")


# --- unpacking -------------------------------------------------------------------------------------------------


def _unpack(file: BinaryIO, copy: BinaryIO, limits: Limits, size: Size) -> bool:
    """Copy the parts that are read, as they are, unpacked; False for an archive of something else."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            names = {part.filename.lower() for part in parts}
            if not _is_workbook(archive, names):
                return False
            wanted = [part for part in parts if PARTS.fullmatch(part.filename)]
            packed = {part.compress_type for part in wanted} <= {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
            if not packed or len(names) < len(parts) or len(parts) > MAX_PARTS:
                raise FeedError("workbook_damaged", DAMAGED)
            _refuse_bomb(wanted, size)
            left = size.unpacked
            with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as into:
                for part in wanted:
                    left -= _copy(archive, part, into, limits, left)
    except zipfile.BadZipFile as error:
        file.seek(0)
        beginning = file.read(CHUNK)
        if b"[Content_Types].xml" not in beginning and b"xl/" not in beginning:
            return False  # another archive that is cut off
        raise FeedError("workbook_damaged", DAMAGED) from error
    except (zlib.error, expat.ExpatError, struct.error, ValueError, EOFError) as error:
        raise FeedError("workbook_damaged", DAMAGED) from error
    except RuntimeError as error:  # zipfile's word for a part with a password
        raise FeedError(
            "workbook_protected", "This file has a password. Save it without one, and upload it."
        ) from error
    return True


def _is_workbook(archive: zipfile.ZipFile, names: set[str]) -> bool:
    if "xl/workbook.xml" in names:
        return True
    if "xl/workbook.bin" in names:
        raise FeedError("workbook_other", f"This is a binary workbook (.xlsb). {AS_XLSX}")
    if "mimetype" in names and "content.xml" in names:
        raise FeedError("workbook_other", f"This is an OpenDocument spreadsheet (.ods). {AS_XLSX}")
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        message = "This is a document of Word or PowerPoint. Copy its table into Excel, save that, and upload it."
        raise FeedError("workbook_other", message)
    if "[content_types].xml" in names:
        raise FeedError("workbook_damaged", DAMAGED)
    return False


def _refuse_bomb(parts: list[zipfile.ZipInfo], size: Size) -> None:
    """By what the archive's directory says; `_copy` counts what is really in it."""
    shrunk = [part for part in parts if part.file_size > RATIO_FROM]
    if sum(part.file_size for part in parts) > size.unpacked or any(
        part.file_size > size.ratio * part.compress_size for part in shrunk
    ):
        raise _too_large()


def _too_large() -> FeedError:
    message = (
        "This workbook is far larger inside than a catalog needs. Copy the table into a new workbook, or save it as"
    )
    return FeedError("workbook_too_large", f"{message} CSV, and upload that file.")


def _copy(archive: zipfile.ZipFile, part: zipfile.ZipInfo, into: zipfile.ZipFile, limits: Limits, left: int) -> int:
    """Copy one part, looking through it, since any may be called a sheet; returns its size. Raises FeedError."""
    sheet, count = _SheetSize(limits), 0
    with archive.open(part) as source, into.open(zipfile.ZipInfo(part.filename), "w") as target:
        while chunk := source.read(CHUNK):
            count += len(chunk)
            if count > left:
                raise _too_large()
            sheet.feed(chunk)
            target.write(chunk)
    sheet.end()
    return count


class _SheetSize:
    """Finds how far a sheet's cells reach, while it is copied, before anybody gives it that much memory."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._row = self._column = self._width = self._height = 0
        self._first = 0  # row with something in it
        self._in_cell = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._ended
        self._parser.EntityDeclHandler = self._refuse

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk)
        if self._width * (self._height - self._first + 1) > MAX_CELLS:
            raise _too_large()

    def end(self) -> None:
        self._parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "row":
            self._row = _number(attributes.get("r"), self._row + 1)
            self._column = 0
        elif tag == "c":
            self._in_cell = True
            self._place(attributes.get("r", ""))
        elif self._in_cell and tag in ("v", "is", "f"):
            self._note()

    def _place(self, reference: str) -> None:
        found = re.fullmatch(r"([A-Za-z]{1,3})([0-9]{1,7})", reference)
        self._column = _letters(found[1]) if found else self._column + 1
        self._row = max(self._row, int(found[2])) if found else self._row

    def _note(self) -> None:
        """A cell that isn't empty."""
        self._width, self._height = max(self._width, self._column), max(self._height, self._row)
        self._first = self._first or self._row
        if self._column > self._limits.max_columns:
            most = f"{self._limits.max_columns:,}"
            message = f"The sheet has something in more than {most} columns. Delete those that are not for us."
            raise FeedError("too_many_columns", message)
        if self._height - self._first > self._limits.max_rows:
            raise FeedError("too_many_rows", f"The sheet has more than {self._limits.max_rows:,} rows. Split it.")

    def _ended(self, name: str) -> None:
        if name.rpartition(":")[2] == "c":
            self._in_cell = False

    def _refuse(self, *_: object) -> None:
        """No workbook needs entities of its own; they are there to grow."""
        raise FeedError("workbook_damaged", DAMAGED)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 7 else otherwise


def _letters(column: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in column.upper():
        number = number * 26 + ord(letter) - 64
    return number


# --- reading ---------------------------------------------------------------------------------------------------


def _write(copy: BinaryIO, out: BinaryIO, limits: Limits) -> tuple[str, int]:
    """Write the first sheet with anything in it as CSV; returns its name, and the number of others."""
    copy.seek(0)
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="")
    try:
        sheet, others = _first_sheet(copy)
        if sheet is None:
            raise FeedError(
                "empty_file", "The workbook has nothing in its visible sheets. Upload the one with the table."
            )
        writer = csv.writer(text, lineterminator="\r\n")  # so that cells with either of both are quoted
        writer.writerows(_rows(sheet))
    except FeedError:
        raise
    except BaseException as error:
        # Where calamine gives up on bytes, its errors are many; a panic of Rust's isn't even an Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise FeedError("workbook_damaged", DAMAGED) from error
    text.flush()
    text.detach()
    return sheet.name, others


def _first_sheet(copy: BinaryIO) -> tuple[CalamineSheet | None, int]:
    """The first with anything in it, and how many other visible ones there are, whether or not these have."""
    workbook = python_calamine.load_workbook(copy)
    places = [
        place
        for place, about in enumerate(workbook.sheets_metadata)
        if about.typ == SheetTypeEnum.WorkSheet and about.visible == SheetVisibleEnum.Visible
    ]
    for place in places:
        sheet = workbook.get_sheet_by_index(place)
        if any(shown(cell).strip() for row in sheet.iter_rows() for cell in row):
            return sheet, len(places) - 1
    return None, 0


def _rows(sheet: CalamineSheet) -> Iterator[list[str]]:
    """The rows as text, without the empty ones at the end; cells merged downwards have their value in each row."""
    merged, empty = _Merged(sheet), 0
    for number, row in enumerate(sheet.iter_rows()):
        cells = merged.fill(number, [shown(cell) for cell in row])
        if not any(cell.strip() for cell in cells):
            empty += 1
            continue
        yield from ([] for _ in range(empty))
        empty = 0
        yield cells


class _Merged:
    """Cells that were merged over several rows: people see one value beside each, the file has it in the first."""

    def __init__(self, sheet: CalamineSheet) -> None:
        left = (sheet.start or (0, 0))[1]
        self._starting: dict[int, list[tuple[int, int]]] = {}  # row → (column, last row)
        self._under_way: dict[int, tuple[int, str]] = {}  # column → (last row, value)
        for (first, column), (last, _) in sheet.merged_cell_ranges or []:
            if last > first and column >= left:
                self._starting.setdefault(first, []).append((column - left, last))

    def fill(self, number: int, cells: list[str]) -> list[str]:
        """The row with such values; a row with nothing of its own stays empty."""
        filled = cells
        if self._under_way and any(cells):
            filled = cells.copy()
            for column, (last, value) in list(self._under_way.items()):
                if last < number:
                    del self._under_way[column]
                elif not filled[column]:
                    filled[column] = value
        for column, last in self._starting.get(number, ()):
            if column < len(cells) and cells[column]:
                self._under_way[column] = last, cells[column]
        return filled


def shown(cell: SheetValue) -> str:
    """A cell as people see it: 1299.0 is 1299, 0.30000000000000004 is 0.3, a day is 2024-12-21."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return _shown_number(cell)
    if isinstance(cell, datetime):
        whole_day = cell.time() == time(0)
        return cell.date().isoformat() if whole_day else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _shown_number(number: float) -> str:
    """With the 15 digits that a spreadsheet keeps of a number; of one with more it shows, as we do, 1.23E+17."""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    text = f"{number:.15g}".upper()
    return f"{Decimal(text):f}" if "E-" in text else text
