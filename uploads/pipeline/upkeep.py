"""What the schedule does: wake what is asleep, and heal what no wake-up can (invariant 6).

Wake-ups may be lost, doubled or late, so all open work is found again in PostgreSQL. An upload that has stalled is
reconciled; where the stream may have lost records, the whole table is read (table/scan.py).
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from django.db import connection
from psycopg.sql import SQL, Composable

from uploads.pipeline import reconcile, writeback
from uploads.pipeline.guard import hold
from uploads.pipeline.holding import release, withheld
from uploads.pipeline.settling import totals
from uploads.pipeline.table import scan
from uploads.work import jobs, outages, steps, wakeups

logger = logging.getLogger(__name__)


SWEEP_SECONDS = 20.0
TICK_SECONDS = 5.0  # how often the schedule calls
# How long the stream must have been at its end since an upload last moved, before we say that it has stalled.
STALLED_SECONDS = 15


def tick() -> None:
    """Go on with staging that nobody is at, finish what is complete, write statuses that are still owed, heal.

    Each step fails alone (work/steps.py). What may take long comes last. Raises OperationalError or InterfaceError
    where PostgreSQL is away.
    """
    for name, do in STEPS.items():
        steps.alone(name, do)


def _wake(task: str, found: Iterable[str | int]) -> None:
    for one in found:
        wakeups.enqueue(task, one, expires=TICK_SECONDS)


def _write_back() -> None:
    deadline = time.monotonic() + SWEEP_SECONDS
    while writeback.sweep() and time.monotonic() < deadline:
        pass


def _reconcile_stalled() -> None:
    deadline = time.monotonic() + reconcile.RECONCILE_SECONDS

    def mend(upload_id: str) -> None:
        logger.warning("%s has stalled; reconciling it", upload_id)
        reconcile.reconcile_slice(upload_id, deadline)

    steps.each(stalled(), mend)


def _guard() -> None:
    hold.hold_unchecked()
    hold.cancel_late()


def _unstaged() -> list[str]:
    return _upload_ids(
        SQL(
            "guard NOT IN ('due', 'held') AND storage_key <> '' AND file_rows IS NULL"
            " AND coalesce(staging_expires_at, '-infinity') < now() AND NOT {}"
        ).format(_WAITS)
    )


def _unfinished() -> list[str]:
    return _upload_ids(
        SQL("total_records = file_rows OR (source = 'dynamodb' AND total_records > 0 AND withheld_from IS NULL)")
    )


def stalled() -> list[str]:
    """Uploads with staged rows that have no outcome, though the stream has been read to its end since they moved;
    and those whose reconcile ran out of time. None of a vendor that is held back: its rows wait, and are not lost.
    """
    return _upload_ids(_STALLED, STALLED_SECONDS)


_WAITS = withheld.waits("upload_history")
_STALLED = SQL(
    """
    (reconciled_to <> ''
     OR (total_records < coalesce(file_rows, staged_rows)
         AND updated_at < (SELECT min(coalesce(caught_up_at, '-infinity')) FROM stream_shards WHERE state = 'open')
                          - make_interval(secs => %s)))
    AND NOT {}
    """
).format(_WAITS)


def _upload_ids(condition: Composable, *values: float) -> list[str]:
    """Open uploads under a condition, oldest first (through idx_upload_history_open)."""
    query = SQL("SELECT upload_id FROM upload_history WHERE status = 'processing' AND ({}) ORDER BY sequence")
    with connection.cursor() as cursor:
        cursor.execute(query.format(condition), values)
        return [row[0] for row in cursor.fetchall()]


STEPS: Final[dict[str, Callable[[], object]]] = {
    steps.STAGE: lambda: _wake(wakeups.STAGE_UPLOAD, _unstaged()),
    steps.FINISH: lambda: _wake(wakeups.FINISH_UPLOAD, _unfinished()),
    steps.RUN_JOBS: lambda: _wake(wakeups.RUN_JOB, jobs.unattended()),
    steps.GUARD: _guard,
    steps.CLOSE_OUTAGES: outages.close_over,
    steps.READ_TABLE: scan.wake,
    steps.ADD_UP: totals.add_up,
    steps.WRITE_BACK: _write_back,
    steps.RELEASE: release.go_on,
    steps.RECONCILE: _reconcile_stalled,
}
