"""One vendor in numbers, from the view `vendor_summary`; and how many of the products that it counts are retired.

Its model belongs to the uploads, which the vendors don't know: the view counts their tables. It is a public contract,
so it is read by its name here; so is the table `products`.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection


class Summary(NamedTuple):
    """`products` are the retired ones too. `error_rate` is in percent, None where no row was judged yet."""

    products: int
    uploads: int
    valid_records: int
    error_records: int
    error_rate: Decimal | None
    last_upload_at: datetime | None
    retired: int


def of(vendor_id: str) -> Summary:
    """The vendor's numbers; of the view, idx_products_vendor and idx_upload_history_vendor read what is its own;
    beside it idx_products_retired."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT total_products, total_uploads, valid_records, error_records, error_rate, last_upload_at,
                   (SELECT count(*) FROM products p WHERE p.vendor_id = s.vendor_id AND p.status = 'retired')
              FROM vendor_summary s
             WHERE vendor_id = %s
            """,
            [vendor_id],
        )
        row = cursor.fetchone()
    return Summary(*row) if row else Summary(0, 0, 0, 0, None, None, 0)


def retired(vendor_ids: Sequence[str]) -> dict[str, int]:
    """How many products are retired of each of these vendors that has any (idx_products_retired)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT vendor_id, count(*)
              FROM products
             WHERE status = 'retired' AND vendor_id = ANY (%s)
             GROUP BY vendor_id
            """,
            [list(vendor_ids)],
        )
        return dict(cursor.fetchall())
