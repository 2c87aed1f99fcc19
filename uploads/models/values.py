"""How many open rows have which wrong value: kept up as rows fail and are mended, never counted when somebody looks.

Both are derived, and nothing is decided by them: which rows are corrected is asked of the errors themselves. Triggers
of `validation_errors` and `upload_history` keep OpenValue (migration 0021); uploads/pipeline/settling/totals.py makes
ValueTotal of it.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from vendors.models import Vendor


class OpenValue(models.Model):
    """A wrong value of a field in rows of one vendor that wait. `value` is in small letters; "" is empty cells.

    A claim is a SKU that another product has: no right value is for all rows of it.
    """

    pk = models.CompositePrimaryKey("vendor_id", "claim", "field", "value")
    vendor = models.ForeignKey(Vendor, models.CASCADE, db_index=False, related_name="+")
    claim = models.BooleanField()
    field = models.CharField(max_length=50)
    value = models.TextField()
    # As one of the rows writes it.
    spelling = models.TextField()
    # 0 until that is in the totals too.
    rows = models.BigIntegerField()
    since = models.DateTimeField(db_default=Now())
    # Whether the totals don't have it yet.
    changed = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "open_values"
        indexes = [
            models.Index(fields=["claim", "field", "value"], name="idx_open_values_value"),
            models.Index(fields=["vendor"], name="idx_open_values_changed", condition=Q(changed=True)),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.field}: {self.spelling}"


class ValueTotal(models.Model):
    """The same over all vendors; a few seconds late."""

    pk = models.CompositePrimaryKey("claim", "field", "value")
    claim = models.BooleanField()
    field = models.CharField(max_length=50)
    value = models.TextField()
    # As the vendor with most rows writes it.
    spelling = models.TextField()
    rows = models.BigIntegerField()
    vendors = models.IntegerField()
    since = models.DateTimeField()

    class Meta:
        db_table = "shared_values"
        indexes = [
            # Largest first, of all fields and of one; read from their ends.
            models.Index(fields=["claim", "rows", "field", "value"], name="idx_shared_values_rows"),
            models.Index(fields=["claim", "field", "rows", "value"], name="idx_shared_values_field"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.spelling}"
