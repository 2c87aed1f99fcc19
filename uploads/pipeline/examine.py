"""Step 1, before anything is stored: what a file is, how it is to be read, and whether it was sent before.

What a file may cost is bounded: all but small texts are read in a process of their own, which has limits of memory and
time (feed/apart), and of a vendor's files one at a time. Where somebody waits for a page, of a large file only its
beginning is read (`look`); all of it where nobody waits (`survey`), or when the upload is opened (`inspect`).
"""

import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO, Final, NamedTuple

from django.conf import settings

from uploads.feed import parser, prices, workbook
from uploads.feed.apart import process, reader
from uploads.feed.apart.reader import Look
from uploads.feed.lines import FeedError
from uploads.feed.questions import Question
from uploads.feed.sheets.notes import About
from uploads.models import UploadHistory
from uploads.pipeline import judge, remembered
from uploads.pipeline.understood import categories as understood
from uploads.work import turns
from vendors.models import Vendor

CHUNK = 1024 * 1024
BEGINNING: Final = 4 * 1024 * 1024  # bytes of a larger file that a preview reads
# All rows of so much are looked at while somebody waits, since that takes no more than two seconds.
QUICK_BYTES: Final = 5 * 1024 * 1024
QUICK_LINES: Final = 20_000
BUSY = "Another file of yours is being read at this moment. Send this one when that is done."


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
    size = _refuse_too_large(file)
    beginning = file.read(len(workbook.OLE))
    file.seek(0)
    if not beginning.startswith((workbook.ZIP, workbook.OLE)):
        yield FeedFile(file)
        return
    known = remembered.known(vendor_id) if vendor_id else {}
    with tempfile.TemporaryFile() as text:
        with _apart(vendor_id, process.cost_of(size)):
            sheet = reader.sheet_apart(file, text, limits(), settings.MAX_WORKBOOK_BYTES, known)
        text.seek(0)
        yield FeedFile(text, file, *sheet) if sheet else FeedFile(file)


@contextmanager
def _apart(vendor_id: str, cost: process.Cost) -> Iterator[None]:
    """A vendor's turn to have a file read at that cost in a process of its own; without a vendor nobody waits.

    Raises Refused.
    """
    try:
        with turns.turn(vendor_id, process.longest(cost)) if vendor_id else nullcontext():
            yield
    except turns.Busy as error:
        raise Refused(BUSY, "busy") from error
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


def is_small(contents: Contents) -> bool:
    """Whether the text may be read where it is asked for, without a process of its own."""
    return process.is_small(contents.size, b"")


def is_quick(contents: Contents) -> bool:
    """Whether all rows can be looked at while somebody waits."""
    return contents.size <= QUICK_BYTES and contents.lines <= QUICK_LINES


def inspect(feed: FeedFile, contents: Contents, vendor_id: str, reading: parser.Reading | None = None) -> parser.Layout:
    """By all its rows, how the feed is to be read, and what its prices are in: by what somebody says, by what is
    remembered for its columns, or as it shows.

    Raises Refused for one that can't be read as a feed, has too many rows, or takes too much to read. Only with a
    `reading` can required columns be missing from the mapping.
    """
    return look(feed, contents, vendor_id, reading, whole=True).layout


def look(
    feed: FeedFile,
    contents: Contents,
    vendor_id: str,
    reading: parser.Reading | None = None,
    first: int = 0,
    *,
    whole: bool = False,
) -> Look:
    """The same, and its `first` rows; by all its rows, or by the first of them only, and then of a large file by its
    beginning."""
    question = question_about(vendor_id, reading, feed.sheet, feed.about)
    question = replace(question, lines=contents.lines, first=first, whole=whole)
    if whole or contents.size <= BEGINNING:
        cost = process.cost_of_whole(contents.size) if whole else process.cost_of(contents.size)
        return _look(feed, question, contents.size, cost, vendor_id)
    text = _beginning(feed.text)
    size, question = len(text.getvalue()), replace(question, lines=0, cut=True)
    found = _look(feed._replace(text=text), question, size, process.cost_of(size), vendor_id)
    feed.text.seek(0)
    # What is cut off may be a row with line breaks
    return replace(found, rows=tuple(row for row in found.rows if row.end < size))


def survey(
    feed: FeedFile,
    contents: Contents,
    question: reader.Question,
    seconds: float,
    watch: process.Watch,
) -> Look:
    """The look at all rows, for a worker: it takes nobody's turn, and at most so many seconds. `watch` is called every
    second, with how many bytes were read; what it raises ends it. Raises Refused."""
    cost = process.cost_of_whole(contents.size)._replace(on_the_clock=seconds)
    whole = replace(question, lines=contents.lines, whole=True)
    return _look(feed, whole, contents.size, cost, watch=watch)


def _look(
    feed: FeedFile,
    question: reader.Question,
    size: int,
    cost: process.Cost,
    vendor_id: str = "",
    watch: process.Watch | None = None,
) -> Look:
    try:
        if process.is_small(size, feed.text.read(2)):
            return reader.look(feed.text, question)
        with _apart(vendor_id, cost):
            return reader.look_apart(feed.text, question, cost, watch)
    except FeedError as error:
        raise Refused(in_sheet(error.message, feed.sheet), error.code) from error
    except Refused as error:
        raise Refused(in_sheet(str(error), feed.sheet), error.code) from error
    finally:
        feed.text.seek(0)


def _beginning(file: BinaryIO) -> io.BytesIO:
    """The lines of its first bytes, as a file."""
    file.seek(0)
    data = file.read(BEGINNING)
    end = (data.rfind(b"\n") + 1) or (data.rfind(b"\r") + 1) or len(data)
    if b"\0" in data[:200]:  # UTF-16 has two bytes for each letter
        end += end % 2
    return io.BytesIO(data[:end])


def question_about(
    vendor_id: str, reading: parser.Reading | None = None, sheet: str = "", about: About | None = None
) -> reader.Question:
    """All that decides how a feed of this vendor is read, but for its text."""
    vendor = Vendor.objects.filter(pk=vendor_id).first()
    return reader.Question(
        limits=limits(),
        known=remembered.known(vendor_id),
        reading=reading,
        sheet=sheet,
        about=about,
        vendor=prices.Vendor(vendor.vendor_name, vendor.currency) if vendor else None,
        categories=understood.parents(),
        rules=tuple((*rule, right) for rule, right in judge.value_rules([vendor_id]).get(vendor_id, {}).items()),
    )


def fingerprint(question: reader.Question) -> str:
    """The same for the same question, so that the same text has the same answer."""
    return hashlib.sha256(json.dumps(asdict(question), sort_keys=True, default=str).encode()).hexdigest()


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
