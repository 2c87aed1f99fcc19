"""Vendors say whether rows are retried by themselves when what they waited for happens; nobody has said so yet."""

from django.db import migrations, models

HELP = (
    "Rows that failed for a category that isn't open, for a SKU that another product has, or since the vendor wasn't "
    "active are retried when that changes."
)


class Migration(migrations.Migration):
    dependencies = [("vendors", "0012_holds")]

    operations = [
        migrations.AddField(
            "vendor",
            "retries_by_itself",
            models.BooleanField("retry rows by themselves", db_default=False, default=False, help_text=HELP),
        ),
    ]
