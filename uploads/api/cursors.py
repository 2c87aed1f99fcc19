"""Long lists a page at a time: an opaque cursor says after which key the next page begins.

There are no page numbers: the thousandth page costs what the first does, and rows that come meanwhile shift nothing.
"""

import base64
import json
from datetime import UTC, datetime
from typing import Any, Final

from uploads.api.problems import Problem

MOST, USUAL = 500, 100  # rows of a page


def encode(key: list[Any]) -> str:
    """The cursor behind a row with this key, of numbers and texts."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


CURSOR_CHARS: Final = 1000


def decode(cursor: str, shape: tuple[type, ...]) -> list[Any]:
    """The key in a cursor, of these types. Raises Problem for one that isn't ours."""
    try:
        if len(cursor) > CURSOR_CHARS:
            raise ValueError(cursor)
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(found, list) or tuple(map(type, found)) != shape:
            raise ValueError(cursor)
        if not all(one.isprintable() if isinstance(one, str) else abs(one) < 2**31 for one in found):
            raise ValueError(cursor)
    except (ValueError, RecursionError) as error:
        raise refused() from error
    return found


def moment(cursor: str) -> datetime:
    """A cursor that is a moment. Raises Problem."""
    try:
        found = datetime.fromisoformat(decode(cursor, (str,))[0])
        if found.tzinfo is None:
            raise ValueError(cursor)
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refused() from error


def refused() -> Problem:
    """What isn't one of ours."""
    message = "This cursor isn't one of ours. Take it from the page before, as it is."
    return Problem("invalid", errors=[{"field": "cursor", "message": message}])
