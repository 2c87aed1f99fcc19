"""An index for the page of an upload's errors by kind: it counted all of them, seconds where a million failed.

Of open errors alone; what is mended leaves it. Built beside the running imports (CONCURRENTLY); an interrupted build
leaves an invalid index, which running the migration again removes first.
"""

from django.db import migrations, models

KIND = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_validation_errors_kind",
    """
    CREATE INDEX CONCURRENTLY idx_validation_errors_kind ON validation_errors (upload_id, error_type, row_number)
     WHERE resolved_at IS NULL
    """,
]
NO_KIND = ["DROP INDEX CONCURRENTLY IF EXISTS idx_validation_errors_kind"]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("uploads", "0006_vendor_pages"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*KIND], [*NO_KIND])],
            state_operations=[
                migrations.AddIndex(
                    model_name="validationerror",
                    index=models.Index(
                        condition=models.Q(("resolved_at__isnull", True)),
                        fields=["upload", "error_type", "row_number"],
                        name="idx_validation_errors_kind",
                    ),
                ),
            ],
        ),
    ]
