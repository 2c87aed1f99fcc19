"""What the guard asks of the catalog and of earlier files, beside the trial: whether a check is needed at all, which
generation the vendor's catalog is in, and what a file is compared with.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db import connection

from catalog.models import Product
from uploads.feed.parser import Layout
from uploads.models import CatalogGeneration, UploadHistory
from uploads.pipeline.guard.measured import Measured
from uploads.pipeline.guard.thresholds import BY_CATEGORY, Threshold

# Uploads of the vendor, among which the last files of the same sort are looked for: who sends its stock every quarter
# of an hour sends its full list some hundred files later, and a program may open one for each record.
NEWEST: Final = 5_000
LAST: Final = 3  # of these the smallest counts: who also sends short lists isn't held for each of them
REPLACE: Final = "replace"  # the mode of a file that is the vendor's whole catalog


def needed(vendor_id: str, lines: int, layout: Layout, mode: str, counting: Sequence[Threshold], *, seen: bool) -> bool:
    """Whether any threshold could be met by a file of at most so many `lines`. What a vendor has no products for,
    neither in the catalog nor on their way, can harm none.

    `seen`: a person looked at its preview, and knows how many rows it has.
    """
    by_kind: dict[str, int] = {}
    for one in counting:
        if one.is_on:
            by_kind[one.kind] = min(one.minimum, by_kind.get(one.kind, one.minimum))
    of_rows = [minimum for kind, minimum in by_kind.items() if kind in BY_CATEGORY or kind == "errors"]
    possible = any(lines >= minimum for minimum in of_rows)
    possible = possible or ("retired" in by_kind and retires(layout, mode))
    if not possible and "fewer_rows" in by_kind and compares_rows(mode, seen=seen):
        possible = (last_rows(vendor_id, layout, mode) or 0) >= max(by_kind["fewer_rows"], 1)
    return possible and _has_products(vendor_id)


def retires(layout: Layout, mode: str) -> bool:
    """Whether the file can retire products: by rows that say so, or as the whole catalog."""
    return mode == REPLACE or "action" in layout.mapping.fields


def compares_rows(mode: str, *, seen: bool) -> bool:
    """Whether it matters that a file has fewer rows than the last one: a whole catalog then retires products, and a
    program's list may have been cut off. A person who sends ten rows by hand means these ten."""
    return mode == REPLACE or not seen


def completed(measured: Measured, vendor_id: str, layout: Layout, mode: str, *, seen: bool) -> Measured:
    """What the trial counted, with what it is compared with."""
    last = last_rows(vendor_id, layout, mode) if compares_rows(mode, seen=seen) else None
    if not retires(layout, mode):
        return replace(measured, last_rows=last)
    active = active_products(vendor_id)
    return replace(measured, last_rows=last, active=active)


def generation(vendor_id: str) -> int:
    """That of the vendor's catalog: another one than before means that something in it was changed."""
    return CatalogGeneration.objects.filter(pk=vendor_id).values_list("generation", flat=True).first() or 0


def active_products(vendor_id: str) -> int:
    """By idx_products_vendor."""
    return Product.objects.filter(vendor=vendor_id, status=Product.Status.ACTIVE).count()


def _has_products(vendor_id: str) -> bool:
    if Product.objects.filter(vendor=vendor_id).exists():
        return True
    return UploadHistory.objects.filter(vendor=vendor_id, status=UploadHistory.Status.PROCESSING).exists()


def last_rows(vendor_id: str, layout: Layout, mode: str) -> int | None:
    """How many rows the vendor's last files with these columns in this mode had, the smallest one; None for none."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [vendor_id, NEWEST, mode, json.dumps(list(layout.headers)), LAST])
        (rows,) = cursor.fetchone()
        return None if rows is None else int(rows)


# By idx_upload_history_vendor, down to the third that fits: what is large is looked at last.
_LAST = """
SELECT min(file_rows)
  FROM (SELECT file_rows
          FROM (SELECT file_rows, created_at, source, status, mode, layout, undone_at FROM upload_history
                 WHERE vendor_id = %s ORDER BY created_at DESC LIMIT %s) newest
         WHERE source = 'file' AND status = 'completed' AND mode = %s AND undone_at IS NULL AND file_rows > 0
           AND layout -> 'headers' = %s::jsonb
         ORDER BY created_at DESC LIMIT %s) last
"""
