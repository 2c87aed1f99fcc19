"""Step 5 of the journey: one row of a feed becomes a product draft, or the list of all that is wrong with it.

Guarantees: a draft satisfies every constraint of the table `products` that can be judged from the row alone (lengths,
storable characters, price > 0 in numeric(10,2), stock ≥ 0 in int4, an active category in its canonical spelling).
Problems come all at once, in the order of fields.FIELDS. No row raises.

Cells are trimmed of white space and of invisible characters at their ends, and otherwise stay exactly as they came:
script tags, formulas, emoji and direction marks are data, to be escaped where they are shown.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz, process

from catalog.rules.fields import LABELS, LIMITS, MAX_STOCK
from catalog.rules.money import (
    MAX_NUMBER_LENGTH,
    PriceError,
    exact_number,
    parse_number_price,
    parse_price,
    quoted,
    readings,
    typewritten,
)
from catalog.rules.problems import Code, Problem

# What str.strip() takes away, and the invisible characters that spreadsheets and web pages leave at the ends.
EDGES = (
    " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
    "\u200b\u2060\ufeff"
)

_SKU = re.compile(r"[A-Za-z0-9._/-]+")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
# 123456789012 as a spreadsheet shows it in a narrow or unformatted column.
_SPREADSHEET_NUMBER = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{1,3}")

_BREADCRUMB = re.compile(r"[>»|/\\]")
_CLOSE_ENOUGH = 75  # of 100; below it rapidfuzz finds a likeness between any two words
_CACHED = 4096

_SOLD_OUT = frozenset({"out of stock", "out_of_stock", "outofstock", "out-of-stock", "sold out", "none"})


class ProductDraft(NamedTuple):
    """A row that is right in itself. Whether it may enter the catalog depends on the other rows and on the vendor."""

    vendor_product_id: str
    product_name: str
    category: str  # the canonical spelling
    sku: str
    brand: str | None  # None: the feed has no such column, leave what is there; "": the cell was empty
    description: str | None
    price: Decimal  # two decimals
    stock_quantity: int


class Validated(NamedTuple):
    """A row after validation. `problems` are all that was found, in the order of fields.FIELDS; there is a draft
    where they are warnings at most."""

    draft: ProductDraft | None
    problems: list[Problem]


@dataclass(frozen=True)
class Rules:
    """What validation needs to know of the outside: category_key(name) → canonical name, active and inactive ones."""

    categories: Mapping[str, str]
    inactive: Mapping[str, str]

    @classmethod
    def from_names(cls, active: Iterable[str], inactive: Iterable[str] = ()) -> "Rules":
        return cls({category_key(n): n for n in active}, {category_key(n): n for n in inactive})


def validate(values: Mapping[str, str | None], rules: Rules, numeric: frozenset[str] = frozenset()) -> Validated:
    """Judges one row. `values` maps a field to its cell as it came; a field that isn't there has no column in the
    feed, None is an empty cell. `numeric` names the fields whose value was a number at its source (a DynamoDB N),
    so that `1.299` is one and a bit, not perhaps a thousand.
    """
    problems: list[Problem] = []
    # In the order of FIELDS, and so are the problems. What a field with a problem returns is never used.
    draft = ProductDraft(
        _product_id(values, problems),
        _text(values, "product_name", problems),
        _category(values, rules, problems),
        _sku(values, problems),
        _optional(values, "brand", problems),
        _optional(values, "description", problems),
        _price(values, "price" in numeric, problems),
        _stock(values, "stock_quantity" in numeric, problems),
    )
    if problems and not all(problem.code.is_warning for problem in problems):
        return Validated(None, problems)
    return Validated(draft, problems)


# Cells


def _required(values: Mapping[str, str | None], field: str, problems: list[Problem]) -> str:
    """The trimmed cell, or "" after a problem. Called for most cells of all, so it spares ASCII what it can't have."""
    value = values.get(field) or ""
    if value.isascii():
        cell = value.strip()
        storable = "\0" not in cell
    else:
        cell = value.strip(EDGES)
        storable = _is_storable(cell)
    if not cell:
        problems.append(Problem(field, Code.MISSING_VALUE, f"The {LABELS[field]} is missing."))
    elif not storable:
        problems.append(_invalid_characters(field, cell))
        return ""
    return cell


def _text(values: Mapping[str, str | None], field: str, problems: list[Problem]) -> str:
    cell = _required(values, field, problems)
    if len(cell) > LIMITS[field]:
        problems.append(_too_long(field, cell))
    return cell


