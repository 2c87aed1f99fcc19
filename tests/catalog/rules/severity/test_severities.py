"""Which problems keep a row out: by default, and by what staff said."""

import pytest

from catalog.rules.explained import EXPLAINED
from catalog.rules.offers import validate_offer
from catalog.rules.problems import ERROR, KINDS, WARNING, Code, Problem
from catalog.rules.severity.severities import DEFAULTS, Rule, Severities, keeps_out
from catalog.rules.validator import Rules, validate
from tests.catalog.rules.validating import GOOD

OLD = Rules.from_names(["Books"], inactive=["Fireworks"])


def said(*rules: Rule, vendor: str = "VEND001") -> Severities:
    return Severities.of(rules, vendor)


def severity(found: Severities, code: Code, category: str = "", field: str = "") -> str:
    (problem,) = found.settled([Problem(field, code, "m")], category)
    return WARNING if problem.is_warning else ERROR


def test_every_code_is_in_the_table_and_is_explained() -> None:
    assert set(KINDS) == set(Code) == set(EXPLAINED)


def test_a_warning_is_one_that_a_row_can_be_stored_with() -> None:
    assert [code for code, kind in KINDS.items() if kind.severity == WARNING and kind.never] == []


def test_nothing_said_leaves_problems_as_they_are() -> None:
    problems = [Problem("sku", Code.CLEANED, "m"), Problem("price", Code.INVALID_PRICE, "m")]
    assert DEFAULTS.settled(problems, "Books") == problems
    assert [problem.is_warning for problem in problems] == [True, False]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([Rule("cleaned", ERROR)], ERROR),
        ([Rule("cleaned", ERROR), Rule("cleaned", WARNING, category="Books")], WARNING),
        ([Rule("cleaned", WARNING, category="Books"), Rule("cleaned", ERROR, "VEND001")], ERROR),
        ([Rule("cleaned", ERROR, "VEND001"), Rule("cleaned", WARNING, "VEND001", "Books")], WARNING),
        ([Rule("cleaned", ERROR, "VEND002"), Rule("cleaned", ERROR, "VEND001", "Toys")], WARNING),
        ([Rule("cleaned", ERROR), Rule("cleaned", "")], WARNING),
        ([Rule("cleaned", ERROR), Rule("cleaned", WARNING, "VEND001"), Rule("cleaned", "", "VEND001")], ERROR),
        ([Rule("cleaned", WARNING), Rule("cleaned", ERROR)], ERROR),
    ],
    ids=["all", "category", "vendor before category", "vendor and category", "others", "taken back",
         "taken back for a vendor", "the newest"],
)  # fmt: skip
def test_the_most_specific_word_counts_and_of_these_the_newest(rules: list[Rule], expected: str) -> None:
    assert severity(said(*rules), Code.CLEANED, "Books") == expected


def test_what_is_said_for_a_category_counts_in_no_other() -> None:
    found = said(Rule("cleaned", ERROR, category="Books"))
    assert [severity(found, Code.CLEANED, name) for name in ("Books", "Toys", "")] == [ERROR, WARNING, WARNING]


def test_what_no_row_can_be_stored_with_stays_an_error_whatever_was_said() -> None:
    assert severity(said(Rule("missing_value", WARNING)), Code.MISSING_VALUE) == ERROR
    garbled = said(Rule("garbled_value", WARNING))
    assert severity(garbled, Code.GARBLED_VALUE, field="product_name") == WARNING
    assert severity(garbled, Code.GARBLED_VALUE, field="sku") == ERROR


def test_a_bound_is_the_usual_one_unless_the_rule_that_counts_has_its_own() -> None:
    assert said().threshold("price_changed", "Books") == 50
    found = said(Rule("price_changed", WARNING, threshold=20), Rule("price_changed", ERROR, category="Toys"))
    assert [found.threshold("price_changed", name) for name in ("Books", "Toys")] == [20, 50]


def test_settling_again_by_another_category_forgets_what_the_first_one_said() -> None:
    found = said(Rule("cleaned", ERROR, category="Books"))
    once = found.settled([Problem("sku", Code.CLEANED, "m")], "Books")
    assert keeps_out(once)
    assert not keeps_out(found.settled(once, "Toys"))


def test_a_row_in_an_inactive_category_is_stored_under_it_where_that_is_a_warning() -> None:
    row = {**GOOD, "category": "fireworks"}
    assert validate(row, OLD).draft is None
    lowered = Rules(OLD.categories, OLD.inactive, said(Rule("inactive_category", WARNING, category="Fireworks")))
    draft, (problem,) = validate(row, lowered)
    assert draft is not None
    assert (draft.category, problem.code, problem.is_warning) == ("Fireworks", Code.INACTIVE_CATEGORY, True)


def test_an_error_beside_a_lowered_one_keeps_the_row_out() -> None:
    lowered = Rules(OLD.categories, OLD.inactive, said(Rule("inactive_category", WARNING)))
    draft, problems = validate({**GOOD, "category": "Fireworks", "price": "free"}, lowered)
    assert draft is None
    assert [(problem.code, problem.is_warning) for problem in problems] == [
        (Code.INACTIVE_CATEGORY, True), (Code.INVALID_PRICE, False),
    ]  # fmt: skip


def test_a_raised_warning_keeps_its_row_out() -> None:
    raised = Rules(OLD.categories, OLD.inactive, said(Rule("cleaned", ERROR)))
    assert validate({**GOOD, "category": "Books", "sku": '="A-1"'}, raised).draft is None


def test_a_change_of_a_product_without_a_category_waits_for_that_of_the_product() -> None:
    raised = Rules(OLD.categories, OLD.inactive, said(Rule("cleaned", ERROR, category="Books")))
    row = {"sku": '="A-1"', "price": "5"}
    found = validate_offer(row, raised)
    assert found.draft is not None
    assert [problem.code for problem in found.problems] == [Code.CLEANED]
    assert validate_offer({**row, "category": "Books"}, raised).draft is None
