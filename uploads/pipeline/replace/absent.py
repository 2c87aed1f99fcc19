"""After the last row of a whole catalog: the vendor's products that the file lacks are retired, never deleted.

A slice at a time, each in one transaction under the vendor's lock: the products, a row of the ledger and one of the
history for each, how far it came and how many they are. So a worker that is killed leaves whole slices, and another one
goes on behind them (invariants 1 and 8). The rows of the ledger stand beside those of the file and aren't counted among
them; DynamoDB, which knows only the file's rows, is owed nothing for them. An undo takes them back with the upload.

Absent is what no row of the file is about: a row that is wrong, or came too late, protects its product all the same.
What was added or changed since the file came, by a newer file or by hand, is none of its business.
"""

import json
import time
from dataclasses import replace
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from psycopg.sql import SQL, Composed

from catalog import committer
from catalog.committer import Entry
from catalog.rules.fields import RETIRED
from config import stopping
from uploads.models import UploadHistory
from uploads.models.ledger import ABSENT_RECORD
from uploads.pipeline.replace import why_not
from uploads.pipeline.settling.identity import BY_ID, BY_SKU
from vendors import holds
from vendors.models import Vendor

SLICE_PRODUCTS: Final = 500
TURN_SECONDS: Final = 20.0
RECORD: Final = ABSENT_RECORD
State = UploadHistory.AbsentState


class Absent(NamedTuple):
    """A product that the file lacks."""

    product_id: int
    key: str  # the vendor's ID of it


def settle(upload_id: str, seconds: float = TURN_SECONDS) -> bool:
    """Go on for at most that long; whether the step is over, or not due at all. False is to call again."""
    deadline = time.monotonic() + seconds
    while _slice(upload_id):
        if stopping.asked() or time.monotonic() > deadline:
            return False
    return True


@transaction.atomic
def _slice(upload_id: str) -> bool:
    """The next products; whether there may be more."""
    vendor_id = UploadHistory.objects.values_list("vendor_id", flat=True).get(pk=upload_id)
    locks = committer.lock_vendors([vendor_id])
    upload = UploadHistory.objects.select_for_update().get(pk=upload_id)
    if not is_due(upload) or holds.pause_of(vendor_id):
        return False
    if not upload.absent_position and (why := why_not.refusal(upload)):
        _note(upload, State.REFUSED, absent_why=why)
        return False
    found = absent(upload, SLICE_PRODUCTS)
    entries = [entry for entry in committer.stored([one.product_id for one in found]) if entry.vendor_id == vendor_id]
    changed = [(entry, as_absent(entry, upload.absent_to)) for entry in entries]
    committer.take_back([], [after for _, after in changed], locks)
    _write_down(upload, changed)
    count = upload.absent_records + len(changed)
    if len(found) < SLICE_PRODUCTS:
        _note(upload, State.DONE, absent_records=count)
        return False
    _note(upload, State.DUE, absent_records=count, absent_position=found[-1].key)
    return True


def is_due(upload: UploadHistory) -> bool:
    """Whether what the file lacks is to be retired now: when all its rows have outcomes, and not once it has ended."""
    complete = upload.file_rows is not None and upload.total_records == upload.file_rows
    return complete and upload.absent_state == State.DUE and upload.status == UploadHistory.Status.PROCESSING


def as_absent(entry: Entry, absent_to: str) -> Entry:
    """The product as it is when it is absent."""
    if absent_to == Vendor.Absent.ZERO_STOCK:
        return replace(entry, values=entry.values._replace(stock_quantity=0))
    return replace(entry, values=entry.values._replace(status=RETIRED))


def _note(upload: UploadHistory, state: str, **facts: Any) -> None:
    UploadHistory.objects.filter(pk=upload.pk).update(absent_state=state, **facts)


