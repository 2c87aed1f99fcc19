"""The steps of the schedule: when each went well last, and since when one fails (work/steps.py)."""

from django.db import models


class UpkeepStep(models.Model):
    """One step of what the schedule does again and again. The row is there once the step was tried."""

    name = models.CharField(max_length=100, primary_key=True)
    # Up to steps.NOTED_SECONDS older than it is: a row that is written every few seconds says nothing more.
    well_at = models.DateTimeField("last well", null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField("last failure", null=True, blank=True)
    failure = models.TextField("with what", default="", db_default="", blank=True)
    # An outage of a service stops it, which has a line in the log of its own (work/outages.py).
    waits = models.BooleanField("waits for a service", default=False, db_default=False)

    class Meta:
        db_table = "upkeep_steps"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
