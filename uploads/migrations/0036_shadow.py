"""A kind of job that tests a change against the rows of past uploads, and who may ask for one: Operations and
Operations lead, who may make such changes.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import Q

from config.back_office.granting import groups_and_permissions

MAY = ("Operations", "Operations lead")
KINDS = [
    ("replay", "Try failed rows again"), ("ignore", "Ignore failed rows"), ("undo", "Undo an upload"),
    ("reconcile", "Reconcile an upload"), ("dry_run", "Dry run of a file"), ("guard", "Check of a file before its import"),
    ("shadow", "Test of a change"),
]  # fmt: skip


def permit(apps: Any, schema_editor: Any) -> None:
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    test = permissions.get(content_type__app_label="uploads", content_type__model="job", codename="test_changes")
    for group in groups.filter(name__in=MAY):
        group.permissions.add(test)


class Migration(migrations.Migration):
    dependencies = [("uploads", "0035_happenings"), ("vendors", "0003_groups")]

    operations = [
        migrations.AlterField("job", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.AlterModelOptions(
            "job",
            {
                "ordering": ["-id"],
                "permissions": [("test_changes", "Can test changes against the rows of past uploads")],
            },
        ),
        migrations.AddIndex("job", models.Index(fields=["-id"], name="idx_jobs_shadow", condition=Q(kind="shadow"))),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
