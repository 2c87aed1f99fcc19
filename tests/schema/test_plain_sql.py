"""The tables as people meet them from psql: what an INSERT needs, what is refused, and when updated_at moves."""

import os
import subprocess

import psycopg
import pytest
from psycopg import errors

from config.embedded import postgres
from tests.schema.plain_sql import (
    PRODUCT,
    UPLOAD,
    VENDOR,
    Sql,
    libpq,
    one,
    refused,
)

# --- plain inserts ---------------------------------------------------------------------------------------------


def test_a_vendor_needs_only_its_id_name_and_email(vendor_sql: Sql) -> None:
    vendor = one(vendor_sql, "SELECT * FROM vendors WHERE vendor_id = 'VEND001'")
    assert (vendor["country"], vendor["status"], vendor["currency"]) == ("USA", "active", "USD")
    assert vendor["created_at"] is not None
    assert vendor["updated_at"] is not None


def test_a_product_needs_only_its_seven_business_columns(vendor_sql: Sql) -> None:
    vendor_sql.execute(PRODUCT)
    vendor_sql.execute(PRODUCT.replace("'P-1'", "'P-2'").replace("LAMP-1", "LAMP-2"))
    first, second = vendor_sql.execute("SELECT product_id, description, created_at FROM products ORDER BY 1").fetchall()
    assert second[0] > first[0]
    assert first[1] is None
    assert first[2] is not None


def test_a_product_that_names_no_currency_gets_its_vendors_and_keeps_it(vendor_sql: Sql) -> None:
    vendor_sql.execute("UPDATE vendors SET currency = 'EUR' WHERE vendor_id = 'VEND001'")
    vendor_sql.execute(PRODUCT)
    vendor_sql.execute(PRODUCT.replace("VEND001", "VEND002").replace("LAMP-1", "LAMP-2"))
    named = PRODUCT.replace("brand)", "currency)").replace("'Lumen'", "'CHF'").replace("P-1", "P-3")
    vendor_sql.execute(named.replace("LAMP-1", "LAMP-3"))
    vendor_sql.execute("UPDATE vendors SET currency = 'GBP'")
    vendor_sql.execute("UPDATE products SET price = price + 1")
    found = vendor_sql.execute("SELECT sku, currency FROM products ORDER BY sku").fetchall()
    assert found == [("LAMP-1", "EUR"), ("LAMP-2", "USD"), ("LAMP-3", "CHF")]
    assert one(vendor_sql, "SELECT currency FROM product_catalog WHERE sku = 'LAMP-3'") == {"currency": "CHF"}


@pytest.mark.parametrize("currency", ["'eur'", "'EU'", "'€'", "''", "'E1R'"])
def test_a_currency_is_three_capital_letters(vendor_sql: Sql, currency: str) -> None:
    vendor_sql.execute(PRODUCT)
    for table in ("vendors", "products"):
        name = refused(vendor_sql, errors.CheckViolation, f"UPDATE {table} SET currency = {currency}")
        assert name == f"{table}_currency_check"


def test_an_upload_needs_only_its_id_vendor_and_file_name(vendor_sql: Sql) -> None:
    vendor_sql.execute(UPLOAD)
    upload = one(vendor_sql, "SELECT * FROM upload_history")
    assert (upload["total_records"], upload["valid_records"], upload["error_records"]) == (0, 0, 0)
    assert (upload["status"], upload["file_rows"]) == ("processing", None)


def test_a_category_needs_only_its_name(db_sql: Sql) -> None:
    db_sql.execute("INSERT INTO product_categories (category_name) VALUES ('Lamps')")
    category = one(db_sql, "SELECT * FROM product_categories")
    assert (category["is_active"], category["parent_category"]) == (True, None)


def test_a_validation_error_needs_only_where_and_what_it_is(vendor_sql: Sql) -> None:
    vendor_sql.execute(UPLOAD)
    vendor_sql.execute(
        "INSERT INTO validation_errors (upload_id, vendor_id, row_number, error_type, error_message)"
        " VALUES ('UPLOAD_1', 'VEND001', 3, 'invalid_price', 'The price is wrong.')"
    )
    error = one(vendor_sql, "SELECT * FROM validation_errors")
    assert (error["original_data"], error["resolved_at"]) == (None, None)
    assert error["created_at"] is not None


