"""Services that were away: what work/outages.py keeps in PostgreSQL, so that all processes together say it once."""

from django.db import models
from django.db.models.functions import Now


class ServiceOutage(models.Model):
    """A span in which a service could not be worked with. At most one of each service is open."""

    id = models.BigAutoField(primary_key=True)
    service = models.CharField(max_length=50)
    reason = models.TextField("reason and remedy")
    began_at = models.DateTimeField(db_default=Now())
    failed_at = models.DateTimeField("last failure", db_default=Now())
    # The first answer since then, of a process that had met the outage.
    answered_at = models.DateTimeField("answers again since", null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "service_outages"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=models.Q(ended_at=None), name="service_outages_open_key"
            )
        ]

    def __str__(self) -> str:
        return self.service
