"""A number format's code → its sections, ready to show numbers; and which codes need no spelling out. Pure.

The codes are those of ECMA-376 part 1, 18.8.30 and 18.8.31, and of Excel where it goes beyond them. What is decided
here, once for each code: which words around a number stay (a currency, percent, whatever else changes the value) and
which are a unit that is left out (`0 "pcs"`), by how much it is scaled, and whether it is a date. A code that can't be
read has no sections. Its length is bounded by MAX_CODE.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, NamedTuple

from catalog.rules.money import PriceError, parse_price

MAX_CODE: Final = 255  # characters; Excel's limit

# Those that a file need not spell out (18.8.30). The currency of 5 to 8, 42 and 44 is that of whoever looks at the
# sheet, so it says nothing. 27 to 36, 50 to 58 and 71 to 81 are dates in East Asia and Thailand, and nothing elsewhere.
BUILT_IN: Final[dict[int, str]] = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0;-#,##0", 6: "#,##0;-#,##0", 7: "#,##0.00;-#,##0.00",
    8: "#,##0.00;-#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "m/d/yyyy",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "m/d/yyyy h:mm", 37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
    41: "#,##0;-#,##0", 42: "#,##0;-#,##0", 43: "#,##0.00;-#,##0.00", 44: "#,##0.00;-#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys([*range(27, 37), *range(50, 59), *range(71, 75), 76, *range(77, 82)], "yyyy/m/d"),
}  # fmt: skip


# --- codes -----------------------------------------------------------------------------------------------------


class Token(NamedTuple):
    """A piece of a code. `sign` says what it is: a placeholder (0 # ?), . , % / @ E, "d" for a part of a date or time,
    "[" for a duration's, "G" for General, "c" for a condition, "" for words. `text` is what it shows or says."""

    sign: str
    text: str
    money: bool = False
    bare: bool = False
    """Words that are in no quotes; Excel would have put them there."""


_CODE: Final = re.compile(
    r"""
      "(?P<quoted>[^"]*)"? | \\(?P<escaped>.) | _(?P<space>.) | \*(?P<fill>.) | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General|Standard) | (?P<exponent>(?<=[0#?.])E[+-]) | (?P<noon>AM/PM|A/P|上午/下午)
    | (?P<date>y+|m+|d+|h+|s+|g+|e+|b+) | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION: Final = re.compile(r"(<=|>=|<>|<|>|=)\s*([+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?)")
PLACEHOLDERS: Final = ("0", "#", "?")
GROUPING: Final = (" ", "\u00a0", "\u202f", "'", "’")


def _split(code: str) -> list[list[Token]]:
    """The tokens of each section."""
    sections: list[list[Token]] = [[]]
    for match in _CODE.finditer(code[: MAX_CODE + 1]):
        if match["other"] == ";":
            sections.append([])
        elif token := _token(match):
            sections[-1].append(token)
    return sections


def _token(match: re.Match[str]) -> Token | None:
    """None for what shows nothing: colours, locales, what fills up the cell."""
    kind, text = str(match.lastgroup), str(match[str(match.lastgroup)])
    if kind in ("quoted", "escaped"):
        return Token("", text)
    if kind == "space":  # as wide as that character
        return Token("", " ")
    if kind == "bracket":
        return _bracketed(text)
    if kind == "other":
        return Token(text, text) if text in "0#?.,%/@" else Token("", text, bare=True)
    signs = {"general": "G", "exponent": "E", "noon": "d", "date": "d"}
    return Token(signs[kind], text.lower()) if kind in signs else None


def _bracketed(text: str) -> Token | None:
    if text.startswith("$"):  # [$€-407] is a currency and a locale, [$-409] a locale
        symbol = text[1:].partition("-")[0]
        return Token("", symbol, money=True) if symbol else None
    if _CONDITION.fullmatch(text):
        return Token("c", text)
    duration = text.lower()
    return Token("[", duration) if duration in ("h", "hh", "m", "mm", "s", "ss") else None


# --- sections --------------------------------------------------------------------------------------------------

GENERAL, DIGITS, EXPONENT, PARTS, WORDS, MOMENT = "general", "digits", "exponent", "fraction", "words", "moment"


@dataclass(frozen=True)
class Section:
    """One section of a code, ready to show numbers.

    A number goes into `whole` and, behind the point, `decimals`: placeholders, and words between them. `scale` is the
    power of ten that it is divided by first. `before` and `behind` are what stands around it. A moment has a date, a
    time or both; `elapsed` ones count hours beyond a day.
    """

    kind: str
    condition: tuple[str, Decimal] | None = None
    before: str = ""
    behind: str = ""
    whole: tuple[Token, ...] = ()
    decimals: tuple[Token, ...] = ()
    scale: int = 0
    digits: int = 2  # of an exponent
    denominator: int = 0  # a fixed one
    largest: int = 9  # denominator otherwise
    mixed: bool = False  # 1 1/2, not 3/2
    has_date: bool = False
    has_time: bool = False
    elapsed: bool = False
    money: bool = False  # a currency stands around it

    @property
    def has_words(self) -> bool:
        return bool(self.before or self.behind)


def sections_of(code: str) -> tuple[Section, ...] | None:
    """The sections for numbers; None where the code can't be read."""
    if len(code) > MAX_CODE:
        return None
    pieces = _split(code)
    if len(pieces) > 4:
        return None
    if len(pieces) == 4 or (len(pieces) > 1 and any(token.sign == "@" for token in pieces[-1])):
        pieces = pieces[:-1]  # is for text
    found = [section for section in map(_section, pieces) if section is not None]
    if len(found) < len(pieces):
        return None
    conditions = [section.condition for section in found]
    if len(found) > 1 and conditions[1] is None and (len(found) > 2 or conditions[0] is None):
        found[1] = _as_negative(found[1])
    return tuple(
        _as_negative(section) if condition and condition[0][0] == "<" and condition[1] <= 0 else section
        for section, condition in zip(found, conditions, strict=True)
    )


def _as_negative(section: Section) -> Section:
    """Without the minus or the parentheses that it has in its words."""
    before, behind = section.before, section.behind
    if "(" in before and ")" in behind:
        before, behind = before.replace("(", "", 1), behind.replace(")", "", 1)
    elif "-" in before:
        before = before.replace("-", "", 1)
    elif "-" in behind:
        behind = behind.replace("-", "", 1).rstrip()
    return replace(section, before=before.lstrip(), behind=behind)


def _section(tokens: Sequence[Token]) -> Section | None:
    conditions = [_CONDITION.fullmatch(token.text) for token in tokens if token.sign == "c"]
    condition = (conditions[0][1], Decimal(conditions[0][2])) if conditions and conditions[0] else None
    tokens = [token for token in tokens if token.sign != "c"]
    signs = [token.sign for token in tokens]
    if "d" in signs or "[" in signs:
        return _moment(tokens, condition)
    if "G" in signs or "@" in signs:
        place = signs.index("G") if "G" in signs else signs.index("@")
        if set(signs) - {"", "G", "@"}:
            return None
        before, behind = _words(tokens[:place]).lstrip(), _behind(tokens[place + 1 :], scaled=False)
        return Section(GENERAL, condition, before, behind, money=_has_money(tokens, before, behind))
    places = [place for place, sign in enumerate(signs) if sign in PLACEHOLDERS]
    if not places and any(token.bare and (token.text.isalnum() or token.text in "[]") for token in tokens):
        return None
    if not places:
        return Section(WORDS, condition, _words(tokens).strip())
    if "/" in signs[places[0] :] and "." not in signs:
        return _fraction(tokens, condition)
    if "E" in signs:
        return _with_exponent(tokens, signs.index("E"), condition)
    return _of_digits(tokens, places, condition)


def _of_digits(tokens: Sequence[Token], places: Sequence[int], condition: tuple[str, Decimal] | None) -> Section:
    first, last = places[0], places[-1]
    if first and tokens[first - 1].sign == ".":
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].sign in (",", "."):
        last += 1
    inside = tokens[first : last + 1]
    point = next((place for place, token in enumerate(inside) if token.sign == "."), len(inside))
    # Commas at the end of the whole digits divide by a thousand each; those between digits only group them.
    ends = [place for place, token in enumerate(inside[:point]) if token.sign in PLACEHOLDERS]
    thousands = sum(token.sign == "," for token in inside[ends[-1] + 1 if ends else 0 : point])
    thousands += 0 if point == len(inside) else _commas_at_end(inside[point:])
    percents = sum(token.sign == "%" for token in tokens)
    whole = _ungrouped([token for token in inside[:point] if token.sign != ","])
    decimals = tuple(token for token in inside[point + 1 :] if token.sign != ",")
    scale = 3 * thousands - 2 * percents
    before, behind = _words(tokens[:first]).lstrip(), _behind(tokens[last + 1 :], scaled=bool(scale))
    before, money = "" if before.strip() == "+" else before, _has_money(tokens, before, behind)
    return Section(DIGITS, condition, before, behind, whole, decimals, scale, money=money)


def _ungrouped(tokens: Sequence[Token]) -> tuple[Token, ...]:
    """Without spaces and apostrophes that group the digits, as in `#\\ ##0`: to the left of them all is optional."""
    optional = True
    kept = []
    for token in tokens:
        optional = optional and (token.sign == "#" or not token.sign)
        if not (optional and token.text in GROUPING):
            kept.append(token)
    return tuple(kept)


def _commas_at_end(tokens: Sequence[Token]) -> int:
    count = 0
    for token in reversed(tokens):
        if token.sign != ",":
            break
        count += 1
    return count


def _with_exponent(tokens: Sequence[Token], place: int, condition: tuple[str, Decimal] | None) -> Section | None:
    mantissa, exponent = tokens[:place], tokens[place + 1 :]
    if any(token.sign not in (*PLACEHOLDERS, ".", ",") for token in mantissa) or any(
        token.sign not in PLACEHOLDERS for token in exponent
    ):
        return None
    point = next((at for at, token in enumerate(mantissa) if token.sign == "."), len(mantissa))
    whole = tuple(token for token in mantissa[:point] if token.sign in PLACEHOLDERS)
    decimals = tuple(token for token in mantissa[point:] if token.sign in PLACEHOLDERS)
    return Section(EXPONENT, condition, whole=whole, decimals=decimals, digits=max(len(exponent), 1))


def _fraction(tokens: Sequence[Token], condition: tuple[str, Decimal] | None) -> Section | None:
    slash = [token.sign for token in tokens].index("/")
    above, below = tokens[:slash], tokens[slash + 1 :]
    denominator = "".join(token.text for token in below).strip()
    if not denominator or not re.fullmatch(r"[0-9#?]+", denominator):
        return None
    fixed = int(denominator) if denominator.isdigit() and denominator.strip("0") else 0
    groups = "".join(token.sign or token.text for token in above).split()
    if any(set(group) - set("0#?,") for group in groups) or fixed > 10**6:
        return None
    largest = 10 ** min(len(denominator), 7) - 1
    return Section(PARTS, condition, denominator=fixed, largest=largest, mixed=len(groups) > 1)


def _moment(tokens: Sequence[Token], condition: tuple[str, Decimal] | None) -> Section | None:
    """A date, a time or both, by its letters: `m` is a minute behind an hour or before a second."""
    signs = [token.sign for token in tokens]
    seconds = all(place and signs[place - 1] in (".", "0") for place, sign in enumerate(signs) if sign in PLACEHOLDERS)
    # T and Z stand in ISO 8601; j, t and a in the codes of programs that write them in German or French.
    strange = any(token.bare and token.text.isalpha() and token.text.lower() not in "tzja" for token in tokens)
    if {"G", "E", "@"} & set(signs) or not seconds or strange:
        return None
    letters = [token.text for token in tokens if token.sign in ("d", "[")]
    elapsed = "[" in signs
    times = [_is_time(letters, place) for place in range(len(letters))]
    has_date = not all(times) and not elapsed
    return Section(MOMENT, condition, has_date=has_date, has_time=any(times) or elapsed, elapsed=elapsed)


def _is_time(letters: Sequence[str], place: int) -> bool:
    letter = letters[place]
    if letter in ("m", "mm"):
        behind = letters[place + 1] if place + 1 < len(letters) else ""
        return behind[:1] == "s" or (place > 0 and letters[place - 1][0] == "h")
    return letter[0] in "hs上" or letter in ("am/pm", "a/p")


# --- words -----------------------------------------------------------------------------------------------------

# What a unit behind a number is not: it changes the value.
_MULTIPLES: Final = frozenset([
    "k", "m", "t", "mio", "mio.", "mrd", "mrd.", "mn", "bn", "tsd", "tsd.", "thousand", "million", "billion", "dozen",
    "doz", "dz",
])  # fmt: skip


def _words(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens)


def _behind(tokens: Sequence[Token], *, scaled: bool) -> str:
    """What stands behind a number, without a unit: one that begins with a space, in words that change no value."""
    text = _words(tokens)
    words = text.strip()
    if not words:
        return ""
    if not text[0].isspace() or scaled or any(token.money for token in tokens) or words.casefold() in _MULTIPLES:
        return text.rstrip()
    if any(character.isdigit() or character in "%‰" for character in words) or _is_money(words):
        return text.rstrip()
    return ""


def _has_money(tokens: Sequence[Token], *around: str) -> bool:
    return any(token.money for token in tokens) or any(_is_money(words.strip("-() ")) for words in around if words)


def _is_money(words: str) -> bool:
    """Whether a price may have these words beside it."""
    if not words:
        return False
    try:
        parse_price(f"1 {words}")
    except PriceError:
        return False
    return True


def around_text(code: str) -> tuple[str, str]:
    """What cells with this format show before and behind a text; mostly nothing. `"SKU-"@` has "SKU-" before it."""
    pieces = _split(code)
    tokens = pieces[-1] if pieces and "@" in [token.sign for token in pieces[-1]] else []
    signs = [token.sign for token in tokens]
    if signs.count("@") != 1 or set(signs) - {"", "@"}:
        return "", ""
    place = signs.index("@")
    return _words(tokens[:place]).lstrip(), _behind(tokens[place + 1 :], scaled=False)
