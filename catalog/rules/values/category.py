"""Which category a cell means, of those on our list."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from rapidfuzz import fuzz, process

from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem

_LISTED = re.compile(r"[,;|]")
_BREADCRUMB = re.compile(r"[>»|/\\]")
_CLOSE_ENOUGH = 75  # of 100; below it rapidfuzz finds a likeness between any two words
_CACHED = 4096


@lru_cache(maxsize=_CACHED)
def category_key(name: str) -> str:
    """What two spellings of a category have in common: `Home & Garden` and ` home AND garden` share theirs."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(folded.replace("&amp;", " and ").replace("&", " and ").split())


def unlisted(cell: str, key: str, listed: Mapping[str, str], inactive: Mapping[str, str]) -> Problem:
    """Why a cell is no category that takes products; both by category_key(name) → name."""
    if key in inactive:
        message = f"The category {quoted(inactive[key])} takes no products at present."
        return Problem("category", Code.INACTIVE_CATEGORY, message)
    closest = _closest(key, tuple(listed))
    if closest:
        name = listed[closest]
        message = f"{quoted(cell)} is not a category on our list. Did you mean {name}?"
        return Problem("category", Code.UNKNOWN_CATEGORY, message, name)
    examples = ", ".join(list(listed.values())[:3])
    hint = f" Use one that is, such as {examples}." if examples else ""
    return Problem("category", Code.UNKNOWN_CATEGORY, f"{quoted(cell)} is not a category on our list.{hint}")


@lru_cache(maxsize=_CACHED)
def _closest(key: str, known: tuple[str, ...]) -> str:
    """The known key that is most likely meant, or "": the first of several, a step of a breadcrumb, a near miss, or one
    that has all the words. About 10 µs, so even a million different wrong names cost seconds.
    """
    for path in (*_LISTED.split(key), key):
        for step in reversed(_BREADCRUMB.split(path)):  # the last step says most: Clothing > Shoes
            if step.strip() in known:
                return step.strip()
    near = process.extractOne(key, known, scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH)
    if near:
        return near[0]
    words = set(key.split()) - {"and"}
    having = [name for name in known if words and words <= set(name.split())]
    return having[0] if len(having) == 1 else ""


def closest_category(cell: str, by_key: Mapping[str, str]) -> str:
    """The category that a cell which is none most likely means, of category_key(name) → name; "" if none is close."""
    return by_key.get(_closest(category_key(cell), tuple(by_key)), "")
