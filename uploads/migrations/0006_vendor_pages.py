"""What an upload from the vendors' pages brings with it: a workbook, a mode, and who wants to hear of its end.

Columns with constant defaults: the tables are not rewritten.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0005_speed"),
    ]

    operations = [
        migrations.AddField(
            model_name="uploadhistory",
            name="mode",
            field=models.CharField(
                choices=[
                    ("upsert", "add new products and update existing ones"),
                    ("add", "only add new products"),
                    ("update", "only update existing products"),
                ],
                db_default="upsert",
                default="upsert",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="notify",
            field=models.CharField(
                choices=[("vendor", "the vendor's address"), ("uploader", "who uploaded it"), ("nobody", "Nobody")],
                db_default="vendor",
                default="vendor",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="original_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="skipped_records",
            field=models.IntegerField(db_default=0, default=0, verbose_name="skipped"),
        ),
        migrations.AlterField(
            model_name="recordoutcome",
            name="outcome",
            field=models.CharField(
                choices=[
                    ("inserted", "Inserted"),
                    ("updated", "Updated"),
                    ("unchanged", "Unchanged"),
                    ("superseded", "Superseded"),
                    ("skipped", "Skipped"),
                    ("error", "Error"),
                    ("cancelled", "Cancelled"),
                ],
                max_length=20,
            ),
        ),
    ]
