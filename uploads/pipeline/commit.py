"""Step 6: a batch of judged records → committed, in one transaction with all that depends on it.

The stream and the reconciler feed the same function. What it guarantees (the numbers are those of docs/invariants.md):

1. Products, ledger, errors, counters and the stream's checkpoint change together or not at all. A record that the
   ledger knows already changes nothing, so records may be delivered any number of times.
3. Bad data is an outcome. Broken infrastructure is an exception, and then nothing of the batch stays. A record that
   makes the code itself fail is found by halving the batch and becomes an `internal_error`.
7. `valid + error = total`, since one statement moves all counters.
"""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import IntegrityError, InterfaceError, OperationalError, ProgrammingError, connection, transaction
from psycopg.sql import SQL

from catalog import committer
from catalog.committer import Locks, ProductVanished, Verdict
from catalog.rules.problems import Code, Problem
from config.watch import meters
from uploads.aws.records import Record
from uploads.feed.formats.model import NOT_IN_CATALOG, UPDATE, Reason
from uploads.models import VALUE_CHARS
from uploads.pipeline.guard.check import Finding
from uploads.pipeline.holding import window, withheld
from uploads.pipeline.holding.did import candidate_of, did_of, problems_of, without_draft
from uploads.pipeline.judge import REASON_CHARS, Judged, cell_of, judge, why_left_out
from uploads.pipeline.ledger import Outcome, close_earlier, known, origins, owe
from uploads.pipeline.settling import closing
from uploads.pipeline.settling.identity import identity_of
from uploads.work import leases
from uploads.work.leases import Lease, LeaseLost

logger = logging.getLogger(__name__)

