"""A workbook (.xlsx, .xlsm) → the CSV text that the parser reads, or the one reason why it can't be. Before step 2.

The first visible sheet whose header fits is read, or else the first with anything in it: a sheet of instructions in
front is passed over. Its cells come as people see them (uploads/feed/sheets). Each of its rows is a record of the text,
those included that are empty, so that the parser knows their numbers. What people don't see, or may not expect, is said
in notes: other sheets, hidden rows and columns.

Workbooks are ZIP archives of XML, and a small one can hold a lot, whatever its directory says. Only the parts that are
needed are unpacked, a block at a time, and all that they cost is counted over the workbook as a whole
(sheets/budget.py); nothing of a sheet but the row at hand is kept in memory.
"""

import csv
import io
import posixpath
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final, NamedTuple
from xml.parsers import expat

from uploads.feed.columns import Memory
from uploads.feed.formats.detect import format_of
from uploads.feed.formats.lists import meanings
from uploads.feed.header import HEADER_LINES, find_layout
from uploads.feed.lines import HIDDEN, FeedError, Limits
from uploads.feed.sheets.budget import Budget, too_large
from uploads.feed.sheets.handed_out import CATEGORY_SHEET
from uploads.feed.sheets.notes import About, Seen, column_letters, shown_name
from uploads.feed.sheets.parts import (
    Book,
    SheetPart,
    Texts,
    damaged,
    read_book,
    read_codes,
    read_texts,
    targets,
)
from uploads.feed.sheets.rows import Merge, Row, SheetRows, Styles

ZIP: Final = b"PK\x03\x04"
OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED: Final = "EncryptedPackage".encode(
    "utf-16-le"
)  # the part that a workbook with a password has instead of others
CHUNK: Final = 256 * 1024
MAX_PARTS: Final = 2_000
RATIO_FROM: Final = 10 * 1024 * 1024  # smaller parts may shrink as much as they like
# What archives and XML are broken by; zipfile and expat translate only a part of it.
BROKEN: Final = (
    zlib.error, expat.ExpatError, struct.error, LookupError, ValueError, EOFError, NotImplementedError,
)  # fmt: skip
NO_MEMORY: Final = 1  # expat's code for it
AS_XLSX: Final = "Open it in Excel, choose “Save as” and “Excel workbook (.xlsx)” or “CSV UTF-8”, and upload that file."


@dataclass(frozen=True)
class Size:
    """How large a workbook may be once it is unpacked, in bytes, and how many times as large as it is packed."""

    unpacked: int = 512 * 1024 * 1024
    ratio: int = 200


class Sheet(NamedTuple):
    """A sheet as CSV in UTF-8, rewound, its name in the workbook, and what to know about how it was read."""

    file: BinaryIO
    name: str
    about: About


@contextmanager
def as_csv(file: BinaryIO, limits: Limits, size: Size, memory: Memory | None = None) -> Iterator[Sheet | None]:
    """The sheet of a workbook that is read; None for a file that is no spreadsheet, which is left rewound.

    `memory` is what its vendor's people chose for other files, to know a header by.

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
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as again:
        sheet: Sheet | None = None
        with _translated(file):
            sheet = _converted(file, out, again, limits, size, memory)
        file.seek(0)
        if sheet:
            sheet.file.seek(0)
        yield sheet


def _old(file: BinaryIO) -> FeedError:
    """A container of Office before 2007: its old formats, and since then what has a password."""
    tail = b""
    while chunk := file.read(CHUNK):
        if ENCRYPTED in tail + chunk:
            message = "This workbook has a password. Take the password off in Excel, save it, and upload it again."
            return FeedError("workbook_protected", message)
        tail = chunk[-len(ENCRYPTED) :]
    return FeedError("workbook_old", f"This is a workbook in an old format (.xls). {AS_XLSX}")


@contextmanager
def _translated(file: BinaryIO) -> Iterator[None]:
    """What goes wrong in an archive or its XML as a FeedError; passed over for a broken archive of something else."""
    try:
        yield
    except zipfile.BadZipFile as error:
        file.seek(0)
        beginning = file.read(CHUNK)
        if b"[Content_Types].xml" in beginning or b"xl/" in beginning:
            raise damaged() from error
    except BROKEN as error:
        if isinstance(error, expat.ExpatError) and error.code == NO_MEMORY:
            raise MemoryError from error
        raise damaged() from error
    except RuntimeError as error:  # zipfile's word for a part with a password
        raise FeedError(
            "workbook_protected", "This file has a password. Save it without one, and upload it."
        ) from error


# --- unpacking -------------------------------------------------------------------------------------------------


class Parts:
    """The parts of an archive, each unpacked a block at a time, on the workbook's budget."""

    def __init__(self, archive: zipfile.ZipFile, size: Size) -> None:
        entries = archive.infolist()
        self._archive, self._size, self.budget = archive, size, Budget(size.unpacked)
        self._entries = {entry.filename.replace("\\", "/").lstrip("/").lower(): entry for entry in entries}
        self.is_sound = len(self._entries) == len(entries) <= MAX_PARTS

    def __contains__(self, path: str) -> bool:
        return path in self._entries

    def read(self, path: str) -> Iterator[bytes]:
        """The blocks of a part; none of one that isn't there. Raises FeedError."""
        entry = self._entries.get(path)
        if entry is None:
            return
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged()
        _refuse_bomb(entry, self._size)
        with self._archive.open(entry) as source:
            while chunk := source.read(CHUNK):
                self.budget.unpack(chunk)
                yield chunk

    def beside(self, path: str) -> dict[str, tuple[str, str]]:
        """The relationships of a part: see `targets`."""
        folder, name = posixpath.split(path)
        return targets(self.read(posixpath.join(folder, "_rels", f"{name}.rels")), folder)


