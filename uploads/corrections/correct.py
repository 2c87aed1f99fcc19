"""Failed rows whose cells somebody changes: one row, or those of a page, each judged again at once."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction

from catalog import committer
from uploads.corrections import failed_rows
from uploads.corrections.failed_rows import FailedRow
from uploads.corrections.retry import NotRetriable, changed_cells, new_attempts
from uploads.models import UploadHistory
from uploads.pipeline import ledger, writeback

# How many rows are corrected at once: as many as a page shows, while somebody waits.
PAGE_ROWS = 25


def correct(upload_id: str, record_id: str, attempt: int, values: Mapping[str, str], user: Any) -> ledger.Outcome:
    """Change cells of a failed row (header → cell) and retry it; returns what became of it.

    `attempt` is the one that the user saw. Raises NotRetriable.
    """
    with transaction.atomic(durable=True):
        committer.lock_vendors([UploadHistory.objects.values_list("vendor_id", flat=True).get(pk=upload_id)])
        # Only now: the upload may have been cancelled or undone, or its vendor suspended, while we waited for the lock.
        upload = UploadHistory.objects.select_related("vendor").get(pk=upload_id)
        if why := failed_rows.why_no_retry(upload.vendor, "The vendor"):
            raise NotRetriable(why)
        row = failed_rows.one(upload_id, record_id)
        if row is None or row.attempt != attempt:
            raise NotRetriable("Somebody else was faster: this row has been settled since you opened the page.")
        if why := failed_rows.why_not(row, upload):
            raise NotRetriable(why)
        outcomes = new_attempts([row], {(upload_id, record_id): values}, user)
    writeback.write(outcomes)
    return outcomes[0]


class Change(NamedTuple):
    """What somebody wrote into a failed row: field → cell. `attempt` is the one that they saw."""

    record_id: str
    attempt: int
    cells: Mapping[str, str]


class Tried(NamedTuple):
    """What became of rows that were corrected together; `overtaken` counts those that somebody else tried before."""

    outcomes: list[ledger.Outcome]
    overtaken: int


def correct_rows(upload_id: str, changes: Sequence[Change], user: Any) -> Tried:
    """Correct up to PAGE_ROWS rows of an upload and retry them, in one transaction under the vendor's lock.

    A row in which nothing was changed is left alone. Raises NotRetriable when none of the upload can be tried, and
    when its vendor isn't active: the rows would fail for that, and what was wrong with them be forgotten.
    """
    if len(changes) > PAGE_ROWS:
        raise ValueError(f"At most {PAGE_ROWS} rows at once.")
    with transaction.atomic(durable=True):
        committer.lock_vendors([UploadHistory.objects.values_list("vendor_id", flat=True).get(pk=upload_id)])
        # Only now: it may have been cancelled, or its vendor suspended, while we waited for the lock.
        upload = UploadHistory.objects.select_related("vendor").get(pk=upload_id)
        if why := failed_rows.why_none(upload) or failed_rows.why_no_retry(upload.vendor, "The vendor"):
            raise NotRetriable(why)
        rows = {row.record_id: row for row in failed_rows.of(upload_id, [change.record_id for change in changes])}
        seen = {
            change.record_id: change
            for change in changes
            if change.record_id in rows and rows[change.record_id].attempt == change.attempt
        }
        values = {(upload_id, key): _by_header(rows[key], upload, change.cells) for key, change in seen.items()}
        wanted = [
            row for row in rows.values()
            if not failed_rows.why_not(row, upload) and changed_cells(row, values.get((upload_id, row.record_id), {}))
        ]  # fmt: skip
        outcomes = new_attempts(wanted, values, user) if wanted else []
    writeback.write(outcomes)
    return Tried(outcomes, len(changes) - len(seen))


def _by_header(row: FailedRow, upload: UploadHistory, cells: Mapping[str, str]) -> dict[str, str]:
    """Header → cell, for the cells that differ by more than by how a form ends its lines; all of an unreadable row."""
    fields = failed_rows.fields_of(upload, row)
    given = {fields[field]: cell for field, cell in cells.items() if field in fields}
    if row.raw:
        return given if any(cell.strip() for cell in given.values()) else {}
    return {header: cell for header, cell in given.items() if _lines(row.data.get(header) or "") != _lines(cell)}


def _lines(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")
