"""Records that a batch leaves as they are, since their vendor is held back: no outcome, no row in the ledger.

Asked in the batch's transaction and under the vendors' locks, which whoever begins or ends a hold takes too: from the
commit of a pause on, no batch writes anything of that vendor. The records stay pending in the table while the stream's
checkpoint moves past them, so their upload is marked in the same transaction: none of them is before `withheld_from`,
in DynamoDB's order of their ids, and `withheld_batches` counts the batches that left some. release.py reads them there.

Rows of a file keep their order, by which the first of two that claim the same is told: while some of them wait, later
ones that the stream brings wait too, even when nothing holds back their vendor any more.
"""

from collections.abc import Iterable
from typing import Final

from django.db import connection
from psycopg.sql import SQL, Composable, Identifier

from uploads.aws.records import Record


def held_back(upload: str) -> Composable:
    """That the vendor of an upload, by its row's name in a query, is held back (through vendor_holds_open): a pause
    holds back all, a window what programs put into the table."""
    return SQL(
        """
        EXISTS (SELECT FROM vendor_holds h WHERE h.vendor_id = {upload}.vendor_id AND h.ended_at IS NULL
                                             AND (h.kind = 'pause' OR {upload}.source = 'dynamodb'))
        """
    ).format(upload=Identifier(upload))


def not_yet(upload: str) -> Composable:
    """That records of an upload may have no effect now: its vendor is held back, or the guard hasn't let its file
    through, with which what a program puts under its ID waits."""
    guarded = SQL("{upload}.status = 'held' OR {upload}.status = 'processing' AND {upload}.guard = 'due'")
    return SQL("({} OR {})").format(guarded.format(upload=Identifier(upload)), held_back(upload))


def waits(upload: str) -> Composable:
    """That rows of an upload wait for somebody to go on: it is neither late nor stalled, however long that takes."""
    return SQL("({}.withheld_from IS NOT NULL OR {})").format(Identifier(upload), held_back(upload))


WAITS, CANCELLED, ARCHIVED = "waits", "cancelled", "archived"
# All that counts for who corrects a row, or has it retried: somebody looked at it, so it neither waits with what
# programs put nor is refused with it, and a pause refuses it before, under the same lock (corrections/).
ENDED: Final = frozenset({CANCELLED, ARCHIVED})
REFUSED, CONFIRMED = "refused", "confirmed"  # what was decided of records that wait (UploadHistory.WithheldAnswer)
_STANDING: Final = SQL(
    """
    SELECT * FROM (
        SELECT upload_id, CASE
                   WHEN archived_at IS NOT NULL THEN 'archived'
                   WHEN status = 'cancelled' OR (undone_at IS NOT NULL AND source = 'file') THEN 'cancelled'
                   WHEN {held} OR (%(streamed)s AND withheld_from IS NOT NULL AND source = 'file') THEN 'waits'
                   WHEN withheld_from IS NOT NULL AND NOT %(streamed)s THEN withheld_answer
                   ELSE '' END AS standing
          FROM upload_history u
         WHERE upload_id = ANY (%(uploads)s)) each
     WHERE standing <> ''
    """
).format(held=not_yet("u"))


def standing(upload_ids: Iterable[str], *, streamed: bool) -> dict[str, str]:
    """Of these uploads those that aren't as usual: whose records count nowhere any more (CANCELLED, ARCHIVED), are to
    be left as they are (WAITS), or waited until somebody decided about them (REFUSED, CONFIRMED).

    `streamed`: the stream brought them, so that others of their file, which wait in the table, may come before them.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, {"uploads": list(upload_ids), "streamed": streamed})
        return dict(cursor.fetchall())


def mark(records: Iterable[Record]) -> None:
    """Note on their uploads that these records wait. In the transaction that leaves them."""
    first: dict[str, str] = {}
    for record in records:
        place = place_of(record)
        first[record.upload_id] = min(place, first.get(record.upload_id, place))
    if not first:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history u
               SET withheld_from = least(u.withheld_from COLLATE "C", w.first COLLATE "C"),
                   withheld_batches = u.withheld_batches + 1
              FROM unnest(%s::text[], %s::text[]) AS w (upload_id, first)
             WHERE u.upload_id = w.upload_id
            """,
            [list(first), list(first.values())],
        )


def place_of(record: Record) -> str:
    """Where the record stands among those of its upload; "", the beginning, for an id that may not be the table's own,
    since what PostgreSQL can't store was made visible in it. Python orders texts as DynamoDB orders their bytes."""
    changed = "␀" in record.record_id or "\\ud" in record.record_id
    return "" if changed else record.record_id
