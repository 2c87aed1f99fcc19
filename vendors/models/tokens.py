"""What programs of a vendor prove themselves with."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from config.web.names import one_line
from vendors.models.companies import Vendor


class ApiToken(models.Model):
    """A key to the HTTP API for one vendor. Here is only the token's hash: a copy of the database opens nothing.

    It works until it expires or is revoked, and only while its vendor is active.
    """

    class Scope(models.TextChoices):
        FEEDS_READ = "feeds:read", "see feeds and what became of their rows"
        FEEDS_WRITE = "feeds:write", "send feeds, correct rows and try them again"
        PRODUCTS_READ = "products:read", "read the catalog"
        WEBHOOKS_WRITE = "webhooks:write", "see and change webhooks"

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="tokens", db_index=False)
    name = models.CharField(max_length=80, validators=[one_line], help_text="What uses it, like “ERP, nightly”.")
    # The beginning of the token, by which people tell two of them apart.
    hint = models.CharField(max_length=20, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, db_index=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)  # to the minute
    expiry_told_at = models.DateTimeField(null=True, editable=False)  # when its owners were told that it is about to
    revoked_at = models.DateTimeField(null=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False, db_index=False
    )

    class Meta:
        db_table = "api_tokens"
        verbose_name = "API token"
        ordering = ["vendor", "-id"]
        indexes = [
            models.Index(fields=["vendor", "-id"], name="idx_api_tokens_vendor"),
            models.Index(fields=["expires_at"], name="idx_api_tokens_expiry", condition=Q(revoked_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"
