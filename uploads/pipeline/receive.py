"""Step 1: take a file in: check it, store it, open its upload, wake staging.

Either an upload is open and its file is stored, or nothing has happened and the caller has one sentence to show.
"""

import hashlib
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from catalog import committer
from uploads.aws import storage
from uploads.feed import parser, workbook
from uploads.feed.lines import FeedError
from uploads.models import UploadHistory
from uploads.pipeline import column_rules
from uploads.work import wakeups
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CHUNK = 1024 * 1024
ONCE = timedelta(days=2)  # longer than a file is kept between preview and confirm


class Refused(Exception):
    """The file was not taken in; the message says why and what to do. Nothing was stored. `code` is a FeedError's."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class TakenIn(Exception):
    """The file was taken in already, in answer to the same wish: `upload` is what was opened for it."""

    def __init__(self, upload: UploadHistory) -> None:
        super().__init__(upload.pk)
        self.upload = upload


@dataclass(frozen=True)
class Contents:
    """What one pass over a file told: its size in bytes, SHA-256, and at most how many rows it can have."""

    size: int
    sha256: str
    lines: int


class Source(NamedTuple):
    """A file that came: the text to read of it, and where it is a workbook, the file itself, its sheet's name, and how
    many other sheets it has."""

    text: BinaryIO
    workbook: BinaryIO | None = None
    sheet: str = ""
    others: int = 0


@contextmanager
def as_text(file: BinaryIO) -> Iterator[Source]:
    """A seekable file as text: the sheet of a workbook as CSV, any other as it is. Raises Refused."""
    _refuse_too_large(file)
    try:
        with workbook.as_csv(file, limits(), workbook.Size(settings.MAX_WORKBOOK_BYTES)) as sheet:
            yield Source(sheet.file, file, sheet.name, sheet.others) if sheet else Source(file)
    except FeedError as error:
        raise Refused(error.message, error.code) from error


@dataclass(frozen=True)
class Wish:
    """What the sender wants: which rows (UploadHistory.Mode), and who is told of the end (UploadHistory.Notify).

    A wish with a name in `once` is fulfilled once, however often and fast it is sent.
    """

    mode: str = UploadHistory.Mode.UPSERT
    notify: str = UploadHistory.Notify.VENDOR
    once: str = ""


def receive(
    file: BinaryIO,
    file_name: str,
    vendor_id: str,
    user: "User | None" = None,
    reading: parser.Reading | None = None,
    wish: Wish = Wish(),
) -> UploadHistory:
    """Open an upload for a seekable binary file. Raises Refused, and StorageUnavailable when there is no storage.

    `reading` is what somebody said about how to read it.
    """
    with as_text(file) as source:
        return take_in(source, file_name, vendor_id, user, reading, wish)


def take_in(
    source: Source,
    file_name: str,
    vendor_id: str,
    user: "User | None" = None,
    reading: parser.Reading | None = None,
    wish: Wish = Wish(),
) -> UploadHistory:
    """Open an upload for a file that is text by now; as `receive`. Raises TakenIn if its wish was fulfilled before."""
    file = source.text
    vendor = active_vendor(vendor_id)
    refuse_too_many(vendor)
    contents = examine(file)
    layout = inspect(file, contents, vendor_id, reading)
    if layout.mapping.missing:
        raise Refused(parser.no_column_for(layout.mapping.missing, layout.headers).message, "missing_columns")
    upload_id = new_upload_id()
    stem = f"{storage.FEEDS}/{vendor.vendor_id}/{upload_id}-{wish.once or secrets.token_urlsafe(12)}"
    key, original_key = f"{stem}.csv", f"{stem}{_workbook_suffix(file_name)}" if source.workbook else ""
    storage.save(key, file)
    try:
        if source.workbook:
            storage.save(original_key, source.workbook)
        with transaction.atomic():
            # Once more, one at a time: several files that come at the same moment each see the others.
            committer.lock_vendors([vendor.vendor_id])
            refuse_again(vendor.vendor_id, wish.once)
            refuse_too_many(vendor)
            upload = UploadHistory.objects.create(
                upload_id=upload_id,
                vendor=vendor,
                file_name=base_name(file_name),
                storage_key=key,
                original_key=original_key,
                file_size=contents.size,
                sha256=contents.sha256,
                layout=layout.to_json(),
                staged_offset=layout.first_row.offset,
                uploaded_by=user,
                mode=wish.mode,
                notify=wish.notify,
            )
            # Robust: the upload is open by then, and a wake-up that fails must not take its file away.
            transaction.on_commit(lambda: wakeups.enqueue(wakeups.STAGE_UPLOAD, upload_id), robust=True)
    except BaseException:
        for stored in filter(None, (key, original_key)):
            storage.delete(stored)
        raise
    return upload


def active_vendor(vendor_id: str) -> Vendor:
    """The vendor, if it may send files. Raises Refused."""
    vendor = Vendor.objects.filter(vendor_id=vendor_id).first()
    if vendor is None:
        raise Refused(f"There is no vendor {vendor_id}.")
    if not vendor.is_active:
        raise Refused(f"The vendor {vendor_id} is {vendor.status}. Only active vendors can send files.")
    return vendor


def refuse_too_many(vendor: Vendor) -> None:
    """Raise Refused when the vendor has as many uploads under way as it may."""
    under_way = UploadHistory.objects.filter(
        vendor=vendor, status=UploadHistory.Status.PROCESSING, source=UploadHistory.Source.FILE
    ).count()
    if under_way >= settings.MAX_OPEN_UPLOADS:
        raise Refused(f"{vendor.vendor_id} has {under_way} files under way. Send this one when one of them has ended.")


def refuse_again(vendor_id: str, once: str) -> None:
    """Raise TakenIn when a wish of this name was fulfilled on these days; its name is part of the file's
    (idx_upload_history_vendor)."""
    if once:
        newest = UploadHistory.objects.filter(vendor=vendor_id, created_at__gte=Now() - ONCE)
        upload = newest.filter(storage_key__endswith=f"-{once}.csv").first()
        if upload:
            raise TakenIn(upload)


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


def _workbook_suffix(file_name: str) -> str:
    """Which of the two it is, as its name says; only the extension matters, and only to who downloads it."""
    return ".xlsm" if PurePosixPath(file_name).suffix.lower() == ".xlsm" else ".xlsx"


def inspect(file: BinaryIO, contents: Contents, vendor_id: str, reading: parser.Reading | None = None) -> parser.Layout:
    """How the file is to be read: by what somebody says, by the vendor's rules, or as it shows.

    Raises Refused for one that can't be read as a feed, or has too many rows. Only with a `reading` can required
    columns be missing from the mapping.
    """
    try:
        layout = parser.inspect(file, limits(), column_rules.saved(vendor_id), reading)
        # A row takes at least a line, so only a file with more lines than the limit has its rows counted.
        if contents.lines > settings.MAX_FILE_ROWS:
            for _ in parser.rows(file, layout, limits=limits()):
                pass
    except FeedError as error:
        raise Refused(error.message, error.code) from error
    finally:
        file.seek(0)
    return layout


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


def new_upload_id() -> str:
    """`UPLOAD_20241221_103045_k3f9q2`: readable and in order of time, with a suffix for uploads of one second."""
    return f"UPLOAD_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"


def base_name(file_name: str) -> str:
    """The name without folders of either kind and without control characters, for show only."""
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in name if character.isprintable())[-255:] or "feed.csv"
