"""What the stream and the wake-ups did not deliver: found in PostgreSQL and in the base table, and handed on.

`upkeep` runs on a schedule. Most of it only wakes what was asleep. Where that can't help (records that the stream
lost, staged rows that the table lost), `reconcile` compares file, table, ledger and products of one upload and
feeds what is missing to the same commit as the stream does; `heal_gaps` does so for the whole table (invariant 6).
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import connection

from uploads.aws import dynamo
from uploads.aws.records import PENDING, Item, Record, decode
from uploads.models import Job, RecordOutcome, StreamShard, UploadHistory
from uploads.pipeline import finish, writeback
from uploads.pipeline.commit import commit_isolating
from uploads.pipeline.ledger import Outcome, known
from uploads.work import jobs, wakeups

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 20.0
SCAN_SECONDS = 20.0
RECONCILE_SECONDS = 20.0
TICK_SECONDS = 5.0  # how often the schedule calls
# How long the stream must have been at its end since an upload last moved, before we say that it has stalled.
STALLED_SECONDS = 15
CHUNK = 500


def upkeep() -> None:
    """Go on with staging that nobody is at, finish what is complete, write statuses that are still owed, mend."""
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
    deadline = time.monotonic() + RECONCILE_SECONDS
    for upload_id in stalled():
        logger.warning("%s has stalled; reconciling it", upload_id)
        reconcile_slice(upload_id, deadline)


def _unstaged() -> list[str]:
    return _upload_ids("storage_key <> '' AND file_rows IS NULL AND coalesce(staging_expires_at, '-infinity') < now()")


def _unfinished() -> list[str]:
    return _upload_ids("total_records = file_rows OR (source = 'dynamodb' AND total_records > 0)")


def stalled() -> list[str]:
    """Uploads with staged rows that have no outcome, though the stream has been read to its end since they moved;
    and those whose reconcile ran out of time.
    """
    read_to_the_end = "SELECT min(coalesce(caught_up_at, '-infinity')) FROM stream_shards WHERE state = 'open'"
    return _upload_ids(
        "reconciled_to <> '' OR total_records < coalesce(file_rows, staged_rows)"
        f" AND updated_at < ({read_to_the_end}) - interval '{STALLED_SECONDS} seconds'"
    )


def _upload_ids(condition: str) -> list[str]:
    """Open uploads under a condition, oldest first (through idx_upload_history_open)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT upload_id FROM upload_history WHERE status = 'processing' AND ({condition}) ORDER BY sequence"  # noqa: S608 - fixed texts from this module
        )
        return [row[0] for row in cursor.fetchall()]


# --- one upload ------------------------------------------------------------------------------------------------


@dataclass
class Standing:
    """One upload side by side: what the file, the table, the ledger, the counters and the catalog have of it."""

    upload: UploadHistory
    in_table: Counter[str] = field(default_factory=Counter)  # records by status
    ledger: Counter[str] = field(default_factory=Counter)  # rows by outcome
    products: int = 0  # of those outcomes, that are still there
    unsettled: int = 0  # records of the table that want an outcome and have none
    differing: int = 0  # statuses in the table that aren't the ledger's
    missing: int = 0  # staged rows that neither the table nor the ledger has

    @property
    def agrees(self) -> bool:
        return not (self.unsettled or self.differing or self.missing or self._unfinished)

    @property
    def _unfinished(self) -> bool:
        upload = self.upload
        return upload.status == UploadHistory.Status.PROCESSING and upload.total_records == upload.file_rows

    @property
    def actions(self) -> list[str]:
        """What is to be done, or was done, in words."""
        todo = [
            (self.unsettled, f"{self.unsettled:,} records are validated and committed"),
            (self.differing, f"{self.differing:,} statuses are written to DynamoDB"),
            (self.missing, f"{self.missing:,} rows are missing in the table: the file is staged again"),
            (self._unfinished, "the upload is finished"),
        ]
        return [words for number, words in todo if number] or ["nothing to do"]


def reconcile(upload_id: str, dry_run: bool = False, tell: Callable[[int], None] = lambda _: None) -> Standing:
    """Compare what there is of an upload, and unless `dry_run` mend what differs; returns what was found before.

    `tell` is called with the number of records compared so far. Safe at any time beside the workers: all goes through
    the ledger. Raises UploadHistory.DoesNotExist, Unavailable.
    """
    standing = Standing(UploadHistory.objects.get(upload_id=upload_id))
    standing.ledger, standing.products = _ledger(upload_id)
    for records in _chunks(decode(item) for item in dynamo.query_upload(upload_id)):
        _compare(records, standing, dry_run)
        tell(standing.in_table.total())
    _conclude(standing, dry_run)
    return standing


def reconcile_slice(upload_id: str, deadline: float) -> None:
    """Reconcile an upload as far as it goes until then (time.monotonic's); the next call goes on behind that.

    At least one chunk is done, so that every call comes closer to the end. Raises what `reconcile` raises.
    """
    behind = UploadHistory.objects.values_list("reconciled_to", flat=True).get(pk=upload_id)
    _note_reconciled(upload_id, _slice(upload_id, behind, deadline)[0])


