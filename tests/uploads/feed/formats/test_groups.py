"""Rows that belong together, also where the file has them in an order or a number that nobody expects."""

import pytest

from tests.uploads.feed.formats.understanding import Understood, of_lines

SHOPIFY = "Handle,Title,Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Image Src,Status"  # noqa: E501
WOO = "ID,Type,SKU,Name,Published,In stock?,Stock,Regular price,Categories,Parent"


def _names(found: Understood) -> dict[int, str]:
    return {row: draft.product_name for row, draft in found.drafts.items()}


def test_a_variant_may_stand_before_its_product() -> None:
    found = of_lines(
        SHOPIFY,
        "mug,,,,,Blue,M-B,shopify,2,9.00,,",
        "cup,Cup,Morvane,Books,Title,Default Title,C-1,shopify,1,5.00,,active",
        "mug,Mug,Morvane,Kitchen & Dining,Color,Red,M-R,shopify,3,8.00,,active",
    )
    assert _names(found) == {1: "Mug – Blue", 2: "Cup", 3: "Mug – Red"}
    assert found.drafts[1].category == "Kitchen & Dining"
    assert found.questions == ()


def test_a_variant_whose_product_is_not_in_the_file_is_an_error_and_no_other_product() -> None:
    found = of_lines(
        SHOPIFY,
        "cup,Cup,Morvane,Books,Title,Default Title,C-1,shopify,1,5.00,,active",
        "mug,,,,,Blue,M-B,shopify,2,9.00,,",
    )
    assert _names(found) == {1: "Cup"}
    assert found.codes == [(2, "vendor_product_id", "variant_without_product")]


def test_two_products_with_one_handle_stay_two_and_give_nothing_to_variants() -> None:
    found = of_lines(
        SHOPIFY,
        "mug,Mug,Morvane,Kitchen & Dining,Color,Red,M-R,shopify,3,8.00,,active",
        "mug,Bowl,Pellowick,Kitchen & Dining,Color,Green,B-G,shopify,3,8.00,,active",
        "mug,,,,,Blue,M-B,shopify,2,9.00,,",
    )
    assert _names(found) == {1: "Mug – Red", 2: "Bowl – Green"}
    assert found.drafts[2].brand == "Pellowick"
    assert found.codes == [(3, "vendor_product_id", "variant_without_product")]


def test_a_product_whose_name_stands_in_each_row_is_one() -> None:
    found = of_lines(
        SHOPIFY,
        "mug,Mug,Morvane,Kitchen & Dining,Color,Red,M-R,shopify,3,8.00,,active",
        "mug,Mug,,,Color,Blue,M-B,shopify,2,9.00,,active",
    )
    assert _names(found) == {1: "Mug – Red", 2: "Mug – Blue"}
    assert [draft.brand for draft in found.drafts.values()] == ["Morvane", "Morvane"]


@pytest.mark.no_cover  # rows by the hundred thousand, which other tests cover
def test_a_product_of_100_000_variants_is_as_good_as_one_of_two() -> None:
    variants = [f"mug,,,,,Color {n},M-{n},shopify,{n},9.00,," for n in range(100_000)]
    found = of_lines(SHOPIFY, *variants, "mug,Mug,Morvane,Kitchen & Dining,Color,Red,M-R,shopify,3,8.00,,active")
    assert len(found.drafts) == 100_001
    assert found.drafts[70_000].product_name == "Mug – Color 69999"


def test_what_is_left_out_takes_its_variants_and_pictures_along() -> None:
    found = of_lines(
        SHOPIFY,
        "mug,Mug,Morvane,Kitchen & Dining,Color,Red,M-R,shopify,3,8.00,,draft",
        "mug,,,,,Blue,M-B,shopify,2,9.00,,",
        "mug,,,,,,,,,,b.jpg,",
    )
    assert found.left_out == {1: "not_for_sale", 2: "not_for_sale", 3: "picture"}
    assert found.questions == ()


def test_a_click_takes_what_would_be_left_out() -> None:
    lines = (
        SHOPIFY,
        "mug,Mug,Morvane,Kitchen & Dining,Color,Red,M-R,shopify,3,8.00,,draft",
        "mug,,,,,Blue,M-B,shopify,2,9.00,,",
    )
    found = of_lines(*lines, answers={"taken": "not_for_sale"})
    assert _names(found) == {1: "Mug – Red", 2: "Mug – Blue"}


@pytest.mark.parametrize(
    ("parents", "codes"),
    [
        (("1,variable,TEE,Tee,1,1,,,Clothing,",), []),
        ((), [(1, "vendor_product_id", "variant_without_product")]),
        (
            ("1,variable,TEE,Tee,1,1,,,Clothing,", "3,variable,TEE,Cap,1,1,,,Books,"),
            [(1, "vendor_product_id", "variant_without_product")],
        ),
    ],
    ids=["one parent, below", "no parent", "two parents with one SKU"],
)
def test_a_variation_has_the_category_of_the_one_parent_that_it_names(
    parents: tuple[str, ...], codes: list[tuple[int, str, str]]
) -> None:
    found = of_lines(WOO, "2,variation,TEE-S,Tee - S,1,1,5,9,,TEE", *parents)
    assert found.codes == codes
    assert {row: draft.category for row, draft in found.drafts.items()} == ({} if codes else {1: "Clothing"})


def test_a_variation_of_a_hidden_parent_is_not_for_sale_either() -> None:
    found = of_lines(WOO, "1,variable,TEE,Tee,0,1,,,Clothing,", '2,"variation, virtual",TEE-S,Tee - S,1,1,5,9,,id:1')
    assert found.left_out == {1: "not_for_sale", 2: "not_for_sale"}


def test_stock_over_places_is_added_up_wherever_the_rows_stand() -> None:
    header = "Handle,Title,SKU,Location,Available,Committed,On hand (current)"
    found = of_lines(
        header, "a,A,S-1,Quay,3,0,3", "b,B,S-2,Quay,not stocked,,", "a,A,S-1,Hall,not stocked,,", "a,A,S-1,Yard,4,0,4"
    )
    assert {row: draft.stock_quantity for row, draft in found.drafts.items()} == {1: 7, 2: 0}
    assert found.left_out == {3: "added_up", 4: "added_up"}
