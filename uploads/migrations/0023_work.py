"""What waits for a person is found by indexes, and who may note something of it is a permission.

Operations and Operations lead get it; all groups of staff may look.
"""

from typing import Any

from django.conf import settings
from django.db import migrations, models

from config.back_office.granting import groups_and_permissions

EVERYONE = ("Read-only", "Operations", "Operations lead")
KINDS = [
    ("upload", "failed upload"), ("value", "wrong value"), ("vendor", "vendor to approve"),
    ("name", "new name asked for"), ("answer", "answer of a vendor"), ("claim", "SKU that two vendors claim"),
    ("stalled", "upload that doesn't get on"), ("gap", "gap in the records"), ("outage", "service that is away"),
    ("step", "step of the schedule"), ("job", "job that failed"),
]  # fmt: skip


def permit(apps: Any, schema_editor: Any) -> None:
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    of_items = permissions.filter(content_type__app_label="uploads", content_type__model="workitem")
    for group in groups.filter(name__in=EVERYONE):
        names = ["view_workitem"] if group.name == EVERYONE[0] else ["view_workitem", "change_workitem"]
        group.permissions.add(*of_items.filter(codename__in=names))


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0022_count_open_values"),
        ("vendors", "0003_groups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField("workitem", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.AlterField(
            "comment", "item_kind", models.CharField(blank=True, choices=KINDS, default="", max_length=20)
        ),
        migrations.AddIndex(
            "workitem",
            models.Index(
                condition=models.Q(("done_at__isnull", True)), fields=["assigned_to"], name="idx_work_items_assigned"
            ),
        ),
        migrations.AddIndex(
            "workitem",
            models.Index(condition=models.Q(("done_at__isnull", True)), fields=["due_on"], name="idx_work_items_due"),
        ),
        migrations.AddIndex(
            "uploadhistory",
            models.Index(
                condition=models.Q(("status", "failed")), fields=["created_at"], name="idx_upload_history_failed"
            ),
        ),
        migrations.AddIndex(
            "job",
            models.Index(condition=models.Q(("state", "failed")), fields=["ended_at"], name="idx_jobs_failed"),
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
