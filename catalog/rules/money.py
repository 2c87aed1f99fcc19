"""What the text of a price means, where it can mean only one thing.

People write `12.99`, `$1,299.00`, `1.299,00 €`, `1'299.-` and `1,29,900.00`. All of these have one reading, and
that is the price. `1,299` and `1.299` have two readings, one a thousand times the other, so they are refused with
both spelled out: a wrong price in a catalog costs more than a row sent again. Which currencies a mark beside the number
can mean is told with it (catalog.rules.currencies); whether that is the one expected is for the caller to judge.

Guarantees: a returned price is above 0, at most MAX_PRICE and has exactly two decimals, so it fits numeric(10,2)
unchanged. Everything else raises PriceError; no text raises anything else.
"""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import NamedTuple

from catalog.rules import currencies
from catalog.rules.problems import Code

MAX_PRICE = Decimal("99999999.99")
CENT = Decimal("0.01")

# No number that we accept is longer; it also bounds the work on hostile cells.
MAX_NUMBER_LENGTH = 60
SHOWN_LENGTH = 60
SPELLED_LENGTH = 180  # of a text whose characters are spelled out, each in eight
CACHED = 4096  # shops price by pattern: most prices of a feed were seen before

# Spaces, apostrophes and dashes by which people group digits or mark a minus.
_TYPEWRITER = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "’": "'", "−": "-", "–": "-", "—": "-"}
)

# The decimal separator, and what groups thousands and nothing else.
_ARABIC_MARKS = str.maketrans({"٫": ".", "٬": "'"})

# What stands before the number, the number, what stands behind it. A separator may lead the number (`$.99`) but not
# after a letter: in `Rs.500` the dot belongs to the word.
_MONEY = re.compile(r"([^0-9]*?)((?:(?<![^\W\d_])[.,])?[0-9](?:[0-9.,' ]*[0-9])?)([^0-9]*)")
_RANGE = re.compile(r"[0-9][^0-9]*(?:-|\bto\b)[^0-9]*[0-9]")
_SCIENTIFIC = re.compile(r"[0-9][eE][+-]?[0-9]")

# Digits in groups of three by one separator; or, in India, in groups of two but for the last. A group never starts the
# number with 0, so `0.500` is only a half.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}([,.' ])[0-9]{3}(?:\1[0-9]{3})*|[1-9][0-9]?(?:(,)[0-9]{2})+,[0-9]{3}")


class Price(NamedTuple):
    """What a cell means: the amount, and the currencies that the mark beside it can mean (none: there is no mark)."""

    amount: Decimal
    currencies: frozenset[str]


class PriceError(ValueError):
    """The text is no price we can take: the code, a sentence for the vendor, and what to write instead or ""."""

    def __init__(self, code: Code, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.suggestion = suggestion


def quoted(value: str) -> str:
    """The value in quotes for a message: at most SHOWN_LENGTH characters, on one line, safe to store and print. What
    can't be seen is spelled out, ⟨U+200E⟩, as far as there is room for it."""
    shown = value if len(value) <= SHOWN_LENGTH else value[: SHOWN_LENGTH - 1] + "…"
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else " " if c.isspace() else f"⟨U+{ord(c):04X}⟩" for c in shown)
        if len(shown) > SPELLED_LENGTH:
            shown = f"{shown[:SPELLED_LENGTH].rpartition('⟩')[0]}⟩…"
    return f"“{shown}”"


@lru_cache(maxsize=CACHED)
def read_price(text: str) -> Price:
    """The price that a trimmed cell means. Raises PriceError when it has no reading, two, or one out of bounds."""
    plain = _plain(text)
    if plain:  # zero goes the long way, to its message
        return Price(plain, currencies.NONE)
    price = _read(text)
    return Price(_checked(price.amount, text), price.currencies)


def parse_price(text: str) -> Decimal:
    """The amount of it. Raises PriceError."""
    return read_price(text).amount


def marked(text: str) -> frozenset[str] | None:
    """The currencies that a cell with one number, in whatever notation, is marked with; None for a cell without such a
    number, which is no price."""
    # Only short texts are kept: 4,096 cells of any length would be too many.
    return _marked(text) if len(text) <= MAX_NUMBER_LENGTH else None


@lru_cache(maxsize=CACHED)
def _marked(text: str) -> frozenset[str] | None:
    found = _parts(text)
    return found and found.currencies


def parse_number_price(text: str) -> Decimal:
    """The price from a value that was a number at its source (a DynamoDB N): one reading, exponents included."""
    try:
        price = exact_number(text)
    except ValueError:
        raise _invalid(text) from None
    return _checked(price, text)


def exact_number(text: str) -> Decimal:
    """The finite number in a program's notation. Raises ValueError for `NaN`, `1_000`, `١٢` and all that is none."""
    if not text.isascii() or "_" in text:
        raise ValueError(text)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not number.is_finite():
        raise ValueError(text)
    return number


def readings(number: str) -> list[Decimal]:
    """All values that digits with separators can mean, largest first: none, one, or two (`1,299`)."""
    if not (number and number.isascii()):
        return []
    found = set()
    if digits := _ungrouped(number, ""):
        found.add(Decimal(digits))
    for decimal in ".,":
        whole, mark, decimals = number.rpartition(decimal)
        if mark and decimals.isdigit() and (digits := _ungrouped(whole, decimal)) is not None:
            found.add(Decimal(f"{digits}.{decimals}"))
    return sorted(found, reverse=True)


