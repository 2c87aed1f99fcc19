"""Texts encrypted with keys made of SECRET_KEY: a copy of the database, or a look at it, reads none of them.

The first key encrypts, SECRET_KEY and each of SECRET_KEY_FALLBACKS decrypt, so that the key can be changed: put the old
one among the fallbacks, run `manage.py encrypt_factors`, and take it away again.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.db import transaction

MARK = "fernet:"  # no secret of allauth's has a colon
PURPOSE = b"vendor-onboarding second factors"


# Columns that are encrypted with the same keys, by the label of their model; the apps that have them name them.
_COLUMNS: dict[str, tuple[str, ...]] = {}


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


def keeps(label: str, *columns: str) -> None:
    """Have these columns of a model encrypted anew with all else when SECRET_KEY is changed. Called by apps.py."""
    _COLUMNS[label] = columns


def encrypt_columns() -> tuple[int, int]:
    """Encrypt them with the first key, whatever key they have now; how many rows, and how many no key opens: those stay
    as they are. A row that is changed meanwhile is waited for."""
    done = lost = 0
    for label, columns in _COLUMNS.items():
        model = apps.get_model(label)
        for key in model._default_manager.order_by("pk").values_list("pk", flat=True).iterator():
            with transaction.atomic():
                row = model._default_manager.select_for_update().only(*columns).filter(pk=key).first()
                held = [name for name in columns if row is not None and getattr(row, name)]
                try:
                    anew = {name: encrypt(decrypt(getattr(row, name))) for name in held}
                except Unreadable:
                    lost += 1
                    continue
                if anew:
                    model._default_manager.filter(pk=key).update(**anew)
                    done += 1
    return done, lost


def _box() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    """A key for this purpose alone (RFC 5869): what else is signed with SECRET_KEY says nothing about it."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
