"""The key by which an SFTP server is known: confirmed by a person once, by its fingerprint."""

import base64
import binascii
import hashlib

from uploads.models import Source


def kind(key: str) -> str:
    """`ssh-ed25519` of a key as `ssh-ed25519 AAAA…`."""
    return key.partition(" ")[0]


def fingerprint(key: str) -> str:
    """As ssh-keygen -l shows it: `SHA256:…`; "" for no key."""
    try:
        raw = base64.b64decode(key.partition(" ")[2].partition(" ")[0], validate=True)
    except binascii.Error:
        return ""
    return f"SHA256:{base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip('=')}" if raw else ""


def must_confirm(source: Source) -> bool:
    """Whether nothing is fetched until a person has confirmed a key."""
    return source.kind == Source.Kind.SFTP and (not source.host_key or bool(source.host_key_met))
