"""Lists that can only change products that are there: by which SKU they find them, and which stock they have."""

from typing import Any, NamedTuple

import pytest

from tests.uploads.feed.formats.understanding import asked, of_lines
from uploads.feed.formats.model import UPDATE


class File(NamedTuple):
    """A file, and the fields that come of its rows: SKU, price ("" where it has none), stock."""

    format: str
    lines: tuple[str, ...]
    found: tuple[tuple[str, str, str], ...]
    left_out: dict[int, str] = {}


FILES = {
    "Shopify, without SKUs": File(
        "shopify_inventory",
        (
            "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,SKU,HS Code,"
            "COO,Location,Incoming,Unavailable,Committed,Available,On hand",
            'ring,Ring,Title,Default Title,,,,,"",,AU,Shop,0,0,1,0,1',
            'tee,Tee,Size,M,,,,,"",,AU,Shop,0,0,0,3,3',
            'tee,Tee,Size,L,,,,,"",,AU,Shop,0,0,0,5,5',
            'tee,Tee,Size,M,,,,,"",,AU,Warehouse,0,0,0,4,4',
        ),
        (("ring", "", "0"), ("tee-m", "", "7"), ("tee-l", "", "5")),
        {4: "added_up"},
    ),
    "Shopify, older": File(
        "shopify_old_inventory",
        (
            "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Option3 Name,Option3 Value,SKU,HS Code,"
            "COO,Main Street 5,Warehouse",
            "tee,Tee,Size,S,,,,,TEE-S,,,4,10",
            "tee,Tee,Size,M,,,,,TEE-M,,,0,not stocked",
            "cap,Cap,Title,Default Title,,,,,,,,2,3",
        ),
        (("TEE-S", "", "14"), ("TEE-M", "", "0"), ("cap", "", "5")),
    ),
    "PrestaShop, combinations": File(
        "prestashop_combinations",
        (
            "Product ID*;Attribute (Name:Type:Position)*;Value (Value:Position)*;Supplier reference;Reference;"
            "Wholesale price;Impact on price;Quantity;Minimal quantity;Depends on stock",
            "1;Farbe:color:0;Blau:0;L-1;TASSE-B;80;40;10;1;0",
        ),
        (("TASSE-B", "", "10"),),
    ),
    "Amazon, inventory file": File(
        "amazon_inventory",
        (
            "sku\tproduct-id\tproduct-id-type\tprice\tminimum-seller-allowed-price\titem-condition\tquantity\tadd-delete",
            "A-1\tB000000001\t1\t12.99\t\t11\t5\ta",
            "A-2\tB000000002\t1\t9.50\t\t11\t0\td",
        ),
        (("A-1", "12.99", "5"),),
        {2: "not_for_sale"},
    ),
    "Amazon, offers below a line of the template": File(
        "amazon_inventory",
        (
            "TemplateType=Offer\tVersion=2014.0703\t\t\t\t\t\t",
            "sku\tprice\tquantity\tproduct-id\tproduct-id-type\tcondition-type\ttitle\toperation-type",
            "B-1\t15.00\t3\tB000000003\tASIN\tNew\t\tUpdate",
        ),
        (("B-1", "15.00", "3"),),
    ),
}


def _values(meaning: Any) -> tuple[str, str, str]:
    sku, price, stock = (meaning.values.get(one) or "" for one in ("sku", "price", "stock_quantity"))
    return sku, price, stock


@pytest.mark.parametrize("name", FILES)
def test_a_list_without_names_updates_what_it_has_and_asks_nothing(name: str) -> None:
    file = FILES[name]
    found = of_lines(*file.lines)
    assert (found.plan.format, found.plan.mode) == (file.format, UPDATE)
    assert asked(found.questions) == {}
    assert tuple(_values(one) for one in found.meanings.values() if not one.left_out) == file.found
    assert found.left_out == file.left_out


def test_a_missing_sku_is_made_as_it_was_when_the_products_were_sent() -> None:
    header = "Handle,Title,Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price"
    products = of_lines(header, "tee,Tee,Morvane,Clothing,Size,M,,3,9.00", "tee,,,,,L,,3,9.00")
    stock = of_lines(*FILES["Shopify, without SKUs"].lines[:1], *FILES["Shopify, without SKUs"].lines[2:4])
    assert [_values(one)[0] for one in stock.meanings.values()] == [one.sku for one in products.drafts.values()]
