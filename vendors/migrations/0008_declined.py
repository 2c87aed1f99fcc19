"""A vendor can be declined, with a reason: it stays pending, and waits for nobody until it asks again.

Both columns may be null, so plain SQL and the version before leave them out.
"""

from django.db import migrations, models

from config.web.names import some_lines


class Migration(migrations.Migration):
    dependencies = [("vendors", "0007_talk")]

    operations = [
        migrations.AddField(
            model_name="vendor",
            name="declined_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="vendor",
            name="declined_reason",
            field=models.TextField(blank=True, editable=False, max_length=1000, null=True, validators=[some_lines]),
        ),
        migrations.AddIndex(
            model_name="vendor",
            index=models.Index(
                condition=models.Q(("requested_name__isnull", False)),
                fields=["vendor_id"],
                name="idx_vendors_requested_name",
            ),
        ),
    ]
