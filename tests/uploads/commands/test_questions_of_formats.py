"""import_feed and what a shop's export leaves open: said for programs, answered by a file, exit status 3 meanwhile."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.uploads.commands.ended import Run
from tests.uploads.feed.formats.understanding import CASES, case
from uploads.models import UploadHistory

CASE = "04-woocommerce"


def file_of(name: str) -> str:
    return str(next(next(CASES.glob(f"{name}*")).glob("feed.*")))


@pytest.fixture
def explained(pipeline: Pipeline, run: Run) -> Any:
    def explain(name: str, *more: str) -> dict[str, Any]:
        done = run("import_feed", file_of(name), "--vendor", "VEND001", "--explain", "--json", *more)
        assert done.status == 0
        assert not UploadHistory.objects.exists()
        found: dict[str, Any] = json.loads(done.out)
        return found

    return explain


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("01", "shopify_products"), ("04", "woocommerce"), ("07", "jtl"), ("11", "magento2"), ("15", "bigcommerce"),
        ("16", "square"), ("18", "odoo"), ("22", ""),
    ],
)  # fmt: skip
def test_explain_names_the_format(name: str, known: str, explained: Any) -> None:
    assert explained(name)["format"] == known


def test_explain_says_what_is_asked_with_counts_and_suggestions(explained: Any) -> None:
    found = {one["id"]: one for one in explained(CASE)["questions"]}
    assert found.keys() == case(CASE)[1]["decisions"].keys()
    assert [(one["value"], one["count"]) for one in found["category_values"]["choices"]] == [("Sports", 1)]
    assert json.loads(found["category_values"]["suggestion"]) == {"Sports": "Sports & Outdoors"}
    assert found["quantity_where_unknown"]["field"] == "stock_quantity"
    assert found["empty_sku"]["suggestion"] == "product_id"


def test_explain_shows_a_sample_as_it_would_be_stored(explained: Any, tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(case(CASE)[1]["decisions"]))
    found = explained(CASE, "--answers", str(answers))
    assert found["questions"] == []
    sample = {one["row"]: one for one in found["sample"]}
    wanted = dict(zip(case(CASE)[1]["product_rows"], case(CASE)[1]["products"], strict=True))
    for row, one in sample.items():
        assert (one["product"] is not None) == (row in wanted)
        if row in wanted:
            assert {field: one["product"][field] for field in wanted[row]} == wanted[row]
        else:
            assert one["left_out"]


def test_without_answers_the_status_is_3_and_nothing_is_opened(pipeline: Pipeline, run: Run) -> None:
    done = run("import_feed", file_of(CASE), "--vendor", "VEND001", "--yes", "--json")
    assert done.status == 3
    asked = json.loads(done.out)
    assert asked["status"] == "question"
    assert {one["id"] for one in asked["questions"]} == case(CASE)[1]["decisions"].keys()
    assert not UploadHistory.objects.exists()


def test_answers_may_be_objects_numbers_true_and_null(pipeline: Pipeline, run: Run, tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    given = {"category_values": {"Sports": None}, "quantity_where_unknown": 2, "empty_sku": None, "round_prices": True}
    answers.write_text(json.dumps(given))
    done = run("import_feed", file_of(CASE), "--vendor", "VEND001", "--yes", "--answers", str(answers))
    assert done.status == 0
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert not Product.objects.filter(category="Sports & Outdoors").exists()
    assert upload.layout
    assert set(upload.layout["plan"]) >= {"category_values", "quantity", "empty_sku", "round_prices"}
    assert upload.layout["plan"]["empty_sku"] == "leave"


def test_at_a_terminal_each_category_is_asked_for(
    pipeline: Pipeline, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By number, by name, left out, and what Enter stands for; what is none of ours is asked again."""
    header = "Handle,Title,Product Category,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price"
    cells = {"A": "Home and Gardening", "B": "Xyz", "C": "Qwe", "D": "Pictures"}
    rows = (f"h{sku},Thing {sku},{cell},Title,Default Title,{sku},5,9.50" for sku, cell in cells.items())
    file = tmp_path / "export.csv"
    file.write_text("\n".join((header, *rows, "")), encoding="utf-8")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    typed = {"Home and Gardening": [""], "Xyz": ["nonsense", "books"], "Qwe": ["1"], "Pictures": ["-"]}
    asked: list[str] = []

    def reply(question: str) -> str:
        asked.append(question)
        return typed[next(cell for cell in typed if question.startswith(cell))].pop(0)

    monkeypatch.setattr("builtins.input", reply)
    done = run("import_feed", str(file), "--vendor", "VEND001")
    assert done.status == 0
    assert "“nonsense” is none of ours." in done.out
    assert asked[0] == "Home and Gardening (Thing A), 1 row (Enter for Home & Garden): "
    pipeline.stage(UploadHistory.objects.get())
    pipeline.settle()
    assert dict(Product.objects.values_list("sku", "category")) == {
        "A": "Home & Garden", "B": "Books", "C": "Electronics"
    }  # fmt: skip


def test_at_a_terminal_who_gives_no_category_imports_nothing(
    pipeline: Pipeline, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: "" if "Enter to import nothing" in question else "1")
    done = run("import_feed", file_of("07"), "--vendor", "VEND001")
    assert (done.status, done.err) == (3, "Nothing was imported.")
    assert not UploadHistory.objects.exists()


def test_explain_tells_what_can_be_answered_from_what_must_be(pipeline: Pipeline, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    rows = [f"A-{n},Lamp {n},{'Lighting' if n == 3 else 'Books'},9.99,5" for n in range(20)]
    file.write_text("\n".join(["Art. No.,Name,Category,Price,Stock", *rows, ""]))
    done = run("import_feed", str(file), "--vendor", "VEND001", "--explain", "--json")
    found = json.loads(done.out)
    assert (found["questions"], [one["id"] for one in found["optional"]]) == ([], ["category_values"])
    for_people = run("import_feed", str(file), "--vendor", "VEND001", "--explain").out
    assert "Not needed: 1 category of this file is not on our list. Which one of ours is it?" in for_people
    assert run("import_feed", str(file), "--vendor", "VEND001").status == 0
