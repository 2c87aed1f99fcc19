"""What people keep of the admin's lists: views and columns. Operations leads may share views with all staff."""

from typing import Any

import django.db.models.functions.datetime
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.db import migrations, models


def permit(apps: Any, schema_editor: Any) -> None:
    """Django makes permissions after all migrations have run; the group needs this one now."""
    config = apps.get_app_config("back_office")
    known = getattr(config, "models_module", None)  # a migration's stand-in for an app has none
    config.models_module = True
    create_permissions(config, verbosity=0, apps=apps)
    config.models_module = known
    share = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="back_office", codename="share_view"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="Operations lead"):
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
