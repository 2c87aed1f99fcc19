"""The security log, to which rows are only added, and a group that may read it.

The database holds it: no row is changed, none is deleted but by `security_log_purge`, and none by that which is younger
than 90 days. Who owns the tables could take the triggers away; that this was done is in the database's own log.
"""

from typing import Any

from django.db import migrations, models
from django.db.models.functions import Lower, Now

import security.models
from config.back_office.granting import groups_and_permissions

TEXTS: "dict[str, tuple[str | None, int]]" = {
    "login": ("who", 254),
    "account": ("account number", 20),
    "vendor_id": ("vendor", 50),
    "about": (None, 300),
    "address": ("from address", 45),
    "agent": ("with", 200),
    "detail": (None, 500),
}

APPEND_ONLY = """
CREATE FUNCTION security_log_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('security_log.purging', true) = 'on'
       AND OLD.at < now() - interval '90 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'security_log: rows are added, never changed or taken away (%)', TG_OP
        USING HINT = 'security_log_purge(interval) forgets what is older than the interval, and than 90 days.',
              ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER security_log_rows_stay BEFORE UPDATE OR DELETE ON security_log
    FOR EACH ROW EXECUTE FUNCTION security_log_is_kept();
CREATE TRIGGER security_log_stays BEFORE TRUNCATE ON security_log
    FOR EACH STATEMENT EXECUTE FUNCTION security_log_is_kept();
CREATE FUNCTION security_log_purge(older_than interval) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE gone bigint;
BEGIN
    PERFORM set_config('security_log.purging', 'on', true);
    DELETE FROM security_log WHERE at < now() - greatest(older_than, interval '90 days');
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('security_log.purging', 'off', true);
    RETURN gone;
END $$;
"""
NO_LONGER = """
DROP TRIGGER security_log_stays ON security_log;
DROP TRIGGER security_log_rows_stay ON security_log;
DROP FUNCTION security_log_purge(interval);
DROP FUNCTION security_log_is_kept();
"""
GROUP = "Security"
MAY = ("view_securityevent", "export_securityevent")


def make_group(apps: Any, schema_editor: Any) -> None:
    groups, permissions = groups_and_permissions(apps, schema_editor, "security")
    found = permissions.filter(content_type__app_label="security", codename__in=MAY)
    groups.get_or_create(name=GROUP)[0].permissions.add(*found)


def remove_group(apps: Any, schema_editor: Any) -> None:
    groups, _ = groups_and_permissions(apps, schema_editor)
    groups.filter(name=GROUP).delete()


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecurityEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=Now(), editable=False)),
                ("what", models.CharField(choices=security.models.kinds, editable=False, max_length=40)),
                *(
                    (
                        name,
                        models.CharField(
                            called, blank=True, db_default="", default="", editable=False, max_length=most
                        ),
                    )
                    for name, (called, most) in TEXTS.items()
                ),
            ],
            options={
                "verbose_name": "security event",
                "verbose_name_plural": "security events",
                "db_table": "security_log",
                "ordering": ["-id"],
                "permissions": [("export_securityevent", "Can export the security log")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["at"], name="idx_security_log_at"),
                    models.Index(fields=["what", "-id"], name="idx_security_log_what"),
                    models.Index(Lower("login"), models.F("id").desc(), name="idx_security_log_login"),
                    models.Index(fields=["account", "-id"], name="idx_security_log_account"),
                    models.Index(fields=["vendor_id", "-id"], name="idx_security_log_vendor"),
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, NO_LONGER),
        migrations.RunPython(make_group, remove_group),
    ]
