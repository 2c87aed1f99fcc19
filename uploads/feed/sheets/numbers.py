"""A stored number and its number format → the text that people see in the cell. Pure.

Where Excel's rules are unclear this follows what SheetJS found (packages/ssf). A cell is read here, not printed, so
what is seen is written so that it has one meaning:

- no thousands separators; a minus in front, never parentheses or only red ink; dates and times as ISO 8601 writes them;
- a plain number with a fraction has NUMBER in front, since its point is known to be one: 1.299 is no thousand.

A spreadsheet keeps 15 digits of a number, so what was stored is taken at 15 digits before anything is rounded. Work and
length of a text are bounded by them, by MAX_STORED and by the code's length.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

from uploads.feed.lines import NUMBER
from uploads.feed.sheets.codes import (
    DIGITS,
    EXPONENT,
    GENERAL,
    MOMENT,
    PARTS,
    PLACEHOLDERS,
    WORDS,
    Section,
    Token,
    sections_of,
)

MAX_DIGITS: Final = 15
MAX_STORED: Final = 400  # characters of a stored number

Show = Callable[[str], str]

_STORED: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_KEPT: Final = Context(prec=MAX_DIGITS, rounding=ROUND_HALF_UP)
_EXACT: Final = Context(prec=600, rounding=ROUND_HALF_UP)
_ONE: Final = Decimal(1)


def general(text: str) -> str:
    """A stored number without a format: all its digits where it is whole, as many as Excel shows where it isn't.

    >>> general("0.30000000000000004"), general("4006381333931"), general("123456789012345678")
    ('\\x1f0.3', '4006381333931', '1.23456789012346E+17')
    """
    if text.isdigit() and text.isascii() and 0 < len(text) <= MAX_DIGITS:
        return text.lstrip("0") or "0"
    whole, point, decimals = text.partition(".")
    if point and len(text) <= 10 and _is_plain(whole, decimals):
        decimals = decimals.rstrip("0")
        return f"{NUMBER}{whole}.{decimals}" if decimals else whole
    number = _number(text)
    return text if number is None else _general(number)


def formatter(code: str, *, since_1904: bool = False) -> Show:
    """How cells with this format show a stored number. Text that is no number stays as it is."""
    sections = sections_of(code) if code.strip() else None
    if sections is None or (len(sections) == 1 and sections[0] == Section(GENERAL)):
        return general
    least, places = _usual(sections)

    def show(text: str) -> str:
        whole, _, decimals = text.partition(".")
        # Nearly all numbers have no more decimals than are shown, so that nothing is rounded.
        if len(decimals) <= places and len(text) <= MAX_DIGITS and _is_plain(whole, decimals):
            whole = whole.zfill(least)
            return f"{NUMBER}{whole}.{decimals.ljust(places, '0')}" if places else whole
        number = _number(text)
        if number is None:
            return text
        section = _for(number, sections)
        return _general(number) if section is None else _shown(number, section, since_1904)

    return show


def _is_plain(whole: str, decimals: str) -> bool:
    """Whether these are the digits of a number above 1, without zeros in front."""
    digits = whole + decimals
    return "1" <= digits[:1] <= "9" and bool(whole) and digits.isdigit() and digits.isascii()


def _usual(sections: Sequence[Section]) -> tuple[int, int]:
    """How many digits the usual kind of format shows of a positive number at least, and of decimals exactly; -1
    decimals for all other formats."""
    first = sections[0]
    usual = first.kind == DIGITS and not any(section.condition for section in sections)
    places = [token.sign for token in first.whole]
    if not usual or first.has_words or first.scale or set(places) - set(PLACEHOLDERS) or not places:
        return 0, -1
    if any(token.sign != "0" for token in first.decimals):
        return 0, -1
    return (len(places) - places.index("0") if "0" in places else 0), len(first.decimals)


def _number(text: str) -> Decimal | None:
    """The number that was stored, at its 15 digits; None for anything else, NaN and infinity included."""
    text = text.strip()
    if len(text) > MAX_STORED or not _STORED.fullmatch(text):
        return None
    return _KEPT.create_decimal(text) or Decimal(0)


def _general(number: Decimal) -> str:
    size = number.adjusted()
    if not number:
        return "0"
    if not -MAX_DIGITS <= size < MAX_DIGITS:
        return _exponential(number, 1, MAX_DIGITS - 1, 2)
    if -5 < size < MAX_DIGITS and number != number.to_integral_value():
        # At most 11 characters, the point included: as many as Excel shows in a wide column. A fraction stays one.
        number = _rounded(number, 9 if size < 0 else max(9 - size, 2))
    return _plain(f"{number:f}")


def _plain(text: str) -> str:
    """The number without zeros at its end; marked where it has a fraction."""
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return NUMBER + text if "." in text else text


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(_ONE.scaleb(-decimals), ROUND_HALF_UP, _EXACT)


# --- showing ---------------------------------------------------------------------------------------------------


def _for(number: Decimal, sections: Sequence[Section]) -> Section | None:
    """The section that shows a number; None where none does."""
    if not any(section.condition for section in sections):
        if len(sections) > 1 and number < 0:
            return sections[1]
        return sections[2] if len(sections) > 2 and not number else sections[0]
    defaults = (">", Decimal(0)), ("<", Decimal(0))
    for place, section in enumerate(sections):
        last = place == len(sections) - 1
        if last and section.condition is None:
            return section
        if _meets(number, section.condition or defaults[place]):
            return section
    return None


def _meets(number: Decimal, condition: tuple[str, Decimal]) -> bool:
    operator, bound = condition
    return {
        "<": number < bound, "<=": number <= bound, ">": number > bound, ">=": number >= bound, "=": number == bound,
        "<>": number != bound,
    }[operator]  # fmt: skip


def _shown(number: Decimal, section: Section, since_1904: bool) -> str:
    if section.kind == MOMENT:
        return _shown_moment(number, section, since_1904)
    if section.kind == WORDS:
        return section.before if number else _nothing(section)
    if section.kind == GENERAL:
        shown = _general(abs(number)).removeprefix(NUMBER)
        return _wrapped(shown, number, section)
    if section.kind == EXPONENT:
        return _exponential(number, max(len(section.whole), 1), len(section.decimals), section.digits)
    if section.kind == PARTS:
        return _shown_fraction(number, section)
    size = abs(number).scaleb(-section.scale)
    places = sum(token.sign in PLACEHOLDERS for token in section.decimals)
    if size.adjusted() >= MAX_DIGITS:  # its last digits are lost
        return _exponential(number, 1, MAX_DIGITS - 1, 2)
    whole, _, decimals = f"{_rounded(size, places):f}".partition(".")
    shown = _laid_out(whole, section.whole) + _decimals(decimals, section.decimals)
    if not number and not shown:
        return _nothing(section)
    return _wrapped("0" + shown if shown[:1] == "." else shown, number, section)


def _nothing(section: Section) -> str:
    """What a section without digits shows for 0: an accountant's dash is one, beside a currency too."""
    words = f"{section.before}{section.behind}".strip()
    if words and not words.strip("-–— "):
        return "0"
    return words.replace("-", "0", 1) if section.money else words


