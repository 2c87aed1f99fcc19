"""Text whose letters were turned into others before it came here: `CafÃ©` for `Café`, `â€™` for `’`, � for anything.

It comes of UTF-8 that some program read as another encoding and saved again, once or several times. What gives it away
are characters that in that other encoding are the bytes of a character in UTF-8. Few texts have such a sequence by
nature, a capital before a sign (`ROSÉ®`) above all; these are told apart, so what is found is garbled, though not all
that is garbled is found.
"""

import re
import unicodedata
from functools import cache
from typing import Final

from catalog.rules.fields import LABELS
from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem

REPLACEMENT: Final = "�"  # what programs write for a character that they can't read
LOCKED: Final = "锟斤拷"  # two of these in UTF-8, read as GBK
# What programs take UTF-8 for, the likeliest first. What Windows-1252 lacks are the controls of Latin-1.
CODECS: Final = ("cp1252", "mac_roman", "cp1251", "cp1250", "cp850", "cp437")
MOST_TIMES: Final = 3  # that a text was garbled, one time over the other

# The first bytes of characters in UTF-8, and how many follow: Latin, Greek, Cyrillic, Hebrew, Arabic; others; emoji.
_LEADS: Final = ((bytes.fromhex("c2c3c4c5cecfd0d1d7d8d9"), 1), (bytes(range(0xE0, 0xF0)), 2), (b"\xf0", 3))
_FOLLOWING: Final = bytes(range(0x80, 0xC0))
# What a sequence may stand for by itself: letters and signs of Western and Central Europe, punctuation, currencies,
# emoji. Letters of other alphabets only where there are several in a row.
_USUAL: Final = re.compile(
    "[\xa0-\u017f\u2010-\u205e\u20a0-\u20bf\u2100-\u2bff\ufb01\ufb02\ufe0f\ufeff�\U0001f000-\U0001faff]+"
)
_ALPHABETS: Final = frozenset(
    ["GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI", "CJK", "HANGUL", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA",
     "FULLWIDTH", "IDEOGRAPHIC"]
)  # fmt: skip
# Signs that follow a capital by nature: ROSÉ® and MAÇÃ” are no garbled text.
_AFTER_CAPITAL: Final = "\xa0®©™°»”’“‘…–—"


def _characters(codec: str) -> list[str]:
    """The character of each byte; where the encoding has none, the control of Latin-1."""
    return [bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in range(256)]


def _one_of(codecs: tuple[str, ...], which: bytes) -> str:
    return "[" + re.escape("".join({_characters(codec)[byte] for codec in codecs for byte in which})) + "]"


@cache  # and not at import: they take as long as all other modules of a reader together, and few files need them
def _sequences(codec: str) -> re.Pattern[str]:
    """One or more characters in UTF-8, as they look in another encoding."""
    following = _one_of((codec,), _FOLLOWING)
    each = "|".join(f"{_one_of((codec,), leads)}{following}{{{count}}}" for leads, count in _LEADS)
    return re.compile(f"(?:{each})+")


@cache
def _hint(*codecs: str) -> re.Pattern[str]:
    """The first two bytes of a sequence in any of these encodings: found a good deal faster, and seldom there."""
    return re.compile(_one_of(codecs, b"".join(leads for leads, _ in _LEADS)) + _one_of(codecs, _FOLLOWING))


@cache
def _any_hint() -> re.Pattern[str]:
    return _hint(*CODECS)


_BYTES: Final = {codec: {ord(character): byte for byte, character in enumerate(_characters(codec))} for codec in CODECS}


def problem_with(field: str, cell: str) -> Problem | None:
    """What to say of a garbled cell: a warning for texts that only people read, an error for a name or an identifier.
    Nothing of a category, since none that is listed is garbled.
    """
    if field == "category" or not is_garbled(cell):
        return None
    message = f"The letters of the {LABELS[field]} {quoted(cell)} were turned into others before the file was saved."
    code = Code.GARBLED_TEXT if field in ("brand", "description") else Code.GARBLED_VALUE
    meant = repaired(cell)
    suggestion = "" if field == "sku" and not meant.isascii() else meant
    return Problem(field, code, f"{message} Export it anew, as “CSV UTF-8”.", suggestion)


def is_garbled(text: str) -> bool:
    """Whether some of its letters were turned into others.

    Text in ASCII costs nothing, other text a µs a cell, and in alphabets other than Latin 30 ns a character.
    """
    if text.isascii():
        return False
    if REPLACEMENT in text or LOCKED in text:
        return True
    return bool(_any_hint().search(text)) and any(_finds(codec, text) for codec in CODECS)


def repaired(text: str) -> str:
    """The text as it was meant, if all of it was turned by one encoding; else ""."""
    now = text
    for _ in range(MOST_TIMES):
        meant = {_turned_back(codec, now) for codec in CODECS if _finds(codec, now)} - {""}
        if len(meant) != 1:
            break
        (now,) = meant
    return "" if now == text or REPLACEMENT in now or LOCKED in now else now


def _turned_back(codec: str, text: str) -> str:
    try:
        return bytes(_BYTES[codec][ord(character)] for character in text).decode()
    except (KeyError, UnicodeDecodeError):
        return ""


def _finds(codec: str, text: str) -> bool:
    if not _hint(codec).search(text):
        return False
    return any(_is_meant(codec, found) for found in _sequences(codec).finditer(text))


def _is_meant(codec: str, found: re.Match[str]) -> bool:
    """Whether the characters are rather those in UTF-8 that have these bytes."""
    meant = _turned_back(codec, found[0])
    if not meant:
        return False
    start, end = found.span()
    before, after = found.string[max(start - 1, 0) : start], found.string[end : end + 1]
    others = {unicodedata.name(character, "").partition(" ")[0] for character in _USUAL.sub("", meant)}
    if others:
        return others <= _ALPHABETS and len(meant) >= (3 if codec == "cp1251" else 2)
    if codec == "cp1251":  # Её and Ві are words, CafГ© is none
        return before.isascii() and before.isalpha()
    return len(meant) > 1 or len(found[0]) > 2 or not _is_natural(codec, found[0], before, after)


def _is_natural(codec: str, pair: str, before: str, after: str) -> bool:
    """Whether a capital is by nature before what follows it: `Ã®` at the end of a word in capitals, `ĂŞ` in one."""
    if before.islower() or before.isdigit():
        return False
    if codec == "cp1250" and pair[1].isalpha():
        return True
    ends_word = not after.isalpha() or (after.isupper() and pair[1] in "–—")
    return pair[0] != "Â" and pair[1] in _AFTER_CAPITAL and ends_word
