"""Rows that retire products, and files that are a whole catalog."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0029_feeds_by_age"),
    ]

    operations = [
        migrations.AddField(
            model_name="uploadhistory",
            name="absent_agreed",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="absent_position",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="absent_records",
            field=models.IntegerField(db_default=0, default=0, verbose_name="absent"),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="absent_state",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "the file is no whole catalog"),
                    ("due", "Due"),
                    ("done", "Done"),
                    ("refused", "nothing was retired"),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="absent_to",
            field=models.CharField(
                blank=True,
                choices=[("retired", "they are retired"), ("zero_stock", "their stock is set to 0")],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="absent_why",
            field=models.TextField(blank=True, db_default="", default="", verbose_name="why nothing was retired"),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="announced_rows",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="retired_records",
            field=models.IntegerField(db_default=0, default=0, verbose_name="retired"),
        ),
        migrations.AlterField(
            model_name="feed",
            name="mode",
            field=models.CharField(
                choices=[
                    ("upsert", "add new products and update existing ones"),
                    ("add", "only add new products"),
                    ("update", "only update existing products"),
                    ("replace", "replace the whole catalog"),
                ],
                default="upsert",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="recordoutcome",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("inserted", "Inserted"),
                    ("updated", "Updated"),
                    ("retired", "Retired"),
                    ("unchanged", "Unchanged"),
                    ("superseded", "Superseded"),
                    ("skipped", "Skipped"),
                    ("error", "Error"),
                    ("cancelled", "Cancelled"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="source",
            name="mode",
            field=models.CharField(
                choices=[
                    ("upsert", "add new products and update existing ones"),
                    ("add", "only add new products"),
                    ("update", "only update existing products"),
                    ("replace", "replace the whole catalog"),
                ],
                default="upsert",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="uploadhistory",
            name="mode",
            field=models.CharField(
                choices=[
                    ("upsert", "add new products and update existing ones"),
                    ("add", "only add new products"),
                    ("update", "only update existing products"),
                    ("replace", "replace the whole catalog"),
                ],
                db_default="upsert",
                default="upsert",
                max_length=20,
            ),
        ),
    ]
