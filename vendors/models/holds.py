"""Why nothing that comes for a vendor takes effect just now, and what was decided about it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from vendors.models.companies import Vendor

REASON_CHARS = 1000


class VendorHold(models.Model):
    """A time in which rows of a vendor don't reach its products: since when, why, by whom, and how it ended.

    One of each kind is open at a time. Those that ended stay, as a history.
    """

    class Kind(models.TextChoices):
        PAUSE = "pause", "paused by staff"  # whatever comes
        WINDOW = "window", "records of programs look wrong"  # these alone: a file may put right what they did

    class Ended(models.TextChoices):
        RESUMED = "resumed"
        CONFIRMED = "confirmed"
        REFUSED = "refused"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="holds", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    reason = models.TextField(max_length=REASON_CHARS)
    # Of a window: the thresholds that it is beyond, each with what was found.
    findings = models.JSONField(default=list, db_default=[])
    since = models.DateTimeField(db_default=Now(), editable=False)
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, db_index=False
    )
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_how = models.CharField(max_length=20, choices=Ended, default="", db_default="", editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, db_index=False
    )

    class Meta:
        db_table = "vendor_holds"
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            # Also the index by which a batch finds whether its vendors are held.
            models.UniqueConstraint(fields=["vendor", "kind"], condition=Q(ended_at=None), name="vendor_holds_open"),
        ]
        indexes = [models.Index(fields=["vendor", "-id"], name="idx_vendor_holds_vendor")]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.get_kind_display()}"