def test_psql_itself_can_insert_a_product(migrated: str) -> None:
    facts = libpq(migrated)
    psql = postgres._bin() / "psql"
    done = subprocess.run(
        [str(psql), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-At", "-c", f"BEGIN; {VENDOR}; {PRODUCT}; ROLLBACK"],
        env={**os.environ, "PGHOST": facts["host"], "PGPORT": str(facts["port"]), "PGUSER": facts["user"],
             "PGPASSWORD": facts["password"], "PGDATABASE": migrated},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[1:3] == ["INSERT 0 1", "INSERT 0 1"]


# --- what the database refuses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "kind", "constraint"),
    [
        ("24.90", "0", errors.CheckViolation, "products_price_check"),
        ("24.90", "0.004", errors.CheckViolation, "products_price_check"),
        ("24.90", "-1", errors.CheckViolation, "products_price_check"),
        ("24.90", "100000000", errors.NumericValueOutOfRange, ""),
        (" 12,", " -1,", errors.CheckViolation, "products_stock_quantity_check"),
        (" 12,", " NULL,", errors.NotNullViolation, ""),
        ("'VEND001'", "'NOBODY'", errors.ForeignKeyViolation, "products_vendor_id_fkey"),
        ("'P-1'", "NULL", errors.NotNullViolation, ""),
        ("'Furniture'", "NULL", errors.NotNullViolation, ""),
        ("'LAMP-1'", f"'{'L' * 101}'", errors.StringDataRightTruncation, ""),
        ("'Desk Lamp'", f"'{'L' * 201}'", errors.StringDataRightTruncation, ""),
    ],
)
def test_an_impossible_product_is_refused(
    vendor_sql: Sql, old: str, new: str, kind: type[psycopg.Error], constraint: str
) -> None:
    assert refused(vendor_sql, kind, PRODUCT.replace(old, new)) == constraint
    assert vendor_sql.execute("SELECT count(*) FROM products").fetchone() == (0,)


def test_a_sku_belongs_to_one_product_of_the_whole_platform(vendor_sql: Sql) -> None:
    vendor_sql.execute(PRODUCT)
    again = PRODUCT.replace("VEND001", "VEND002").replace("'P-1'", "'P-9'")
    assert refused(vendor_sql, errors.UniqueViolation, again) == "products_sku_key"


def test_a_vendors_product_id_is_unique_for_that_vendor_only(vendor_sql: Sql) -> None:
    vendor_sql.execute(PRODUCT)
    name = refused(vendor_sql, errors.UniqueViolation, PRODUCT.replace("LAMP-1", "LAMP-2"))
    assert name == "products_vendor_id_vendor_product_id_key"
    vendor_sql.execute(PRODUCT.replace("LAMP-1", "LAMP-2").replace("VEND001", "VEND002"))


def test_two_vendors_cannot_share_an_email(vendor_sql: Sql) -> None:
    third = VENDOR.replace("VEND001", "VEND003")
    assert refused(vendor_sql, errors.UniqueViolation, third) == "vendors_email_key"


def test_a_category_is_listed_once(db_sql: Sql) -> None:
    insert = "INSERT INTO product_categories (category_name) VALUES ('Lamps')"
    db_sql.execute(insert)
    assert refused(db_sql, errors.UniqueViolation, insert) == "product_categories_category_name_key"


def test_of_one_preview_one_upload_is_opened_and_others_take_no_part_in_it(vendor_sql: Sql) -> None:
    previewed = UPLOAD.replace("file_name)", "file_name, previewed_key)").replace("'feed.csv'", "'feed.csv', 'kept/1'")
    vendor_sql.execute(previewed)
    again = previewed.replace("UPLOAD_1", "UPLOAD_2")
    assert refused(vendor_sql, errors.UniqueViolation, again) == "upload_history_one_per_preview"
    for number in (2, 3):
        vendor_sql.execute(UPLOAD.replace("UPLOAD_1", f"UPLOAD_{number}"))
    index = one(vendor_sql, "SELECT indexdef FROM pg_indexes WHERE indexname = 'upload_history_one_per_preview'")
    assert str(index["indexdef"]).endswith("(previewed_key) WHERE (previewed_key IS NOT NULL)")


@pytest.mark.parametrize(
    "change",
    [
        "total_records = total_records + 1",
        "valid_records = valid_records + 1",
        "error_records = error_records + 1",
        "total_records = 2, valid_records = 1",
        "total_records = 1, valid_records = 1, error_records = 1",
    ],
)
def test_counts_that_do_not_add_up_are_refused_by_the_very_statement(vendor_sql: Sql, change: str) -> None:
    vendor_sql.execute(UPLOAD)
    name = refused(vendor_sql, errors.CheckViolation, f"UPDATE upload_history SET {change}")
    assert name == "upload_history_counts_add_up"


def test_counts_that_add_up_from_the_start_or_move_together_are_taken(vendor_sql: Sql) -> None:
    counted = UPLOAD.replace(") VALUES", ", total_records, valid_records) VALUES").replace("'feed.csv'", "'f', 5, 4")
    assert refused(vendor_sql, errors.CheckViolation, counted) == "upload_history_counts_add_up"
    vendor_sql.execute(counted.replace("5, 4", "4, 4"))
    vendor_sql.execute("UPDATE upload_history SET total_records = 6, error_records = 2")


def test_an_upload_cannot_have_more_outcomes_than_its_file_has_rows(vendor_sql: Sql) -> None:
    vendor_sql.execute(UPLOAD)
    vendor_sql.execute("UPDATE upload_history SET file_rows = 2, total_records = 2, valid_records = 2")
    more = "UPDATE upload_history SET total_records = 3, valid_records = 3"
    assert refused(vendor_sql, errors.CheckViolation, more) == "upload_history_total_within_file"


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("upload_id", "'NONE'", "validation_errors_upload_id_fkey"),
        ("vendor_id", "'NONE'", "validation_errors_vendor_id_fkey"),
    ],
)
def test_an_error_of_no_upload_or_no_vendor_is_refused(
    vendor_sql: Sql, column: str, value: str, constraint: str
) -> None:
    vendor_sql.execute(UPLOAD)
    cells = {"upload_id": "'UPLOAD_1'", "vendor_id": "'VEND001'"} | {column: value}
    insert = (
        "INSERT INTO validation_errors (row_number, error_type, error_message, upload_id, vendor_id)"
        f" VALUES (1, 'x', 'x', {cells['upload_id']}, {cells['vendor_id']})"
    )
    assert refused(vendor_sql, errors.ForeignKeyViolation, insert) == constraint


