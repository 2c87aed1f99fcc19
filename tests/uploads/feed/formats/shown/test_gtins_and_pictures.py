"""GTINs and pictures in files as shops export them: which are read, and what is said of the others."""

import pytest

from tests.uploads.feed.formats.test_cases import CURRENCIES
from tests.uploads.feed.formats.understanding import Understood, case, of_lines, understand

IMAGES = "https://images.example.com"
# Case → row → GTIN, of those that have one: all are of a range for use within a company.
GTINS = {
    "01-shopify-products": {1: "2000000000015", 6: "2000000000022"},
    "07-jtl-cp1252": {1: "2000000000039", 2: "2000000000046", 4: "2000000000053"},
    "09-google-merchant": {3: "2000000000060"},
    "12-prestashop": {1: "2000000000077"},
    "18-odoo": {1: "2000000000084"},
}
NO_GTINS = ("02-shopify-without-skus", "04-woocommerce", "10-meta-catalog", "14-amazon-listings", "15-bigcommerce")
PICTURES = {
    # Row 2 is a variant and has a further picture of its product beside, row 3 has a picture of its own.
    "01-shopify-products": {
        1: "shirt-1.jpg", 2: "shirt-1.jpg", 3: "shirt-3.jpg", 6: "mug.jpg", 7: "hammock.jpg", 11: "lead.jpg",
    },
    "04-woocommerce": {2: "jacket.jpg", 3: "jacket.jpg", 5: "", 6: "pour-1.jpg"},
    "10-meta-catalog": {
        1: "jug-12.png", 2: "tee-oat-s.png", 3: "tee-oat-m.png", 4: "book-colour.png", 5: "mug-9.png",
    },
}  # fmt: skip
SHOPIFY = "Handle,Title,Product Category,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Barcode"
WOO = 'ID,Type,SKU,"GTIN, UPC, EAN oder ISBN",Name,Veröffentlicht,Vorrätig?,Lager,Regulärer Preis,Kategorien,Bilder'


def _of_case(name: str) -> Understood:
    data, expected = case(name)
    return understand(data, expected["decisions"], CURRENCIES.get(name, ""))


def _barcode(cell: str) -> Understood:
    return of_lines(SHOPIFY, f"lamp,Lamp,Furniture,Default Title,L-1,3,49.90,{cell}")


@pytest.mark.parametrize("name", [*GTINS, *NO_GTINS])
def test_each_gtin_of_an_export_is_read_and_no_other(name: str) -> None:
    found = {row: draft.gtin for row, draft in _of_case(name).drafts.items() if draft.gtin}
    assert found == GTINS.get(name, {})


@pytest.mark.parametrize("name", [*GTINS, *NO_GTINS])
def test_an_export_is_warned_of_the_gtins_that_it_has_and_not_of_those_that_it_lacks(name: str) -> None:
    said = {row: [one.code.value for one in found] for row, found in _of_case(name).warnings.items()}
    assert {row: codes for row, codes in said.items() if codes != ["cleaned"]} == {
        row: ["restricted_gtin"] for row in GTINS.get(name, {})
    }


@pytest.mark.parametrize("name", PICTURES)
def test_each_product_has_its_own_picture_or_that_of_its_product(name: str) -> None:
    found = {row: draft.image_url for row, draft in _of_case(name).drafts.items()}
    assert found == {row: f"{IMAGES}/{picture}" if picture else "" for row, picture in PICTURES[name].items()}


@pytest.mark.parametrize("cell", ["SHELF-14", "4006381333932", "123456", "4.00638E+12"])
def test_a_barcode_that_is_no_gtin_keeps_no_row_out_and_is_left_out_with_a_warning(cell: str) -> None:
    found = _barcode(cell)
    assert [draft.gtin for draft in found.drafts.values()] == [None]
    assert [(one.field, one.code.value) for one in found.warnings[1]] == [("gtin", "barcode_no_gtin")]
    assert cell in found.warnings[1][0].message


def test_a_barcode_that_a_spreadsheet_shortened_is_said_to_be_so() -> None:
    assert "shortened by a spreadsheet" in _barcode("4.00638E+12").warnings[1][0].message


@pytest.mark.parametrize("cell", ["", "-", "n/a"])
def test_an_export_without_a_barcode_is_no_warning(cell: str) -> None:
    found = _barcode(cell)
    assert ([draft.gtin for draft in found.drafts.values()], found.warnings) == ([""], {})


def test_the_apostrophe_that_shopify_puts_before_a_barcode_is_taken_off() -> None:
    found = _barcode("'4006381333931")
    assert ([draft.gtin for draft in found.drafts.values()], found.warnings) == (["4006381333931"], {})


def test_a_barcode_that_is_an_old_isbn_is_read_as_the_gtin_that_it_became() -> None:
    found = _barcode("3-16-148410-X")
    assert [draft.gtin for draft in found.drafts.values()] == ["9783161484100"]
    assert [one.code.value for one in found.warnings[1]] == ["cleaned"]


def test_a_gtin_column_of_an_export_is_held_to_its_name() -> None:
    lines = (
        "id,title,link,price,availability,condition,product_type,gtin",
        ("A1,Lamp,https://shop.example.net/a1,24.90,in_stock,new,Furniture,4006381333932"),
    )
    assert of_lines(*lines, answers={"quantity_where_unknown": "1"}).codes == [(1, "gtin", "invalid_gtin")]


def test_of_the_pictures_that_woocommerce_lists_the_first_is_read_without_a_warning() -> None:
    row = f'1,simple,L-1,4006381333931,Lampe,1,1,3,"24,90",Furniture,"{IMAGES}/a.jpg, {IMAGES}/b.jpg"'
    found = of_lines(WOO, row)
    assert [(draft.gtin, draft.image_url) for draft in found.drafts.values()] == [("4006381333931", f"{IMAGES}/a.jpg")]
    assert found.warnings == {}


def test_a_variant_of_woocommerce_has_a_gtin_of_its_own_only() -> None:
    found = of_lines(
        WOO + ",Übergeordnet",
        f'1,variable,T,4006381333931,Tee,1,1,,,Clothing,"{IMAGES}/a.jpg",',
        '2,variation,T-S,,Tee – S,1,1,3,"9,90",,,T',
    )
    assert [(draft.sku, draft.gtin, draft.image_url) for draft in found.drafts.values()] == [
        ("T-S", "", f"{IMAGES}/a.jpg")
    ]


AMAZON = "\t".join(
    (
        "item-name",
        "listing-id",
        "seller-sku",
        "price",
        "quantity",
        "open-date",
        "asin1",
        "product-id-type",
        "product-id",
    )
)


@pytest.mark.parametrize(
    ("kind", "number", "gtin"),
    [("4", "4006381333931", "4006381333931"), ("2", "316148410X", "9783161484100"), ("1", "B0ZZZ00001", None)],
)
def test_amazons_product_id_is_a_gtin_where_its_type_says_so(kind: str, number: str, gtin: str | None) -> None:
    row = f"Lamp\t1\tL-1\t24.90\t3\t2026-01-01\tB0ZZZ00001\t{kind}\t{number}"
    found = of_lines(AMAZON, row, answers={"category_for_all": "Furniture"})
    assert [draft.gtin for draft in found.drafts.values()] == [gtin]


def test_amazons_product_id_is_no_gtin_where_nothing_says_of_what_type_it_is() -> None:
    plan = of_lines(AMAZON.replace("\tproduct-id-type", ""), "Lamp\t1\tL-1\t24.90\t3\t2026-01-01\tB0\t1").plan
    assert plan.format == "amazon_listings"
    assert "gtin" not in plan.columns
