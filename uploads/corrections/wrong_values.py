"""All wrong values of a field at once, in one upload or wherever rows of the vendor failed: each with its right value,
or with the word that its rows are ignored, and one job for all of them. Empty cells are one of the values, "".

What clashes with another row has no right value for several rows, and no two products have one ID or SKU: such rows
are in error_rows.py. A page shows PORTION values, those with most rows first, out of LOOKED_AT problems at most: an
upload in which each of a million rows has a value of its own opens like any other, and says that there are more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import F, QuerySet, Sum
from psycopg.sql import SQL

from catalog.category_tree import active_categories
from catalog.rules.fields import LABELS, READ
from catalog.rules.problems import Code
from config.web.admin_log import log_change
from config.web.text import visible
from uploads.aws.records import storable
from uploads.corrections import failed_rows, retry
from uploads.corrections.failed_rows import Selection
from uploads.models import VALUE_CHARS, Job, UploadHistory
from vendors.models import Vendor

PORTION: Final = 200
LOOKED_AT: Final = 20_000
UPLOADS: Final = 200  # of the vendor's that wait, the newest
FIRST: Final = 10  # values of each field that stand on an upload's own page
MOST_CATEGORIES: Final = 300  # that stand in a list for each value; of more, people type
# Problems of which one right value for several rows would only make more; and fields of which no two rows may have one.
CLASHES: Final = (Code.DUPLICATE_IN_FILE, Code.SKU_TAKEN)
OWN: Final = ("vendor_product_id", "sku")


@dataclass(frozen=True)
class WrongValue:
    """One wrong value, in one of its spellings: in how many rows, and what is wrong with it. "" are empty cells."""

    value: str
    rows: int
    message: str
    suggestion: str

    @property
    def shown(self) -> str:
        return visible(self.value)


@dataclass(frozen=True)
class Portion:
    """Values of a field. `values_in_all` counts them, and `behind` those behind this portion; `more` says that problems
    were not looked at, so that there may be more of all."""

    field: str
    values: Sequence[WrongValue]
    values_in_all: int
    behind: int
    more: bool

    @property
    def label(self) -> str:
        return LABELS[self.field]

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.values)


@dataclass(frozen=True)
class InField:
    """How many wrong values a field has, in how many rows."""

    field: str
    values: int
    rows: int
    more: bool

    @property
    def label(self) -> str:
        return LABELS[self.field]


def waiting(vendor_id: str) -> "list[UploadHistory]":
    """The vendor's newest uploads with rows that somebody can correct (idx_upload_history_waiting)."""
    return list(_waiting([vendor_id]).order_by("-sequence")[:UPLOADS])


def rows_waiting(vendor_ids: Sequence[str]) -> dict[str, int]:
    """How many rows wait of each of these vendors that has any (idx_upload_history_waiting)."""
    rows = Sum(F("error_records") - F("ignored_records") - F("closed_records"))
    return dict(_waiting(vendor_ids).order_by().values_list("vendor_id").annotate(rows=rows))


def _waiting(vendor_ids: Sequence[str]) -> "QuerySet[UploadHistory]":
    uploads = UploadHistory.objects.filter(
        vendor_id__in=vendor_ids,
        undone_at=None,
        archived_at=None,
        error_records__gt=F("ignored_records") + F("closed_records"),
    )
    return uploads.exclude(status=UploadHistory.Status.CANCELLED)


