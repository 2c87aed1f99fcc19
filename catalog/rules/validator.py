"""Step 5 of the journey: one row of a feed becomes a product draft, or the list of all that is wrong with it.

Guarantees: a draft satisfies every constraint of the table `products` that can be judged from the row alone (lengths,
storable characters, price > 0 in numeric(10,2), stock ≥ 0 in int4, a category in its canonical spelling, and an active
one unless staff made a warning of that).
Problems come all at once, in the order of fields.FIELDS. No row raises.

Cells are trimmed of white space and of invisible characters at their ends, product IDs and SKUs are tidied as `cells`
says, and what spreadsheets and programs leave in place of a value (`leftovers`) is none. All else stays exactly as it
came: script tags, formulas, emoji and direction marks are data, to be escaped where they are shown.

Nearly every cell is plain ASCII and right, and costs a look or two here. Only what is conspicuous is looked at closely.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from catalog.rules import cells, currencies, garbled, identifiers, in_currency, leftovers
from catalog.rules.fields import ACTIVE, BARCODE, FIELDS, LABELS, LIMITS, REQUIRED
from catalog.rules.identifiers import too_long, turned_into_date
from catalog.rules.leftovers import LONGEST_PLAIN, LONGEST_SHORT, SHORT_WORDS, is_plain_leftover
from catalog.rules.money import PriceError, parse_number_price, quoted, read_price
from catalog.rules.problems import Code, Problem
from catalog.rules.severity.severities import DEFAULTS, Severities, keeps_out
from catalog.rules.values import emptied, gtin, image, stock
from catalog.rules.values.category import category_key, unlisted

# What a text begins with that needs a closer look: an error, a formula, brackets, dashes, what can't be seen.
_ODD = frozenset(["#", "=", "[", "{", *leftovers.MARKS, *cells.UNSEEN_CHARACTERS])


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
    currency: str | None = None  # ISO 4217; None: nothing says it, leave what is there, a new product has its vendor's
    gtin: str | None = None  # as brand
    image_url: str | None = None  # as brand
    status: str = ACTIVE  # a row of a whole product makes one that was retired active again

    def over(self, current: "ProductDraft") -> "ProductDraft":
        """The draft with what its feed has no column for taken from the product as it stands."""
        if None not in self:
            return self
        return ProductDraft._make([old if new is None else new for new, old in zip(self, current, strict=True)])


class Validated(NamedTuple):
    """A row after validation. `problems` are all that was found, in the order of fields.FIELDS; there is a draft
    where they are warnings at most."""

    draft: ProductDraft | None
    problems: list[Problem]


@dataclass(frozen=True)
class Rules:
    """What validation needs to know of the outside: category_key(name) → canonical name, active and inactive ones; and
    which problems keep a row of its vendor out."""

    categories: Mapping[str, str]
    inactive: Mapping[str, str]
    severities: Severities = DEFAULTS

    @classmethod
    def from_names(cls, active: Iterable[str], inactive: Iterable[str] = ()) -> "Rules":
        return cls({category_key(n): n for n in active}, {category_key(n): n for n in inactive})


def validate(
    values: Mapping[str, str | None], rules: Rules, numeric: frozenset[str] = frozenset(), currency: str = ""
) -> Validated:
    """Judges one row. `values` maps a field to its cell as it came; a field that isn't there has no column in the
    feed, None is an empty cell. `numeric` names the fields whose value was a number at its source (a DynamoDB N),
    so that `1.299` is one and a bit, not perhaps a thousand. `currency` (ISO 4217) is what the price has to be in;
    "" where nobody knows.
    """
    draft, problems = looked_at(values, rules, numeric, currency)
    if not problems:
        return Validated(draft, problems)
    problems = rules.severities.settled(problems, draft.category)
    return Validated(None if keeps_out(problems) else draft, problems)


def looked_at(
    values: Mapping[str, str | None], rules: Rules, numeric: frozenset[str], currency: str
) -> tuple[ProductDraft, list[Problem]]:
    """What a row says, and all that is wrong with it; of a field with a problem that can't be a warning, anything."""
    problems: list[Problem] = []
    # In the order of FIELDS, and so are the problems.
    draft = ProductDraft(
        _identifier(values, "vendor_product_id", numeric, problems),
        _text(values, "product_name", problems),
        _category(values, rules, problems),
        _identifier(values, "sku", numeric, problems),
        _text(values, "brand", problems) if "brand" in values else None,
        _text(values, "description", problems) if "description" in values else None,
        _price(values, "price" in numeric, currency, problems),
        _stock(values, "stock_quantity" in numeric, problems),
        _currency(values, currency, problems) if "currency" in values else currency or None,
        _by(gtin.read, values, "gtin", problems)
        if "gtin" in values
        else _by(gtin.of_barcode, {"gtin": values[BARCODE]}, "gtin", problems, is_usual=False)
        if BARCODE in values
        else None,
        _by(image.read, values, "image_url", problems) if "image_url" in values else None,
    )
    return draft, problems


