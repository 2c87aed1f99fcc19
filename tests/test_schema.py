"""The relational schema as people meet it from psql: plain SQL against a database that the migrations made."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections, models
from psycopg import errors, sql
from psycopg.rows import dict_row, tuple_row
from pytest_django import DjangoDbBlocker

from catalog.models import Product, ProductCatalog, ProductCategory
from config import postgres
from uploads.models import (
    RecentUpload,
    RecordOutcome,
    StreamShard,
    UploadHistory,
    ValidationError,
    VendorSummary,
)
from vendors.models import Vendor

Sql = psycopg.Connection[Any]

# The contract: column, type, null or not, and the database's default, in the order that psql's \d shows types.
CONTRACT = {
    "vendors": """
        vendor_id       varchar(50)   not null
        vendor_name     varchar(200)  not null
        email           varchar(255)  not null
        phone           varchar(20)   null
        business_name   varchar(200)  null
        tax_id          varchar(50)   null
        address         text          null
        city            varchar(100)  null
        state           varchar(50)   null
        country         varchar(50)   null      'USA'::character varying
        postal_code     varchar(20)   null
        status          varchar(20)   not null  'active'::character varying
        created_at      timestamptz   not null  now()
        updated_at      timestamptz   not null  now()
    """,
    "products": """
        product_id         integer        not null  nextval('products_product_id_seq'::regclass)
        vendor_id          varchar(50)    not null
        vendor_product_id  varchar(100)   not null
        product_name       varchar(200)   not null
        category           varchar(100)   not null
        sku                varchar(100)   not null
        brand              varchar(100)   null
        description        text           null
        price              numeric(10,2)  not null
        stock_quantity     integer        not null
        created_at         timestamptz    not null  now()
        updated_at         timestamptz    not null  now()
    """,
    "upload_history": """
        upload_id      varchar(100)  not null
        vendor_id      varchar(50)   not null
        file_name      varchar(255)  not null
        total_records  integer       not null  0
        valid_records  integer       not null  0
        error_records  integer       not null  0
        status         varchar(50)   not null  'processing'::character varying
        file_rows      integer       null
    """,
    "product_categories": """
        category_id      integer       not null  nextval('product_categories_category_id_seq'::regclass)
        category_name    varchar(100)  not null
        parent_category  varchar(100)  null
        is_active        boolean       not null  true
    """,
    "validation_errors": """
        error_id       integer      not null  nextval('validation_errors_error_id_seq'::regclass)
        upload_id      varchar(100) not null
        vendor_id      varchar(50)  not null
        row_number     integer      not null
        error_type     varchar(50)  not null
        error_message  text         not null
        original_data  jsonb        null
        field          varchar(50)  not null  ''::character varying
        suggestion     text         not null  ''::text
        created_at     timestamptz  not null  now()
        resolved_at    timestamptz  null
    """,
}
VIEWS = {
    "vendor_summary": [
        "vendor_id", "vendor_name", "email", "status", "total_products", "total_uploads", "valid_records",
        "error_records", "error_rate", "last_upload_at",
    ],
    "recent_uploads": [
        "upload_id", "vendor_id", "vendor_name", "file_name", "status", "file_rows", "total_records", "valid_records",
        "error_records", "success_rate", "created_at", "completed_at", "duration",
    ],
    "product_catalog": [
        "product_id", "vendor_id", "vendor_name", "vendor_product_id", "product_name", "category", "parent_category",
        "sku", "brand", "description", "price", "stock_quantity", "created_at", "updated_at",
    ],
}  # fmt: skip
CONSTRAINTS = {
    "vendors": {"PRIMARY KEY (vendor_id)", "UNIQUE (email)"},
    "products": {
        "PRIMARY KEY (product_id)",
        "UNIQUE (sku)",
        "UNIQUE (vendor_id, vendor_product_id)",
        "FOREIGN KEY (vendor_id) REFERENCES vendors(vendor_id)",
        "CHECK ((price > (0)::numeric))",
        "CHECK ((stock_quantity >= 0))",
    },
    "upload_history": {
        "PRIMARY KEY (upload_id)",
        "FOREIGN KEY (vendor_id) REFERENCES vendors(vendor_id)",
        "CHECK ((total_records = (valid_records + error_records)))",
        "CHECK (((file_rows IS NULL) OR (total_records <= file_rows)))",
    },
    "product_categories": {"PRIMARY KEY (category_id)", "UNIQUE (category_name)"},
    "validation_errors": {
        "PRIMARY KEY (error_id)",
        "FOREIGN KEY (upload_id) REFERENCES upload_history(upload_id)",
        "FOREIGN KEY (vendor_id) REFERENCES vendors(vendor_id)",
    },
}
INDEXES = {
    "idx_vendors_email": "CREATE INDEX idx_vendors_email ON public.vendors USING btree (email)",
    "idx_vendors_status": "CREATE INDEX idx_vendors_status ON public.vendors USING btree (status)",
    "idx_products_vendor": "CREATE INDEX idx_products_vendor ON public.products USING btree (vendor_id)",
    "idx_products_category": "CREATE INDEX idx_products_category ON public.products USING btree (category)",
    "idx_products_sku": "CREATE INDEX idx_products_sku ON public.products USING btree (sku varchar_pattern_ops)",
    "idx_products_search": (
        "CREATE INDEX idx_products_search ON public.products USING gin (to_tsvector('english'::regconfig, "
        "(((product_name)::text || ' '::text) || COALESCE(description, ''::text))))"
    ),
}
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
           coalesce(pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, ''))
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum
"""
LONG_NAMES = {"varchar": "character varying", "timestamptz": "timestamp with time zone"}
OURS = [model for label in ("vendors", "catalog", "uploads") for model in apps.get_app_config(label).get_models()]

