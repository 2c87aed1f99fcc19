"""What people note of work that waits for them: who does it, until when, that it is done; and what they say about it.

What waits is asked of the uploads, errors and vendors themselves (uploads/desk/): a thing that nobody noted anything of
has no row here, and one that is over leaves the list whatever is noted of it.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from uploads.models.uploads import UploadHistory
from vendors.models import Vendor

KEY_CHARS = 400
COMMENT_CHARS = 4000


class WorkItem(models.Model):
    """One thing that waits, or waited, by its kind and its key: an upload's ID, a vendor's, a field with its value.

    `title` is what it was called when something was noted last, so that what is done is found by it.
    """

    class Kind(models.TextChoices):
        UPLOAD = "upload", "failed upload"
        VALUE = "value", "wrong value"
        VENDOR = "vendor", "vendor to approve"
        NAME = "name", "new name asked for"
        ANSWER = "answer", "answer of a vendor"
        CLAIM = "claim", "SKU that two vendors claim"
        STALLED = "stalled", "upload that doesn't get on"
        GAP = "gap", "gap in the records"
        OUTAGE = "outage", "service that is away"
        STEP = "step", "step of the schedule"
        JOB = "job", "job that failed"
        HELD = "held", "feed that leaves something open"
        GUARD = "guard", "file that is held"
        SOURCE = "source", "source that can't be fetched"
        WINDOW = "window", "records of programs that look wrong"
        PAUSE = "pause", "feeds that are paused"

    kind = models.CharField(max_length=20, choices=Kind)
    key = models.CharField(max_length=KEY_CHARS)
    vendor = models.ForeignKey(Vendor, models.CASCADE, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=KEY_CHARS, default="", blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    due_on = models.DateField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # A thing that comes again after it was done is another row.
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    outcome = models.CharField("what was done", max_length=KEY_CHARS, default="", blank=True)

    class Meta:
        db_table = "work_items"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], condition=Q(done_at__isnull=True), name="work_items_open"),
        ]
        indexes = [
            # What was done with a thing, and all that was done, newest first.
            models.Index(
                fields=["kind", "key", "-done_at"], name="idx_work_items_key", condition=Q(done_at__isnull=False)
            ),
            models.Index(fields=["-done_at"], name="idx_work_items_done", condition=Q(done_at__isnull=False)),
            # What somebody took on, and what is due, of the things that aren't done.
            models.Index(fields=["assigned_to"], name="idx_work_items_assigned", condition=Q(done_at__isnull=True)),
            models.Index(fields=["due_on"], name="idx_work_items_due", condition=Q(done_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.get_kind_display()} {self.key}"


# Who may see what waits, by its kind: a permission.
SEEN_WITH: dict[str, str] = {
    WorkItem.Kind.UPLOAD: "uploads.view_uploadhistory",
    WorkItem.Kind.VALUE: "uploads.view_validationerror",
    WorkItem.Kind.VENDOR: "vendors.view_vendor",
    WorkItem.Kind.NAME: "vendors.view_vendor",
    WorkItem.Kind.ANSWER: "uploads.view_comment",
    WorkItem.Kind.CLAIM: "uploads.view_validationerror",
    WorkItem.Kind.STALLED: "uploads.view_uploadhistory",
    WorkItem.Kind.GAP: "uploads.view_uploadhistory",
    WorkItem.Kind.OUTAGE: "uploads.view_uploadhistory",
    WorkItem.Kind.STEP: "uploads.view_uploadhistory",
    WorkItem.Kind.JOB: "uploads.view_uploadhistory",
    WorkItem.Kind.HELD: "uploads.view_feed",
    WorkItem.Kind.GUARD: "uploads.view_uploadhistory",
    WorkItem.Kind.SOURCE: "uploads.view_source",
    WorkItem.Kind.WINDOW: "vendors.view_vendorhold",
    WorkItem.Kind.PAUSE: "vendors.view_vendorhold",
}


class Comment(models.Model):
    """What somebody said about an upload, a vendor, or another thing that waits.

    One to the vendor is seen on its pages, and owed to its people by mail until `mailed_at`. What the vendor says waits
    for staff until `settled_at`.
    """

    class Audience(models.TextChoices):
        STAFF = "staff", "only staff"
        VENDOR = "vendor", "the vendor too"

    vendor = models.ForeignKey(Vendor, models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    upload = models.ForeignKey(
        UploadHistory, models.CASCADE, null=True, blank=True, related_name="comments", db_index=False
    )
    # The thing that it is about where that is neither an upload nor a vendor as a whole, as in WorkItem.
    item_kind = models.CharField(max_length=20, choices=WorkItem.Kind, default="", blank=True)
    item_key = models.CharField(max_length=KEY_CHARS, default="", blank=True)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.STAFF)
    by_vendor = models.BooleanField(default=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    body = models.TextField(max_length=COMMENT_CHARS)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "comments"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(audience="staff") | Q(vendor__isnull=False), name="comments_to_some_vendor"
            ),
            models.CheckConstraint(condition=Q(by_vendor=False) | Q(audience="vendor"), name="comments_by_vendor"),
        ]
        indexes = [
            models.Index(fields=["upload", "id"], name="idx_comments_upload", condition=Q(upload__isnull=False)),
            models.Index(fields=["vendor", "-id"], name="idx_comments_vendor", condition=Q(vendor__isnull=False)),
            models.Index(fields=["item_kind", "item_key", "id"], name="idx_comments_item", condition=~Q(item_key="")),
            models.Index(fields=["id"], name="idx_comments_owed", condition=Q(audience="vendor", mailed_at=None)),
            models.Index(fields=["id"], name="idx_comments_answers", condition=Q(by_vendor=True, settled_at=None)),
        ]

    def __str__(self) -> str:
        return f"Comment {self.pk}"  # logs and confirmations, which others read, say no more
