"""What a program sent or announced, until it is an upload or ends otherwise."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from uploads.models.jobs import Job
from uploads.models.uploads import UploadHistory
from vendors.models import ApiToken, Vendor


class Feed(models.Model):
    """A feed of a program. Its ID is that of the upload which it becomes: a program knows one ID all the way.

    awaiting_file → submitted → opened (from then on the upload tells how it is), or, for a dry run, tried. Held waits
    for a person's answer to what the file leaves open; failed, cancelled and expired are ends without an upload.
    """

    class Kind(models.TextChoices):
        PRODUCTS = "products"
        FULL = "full", "products with all that they need"
        OFFER = "offer", "what changes of products"

    class State(models.TextChoices):
        AWAITING_FILE = "awaiting_file", "waits for its file"
        SUBMITTED = "submitted", "is being looked at"
        HELD = "held", "waits for a person"
        OPENED = "opened", "is an upload"
        TRIED = "tried", "was tried, and changed nothing"
        FAILED = "failed", "can't be imported"
        CANCELLED = "cancelled", "cancelled"
        EXPIRED = "expired", "its file never came"

    BEFORE_OPENED = (State.SUBMITTED, State.HELD)

    feed_id = models.CharField("feed ID", max_length=100, primary_key=True)
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="feeds", db_index=False)
    token = models.ForeignKey(ApiToken, models.SET_NULL, null=True, related_name="+", db_index=False)
    source = models.ForeignKey("uploads.Source", models.SET_NULL, null=True, related_name="feeds", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.PRODUCTS)
    mode = models.CharField(max_length=20, choices=UploadHistory.Mode, default=UploadHistory.Mode.UPSERT)
    dry_run = models.BooleanField(default=False)
    file_name = models.CharField(max_length=255)
    # What its program says of the file, and gets back: "" and null where it says nothing.
    sha256 = models.CharField("SHA-256", max_length=64, default="", blank=True)
    size = models.BigIntegerField("size in bytes", null=True)
    rows = models.IntegerField(null=True)
    metadata = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State, default=State.AWAITING_FILE)
    key = models.CharField(max_length=1024, default="", blank=True)  # where its file is, or is to be put
    # What it leaves open, as people are asked it (uploads.insight.reading), and what was answered.
    questions = models.JSONField(default=list)
    answers = models.JSONField(default=dict)
    failure_code = models.CharField(max_length=50, default="", blank=True)
    failure_reason = models.TextField(default="", blank=True)
    upload = models.OneToOneField(UploadHistory, models.CASCADE, null=True, related_name="feed")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+", db_index=False)  # its dry run
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    submitted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    # A lease, like a job's.
    epoch = models.BigIntegerField(default=0, db_default=0)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "feeds"
        ordering = ["-created_at", "-feed_id"]
        indexes = [
            models.Index(fields=["vendor", "-created_at", "-feed_id"], name="idx_feeds_vendor"),
            models.Index(fields=["created_at"], name="idx_feeds_submitted", condition=Q(state="submitted")),
            models.Index(fields=["created_at"], name="idx_feeds_held", condition=Q(state="held")),
            models.Index(fields=["expires_at"], name="idx_feeds_expiry", condition=Q(state="awaiting_file")),
            # What is deleted by its age: files first, then those that became no upload.
            models.Index(fields=["ended_at"], name="idx_feeds_files", condition=~Q(key="")),
            models.Index(fields=["ended_at"], name="idx_feeds_ended", condition=Q(upload__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.feed_id


class IdempotentCall(models.Model):
    """A POST of a program with an Idempotency-Key, and the answer that it gets again when it asks again.

    `status` is null while it is under way; a process that died over it is known by `leased_until`.
    """

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of method, address and body
    status = models.IntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "idempotent_calls"
        default_permissions = ()  # nobody looks at them
        constraints = [models.UniqueConstraint(fields=["vendor", "key"], name="idempotent_calls_key")]
        indexes = [models.Index(fields=["created_at"], name="idx_idempotent_calls_age")]

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.key}"
