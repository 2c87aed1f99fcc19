"""The views and the full-text search, over rows that plain SQL brought."""

from decimal import Decimal

import pytest

from tests.schema.plain_sql import VIEWS, Sql, one

# --- the views -------------------------------------------------------------------------------------------------


@pytest.fixture
def numbers(vendor_sql: Sql) -> Sql:
    """VEND001 with two products and three uploads, VEND002 with nothing, VEND003 suspended with a product."""
    vendor_sql.execute(
        """
        INSERT INTO vendors (vendor_id, vendor_name, email, status)
        VALUES ('VEND003', 'Casa', 'c@example.com', 'suspended');
        INSERT INTO product_categories (category_name, parent_category)
        VALUES ('Furniture', 'Home & Garden'), ('Books', NULL);
        INSERT INTO products
               (vendor_id, vendor_product_id, product_name, category, sku, price, stock_quantity, description)
        VALUES ('VEND001', 'P-1', 'Desk Lamp', 'Furniture', 'S-1', 24.90, 12, 'Bright light for reading'),
               ('VEND001', 'P-2', 'Novel', 'Books', 'S-2', 9.99, 0, NULL),
               ('VEND001', 'P-3', 'Odd', 'Unlisted', 'S-3', 1, 1, NULL),
               ('VEND003', 'P-1', 'Chair', 'Furniture', 'S-4', 5, 1, NULL);
        INSERT INTO upload_history
               (upload_id, vendor_id, file_name, file_rows, total_records, valid_records, error_records, status,
                created_at, completed_at)
        VALUES ('U-1', 'VEND001', 'a.csv', 3, 3, 2, 1, 'completed', '2026-01-01T10:00:00Z', '2026-01-01T10:00:30Z'),
               ('U-2', 'VEND001', 'b.csv', 4, 4, 1, 3, 'completed', '2026-01-02T10:00:00Z', '2026-01-02T11:00:00Z'),
               ('U-3', 'VEND001', 'c.csv', NULL, 0, 0, 0, 'processing', '2026-01-03T10:00:00Z', NULL),
               ('U-4', 'VEND003', 'd.csv', 2, 2, 2, 0, 'completed', '2025-12-31T10:00:00Z', '2025-12-31T10:00:01Z');
        """
    )
    return vendor_sql


def test_the_vendor_summary_counts_products_uploads_and_rows_each_once(numbers: Sql) -> None:
    summary = one(numbers, "SELECT * FROM vendor_summary WHERE vendor_id = 'VEND001'")
    assert (summary["vendor_name"], summary["email"], summary["status"]) == ("Northwind", "n@example.com", "active")
    assert (summary["total_products"], summary["total_uploads"]) == (3, 3)
    assert (summary["valid_records"], summary["error_records"]) == (3, 4)
    assert summary["error_rate"] == Decimal("57.14")
    assert summary["last_upload_at"].isoformat().startswith("2026-01-03")


def test_a_vendor_without_products_and_uploads_stands_in_the_summary_with_zeros_and_no_rate(numbers: Sql) -> None:
    summary = one(numbers, "SELECT * FROM vendor_summary WHERE vendor_id = 'VEND002'")
    assert [summary[name] for name in VIEWS["vendor_summary"][4:]] == [0, 0, 0, 0, None, None]


def test_a_vendor_without_errors_has_an_error_rate_of_zero(numbers: Sql) -> None:
    assert one(numbers, "SELECT error_rate FROM vendor_summary WHERE vendor_id = 'VEND003'") == {"error_rate": 0}


def test_the_summary_has_one_row_per_vendor_the_suspended_included(numbers: Sql) -> None:
    rows = numbers.execute("SELECT vendor_id FROM vendor_summary ORDER BY 1").fetchall()
    assert rows == [("VEND001",), ("VEND002",), ("VEND003",)]


def test_recent_uploads_are_newest_first_with_success_rate_and_duration(numbers: Sql) -> None:
    rows = numbers.execute(
        "SELECT upload_id, vendor_name, success_rate, extract(epoch FROM duration)::int FROM recent_uploads"
    ).fetchall()
    assert rows == [
        ("U-3", "Northwind", None, None),
        ("U-2", "Northwind", Decimal("25.00"), 3600),
        ("U-1", "Northwind", Decimal("66.67"), 30),
        ("U-4", "Casa", Decimal("100.00"), 1),
    ]


def test_recent_uploads_end_at_a_hundred(numbers: Sql) -> None:
    numbers.execute(
        "INSERT INTO upload_history (upload_id, vendor_id, file_name) SELECT n, 'VEND002', 'f' "
        "FROM generate_series(1, 120) n"
    )
    rows = numbers.execute("SELECT count(*), min(vendor_id), max(vendor_id) FROM recent_uploads").fetchone()
    assert rows == (100, "VEND002", "VEND002")


def test_the_catalog_shows_products_of_active_vendors_with_their_parent_category(numbers: Sql) -> None:
    rows = numbers.execute("SELECT sku, vendor_name, parent_category FROM product_catalog ORDER BY sku").fetchall()
    assert rows == [
        ("S-1", "Northwind", "Home & Garden"),
        ("S-2", "Northwind", None),
        ("S-3", "Northwind", None),
    ]


# --- full text -------------------------------------------------------------------------------------------------


def test_a_full_text_query_finds_name_and_description_through_the_index(numbers: Sql) -> None:
    query = (
        "SELECT sku FROM products WHERE to_tsvector('english', product_name || ' ' || coalesce(description, ''))"
        " @@ plainto_tsquery('english', '{}')"
    )
    assert numbers.execute(query.format("lamps")).fetchall() == [("S-1",)]
    assert numbers.execute(query.format("read")).fetchall() == [("S-1",)]
    assert numbers.execute(query.format("novels")).fetchall() == [("S-2",)]

    numbers.execute("SET LOCAL enable_seqscan = off")
    plan = "\n".join(row[0] for row in numbers.execute("EXPLAIN " + query.format("lamp")).fetchall())
    assert "idx_products_search" in plan
