"""Values that can be stored, and are perhaps not what was meant."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.rules.offers import OfferDraft
from catalog.rules.problems import ERROR, KINDS, WARNING, Code
from catalog.rules.severity import doubts
from catalog.rules.severity.severities import DEFAULTS, Rule, Severities
from catalog.rules.validator import ProductDraft

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "bad-input.md"
LOOKED_AT = {
    Code.PRICE_CHANGED, Code.STOCK_ZERO, Code.NAME_IN_CAPITALS, Code.DESCRIPTION_SHORT, Code.HTML_LEFT,
    Code.CATEGORY_GUESSED, Code.PICTURE_MISSING, Code.RETIRED_PRODUCT,
}  # fmt: skip
LONG = "A lamp that stands on a desk, with a switch."


def draft(**changes: Any) -> ProductDraft:
    plain = ProductDraft("P-1", "Lamp", "Home", "S1", "Acme", LONG, Decimal("10.00"), 5, "EUR")
    return plain._replace(**changes)


def codes(values: dict[str, str | None] | None = None, said: Severities = DEFAULTS, **changes: Any) -> list[str]:
    return [problem.code.value for problem in doubts.of_row(draft(**changes), values or {}, said)]


def test_an_ordinary_row_leaves_no_doubt() -> None:
    assert codes() == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DESK LAMP XL", ["name_in_capitals"]),
        ("LAMPE ÜBERGROSS", ["name_in_capitals"]),
        ("DESK LAMP", []),  # eight letters
        ("XK-ABC 1234567890", []),  # a number
        ("USBケーブル延長用二メートル", []),  # its alphabet has no capitals
        ("DESK LAMP XL für Büros", []),
    ],
)
def test_a_name_in_capitals_has_ten_letters_and_no_other(name: str, expected: list[str]) -> None:
    assert codes(product_name=name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 9, ["description_short"]), ("x" * 10, []), ("", []), (None, []),
    ],
)  # fmt: skip
def test_a_description_is_short_below_ten_characters_and_an_empty_one_is_none(
    text: str | None, expected: list[str]
) -> None:
    assert codes(description=text) == expected


@pytest.mark.parametrize(
    ("text", "is_html"),
    [
        (f"{LONG}<br>More", True), (f"<P class='x'>{LONG}</P>", True), (f"{LONG} &amp; more", True),
        (f"{LONG} &#39;quoted&#39;", True), (f"<!-- x -->{LONG}", True), (f"{LONG}<script>alert(1)</script>", True),
        (f"{LONG} 3 < 5 > 2", False), (f"{LONG} <Größe> wählen", False), (f"{LONG} R&D; AT&T", False),
        (f"{LONG} a<b and b>c", False),
        (f"{LONG} &unknownthing;", False),
    ],
)  # fmt: skip
def test_html_is_known_by_tags_and_entities_that_there_are(text: str, is_html: bool) -> None:
    assert codes(description=text) == (["html_left"] if is_html else [])


def test_html_in_a_name_is_found_too_and_none_is_where_texts_were_read_as_html() -> None:
    odd = draft(product_name="Lamp &amp; Bulb", description=f"{LONG} <b>bold</b>")
    assert [problem.field for problem in doubts.of_row(odd, {}, DEFAULTS)] == ["product_name", "description"]
    assert doubts.of_row(odd, {}, DEFAULTS, html_read=True) == []


def test_a_missing_picture_is_one_of_a_file_that_has_a_column_for_them() -> None:
    assert codes({"image_url": " "}) == ["picture_missing"]
    assert codes({"image_url": None}) == ["picture_missing"]
    assert codes({"image_url": "https://pictures.example/1.jpg"}) == []
    assert codes({}) == []


def test_a_guessed_category_says_what_stood_there() -> None:
    (problem,) = doubts.of_row(draft(), {"category": "Home"}, DEFAULTS, guessed="Home, Garden")
    assert (problem.field, problem.code) == ("category", Code.CATEGORY_GUESSED)
    assert "“Home, Garden”" in problem.message
    assert "“Home”" in problem.message


def test_a_list_of_changes_is_looked_at_by_what_it_has() -> None:
    offer = OfferDraft("sku", {"sku": "S1", "product_name": "DESK LAMP XL", "image_url": ""})
    found = doubts.of_row(offer, {"image_url": ""}, DEFAULTS)
    assert [problem.code for problem in found] == [Code.NAME_IN_CAPITALS]


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("15.00", []), ("15.01", ["rose by 50%"]), ("5.00", []), ("4.99", ["fell by 50%"]), ("1.00", ["fell by 90%"]),
    ],
)  # fmt: skip
def test_a_price_that_changes_by_more_than_half_is_said_with_both_prices(price: str, expected: list[str]) -> None:
    found = doubts.of_change(draft(), draft(price=Decimal(price)), DEFAULTS)
    assert [problem.code for problem in found] == [Code.PRICE_CHANGED] * len(expected)
    for problem, part in zip(found, expected, strict=True):
        assert part in problem.message
        assert f"from 10.00 to {price}" in problem.message


def test_the_bound_of_a_price_is_that_of_the_category_where_staff_set_one() -> None:
    said = Severities.of([Rule("price_changed", WARNING, category="Home", threshold=5)], "V")
    assert doubts.of_change(draft(), draft(price=Decimal("11.00")), said)
    assert not doubts.of_change(draft(category="Toys"), draft(category="Toys", price=Decimal("11.00")), said)
    never = Severities.of([Rule("description_short", ERROR, threshold=0)], "V")
    assert codes(said=never, description="x") == []


def test_prices_in_two_currencies_are_not_held_against_each_other() -> None:
    assert doubts.of_change(draft(), draft(price=Decimal("1600.00"), currency="JPY"), DEFAULTS) == []


def test_a_stock_that_falls_to_nothing_is_said_and_one_that_was_nothing_is_not() -> None:
    (problem,) = doubts.of_change(draft(), draft(stock_quantity=0), DEFAULTS)
    assert (problem.field, problem.code) == ("stock_quantity", Code.STOCK_ZERO)
    assert doubts.of_change(draft(stock_quantity=0), draft(stock_quantity=0, price=Decimal("9.00")), DEFAULTS) == []
    assert doubts.of_change(draft(), draft(stock_quantity=1), DEFAULTS) == []


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"price": Decimal("9.00")}, 1), ({"price": Decimal("9.00"), "stock_quantity": 3}, 1), ({"brand": ""}, 1),
        ({"price": Decimal("9.00"), "stock_quantity": 0}, 0),  # nobody expects to see what is sold out
        ({}, 0), ({"status": "retired"}, 0),
    ],
)  # fmt: skip
def test_of_a_retired_product_what_would_be_seen_is_said_not_to_be(says: dict[str, Any], expected: int) -> None:
    found = doubts.of_retired(OfferDraft("sku", {"sku": "S1", **says}), draft(status="retired"))
    assert [(problem.field, problem.code) for problem in found] == [("", Code.RETIRED_PRODUCT)] * expected


def test_the_document_on_bad_input_has_each_of_them_with_its_bound() -> None:
    section = DOCUMENT.read_text(encoding="utf-8").partition("## What is worth a look")[2].partition("\n## ")[0]
    told = {code: what for what, code in re.findall(r"^\| (.+?) \| .+ \| `(\w+)` \|$", section, re.MULTILINE)}
    assert told.keys() - {"inactive_category"} == {code.value for code in LOOKED_AT}
    for code in LOOKED_AT:
        assert KINDS[code].severity == WARNING
        if KINDS[code].threshold:
            assert re.search(rf"\b{KINDS[code].threshold}\b", told[code.value]), code
