"""Plain SQL against a database that the migrations made, as people at psql write it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import sql
from psycopg.rows import dict_row
from pytest_django import DjangoDbBlocker

Sql = psycopg.Connection[Any]

# The columns of the views, as they were promised.
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
        "currency", "gtin", "image_url",
    ],
}  # fmt: skip
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
           coalesce(pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, ''))
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum
"""
LONG_NAMES = {"varchar": "character varying", "char": "character", "timestamptz": "timestamp with time zone"}

VENDOR = "INSERT INTO vendors (vendor_id, vendor_name, email) VALUES ('VEND001', 'Northwind', 'n@example.com')"
OTHER_VENDOR = "INSERT INTO vendors (vendor_id, vendor_name, email) VALUES ('VEND002', 'Becker', 'b@example.com')"
PRODUCT = """
    INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, price, stock_quantity, brand)
    VALUES ('VEND001', 'P-1', 'Desk Lamp', 'Furniture', 'LAMP-1', 24.90, 12, 'Lumen')
"""
UPLOAD = "INSERT INTO upload_history (upload_id, vendor_id, file_name) VALUES ('UPLOAD_1', 'VEND001', 'feed.csv')"


@contextmanager
def throwaway_database(name: str, blocker: DjangoDbBlocker) -> Iterator[str]:
    """An empty database under a Django alias of the same name, dropped again at the end."""
    default = connections.databases["default"]
    with blocker.unblock(), psycopg.connect(**libpq(default["NAME"]), autocommit=True) as server:
        database = sql.Identifier(f"{name}_{os.getpid()}")
        server.execute(sql.SQL("CREATE DATABASE {}").format(database))
        connections.databases[name] = {**default, "NAME": f"{name}_{os.getpid()}"}
        try:
            yield name
        finally:
            connections[name].close()
            del connections.databases[name]
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def libpq(database: str) -> dict[str, Any]:
    facts = connections.databases["default"]
    return {
        "host": facts["HOST"],
        "port": facts["PORT"],
        "user": facts["USER"],
        "password": facts["PASSWORD"],
        "dbname": database,
    }


def refused(session: Sql, kind: type[psycopg.Error], statement: str) -> str:
    """The statement fails with this kind of error and leaves nothing behind; returns the constraint's name."""
    with pytest.raises(kind) as caught, session.transaction():
        session.execute(statement)
    return caught.value.diag.constraint_name or ""


def one(session: Sql, query: str) -> dict[str, Any]:
    row = session.cursor(row_factory=dict_row).execute(query).fetchone()
    assert row is not None
    return dict(row)
