"""Uploads and the outcome of every record: what PostgreSQL knows about a file's way into the catalog."""

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower, Now

# Django looks for models here, and so does everybody else.
from uploads.stream_models import StreamShard as StreamShard  # noqa: PLC0414 - says that it is handed on
from uploads.stream_models import StreamWorker as StreamWorker  # noqa: PLC0414
from vendors.models import Vendor

# Of a wrong value that is kept, and of the right one that is written in its place.
VALUE_CHARS = 200


class UploadHistory(models.Model):
    """One upload: a file that was sent, or records that another program put into DynamoDB.

    The counters move only together with ledger rows (invariant 1); the database holds
    `valid_records + error_records = total_records` at every statement.
    """

    class Status(models.TextChoices):
        PROCESSING = "processing"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Mode(models.TextChoices):
        UPSERT = "upsert", "add new products and update existing ones"
        ADD = "add", "only add new products"
        UPDATE = "update", "only update existing products"

    class Notify(models.TextChoices):
        VENDOR = "vendor", "the vendor's address"
        UPLOADER = "uploader", "who uploaded it"
        NOBODY = "nobody"

    class Source(models.TextChoices):
        FILE = "file"
        DYNAMODB = "dynamodb", "DynamoDB"

    upload_id = models.CharField("upload ID", max_length=100, primary_key=True)
    vendor = models.ForeignKey(Vendor, models.PROTECT, db_index=False, related_name="uploads")
    file_name = models.CharField(max_length=255)
    total_records = models.IntegerField(default=0, db_default=0)
    valid_records = models.IntegerField(default=0, db_default=0)
    error_records = models.IntegerField(default=0, db_default=0)
    status = models.CharField(max_length=50, choices=Status, default=Status.PROCESSING, db_default="processing")

    # The order in which uploads were opened: an older one never overwrites what a newer one wrote.
    sequence = models.BigIntegerField(
        editable=False, unique=True, db_default=Func(Value("upload_history_sequence_seq"), function="nextval")
    )
    source = models.CharField(max_length=20, choices=Source, default=Source.FILE, db_default="file")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    completed_at = models.DateTimeField(null=True, blank=True)

    # The stored file, and what the parser found in it (uploads.feed.parser.Layout as JSON).
    storage_key = models.CharField(max_length=255, default="", db_default="", blank=True)
    # The file as it came, where that is a workbook: what is stored, measured and read above is the CSV made from it.
    original_key = models.CharField(max_length=255, default="", db_default="", blank=True)
    file_size = models.BigIntegerField("file size in bytes", null=True, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, default="", db_default="", blank=True)
    layout = models.JSONField(null=True, blank=True)
    file_rows = models.IntegerField("rows in the file", null=True, blank=True)

    # Which of its rows are wanted: those of the others' products are skipped (docs/decisions/0011).
    mode = models.CharField(max_length=20, choices=Mode, default=Mode.UPSERT, db_default="upsert")
    notify = models.CharField(max_length=20, choices=Notify, default=Notify.VENDOR, db_default="vendor")

    # How far staging came, and who is at it (a lease, like a shard's).
    staged_rows = models.IntegerField(default=0, db_default=0)
    staged_offset = models.BigIntegerField(default=0, db_default=0)
    staging_owner = models.CharField(max_length=100, default="", db_default="", blank=True)
    staging_epoch = models.BigIntegerField(default=0, db_default=0)
    staging_expires_at = models.DateTimeField(null=True, blank=True)
    # The record up to which a reconcile on the schedule came that ran out of time; "" when none is under way.
    reconciled_to = models.CharField(max_length=1024, default="", db_default="", editable=False)

    inserted_records = models.IntegerField("inserted", default=0, db_default=0)
    updated_records = models.IntegerField("updated", default=0, db_default=0)
    unchanged_records = models.IntegerField("unchanged", default=0, db_default=0)
    superseded_records = models.IntegerField("superseded", default=0, db_default=0)
    skipped_records = models.IntegerField("skipped", default=0, db_default=0)

    failure_code = models.CharField(max_length=50, default="", db_default="", blank=True)
    failure_reason = models.TextField(default="", db_default="", blank=True)
    error_report_key = models.CharField(max_length=255, default="", db_default="", blank=True)
    # When what it changed in the catalog was taken back (uploads.undo).
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "upload_history"
        verbose_name = "upload"
        verbose_name_plural = "uploads"
        ordering = ["-created_at"]
        permissions = [
            ("cancel_uploadhistory", "Can cancel uploads"),
            ("replay_uploadhistory", "Can correct failed rows and try them again"),
            ("reconcile_uploadhistory", "Can reconcile uploads"),
            ("undo_uploadhistory", "Can undo uploads"),
            ("download_uploadhistory", "Can download the files of uploads"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(total_records=F("valid_records") + F("error_records")),
                name="upload_history_counts_add_up",
            ),
            models.CheckConstraint(
                condition=Q(file_rows__isnull=True) | Q(total_records__lte=F("file_rows")),
                name="upload_history_total_within_file",
            ),
        ]
        indexes = [
            models.Index(fields=["vendor", "-created_at"], name="idx_upload_history_vendor"),
            models.Index(fields=["-created_at"], name="idx_upload_history_created"),
            models.Index(fields=["status"], name="idx_upload_history_open", condition=Q(status="processing")),
            models.Index(fields=["vendor", "sha256"], name="idx_upload_history_sha256"),
        ]

    def __str__(self) -> str:
        return self.upload_id


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
    # The cell that the problem is about: rows that share it can be mended together.
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


