"""What the wake-ups did not deliver: the schedule finds all open work in PostgreSQL and hands it on."""

import time

from django.db import connection

from uploads import tasks, writeback

SWEEP_SECONDS = 20.0
TICK_SECONDS = 5.0  # how often the schedule calls


def upkeep() -> None:
    """Go on with staging that nobody is at, finish what is complete, write statuses that are still owed."""
    for upload_id in _unstaged():
        tasks.enqueue(tasks.stage_upload, upload_id, expires=TICK_SECONDS)
    for upload_id in _unfinished():
        tasks.enqueue(tasks.finish_upload, upload_id, expires=TICK_SECONDS)
    deadline = time.monotonic() + SWEEP_SECONDS
    while writeback.sweep() == writeback.SWEEP_ROWS and time.monotonic() < deadline:
        pass


def _unstaged() -> list[str]:
    return _upload_ids("storage_key <> '' AND file_rows IS NULL AND coalesce(staging_expires_at, '-infinity') < now()")


def _unfinished() -> list[str]:
    return _upload_ids("total_records = file_rows OR (source = 'dynamodb' AND total_records > 0)")


def _upload_ids(condition: str) -> list[str]:
    """Open uploads under a condition, oldest first (through idx_upload_history_open)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT upload_id FROM upload_history WHERE status = 'processing' AND ({condition}) ORDER BY sequence"  # noqa: S608 - fixed texts from this module
        )
        return [row[0] for row in cursor.fetchall()]
