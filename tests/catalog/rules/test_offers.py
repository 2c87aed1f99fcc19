"""A row that only changes a product: its cells are judged as those of a whole product, and nothing else is missed."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.rules.offers import OfferDraft, not_in_catalog, validate_offer
from catalog.rules.validator import Rules, validate
from tests.catalog.rules.validating import GOOD, RULES


@pytest.mark.parametrize(
    ("cells", "by", "values"),
    [
        ({"sku": "A-1", "stock_quantity": "5"}, "sku", {"sku": "A-1", "stock_quantity": 5}),
        (
            {"sku": " A-1 ", "price": "$1,299.00"},
            "sku",
            {"sku": "A-1", "price": Decimal("1299.00"), "currency": "USD"},
        ),
        (
            {"vendor_product_id": "P-1", "sku": "A-1", "stock_quantity": "0"},
            "vendor_product_id",
            {"vendor_product_id": "P-1", "sku": "A-1", "stock_quantity": 0},
        ),
        ({"sku": "A-1", "category": "books"}, "sku", {"sku": "A-1", "category": "Books"}),
        ({"sku": "A-1", "brand": "", "stock_quantity": "1"}, "sku", {"sku": "A-1", "brand": "", "stock_quantity": 1}),
    ],
)
def test_a_row_changes_what_it_has_columns_for(cells: dict[str, str], by: str, values: dict[str, Any]) -> None:
    found = validate_offer(cells, RULES, currency="USD")
    assert found.draft == OfferDraft(by, values)
    assert found.draft.key == values[by]


@pytest.mark.parametrize(
    "cells",
    [
        {"sku": "", "stock_quantity": "5"}, {"sku": "a b", "price": "1.00"}, {"sku": "A-1", "price": ""},
        {"sku": "A-1", "price": "0"}, {"sku": "A-1", "price": "€5", "stock_quantity": "-1"},
        {"vendor_product_id": "", "price": "x"}, {"sku": "A-1", "category": "Nonsense"},
        {"sku": "A-1", "stock_quantity": "1.200"}, {"sku": "A-1", "product_name": ""},
    ],
)  # fmt: skip
def test_a_wrong_cell_is_the_same_problem_as_in_a_whole_product(cells: dict[str, str]) -> None:
    found = validate_offer(cells, RULES, currency="USD")
    whole = validate({**GOOD, **cells}, RULES, currency="USD")
    assert found.draft is None
    assert found.problems == whole.problems
    assert found.problems


def test_where_there_are_no_categories_a_stock_list_is_right_all_the_same() -> None:
    assert validate_offer({"sku": "A-1", "stock_quantity": "5"}, Rules.from_names([])).draft


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sku": "A-1", "stock_quantity": 5}, "No product in the catalog has the SKU “A-1”; a stock list adds none."),
        ({"sku": "A-1", "price": Decimal(1)}, "No product in the catalog has the SKU “A-1”; a price list adds none."),
        (
            {"sku": "A-1", "price": Decimal(1), "stock_quantity": 5},
            "No product in the catalog has the SKU “A-1”; a list of prices and stock adds none.",
        ),
    ],
)
def test_a_row_without_a_product_says_what_it_was_looked_for_by(values: dict[str, Any], said: str) -> None:
    assert not_in_catalog(OfferDraft("sku", values)) == said
