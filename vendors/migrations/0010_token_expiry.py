"""Owners are told once that a token of theirs is about to expire."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("vendors", "0009_programs")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="expiry_told_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
