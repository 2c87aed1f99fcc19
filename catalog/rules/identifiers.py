"""What makes a cell a product ID or a SKU, and what is said of one that is none.

Both are tidied first (catalog.rules.cells), so that one product never becomes two, and a warning says what was changed.
"""

import re
import unicodedata
from typing import Final

from catalog.rules import cells, leftovers
from catalog.rules.fields import LABELS, LIMITS
from catalog.rules.money import quoted
from catalog.rules.problems import Code, Problem

_SKU: Final = re.compile(r"[A-Za-z0-9._/-]+")
_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
# Letters of Cyrillic and Greek that look like Latin ones, as they come from a keyboard that was switched.
_LOOK_ALIKES: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеіјорсухѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABESIJKMHOPCTYXaeijopcyxsABEZHIKMNOPTYXo"
)
_NUMBERED: Final = re.compile(r"# ?([0-9][A-Za-z0-9._/-]*)")  # #0001; the errors of spreadsheets have no digit there
_A_FORMULA: Final = re.compile(r"=([A-Za-z0-9._/-]*[0-9][A-Za-z0-9._/-]*)")


def problems_of(cell: str, field: str, *, is_number: bool) -> list[Problem]:
    """What is wrong with a tidied product ID or SKU that isn't empty. `is_number`: it was one at its source."""
    if leftovers.is_date(cell):
        return [turned_into_date(field, cell, Code.INVALID_SKU)]
    if leftovers.is_exponent(cell):
        return [_turned_into_number(field, cell, "is in scientific notation: a spreadsheet has taken it for a number,")]
    if is_number and not cell.lstrip("-").isalnum():
        return [_turned_into_number(field, cell, "is a number with decimals: a spreadsheet has taken it for one,")]
    found = []
    if len(cell) > LIMITS[field]:
        found.append(too_long(field, cell))
    if field == "sku" and not is_sku(cell):
        message = f"The SKU {quoted(cell)} may contain only the letters A to Z, digits, and . _ - /, without spaces."
        found.append(Problem(field, Code.INVALID_SKU, message, _repaired_sku(cell)))
    elif field != "sku" and cell[0] == "=" and (formula := _A_FORMULA.fullmatch(cell)):
        message = f"The product ID {quoted(cell)} is a formula. Write what it shows, without the equals sign."
        found.append(Problem(field, Code.INVALID_SKU, message, formula[1]))
    return found


def is_sku(cell: str) -> bool:
    return bool(_SKU.fullmatch(cell) and cell.strip("._-/"))


def repaired_sku(cell: str) -> str:
    """What a SKU as its cell came is suggested to be, where it can't stay as it is; "" where it can, or nothing is."""
    if cell.replace("-", "").isalnum() and cell.isascii():
        return ""
    tidy = cells.identifier(cell, "sku")
    if not tidy or is_sku(tidy) or leftovers.is_exponent(tidy) or leftovers.is_date(tidy):
        return ""
    return _repaired_sku(tidy)


def too_long(field: str, cell: str) -> Problem:
    message = f"The {LABELS[field]} {quoted(cell)} has {len(cell):,} characters; at most {LIMITS[field]:,} are allowed."
    return Problem(field, Code.TOO_LONG, message)


def turned_into_date(field: str, cell: str, code: Code) -> Problem:
    what = "a time" if ":" in cell and cell.replace(":", "").isdigit() else "a date"
    message = (
        f"The {LABELS[field]} {quoted(cell)} is {what}. A spreadsheet has turned what stood there into {what}: "
        "format the column as text and enter it again."
    )
    return Problem(field, code, message)


def _turned_into_number(field: str, cell: str, what: str) -> Problem:
    remedy = "which loses digits. Format the column as text and enter it again."
    return Problem(field, Code.INVALID_SKU, f"The {LABELS[field]} {quoted(cell)} {what} {remedy}")


def _repaired_sku(cell: str) -> str:
    """The SKU in plain letters, digits and dashes, with dashes for spaces and without the sharp of a number, if that is
    all it takes; else ""."""
    if len(cell) > 2 * LIMITS["sku"]:
        return ""
    plain = cell if cell.isascii() else _latin(cell)
    if numbered := _NUMBERED.fullmatch(plain):
        plain = numbered[1]
    sku = "-".join(plain.strip("'\"").split())
    return sku if len(sku) <= LIMITS["sku"] and is_sku(sku) else ""


def _latin(cell: str) -> str:
    plain = unicodedata.normalize("NFKC", cell.translate(_DASHES).translate(_LOOK_ALIKES))
    return "".join(str(unicodedata.decimal(char, char)) for char in plain)
