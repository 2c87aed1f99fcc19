"""Code of the version before runs on the tables of this one: what a migration may do to a table that is in use."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

OURS = ("security", "vendors", "catalog", "uploads", "back_office")
# What takes away, or gives another name to, what the version before asks for.
TAKE_AWAY = (migrations.RemoveField, migrations.DeleteModel, migrations.RenameField, migrations.RenameModel,
             migrations.AlterModelTable)  # fmt: skip


def _in_database(operations: Sequence[Operation]) -> Iterator[Operation]:
    """What is done to the database; what only Django's picture of it is told is left out."""
    for operation in operations:
        if isinstance(operation, migrations.SeparateDatabaseAndState):
            yield from _in_database(operation.database_operations)
        else:
            yield operation


# One from before there were rules.
MIGRATIONS = sorted(
    key
    for key in MigrationLoader(None).disk_migrations
    if key[0] in OURS and key != ("uploads", "0011_remembered_readings")
)


def _of(key: tuple[str, str]) -> list[Operation]:
    return list(_in_database(MigrationLoader(None).disk_migrations[key].operations))


@pytest.mark.parametrize("key", MIGRATIONS, ids="-".join)
def test_no_migration_takes_away_or_renames_what_the_version_before_asks_for(key: tuple[str, str]) -> None:
    assert [operation for operation in _of(key) if isinstance(operation, TAKE_AWAY)] == []


@pytest.mark.parametrize("key", MIGRATIONS, ids="-".join)
def test_each_new_column_may_be_left_out_by_who_doesnt_know_it(key: tuple[str, str]) -> None:
    """It may be null, or its default is in the database. Many to many is a table, and so is a new one nobody knows."""
    new = {operation.name_lower for operation in _of(key) if isinstance(operation, migrations.CreateModel)}
    added: list[Any] = [
        operation.field
        for operation in _of(key)
        if isinstance(operation, migrations.AddField) and operation.model_name_lower not in new
    ]
    wanting = [
        field for field in added
        if not (field.null or field.has_db_default() or isinstance(field, models.ManyToManyField))
    ]  # fmt: skip
    assert wanting == []