# The outcomes of rows that say how their product is now.
TOUCHED = ("inserted", "updated", "retired", "unchanged")
# Serialization failure, deadlock, and a SKU that another vendor took first: decide again from a fresh snapshot.
TRY_AGAIN = {"40001", "40P01", "23505"}
ATTEMPTS = 20
INFRASTRUCTURE = (OperationalError, InterfaceError, ProgrammingError, MemoryError)
# A PostgreSQL index entry holds 2,704 bytes; DynamoDB's two keys can have 3,072 together.
LEDGER_KEY_BYTES = 2600


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a shard's reader stands after the batch, and the lease that entitles it to say so.

    `sequence_number` "" only checks the lease: the batch is a part of a page.
    """

    lease: Lease
    sequence_number: str
    written_at: datetime | None = None


class Committed(NamedTuple):
    """The outcomes now owed to DynamoDB, and the uploads whose last row this batch settled."""

    owed: list[Outcome]
    finished: list[str]


def commit_isolating(batch: Sequence[Record], checkpoint: Checkpoint | None = None) -> Committed:
    """Commit a batch; a record that makes the code fail is isolated by halving and ends as `internal_error`.

    Raises LeaseLost, and Django's database errors when the database is away or broken: then the batch as a whole,
    or the part of it that didn't commit yet, must be delivered again.
    """
    try:
        return commit_batch(batch, checkpoint)
    except (LeaseLost, *INFRASTRUCTURE):
        raise
    except Exception as error:
        if not batch:
            raise
        if len(batch) == 1:
            logger.exception("Record %s of %s makes the code fail", batch[0].record_id, batch[0].upload_id)
            return commit_batch([_poisoned(batch[0], error)], checkpoint)
    middle = len(batch) // 2
    first = commit_isolating(batch[:middle], checkpoint and replace(checkpoint, sequence_number=""))
    second = commit_isolating(batch[middle:], checkpoint)
    return Committed(first.owed + second.owed, first.finished + second.finished)


def _poisoned(record: Record, error: Exception) -> Record:
    message = f"Something on our side failed on this row ({type(error).__name__}). We look into it; nothing to correct."
    return record._replace(problem=Problem("", Code.INTERNAL_ERROR, message))


def commit_batch(batch: Sequence[Record], checkpoint: Checkpoint | None = None) -> Committed:
    """Validate a batch of records and commit it in one transaction, retried when others were in the way."""
    with meters.timed(meters.COMMITS):
        committed = _commit(batch, checkpoint)
    meters.add(meters.COMMITTED, len(batch))
    return committed


def _commit(batch: Sequence[Record], checkpoint: Checkpoint | None) -> Committed:
    judged, beyond = judge(batch) if batch else [], dict[str, Sequence[Finding]]()
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _write(judged, checkpoint, beyond)
        except window.Beyond as found:
            beyond |= found.findings
        except (IntegrityError, OperationalError) as error:
            if getattr(error.__cause__, "sqlstate", None) not in TRY_AGAIN or attempt == ATTEMPTS - 1:
                raise
        except ProductVanished:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


# --- step 6: writing, in one transaction -----------------------------------------------------------------------


def _write(judged: list[Judged], checkpoint: Checkpoint | None, beyond: Mapping[str, Sequence[Finding]]) -> Committed:
    """All effects of a batch, in this order:

    1. check the lease, and hold its row so that nobody takes the shard over before we are done;
    2. take the vendors' locks: from here on the ledger can't change for these vendors;
    3. leave out what the ledger knows;
    4. products; 5. ledger, errors and what changed; 6. counters; errors of other uploads; 7. checkpoint.

    What belongs to a vendor that is held back is left out behind 3, and its uploads are marked (holding/withheld.py).
    `beyond` are those of which this batch, tried before, was found to do too much (holding/window.py).
    """
    if checkpoint is not None:
        leases.hold(checkpoint.lease)
    if not judged:  # a page of nothing but our own write-backs
        return _done(Committed([], []), checkpoint)
    locks = committer.lock_vendors({item.record.vendor_id for item in judged})
    judged, unledgered = _fitting_the_ledger(judged)
    ledger = known([item.record for item in judged])
    by_key: dict[tuple[str, str], Judged] = {}
    for item in judged:
        if not ledger or not _settled(ledger, item.record):
            by_key.setdefault(_key(item.record), item)
    window.hold_back(beyond)
    fresh, confirmed = _as_uploads_stand(list(by_key.values()), streamed=checkpoint is not None)
    verdicts = _commit_products(fresh, locks)
    _measure(fresh, verdicts, confirmed)
    outcomes = [_outcome(item, verdict) for item, verdict in zip(fresh, verdicts, strict=True)]
    _write_ledger(fresh, verdicts, outcomes)
    warned_before = close_earlier([item.record for item in fresh if item.record.attempt > 1])
    _write_errors(fresh, verdicts)
    _write_changes(fresh, verdicts)
    finished = _count(fresh, verdicts, warned_before)
    _close(fresh, verdicts)
    return _done(Committed(outcomes + _owe_again(ledger, judged) + unledgered, finished), checkpoint)


def _done(committed: Committed, checkpoint: Checkpoint | None) -> Committed:
    if checkpoint is not None and checkpoint.sequence_number:
        _move_checkpoint(checkpoint)
    return committed


def _as_uploads_stand(fresh: list[Judged], *, streamed: bool) -> tuple[list[Judged], set[str]]:
    """Without what waits, whose uploads are marked (holding/withheld.py); and the uploads whose records somebody let
    through.

    Rows of an upload that was cancelled or undone meanwhile, or is archived, and those that somebody refused, are
    marked so, and count nowhere. All of these take the vendor's lock as well, so this can't change before the batch is
    through. What another program puts under the id of an undone upload later is something new; under that of an
    archived one, whose rows the ledger may not have any more, nobody could tell (invariant 16).
    """
    upload_ids = {item.upload.upload_id for item in fresh if item.upload is not None}
    standing = withheld.standing(upload_ids, streamed=streamed)
    if not standing:
        return fresh, set()
    found, left = list[Judged](), list[Judged]()
    for item in fresh:
        stands = standing.get(item.upload.upload_id, "") if item.upload is not None else ""
        if item.record.attempt > 1 and stands not in withheld.ENDED:
            stands = ""
        if stands == withheld.WAITS:
            left.append(item)
        elif stands in _CLOSED:
            found.append(item._replace(draft=None, problems=[_CLOSED[stands]], cancelled=True, left_out=""))
        else:
            found.append(item)
    withheld.mark(item.record for item in left)
    return found, {upload_id for upload_id, stands in standing.items() if stands == withheld.CONFIRMED}


_CLOSED = {
    withheld.CANCELLED: Problem("", Code.CANCELLED, "The upload was cancelled or undone before this row was checked."),
    withheld.ARCHIVED: Problem(
        "", Code.CANCELLED, "The upload is archived and takes no more rows. Send it under a new upload_id."
    ),
    withheld.REFUSED: Problem("", Code.CANCELLED, "Records like this one looked wrong, and somebody refused them."),
}


def _measure(fresh: list[Judged], verdicts: list[Verdict], confirmed: set[str]) -> None:
    """What records of programs did, held against thresholds. Raises window.Beyond."""
    window.add(
        did
        for item, verdict in zip(fresh, verdicts, strict=True)
        if item.upload is not None and item.upload.of_program and item.upload.upload_id not in confirmed
        if (did := did_of(item, verdict))
    )


def _fitting_the_ledger(judged: list[Judged]) -> tuple[list[Judged], list[Outcome]]:
    """Leave out records whose keys are too long for the ledger's index; their outcome goes to DynamoDB only.

    Such an upload_id can't be an upload's, so these are errors already and count nowhere.
    """
    fitting, outcomes = [], []
    for item in judged:
        if (
            len(item.record.upload_id) > 100
            and sum(len(part.encode()) for part in _key(item.record)) > LEDGER_KEY_BYTES
        ):
            outcomes.append(_outcome(item, Verdict("error", None, warnings=tuple(item.problems))))
        else:
            fitting.append(item)
    return fitting, outcomes


def _key(record: Record) -> tuple[str, str]:
    return record.upload_id, record.record_id


def _settled(ledger: Mapping[tuple[str, str], Outcome], record: Record) -> bool:
    """Whether the ledger has an outcome of this record, at this attempt or a later one."""
    outcome = ledger.get(_key(record))
    return outcome is not None and outcome.attempt >= record.attempt


def _move_checkpoint(checkpoint: Checkpoint) -> None:
    """The work of the batch renews the lease as well."""
    leases.renew(
        checkpoint.lease,
        SQL("checkpoint = %s, checkpoint_at = %s,"),
        [checkpoint.sequence_number, checkpoint.written_at],
    )


def _commit_products(fresh: list[Judged], locks: Locks) -> list[Verdict]:
    wanting = [(item, candidate_of(item)) for item in fresh]
    candidates = [candidate for _, candidate in wanting if candidate]
    decided = iter(committer.commit(candidates, origins, locks) if candidates else [])
    return [next(decided) if candidate else without_draft(item) for item, candidate in wanting]


def _outcome(item: Judged, verdict: Verdict) -> Outcome:
    record = item.record
    if verdict.outcome in TOUCHED:  # with warnings at most
        return Outcome(record.upload_id, record.record_id, verdict.outcome, "", record.attempt)
    errors = [problem.message for problem in problems_of(verdict) if not problem.is_warning]
    alone = why_left_out(Reason(NOT_IN_CATALOG, verdict.reason)) if verdict.reason else item.left_out
    reason = alone or "; ".join(errors)[:REASON_CHARS]
    return Outcome(record.upload_id, record.record_id, verdict.outcome, reason, record.attempt)


def _write_ledger(fresh: list[Judged], verdicts: list[Verdict], outcomes: list[Outcome]) -> None:
    _copy(
        "record_outcomes (upload_id, record_id, attempt, upload_sequence, vendor_id, row_number, line_number, outcome,"
        " product_id, error_reason)",
        (
            (
                item.record.upload_id,
                item.record.record_id,
                item.record.attempt,
                item.upload.sequence if item.upload else None,
                item.record.vendor_id,
                item.record.row_number,
                (item.upload and item.record.line_number) or None,
                verdict.outcome,
                verdict.product_id,
                outcome.error_reason,
            )
            for item, verdict, outcome in zip(fresh, verdicts, outcomes, strict=True)
        ),
    )


def _write_errors(fresh: list[Judged], verdicts: list[Verdict]) -> None:
    """One row per problem, be it error or warning, of records that belong to an upload; the ledger alone has others."""
    rows = [
        (
            item.upload.upload_id, item.upload.vendor_id, item.record.record_id, item.record.row_number,
            item.record.line_number or None, "warning" if problem.is_warning else "error",
            str(problem.code), problem.message, json.dumps(item.record.original), problem.field, problem.suggestion,
            _shared(cell_of(item, problem.field)), item.record.attempt, identity,
        )
        for item, verdict in zip(fresh, verdicts, strict=True)
        if item.upload is not None and not item.cancelled
        for identity in [identity_of(item) if verdict.outcome == "error" else ""]
        for problem in problems_of(verdict)
    ]  # fmt: skip
    _copy(
        "validation_errors (upload_id, vendor_id, record_id, row_number, line_number, severity, error_type,"
        " error_message, original_data, field, suggestion, wrong_value, attempt, identity)",
        rows,
    )


def _shared(cell: str) -> str:
    """What rows are corrected by together: "" for a cell that is too long, since cut ones only look the same."""
    return cell if len(cell) <= VALUE_CHARS else ""


def _write_changes(fresh: list[Judged], verdicts: list[Verdict]) -> None:
    """What updates changed, for the products' history and for undoing the upload."""
    _copy(
        "product_changes (product_id, kind, changes, upload_id, record_id)",
        (
            (verdict.product_id, "updated", changes, item.record.upload_id, item.record.record_id)
            for item, verdict in zip(fresh, verdicts, strict=True)
            if verdict.changes
            for changes in [orjson.dumps(verdict.changes).decode()]
        ),
    )


