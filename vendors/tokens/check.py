"""Whose token this is, and whether it still works."""

import hashlib

from django.utils import timezone

from vendors.models import ApiToken


class Refused(Exception):
    """The token opens nothing. `code` names why; it says more than "unknown" only to who holds the whole token."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def token_of(text: str) -> ApiToken:
    """The live token with this text, and its vendor. Raises Refused: unknown, revoked, expired, suspended."""
    found = ApiToken.objects.select_related("vendor").filter(token_hash=hashed(text)).first()
    if found is None:
        raise Refused("unknown", "This token isn't one of ours.")
    if found.revoked_at:
        raise Refused("revoked", "This token was revoked.")
    if found.expires_at <= timezone.now():
        raise Refused("expired", "This token has expired.")
    if not found.vendor.is_active:
        raise Refused("suspended", f"The vendor is {found.vendor.status}.")
    return found


def hashed(text: str) -> str:
    """What the database has of a token. It has 256 random bits, so a plain hash can't be guessed back."""
    return hashlib.sha256(text.encode()).hexdigest()
