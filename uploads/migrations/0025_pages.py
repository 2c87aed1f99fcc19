"""What the pages of one upload and of one vendor ask for: its newest jobs, the newest corrections, and the admin's log
of one thing, which Django's own index doesn't know.

The log and the corrections may be long, so their indexes are built beside what is written (CONCURRENTLY); an
interrupted build leaves an invalid index, which running the migration again removes first.
"""

from django.db import migrations, models
from django.db.models import Q

LOG = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_admin_log_object",
    "CREATE INDEX CONCURRENTLY idx_admin_log_object ON django_admin_log (content_type_id, object_id, id DESC)",
]
CORRECTIONS = [
    "DROP INDEX CONCURRENTLY IF EXISTS idx_corrections_newest",
    "CREATE INDEX CONCURRENTLY idx_corrections_newest ON corrections (upload_id, id DESC)",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("uploads", "0024_comments"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RunSQL([*LOG], [*LOG[:1]]),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([*CORRECTIONS], [*CORRECTIONS[:1]])],
            state_operations=[
                migrations.AddIndex(
                    "correction", models.Index(fields=["upload", "-id"], name="idx_corrections_newest")
                ),
            ],
        ),
        migrations.AddIndex(
            "job",
            models.Index(fields=["upload", "-id"], name="idx_jobs_upload", condition=Q(upload__isnull=False)),
        ),
        migrations.AddIndex(
            "job",
            models.Index(
                fields=["vendor", "-id"],
                name="idx_jobs_vendor",
                condition=Q(upload__isnull=True, vendor__isnull=False) & ~Q(kind="dry_run"),
            ),
        ),
    ]