def _refuse_bomb(entry: zipfile.ZipInfo, size: Size) -> None:
    """By what the archive's directory says; Parts counts what is really in it."""
    shrunk = entry.file_size > RATIO_FROM and entry.file_size > size.ratio * entry.compress_size
    if shrunk or entry.file_size > size.unpacked:
        raise too_large()


def _workbook_part(parts: Parts) -> str:
    """Where the workbook's own part is; "" in an archive of something else. Raises FeedError for another document."""
    if "_rels/.rels" in parts:
        for kind, path in targets(parts.read("_rels/.rels"), "").values():
            ours = path.startswith("xl/") or posixpath.basename(path).startswith("workbook")
            if kind == "officeDocument" and ours and path.endswith(".xml") and path in parts:
                return path
    if "xl/workbook.xml" in parts:
        return "xl/workbook.xml"
    if "xl/workbook.bin" in parts:
        raise FeedError("workbook_other", f"This is a binary workbook (.xlsb). {AS_XLSX}")
    if "mimetype" in parts and "content.xml" in parts:
        raise FeedError("workbook_other", f"This is an OpenDocument spreadsheet (.ods). {AS_XLSX}")
    if "word/document.xml" in parts or "ppt/presentation.xml" in parts:
        message = "This is a document of Word or PowerPoint. Copy its table into Excel, save that, and upload it."
        raise FeedError("workbook_other", message)
    if "[content_types].xml" in parts:
        raise damaged()
    return ""


# --- choosing a sheet ------------------------------------------------------------------------------------------


class _Source:
    """A workbook that is open: its sheets, and what reading any of them takes."""

    def __init__(self, parts: Parts, path: str, limits: Limits, texts: Texts) -> None:
        relations = parts.beside(path)
        paths = dict(relations.values())
        self.book: Book = read_book(parts.read(path), relations)
        self.styles = Styles(read_codes(parts.read(paths.get("styles", ""))), self.book)
        read_texts(parts.read(paths.get("sharedStrings", "")), texts, limits.max_cell_chars + 1)
        self._texts, self._parts, self._limits, self.budget = texts, parts, limits, parts.budget

    def sheet(self) -> SheetRows:
        return SheetRows(self._texts, self.styles, self.book, self._limits, self.budget)

    def rows(self, part: SheetPart, sheet: SheetRows) -> Iterator[Row]:
        if part.path not in self._parts:
            raise damaged()
        return sheet.rows(self._parts.read(part.path))

    def head(self, part: SheetPart, count: int) -> list[Row]:
        """The first rows that have something in them; a stub where something is wrong with them, which is told if that
        sheet is read.
        """
        try:
            return list(islice(self.rows(part, self.sheet()), count))
        except FeedError as error:
            if error.code in ("too_many_columns", "too_many_rows"):
                return [Row(1, False, ["…"])]
            raise


class _Choice(NamedTuple):
    part: SheetPart
    width: int  # columns, as far as its first rows tell
    header_row: int = 0  # the last one of it; 0 where there is none


def _chosen(source: _Source, limits: Limits, memory: Memory | None) -> _Choice:
    """The first visible sheet whose header has all that products need, else the one with most of it, as far as the
    budget lets look for one, else the first with anything in it."""
    first: _Choice | None = None
    best: tuple[int, _Choice | None] = 0, None
    for part in source.book.sheets:
        head = source.head(part, HEADER_LINES) if part.visible else []
        if not head:
            continue
        width = max(len(row.cells) for row in head)
        first = first or _Choice(part, width)
        # No more than a row's characters are looked through for a header
        if not source.budget.look(min(sum(len(cell) for row in head for cell in row.cells), limits.max_row_chars)):
            break
        out = io.BytesIO()
        # Without the empty rows between, of which there may be a million in each of a thousand sheets
        _write((row._replace(number=place) for place, row in enumerate(head, start=1)), out, width, source.budget)
        try:
            layout = find_layout(out, limits, memory, sheet=part.name or "?")
        except FeedError:
            continue
        choice, found = _Choice(part, width, head[layout.first_row.line - 1].number), layout.mapping
        if not found.missing or format_of(layout.headers):
            return choice
        if (size := len(found.fields) + len(found.unclear) + meanings(found.ignored)) > best[0]:
            best = size, choice
    if best[1]:
        return best[1]
    if first is None:
        message = "The workbook has nothing in its visible sheets. Upload the one with the table."
        raise FeedError("empty_file", message)
    return first


