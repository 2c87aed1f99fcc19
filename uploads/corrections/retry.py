"""Failed rows retried, corrected or as they are: a new attempt of the same record, through the same commit.

The row goes straight to step 6: the stream would add a delay and a second write, and take away the answer that somebody
waits for. Once each all the same: the ledger is keyed by attempt, and the rows are read under their vendors' locks in
the transaction that commits them. What the file said stays in DynamoDB and in the errors of the earlier attempts; what
was changed, and by whom, stands in `corrections`. Its status goes to DynamoDB only when that transaction has ended, so
it is `durable`: who writes the earlier attempt's late finds the new one in the ledger (uploads/pipeline/writeback.py).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Lower

from catalog import committer
from catalog.rules.places import in_file
from catalog.rules.problems import Code
from security.log import note
from security.models import Kind
from uploads.aws.records import Record
from uploads.corrections import by_itself, failed_rows, ignoring
from uploads.corrections.by_itself import Because
from uploads.corrections.failed_rows import FailedRow, Selection
from uploads.models import Correction, Job, UploadHistory, ValueRule
from uploads.pipeline import ledger, writeback
from uploads.pipeline.commit import commit_isolating
from uploads.pipeline.settling import totals
from uploads.pipeline.settling.settle import drop_reports
from uploads.work import jobs
from vendors import holds
from vendors.models import Vendor

SLICE_ROWS = 500
EXAMPLES = 20  # of rows that still fail
FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")
# What is wrong with a number with a fraction, and not with the same digits as a text.
FOR_NUMBERS = (Code.INVALID_SKU, Code.PRICE_TOO_PRECISE)


class NotRetriable(Exception):
    """The row can't be retried; the message says why."""


# --- a new attempt ---------------------------------------------------------------------------------------------


def new_attempts(
    rows: Sequence[FailedRow], values: Mapping[tuple[str, str], Mapping[str, str]], user: Any
) -> list[ledger.Outcome]:
    """Commit these rows as new attempts; in the transaction, and under the locks, in which they were read."""
    corrections, batch, numbers = [], [], _numbers(rows)
    for row in rows:
        record = _record(row)._replace(numeric=numbers.get((row.upload_id, row.record_id), frozenset()))
        changed = changed_cells(row, values.get((row.upload_id, row.record_id), {}))
        if changed:
            data = {**row.data, **{header: after for header, (_, after) in changed.items()}}
            record = record._replace(data=data, raw="", problem=None, numeric=record.numeric - set(changed))
            corrections.append(
                Correction(
                    upload_id=row.upload_id, record_id=row.record_id, attempt=record.attempt,
                    row_number=row.row_number, line_number=row.line_number, changes=changed, corrected_by=user,
                )
            )  # fmt: skip
        batch.append(record)
    Correction.objects.bulk_create(corrections)
    committed = commit_isolating(batch)
    drop_reports({row.upload_id for row in rows})
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


# --- many rows -------------------------------------------------------------------------------------------------


def start(
    selection: Selection,
    user: Any,
    right_values: Mapping[str, str] | None = None,
    keep_as_rule: bool = False,
    total: int | None = None,
    because: Because | None = None,
) -> Job:
    """Retry the selected rows as a job: as they are, or with right values in the place of wrong ones (wrong → right,
    without regard to capitals), in the selection's field. Where the right value is "", the rows are ignored instead.

    `keep_as_rule` makes the vendor's later rows be read that way too, but for empty cells. `total` is how many rows
    there are, where that is known. `because` says what happened where nobody asks for it (by_itself.py).
    """
    right_values = right_values or {}
    if right_values:
        if not (selection.field and selection.vendor_id):
            raise ValueError("Right values need the vendor and the field that they are for.")
        selection = replace(selection, wrong_value="", wrong_values=tuple(right_values))
    selection = replace(selection, until=failed_rows.newest_problem())
    with transaction.atomic():
        for wrong, right in [pair for pair in right_values.items() if keep_as_rule and all(pair)]:
            keep_rule(selection.vendor_id, selection.field, wrong, right, user)
        return jobs.start(
            Job.Kind.RETRY,
            user,
            total=failed_rows.count(selection) if total is None else total,
            vendor_id=selection.vendor_id or None,
            upload_id=selection.upload_id or None,
            parameters={"selection": asdict(selection), "right_values": dict(right_values)}
            | (because.as_parameter() if because else {}),
        )


