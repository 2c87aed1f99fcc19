"""What is kept for a while only: since when an upload is archived, and what was deleted of each kind.

Every column has a default or may be null, so the version before runs on: it knows no archived uploads, and there are
none until the schedule of this version has made some, of uploads that ended long ago.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("uploads", "0017_error_identity")]

    operations = [
        migrations.CreateModel(
            name="Kept",
            fields=[
                ("kind", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("standing", models.BigIntegerField(null=True)),
                ("counted_at", models.DateTimeField(null=True)),
                ("removed", models.BigIntegerField(db_default=0, default=0, verbose_name="deleted in all")),
                ("removed_on", models.DateField(null=True, verbose_name="last deleted on")),
                ("removed_that_day", models.BigIntegerField(db_default=0, default=0)),
                ("position", models.TextField(db_default="", default="")),
                ("epoch", models.BigIntegerField(db_default=0, default=0)),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "kept", "ordering": ["kind"]},
        ),
        *(
            migrations.AddField(
                model_name="uploadhistory",
                name=name,
                field=models.DateTimeField(blank=True, editable=False, null=True),
            )
            for name in ("file_deleted_at", "archived_at", "rows_deleted_at")
        ),
        *(
            migrations.AddIndex(model_name="uploadhistory", index=index)
            for index in (
                models.Index(
                    condition=models.Q(("storage_key", ""), _negated=True),
                    fields=["completed_at"],
                    name="idx_upload_history_files",
                ),
                models.Index(
                    condition=models.Q(("error_report_key", ""), _negated=True),
                    fields=["completed_at"],
                    name="idx_upload_history_reports",
                ),
                models.Index(
                    condition=models.Q(("archived_at__isnull", True), ("completed_at__isnull", False)),
                    fields=["completed_at"],
                    name="idx_upload_history_unarchived",
                ),
                models.Index(
                    condition=models.Q(("archived_at__isnull", False), ("rows_deleted_at__isnull", True)),
                    fields=["sequence"],
                    name="idx_upload_history_archived",
                ),
            )
        ),
    ]
