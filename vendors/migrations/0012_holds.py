"""Holds: nothing that comes for a vendor takes effect, since staff paused its feeds or its programs' records look wrong."""

from typing import Any

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from config.back_office.granting import groups_and_permissions

EVERYONE = ("Read-only", "Operations", "Operations lead")


def permit(apps: Any, schema_editor: Any) -> None:
    """All groups of staff see what is held; those who do more than look pause and resume."""
    groups, permissions = groups_and_permissions(apps, schema_editor, "vendors")
    ours = permissions.filter(content_type__app_label="vendors")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(*ours.filter(codename="view_vendorhold"))
        if group.name != EVERYONE[0]:
            group.permissions.add(*ours.filter(codename="pause_vendor"))


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0011_webhook_turns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="vendor",
            options={
                "ordering": ["vendor_id"],
                "permissions": [
                    ("approve_vendor", "Can approve, suspend and reactivate vendors"),
                    ("pause_vendor", "Can pause and resume the feeds of vendors"),
                    ("see_as_vendor", "Can look at a vendor's pages as its people see them"),
                ],
            },
        ),
        migrations.CreateModel(
            name="VendorHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("pause", "paused by staff"), ("window", "records of programs look wrong")],
                        max_length=20,
                    ),
                ),
                ("reason", models.TextField(max_length=1000)),
                ("findings", models.JSONField(db_default=[], default=list)),
                ("since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                (
                    "ended_how",
                    models.CharField(
                        choices=[("resumed", "Resumed"), ("confirmed", "Confirmed"), ("refused", "Refused")],
                        db_default="",
                        default="",
                        editable=False,
                        max_length=20,
                    ),
                ),
                (
                    "begun_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="vendors.vendor",
                    ),
                ),
            ],
            options={
                "db_table": "vendor_holds",
                "ordering": ["-id"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["vendor", "-id"], name="idx_vendor_holds_vendor"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)), fields=("vendor", "kind"), name="vendor_holds_open"
                    )
                ],
            },
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