def _wrapped(shown: str, number: Decimal, section: Section) -> str:
    """With what stands around it, and a minus that no format can hide; marked where it is a plain fraction."""
    minus = "-" if number < 0 and shown.strip("0. -") else ""
    if not section.has_words:
        text = f"{minus}{shown}".strip()
        has_point = bool(section.decimals) or section.kind == GENERAL  # not one that is only written there: 00\.00
        return NUMBER + text if has_point and re.fullmatch(r"-?[0-9]+\.[0-9]+", text) else text
    if section.money and re.fullmatch(r"[0-9]+\.[0-9]{3}", shown):
        shown += "0"  # `1.299 €` could be thousands
    return f"{minus}{section.before}{shown}{section.behind}".strip()


def _laid_out(digits: str, tokens: Sequence[Token]) -> str:
    """The whole digits in their placeholders, from the right; what is left over comes before the first."""
    placeholders = [token.sign for token in tokens if token.sign in PLACEHOLDERS]
    least = len(placeholders) - placeholders.index("0") if "0" in placeholders else 0
    digits = "" if digits == "0" and not least else digits.zfill(least)
    if len(placeholders) == len(tokens):
        return digits
    shown: list[str] = []
    left, open_places = digits, len(placeholders)
    for token in reversed(tokens):
        if token.sign not in PLACEHOLDERS:
            shown.append(token.text)
            continue
        open_places -= 1
        taken = left if not open_places else left[-1:]
        shown.append(taken)
        left = left[: len(left) - len(taken)]
    return "".join(reversed(shown))


