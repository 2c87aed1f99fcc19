"""A row that only changes a product: its cells are judged as those of a whole product, and nothing else is missed."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.rules.offers import OfferDraft, not_in_catalog, validate_offer, validate_row
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
    ],
)
def test_a_row_changes_what_it_says(cells: dict[str, str], by: str, values: dict[str, Any]) -> None:
    found = validate_offer(cells, RULES, currency="USD")
    assert found.draft == OfferDraft(by, values)
    assert found.draft.key == values[by]


@pytest.mark.parametrize(
    "cells",
    [
        {"sku": "", "stock_quantity": "5"}, {"sku": "a b", "price": "1.00"},
        {"sku": "A-1", "price": "0"}, {"sku": "A-1", "price": "€5", "stock_quantity": "-1"},
        {"vendor_product_id": "", "price": "x"}, {"sku": "A-1", "category": "Nonsense"},
        {"sku": "A-1", "stock_quantity": "1.200"}
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


@pytest.mark.parametrize("nothing", ["", "  ", "N/A", "-", None])
@pytest.mark.parametrize(
    "field", ["price", "stock_quantity", "product_name", "brand", "description", "gtin", "image_url"]
)
def test_an_empty_cell_and_a_word_for_nothing_leave_what_is_there(field: str, nothing: str | None) -> None:
    found = validate_offer({"sku": "A-1", field: nothing}, RULES, currency="USD")
    assert found.draft == OfferDraft("sku", {"sku": "A-1"})


@pytest.mark.parametrize("field", ["brand", "description", "gtin", "image_url"])
@pytest.mark.parametrize("word", ["[clear]", " [CLEAR] "])
def test_a_word_of_its_own_empties_what_need_not_have_a_value(field: str, word: str) -> None:
    assert validate_offer({"sku": "A-1", field: word}, RULES).draft == OfferDraft("sku", {"sku": "A-1", field: ""})
    whole = validate({**GOOD, field: word}, RULES)
    assert whole.draft is not None
    assert getattr(whole.draft, field) == ""


@pytest.mark.parametrize("field", ["price", "stock_quantity", "product_name"])
def test_what_every_product_needs_cannot_be_emptied(field: str) -> None:
    assert validate_offer({"sku": "A-1", field: "[clear]"}, RULES).draft is None


def test_sold_out_is_asked_about_and_neither_left_nor_taken_for_0() -> None:
    [problem] = validate_offer({"sku": "A-1", "stock_quantity": "none"}, RULES).problems
    assert (problem.code, problem.suggestion) == ("missing_value", "0")


def test_a_row_without_a_product_id_is_found_by_its_sku() -> None:
    found = validate_offer({"vendor_product_id": "", "sku": "A-1", "price": "5"}, RULES, currency="EUR")
    assert found.draft == OfferDraft("sku", {"sku": "A-1", "price": Decimal("5.00"), "currency": "EUR"})


# --- what a row asks for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["retire", "DELETE", " Löschen ", "supprimer", "Éliminar", "eliminar", "rimuovi", "loschen"]
)
def test_a_row_retires_its_product_in_words_of_five_languages_whatever_else_it_lacks(word: str) -> None:
    row = dict.fromkeys(GOOD, "") | {"sku": "A-1", "action": word}
    assert validate_row(row, RULES).draft == OfferDraft("sku", {"sku": "A-1", "status": "retired"})


def test_what_a_row_that_retires_says_beside_its_number_counts_for_nothing() -> None:
    row = {**GOOD, "price": "free", "sku": "a b", "action": "retire"}
    found = validate_row(row, RULES)
    by = GOOD["vendor_product_id"]
    assert found.draft == OfferDraft("vendor_product_id", {"vendor_product_id": by, "status": "retired"})


@pytest.mark.parametrize("word", ["", None, "upsert", "Update", "anlegen", "mettre à jour", "añadir", "aggiorna"])
def test_other_words_add_or_change_as_a_row_without_one(word: str | None) -> None:
    assert validate_row({**GOOD, "action": word}, RULES) == validate(GOOD, RULES)
    offer = {"sku": "A-1", "stock_quantity": "5"}
    assert validate_row({**offer, "action": word}, RULES, only_changes=True) == validate_offer(offer, RULES)


@pytest.mark.parametrize("word", ["maybe", "retire?", "1", "x" * 5_000, "\u0301" * 5_000])
def test_an_unknown_word_is_an_error_beside_the_others_of_its_row(word: str) -> None:
    found = validate_row({**GOOD, "price": "free", "action": word}, RULES)
    assert found.draft is None
    assert [problem.code for problem in found.problems] == ["invalid_price", "invalid_action"]
    assert len(found.problems[-1].message) < 500


def test_a_row_that_retires_nothing_it_names_is_missing_its_number() -> None:
    [problem] = validate_row({"sku": "", "action": "retire"}, RULES).problems
    assert (problem.field, problem.code) == ("sku", "missing_value")


# --- lists of other programs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["price", "stock_quantity", "product_name"])
def test_in_a_list_of_another_program_an_empty_cell_is_missing(field: str) -> None:
    [problem] = validate_offer({"sku": "A-1", field: ""}, RULES, currency="USD", listed=True).problems
    assert (problem.field, problem.code) == (field, "missing_value")


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


def test_a_right_sku_beside_the_id_of_a_product_that_is_retired_must_be_its_own() -> None:
    found = validate_row({"vendor_product_id": "P-1", "sku": " A-1", "action": "retire"}, RULES)
    assert found.draft == OfferDraft(
        "vendor_product_id", {"vendor_product_id": "P-1", "sku": "A-1", "status": "retired"}
    )


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize(
    ("cells", "by"),
    [
        ({"vendor_product_id": "", "sku": "A-1"}, "sku"),
        ({"vendor_product_id": "P-1", "sku": "n/a"}, "vendor_product_id"),
    ],
)
def test_one_number_is_enough_where_a_file_has_columns_for_both(cells: dict[str, str], by: str, listed: bool) -> None:
    found = validate_offer({**cells, "stock_quantity": "5"}, RULES, listed=listed)
    assert found.draft == OfferDraft(by, {by: cells[by], "stock_quantity": 5}, listed)


@pytest.mark.parametrize("listed", [False, True])
def test_a_row_without_any_number_lacks_one(listed: bool) -> None:
    found = validate_offer({"vendor_product_id": "", "sku": "", "stock_quantity": "5"}, RULES, listed=listed)
    assert [(problem.field, problem.code) for problem in found.problems] == [("vendor_product_id", "missing_value")]


def test_neither_number_is_changed() -> None:
    draft = validate_offer({"vendor_product_id": "P-1", "sku": "A-1", "stock_quantity": "5"}, RULES).draft
    assert draft is not None
    assert draft.changes == {"stock_quantity": 5}


@pytest.mark.parametrize("field", ["brand", "description", "gtin", "image_url"])
def test_an_empty_cell_empties_nothing_in_a_list_of_another_program_either(field: str) -> None:
    found = validate_offer({"sku": "A-1", field: "", "stock_quantity": "5"}, RULES, listed=True)
    assert found.draft == OfferDraft("sku", {"sku": "A-1", "stock_quantity": 5}, listed=True)
