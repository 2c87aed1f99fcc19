"""The secrets of second factors, encrypted where they stand. Backwards, as they were: the version before reads no other."""

from collections.abc import Callable
from typing import Any

from django.db import migrations

from security import at_rest

SECRETS = ("secret", "seed", "migrated_codes")


def _each(apps: Any, schema_editor: Any, change: Callable[[str], str]) -> None:
    factors = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
    for one in factors.select_for_update().order_by("pk"):
        one.data |= {name: _changed(one.data[name], change) for name in SECRETS if name in one.data}
        one.save(update_fields=["data"])


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    return [change(one) for one in value] if isinstance(value, list) else change(value)


def encrypt(apps: Any, schema_editor: Any) -> None:
    _each(apps, schema_editor, lambda text: at_rest.encrypt(at_rest.decrypt(text)))


def decrypt(apps: Any, schema_editor: Any) -> None:
    _each(apps, schema_editor, at_rest.decrypt)


class Migration(migrations.Migration):
    dependencies = [("security", "0001_security_log"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [migrations.RunPython(encrypt, decrypt)]
