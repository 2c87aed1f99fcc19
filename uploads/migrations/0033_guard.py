"""The guard: thresholds, what it says of an upload, and a generation for each vendor's catalog.

All columns have defaults, so the version before runs on: what it opens is not held. The generation is moved by triggers
for each statement, so whoever changes products moves it: feeds, undo, people, plain SQL. Of one vendor's products all of
ours write under its lock, so no two wait for each other there. A product that is given to another vendor moves that of
the one that has it then.
"""

from typing import Any

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from config.back_office.granting import groups_and_permissions

MOVED = """
CREATE FUNCTION catalog_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_generations AS g (vendor_id, generation)
    SELECT vendor_id, 1 FROM changed GROUP BY vendor_id ORDER BY vendor_id
        ON CONFLICT (vendor_id) DO UPDATE SET generation = g.generation + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER products_inserted_move AFTER INSERT ON products
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_moved();
CREATE TRIGGER products_updated_move AFTER UPDATE ON products
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_moved();
CREATE TRIGGER products_deleted_move AFTER DELETE ON products
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_moved();
"""
UNMOVED = """
DROP TRIGGER products_inserted_move ON products;
DROP TRIGGER products_updated_move ON products;
DROP TRIGGER products_deleted_move ON products;
DROP FUNCTION catalog_moved();
"""
EVERYONE = ("Read-only", "Operations", "Operations lead")
SEE = ("view_guardthreshold", "view_cataloggeneration")
DO = {
    "Operations": ("release_uploadhistory",),
    "Operations lead": (
        "release_uploadhistory", "add_guardthreshold", "change_guardthreshold", "delete_guardthreshold",
    ),
}  # fmt: skip