# Along products_vendor_id_vendor_product_id_key, a probe of the ledger for each (idx_record_outcomes_product). Scalar
# subqueries, which are never made joins: a join would read all of the ledger for each slice. What else protects a
# product is asked of the few that the first probe leaves; the errors by what they are about
# (idx_validation_errors_identity), since an upload can have many.
_ABSENT = SQL(
    """
    SELECT p.product_id, p.vendor_product_id
      FROM products p
     WHERE p.vendor_id = %(vendor)s AND p.vendor_product_id > %(behind)s AND {of_interest}
       AND p.created_at <= %(since)s
       AND CASE WHEN (SELECT TRUE FROM record_outcomes o
                       WHERE o.product_id = p.product_id AND o.upload_sequence >= %(sequence)s LIMIT 1)
                THEN FALSE
                ELSE (SELECT TRUE FROM product_changes c
                       WHERE c.product_id = p.product_id AND c.kind IN ('edited', 'created')
                         AND c.created_at > %(since)s LIMIT 1) IS NULL
                 AND (SELECT TRUE FROM (SELECT upload_id FROM validation_errors
                                         WHERE identity IN (p.vendor_id || %(by_id)s || p.vendor_product_id,
                                                            p.vendor_id || %(by_sku)s || p.sku)
                                           AND identity <> '' AND severity = 'error' OFFSET 0) e
                       WHERE e.upload_id = %(upload)s LIMIT 1) IS NULL
                END
     ORDER BY p.vendor_product_id
     LIMIT %(most)s
    """
)
_OF_INTEREST: Final[dict[str, Composed]] = {
    Vendor.Absent.RETIRED: SQL("p.status = {}").format("active"),
    Vendor.Absent.ZERO_STOCK: SQL("p.status = {} AND p.stock_quantity > 0").format("active"),
}


def absent(upload: UploadHistory, most: int) -> list[Absent]:
    """The vendor's products that its file lacks, by their IDs, those behind the place that the step came to."""
    with connection.cursor() as cursor:
        cursor.execute(query(upload), given(upload, most))
        return [Absent(*row) for row in cursor.fetchall()]


def query(upload: UploadHistory) -> str:
    return _ABSENT.format(of_interest=_OF_INTEREST[upload.absent_to]).as_string()


def given(upload: UploadHistory, most: int) -> dict[str, Any]:
    """Its parameters."""
    return {
        "vendor": upload.vendor_id, "behind": upload.absent_position, "since": upload.created_at,
        "sequence": upload.sequence, "upload": upload.pk, "most": most, "by_id": BY_ID, "by_sku": BY_SKU,
    }  # fmt: skip


def record_of(entry: Entry) -> str:
    return RECORD.format(entry.product_id or 0)


def _write_down(upload: UploadHistory, changed: list[tuple[Entry, Entry]]) -> None:
    """A row of the ledger and one of the history for each, which names what it was before."""
    outcome = "updated" if upload.absent_to == Vendor.Absent.ZERO_STOCK else "retired"
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO record_outcomes (upload_id, record_id, upload_sequence, vendor_id, outcome, product_id,
                                         written_back_at)
            SELECT %s, d.record_id, %s, %s, %s, d.product_id, now()
              FROM unnest(%s::text[], %s::int[]) AS d (record_id, product_id)
            """,
            [
                upload.pk, upload.sequence, upload.vendor_id, outcome,
                [record_of(entry) for entry, _ in changed], [entry.product_id for entry, _ in changed],
            ],
        )  # fmt: skip
        cursor.execute(
            """
            INSERT INTO product_changes (product_id, kind, changes, upload_id, record_id)
            SELECT d.product_id, 'updated', d.changes::jsonb, %s, d.record_id
              FROM unnest(%s::int[], %s::text[], %s::text[]) AS d (product_id, changes, record_id)
            """,
            [
                upload.pk, [entry.product_id for entry, _ in changed],
                [json.dumps(committer.differences(entry.values, after.values)) for entry, after in changed],
                [record_of(entry) for entry, _ in changed],
            ],
        )  # fmt: skip