def _decimals(digits: str, tokens: Sequence[Token]) -> str:
    """The point and what stands behind it; `#` and `?` show no zeros at the end."""
    places, left = list(tokens), list(digits)
    while places and left and places[-1].sign in ("#", "?") and left[-1] == "0":
        places.pop()
        left.pop()
    shown = [left.pop(0) if token.sign in PLACEHOLDERS else token.text for token in places]
    return "." + "".join(shown) if shown else ""


def _exponential(number: Decimal, whole: int, decimals: int, digits: int) -> str:
    """4.70E+07, always with a sign, and below one with a point: `5E-05` could be a part number."""
    exponent = number.adjusted() if number else 0
    exponent -= exponent % whole
    mantissa = _rounded(number.scaleb(-exponent), decimals)
    if abs(mantissa) >= 10**whole:
        exponent += whole
        mantissa = _rounded(number.scaleb(-exponent), decimals)
    text = f"{mantissa:f}"
    if decimals == MAX_DIGITS - 1 and "." in text:
        text = text.rstrip("0").rstrip(".")
    if exponent < 0 and "." not in text:
        text += ".0"
    return f"{text}E{'-' if exponent < 0 else '+'}{abs(exponent):0{digits}d}"


def _shown_fraction(number: Decimal, section: Section) -> str:
    """`12 1/2`; with the fixed denominator, or the best there is up to the largest."""
    size = Fraction(abs(number))
    if abs(number.adjusted()) >= MAX_DIGITS:
        return _general(number)
    whole = size.numerator // size.denominator if section.mixed else 0
    part = size - whole
    if section.denominator:
        above, below = int(part * section.denominator + Fraction(1, 2)), section.denominator
    else:
        part = part.limit_denominator(section.largest)
        above, below = part.numerator, part.denominator
    if section.mixed and above == below:
        whole, above = whole + 1, 0
    minus = "-" if number < 0 and (whole or above) else ""
    if not above:
        return f"{minus}{whole}"
    return f"{minus}{whole} {above}/{below}" if whole else f"{minus}{above}/{below}"


# --- dates and times -------------------------------------------------------------------------------------------

_DAY: Final = 86_400
_LAST_DAY: Final = 2_958_465  # 9999-12-31
_TO_1904: Final = 1_462  # days


def _shown_moment(number: Decimal, section: Section, since_1904: bool) -> str:
    """ISO 8601, by what of it the format shows; a day alone where it is midnight.

    A year in which nobody sells anything always has its time: without it, 2238-01-05 could be a part number.
    """
    if number < 0 or number > _LAST_DAY - (_TO_1904 if since_1904 else 0):
        return _general(number)  # Excel shows ####
    seconds = int(_rounded(number * _DAY, 0))
    if section.elapsed:
        return f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    days, seconds = divmod(seconds, _DAY)
    time = f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    if not section.has_date:
        return time
    day, usual = _day(days, since_1904)
    return f"{day} {time}" if (section.has_time and seconds) or not usual else day


def _day(days: int, since_1904: bool) -> tuple[str, bool]:
    """The day of a number, and whether it is in the years 1900 to 2099.

    Excel took over from Lotus that 1900 had a 29th of February, day 60, and a day 0.
    """
    if since_1904:
        found = date(1904, 1, 1) + timedelta(days)
    elif days in (0, 60):
        return ("1900-01-00", False) if not days else ("1900-02-29", True)
    else:
        found = date(1899, 12, 31 if days < 60 else 30) + timedelta(days)
    return found.isoformat(), found.year < 2100