def _optional(values: Mapping[str, str | None], field: str, problems: list[Problem]) -> str | None:
    if field not in values:
        return None
    cell = _trimmed(values[field] or "")
    if not _is_storable(cell):
        problems.append(_invalid_characters(field, cell))
    elif len(cell) > LIMITS[field]:
        problems.append(_too_long(field, cell))
    return cell


def _trimmed(value: str) -> str:
    return value.strip() if value.isascii() else value.strip(EDGES)


def _is_storable(cell: str) -> bool:
    """PostgreSQL text takes every character but NUL; half a surrogate pair is no character."""
    if "\0" in cell:
        return False
    if cell.isascii():
        return True
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _invalid_characters(field: str, cell: str) -> Problem:
    message = f"The {LABELS[field]} {quoted(cell)} contains characters that cannot be stored. Export the file as UTF-8."
    return Problem(field, Code.INVALID_CHARACTERS, message)


def _too_long(field: str, cell: str) -> Problem:
    message = f"The {LABELS[field]} {quoted(cell)} has {len(cell):,} characters; at most {LIMITS[field]:,} are allowed."
    return Problem(field, Code.TOO_LONG, message)


# Identifiers


def _product_id(values: Mapping[str, str | None], problems: list[Problem]) -> str:
    """Any text, but for a number that a spreadsheet has cut short."""
    cell = _text(values, "vendor_product_id", problems)
    if "+" in cell and _SPREADSHEET_NUMBER.fullmatch(cell):
        problems.append(_cut_short("vendor_product_id", cell))
    return cell


def _sku(values: Mapping[str, str | None], problems: list[Problem]) -> str:
    """ASCII letters, digits and . _ - / with at least one letter or digit; upper and lower case stay as they came."""
    cell = _text(values, "sku", problems)
    if cell.isascii() and cell.replace("-", "").isalnum():  # nearly all, at a third of the regex's cost
        return cell
    if cell and not _is_sku(cell):
        problems.append(_invalid_sku(cell))
    return cell


def _is_sku(cell: str) -> bool:
    return bool(_SKU.fullmatch(cell) and cell.strip("._-/"))


def _invalid_sku(cell: str) -> Problem:
    if _SPREADSHEET_NUMBER.fullmatch(cell):
        return _cut_short("sku", cell)
    message = f"The SKU {quoted(cell)} may contain only the letters A to Z, digits, and . _ - /, without spaces."
    return Problem("sku", Code.INVALID_SKU, message, _repaired_sku(cell))


def _cut_short(field: str, cell: str) -> Problem:
    message = (
        f"The {LABELS[field]} {quoted(cell)} is a long number that a spreadsheet turned into scientific notation, "
        "which loses its last digits. Format the column as text and enter the number again."
    )
    return Problem(field, Code.INVALID_SKU, message)


def _repaired_sku(cell: str) -> str:
    """The SKU with plain dashes, and dashes for spaces, if that is all it takes; else ""."""
    sku = "-".join(cell.translate(_DASHES).strip("'\"").split())
    return sku if len(sku) <= LIMITS["sku"] and _is_sku(sku) else ""


# Category


