"""What the stream and the wake-ups did not deliver of one upload: found in the base table, and handed on.

File, table, ledger and products are compared, and what is missing is fed to the same commit as the stream does.
`upkeep` calls it for uploads that have stalled, staff and the command line for any.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection

from uploads.aws import dynamo
from uploads.aws.records import PENDING, Record, decode
from uploads.feed.parser import Layout
from uploads.models import Job, UploadHistory
from uploads.pipeline import finish, writeback
from uploads.pipeline.commit import commit_isolating
from uploads.pipeline.ledger import Outcome, known, owe
from uploads.work import jobs, wakeups

logger = logging.getLogger(__name__)

RECONCILE_SECONDS = 20.0
CHUNK = 500


@dataclass
class Standing:
    """One upload side by side: what the file, the table, the ledger, the counters and the catalog have of it."""

    upload: UploadHistory
    known: bool = True  # False of an upload that only the table had; its row here is empty
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
    """Compare what there is of an upload, and unless `dry_run` set right what differs; returns what was found before.

    An upload that only the table knows is adopted on the way, as when its records come by the stream. `tell` is called
    with the number of records compared so far. Safe at any time beside the workers: all goes through the ledger. Raises
    UploadHistory.DoesNotExist where the table doesn't know it either, Unavailable.
    """
    opened = UploadHistory.objects.filter(upload_id=upload_id).first()
    standing = Standing(opened or UploadHistory(upload_id=upload_id), known=opened is not None)
    standing.ledger, standing.products = _ledger(upload_id)
    for records in chunks(decode(item) for item in dynamo.query_upload(upload_id)):
        _compare(records, standing, dry_run)
        tell(standing.in_table.total())
    if not (standing.known or standing.in_table):
        raise UploadHistory.DoesNotExist
    if standing.known or UploadHistory.objects.filter(upload_id=upload_id).exists():
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
    """Set right what differs behind a record; the record to go on behind, "" at the end, and how many were compared."""
    standing = Standing(UploadHistory.objects.get(upload_id=upload_id))
    for records in chunks(decode(item) for item in dynamo.query_upload(upload_id, behind=behind)):
        _compare(records, standing, dry_run=False)
        if time.monotonic() > deadline:
            return records[-1].record_id, standing.in_table.total()
    _conclude(standing, dry_run=False)
    return "", standing.in_table.total()


def _conclude(standing: Standing, dry_run: bool) -> None:
    """Count what the table lost of the staged rows, after all that it has was compared; stage again, and finish."""
    upload = standing.upload
    if upload.storage_key and upload.status == UploadHistory.Status.PROCESSING:
        # What was staged by then is held against what has an outcome now: a row on its way is none that is lost.
        upload.refresh_from_db(fields=["total_records", "withheld_from"])
        if upload.withheld_from is not None and not dry_run:
            return  # nor is one that waits, since the vendor is held back (holding/release.py)
        # Not the ledger's rows: it also has records that somebody put beside those of the file, which count nowhere.
        due = upload.staged_rows if upload.file_rows is None else upload.file_rows
        standing.missing = max(0, due - upload.total_records - (standing.unsettled if dry_run else 0))
    if dry_run:
        return
    if standing.missing:
        _stage_again(upload)
    finish.finish(upload.upload_id)


def _note_reconciled(upload_id: str, record_id: str) -> None:
    UploadHistory.objects.filter(pk=upload_id).update(reconciled_to=record_id)


def chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
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
        commit(unsettled, differing)


def commit(records: Sequence[Record], differing: Sequence[Outcome] = ()) -> None:
    """The records through the same commit as the stream's, and the statuses to DynamoDB, owed until they stand."""
    if differing:
        owe(differing)
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
    first_row = Layout.from_json(upload.layout or {}).first_row
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history
               SET staged_rows = 0, staged_offset = %s, staged_line = %s, file_rows = NULL,
                   staging_epoch = staging_epoch + 1, staging_expires_at = NULL
             WHERE upload_id = %s AND status = 'processing'
            """,
            [first_row.offset, first_row.line, upload.upload_id],
        )
    wakeups.enqueue(wakeups.STAGE_UPLOAD, upload.upload_id)