def _copy(target: str, rows: Iterable[Sequence[Any]]) -> None:
    rows = list(rows)
    if not rows:
        return
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {target} FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _count(fresh: list[Judged], verdicts: list[Verdict], warned_before: set[tuple[str, str]]) -> list[str]:
    """Move the counters by exactly the ledger rows just written; returns the uploads that have all their rows now.

    A row that is retried was counted as an error before, and as one with warnings if it had any.
    An adopted upload has no file to be complete against: it is complete whenever all that came has an outcome.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item, verdict in zip(fresh, verdicts, strict=True):
        if item.upload is not None and not item.cancelled:
            of_upload = counts[item.upload.upload_id]
            of_upload[verdict.outcome] += 1
            if item.record.attempt > 1:
                of_upload["error"] -= 1
                of_upload["warned"] -= _key(item.record) in warned_before
            if verdict.warnings:
                of_upload["warned"] += any(problem.is_warning for problem in verdict.warnings)
    if not counts:
        return []
    kinds = ("inserted", "updated", "retired", "unchanged", "superseded", "skipped", "error", "warned")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history u
               SET total_records = total_records + n.inserted + n.updated + n.retired + n.unchanged + n.superseded
                                   + n.skipped + n.error,
                   valid_records = valid_records + n.inserted + n.updated + n.retired + n.unchanged + n.superseded
                                   + n.skipped,
                   error_records = error_records + n.error,
                   inserted_records = inserted_records + n.inserted,
                   updated_records = updated_records + n.updated,
                   retired_records = retired_records + n.retired,
                   unchanged_records = unchanged_records + n.unchanged,
                   superseded_records = superseded_records + n.superseded,
                   skipped_records = skipped_records + n.skipped,
                   warned_records = warned_records + n.warned
              FROM unnest(%s::text[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[],
                          %s::int[])
                   AS n (upload_id, inserted, updated, retired, unchanged, superseded, skipped, error, warned)
             WHERE u.upload_id = n.upload_id
         RETURNING u.upload_id, u.source = 'dynamodb' OR u.total_records = u.file_rows
            """,
            [list(counts), *([count[kind] for count in counts.values()] for kind in kinds)],
        )
        return [upload_id for upload_id, complete in cursor.fetchall() if complete]


def _close(fresh: list[Judged], verdicts: list[Verdict]) -> None:
    """Older uploads' errors of these products are settled, and errors of this batch that came too late to matter."""
    touched, failed = [], []
    for item, verdict in zip(fresh, verdicts, strict=True):
        if item.upload is None or item.cancelled:
            continue
        if verdict.outcome in TOUCHED and verdict.product_id:
            only_updates = item.upload.plan is not None and item.upload.plan.mode == UPDATE
            touched.append(
                closing.Touched(verdict.product_id, item.upload.upload_id, item.upload.sequence, only_updates)
            )
        elif verdict.outcome == "error":
            failed.append((item.upload.upload_id, item.record.row_number, item.record.record_id))
    closing.by_upload(touched)
    closing.since(failed)


def _owe_again(ledger: Mapping[tuple[str, str], Outcome], judged: list[Judged]) -> list[Outcome]:
    """Records that the ledger knows but that came as pending: their status in DynamoDB is owed once more.

    That is a record delivered twice, or put again by a staging that was resumed, which reset its status.
    """
    if not ledger:
        return []
    again = list(
        {_key(item.record): ledger[_key(item.record)] for item in judged if _settled(ledger, item.record)}.values()
    )
    if again:
        owe(again)
    return again
