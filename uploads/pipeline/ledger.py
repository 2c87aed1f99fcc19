"""The ledger: what became of each record, at each attempt. Read and changed here; step 6 writes its rows.

Everything is found by record_outcomes_key, a probe a record: the fences in the queries (LIMIT, OFFSET) keep the planner
from reading the whole ledger while it is small.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection, transaction
from psycopg.sql import SQL, Composable, Identifier

from catalog.snapshot import Origin
from uploads.aws.records import Record
from uploads.models.ledger import ABSENT_PREFIX


class Outcome(NamedTuple):
    """What the ledger now says of a record, for the write-back to DynamoDB."""

    upload_id: str
    record_id: str
    outcome: str
    error_reason: str
    attempt: int = 1


def known(batch: Sequence[Record | Outcome]) -> dict[tuple[str, str], Outcome]:
    """What the ledger has of these records: of each the outcome of its newest attempt."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.upload_id, k.record_id, o.outcome, o.error_reason, o.attempt
              FROM unnest(%s::text[], %s::text[]) AS k (upload_id, record_id)
             CROSS JOIN LATERAL (SELECT outcome, error_reason, attempt
                                   FROM record_outcomes
                                  WHERE upload_id = k.upload_id AND record_id = k.record_id
                                  ORDER BY attempt DESC
                                  LIMIT 1) AS o
            """,
            [[record.upload_id for record in batch], [record.record_id for record in batch]],
        )
        return {(row[0], row[1]): Outcome(*row) for row in cursor.fetchall()}


def stands(row: str) -> Composable:
    """That this row of the ledger, by its name in a query, touched its product and no undo has taken that back since.

    An undo notes each product that it takes back (idx_product_changes_product); what it kept stands. What was only
    confirmed goes with the upload. What another program puts under the id of an undone upload later is something new.
    A scalar subquery, so that it stays a probe of upload_history_sequence_key and is never made a join.
    """
    return SQL(
        """
        ({row}.outcome IN ('inserted', 'updated', 'retired', 'unchanged')
         AND (SELECT CASE {row}.outcome
                     WHEN 'unchanged' THEN {row}.created_at <= u.undone_at
                     ELSE EXISTS (SELECT FROM product_changes back
                                   WHERE back.product_id = {row}.product_id AND back.upload_id = {row}.upload_id
                                     AND back.kind = 'undone'
                                     AND NOT EXISTS (SELECT FROM product_changes later
                                                      WHERE later.product_id = back.product_id AND later.id > back.id
                                                        AND later.upload_id = back.upload_id
                                                        AND later.record_id = {row}.record_id
                                                        AND later.kind = 'updated'))
                     END
                FROM upload_history u
               WHERE u.sequence = {row}.upload_sequence AND u.undone_at IS NOT NULL) IS NOT TRUE)
        """
    ).format(row=Identifier(row))


_ORIGINS = SQL(
    """
    SELECT p.product_id, o.upload_sequence, o.row_number, coalesce(o.line_number, 0),
           NOT (o.row_number = 0 AND starts_with(o.record_id, %s))
      FROM unnest(%s::integer[]) AS p (product_id)
     CROSS JOIN LATERAL (SELECT upload_sequence, row_number, line_number, record_id
                           FROM record_outcomes o
                          WHERE o.product_id = p.product_id AND o.upload_sequence >= %s AND {}
                          ORDER BY upload_sequence DESC, row_number DESC
                          LIMIT 1) AS o
    """
).format(stands("o"))


def origins(product_ids: list[int], since: int) -> dict[int, Origin]:
    """The newest upload that touched each product and wasn't undone there, among those from a sequence on.

    Through idx_record_outcomes_product; where no upload is that new, as mostly, no row of the ledger is read. While an
    undo is under way, what it hasn't taken back yet still counts. What a whole catalog lacked is behind its rows: one
    that is retried since, and is about the product, counts.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ORIGINS, [ABSENT_PREFIX, product_ids, since])
        return {product_id: Origin(*origin) for product_id, *origin in cursor.fetchall()}


