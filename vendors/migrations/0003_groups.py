"""Groups for staff: what each may do. docs/permissions.md has it as a table."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db import migrations

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
    _make_permissions(apps)
    group_of, permissions = apps.get_model("auth", "Group").objects, apps.get_model("auth", "Permission").objects
    views = list(permissions.filter(content_type__app_label__in=APPS, codename__startswith="view_"))
    for name, extra in GROUPS.items():
        pairs = [label.split(".") for label in extra]
        # By name alone: what a later migration took away is no error for who makes the groups again.
        more = [one for app, codename in pairs for one in permissions.filter(
            content_type__app_label=app, codename=codename
        )]  # fmt: skip
        group_of.get_or_create(name=name)[0].permissions.add(*views, *more)


def _make_permissions(apps: Any) -> None:
    """Django makes permissions after all migrations have run; the groups need them now."""
    for label in APPS:
        config = apps.get_app_config(label)
        known = getattr(config, "models_module", None)  # a migration's stand-in for an app has none
        config.models_module = True
        create_permissions(config, verbosity=0, apps=apps)
        config.models_module = known


def remove_groups(apps: Any, schema_editor: Any) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0002_back_office"),
        ("catalog", "0002_back_office"),
        ("uploads", "0004_back_office"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, remove_groups)]
