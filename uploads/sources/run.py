"""One fetch from its claim to its end: download to a file of our own, then send it as a feed, or show it as a test.

1. Claim a source (claims.py): a short transaction.
2. Fetch into a temporary file, with no transaction open, for at most SOURCE_SECONDS.
3. Keep the file as a feed that isn't submitted yet: whoever dies here leaves one that never becomes an upload.
4. Submit the feed and move the slot on, in one transaction that only the lease's holder has (outcomes.py).

So a slot makes at most one feed, and one that failed anywhere is tried again. Nothing here touches the catalog.
"""

import logging
import tempfile
from contextlib import suppress
from typing import BinaryIO, Final

from django.db import InterfaceError, OperationalError, transaction

from uploads.aws.storage import StorageUnavailable
from uploads.feed.parser import Reading
from uploads.models import Feed, Source, SourceRun
from uploads.pipeline import examine, receive
from uploads.preview import kept_files, quota, verdicts
from uploads.programs import feeds
from uploads.programs.feeds import FeedRefused
from uploads.sources import claims, fetch, outcomes
from uploads.sources.claims import Claim
from uploads.sources.fetch import Fetched, FetchFailed, Unchanged
from uploads.sources.outcomes import Failure
from uploads.sources.schedule import TRIES
from uploads.work import outages, wakeups
from uploads.work.leases import LeaseLost

logger = logging.getLogger(__name__)

NOT_ACTIVE: Final = Failure(
    "vendor_not_active", "Your company isn't active at the moment, so nothing is fetched for it.", again=False,
    counts=False,
)  # fmt: skip
INTERRUPTED: Final = Failure(
    claims.INTERRUPTED, "Each try at this slot was stopped in the middle. It may take too much of our workers.",
    again=False,
)  # fmt: skip
NOBODY: Final = Failure("nobody", "Whoever asked for this has no account any more.", again=False)
OURS: Final = Failure(
    "internal_error", "Something of ours is broken here. Our engineers see it in the log.", again=True
)
AWAY: Final = "Something of ours was away. It is fetched as soon as that is back."
# Too many uploads under way passes by itself, within the slot.
PASSES: Final = (receive.TOO_MANY, "busy")


def fetch_next() -> bool:
    """Fetch one source that is due, or asked for; False where there is none, or as many as may be are being fetched.

    Raises what is away here (outages.AWAY), and faults of our own, when it is noted what came of it.
    """
    claim = claims.take()
    if claim is None:
        return False
    wakeups.enqueue(wakeups.FETCH_SOURCES)  # another worker may have the next
    try:
        _fetch(claim)
    except LeaseLost:
        logger.info("Source %s was changed, or taken over, while it was fetched: nothing came of it", claim.source.pk)
    wakeups.enqueue(wakeups.FETCH_SOURCES)  # one that had to wait for this
    return True


def _fetch(claim: Claim) -> None:
    """Fetch, and note what came of it whatever that is. Raises LeaseLost, and as `fetch_next`."""
    if not claim.source.vendor.is_active:
        return outcomes.failed(claim, NOT_ACTIVE)
    if claim.run.tries > TRIES:
        return outcomes.failed(claim, INTERRUPTED)
    try:
        with tempfile.TemporaryFile() as file:
            _follow(claim, fetch.fetched(_as_known(claim), file), file)
    except FetchFailed as error:
        host_key = getattr(error, "host_key", "")
        outcomes.failed(claim, Failure(error.code, error.message, again=error.again, host_key=host_key))
    except (LeaseLost, OperationalError, InterfaceError):  # where PostgreSQL is away, the lease expires
        raise
    except outages.AWAY:
        outcomes.put_off(claim, AWAY)
        raise
    except Exception:
        outcomes.failed(claim, OURS)
        raise


def _as_known(claim: Claim) -> Source:
    """The source with what is known of its last file: nothing, where the file is wanted whatever it is."""
    source = claim.source
    last = source.feeds.order_by("-created_at", "-feed_id").first()
    again = claim.run.kind == SourceRun.Kind.ASKED and last and last.state in (Feed.State.FAILED, Feed.State.CANCELLED)
    if again or claim.run.kind == SourceRun.Kind.TEST:
        source.etag = source.last_modified = source.sha256 = ""
        source.remote_size = source.remote_time = None
    return source


def _follow(claim: Claim, got: Fetched | Unchanged, file: BinaryIO) -> None:
    if not isinstance(got, Fetched):
        outcomes.unchanged(claim, None)
    elif claim.run.kind == SourceRun.Kind.TEST:
        _show(claim, got, file)
    elif got.sha256 == claim.source.sha256:
        outcomes.unchanged(claim, got)
    else:
        _send(claim, got, file)


def _send(claim: Claim, got: Fetched, file: BinaryIO) -> None:
    """Make a feed of it. What isn't submitted in the end is withdrawn."""
    source, feed = claim.source, None
    try:
        feed = feeds.announce_feed(
            source.vendor, got.file_name, source=source, mode=source.mode, sha256=got.sha256, size=got.size
        )
        file.seek(0)
        feeds.put_file(feed, file)
        with transaction.atomic():
            outcomes.sent(claim, got, feed)  # first: it holds the lease
            feeds.submit(feed)
    except FeedRefused as refused:
        _withdraw(feed)
        outcomes.failed(claim, Failure(refused.code, str(refused), again=refused.code in PASSES), got)
    except Exception:
        _withdraw(feed)
        raise


def _withdraw(feed: Feed | None) -> None:
    """Nobody has been told of it yet, so it is as if it had never been."""
    if feed:
        Feed.objects.filter(pk=feed.pk, state=Feed.State.AWAITING_FILE).delete()
        with suppress(StorageUnavailable):  # then it is swept away
            feeds.drop_file(feed)


def _show(claim: Claim, got: Fetched, file: BinaryIO) -> None:
    """Keep the file for who asked for the test, who goes on with its preview as with a file that was chosen."""
    vendor_id, user, mode = claim.source.vendor_id, claim.run.requested_by, claim.source.mode
    if user is None:
        outcomes.failed(claim, NOBODY)
        return
    file.seek(0)
    try:
        quota.take(file, vendor_id, user)
        with examine.as_text(file, vendor_id) as feed:
            seen = verdicts.of(feed, vendor_id, Reading(), mode)
            preview = kept_files.keep(feed, got.file_name, vendor_id, user, seen.contents)
    except (examine.Refused, quota.Exhausted) as refused:
        code = getattr(refused, "code", "") or "not_readable"
        said = f"The file was fetched, but can't be imported as it is. {refused}"
        outcomes.failed(claim, Failure(code, said, again=False), got)
    else:
        outcomes.tried(claim, got, preview)
