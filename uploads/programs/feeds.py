"""What a program does with a feed: announce it, send its file, submit it, answer what it leaves open, cancel it.

Whoever asks has seen to it that the feed is its vendor's. Feed.State says what can follow on what.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import committer
from config.web.text import visible
from uploads.aws import storage
from uploads.models import Feed, Source, UploadHistory
from uploads.pipeline import finish, receive
from uploads.pipeline.examine import Refused
from uploads.pipeline.guard import hold
from uploads.preview import dry_run
from uploads.work import wakeups
from vendors.models import ApiToken, Vendor, Webhook
from vendors.webhooks.announce import announce

State = Feed.State
TARGET_SECONDS: Final = 3600  # how long a target takes the file
MOST_WAITING: Final = 200  # of one vendor, whose files haven't come
ENDED: Final = "This feed is {}: nothing of it can be changed any more."


class FeedRefused(Exception):
    """It can't be done with this feed; the message says why. `code` is one of examine.Refused's, or conflict."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def announce_feed(
    vendor: Vendor,
    file_name: str,
    *,
    token: ApiToken | None = None,
    source: Source | None = None,
    kind: str = Feed.Kind.PRODUCTS,
    mode: str = UploadHistory.Mode.UPSERT,
    dry_run: bool = False,
    sha256: str = "",
    size: int | None = None,
    rows: int | None = None,
    metadata: Mapping[str, Any] | None = None,
    feed_id: str = "",
) -> Feed:
    """A feed whose file is still to come. Raises FeedRefused for a vendor that may send none, or has too many such.

    With an ID that was reserved for it, the feed of this ID, where a process that died has made it already.
    """
    if feed_id and (made := Feed.objects.filter(vendor=vendor, pk=feed_id).first()):
        return made
    try:
        receive.active_vendor(vendor.pk)
    except Refused as error:
        raise FeedRefused("vendor", str(error)) from error
    if size is not None and size > settings.MAX_FILE_BYTES:
        raise FeedRefused("file_too_large", f"A file may have {settings.MAX_FILE_BYTES:,} bytes. Send less at once.")
    if Feed.objects.filter(vendor=vendor, state=State.AWAITING_FILE).count() >= MOST_WAITING:
        raise FeedRefused(receive.TOO_MANY, f"{MOST_WAITING} feeds wait for their files. Send these, or cancel them.")
    feed_id = feed_id or receive.new_upload_id()
    return Feed.objects.create(
        feed_id=feed_id, vendor=vendor, token=token, source=source, kind=kind, mode=mode, dry_run=dry_run,
        file_name=receive.base_name(file_name), sha256=sha256.lower(), size=size, rows=rows,
        metadata=dict(metadata or {}),
        key=f"{storage.SENT}/{vendor.pk}/{feed_id}-{secrets.token_urlsafe(24)}",
        expires_at=timezone.now() + timedelta(seconds=2 * TARGET_SECONDS),
    )  # fmt: skip


def target(feed: Feed) -> dict[str, Any]:
    """Where its file is put: `url` and `fields` of a form, `expires_at` and `max_bytes`. Raises StorageUnavailable."""
    most = feed.size or settings.MAX_FILE_BYTES
    expires_at = timezone.now() + timedelta(seconds=TARGET_SECONDS)
    form = storage.upload_target(feed.key, most, TARGET_SECONDS, feed.sha256)
    return form | {"method": "POST", "expires_at": expires_at, "max_bytes": most}


def put_file(feed: Feed, file: BinaryIO) -> None:
    """Store the file that came with the call, or was fetched. Raises StorageUnavailable."""
    storage.save(feed.key, file)


def submit(feed: Feed) -> Feed:
    """Its file is there: let a worker look at it. Once more changes nothing. Raises FeedRefused, and
    StorageUnavailable."""
    if feed.state == State.AWAITING_FILE:
        _refuse_wrong_size(feed)
    with transaction.atomic():
        feed = _locked(feed)
        if feed.state in (State.CANCELLED, State.EXPIRED):
            raise FeedRefused("conflict", ENDED.format(feed.get_state_display()))
        if feed.state != State.AWAITING_FILE:
            return feed
        refuse_too_many(feed.vendor)
        feed.state, feed.submitted_at, feed.expires_at = State.SUBMITTED, timezone.now(), None
        feed.save(update_fields=["state", "submitted_at", "expires_at"])
        _wake(feed)
    return feed


def refuse_too_many(vendor: Vendor) -> None:
    """Raise FeedRefused where the vendor has as many files under way as it may, those that are looked at included."""
    submitted = Feed.objects.filter(vendor=vendor, state=State.SUBMITTED).count()
    try:
        receive.refuse_too_many(vendor, submitted)
    except Refused as error:
        raise FeedRefused(error.code, str(error)) from error


