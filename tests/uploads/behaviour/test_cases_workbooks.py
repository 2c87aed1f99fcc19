"""Workbooks as people really send them (tests/cases): what people see in the sheet, or the right reason."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from catalog.models import Product
from catalog.rules.validator import ProductDraft, Rules, validate
from tests.conftest import Pipeline
from tests.workbooks import workbook
from uploads.corrections import failed_rows, retry
from uploads.feed import parser, sample
from uploads.models import UploadHistory, ValidationError, ValueRule
from uploads.pipeline import examine, judge, receive, staged_rows
from uploads.preview import verdicts

CASES = Path(__file__).resolve().parents[2] / "cases"
RULES = Rules.from_names([*sample.CATEGORIES, "Furniture"])


def judged(name: str) -> list[tuple[int, ProductDraft | None, dict[str, str]]]:
    """Of each row its number in the sheet, and the draft, or the codes of its errors by field."""
    with (CASES / name).open("rb") as file, examine.as_text(file) as feed:
        layout = parser.inspect(feed.text, examine.limits(), sheet=feed.sheet)
        rows = list(staged_rows.as_staged(parser.rows(feed.text, layout), layout))
    found = []
    for row in rows:
        assert row.problem is None
        fields = layout.mapping.fields
        values: dict[str, str | None] = {field: row.cells[header] for field, header in fields.items()}
        outcome = validate(values, RULES, judge.numeric_fields(fields, row.numeric))
        errors = {problem.field: str(problem.code) for problem in outcome.problems if not problem.code.is_warning}
        found.append((row.line, outcome.draft, errors))
    return found


def errors(name: str) -> list[dict[str, str]]:
    return [found for _, _, found in judged(name)]


def drafts(name: str) -> list[ProductDraft]:
    return [draft for _, draft, _ in judged(name) if draft]


def test_a_date_is_no_sku_no_product_id_and_no_price() -> None:
    assert errors("05-xlsx-date-instead-of-sku/feed.xlsx") == [
        {"sku": "invalid_sku"},
        {"sku": "invalid_sku"},
        {"vendor_product_id": "invalid_sku"},
        {"price": "invalid_price"},
    ]


def test_hidden_decimals_are_rounded_as_the_sheet_shows_them() -> None:
    found = drafts("14-xlsx-prices-with-hidden-decimals/feed.xlsx")
    assert [draft.price for draft in found] == [Decimal(price) for price in ("12.35", "118.99", "55.06", "1369.38")]


def test_numbers_with_an_exponent_are_no_skus() -> None:
    assert errors("23-scientific-notation-without-plus/feed.xlsx") == [{"sku": "invalid_sku"}] * 2


@pytest.mark.parametrize(
    ("name", "descriptions"),
    [
        (
            "11-multiline-description/feed.xlsx",
            [
                "Soft cotton shirt. Available in:\nred, blue, green, black, white, pink, grey",
                "Cotton.\nOne size.",
            ],
        ),
        (
            "11-multiline-description/a-line-that-is-a-row.xlsx",
            ["Replaces the old model:\nC11H-9,Lamp,Electronics,C11H-9,1.00,1,old model"],
        ),
    ],
)
def test_a_text_of_several_lines_is_one_cell_whatever_its_lines_look_like(name: str, descriptions: list[str]) -> None:
    assert [draft.description for draft in drafts(name)] == descriptions


def test_a_text_of_200_lines_is_one_cell() -> None:
    (draft,) = drafts("12-description-of-200-lines/feed.xlsx")
    assert str(draft.description).count("\n") > 200


# --- through the journey ---------------------------------------------------------------------------------------


def run(pipeline: Pipeline, name: str) -> UploadHistory:
    return pipeline.run((CASES / name).read_bytes())


def problems(upload: UploadHistory) -> set[tuple[int, str, str]]:
    found = ValidationError.objects.filter(upload=upload)
    return set(found.values_list("row_number", "field", "error_type"))


def test_zeros_in_front_that_a_format_shows_belong_to_the_number(pipeline: Pipeline) -> None:
    run(pipeline, "06-xlsx-leading-zeros-by-format/1-monday.csv")
    upload = run(pipeline, "06-xlsx-leading-zeros-by-format/2-tuesday.xlsx")
    assert upload.updated_records == 2
    assert list(Product.objects.order_by("sku").values_list("vendor_product_id", "sku", "price")) == [
        ("000612", "0061200", Decimal("1.25")),
        ("000613", "0061300", Decimal("1.55")),
    ]


def test_an_error_in_a_cell_is_an_error_of_its_row_and_wipes_nothing(pipeline: Pipeline) -> None:
    run(pipeline, "07-xlsx-error-cells/1-before.csv")
    before = list(Product.objects.order_by("sku").values("sku", "brand", "description", "price"))
    upload = run(pipeline, "07-xlsx-error-cells/2-after.xlsx")
    assert problems(upload) == {
        (1, "brand", "spreadsheet_error"),
        (1, "description", "spreadsheet_error"),
        (2, "price", "spreadsheet_error"),
    }
    assert list(Product.objects.order_by("sku").values("sku", "brand", "description", "price")) == before


def test_a_formula_without_a_result_is_an_error_of_its_row_and_wipes_nothing(pipeline: Pipeline) -> None:
    run(pipeline, "24-xlsx-formulas-without-values/1-before.csv")
    before = list(Product.objects.order_by("sku").values("sku", "brand", "description", "price"))
    upload = run(pipeline, "24-xlsx-formulas-without-values/2-generated.xlsx")
    assert problems(upload) == {
        (1, "brand", "unsaved_formula"),
        (1, "description", "unsaved_formula"),
        (2, "price", "unsaved_formula"),
        (2, "stock_quantity", "unsaved_formula"),
    }
    assert list(Product.objects.order_by("sku").values("sku", "brand", "description", "price")) == before


@pytest.mark.parametrize(
    ("answer", "note", "skus"),
    [
        ("read", "1 hidden row was read too: row 3.", ["C16-1", "C16-2", "C16-3"]),
        ("leave_out", "1 hidden row was left out: row 3.", ["C16-1", "C16-3"]),
    ],
)
def test_rows_that_a_filter_hides_are_read_or_left_out_as_somebody_answers(
    pipeline: Pipeline, answer: str, note: str, skus: list[str]
) -> None:
    file = io.BytesIO((CASES / "16-xlsx-filtered-rows/feed.xlsx").read_bytes())
    with pytest.raises(examine.Refused, match="A filter hides 1 row of this sheet") as refused:
        receive.receive(file, "feed.xlsx", "VEND001")
    assert refused.value.code == "question"
    upload = receive.receive(file, "feed.xlsx", "VEND001", reading=parser.Reading(answers={"hidden_rows": answer}))
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert note in str(upload.layout)
    assert sorted(Product.objects.values_list("sku", flat=True)) == skus
    assert upload.file_rows == len(skus)


HEADER = ["vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity"]
FRACTIONS: list[list[Any]] = [
    HEADER,
    [12.5, "Lamp", "Electronics", "S-1", 9.5, 5],
    ["P2", "Lamp", "Electronics", 3.25, 9.5, 5],
    ["P3", "Lamp", "Electronics", "S-3", 1.299, 5],
    ["P4", "Lamp", "Electronics", "S-4", 1.25, 5],
    ["P5", "Lamp", "Electronics", "S-5", 9.5, 5.5],
]
FOUND = {
    (1, "vendor_product_id", "invalid_sku"),
    (2, "sku", "invalid_sku"),
    (3, "price", "price_too_precise"),
    (5, "stock_quantity", "invalid_stock"),
}


def test_a_number_with_a_fraction_is_known_as_one_to_the_end(pipeline: Pipeline) -> None:
    assert problems(pipeline.run(workbook(FRACTIONS))) == FOUND
    assert list(Product.objects.values_list("sku", "price")) == [("S-4", Decimal("1.25"))]


def test_what_was_wrong_as_a_number_is_as_wrong_when_the_row_is_retried(pipeline: Pipeline) -> None:
    upload = pipeline.run(workbook(FRACTIONS))
    names = ["REC_0000001", "REC_0000002", "REC_0000003"]
    with transaction.atomic():
        retry.new_attempts(failed_rows.of(upload.pk, names), {}, None)
    still = ValidationError.objects.filter(upload=upload, resolved_at=None)
    assert set(still.values_list("row_number", "field", "error_type")) == FOUND
    with transaction.atomic():
        retry.new_attempts(failed_rows.of(upload.pk, names[1:2]), {(upload.pk, names[1]): {"sku": "3.5"}}, None)
    assert Product.objects.filter(sku="3.5").exists(), "what somebody writes is text"


def test_a_cell_that_a_rule_replaces_is_no_number_any_more(pipeline: Pipeline) -> None:
    ValueRule.objects.create(vendor_id="VEND001", field="price", wrong_value="0.01", right_value="12,50")
    pipeline.run(workbook([HEADER, ["P1", "Lamp", "Electronics", "S-1", 0.01, 5]]))
    assert Product.objects.get().price == Decimal("12.50")


@pytest.mark.usefixtures("vendor", "categories")
def test_the_preview_knows_it_too() -> None:
    with examine.as_text(io.BytesIO(workbook(FRACTIONS)), "VEND001") as feed:
        rows = verdicts.of(feed, "VEND001").rows
    assert {(row.number, problem.field, str(problem.code)) for row in rows for problem in row.problems} == FOUND


@pytest.mark.usefixtures("vendor", "categories", "bucket")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            workbook([["name", "price"], ["Lamp", 1]]),
            "In sheet “Products”: The file has neither a product ID nor",
        ),
        (workbook([HEADER]), "In sheet “Products”: The file has a header but no rows"),
        (workbook([["x"]], Feed=[HEADER]), "In sheet “Feed”: The file has a header but no rows"),
        (workbook([[*HEADER, *["x"] * 600]]), "In sheet “Products”: The sheet has something in more than 500 columns"),
        (
            workbook(
                [[*HEADER[:4], "Retail Price", "Unit Price", HEADER[5]], ["P1", "Lamp", "Electronics", "S-1", 2, 1, 5]]
            ),
            "In sheet “Products”: Which column has the price",
        ),
    ],
)
def test_a_refusal_names_the_sheet_that_was_read(data: bytes, words: str) -> None:
    with pytest.raises(examine.Refused) as refused:
        receive.receive(io.BytesIO(data), "feed.xlsx", "VEND001")
    assert words in str(refused.value)
