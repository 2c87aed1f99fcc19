"""What was wrong with rows, what somebody changed in them, and which were retried without anybody."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now

from catalog.rules.places import place
from uploads.models.jobs import Happening, why_retried
from uploads.models.uploads import UploadHistory
from vendors.models import Vendor

# Of a wrong value that is kept, and of the right one that is written in its place.
VALUE_CHARS = 200


class Problems(models.QuerySet["ValidationError"]):
    """Errors and warnings lie in one table, and every question is about one of them: so it begins with which."""

    def errors(self) -> "Problems":
        """What kept rows out."""
        return self.filter(severity=ValidationError.Severity.ERROR)

    def warnings(self) -> "Problems":
        """What only draws attention; such rows went on."""
        return self.filter(severity=ValidationError.Severity.WARNING)

    def rows(self, most: int | None = None) -> int:
        """How many rows of an upload these are about; looked at the first `most` problems, so at most so many."""
        looked_at = self.order_by("row_number").values("pk")[:most]
        records = ValidationError.objects.filter(pk__in=looked_at).order_by()
        return records.values("row_number", "record_id").distinct().count()


class ValidationError(models.Model):
    """One problem found in one row. A row with three problems has three of these, each with its original data.

    Its code says whether it is an error, which kept the row out, or a warning, which didn't (catalog.rules.problems);
    `severity` says so to SQL.
    """

    class Severity(models.TextChoices):
        ERROR = "error"
        WARNING = "warning"

    class Resolution(models.TextChoices):
        """Why nobody has to do anything about it any more. An error is open as long as `resolved_at` is null."""

        RETRIED = "retried", "Retried since"
        IGNORED = "ignored"
        NEWER_UPLOAD = "newer_upload", "A newer upload brought the product"
        BY_HAND = "by_hand", "The product was changed by hand"

    error_id = models.AutoField(primary_key=True)
    upload = models.ForeignKey(UploadHistory, models.CASCADE, db_index=False, related_name="errors")
    vendor = models.ForeignKey(Vendor, models.CASCADE, db_index=False, related_name="+")
    row_number = models.IntegerField()
    # Where the row begins: the line of the file, or the row of the sheet; null for a record that came without a file.
    line_number = models.IntegerField(null=True, blank=True)
    severity = models.CharField(
        max_length=10, choices=Severity, default=Severity.ERROR, db_default=Severity.ERROR.value
    )
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
    # "" also for what was retried before this was noted.
    resolution = models.CharField(max_length=20, choices=Resolution, default="", db_default="", blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # The newer upload that brought the product; without a foreign key, as in the ledger.
    closed_by = models.CharField(max_length=100, default="", db_default="", blank=True)
    # The product that the row is about (uploads.pipeline.settling.identity); "" where the row doesn't say.
    identity = models.CharField(max_length=160, default="", db_default="", blank=True, editable=False)

    objects = Problems.as_manager()

    class Meta:
        db_table = "validation_errors"
        verbose_name, verbose_name_plural = "error", "errors"
        ordering = ["upload", "row_number", "error_id"]
        # The severity stands in front, so that a file with a million warnings and ten errors has its ten at hand.
        indexes = [
            models.Index(fields=["upload", "severity", "row_number"], name="idx_validation_errors_upload"),
            models.Index(fields=["vendor", "severity", "-created_at"], name="idx_validation_errors_vendor"),
            # The kinds of open problems of an upload, and the rows of a kind.
            models.Index(
                fields=["upload", "severity", "error_type", "row_number"],
                name="idx_validation_errors_kind",
                condition=Q(resolved_at__isnull=True),
            ),
            # Rows that share a wrong value, within one vendor or across all.
            models.Index(
                F("field"),
                Lower("wrong_value"),
                F("vendor"),
                name="idx_validation_errors_value",
                condition=Q(resolved_at__isnull=True, severity="error"),
            ),
            # The errors of a product.
            models.Index(
                fields=["identity"],
                name="idx_validation_errors_identity",
                condition=~Q(identity=""),
            ),
            # Of an upload what was ignored, and what has closed itself.
            models.Index(
                fields=["upload", "resolution", "row_number"],
                name="idx_validation_errors_settled",
                condition=Q(resolution__in=["ignored", "newer_upload", "by_hand"]),
            ),
            # What closed with an upload, for its undo.
            models.Index(
                fields=["closed_by", "identity", "error_id"],
                name="idx_validation_errors_closed",
                condition=~Q(closed_by=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {place(self.row_number, self.line_number)}: {self.error_type}"

    @property
    def note(self) -> str:
        """Why nobody has to do anything about it any more, in a sentence; "" while it is open."""
        if self.resolved_at is None:
            return ""
        if self.resolution == self.Resolution.NEWER_UPLOAD:
            return f"Closed: {self.closed_by} brought this product."
        if self.resolution == self.Resolution.BY_HAND:
            return "Closed: this product was changed by hand."
        return "Ignored." if self.resolution == self.Resolution.IGNORED else "Retried since."

    @property
    def place(self) -> str:
        """Where the row stands, in words; reads the upload."""
        return place(self.row_number, self.line_number, self.upload.sheet)


class Correction(models.Model):
    """What somebody changed in a failed row before it was retried. What the file said stays in the errors."""

    upload = models.ForeignKey(UploadHistory, models.CASCADE, db_index=False, related_name="corrections")
    record_id = models.CharField("record ID", max_length=1024)
    # The attempt that this correction made.
    attempt = models.IntegerField()
    row_number = models.IntegerField("row")
    line_number = models.IntegerField("line", null=True, blank=True)
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
        indexes = [models.Index(fields=["upload", "-id"], name="idx_corrections_newest")]

    def __str__(self) -> str:
        return f"{self.upload_id} {place(self.row_number, self.line_number)}"


class SelfRetry(models.Model):
    """A row that was retried by itself, and what had happened (uploads.corrections.by_itself): written with the attempt
    that it made, in the same transaction."""

    id = models.BigAutoField(primary_key=True)
    upload = models.ForeignKey(UploadHistory, models.CASCADE, db_index=False, related_name="+")
    record_id = models.CharField("record ID", max_length=1024)
    attempt = models.IntegerField()
    kind = models.CharField(max_length=20, choices=Happening.Kind)
    what = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "self_retries"
        default_permissions = ()  # shown with the rows that they are about
        constraints = [
            models.UniqueConstraint(fields=["upload", "record_id", "attempt"], name="self_retries_key"),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.record_id}: {self.kind} {self.what}"

    @property
    def why(self) -> str:
        """What had happened, as the vendor is told; never whose the SKU was."""
        return why_retried(self.kind, [self.what])