VENDOR = "INSERT INTO vendors (vendor_id, vendor_name, email) VALUES ('VEND001', 'Northwind', 'n@example.com')"
OTHER_VENDOR = "INSERT INTO vendors (vendor_id, vendor_name, email) VALUES ('VEND002', 'Becker', 'b@example.com')"
PRODUCT = """
    INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, price, stock_quantity, brand)
    VALUES ('VEND001', 'P-1', 'Desk Lamp', 'Furniture', 'LAMP-1', 24.90, 12, 'Lumen')
"""
UPLOAD = "INSERT INTO upload_history (upload_id, vendor_id, file_name) VALUES ('UPLOAD_1', 'VEND001', 'feed.csv')"


@contextmanager
def _throwaway_database(name: str, blocker: DjangoDbBlocker) -> Iterator[str]:
    """An empty database under a Django alias of the same name, dropped again at the end."""
    default = connections.databases["default"]
    with blocker.unblock(), psycopg.connect(**_libpq(default["NAME"]), autocommit=True) as server:
        database = sql.Identifier(f"{name}_{os.getpid()}")
        server.execute(sql.SQL("CREATE DATABASE {}").format(database))
        connections.databases[name] = {**default, "NAME": f"{name}_{os.getpid()}"}
        try:
            yield name
        finally:
            connections[name].close()
            del connections.databases[name]
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def _libpq(database: str) -> dict[str, Any]:
    facts = connections.databases["default"]
    return {
        "host": facts["HOST"],
        "port": facts["PORT"],
        "user": facts["USER"],
        "password": facts["PASSWORD"],
        "dbname": database,
    }


