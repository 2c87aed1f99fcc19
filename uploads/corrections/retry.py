"""Failed rows retried, corrected or as they are: a new attempt of the same record, through the same commit.

The row goes straight to step 6: the stream would add a delay and a second write, and take away the answer that somebody
waits for. Once each all the same: the ledger is keyed by attempt, and the rows are read under their vendors' locks in
the transaction that commits them. What the file said stays in DynamoDB and in the errors of the earlier attempts; what
was changed, and by whom, stands in `corrections`. Its status goes to DynamoDB only when that transaction has ended, so
it is `durable`: who writes the earlier attempt's late finds the new one in the ledger (uploads/pipeline/writeback.py).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from django.db import connection, transaction
from psycopg.sql import SQL

from catalog import committer
from catalog.rules.problems import Code
from security.log import note
from security.models import Kind
from uploads.aws import storage
from uploads.aws.records import Record
from uploads.corrections import failed_rows
from uploads.corrections.failed_rows import FailedRow, Selection
from uploads.models import Correction, Job, UploadHistory, ValueRule
from uploads.pipeline import ledger, writeback
from uploads.pipeline.commit import commit_isolating
from uploads.work import jobs
from vendors.models import Vendor

SLICE_ROWS = 500
FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")
# What is wrong with a number with a fraction, and not with the same digits as a text.
FOR_NUMBERS = (Code.INVALID_SKU, Code.PRICE_TOO_PRECISE)


class NotRetriable(Exception):
    """The row can't be retried; the message says why."""


# --- one row ---------------------------------------------------------------------------------------------------


# --- the rows of a page ----------------------------------------------------------------------------------------


# --- a new attempt ---------------------------------------------------------------------------------------------


def new_attempts(
    rows: Sequence[FailedRow], values: Mapping[tuple[str, str], Mapping[str, str]], user: Any
) -> list[ledger.Outcome]:
    """Commit these rows as new attempts; in the transaction, and under the locks, in which they were read."""
    corrections, batch, numbers = [], [], _numbers(rows)
    for row in rows:
        record = replace(_record(row), numeric=numbers.get((row.upload_id, row.record_id), frozenset()))
        changed = changed_cells(row, values.get((row.upload_id, row.record_id), {}))
        if changed:
            data = {**row.data, **{header: after for header, (_, after) in changed.items()}}
            record = replace(record, data=data, raw="", problem=None, numeric=record.numeric - set(changed))
            corrections.append(
                Correction(
                    upload_id=row.upload_id, record_id=row.record_id, attempt=record.attempt,
                    row_number=row.row_number, line_number=row.line_number, changes=changed, corrected_by=user,
                )
            )  # fmt: skip
        batch.append(record)
    Correction.objects.bulk_create(corrections)
    committed = commit_isolating(batch)
    _drop_reports({row.upload_id for row in rows})
    return committed.owed


def _numbers(rows: Sequence[FailedRow]) -> dict[tuple[str, str], frozenset[str]]:
    """The headers whose cell was a number at its source, by (upload, record), where that made it wrong: 12.5 is a SKU
    as text, and none as a number. What was kept of the row is text, but what was said of it tells.
    """
    wrong = {
        (row.upload_id, row.record_id): {problem.field for problem in row.problems if problem.code in FOR_NUMBERS}
        for row in rows
    }
    uploads = UploadHistory.objects.in_bulk({upload_id for (upload_id, _), fields in wrong.items() if fields})
    return {
        (row.upload_id, row.record_id): frozenset(
            header
            for field, header in failed_rows.fields_of(uploads[row.upload_id], row).items()
            if field in wrong[row.upload_id, row.record_id] and FRACTION.fullmatch(row.data.get(header) or "")
        )
        for row in rows
        if wrong[row.upload_id, row.record_id]
    }


def _record(row: FailedRow) -> Record:
    problem = row.problems[0] if row.raw else None
    return Record(
        row.upload_id, row.record_id, row.vendor_id, row.row_number, data=dict(row.data), raw=row.raw,
        problem=problem, line_number=row.line_number or 0, attempt=row.attempt + 1,
    )  # fmt: skip


def changed_cells(row: FailedRow, values: Mapping[str, str]) -> dict[str, list[str | None]]:
    """{header: [before, after]}; an unreadable row had nothing before, and gets all its cells."""
    if row.raw:
        return {header: [None, value] for header, value in values.items()}
    return {
        header: [row.data.get(header), value]
        for header, value in values.items()
        if (row.data.get(header) or "") != value
    }


