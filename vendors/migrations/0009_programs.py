"""What a vendor's programs prove themselves with, and what they are told."""

from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import config.web.names
from config.back_office.granting import groups_and_permissions

EVERYONE = ("Read-only", "Operations", "Operations lead")
DO = ("add_apitoken", "change_apitoken", "change_webhook")


def permit(apps: Any, schema_editor: Any) -> None:
    """All groups of staff see everything of the app; those who do more than look have the rest."""
    groups, permissions = groups_and_permissions(apps, schema_editor, "vendors")
    ours = permissions.filter(content_type__app_label="vendors")
    for group in groups.filter(name__in=EVERYONE):
        group.permissions.add(*ours.filter(codename__startswith="view_"))
        if group.name != EVERYONE[0]:
            group.permissions.add(*ours.filter(codename__in=DO))


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0008_declined"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=1000, verbose_name="address")),
                (
                    "description",
                    models.CharField(blank=True, default="", max_length=200, validators=[config.web.names.one_line]),
                ),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("feed.processing", "a feed is being imported"),
                                ("feed.held", "a feed waits for a person"),
                                ("feed.completed", "a feed was imported, all rows right"),
                                ("feed.completed_with_errors", "a feed was imported, some rows wrong"),
                                ("feed.failed", "a feed can't be imported"),
                                ("feed.cancelled", "a feed was cancelled"),
                                ("source.failed", "a source couldn't be fetched"),
                                ("source.disabled", "a source isn't fetched any more"),
                                ("vendor.suspended", "the vendor was suspended"),
                                ("vendor.reactivated", "the vendor is active again"),
                            ],
                            max_length=40,
                        ),
                        size=None,
                    ),
                ),
                ("secret", models.TextField(editable=False)),
                ("secret_before", models.TextField(blank=True, default="", editable=False)),
                ("secret_before_until", models.DateTimeField(editable=False, null=True)),
                ("disabled_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("disabled_reason", models.CharField(blank=True, default="", editable=False, max_length=300)),
                ("failing_since", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
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
                        related_name="webhooks",
                        to="vendors.vendor",
                    ),
                ),
            ],
            options={
                "db_table": "webhooks",
                "ordering": ["vendor", "id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_id", models.CharField(max_length=64)),
                ("event", models.CharField(max_length=40)),
                ("body", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("delivered", "Delivered"), ("failed", "Failed")],
                        db_default="pending",
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("tries", models.IntegerField(db_default=0, default=0)),
                ("next_try_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "webhook",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="vendors.webhook",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "db_table": "webhook_deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("milliseconds", models.IntegerField(default=0)),
                ("status", models.IntegerField(null=True)),
                ("error", models.CharField(blank=True, default="", max_length=300)),
                ("request_headers", models.JSONField(default=dict)),
                ("answer", models.TextField(blank=True, default="")),
                (
                    "delivery",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="vendors.webhookdelivery",
                    ),
                ),
            ],
            options={
                "db_table": "webhook_attempts",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="What uses it, like “ERP, nightly”.",
                        max_length=80,
                        validators=[config.web.names.one_line],
                    ),
                ),
                ("hint", models.CharField(editable=False, max_length=20)),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("feeds:read", "see feeds and what became of their rows"),
                                ("feeds:write", "send feeds, correct rows and try them again"),
                                ("products:read", "read the catalog"),
                                ("webhooks:write", "see and change webhooks"),
                            ],
                            max_length=40,
                        ),
                        size=None,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
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
                    "revoked_by",
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
                        related_name="tokens",
                        to="vendors.vendor",
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "db_table": "api_tokens",
                "ordering": ["vendor", "-id"],
                "indexes": [
                    models.Index(fields=["vendor", "-id"], name="idx_api_tokens_vendor"),
                    models.Index(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=["expires_at"],
                        name="idx_api_tokens_expiry",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="webhook",
            index=models.Index(fields=["vendor", "id"], name="idx_webhooks_vendor"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["webhook", "-id"], name="idx_webhook_deliveries_webhook"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["next_try_at"], name="idx_webhook_deliveries_due"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["created_at"], name="idx_webhook_deliveries_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(fields=("webhook", "message_id"), name="webhook_deliveries_key"),
        ),
        migrations.AddIndex(
            model_name="webhookattempt",
            index=models.Index(fields=["delivery", "id"], name="idx_webhook_attempts_delivery"),
        ),
        migrations.RunPython(permit, migrations.RunPython.noop),
    ]
