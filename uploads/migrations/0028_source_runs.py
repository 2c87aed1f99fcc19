"""What fetching sources asks for: which of them are being fetched, which runs are open, and the file of a test; and a
slot that makes one feed, whatever else may fail.
"""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("uploads", "0026_programs")]

    operations = [
        migrations.AddField("sourcerun", "preview", models.TextField(blank=True, db_default="", default="", editable=False)),
        migrations.AddIndex(
            "source",
            models.Index(fields=["leased_until"], name="idx_sources_leased", condition=Q(leased_until__isnull=False)),
        ),
        migrations.AddIndex(
            "source",
            models.Index(
                fields=["failing_since"], name="idx_sources_trouble",
                condition=Q(state="active", failures__gte=3) | Q(state="disabled") | Q(~Q(host_key=""), ~Q(host_key_met="")),
            ),
        ),
        migrations.AddIndex(
            "sourcerun", models.Index(fields=["id"], name="idx_source_runs_open", condition=Q(outcome="running"))
        ),
        migrations.AddConstraint(
            "sourcerun",
            models.UniqueConstraint(
                fields=["source", "slot_at"], condition=Q(kind="scheduled", outcome="fetched"),
                name="source_runs_one_per_slot",
            ),
        ),
    ]  # fmt: skip