def _drop_reports(upload_ids: Iterable[str]) -> None:
    """A report that was stored at completion is out of date now; from here on it is made when it is asked for."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE upload_history u SET error_report_key = ''
              FROM (SELECT upload_id, error_report_key FROM upload_history
                     WHERE upload_id = ANY (%s) AND error_report_key <> '' FOR UPDATE) AS old
             WHERE u.upload_id = old.upload_id
         RETURNING u.vendor_id, old.error_report_key
            """,
            [list(upload_ids)],
        )
        keys = [key for vendor_id, key in cursor.fetchall() if storage.is_of(vendor_id, key)]
    for key in keys:
        transaction.on_commit(partial(storage.delete, key), robust=True)


# --- many rows -------------------------------------------------------------------------------------------------


def start(selection: Selection, user: Any, right_value: str = "", keep_as_rule: bool = False) -> Job:
    """Retry the selected rows as a job: as they are, or with `right_value` in the place of `wrong_value`.

    `keep_as_rule` makes the vendor's later rows be read that way too.
    """
    if right_value and not (selection.field and selection.wrong_value and selection.vendor_id):
        raise ValueError("A right value needs the vendor, the field and the wrong value that it replaces.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(error_id), 0) FROM validation_errors")
        selection = replace(selection, until=cursor.fetchone()[0])
    with transaction.atomic():
        if right_value and keep_as_rule:
            _keep_rule(selection, right_value, user)
        return jobs.start(
            Job.Kind.RETRY,
            user,
            total=failed_rows.count(selection),
            vendor_id=selection.vendor_id or None,
            upload_id=selection.upload_id or None,
            parameters={"selection": asdict(selection), "right_value": right_value},
        )


def _keep_rule(selection: Selection, right_value: str, user: Any) -> None:
    rule = ValueRule.objects.filter(
        vendor_id=selection.vendor_id, field=selection.field, wrong_value__iexact=selection.wrong_value
    )
    if rule.update(right_value=right_value, created_by=user):
        said = f"{selection.field}: {selection.wrong_value} → {right_value}"
        note(Kind.SETTING_CHANGED, user=user, vendor_id=selection.vendor_id, about="value rule", detail=said)
    else:
        ValueRule.objects.create(
            vendor_id=selection.vendor_id, field=selection.field, wrong_value=selection.wrong_value,
            right_value=right_value, created_by=user,
        )  # fmt: skip


def step(job: Job) -> bool:
    """Try the next rows of the job's selection again; True when there are none left.

    Rows that fail once more have newer problems than `until`, so none is tried twice.
    """
    given = job.parameters["selection"]
    lists = {name: tuple(given[name]) for name in ("codes", "wrong_values")}
    selection = Selection(**{**given, **lists})
    if (selection.vendor_id or None, selection.upload_id or None) != (job.vendor_id, job.upload_id):
        raise jobs.JobFailed("These rows aren't of the vendor and upload that this was asked for.")
    with transaction.atomic(durable=True):
        keys = _next(selection)
        vendors = {vendor_id for _, _, vendor_id in keys}
        committer.lock_vendors(vendors)
        _refuse_not_active(job)
        # Once more, now that nobody else can be at the rows of these vendors.
        mine = [(upload_id, record_id) for upload_id, record_id, vendor_id in _next(selection) if vendor_id in vendors]
        rows = failed_rows.by_keys(mine)
        values = _values(rows, selection.field, job.parameters["right_value"])
        outcomes = new_attempts(rows, values, job.requested_by)
        failed = sum(outcome.outcome == "error" for outcome in outcomes)
        jobs.advance(job, len(rows), valid=len(rows) - failed, error=failed)
    writeback.write(outcomes)
    return not keys


def _refuse_not_active(job: Job) -> None:
    """Rows of a vendor that isn't active would fail for that, and what was wrong with them be forgotten."""
    vendor = Vendor.objects.exclude(status=Vendor.Status.ACTIVE).filter(pk=job.vendor_id).first()
    if vendor:
        raise jobs.JobFailed(f"{vendor.pk} is {vendor.status}. Rows can be retried once it is active.")


def _next(selection: Selection) -> list[tuple[str, str, str]]:
    """The (upload, record, vendor) of some rows of the selection, oldest problem first."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                """
                SELECT DISTINCT upload_id, record_id, vendor_id
                  FROM (SELECT e.upload_id, e.record_id, e.vendor_id
                          FROM validation_errors e WHERE {} ORDER BY e.error_id LIMIT %s) AS r
                """
            ).format(condition),
            [*values, SLICE_ROWS],
        )
        return list(cursor.fetchall())


def _values(rows: Sequence[FailedRow], field: str, right_value: str) -> dict[tuple[str, str], dict[str, str]]:
    """The right value under the header that each row has for the field."""
    if not right_value:
        return {}
    uploads = UploadHistory.objects.in_bulk({row.upload_id for row in rows})
    headers = [failed_rows.fields_of(uploads[row.upload_id], row).get(field, field) for row in rows]
    return {(row.upload_id, row.record_id): {header: right_value} for row, header in zip(rows, headers, strict=True)}
