"""A file between preview and confirm: kept in storage, so that any web process can take it up.

The browser holds a signed token, never the name of a file: it can confirm what its user previewed, for the vendor
that was chosen, for a day. What is never confirmed is swept away after that.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from django.core import signing

from uploads import storage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

FOLDER = "incoming"
KEPT = timedelta(days=1)
SALT = "uploads.incoming"


class Expired(Exception):
    """The token isn't one of ours, is another user's, or is too old."""


@dataclass(frozen=True)
class Incoming:
    """A file that was previewed: its storage key, its name on the user's machine, and the vendor it is for."""

    key: str
    file_name: str
    vendor_id: str


def keep(file: BinaryIO, file_name: str, vendor_id: str, user: "User | AnonymousUser") -> str:
    """Store the file; returns the token that its user confirms it with. Raises StorageUnavailable."""
    sweep()
    key = f"{FOLDER}/{datetime.now(UTC):%Y%m%d}/{secrets.token_urlsafe(24)}"
    storage.save(key, file)
    return signing.dumps([user.pk, key, file_name, vendor_id], salt=SALT)


def taken_up(token: str, user: "User | AnonymousUser") -> Incoming:
    """What the token stands for. Raises Expired."""
    try:
        owner, *rest = signing.loads(token, salt=SALT, max_age=KEPT)
    except signing.BadSignature as error:
        raise Expired from error
    if owner != user.pk:
        raise Expired
    return Incoming(*rest)


def sweep() -> None:
    """Delete what was kept on days before yesterday. Raises StorageUnavailable."""
    yesterday = f"{datetime.now(UTC) - KEPT:%Y%m%d}"
    for day in storage.listing(FOLDER)[0]:
        if day < yesterday:
            for name in storage.listing(f"{FOLDER}/{day}")[1]:
                storage.delete(f"{FOLDER}/{day}/{name}")
