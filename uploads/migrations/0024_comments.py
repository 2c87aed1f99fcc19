"""All groups of staff see comments, and those who do more than look write them."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYONE = ("Read-only", "Operations", "Operations lead")


def permit(apps: Any, schema_editor: Any) -> None:
    """Django makes permissions after all migrations have run; the groups need them now."""
    config = apps.get_app_config("uploads")
    known = getattr(config, "models_module", None)  # a migration's stand-in for an app has none
    config.models_module = True
    create_permissions(config, verbosity=0, apps=apps)
    config.models_module = known
    of_comments = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="uploads")
    see, write = of_comments.get(codename="view_comment"), of_comments.get(codename="add_comment")
    for group in apps.get_model("auth", "Group").objects.filter(name__in=EVERYONE):
        group.permissions.add(see, *([write] if group.name in EVERYONE[1:] else []))


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0023_work"),
        ("vendors", "0003_groups"),
    ]

    operations = [migrations.RunPython(permit, migrations.RunPython.noop)]
