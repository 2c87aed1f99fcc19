"""All groups of staff see comments, and those who do more than look write them."""

from typing import Any

from django.db import migrations

from config.back_office.granting import groups_and_permissions

EVERYONE = ("Read-only", "Operations", "Operations lead")


def permit(apps: Any, schema_editor: Any) -> None:
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    of_comments = permissions.filter(content_type__app_label="uploads")
    see, write = of_comments.get(codename="view_comment"), of_comments.get(codename="add_comment")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(see, *([write] if group.name in EVERYONE[1:] else []))


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0023_work"),
        ("vendors", "0003_groups"),
    ]

    operations = [migrations.RunPython(permit, migrations.RunPython.noop)]
