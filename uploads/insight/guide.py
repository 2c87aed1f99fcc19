"""What a vendor is told of the columns of a feed: each in plain words, and a template to fill in."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from catalog.category_tree import active_categories
from catalog.rules.fields import LABELS, LIMITS, MAX_STOCK, READ, REQUIRED
from catalog.rules.values import image
from config.web.workbooks.table import table
from uploads.feed.aliases import ALIASES
from uploads.feed.sheets.handed_out import CATEGORY_SHEET
from uploads.insight import workbooks

OTHER_NAMES = 4
_NUMBERS: dict[str, Callable[[str], object]] = {"price": Decimal, "stock_quantity": int}

EXPLAINED = {
    "vendor_product_id": "What you call the product. It must be yours alone and stay the same: by it we find the"
    " product again when you send it the next time.",
    "product_name": "The name as customers see it.",
    "category": "One of our categories, listed below. Capitals don't matter.",
    "sku": "The stock keeping unit. Letters A to Z, digits and . _ - / without spaces. No other product may have it.",
    "brand": "The brand. An empty cell means none; without this column, brands stay as they are.",
    "description": "Text about the product. An empty cell means none; without it, descriptions stay as they are.",
    "price": "More than 0, with at most two decimals. 1,299.00 and 1.299,00 are both understood, and so is a currency"
    " sign.",
    "stock_quantity": "How many you have: a whole number, 0 when it is sold out.",
    "currency": "What your prices are in, as a code; the same in all rows. Without this column they are in the currency"
    " of your profile.",
    "gtin": "The number of its bar code: EAN, UPC or ISBN. We check its last digit. An empty cell means none; without"
    " this column, it stays as it is.",
    "image_url": "Where a picture of it is on the web. An empty cell means none; without this column, it stays as it"
    " is.",
    "action": "What is to be done: upsert (or nothing) adds the product or changes it, retire takes it out of the"
    " catalog. German, French, Spanish and Italian words are understood as well.",
}
EXAMPLES = {
    "vendor_product_id": "00017",
    "product_name": "Desk lamp, black",
    "category": "Home & Garden",
    "sku": "0017-BLK",
    "brand": "Northwind",
    "description": "A lamp with a base of steel.",
    "price": "49.90",
    "stock_quantity": "25",
    "currency": "USD",
    "gtin": "4006381333931",
    "image_url": "https://example.com/lamp.jpg",
    "action": "upsert",
}
# Without what most don't need: who has one currency need not say it.
TEMPLATE = tuple(field for field in READ if field not in ("currency", "gtin", "image_url", "action"))


class Explained(NamedTuple):
    """One column in words."""

    name: str
    label: str
    required: bool
    about: str
    limit: str
    example: str
    other_names: tuple[str, ...]


def explained() -> list[Explained]:
    """The columns: those of the template, in its order, and what else a file may have."""
    examples = example()
    return [
        Explained(
            field, LABELS[field], field in REQUIRED, EXPLAINED[field], _limit(field), examples[field],
            tuple(name for name in ALIASES[field] if name != field)[:OTHER_NAMES],
        )
        for field in READ
    ]  # fmt: skip


_LIMITS = {
    "currency": "three letters", "gtin": "8, 12, 13 or 14 digits", "action": "one word",
    "image_url": f"at most {image.MOST_CHARS:,} characters, beginning with https:// or http://",
}  # fmt: skip


def _limit(field: str) -> str:
    if field in LIMITS:
        return f"at most {LIMITS[field]:,} characters"
    if field in _LIMITS:
        return _LIMITS[field]
    return "at most 99,999,999.99" if field == "price" else f"at most {MAX_STOCK:,}"


def example() -> dict[str, str]:
    """A row that is right as it stands."""
    known = active_categories()
    category = EXAMPLES["category"] if EXAMPLES["category"] in known or not known else known[0]
    return EXAMPLES | {"category": category}


def template_csv() -> bytes:
    """All columns that most need and the example, as CSV that Excel reads as UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([TEMPLATE, [example()[field] for field in TEMPLATE]])
    return out.getvalue().encode("utf-8-sig")


def template_xlsx() -> bytes:
    """The same as a workbook, its headers in words, each with a note. Cells of IDs and SKUs are text, also those still
    to be filled: leading zeros stay."""
    columns = [workbooks.column_of(one.name, _note(one)) for one in explained() if one.name in TEMPLATE]
    values = example()
    row = [_NUMBERS.get(field, str)(values[field]) for field in TEMPLATE]
    with table(columns, [row], workbooks.SHEET, workbooks.choices()) as file:
        return file.read()


def _note(one: Explained) -> str:
    required = "Required" if one.required else "May be missing"
    about = one.about.replace("listed below", f"on the sheet “{CATEGORY_SHEET}”")
    return f"{about}\n{required}; {one.limit}."