def keep_rule(vendor_id: str | None, field: str, wrong: str, right: str, user: Any) -> None:
    """Read a value of a vendor's later rows, or of all vendors', as another one, whatever it was read as before."""
    # As the table tells them apart: PostgreSQL's small letters, of which its large ones are not always the reverse.
    same = ValueRule.objects.alias(small=Lower("wrong_value")).filter(small=Lower(Value(wrong)))
    rule = same.filter(vendor_id=vendor_id, field=field)
    if not rule.exists():
        try:
            with transaction.atomic():
                ValueRule.objects.create(
                    vendor_id=vendor_id, field=field, wrong_value=wrong, right_value=right, created_by=user
                )
            return
        except IntegrityError:  # somebody else keeps it just now
            if not rule.exists():
                raise
    rule.update(right_value=right, created_by=user)
    said = f"{field}: {wrong} → {right}"
    note(Kind.SETTING_CHANGED, user=user, vendor_id=vendor_id or "", about="value rule", detail=said)


def step(job: Job) -> bool:
    """Try the next rows of the job's selection again; True when there are none left.

    Rows that fail once more have newer problems than `until`, so none is tried twice.
    """
    selection = Selection.from_json(job.parameters["selection"])
    if (selection.vendor_id or None, selection.upload_id or None) != (job.vendor_id, job.upload_id):
        raise jobs.JobFailed("These rows aren't of the vendor and upload that this was asked for.")
    because = by_itself.of(job)
    with transaction.atomic(durable=True):
        keys = _next_keys(job, because, selection)
        vendors = {key.vendor_id for key in keys}
        committer.lock_vendors(vendors)
        if because and not by_itself.wanted(job.vendor_id):
            # Noted when it is active, goes on or wants it again, and then these rows are found. A job that waited for
            # that would take one of the few places that there are for all vendors (happenings.MOST_JOBS).
            return True
        _refuse_not_active(job, vendors)
        # Once more, now that nobody else can be at the rows of these vendors.
        mine = [key for key in _next_keys(job, because, selection) if key.vendor_id in vendors]
        rows = failed_rows.by_keys([(key.upload_id, key.record_id) for key in mine])
        values = _values(rows, selection, _right_values(job))
        aside = [row for row in rows if "" in values.get((row.upload_id, row.record_id), {}).values()]
        ignored = ignoring.move([row.key for row in aside], job.requested_by)
        rows = [row for row in rows if row not in aside]
        if because:
            by_itself.note(because, rows, _wrong_values(rows, selection.field))
        outcomes = new_attempts(rows, values, job.requested_by) if rows else []
        failed = [(outcome.upload_id, outcome.record_id) for outcome in outcomes if outcome.outcome == "error"]
        _note_what_came(job, outcomes, failed)
        counts = {"valid": len(rows) - len(failed), "error": len(failed), **({"ignored": ignored} if ignored else {})}
        position = str(mine[-1].row_number) if because and mine else None
        jobs.advance(job, len(rows) + len(aside), position=position, **counts)
    writeback.write(outcomes)
    if not keys:
        totals.add_up()
    return not keys


def _next_keys(job: Job, because: Because | None, selection: Selection) -> list[failed_rows.Key]:
    if because:
        return by_itself.next_keys(job, because, selection, SLICE_ROWS)
    return failed_rows.next_keys(selection, SLICE_ROWS)


def _right_values(job: Job) -> dict[str, str]:
    """Wrong → right, in small letters; a job that was asked for before there were several has one."""
    right = job.parameters.get("right_value")
    one = {job.parameters["selection"]["wrong_value"]: right} if right else {}
    return {wrong.lower(): right for wrong, right in job.parameters.get("right_values", one).items()}