def answer(feed: Feed, answers: Mapping[str, str]) -> Feed:
    """Answer what a held feed leaves open, by the questions' IDs, and let a worker go on. Raises FeedRefused."""
    with transaction.atomic():
        feed = _locked(feed)
        if feed.state != State.HELD:
            raise FeedRefused("conflict", f"This feed {_is(feed)}. Only one that is held can be confirmed.")
        asked = {question["id"] for question in feed.questions}
        if unknown := sorted(set(answers) - asked):
            raise FeedRefused("answers", f"It doesn't ask “{unknown[0]}”, but: {', '.join(sorted(asked))}.")
        feed.answers = {**feed.answers, **answers}
        feed.state, feed.expires_at = State.SUBMITTED, None
        feed.save(update_fields=["answers", "state", "expires_at"])
        _wake(feed)
    return feed


def cancel(feed: Feed) -> Feed:
    """End it: of one that is an upload, that. Raises FeedRefused for what has ended already."""
    with transaction.atomic():
        feed = _locked(feed)
        if feed.state in (State.AWAITING_FILE, State.SUBMITTED, State.HELD):
            end(feed, State.CANCELLED)
            if feed.job:  # a dry run that is under way
                dry_run.end(feed.job.parameters["key"])
            return feed
    if feed.upload is None:
        raise FeedRefused("conflict", f"This feed {_is(feed)}: there is nothing to cancel.")
    cancel_upload(feed.upload)
    return feed


def cancel_upload(upload: UploadHistory) -> None:
    """The same for one that a person or the table brought. Raises FeedRefused."""
    if not finish.cancel(upload.pk):
        raise FeedRefused("conflict", f"This feed has ended already: it is {upload.status}.")


def let_through(upload: UploadHistory) -> None:
    """Let a held upload through, as far as its vendor's owners may, for whom the token acts. Raises FeedRefused."""
    if upload.status != UploadHistory.Status.HELD:
        raise FeedRefused("conflict", f"This feed is {upload.status}. Only one that is held can be confirmed.")
    if beyond := [one for one in hold.findings_of(upload) if not one.owners_may]:
        raise FeedRefused("conflict", f"{beyond[0].words}. That is more than its vendor can let through: staff do.")
    try:
        hold.release(upload, None)
    except hold.NotReleased as error:
        raise FeedRefused("conflict", str(error)) from error


def end(feed: Feed, state: str, code: str = "", reason: str = "") -> None:
    """In the transaction that has locked it: it has ended without an upload, which is told to who asked to be told.
    Its file is deleted after that."""
    feed.state, feed.ended_at, feed.expires_at = state, timezone.now(), None
    feed.failure_code, feed.failure_reason, feed.questions = code, reason, []
    feed.save(update_fields=["state", "ended_at", "expires_at", "failure_code", "failure_reason", "questions"])
    event = {State.CANCELLED: Webhook.Event.FEED_CANCELLED, State.FAILED: Webhook.Event.FEED_FAILED}.get(State(state))
    if event:
        announce(feed.vendor_id, event, thin(feed))
    transaction.on_commit(lambda: drop_file(feed), robust=True)


def thin(feed: Feed) -> dict[str, Any]:
    """What an event tells of a feed without an upload; who wants more asks for it."""
    told: dict[str, Any] = {"feed_id": feed.pk, "state": feed.state, "file_name": feed.file_name}
    told |= {"dry_run": feed.dry_run, "metadata": feed.metadata}
    if feed.failure_code:
        told["failure"] = {"code": feed.failure_code, "message": feed.failure_reason}
    return told


def sender(feed: Feed) -> str:
    """Who sent it, in words: a source's name, or a program's token's."""
    if feed.source:
        return f"source “{visible(feed.source.name)}”"
    return f"program “{visible(feed.token.name)}”" if feed.token else "a program"


def drop_file(feed: Feed) -> None:
    """Its file as it was sent, which an upload has a copy of. Raises StorageUnavailable."""
    if storage.is_of(feed.vendor_id, feed.key):
        storage.delete(feed.key)


def _refuse_wrong_size(feed: Feed) -> None:
    try:
        size = storage.size(feed.key)
    except storage.FileMissing as error:
        raise FeedRefused(
            "file_missing", "Its file hasn't come yet. Put it where the feed says, then submit."
        ) from error
    if size > settings.MAX_FILE_BYTES:
        storage.delete(feed.key)
        limit = settings.MAX_FILE_BYTES // (1024 * 1024)
        raise FeedRefused("file_too_large", f"The file is larger than {limit:,} MB. It was deleted; send less.")
    if feed.size is not None and size != feed.size:
        raise FeedRefused("size_mismatch", f"{size:,} bytes came, where {feed.size:,} were announced. Send it again.")


def _locked(feed: Feed) -> Feed:
    """As it is now, and until the transaction ends; the vendor's other feeds and uploads wait."""
    committer.lock_vendors([feed.vendor_id])
    return Feed.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=feed.pk)


def _is(feed: Feed) -> str:
    words = feed.get_state_display()
    return words if words.startswith(("is", "wait", "was", "can't")) else f"is {words}"


def _wake(feed: Feed) -> None:
    transaction.on_commit(lambda: wakeups.enqueue(wakeups.TAKE_FEED, feed.pk), robust=True)
