"""What is asked about the rows of a file, and how often each answer counts."""

import json

import pytest

from tests.uploads.feed.formats.understanding import of_lines
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.survey import MOST_VALUES
from uploads.feed.questions import Question

HEADER = "sku,name,category,price,stock"


def _question(*lines: str, kind: str) -> Question:
    return next(one for one in of_lines(*lines).questions if one.kind == kind)


def test_each_category_of_the_file_is_asked_once_with_its_rows_and_names_of_products() -> None:
    question = _question(HEADER, "A,Lamp,Lights,9,1", "B,Torch,Lights,9,1", "C,Shoe,Shoe,9,1", kind="category_values")
    assert [(one.value, one.count) for one in question.choices] == [("Shoe", 1), ("Lights", 2)]
    assert question.choices[1].label == "Lights (Lamp, Torch)"
    assert json.loads(question.suggestion) == {"Shoe": "Shoes"}
    assert question.rows == 3


def test_a_category_of_more_than_100_characters_is_asked_whole() -> None:
    cell = " > ".join(f"Step {n}" for n in range(40))
    assert _question(HEADER, f"A,Lamp,{cell},9,1", kind="category_values").choices[0].value == cell


def test_rows_without_a_category_are_asked_for_beside_those_with_another() -> None:
    lines = (HEADER, "A,Lamp,Lights,9,1", "B,Torch,,9,1", "C,Pfand,,9,1")
    questions = of_lines(*lines).questions
    assert [(one.kind, one.rows) for one in questions] == [("category_for_all", 2), ("category_values", 1)]
    answers = {"category_values": {"Lights": "Furniture"}, "category_for_all": "Toys & Games"}
    found = of_lines(*lines, answers=answers)
    assert found.questions == ()
    assert [one.category for one in found.drafts.values()] == ["Furniture", "Toys & Games", "Toys & Games"]
    assert of_lines(*lines, answers={"category_values": {"Lights": "Furniture", "": None}}).left_out == {
        2: "left_out",
        3: "left_out",
    }


def test_what_a_table_left_open_of_rows_without_a_category_is_asked_by_itself() -> None:
    lines = (HEADER, "A,Lamp,Lights,9,1", "B,Torch,,9,1")
    found = of_lines(*lines, answers={"category_values": {"Lights": "Furniture"}})
    assert [(one.kind, one.rows) for one in found.questions] == [("category_for_all", 1)]


def test_too_many_categories_are_counted_and_said() -> None:
    rows = [f"S{n},Lamp,Kind {n},9,1" for n in range(MOST_VALUES + 5)]
    question = _question(HEADER, *rows, kind="category_values")
    assert len(question.choices) == MOST_VALUES
    assert question.rows == MOST_VALUES + 5
    assert f"first {MOST_VALUES:,}" in question.text


def test_only_rows_of_products_are_asked_about() -> None:
    found = of_lines(
        "ID,Type,SKU,Name,Published,In stock?,Stock,Regular price,Categories,Parent",
        "1,simple,,Draft,0,1,,9.999,Odd,",
        "2,grouped,,Group,1,1,,,Odd,",
        "3,simple,A,Lamp,1,1,5,9,Books,",
    )
    assert found.questions == ()
    assert found.survey.said() == ["Left out: 1 row that isn’t for sale in the shop, 1 group of other products."]


def test_rows_that_an_answer_leaves_out_have_nothing_open() -> None:
    lines = (HEADER, "A,Deposit,Pfand,9,-5", "B,Lamp,Books,9,1")
    found = of_lines(*lines, answers={"category_values": {"Pfand": None}})
    assert found.questions == ()
    assert found.left_out == {1: "left_out"}


def test_questions_come_in_the_order_in_which_they_depend_on_each_other() -> None:
    found = of_lines(
        "Barcode;Name;Category;Price net;Price gross;Stock",
        "1;Lamp;Odd;9,98765;9,98765;-1",
        "2;Lamp;;9,98765;9,98765;in stock",
        answers={"price_from": "Price net"},
    )
    assert [one.kind for one in found.questions] == [
        "identifiers_from", "category_for_all", "category_values", "quantity_where_unknown", "negative_stock",
        "round_prices",
    ]  # fmt: skip


def test_rounding_shows_what_it_does_and_keeps_the_currency_beside_it() -> None:
    lines = (HEADER, "A,Lamp,Books,EUR 9.98765,1")
    assert "“EUR 9.98765” to EUR 9.99" in _question(*lines, kind="round_prices").text.replace(
        "EUR 9.98765 to", "“EUR 9.98765” to"
    )
    found = of_lines(*lines, answers={"round_prices": True})
    assert found.meanings[1].values["price"] == "EUR 9.99"
    assert "price" in found.meanings[1].derived


def test_what_a_person_leaves_as_it_is_stays_an_error_and_is_not_asked_again() -> None:
    answers = {"round_prices": False, "negative_stock": "leave", "repair_skus": False}
    found = of_lines(HEADER, "A 1,Lamp,Books,9.98765,-1", answers=answers)
    assert found.questions == ()
    assert [code for _, _, code in found.codes] == ["invalid_sku", "price_too_precise", "negative_stock"]


@pytest.mark.parametrize(
    ("cell", "near"),
    [
        ("Elektronics", "Electronics"),
        ("Sale > Lamps > Electronic", "Electronics"),
        ("Electronic > Bookz", "Books"),
        ("A > B > C", ""),
        ("", ""),
        (" > ".join(["Bookz"] * 500), "Books"),
    ],
)
def test_what_a_path_likely_means_is_looked_for_from_its_last_step_on(cell: str, near: str) -> None:
    assert Categories({"Books": None, "Electronics": None}).near(cell, ">") == near


def test_distinct_cells_are_kept_up_to_a_number_and_up_to_so_many_characters() -> None:
    for cells, kept in (([f"Kind {n}" for n in range(2_100)], 2_000), (["x" * 90_000 + str(n) for n in range(20)], 11)):
        lines = [f"P-{number},Lamp,{cell},9.90,1" for number, cell in enumerate(cells)]
        question = _question(HEADER, *lines, kind="category_values")
        assert (len(question.choices), question.rows) == (kept, len(cells))
        assert f"these are the first {kept:,}." in question.text
