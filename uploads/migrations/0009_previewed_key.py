"""Of a preview that is confirmed twice, one upload is opened: by a unique column, not by how a storage key ends.

A column that may be null and has no default: the table is not rewritten, and a plain INSERT may leave it out. The index
has only those that were previewed. Uploads of before stay without: what was previewed and not confirmed yet can be
confirmed as ever, and the file of what was confirmed is gone.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0008_utf16_marks"),
    ]

    operations = [
        migrations.AddField(
            model_name="uploadhistory",
            name="previewed_key",
            field=models.CharField(editable=False, max_length=1024, null=True),
        ),
        migrations.AddConstraint(
            model_name="uploadhistory",
            constraint=models.UniqueConstraint(
                condition=models.Q(("previewed_key__isnull", False)),
                fields=("previewed_key",),
                name="upload_history_one_per_preview",
            ),
        ),
    ]