def said_in(
    values: Mapping[str, str | None], rules: Rules, numeric: frozenset[str], currency: str
) -> tuple[dict[str, Any], list[Problem]]:
    """The same of a row that needn't say all: field → value, of the fields that are there."""
    problems: list[Problem] = []
    said = {field: _said(field, values, rules, numeric, currency, problems) for field in FIELDS if field in values}
    return said, problems


def _said(
    field: str, values: Mapping[str, str | None], rules: Rules, numeric: frozenset[str], currency: str,
    problems: list[Problem],
) -> Any:  # fmt: skip
    match field:
        case "sku" | "vendor_product_id":
            return _identifier(values, field, numeric, problems)
        case "price":
            return _price(values, "price" in numeric, currency, problems)
        case "stock_quantity":
            return _stock(values, "stock_quantity" in numeric, problems)
        case "category":
            return _category(values, rules, problems)
        case "currency":
            return _currency(values, currency, problems)
        case "gtin":
            return _by(gtin.read, values, field, problems)
        case "image_url":
            return _by(image.read, values, field, problems)
    return _text(values, field, problems)


# Texts


def _text(values: Mapping[str, str | None], field: str, problems: list[Problem]) -> str:
    """The trimmed cell, or "" after a problem. Called for most cells of all, so it spares ASCII what it can't have."""
    cell = (values.get(field) or "").strip()
    if cell.isascii():
        storable = "\0" not in cell
    else:
        cell = cell.strip(cells.EDGES)
        storable = cells.is_storable(cell) and not garbled.is_garbled(cell)
    if (
        storable
        and cell
        and cell[0] not in _ODD
        and len(cell) <= LIMITS[field]
        and (len(cell) > LONGEST_SHORT or cell not in SHORT_WORDS)
    ):
        return cell
    return _odd_text(cell, field, problems)


def _odd_text(value: str, field: str, problems: list[Problem]) -> str:
    if not value and field not in REQUIRED:
        return ""
    cell = cells.out_of_formula(value)
    if not cell or not cells.seen(cell).strip():
        if field in REQUIRED:
            problems.append(_missing(field))
        return ""
    if problem := _unusable(field, cell):
        problems.append(problem)
        return ""
    if problem := emptied.cannot_be(field, cell):
        problems.append(problem)
        return ""
    if emptied.clears(cell) or leftovers.stands_for_nothing(cell, strictly=field in REQUIRED):
        if field in REQUIRED:
            problems.append(_missing(field, cell))
        return ""
    if len(cell) > LIMITS[field]:
        problems.append(too_long(field, cell))
    elif problem := garbled.problem_with(field, cell):
        problems.append(problem)
    elif cell != value:
        problems.append(_cleaned(field, value, cell, cells.WRAPPING))
    return cell


