"""Uploads that ended long ago are archived: they change nothing any more, so most of their rows are needed no more.

An archived upload (`archived_at`, invariant 16) takes no records, none of its rows is retried, and it isn't undone. It
is archived under its vendor's lock, which all of these take too. After that one pass over its rows deletes what nobody
asks again, a batch at a time and under the same lock: who opens an error again, or owes a status once more, is never
overtaken by its deletion. docs/decisions/0031 says what stays, and why.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import connection, transaction
from psycopg.sql import SQL, Composable

from catalog import committer
from uploads.keeping.turn import BATCH_ROWS, Turn, count
from uploads.pipeline.ledger import stands
from uploads.pipeline.settling.closing import only_updates
from uploads.work import policies

BATCH_UPLOADS: Final = 50

# Where a program puts records under the same ID for years, its upload hasn't ended: it must not have moved for as long.
_ENDED: Final = SQL(
    """
    status <> 'processing' AND archived_at IS NULL AND completed_at < now() - make_interval(days => %(days)s)
    AND withheld_from IS NULL AND (source = 'file' OR updated_at < now() - make_interval(days => %(days)s))
    AND NOT EXISTS (SELECT FROM jobs j WHERE j.upload_id = u.upload_id AND j.state IN ('waiting', 'running'))
    """
)


def delete_rows(turn: Turn) -> bool:
    """Archive the next uploads that ended long ago; where there is none, delete a batch of what those had."""
    archived = _archive(turn.days)
    if archived:
        turn.note(0, turn.position)
        return True
    return _go_through(turn)


def _archive(days: int) -> int:
    """Some uploads, oldest first (idx_upload_history_unarchived); returns how many."""
    with connection.cursor() as cursor:
        query = SQL("SELECT upload_id, vendor_id FROM upload_history u WHERE {} ORDER BY completed_at LIMIT %(most)s")
        cursor.execute(query.format(_ENDED), {"days": days, "most": BATCH_UPLOADS})
        found = cursor.fetchall()
    return sum(_archive_one(upload_id, vendor_id, days) for upload_id, vendor_id in found)


def _archive_one(upload_id: str, vendor_id: str, days: int) -> int:
    query = SQL("UPDATE upload_history u SET archived_at = now() WHERE upload_id = %(upload)s AND {}").format(_ENDED)
    with transaction.atomic():
        committer.lock_vendors([vendor_id])
        with connection.cursor() as cursor:
            cursor.execute(query, {"upload": upload_id, "days": days})
            return int(cursor.rowcount)


# --- the pass over an upload's rows ----------------------------------------------------------------------------


def _go_through(turn: Turn) -> bool:
    upload_id, vendor_id, sequence = _next()
    if not upload_id:
        return False
    of, phase, after = json.loads(turn.position) if turn.position else ("", "", [])
    if of != upload_id:  # somebody else went to the end of that one
        phase, after = ERRORS, []
    with transaction.atomic():
        committer.lock_vendors([vendor_id])
        removed, last = PHASES[phase](upload_id, after)
        position = json.dumps([upload_id, phase, last])
        if last is None:
            phases = list(PHASES)
            following = phases.index(phase) + 1
            if following < len(phases):
                position = json.dumps([upload_id, phases[following], []])
            else:
                position = ""
                _through(sequence)
        if phase == LEDGER:
            turn.note(removed, position)
        else:
            count(policies.ERRORS, removed)
            turn.note(0, position)
    return True


def _next() -> tuple[str, str, int]:
    """The oldest archived upload whose rows are still to be gone through (idx_upload_history_archived), and whose it
    is."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT upload_id, vendor_id, sequence FROM upload_history
             WHERE archived_at IS NOT NULL AND rows_deleted_at IS NULL ORDER BY sequence LIMIT 1
            """
        )
        return cursor.fetchone() or ("", "", 0)


def _through(sequence: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE upload_history SET rows_deleted_at = now() WHERE sequence = %s", [sequence])


Deleted = tuple[int, Sequence[Any] | None]
"""How many were deleted, and the last one looked at; None behind the last."""


def _errors(upload_id: str, after: Sequence[Any]) -> Deleted:
    """The upload's errors that are settled for good, and its warnings (idx_validation_errors_upload).

    What a newer file closed may be opened again by that file's undo, as long as that is possible.
    """
    return _page(_ERRORS, upload_id, after or ["", 0, 0])


_ERRORS: Final = SQL(
    """
    WITH page AS MATERIALIZED (
         SELECT severity, row_number, error_id, resolved_at, resolution, closed_by FROM validation_errors
          WHERE upload_id = %s AND (severity, row_number, error_id) > (%s, %s, %s)
          ORDER BY severity, row_number, error_id LIMIT %s),
    gone AS (
         DELETE FROM validation_errors e USING page
          WHERE e.error_id = page.error_id
            AND (page.severity = 'warning'
                 OR (page.resolved_at IS NOT NULL
                     AND NOT (page.resolution = 'newer_upload'
                              AND EXISTS (SELECT FROM upload_history c
                                           WHERE c.upload_id = page.closed_by AND c.archived_at IS NULL))))
         RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM page),
           (SELECT jsonb_build_array(severity, row_number, error_id) FROM page
             ORDER BY severity DESC, row_number DESC, error_id DESC LIMIT 1)
    """
)


def _closed(upload_id: str, after: Sequence[Any]) -> Deleted:
    """Errors of archived uploads that this one closed (idx_validation_errors_closed): no undo opens them any more."""
    return _page(_CLOSED, upload_id, after or ["", 0])


_CLOSED: Final = SQL(
    """
    WITH page AS MATERIALIZED (
         SELECT identity, error_id, upload_id FROM validation_errors
          WHERE closed_by = %s AND closed_by <> '' AND (identity, error_id) > (%s, %s)
          ORDER BY identity, error_id LIMIT %s),
    gone AS (
         DELETE FROM validation_errors e USING page, upload_history u
          WHERE e.error_id = page.error_id AND u.upload_id = page.upload_id AND u.archived_at IS NOT NULL
         RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM page),
           (SELECT jsonb_build_array(identity, error_id) FROM page ORDER BY identity DESC, error_id DESC LIMIT 1)
    """
)


def _self_retries(upload_id: str, after: Sequence[Any]) -> Deleted:
    """Why its rows were retried by themselves (self_retries_key): said of errors and rows that are gone by now."""
    return _page(_SELF_RETRIES, upload_id, after or ["", 0])


_SELF_RETRIES: Final = SQL(
    """
    WITH page AS MATERIALIZED (
         SELECT id, record_id, attempt FROM self_retries
          WHERE upload_id = %s AND (record_id, attempt) > (%s, %s) ORDER BY record_id, attempt LIMIT %s),
    gone AS (DELETE FROM self_retries s USING page WHERE s.id = page.id)
    SELECT 0, (SELECT count(*) FROM page),
           (SELECT jsonb_build_array(record_id, attempt) FROM page ORDER BY record_id DESC, attempt DESC LIMIT 1)
    """
)


def _ledger(upload_id: str, after: Sequence[Any]) -> Deleted:
    """The upload's rows of the ledger (record_outcomes_key), and what they make superfluous of archived uploads before.

    What touched a product stays as long as nothing newer of an archived upload, which can't be undone any more, stands
    for it (idx_record_outcomes_product): so the newest always does. An upload that can't bring products closes no
    errors of those that can, so it doesn't take their place.
    The fences (OFFSET) keep the planner from reading all products, or all that is owed, for a batch.
    """
    return _page(_LEDGER, upload_id, after or ["", 0])


_LEDGER: Final = SQL(
    """
    WITH page AS MATERIALIZED (
         SELECT id, record_id, attempt, product_id, upload_sequence FROM record_outcomes
          WHERE upload_id = %s AND (record_id, attempt) > (%s, %s)
          ORDER BY record_id, attempt LIMIT %s),
    looked_at AS MATERIALIZED (
         SELECT id FROM page
          UNION
         SELECT o.id FROM page p
          CROSS JOIN LATERAL (SELECT b.id FROM record_outcomes b JOIN upload_history w ON w.sequence = b.upload_sequence
                               WHERE b.product_id = p.product_id AND b.upload_sequence < p.upload_sequence
                                 AND w.archived_at IS NOT NULL
                               ORDER BY b.upload_sequence DESC LIMIT 10) o),
    gone AS (
         DELETE FROM record_outcomes r USING looked_at, upload_history u
          WHERE r.id = looked_at.id AND u.upload_id = r.upload_id AND u.archived_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM (SELECT written_back_at, write_back_failure FROM record_outcomes
                                          WHERE upload_id = r.upload_id AND record_id = r.record_id OFFSET 0) a
                             WHERE a.written_back_at IS NULL OR a.write_back_failure <> '')
            AND NOT (r.outcome = 'error'
                     AND EXISTS (SELECT FROM validation_errors e
                                  WHERE e.upload_id = r.upload_id AND e.severity = 'error'
                                    AND e.row_number = r.row_number AND e.record_id = r.record_id))
            AND (r.product_id IS NULL
                 OR NOT EXISTS (SELECT FROM products p WHERE p.product_id = r.product_id OFFSET 0)
                 OR NOT {r_stands}
                 OR EXISTS (SELECT FROM record_outcomes n JOIN upload_history w ON w.sequence = n.upload_sequence
                             WHERE n.product_id = r.product_id
                               AND (n.upload_sequence, n.id) > (r.upload_sequence, r.id)
                               AND w.archived_at IS NOT NULL AND {n_stands} AND ({old_one} OR NOT {newer_one})))
         RETURNING 1)
    SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM page),
           (SELECT jsonb_build_array(record_id, attempt) FROM page ORDER BY record_id DESC, attempt DESC LIMIT 1)
    """
).format(r_stands=stands("r"), n_stands=stands("n"), old_one=only_updates("u"), newer_one=only_updates("w"))


def _page(query: Composable, upload_id: str, after: Sequence[Any]) -> Deleted:
    with connection.cursor() as cursor:
        cursor.execute(query, [upload_id, *after, BATCH_ROWS])
        gone, seen, last = cursor.fetchone()
    return gone, json.loads(last) if seen == BATCH_ROWS else None


# Errors first: a row of the ledger stays as long as the error that it made.
ERRORS, CLOSED, RETRIES, LEDGER = "errors", "closed", "self_retries", "ledger"
PHASES: Final[dict[str, Callable[[str, Sequence[Any]], Deleted]]] = {
    ERRORS: _errors, CLOSED: _closed, RETRIES: _self_retries, LEDGER: _ledger,
}  # fmt: skip
