"""Step 1: receive a file: check it, store it, open its upload, wake staging.

Either an upload is open and its file is stored, or nothing has happened and the caller has one sentence to show.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from catalog import committer
from uploads.aws import storage
from uploads.feed import parser
from uploads.feed.choices import in_mode
from uploads.feed.questions import refusal
from uploads.models import Feed, UploadHistory
from uploads.pipeline.examine import Contents, FeedFile, Refused, as_text, examine, in_sheet, inspect
from uploads.pipeline.guard import hold
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import User


TOO_MANY: Final = "too_many_open"  # the code of Refused


class AlreadyOpened(Exception):
    """This preview was confirmed already: `upload` is what was opened then."""

    def __init__(self, upload: UploadHistory) -> None:
        super().__init__(upload.pk)
        self.upload = upload


class Looked(NamedTuple):
    """What a file is and how it is to be read, by all its rows, where somebody has looked at them already."""

    contents: Contents
    layout: parser.Layout


@dataclass(frozen=True)
class Options:
    """Which rows an upload is about (UploadHistory.Mode), and who is told of its end (UploadHistory.Notify).

    `trial` is what the dry run of exactly this counted, where there is one; `seen` the word for what is beyond
    thresholds in it and the user wants to let through (guard/check.py). `announced_rows` is how many rows the file has,
    as who sends it says, and `absent_agreed` how many products that a whole catalog lacks a person was shown.
    """

    mode: str = UploadHistory.Mode.UPSERT
    notify: str = UploadHistory.Notify.VENDOR
    trial: hold.Trial | None = None
    seen: str = ""
    announced_rows: int | None = None
    absent_agreed: int | None = None


def receive(
    file: BinaryIO,
    file_name: str,
    vendor_id: str,
    user: "User | None" = None,
    reading: parser.Reading | None = None,
    options: Options = Options(),
) -> UploadHistory:
    """Open an upload for a seekable binary file. Raises Refused, and StorageUnavailable when there is no storage.

    `reading` is what somebody said about how to read it.
    """
    with as_text(file, vendor_id) as feed:
        return open_upload(feed, file_name, vendor_id, user, reading, options)


def open_upload(
    feed: FeedFile,
    file_name: str,
    vendor_id: str,
    user: "User | None" = None,
    reading: parser.Reading | None = None,
    options: Options = Options(),
    previewed_key: str | None = None,
    looked: Looked | None = None,
    feed_id: str = "",
) -> UploadHistory:
    """Open an upload for a file that is text by now; as `receive`.

    Of a file that was kept under a `previewed_key`, one is opened, however often and fast it is confirmed: the others
    meet the unique column, and are told by AlreadyOpened which it is. `looked`: all its rows were looked at before.
    The upload of a program's feed has the `feed_id`, so that of a feed too there is one.
    """
    vendor = active_vendor(vendor_id)
    refuse_too_many(vendor)
    contents, layout = looked or _looked_at(feed, vendor_id, reading)
    refuse_open(layout)
    upload_id = feed_id or new_upload_id()
    stem = f"{storage.FEEDS}/{vendor.vendor_id}/{upload_id}-{secrets.token_urlsafe(12)}"
    key, original_key = f"{stem}.csv", f"{stem}{_workbook_suffix(file_name)}" if feed.workbook else ""
    storage.save(key, feed.text)
    try:
        if feed.workbook:
            storage.save(original_key, feed.workbook)
        with transaction.atomic():
            # Once more, one at a time: several files that come at the same moment each see the others.
            committer.lock_vendors([vendor.vendor_id])
            refuse_too_many(vendor)
            upload = UploadHistory(
                upload_id=upload_id,
                vendor=vendor,
                file_name=base_name(file_name),
                storage_key=key,
                original_key=original_key,
                previewed_key=previewed_key,
                uploaded_by=user,
                notify=options.notify,
                **_as_read(contents, layout, options),
                **_as_catalog(vendor, layout, options),
            )
            hold.of_new(upload, contents.lines, options.trial, options.seen, user)
            upload.save(force_insert=True)
            if feed_id:
                _note_opened(upload)
            # What it wakes is robust: the upload is open by then, and a wake-up that fails mustn't take its file away.
            hold.go_on(upload, contents.lines, user)
    except BaseException as error:
        for stored in filter(None, (key, original_key)):
            storage.delete(stored)
        if isinstance(error, IntegrityError):
            refuse_opened(previewed_key, feed_id)
        raise
    return upload


def _as_read(contents: Contents, layout: parser.Layout, options: Options) -> dict[str, Any]:
    """What the upload's row says of the file and of how it is read."""
    return {
        "file_size": contents.size,
        "sha256": contents.sha256,
        "layout": replace(layout, optional=()).to_json(),
        "staged_offset": layout.first_row.offset,
        "staged_line": layout.first_row.line,
        "mode": UploadHistory.Mode.UPDATE if layout.only_updates else options.mode,
    }


