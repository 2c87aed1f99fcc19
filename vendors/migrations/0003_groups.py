"""Groups for staff: what each may do. docs/permissions.md has it as a table."""

from typing import Any

from django.db import migrations

from config.back_office.granting import groups_and_permissions

APPS = ("vendors", "catalog", "uploads")
OPERATIONS = [
    "uploads.add_uploadhistory",
    "uploads.cancel_uploadhistory",
    "uploads.replay_uploadhistory",
    "uploads.reconcile_uploadhistory",
    "uploads.download_uploadhistory",
    "uploads.add_valuerule",
    "uploads.change_valuerule",
    "uploads.delete_valuerule",
    "uploads.add_columnrule",
    "uploads.change_columnrule",
    "uploads.delete_columnrule",
    "catalog.add_productcategory",
    "catalog.change_productcategory",
    "catalog.change_product",
]
LEAD = [
    "uploads.undo_uploadhistory",
    "vendors.approve_vendor",
    "vendors.add_vendor",
    "vendors.change_vendor",
    "vendors.add_vendormember",
    "vendors.change_vendormember",
    "vendors.delete_vendormember",
    "catalog.delete_productcategory",
    "catalog.add_product",
    "catalog.delete_product",
]
GROUPS: dict[str, list[str]] = {
    "Read-only": [],
    "Operations": OPERATIONS,
    "Operations lead": OPERATIONS + LEAD,
}


def make_groups(apps: Any, schema_editor: Any) -> None:
    """Give each group its permissions; what else staff gave to one stays."""
    groups, permissions = groups_and_permissions(apps, schema_editor, *APPS)
    views = list(permissions.filter(content_type__app_label__in=APPS, codename__startswith="view_"))
    for name, extra in GROUPS.items():
        pairs = [label.split(".") for label in extra]
        # By name alone: what a later migration took away is no error for who makes the groups again.
        more = [one for app, codename in pairs for one in permissions.filter(
            content_type__app_label=app, codename=codename
        )]  # fmt: skip
        groups.get_or_create(name=name)[0].permissions.add(*views, *more)


def remove_groups(apps: Any, schema_editor: Any) -> None:
    groups, _ = groups_and_permissions(apps, schema_editor)
    groups.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0002_back_office"),
        ("catalog", "0002_back_office"),
        ("uploads", "0004_back_office"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, remove_groups)]
