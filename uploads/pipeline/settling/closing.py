"""Errors whose product came right in another way: a newer upload brought it, or staff changed it by hand.

An error is closed as long as something newer than its upload stands for its product: a row of a newer upload that was
right and is not undone, or an edit. `by_upload` and `by_hand` close what is open when that comes, `since` what comes
open when it is there already, and `without` opens what an undo leaves without it. A list that only changes prices or
stock closes the errors of such lists alone: it doesn't bring what a whole row wanted.

All in the caller's transaction and under the vendors' locks. Done again, it changes nothing.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.db import connection
from psycopg.sql import SQL, Composed, Identifier

from uploads.models import ValidationError
from uploads.pipeline.ledger import stands
from uploads.pipeline.settling.identity import BY_ID, BY_SKU
from uploads.pipeline.settling.settle import Settled, reopen, settle

Resolution = ValidationError.Resolution


def only_updates(upload: str) -> Composed:
    """That an upload, by its name in a query, can't bring products."""
    return SQL("coalesce({}.layout #>> '{{plan,mode}}' = 'update', false)").format(Identifier(upload))


class Touched(NamedTuple):
    """A product that a row of an upload inserted, updated or confirmed."""

    product_id: int
    upload_id: str
    sequence: int
    only_updates: bool


# Each step is a probe (products_pkey, idx_validation_errors_identity); the fences (OFFSET) keep the planner from
# reading all of a table while it is small, or new to it. Which errors are open is asked outside of the fences: inside,
# the indexes that hold no others would look cheap enough to be read from end to end.
_OF_PRODUCT: Final = SQL(
    """
    CROSS JOIN LATERAL (SELECT vendor_id, vendor_product_id, sku FROM products
                         WHERE product_id = k.product_id OFFSET 0) p
    CROSS JOIN LATERAL (SELECT error_id, upload_id, resolved_at FROM validation_errors
                         WHERE identity = p.vendor_id || ' id:' || p.vendor_product_id
                           AND identity <> '' AND severity = 'error'
                         UNION ALL
                        SELECT error_id, upload_id, resolved_at FROM validation_errors
                         WHERE identity = p.vendor_id || ' sku:' || p.sku
                           AND identity <> '' AND severity = 'error' OFFSET 0) e
    """
)
_BY_UPLOAD: Final = SQL(
    """
    SELECT e.error_id, k.upload_id AS closed_by
      FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::boolean[])
           AS k (product_id, upload_id, sequence, only_updates)
    {of_product}
      JOIN upload_history u ON u.upload_id = e.upload_id AND u.sequence < k.sequence
                           AND (NOT k.only_updates OR {old_one})
     WHERE e.resolved_at IS NULL
    """
).format(of_product=_OF_PRODUCT, old_one=only_updates("u"))
_BY_HAND: Final = SQL(
    "SELECT e.error_id, ''::text AS closed_by FROM (SELECT %s::int AS product_id) k {of_product}"
    " WHERE e.resolved_at IS NULL"
).format(of_product=_OF_PRODUCT)


def by_upload(touched: Sequence[Touched]) -> list[Settled]:
    """Close the open errors that older uploads have of these products: one probe where none of them has any."""
    if not touched or not _any_waiting(touched):
        return []
    return settle(_BY_UPLOAD, map(list, zip(*touched, strict=True)), Resolution.NEWER_UPLOAD)


def _any_waiting(touched: Sequence[Touched]) -> bool:
    """Whether any older upload of these vendors has rows that wait (idx_upload_history_waiting)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM unnest(%s::text[]) AS k (upload_id)
                            CROSS JOIN LATERAL (SELECT vendor_id, sequence FROM upload_history
                                                 WHERE upload_id = k.upload_id OFFSET 0) n
                             JOIN upload_history u ON u.vendor_id = n.vendor_id AND u.sequence < n.sequence
                                                  AND u.error_records > u.ignored_records + u.closed_records)
            """,
            [list({one.upload_id for one in touched})],
        )
        return bool(cursor.fetchone()[0])


def by_hand(product_id: int, user_id: int | None) -> list[Settled]:
    """Close the open errors of a product that somebody has just entered or changed."""
    return settle(_BY_HAND, [product_id], Resolution.BY_HAND, user_id)


# --- what stands for a product ---------------------------------------------------------------------------------

