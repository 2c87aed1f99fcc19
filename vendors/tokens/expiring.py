"""Which tokens are about to expire, of which nobody has been told.

Whoever tells takes one first, so that two who are at it tell nobody twice; a process that is killed between taking one
and its mail leaves that token untold.
"""

from datetime import timedelta
from typing import Final

from django.db.models.functions import Now
from django.utils import timezone

from vendors.models import ApiToken, Vendor

BEFORE: Final = timedelta(days=7)


def due(most: int) -> list[ApiToken]:
    """Those that work and won't in a week, the first to expire first (idx_api_tokens_expiry)."""
    now = timezone.now()
    found = ApiToken.objects.filter(
        revoked_at=None, expiry_told_at=None, expires_at__gt=now, expires_at__lt=now + BEFORE,
        vendor__status=Vendor.Status.ACTIVE,
    )  # fmt: skip
    return list(found.select_related("vendor").order_by("expires_at")[:most])


def take(token: ApiToken) -> bool:
    """Whether it is this process that tells of it."""
    return bool(ApiToken.objects.filter(pk=token.pk, expiry_told_at=None).update(expiry_told_at=Now()))


def give_back(token: ApiToken) -> None:
    """It could not be told: the next one tries again."""
    ApiToken.objects.filter(pk=token.pk).update(expiry_told_at=None)
