"""Records that waited while their vendor was held back: read from the table again, and fed to the same commit.

The schedule calls. Each upload has its mark (withheld.py), which moves with what was committed and goes at the end, so
that any worker goes on from there, and several at once do nothing twice: the ledger knows what is settled. A mark that
was set anew meanwhile, by a hold that began or by the stream, isn't moved over what it stands for.
"""

import time
from itertools import takewhile
from typing import Final

from django.db import connection
from psycopg.sql import SQL

from uploads.aws import dynamo
from uploads.aws.records import PENDING, Record, decode
from uploads.models import UploadHistory
from uploads.pipeline import finish, reconcile
from uploads.pipeline.holding import withheld
from uploads.pipeline.holding.withheld import not_yet, place_of
from uploads.work import steps, wakeups

TURN_SECONDS: Final = 20.0  # of the schedule, after which it goes on at its next
UPLOAD_SECONDS: Final = 5.0  # for one upload, so that a huge one doesn't keep the others waiting
MOST: Final = 500  # uploads that one turn looks at; a program may have opened one for each record

_DUE: Final = SQL(
    """
    SELECT upload_id FROM upload_history u
     WHERE withheld_from IS NOT NULL AND NOT {} ORDER BY sequence LIMIT %s
    """
).format(not_yet("u"))
_MARK: Final = SQL(
    """
    SELECT withheld_from, withheld_batches, withheld_answer FROM upload_history u
     WHERE upload_id = %s AND withheld_from IS NOT NULL AND NOT {}
    """
).format(not_yet("u"))


def due() -> list[str]:
    """Uploads whose records wait and needn't any more, oldest first (idx_upload_history_withheld)."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [MOST])
        return [upload_id for (upload_id,) in cursor.fetchall()]


def go_on() -> None:
    """Let through what waited, for about a turn. Raises Unavailable, and what `steps.each` raises."""
    deadline = time.monotonic() + TURN_SECONDS
    in_time = takewhile(lambda _: time.monotonic() < deadline, due())
    steps.each(in_time, lambda upload_id: release(upload_id, min(deadline, time.monotonic() + UPLOAD_SECONDS)))


def release(upload_id: str, deadline: float) -> bool:
    """Commit what waits of an upload until then (time.monotonic's), one chunk at least; whether nothing waits any more.

    Ends at once where the vendor is held back, or is so meanwhile.
    """
    while mark := _mark(upload_id):
        since, batches, answer = mark
        for records in reconcile.chunks(decode(item) for item in dynamo.query_upload(upload_id, since=since)):
            reconcile.commit([record for record in records if record.status == PENDING])
            if not _move(upload_id, batches, records[-1]):
                break  # more was left meanwhile, maybe before this place
            if time.monotonic() > deadline:
                return False
        else:
            if _end(upload_id, batches):
                if answer == withheld.REFUSED:
                    _cancel_empty(upload_id)
                return True
        if time.monotonic() > deadline:
            return False
    return False


def _cancel_empty(upload_id: str) -> None:
    """An upload all of whose records were refused has nothing that it could be completed with."""
    if UploadHistory.objects.filter(pk=upload_id, total_records=0).exists():
        finish.cancel(upload_id)


def _mark(upload_id: str) -> tuple[str, int, str] | None:
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [upload_id])
        row = cursor.fetchone()
    return (row[0], row[1], row[2]) if row else None


def _move(upload_id: str, batches: int, last: Record) -> bool:
    """What is before this record is settled, so it waits no more; False where the mark was set anew."""
    place = place_of(last)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history SET withheld_from = coalesce(nullif(%s, ''), withheld_from)
             WHERE upload_id = %s AND withheld_batches = %s AND withheld_from IS NOT NULL
            """,
            [place, upload_id, batches],
        )
        return bool(cursor.rowcount)


def _end(upload_id: str, batches: int) -> bool:
    """Nothing waits any more, and the upload goes on; False where the mark was set anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history SET withheld_from = NULL, withheld_answer = ''
             WHERE upload_id = %s AND withheld_batches = %s AND withheld_from IS NOT NULL
         RETURNING storage_key <> '' AND file_rows IS NULL AND status = 'processing'
            """,
            [upload_id, batches],
        )
        row = cursor.fetchone()
    if row is None:
        return False
    if row[0]:
        wakeups.enqueue(wakeups.STAGE_UPLOAD, upload_id)
    finish.finish(upload_id)
    return True
