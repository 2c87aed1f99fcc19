"""Which values of a row are derived, and where each is said to come from."""

from collections.abc import Mapping
from typing import Any

import pytest

from catalog.management.commands.seed_categories import CATEGORIES
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.derived import Derived, can_derive, derives
from uploads.feed.formats.groups import Head
from uploads.feed.formats.model import Group, Plan
from uploads.feed.formats.ruled import ValueRules

OURS = Categories(CATEGORIES)
COLUMNS = {
    "vendor_product_id": ("SKU",), "sku": ("SKU",), "product_name": ("Title",), "category": ("Type",),
    "brand": ("Brand",), "price": ("Price",), "stock_quantity": ("Stock",),
}  # fmt: skip
SHOP = Plan(
    format="shop", columns=COLUMNS, options=("Size",), handle="Handle", inherited=("product_name", "category", "brand"),
    group=Group("shared", refers="Handle", head="Title"), paths=">", html=True,
)  # fmt: skip
ROW = {"Handle": "shirt", "SKU": "S-1", "Title": "Shirt", "Type": "Clothing", "Brand": "Faden", "Size": "",
       "Price": "9.50", "Stock": "5"}  # fmt: skip
VARIANT = ROW | {"SKU": "S-2", "Title": "", "Type": "", "Brand": "", "Size": "M"}
FIRST = Head(row=3, cells={"Title": "Shirt", "Type": "Tees", "Brand": "Faden"})
FROM_3 = "from row 3, the first of its group"

CASES: dict[str, tuple[Mapping[str, Any], Mapping[str, str], Head | None, ValueRules, tuple[tuple[str, ...], ...]]] = {
    "nothing": ({}, ROW, None, {}, ()),
    "a name with its option": ({}, ROW | {"Size": "M"}, None, {}, (("product_name", "Shirt – M", "by the format"),)),
    "a path": ({}, ROW | {"Type": "Shop > Clothing"}, None, {}, (("category", "Clothing", "by the format"),)),
    "a SKU": (
        {}, ROW | {"SKU": ""}, None, {},
        (("vendor_product_id", "shirt", "by the format"), ("sku", "shirt", "by the format")),
    ),
    "a quantity that was answered": (
        {"quantity": "10"}, ROW | {"Stock": ""}, None, {}, (("stock_quantity", "10", "as answered"),),
    ),
    "cents that are rounded": (
        {"round_prices": "true"}, ROW | {"Price": "9.504321"}, None, {}, (("price", "9.50", "as answered"),),
    ),
    "a rule": ({}, ROW, None, {("brand", "faden"): "Faden Ltd"}, (("brand", "Faden Ltd", "by a rule"),)),
    "another row": (
        {"category_values": {"Tees": "Clothing"}}, VARIANT, FIRST, {},
        (
            ("product_name", "Shirt – M", FROM_3), ("category", "Clothing", f"{FROM_3}, as answered"),
            ("brand", "Faden", FROM_3),
        ),
    ),
    "a rule for another row's value": (
        {}, VARIANT | {"Title": "Shirt M", "Brand": "Faden"}, FIRST, {("category", "tees"): "Clothing"},
        (("category", "Clothing", f"{FROM_3}, by a rule"),),
    ),
    "the first row itself": ({}, ROW, Head(row=1, cells=ROW, variants=2), {}, ()),
    "places": (
        {"group": Group("summed", refers="SKU")}, ROW, Head(row=1, cells={"Stock": "5"}, stock="8", variants=1), {},
        (("stock_quantity", "8", "added up from all rows of the product"),),
    ),
    "what is left out": ({"category_values": {"Clothing": None}}, ROW, None, {}, ()),
    "a list of the vendor's own": (
        {"format": "", "category_for_all": "Books"}, ROW | {"Type": ""}, None, {},
        (("category", "Books", "as answered"),),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "row", "head", "rules", "wanted"), CASES.values(), ids=CASES)
def test_what_is_derived_is_named_with_where_it_comes_from(
    answers: Mapping[str, Any],
    row: Mapping[str, str],
    head: Head | None,
    rules: ValueRules,
    wanted: tuple[tuple[str, ...], ...],
) -> None:
    plan = Plan(**{**SHOP.__dict__, **answers})
    found = derives(plan, OURS, rules or None)(row, 1 if head is None or head.row == 1 else 5, head)
    assert found == tuple(Derived(*one) for one in wanted)


def test_a_file_that_is_read_as_it_stands_has_nothing_to_say() -> None:
    assert not can_derive(None, None)
    assert not can_derive(Plan(ours=True), None)
    assert can_derive(Plan(ours=True), {("brand", "x"): "y"})
