"""Signatures after the Standard Webhooks specification (standardwebhooks.com): its own library makes them.

A secret is whsec_ and 24 to 64 random bytes as base64; it is encrypted in the database. Each message is signed with
every secret that is good, so that who receives it can go from one to the next without a gap.
"""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from standardwebhooks import Webhook as Signing

from security import at_rest
from vendors.models import Webhook

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
BOTH_GOOD: Final = timedelta(hours=24)  # how long a secret signs beside the one that took its place


def new_secret() -> str:
    """One that nobody has, as its receiver needs it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(webhook: Webhook, message_id: str, body: str, now: datetime) -> dict[str, str]:
    """What is sent with a message. Raises at_rest.Unreadable where the platform's key was changed."""
    signed = [Signing(secret).sign(message_id, now, body) for secret in _good(webhook)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def _good(webhook: Webhook) -> list[str]:
    """The secrets that sign now, the newest first."""
    found = [at_rest.decrypt(webhook.secret)]
    if webhook.secret_before and webhook.secret_before_until and webhook.secret_before_until > timezone.now():
        found.append(at_rest.decrypt(webhook.secret_before))
    return found