def permit(apps: Any, schema_editor: Any) -> None:
    """All groups of staff see the thresholds; Operations let held uploads through, their lead sets thresholds."""
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    ours = permissions.filter(content_type__app_label="uploads")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(*ours.filter(codename__in=(*SEE, *DO.get(group.name, ()))))


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0008_gtins"),
        ("uploads", "0032_severities"),
        ("vendors", "0011_webhook_turns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CatalogGeneration",
            fields=[
                (
                    "vendor_id",
                    models.CharField(max_length=50, primary_key=True, serialize=False, verbose_name="vendor ID"),
                ),
                ("generation", models.BigIntegerField(db_default=0, default=0)),
            ],
            options={
                "db_table": "catalog_generations",
            },
        ),
        migrations.CreateModel(
            name="GuardThreshold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("price_falls", "prices that fall by half or more"),
                            ("price_rises", "prices that double or more"),
                            ("zero_stock", "stocks that fall to 0"),
                            ("retired", "products that are retired"),
                            ("fewer_rows", "rows fewer than last time"),
                            ("errors", "rows with errors"),
                        ],
                        max_length=20,
                        verbose_name="what is counted",
                    ),
                ),
                ("category", models.CharField(blank=True, db_default="", default="", max_length=100)),
                (
                    "limit_percent",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="held beyond, in percent",
                    ),
                ),
                (
                    "minimum",
                    models.PositiveIntegerField(db_default=20, default=20, verbose_name="of at least"),
                ),
                (
                    "owner_percent",
                    models.PositiveSmallIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="owners let through up to, in percent",
                    ),
                ),
                ("is_on", models.BooleanField(db_default=True, default=True, verbose_name="counts")),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "verbose_name": "threshold",
                "db_table": "guard_thresholds",
                "ordering": ["kind", "category", "vendor_id"],
            },
        ),
        migrations.AlterModelOptions(
            name="uploadhistory",
            options={
                "ordering": ["-created_at"],
                "permissions": [
                    ("cancel_uploadhistory", "Can cancel uploads"),
                    ("replay_uploadhistory", "Can correct failed rows and try them again"),
                    ("reconcile_uploadhistory", "Can reconcile uploads"),
                    ("undo_uploadhistory", "Can undo uploads"),
                    ("download_uploadhistory", "Can download the files of uploads"),
                    ("release_uploadhistory", "Can let held uploads through"),
                ],
                "verbose_name": "upload",
                "verbose_name_plural": "uploads",
            },
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="guard",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "not needed"),
                    ("due", "Due"),
                    ("passed", "Passed"),
                    ("held", "Held"),
                    ("confirmed", "Confirmed"),
                ],
                db_default="",
                default="",
                editable=False,
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="guard_confirmed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="guard_confirmed_by",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="guard_findings",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list, editable=False),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="held_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="comment",
            name="item_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("upload", "failed upload"),
                    ("value", "wrong value"),
                    ("vendor", "vendor to approve"),
                    ("name", "new name asked for"),
                    ("answer", "answer of a vendor"),
                    ("claim", "SKU that two vendors claim"),
                    ("stalled", "upload that doesn't get on"),
                    ("gap", "gap in the records"),
                    ("outage", "service that is away"),
                    ("step", "step of the schedule"),
                    ("job", "job that failed"),
                    ("held", "feed that leaves something open"),
                    ("guard", "file that is held"),
                    ("source", "source that can't be fetched"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("replay", "Try failed rows again"),
                    ("ignore", "Ignore failed rows"),
                    ("undo", "Undo an upload"),
                    ("reconcile", "Reconcile an upload"),
                    ("dry_run", "Dry run of a file"),
                    ("guard", "Check of a file before its import"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="uploadhistory",
            name="status",
            field=models.CharField(
                choices=[
                    ("processing", "Processing"),
                    ("held", "Held"),
                    ("completed", "Completed"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                ],
                db_default="processing",
                default="processing",
                max_length=50,
            ),
        ),
        migrations.AlterField(
            model_name="workitem",
            name="kind",
            field=models.CharField(
                choices=[
                    ("upload", "failed upload"),
                    ("value", "wrong value"),
                    ("vendor", "vendor to approve"),
                    ("name", "new name asked for"),
                    ("answer", "answer of a vendor"),
                    ("claim", "SKU that two vendors claim"),
                    ("stalled", "upload that doesn't get on"),
                    ("gap", "gap in the records"),
                    ("outage", "service that is away"),
                    ("step", "step of the schedule"),
                    ("job", "job that failed"),
                    ("held", "feed that leaves something open"),
                    ("guard", "file that is held"),
                    ("source", "source that can't be fetched"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="uploadhistory",
            index=models.Index(
                condition=models.Q(("status", "held")), fields=["held_until"], name="idx_upload_history_held"
            ),
        ),
        migrations.AddIndex(
            model_name="uploadhistory",
            index=models.Index(
                condition=models.Q(("guard", "due"), ("status", "processing")),
                fields=["sequence"],
                name="idx_upload_history_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="uploadhistory",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("guard__in", ["due", "held"]), _negated=True), ("staged_rows", 0), _connector="OR"
                ),
                name="upload_history_nothing_before_guard",
            ),
        ),
        migrations.AddConstraint(
            model_name="uploadhistory",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "held"), _negated=True),
                    models.Q(("guard", "held"), ("held_until__isnull", False)),
                    _connector="OR",
                ),
                name="upload_history_held_by_guard",
            ),
        ),
        migrations.AddField(
            model_name="guardthreshold",
            name="updated_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="guardthreshold",
            name="vendor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="vendors.vendor",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardthreshold",
            constraint=models.UniqueConstraint(
                models.F("kind"),
                django.db.models.functions.comparison.Coalesce("vendor", models.Value("")),
                models.F("category"),
                name="guard_thresholds_one_per_scope",
                violation_error_message="There is one for this already: change that.",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardthreshold",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit_percent__lte", 100), ("owner_percent__lte", 100)),
                name="guard_thresholds_percent",
                violation_error_message="A share is a number from 0 to 100.",
            ),
        ),
        migrations.AddConstraint(
            model_name="guardthreshold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("category", ""),
                    models.Q(("kind__in", ["price_falls", "price_rises", "zero_stock"]), ("vendor__isnull", True)),
                    _connector="OR",
                ),
                name="guard_thresholds_scope",
                violation_error_message="It is for all, for a vendor, or for a category; a category has its own only for prices and stocks.",
            ),
        ),
        # As its other keys: checked at once, so that plain SQL may alter the table behind an INSERT.
        migrations.RunSQL(
            """
            DO $$
            DECLARE name text := (SELECT conname FROM pg_constraint
                                   WHERE conrelid = 'upload_history'::regclass AND contype = 'f'
                                     AND pg_get_constraintdef(oid) LIKE 'FOREIGN KEY (guard_confirmed_by_id)%');
            BEGIN
                EXECUTE format('ALTER TABLE upload_history ALTER CONSTRAINT %I NOT DEFERRABLE', name);
            END $$
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(MOVED, UNMOVED),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
