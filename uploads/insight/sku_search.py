"""Where a product is that a vendor looks for by SKU or by its own product ID: every step of its way, newest first.

Nothing is scanned. The product comes from the catalog's unique keys, its steps from timeline.py. A row that failed is
in no ledger by its SKU: it is looked for in the vendor's newest NEWEST problems (idx_validation_errors_vendor) and, at
whatever age, where the SKU or the ID itself is what is wrong and still open (idx_validation_errors_value). No index
over the rows as they came serves this, for each error would pay for it, and files name their columns as they like.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.timezone import localtime
from psycopg.sql import SQL

from catalog.models import Product
from catalog.rules import cells
from catalog.rules.places import place
from catalog.rules.problems import Code
from config.web.text import visible
from uploads.feed.aliases import ALIASES
from uploads.feed.parser import Layout
from uploads.insight import timeline
from uploads.insight.timeline import TimelineEntry
from uploads.models import UploadHistory, ValidationError

NEWEST = 20_000
SHOWN = 100
PRODUCTS = 3  # a SKU and an ID in different spellings may be several products
LAYOUTS = 200
LEFT_ALONE = 3
KEYS = ("sku", "vendor_product_id")
IN_CATALOG = ("inserted", "updated", "retired", "unchanged")
CLASHES = (Code.SKU_TAKEN, Code.DUPLICATE_IN_FILE)  # the row is about another product than the one that has the SKU


@dataclass(frozen=True)
class FoundStep:
    """One thing that happened, in plain words. `upload_id` and `code` lead to the errors of the upload, if any."""

    at: datetime
    words: str
    file_name: str = ""
    upload_id: str = ""
    place: str = ""
    changes: tuple[timeline.FieldChange, ...] = ()
    corrected: tuple[timeline.FieldChange, ...] = ()
    code: str = ""
    suggestion: str = ""
    bad: bool = False


@dataclass(frozen=True)
class Found:
    """What is known of what was typed. `horizon`: failed rows older than this were not looked at; None if all were.

    `left_alone`: the newest uploads, with their files' names, that left rows alone as they were to add or to update
    only. The ledger doesn't know what was in such rows. `archived`: rows of files that ended long ago may be missing.
    """

    products: tuple[Product, ...]
    steps: tuple[FoundStep, ...]
    taken: bool
    horizon: datetime | None
    left_alone: tuple[tuple[UploadHistory, str], ...]
    archived: bool


def find(vendor_id: str, typed: str) -> Found:
    """All that the vendor may know about a SKU or product ID. A dozen queries at most."""
    sku, product_id = (cells.identifier(typed, key) for key in KEYS)
    keys = list(dict.fromkeys(word for one in (typed, sku, product_id) for word in (one, one.upper(), one.lower())))
    own = Product.objects.filter(vendor_id=vendor_id)
    products = list({p.pk: p for p in [*own.filter(sku__in=keys), *own.filter(vendor_product_id__in=keys)]}.values())
    products = products[:PRODUCTS]
    timelines = [timeline.of(product.pk) for product in products]
    entries = [entry for one in timelines for entry in one.entries]
    failed, horizon = _failed_rows(vendor_id, typed)
    uploads = _uploads(vendor_id, {entry.upload_id for entry in entries} | {row.upload_id for row in failed})
    names = {key: visible(upload.file_name) for key, upload in uploads.items()}
    undone = {key for key, upload in uploads.items() if upload.undone_at}
    there = [entry for entry in entries if entry.kind in IN_CATALOG and not entry.absent
             and entry.upload_id not in undone]  # fmt: skip
    arrived = max(there, key=lambda entry: entry.at, default=None)
    steps = [_of_entry(entry, names) for entry in entries] + [_of_problem(row, uploads, arrived) for row in failed]
    steps.sort(key=lambda step: step.at, reverse=True)
    mine = any(product.sku == sku for product in products)
    taken = not mine and Product.objects.filter(sku=sku).exclude(vendor_id=vendor_id).exists()
    return Found(tuple(products), tuple(steps[:SHOWN]), taken, horizon, _left_alone(vendor_id),
                 archived=any(one.archived for one in timelines))  # fmt: skip


def _left_alone(vendor_id: str) -> tuple[tuple[UploadHistory, str], ...]:
    newest = UploadHistory.objects.filter(vendor_id=vendor_id).order_by("-created_at")[:LAYOUTS]
    return tuple((upload, visible(upload.file_name)) for upload in newest if upload.skipped_records)[:LEFT_ALONE]


# --- what the catalog and the ledger know ----------------------------------------------------------------------

WORDS = {
    "inserted": "Read and put into the catalog as a new product.",
    "updated": "Read, and the product in the catalog changed.",
    "retired": "Read, and the product was retired, as the row asks: others don't see it any more.",
    "unchanged": "Read; the product in the catalog was the same already.",
    "superseded": "Read, but a newer upload had changed the product before, and that stays.",
    "error": "Read, with errors.",
    "cancelled": "Not checked: the upload was cancelled first.",
    "edited": "Changed by our staff.",
    "created": "Put into the catalog by our staff.",
    "deleted": "Taken out of the catalog by our staff.",
    "undone": "Taken back, because the upload was undone.",
}
ABSENT = {
    "retired": "The file was to be your whole catalog and didn't have the product, so it was retired.",
    "updated": "The file was to be your whole catalog and didn't have the product, so its stock was set to 0.",
}


def _of_entry(entry: TimelineEntry, names: dict[str, str]) -> FoundStep:
    words = (ABSENT if entry.absent else WORDS).get(entry.kind, entry.words)
    if entry.because:
        words = f"Retried by itself, since {entry.because}. {words}"
    elif entry.attempt > 1:
        words = f"Retried{' with a correction' if entry.corrected else ''}. {words}"
    if entry.uploads > 1:
        words += f" The same in {entry.uploads - 1:,} uploads before it."
    known = entry.upload_id if entry.upload_id in names else ""
    return FoundStep(entry.at, words, names.get(known, ""), known, entry.place, entry.changes, entry.corrected)


def _uploads(vendor_id: str, upload_ids: Iterable[str]) -> dict[str, UploadHistory]:
    uploads = UploadHistory.objects.filter(vendor_id=vendor_id).only("file_name", "undone_at", "layout")
    return uploads.in_bulk([one for one in upload_ids if one])


# --- rows that failed ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FoundProblem:
    """One problem of a row that has the SKU or product ID that was typed."""

    error_id: int
    upload_id: str
    row_number: int
    line_number: int | None
    code: str
    message: str
    suggestion: str
    at: datetime
    resolved_at: datetime | None
    resolution: str
    raw: str


_WHY_SETTLED: dict[str, str] = {
    ValidationError.Resolution.IGNORED: "The row is ignored",
    ValidationError.Resolution.NEWER_UPLOAD: "A newer file had it right",
    ValidationError.Resolution.BY_HAND: "The product was changed by hand since",
}


def _of_problem(row: FoundProblem, uploads: dict[str, UploadHistory], arrived: TimelineEntry | None) -> FoundStep:
    settled, upload = _settled(row, arrived), uploads.get(row.upload_id)
    where = place(row.row_number, row.line_number, upload.sheet if upload else "") if row.row_number else ""
    return FoundStep(
        row.at, f"Not taken: {visible(row.message)}{settled}", visible(upload.file_name) if upload else "",
        upload.pk if upload else "", where, code="" if settled else row.code, suggestion=visible(row.suggestion),
        bad=not settled,
    )  # fmt: skip


def _settled(row: FoundProblem, arrived: TimelineEntry | None) -> str:
    """Why there is nothing to correct any more, or "". An older upload can't overwrite what a newer one brought."""
    if row.resolved_at:
        return f" {_WHY_SETTLED.get(row.resolution, 'It was retried since')} ({_when(row.resolved_at)})."
    newer = arrived is not None and arrived.at > row.at and arrived.upload_id not in ("", row.upload_id)
    return " A newer file had it right." if newer and row.code not in CLASHES else ""


