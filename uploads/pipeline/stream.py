"""Step 4: the table's stream → batches. Shards, leases, checkpoints.

Only the holder of a lease reads a shard (invariant 4). The lease is a row in PostgreSQL: taken by a conditional
UPDATE that raises its epoch, by the database's clock; every batch checks the epoch in its own transaction, so a
worker that was paused and overtaken writes nothing. A child is read only after its parent is drained (5). A
position that is gone is recorded as a gap, never skipped in silence (6).
"""

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from uploads.aws import dynamo
from uploads.aws.records import Record, decode, is_pending
from uploads.pipeline import writeback
from uploads.pipeline.commit import LEASE_SECONDS, Checkpoint, LeaseLost, commit_isolating, this_worker
from uploads.pipeline.ledger import Outcome
from uploads.work import wakeups

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0
PAGE_RECORDS = 1000
PAUSE_SECONDS = 0.2  # after an empty page: each read is paid for
# How long a worker stays after the last record, so that a file that comes in small pieces has no gaps between them.
LINGER_SECONDS = 1.0
DISCOVER_SECONDS = 10.0
BALANCE_SECONDS = 1.0
RENEW_SECONDS = LEASE_SECONDS / 3

# Where this process left a shard: its checkpoint, and an iterator behind it. A shard can have many empty pages before
# its next record; a reader that began at the checkpoint each time might never get past them.
_left_at: dict[int, tuple[str, str]] = {}


class Fetched(NamedTuple):
    """A page, and those of its records that want validation."""

    page: dynamo.Page
    records: list[Record]


@dataclass(slots=True)
class Reader:
    """A shard whose lease this worker holds, and where it reads."""

    shard: int  # stream_shards.id
    arn: str
    shard_id: str
    epoch: int
    checkpoint: str
    renewed: float
    iterator: str | None = None
    ahead: Future[Fetched] | None = None  # the page behind `iterator`, fetched while the one before it is committed
    sending: Future[writeback.Sent] | None = None  # the statuses of the page before
    drained: bool = False
    caught_up: bool = False


def consume(seconds: float = SLICE_SECONDS) -> bool:
    """Work on this worker's share of the shards for at most that long; True when there is more to do.

    Returns at once when there are more workers than shards and none is free. Raises Unavailable when DynamoDB is away.
    """
    deadline = time.monotonic() + seconds
    linger_until = time.monotonic() + LINGER_SECONDS
    discover_at = balance_at = 0.0
    with _readers() as readers:
        while time.monotonic() < deadline:
            if time.monotonic() >= discover_at:
                discover()
                discover_at, balance_at = time.monotonic() + DISCOVER_SECONDS, 0.0
            if time.monotonic() >= balance_at:
                balance_at = time.monotonic() + BALANCE_SECONDS
                if not _balance(readers):
                    return False
            received = sum(_advance(reader, readers) for reader in list(readers))
            drained = [reader for reader in readers if reader.drained]
            if drained:
                readers[:] = [reader for reader in readers if not reader.drained]
                discover_at = 0.0  # its children can be read now
            if received or drained:
                linger_until = time.monotonic() + LINGER_SECONDS
            elif time.monotonic() > linger_until and not rows_on_their_way():
                return False
            else:
                time.sleep(PAUSE_SECONDS)
        return True


def _balance(readers: list[Reader]) -> bool:
    """Take free shards up to this worker's share, and give back what is above it; False if there is nothing to do.

    The share is the shards over the workers that are at it, rounded up: whoever comes later finds the others
    giving back theirs within a second or so, between two pages.
    """
    share, workers, shards = _fair_share()
    for reader in readers[share:]:
        _release(reader)
    del readers[share:]
    readers.extend(claim(share - len(readers)))
    return bool(readers) or workers <= shards


