"""Mails to a vendor's owners that are still to be sent: written down with what they tell of."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from vendors.models.companies import Vendor


class OwedMail(models.Model):
    """One mail for one owner, from the transaction on that makes it true until it is sent (vendors.mails).

    `due_at` says from when on somebody may send it; who is at it moves it on, so that a process that dies gives it back
    by the clock. What was sent, and what couldn't be in three days, is deleted.
    """

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    subject = models.TextField()
    body = models.TextField()
    due_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "owed_mails"
        ordering = ["id"]
        default_permissions = ()
        indexes = [models.Index(fields=["due_at"], name="idx_owed_mails_due")]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.subject}"
