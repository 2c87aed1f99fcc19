"""What the schedule does: wake what is asleep, and heal what no wake-up can (invariant 6).

Wake-ups may be lost, doubled or late, so all open work is found again in PostgreSQL. An upload that has stalled is
reconciled; where the stream may have lost records, the whole table is read (table/scan.py).
"""

import logging
import time

from django.db import connection
from psycopg.sql import SQL

from uploads.pipeline import reconcile, writeback
from uploads.pipeline.table import scan
from uploads.work import jobs, outages, wakeups

logger = logging.getLogger(__name__)


SWEEP_SECONDS = 20.0
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
    outages.close_over()
    scan.wake()
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
