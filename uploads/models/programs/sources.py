"""Where a vendor's feed lies, when it is fetched, and what came of each fetch."""

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from config.web.names import one_line
from uploads.models.programs.feeds import Feed
from uploads.models.uploads import UploadHistory
from vendors.models import URL_CHARS, Vendor

# What staff should know of: it failed so often that its owners were told, or somebody else may answer in its place.
IN_TROUBLE = (
    Q(state="active", failures__gte=3)
    | Q(state="disabled")
    | Q(~Q(host_key=""), ~Q(host_key_met=""))
)  # fmt: skip


class Source(models.Model):
    """An address that a vendor's feed is fetched from, on a schedule in a time zone.

    `secret` is encrypted (security.at_rest) and never shown again. A host key of SFTP is confirmed once and pinned.
    """

    class Kind(models.TextChoices):
        HTTPS = "https", "HTTPS"
        SFTP = "sftp", "SFTP"

    class Auth(models.TextChoices):
        NONE = "none", "nothing"
        PASSWORD = "password", "user and password"
        HEADER = "header", "a header of our own"
        KEY = "key", "SSH key"

    class Every(models.TextChoices):
        HOUR = "hour", "every hour"
        DAY = "day", "every day"
        WEEK = "week", "every week"

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        DISABLED = "disabled"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="sources", db_index=False)
    name = models.CharField(max_length=80, validators=[one_line])
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.HTTPS)
    url = models.CharField("address", max_length=URL_CHARS)
    auth = models.CharField("signs in with", max_length=10, choices=Auth, default=Auth.NONE)
    user_name = models.CharField(max_length=200, default="", blank=True, validators=[one_line])
    header_name = models.CharField(max_length=100, default="", blank=True, validators=[one_line])
    secret = models.TextField(default="", blank=True, editable=False)
    host_key = models.TextField(default="", blank=True, editable=False)
    host_key_met = models.TextField(default="", blank=True, editable=False)  # another one, which nobody confirmed yet
    every = models.CharField(max_length=10, choices=Every, default=Every.DAY)
    weekday = models.SmallIntegerField(default=0, validators=[MaxValueValidator(6)])  # Monday is 0
    hour = models.SmallIntegerField(default=3, validators=[MaxValueValidator(23)])
    minute = models.SmallIntegerField(default=0, validators=[MaxValueValidator(59)])
    time_zone = models.CharField(max_length=64, default="UTC")
    mode = models.CharField(max_length=20, choices=UploadHistory.Mode, default=UploadHistory.Mode.UPSERT)
    state = models.CharField(max_length=20, choices=State, default=State.ACTIVE, db_default="active")
    state_reason = models.CharField(max_length=300, default="", blank=True, editable=False)
    # When it is fetched next, for which slot of its schedule, and how often that was tried.
    next_at = models.DateTimeField(null=True, editable=False)
    slot_at = models.DateTimeField(null=True, editable=False)
    tries = models.IntegerField(default=0, db_default=0, editable=False)
    # Slots in a row that came to nothing, since when, and whether that was told.
    failures = models.IntegerField(default=0, db_default=0, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    told_at = models.DateTimeField(null=True, editable=False)
    # What the last fetched file was, so that an unchanged one opens no upload.
    etag = models.CharField(max_length=500, default="", blank=True, editable=False)
    last_modified = models.CharField(max_length=100, default="", blank=True, editable=False)
    remote_size = models.BigIntegerField(null=True, editable=False)
    remote_time = models.BigIntegerField(null=True, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, default="", blank=True, editable=False)
    # A lease, like a job's.
    epoch = models.BigIntegerField(default=0, db_default=0, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        db_table = "sources"
        ordering = ["vendor", "id"]
        indexes = [
            models.Index(fields=["vendor", "id"], name="idx_sources_vendor"),
            models.Index(fields=["next_at"], name="idx_sources_due", condition=Q(state="active")),
            models.Index(fields=["leased_until"], name="idx_sources_leased", condition=Q(leased_until__isnull=False)),
            models.Index(fields=["failing_since"], name="idx_sources_trouble", condition=IN_TROUBLE),
        ]

    def __str__(self) -> str:
        return self.name


class SourceRun(models.Model):
    """One fetch of a source: for a slot of its schedule, because somebody asked, or to try its settings.

    One that was asked for waits for a worker while it has had no try. `preview` is, of a test, the signed token with
    which who asked for it goes on with the file (uploads.preview.kept_files), and nobody else can.
    """

    class Kind(models.TextChoices):
        SCHEDULED = "scheduled"
        ASKED = "asked", "asked for"
        TEST = "test"

    class Outcome(models.TextChoices):
        RUNNING = "running"
        FETCHED = "fetched"
        UNCHANGED = "unchanged"
        FAILED = "failed"

    source = models.ForeignKey(Source, models.CASCADE, related_name="runs", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.SCHEDULED)
    slot_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=1)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.RUNNING)
    code = models.CharField(max_length=50, default="", blank=True)
    message = models.TextField(default="", blank=True)
    size = models.BigIntegerField("size in bytes", null=True)
    sha256 = models.CharField("SHA-256", max_length=64, default="", blank=True)
    preview = models.TextField(default="", db_default="", blank=True, editable=False)
    feed = models.ForeignKey(Feed, models.SET_NULL, null=True, related_name="runs", db_index=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "source_runs"
        ordering = ["-id"]
        constraints = [
            # Whatever else may fail: a slot makes one feed.
            models.UniqueConstraint(
                fields=["source", "slot_at"], condition=Q(kind="scheduled", outcome="fetched"),
                name="source_runs_one_per_slot",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["source", "-id"], name="idx_source_runs_source"),
            models.Index(fields=["id"], name="idx_source_runs_open", condition=Q(outcome="running")),
            models.Index(fields=["started_at"], name="idx_source_runs_age"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.outcome}"
