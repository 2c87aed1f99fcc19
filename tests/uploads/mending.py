"""The pages on which failed rows are mended, of staff and of vendors: what they say, and what is sent from them."""

import re
from typing import Any


def text(response: Any) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def listed(response: Any) -> list[tuple[str, int]]:
    """The wrong values on a page, with how many rows have them."""
    return [(one.value, one.rows) for _, one, *_ in response.context["lines"]]


def posted(response: Any, **chosen: str) -> dict[str, str]:
    """What a browser would send of the page with these things chosen: right_1="Books"."""
    values = {f"value-{number}": one.value for number, one, *_ in response.context["lines"]}
    return values | {name.replace("_", "-"): value for name, value in chosen.items()}