class RecordOutcome(models.Model):
    """The ledger: what became of one record of one upload, at one attempt. Written once, with its effects.

    It doubles as the outbox: a row is owed to DynamoDB until `written_back_at` says that its status stands there.
    The ids carry no foreign keys: a record of an unknown vendor has an outcome too, and a product may be deleted.
    """

    class Outcome(models.TextChoices):
        INSERTED = "inserted"
        UPDATED = "updated"
        UNCHANGED = "unchanged"
        SUPERSEDED = "superseded"
        SKIPPED = "skipped"
        ERROR = "error"
        CANCELLED = "cancelled"

    id = models.BigAutoField(primary_key=True)
    upload_id = models.CharField("upload ID", max_length=2048)
    record_id = models.CharField("record ID", max_length=1024)
    attempt = models.IntegerField(default=1, db_default=1)
    upload_sequence = models.BigIntegerField(null=True)
    vendor_id = models.CharField("vendor ID", max_length=2048, default="", db_default="")
    row_number = models.IntegerField(default=0, db_default=0)
    outcome = models.CharField(max_length=20, choices=Outcome)
    product_id = models.IntegerField("product ID", null=True)
    error_reason = models.TextField(default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    written_back_at = models.DateTimeField(null=True)
    # How often DynamoDB refused this status: what it never takes must not hold up the others.
    write_back_refusals = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "record_outcomes"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["upload_id", "record_id", "attempt"], name="record_outcomes_key"),
        ]
        indexes = [
            # The newest upload that touched a product, and the timeline of one.
            models.Index(
                fields=["product_id", "-upload_sequence"],
                name="idx_record_outcomes_product",
                condition=Q(product_id__isnull=False),
            ),
            # What is still owed to DynamoDB; empty when all is well.
            models.Index(
                fields=["write_back_refusals", "id"],
                name="idx_record_outcomes_owed",
                condition=Q(written_back_at__isnull=True),
            ),
            # The outcomes that most records don't have, newest first.
            models.Index(
                fields=["outcome", "id"],
                name="idx_record_outcomes_rare",
                condition=Q(outcome__in=["error", "superseded", "cancelled"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} {self.record_id}: {self.outcome}"


class Correction(models.Model):
    """What somebody changed in a failed row before it was tried again. What the file said stays in the errors."""

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


class Job(models.Model):
    """Work that somebody asked for and that takes longer than a page: done in slices by workers (uploads.jobs).

    `position` and `result` move in the transaction of each slice, so that a job that is interrupted goes on where it
    stood and nothing is done twice.
    """

    class Kind(models.TextChoices):
        REPLAY = "replay", "Try failed rows again"
        UNDO = "undo", "Undo an upload"
        RECONCILE = "reconcile", "Reconcile an upload"
        DRY_RUN = "dry_run", "Dry run of a file"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind)
    vendor = models.ForeignKey(Vendor, models.CASCADE, null=True, db_index=False, related_name="+")
    upload = models.ForeignKey(UploadHistory, models.CASCADE, null=True, related_name="jobs")
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State, default=State.WAITING, db_default="waiting")
    position = models.CharField(max_length=1024, default="", db_default="", blank=True)
    # How many rows there are to do, as it was said when the job was asked for, and how many are done.
    total = models.IntegerField(default=0, db_default=0)
    done = models.IntegerField(default=0, db_default=0)
    result = models.JSONField(default=dict)
    failure = models.TextField(default="", db_default="", blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)
    # A lease, like a shard's.
    epoch = models.BigIntegerField(default=0, db_default=0)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "jobs"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="idx_jobs_open", condition=Q(state__in=["waiting", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def ended(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 100 * self.ended


class VendorSummary(models.Model):
    """The view `vendor_summary`: one row per vendor with its products, uploads and error rate."""

    vendor_id = models.CharField("vendor ID", max_length=50, primary_key=True)
    vendor_name = models.CharField(max_length=200)
    email = models.CharField(max_length=255)
    status = models.CharField(max_length=20)
    total_products = models.BigIntegerField("products")
    total_uploads = models.BigIntegerField("uploads")
    valid_records = models.BigIntegerField()
    error_records = models.BigIntegerField()
    error_rate = models.DecimalField("error rate in %", max_digits=5, decimal_places=2)
    last_upload_at = models.DateTimeField("last upload")

    class Meta:
        managed = False
        db_table = "vendor_summary"
        verbose_name_plural = "vendor summary"
        ordering = ["vendor_id"]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.vendor_name}"


class RecentUpload(models.Model):
    """The view `recent_uploads`: the hundred newest uploads with vendor name, success rate and duration."""

    upload_id = models.CharField("upload ID", max_length=100, primary_key=True)
    vendor_id = models.CharField("vendor ID", max_length=50)
    vendor_name = models.CharField(max_length=200)
    file_name = models.CharField(max_length=255)
    status = models.CharField(max_length=50)
    file_rows = models.IntegerField("rows in the file")
    total_records = models.IntegerField()
    valid_records = models.IntegerField()
    error_records = models.IntegerField()
    success_rate = models.DecimalField("success rate in %", max_digits=5, decimal_places=2)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField()
    duration = models.DurationField()

    class Meta:
        managed = False
        db_table = "recent_uploads"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.upload_id