def _when(moment: datetime) -> str:
    return f"{localtime(moment):%Y-%m-%d %H:%M}"


def _failed_rows(vendor_id: str, typed: str) -> tuple[list[FoundProblem], datetime | None]:
    """Problems of rows with this SKU or ID, and how far back the newest ones reach; None when that is all there are."""
    wanted, headers = typed.lower(), _headers(vendor_id)
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_SQL, [vendor_id, NEWEST, _in_json(wanted), headers, _as_in_cells(wanted), wanted, SHOWN])
        rows = cursor.fetchall()
        cursor.execute(_BY_VALUE_SQL, [list(KEYS), typed[:200], vendor_id, SHOWN])
        rows += cursor.fetchall()
        cursor.execute(_HORIZON_SQL, [vendor_id, NEWEST])
        horizon = cursor.fetchone()
    found = {row[0]: FoundProblem(*row) for row in rows}
    whole = re.compile(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])")
    fits = [row for row in found.values() if not row.raw or whole.search(row.raw.lower())]
    return fits, horizon[0] if horizon else None


def _as_in_cells(key: str) -> list[str]:
    """The ways in which programs write a SKU or ID into a file, all of which validation reads as this one."""
    return [key, f'="{key}"', f"'{key}", f'"{key}"', f"{key}.0"]


