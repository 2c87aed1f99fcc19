"""Where a row begins in its own file, and which problems are warnings.

Columns that may be null or have a constant default: no table is rewritten. Rows of before stay without a line, and all
problems of before are errors.

The indexes of validation_errors get the severity in front of what they sort by, so that an upload with a million
warnings finds its ten errors as fast as ever. Each is built beside the running imports (CONCURRENTLY) and then takes
the place of the old one; an interrupted build leaves an invalid index, which running the migration again removes first.
For that it is not one transaction, so each of its statements may be said twice.
"""

from django.db import migrations, models
from django.db.models.functions import Lower

COLUMNS = [
    ("upload_history", "staged_line", "bigint NOT NULL DEFAULT 0"),
    ("record_outcomes", "line_number", "integer"),
    ("validation_errors", "line_number", "integer"),
    ("validation_errors", "severity", "varchar(10) NOT NULL DEFAULT 'error'"),
    ("corrections", "line_number", "integer"),
]
# name: (columns now, columns before, condition now, condition before)
INDEXES = {
    "idx_validation_errors_upload": (
        "(upload_id, severity, row_number)", "(upload_id, row_number)", "", "",
    ),
    "idx_validation_errors_vendor": (
        "(vendor_id, severity, created_at DESC)", "(vendor_id, created_at DESC)", "", "",
    ),
    "idx_validation_errors_kind": (
        "(upload_id, severity, error_type, row_number)", "(upload_id, error_type, row_number)",
        "WHERE resolved_at IS NULL", "WHERE resolved_at IS NULL",
    ),
    "idx_validation_errors_value": (
        "(field, lower(wrong_value), vendor_id)", "(field, lower(wrong_value), vendor_id)",
        "WHERE resolved_at IS NULL AND severity = 'error'", "WHERE resolved_at IS NULL",
    ),
}  # fmt: skip


def replace_index(name: str, columns: str, condition: str) -> list[str]:
    """The statements that put an index in the place of the one that has its name."""
    return [
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}_new",
        f"CREATE INDEX CONCURRENTLY {name}_new ON validation_errors {columns} {condition}",
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        f"ALTER INDEX {name}_new RENAME TO {name}",
    ]


FORWARD = [
    *(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}" for table, name, kind in COLUMNS),
    *(
        statement
        for name, (now, _, condition, _) in INDEXES.items()
        for statement in replace_index(name, now, condition)
    ),
]
BACKWARD = [
    *(
        statement
        for name, (_, before, _, condition) in INDEXES.items()
        for statement in replace_index(name, before, condition)
    ),
    "DELETE FROM validation_errors WHERE severity = 'warning'",  # else they would be errors
    *(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}" for table, name, _ in COLUMNS),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("uploads", "0009_previewed_key"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], [*BACKWARD])],
            state_operations=[
                migrations.AddField("uploadhistory", "staged_line", models.BigIntegerField(db_default=0, default=0)),
                migrations.AddField("recordoutcome", "line_number", models.IntegerField(null=True)),
                migrations.AddField("validationerror", "line_number", models.IntegerField(blank=True, null=True)),
                migrations.AddField(
                    "correction", "line_number", models.IntegerField(blank=True, null=True, verbose_name="line")
                ),
                migrations.AddField(
                    "validationerror",
                    "severity",
                    models.CharField(
                        choices=[("error", "Error"), ("warning", "Warning")],
                        db_default="error",
                        default="error",
                        max_length=10,
                    ),
                ),
                *(migrations.RemoveIndex("validationerror", name) for name in INDEXES),
                migrations.AddIndex(
                    "validationerror",
                    models.Index(fields=["upload", "severity", "row_number"], name="idx_validation_errors_upload"),
                ),
                migrations.AddIndex(
                    "validationerror",
                    models.Index(fields=["vendor", "severity", "-created_at"], name="idx_validation_errors_vendor"),
                ),
                migrations.AddIndex(
                    "validationerror",
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=["upload", "severity", "error_type", "row_number"],
                        name="idx_validation_errors_kind",
                    ),
                ),
                migrations.AddIndex(
                    "validationerror",
                    models.Index(
                        models.F("field"),
                        Lower("wrong_value"),
                        models.F("vendor"),
                        condition=models.Q(("resolved_at__isnull", True), ("severity", "error")),
                        name="idx_validation_errors_value",
                    ),
                ),
            ],
        ),
    ]
