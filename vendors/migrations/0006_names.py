"""A vendor's new name waits until staff have seen it, and what is one line is held to one."""

from typing import Any

from django.db import migrations, models

from config.web.names import one_line, some_lines

OPTIONAL = {"phone": 20, "business_name": 200, "city": 100, "state": 50, "postal_code": 20}
RULED: "dict[str, models.Field[Any, Any]]" = {
    "vendor_name": models.CharField(max_length=200, validators=[one_line]),
    **{
        name: models.CharField(blank=True, max_length=length, null=True, validators=[one_line])
        for name, length in OPTIONAL.items()
    },
    "tax_id": models.CharField("tax ID", blank=True, max_length=50, null=True, validators=[one_line]),
    "country": models.CharField(
        blank=True, db_default="USA", default="USA", max_length=50, null=True, validators=[one_line]
    ),
    "address": models.TextField(blank=True, max_length=500, null=True, validators=[some_lines]),
}


class Migration(migrations.Migration):
    dependencies = [
        ("vendors", "0005_currency"),
    ]

    operations = [
        migrations.AddField(
            model_name="vendor",
            name="requested_name",
            field=models.CharField(blank=True, max_length=200, null=True, validators=[one_line]),
        ),
        # Rules of forms: nothing changes in the database.
        *(migrations.AlterField(model_name="vendor", name=name, field=field) for name, field in RULED.items()),
    ]
