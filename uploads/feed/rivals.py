"""Which of several columns a field is read from, where more than one could be it; data is in aliases.py.

A column is taken without a person only where the others clearly mean something else, by their names or their cells.
All other choices are left open, for a question.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from catalog.rules import currencies
from uploads.feed.aliases import CURRENCY, FAMILIES, Kind

NAME_CHARS: Final = 80  # no column that has a price is called by more
# Signs that change what a name means: `Price (¢)` is no price in units of money, `Price %` and `Stock +` are others.
SIGNS: Final = frozenset("¢%‰±∆+")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD: Final = re.compile(r"[^\W_]+|[" + re.escape("".join(sorted(SIGNS))) + "]")
_NUMBER: Final = re.compile(r"\D{0,6}\d[\d.,'’ \u00a0\u202f]*\D{0,6}")
_FLAGS: Final = frozenset({"0", "1", "yes", "no", "true", "false", "y", "n", "ja", "nein", "oui", "non", "si", "sí"})
_SIZE: Final = re.compile(
    r"(?:(?:ca|approx)\.?|~)?\s*(?:\d+\s*[x×*]\s*\d|\d+(?:[.,/]\d+)?\s*"
    r"(?:mg|g|gr|gramm?s?|kg|kilos?|lbs?|oz|ml|cl|dl|l|lt|ltr|lit(?:re|er)s?|gal|mm|cm|m|m2|m²|inch|in|ft|fl)\b)",
    re.IGNORECASE,
)


class Rival(NamedTuple):
    """A column that could be the field. `known`: whether by an alias of the field."""

    column: int
    kind: Kind
    known: bool


def in_words(header: str) -> str:
    """A name in small words without accents, signs among them only where they change what it means.

    >>> in_words("VK-Preis (brutto)"), in_words("stockQty"), in_words("Price (¢)")
    ('vk preis brutto', 'stock qty', 'price ¢')
    """
    letters = unicodedata.normalize("NFKD", _CAMEL.sub(" ", header))
    return " ".join(_WORD.findall("".join(one for one in letters if not unicodedata.combining(one)).casefold()))


@lru_cache(maxsize=8192)  # one file's names are looked at for each line and delimiter that could be its header
def kind_of(field: str, header: str) -> Kind | None:
    """What sort of this field a column of this name is; None for one that is none of it."""
    if field not in FAMILIES or len(header) > NAME_CHARS:
        return None
    family, words = FAMILIES[field], in_words(header)
    if not family.words.search(words) or family.never.search(words):
        return None
    for kind in family.kinds:
        if kind.words.search(words):
            return kind
    left = family.neutral.sub("", words).split()
    if field == "price" and currencies.of_header(header) and all(currencies.meanings(word) for word in left):
        return CURRENCY
    return family.other if left else family.plain


def is_other_thing(field: str, header: str) -> bool:
    """Whether a name has the field's word in it and says that it is something else: a cost is no price."""
    words = in_words(header[:NAME_CHARS])
    return field in FAMILIES and bool(FAMILIES[field].never.search(words))


def counts_cents(header: str) -> bool:
    """Whether a price by this name is in hundredths of a currency."""
    words = f" {in_words(header[:NAME_CHARS])} "
    return bool(FAMILIES["price"].words.search(words)) and any(
        f" {word} " in words for word in ("¢", "cent", "cents", "pence", "ct", "cts")
    )


def left_over(rivals: Sequence[Rival], samples: Sequence[Sequence[str]]) -> list[Rival]:
    """Those that could be the field by what their cells have, and beside one another; `samples` are the first rows."""
    cells = {rival.column: sample_cells(samples, rival.column) for rival in rivals}
    able = [
        rival for rival in rivals
        if not are_sizes(cells[rival.column]) and (not rival.kind.counted or _are_counts(cells[rival.column]))
    ]  # fmt: skip
    if len(able) > 1:
        able = [rival for rival in able if _could_be_numbers(cells[rival.column])] or able
    kinds = {rival.kind.name for rival in able}
    return [rival for rival in able if not rival.kind.yields_to & kinds]


def likeliest(rivals: Sequence[Rival]) -> Rival | None:
    """The one that a person would be shown as the likeliest; None where two are as likely."""
    best = max(rival.kind.weight for rival in rivals)
    found = [rival for rival in rivals if rival.kind.weight == best]
    return found[0] if len(found) == 1 else None


def are_sizes(cells: Sequence[str]) -> bool:
    """Whether most of the cells say how large a thing is (`500 g`, `6 x 330 ml`), not how many there are."""
    return 2 * sum(bool(_SIZE.match(cell)) for cell in cells) > len(cells)


def _could_be_numbers(cells: Sequence[str]) -> bool:
    return not cells or any(_NUMBER.fullmatch(cell) for cell in cells)


def _are_counts(cells: Sequence[str]) -> bool:
    """Whether most of the cells are numbers, and not all of them say only whether."""
    numbers = [cell for cell in cells if cell.isdecimal()]
    return 2 * len(numbers) > len(cells) and not all(cell.casefold() in _FLAGS for cell in cells)


def sample_cells(samples: Sequence[Sequence[str]], index: int) -> list[str]:
    """What a column has in the first rows, without empty cells."""
    return [cell for row in samples if index < len(row) and (cell := row[index][:NAME_CHARS].strip())]
