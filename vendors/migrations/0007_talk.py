"""Who of the staff may look at vendors' pages as their people see them, and what members have seen of messages."""

from typing import Any

from django.db import migrations, models

from config.back_office.granting import groups_and_permissions

EVERYBODY_BUT_READERS = ("Operations", "Operations lead")


def permit(apps: Any, schema_editor: Any) -> None:
    groups, permissions = groups_and_permissions(apps, schema_editor, "vendors")
    found = permissions.get(content_type__app_label="vendors", codename="see_as_vendor")
    for group in groups.filter(name__in=EVERYBODY_BUT_READERS):
        group.permissions.add(found)


def take_back(apps: Any, schema_editor: Any) -> None:
    """The version before doesn't know it."""
    _, permissions = groups_and_permissions(apps, schema_editor)
    permissions.filter(content_type__app_label="vendors", codename="see_as_vendor").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0006_names"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="vendor",
            options={
                "ordering": ["vendor_id"],
                "permissions": [
                    ("approve_vendor", "Can approve, suspend and reactivate vendors"),
                    ("see_as_vendor", "Can look at a vendor's pages as its people see them"),
                ],
            },
        ),
        migrations.AddField(
            model_name="vendormember",
            name="comment_seen",
            field=models.BigIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunPython(permit, take_back),
    ]
