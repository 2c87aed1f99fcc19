"""Step 7: outcome → status in DynamoDB.

PostgreSQL came first; the ledger's `written_back_at` says what is still owed. A crash in between, or a table that
throttles, leaves rows owed, and `sweep` writes them later: the statuses converge to the ledger's.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

from django.db import connection

from uploads import dynamo
from uploads.batch import Outcome
from uploads.records import ERROR, VALIDATED

logger = logging.getLogger(__name__)

WRITERS = 4
SWEEP_ROWS = 1000


def write(outcomes: Sequence[Outcome]) -> int:
    """Write the statuses of these outcomes and note those that stand; returns how many are still owed.

    Raises nothing for a table that is away or throttles: what isn't written stays owed.
    """
    batches = [outcomes[start : start + dynamo.BATCH] for start in range(0, len(outcomes), dynamo.BATCH)]
    with ThreadPoolExecutor(WRITERS) as writers:
        away = Event()
        written = [outcome for batch in writers.map(partial(_write_batch, away), batches) for outcome in batch]
    _note_written(written)
    return len(outcomes) - len(written)


def _write_batch(away: Event, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of this batch that stand in the table now. Once the table is away, the rest isn't tried."""
    if away.is_set():
        return []
    try:
        refusals = dynamo.write_statuses([_update(outcome) for outcome in outcomes])
    except dynamo.DynamoError as error:
        if isinstance(error, dynamo.Unavailable):
            away.set()
        logger.warning("The status of %d records could not be written, it stays owed: %s", len(outcomes), error)
        return []
    return [outcome for outcome, refusal in zip(outcomes, refusals, strict=True) if refusal is None]


def _update(outcome: Outcome) -> dynamo.StatusUpdate:
    return dynamo.StatusUpdate(outcome.upload_id, outcome.record_id, status_of(outcome.outcome), outcome.error_reason)


def status_of(outcome: str) -> str:
    """The status in DynamoDB that says this outcome."""
    return ERROR if outcome in ("error", "cancelled") else VALIDATED


def _note_written(outcomes: Sequence[Outcome]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE record_outcomes o SET written_back_at = now()
              FROM unnest(%s::text[], %s::text[]) AS k (upload_id, record_id)
             WHERE o.upload_id = k.upload_id AND o.record_id = k.record_id AND o.attempt = 1
            """,
            [[outcome.upload_id for outcome in outcomes], [outcome.record_id for outcome in outcomes]],
        )


def sweep(older_than_seconds: float = 10) -> int:
    """Write what is still owed after that long; returns how many rows were tried."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT upload_id, record_id, outcome, error_reason
              FROM record_outcomes
             WHERE written_back_at IS NULL AND created_at < clock_timestamp() - make_interval(secs => %s)
             ORDER BY id
             LIMIT %s
            """,
            [older_than_seconds, SWEEP_ROWS],
        )
        owed = [Outcome(*row) for row in cursor.fetchall()]
    if owed:
        write(owed)
    return len(owed)
