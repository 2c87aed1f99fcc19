"""GTINs, the numbers behind EAN, UPC and ISBN bar codes: 8, 12, 13 or 14 digits, of which the last one checks the rest.

Source: GS1 General Specifications, 7.9 (check digit) and 1.4 (prefixes).
"""

import re
from typing import Final

from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem

LENGTHS: Final = (8, 12, 13, 14)
_SEPARATORS: Final = re.compile(r"[ \u00a0-]")
_SHORTENED: Final = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+?[0-9]+")
# Prefixes of GTIN-13 that no product of trade in general has: numbers for use within a company or a region, and
# coupons and refund slips. A GTIN-12 stands in one with a 0 in front.
_RESTRICTED: Final = ("2", "02", "04")
_COUPONS: Final = ("05", "980", "981", "982", "983", "984", "99")
_RESTRICTED_SHORT: Final = ("0", "2")  # of GTIN-8


def check_digit(digits: str) -> str:
    """The digit that belongs behind these.

    >>> check_digit("400638133393")
    '1'
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def is_gtin(digits: str) -> bool:
    """Whether this is a GTIN, of a right length and with a right check digit."""
    return (
        len(digits) in LENGTHS
        and digits.isdecimal()
        and digits.isascii()
        and digits.strip("0") != ""
        and check_digit(digits[:-1]) == digits[-1]
    )


def shortest(digits: str) -> str:
    """The same GTIN without zeros in front, as far as it is one.

    >>> shortest("00036000291452"), shortest("04006381333931"), shortest("00000096385074")
    ('036000291452', '4006381333931', '96385074')
    """
    number = digits.lstrip("0")
    return number.zfill(next((length for length in LENGTHS if length >= len(number)), len(digits)))


def read(cell: str) -> tuple[str, Problem | None]:
    """The GTIN of a cell that isn't empty, and what is to be said about it; "" where it has none.

    A spreadsheet drops zeros in front of a number: it is the same number with them, where its check digit says so.
    """
    digits = _SEPARATORS.sub("", cell)
    if _SHORTENED.fullmatch(digits):
        message = f"The GTIN {quoted(cell)} was shortened by a spreadsheet, and its last digits are gone."
        return "", Problem("gtin", Code.INVALID_GTIN, f"{message} Format its column as text, and fill it in anew.")
    if not (digits.isdecimal() and digits.isascii()):
        message = f"The GTIN {quoted(cell)} has other characters than digits."
        return "", Problem("gtin", Code.INVALID_GTIN, message, _of_isbn(digits))
    if is_gtin(digits):
        return digits, _warning(digits)
    padded = digits.zfill(next((length for length in LENGTHS if length >= len(digits)), 0))
    if len(digits) not in LENGTHS:
        if len(digits) > 6 and is_gtin(padded):
            message = f"The GTIN {quoted(cell)} was read as {quoted(padded)}: a spreadsheet drops zeros in front."
            return padded, Problem("gtin", Code.CLEANED, message)
        message = f"The GTIN {quoted(cell)} has {len(digits)} digits; a GTIN has 8, 12, 13 or 14."
        return "", Problem("gtin", Code.INVALID_GTIN, message, _of_isbn(digits))
    if not digits.strip("0"):
        return "", Problem("gtin", Code.INVALID_GTIN, f"The GTIN {quoted(cell)} is no number of a product.")
    right = check_digit(digits[:-1])
    message = (
        f"The GTIN {quoted(cell)} has a wrong check digit: behind {digits[:-1]} belongs {right}, not {digits[-1]}."
    )
    return "", Problem("gtin", Code.INVALID_GTIN, f"{message} Look at the number on the product.")


def of_barcode(cell: str) -> tuple[str, Problem | None]:
    """The same of a cell that isn't empty, in a column that may have codes of any kind: what is no GTIN doesn't keep
    its row out, and is left out with a warning. An ISBN of ten characters is the GTIN that it became."""
    digits, problem = read(cell)
    if problem is None or problem.code != Code.INVALID_GTIN:
        return digits, problem
    if problem.suggestion:
        message = f"The barcode {quoted(cell)} is an ISBN, and was read as {quoted(problem.suggestion)}."
        return problem.suggestion, Problem("gtin", Code.CLEANED, message)
    if _SHORTENED.fullmatch(_SEPARATORS.sub("", cell)):
        why = "was shortened by a spreadsheet, and its last digits are gone"
    else:
        why = "is no GTIN (EAN, UPC, ISBN)"
    message = f"The barcode {quoted(cell)} {why}. It was left out; the product needs none."
    return "", Problem("gtin", Code.BARCODE_NO_GTIN, message)


def _warning(digits: str) -> Problem | None:
    """About a right one that hardly belongs to a product that is sold anywhere."""
    is_short = len(digits) == 8
    prefixed = digits if is_short else digits.zfill(14)[1:]  # of 14 digits the first says how it is packed
    if prefixed.startswith(_RESTRICTED_SHORT if is_short else _RESTRICTED):
        message = f"The GTIN {quoted(digits)} is for use within a company; others can’t know the product by it."
    elif not is_short and prefixed.startswith(_COUPONS):
        message = f"The GTIN {quoted(digits)} is one of coupons and refund slips, not of a product."
    else:
        return None
    return Problem("gtin", Code.RESTRICTED_GTIN, message)


def _of_isbn(cell: str) -> str:
    """The GTIN of an ISBN of ten characters, or ""."""
    isbn = cell.upper()
    if not re.fullmatch(r"[0-9]{9}[0-9X]", isbn):
        return ""
    values = [10 if character == "X" else int(character) for character in isbn]
    if sum(value * weight for value, weight in zip(values, range(10, 0, -1), strict=True)) % 11:
        return ""
    first = f"978{isbn[:9]}"
    return first + check_digit(first)
