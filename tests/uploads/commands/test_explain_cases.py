"""import_feed --explain --json of every shop's export that we have a case of: all that a program learns of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Pipeline
from tests.uploads.behaviour.test_cases_shops import CURRENCIES, NAMES
from tests.uploads.commands.ended import Run
from tests.uploads.feed.formats.understanding import CASES, case
from uploads.models import UploadHistory
from vendors.models import Vendor

# What a case has among its columns and is none.
MADE = {"Handle + option values", "option values"}


def explained(name: str, run: Run, *more: str) -> dict[str, Any]:
    Vendor.objects.filter(pk="VEND001").update(currency=CURRENCIES.get(name, "USD"))
    file = next(next(CASES.glob(f"{name}*")).glob("feed.*"))
    done = run("import_feed", str(file), "--vendor", "VEND001", "--explain", "--json", *more)
    assert done.status == 0
    assert not UploadHistory.objects.exists()
    found: dict[str, Any] = json.loads(done.out)
    return found


def as_list(headers: Any) -> list[str]:
    return [headers] if isinstance(headers, str) else headers


@pytest.mark.parametrize("name", NAMES)
def test_the_columns_are_those_that_the_case_names(name: str, pipeline: Pipeline, run: Run, tmp_path: Path) -> None:
    decisions, answers = case(name)[1]["decisions"], tmp_path / "answers.json"
    answers.write_text(json.dumps({one: it for one, it in decisions.items() if one == "identifiers_from"}))
    found, expected = explained(name, run, "--answers", str(answers))["columns"], case(name)[1]["columns"]
    wanted = {field: [one for one in headers if one not in MADE] for field, headers in expected.items()}
    wanted = {field: headers for field, headers in wanted.items() if headers}
    lacking = {
        field: (headers, found.get(field)) for field, headers in wanted.items()
        if as_list(found.get(field, []))[: len(headers)] != headers
    }  # fmt: skip
    assert lacking == {}


@pytest.mark.parametrize("name", NAMES)
def test_the_questions_are_what_a_person_has_to_decide(name: str, pipeline: Pipeline, run: Run) -> None:
    questions, decisions = explained(name, run)["questions"], case(name)[1]["decisions"]
    assert [one["id"] for one in questions if one["id"] not in decisions] == []
    assert {one["kind"] for one in questions} == decisions.keys()
    for one in questions:
        assert one["text"]
        assert one["rows"] or one["kind"] in ("stock_from", "price_from", "identifiers_from", "column")
        if one["kind"] == "category_values":
            assert {choice["value"] for choice in one["choices"]} == set(decisions["category_values"])
            assert all(choice["count"] for choice in one["choices"])


@pytest.mark.parametrize("name", NAMES)
def test_with_the_decisions_the_sample_is_what_will_be_stored(
    name: str, pipeline: Pipeline, run: Run, tmp_path: Path
) -> None:
    expected, answers = case(name)[1], tmp_path / "answers.json"
    answers.write_text(json.dumps(expected["decisions"]), encoding="utf-8")
    found = explained(name, run, "--answers", str(answers))
    assert found["questions"] == []
    rows = [one[0] if isinstance(one, list) else one for one in expected["product_rows"]]
    products = dict(zip(rows, expected["products"], strict=True))
    alone = {one["row"] for one in expected["not_products"]}
    wrong = {one["row"] for one in expected["errors"]}
    assert found["sample"]
    for one in found["sample"]:
        if (product := one["product"]) and one["row"] in products:
            said = {field: value or "" for field, value in product.items() if field in products[one["row"]]}
            assert said == {field: products[one["row"]][field] or "" for field in said}
        else:
            assert one["row"] in alone | wrong | {row["row"] for row in expected.get("skipped", [])} or one["left_out"]
