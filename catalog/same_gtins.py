"""GTINs that products of two vendors have: a list for staff, since nothing refuses them.

A GTIN is the same number with zeros in front, and vendors send it in 12, 13 or 14 digits; they are held together by all
of its 14. One question looks at LOOKED_AT products at most, in the order of these (idx_products_gtin_14, which needn't
look at the table), however many there are. A page that ends before it is full says from where to look on.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import connection

from catalog.rules.values.gtin import shortest

LOOKED_AT: Final = 20_000  # products with a GTIN, in one question
SHOWN: Final = 10  # products of one GTIN
COUNTED: Final = 1_000  # products of one GTIN; of more a page says "1,000 or more"

# The last GTIN of what was looked at may go on behind it: it is left to the next question, unless it is the only one.
_SHARED: Final = """
WITH seen AS MATERIALIZED (
         SELECT lpad(gtin, 14, '0') AS gtin FROM products
          WHERE gtin <> '' AND lpad(gtin, 14, '0') > lpad(%(after)s, 14, '0')
          ORDER BY lpad(gtin, 14, '0') LIMIT %(looked_at)s),
     ends AS (SELECT min(gtin) AS first, max(gtin) AS last, count(*) = %(looked_at)s AS goes_on FROM seen),
     whole AS (SELECT s.gtin FROM seen s, ends e WHERE NOT e.goes_on OR s.gtin < e.last OR e.first = e.last)
SELECT (SELECT max(gtin) FROM whole), (SELECT goes_on FROM ends), found.gtin, found.products, found.vendors
  FROM (SELECT 1) AS always
  LEFT JOIN (
         SELECT many.gtin, each.products, each.vendors
           FROM (SELECT gtin FROM whole GROUP BY gtin HAVING count(*) > 1 ORDER BY gtin) AS many
          CROSS JOIN LATERAL (
                 SELECT count(*) AS products, count(DISTINCT vendor_id) AS vendors
                   FROM (SELECT vendor_id FROM products
                          WHERE gtin <> '' AND lpad(gtin, 14, '0') = many.gtin LIMIT %(counted)s) AS few) AS each
          WHERE each.vendors > 1
          ORDER BY many.gtin LIMIT %(most)s) AS found ON true
 ORDER BY found.gtin
"""
_PRODUCTS: Final = """
SELECT g.gtin, p.product_id, p.product_name, p.sku, p.gtin, p.price, p.currency, p.stock_quantity, p.status,
       v.vendor_id, v.vendor_name, v.status
  FROM unnest(%s::text[]) AS g (gtin)
 CROSS JOIN LATERAL (SELECT * FROM (SELECT * FROM products
                                      WHERE gtin <> '' AND lpad(gtin, 14, '0') = g.gtin LIMIT %s) AS few
                      ORDER BY price, product_id LIMIT %s) AS p
  JOIN vendors v ON v.vendor_id = p.vendor_id
 ORDER BY g.gtin, p.price, p.product_id
"""


class Offered(NamedTuple):
    """A product that has a GTIN, as its vendor writes it, and whose it is."""

    product_id: int
    name: str
    sku: str
    gtin: str
    price: Decimal
    currency: str
    stock_quantity: int
    status: str
    vendor_id: str
    vendor_name: str
    vendor_status: str


class Shared(NamedTuple):
    """A GTIN of products of several vendors, in no more digits than it takes: how many have it (COUNTED: as many or
    more), and the cheapest of them."""

    gtin: str
    products: int
    vendors: int
    offered: Sequence[Offered]


class Portion(NamedTuple):
    """What was found, in the order of GTINs, and behind which one to look on; "" where there is no more."""

    found: Sequence[Shared]
    after: str = ""


def shared(most: int, after: str = "") -> Portion:
    """The first `most` behind a GTIN."""
    asked: dict[str, str | int] = {"after": after, "looked_at": LOOKED_AT, "counted": COUNTED, "most": most + 1}
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, asked)
        rows = cursor.fetchall()
        looked_to, goes_on = rows[0][:2]
        found = [tuple(row[2:]) for row in rows if row[2] is not None]
        if len(found) > most:
            found = found[:most]
            goes_on, looked_to = True, found[-1][0]
        cursor.execute(_PRODUCTS, [[gtin for gtin, *_ in found], COUNTED, SHOWN])
        offered: dict[str, list[Offered]] = defaultdict(list)
        for gtin, *product in cursor.fetchall():
            offered[gtin].append(Offered(*product))
    each = [Shared(shortest(gtin), products, vendors, offered[gtin]) for gtin, products, vendors in found]
    return Portion(each, looked_to if goes_on else "")
