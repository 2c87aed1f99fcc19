"""Feeds of programs, and sources that are fetched."""

from typing import Any

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import config.web.names
from config.back_office.granting import groups_and_permissions

EVERYONE = ("Read-only", "Operations", "Operations lead")
DO = ("change_source",)


def permit(apps: Any, schema_editor: Any) -> None:
    """All groups of staff see everything of the app; those who do more than look have the rest."""
    groups, permissions = groups_and_permissions(apps, schema_editor, "uploads")
    ours = permissions.filter(content_type__app_label="uploads")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(*ours.filter(codename__startswith="view_"))
        if group.name != EVERYONE[0]:
            group.permissions.add(*ours.filter(codename__in=DO))


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0025_pages"),
        ("vendors", "0009_programs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                    ("source", "source that can't be fetched"),
                ],
                default="",
                max_length=20,
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
                    ("source", "source that can't be fetched"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, validators=[config.web.names.one_line])),
                (
                    "kind",
                    models.CharField(choices=[("https", "HTTPS"), ("sftp", "SFTP")], default="https", max_length=10),
                ),
                ("url", models.CharField(max_length=1000, verbose_name="address")),
                (
                    "auth",
                    models.CharField(
                        choices=[
                            ("none", "nothing"),
                            ("password", "user and password"),
                            ("header", "a header of our own"),
                            ("key", "SSH key"),
                        ],
                        default="none",
                        max_length=10,
                        verbose_name="signs in with",
                    ),
                ),
                (
                    "user_name",
                    models.CharField(blank=True, default="", max_length=200, validators=[config.web.names.one_line]),
                ),
                (
                    "header_name",
                    models.CharField(blank=True, default="", max_length=100, validators=[config.web.names.one_line]),
                ),
                ("secret", models.TextField(blank=True, default="", editable=False)),
                ("host_key", models.TextField(blank=True, default="", editable=False)),
                ("host_key_met", models.TextField(blank=True, default="", editable=False)),
                (
                    "every",
                    models.CharField(
                        choices=[("hour", "every hour"), ("day", "every day"), ("week", "every week")],
                        default="day",
                        max_length=10,
                    ),
                ),
                (
                    "weekday",
                    models.SmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(6)]),
                ),
                (
                    "hour",
                    models.SmallIntegerField(default=3, validators=[django.core.validators.MaxValueValidator(23)]),
                ),
                (
                    "minute",
                    models.SmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(59)]),
                ),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("upsert", "add new products and update existing ones"),
                            ("add", "only add new products"),
                            ("update", "only update existing products"),
                        ],
                        default="upsert",
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused"), ("disabled", "Disabled")],
                        db_default="active",
                        default="active",
                        max_length=20,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("next_at", models.DateTimeField(editable=False, null=True)),
                ("slot_at", models.DateTimeField(editable=False, null=True)),
                ("tries", models.IntegerField(db_default=0, default=0, editable=False)),
                ("failures", models.IntegerField(db_default=0, default=0, editable=False)),
                ("failing_since", models.DateTimeField(editable=False, null=True)),
                ("told_at", models.DateTimeField(editable=False, null=True)),
                ("etag", models.CharField(blank=True, default="", editable=False, max_length=500)),
                ("last_modified", models.CharField(blank=True, default="", editable=False, max_length=100)),
                ("remote_size", models.BigIntegerField(editable=False, null=True)),
                ("remote_time", models.BigIntegerField(editable=False, null=True)),
                (
                    "sha256",
                    models.CharField(blank=True, default="", editable=False, max_length=64, verbose_name="SHA-256"),
                ),
                ("epoch", models.BigIntegerField(db_default=0, default=0, editable=False)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "created_by",
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
                        related_name="sources",
                        to="vendors.vendor",
                    ),
                ),
            ],
            options={
                "db_table": "sources",
                "ordering": ["vendor", "id"],
            },
        ),
        migrations.CreateModel(
            name="Feed",
            fields=[
                (
                    "feed_id",
                    models.CharField(max_length=100, primary_key=True, serialize=False, verbose_name="feed ID"),
                ),
                ("kind", models.CharField(choices=[("products", "Products")], default="products", max_length=20)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("upsert", "add new products and update existing ones"),
                            ("add", "only add new products"),
                            ("update", "only update existing products"),
                        ],
                        default="upsert",
                        max_length=20,
                    ),
                ),
                ("dry_run", models.BooleanField(default=False)),
                ("file_name", models.CharField(max_length=255)),
                ("sha256", models.CharField(blank=True, default="", max_length=64, verbose_name="SHA-256")),
                ("size", models.BigIntegerField(null=True, verbose_name="size in bytes")),
                ("metadata", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("awaiting_file", "waits for its file"),
                            ("submitted", "is being looked at"),
                            ("held", "waits for a person"),
                            ("opened", "is an upload"),
                            ("tried", "was tried, and changed nothing"),
                            ("failed", "can't be imported"),
                            ("cancelled", "cancelled"),
                            ("expired", "its file never came"),
                        ],
                        default="awaiting_file",
                        max_length=20,
                    ),
                ),
                ("key", models.CharField(blank=True, default="", max_length=1024)),
                ("questions", models.JSONField(default=list)),
                ("answers", models.JSONField(default=dict)),
                ("failure_code", models.CharField(blank=True, default="", max_length=50)),
                ("failure_reason", models.TextField(blank=True, default="")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("submitted_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("epoch", models.BigIntegerField(db_default=0, default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="uploads.job",
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="vendors.apitoken",
                    ),
                ),
                (
                    "upload",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feed",
                        to="uploads.uploadhistory",
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feeds",
                        to="vendors.vendor",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="feeds",
                        to="uploads.source",
                    ),
                ),
            ],
            options={
                "db_table": "feeds",
                "ordering": ["-created_at", "-feed_id"],
            },
        ),
        migrations.CreateModel(
            name="SourceRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("scheduled", "Scheduled"), ("asked", "asked for"), ("test", "Test")],
                        default="scheduled",
                        max_length=20,
                    ),
                ),
                ("slot_at", models.DateTimeField(null=True)),
                ("tries", models.IntegerField(default=1)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("fetched", "Fetched"),
                            ("unchanged", "Unchanged"),
                            ("failed", "Failed"),
                        ],
                        default="running",
                        max_length=20,
                    ),
                ),
                ("code", models.CharField(blank=True, default="", max_length=50)),
                ("message", models.TextField(blank=True, default="")),
                ("size", models.BigIntegerField(null=True, verbose_name="size in bytes")),
                ("sha256", models.CharField(blank=True, default="", max_length=64, verbose_name="SHA-256")),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "feed",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="runs",
                        to="uploads.feed",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runs",
                        to="uploads.source",
                    ),
                ),
            ],
            options={
                "db_table": "source_runs",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="IdempotentCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.IntegerField(null=True)),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField(default=b"")),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "vendor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="vendors.vendor",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "db_table": "idempotent_calls",
                "indexes": [models.Index(fields=["created_at"], name="idx_idempotent_calls_age")],
                "constraints": [models.UniqueConstraint(fields=("vendor", "key"), name="idempotent_calls_key")],
            },
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(fields=["vendor", "id"], name="idx_sources_vendor"),
        ),
        migrations.AddIndex(
            model_name="source",
            index=models.Index(condition=models.Q(("state", "active")), fields=["next_at"], name="idx_sources_due"),
        ),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(fields=["vendor", "-created_at", "-feed_id"], name="idx_feeds_vendor"),
        ),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(
                condition=models.Q(("state", "submitted")), fields=["created_at"], name="idx_feeds_submitted"
            ),
        ),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(condition=models.Q(("state", "held")), fields=["created_at"], name="idx_feeds_held"),
        ),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(
                condition=models.Q(("state", "awaiting_file")), fields=["expires_at"], name="idx_feeds_expiry"
            ),
        ),
        migrations.AddIndex(
            model_name="sourcerun",
            index=models.Index(fields=["source", "-id"], name="idx_source_runs_source"),
        ),
        migrations.AddIndex(
            model_name="sourcerun",
            index=models.Index(fields=["started_at"], name="idx_source_runs_age"),
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
