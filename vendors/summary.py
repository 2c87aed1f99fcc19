"""One vendor in numbers, from the view `vendor_summary`.

Its model belongs to the uploads, which the vendors don't know: the view counts their tables. It is a public contract,
so it is read by its name here.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection


class Summary(NamedTuple):
    """`error_rate` is in percent, None where no row was judged yet."""

    products: int
    uploads: int
    valid_records: int
    error_records: int
    error_rate: Decimal | None
    last_upload_at: datetime | None


def of(vendor_id: str) -> Summary:
    """The vendor's numbers; of the view, idx_products_vendor and idx_upload_history_vendor read what is its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT total_products, total_uploads, valid_records, error_records, error_rate, last_upload_at
              FROM vendor_summary
             WHERE vendor_id = %s
            """,
            [vendor_id],
        )
        row = cursor.fetchone()
    return Summary(*row) if row else Summary(0, 0, 0, 0, None, None)
