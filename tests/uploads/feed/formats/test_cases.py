"""Files as shops export them: each is understood with just the decisions that it needs, to the cell."""

from typing import Any

import pytest

from tests.uploads.feed.formats.understanding import CASES, Understood, as_product, asked, case, understand

NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
# What prices are in where the file says it; whoever receives a file finds that out over all its rows.
CURRENCIES = {"09-google-merchant": "EUR", "10-meta-catalog": "GBP"}
# The platform has got codes of its own for these since the cases were written.
OTHER_CODES = {("03-shopify-inventory", 10): "missing_value", ("09-google-merchant", 7): "other_currency"}


def _understood(name: str, answers: dict[str, Any]) -> Understood:
    return understand(case(name)[0], answers, CURRENCIES.get(name, ""))


@pytest.mark.parametrize("name", NAMES)
def test_a_first_visit_asks_what_the_case_names_and_nothing_else(name: str) -> None:
    decisions = case(name)[1]["decisions"]
    found = _understood(name, {})
    expected = {kind: set(answer) if kind == "category_values" else None for kind, answer in decisions.items()}
    assert asked(found.questions) == expected


@pytest.mark.parametrize("name", NAMES)
def test_with_the_decisions_nothing_is_left_to_ask(name: str) -> None:
    assert _understood(name, case(name)[1]["decisions"]).questions == ()


@pytest.mark.parametrize("name", NAMES)
def test_with_the_decisions_the_products_are_right_to_the_cell(name: str) -> None:
    expected = case(name)[1]
    found = _understood(name, expected["decisions"])
    if expected.get("mode") == "update":
        _assert_updates(found, expected)
        return
    assert [as_product(draft) for draft in found.drafts.values()] == expected["products"]
    assert list(found.drafts) == expected["product_rows"]


def _assert_updates(found: Understood, expected: dict[str, Any]) -> None:
    """The fields that such a file has, of the products that are there already."""
    skipped = {one["row"] for one in expected["skipped"]}
    wanted = {one["sku"]: one for one in expected["products"]}
    got = {draft.sku: draft for row, draft in found.drafts.items() if row not in skipped}
    for sku, draft in got.items():
        product, values = as_product(draft), found.plan.columns
        assert {one: product[one] for one in values} == {one: wanted[sku][one] for one in values}
    assert got.keys() == wanted.keys()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_product_is_left_out_and_said(name: str) -> None:
    expected = case(name)[1]
    found = _understood(name, expected["decisions"])
    wanted = {one["row"]: one["reason"] for one in expected["not_products"] if one["row"]}
    added = {row for rows in expected["product_rows"] if isinstance(rows, list) for row in rows[1:]}
    assert {row: reason for row, reason in found.left_out.items() if row not in added} == wanted
    assert {row: found.left_out.get(row) for row in added} == dict.fromkeys(added, "added_up")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_has_the_platforms_codes(name: str) -> None:
    expected = case(name)[1]
    found = _understood(name, expected["decisions"])
    wanted = [
        (one["row"], one["field"], OTHER_CODES.get((name, one["row"]), one["code"])) for one in expected["errors"]
    ]
    assert found.codes == wanted


@pytest.mark.parametrize("name", NAMES)
def test_the_columns_are_those_that_the_case_names(name: str) -> None:
    expected = case(name)[1]
    plan = _understood(name, expected["decisions"]).plan
    for meant, columns in expected["columns"].items():
        named = [one for one in columns if "option values" not in one and one != "Handle + option values"]
        beside = (*plan.columns.get(meant, ()), *plan.options, *(plan.flags if meant == "stock_quantity" else ()))
        assert [column for column in beside if column in named] == named
