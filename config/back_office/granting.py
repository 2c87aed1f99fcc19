"""Groups and permissions, for migrations that give some to the others."""

from typing import Any

from django.contrib.auth.management import create_permissions
from django.db.models import Manager


def groups_and_permissions(apps: Any, schema_editor: Any, *labels: str) -> tuple[Manager[Any], Manager[Any]]:
    """Those of the database that is migrated, once the apps with these labels have all of theirs.

    Django makes permissions after all migrations have run; a group needs them before that. And a manager that isn't
    told which database is meant asks the default one.
    """
    alias = schema_editor.connection.alias
    for label in labels:
        config = apps.get_app_config(label)
        known = getattr(config, "models_module", None)  # a migration's stand-in for an app has none
        config.models_module = True
        create_permissions(config, verbosity=0, apps=apps, using=alias)
        config.models_module = known
    group, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    return group.objects.db_manager(alias), permission.objects.db_manager(alias)
