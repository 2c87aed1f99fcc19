"""Where the first rows of a shop's groups are kept, and how far the pass for them came."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0015_upkeep_steps"),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name="uploadhistory",
                name=name,
                field=models.BigIntegerField(db_default=0, default=0, editable=False),
            )
            for name in ("heads_line", "heads_mark_byte", "heads_mark_offset", "heads_offset")
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="heads_rows",
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="heads_done",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.CreateModel(
            name="UploadHead",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "upload_id", "key", "row_number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=300)),
                ("row_number", models.IntegerField()),
                ("head", models.TextField()),
                (
                    "upload",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="uploads.uploadhistory",
                    ),
                ),
            ],
            options={
                "db_table": "upload_heads",
            },
        ),
    ]