def _note_what_came(job: Job, outcomes: Sequence[ledger.Outcome], failed: Sequence[tuple[str, str]]) -> None:
    """For the job's page: how many rows came to what, why others still fail, and some of these as examples."""
    came = Counter(outcome.outcome for outcome in outcomes if outcome.outcome != "error")
    rows = failed_rows.by_keys(failed)
    why = Counter(code for row in rows for code in {problem.code for problem in row.problems})
    for name, counts in (("came", came), ("why", why)):
        job.result = {**job.result, name: dict(Counter(job.result.get(name, {})) + counts)}
    shown = job.result.get("examples", [])
    job.result = {**job.result, "examples": [*shown, *_examples(rows[: EXAMPLES - len(shown)])]}


def _examples(rows: Sequence[FailedRow]) -> list[dict[str, object]]:
    """Rows that still fail, as an undo has its own (undo.py)."""
    uploads = UploadHistory.objects.in_bulk({row.upload_id for row in rows})
    return [
        {
            "row": row.row_number, "in_file": in_file(row.line_number, uploads[row.upload_id].sheet),
            "sku": row.data.get(failed_rows.fields_of(uploads[row.upload_id], row).get("sku", "")) or "",
            "fate": "error", "why": " ".join(problem.message for problem in row.problems), "upload": row.upload_id,
        }
        for row in rows
    ]  # fmt: skip


def _refuse_not_active(job: Job, vendors: Iterable[str]) -> None:
    """Rows of a vendor that isn't active would fail for that, and what was wrong with them be forgotten. Those of one
    whose feeds are paused take no effect; under its lock, that stays so until the slice has committed."""
    for vendor_id, hold in holds.open_of(vendors).items():
        if why := holds.why_no_retry(hold, f"The feeds of {vendor_id}"):
            raise jobs.JobFailed(why)
    vendor = Vendor.objects.exclude(status=Vendor.Status.ACTIVE).filter(pk=job.vendor_id).first()
    if vendor:
        raise jobs.JobFailed(f"{vendor.pk} is {vendor.status}. Rows can be retried once it is active.")


def _values(
    rows: Sequence[FailedRow], selection: Selection, right_values: Mapping[str, str]
) -> dict[tuple[str, str], dict[str, str]]:
    """The right value of each row, under the header that the row has for the field."""
    if not right_values:
        return {}
    uploads = UploadHistory.objects.in_bulk({row.upload_id for row in rows})
    wrong = _wrong_values(rows, selection.field)
    values = {}
    for row in rows:
        header = failed_rows.fields_of(uploads[row.upload_id], row).get(selection.field, selection.field)
        known = [right_values[one] for one in wrong[row.upload_id, row.record_id] if one in right_values]
        values[row.upload_id, row.record_id] = {header: known[0]} if known else {}
    return values


def _wrong_values(rows: Sequence[FailedRow], field: str) -> dict[tuple[str, str], list[str]]:
    """What stands in the field in each of these rows, in small letters as the database makes them, and as it is."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    keys = [(row.upload_id, row.row_number, row.record_id) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.upload_id, e.record_id, lower(e.wrong_value), e.wrong_value
              FROM unnest(%s::text[], %s::int[], %s::text[]) AS k (upload_id, row_number, record_id)
             CROSS JOIN LATERAL (SELECT * FROM validation_errors
                                  WHERE upload_id = k.upload_id AND row_number = k.row_number
                                    AND record_id = k.record_id AND severity = 'error' OFFSET 0) e
             WHERE e.field = %s AND e.resolved_at IS NULL AND (e.wrong_value <> '' OR e.error_type = 'missing_value')
            """,
            [[key[part] for key in keys] for part in range(3)] + [field],
        )
        for upload_id, record_id, folded, value in cursor.fetchall():
            found[upload_id, record_id] += [folded, value.lower(), value]
    return found
