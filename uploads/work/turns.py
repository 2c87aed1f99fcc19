"""One at a time of a vendor: whoever sends a hundred files at once has them read one after the other.

A turn stands in the cache that all web processes share, for as long as it can take at most: one whose process died is
over by then. It keeps a machine from being filled with one sender's work, and nothing else hangs on it.
"""

import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.core.cache import cache

WAIT_SECONDS: Final = 5.0  # for the one before, mostly who pressed a button twice
STEP_SECONDS: Final = 0.1


class Busy(Exception):
    """The one before takes longer than anybody should wait for."""


@contextmanager
def turn(vendor_id: str, seconds: float) -> Iterator[None]:
    """The vendor's only turn, which takes at most that long. Raises Busy."""
    key = f"turn-{hashlib.sha256(vendor_id.encode()).hexdigest()[:32]}"
    mine, until = secrets.token_hex(8), time.monotonic() + WAIT_SECONDS
    while not cache.add(key, mine, seconds):
        if time.monotonic() > until:
            raise Busy
        time.sleep(STEP_SECONDS)
    try:
        yield
    finally:
        if cache.get(key) == mine:  # else it took longer than it may, and the next one has begun
            cache.delete(key)
