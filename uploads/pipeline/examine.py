"""Step 1, before anything is stored: what a file is, how it is to be read, and whether it was sent before."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, NamedTuple

from django.conf import settings

from uploads.feed import parser, prices, shops, workbook
from uploads.feed.lines import FeedError
from uploads.feed.questions import Question
from uploads.feed.sheets.notes import About, told
from uploads.models import UploadHistory
from uploads.pipeline import remembered
from vendors.models import Vendor

CHUNK = 1024 * 1024


class Refused(Exception):
    """No upload was opened; the message says why and what to do. Nothing was stored.

    `code` is a FeedError's, or "question" for a file that leaves `questions` open.
    """

    def __init__(self, message: str, code: str = "", questions: tuple[Question, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.questions = questions


@dataclass(frozen=True)
class Contents:
    """What one pass over a file told: its size in bytes, SHA-256, and at most how many rows it can have."""

    size: int
    sha256: str
    lines: int


class FeedFile(NamedTuple):
    """A feed as it was sent: the text to read of it; of a workbook also the file itself, the name of the sheet that the
    text is of, and what to know about how that was read."""

    text: BinaryIO
    workbook: BinaryIO | None = None
    sheet: str = ""
    about: About | None = None


@contextmanager
def as_text(file: BinaryIO, vendor_id: str = "") -> Iterator[FeedFile]:
    """A seekable file as text: the sheet of a workbook that has this vendor's columns as CSV, any other as it is.

    Raises Refused.
    """
    _refuse_too_large(file)
    try:
        size, memory = workbook.Size(settings.MAX_WORKBOOK_BYTES), remembered.of(vendor_id) if vendor_id else None
        with workbook.as_csv(file, limits(), size, memory) as sheet:
            yield FeedFile(sheet.file, file, sheet.name, sheet.about) if sheet else FeedFile(file)
    except FeedError as error:
        raise Refused(error.message, error.code) from error


def in_sheet(message: str, sheet: str) -> str:
    """The message, with the sheet of a workbook that it is about."""
    return f"In sheet “{sheet}”: {message}" if sheet else message


def examine(file: BinaryIO) -> Contents:
    """Size, SHA-256 and number of lines, in constant memory. Raises Refused for a file over the size limit."""
    size = _refuse_too_large(file)
    lines, digest = 0, hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        lines += chunk.count(b"\n") + chunk.count(b"\r")
        digest.update(chunk)
    file.seek(0)
    return Contents(size, digest.hexdigest(), lines)


def _refuse_too_large(file: BinaryIO) -> int:
    """The size in bytes. Raises Refused."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size > settings.MAX_FILE_BYTES:
        limit = settings.MAX_FILE_BYTES // (1024 * 1024)
        raise Refused(f"The file is larger than {limit:,} MB. Split it into several files.")
    return size


def inspect(feed: FeedFile, contents: Contents, vendor_id: str, reading: parser.Reading | None = None) -> parser.Layout:
    """How the feed is to be read, and what its prices are in: by what somebody says, by what is remembered for its
    columns, or as it shows.

    Raises Refused for one that can't be read as a feed, or has too many rows. Only with a `reading` can required
    columns be missing from the mapping.
    """
    file = feed.text
    try:
        layout = parser.inspect(file, limits(), remembered.of(vendor_id), reading, feed.sheet)
        # A row takes at least a line, so only a file with more lines than the limit has its rows counted.
        if contents.lines > settings.MAX_FILE_ROWS:
            for _ in parser.rows(file, layout, limits=limits()):
                pass
        layout = _in_currency(file, layout, vendor_id)
        said = shops.notes(
            shops.shop_of(layout.headers), parser.rows(file, layout, limits=limits()), layout.mapping.fields
        )
    except FeedError as error:
        raise Refused(in_sheet(error.message, feed.sheet), error.code) from error
    finally:
        file.seek(0)
    layout = replace(layout, notes=(*layout.notes, *said))
    return told(layout, feed.about) if feed.about else layout


def _in_currency(file: BinaryIO, layout: parser.Layout, vendor_id: str) -> parser.Layout:
    """The layout with what the prices of this vendor's file are in, or the question about it. Raises FeedError."""
    vendor = Vendor.objects.filter(pk=vendor_id).first()
    if vendor is None or "price" not in layout.mapping.fields:
        return layout
    whose = prices.Vendor(vendor.vendor_name, vendor.currency)
    return prices.with_currency(file, layout, limits(), whose)


def limits() -> parser.Limits:
    """The parser's limits as configured."""
    return parser.Limits(
        max_columns=settings.MAX_FILE_COLUMNS,
        max_row_chars=settings.MAX_ROW_CHARS,
        max_cell_chars=settings.MAX_CELL_CHARS,
        max_rows=settings.MAX_FILE_ROWS,
    )


def sent_before(vendor_id: str, sha256: str) -> UploadHistory | None:
    """The newest upload of the very same file by this vendor, if there is one that didn't fail."""
    return (
        UploadHistory.objects.filter(vendor_id=vendor_id, sha256=sha256)
        .exclude(status=UploadHistory.Status.FAILED)
        .order_by("-sequence")
        .first()
    )
