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


def visible(text: str) -> str:
    """The text with characters that show nothing, or turn what follows around, spelled out: ⟨U+202E⟩.

    What holds an emoji together stays.
    """
    if text.isascii() and text.isprintable():
        return text
    kept = {place for found in _EMOJI.finditer(text) for place in range(*found.span())}
    return "".join(
        f"⟨U+{ord(char):04X}⟩"
        if unicodedata.category(char) in ("Cc", "Cf") and char not in "\t\n\r" and place not in kept
        else char
        for place, char in enumerate(text)
    )


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
