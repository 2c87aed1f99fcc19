"""What a token looks like: vpo_, 43 characters of 256 random bits, and 6 that a mistyped or cut off one hasn't got.

    vpo_[0-9A-Za-z]{49}

Scanners for secrets find it by that, and we tell without asking the database that something isn't one. It has 256
random bits, so a plain hash of it can't be guessed back.
"""

import hashlib
import re
import secrets
import string
from typing import Final
from zlib import crc32

PREFIX: Final = "vpo_"
SHAPE: Final = re.compile(r"vpo_[0-9A-Za-z]{49}\Z")
HINT_CHARS: Final = len(PREFIX) + 4  # that lists show
_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_CHARS, _CHECK_CHARS = 43, 6


def new() -> str:
    """One that nobody has."""
    body = _in_digits(secrets.randbits(256), _RANDOM_CHARS)
    return PREFIX + body + _check(body)


def is_well_formed(text: str) -> bool:
    """Whether it could be one of ours."""
    body = text[len(PREFIX) : -_CHECK_CHARS]
    return bool(SHAPE.match(text)) and text.endswith(_check(body))


def hint(text: str) -> str:
    """The beginning, by which people tell two of them apart."""
    return text[:HINT_CHARS]


def hashed(text: str) -> str:
    """What the database has of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check(body: str) -> str:
    return _in_digits(crc32(body.encode()), _CHECK_CHARS)


def _in_digits(number: int, width: int) -> str:
    found = ""
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found
