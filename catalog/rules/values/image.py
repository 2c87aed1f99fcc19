"""The address of a product's picture."""

import re
from typing import Final
from urllib.parse import urlsplit

from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem

MOST_CHARS: Final = 2_000
# Several addresses in one cell, as shops' exports have them.
_NEXT: Final = re.compile(r"\s*[,;|\s]\s*(?=https?://)", re.IGNORECASE)


def first(cell: str) -> str:
    """The first address of a cell that lists several, as it came."""
    return _NEXT.split(cell, maxsplit=1)[0]


def read(cell: str) -> tuple[str, Problem | None]:
    """The address in a cell that isn't empty, the first of several; "" and why where there is none. A picture never
    keeps a row out."""
    url, *others = _NEXT.split(cell.strip(), maxsplit=1)
    url = f"https:{url}" if url.startswith("//") else url
    if len(url) > MOST_CHARS:
        return "", _none(f"The image URL is longer than {MOST_CHARS:,} characters.")
    if not _is_address(url):
        return "", _none(
            f"The image URL {quoted(cell)} is no address on the web, such as https://example.com/lamp.jpg."
        )
    if others:
        message = f"The image URL has several addresses; the first was read: {quoted(url)}."
        return url, Problem("image_url", Code.CLEANED, message)
    return url, None


def to_open(url: str | None) -> str:
    """The address if a page may lead there; "" where there is none, or one that was typed by hand and is no such."""
    return url if url and _is_address(url) else ""


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    named = bool(host) and (port is None or port > 0) and not parts.username and not parts.password
    return named and parts.scheme in ("http", "https") and url.isprintable() and not any(map(str.isspace, url))


def _none(message: str) -> Problem:
    return Problem("image_url", Code.INVALID_IMAGE_URL, f"{message} None was stored.")
