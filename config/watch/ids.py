"""Which request, upload, vendor and job this thread is at, for every line that it logs and every task that it wakes.

Names that people and programs made are kept short here and are escaped where they are written (lines.py).
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

REQUEST, UPLOAD, VENDOR, JOB, TASK = "request", "upload", "vendor", "job", "task"
NAMES: Final = (REQUEST, UPLOAD, VENDOR, JOB, TASK)
MOST_CHARS: Final = 100
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")

_ids: ContextVar[Mapping[str, str] | None] = ContextVar("ids", default=None)


def known() -> Mapping[str, str]:
    """What is known here and now, by NAMES."""
    return _ids.get() or {}


def add(**found: object) -> None:
    """Know more until the end of what `of` surrounds; what is empty or has another name is left out.

    Outside of it nothing is kept, since it would stand in the lines of whatever this thread does next.
    """
    around = _ids.get()
    if around is not None:
        _ids.set({**around, **_kept(found)})


@contextmanager
def of(found: Mapping[str, object]) -> Iterator[None]:
    """Know this, and nothing else, within."""
    token = _ids.set(_kept(found))
    try:
        yield
    finally:
        _ids.reset(token)


def for_request(said: str) -> str:
    """The request's own ID: the one that a proxy or a program names, if it looks like one, else a new one."""
    return said if _SANE.fullmatch(said) else secrets.token_hex(8)


def _kept(found: Mapping[str, object]) -> dict[str, str]:
    return {name: str(found[name])[:MOST_CHARS] for name in NAMES if found.get(name)}
