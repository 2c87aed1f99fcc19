"""After the last row of a whole catalog: the vendor's products that the file lacks are retired, never deleted.

A slice at a time, each in one transaction under the vendor's lock: the products, a row of the ledger and one of the
history for each, how far it came and how many they are. So a worker that is killed leaves whole slices, and another one
goes on behind them (invariants 1 and 8). The rows of the ledger stand beside those of the file and aren't counted among
them; DynamoDB, which knows only the file's rows, is owed nothing for them. An undo takes them back with the upload.
"""

import json
import time
from dataclasses import replace
from typing import Any, Final

from django.db import connection, transaction

from catalog import committer, snapshot
from catalog.rules.fields import RETIRED
from catalog.snapshot import Entry
from config import stopping
from uploads.models import UploadHistory
from uploads.models.ledger import ABSENT_RECORD
from uploads.pipeline.replace import lacked, why_not
from vendors import holds
from vendors.models import Vendor

SLICE_PRODUCTS: Final = 500
TURN_SECONDS: Final = 20.0
RECORD: Final = ABSENT_RECORD
State = UploadHistory.AbsentState


def settle(upload_id: str, seconds: float = TURN_SECONDS) -> bool:
    """Go on for at most that long; whether the step is over, or not due at all. False is to call again. Raises
    StorageUnavailable."""
    deadline = time.monotonic() + seconds
    upload = UploadHistory.objects.get(pk=upload_id)
    cut_off = is_due(upload) and not upload.absent_position and why_not.ends_in_a_wrong_row(upload)
    while _slice(upload_id, cut_off=cut_off):
        if stopping.asked() or time.monotonic() > deadline:
            return False
    return True


@transaction.atomic
def _slice(upload_id: str, *, cut_off: bool) -> bool:
    """The next products; whether there may be more."""
    vendor_id = UploadHistory.objects.values_list("vendor_id", flat=True).get(pk=upload_id)
    locks = committer.lock_vendors([vendor_id])
    upload = UploadHistory.objects.select_for_update().get(pk=upload_id)
    if not is_due(upload) or holds.pause_of(vendor_id):
        return False
    if not upload.absent_position and (why := why_not.refusal(upload, cut_off=cut_off)):
        _note(upload, State.REFUSED, absent_why=why)
        return False
    found = lacked.products(upload, SLICE_PRODUCTS)
    entries = [entry for entry in snapshot.stored([one.product_id for one in found]) if entry.vendor_id == vendor_id]
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
