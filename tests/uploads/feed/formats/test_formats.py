"""Formats that have no folder among the cases: a small file of each, made after the shops' own lists of columns."""

import pytest

from tests.uploads.feed.formats import files
from tests.uploads.feed.formats.more_files import MORE
from tests.uploads.feed.formats.understanding import asked, of_lines
from uploads.feed.formats.detect import FORMATS, format_of

FILES = {
    **MORE,
    "WooCommerce, German": files.WOOCOMMERCE_GERMAN,
    "WooCommerce, Spanish": files.WOOCOMMERCE_SPANISH,
    "WooCommerce, Russian": files.WOOCOMMERCE_RUSSIAN,
    "Wix": files.WIX,
    "Lightspeed": files.LIGHTSPEED,
    "Akeneo": files.AKENEO,
    "Shopware 6": files.SHOPWARE,
    "Shopware 5": files.SHOPWARE_5,
    "Amazon, flat file": files.AMAZON_FLAT_FILE,
}


@pytest.mark.parametrize("name", FILES)
def test_the_format_is_known_by_its_headers_whatever_stands_above_them(name: str) -> None:
    file = FILES[name]
    assert of_lines(*file.lines).plan.format == file.format


@pytest.mark.parametrize("name", FILES)
def test_a_first_visit_asks_what_only_a_person_can_say(name: str) -> None:
    file = FILES[name]
    expected = {kind: set(answer) if kind == "category_values" else None for kind, answer in file.answers.items()}
    assert asked(of_lines(*file.lines).questions) == expected


@pytest.mark.parametrize("name", FILES)
def test_with_answers_each_row_is_a_product_or_left_out_or_an_error(name: str) -> None:
    file = FILES[name]
    found = of_lines(*file.lines, answers=file.answers)
    products = [
        (one.vendor_product_id, one.product_name, one.category, one.sku, str(one.price), one.stock_quantity)
        for one in found.drafts.values()
    ]
    assert tuple(products) == file.products
    assert found.left_out == file.left_out
    assert tuple(found.codes) == file.wrong


def test_each_format_is_told_from_all_others_by_each_of_its_signatures() -> None:
    for known in FORMATS:
        for roles in known.signature:
            headers = [known.headers[role][0].rstrip("*") for role in roles]
            assert format_of(headers) in (known, None), (known.id, roles)
        assert any(
            format_of([known.headers[role][0].rstrip("*") for role in roles]) is known for roles in known.signature
        ), known.id


@pytest.mark.parametrize(
    "header",
    [
        "vendor_product_id,product_name,category,sku,price,stock_quantity",
        "id,title,price",
        "Handle,Title",
        "sku,name,price,qty",
        "Name,Internal Reference",
        "",
    ],
)
def test_a_list_that_shares_a_few_names_with_a_format_has_none(header: str) -> None:
    assert format_of(header.split(",")) is None


def test_an_answer_switches_a_format_off() -> None:
    found = of_lines(*files.WOOCOMMERCE_SPANISH.lines, answers={"format": "own_list"})
    assert found.plan.format == ""
    assert found.left_out == {}


def test_names_for_people_above_those_of_the_format_are_no_header() -> None:
    found = of_lines(
        "Product ID,SKU,Product Name,Category,Price,Quantity,Product ID Type",
        "external_product_id,item_sku,item_name,item_type,standard_price,quantity,external_product_id_type",
        "4006381333931,TASSE,Tasse,Kitchen & Dining,9.90,4,EAN",
    )
    assert found.plan.format == "amazon_flat_file"
    assert [(one.sku, one.product_name, one.stock_quantity) for one in found.drafts.values()] == [("TASSE", "Tasse", 4)]