_PROBLEMS: Final = SQL(
    """
    SELECT e.field, e.wrong_value, e.upload_id, e.record_id, e.error_message, e.suggestion
      FROM validation_errors e
     WHERE e.upload_id = ANY (%s) AND e.severity = 'error' AND NOT e.error_type = ANY (%s) AND e.field = ANY (%s)
       AND (e.error_type = 'missing_value' AND NOT e.field = ANY (%s)
            OR e.error_type <> 'missing_value' AND e.wrong_value <> '')
       AND {}
     LIMIT %s
    """
)
_FIELDS: Final = SQL(
    """
    SELECT field, count(DISTINCT lower(wrong_value)), count(DISTINCT (upload_id, record_id)),
           (SELECT count(*) FROM p) > %s
      FROM p GROUP BY field
    """
)
_VALUES: Final = SQL(
    """
    SELECT min(wrong_value), count(DISTINCT (upload_id, record_id)), min(error_message), min(suggestion),
           count(*) OVER (), (SELECT count(*) FROM p) > %s
      FROM p GROUP BY lower(wrong_value)
     ORDER BY 2 DESC, 1 OFFSET %s LIMIT %s
    """
)
_FIRST: Final = SQL(
    """
    , v AS (SELECT field, min(wrong_value) AS value, count(DISTINCT (upload_id, record_id)) AS rows,
                   min(error_message) AS message, min(suggestion) AS suggestion,
                   count(*) OVER (PARTITION BY field) AS in_all
              FROM p GROUP BY field, lower(wrong_value))
    SELECT field, value, rows, message, suggestion, in_all, (SELECT count(*) FROM p) > %s
      FROM (SELECT v.*, row_number() OVER (PARTITION BY field ORDER BY rows DESC, value) AS place FROM v) ranked
     WHERE place <= %s ORDER BY field, place
    """
)


def _asked(query: SQL, upload_ids: Sequence[str], fields: Sequence[str], *more: int) -> list[tuple[Any, ...]]:
    """The answer about the problems of these uploads that a right value would settle (idx_validation_errors_kind)."""
    condition, values = Selection().condition()
    with connection.cursor() as cursor:
        cursor.execute(
            SQL("WITH p AS MATERIALIZED ({}) {}").format(_PROBLEMS.format(condition), query),
            [list(upload_ids), [*CLASHES], list(fields), [*OWN], *values, LOOKED_AT + 1, LOOKED_AT, *more],
        )
        return list(cursor.fetchall())


def fields_of(upload_ids: Sequence[str]) -> list[InField]:
    """The fields that have wrong values in these uploads, in the order of READ."""
    found = {row[0]: InField(*row) for row in _asked(_FIELDS, upload_ids, READ)}
    return [found[field] for field in READ if field in found]


def portion(upload_ids: Sequence[str], field: str, start: int = 0) -> Portion:
    """The wrong values of a field in these uploads, PORTION of them from a place on."""
    found = _asked(_VALUES, upload_ids, [field], start, PORTION)
    in_all = found[0][4] if found else 0
    values = [WrongValue(*row[:4]) for row in found]
    return Portion(field, values, in_all, max(0, in_all - start - len(values)), bool(found) and found[0][5])


def first_of_each(upload_ids: Sequence[str]) -> list[Portion]:
    """The first values of each field that has wrong ones in these uploads, in the order of READ, by one question."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in _asked(_FIRST, upload_ids, READ, FIRST):
        found.setdefault(row[0], []).append(row)
    return [
        Portion(field, [WrongValue(*row[1:5]) for row in rows], rows[0][5], rows[0][5] - len(rows), rows[0][6])
        for field in READ
        if (rows := found.get(field))
    ]


# --- the form ----------------------------------------------------------------------------------------------------


def shown(
    upload_ids: Sequence[str], field: str, asked: Mapping[str, str], typed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What the form of a field's values shows, for vendors and for staff: the values from the one that the address asks
    for (`from`), with what was typed, or else with what is suggested if it asks for that (`fill`)."""
    start, fill = _number(asked.get("from", "")), "fill" in asked
    form = form_of(portion(upload_ids, field, start), typed, fill=fill)
    return form | {"filled": fill, "start": start, "following": start + PORTION}


