"""Step 3: the rows of a stored file → items in DynamoDB.

Staging works in slices of some seconds, so that a huge file doesn't keep a small one waiting, and can be gone on
with by any worker from what stands in PostgreSQL: how many rows are in the table, at which byte and line the next one
starts, and in a UTF-16 file, from where to decode. A row may be put twice when a worker died in between; the ledger
makes that harmless.

The rows of a known format may be understood by others anywhere in the file. What is needed of these is taken in by a
pass over all of it before the first row is staged, in the same slices (understood/heads.py).

A list that can only change products waits for the files that its vendor sent before it: the products may be in these,
and what an older file says of a product would come too late once a newer one has touched it. The files of a vendor that
is held back wait too, be it in the middle (holding/withheld.py).

No row is staged before the guard has let the upload pass (pipeline/guard).

No upload has many more rows in the stream than the consumer has taken from it: it pauses until they are fewer. When
the consumer is away, it is left to upkeep to look whether they are.

Rows reach the stream in the order of the file, which decides which of two rows with the same SKU is the first: one
request at a time, and never two rows that claim the same thing in one request, since DynamoDB orders nothing within
one (docs/decisions/0003).
"""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import BinaryIO

from django.db import connection, transaction
from django.utils import timezone
from psycopg.sql import SQL

from config import stopping
from uploads.aws import dynamo, storage
from uploads.aws.records import encode, now_iso, record_id
from uploads.feed import parser
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Mark, Marks, Position, Row
from uploads.models import UploadHistory, results
from uploads.pipeline import examine, finish
from uploads.pipeline.holding import withheld
from uploads.pipeline.staged_rows import as_staged, in_requests, put
from uploads.pipeline.understood import heads
from uploads.work import leases, wakeups
from uploads.work.leases import Lease, LeaseLost

logger = logging.getLogger(__name__)

SLICE_SECONDS = 5.0  # a turn, where more uploads are open than there are processes
# A file sent now waits in the stream behind all rows that others have there: a huge file may have a second or two of
# the consumer's work, which still leaves it something to do until the next turn.
MAX_AHEAD_ROWS = 5_000
PAUSE_SECONDS = 1.0  # until an upload that came too far ahead is looked at again
# So long it can't be claimed: wake-ups that upkeep sends meanwhile end there, instead of making turns of their own.
HOLD_SECONDS = 0.5 * PAUSE_SECONDS
TRIAL_WAITS = timedelta(minutes=10)
# DynamoDB may take little at a time: a chunk can be longer under way than a lease is good for.
RENEW_SECONDS = leases.STAGING.seconds / 3
# Rows between two notes of the progress; what is staged again after a crash is at most this much.
CHUNK_ROWS = 500
# Of these, so many may be refused by DynamoDB and become errors. With more it isn't about a row: the upload fails.
MOST_REFUSED = 20


@dataclass(frozen=True)
class Claim:
    """The right to stage one upload, and where to go on."""

    lease: Lease
    upload_id: str
    vendor_id: str
    storage_key: str
    layout: Layout
    position: Position
    mark: Mark
    heads: heads.Progress


def stage(upload_id: str, seconds: float = SLICE_SECONDS) -> float | None:
    """Stage for at most that long; returns the seconds after which to call again, None when nothing is left to do.

    0.0 after a full slice, PAUSE_SECONDS when the consumer must catch up first. None too when somebody else is at it,
    its vendor is held back, or the consumer took nothing during the pause: then upkeep calls again.
    Raises Unavailable or StorageUnavailable when a service is away: the upload waits, and staging goes on later.
    """
    claim = _claim(upload_id)
    if claim is None:
        return None
    wait = None
    try:
        wait = _stage_slice(claim, seconds)
    except LeaseLost:
        logger.warning("Staging of %s was taken over by another worker", upload_id)
    except storage.FileMissing:
        finish.fail(upload_id, "file_missing", "The stored file is gone. Send it again.")
    except FeedError as error:  # a limit that was lowered since the file came
        finish.fail(upload_id, error.code, error.message)
    except dynamo.Refused as error:
        logger.warning("Staging of %s ended, since DynamoDB refuses its rows: %s", upload_id, error)
        finish.fail(upload_id, "not_stored", f"Rows of this file can't be stored. DynamoDB says: {error}")
    finally:
        leases.release(claim.lease, HOLD_SECONDS if wait else None)
    return wait