# Of an error `e` and its upload `u`: the newest upload since that stands for its product (n), and whether it was edited
# since (h). By products' keys, idx_record_outcomes_product and idx_product_changes_product.
_SINCE: Final = SQL(
    """
    LEFT JOIN LATERAL (
         SELECT product_id FROM products
          WHERE e.identity = e.vendor_id || ' id:' || substr(e.identity, length(e.vendor_id) + 5)
            AND vendor_id = e.vendor_id AND vendor_product_id = substr(e.identity, length(e.vendor_id) + 5)
         UNION ALL
         SELECT product_id FROM products
          WHERE e.identity = e.vendor_id || ' sku:' || substr(e.identity, length(e.vendor_id) + 6)
            AND vendor_id = e.vendor_id AND sku = substr(e.identity, length(e.vendor_id) + 6)) p ON true
    LEFT JOIN LATERAL (
         SELECT o.upload_id FROM record_outcomes o
          WHERE o.product_id = p.product_id AND o.upload_sequence > u.sequence AND {stands}
            AND ({old_one} OR NOT (SELECT {newer_one} FROM upload_history w WHERE w.upload_id = o.upload_id))
          ORDER BY o.upload_sequence DESC LIMIT 1) n ON true
    LEFT JOIN LATERAL (
         SELECT true AS edited FROM product_changes c
          WHERE c.product_id = p.product_id AND c.kind IN ('edited', 'created') AND c.created_at > e.created_at
          LIMIT 1) h ON true
    """
).format(stands=stands("o"), old_one=only_updates("u"), newer_one=only_updates("w"))
_OF_ROWS: Final = SQL(
    """
    SELECT e.error_id, coalesce(n.upload_id, '') AS closed_by
      FROM unnest(%s::text[], %s::int[], %s::text[]) AS k (upload_id, row_number, record_id)
     CROSS JOIN LATERAL (SELECT * FROM validation_errors
                          WHERE upload_id = k.upload_id AND row_number = k.row_number AND record_id = k.record_id
                            AND severity = 'error' OFFSET 0) e
      JOIN upload_history u ON u.upload_id = e.upload_id
    {since}
     WHERE e.resolved_at IS NULL AND e.identity <> '' AND {which}
    """
)
_NEWER: Final = _OF_ROWS.format(since=_SINCE, which=SQL("n.upload_id IS NOT NULL"))
_EDITED: Final = _OF_ROWS.format(since=_SINCE, which=SQL("h.edited"))


def since(rows: Sequence[tuple[str, int, str]]) -> list[Settled]:
    """Close the open errors of these rows, (upload, row, record), for whose product a newer upload stands already."""
    if not rows:
        return []
    return settle(_NEWER, map(list, zip(*rows, strict=True)), Resolution.NEWER_UPLOAD)


def since_edited(rows: Sequence[tuple[str, int, str]]) -> list[Settled]:
    """The same of products that were changed by hand since the errors were found."""
    if not rows:
        return []
    return settle(_EDITED, map(list, zip(*rows, strict=True)), Resolution.BY_HAND)


# --- an undo ---------------------------------------------------------------------------------------------------

_CLOSED: Final = SQL(
    """
    SELECT e.error_id, e.identity, e.upload_id, e.row_number, e.record_id, n.upload_id AS newer, h.edited IS TRUE
      FROM (SELECT * FROM validation_errors
             WHERE closed_by = %s AND closed_by <> '' AND severity = 'error' AND {which}) e
      JOIN upload_history u ON u.upload_id = e.upload_id
    {since}
     ORDER BY e.identity, e.error_id
    """
)
_THEIRS: Final = _CLOSED.format(since=_SINCE, which=SQL("identity = ANY (%s)"))
_NEXT: Final = _CLOSED.format(
    since=_SINCE, which=SQL("(identity, error_id) > (%s, %s) ORDER BY identity, error_id LIMIT %s")
)
_ROWS: Final = SQL(
    """
    SELECT e.error_id, e.closed_by
      FROM unnest(%s::text[], %s::int[], %s::text[]) AS k (upload_id, row_number, record_id)
     CROSS JOIN LATERAL (SELECT * FROM validation_errors
                          WHERE upload_id = k.upload_id AND row_number = k.row_number AND record_id = k.record_id
                            AND severity = 'error' OFFSET 0) e
     WHERE e.resolution = 'newer_upload' AND e.closed_by = %s
    """
)
Place = tuple[str, int]  # identity and error
BEGINNING: Final[Place] = "", 0


def without(upload_id: str, products: Sequence[tuple[str, str, str]]) -> int:
    """Open the errors again that an upload closed which is being undone, of these products, (vendor, ID, SKU), that
    were taken back just now; returns how many rows. Where something else that is newer stands for a product, its errors
    stay closed, and say so.
    """
    identities = [vendor + one for vendor, key, sku in products for one in (BY_ID + key, BY_SKU + sku)]
    return _opened(upload_id, _THEIRS, [upload_id, identities])[0]


def without_rest(upload_id: str, after: Place, most: int) -> tuple[int, Place | None]:
    """The same of what it closed by confirming products, `most` errors from a place on, once all else is taken back;
    returns how many rows, and where to go on, None at the end.
    """
    return _opened(upload_id, _NEXT, [upload_id, *after, most])


def _opened(upload_id: str, query: Composed, values: Sequence[Any]) -> tuple[int, Place | None]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        found = cursor.fetchall()
        others = [(one[0], one[5] or "") for one in found if one[5] not in (None, upload_id) or (one[6] and not one[5])]
        if others:
            cursor.execute(
                """
                UPDATE validation_errors e
                   SET closed_by = k.newer, resolution = CASE k.newer WHEN '' THEN 'by_hand' ELSE resolution END
                  FROM unnest(%s::int[], %s::text[]) AS k (error_id, newer)
                 WHERE e.error_id = k.error_id AND e.severity = 'error'
                """,
                [*map(list, zip(*others, strict=True))],
            )
    left = {(upload, row, record) for _, _, upload, row, record, newer, edited in found if not newer and not edited}
    opened = reopen(_ROWS, [*map(list, zip(*left, strict=True)), upload_id], Resolution.NEWER_UPLOAD) if left else []
    return sum(one.rows for one in opened), (found[-1][1], found[-1][0]) if found else None