def _fair_share() -> tuple[int, int, int]:
    """This worker's share of the shards, how many workers there are, and how many shards can be read now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO stream_workers (owner, seen_at) VALUES (%s, clock_timestamp())
                ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at
            """,
            [this_worker()],
        )
        cursor.execute(
            f"""
            SELECT (SELECT count(*) FROM stream_workers
                     WHERE seen_at > clock_timestamp() - make_interval(secs => %s)),
                   (SELECT count(*) FROM stream_shards c WHERE {_READABLE})
            """,  # noqa: S608 - a fixed text from this module
            [LEASE_SECONDS],
        )
        workers, shards = cursor.fetchone()
    return -(-shards // workers), workers, shards


@contextmanager
def _readers() -> Iterator[list[Reader]]:
    """The shards held during a slice; their leases are given back at its end, whatever ended it."""
    readers: list[Reader] = []
    try:
        yield readers
    finally:
        for reader in readers:
            _release(reader)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM stream_workers WHERE owner = %s", [this_worker()])


def _advance(reader: Reader, readers: list[Reader]) -> int:
    """Read and commit one page of one shard; returns the number of records in it."""
    try:
        return _read_on(reader)
    except LeaseLost:
        logger.warning("The lease of shard %s was lost to another worker", reader.shard_id)
        readers.remove(reader)
        return 0


def _read_on(reader: Reader) -> int:
    """One page, or what has to be done where there is none. Raises LeaseLost."""
    try:
        return read_page(reader)
    except dynamo.IteratorExpired:
        pass  # the next page is read from the checkpoint
    except dynamo.PositionTrimmed as error:
        _record_gap(reader, f"The records behind {reader.checkpoint or 'the start'} are gone from the stream: {error}")
        reader.checkpoint = ""
    except dynamo.StreamGone as error:
        _record_gap(reader, f"The shard is gone from the stream: {error}")
        _drain(reader)
    return 0


def read_page(reader: Reader) -> int:
    """One page: read, commit, write back, move on. Returns the number of stream records in it.

    1. get the page, and let the next one be fetched meanwhile; 2. commit its records together with the checkpoint;
    3. only then let its statuses be written, and wake the finish; 4. step the iterator. After a crash at any point the
    same page is read again, and the ledger knows it.
    """
    page, records = _next(reader)
    if page.records:
        if page.next_iterator is not None:
            reader.ahead = _fetcher(os.getpid()).submit(_fetch, page.next_iterator)
        last = page.records[-1]["dynamodb"]
        checkpoint = Checkpoint(reader.shard, reader.epoch, last["SequenceNumber"], _written_at(last))
        committed = commit_isolating(records, checkpoint)
        reader.checkpoint, reader.renewed = last["SequenceNumber"], time.monotonic()
        _send(reader, committed.owed)
        for upload_id in committed.finished:
            wakeups.enqueue(wakeups.FINISH_UPLOAD, upload_id)
    else:
        _note_sent(reader)
        if time.monotonic() - reader.renewed > RENEW_SECONDS or not reader.caught_up:
            _renew(reader)
    reader.caught_up = not page.records
    reader.iterator = page.next_iterator
    if reader.iterator is None:  # closed, and these were its last records
        _drain(reader)
    return len(page.records)


def _next(reader: Reader) -> Fetched:
    """The next page: the one that was fetched ahead, or one fetched now.

    An empty one that was fetched ahead says nothing about what has been written since: then it is asked again.
    """
    # After a failure neither is there, and the checkpoint says where to go on.
    iterator, reader.iterator = reader.iterator, None
    ahead, reader.ahead = reader.ahead, None
    if iterator is None:
        iterator = dynamo.shard_iterator(reader.arn, reader.shard_id, reader.checkpoint)
        return Fetched(dynamo.Page([], None), []) if iterator is None else _fetch(iterator)
    if ahead is None:
        return _fetch(iterator)
    fetched = ahead.result()
    if fetched.page.records or fetched.page.next_iterator is None:
        return fetched
    return _fetch(fetched.page.next_iterator)


def _fetch(iterator: str) -> Fetched:
    page = dynamo.get_records(iterator, PAGE_RECORDS)
    return Fetched(page, pending(page.records))


def _send(reader: Reader, owed: list[Outcome]) -> None:
    """Let statuses be written while the next page is worked on; one page's at a time: none may overtake another."""
    _note_sent(reader)
    if owed:
        reader.sending = _sender(os.getpid()).submit(writeback.send, owed)


def _note_sent(reader: Reader) -> None:
    """Wait for the statuses that are under way, and note which of them stand."""
    sending, reader.sending = reader.sending, None
    if sending is not None:
        writeback.note(sending.result())


@cache
def _fetcher(pid: int) -> ThreadPoolExecutor:
    """This process's thread for pages; a forked child has to start its own."""
    return ThreadPoolExecutor(1)


@cache
def _sender(pid: int) -> ThreadPoolExecutor:
    """This process's thread for statuses."""
    return ThreadPoolExecutor(1)


def pending(stream_records: list[dict[str, Any]]) -> list[Record]:
    """The records that want validation: not our own write-backs, nor removals, which have no new image.

    Whether an event is an INSERT doesn't matter: a row that is staged again arrives as MODIFY.
    """
    images = (record["dynamodb"].get("NewImage") for record in stream_records)
    return [decode(image) for image in images if image and is_pending(image)]


def _written_at(record: dict[str, Any]) -> datetime | None:
    seconds = record.get("ApproximateCreationDateTime")
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def rows_on_their_way() -> bool:
    """Whether an open upload has rows that are staged, or still to be staged, without an outcome."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM upload_history
                            WHERE status = 'processing' AND source = 'file'
                              AND (staged_rows > total_records OR staging_expires_at > now()))
            """
        )
        return bool(cursor.fetchone()[0])


