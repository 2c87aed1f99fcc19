"""Making tokens, and revoking them. All changes to one vendor's tokens wait for each other at the vendor's row."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from config.web.admin_log import log_change
from security.log import note_token
from vendors.models import ApiToken, Vendor, VendorMember
from vendors.tokens import texts

if TYPE_CHECKING:
    from django.contrib.auth.models import User

OF_ONE_NAME: Final = 2  # live at once, so that a key can be changed without a gap
OF_ONE_VENDOR: Final = 50  # live at once
LONGEST: Final = timedelta(days=730)


class NotPossible(Exception):
    """There can't be such a token; the message says why."""


@transaction.atomic
def make(vendor: Vendor, name: str, scopes: Iterable[str], expires_at: datetime, by: "User") -> tuple[ApiToken, str]:
    """A new token, and its text, which is nowhere from now on. Raises NotPossible."""
    _lock(vendor, by)
    if not timezone.now() < expires_at <= timezone.now() + LONGEST + timedelta(minutes=1):
        raise NotPossible(f"A token is good for {LONGEST.days} days at most.")
    alive = live(vendor)
    if alive.filter(name=name).count() >= OF_ONE_NAME:
        raise NotPossible(f"There are {OF_ONE_NAME} tokens called “{name}” that work. Revoke one of them first.")
    if alive.count() >= OF_ONE_VENDOR:
        raise NotPossible(f"There are {OF_ONE_VENDOR} tokens that work. Revoke those that nothing uses.")
    text = texts.new()
    token = ApiToken.objects.create(
        vendor=vendor, name=name, hint=texts.hint(text), token_hash=texts.hashed(text), scopes=sorted(set(scopes)),
        created_by=by, expires_at=expires_at,
    )  # fmt: skip
    said = f"made, for {', '.join(token.scopes)}, until {expires_at:%Y-%m-%d}"
    note_token(said, about=str(token), user=by, vendor_id=vendor.pk)
    log_change(by, vendor, f"API token {token} {said}.")
    return token, text


@transaction.atomic
def revoke(token: ApiToken, by: "User") -> bool:
    """Let it open nothing any more, from this moment on; False if that was so already."""
    _lock(token.vendor, by)
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now(), revoked_by=by):
        return False
    note_token("revoked", about=str(token), user=by, vendor_id=token.vendor_id)
    log_change(by, token.vendor, f"API token {token} revoked.")
    return True


def live(vendor: Vendor) -> QuerySet[ApiToken]:
    """Those that are neither revoked nor expired."""
    return ApiToken.objects.filter(vendor=vendor, revoked_at=None, expires_at__gt=Now())


def _lock(vendor: Vendor, by: "User") -> None:
    """Wait for other changes of this vendor; by then, the one who asks may be an owner no more."""
    Vendor.objects.select_for_update(no_key=True).get(pk=vendor.pk)
    owner = VendorMember.objects.filter(vendor=vendor, user=by, role=VendorMember.Role.OWNER).exists()
    if not (owner or by.is_staff):
        raise NotPossible("You aren't an owner any more.")
