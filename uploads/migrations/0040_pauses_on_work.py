"""What is noted of a thing that waits may be about feeds that are paused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("uploads", "0038_renamed_categories"),
    ]

    operations = [
        migrations.AlterField(
            model_name="comment",
            name="item_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("upload", "failed upload"),
                    ("value", "wrong value"),
                    ("vendor", "vendor to approve"),
                    ("name", "new name asked for"),
                    ("answer", "answer of a vendor"),
                    ("claim", "SKU that two vendors claim"),
                    ("stalled", "upload that doesn't get on"),
                    ("gap", "gap in the records"),
                    ("outage", "service that is away"),
                    ("step", "step of the schedule"),
                    ("job", "job that failed"),
                    ("held", "feed that leaves something open"),
                    ("guard", "file that is held"),
                    ("source", "source that can't be fetched"),
                    ("window", "records of programs that look wrong"),
                    ("pause", "feeds that are paused"),
                ],
                default="",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="workitem",
            name="kind",
            field=models.CharField(
                choices=[
                    ("upload", "failed upload"),
                    ("value", "wrong value"),
                    ("vendor", "vendor to approve"),
                    ("name", "new name asked for"),
                    ("answer", "answer of a vendor"),
                    ("claim", "SKU that two vendors claim"),
                    ("stalled", "upload that doesn't get on"),
                    ("gap", "gap in the records"),
                    ("outage", "service that is away"),
                    ("step", "step of the schedule"),
                    ("job", "job that failed"),
                    ("held", "feed that leaves something open"),
                    ("guard", "file that is held"),
                    ("source", "source that can't be fetched"),
                    ("window", "records of programs that look wrong"),
                    ("pause", "feeds that are paused"),
                ],
                max_length=20,
            ),
        ),
    ]
