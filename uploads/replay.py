"""Failed rows tried again, mended or as they are: a new attempt of the same record, through the same commit.

The row goes straight to step 6: the stream would add a delay and a second write, and take away the answer that somebody
waits for. Once each all the same: the ledger is keyed by attempt, and the rows are read under their vendors' locks in
the transaction that commits them. What the file said stays in DynamoDB and in the errors of the earlier attempts; what
was changed, and by whom, stands in `corrections`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from django.db import connection, transaction

from catalog import committer
from uploads import jobs, ledger, storage, writeback
from uploads.batch import commit_isolating
from uploads.feed.columns import FIELDS
from uploads.feed.parser import Layout
from uploads.feed.problems import Code, Problem
from uploads.models import Correction, Job, UploadHistory, ValueRule
from uploads.records import Record
from vendors.models import Vendor

SLICE_ROWS = 500
# How many rows are corrected at once: as many as a page shows, while somebody waits.
PAGE_ROWS = 25
# A record that names another vendor than its upload, or that can't be read, isn't mended by changing its cells.
NEVER = [Code.VENDOR_MISMATCH, Code.MALFORMED_RECORD]


class NotReplayable(Exception):
    """The row can't be tried again; the message says why."""


@dataclass(frozen=True)
class Selection:
    """Failed rows, by their open problems; what is empty doesn't matter. Values without regard to capitals.

    `alone` leaves out rows that have other problems beside: they would only fail again.
    """

    upload_id: str = ""
    vendor_id: str = ""
    field: str = ""
    wrong_value: str = ""
    wrong_values: tuple[str, ...] = ()  # any of these
    codes: tuple[str, ...] = ()
    alone: bool = False
    until: int = 0  # the newest problem to look at; 0 for no limit

    def condition(self) -> tuple[str, list[Any]]:
        """As SQL about `validation_errors e` (by idx_validation_errors_value, or by that of upload or vendor)."""
        parts = [
            ("e.upload_id = %s", self.upload_id),
            ("e.vendor_id = %s", self.vendor_id),
            ("e.field = %s", self.field),
            ("lower(e.wrong_value) = lower(%s)", self.wrong_value),
            ("lower(e.wrong_value) = ANY (SELECT lower(v) FROM unnest(%s::text[]) v)", list(self.wrong_values)),
            ("e.error_type = ANY (%s)", list(self.codes)),
            ("e.error_id <= %s", self.until),
        ]
        wanted = [(sql, value) for sql, value in parts if value]
        texts = [*(sql for sql, _ in wanted), _REPLAYABLE, *([_ALONE] if self.alone else [])]
        return " AND ".join(texts), [*(value for _, value in wanted), NEVER]


_REPLAYABLE = """e.resolved_at IS NULL
    AND EXISTS (SELECT FROM upload_history u WHERE u.upload_id = e.upload_id AND u.status <> 'cancelled'
                                               AND u.undone_at IS NULL)
    AND NOT EXISTS (SELECT FROM validation_errors n
                     WHERE n.upload_id = e.upload_id AND n.row_number = e.row_number AND n.record_id = e.record_id
                       AND n.resolved_at IS NULL AND n.error_type = ANY (%s))"""
_ALONE = """NOT EXISTS (SELECT FROM validation_errors n
                     WHERE n.upload_id = e.upload_id AND n.row_number = e.row_number AND n.record_id = e.record_id
                       AND n.resolved_at IS NULL AND n.error_id <> e.error_id)"""


class FailedRow(NamedTuple):
    """A row with open problems, as its newest attempt left it. `data` is the row by header; none if unreadable."""

    upload_id: str
    vendor_id: str
    record_id: str
    row_number: int
    attempt: int
    data: Mapping[str, str | None]
    raw: str
    problems: tuple[Problem, ...]


def count(selection: Selection) -> int:
    """How many rows the selection has."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM (SELECT DISTINCT upload_id, record_id FROM validation_errors e WHERE {condition}) r",  # noqa: S608 - fixed texts
            values,
        )
        return int(cursor.fetchone()[0])


def count_by_value(selection: Selection) -> dict[str, int]:
    """How many problems the selection has of each wrong value: as many as rows, where these have no other problem."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.wrong_value, count(*) FROM validation_errors e WHERE {condition} GROUP BY 1",  # noqa: S608 - fixed texts
            values,
        )
        return dict(cursor.fetchall())


