"""What a vendor's programs are told without asking: where to, what of, and what came of each telling."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from config.web.names import one_line
from vendors.models.companies import Vendor

URL_CHARS = 1000


class Webhook(models.Model):
    """An address of a vendor that is told of events, signed after the Standard Webhooks specification.

    The secrets are encrypted (security.at_rest). The one before stays good for a while, so that it can be changed
    without a gap.
    """

    class Event(models.TextChoices):
        FEED_PROCESSING = "feed.processing", "a feed is being imported"
        FEED_HELD = "feed.held", "a feed waits for a person"
        FEED_COMPLETED = "feed.completed", "a feed was imported, all rows right"
        FEED_COMPLETED_WITH_ERRORS = "feed.completed_with_errors", "a feed was imported, some rows wrong"
        FEED_FAILED = "feed.failed", "a feed can't be imported"
        FEED_CANCELLED = "feed.cancelled", "a feed was cancelled"
        SOURCE_FAILED = "source.failed", "a source couldn't be fetched"
        SOURCE_DISABLED = "source.disabled", "a source isn't fetched any more"
        VENDOR_SUSPENDED = "vendor.suspended", "the vendor was suspended"
        VENDOR_REACTIVATED = "vendor.reactivated", "the vendor is active again"
        VENDOR_PAUSED = "vendor.paused", "the vendor's feeds are paused"
        VENDOR_RESUMED = "vendor.resumed", "the vendor's feeds go on"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="webhooks", db_index=False)
    url = models.CharField("address", max_length=URL_CHARS)
    description = models.CharField(max_length=200, default="", blank=True, validators=[one_line])
    events = ArrayField(models.CharField(max_length=40, choices=Event))
    secret = models.TextField(editable=False)
    secret_before = models.TextField(default="", blank=True, editable=False)
    secret_before_until = models.DateTimeField(null=True, editable=False)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=300, default="", blank=True, editable=False)
    # Since when no delivery went well; null while they do.
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "webhooks"
        ordering = ["vendor", "id"]
        indexes = [models.Index(fields=["vendor", "id"], name="idx_webhooks_vendor")]

    def __str__(self) -> str:
        return self.url

    @property
    def host(self) -> str:
        """What is said of it in logs: the rest of the address may be a secret."""
        return urlsplit(self.url).hostname or ""


class WebhookDelivery(models.Model):
    """One event for one webhook. The row is written in the transaction that makes the event true, so none is lost."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_index=False)
    # The webhook-id of the specification: the same at every try, so that who receives it twice can tell.
    message_id = models.CharField(max_length=64)
    event = models.CharField(max_length=40)
    body = models.TextField()  # the very text that is signed and sent
    state = models.CharField(max_length=20, choices=State, default=State.PENDING, db_default="pending")
    tries = models.IntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(null=True, db_default=Now())
    # Who is at it, until when: a worker that dies gives it back by the clock.
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name_plural = "webhook deliveries"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["webhook", "message_id"], name="webhook_deliveries_key")]
        indexes = [
            models.Index(fields=["webhook", "-id"], name="idx_webhook_deliveries_webhook"),
            models.Index(fields=["next_try_at"], name="idx_webhook_deliveries_due", condition=Q(state="pending")),
            models.Index(
                fields=["webhook", "next_try_at", "id"],
                name="idx_webhook_deliveries_next",
                condition=Q(state="pending"),
            ),
            models.Index(fields=["created_at"], name="idx_webhook_deliveries_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"


class WebhookAttempt(models.Model):
    """One try at a delivery: what was sent, what came back, and how long it took."""

    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="attempts", db_index=False)
    at = models.DateTimeField(db_default=Now())
    milliseconds = models.IntegerField(default=0)
    status = models.IntegerField(null=True)  # null where no answer came
    error = models.CharField(max_length=300, default="", blank=True)
    request_headers = models.JSONField(default=dict)  # without what is secret
    answer = models.TextField(default="", blank=True)  # its first 1,000 characters

    class Meta:
        db_table = "webhook_attempts"
        ordering = ["id"]
        indexes = [models.Index(fields=["delivery", "id"], name="idx_webhook_attempts_delivery")]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.status or self.error}"
