"""Errors that somebody ignores, and errors that close themselves when their product comes right in another way.

Columns with constant defaults, or null: no table is rewritten. Errors of before say of no product, so they wait for
somebody as they did. The indexes are built beside the running imports (CONCURRENTLY); an interrupted build leaves an
invalid one, which running the migration again removes first.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

COLUMNS = [
    ("upload_history", "ignored_records", "integer NOT NULL DEFAULT 0"),
    ("upload_history", "closed_records", "integer NOT NULL DEFAULT 0"),
    ("validation_errors", "resolution", "varchar(20) NOT NULL DEFAULT ''"),
    ("validation_errors", "closed_by", "varchar(100) NOT NULL DEFAULT ''"),
    ("validation_errors", "identity", "varchar(160) NOT NULL DEFAULT ''"),
    (
        "validation_errors", "resolved_by_id",
        "integer REFERENCES auth_user (id) ON DELETE NO ACTION DEFERRABLE INITIALLY DEFERRED",
    ),
]  # fmt: skip
CHECK = "upload_history_settled_within_errors"
INDEXES = {
    "idx_validation_errors_identity": "validation_errors (identity) WHERE identity <> ''",
    "idx_validation_errors_settled": """validation_errors (upload_id, resolution, row_number)
        WHERE resolution IN ('ignored', 'newer_upload', 'by_hand')""",
    "idx_validation_errors_closed": "validation_errors (closed_by, identity, error_id) WHERE closed_by <> ''",
    "idx_upload_history_waiting": """upload_history (vendor_id, sequence)
        WHERE error_records > ignored_records + closed_records""",
}
FORWARD = [
    *(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {name} {kind}" for table, name, kind in COLUMNS),
    f"ALTER TABLE upload_history DROP CONSTRAINT IF EXISTS {CHECK}",
    f"""ALTER TABLE upload_history ADD CONSTRAINT {CHECK}
        CHECK (ignored_records >= 0 AND closed_records >= 0 AND error_records >= ignored_records + closed_records)""",
    *(
        statement
        for name, columns in INDEXES.items()
        for statement in (
            f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
            f"CREATE INDEX CONCURRENTLY {name} ON {columns}",
        )
    ),
]
BACKWARD = [
    *(f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in INDEXES),
    f"ALTER TABLE upload_history DROP CONSTRAINT IF EXISTS {CHECK}",
    # What was ignored is open again; what was closed stays resolved, as what was retried does.
    "UPDATE validation_errors SET resolved_at = NULL WHERE resolution = 'ignored'",
    *(f"ALTER TABLE {table} DROP COLUMN IF EXISTS {name}" for table, name, _ in COLUMNS),
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("uploads", "0016_heads_of_groups"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], [*BACKWARD])],
            state_operations=[
                *(
                    migrations.AddField(
                        "uploadhistory",
                        f"{name}_records",
                        models.IntegerField(db_default=0, default=0, verbose_name=name),
                    )
                    for name in ("ignored", "closed")
                ),
                migrations.AddConstraint(
                    "uploadhistory",
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_records__gte", 0),
                            ("ignored_records__gte", 0),
                            (
                                "error_records__gte",
                                models.expressions.CombinedExpression(
                                    models.F("ignored_records"), "+", models.F("closed_records")
                                ),
                            ),
                        ),
                        name=CHECK,
                    ),
                ),
                migrations.AddField(
                    "validationerror",
                    "resolution",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("retried", "Retried since"),
                            ("ignored", "Ignored"),
                            ("newer_upload", "A newer upload brought the product"),
                            ("by_hand", "The product was changed by hand"),
                        ],
                        db_default="",
                        default="",
                        max_length=20,
                    ),
                ),
                migrations.AddField(
                    "validationerror",
                    "closed_by",
                    models.CharField(blank=True, db_default="", default="", max_length=100),
                ),
                migrations.AddField(
                    "validationerror",
                    "identity",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=160),
                ),
                migrations.AddField(
                    "validationerror",
                    "resolved_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddIndex(
                    "validationerror",
                    models.Index(
                        condition=models.Q(("identity", ""), _negated=True),
                        fields=["identity"],
                        name="idx_validation_errors_identity",
                    ),
                ),
                migrations.AddIndex(
                    "validationerror",
                    models.Index(
                        condition=models.Q(("resolution__in", ["ignored", "newer_upload", "by_hand"])),
                        fields=["upload", "resolution", "row_number"],
                        name="idx_validation_errors_settled",
                    ),
                ),
                migrations.AddIndex(
                    "validationerror",
                    models.Index(
                        condition=models.Q(("closed_by", ""), _negated=True),
                        fields=["closed_by", "identity", "error_id"],
                        name="idx_validation_errors_closed",
                    ),
                ),
                migrations.AddIndex(
                    "uploadhistory",
                    models.Index(
                        condition=models.Q(
                            (
                                "error_records__gt",
                                models.expressions.CombinedExpression(
                                    models.F("ignored_records"), "+", models.F("closed_records")
                                ),
                            )
                        ),
                        fields=["vendor", "sequence"],
                        name="idx_upload_history_waiting",
                    ),
                ),
                migrations.AlterField(
                    "job",
                    "kind",
                    models.CharField(
                        choices=[
                            ("replay", "Try failed rows again"),
                            ("ignore", "Ignore failed rows"),
                            ("undo", "Undo an upload"),
                            ("reconcile", "Reconcile an upload"),
                            ("dry_run", "Dry run of a file"),
                        ],
                        max_length=20,
                    ),
                ),
            ],
        ),
    ]
