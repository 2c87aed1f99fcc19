"""Texts encrypted with keys made of SECRET_KEY: a copy of the database, or a look at it, reads none of them.

The first key encrypts, SECRET_KEY and each of SECRET_KEY_FALLBACKS decrypt, so that the key can be changed: put the old
one among the fallbacks, run `manage.py encrypt_factors`, and take it away again.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

MARK = "fernet:"  # no secret of allauth's has a colon
PURPOSE = b"vendor-onboarding second factors"


class Unreadable(ValueError):
    """None of the keys opens it: SECRET_KEY was changed, and the key before isn't among SECRET_KEY_FALLBACKS."""


def encrypt(text: str) -> str:
    """The text, with a mark, as the first key makes it unreadable; 32 bytes of key, AES-128-CBC and HMAC (Fernet)."""
    return MARK + _box().encrypt(text.encode()).decode()


def decrypt(text: str) -> str:
    """The text as it was. One without the mark is older than the encryption. Raises Unreadable."""
    if not text.startswith(MARK):
        return text
    try:
        return _box().decrypt(text.removeprefix(MARK)).decode()
    except InvalidToken as error:
        raise Unreadable("Encrypted with a key that is neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS.") from error


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    """A key for this purpose alone (RFC 5869): what else is signed with SECRET_KEY says nothing about it."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
