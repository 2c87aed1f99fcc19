"""Which product is perhaps meant by an identifier that no product of the vendor has.

By exact probes of both unique keys for the ways in which such numbers are written otherwise, and for SKUs by those that
begin alike (idx_products_sku). At most MOST identifiers of a batch are looked for, so a file with nothing but unknown
ones costs hardly more than one of known ones.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import connection
from rapidfuzz import fuzz, process

MOST: Final = 25  # of a batch
MOST_ALIKE: Final = 20  # SKUs with the same beginning that are compared
_ALIKE_CHARS: Final = 3  # that a beginning has at least
_CLOSE_ENOUGH: Final = 85  # of 100

Asked = tuple[str, str, str]  # vendor ID, field, key

_SPELLED: Final = """
SELECT k.place, p.vendor_product_id, p.sku
  FROM unnest(%s::int[], %s::text[], %s::text[]) AS k (place, vendor_id, key)
 CROSS JOIN LATERAL (SELECT vendor_product_id, sku FROM products
                      WHERE vendor_id = k.vendor_id AND vendor_product_id = k.key
                      UNION ALL
                     SELECT vendor_product_id, sku FROM products WHERE sku = k.key AND vendor_id = k.vendor_id) AS p
 ORDER BY k.place
"""
_ALIKE: Final = """
SELECT k.place, p.sku
  FROM unnest(%s::int[], %s::text[], %s::text[]) AS k (place, vendor_id, beginning)
 CROSS JOIN LATERAL (SELECT sku FROM (SELECT sku, vendor_id FROM products
                                       WHERE sku ~>=~ k.beginning ORDER BY sku USING ~<~ LIMIT %s) AS alike
                      WHERE vendor_id = k.vendor_id AND starts_with(sku, k.beginning)) AS p
"""


def found(asked: Sequence[Asked]) -> dict[tuple[str, str], str]:
    """(vendor ID, key) → an identifier, of the same kind, of a product of this vendor, where there is one."""
    asked = asked[:MOST]
    near = _spelled(asked)
    return near | _alike([one for one in asked if one[1] == "sku" and (one[0], one[2]) not in near])


def _spelled(asked: Sequence[Asked]) -> dict[tuple[str, str], str]:
    wanted = [(place, vendor_id, key) for place, (vendor_id, _, key) in enumerate(asked) for key in _spellings(key)]
    near: dict[tuple[str, str], str] = {}
    for place, product_id, sku in _rows(_SPELLED, wanted):
        vendor_id, by, key = asked[place]
        near.setdefault((vendor_id, key), sku if by == "sku" else product_id)
    return near


def _spellings(key: str) -> Iterator[str]:
    """Other ways to write it, and itself: it may be the other one of product ID and SKU."""
    ways = [key, key.upper(), key.lower(), key.lstrip("0"), f"0{key}", f"00{key}"]
    ways += [key.replace("_", "-"), key.replace("-", "_"), key.replace("-", ""), key.replace(" ", "-")]
    return iter(way for way in dict.fromkeys(ways) if way and len(way) <= 100)


def _alike(asked: Sequence[Asked]) -> dict[tuple[str, str], str]:
    wanted = [
        (place, vendor_id, beginning)
        for place, (vendor_id, _, key) in enumerate(asked)
        if len(beginning := key[: max(_ALIKE_CHARS, len(key) - 2)]) >= _ALIKE_CHARS
    ]
    skus: dict[int, list[str]] = {}
    for place, sku in _rows(_ALIKE, wanted, MOST_ALIKE):
        skus.setdefault(place, []).append(sku)
    near = {}
    for place, could_be in skus.items():
        vendor_id, _, key = asked[place]
        if best := process.extractOne(key, could_be, scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH):
            near[vendor_id, key] = best[0]
    return near


def _rows(query: str, wanted: Sequence[tuple[int, str, str]], *more: int) -> list[Any]:
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(query, [*(list(column) for column in zip(*wanted, strict=True)), *more])
        found: list[Any] = cursor.fetchall()
        return found