@pytest.fixture(scope="module")
def migrated(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The name of a database that the migrations have just made, with nothing in it."""
    with _throwaway_database("schema", django_db_blocker) as alias:
        call_command("migrate", database=alias, verbosity=0)
        yield connections.databases[alias]["NAME"]


@pytest.fixture
def db_sql(migrated: str) -> Iterator[Sql]:
    """A connection as psql has one. What a test does is rolled back at its end."""
    with psycopg.connect(**_libpq(migrated), row_factory=tuple_row) as session:
        yield session
        session.rollback()


@pytest.fixture
def vendor_sql(db_sql: Sql) -> Sql:
    """The same with two vendors in it."""
    db_sql.execute(VENDOR)
    db_sql.execute(OTHER_VENDOR)
    return db_sql


def refused(session: Sql, kind: type[psycopg.Error], statement: str) -> str:
    """The statement fails with this kind of error and leaves nothing behind; returns the constraint's name."""
    with pytest.raises(kind) as caught, session.transaction():
        session.execute(statement)
    return caught.value.diag.constraint_name or ""


def one(session: Sql, query: str) -> dict[str, Any]:
    row = session.cursor(row_factory=dict_row).execute(query).fetchone()
    assert row is not None
    return dict(row)


# --- what is there ---------------------------------------------------------------------------------------------


def _contract_columns(table: str) -> list[tuple[str, str, bool, str | None]]:
    columns = []
    for line in CONTRACT[table].strip().splitlines():
        name, kind, *rest = line.split(maxsplit=2)
        nullable, _, default = rest[0].partition("null")
        base, bracket, size = kind.partition("(")
        columns.append((name, LONG_NAMES.get(base, base) + bracket + size, nullable != "", default.strip() or None))
    return columns


@pytest.mark.parametrize("table", CONTRACT)
def test_each_table_has_the_columns_types_and_defaults_that_were_promised(db_sql: Sql, table: str) -> None:
    found = {row[0]: row for row in db_sql.execute(COLUMNS, [table])}
    promised = _contract_columns(table)
    assert [found.get(column[0]) for column in promised] == promised


@pytest.mark.parametrize("table", CONTRACT)
def test_what_a_plain_insert_may_leave_out_has_a_default_or_may_be_null(db_sql: Sql, table: str) -> None:
    needed = {name for name, _, not_null, default in db_sql.execute(COLUMNS, [table]) if not_null and default is None}
    assert needed <= {column[0] for column in _contract_columns(table)}


@pytest.mark.parametrize("table", CONSTRAINTS)
def test_each_table_has_the_keys_and_checks_that_were_promised(db_sql: Sql, table: str) -> None:
    query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass"
    assert {row[0] for row in db_sql.execute(query, [table])} >= CONSTRAINTS[table]


def test_the_named_indexes_are_there_as_promised_the_search_expression_included(db_sql: Sql) -> None:
    found = dict(db_sql.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'").fetchall())
    assert {name: found.get(name) for name in INDEXES} == INDEXES


@pytest.mark.parametrize("view", VIEWS)
def test_each_view_has_its_columns(db_sql: Sql, view: str) -> None:
    assert db_sql.execute("SELECT 1 FROM pg_views WHERE viewname = %s", [view]).fetchone()
    assert [row[0] for row in db_sql.execute(COLUMNS, [view])] == VIEWS[view]


# --- plain inserts ---------------------------------------------------------------------------------------------


def test_a_vendor_needs_only_its_id_name_and_email(vendor_sql: Sql) -> None:
    vendor = one(vendor_sql, "SELECT * FROM vendors WHERE vendor_id = 'VEND001'")
    assert (vendor["country"], vendor["status"]) == ("USA", "active")
    assert vendor["created_at"] is not None
    assert vendor["updated_at"] is not None


def test_a_product_needs_only_its_seven_business_columns(vendor_sql: Sql) -> None:
    vendor_sql.execute(PRODUCT)
    vendor_sql.execute(PRODUCT.replace("'P-1'", "'P-2'").replace("LAMP-1", "LAMP-2"))
    first, second = vendor_sql.execute("SELECT product_id, description, created_at FROM products ORDER BY 1").fetchall()
    assert second[0] > first[0]
    assert first[1] is None
    assert first[2] is not None


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
    facts = _libpq(migrated)
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


# --- migrations and models -------------------------------------------------------------------------------------


def _shape(alias: str) -> dict[str, list[Any]]:
    """Everything of ours in the database, as text that can be compared."""
    queries = {
        "columns": "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace",
        "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
        "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "functions": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "sequences": "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'",
    }
    shape = {}
    with connections[alias].cursor() as cursor:
        for name, query in queries.items():
            cursor.execute(query)
            shape[name] = sorted(cursor.fetchall(), key=str)
    return shape


def test_the_migrations_go_back_to_nothing_and_forward_to_the_same_again(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> None:
    with _throwaway_database("back_and_forth", django_db_blocker) as alias:
        call_command("migrate", "auth", database=alias, verbosity=0)
        without_us = _shape(alias)
        call_command("migrate", database=alias, verbosity=0)
        forward = _shape(alias)
        for app in ("uploads", "catalog", "vendors"):
            call_command("migrate", app, "zero", database=alias, verbosity=0)
        left = _shape(alias)
        call_command("migrate", database=alias, verbosity=0)
        again = _shape(alias)

    ours = {model._meta.db_table for model in OURS}
    assert not {row[0] for row in left["columns"]} & ours
    for kind in ("views", "triggers", "functions"):
        assert left[kind] == without_us[kind]
    assert not [name for (name,) in left["sequences"] if name.startswith(tuple(ours))]
    assert again == forward


def test_no_model_has_changed_without_a_migration(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("model", OURS, ids=lambda model: str(model._meta.db_table))
def test_each_model_has_exactly_the_columns_of_its_table_or_view(db: None, model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [model._meta.db_table])
        columns = [row[0] for row in cursor.fetchall()]
    fields = [str(field.column) for field in model._meta.concrete_fields]
    assert sorted(fields) == sorted(columns)


@pytest.mark.parametrize("model", OURS, ids=lambda model: str(model._meta.db_table))
def test_each_field_has_the_type_of_its_column(db: None, model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [model._meta.db_table])
        columns = {row[0]: row for row in cursor.fetchall()}
    for field in model._meta.concrete_fields:
        _, kind, not_null, default = columns[field.column]
        wanted = (field.db_type(connection) or "").replace(" GENERATED BY DEFAULT AS IDENTITY", "")
        if kind == "text" and wanted.startswith("varchar"):
            wanted = "text"  # a limit for forms on a column that has none
        if model._meta.managed:
            assert not_null is not field.null, f"{field.column}: null in one of table and model only"
            has_default = field.has_db_default() or (field.primary_key and isinstance(field, models.AutoField))
            assert (default is not None) is has_default, f"{field.column}: default in one of table and model only"
        elif kind in ("numeric", "interval", "bigint"):
            continue  # computed by the view, without a precision of its own
        base, bracket, size = wanted.partition("(")
        assert kind == LONG_NAMES.get(base, base) + bracket + size.replace(" ", ""), field.column


@pytest.mark.parametrize(
    "make",
    [
        lambda: Vendor.objects.create(vendor_id="V", vendor_name="V", email="v@example.com"),
        lambda: ProductCategory.objects.create(category_name="Lamps"),
        lambda: Product.objects.create(
            vendor=Vendor.objects.create(vendor_id="V", vendor_name="V", email="v@example.com"),
            vendor_product_id="P", product_name="P", category="Books", sku="S", price=Decimal("1"), stock_quantity=0,
        ),
        lambda: UploadHistory.objects.create(
            upload_id="U", file_name="f.csv",
            vendor=Vendor.objects.create(vendor_id="V", vendor_name="V", email="v@example.com"),
        ),
        lambda: RecordOutcome.objects.create(upload_id="U", record_id="R", outcome="error"),
        lambda: StreamShard.objects.create(stream_arn="arn", shard_id="s"),
    ],
    ids=["vendor", "category", "product", "upload", "outcome", "shard"],
)  # fmt: skip
def test_a_model_needs_only_what_the_table_needs(db: None, make: Callable[[], models.Model]) -> None:
    made = make()
    made.refresh_from_db()
    assert getattr(made, "created_at") is not None  # noqa: B009 - each of them has it


def test_uploads_made_later_have_a_higher_sequence_whoever_makes_them(vendor: Vendor) -> None:
    by_model = UploadHistory.objects.create(upload_id="U-1", vendor=vendor, file_name="f.csv")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO upload_history (upload_id, vendor_id, file_name) VALUES ('U-2', 'VEND001', 'f')")
    by_model.refresh_from_db()
    assert UploadHistory.objects.get(upload_id="U-2").sequence > by_model.sequence


def test_the_views_can_be_read_through_their_models(vendor: Vendor) -> None:
    upload = UploadHistory.objects.create(upload_id="U-1", vendor=vendor, file_name="f.csv")
    ValidationError.objects.create(
        upload=upload, vendor=vendor, row_number=1, error_type="invalid_price", error_message="The price is wrong."
    )
    product = Product.objects.create(
        vendor=vendor, vendor_product_id="P", product_name="P", category="B", sku="S", price=1, stock_quantity=0
    )
    assert VendorSummary.objects.get().total_products == 1
    assert RecentUpload.objects.get().vendor_name == vendor.vendor_name
    assert ProductCatalog.objects.get().product_id == product.product_id
