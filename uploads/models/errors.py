"""What was wrong with rows, and what somebody changed in them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from uploads.models.uploads import UploadHistory
from vendors.models import Vendor

# Of a wrong value that is kept, and of the right one that is written in its place.
VALUE_CHARS = 200


class ValidationError(models.Model):
    """One problem found in one row. A row with three problems has three of these, each with its original data."""

    error_id = models.AutoField(primary_key=True)
    upload = models.ForeignKey(UploadHistory, models.CASCADE, db_index=False, related_name="errors")
    vendor = models.ForeignKey(Vendor, models.CASCADE, db_index=False, related_name="+")
    row_number = models.IntegerField()
    error_type = models.CharField(max_length=50)
    error_message = models.TextField()
    original_data = models.JSONField(null=True, blank=True)
    field = models.CharField(max_length=50, default="", db_default="", blank=True)
    suggestion = models.TextField(default="", db_default="", blank=True)
    record_id = models.CharField(max_length=255, default="", db_default="", blank=True)
    # The cell that the problem is about: rows that share it can be corrected together.
    wrong_value = models.CharField(max_length=VALUE_CHARS, default="", db_default="", blank=True)
    attempt = models.IntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "validation_errors"
        ordering = ["upload", "row_number", "error_id"]
        indexes = [
            models.Index(fields=["upload", "row_number"], name="idx_validation_errors_upload"),
            models.Index(fields=["vendor", "-created_at"], name="idx_validation_errors_vendor"),
            # The kinds of open errors of an upload, and the rows of a kind.
            models.Index(
                fields=["upload", "error_type", "row_number"],
                name="idx_validation_errors_kind",
                condition=Q(resolved_at__isnull=True),
            ),
            # Rows that share a wrong value, within one vendor or across all.
            models.Index(
                F("field"),
                Lower("wrong_value"),
                F("vendor"),
                name="idx_validation_errors_value",
                condition=Q(resolved_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} row {self.row_number}: {self.error_type}"


class Correction(models.Model):
    """What somebody changed in a failed row before it was retried. What the file said stays in the errors."""

    upload = models.ForeignKey(UploadHistory, models.CASCADE, db_index=False, related_name="corrections")
    record_id = models.CharField("record ID", max_length=1024)
    # The attempt that this correction made.
    attempt = models.IntegerField()
    row_number = models.IntegerField("row")
    # {header: [before, after]}
    changes = models.JSONField()
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "corrections"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "record_id", "attempt"], name="corrections_key"),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} row {self.row_number}"