def _stage_slice(claim: Claim, seconds: float) -> float | None:
    """Stage for that long, or to the end of the file, or until too far ahead; returns what `stage` does."""
    woken = False
    with storage.opened_of(claim.vendor_id, claim.storage_key) as file:
        deadline = time.monotonic() + seconds
        if not _take_in_heads(claim, file, deadline):
            return 0.0
        marks = Marks(claim.mark)
        found = parser.rows(file, claim.layout, claim.position, examine.limits(), marks)
        if not claim.position.line:  # begun before lines were counted: none is better than a wrong one
            found = (row._replace(line=0, line_end=0) for row in found)
        rows = as_staged(found, claim.layout)
        while chunk := list(islice(rows, CHUNK_ROWS)):
            _put(claim, chunk)
            ahead = _note_progress(claim, chunk[-1], marks.before(chunk[-1].end))
            if not woken:  # once a slice: a consumer stays as long as rows are on their way
                wakeups.enqueue(wakeups.CONSUME_STREAM)
                woken = True
            if ahead is None:
                return None
            if ahead > MAX_AHEAD_ROWS:
                return PAUSE_SECONDS
            if stopping.asked() or time.monotonic() > deadline:
                return 0.0
    _note_end(claim)
    return None


def _take_in_heads(claim: Claim, file: BinaryIO, deadline: float) -> bool:
    """Go on with the pass for the first rows of groups; whether it is through, so that rows may be staged."""
    position, mark, done = claim.heads
    if done or claim.layout.plan is None:
        return True
    marks = Marks(mark)
    rows = as_staged(parser.rows(file, claim.layout, position, examine.limits(), marks), claim.layout)
    for _ in heads.take_in(claim.lease, claim.upload_id, claim.layout.plan, rows, marks):
        if stopping.asked() or time.monotonic() > deadline:
            return False
    return True


def _put(claim: Claim, rows: Sequence[Row]) -> None:
    """Put the rows into the table, in their order.

    No request is sent before the one ahead of it has succeeded: a later row must not overtake an earlier one.
    Raises Refused where DynamoDB refuses so many that it isn't about a row, and LeaseLost.
    """
    created_at, refused, renewed = now_iso(), list[str](), time.monotonic()
    for group in in_requests(rows, claim.layout):
        refused += put(group, lambda row: encode(claim.upload_id, claim.vendor_id, row, created_at))
        if len(refused) > MOST_REFUSED:
            raise dynamo.Refused(refused[-1])
        if time.monotonic() - renewed > RENEW_SECONDS:
            leases.renew(claim.lease)
            renewed = time.monotonic()
    if refused:
        many, of = len(refused), len(rows)
        logger.warning("DynamoDB refuses %d of %d rows of %s, now errors: %s", many, of, claim.upload_id, refused[0])


# --- the claim: a lease on the upload's row --------------------------------------------------------------------