def any_of(selection: Selection) -> bool:
    """Whether the selection has a row, without counting them."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM (SELECT e.error_id FROM validation_errors e WHERE {condition} LIMIT 1) r)",  # noqa: S608 - fixed texts
            values,
        )
        return bool(cursor.fetchone()[0])


def failed_row(upload_id: str, record_id: str) -> FailedRow | None:
    """The row with its open problems; None if it has none (any more)."""
    return next(iter(_rows([(upload_id, record_id)])), None)


def failed_rows(upload_id: str, record_ids: Iterable[str]) -> list[FailedRow]:
    """Rows of an upload with their open problems, by row number; those that have none (any more) are left out."""
    return _rows([(upload_id, record_id) for record_id in record_ids])


def _rows(keys: Sequence[tuple[str, str]]) -> list[FailedRow]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.upload_id, e.vendor_id, e.record_id, e.row_number, max(e.attempt),
                   (array_agg(e.original_data ORDER BY e.error_id))[1],
                   jsonb_agg(jsonb_build_array(e.field, e.error_type, e.error_message, e.suggestion)
                             ORDER BY e.error_id)
              FROM unnest(%s::text[], %s::text[]) AS k (upload_id, record_id)
              JOIN validation_errors e USING (upload_id, record_id)
             WHERE e.resolved_at IS NULL
             GROUP BY e.upload_id, e.vendor_id, e.record_id, e.row_number
             ORDER BY e.upload_id, e.row_number
            """,
            [[upload_id for upload_id, _ in keys], [record_id for _, record_id in keys]],
        )
        return [_failed_row(*row) for row in cursor.fetchall()]


def _failed_row(
    upload_id: str, vendor_id: str, record_id: str, row_number: int, attempt: int, original: str | None, problems: str
) -> FailedRow:
    data = json.loads(original) if original else {}
    data = data if isinstance(data, dict) else {}
    raw = str(data["raw"]) if set(data) == {"raw"} else ""
    return FailedRow(
        upload_id, vendor_id, record_id, row_number, attempt, {} if raw else data, raw,
        tuple(Problem(*problem) for problem in json.loads(problems)),
    )  # fmt: skip


def cells(row: FailedRow, upload: UploadHistory) -> list[tuple[str, str, str]]:
    """What of a row can be corrected: (field, header, cell) for each field that its file or its record has.

    A record that came without a file may lack any field; it can be given.
    """
    fields = fields_of(upload, row)
    return [(field, fields[field], row.data.get(fields[field]) or "") for field in FIELDS if field in fields]


def fields_of(upload: UploadHistory, row: FailedRow) -> Mapping[str, str]:
    """Field → header, for this row."""
    if upload.layout:
        return Layout.from_json(upload.layout).mapping.fields
    from uploads.judge import own_fields

    return {field: field for field in FIELDS} | dict(own_fields(tuple(row.data))[0])


# --- one row ---------------------------------------------------------------------------------------------------


def correct(upload_id: str, record_id: str, attempt: int, values: Mapping[str, str], user: Any) -> ledger.Outcome:
    """Change cells of a failed row (header → cell) and try it again; returns what became of it.

    `attempt` is the one that the user saw. Raises NotReplayable.
    """
    with transaction.atomic():
        committer.lock_vendors([UploadHistory.objects.values_list("vendor_id", flat=True).get(pk=upload_id)])
        # Only now: the upload may have been cancelled or undone while we waited for the lock.
        upload = UploadHistory.objects.get(pk=upload_id)
        row = failed_row(upload_id, record_id)
        if row is None or row.attempt != attempt:
            raise NotReplayable("Somebody else was faster: this row has been tried again since you opened the page.")
        if why := why_not(row, upload):
            raise NotReplayable(why)
        outcomes = _try_again([row], {(upload_id, record_id): values}, user)
    writeback.write(outcomes)
    return outcomes[0]


def why_not(row: FailedRow, upload: UploadHistory) -> str:
    """Why the row can't be tried again, or ""."""
    if why := why_none(upload):
        return why
    if any(problem.code in NEVER for problem in row.problems):
        return "The record itself is wrong, not one of its cells. Whoever put it into DynamoDB has to put a right one."
    return ""


def why_none(upload: UploadHistory) -> str:
    """Why no row of an upload can be tried again, or ""."""
    if upload.status == UploadHistory.Status.CANCELLED:
        return "The upload was cancelled. Send its file again."
    if upload.undone_at is not None:
        return "The upload was undone. Send its file again."
    return ""


# --- the rows of a page ----------------------------------------------------------------------------------------


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
    """Correct up to PAGE_ROWS rows of an upload and try them again, in one transaction under the vendor's lock.

    A row in which nothing was changed is left alone. Raises NotReplayable when none of the upload can be tried, and
    when its vendor isn't active: the rows would fail for that, and what was wrong with them be forgotten.
    """
    if len(changes) > PAGE_ROWS:
        raise ValueError(f"At most {PAGE_ROWS} rows at once.")
    with transaction.atomic():
        upload = UploadHistory.objects.select_related("vendor").get(pk=upload_id)
        committer.lock_vendors([upload.vendor_id])
        if why := why_none(upload) or why_vendor(upload.vendor.status):
            raise NotReplayable(why)
        rows = {row.record_id: row for row in failed_rows(upload_id, [change.record_id for change in changes])}
        seen = {
            change.record_id: change
            for change in changes
            if change.record_id in rows and rows[change.record_id].attempt == change.attempt
        }
        values = {(upload_id, key): _by_header(rows[key], upload, change.cells) for key, change in seen.items()}
        wanted = [
            row for row in rows.values()
            if not why_not(row, upload) and _changed(row, values.get((upload_id, row.record_id), {}))
        ]  # fmt: skip
        outcomes = _try_again(wanted, values, user) if wanted else []
    writeback.write(outcomes)
    return Tried(outcomes, len(changes) - len(seen))


