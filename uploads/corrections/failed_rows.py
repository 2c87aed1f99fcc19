"""Rows that failed: which there are, what stands in one, what is wrong with it, and why it can't be retried.

Everything is read from the open errors in `validation_errors`; retry.py is what retries the rows. Warnings make no row
fail, so they are nowhere here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from psycopg.sql import SQL, Composed

from catalog.rules.fields import READ
from catalog.rules.problems import ERROR, Code, Problem
from uploads.feed.parser import Layout
from uploads.models import UploadHistory
from uploads.models.results import archived
from uploads.pipeline.judge import own_fields
from vendors import holds
from vendors.models import Vendor

# A record that names another vendor than its upload, or that can't be read, isn't corrected by changing its cells.
NEVER = [Code.VENDOR_MISMATCH, Code.MALFORMED_RECORD]
# The states of rows that a selection may ask for.
RETRIABLE, OPEN, IGNORED = "retriable", "open", "ignored"


@dataclass(frozen=True)
class Selection:
    """Failed rows, by their open problems; what is empty doesn't matter. Values without regard to capitals.

    `alone` leaves out rows that have other problems beside: they would only fail again. `state` says which rows: those
    that can be retried, all that are open, or those that are ignored.
    """

    upload_id: str = ""
    vendor_id: str = ""
    field: str = ""
    wrong_value: str = ""
    wrong_values: tuple[str, ...] = ()  # any of these; "" is an empty cell that must not be empty
    codes: tuple[str, ...] = ()
    alone: bool = False
    until: int = 0  # the newest problem to look at; 0 for no limit
    state: str = RETRIABLE

    def condition(self) -> tuple[Composed, list[Any]]:
        """As SQL about `validation_errors e` (by idx_validation_errors_value, or by that of upload or vendor)."""
        parts = [
            (SQL("e.upload_id = %s"), self.upload_id),
            (SQL("e.vendor_id = %s"), self.vendor_id),
            (SQL("e.field = %s"), self.field),
            (SQL("lower(e.wrong_value) = lower(%s)"), self.wrong_value),
            (_ANY_VALUE, list(self.wrong_values)),
            (SQL("e.error_type = ANY (%s)"), list(self.codes)),
            (SQL("e.error_id <= %s"), self.until),
        ]
        wanted = [(text, value) for text, value in parts if value]
        texts = [*(text for text, _ in wanted), _STATES[self.state], *([_ALONE] if self.alone else [])]
        never = [NEVER] if self.state == RETRIABLE else []
        return SQL(" AND ").join(texts), [*(value for _, value in wanted), *never]

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Selection":
        """What `asdict` made of one, as a job keeps it."""
        lists = {name: tuple(kept[name]) for name in ("codes", "wrong_values")}
        return cls(**{**kept, **lists})


# A value that is too long to be kept is "" too.
_ANY_VALUE = SQL("""lower(e.wrong_value) = ANY (SELECT lower(v) FROM unnest(%s::text[]) v)
    AND (e.wrong_value <> '' OR e.error_type = 'missing_value')""")
_OPEN = SQL("e.resolved_at IS NULL AND e.severity = 'error'")
_RETRIABLE = SQL("""e.resolved_at IS NULL AND e.severity = 'error'
    AND EXISTS (SELECT FROM upload_history u WHERE u.upload_id = e.upload_id AND u.status <> 'cancelled'
                                               AND u.undone_at IS NULL AND u.archived_at IS NULL)
    AND NOT EXISTS (SELECT FROM validation_errors n
                     WHERE n.upload_id = e.upload_id AND n.row_number = e.row_number AND n.record_id = e.record_id
                       AND n.severity = 'error' AND n.resolved_at IS NULL AND n.error_type = ANY (%s))""")
_STATES = {RETRIABLE: _RETRIABLE, OPEN: _OPEN, IGNORED: SQL("e.resolution = 'ignored' AND e.severity = 'error'")}
_ALONE = SQL("""NOT EXISTS (SELECT FROM validation_errors n
                     WHERE n.upload_id = e.upload_id AND n.row_number = e.row_number AND n.record_id = e.record_id
                       AND n.severity = 'error' AND n.resolved_at IS NULL AND n.error_id <> e.error_id)""")


class Key(NamedTuple):
    """A row by what its errors are found by, and whose it is."""

    upload_id: str
    row_number: int
    record_id: str
    vendor_id: str


class FailedRow(NamedTuple):
    """A row with open problems, as its newest attempt left it. `data` is the row by header; none if unreadable."""

    upload_id: str
    vendor_id: str
    record_id: str
    row_number: int
    line_number: int | None
    attempt: int
    data: Mapping[str, str | None]
    raw: str
    problems: tuple[Problem, ...]

    @property
    def key(self) -> Key:
        return Key(self.upload_id, self.row_number, self.record_id, self.vendor_id)


def count(selection: Selection) -> int:
    """How many rows the selection has."""
    return int(_answer(SQL("SELECT count(*) FROM (SELECT DISTINCT e.upload_id, e.record_id {}) r"), selection))


def count_by_value(selection: Selection) -> dict[str, int]:
    """How many problems the selection has of each wrong value: as many as rows, where these have no other problem."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        query = SQL("SELECT e.wrong_value, count(*) FROM validation_errors e WHERE {} GROUP BY 1")
        cursor.execute(query.format(condition), values)
        return dict(cursor.fetchall())


def any_of(selection: Selection) -> bool:
    """Whether the selection has a row, without counting them."""
    return bool(_answer(SQL("SELECT EXISTS (SELECT FROM (SELECT e.error_id {} LIMIT 1) r)"), selection))


