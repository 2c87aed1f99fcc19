"""What came of a fetch, and what follows for its source: each in one transaction, which only the lease's holder has.

A slot that was fetched moves on in the transaction that sends its feed, so that a slot makes one feed whoever dies
when. One that failed is tried again within the slot, then the next one goes on. Three slots in a row that came to
nothing are told to the owners, once; after a week of them the source is disabled. A host key that changed pauses it at
once. None of this touches the catalog.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from uploads.models import Feed, Source, SourceRun
from uploads.sources import tell
from uploads.sources.claims import Claim, schedule_of
from uploads.sources.fetch import Fetched
from uploads.sources.schedule import try_again_at
from uploads.work import leases
from vendors.models import Webhook
from vendors.webhooks.announce import announce

TELL_AFTER: Final = 3  # slots in a row
DISABLE_AFTER: Final = timedelta(days=7)  # of failing, and no fewer slots than are told of
KEY_CHANGED: Final = "host_key_changed"
KEY_UNKNOWN: Final = "host_key_unknown"
REASON_CHARS: Final = 300
MESSAGE_CHARS: Final = 2000
WAIT: Final = timedelta(minutes=1)  # while a service of ours is away


@dataclass(frozen=True)
class Failure:
    """Why nothing came of it: a stable code, a sentence for people, whether another try may help, and the host key
    that was met where it is about that one. `counts`: it is the source that fails, and not something here."""

    code: str
    message: str
    again: bool
    host_key: str = ""
    counts: bool = True


def sent(claim: Claim, got: Fetched, feed: Feed) -> None:
    """A file came, and is a feed by now. Called in the transaction that submits it. Raises LeaseLost."""
    source = _held(claim)
    _well(claim, source, got)
    _end(claim, SourceRun.Outcome.FETCHED, got=got, feed=feed)


@transaction.atomic
def unchanged(claim: Claim, got: Fetched | None) -> None:
    """The file is the one that was fetched last. Raises LeaseLost."""
    source = _held(claim)
    _well(claim, source, got)
    _end(claim, SourceRun.Outcome.UNCHANGED, got=got)


@transaction.atomic
def tried(claim: Claim, got: Fetched, preview: str) -> None:
    """A test fetched a file: `preview` is the token with which who asked for it goes on. Raises LeaseLost."""
    source = _held(claim)
    source.host_key_met = ""
    _save(source)
    claim.run.preview = preview
    _end(claim, SourceRun.Outcome.FETCHED, got=got)


@transaction.atomic
def failed(claim: Claim, failure: Failure, got: Fetched | None = None) -> None:
    """Nothing came of it. Raises LeaseLost."""
    source, now = _held(claim), timezone.now()
    if failure.host_key:
        source.host_key_met = failure.host_key
    if failure.code == KEY_CHANGED:
        _pause(source, failure)
    if claim.run.kind == SourceRun.Kind.SCHEDULED:
        comes = schedule_of(source).after(now)
        again = try_again_at(now, source.tries, comes) if failure.again else None
        if again:
            source.next_at = again
        else:
            _next_slot(source, comes)
            if failure.counts:
                _count(source, claim, failure, now)
    _save(source)
    _end(claim, SourceRun.Outcome.FAILED, failure, got)


@transaction.atomic
def put_off(claim: Claim, message: str) -> None:
    """Something of ours is away: the slot is tried again in a while, and none of its tries is used up."""
    source = _held(claim)
    if claim.run.kind == SourceRun.Kind.SCHEDULED:
        source.tries = max(source.tries - 1, 0)
        source.next_at = timezone.now() + WAIT
    _save(source)
    _end(claim, SourceRun.Outcome.FAILED, Failure("unavailable", message, again=True))


def _held(claim: Claim) -> Source:
    """The source as it is now, which nobody else changes until the transaction ends. Raises LeaseLost."""
    leases.hold(claim.lease)
    return Source.objects.select_related("vendor").get(pk=claim.source.pk)


def _save(source: Source) -> None:
    source.leased_until = None
    source.save()


def _next_slot(source: Source, comes: datetime) -> None:
    source.slot_at = source.next_at = comes
    source.tries = 0


def _well(claim: Claim, source: Source, got: Fetched | None) -> None:
    """It can be fetched: whatever was the matter is over, and its file is known for the next time."""
    source.failures, source.failing_since, source.told_at, source.host_key_met = 0, None, None, ""
    if got:
        source.etag, source.last_modified, source.sha256 = got.etag, got.last_modified, got.sha256
        source.remote_size, source.remote_time = got.remote_size, got.remote_time
    if claim.run.kind == SourceRun.Kind.SCHEDULED:
        _next_slot(source, schedule_of(source).after(timezone.now()))
    _save(source)


def _count(source: Source, claim: Claim, failure: Failure, now: datetime) -> None:
    """One more slot that came to nothing: say so, and from some number on to people; after a week, stop."""
    source.failures += 1
    source.failing_since = source.failing_since or claim.run.slot_at or now
    data = {"source_id": source.pk, "code": failure.code, "failures": source.failures}
    announce(source.vendor_id, Webhook.Event.SOURCE_FAILED, data)
    if source.state == Source.State.PAUSED or source.failures < TELL_AFTER:
        return
    if now - source.failing_since >= DISABLE_AFTER:
        source.state, source.next_at = Source.State.DISABLED, None
        source.state_reason = _short(f"Nothing could be fetched for a week. The last time: {failure.message}")
        announce(source.vendor_id, Webhook.Event.SOURCE_DISABLED, {"source_id": source.pk, "code": failure.code})
        tell.disabled(source, failure.message)
    elif source.told_at is None:
        source.told_at = now
        tell.failing(source, failure.message)


def _pause(source: Source, failure: Failure) -> None:
    """Somebody else may be answering there: it is for a person to say."""
    if source.state == Source.State.ACTIVE:
        source.state, source.state_reason = Source.State.PAUSED, _short(failure.message)
        tell.host_key_changed(source, failure.message)


def _end(
    claim: Claim, outcome: str, failure: Failure | None = None, got: Fetched | None = None, feed: Feed | None = None
) -> None:
    run = claim.run
    run.outcome, run.feed, run.ended_at = outcome, feed, timezone.now()
    if failure:
        run.code, run.message = failure.code[:50], failure.message[:MESSAGE_CHARS]
    if got:
        run.size, run.sha256 = got.size, got.sha256
    run.save()


def _short(text: str) -> str:
    return text if len(text) <= REASON_CHARS else f"{text[: REASON_CHARS - 1]}…"