def why_vendor(status: str) -> str:
    """Why rows of a vendor in this state can't be tried again, or ""."""
    return (
        ""
        if status == Vendor.Status.ACTIVE
        else f"Your account is {status}: rows can be tried again once it is active."
    )


def _by_header(row: FailedRow, upload: UploadHistory, cells: Mapping[str, str]) -> dict[str, str]:
    """Header → cell, for the cells that differ by more than by how a form ends its lines; all of an unreadable row."""
    fields = fields_of(upload, row)
    given = {fields[field]: cell for field, cell in cells.items() if field in fields}
    if row.raw:
        return given if any(cell.strip() for cell in given.values()) else {}
    return {header: cell for header, cell in given.items() if _lines(row.data.get(header) or "") != _lines(cell)}


def _lines(cell: str) -> str:
    return cell.replace("\r\n", "\n").replace("\r", "\n")


# --- a new attempt ---------------------------------------------------------------------------------------------


def _try_again(
    rows: Sequence[FailedRow], values: Mapping[tuple[str, str], Mapping[str, str]], user: Any
) -> list[ledger.Outcome]:
    """Commit these rows as new attempts; in the transaction, and under the locks, in which they were read."""
    corrections, batch = [], []
    for row in rows:
        record = _record(row)
        changed = _changed(row, values.get((row.upload_id, row.record_id), {}))
        if changed:
            data = {**row.data, **{header: after for header, (_, after) in changed.items()}}
            record = replace(record, data=data, raw="", problem=None)
            corrections.append(
                Correction(
                    upload_id=row.upload_id, record_id=row.record_id, attempt=record.attempt,
                    row_number=row.row_number, changes=changed, corrected_by=user,
                )
            )  # fmt: skip
        batch.append(record)
    Correction.objects.bulk_create(corrections)
    committed = commit_isolating(batch)
    _drop_reports({row.upload_id for row in rows})
    return committed.owed


def _record(row: FailedRow) -> Record:
    problem = row.problems[0] if row.raw else None
    return Record(
        row.upload_id, row.record_id, row.vendor_id, row.row_number, data=dict(row.data), raw=row.raw,
        problem=problem, attempt=row.attempt + 1,
    )  # fmt: skip


def _changed(row: FailedRow, values: Mapping[str, str]) -> dict[str, list[str | None]]:
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
         RETURNING old.error_report_key
            """,
            [list(upload_ids)],
        )
        keys = [row[0] for row in cursor.fetchall()]
    for key in keys:
        transaction.on_commit(partial(storage.delete, key), robust=True)


# --- many rows -------------------------------------------------------------------------------------------------


def start(selection: Selection, user: Any, right_value: str = "", keep_as_rule: bool = False) -> Job:
    """Try the selected rows again as a job: as they are, or with `right_value` in the place of `wrong_value`.

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
            Job.Kind.REPLAY,
            user,
            total=count(selection),
            vendor_id=selection.vendor_id or None,
            upload_id=selection.upload_id or None,
            parameters={"selection": asdict(selection), "right_value": right_value},
        )


def _keep_rule(selection: Selection, right_value: str, user: Any) -> None:
    rule = ValueRule.objects.filter(
        vendor_id=selection.vendor_id, field=selection.field, wrong_value__iexact=selection.wrong_value
    )
    if not rule.update(right_value=right_value, created_by=user):
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
    with transaction.atomic():
        keys = _next(selection)
        vendors = {vendor_id for _, _, vendor_id in keys}
        committer.lock_vendors(vendors)
        # Once more, now that nobody else can be at the rows of these vendors.
        mine = [(upload_id, record_id) for upload_id, record_id, vendor_id in _next(selection) if vendor_id in vendors]
        rows = _rows(mine)
        values = _values(rows, selection.field, job.parameters["right_value"])
        outcomes = _try_again(rows, values, job.requested_by)
        failed = sum(outcome.outcome == "error" for outcome in outcomes)
        jobs.advance(job, len(rows), valid=len(rows) - failed, error=failed)
    writeback.write(outcomes)
    return not keys


def _next(selection: Selection) -> list[tuple[str, str, str]]:
    """The (upload, record, vendor) of some rows of the selection, oldest problem first."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT upload_id, record_id, vendor_id
              FROM (SELECT e.upload_id, e.record_id, e.vendor_id
                      FROM validation_errors e WHERE {condition} ORDER BY e.error_id LIMIT %s) AS r
            """,  # noqa: S608 - fixed texts
            [*values, SLICE_ROWS],
        )
        return list(cursor.fetchall())


def _values(rows: Sequence[FailedRow], field: str, right_value: str) -> dict[tuple[str, str], dict[str, str]]:
    """The right value under the header that each row has for the field."""
    if not right_value:
        return {}
    uploads = UploadHistory.objects.in_bulk({row.upload_id for row in rows})
    headers = [fields_of(uploads[row.upload_id], row).get(field, field) for row in rows]
    return {(row.upload_id, row.record_id): {header: right_value} for row, header in zip(rows, headers, strict=True)}
