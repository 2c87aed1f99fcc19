"""Work that somebody asked for, and what happened that rows may have waited for: it asks for some by itself."""

from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from uploads.models.uploads import UploadHistory
from vendors.models import Vendor

NAMED = 3  # of several at once, in a sentence


class Job(models.Model):
    """Work that somebody asked for and that takes longer than a page: done in slices by workers (uploads.work.jobs).

    `position` and `result` move in the transaction of each slice, so that a job that is interrupted goes on where it
    stood and nothing is done twice.
    """

    class Kind(models.TextChoices):
        # The stored value and its label are older than the word; a migration for a word is not worth it.
        RETRY = "replay", "Try failed rows again"
        IGNORE = "ignore", "Ignore failed rows"
        UNDO = "undo", "Undo an upload"
        RECONCILE = "reconcile", "Reconcile an upload"
        DRY_RUN = "dry_run", "Dry run of a file"
        GUARD = "guard", "Check of a file before its import"
        SHADOW = "shadow", "Test of a change"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    WAITS = "Waiting for its turn. You can leave this page; the work goes on."

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
        permissions = [("test_changes", "Can test changes against the rows of past uploads")]
        indexes = [
            models.Index(fields=["id"], name="idx_jobs_open", condition=Q(state__in=["waiting", "running"])),
            # The newest of an upload, and of a vendor those that are about none of its uploads, for their pages.
            models.Index(fields=["upload", "-id"], name="idx_jobs_upload", condition=Q(upload__isnull=False)),
            models.Index(
                fields=["vendor", "-id"],
                name="idx_jobs_vendor",
                condition=Q(upload__isnull=True, vendor__isnull=False) & ~Q(kind="dry_run"),
            ),
            models.Index(fields=["ended_at"], name="idx_jobs_failed", condition=Q(state="failed")),
            # Tests of changes, newest first.
            models.Index(fields=["-id"], name="idx_jobs_shadow", condition=Q(kind="shadow")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def ended(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 100 * self.ended


class Happening(models.Model):
    """A category was opened, a vendor became active, or a SKU became free.

    Written by triggers, in the transaction that makes it true, so plain SQL is noticed too; deleted by the step of the
    schedule that has looked whom it concerns (uploads.corrections.happenings).
    """

    class Kind(models.TextChoices):
        CATEGORY = "category", "a category was opened"
        # Or wants its rows retried from now on: what happened before counts then.
        VENDOR = "vendor", "a vendor became active"
        SKU = "sku", "a SKU became free"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20, choices=Kind)
    # The name of the category, the ID of the vendor, or the SKU.
    what = models.CharField(max_length=100)
    happened_at = models.DateTimeField(db_default=Now(), editable=False)
    # The first look at it; what was retried since has seen it.
    looked_at = models.DateTimeField(null=True)
    looks = models.SmallIntegerField(default=0, db_default=0)
    next_look_at = models.DateTimeField(db_default=Now())
    # Where the look that is under way goes on, and whether another one is due since an upload had a job already.
    position = models.TextField(default="", db_default="", blank=True)
    again = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "happenings"
        default_permissions = ()  # nobody looks at them
        indexes = [models.Index(fields=["next_look_at", "id"], name="idx_happenings_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.what}"


def why_retried(kind: str, whats: Sequence[str]) -> str:
    """What rows were retried for, as half a sentence: "the category Garden was opened"."""
    if kind == Happening.Kind.VENDOR:
        return "the company became active"
    shown = [*whats[:NAMED], *([f"{len(whats) - NAMED:,} more"] if len(whats) > NAMED else [])]
    names = f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else "".join(shown)
    several = len(whats) > 1
    if kind == Happening.Kind.CATEGORY:
        return f"the {'categories' if several else 'category'} {names} {'were' if several else 'was'} opened"
    return f"the SKU{'s' if several else ''} {names} became free"
