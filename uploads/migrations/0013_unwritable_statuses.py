"""A status that DynamoDB never takes is settled, with the reason, instead of being tried for ever.

A column with a constant default: the ledger isn't rewritten. Its index, of which hardly any row is a part, is built
beside the running imports (CONCURRENTLY); an interrupted build leaves an invalid one, which running the migration again
removes first.
"""

from django.db import migrations, models

FORWARD = [
    "ALTER TABLE record_outcomes ADD COLUMN IF NOT EXISTS write_back_failure text NOT NULL DEFAULT ''",
    "DROP INDEX CONCURRENTLY IF EXISTS idx_record_outcomes_unwritable",
    "CREATE INDEX CONCURRENTLY idx_record_outcomes_unwritable ON record_outcomes (id) WHERE write_back_failure <> ''",
]
BACKWARD = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_record_outcomes_unwritable",
    "ALTER TABLE record_outcomes DROP COLUMN IF EXISTS write_back_failure",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("uploads", "0012_outages"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*FORWARD], [*BACKWARD])],
            state_operations=[
                migrations.AddField(
                    "recordoutcome",
                    "write_back_failure",
                    models.TextField(db_default="", default="", verbose_name="refusal by DynamoDB"),
                ),
                migrations.AddIndex(
                    "recordoutcome",
                    models.Index(
                        condition=models.Q(("write_back_failure", ""), _negated=True),
                        fields=["id"],
                        name="idx_record_outcomes_unwritable",
                    ),
                ),
            ],
        ),
    ]
