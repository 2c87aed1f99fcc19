"""What became of one product, newest first: which upload and row set what, and what staff changed by hand.

Two tables tell it: the ledger names every row that touched the product, product_changes what an update or an edit
changed in it. Both are read through their indexes by product, so many products cost nothing. Values are shown as a
page may print them: characters that show nothing are spelled out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from django.db import connection

from catalog.models import Product, ProductChange
from catalog.rules.fields import FIELDS, LABELS
from catalog.rules.places import place
from config.web.text import visible
from uploads.feed.formats.derived import Derived
from uploads.insight import derived_values
from uploads.models import Correction, RecordOutcome, SelfRetry, UploadHistory

PAGE = 50
READ = 1000  # ledger rows looked at for a page: most of them confirm what is there, and are folded into one line
Kind = ProductChange.Kind
WORDS = {
    "inserted": "Inserted",
    "updated": "Updated",
    "retired": "Retired",
    "unchanged": "Confirmed",
    "superseded": "Superseded by a newer upload",
    **{str(value): str(label) for value, label in Kind.choices},
}
ABSENT = {
    "retired": "Retired, since the file didn’t have it",
    "updated": "Stock set to 0, since the file didn’t have it",
}
SETS = ("updated", "retired")  # outcomes of rows that changed what the product was
NAMES = {**LABELS, "vendor_id": "vendor"}


@dataclass(frozen=True)
class FieldChange:
    """One field: what it was (None: the product was new) and what it became (None: the product was deleted).

    `derived` says why the row had that value without its cell saying so, "" where the cell says it.
    """

    field: str
    before: str | None
    after: str | None
    derived: str = ""


@dataclass(frozen=True)
class TimelineEntry:
    """A line of the timeline. `uploads` counts those that are folded into it, the oldest of them at `since`. `place` is
    where the row stands (catalog.rules.places), "" for what was no row.

    A row that was retried has an `attempt` above 1; `corrected` is what somebody changed in its cells for that, and
    `because` says what had happened where it was retried by itself.
    """

    at: datetime
    since: datetime
    kind: str
    words: str
    upload_id: str = ""
    place: str = ""
    changed_by: str = ""
    changes: tuple[FieldChange, ...] = ()
    uploads: int = 1
    attempt: int = 1
    corrected: tuple[FieldChange, ...] = ()
    record_id: str = ""
    file_name: str = ""
    because: str = ""
    absent: bool = False  # no row: its file, a whole catalog, lacked the product


@dataclass(frozen=True)
class Timeline:
    """A page of it; `older` is what to ask for as `before` on the next one, None on the last. `away`: what was derived
    can't be shown, since DynamoDB isn't reachable. `archived`: rows of uploads that ended long ago may be missing."""

    entries: tuple[TimelineEntry, ...]
    older: datetime | None
    away: bool = False
    archived: bool = False


def of(product_id: int, before: datetime | None = None) -> Timeline:
    """The newest lines of a product's timeline, or the newest of those before a moment. Eleven queries at most, and
    what `derived_values` needs for the newest rows that set something."""
    changes = _changes(product_id, before)
    records = _records(product_id, before)
    entries = _merged(records, changes, _sheets(records))
    if len(records) == READ:  # between the last of them and older changes there are rows that weren't read
        horizon = min(record.created_at for record in records)
        entries = [entry for entry in entries if entry.at >= horizon]
    lines = folded(sorted(entries, key=lambda entry: entry.at, reverse=True))
    shown = _page(lines)
    more = len(shown) < len(lines) or len(records) == READ
    told, away = _with_derived(_with_inserts(product_id, shown))
    older = shown[-1].since if shown and more else None
    return Timeline(_with_files(told), older, away, archived=_archived(product_id) and older is None)


def _archived(product_id: int) -> bool:
    """Whether rows of this product may have been deleted: its vendor's uploads since it is there are looked at
    (idx_upload_history_vendor)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM products p JOIN upload_history u USING (vendor_id)
                            WHERE p.product_id = %s AND u.archived_at IS NOT NULL AND u.completed_at >= p.created_at)
            """,
            [product_id],
        )
        return bool(cursor.fetchone()[0])


def _merged(
    records: list[RecordOutcome], changes: list[ProductChange], sheets: Mapping[str, str]
) -> list[TimelineEntry]:
    """A row that updated the product says what it changed; a change without such a row stands for itself."""
    updates = {(change.upload_id, change.record_id): change for change in changes if change.kind == Kind.UPDATED}
    corrections, reasons = _corrections(records), _reasons(records)
    entries, told = [], set()
    for record in records:
        change = updates.get((record.upload_id, record.record_id)) if record.outcome in SETS else None
        where = place(record.row_number, record.line_number, sheets.get(record.upload_id, ""))
        entry = _of_record(record, where, change, corrections.get(_key(record), {}))
        entries.append(replace(entry, because=reasons.get(_key(record), "")))
        told.add(change.pk if change else None)
    return entries + [_of_change(change) for change in changes if change.pk not in told]


def folded(entries: Iterable[TimelineEntry]) -> list[TimelineEntry]:
    """Entries newest first, those in a row that only confirmed the product as one."""
    lines: list[TimelineEntry] = []
    for entry in entries:
        if lines and lines[-1].kind == entry.kind == "unchanged" and not (_told_apart(lines[-1]) or _told_apart(entry)):
            lines[-1] = replace(lines[-1], since=entry.at, uploads=lines[-1].uploads + 1)
        else:
            lines.append(entry)
    return lines


def _told_apart(entry: TimelineEntry) -> bool:
    return bool(entry.corrected or entry.because)


def _page(lines: list[TimelineEntry]) -> list[TimelineEntry]:
    """The first PAGE lines, and what happened at the same moment as the last of them: pages are told apart by time."""
    page = lines[:PAGE]
    return page + list(takewhile(lambda line: line.at == page[-1].since, lines[PAGE:]))


# --- what the tables have --------------------------------------------------------------------------------------


def _records(product_id: int, before: datetime | None) -> list[RecordOutcome]:
    """Rows of uploads that touched the product, newest uploads first (idx_record_outcomes_product)."""
    rows = RecordOutcome.objects.filter(product_id=product_id).order_by("-upload_sequence", "-id")
    return list((rows.filter(created_at__lt=before) if before else rows)[:READ])


def _changes(product_id: int, before: datetime | None) -> list[ProductChange]:
    """What was changed, newest first (idx_product_changes_product); each is a line, so more aren't needed."""
    rows = ProductChange.objects.filter(product_id=product_id).select_related("changed_by")
    return list((rows.filter(created_at__lt=before) if before else rows)[: PAGE + 1])


