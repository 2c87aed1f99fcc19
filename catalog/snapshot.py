"""The products that somebody is about to change or to clash with, as they stand: read here, and never written."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from django.db import connection
from psycopg.sql import SQL, Identifier

from catalog.rules.validator import ProductDraft


class Origin(NamedTuple):
    """The newest upload that touched a product, and its row and line, or 0; no `is_row` where no row is about it."""

    sequence: int
    row_number: int
    line: int = 0
    is_row: bool = True


@dataclass(slots=True)
class Entry:
    """A product as it stands, or as it will stand after the batch; `stored` is what the table has of it. `product_id`
    is None until it is drawn."""

    product_id: int | None
    vendor_id: str
    values: ProductDraft
    origin: Origin | None = None
    stored: ProductDraft | None = None
    dirty: bool = False


@dataclass(slots=True)
class Snapshot:
    """The products that a batch can touch or clash with, by both of their unique keys; and for identifiers that no
    product of the vendor has, one that is perhaps meant."""

    by_key: dict[tuple[str, str], Entry] = field(default_factory=dict)
    by_sku: dict[str, Entry] = field(default_factory=dict)
    near: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        self.by_key[entry.vendor_id, entry.values.vendor_product_id] = entry
        self.by_sku[entry.values.sku] = entry


# (product IDs, sequence) → which upload from that sequence on was the last to touch each, where one did: what an older
# one did stands in nobody's way.
Origins = Callable[[list[int], int], Mapping[int, Origin]]

# The table's columns in the order of ProductDraft, behind whose product it is.
COLUMNS: Final = SQL(", ").join(map(Identifier, ("product_id", "vendor_id", *ProductDraft._fields)))
_ID: Final = SQL("product_id")

# By products_vendor_id_vendor_product_id_key and products_sku_key, a probe a key: without OFFSET the planner would
# rather read the whole table for a thousand keys, as long as it is small, and that takes longer with each page.
_OF_KEYS: Final = SQL(
    """
SELECT {0} FROM unnest(%s::text[], %s::text[]) AS k (vendor, key)
 CROSS JOIN LATERAL (SELECT {0} FROM products WHERE vendor_id = k.vendor AND vendor_product_id = k.key OFFSET 0) AS p
    """
)
_OF_SKUS: Final = SQL(
    """
SELECT {0} FROM unnest(%s::text[]) AS s (wanted)
 CROSS JOIN LATERAL (SELECT {0} FROM products WHERE sku = s.wanted OFFSET 0) AS p
    """
)
_BY_KEY: Final = _OF_KEYS.format(COLUMNS)
_BY_SKU: Final = _OF_SKUS.format(COLUMNS)
# Most products have both: each is read once.
_BY_EITHER: Final = SQL("SELECT {} FROM products WHERE product_id = ANY (ARRAY({} UNION {}))").format(
    COLUMNS, _OF_KEYS.format(_ID), _OF_SKUS.format(_ID)
)


def read(keys: Collection[tuple[str, str]], skus: Collection[str]) -> list[Entry]:
    """The products with these (vendor, product ID) or SKUs, each once; where all are of one kind, which they are in
    lists that only change products, without looking for the products that both would find."""
    named: list[list[str]] = [[vendor for vendor, _ in keys], [key for _, key in keys], [*skus]]
    with connection.cursor() as cursor:
        if keys and skus:
            cursor.execute(_BY_EITHER, named)
        elif keys:
            cursor.execute(_BY_KEY, named[:2])
        else:
            cursor.execute(_BY_SKU, named[2:])
        return [_stored(row) for row in cursor.fetchall()]


def _stored(row: Sequence[Any]) -> Entry:
    # An empty cell and a missing value are the same to a feed; the table holds NULL for both.
    values = ProductDraft._make(["" if value is None else value for value in row[2:]])
    return Entry(row[0], row[1], values, stored=values)


_HELD = SQL("SELECT {} FROM products WHERE product_id = ANY (%s) ORDER BY product_id FOR UPDATE").format(COLUMNS)


def stored(product_ids: Sequence[int]) -> list[Entry]:
    """These products as they stand, held for the rest of the transaction; those that are gone are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(product_ids)])
        return [_stored(row) for row in cursor.fetchall()]


def holders(skus: Sequence[str]) -> dict[str, int]:
    """Which product has each of these SKUs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku, product_id FROM products WHERE sku = ANY (%s)", [list(skus)])
        return dict(cursor.fetchall())