def close_earlier(again: Sequence[Record]) -> set[tuple[str, str]]:
    """The problems that earlier attempts of these records left open are settled by the new one. Returns the keys of
    those that had warnings among them.

    A status that they still owe stays owed: somebody may be about to write it, and to write over the new one's.
    """
    if not again:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE validation_errors e SET resolved_at = now(), resolution = 'retried'
              FROM unnest(%s::text[], %s::text[], %s::int[], %s::int[]) AS k (upload_id, record_id, row_number, attempt)
             WHERE e.upload_id = k.upload_id AND e.severity IN ('error', 'warning') AND e.row_number = k.row_number
               AND e.record_id = k.record_id AND e.attempt < k.attempt AND e.resolved_at IS NULL
         RETURNING e.upload_id, e.record_id, e.severity
            """,
            [
                [getattr(record, name) for record in again]
                for name in ("upload_id", "record_id", "row_number", "attempt")
            ],
        )
        return {(upload_id, record_id) for upload_id, record_id, severity in cursor.fetchall() if severity == "warning"}


# --- what is owed to DynamoDB ----------------------------------------------------------------------------------


def owe(outcomes: Sequence[Outcome]) -> None:
    """The statuses of these outcomes are to be written, again if they were before, or could not be."""
    _change(SQL("written_back_at = NULL, write_back_failure = ''"), outcomes)


def note_refused(outcomes: Sequence[Outcome]) -> None:
    """DynamoDB doesn't take these statuses: they stay owed, and wait behind the others."""
    _change(SQL("write_back_refusals = write_back_refusals + 1"), outcomes)


def note_written(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """These statuses were written to DynamoDB; returns newer attempts that have come meanwhile and are owed again now.

    Of two attempts nobody knows whose status was written last, so the newer one's has to be written once more. This
    look at the ledger comes after the writing: an attempt that it doesn't see commits later, and writes later still.
    """
    newest = _change(SQL("written_back_at = now()"), outcomes, newest_only=True)
    return [] if newest == len(outcomes) else list(pass_on(outcomes).values())


def note_unwritable(refused: Sequence[tuple[Outcome, str]]) -> list[Outcome]:
    """DynamoDB will never take these statuses, for these reasons: they are owed no more, and staff see them.

    Returns what `note_written` does, for the same reason.
    """
    settled = SQL("written_back_at = now(), write_back_failure = %s")
    newest = 0
    for reason in {reason for _, reason in refused}:
        outcomes = [outcome for outcome, said in refused if said == reason]
        newest += _change(settled, outcomes, [reason], newest_only=True)
    outcomes = [outcome for outcome, _ in refused]
    return [] if newest == len(outcomes) else list(pass_on(outcomes).values())


def pass_on(outcomes: Sequence[Outcome]) -> dict[tuple[str, str], Outcome]:
    """What these outcomes owe passes to newer attempts of their records, where there are any; returns those."""
    newest = known(outcomes)
    pairs = [(outcome, newest[outcome[:2]]) for outcome in outcomes if outcome[:2] in newest]
    overtaken = [(old, new) for old, new in pairs if new.attempt > old.attempt]
    if overtaken:
        with transaction.atomic():
            owe([new for _, new in overtaken])
            _change(SQL("written_back_at = now()"), [old for old, _ in overtaken])
    return {new[:2]: new for _, new in overtaken}


def _change(
    assignment: Composable, outcomes: Sequence[Outcome], values: Sequence[str] = (), *, newest_only: bool = False
) -> int:
    """Set columns of the ledger's rows of these outcomes, or of those that are their record's newest attempt; returns
    how many these were. Found as `known` finds them. `values` are the assignment's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGE.format(
                assignment=assignment,
                which=SQL("ORDER BY attempt DESC LIMIT 1") if newest_only else SQL("AND attempt = k.attempt OFFSET 0"),
            ),
            [
                *values,
                [outcome.upload_id for outcome in outcomes],
                [outcome.record_id for outcome in outcomes],
                [outcome.attempt for outcome in outcomes],
            ],
        )
        return int(cursor.rowcount)


_CHANGE = SQL(
    """
    UPDATE record_outcomes SET {assignment}
     WHERE id = ANY (ARRAY(
           SELECT o.id
             FROM unnest(%s::text[], %s::text[], %s::int[]) AS k (upload_id, record_id, attempt)
            CROSS JOIN LATERAL (SELECT id, attempt FROM record_outcomes
                                 WHERE upload_id = k.upload_id AND record_id = k.record_id
                                 {which}) AS o
            WHERE o.attempt = k.attempt))
    """
)