def _sheets(records: list[RecordOutcome]) -> dict[str, str]:
    """The sheets that rows with a line are from, by upload; nothing for text."""
    uploads = {record.upload_id for record in records if record.line_number}
    if not uploads:
        return {}
    read = UploadHistory.objects.filter(pk__in=uploads).values_list("pk", "layout__sheet")
    return {upload_id: sheet for upload_id, sheet in read if sheet}


def _with_files(entries: Iterable[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    """Each with the name of its file; a record that came without one has none."""
    entries = tuple(entries)
    names = dict(
        UploadHistory.objects.filter(pk__in={entry.upload_id for entry in entries}, source=UploadHistory.Source.FILE)
        .order_by()
        .values_list("pk", "file_name")
    )
    return tuple(replace(entry, file_name=visible(names.get(entry.upload_id, ""))) for entry in entries)


def _key(row: RecordOutcome | Correction | SelfRetry | TimelineEntry) -> tuple[str, str, int]:
    return row.upload_id, row.record_id, row.attempt


def _corrections(records: list[RecordOutcome]) -> dict[tuple[str, str, int], dict[str, list[object]]]:
    """What was changed by hand in rows that were retried (corrections_key). Most products have none."""
    again = [record for record in records if record.attempt > 1]
    if not again:
        return {}
    rows = Correction.objects.filter(
        upload_id__in={record.upload_id for record in again}, record_id__in={record.record_id for record in again}
    )
    return {_key(row): row.changes for row in rows}


def _reasons(records: list[RecordOutcome]) -> dict[tuple[str, str, int], str]:
    """Why rows were retried by themselves (self_retries_key). Most products have none."""
    again = [record for record in records if record.attempt > 1]
    if not again:
        return {}
    rows = SelfRetry.objects.filter(
        upload_id__in={record.upload_id for record in again}, record_id__in={record.record_id for record in again}
    )
    return {_key(row): visible(row.why) for row in rows}


def _of_record(
    record: RecordOutcome, where: str, change: ProductChange | None, corrected: Mapping[str, list[object]]
) -> TimelineEntry:
    words = ABSENT.get(record.outcome) if record.is_absent else None
    return TimelineEntry(
        record.created_at,
        record.created_at,
        record.outcome,
        words or WORDS.get(record.outcome, record.outcome),
        record.upload_id,
        where if record.row_number else "",
        changes=_shown(change.changes) if change else (),
        attempt=record.attempt,
        corrected=tuple(
            FieldChange(visible(header), _text(old), _text(new)) for header, (old, new) in corrected.items()
        ),
        record_id=record.record_id,
        absent=record.is_absent,
    )


def _of_change(change: ProductChange) -> TimelineEntry:
    return TimelineEntry(
        change.created_at,
        change.created_at,
        change.kind,
        WORDS.get(change.kind, change.kind),
        change.upload_id,
        changed_by=change.changed_by.get_username() if change.changed_by else "",
        changes=_shown(change.changes),
    )


def _shown(changes: Mapping[str, list[object]]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(NAMES.get(field, field), _text(old), _text(new))
        for field, (old, new) in sorted(changes.items(), key=_rank)
    )


def _rank(item: tuple[str, object]) -> int:
    return FIELDS.index(item[0]) if item[0] in FIELDS else -1


def _text(value: object) -> str | None:
    return None if value is None else visible(str(value))


# --- what an insert set ----------------------------------------------------------------------------------------


def _with_inserts(product_id: int, entries: list[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    """The ledger doesn't keep what an insert set: it is what the later changes started from."""
    if not any(entry.kind == "inserted" for entry in entries):
        return tuple(entries)
    changes = _shown({field: [None, value] for field, value in _first_values(product_id).items()})
    return tuple(replace(entry, changes=changes) if entry.kind == "inserted" else entry for entry in entries)


def _first_values(product_id: int) -> dict[str, object]:
    """What the product was made with: as it stands, but for the fields that were changed, before the first change."""
    product = Product.objects.filter(pk=product_id).values(*FIELDS).first() or {}
    stored = {field: "" if value is None else value for field, value in product.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (c.field) c.field, c.pair ->> 0
              FROM product_changes p, jsonb_each(p.changes) AS c (field, pair)
             WHERE p.product_id = %s AND c.field = ANY (%s)
             ORDER BY c.field, p.id
            """,
            [product_id, list(FIELDS)],
        )
        return {**stored, **dict(cursor.fetchall())}


# --- what was derived ------------------------------------------------------------------------------------------


def _with_derived(entries: tuple[TimelineEntry, ...]) -> tuple[tuple[TimelineEntry, ...], bool]:
    """What rows set without their cells saying so is marked, and whether that couldn't be found out."""
    found = derived_values.of_attempts(
        [_key(entry) for entry in entries if entry.record_id and entry.changes and not entry.absent]
    )
    if not any(found.values.values()):
        return entries, found.away
    return tuple(_marked(entry, found.values.get(_key(entry), ())) for entry in entries), found.away


def _marked(entry: TimelineEntry, values: tuple[Derived, ...]) -> TimelineEntry:
    why = {NAMES[one.field]: one.why for one in values}
    changes = tuple(replace(change, derived=why.get(change.field, "")) for change in entry.changes)
    return replace(entry, changes=changes)
