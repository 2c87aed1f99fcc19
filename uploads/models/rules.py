"""What a vendor's columns and values mean, as somebody decided for its next files."""

from django.conf import settings
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower, Now

from uploads.models.errors import VALUE_CHARS
from vendors.models import Vendor


class ValueRule(models.Model):
    """A value that a vendor keeps writing, and what to read instead. Applied before validation to its later rows."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, db_index=False, related_name="value_rules")
    field = models.CharField(max_length=50)
    # Without white space at its ends; whether its letters are capitals makes no difference.
    wrong_value = models.CharField(max_length=VALUE_CHARS)
    right_value = models.CharField(max_length=VALUE_CHARS)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "value_rules"
        ordering = ["vendor", "field", "wrong_value"]
        constraints = [
            models.UniqueConstraint(F("vendor"), F("field"), Lower("wrong_value"), name="value_rules_key"),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.field}: {self.wrong_value} → {self.right_value}"


class ColumnRule(models.Model):
    """What a vendor's column with this header means; it wins over the well-known names. "" ignores the column."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, db_index=False, related_name="column_rules")
    header = models.CharField(max_length=200)
    field = models.CharField(max_length=50, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "column_rules"
        ordering = ["vendor", "header"]
        constraints = [models.UniqueConstraint(fields=["vendor", "header"], name="column_rules_key")]

    def __str__(self) -> str:
        return f"{self.vendor_id}: {self.header} → {self.field or 'nothing'}"
