"""Mails to owners are owed from the transaction on that makes them true; programs are told of pauses.

Forward, a new and empty table, and choices that only Django knows. Backward, mails that weren't sent by then are lost,
as all were before that weren't sent at once.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0014_absent_products"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OwedMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.TextField()),
                ("body", models.TextField()),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "vendor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="vendors.vendor"
                    ),
                ),
            ],
            options={
                "db_table": "owed_mails",
                "ordering": ["id"],
                "default_permissions": (),
                "indexes": [models.Index(fields=["due_at"], name="idx_owed_mails_due")],
            },
        ),
        migrations.AlterField(
            model_name="webhook",
            name="events",
            field=django.contrib.postgres.fields.ArrayField(
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
                        ("vendor.paused", "the vendor's feeds are paused"),
                        ("vendor.resumed", "the vendor's feeds go on"),
                    ],
                    max_length=40,
                ),
                size=None,
            ),
        ),
    ]
