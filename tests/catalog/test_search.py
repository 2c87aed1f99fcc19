"""Finding products by what is typed: by which indexes."""

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from catalog.models import Product, ProductCatalog
from catalog.search import search
from vendors.models import Vendor

# Enough for PostgreSQL to prefer an index by itself, without being told to read no table from end to end.
MANY = """
    INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, price, stock_quantity, brand)
    SELECT %s, 'P-' || n, 'Lamp ' || n, 'Furniture', 'LAMP-' || lpad(n::text, 5, '0'), 24.90, 12, 'Lumen'
      FROM generate_series(1, 5000) n
"""


@pytest.fixture
def many(vendor: Vendor) -> None:
    """5,000 products, LAMP-00001 to LAMP-05000, of which PostgreSQL has taken stock."""
    with connection.cursor() as cursor:
        cursor.execute(MANY, [vendor.pk])
        cursor.execute("ANALYZE products")


@pytest.mark.parametrize("model", [Product, ProductCatalog])
def test_the_start_of_a_sku_is_looked_up_in_its_index_in_small_letters_too(
    many: None, model: type[models.Model]
) -> None:
    with CaptureQueriesContext(connection) as captured:
        found = search(model._default_manager.all(), "lamp-0123")
        assert sorted(found.values_list("sku", flat=True)) == [f"LAMP-0123{digit}" for digit in range(10)]

    by_start = [query["sql"] for query in captured if "LIKE" in query["sql"]]
    assert len(by_start) == 1
    plan = _plan(by_start[0])
    assert plan.count("Bitmap Index Scan on idx_products_sku") == 2, plan  # as it was typed, and in capitals
    assert "Seq Scan" not in plan, plan


def _plan(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())
