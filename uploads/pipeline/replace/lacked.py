"""Which of the vendor's products a whole catalog lacks.

Absent is what no row of the file is about: a row that is wrong, or came too late, protects its product all the same,
and so does one whose new product ID is wrong only since its SKU is the product's. What was added or changed since the
file came, by a newer file or by hand, is none of its business.
"""

from typing import Any, Final, NamedTuple

from django.db import connection
from psycopg.sql import SQL, Composed

from uploads.models import UploadHistory
from uploads.pipeline.settling.identity import BY_ID, BY_SKU
from vendors.models import Vendor


class Absent(NamedTuple):
    """A product that the file lacks."""

    product_id: int
    key: str  # the vendor's ID of it


# Along products_vendor_id_vendor_product_id_key, a probe of the ledger for each (idx_record_outcomes_product). Scalar
# subqueries, which are never made joins: a join would read all of the ledger for each slice. What else protects a
# product is asked of the few that the first probe leaves; the errors by what they are about
# (idx_validation_errors_identity), since an upload can have many. Its SKUs that are taken are read once for a slice
# (idx_validation_errors_kind, idx_validation_errors_settled).
_ABSENT = SQL(
    """
    SELECT p.product_id, p.vendor_product_id
      FROM products p
     WHERE p.vendor_id = %(vendor)s AND p.vendor_product_id > %(behind)s AND {of_interest}
       AND p.created_at <= %(since)s
       AND CASE WHEN (SELECT TRUE FROM record_outcomes o
                       WHERE o.product_id = p.product_id AND o.upload_sequence >= %(sequence)s LIMIT 1)
                THEN FALSE
                ELSE (SELECT TRUE FROM product_changes c
                       WHERE c.product_id = p.product_id AND c.kind IN ('edited', 'created')
                         AND c.created_at > %(since)s LIMIT 1) IS NULL
                 AND (SELECT TRUE FROM (SELECT upload_id FROM validation_errors
                                         WHERE identity IN (p.vendor_id || %(by_id)s || p.vendor_product_id,
                                                            p.vendor_id || %(by_sku)s || p.sku)
                                           AND identity <> '' AND severity = 'error' OFFSET 0) e
                       WHERE e.upload_id = %(upload)s LIMIT 1) IS NULL
                 AND p.sku NOT IN (SELECT btrim(wrong_value) FROM validation_errors
                                    WHERE upload_id = %(upload)s AND severity = 'error' AND error_type = 'sku_taken'
                                      AND resolved_at IS NULL
                                   UNION ALL
                                   SELECT btrim(wrong_value) FROM validation_errors
                                    WHERE upload_id = %(upload)s AND severity = 'error' AND error_type = 'sku_taken'
                                      AND resolution IN ('ignored', 'newer_upload', 'by_hand'))
                END
     ORDER BY p.vendor_product_id
     LIMIT %(most)s
    """
)
_COUNT: Final = SQL("SELECT count(*) FROM ({}) AS lacked")
_OF_INTEREST: Final[dict[str, Composed]] = {
    Vendor.Absent.RETIRED: SQL("p.status = {}").format("active"),
    Vendor.Absent.ZERO_STOCK: SQL("p.status = {} AND p.stock_quantity > 0").format("active"),
}


def products(upload: UploadHistory, most: int) -> list[Absent]:
    """The vendor's products that its file lacks, by their IDs, those behind the place that the step came to."""
    with connection.cursor() as cursor:
        cursor.execute(query(upload.absent_to), given(upload, most))
        return [Absent(*row) for row in cursor.fetchall()]


def count(upload: UploadHistory, absent_to: str, most: int) -> int:
    """How many there are of interest where what is absent is treated so, up to `most`: by a pass over all products."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(query(absent_to)), given(upload, most))
        return int(cursor.fetchone()[0])


def query(absent_to: str) -> Composed:
    return _ABSENT.format(of_interest=_OF_INTEREST[absent_to])


def given(upload: UploadHistory, most: int) -> dict[str, Any]:
    """Its parameters."""
    return {
        "vendor": upload.vendor_id, "behind": upload.absent_position, "since": upload.created_at,
        "sequence": upload.sequence, "upload": upload.pk, "most": most, "by_id": BY_ID, "by_sku": BY_SKU,
    }  # fmt: skip
