"""Which category a cell means, and which one is suggested where it means none."""

import pytest

from catalog.rules.problems import Code
from catalog.rules.validator import Rules, validate
from catalog.rules.values import category
from catalog.rules.values.category import category_key
from tests.catalog.rules.validating import GOOD, NBSP, draft, only_problem, problems


@pytest.mark.parametrize(
    "cell",
    [
        "Home & Garden",
        "home & garden",
        "HOME AND GARDEN",
        "Home&Garden",
        "home  &\tgarden",
        f"home{NBSP}&{NBSP}garden",
        "Home &amp; Garden",
        "Ｈｏｍｅ & Garden",
    ],
)
def test_a_category_is_found_however_it_is_spelled_and_gets_its_canonical_name(cell: str) -> None:
    assert draft(category=cell).category == "Home & Garden"


@pytest.mark.parametrize(
    ("cell", "suggestion"),
    [
        ("Electroncs", "Electronics"),
        ("electronic", "Electronics"),
        ("Elektronik", "Electronics"),
        ("Home Garden", "Home & Garden"),
        ("Garden", "Home & Garden"),
        ("Phones", "Mobile Phones"),
        ("Toys and Game", "Toys & Games"),
        ("Apparel > Shoes", "Shoes"),
        ("Clothing > Shoes", "Shoes"),
        ("Electronics > Phones", "Electronics"),
        ("Wohnen/home and garden", "Home & Garden"),
        ("Electronics » Foo | Bar", "Electronics"),
        ("Clothing, Home & Garden", "Clothing"),
        ("Xyzzy; Shoes; Books", "Shoes"),
        ("Books | Clothing", "Books"),
        ("Clothing, Clothing > Shirts", "Clothing"),
        ("Xyzzy, Clothing > Shoes, Books", "Shoes"),
        ("Clothing > Shoes, boots", "Shoes"),
    ],
)
def test_an_unknown_category_comes_with_the_one_that_is_likely_meant(cell: str, suggestion: str) -> None:
    problem = only_problem(category=cell)
    assert (problem.code, problem.suggestion) == (Code.UNKNOWN_CATEGORY, suggestion)
    assert problem.message == f"“{cell}” is not a category on our list. Did you mean {suggestion}?"


@pytest.mark.parametrize(
    "cell", ["Xyzzy", "a", "and", "&", "> >", "12345", "Bananas", "🍌", "<b>", "Hardware and Books"]
)
def test_nonsense_gets_no_suggestion_but_examples(cell: str) -> None:
    problem = only_problem(category=cell)
    assert (problem.code, problem.suggestion) == (Code.UNKNOWN_CATEGORY, "")
    assert "such as Electronics, Home & Garden, Clothing." in problem.message


@pytest.mark.parametrize("cell", ["&", "and", "And and"])
def test_the_word_and_points_to_no_category(cell: str) -> None:
    outcome = validate({**GOOD, "category": cell}, Rules.from_names(["Home & Garden"]))
    assert outcome.problems[0].suggestion == ""


def test_a_word_of_several_categories_points_to_none() -> None:
    rules = Rules.from_names(["Garden Tools", "Garden Seeds"])
    outcome = validate({**GOOD, "category": "garden"}, rules)
    assert outcome.problems[0].suggestion == ""


@pytest.mark.parametrize("cell", ["Fireworks", "FIREWORKS"])
def test_an_inactive_category_says_so(cell: str) -> None:
    problem = only_problem(category=cell)
    assert problem.code == Code.INACTIVE_CATEGORY
    assert problem.message == "The category “Fireworks” takes no products at present."


def test_an_inactive_category_is_never_suggested() -> None:
    assert only_problem(category="Firework").suggestion == ""


def test_an_active_category_wins_over_an_inactive_one_of_the_same_name() -> None:
    rules = Rules.from_names(["Books"], inactive=["books"])
    assert validate({**GOOD, "category": "BOOKS"}, rules).draft


def test_without_any_category_every_row_is_refused_without_examples() -> None:
    outcome = validate(GOOD, Rules.from_names([]))
    assert outcome.problems[0].message == "“Home & Garden” is not a category on our list."


def test_suggestions_follow_the_rules_of_the_call_not_those_of_an_earlier_one() -> None:
    for name in ("Electronics", "Electronica"):
        outcome = validate({**GOOD, "category": "Electronic"}, Rules.from_names([name]))
        assert outcome.problems[0].suggestion == name


def test_a_million_wrong_categories_would_not_fill_the_memory() -> None:
    for number in range(category._CACHED + 10):
        problems(category=f"wrong {number}")
    assert category_key.cache_info().currsize <= category._CACHED
    assert category._closest.cache_info().currsize <= category._CACHED