def _as_catalog(vendor: Vendor, layout: parser.Layout, options: Options) -> dict[str, Any]:
    """What becomes of products that the file lacks. Raises Refused for one that can't be a whole catalog."""
    if options.mode != UploadHistory.Mode.REPLACE:
        return {"announced_rows": options.announced_rows}
    if layout.only_updates:
        raise Refused(
            "This file only changes products, so it can’t be your whole catalog. Send it to update existing products, "
            "or add the columns that a product needs.",
            "mode",
        )
    return {
        "absent_to": vendor.absent_products,
        "absent_state": UploadHistory.AbsentState.DUE,
        "absent_agreed": options.absent_agreed,
        "announced_rows": options.announced_rows,
    }


def _note_opened(upload: UploadHistory) -> None:
    """The feed is an upload from now on. Raises Refused for one that was cancelled meanwhile."""
    waiting = Feed.objects.filter(pk=upload.pk, vendor=upload.vendor_id, state__in=Feed.BEFORE_OPENED, dry_run=False)
    if not waiting.update(state=Feed.State.OPENED, upload=upload, ended_at=Now(), questions=[]):
        raise Refused("This feed was cancelled meanwhile.", "cancelled")


def reading_of(feed: Feed) -> parser.Reading | None:
    """How the file of a program's feed is to be read, by what was said of it; None where nothing was."""
    reading = in_mode(parser.Reading(answers=feed.answers), feed.mode, offers=feed.kind == Feed.Kind.OFFER)
    return reading if reading.answers else None


def refuse_open(layout: parser.Layout) -> None:
    """Raise Refused for a way to read a file that leaves something open."""
    if layout.mapping.missing:  # of a file that we handed out, where somebody said so
        missing = parser.no_column_for(layout.mapping.missing, layout.headers).message
        raise Refused(in_sheet(missing, layout.sheet), "missing_columns")
    if layout.questions:
        raise Refused(in_sheet(refusal(layout.questions[0]), layout.sheet), "question", layout.questions)


def _looked_at(feed: FeedFile, vendor_id: str, reading: parser.Reading | None) -> Looked:
    contents = examine(feed.text)
    return Looked(contents, inspect(feed, contents, vendor_id, reading))


def active_vendor(vendor_id: str) -> Vendor:
    """The vendor, if it may send files. Raises Refused."""
    vendor = Vendor.objects.filter(vendor_id=vendor_id).first()
    if vendor is None:
        raise Refused(f"There is no vendor {vendor_id}.")
    if not vendor.is_active:
        raise Refused(f"The vendor {vendor_id} is {vendor.status}. Only active vendors can send files.")
    return vendor


def refuse_too_many(vendor: Vendor, more: int = 0) -> None:
    """Raise Refused when the vendor has as many uploads under way as it may, with so many `more`."""
    under_way = UploadHistory.objects.filter(
        vendor=vendor, status=UploadHistory.Status.PROCESSING, source=UploadHistory.Source.FILE
    ).count()
    under_way += more
    held = UploadHistory.objects.filter(vendor=vendor, status=UploadHistory.Status.HELD).values("pk")
    if held[: hold.MOST_HELD].count() >= hold.MOST_HELD:
        raise Refused(
            f"{vendor.vendor_id} has {hold.MOST_HELD} files that are held. Let them through or cancel them first.",
            TOO_MANY,
        )
    if under_way >= settings.MAX_OPEN_UPLOADS:
        raise Refused(
            f"{vendor.vendor_id} has {under_way} files under way. Send this one when one of them has ended.", TOO_MANY
        )


def refuse_opened(previewed_key: str | None, feed_id: str = "") -> None:
    """Raise AlreadyOpened when there is an upload of the file kept under this key (upload_history_one_per_preview), or
    of this feed."""
    of_it = Q(previewed_key=previewed_key) if previewed_key else Q(pk=feed_id)
    if upload := UploadHistory.objects.filter(of_it | Q(pk=feed_id)).first():
        raise AlreadyOpened(upload)


def _workbook_suffix(file_name: str) -> str:
    """Which of the two it is, as its name says; only the extension matters, and only to who downloads it."""
    return ".xlsm" if PurePosixPath(file_name).suffix.lower() == ".xlsm" else ".xlsx"


def new_upload_id() -> str:
    """`UPLOAD_20241221_103045_k3f9q2`: readable and in order of time, with a suffix for uploads of one second."""
    return f"UPLOAD_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(3)}"


def base_name(file_name: str) -> str:
    """The name without folders of either kind and without control characters, for show only."""
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in name if character.isprintable())[-255:] or "feed.csv"
