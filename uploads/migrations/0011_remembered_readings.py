"""What people chose about columns is remembered for a set of headers, not for a name.

The rules of before said what a name means in every file of a vendor, and so renamed the products of files in which it
means something else. Which headers stood beside it when it was chosen isn't known, so no set can be made of them: they
go, and their files are asked about once more. The groups of staff get for the new table what they had for the old.
"""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

from config.back_office.granting import groups_and_permissions

OLD, NEW = "columnrule", "rememberedreading"
EVERYONE = ("Read-only", "Operations", "Operations lead")


def permit_new(apps: Any, schema_editor: Any) -> None:
    """All groups see what is remembered, and those who could delete a rule forget it."""
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(permissions.get(content_type__app_label="uploads", codename=f"view_{NEW}"))
    for group in groups.filter(name__in=EVERYONE[1:]):
        group.permissions.add(permissions.get(content_type__app_label="uploads", codename=f"delete_{NEW}"))
    _content_types(apps, schema_editor).filter(app_label="uploads", model=OLD).delete()


def permit_old(apps: Any, schema_editor: Any) -> None:
    """As vendors/0003_groups did."""
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(permissions.get(content_type__app_label="uploads", codename=f"view_{OLD}"))
    for group in groups.filter(name__in=EVERYONE[1:]):
        names = [f"{action}_{OLD}" for action in ("add", "change", "delete")]
        group.permissions.add(*permissions.filter(content_type__app_label="uploads", codename__in=names))
    _content_types(apps, schema_editor).filter(app_label="uploads", model=NEW).delete()


def _content_types(apps: Any, schema_editor: Any) -> Any:
    return apps.get_model("contenttypes", "ContentType").objects.using(schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0010_lines_and_warnings"),
        ("vendors", "0003_groups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RememberedReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(editable=False, max_length=64)),
                ("headers", models.JSONField(editable=False)),
                ("columns", models.JSONField(editable=False)),
                (
                    "answers",
                    models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict, editable=False),
                ),
                ("file_name", models.CharField(editable=False, max_length=255)),
                ("created_at", models.DateTimeField(db_default=Now(), editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="remembered_readings",
                        to="vendors.vendor",
                    ),
                ),
            ],
            options={
                "db_table": "remembered_readings",
                "ordering": ["vendor", "-created_at"],
                "constraints": [
                    models.UniqueConstraint(fields=("vendor", "fingerprint"), name="remembered_readings_key")
                ],
            },
        ),
        # The rows know only a name, not the headers beside it: see above.
        migrations.RunPython(migrations.RunPython.noop, permit_old),
        migrations.DeleteModel(name="ColumnRule"),
        migrations.RunPython(permit_new, migrations.RunPython.noop),
    ]
