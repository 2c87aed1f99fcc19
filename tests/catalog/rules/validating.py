"""A good row, and what the validator says of it with other cells."""

from catalog.rules.problems import Problem
from catalog.rules.validator import ProductDraft, Rules, validate

NBSP, ZERO_WIDTH_SPACE, BOM, RIGHT_TO_LEFT_MARK = "\u00a0", "\u200b", "\ufeff", "\u200f"

NAMES = [
    "Electronics",
    "Home & Garden",
    "Clothing",
    "Shoes",
    "Books",
    "Mobile Phones",
    "Toys & Games",
    "Tools & Hardware",
]
RULES = Rules.from_names(NAMES, inactive=["Fireworks"])
GOOD = {
    "vendor_product_id": "P-1",
    "product_name": "Acme Lamp",
    "category": "Home & Garden",
    "sku": "VEND001-HOM-1",
    "brand": "Acme",
    "description": "A lamp.",
    "price": "12.99",
    "stock_quantity": "5",
    "currency": "USD",
    "gtin": "4006381333931",
    "image_url": "https://example.com/lamp.jpg",
}


def draft(numeric: frozenset[str] = frozenset(), /, **cells: str | None) -> ProductDraft:
    outcome = validate({**GOOD, **cells}, RULES, numeric)
    assert outcome.draft, outcome
    return outcome.draft


def problems(numeric: frozenset[str] = frozenset(), /, **cells: str | None) -> list[Problem]:
    outcome = validate({**GOOD, **cells}, RULES, numeric)
    assert outcome.draft is None, outcome
    return outcome.problems


def only_problem(numeric: frozenset[str] = frozenset(), /, **cells: str | None) -> Problem:
    (problem,) = problems(numeric, **cells)
    assert problem.field in cells
    return problem
