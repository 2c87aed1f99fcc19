"""A database that the migrations have just made, and connections to it."""

from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from psycopg.rows import tuple_row
from pytest_django import DjangoDbBlocker

from tests.schema.plain_sql import OTHER_VENDOR, VENDOR, Sql, libpq, throwaway_database


@pytest.fixture(scope="package")
def migrated(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The name of a database that the migrations have just made, with nothing in it."""
    with throwaway_database("schema", django_db_blocker) as alias:
        call_command("migrate", database=alias, verbosity=0)
        yield connections.databases[alias]["NAME"]


@pytest.fixture
def db_sql(migrated: str) -> Iterator[Sql]:
    """A connection as psql has one. What a test does is rolled back at its end."""
    with psycopg.connect(**libpq(migrated), row_factory=tuple_row) as session:
        yield session
        session.rollback()


@pytest.fixture
def vendor_sql(db_sql: Sql) -> Sql:
    """The same with two vendors in it."""
    db_sql.execute(VENDOR)
    db_sql.execute(OTHER_VENDOR)
    return db_sql
