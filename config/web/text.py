"""Words and texts as people see them, safe wherever they are shown; free of the admin and of import-export."""

import re
import unicodedata
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import ngettext

NOTHING = "–"
MOST_OF_A_SUBJECT = 120


def counted(number: int, one: str, many: str) -> str:
    """A number in the words for it: `counted(2_000, "{} row is", "{} rows are")`."""
    return ngettext(one, many, number).format(f"{number:,}")


# Emoji of several characters: a family is held together by joiners, the flag of England is spelled by tags.
_EMOJI = re.compile("(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
                    "|(?<=\U0001f3f4)[\U000e0030-\U000e007a]{2,6}\U000e007f")  # fmt: skip


# Unicode's categories Cc and Cf, but for tab and the ends of lines.
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
# Tags with their attributes, and elements whose content isn't shown or is edited; or else what stands between them.
_OUTSIDE = re.compile(
    r"(?P<inside><(script|style|textarea)\b.*?</\2\s*>|<!--.*?-->|<[^>]*>)|[^<]+", re.DOTALL | re.IGNORECASE
)


def visible(text: str) -> str:
    """The text with characters that show nothing, or turn what follows around, spelled out: ⟨U+202E⟩.

    What holds an emoji together stays.
    """
    if not HIDDEN.search(text):
        return text
    kept = {place for found in _EMOJI.finditer(text) for place in range(*found.span())}
    return HIDDEN.sub(lambda one: one[0] if one.start() in kept else f"⟨U+{ord(one[0]):04X}⟩", text)


def visible_page(html: str) -> str:
    """A page of which the text is visible, but for what is to be edited: that goes back as it came."""
    if not HIDDEN.search(html):
        return html
    return _OUTSIDE.sub(lambda found: found[0] if found["inside"] else visible(found[0]), html)


def span(length: timedelta) -> str:
    """A length of time in the largest unit that it has a whole number of: "12 hours"."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        number, rest = divmod(length.total_seconds(), seconds)
        if number and not rest:
            return counted(int(number), f"{{}} {unit}", f"{{}} {unit}s")
    return f"{length.total_seconds():.0f} seconds"


def subject(text: str) -> str:
    """What strangers typed, as the subject of a mail: one line without control characters, at most 120 long."""
    line = " ".join("".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text).split())
    return line if len(line) <= MOST_OF_A_SUBJECT else f"{line[: MOST_OF_A_SUBJECT - 1]}…"


def money(price: Decimal | None, currency: str) -> str:
    """A price as every page shows it: `1,299.00 USD`."""
    return NOTHING if price is None else f"{price:,.2f} {currency}".rstrip()


def percent(rate: float | None) -> str:
    return NOTHING if rate is None else f"{rate:.1%}"