def form_of(found: Portion, typed: Mapping[str, str] | None = None, *, fill: bool = False) -> dict[str, Any]:
    """What the form of these values shows: a line for each with its number, what is suggested, and what was typed."""
    categories, listed = categories_for(found.field)
    before = {_wrong(typed, number): number for number in range(PORTION)} if typed else {}
    lines = []
    for number, one in enumerate(found.values):
        suggested, place = usable(one.suggestion, categories), before.get(one.value)
        right = (typed or {}).get(f"right-{place}", suggested if fill else "")
        lines.append((number, one, suggested, right, f"ignore-{place}" in (typed or {})))
    return {
        "portion": found,
        "lines": lines,
        "listed": listed,
        "categories": [] if listed else categories,
        "suggestions": any(suggested for _, _, suggested, *_ in lines),
    }


def categories_for(field: str) -> tuple[list[str], list[str]]:
    """What a value of this field may be, where that is a category; and the same where a list has room for all."""
    categories = active_categories() if field == "category" else []
    return categories, categories if len(categories) <= MOST_CATEGORIES else []


def usable(suggestion: str, categories: Sequence[str]) -> str:
    """The suggestion, where it is what should stand there."""
    fits = suggestion in categories if categories else " or " not in suggestion
    return suggestion if fits else ""


def _number(text: str) -> int:
    return min(int(text), 10**6) if text.isdecimal() and len(text) <= 9 else 0


# --- what somebody decided -------------------------------------------------------------------------------------

TOO_LONG = f"A right value has {VALUE_CHARS} characters at most."


@dataclass(frozen=True)
class Decisions:
    """Wrong value → the right one, or "" where its rows are ignored. `failure` says what can't be taken so."""

    values: Mapping[str, str]
    failure: str = ""


def decided(posted: Mapping[str, str]) -> Decisions:
    """What a form says: `value-n` is a wrong value, `right-n` the right one, `ignore-n` that its rows are ignored."""
    values: dict[str, str] = {}
    for number in range(PORTION):
        if (wrong := _wrong(posted, number)) is None:
            continue
        right = storable(posted.get(f"right-{number}", "").strip())
        if len(right) > VALUE_CHARS:
            return Decisions({}, TOO_LONG)
        if f"ignore-{number}" in posted:
            values[wrong] = ""
        elif right and right != wrong:
            values[wrong] = right
    return Decisions(values, "" if values else "Nothing was chosen, so nothing was changed.")


def _wrong(posted: Mapping[str, str], number: int) -> str | None:
    wrong = storable(posted[f"value-{number}"]) if f"value-{number}" in posted else None
    return None if wrong is None or len(wrong) > VALUE_CHARS else wrong


def saved(selection: Selection, posted: Mapping[str, str], user: Any, *, may_keep: bool) -> Job | str:
    """The job that does what a form says, or why there is none."""
    decisions = decided(posted)
    if decisions.failure:
        return decisions.failure
    keep = may_keep and "keep" in posted
    return save(selection, decisions.values, user, keep=keep) or "No row has these values any more."


def save(selection: Selection, decisions: Mapping[str, str], user: Any, *, keep: bool = False) -> Job | None:
    """One job for all rows with these values; None where there are none any more. `keep` reads the right values that
    way in later files too. Noted in the admin's log at the upload, or at the vendor."""
    if not failed_rows.any_of(Selection(**{**vars(selection), "wrong_values": tuple(decisions)})):
        return None
    job = retry.start(selection, user, decisions, keep_as_rule=keep)
    about = job.upload or Vendor.objects.get(pk=selection.vendor_id)
    log_change(user, about, logged(selection.field, decisions, job.total, kept="as rules" if keep else ""))
    return job


def logged(field: str, decisions: Mapping[str, str], rows: int, kept: str = "") -> str:
    """What the admin's log says of such a save."""
    right = sum(1 for value in decisions.values() if value)
    parts = [f"{right:,} corrected" * bool(right), f"{len(decisions) - right:,} ignored" * (right < len(decisions))]
    what = f"{', '.join(filter(None, parts))} of its wrong values, {rows:,} rows"
    return f"{LABELS[field].capitalize()}: {what}{f', kept {kept}' if kept else ''}."
