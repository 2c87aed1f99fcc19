"""Since when nothing was put into the table unseen, for each of its streams; and the reading of the table for the rest.

How far a gap's reading was stood on the shard. These columns stay in the database for the workers of the version
before, which may run beside this one for a while.
"""

from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("uploads", "0013_unwritable_statuses")]

    operations = [
        migrations.CreateModel(
            name="TableStream",
            fields=[
                (
                    "stream_arn",
                    models.CharField(max_length=1024, primary_key=True, serialize=False, verbose_name="stream ARN"),
                ),
                ("seen_at", models.DateTimeField(db_default=Now(), editable=False, verbose_name="first seen at")),
                ("listed_at", models.DateTimeField(blank=True, null=True, verbose_name="shards listed at")),
                (
                    "continuous_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="All that stood in the table then, and all that was put there since, has been seen.",
                        null=True,
                        verbose_name="nothing unseen since",
                    ),
                ),
                (
                    "doubt",
                    models.TextField(blank=True, db_default="", default="", verbose_name="why that was in doubt last"),
                ),
                ("doubted_at", models.DateTimeField(blank=True, null=True)),
                ("scan_from", models.DateTimeField(blank=True, null=True, verbose_name="table last read since")),
                ("scan_position", models.JSONField(blank=True, null=True)),
                (
                    "scan_examined",
                    models.BigIntegerField(db_default=0, default=0, verbose_name="records looked at"),
                ),
                ("scan_found", models.BigIntegerField(db_default=0, default=0, verbose_name="records that waited")),
                (
                    "scan_ended_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="and to its end at"),
                ),
                ("scan_owner", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("scan_epoch", models.BigIntegerField(db_default=0, default=0)),
                ("scan_expires_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={"db_table": "table_streams", "ordering": ["-seen_at"]},
        ),
        migrations.AddField(
            model_name="streamshard",
            name="covered_from",
            field=models.DateTimeField(db_default=Now(), editable=False),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField("streamshard", "gap_scan_from"),
                migrations.RemoveField("streamshard", "gap_scan_position"),
            ],
        ),
    ]
