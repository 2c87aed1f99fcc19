"""Step 4: the stream's shards: which there are, who reads them, and what was lost of them.

Only the holder of a lease reads a shard (invariant 4), a child only after its parent is drained (5). A position that
is gone is recorded as a gap, never skipped in silence (6).
"""

import logging
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection, transaction
from psycopg.sql import SQL

from uploads.aws import dynamo
from uploads.aws.records import Record
from uploads.pipeline import writeback
from uploads.pipeline.table import continuity
from uploads.work import leases
from uploads.work.leases import Lease

logger = logging.getLogger(__name__)


# Where this process left a shard: its checkpoint, and an iterator behind it. A shard can have many empty pages before
# its next record; a reader that began at the checkpoint each time might never get past them.
_left_at: dict[int | str, tuple[str, str]] = {}


class Fetched(NamedTuple):
    """A page, and those of its records that want validation."""

    page: dynamo.Page
    records: list[Record]


@dataclass(slots=True)
class Reader:
    """A shard whose lease this worker holds, and where it reads."""

    lease: Lease
    arn: str
    shard_id: str
    checkpoint: str
    renewed: float
    iterator: str | None = None
    ahead: Future[Fetched] | None = None  # the page behind `iterator`, fetched while the one before it is committed
    sending: Future[writeback.Sent] | None = None  # the statuses of the page before
    endings: int = 0  # pages one after the other without a next iterator: the shard's end, or broken answers
    drained: bool = False
    caught_up: bool = False

    def note_sent(self) -> None:
        """Wait for the statuses that are under way, and note which of them stand."""
        sending, self.sending = self.sending, None
        if sending is not None:
            writeback.note(sending.result())


def fair_share() -> tuple[int, int, int]:
    """This worker's share of the shards, how many workers there are, and how many shards can be read now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO stream_workers (owner, seen_at) VALUES (%s, clock_timestamp())
                ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at
            """,
            [leases.this_worker()],
        )
        cursor.execute(
            SQL(
                """
                SELECT (SELECT count(*) FROM stream_workers
                         WHERE seen_at > clock_timestamp() - make_interval(secs => %s)),
                       (SELECT count(*) FROM stream_shards c WHERE {})
                """
            ).format(_READABLE),
            [leases.SHARD.seconds],
        )
        workers, shards = cursor.fetchone()
    return -(-shards // workers), workers, shards


def discover() -> None:
    """Note the stream's shards; a stream that took the place of an older one leaves a gap behind on that one.

    A shard that the last listing had not was born after it; before the first sight of the stream the table is read.
    Raises StreamGone where the table has none.
    """
    arn, on = dynamo.current_stream()
    asked_at = continuity.see(arn, on)
    shards = list(dynamo.list_shards(arn)) if arn else []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO stream_shards (stream_arn, shard_id, parent_shard_id, covered_from)
            SELECT t.stream_arn, s.shard_id, s.parent_id, coalesce(t.listed_at, t.seen_at)
              FROM table_streams t, unnest(%s::text[], %s::text[]) AS s (shard_id, parent_id)
             WHERE t.stream_arn = %s
                ON CONFLICT (stream_arn, shard_id) DO NOTHING
            """,
            [[shard.shard_id for shard in shards], [shard.parent_id for shard in shards], arn],
        )
        cursor.execute("UPDATE table_streams SET listed_at = %s WHERE stream_arn = %s", [asked_at, arn])
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
    if not arn:
        raise dynamo.StreamGone(continuity.NONE)


# An open shard `c` whose parent, as far as we know of one, has been read to its end.
_READABLE = SQL(
    """
    c.state = 'open'
    AND NOT EXISTS (SELECT FROM stream_shards p
                     WHERE p.stream_arn = c.stream_arn AND p.shard_id = c.parent_shard_id AND p.state = 'open')
    """
)
# The longest unread first.
_FREE = SQL(
    """
    id IN (SELECT c.id FROM stream_shards c WHERE {} AND {}
            ORDER BY c.checkpoint_at NULLS FIRST, c.id LIMIT %s FOR UPDATE SKIP LOCKED)
    """
).format(_READABLE, leases.free(leases.SHARD, "c"))


# Nothing is known to have been read of it, or born in it, so lately that the stream must still have it.
_IS_LATE = SQL(
    "greatest(covered_from, checkpoint_at, caught_up_at) < clock_timestamp() - make_interval(hours => {})"
).format(continuity.SAFE_HOURS)


def claim(most: int) -> list[Reader]:
    """Take the leases of at most that many shards that can be read and are free, the longest unread first."""
    now = time.monotonic()
    returning = SQL("id, stream_arn, shard_id, lease_epoch, checkpoint, ") + _IS_LATE
    taken = leases.take(leases.SHARD, _FREE, [max(0, most)], returning)
    for shard, arn, shard_id, *_, late in taken:
        if late:
            _doubt_late(shard, arn, shard_id)
    return [
        Reader(Lease(leases.SHARD, shard, epoch), arn, shard_id, checkpoint, now, _iterator_left(shard, checkpoint))
        for shard, arn, shard_id, epoch, checkpoint, _ in taken
    ]


def _doubt_late(shard: int, arn: str, shard_id: str) -> None:
    """The stream may have dropped records of the shard since it was last read, or found, and doesn't say so."""
    late = (
        f"Shard {shard_id} was not read for {continuity.SAFE_HOURS} hours: the stream may have dropped records of it."
    )
    with transaction.atomic():
        continuity.doubt(arn, late)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE stream_shards SET covered_from = clock_timestamp() WHERE id = %s", [shard])


def _iterator_left(shard: int, checkpoint: str) -> str | None:
    """The iterator that this process has for the shard, unless somebody has read on since."""
    left_at, iterator = _left_at.pop(shard, ("", None))
    return iterator if left_at == checkpoint else None


def renew(reader: Reader) -> None:
    """Keep the lease of a shard that has nothing new, and note that it has been read to its end. Raises LeaseLost."""
    leases.renew(reader.lease, SQL("caught_up_at = clock_timestamp(),"))
    reader.renewed = time.monotonic()


def release(reader: Reader) -> None:
    """Give the shard back, for this process or another to go on with where it stands."""
    reader.note_sent()
    if reader.iterator is not None:
        _left_at[reader.lease.key] = (reader.checkpoint, reader.iterator)
    if not leases.release(reader.lease):
        logger.info("Shard %s had been taken over already", reader.shard_id)


def ending(reader: Reader) -> str:
    """The last sequence number of a shard of which DescribeStream says that nothing is written into it any more; ""
    of any other.
    """
    return next((one.ending for one in dynamo.list_shards(reader.arn) if one.shard_id == reader.shard_id), "")


def drain(reader: Reader) -> None:
    """The shard has been read to its end, and its children can be read now. Raises LeaseLost."""
    reader.note_sent()
    leases.change(reader.lease, SQL("state = 'drained', lease_expires_at = NULL"))
    reader.drained = True


def record_gap(reader: Reader, reason: str) -> None:
    """Records were lost behind the checkpoint: staff see it, and the table is read for them. Raises LeaseLost."""
    gap = SQL(
        "checkpoint = '', covered_from = now(), gap_reason = %s, gap_found_at = now(), gap_healed_at = NULL"
    )  # fmt: skip
    with transaction.atomic():
        leases.change(reader.lease, gap, [reason])
        continuity.doubt(reader.arn, f"Gap in shard {reader.shard_id}: {reason}")
