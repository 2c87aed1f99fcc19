"""What programs did to a vendor's products lately, by the minute: what the sliding window is added up from."""

from django.db import models

from vendors.models import Vendor


class ProgramMinute(models.Model):
    """A minute in which records that programs put into the table were committed for a vendor.

    Written in the transaction that commits them, under the vendor's lock; forgotten when it is out of every window.
    """

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="+", db_index=False)
    minute = models.DateTimeField()
    rows = models.IntegerField(default=0, db_default=0)
    errors = models.IntegerField(default=0, db_default=0)
    touched = models.IntegerField(default=0, db_default=0)  # products that were there before
    price_falls = models.IntegerField(default=0, db_default=0)  # to the half, or below
    price_rises = models.IntegerField(default=0, db_default=0)  # to the double, or above
    zero_stock = models.IntegerField(default=0, db_default=0)  # that had some
    retired = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "program_minutes"
        ordering = ["vendor", "minute"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["vendor", "minute"], name="program_minutes_key")]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.minute:%Y-%m-%d %H:%M}"
