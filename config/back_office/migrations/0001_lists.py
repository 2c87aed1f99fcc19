"""What people keep of the admin's lists: views and columns. Operations leads may share views with all staff."""

from typing import Any

import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from config.back_office.granting import groups_and_permissions


def permit(apps: Any, schema_editor: Any) -> None:
    groups, permissions = groups_and_permissions(apps, schema_editor, "back_office")
    share = permissions.get(content_type__app_label="back_office", codename="share_view")
    for group in groups.filter(name="Operations lead"):
        group.permissions.add(share)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("vendors", "0003_groups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChosenColumns",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("listing", models.CharField(max_length=100, verbose_name="list")),
                ("names", models.JSONField(default=list)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "chosen_columns",
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("owner", "listing"), name="chosen_columns_key")],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("listing", models.CharField(max_length=100, verbose_name="list")),
                ("name", models.CharField(max_length=60)),
                ("query", models.TextField(max_length=2000)),
                ("shared", models.BooleanField(db_default=False, default=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False, on_delete=models.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "saved_views",
                "ordering": ["name", "id"],
                "permissions": [("share_view", "Can share views of lists with all staff")],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("shared", True)), fields=["listing", "name"], name="idx_saved_views_shared"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("owner", "listing", "name"), name="saved_views_key")],
            },
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