def next_keys(selection: Selection, most: int) -> list[Key]:
    """Some rows of the selection, those with the oldest problems."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        cursor.execute(
            SQL(
                """
                SELECT DISTINCT upload_id, row_number, record_id, vendor_id
                  FROM (SELECT e.upload_id, e.row_number, e.record_id, e.vendor_id
                          FROM validation_errors e WHERE {} ORDER BY e.error_id LIMIT %s) AS r
                """
            ).format(condition),
            [*values, most],
        )
        return [Key(*row) for row in cursor.fetchall()]


def newest_problem() -> int:
    """Up to where a job looks: what fails once more while it is under way is behind that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(error_id), 0) FROM validation_errors")
        return int(cursor.fetchone()[0])


def _answer(question: SQL, selection: Selection) -> Any:
    """The one value that a query asks for; {} in it stands for the selection's problems."""
    condition, values = selection.condition()
    with connection.cursor() as cursor:
        cursor.execute(question.format(SQL("FROM validation_errors e WHERE {}").format(condition)), values)
        return cursor.fetchone()[0]


def one(upload_id: str, record_id: str) -> FailedRow | None:
    """The row with its open problems; None if it has none (any more)."""
    return next(iter(by_keys([(upload_id, record_id)])), None)


def of(upload_id: str, record_ids: Iterable[str]) -> list[FailedRow]:
    """Rows of an upload with their open problems, by row number; those that have none (any more) are left out."""
    return by_keys([(upload_id, record_id) for record_id in record_ids])


def by_keys(keys: Sequence[tuple[str, str]]) -> list[FailedRow]:
    """The same for (upload, record), by upload and row number.

    The ledger has the numbers (record_outcomes_key), by which an upload's errors are found.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.upload_id, e.vendor_id, e.record_id, e.row_number, max(e.line_number), max(e.attempt),
                   (array_agg(e.original_data ORDER BY e.error_id))[1],
                   jsonb_agg(jsonb_build_array(e.field, e.error_type, e.error_message, e.suggestion)
                             ORDER BY e.error_id)
              FROM unnest(%s::text[], %s::text[]) AS k (upload_id, record_id)
             CROSS JOIN LATERAL (SELECT o.row_number FROM record_outcomes o
                                  WHERE o.upload_id = k.upload_id AND o.record_id = k.record_id LIMIT 1) o
              JOIN validation_errors e USING (upload_id, record_id, row_number)
             WHERE e.resolved_at IS NULL AND e.severity = 'error'
             GROUP BY e.upload_id, e.vendor_id, e.record_id, e.row_number
             ORDER BY e.upload_id, e.row_number
            """,
            [[upload_id for upload_id, _ in keys], [record_id for _, record_id in keys]],
        )
        return [_failed_row(*row) for row in cursor.fetchall()]


def _failed_row(
    upload_id: str,
    vendor_id: str,
    record_id: str,
    row_number: int,
    line_number: int | None,
    attempt: int,
    original: str | None,
    problems: str,
) -> FailedRow:
    data = json.loads(original) if original else {}
    data = data if isinstance(data, dict) else {}
    raw = str(data["raw"]) if set(data) == {"raw"} else ""
    return FailedRow(
        upload_id, vendor_id, record_id, row_number, line_number, attempt, {} if raw else data, raw,
        tuple(Problem(*problem)._replace(severity=ERROR) for problem in json.loads(problems)),
    )  # fmt: skip


def cells(row: FailedRow, upload: UploadHistory) -> list[tuple[str, str, str]]:
    """What of a row can be corrected: (field, header, cell) for each field that its file or its record has, and each
    column once.

    A record that came without a file may lack any field; it can be given.
    """
    fields = fields_of(upload, row)
    once = {fields[field]: field for field in reversed(READ) if field in fields}
    return [
        (field, header, row.data.get(header) or "")
        for field in READ
        if once.get(header := fields.get(field, "")) == field
    ]


def fields_of(upload: UploadHistory, row: FailedRow) -> Mapping[str, str]:
    """Field → header, for this row."""
    if upload.layout:
        return Layout.from_json(upload.layout).mapping.fields
    return {field: field for field in READ} | dict(own_fields(tuple(row.data))[0])


# --- why not ---------------------------------------------------------------------------------------------------


def why_not(row: FailedRow, upload: UploadHistory) -> str:
    """Why the row can't be retried, or ""."""
    if why := why_none(upload):
        return why
    if any(problem.code in NEVER for problem in row.problems):
        return "The record itself is wrong, not one of its cells. Whoever put it into DynamoDB has to put a right one."
    return ""


def why_none(upload: UploadHistory) -> str:
    """Why no row of an upload can be retried, or ""."""
    if upload.status == UploadHistory.Status.CANCELLED:
        return "The upload was cancelled. Send its file again."
    if upload.undone_at is not None:
        return "The upload was undone. Send its file again."
    if upload.archived_at is not None:
        return f"{archived(upload)} Send the row again in a new file."
    return ""


def why_vendor(status: str, who: str = "Your account") -> str:
    """Why rows of a vendor in this state can't be retried, or ""; `who` is the vendor, as the reader calls it."""
    return "" if status == Vendor.Status.ACTIVE else f"{who} is {status}: rows can be retried once it is active."


def why_no_retry(vendor: Vendor, who: str = "Your account") -> str:
    """Why none of a vendor's rows can be retried now, or "": what it is, or that its feeds are paused."""
    whose = "Your feeds" if who == "Your account" else f"The feeds of {vendor.pk}"
    return why_vendor(vendor.status, who) or holds.why_no_retry(holds.of(vendor.pk), whose)
