"""What a vendor is told of the columns of a feed: each in plain words, and a template to fill in."""

import csv
import io
from typing import NamedTuple

from openpyxl import Workbook  # type: ignore[import-untyped] # openpyxl ships no types
from openpyxl.styles import Font  # type: ignore[import-untyped]

from catalog.category_tree import active_categories
from catalog.rules.fields import FIELDS, LABELS, LIMITS, MAX_STOCK, REQUIRED
from uploads.feed.columns import ALIASES

OTHER_NAMES = 4
TEXT = "@"  # a spreadsheet's format for cells that it must not take for numbers
AS_TEXT = ("vendor_product_id", "sku")
WIDTH = 22  # of the template's columns, in characters

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
}


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
    """The columns, in the order of the template."""
    examples = example()
    return [
        Explained(
            field, LABELS[field], field in REQUIRED, EXPLAINED[field], _limit(field), examples[field],
            tuple(name for name in ALIASES[field] if name != field)[:OTHER_NAMES],
        )
        for field in FIELDS
    ]  # fmt: skip


def _limit(field: str) -> str:
    if field in LIMITS:
        return f"at most {LIMITS[field]:,} characters"
    return "at most 99,999,999.99" if field == "price" else f"at most {MAX_STOCK:,}"


def example() -> dict[str, str]:
    """A row that is right as it stands."""
    known = active_categories()
    category = EXAMPLES["category"] if EXAMPLES["category"] in known or not known else known[0]
    return EXAMPLES | {"category": category}


def template_csv() -> bytes:
    """All columns and the example, as CSV that Excel reads as UTF-8."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([FIELDS, [example()[field] for field in FIELDS]])
    return out.getvalue().encode("utf-8-sig")


def template_xlsx() -> bytes:
    """The same as a workbook. Cells of IDs and SKUs are text, also those still to be filled: leading zeros stay."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Products"
    values = example()
    for number, field in enumerate(FIELDS, start=1):
        head, cell = sheet.cell(1, number, field), sheet.cell(2, number)
        head.font = Font(bold=True)
        column = sheet.column_dimensions[head.column_letter]
        column.width = WIDTH
        if field in AS_TEXT:
            column.number_format = head.number_format = cell.number_format = TEXT
        numeric = field in ("price", "stock_quantity")
        cell.value = (float(values[field]) if field == "price" else int(values[field])) if numeric else values[field]
        if field == "price":
            column.number_format = cell.number_format = "0.00"
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
