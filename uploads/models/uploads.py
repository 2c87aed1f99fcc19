"""Uploads: what was sent, how it was read, and how far it is."""

from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now

from vendors.models import Vendor


class UploadHistory(models.Model):
    """One upload: a file that was sent, or records that another program put into DynamoDB.

    The counters move only together with ledger rows (invariant 1); the database holds
    `valid_records + error_records = total_records` at every statement.
    """

    class Status(models.TextChoices):
        PROCESSING = "processing"
        HELD = "held"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Mode(models.TextChoices):
        UPSERT = "upsert", "add new products and update existing ones"
        ADD = "add", "only add new products"
        UPDATE = "update", "only update existing products"
        REPLACE = "replace", "replace the whole catalog"

    class AbsentState(models.TextChoices):
        """Of the step for products that a whole catalog lacks (uploads.pipeline.replace)."""

        NONE = "", "the file is no whole catalog"
        DUE = "due"
        DONE = "done"
        REFUSED = "refused", "nothing was retired"

    class Notify(models.TextChoices):
        VENDOR = "vendor", "the vendor's address"
        UPLOADER = "uploader", "who uploaded it"
        NOBODY = "nobody"

    class Guard(models.TextChoices):
        """How far the check is that is made before the first row is staged (uploads.pipeline.guard)."""

        NOT_DUE = "", "not needed"
        DUE = "due"
        PASSED = "passed"
        HELD = "held"
        CONFIRMED = "confirmed"

    class Source(models.TextChoices):
        FILE = "file"
        DYNAMODB = "dynamodb", "DynamoDB"

    class WithheldAnswer(models.TextChoices):
        CONFIRMED = "confirmed", "they go through"
        REFUSED = "refused", "they are cancelled"

    # What can still be cancelled.
    NOT_ENDED = (Status.PROCESSING, Status.HELD)

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
    # The key that the file was kept under between its preview and its confirmation; null where nothing was previewed.
    previewed_key = models.CharField(max_length=1024, null=True, editable=False)  # noqa: DJ001 - unique
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
    # Lines of the file before the next row; 0 where rows were staged before lines were counted.
    staged_line = models.BigIntegerField(default=0, db_default=0)
    # Where a UTF-16 file is decoded from to go on there (uploads.feed.lines.Mark). It tells of the file alone, so it
    # stays right when rows are staged again; 0 and 0, as in rows from before there were marks, is the file's beginning.
    staged_mark_offset = models.BigIntegerField(default=0, db_default=0)
    staged_mark_byte = models.BigIntegerField(default=0, db_default=0)
    # How far the pass came that goes before, for the first rows of groups (upload_heads), and whether it is through; 0
    # lines is before the first row.
    heads_rows = models.IntegerField(default=0, db_default=0, editable=False)
    heads_offset = models.BigIntegerField(default=0, db_default=0, editable=False)
    heads_line = models.BigIntegerField(default=0, db_default=0, editable=False)
    heads_mark_offset = models.BigIntegerField(default=0, db_default=0, editable=False)
    heads_mark_byte = models.BigIntegerField(default=0, db_default=0, editable=False)
    heads_done = models.BooleanField(default=False, db_default=False, editable=False)
    staging_owner = models.CharField(max_length=100, default="", db_default="", blank=True)
    staging_epoch = models.BigIntegerField(default=0, db_default=0)
    staging_expires_at = models.DateTimeField(null=True, blank=True)
    # The record up to which a reconcile on the schedule came that ran out of time; "" when none is under way.
    reconciled_to = models.CharField(max_length=1024, default="", db_default="", editable=False)

    # Records that wait since their vendor is held back (uploads/pipeline/holding/): none of them is before this one, by
    # DynamoDB's order; null where there are none. The number tells whether more have come to them.
    withheld_from = models.CharField(max_length=1024, null=True, editable=False)  # noqa: DJ001 - "" is the beginning
    withheld_batches = models.IntegerField(default=0, db_default=0, editable=False)
    # What was decided of those, where somebody had to.
    withheld_answer = models.CharField(
        max_length=20, choices=WithheldAnswer, default="", db_default="", blank=True, editable=False
    )

    inserted_records = models.IntegerField("inserted", default=0, db_default=0)
    updated_records = models.IntegerField("updated", default=0, db_default=0)
    # By rows that ask for it; what a whole catalog lacks is counted below.
    retired_records = models.IntegerField("retired", default=0, db_default=0)
    unchanged_records = models.IntegerField("unchanged", default=0, db_default=0)
    superseded_records = models.IntegerField("superseded", default=0, db_default=0)
    skipped_records = models.IntegerField("skipped", default=0, db_default=0)

    # Of a file that is the vendor's whole catalog: what is done with products that it lacks, how far that came (a
    # product ID of the vendor's), and how many it was. The ledger has a row for each, beside those of the file.
    absent_to = models.CharField(max_length=20, choices=Vendor.Absent, default="", db_default="", blank=True)
    absent_state = models.CharField(max_length=20, choices=AbsentState, default="", db_default="", blank=True)
    absent_position = models.CharField(max_length=100, default="", db_default="", blank=True, editable=False)
    absent_records = models.IntegerField("absent", default=0, db_default=0)
    absent_why = models.TextField("why nothing was retired", default="", db_default="", blank=True)
    # How many of them a person has agreed to at most; null where nobody was asked.
    absent_agreed = models.IntegerField(null=True, blank=True)
    # How many rows the file has, as whoever sent it says.
    announced_rows = models.IntegerField(null=True, blank=True)
    # Of the rows with errors: those that somebody ignores, and those whose product came right in another way.
    ignored_records = models.IntegerField("ignored", default=0, db_default=0)
    closed_records = models.IntegerField("closed", default=0, db_default=0)
    # Of all rows those with warnings, whether or not they have errors too.
    warned_records = models.IntegerField("with warnings", default=0, db_default=0)

    failure_code = models.CharField(max_length=50, default="", db_default="", blank=True)
    failure_reason = models.TextField(default="", db_default="", blank=True)
    error_report_key = models.CharField(max_length=255, default="", db_default="", blank=True)
    # Whether the trial of the whole file went beyond a threshold, and what it found then (guard.check.Finding as JSON);
    # who let it through all the same and when; and until when it waits for that.
    guard = models.CharField(max_length=10, choices=Guard, default="", db_default="", blank=True, editable=False)
    guard_findings = models.JSONField(default=list, db_default=Value([], models.JSONField()), editable=False)
    guard_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    guard_confirmed_at = models.DateTimeField(null=True, editable=False)
    held_until = models.DateTimeField(null=True, editable=False)
    # When what it changed in the catalog was taken back (uploads.corrections.undo).
    undone_at = models.DateTimeField(null=True, blank=True)
    # When its files were deleted by their age; the keys are empty from then on.
    file_deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # From when on it changes nothing any more (invariant 16), and when what is needed no more of its rows was deleted.
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    rows_deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "upload_history"
        verbose_name = "upload"
        verbose_name_plural = "uploads"
        ordering = ["-created_at"]
        permissions = [
            ("cancel_uploadhistory", "Can cancel uploads"),
            # Retrying; the codename is older than the word.
            ("replay_uploadhistory", "Can correct failed rows and try them again"),
            ("reconcile_uploadhistory", "Can reconcile uploads"),
            ("undo_uploadhistory", "Can undo uploads"),
            ("download_uploadhistory", "Can download the files of uploads"),
            ("release_uploadhistory", "Can let held uploads through"),
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
            models.CheckConstraint(
                condition=Q(ignored_records__gte=0, closed_records__gte=0)
                & Q(error_records__gte=F("ignored_records") + F("closed_records")),
                name="upload_history_settled_within_errors",
            ),
            models.CheckConstraint(
                condition=Q(warned_records__gte=0, warned_records__lte=F("total_records")),
                name="upload_history_warned_within_total",
            ),
            # Of what waits for the check, or is held by it, no row is on its way.
            models.CheckConstraint(
                condition=~Q(guard__in=["due", "held"]) | Q(staged_rows=0), name="upload_history_nothing_before_guard"
            ),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(guard="held", held_until__isnull=False),
                name="upload_history_held_by_guard",
            ),
            # However often and fast a preview is confirmed. Partial, so that other uploads don't touch its index.
            models.UniqueConstraint(
                fields=["previewed_key"],
                condition=Q(previewed_key__isnull=False),
                name="upload_history_one_per_preview",
            ),
        ]
        indexes = [
            models.Index(fields=["vendor", "-created_at"], name="idx_upload_history_vendor"),
            models.Index(fields=["-created_at"], name="idx_upload_history_created"),
            models.Index(fields=["status"], name="idx_upload_history_open", condition=Q(status="processing")),
            models.Index(fields=["held_until"], name="idx_upload_history_held", condition=Q(status="held")),
            models.Index(
                fields=["sequence"], name="idx_upload_history_due", condition=Q(status="processing", guard="due")
            ),
            models.Index(fields=["created_at"], name="idx_upload_history_failed", condition=Q(status="failed")),
            models.Index(fields=["vendor", "sha256"], name="idx_upload_history_sha256"),
            # Those with rows that wait for somebody.
            models.Index(
                fields=["vendor", "sequence"],
                name="idx_upload_history_waiting",
                condition=Q(error_records__gt=F("ignored_records") + F("closed_records")),
            ),
            # Those that still have what is deleted by its age, oldest first (uploads.keeping).
            models.Index(fields=["completed_at"], name="idx_upload_history_files", condition=~Q(storage_key="")),
            models.Index(fields=["completed_at"], name="idx_upload_history_reports", condition=~Q(error_report_key="")),
            models.Index(
                fields=["completed_at"],
                name="idx_upload_history_unarchived",
                condition=Q(archived_at__isnull=True, completed_at__isnull=False),
            ),
            models.Index(
                fields=["sequence"], name="idx_upload_history_withheld", condition=Q(withheld_from__isnull=False)
            ),
            models.Index(
                fields=["sequence"],
                name="idx_upload_history_archived",
                condition=Q(archived_at__isnull=False, rows_deleted_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.upload_id

    @property
    def open_records(self) -> int:
        """Rows with errors that wait for somebody: neither ignored, nor closed since their product came right."""
        return self.error_records - self.ignored_records - self.closed_records

    @property
    def sheet(self) -> str:
        """The sheet of a workbook that was read; "" for text, and where no file came."""
        return str((self.layout or {}).get("sheet", ""))
