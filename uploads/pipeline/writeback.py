"""Step 7: outcome → status in DynamoDB.

PostgreSQL came first; the ledger's `written_back_at` says what is still owed. A crash in between, or a table that
throttles, leaves rows owed, and `sweep` writes them later: the statuses converge to the ledger's.

Several workers write, and a row that is retried doesn't wait for the status of its earlier attempt, which may land
after the new one's. So whoever notes a status looks whether it is still the newest attempt's, and otherwise writes the
newest one's over it. Who dies before that look leaves the row owed, and `sweep` does it.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from django.db import connection

from uploads.aws import dynamo
from uploads.aws.dynamo import DynamoError
from uploads.aws.records import ERROR, VALIDATED
from uploads.pipeline import ledger
from uploads.pipeline.ledger import Outcome
from uploads.work import outages

logger = logging.getLogger(__name__)

WRITERS = 4
SWEEP_ROWS = 1000

_said: set[str] = set()  # the kinds of refusals that this process has logged; DynamoDB has about ten


class Sent(NamedTuple):
    """What DynamoDB said to statuses: those that stand in the table now, those that it refused, those that it will
    never take, with its reasons, and the outage that it has, if it has one."""

    written: list[Outcome]
    refused: list[Outcome]
    unwritable: Sequence[tuple[Outcome, str]] = ()
    outage: DynamoError | None = None


def write(outcomes: Sequence[Outcome]) -> int:
    """Write the statuses of these outcomes and note those that stand; returns how many don't, most of which are owed.

    Raises nothing for a table that is away or throttles: what isn't written stays owed.
    """
    sent = send(outcomes)
    note(sent)
    return len(outcomes) - len(sent.written)


def send(outcomes: Sequence[Outcome]) -> Sent:
    """The first half of `write`: DynamoDB's. Touches no database, so it may run beside the next page's commit."""
    outcomes = list({outcome[:2]: outcome for outcome in outcomes}.values())  # no record twice in one request
    batches = [outcomes[start : start + dynamo.BATCH] for start in range(0, len(outcomes), dynamo.BATCH)]
    with ThreadPoolExecutor(WRITERS) as writers:
        away = list[DynamoError]()
        answers = [answer for batch in writers.map(partial(_write_batch, away), batches) for answer in batch]
    return Sent(
        [outcome for outcome, refusal in answers if refusal is None],
        [outcome for outcome, refusal in answers if refusal is not None and not dynamo.for_good(refusal)],
        [(outcome, refusal) for outcome, refusal in answers if refusal is not None and dynamo.for_good(refusal)],
        next(filter(None, (*away, *(dynamo.outage_of(refusal) for _, refusal in answers))), None),
    )


def note(sent: Sent) -> None:
    """The second half: what stands is owed no more, what was overtaken is written over, what was refused waits, and
    what never will stand is noted as such."""
    if sent.outage:
        outages.met(sent.outage)
    if sent.refused:
        ledger.note_refused(sent.refused)
    newer = ledger.note_written(sent.written) if sent.written else []
    if sent.unwritable:
        count, reason = len(sent.unwritable), sent.unwritable[0][1]
        logger.warning("The status of %d records can't be written, it is owed no more: %s", count, reason)
        newer += ledger.note_unwritable(sent.unwritable)
    if newer:
        write(newer)


def _write_batch(away: list[DynamoError], outcomes: Sequence[Outcome]) -> list[tuple[Outcome, str | None]]:
    """What DynamoDB said to each outcome of this batch: None for one that stands in the table now, or a refusal.

    Nothing when the table is away: that goes to `away`, and then the rest isn't tried either.
    """
    if away:
        return []
    try:
        refusals = dynamo.write_statuses([_update(outcome) for outcome in outcomes])
    except (dynamo.Unavailable, dynamo.TableMissing) as error:
        away.append(error)
        return []
    except DynamoError as error:
        refusals = [str(error)] * len(outcomes)
    _say_refused([r for r in refusals if r and not dynamo.for_good(r) and not dynamo.outage_of(r)])
    return list(zip(outcomes, refusals, strict=True))


def _say_refused(refusals: Sequence[str]) -> None:
    """A line for each kind of refusal that this process meets first: what stays owed is tried again and again, and on
    the dashboard meanwhile.
    """
    for kind, refusal in {refusal.partition(":")[0]: refusal for refusal in refusals}.items():
        level = logging.DEBUG if kind in _said else logging.WARNING
        logger.log(level, "The status of %d records was refused, it stays owed: %s", len(refusals), refusal)
        _said.add(kind)


def _update(outcome: Outcome) -> dynamo.StatusUpdate:
    return dynamo.StatusUpdate(outcome.upload_id, outcome.record_id, status_of(outcome.outcome), outcome.error_reason)


def status_of(outcome: str) -> str:
    """The status in DynamoDB that says this outcome."""
    return ERROR if outcome in ("error", "cancelled") else VALIDATED


def sweep(older_than_seconds: float = 10) -> int:
    """Write what is still owed after that long, a thousand rows at most; returns how many now stand in the table.

    What was refused waits behind what was not, so that it holds up nothing (through idx_record_outcomes_owed). Where
    the row was retried since, the status of its newest attempt is what is written.
    """
    owed = _owed(older_than_seconds)
    newer = ledger.pass_on(owed) if owed else {}
    wanted = list({outcome[:2]: newer.get(outcome[:2], outcome) for outcome in owed}.values())
    return len(wanted) - write(wanted) if wanted else 0


def _owed(older_than_seconds: float) -> list[Outcome]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT upload_id, record_id, outcome, error_reason, attempt
              FROM record_outcomes
             WHERE written_back_at IS NULL AND created_at < clock_timestamp() - make_interval(secs => %s)
             ORDER BY write_back_refusals, id
             LIMIT %s
            """,
            [older_than_seconds, SWEEP_ROWS],
        )
        return [Outcome(*row) for row in cursor.fetchall()]
