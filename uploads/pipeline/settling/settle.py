"""Errors are settled or opened again, whole rows at a time, and their uploads' counters move with them.

In the caller's transaction and under the vendors' locks: a row that is retried meanwhile is not settled, and a row that
is settled not retried. What became of the row stays as it was: its outcome in the ledger is an error (invariants 1, 7).
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from psycopg.sql import SQL, Composable, Identifier

from uploads.aws import storage
from uploads.models import ValidationError

Resolution = ValidationError.Resolution
# The counter of an upload that says how many of its rows are settled so.
_COUNTERS: Final = {
    Resolution.IGNORED: "ignored_records", Resolution.NEWER_UPLOAD: "closed_records",
    Resolution.BY_HAND: "closed_records",
}  # fmt: skip
_MOVE: Final = SQL(
    """
    WITH moved AS (
        UPDATE validation_errors e SET {change}
          FROM unnest(%s::int[], %s::text[]) AS due (error_id, closed_by)
         WHERE e.error_id = due.error_id AND e.severity = 'error' AND {still}
        RETURNING e.upload_id, e.record_id),
    counted AS (SELECT upload_id, count(DISTINCT record_id)::int AS rows FROM moved GROUP BY upload_id)
    UPDATE upload_history u SET {counter} = {counter} {sign} counted.rows FROM counted
     WHERE u.upload_id = counted.upload_id
    RETURNING u.upload_id, counted.rows
    """
)


class Settled(NamedTuple):
    """How many rows of an upload were settled, or opened."""

    upload_id: str
    rows: int


def settle(due: Composable, values: Iterable[Any], how: Resolution, user_id: int | None = None) -> list[Settled]:
    """Settle the open errors that a query has; `due` selects error_id and closed_by, and all open errors of a row."""
    change = SQL("resolved_at = now(), resolution = {}, closed_by = due.closed_by, resolved_by_id = {}").format(
        how.value, user_id
    )
    return _move(due, values, change, SQL("e.resolved_at IS NULL"), how, SQL("+"))


def reopen(due: Composable, values: Iterable[Any], how: Resolution) -> list[Settled]:
    """Open errors again that were settled so; `due` selects error_id and closed_by, of all errors of a row."""
    change = SQL("resolved_at = NULL, resolution = '', closed_by = '', resolved_by_id = NULL")
    return _move(due, values, change, SQL("e.resolution = {}").format(how.value), how, SQL("-"))


def _move(
    due: Composable, values: Iterable[Any], change: Composable, still: Composable, how: Resolution, sign: Composable
) -> list[Settled]:
    """Looking comes first, and alone: mostly there is nothing to do, and a planner has less to be wrong about."""
    counter = Identifier(_COUNTERS[how])
    with connection.cursor() as cursor:
        cursor.execute(due, list(values))
        found = dict(cursor.fetchall())
        if not found:
            return []
        query = _MOVE.format(change=change, still=still, counter=counter, sign=sign)
        cursor.execute(query, [[*found], [*found.values()]])
        moved = [Settled(*row) for row in cursor.fetchall()]
    drop_reports(one.upload_id for one in moved)
    return moved


def drop_reports(upload_ids: Iterable[str]) -> None:
    """A report that was stored at completion is out of date now; from here on it is made when it is asked for."""
    wanted = list(upload_ids)
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history u SET error_report_key = ''
              FROM (SELECT upload_id, error_report_key FROM upload_history
                     WHERE upload_id = ANY (%s) AND error_report_key <> '' FOR UPDATE) AS old
             WHERE u.upload_id = old.upload_id
         RETURNING u.vendor_id, old.error_report_key
            """,
            [wanted],
        )
        keys = [key for vendor_id, key in cursor.fetchall() if storage.is_of(vendor_id, key)]
    for key in keys:
        transaction.on_commit(partial(storage.delete, key), robust=True)