@lru_cache(maxsize=_CACHED)
def category_key(name: str) -> str:
    """What two spellings of a category have in common: `Home & Garden` and ` home AND garden` share theirs."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(folded.replace("&amp;", " and ").replace("&", " and ").split())


def _category(values: Mapping[str, str | None], rules: Rules, problems: list[Problem]) -> str:
    cell = _required(values, "category", problems)
    if not cell:
        return ""
    if len(cell) > LIMITS["category"]:
        problems.append(_too_long("category", cell))
        return ""
    key = category_key(cell)
    name = rules.categories.get(key)
    if name is None:
        problems.append(_unlisted(cell, key, rules))
        return ""
    return name


def _unlisted(cell: str, key: str, rules: Rules) -> Problem:
    if key in rules.inactive:
        message = f"The category {quoted(rules.inactive[key])} takes no products at present."
        return Problem("category", Code.INACTIVE_CATEGORY, message)
    closest = _closest(key, tuple(rules.categories))
    if closest:
        name = rules.categories[closest]
        message = f"{quoted(cell)} is not a category on our list. Did you mean {name}?"
        return Problem("category", Code.UNKNOWN_CATEGORY, message, name)
    examples = ", ".join(list(rules.categories.values())[:3])
    hint = f" Use one that is, such as {examples}." if examples else ""
    return Problem("category", Code.UNKNOWN_CATEGORY, f"{quoted(cell)} is not a category on our list.{hint}")


@lru_cache(maxsize=_CACHED)
def _closest(key: str, known: tuple[str, ...]) -> str:
    """The known key that is most likely meant, or "": a step of a breadcrumb, a near miss, or one that has all the
    words. About 10 µs, so even a million different wrong names cost seconds.
    """
    for step in reversed(_BREADCRUMB.split(key)):  # the last step says most: Clothing > Shoes
        if step.strip() in known:
            return step.strip()
    near = process.extractOne(key, known, scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH)
    if near:
        return near[0]
    words = set(key.split()) - {"and"}
    having = [name for name in known if words and words <= set(name.split())]
    return having[0] if len(having) == 1 else ""


# Price and stock


def _price(values: Mapping[str, str | None], is_number: bool, problems: list[Problem]) -> Decimal:
    cell = _required(values, "price", problems)
    if not cell:
        return Decimal(0)
    try:
        return parse_number_price(cell) if is_number else parse_price(cell)
    except PriceError as error:
        problems.append(Problem("price", error.code, error.message, error.suggestion))
        return Decimal(0)


def _stock(values: Mapping[str, str | None], is_number: bool, problems: list[Problem]) -> int:
    cell = _required(values, "stock_quantity", problems)
    if len(cell) <= 9 and cell.isdigit() and cell.isascii():
        return int(cell)
    if not cell:
        return 0
    quantities = _number(cell) if is_number else _quantities(cell)
    problem = _stock_problem(cell, quantities)
    if problem:
        problems.append(problem)
        return 0
    return int(quantities[0])


def _number(cell: str) -> list[Decimal]:
    try:
        return [exact_number(cell)]
    except ValueError:
        return []


def _quantities(cell: str) -> list[Decimal]:
    """All that the cell can mean, largest first. As with prices, `1,200` and `1.200` are two things: exports of weights
    and of fractional units write 1.2 with three decimals, so 1200 would be a guess.
    """
    text = typewritten(cell)
    if len(text) > MAX_NUMBER_LENGTH:
        return []
    if text.startswith("-"):
        return [-value for value in readings(text[1:])]
    return readings(text)


def _stock_problem(cell: str, quantities: list[Decimal]) -> Problem | None:
    if not quantities:
        return _invalid_stock(cell, "0" if cell.casefold() in _SOLD_OUT else "")
    quantity = quantities[0]
    if quantity < 0:
        return Problem("stock_quantity", Code.NEGATIVE_STOCK, f"The stock quantity {quoted(cell)} is below 0.", "0")
    if len(quantities) > 1:
        whole = " or ".join(f"{q:.0f}" for q in quantities if q == int(q))
        message = f"{quoted(cell)} can be thousands or decimals. Write {whole}, without a separator."
        return Problem("stock_quantity", Code.INVALID_STOCK, message, whole)
    if quantity > MAX_STOCK:
        message = f"The stock quantity {quoted(cell)} is above the limit of {MAX_STOCK}."
        return Problem("stock_quantity", Code.STOCK_TOO_LARGE, message)
    return None if quantity == int(quantity) else _invalid_stock(cell, "")


def _invalid_stock(cell: str, suggestion: str) -> Problem:
    message = f"{quoted(cell)} is not a stock quantity. Write a whole number such as 25, or 0 when it is sold out."
    return Problem("stock_quantity", Code.INVALID_STOCK, message, suggestion)


# Clashes with other data, which the committer finds


def duplicate_in_file(field: str, value: str, first_row: int) -> Problem:
    message = f"The {LABELS[field]} {quoted(value)} is already used in row {first_row} of this file."
    return Problem(field, Code.DUPLICATE_IN_FILE, message)


def sku_taken(sku: str, own_product_id: str | None) -> Problem:
    """`own_product_id`: the vendor's own product that has the SKU; None when it is another vendor's, never named."""
    owner = "another vendor" if own_product_id is None else f"your product {quoted(own_product_id)}"
    return Problem("sku", Code.SKU_TAKEN, f"The SKU {quoted(sku)} already belongs to {owner}.")


def vendor_unknown(vendor_id: str) -> Problem:
    return Problem("", Code.VENDOR_UNKNOWN, f"There is no vendor {quoted(vendor_id)}.")


def vendor_not_active(vendor_id: str, status: str) -> Problem:
    message = f"The vendor {quoted(vendor_id)} is {status}. Products are accepted from active vendors only."
    return Problem("", Code.VENDOR_NOT_ACTIVE, message)


def vendor_mismatch(vendor_id: str, upload_id: str) -> Problem:
    """A record that names one vendor inside an upload of another, never named."""
    message = f"The record names the vendor {quoted(vendor_id)}, but the upload {quoted(upload_id)} is not theirs."
    return Problem("", Code.VENDOR_MISMATCH, message)
