"""Step 3: the rows of a stored file → items in DynamoDB.

Staging works in slices of some seconds, so that a huge file doesn't keep a small one waiting, and can be gone on
with by any worker from what stands in PostgreSQL: how many rows are in the table, and at which byte the next one
starts. A row may be put twice when a worker died in between; the ledger makes that harmless.

No upload has many more rows in the stream than the consumer has taken from it: it pauses until they are fewer. When
the consumer is away, it is left to upkeep to look whether they are.

Rows reach the stream in the order of the file, which decides which of two rows with the same SKU is the first: one
request at a time, and never two rows that claim the same thing in one request, since DynamoDB orders nothing within
one (docs/decisions/0003).
"""

import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import connection, transaction

from catalog.rules.problems import Code, Problem
from config.web import spreadsheet
from uploads.aws import dynamo, storage
from uploads.aws.records import encode, now_iso, record_id
from uploads.feed import parser
from uploads.feed.columns import OUR_COLUMNS
from uploads.feed.lines import FeedError
from uploads.feed.parser import Layout, Position, Row
from uploads.pipeline import finish, receive
from uploads.pipeline.commit import this_worker
from uploads.work import wakeups

logger = logging.getLogger(__name__)

LEASE_SECONDS = 20
SLICE_SECONDS = 5.0  # a turn, where more uploads are open than there are processes
# A file sent now waits in the stream behind all rows that others have there: a huge file may have a second or two of
# the consumer's work, which still leaves it something to do until the next turn.
MAX_AHEAD_ROWS = 5_000
PAUSE_SECONDS = 1.0  # until an upload that came too far ahead is looked at again
# So long it can't be claimed: wake-ups that upkeep sends meanwhile end there, instead of making turns of their own.
HOLD_SECONDS = 0.5 * PAUSE_SECONDS
# Rows between two notes of the progress; what is staged again after a crash is at most this much.
CHUNK_ROWS = 500
# Of the 400 KB that an item of DynamoDB may have; the rest is for its other attributes, the error's reason among them.
MAX_ROW_BYTES = 390_000
RAW_CHARS = 2_000  # so much is kept of a row that is larger


@dataclass(frozen=True)
class Claim:
    """The right to stage one upload, and where to go on."""

    upload_id: str
    vendor_id: str
    storage_key: str
    layout: Layout
    position: Position
    epoch: int


class ClaimLost(Exception):
    """Another worker stages this upload by now."""


def stage(upload_id: str, seconds: float = SLICE_SECONDS) -> float | None:
    """Stage for at most that long; returns the seconds after which to call again, None when nothing is left to do.

    0.0 after a full slice, PAUSE_SECONDS when the consumer must catch up first. None too when somebody else is at it,
    or the consumer took nothing during the pause: then upkeep calls again.
    Raises Unavailable or StorageUnavailable when a service is away: the upload waits, and staging goes on later.
    """
    claim = _claim(upload_id)
    if claim is None:
        return None
    wait = None
    try:
        wait = _stage_slice(claim, seconds)
    except ClaimLost:
        logger.warning("Staging of %s was taken over by another worker", upload_id)
    except storage.FileMissing:
        finish.fail(upload_id, "file_missing", "The stored file is gone. Send it again.")
    except FeedError as error:  # a limit that was lowered since the file came
        finish.fail(upload_id, error.code, error.message)
    finally:
        _release(claim, HOLD_SECONDS if wait else None)
    return wait


def _stage_slice(claim: Claim, seconds: float) -> float | None:
    """Stage for that long, or to the end of the file, or until too far ahead; returns what `stage` does."""
    woken = False
    with storage.opened_of(claim.vendor_id, claim.storage_key) as file:
        deadline = time.monotonic() + seconds
        rows = as_staged(parser.rows(file, claim.layout, claim.position, receive.limits()), claim.layout)
        while chunk := list(islice(rows, CHUNK_ROWS)):
            _put(claim, chunk)
            ahead = _note_progress(claim, chunk[-1])
            if not woken:  # once a slice: a consumer stays as long as rows are on their way
                wakeups.enqueue(wakeups.CONSUME_STREAM)
                woken = True
            if ahead > MAX_AHEAD_ROWS:
                return PAUSE_SECONDS
            if time.monotonic() > deadline:
                return 0.0
    _note_end(claim)
    return None


def as_staged(rows: Iterable[Row], layout: Layout) -> Iterator[Row]:
    """The rows as they go into the table.

    In a file made from our error report, or from an export of the catalog, what made its cells safe to open in a
    spreadsheet is taken back.
    """
    unguard = any(column in layout.headers for column in OUR_COLUMNS)
    room = MAX_ROW_BYTES - sum(len(header.encode()) for header in layout.headers)
    before = None
    for row in rows:
        # No encoding's text takes more than three times the bytes in UTF-8: few rows have to be looked at closely.
        fits = before is not None and 3 * (row.end - before) <= room
        before = row.end
        staged = _unguarded(row) if unguard else row
        yield staged if fits else _fitting(staged)