def _ungrouped(whole: str, decimal: str) -> str | None:
    """The digits before the decimals without what groups them; None if they are not grouped as people do it."""
    if whole.isdigit() or not whole:
        return whole
    match = _GROUPED.fullmatch(whole)
    group = match and (match[1] or match[2])
    return whole.replace(group, "") if group and group != decimal else None


def typewritten(text: str) -> str:
    """The same text with the plain ASCII space, apostrophe and minus in place of their typographic kin."""
    return text if text.isascii() else text.translate(_TYPEWRITER)


def _plain(text: str) -> Decimal | None:
    """The fast path for nearly all prices: up to 8 digits, then at most two decimals after a dot or a comma."""
    whole, separator, cents = text.replace(",", ".").partition(".")
    digits = whole + cents
    if not (digits.isdigit() and digits.isascii() and 0 < len(whole) <= 8 and len(cents) <= 2):
        return None
    if separator and not cents:
        return None
    return Decimal(f"{whole}.{cents:0<2}")


class _Parts(NamedTuple):
    sign: str
    number: str
    currencies: frozenset[str]


def _read(text: str) -> Price:
    """The one number that the text means, negative ones included."""
    parts = _parts(text)
    if parts is None:
        raise _invalid(text)
    return Price(_signed(parts.sign, parts.number, text), parts.currencies)


def _parts(text: str) -> _Parts | None:
    """The number and what stands around it, if that is a sign and a currency at most."""
    match = _MONEY.fullmatch(typewritten(text)) if len(text) <= MAX_NUMBER_LENGTH else None
    if not match:
        return None
    before, number, behind = match.groups()
    if behind[:2] in (",-", ".-"):  # `12,-` and `12.--`: the dash stands for no cents
        number += behind[0] + "00"
        behind = behind[1:].lstrip("-")
    marks = _marks(before.replace("-", "", 1).strip(), behind.strip())
    return None if marks is None else _Parts("-" if "-" in before else "", number, marks)


def _signed(sign: str, number: str, text: str) -> Decimal:
    plain = _plain(number)
    values = [plain] if plain is not None else readings(number)
    if not values:
        raise _invalid(text)
    if sign:  # below zero either way, so there is nothing to choose between
        return -values[0]
    if len(values) > 1:
        raise _ambiguous(text, values)
    return values[0]


def _marks(before: str, behind: str) -> frozenset[str] | None:
    """The currencies that both sides can mean, none where nothing stands there; None where they are no currency, or
    not the same one. Beside a symbol in front only a code says it again, as in `$15.00 USD`.
    """
    found = [currencies.meanings(mark) for mark in (before, behind) if mark]
    if not found:
        return currencies.NONE
    both = frozenset.intersection(*found)
    return both if both and (len(found) == 1 or len(found[1]) == 1) else None


def _checked(price: Decimal, text: str) -> Decimal:
    """The price with exactly two decimals, if it is one that the catalog can hold."""
    if price <= 0:
        raise PriceError(Code.PRICE_NOT_POSITIVE, f"The price {quoted(text)} is not above 0.")
    if price > MAX_PRICE:
        raise PriceError(Code.PRICE_TOO_LARGE, f"The price {quoted(text)} is above the limit of {MAX_PRICE}.")
    cents = _cents(price)
    if cents != price:
        message = f"The price {quoted(text)} has more than two decimals."
        raise PriceError(Code.PRICE_TOO_PRECISE, message, str(cents) if 0 < cents <= MAX_PRICE else "")
    return cents


def _cents(price: Decimal) -> Decimal:
    return price.quantize(CENT, rounding=ROUND_HALF_UP)


def _ambiguous(text: str, values: list[Decimal]) -> PriceError:
    choices = " or ".join(str(_cents(value)) for value in values)
    message = f"{quoted(text)} can be thousands or decimals. Write {choices}."
    return PriceError(Code.INVALID_PRICE, message, choices)


def _invalid(text: str) -> PriceError:
    """Says why the text has no reading, as far as that can be told."""
    invalid = partial(PriceError, Code.INVALID_PRICE)
    start, plain = quoted(text), typewritten(text[: MAX_NUMBER_LENGTH + 1])
    if digits := ascii_digits(plain):
        return invalid(f"{start} is not written with the digits 0 to 9.", _price_in(digits))
    if cents := next((sign for sign in plain if sign in currencies.CENTS), ""):
        return invalid(
            f"{start} is in cents. Write the price in whole units, such as 12.99.", _from_cents(plain, cents)
        )
    if "%" in plain:
        return invalid(f"{start} is a percentage. Write the price itself, such as 1299.00.")
    if _SCIENTIFIC.search(plain):
        return invalid(f"{start} is in scientific notation. Write the number in full, such as 1299.00.")
    if _RANGE.search(plain):
        return invalid(f"{start} is a range. Write one price, such as 1299.00.")
    return invalid(f"{start} is not a price. Write a number such as 1299.00.")


def _from_cents(text: str, sign: str) -> str:
    """`1.99` for `199¢`."""
    number = text.replace(sign, "").strip()
    return str(_cents(Decimal(number) / 100)) if number.isdigit() and number.isascii() and int(number) else ""


def ascii_digits(text: str) -> str:
    """A text that has other digits than 0 to 9, such as ١٢٫٥٠, with those in their place; "" for any other text."""
    if text.isascii() or not any(c.isdecimal() and not c.isascii() for c in text):
        return ""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text.translate(_ARABIC_MARKS))


def _price_in(text: str) -> str:
    """The price that the text means, or ""."""
    try:
        return str(parse_price(text))
    except PriceError:
        return ""
