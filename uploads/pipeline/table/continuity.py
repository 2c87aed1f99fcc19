"""Since when all that was put into the table is known to have been seen: a fact in PostgreSQL, for each stream.

The stream alone can't say it. What was put before the stream was there, while it was off, or longer than a day before
it was read is not in it, and nothing tells. So continuity is in doubt at the first sight of every stream, at every gap,
and where a shard is read later than its records are sure to be kept. A doubt is settled by one reading of the whole
table (scan.py) that began after it: what was there before has an outcome then, and what came later the stream has.
"""

import logging
from typing import Final

from django.db import connection, transaction

from uploads.aws import dynamo
from uploads.models import TableStream
from uploads.work import leases
from uploads.work.leases import Lease

logger = logging.getLogger(__name__)

# A stream keeps its records for 24 hours. The hour between is room for a listing that lags behind, and for clocks.
SAFE_HOURS: Final = 23
_FIRST: Final = "The stream was seen for the first time: what stood in the table before may not be in it."
_NEW: Final = "The table has a new stream: what was put there between the old one and this one is in neither."
NONE: Final = "The table has no stream. Turn it on with view type NEW_IMAGE."
_OFF: Final = "The table’s stream is off: turn it on with view type NEW_IMAGE."


def see(arn: str, on: bool) -> str:
    """Note that this is the table's stream now, "" for none; returns the database's time before its shards are listed.

    What can't be in the stream puts continuity in doubt: all that was there before its first sight, and all that is
    put while it is off.
    """
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO table_streams (stream_arn) VALUES (%s) ON CONFLICT DO NOTHING", [arn])
        new = bool(cursor.rowcount)
    if not arn:
        _doubt(arn, NONE, again=new)
    elif new and TableStream.objects.exclude(pk=arn).exists():
        _doubt(arn, _NEW)
    elif new:
        _doubt(arn, _FIRST, level=logging.INFO)
    elif not on:
        _doubt(arn, _OFF, again=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()::text")
        return str(cursor.fetchone()[0])


def born() -> None:
    """The table was just made, its stream with it: nothing was ever put there that isn't in the stream."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO table_streams (stream_arn, continuous_since) VALUES (%s, clock_timestamp())
                ON CONFLICT (stream_arn) DO NOTHING
            """,
            [dynamo.stream_arn()],
        )


def doubt(arn: str, reason: str) -> None:
    """Records may have been lost to this stream by now: the table is to be read from its beginning."""
    _doubt(arn, reason)


def _doubt(arn: str, reason: str, *, again: bool = True, level: int = logging.WARNING) -> None:
    """`again`: also where it is in doubt already. What stays so is in doubt again when the table has been read."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE table_streams s SET doubted_at = clock_timestamp(), doubt = %s, continuous_since = NULL
              FROM (SELECT stream_arn, doubt FROM table_streams
                     WHERE stream_arn = %s AND (%s OR doubted_at IS NULL) FOR UPDATE) o
             WHERE s.stream_arn = o.stream_arn RETURNING o.doubt
            """,
            [reason, arn, again],
        )
        before = cursor.fetchone()
    if before and before[0] != reason:
        logger.log(level, "%s The table is read for it.", reason)


def settled(lease: Lease) -> bool:
    """The table was read to its end: whether nothing is in doubt any more. Raises LeaseLost.

    All gaps that were found before the reading began are healed. What came into doubt after that needs another one.
    """
    with transaction.atomic():
        leases.hold(lease)
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE stream_shards g SET gap_healed_at = now()
                  FROM table_streams s
                 WHERE s.stream_arn = %s AND g.gap_found_at <= s.scan_from AND g.gap_healed_at IS NULL
                """,
                [lease.key],
            )
            cursor.execute(
                """
                UPDATE table_streams
                   SET continuous_since = CASE WHEN doubted_at <= scan_from THEN scan_from END,
                       doubted_at = CASE WHEN doubted_at > scan_from THEN doubted_at END,
                       scan_position = NULL, scan_ended_at = clock_timestamp()
                 WHERE stream_arn = %s RETURNING doubted_at IS NULL
                """,
                [lease.key],
            )
            return bool(cursor.fetchone()[0])


def current() -> TableStream | None:
    """The table's stream as we know it; None before its first sight."""
    return TableStream.objects.order_by("-seen_at", "stream_arn").first()
