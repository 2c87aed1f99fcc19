"""Where a UTF-16 file can be decoded from, so that going on with it doesn't start at its beginning each time.

Columns with constant defaults: the table is not rewritten. Positions that stand there already keep their meaning; the
default says "from the beginning", which is how they were read until now, and the next turn of staging notes better.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0007_error_kinds"),
    ]

    operations = [
        migrations.AddField(
            model_name="uploadhistory",
            name="staged_mark_byte",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="uploadhistory",
            name="staged_mark_offset",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
    ]
