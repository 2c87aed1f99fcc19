"""A cell that asks for a field to be emptied: what needn't have a value is, and of all else it is said why it isn't."""

import pytest

from catalog.rules.offers import validate_offer
from catalog.rules.problems import Problem
from catalog.rules.validator import validate
from tests.catalog.rules.validating import GOOD, RULES, draft

NEEDED = ["product_name", "category", "sku", "price", "stock_quantity"]
SPELLINGS = ["[clear]", " [ CLEAR ] ", "[[clear]]", "{clear}", "__EMPTY__VALUE__"]


def said_of(field: str, cell: str, *, listed: bool = False) -> Problem:
    [problem] = validate_offer({"vendor_product_id": "P-1", field: cell}, RULES, currency="USD", listed=listed).problems
    assert problem.field == field
    return problem


@pytest.mark.parametrize("cell", SPELLINGS)
@pytest.mark.parametrize("field", ["brand", "description", "gtin", "image_url"])
def test_what_needs_no_value_is_emptied_in_every_spelling_that_can_mean_nothing_else(field: str, cell: str) -> None:
    assert getattr(draft(**{field: cell}), field) == ""
    offer = validate_offer({"sku": "A-1", field: cell}, RULES).draft
    assert offer is not None
    assert offer.values[field] == ""


@pytest.mark.parametrize("cell", SPELLINGS)
@pytest.mark.parametrize("field", [*NEEDED, "vendor_product_id", "currency"])
def test_what_every_product_has_is_not_emptied_and_the_row_says_so(field: str, cell: str) -> None:
    judged = validate({**GOOD, field: cell}, RULES, currency="USD")
    assert judged.draft is None
    [problem] = judged.problems
    assert (problem.field, problem.code) == (field, "invalid_currency" if field == "currency" else "missing_value")
    assert "can’t be emptied with" in problem.message
    assert "to keep the" not in problem.message


def test_the_message_says_what_to_do_instead() -> None:
    for cell in ("[clear]", "'[clear]'"):
        message = said_of("price", cell).message
        assert "Write the price. To end the product, write retire in a column “action”." in message
        assert message.endswith("Leave the cell empty to keep the price as it is.")
    assert said_of("stock_quantity", "[clear]").suggestion == "0"
    assert "Write one of our list." in said_of("category", "[clear]").message


@pytest.mark.parametrize("field", NEEDED)
def test_a_file_that_only_changes_products_may_leave_the_cell_empty(field: str) -> None:
    assert "Leave the cell empty to keep the" in said_of(field, "[clear]").message


@pytest.mark.parametrize("field", NEEDED)
def test_in_a_list_of_another_program_an_empty_cell_is_no_way_out(field: str) -> None:
    assert "Leave the cell empty" not in said_of(field, "[clear]", listed=True).message


def test_the_number_by_which_a_product_is_found_is_not_left_empty() -> None:
    [problem] = validate_offer({"sku": "[clear]", "price": "5"}, RULES).problems
    assert (problem.field, problem.code) == ("sku", "missing_value")
    assert "Leave the cell empty" not in problem.message
    [problem] = validate_offer({"vendor_product_id": "[clear]", "price": "5"}, RULES).problems
    assert (problem.field, problem.code) == ("vendor_product_id", "missing_value")


@pytest.mark.parametrize("cell", ["clear", "CLEAR", "(clear)", "<clear>", "[empty]", "delete", "{löschen}", "vider"])
@pytest.mark.parametrize("field", ["price", "stock_quantity", "category", "currency"])
def test_other_words_for_it_are_known_where_no_word_would_be_right(field: str, cell: str) -> None:
    assert "can’t be emptied with" in said_of(field, cell).message


@pytest.mark.parametrize("cell", ["clear", "[empty]", "delete"])
@pytest.mark.parametrize("field", ["gtin", "image_url"])
def test_of_what_can_be_emptied_they_say_how(field: str, cell: str) -> None:
    problem = said_of(field, cell)
    assert problem.suggestion == "[clear]"
    assert "write [clear]" in problem.message


@pytest.mark.parametrize("cell", ["Clear", "clear", "(clear)", "Blank", "[empty]", "[clear] glass"])
@pytest.mark.parametrize("field", ["product_name", "brand", "description", "vendor_product_id"])
def test_a_text_that_may_be_meant_as_it_stands_is_stored_so(field: str, cell: str) -> None:
    assert getattr(draft(**{field: cell}), field) == cell