def _unusable(field: str, cell: str) -> Problem | None:
    """What is wrong with a cell in every field."""
    if not cells.is_storable(cell):
        message = f"The {LABELS[field]} {quoted(cell)} contains characters that cannot be stored."
        return Problem(field, Code.INVALID_CHARACTERS, f"{message} Export the file as UTF-8.")
    if cell == leftovers.UNSAVED_FORMULA:
        message = f"The {LABELS[field]} has a formula without a saved result. Open the file in Excel, save it, and"
        return Problem(field, Code.UNSAVED_FORMULA, f"{message} send it again.")
    if not leftovers.is_error(cell):
        return None
    if leftovers.is_too_narrow(cell):
        message = f"The {LABELS[field]} is {quoted(cell)}, since its column was too narrow to show it. Make the column"
        return Problem(field, Code.SPREADSHEET_ERROR, f"{message} wider, and save the file again.")
    message = f"The {LABELS[field]} is {cell}, an error of the spreadsheet. Mend the formula."
    return Problem(field, Code.SPREADSHEET_ERROR, message)


def _missing(field: str, cell: str = "") -> Problem:
    """`cell`: what stands there instead."""
    if not cell:
        return Problem(field, Code.MISSING_VALUE, f"The {LABELS[field]} is missing.")
    suggestion = "0" if field == "stock_quantity" and cell.casefold() in stock.SOLD_OUT else ""
    message = f"The {LABELS[field]} is {quoted(cell)}, which stands for nothing."
    return Problem(field, Code.MISSING_VALUE, message, suggestion)


def _cleaned(field: str, came: str, cell: str, change: str) -> Problem:
    message = f"The {LABELS[field]} {quoted(came)} was read as {quoted(cell)}, {change}."
    return Problem(field, Code.CLEANED, message)


# Product IDs and SKUs


def _identifier(values: Mapping[str, str | None], field: str, numeric: frozenset[str], problems: list[Problem]) -> str:
    """A product ID, which is any text, or a SKU: ASCII letters, digits and . _ - / with at least one letter or digit.
    Upper and lower case stay as they came.
    """
    cell = (values.get(field) or "").strip()
    if (
        cell.isascii()
        and cell.replace("-", "").isalnum()
        and len(cell) <= LIMITS[field]
        # Neither a date nor a word for nothing ends in five digits
        and (len(cell) > LONGEST_PLAIN or cell[-5:].isdigit() or not is_plain_leftover(cell))
    ):
        return cell
    return _odd_identifier(cell, field, field in numeric, problems)


def _odd_identifier(came: str, field: str, is_number: bool, problems: list[Problem]) -> str:
    cell, change = (came, "") if cells.is_tidy(came) else cells.tidied(came, field)
    if not cell:
        problems.append(_missing(field))
    elif problem := _unusable(field, cell) or garbled.problem_with(field, cell) or emptied.cannot_be(field, cell):
        problems.append(problem)
    elif leftovers.stands_for_nothing(cell, strictly=True):
        problems.append(_missing(field, cell))
    elif found := identifiers.problems_of(cell, field, is_number=is_number):
        problems += found
    elif change:
        problems.append(_cleaned(field, came, cell, change))
    return cell


# Category


def _category(values: Mapping[str, str | None], rules: Rules, problems: list[Problem]) -> str:
    cell = (values.get("category") or "").strip()
    if cell and len(cell) <= LIMITS["category"]:
        name = rules.categories.get(category_key(cell))
        if name is not None:
            return name
    cell = _odd_text(cells.trimmed(cell), "category", problems)
    if not cell or len(cell) > LIMITS["category"]:
        return ""
    key = category_key(cells.seen(cell))
    name = rules.categories.get(key)
    if name is None:
        problems.append(unlisted(cell, key, rules.categories, rules.inactive))
        return rules.inactive.get(key, "")
    return name


# GTIN and picture


