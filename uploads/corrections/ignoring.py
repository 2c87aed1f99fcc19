"""Failed rows that nobody wants to correct: they are set aside, counted apart, and can be taken back.

They stay errors in the ledger and in their upload's count of them; what they don't do any more is wait for somebody.
Whoever takes them back finds them as they were, or closed where their product came right meanwhile.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from django.db import transaction
from psycopg.sql import SQL

from catalog import committer
from uploads.corrections import failed_rows
from uploads.corrections.failed_rows import IGNORED, OPEN, Key, Selection
from uploads.models import Job, ValidationError
from uploads.pipeline.settling import closing, totals
from uploads.pipeline.settling.settle import reopen, settle
from uploads.work import jobs

SLICE_ROWS = 500
Resolution = ValidationError.Resolution
_ROWS: Final = SQL(
    """
    SELECT e.error_id, '' AS closed_by
      FROM unnest(%s::text[], %s::int[], %s::text[]) AS k (upload_id, row_number, record_id)
     CROSS JOIN LATERAL (SELECT * FROM validation_errors
                          WHERE upload_id = k.upload_id AND row_number = k.row_number AND record_id = k.record_id
                            AND severity = 'error' OFFSET 0) e
     WHERE {}
    """
)
_OPEN_ONES: Final = _ROWS.format(SQL("e.resolved_at IS NULL"))
_IGNORED_ONES: Final = _ROWS.format(SQL("e.resolution = 'ignored'"))


def set_aside(keys: Sequence[Key], user: Any) -> int:
    """Ignore the open ones of these rows, a page of them while somebody waits; returns how many."""
    return _locked(keys, user, back=False)


def take_back(keys: Sequence[Key], user: Any) -> int:
    """The ignored ones of these rows are open again; returns how many."""
    return _locked(keys, user, back=True)


def _locked(keys: Sequence[Key], user: Any, *, back: bool) -> int:
    with transaction.atomic():
        committer.lock_vendors({key.vendor_id for key in keys})
        return move(keys, user, back=back)


def move(keys: Sequence[Key], user: Any, *, back: bool = False) -> int:
    """The same in the caller's transaction, and under the vendors' locks."""
    if not keys:
        return 0
    rows = [(key.upload_id, key.row_number, key.record_id) for key in keys]
    lists = [[row[part] for row in rows] for part in range(3)]
    if not back:
        return sum(one.rows for one in settle(_OPEN_ONES, lists, Resolution.IGNORED, user.pk if user else None))
    opened = sum(one.rows for one in reopen(_IGNORED_ONES, lists, Resolution.IGNORED))
    closing.since(rows)
    closing.since_edited(rows)
    return opened


def start(selection: Selection, user: Any, *, back: bool = False) -> Job:
    """Ignore all rows of the selection that are open, as a job, or take back those that are ignored."""
    selection = replace(selection, state=IGNORED if back else OPEN, until=failed_rows.newest_problem())
    return jobs.start(
        Job.Kind.IGNORE,
        user,
        total=failed_rows.count(selection),
        vendor_id=selection.vendor_id or None,
        upload_id=selection.upload_id or None,
        parameters={"selection": asdict(selection), "back": back},
    )


def step(job: Job) -> bool:
    """Ignore the next rows, or take them back; True when there are none left. What is done leaves the selection."""
    selection, back = Selection.from_json(job.parameters["selection"]), bool(job.parameters["back"])
    if (selection.vendor_id or None, selection.upload_id or None) != (job.vendor_id, job.upload_id):
        raise jobs.JobFailed("These rows aren't of the vendor and upload that this was asked for.")
    with transaction.atomic():
        vendors = {key.vendor_id for key in failed_rows.next_keys(selection, SLICE_ROWS)}
        committer.lock_vendors(vendors)
        # Once more, now that nobody else can be at the rows of these vendors.
        keys = [key for key in failed_rows.next_keys(selection, SLICE_ROWS) if key.vendor_id in vendors]
        rows = move(keys, job.requested_by, back=back)
        jobs.advance(job, rows, position=None, **{"taken_back" if back else "ignored": rows})
    if not keys:
        totals.add_up()
    return not keys
