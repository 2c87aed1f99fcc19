"""Vendors have a currency: that of prices which don't say theirs."""

import django.core.validators
from django.db import migrations

import vendors.models

FORWARD = """
ALTER TABLE vendors ADD COLUMN currency char(3) NOT NULL DEFAULT 'USD'
    CONSTRAINT vendors_currency_check CHECK (currency ~ '^[A-Z]{3}$');
"""
BACKWARD = "ALTER TABLE vendors DROP COLUMN currency"


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0004_invitations"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.AddField(
                    model_name="vendor",
                    name="currency",
                    field=vendors.models.CurrencyField(
                        db_default="USD",
                        default=vendors.models.default_currency,
                        help_text=vendors.models.CURRENCY_HELP,
                        max_length=3,
                        validators=[django.core.validators.RegexValidator("^[A-Z]{3}\\Z", "Like USD.")],
                    ),
                ),
            ],
        ),
    ]