def test_a_vendor_with_products_or_uploads_cannot_be_deleted(vendor_sql: Sql) -> None:
    vendor_sql.execute(PRODUCT)
    vendor_sql.execute(UPLOAD.replace("VEND001", "VEND002"))
    for vendor_id in ("VEND001", "VEND002"):
        refused(vendor_sql, errors.ForeignKeyViolation, f"DELETE FROM vendors WHERE vendor_id = '{vendor_id}'")


# --- updated_at ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("vendors", "city = 'Berlin'"),
        ("products", "price = price + 1"),
        ("upload_history", "status = 'completed'"),
    ],
)
def test_updated_at_moves_with_a_plain_update_but_not_with_one_that_changes_nothing(
    vendor_sql: Sql, table: str, change: str
) -> None:
    vendor_sql.execute("UPDATE vendors SET city = 'Paris'")
    vendor_sql.execute(PRODUCT)
    vendor_sql.execute(UPLOAD)
    # As it is for rows of long ago; only without the trigger can updated_at be set by hand.
    vendor_sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    vendor_sql.execute(f"UPDATE {table} SET updated_at = '2020-01-01T00:00:00Z'")
    vendor_sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    state = f"SELECT DISTINCT extract(year FROM updated_at)::int AS year, updated_at = now() AS moved FROM {table}"

    vendor_sql.execute(f"UPDATE {table} SET vendor_id = vendor_id")
    assert one(vendor_sql, state) == {"year": 2020, "moved": False}
    vendor_sql.execute(f"UPDATE {table} SET {change}")
    assert one(vendor_sql, state)["moved"] is True