def _claim(upload_id: str) -> Claim | None:
    """Take the upload if it needs staging, isn't too far ahead, and nobody is at it.

    Where it is too far ahead nothing is written, so that `updated_at` tells since when nothing has moved.
    """
    taken = leases.take(
        leases.STAGING, _TO_BE_STAGED, [upload_id, MAX_AHEAD_ROWS],
        SQL("staging_epoch, vendor_id, storage_key, layout, staged_offset, staged_rows, staged_line,"
            " staged_mark_offset, staged_mark_byte, ") + heads.PROGRESS_COLUMNS,
    )  # fmt: skip
    if not taken:
        return None
    epoch, vendor_id, key, layout, offset, staged, line, *marks = taken[0]
    lease, read_as = Lease(leases.STAGING, upload_id, epoch), Layout.from_json(json.loads(layout))
    place, so_far = Position(offset, staged, line), heads.progress(read_as, *marks[2:])
    return Claim(lease, upload_id, vendor_id, key, read_as, place, Mark(*marks[:2]), so_far)


_TO_BE_STAGED = SQL(
    """
    upload_id = %s AND status = 'processing' AND guard NOT IN ('due', 'held')
    AND storage_key <> '' AND file_rows IS NULL
    AND staged_rows - total_records <= %s AND NOT {}
    AND NOT (coalesce(layout -> 'plan' ->> 'mode', '') = 'update'
             AND EXISTS (SELECT FROM upload_history earlier
                          WHERE earlier.vendor_id = r.vendor_id AND earlier.status = 'processing'
                            AND earlier.source = 'file' AND earlier.sequence < r.sequence))
    """
).format(withheld.waits("r"))


def waits_for(upload: UploadHistory) -> str:
    """The name of the file that an upload waits for: the vendor sent it before, and is at it. "" for none.

    A list which only changes products waits, since these may be in that file. So does the check of any other
    (preview/trial.py), up to TRIAL_WAITS: a small file mustn't wait for a huge one for ever.
    """
    due = upload.guard == UploadHistory.Guard.DUE and timezone.now() - upload.created_at < TRIAL_WAITS
    if not (due or results.only_updates(upload)):
        return ""
    open_ones = UploadHistory.objects.filter(status=UploadHistory.Status.PROCESSING)
    earlier = open_ones.filter(
        vendor_id=upload.vendor_id, source=UploadHistory.Source.FILE, sequence__lt=upload.sequence
    ).order_by("sequence")
    return earlier.values_list("file_name", flat=True).first() or ""


# NULL where the upload is to wait.
_AHEAD = SQL("CASE WHEN NOT {} THEN staged_rows - total_records END").format(withheld.waits("upload_history"))


def _note_progress(claim: Claim, last: Row, mark: Mark) -> int | None:
    """All rows up to this one, behind this mark, are in the table. Returns how many of them have no outcome yet, None
    where its vendor is held back by now.

    Raises LeaseLost.
    """
    progress = SQL(
        "staged_rows = %s, staged_offset = %s, staged_line = %s, staged_mark_offset = %s, staged_mark_byte = %s,"
    )
    reached = leases.renew(claim.lease, progress, [last.number, last.end, last.line_end, *mark], _AHEAD)
    return None if reached is None else int(reached)


def _note_end(claim: Claim) -> None:
    """The file's rows are all staged; where they all have outcomes already, the consumer left the finish to us.

    Until now nobody could tell whether a record that another program numbered like a row is one. Those beyond the
    last row that were counted stay counted. Raises LeaseLost.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        leases.hold(claim.lease)  # first the lock, then the count: no batch can count another one in between
        cursor.execute("SELECT staged_rows FROM upload_history WHERE upload_id = %s", [claim.upload_id])
        (rows,) = cursor.fetchone()
        cursor.execute(
            """
            UPDATE upload_history
               SET file_rows = staged_rows + (SELECT count(*) FROM record_outcomes
                                               WHERE upload_id = %s AND record_id > %s AND attempt = 1
                                                 AND row_number > %s AND upload_sequence IS NOT NULL)
             WHERE upload_id = %s
         RETURNING total_records = file_rows
            """,
            [claim.upload_id, record_id(rows), rows, claim.upload_id],
        )
        (complete,) = cursor.fetchone()
    if complete:
        wakeups.enqueue(wakeups.FINISH_UPLOAD, claim.upload_id)