def step(job: Job) -> bool:
    """A slice of a reconcile that somebody asked for; True when the upload has been compared to its end.

    It has its own place, so that it begins with the first record whatever the schedule is at.
    """
    behind, compared = _slice(str(job.upload_id), job.position, time.monotonic() + RECONCILE_SECONDS)
    jobs.advance(job, compared, behind)
    return not behind


def _slice(upload_id: str, behind: str, deadline: float) -> tuple[str, int]:
    """Mend what differs behind a record; the record to go on behind, "" at the end, and how many were compared."""
    standing = Standing(UploadHistory.objects.get(upload_id=upload_id))
    for records in _chunks(decode(item) for item in dynamo.query_upload(upload_id, behind=behind)):
        _compare(records, standing, dry_run=False)
        if time.monotonic() > deadline:
            return records[-1].record_id, standing.in_table.total()
    _conclude(standing, dry_run=False)
    return "", standing.in_table.total()


def _conclude(standing: Standing, dry_run: bool) -> None:
    """Count what the table lost of the staged rows, after all that it has was compared; stage again, and finish."""
    upload = standing.upload
    if upload.storage_key and upload.status == UploadHistory.Status.PROCESSING:
        settled = RecordOutcome.objects.filter(upload_id=upload.upload_id, attempt=1).count()
        standing.missing = max(0, upload.staged_rows - settled - (standing.unsettled if dry_run else 0))
    if dry_run:
        return
    if standing.missing:
        _stage_again(upload)
    finish.finish(upload.upload_id)


def _note_reconciled(upload_id: str, record_id: str) -> None:
    UploadHistory.objects.filter(pk=upload_id).update(reconciled_to=record_id)


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _compare(records: Sequence[Record], standing: Standing, dry_run: bool) -> None:
    """Hold one chunk of the table against the ledger."""
    ledger = known(records)
    standing.in_table.update(record.status for record in records)
    outcomes = [(record, ledger.get((record.upload_id, record.record_id))) for record in records]
    unsettled = [record for record, outcome in outcomes if outcome is None and record.status == PENDING]
    differing = [
        outcome for record, outcome in outcomes if outcome and record.status != writeback.status_of(outcome.outcome)
    ]
    standing.unsettled += len(unsettled)
    standing.differing += len(differing)
    if not dry_run:
        _commit(unsettled, differing)


def _commit(records: Sequence[Record], differing: Sequence[Outcome] = ()) -> None:
    """The records through the same commit as the stream's, and the statuses to DynamoDB."""
    committed = commit_isolating(records) if records else None
    owed = [*(committed.owed if committed else ()), *differing]
    if owed:
        writeback.write(owed)
    for upload_id in committed.finished if committed else ():
        wakeups.enqueue(wakeups.FINISH_UPLOAD, upload_id)


def _ledger(upload_id: str) -> tuple[Counter[str], int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.outcome, count(*), count(p.product_id)
              FROM (SELECT DISTINCT ON (record_id) outcome, product_id
                      FROM record_outcomes
                     WHERE upload_id = %s
                     ORDER BY record_id, attempt DESC) o
              LEFT JOIN products p USING (product_id)
             GROUP BY o.outcome
            """,
            [upload_id],
        )
        rows = cursor.fetchall()
    return Counter({outcome: count for outcome, count, _ in rows}), sum(products for *_, products in rows)


def _stage_again(upload: UploadHistory) -> None:
    """From the first row: what the table and the ledger have already changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history
               SET staged_rows = 0, staged_offset = %s, file_rows = NULL, staging_epoch = staging_epoch + 1,
                   staging_expires_at = NULL
             WHERE upload_id = %s AND status = 'processing'
            """,
            [(upload.layout or {})["first_row"]["offset"], upload.upload_id],
        )
    wakeups.enqueue(wakeups.STAGE_UPLOAD, upload.upload_id)


# --- the whole table -------------------------------------------------------------------------------------------


def heal_gaps(seconds: float = SCAN_SECONDS) -> None:
    """Re-read the table for records that a gap of the stream may have lost, a slice at a time.

    The scan's position stands on the oldest gap. When it has come to the end, all gaps that were found before it
    began are healed.
    """
    gap = StreamShard.objects.filter(gap_found_at__isnull=False, gap_healed_at=None).order_by("gap_found_at").first()
    if gap is None:
        return
    if gap.gap_scan_from is None:
        _note_scan(gap, "gap_scan_from = clock_timestamp()")
    deadline = time.monotonic() + seconds
    position = gap.gap_scan_position
    while time.monotonic() < deadline:
        items, position = dynamo.scan_pending(position)
        _settle(items)
        if position is None:
            _note_healed(gap)
            return
        _note_scan(gap, "gap_scan_position = %s", json.dumps(position))


def _settle(items: Sequence[Item]) -> None:
    records = [decode(item) for item in items]
    for chunk in _chunks(records):
        _commit(chunk)


def _note_scan(gap: StreamShard, assignment: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE stream_shards SET {assignment} WHERE id = %s", [*values, gap.pk])  # noqa: S608 - fixed texts


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