# --- shards and leases -----------------------------------------------------------------------------------------


def discover() -> None:
    """Note the stream's shards; a stream that took the place of an older one leaves a gap behind on that one."""
    arn = dynamo.stream_arn()
    shards = list(dynamo.list_shards(arn))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO stream_shards (stream_arn, shard_id, parent_shard_id)
            SELECT %s, s.shard_id, s.parent_id FROM unnest(%s::text[], %s::text[]) AS s (shard_id, parent_id)
                ON CONFLICT (stream_arn, shard_id) DO NOTHING
            """,
            [arn, [shard.shard_id for shard in shards], [shard.parent_id for shard in shards]],
        )
        cursor.execute(
            """
            UPDATE stream_shards
               SET state = 'drained', gap_found_at = now(),
                   gap_reason = 'The table has a new stream; what was not read of this one is gone.'
             WHERE stream_arn <> %s AND state = 'open'
            """,
            [arn],
        )
        if cursor.rowcount:
            logger.warning("The table has a new stream, %s: a gap is recorded on the old one's shards", arn)


# An open shard `c` whose parent, as far as we know of one, has been read to its end.
_READABLE = """
    c.state = 'open'
    AND NOT EXISTS (SELECT FROM stream_shards p
                     WHERE p.stream_arn = c.stream_arn AND p.shard_id = c.parent_shard_id AND p.state = 'open')
"""


def claim(most: int) -> list[Reader]:
    """Take the leases of at most that many shards that can be read and are free, the longest unread first."""
    now = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE stream_shards s
               SET lease_owner = %s, lease_epoch = lease_epoch + 1,
                   lease_expires_at = clock_timestamp() + make_interval(secs => %s)
             WHERE s.id IN (SELECT c.id
                              FROM stream_shards c
                             WHERE {_READABLE}
                               AND (c.lease_expires_at IS NULL OR c.lease_expires_at < clock_timestamp())
                             ORDER BY c.checkpoint_at NULLS FIRST, c.id
                             LIMIT %s
                               FOR UPDATE SKIP LOCKED)
         RETURNING s.id, s.stream_arn, s.shard_id, s.lease_epoch, s.checkpoint
            """,  # noqa: S608 - a fixed text from this module
            [this_worker(), LEASE_SECONDS, max(0, most)],
        )
        return [
            Reader(shard, arn, shard_id, epoch, checkpoint, now, _iterator_left(shard, checkpoint))
            for shard, arn, shard_id, epoch, checkpoint in cursor.fetchall()
        ]


def _iterator_left(shard: int, checkpoint: str) -> str | None:
    """The iterator that this process has for the shard, unless somebody has read on since."""
    left_at, iterator = _left_at.pop(shard, ("", None))
    return iterator if left_at == checkpoint else None


def _change(reader: Reader, assignments: str, *values: Any) -> None:
    """Change the shard's row while the lease is ours. Raises LeaseLost."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE stream_shards SET {assignments} WHERE id = %s AND lease_epoch = %s",  # noqa: S608 - fixed texts below
            [*values, reader.shard, reader.epoch],
        )
        if cursor.rowcount == 0:
            raise LeaseLost


def _renew(reader: Reader) -> None:
    """Keep the lease of a shard that has nothing new, and note that it has been read to its end."""
    _change(
        reader,
        "lease_expires_at = clock_timestamp() + make_interval(secs => %s), caught_up_at = clock_timestamp()",
        LEASE_SECONDS,
    )
    reader.renewed = time.monotonic()


def _release(reader: Reader) -> None:
    _note_sent(reader)
    if reader.iterator is not None:
        _left_at[reader.shard] = (reader.checkpoint, reader.iterator)
    try:
        _change(reader, "lease_expires_at = NULL")
    except LeaseLost:
        logger.info("Shard %s had been taken over already", reader.shard_id)


def _drain(reader: Reader) -> None:
    _note_sent(reader)
    _change(reader, "state = 'drained', lease_expires_at = NULL")
    reader.drained = True


def _record_gap(reader: Reader, reason: str) -> None:
    logger.error("Gap in shard %s: %s", reader.shard_id, reason)
    _change(reader, "checkpoint = '', gap_reason = %s, gap_found_at = now(), gap_healed_at = NULL", reason)
