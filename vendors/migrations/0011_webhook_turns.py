"""An index by which the next delivery of each webhook is found, however many wait behind it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vendors", "0010_token_expiry")]

    operations = [
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "pending")),
                fields=["webhook", "next_try_at", "id"],
                name="idx_webhook_deliveries_next",
            ),
        ),
    ]
