"""How much may be previewed within an hour: of files by a person and for a vendor, and of bytes for a vendor.

Each look costs reading the file, keeping it for a day if it was just chosen, and a dry run of it in a worker. Whoever
tries one file twenty times never meets this; who sends files for hours on end waits, and holds up nobody else.

What was used stands in the cache that all processes share, as the moments and sizes of the last hour; a lock of
PostgreSQL keeps two looks at once from being counted as one.
"""

import hashlib
import io
import math
import time
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from config.web.text import counted

HOUR: Final = 3600.0
MB: Final = 1024 * 1024

Uses = list[tuple[float, int]]  # when, in seconds since 1970, and how many bytes; the oldest first


class Exhausted(Exception):
    """No preview at the moment; the message says why, and when there is one again."""


@dataclass(frozen=True)
class Quota:
    """Of whom, in words and as a key of the cache; how many files within an hour, and how many bytes."""

    whose: str
    key: str
    files: int
    bytes: float = math.inf


def take(file: BinaryIO, vendor_id: str, user: Any) -> None:
    """Count a look at this seekable file, which stays at its beginning. Raises Exhausted, and then counts nothing."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    quotas = (
        Quota("this company", f"vendor-{vendor_id}", settings.PREVIEWS_OF_VENDOR, settings.PREVIEW_BYTES_OF_VENDOR),
        Quota("you", f"user-{user.pk}", settings.PREVIEWS_OF_PERSON),
    )
    with transaction.atomic(), connection.cursor() as cursor:
        for quota in quotas:  # in this order, so that no two wait for each other
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"previews:{quota.key}"])
        now = time.time()
        used = {quota: [use for use in cache.get(_name(quota), []) if use[0] > now - HOUR] for quota in quotas}
        for quota, uses in used.items():
            _refuse(quota, uses, size, now)
        for quota, uses in used.items():
            cache.set(_name(quota), [*uses, (now, size)], HOUR)


def _refuse(quota: Quota, uses: Uses, size: int, now: float) -> None:
    """Raises Exhausted, with the minutes until enough of it is an hour old."""
    files, taken = len(uses), sum(of for _, of in uses)
    limit = counted(quota.files, "{} file", "{} files")
    if files < quota.files and taken + size > quota.bytes:
        limit = f"{quota.bytes / MB:,.0f} MB"
    wait = 0.0
    for moment, of in uses:
        if files < quota.files and taken + size <= quota.bytes:
            break
        files, taken, wait = files - 1, taken - of, moment + HOUR - now
    if wait:
        minutes = counted(math.ceil(wait / 60), "{} minute", "{} minutes")
        raise Exhausted(f"Within an hour, {limit} can be previewed by {quota.whose}. Try again in {minutes}.")


def _name(quota: Quota) -> str:
    return f"previews-{hashlib.sha256(quota.key.encode()).hexdigest()[:32]}"
