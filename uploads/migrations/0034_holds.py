"""Records that wait since their vendor is held back are marked on their uploads; and what programs did, by the minute."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0033_guard"),
        ("vendors", "0012_holds"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProgramMinute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("minute", models.DateTimeField()),
                ("rows", models.IntegerField(db_default=0, default=0)),
                ("errors", models.IntegerField(db_default=0, default=0)),
                ("touched", models.IntegerField(db_default=0, default=0)),
                ("price_falls", models.IntegerField(db_default=0, default=0)),
                ("price_rises", models.IntegerField(db_default=0, default=0)),
                ("zero_stock", models.IntegerField(db_default=0, default=0)),
                ("retired", models.IntegerField(db_default=0, default=0)),
            ],
            options={
                "db_table": "program_minutes",
                "ordering": ["vendor", "minute"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="withheld_answer",
            field=models.CharField(
                blank=True,
                choices=[("confirmed", "they go through"), ("refused", "they are cancelled")],
                db_default="",
                default="",
                editable=False,
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="withheld_batches",
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="withheld_from",
            field=models.CharField(editable=False, max_length=1024, null=True),
        ),
        migrations.AlterField(
            model_name="comment",
            name="item_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("upload", "failed upload"),
                    ("value", "wrong value"),
                    ("vendor", "vendor to approve"),
                    ("name", "new name asked for"),
                    ("answer", "answer of a vendor"),
                    ("claim", "SKU that two vendors claim"),
                    ("stalled", "upload that doesn't get on"),
                    ("gap", "gap in the records"),
                    ("outage", "service that is away"),
                    ("step", "step of the schedule"),
                    ("job", "job that failed"),
                    ("held", "feed that leaves something open"),
                    ("guard", "file that is held"),
                    ("source", "source that can't be fetched"),
                    ("window", "records of programs that look wrong"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="workitem",
            name="kind",
            field=models.CharField(
                choices=[
                    ("upload", "failed upload"),
                    ("value", "wrong value"),
                    ("vendor", "vendor to approve"),
                    ("name", "new name asked for"),
                    ("answer", "answer of a vendor"),
                    ("claim", "SKU that two vendors claim"),
                    ("stalled", "upload that doesn't get on"),
                    ("gap", "gap in the records"),
                    ("outage", "service that is away"),
                    ("step", "step of the schedule"),
                    ("job", "job that failed"),
                    ("held", "feed that leaves something open"),
                    ("guard", "file that is held"),
                    ("source", "source that can't be fetched"),
                    ("window", "records of programs that look wrong"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="uploadhistory",
            index=models.Index(
                condition=models.Q(("withheld_from__isnull", False)),
                fields=["sequence"],
                name="idx_upload_history_withheld",
            ),
        ),
        migrations.AddField(
            model_name="programminute",
            name="vendor",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="vendors.vendor"
            ),
        ),
        migrations.AddConstraint(
            model_name="programminute",
            constraint=models.UniqueConstraint(fields=("vendor", "minute"), name="program_minutes_key"),
        ),
    ]
