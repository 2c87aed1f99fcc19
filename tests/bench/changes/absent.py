"""A whole catalog's absent products, found in slices among fifty times as many products as the bench has rows.

By default 1,000,000: one of a hundred is absent, ten of a hundred have a wrong row, which protects them, and the ledger
has an outcome for all others. Measured is the question alone, over all slices: what is done to what it finds is a
commit as any other's. The rows are written by plain SQL: none of what is asked depends on how they came.
"""

from pathlib import Path
from typing import Any

from django.db import connection

from tests.bench import feeds
from tests.bench.measure import Contender, Figure, Pace, Target, figure, in_turns, same, say
from tests.bench.services import fresh_database, settle_database
from uploads.models import UploadHistory
from uploads.pipeline.replace import absent, lacked

GROUP = "Whole catalog"
PRODUCTS_A_ROW = 50
ABSENT_EACH, WRONG_EACH = 100, 10
UPLOAD = "BENCH-WHOLE-CATALOG"
INDEX = "idx_products_search"  # isn't asked here, and takes longer to fill than all else


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    products = rows * PRODUCTS_A_ROW
    fresh_database()
    upload, index = _filled(products)
    say(plan(upload))
    pace = Pace(pace.rounds or 3, warm_up=False)
    expected = products // ABSENT_EACH

    def run() -> int:
        upload.absent_position = ""
        same("absent products", _found(upload), expected)
        return expected

    [runs] = in_turns([Contender(f"absent of {products:,}", run)], pace)
    fresh_database()
    with connection.cursor() as cursor:
        cursor.execute(index)
    return [
        figure(
            GROUP, f"{expected:,} absent of {products:,} products, found in slices of {absent.SLICE_PRODUCTS}", "s",
            [one.seconds for one in runs], target=Target(most=10),
        )
    ]  # fmt: skip


def _found(upload: UploadHistory) -> int:
    """How many are found, a slice behind the other."""
    count = 0
    while found := lacked.products(upload, absent.SLICE_PRODUCTS):
        count, upload.absent_position = count + len(found), found[-1].key
        if len(found) < absent.SLICE_PRODUCTS:
            break
    return count


def plan(upload: UploadHistory) -> str:
    """How PostgreSQL goes about a slice in the middle."""
    with connection.cursor() as cursor:
        asked = lacked.query(upload.absent_to).as_string()
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {asked}", lacked.given(upload, absent.SLICE_PRODUCTS))
        return "\n".join(row[0] for row in cursor.fetchall())


def _filled(products: int) -> tuple[UploadHistory, str]:
    """The upload, and what makes the index again that is missing then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [INDEX])
        (definition,) = cursor.fetchone()
        cursor.execute(f"DROP INDEX {INDEX}")
        say(f"  {products:,} products, their outcomes and errors are written …")
        given: dict[str, Any] = {"vendor": feeds.VENDOR, "products": products, "upload": UPLOAD, "absent": ABSENT_EACH,
                 "wrong": WRONG_EACH}  # fmt: skip
        cursor.execute(_PRODUCTS, given)
        cursor.execute(_UPLOAD, given)
        upload = UploadHistory.objects.get(pk=UPLOAD)
        of_upload: dict[str, Any] = {**given, "sequence": upload.sequence}
        cursor.execute(_OUTCOMES, of_upload)
        cursor.execute(_ERRORS, of_upload)
    settle_database()
    return upload, definition


_PRODUCTS = """
INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, description, price, stock_quantity)
SELECT %(vendor)s, 'P-' || lpad(n::text, 9, '0'), 'Product ' || n, 'Books', 'SKU-' || lpad(n::text, 9, '0'),
       'A product as there are many, with a description of a usual length; number ' || n, 9.99, n %% 100
  FROM generate_series(1, %(products)s) AS n
"""
_UPLOAD = """
INSERT INTO upload_history (upload_id, vendor_id, file_name, status, source, mode, file_rows, absent_state, absent_to)
VALUES (%(upload)s, %(vendor)s, 'whole.csv', 'processing', 'file', 'replace', %(products)s, 'due', 'retired')
"""
_OUTCOMES = """
INSERT INTO record_outcomes (upload_id, record_id, upload_sequence, vendor_id, row_number, outcome, product_id,
                             written_back_at)
SELECT %(upload)s, 'ROW_' || lpad(product_id::text, 10, '0'), %(sequence)s, vendor_id, product_id,
       CASE WHEN substr(vendor_product_id, 3)::int %% %(wrong)s = 5 THEN 'error' ELSE 'updated' END,
       CASE WHEN substr(vendor_product_id, 3)::int %% %(wrong)s = 5 THEN NULL ELSE product_id END, now()
  FROM products
 WHERE substr(vendor_product_id, 3)::int %% %(absent)s <> 0
"""
_ERRORS = """
INSERT INTO validation_errors (upload_id, vendor_id, record_id, row_number, severity, error_type, error_message,
                               original_data, field, identity)
SELECT %(upload)s, vendor_id, 'ROW_' || lpad(product_id::text, 10, '0'), product_id, 'error', 'invalid_price',
       'Wrong.', '{}', 'price', vendor_id || ' id:' || vendor_product_id
  FROM products
 WHERE substr(vendor_product_id, 3)::int %% %(wrong)s = 5
"""
