"""Values that are made of a row's cells: SKUs of handles, names with options, prices in whole cents."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from catalog.rules.fields import LIMITS
from catalog.rules.money import CENT, PriceError, marked, read_price
from catalog.rules.problems import Code

NONE: Final[frozenset[str]] = frozenset()
MOST_PRICE_CHARS: Final = 60
# Currencies whose prices have commas, or dots, for thousands wherever they are used.
_COMMAS: Final = frozenset("""
    INR PKR BDT LKR NPR MUR SCR JPY CNY KRW KPW THB PHP MYR HKD TWD KES NGN GHS GBP EGP FKP GIP SHP SSP SYP LBP SDG
    """.split())  # fmt: skip  # noqa: SIM905
_DOTS: Final = frozenset(("IDR", "VND", "CLP", "COP", "PYG", "TRY", "BRL"))
_GROUPS: Final = {sign: re.compile(rf"[1-9][0-9]{{0,2}}(?:\{sign}[0-9]{{3}})+") for sign in ",."}
MOST_DIGITS: Final = 20  # of a price that may be rounded: more than any may have
_MACHINE: Final = re.compile(r"-?[0-9]+\.[0-9]+")
_DIGITS: Final = re.compile(r"[0-9](?:[0-9.,'’ \u00a0\u202f]*[0-9])?")
_HASH_CHARS: Final = 8


def with_options(name: str, options: list[str], *, always: bool) -> str:
    """“Shirt – M / Sand”. A name of the row's own may have them at its end already."""
    if not always:
        written = name.casefold()
        if written.endswith(options[-1].casefold()) and all(one.casefold() in written for one in options):
            return name
    return f"{name} – {' / '.join(options)}"


def slug(parts: list[str]) -> str:
    """A SKU of texts: in small letters, with “-” for all that a SKU may not hold. What is lost by that, or by the
    length that a SKU may have, is made up for by a few characters that tell such texts apart."""
    text = "-".join(part for part in parts if part).casefold()
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    found = re.sub(r"[^a-z0-9._/]+", "-", plain).strip("-")
    if len(found) <= LIMITS["sku"] and not any(char.isalnum() and not char.isascii() for char in plain):
        return found
    mark = hashlib.sha256(text.encode()).hexdigest()[:_HASH_CHARS]
    return f"{found[: LIMITS['sku'] - _HASH_CHARS - 1]}-{mark}".strip("-")


def program_numbers(values: Mapping[str, str | None]) -> frozenset[str]:
    """The fields with three decimals, which could be thousands if a person had written them; nearly always none."""
    price, stock = values.get("price") or "", values.get("stock_quantity") or ""
    if price[-4:-3] != "." and stock[-4:-3] != ".":
        return NONE
    return frozenset(
        meant for meant, cell in (("price", price), ("stock_quantity", stock)) if _MACHINE.fullmatch(cell.strip())
    )


def rounded_price(cell: str, *, machine: bool) -> str:
    """The price in whole cents, where it has more decimals than that and can't be read otherwise; else ""."""
    text = cell.strip()
    if not text or text[-3:-2] in (".", ",") or text.isdigit():  # nearly all
        return ""
    if machine and _MACHINE.fullmatch(text) and len(text) <= MOST_DIGITS:
        number = Decimal(text)
        cents = number.quantize(CENT, rounding=ROUND_HALF_UP)
        return str(cents) if cents != number and cents > 0 else ""
    try:
        read_price(text)
    except PriceError as error:
        if error.code is Code.PRICE_TOO_PRECISE and error.suggestion:
            return _DIGITS.sub(error.suggestion, text, count=1)  # a currency stays beside it
    return ""


def thousands_of(cells: Iterable[str]) -> str:
    """The sign that groups digits in these prices, where they show it: by a price that has both signs or decimals, by
    two groups, or by a currency that is always written so. "" where they don't, or don't agree."""
    found = set()
    for cell in cells:
        match = _DIGITS.search(cell[:MOST_PRICE_CHARS])
        number = match[0] if match else ""
        signs = [sign for sign in number if sign in ",."]
        if not signs:
            continue
        other = "," if signs[-1] == "." else "."
        decimals = len(number) - 1 - number.rindex(signs[-1])
        if len(set(signs)) == 2 or (len(signs) == 1 and decimals < 3):
            found.add(other)
        elif len(signs) > 1 or (decimals == 3 and _always_groups(cell, signs[-1])):
            found.add(signs[-1])
    return found.pop() if len(found) == 1 else ""


def _always_groups(cell: str, sign: str) -> bool:
    """Whether the currency beside a number is one that is written with this sign for thousands and no other."""
    marks = marked(cell.strip())
    return bool(marks and marks <= (_COMMAS if sign == "," else _DOTS))


def is_grouped(cell: str, sign: str) -> bool:
    """Whether a price has digits in groups by this sign, and no decimals."""
    match = _DIGITS.search(cell[:MOST_PRICE_CHARS]) if sign in cell else None
    return match is not None and _GROUPS[sign].fullmatch(match[0]) is not None


def ungrouped(cell: str, sign: str) -> str:
    """The price without the sign that groups its digits; any other as it is."""
    return cell.replace(sign, "") if sign and is_grouped(cell, sign) else cell


def with_surcharge(price: str, more: str) -> str:
    """A head's price and what its variant costs more."""
    if not more.strip():
        return price
    try:
        return str(Decimal(price.strip()) + Decimal(more.strip()))
    except ArithmeticError:
        return f"{price} + {more}"  # which the validator says is no price