def _by(
    read: Callable[[str], tuple[str, Problem | None]],
    values: Mapping[str, str | None],
    field: str,
    problems: list[Problem],
    *,
    is_usual: bool = True,
) -> str | None:
    """What `read` makes of a cell that isn't empty; "" of one that is, and None where it is none and nothing is.
    `is_usual`: a product has one, so a missing one is worth a word."""
    came = (values.get(field) or "").strip()
    if not came:
        if field == "gtin" and is_usual:
            problems.append(Problem(field, Code.MISSING_GTIN, "The product has no GTIN."))
        return ""
    cell = cells.unwrapped(cells.trimmed(came))
    if emptied.clears(cell) or leftovers.stands_for_nothing(cell, strictly=True):
        return ""
    if problem := _unusable(field, cell):
        problems.append(problem)
        return None
    value, found = read(cell)
    if found:
        problems.append(emptied.or_cleared(found, cell))
    return value or None


# Price and stock


def _price(values: Mapping[str, str | None], is_number: bool, currency: str, problems: list[Problem]) -> Decimal:
    cell = (values.get("price") or "").strip()
    price = _price_of(cell, is_number, currency) if cell else None
    if type(price) is Decimal:
        return price
    plain, change = _amount(cell, "price", Code.INVALID_PRICE, problems)
    if not plain:
        return Decimal(0)
    if plain != cell:
        price = _price_of(plain, is_number, currency)
    if isinstance(price, Problem):
        problems.append(price)
        return Decimal(0)
    if change:
        problems.append(_cleaned("price", cell, plain, change))
    return price or Decimal(0)


def _price_of(cell: str, is_number: bool, currency: str) -> Decimal | Problem:
    try:
        if is_number:
            return parse_number_price(cell)
        price, marks = read_price(cell)
    except PriceError as error:
        return Problem("price", error.code, error.message, error.suggestion)
    if marks and currency and currency not in marks:
        return in_currency.other_price(cell, marks, currency)
    return price


def _currency(values: Mapping[str, str | None], expected: str, problems: list[Problem]) -> str | None:
    """The currency of a row that has a column for it: empty cells say nothing, all others what is expected."""
    cell = in_currency.plain(values["currency"])
    if not cell or leftovers.stands_for_nothing(cell, strictly=True):
        return expected or None
    if (
        problem := _unusable("currency", cell)
        or emptied.cannot_be("currency", cell)
        or in_currency.problem_with(cell, expected)
    ):
        problems.append(problem)
        return None
    return expected or min(currencies.meanings(cell))


def _amount(value: str, field: str, code: Code, problems: list[Problem]) -> tuple[str, str]:
    """The cell without what can't be seen in it or only wraps it, and what was changed; ("", "") after a problem."""
    seen = cells.trimmed(cells.seen(value))
    cell = cells.unwrapped(seen)
    if not cell:
        problems.append(_missing(field))
    elif problem := _unusable(field, cell) or emptied.cannot_be(field, cell):
        problems.append(problem)
    elif leftovers.stands_for_nothing(cell, strictly=True):
        problems.append(_missing(field, cell))
    elif leftovers.is_date(cell):
        problems.append(turned_into_date(field, cell, code))
    else:
        return cell, cells.UNSEEN if seen != value else cells.WRAPPING if cell != seen else ""
    return "", ""


def _stock(values: Mapping[str, str | None], is_number: bool, problems: list[Problem]) -> int:
    cell = (values.get("stock_quantity") or "").strip()
    if len(cell) <= 9 and cell.isdigit() and cell.isascii():
        return int(cell)
    plain, change = _amount(cell, "stock_quantity", Code.INVALID_STOCK, problems)
    if not plain:
        return 0
    found = stock.number(plain) if is_number else stock.quantities(plain)
    problem = stock.problem_of(plain, found)
    if problem:
        problems.append(problem)
        return 0
    if change:
        problems.append(_cleaned("stock_quantity", cell, plain, change))
    return int(found[0])
