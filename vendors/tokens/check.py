"""Whose token this is, and whether it still works.

It is asked at every call: a token that is revoked, or whose vendor is suspended, opens nothing from then on. Why one
doesn't work is told to whoever holds the whole of it; to everybody else there is no such token.
"""

import logging
from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from security.log import note_token
from vendors.models import ApiToken
from vendors.tokens import texts

logger = logging.getLogger(__name__)

USED_EVERY: Final = timedelta(minutes=1)  # how often it is noted that a token is used
REFUSED_SECONDS: Final = 3600  # how often the security log notes that one is used which doesn't work any more
_USED = """
UPDATE api_tokens SET last_used_at = now()
 WHERE id = (SELECT id FROM api_tokens
              WHERE id = %s AND (last_used_at IS NULL OR last_used_at < now() - make_interval(secs => %s))
              FOR UPDATE SKIP LOCKED)
"""


class Refused(Exception):
    """The token opens nothing. `code` says why: malformed, unknown, revoked, expired or suspended."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def token_of(text: str) -> ApiToken:
    """The live token with this text, and its vendor. Raises Refused."""
    if not texts.is_well_formed(text):
        raise Refused("malformed", "A token is vpo_ and 49 letters and digits. This one may have been cut off.")
    found = ApiToken.objects.select_related("vendor").filter(token_hash=texts.hashed(text)).first()
    if found is None:
        raise Refused("unknown", "There is no such token.")
    if found.revoked_at:
        _note_refused(found, "used after it was revoked")
        raise Refused("revoked", f"The token “{found.name}” was revoked on {found.revoked_at:%Y-%m-%d %H:%M} UTC.")
    if found.expires_at <= timezone.now():
        _note_refused(found, "used after it had expired")
        raise Refused("expired", f"The token “{found.name}” has expired on {found.expires_at:%Y-%m-%d %H:%M} UTC.")
    if not found.vendor.is_active:
        raise Refused("suspended", f"The vendor {found.vendor_id} is {found.vendor.status}.")
    return found


def note_used(token: ApiToken) -> None:
    """Note that it is used, at most once a minute. Whoever else notes it at this moment isn't waited for."""
    if token.last_used_at and timezone.now() - token.last_used_at < USED_EVERY:
        return
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_USED, [token.pk, USED_EVERY.total_seconds()])
    except DatabaseError:  # the answer is ready, and this is only for people who look at their tokens
        logger.warning("That token %s is used could not be noted", token.pk, exc_info=True)


def _note_refused(token: ApiToken, what: str) -> None:
    if cache.add(f"token-refused:{token.pk}", 1, REFUSED_SECONDS):
        note_token(what, about=str(token), vendor_id=token.vendor_id)