# --- writing ---------------------------------------------------------------------------------------------------


def _converted(
    file: BinaryIO, out: BinaryIO, again: BinaryIO, limits: Limits, size: Size, memory: Memory | None
) -> Sheet | None:
    """The sheet as CSV in one of two files; None for an archive of something else."""
    with zipfile.ZipFile(file) as archive, closing(Texts()) as texts:
        parts = Parts(archive, size)
        path = _workbook_part(parts)
        if not path:
            return None
        if not parts.is_sound:
            raise damaged()
        source = _Source(parts, path, limits, texts)
        part, width, header_row = _chosen(source, limits, memory)
        others = [
            other for other in source.book.sheets
            if other is not part and other.name != CATEGORY_SHEET and source.head(other, 1)
        ]  # fmt: skip
        seen = Seen(
            name=shown_name(part.name),
            others=tuple(shown_name(other.name) for other in others if other.visible),
            hidden=tuple(shown_name(other.name) for other in others if not other.visible),
        )
        sheet = source.sheet()
        try:
            widest = _write(_noted(source.rows(part, sheet), header_row, seen), out, width, source.budget)
        except FeedError as error:
            if error.code.startswith("too_many"):
                raise FeedError(error.code, f"In sheet “{seen.name}”: {error.message}") from error
            raise
    seen.filtered = sheet.filtered
    seen.hidden_columns = tuple(column_letters(column) for column in sorted(sheet.hidden_columns & sheet.used_columns))
    if not sheet.merges and widest == width:
        return Sheet(out, seen.name, seen.about())
    _write(_filled(out, sheet.merges), again, widest, source.budget)
    return Sheet(again, seen.name, seen.about())


def _noted(rows: Iterable[Row], header_row: int, seen: Seen) -> Iterator[Row]:
    """The rows; hidden ones below the header are noted as they pass."""
    for row in rows:
        if row.hidden and row.number > header_row:
            seen.hide(row.number)
        yield row


def _write(rows: Iterable[Row], out: BinaryIO, width: int, budget: Budget) -> int:
    """As CSV, a record for each row of the sheet from its first on, up to the last with something in it, with so many
    cells at least; returns how many the widest has. Hidden rows have their mark. Raises FeedError where the budget is
    spent, on empty cells too.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", errors="replace", newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # so that cells with either of both are quoted
    written, widest = 0, width
    for row in rows:
        text.write("\r\n" * (row.number - written - 1))
        lacking = width - len(row.cells)
        if lacking < 0:
            widest = max(widest, len(row.cells))
        budget.write(max(width, len(row.cells)), sum(map(len, row.cells)))
        cells = row.cells + [""] * lacking
        if row.hidden or cells[0][:1] == HIDDEN:
            cells[0] = HIDDEN * row.hidden + cells[0].lstrip(HIDDEN)
        writer.writerow(cells)
        written = row.number
    text.flush()
    text.detach()
    return widest


def _filled(out: BinaryIO, merges: Iterable[Merge]) -> Iterator[Row]:
    """The rows once more, with the value of cells that were merged over several rows in each that has something, since
    people see it beside each.
    """
    out.seek(0)
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    merged = _Merged(merges)
    for number, cells in enumerate(csv.reader(text), start=1):
        if any(cells):
            hidden = cells[0][:1] == HIDDEN
            if hidden:
                cells[0] = cells[0][1:]
            yield Row(number, hidden, merged.fill(number, cells))
    text.detach()


class _Merged:
    """Cells that were merged over several rows: people see one value beside each, the file has it in the first."""

    def __init__(self, merges: Iterable[Merge]) -> None:
        self._starting: dict[int, list[Merge]] = {}
        self._under_way: dict[int, tuple[int, str]] = {}  # column → (last row, value)
        for merge in merges:
            self._starting.setdefault(merge.first, []).append(merge)

    def fill(self, number: int, cells: list[str]) -> list[str]:
        """The row with such values; a row with nothing of its own stays empty."""
        filled = cells
        if self._under_way and any(cells):
            filled = cells.copy()
            for column, (last, value) in list(self._under_way.items()):
                if last < number:
                    del self._under_way[column]
                    continue
                filled.extend([""] * (column + 1 - len(filled)))
                filled[column] = filled[column] or value
        for merge in self._starting.get(number, ()):
            if merge.column < len(cells) and cells[merge.column]:
                self._under_way[merge.column] = merge.last, cells[merge.column]
        return filled
