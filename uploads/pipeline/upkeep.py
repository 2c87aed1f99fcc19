"""What the schedule does: wake what is asleep, and heal what no wake-up can (invariant 6).

Wake-ups may be lost, doubled or late, so all open work is found again in PostgreSQL. An upload that has stalled is
reconciled; where the stream lost records, the whole table is read again.
"""

import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from django.db import connection
from psycopg.sql import SQL

from uploads.aws import dynamo
from uploads.aws.records import Item, decode
from uploads.models import StreamShard
from uploads.pipeline import reconcile, writeback
from uploads.work import jobs, wakeups

logger = logging.getLogger(__name__)


SWEEP_SECONDS = 20.0
SCAN_SECONDS = 20.0
TICK_SECONDS = 5.0  # how often the schedule calls
# How long the stream must have been at its end since an upload last moved, before we say that it has stalled.
STALLED_SECONDS = 15


def tick() -> None:
    """Go on with staging that nobody is at, finish what is complete, write statuses that are still owed, heal."""
    for upload_id in _unstaged():
        wakeups.enqueue(wakeups.STAGE_UPLOAD, upload_id, expires=TICK_SECONDS)
    for upload_id in _unfinished():
        wakeups.enqueue(wakeups.FINISH_UPLOAD, upload_id, expires=TICK_SECONDS)
    for job_id in jobs.unattended():
        wakeups.enqueue(wakeups.RUN_JOB, job_id, expires=TICK_SECONDS)
    deadline = time.monotonic() + SWEEP_SECONDS
    while writeback.sweep() and time.monotonic() < deadline:
        pass
    heal_gaps()
    deadline = time.monotonic() + reconcile.RECONCILE_SECONDS
    for upload_id in stalled():
        logger.warning("%s has stalled; reconciling it", upload_id)
        reconcile.reconcile_slice(upload_id, deadline)


def _unstaged() -> list[str]:
    return _upload_ids(
        SQL("storage_key <> '' AND file_rows IS NULL AND coalesce(staging_expires_at, '-infinity') < now()")
    )


def _unfinished() -> list[str]:
    return _upload_ids(SQL("total_records = file_rows OR (source = 'dynamodb' AND total_records > 0)"))


def stalled() -> list[str]:
    """Uploads with staged rows that have no outcome, though the stream has been read to its end since they moved;
    and those whose reconcile ran out of time.
    """
    return _upload_ids(_STALLED, STALLED_SECONDS)


_STALLED = SQL(
    """
    reconciled_to <> ''
    OR (total_records < coalesce(file_rows, staged_rows)
        AND updated_at < (SELECT min(coalesce(caught_up_at, '-infinity')) FROM stream_shards WHERE state = 'open')
                         - make_interval(secs => %s))
    """
)


def _upload_ids(condition: SQL, *values: float) -> list[str]:
    """Open uploads under a condition, oldest first (through idx_upload_history_open)."""
    query = SQL("SELECT upload_id FROM upload_history WHERE status = 'processing' AND ({}) ORDER BY sequence")
    with connection.cursor() as cursor:
        cursor.execute(query.format(condition), values)
        return [row[0] for row in cursor.fetchall()]


def heal_gaps(seconds: float = SCAN_SECONDS) -> None:
    """Re-read the table for records that a gap of the stream may have lost, a slice at a time.

    The scan's position stands on the oldest gap. When it has come to the end, all gaps that were found before it
    began are healed.
    """
    gap = StreamShard.objects.filter(gap_found_at__isnull=False, gap_healed_at=None).order_by("gap_found_at").first()
    if gap is None:
        return
    if gap.gap_scan_from is None:
        _note_scan(gap, SQL("gap_scan_from = clock_timestamp()"))
    deadline = time.monotonic() + seconds
    position = gap.gap_scan_position
    while time.monotonic() < deadline:
        items, position = dynamo.scan_pending(position)
        _settle(items)
        if position is None:
            _note_healed(gap)
            return
        _note_scan(gap, SQL("gap_scan_position = %s"), json.dumps(position))


def _settle(items: Sequence[Item]) -> None:
    records = [decode(item) for item in items]
    for chunk in reconcile.chunks(records):
        reconcile.commit(chunk)


def _note_scan(gap: StreamShard, assignment: SQL, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SQL("UPDATE stream_shards SET {} WHERE id = %s").format(assignment), [*values, gap.pk])


def _note_healed(gap: StreamShard) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE stream_shards g
               SET gap_healed_at = now(), gap_scan_from = NULL, gap_scan_position = NULL
              FROM stream_shards s
             WHERE s.id = %s AND g.gap_found_at <= s.gap_scan_from AND g.gap_healed_at IS NULL
            """,
            [gap.pk],
        )
        logger.warning("The table was re-read: %d gaps of the stream are healed", cursor.rowcount)
