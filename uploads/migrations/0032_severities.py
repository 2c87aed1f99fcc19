"""What staff say of severities, and how many rows of an upload have warnings."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from config.back_office.granting import groups_and_permissions

EVERYONE = ("Read-only", "Operations", "Operations lead")
# Through idx_validation_errors_upload, an upload at a time. What is archived has its warnings still.
COUNT = """
UPDATE upload_history u SET warned_records = least(n.rows, u.total_records)
  FROM (SELECT upload_id, count(DISTINCT (row_number, record_id)) AS rows FROM validation_errors
         WHERE severity = 'warning' AND resolved_at IS NULL GROUP BY upload_id) n
 WHERE u.upload_id = n.upload_id
"""


def permit(apps: Any, schema_editor: Any) -> None:
    """All groups of staff see what was said; who decides about vendors decides what keeps rows out."""
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    ours = permissions.filter(content_type__app_label="uploads", content_type__model="severityrule")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(*ours.filter(codename__startswith="view_"))
        if group.name == EVERYONE[2]:
            group.permissions.add(*ours.filter(codename__startswith="add_"))


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0030_retire"),
        ("vendors", "0011_webhook_turns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SeverityRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=50, verbose_name="kind of problem")),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Leave it empty for all categories.",
                        max_length=100,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("error", "an error: rows with it are kept out"),
                            ("warning", "a warning: rows with it are accepted"),
                            ("", "as it is more generally: take back what was said"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "threshold",
                    models.IntegerField(
                        blank=True,
                        help_text="Of kinds that have one. Leave it empty for the usual one.",
                        null=True,
                        verbose_name="bound",
                    ),
                ),
                ("counts_from", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("note", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "verbose_name": "severity",
                "verbose_name_plural": "severities",
                "db_table": "severity_rules",
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="warned_records",
            field=models.IntegerField(db_default=0, default=0, verbose_name="with warnings"),
        ),
        migrations.AddConstraint(
            model_name="uploadhistory",
            constraint=models.CheckConstraint(
                condition=models.Q(("warned_records__gte", 0), ("warned_records__lte", models.F("total_records"))),
                name="upload_history_warned_within_total",
            ),
        ),
        migrations.AddField(
            model_name="severityrule",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="severityrule",
            name="vendor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Leave it empty for all vendors.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="severity_rules",
                to="vendors.vendor",
            ),
        ),
        migrations.AddConstraint(
            model_name="severityrule",
            constraint=models.UniqueConstraint(
                fields=("code", "vendor", "category", "counts_from"), name="severity_rules_key", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="severityrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", ["error", "warning", ""])), name="severity_rules_severity"
            ),
        ),
        migrations.AddConstraint(
            model_name="severityrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("threshold__isnull", True), ("threshold__gte", 0), _connector="OR"),
                name="severity_rules_threshold",
            ),
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
