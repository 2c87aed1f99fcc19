"""What a worker does with a feed that was submitted: open its upload, hold it, try it, or say why not.

Done again after a crash it comes to the same: of a feed there is one upload, since it has the feed's ID.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import BinaryIO, Final

from django.core.mail import send_mail
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from psycopg.sql import SQL

from config.web.links import site_url
from config.web.text import subject
from uploads.aws import storage
from uploads.feed.parser import Reading
from uploads.insight import reading as how_read
from uploads.models import Feed, Job
from uploads.pipeline import examine, receive
from uploads.pipeline.examine import FeedFile, Refused
from uploads.preview import dry_run, kept_files
from uploads.programs import feeds
from uploads.programs.feeds import State, end, thin
from uploads.work import leases, outages, wakeups
from uploads.work.leases import Lease
from vendors.models import Webhook
from vendors.webhooks.announce import announce

logger = logging.getLogger(__name__)

HELD_DAYS: Final = 7  # as long as a held feed waits for a person
WAIT_SECONDS: Final = 2.0  # until it is looked whether another file of the vendor's is read, or the dry run has ended
FULL_SECONDS: Final = 15.0  # the same for one of its uploads that has to end first
OURS: Final = "Something of ours is broken here. Our engineers see it in the log. Send the file again later."


def take(feed_id: str) -> float | None:
    """Go on with a feed; returns the seconds after which to call again, None when that is all.

    Raises what is away here (outages.AWAY): the feed waits, and the schedule calls again. Raises faults of our own
    when the feed has failed by them: whoever sent it is told, and no worker meets the same one for ever.
    """
    feed = _claimed(feed_id)
    if feed is None:
        return None
    lease, wait = Lease(leases.FEED, feed.pk, feed.epoch), None
    try:
        wait = _awaited(feed, feed.job) if feed.job else _look(feed)
    except receive.AlreadyOpened:
        logger.info("The feed %s was opened by another worker", feed.pk)
    except storage.FileMissing:
        _fail(feed, "file_missing", "Its file is gone. Send it again.")
    except Refused as refused:
        wait = _refused(feed, refused)
    except Exception as error:
        if not outages.passes(error):
            _fail(feed, "internal_error", OURS)
        raise
    finally:
        leases.release(lease, wait)
    with suppress(Feed.DoesNotExist, storage.StorageUnavailable):
        feed.refresh_from_db()
        if feed.state == State.OPENED:
            feeds.drop_file(feed)
    return wait


def unattended() -> list[str]:
    """Submitted feeds that nobody is at (through idx_feeds_submitted)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT feed_id FROM feeds
             WHERE state = 'submitted' AND (leased_until IS NULL OR leased_until < clock_timestamp())
             ORDER BY created_at LIMIT 500
            """
        )
        return [row[0] for row in cursor.fetchall()]


def wake() -> None:
    """Have them gone on with, and those ended that nobody sent or answered in time: for the schedule."""
    for feed_id in unattended():
        wakeups.enqueue(wakeups.TAKE_FEED, feed_id, expires=5.0)
    _expire()


def _expire() -> None:
    late = Feed.objects.filter(expires_at__lt=timezone.now())
    # Each through an index of its own: idx_feeds_expiry, idx_feeds_held.
    found = [late.filter(state=one).values_list("pk", flat=True)[:500] for one in (State.AWAITING_FILE, State.HELD)]
    for feed_id in [*found[0], *found[1]]:
        with transaction.atomic():
            feed = Feed.objects.select_for_update(skip_locked=True).filter(pk=feed_id).first()
            if feed and feed.state == State.AWAITING_FILE:
                end(feed, State.EXPIRED, "file_missing", "Its file didn't come in time.")
            elif feed and feed.state == State.HELD:
                end(feed, State.CANCELLED, "not_answered", f"Nobody answered its questions for {HELD_DAYS} days.")


def _claimed(feed_id: str) -> Feed | None:
    which = SQL("feed_id = %s AND state = 'submitted'")
    if not leases.take(leases.FEED, which, [feed_id], SQL("1")):
        return None
    return Feed.objects.select_related("vendor", "job").get(pk=feed_id)


# --- its file --------------------------------------------------------------------------------------------------


def _look(feed: Feed) -> float | None:
    """Look at the file as a whole, and do with it what was asked. Raises Refused."""
    receive.active_vendor(feed.vendor_id)
    reading = receive.reading_of(feed)
    with _local(feed) as file:
        _refuse_other(feed, file)
        with examine.as_text(file, feed.vendor_id) as text:
            if feed.dry_run:
                return _try(feed, text, reading)
            options = receive.Options(mode=feed.mode, announced_rows=feed.rows)
            receive.open_upload(text, feed.file_name, feed.vendor_id, None, reading, options, feed_id=feed.pk)
    return None


@contextmanager
def _local(feed: Feed) -> Iterator[BinaryIO]:
    """A copy on disk: it is read several times, here and there."""
    with tempfile.TemporaryFile() as copy:
        with storage.opened_of(feed.vendor_id, feed.key) as file:
            shutil.copyfileobj(file, copy, examine.CHUNK)
        copy.seek(0)
        yield copy


def _refuse_other(feed: Feed, file: BinaryIO) -> None:
    """Raise Refused for another file than the one that was announced."""
    if feed.sha256 and (found := examine.examine(file).sha256) != feed.sha256:
        message = f"The file that came has the SHA-256 {found}, not the one that was announced. Send it again."
        raise Refused(message, "sha256_mismatch")


def _refused(feed: Feed, refused: Refused) -> float | None:
    if refused.code == "busy":
        return WAIT_SECONDS
    if refused.code == receive.TOO_MANY:
        return FULL_SECONDS
    if refused.questions:
        _hold(feed, refused)
    elif refused.code != "cancelled":
        _fail(feed, refused.code or "refused", str(refused))
    return None


def _fail(feed: Feed, code: str, reason: str) -> None:
    with transaction.atomic():
        feed = Feed.objects.select_for_update().get(pk=feed.pk)
        if feed.state == State.SUBMITTED:
            end(feed, State.FAILED, code, reason)


def _hold(feed: Feed, refused: Refused) -> None:
    """Let it wait for a person, who answers what it leaves open."""
    with transaction.atomic():
        feed = Feed.objects.select_for_update().get(pk=feed.pk)
        if feed.state != State.SUBMITTED:
            return
        feed.state, feed.expires_at = State.HELD, timezone.now() + timedelta(days=HELD_DAYS)
        feed.questions = [how_read.question_as_json(question) for question in refused.questions]
        feed.failure_reason = str(refused)
        feed.save(update_fields=["state", "expires_at", "questions", "failure_reason"])
        announce(feed.vendor_id, Webhook.Event.FEED_HELD, thin(feed))
        transaction.on_commit(lambda: _mail(feed), robust=True)


def _mail(feed: Feed) -> None:
    """Tell the vendor. A mail server that is away is noted and holds nothing up: the page and Work say it too."""
    asked = "\n".join(f"- {question['text']}" for question in feed.questions)
    page = site_url(reverse("vendor:held", args=[feed.vendor_id, feed.pk]))
    body = f"{feed.file_name} isn't imported yet: it leaves open what only a person can decide.\n\n{asked}\n\n"
    body += f"Answer it here, within {HELD_DAYS} days: {page}\n\nFeed {feed.pk}\n"
    try:
        send_mail(subject(f"{feed.file_name}: waits for an answer"), body, None, [feed.vendor.email])
    except (OSError, ValueError):  # as pipeline/finish.py
        logger.exception("The mail about %s could not be sent", feed.pk)


# --- a dry run -------------------------------------------------------------------------------------------------


def _try(feed: Feed, text: FeedFile, reading: Reading | None) -> float:
    """Begin to try all its rows, which changes nothing. Raises Refused, as opening it would."""
    contents = examine.examine(text.text)
    layout = examine.inspect(text, contents, feed.vendor_id, reading)
    receive.refuse_open(layout)
    kept = kept_files.stored(text, feed.file_name, feed.vendor_id, contents)
    job = dry_run.start(kept, contents, layout, reading or Reading(), None, feed.mode)
    Feed.objects.filter(pk=feed.pk).update(job=job)
    return WAIT_SECONDS


def _awaited(feed: Feed, job: Job) -> float | None:
    """Whether the dry run has ended, and what came of it."""
    if not job.ended:
        return WAIT_SECONDS
    if job.state == Job.State.FAILED:
        _fail(feed, "not_readable", job.failure)
        return None
    with transaction.atomic():
        feed = Feed.objects.select_for_update().get(pk=feed.pk)
        if feed.state == State.SUBMITTED:
            end(feed, State.TRIED)
            wrong = bool(job.result.get("error"))
            event = Webhook.Event.FEED_COMPLETED_WITH_ERRORS if wrong else Webhook.Event.FEED_COMPLETED
            announce(feed.vendor_id, event, thin(feed))
    return None