def _unguarded(row: Row) -> Row:
    return row._replace(cells={header: spreadsheet.unguard(cell) for header, cell in row.cells.items()})


def _fitting(row: Row) -> Row:
    """The row, or the error row in its place if DynamoDB could not hold it as one item."""
    if sum(len(header.encode()) + len(cell.encode()) for header, cell in row.cells.items()) <= MAX_ROW_BYTES:
        return row
    message = f"The row takes more than {MAX_ROW_BYTES // 1000} KB with the names of its columns."
    problem = Problem("", Code.ROW_TOO_LONG, message, "Shorten its longest cells.")
    return row._replace(cells={}, problem=problem, raw=" ".join(row.cells.values())[:RAW_CHARS])


def _put(claim: Claim, rows: Sequence[Row]) -> None:
    """Put the rows into the table, in their order.

    No request is sent before the one ahead of it has succeeded: a later row must not overtake an earlier one.
    """
    created_at = now_iso()
    for group in _groups(rows, claim.layout):
        dynamo.put_records([encode(claim.upload_id, claim.vendor_id, row, created_at) for row in group])


def _groups(rows: Iterable[Row], layout: Layout) -> Iterator[list[Row]]:
    """The rows in groups for one request each, none with the same SKU or product ID twice."""
    sku_header, id_header = (layout.mapping.fields[field] for field in ("sku", "vendor_product_id"))
    group: list[Row] = []
    skus: set[str] = set()
    ids: set[str] = set()
    for row in rows:
        sku, product_id = row.cells.get(sku_header, "").strip(), row.cells.get(id_header, "").strip()
        if len(group) == dynamo.BATCH or (sku and sku in skus) or (product_id and product_id in ids):
            yield group
            group, skus, ids = [], set(), set()
        group.append(row)
        skus.add(sku)
        ids.add(product_id)
    if group:
        yield group


# --- the claim: a lease on the upload's row --------------------------------------------------------------------


def _claim(upload_id: str) -> Claim | None:
    """Take the upload if it needs staging, isn't too far ahead, and nobody is at it.

    Where it is too far ahead nothing is written, so that `updated_at` tells since when nothing has moved.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history
               SET staging_owner = %s, staging_epoch = staging_epoch + 1,
                   staging_expires_at = clock_timestamp() + make_interval(secs => %s)
             WHERE upload_id = %s AND status = 'processing' AND storage_key <> '' AND file_rows IS NULL
               AND staged_rows - total_records <= %s
               AND (staging_expires_at IS NULL OR staging_expires_at < clock_timestamp())
         RETURNING vendor_id, storage_key, layout, staged_offset, staged_rows, staging_epoch
            """,
            [this_worker(), LEASE_SECONDS, upload_id, MAX_AHEAD_ROWS],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    vendor_id, key, layout, offset, rows, epoch = row
    return Claim(upload_id, vendor_id, key, Layout.from_json(json.loads(layout)), Position(offset, rows), epoch)


def _note_progress(claim: Claim, last: Row) -> int:
    """All rows up to this one are in the table. Returns how many of them have no outcome yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history
               SET staged_rows = %s, staged_offset = %s,
                   staging_expires_at = clock_timestamp() + make_interval(secs => %s)
             WHERE upload_id = %s AND staging_epoch = %s AND status = 'processing'
         RETURNING staged_rows - total_records
            """,
            [last.number, last.end, LEASE_SECONDS, claim.upload_id, claim.epoch],
        )
        row = cursor.fetchone()
    if row is None:
        raise ClaimLost
    return int(row[0])


def _note_end(claim: Claim) -> None:
    """The file's rows are all staged; where they all have outcomes already, the consumer left the finish to us.

    Until now nobody could tell whether a record that another program numbered like a row is one. Those beyond the
    last row that were counted stay counted.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # First the lock, then the count: no batch can count another one in between.
        cursor.execute(
            """
            SELECT staged_rows FROM upload_history
             WHERE upload_id = %s AND staging_epoch = %s AND status = 'processing' FOR UPDATE
            """,
            [claim.upload_id, claim.epoch],
        )
        row = cursor.fetchone()
        if row is None:
            raise ClaimLost
        cursor.execute(
            """
            UPDATE upload_history
               SET file_rows = staged_rows + (SELECT count(*) FROM record_outcomes
                                               WHERE upload_id = %s AND record_id > %s AND attempt = 1
                                                 AND row_number > %s AND upload_sequence IS NOT NULL)
             WHERE upload_id = %s
         RETURNING total_records = file_rows
            """,
            [claim.upload_id, record_id(row[0]), row[0], claim.upload_id],
        )
        row = cursor.fetchone()
    if row[0]:
        wakeups.enqueue(wakeups.FINISH_UPLOAD, claim.upload_id)


def _release(claim: Claim, hold_seconds: float | None) -> None:
    """Let anyone claim the upload, at once or after that long."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history SET staging_expires_at = clock_timestamp() + make_interval(secs => %s)
             WHERE upload_id = %s AND staging_epoch = %s
            """,
            [hold_seconds, claim.upload_id, claim.epoch],
        )