def _in_json(text: str) -> str:
    """The text as it stands in a JSON document's own text."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _headers(vendor_id: str) -> list[str]:
    """The columns that had SKUs and product IDs in the vendor's newest files, and the well-known names."""
    layouts = UploadHistory.objects.filter(vendor_id=vendor_id, layout__isnull=False).order_by("-created_at")
    named = {name for key in KEYS for name in (key, *ALIASES[key])}
    for layout in layouts.values_list("layout", flat=True)[:LAYOUTS]:
        fields = Layout.from_json(layout or {}).mapping.fields
        named |= {fields[key] for key in KEYS if key in fields}
    return sorted(named)


_COLUMNS = SQL(
    "error_id, upload_id, row_number, line_number, error_type, error_message, suggestion, created_at, resolved_at,"
    " resolution"
)
# Rows that don't have the text at all are sorted out before their cells are taken apart.
_NEWEST_SQL = SQL(r"""
SELECT {columns}, CASE WHEN original_data - 'raw' = '{{}}' THEN original_data ->> 'raw' ELSE '' END
  FROM (SELECT {columns}, CASE jsonb_typeof(original_data) WHEN 'object' THEN original_data END AS original_data
          FROM validation_errors WHERE vendor_id = %s AND severity = 'error' ORDER BY created_at DESC LIMIT %s) e
 WHERE strpos(lower(original_data::text), %s) > 0
   AND (EXISTS (SELECT FROM jsonb_each_text(original_data) c
                 WHERE c.key = ANY (%s) AND lower(btrim(c.value, E' \t\n\r')) = ANY (%s))
        OR strpos(lower(original_data ->> 'raw'), %s) > 0)
 ORDER BY error_id DESC
 LIMIT %s
""").format(columns=_COLUMNS)
_BY_VALUE_SQL = SQL("""
SELECT {columns}, ''
  FROM validation_errors
 WHERE resolved_at IS NULL AND severity = 'error' AND field = ANY (%s) AND lower(wrong_value) = lower(%s)
   AND vendor_id = %s
 ORDER BY error_id DESC
 LIMIT %s
""").format(columns=_COLUMNS)
_HORIZON_SQL = SQL("""
SELECT created_at FROM validation_errors
 WHERE vendor_id = %s AND severity = 'error' ORDER BY created_at DESC OFFSET %s LIMIT 1
""")
