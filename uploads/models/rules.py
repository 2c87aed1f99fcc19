"""What a vendor's columns and values mean, and which problems keep rows out, as somebody decided for the next ones."""

from django.conf import settings
from django.db import models
from django.db.models import F, JSONField, Q, Value
from django.db.models.functions import Lower, Now

from uploads.models.errors import VALUE_CHARS
from vendors.models import Vendor


class ValueRule(models.Model):
    """A value that a vendor keeps writing, and what to read instead. Applied before validation to its later rows.

    Without a vendor it is for all of them; where a vendor has one of its own for the same value, that counts.
    """

    vendor = models.ForeignKey(
        Vendor, models.CASCADE, null=True, blank=True, db_index=False, related_name="value_rules",
        help_text="Leave it empty for a rule for all vendors, which all of them see on their pages.",
    )  # fmt: skip
    field = models.CharField(max_length=50)
    # Without white space at its ends; whether its letters are capitals makes no difference.
    wrong_value = models.CharField(max_length=VALUE_CHARS)
    right_value = models.CharField(max_length=VALUE_CHARS)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "value_rules"
        verbose_name = "rule"
        ordering = ["vendor", "field", "wrong_value"]
        constraints = [
            models.UniqueConstraint(F("vendor"), F("field"), Lower("wrong_value"), name="value_rules_key"),
            models.UniqueConstraint(
                F("field"), Lower("wrong_value"), name="value_rules_of_all", condition=Q(vendor__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id or 'All vendors'} {self.field}: {self.wrong_value} → {self.right_value}"


class RememberedReading(models.Model):
    """How somebody had a file of this vendor read: the next ones with the same set of headers are read so too.

    `fingerprint` is feed.columns.fingerprint of the headers, `headers` are their beginnings, for people. `columns` has
    field → header in full; a column that is no field's there is left out. `answers` has question id → value.
    """

    vendor = models.ForeignKey(Vendor, models.CASCADE, db_index=False, related_name="remembered_readings")
    fingerprint = models.CharField(max_length=64, editable=False)
    headers = models.JSONField(editable=False)
    columns = models.JSONField(editable=False)
    answers = models.JSONField(default=dict, db_default=Value({}, JSONField()), editable=False)
    file_name = models.CharField(max_length=255, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    # When it was chosen last.
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "remembered_readings"
        verbose_name = "file layout"
        ordering = ["vendor", "-created_at"]
        constraints = [models.UniqueConstraint(fields=["vendor", "fingerprint"], name="remembered_readings_key")]

    def __str__(self) -> str:
        return f"{self.vendor_id}: a file of {len(self.headers)} columns"


class SeverityRule(models.Model):
    """What staff said of a kind of problem: an error, which keeps its rows out, or a warning (catalog.rules.severity).

    Rows are added and never changed: a later one of the same code, vendor and category counts from its date on, and
    what was said before stays to be seen; one that doesn't count yet may be deleted. Records keep the severity that
    counted when they were judged.
    """

    class Severity(models.TextChoices):
        ERROR = "error", "an error: rows with it are kept out"
        WARNING = "warning", "a warning: rows with it are accepted"
        UNSAID = "", "as it is more generally: take back what was said"

    code = models.CharField("kind of problem", max_length=50)
    vendor = models.ForeignKey(
        Vendor, models.CASCADE, null=True, blank=True, db_index=False, related_name="severity_rules",
        help_text="Leave it empty for all vendors.",
    )  # fmt: skip
    # The name of one of ours, as products are stored under it; "" for all.
    category = models.CharField(
        max_length=100, default="", db_default="", blank=True, help_text="Leave it empty for all categories."
    )
    severity = models.CharField(max_length=10, choices=Severity, default="", blank=True)
    threshold = models.IntegerField(
        "bound", null=True, blank=True, help_text="Of kinds that have one. Leave it empty for the usual one."
    )
    counts_from = models.DateTimeField(db_default=Now())
    note = models.CharField(max_length=500, default="", db_default="", blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "severity_rules"
        verbose_name, verbose_name_plural = "severity", "severities"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "vendor", "category", "counts_from"], name="severity_rules_key", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(severity__in=["error", "warning", ""]), name="severity_rules_severity"),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gte=0), name="severity_rules_threshold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.severity or 'as before'}"
