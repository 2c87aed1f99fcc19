"""Step 4: the table's stream → batches, and the checkpoint that moves with them.

A worker reads its share of the shards (shards.py), a page at a time. Every batch checks the lease in its own
transaction, so a worker that was paused and overtaken writes nothing (invariant 4).
"""

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection
from psycopg.sql import SQL

from config import stopping
from config.watch import meters
from uploads.aws import dynamo
from uploads.aws.records import Record, decode, is_pending
from uploads.pipeline import shards, writeback
from uploads.pipeline.commit import Checkpoint, commit_isolating
from uploads.pipeline.holding import withheld
from uploads.pipeline.ledger import Outcome
from uploads.pipeline.shards import Fetched, Reader
from uploads.work import leases, wakeups
from uploads.work.leases import LeaseLost

logger = logging.getLogger(__name__)

SLICE_SECONDS = 20.0
PAGE_RECORDS = 1000
PAUSE_SECONDS = 0.2  # after an empty page: each read is paid for
# How long a worker stays after the last record, so that a file that comes in small pieces has no gaps between them.
LINGER_SECONDS = 1.0
DISCOVER_SECONDS = 10.0
BALANCE_SECONDS = 1.0
RENEW_SECONDS = leases.SHARD.seconds / 3


def consume(seconds: float = SLICE_SECONDS) -> bool:
    """Work on this worker's share of the shards for at most that long; True when there is more to do.

    Ends early where the worker shall stop. Returns at once when there are more workers than shards and none is free.
    Raises Unavailable when DynamoDB is away.
    """
    deadline = time.monotonic() + seconds
    linger_until = time.monotonic() + LINGER_SECONDS
    discover_at = balance_at = 0.0
    with _readers() as readers:
        while time.monotonic() < deadline and not stopping.asked():
            if time.monotonic() >= discover_at:
                shards.discover()
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
            if received or drained or any(reader.endings == 1 for reader in readers):
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
    share, workers, readable = shards.fair_share()
    for reader in readers[share:]:
        shards.release(reader)
    del readers[share:]
    readers.extend(shards.claim(share - len(readers)))
    return bool(readers) or workers <= readable


@contextmanager
def _readers() -> Iterator[list[Reader]]:
    """The shards held during a slice; their leases are given back at its end, whatever ended it."""
    readers: list[Reader] = []
    try:
        yield readers
    finally:
        for reader in readers:
            shards.release(reader)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM stream_workers WHERE owner = %s", [leases.this_worker()])


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
    began = time.perf_counter()
    try:
        if count := read_page(reader):
            meters.took(meters.PAGES, time.perf_counter() - began)
            meters.add(meters.READ, count)
        return count
    except dynamo.IteratorExpired:
        pass  # the next page is read from the checkpoint
    except dynamo.PositionTrimmed as error:
        if reader.checkpoint:
            shards.record_gap(reader, f"The records behind {reader.checkpoint} are gone from the stream: {error}")
            reader.checkpoint = ""
        elif shards.ending(reader):  # nothing is left of it; whether it was in time was asked when it was claimed
            shards.drain(reader)
    except dynamo.StreamGone as error:
        shards.record_gap(reader, f"The shard is gone from the stream: {error}")
        shards.drain(reader)
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
        checkpoint = Checkpoint(reader.lease, last["SequenceNumber"], _written_at(last))
        committed = commit_isolating(records, checkpoint)
        reader.checkpoint, reader.renewed = last["SequenceNumber"], time.monotonic()
        _send(reader, committed.owed)
        for upload_id in committed.finished:
            wakeups.enqueue(wakeups.FINISH_UPLOAD, upload_id)
    else:
        reader.note_sent()
        if time.monotonic() - reader.renewed > RENEW_SECONDS or not reader.caught_up:
            shards.renew(reader)
    reader.caught_up = not page.records
    reader.iterator = page.next_iterator
    _end(reader, page)
    return len(page.records)


def _end(reader: Reader, page: dynamo.Page) -> None:
    """Drain the shard where this was its last page (invariant 5).

    A page without a next iterator may also be a broken answer. So it is asked again behind the checkpoint, and only
    if nothing is there, and DescribeStream says that the shard is closed, it has been read to its end.
    """
    reader.endings = reader.endings + 1 if page.next_iterator is None else 0
    if reader.endings > 1 and not page.records and shards.ending(reader):
        shards.drain(reader)


def _without_iterator(reader: Reader) -> Fetched:
    """There is no iterator behind the last record of a closed shard. Anywhere else that is no answer: Unavailable."""
    ending = shards.ending(reader)
    if not (ending and reader.checkpoint and int(reader.checkpoint) >= int(ending)):
        raise dynamo.Unavailable("GetShardIterator was answered without an iterator.")
    reader.endings = 1
    return Fetched(dynamo.Page([], None), [])


def _next(reader: Reader) -> Fetched:
    """The next page: the one that was fetched ahead, or one fetched now.

    An empty one that was fetched ahead says nothing about what has been written since: then it is asked again.
    """
    # After a failure neither is there, and the checkpoint says where to go on.
    iterator, reader.iterator = reader.iterator, None
    ahead, reader.ahead = reader.ahead, None
    if iterator is None:
        iterator = dynamo.shard_iterator(reader.arn, reader.shard_id, reader.checkpoint)
        return _without_iterator(reader) if iterator is None else _fetch(iterator)
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
    reader.note_sent()
    if owed:
        reader.sending = _sender(os.getpid()).submit(writeback.send, owed)


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
    """Whether an open upload has rows that are staged, or still to be staged, without an outcome, and don't wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                """
                SELECT EXISTS (SELECT FROM upload_history u
                                WHERE status = 'processing' AND source = 'file'
                                  AND (staged_rows > total_records OR staging_expires_at > now()) AND NOT {})
                """
            ).format(withheld.waits("u"))
        )
        return bool(cursor.fetchone()[0])
