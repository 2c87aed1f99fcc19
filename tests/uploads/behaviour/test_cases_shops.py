"""Exports of shops (tests/cases/shops) on their way through the whole pipeline: asked what the case names, and with the
answers in the catalog to the cell.
"""

import io
import json
from typing import Any

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.uploads.feed.formats.understanding import CASES, case
from uploads.feed.parser import Reading
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import examine, receive
from vendors.models import Vendor

NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
# What the file's prices are in; the vendor sells in that, so that it isn't asked.
CURRENCIES = {
    "05-woocommerce-french": "XAF", "09-google-merchant": "EUR", "10-meta-catalog": "GBP",
    "20-excel-price-list": "EUR", "25-italian-own-list": "EUR",
}  # fmt: skip
OTHER_CODES = {("03-shopify-inventory", 10): "missing_value", ("09-google-merchant", 7): "other_currency"}


def as_text(decisions: dict[str, Any]) -> dict[str, str]:
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in decisions.items()}


def send(name: str, answers: dict[str, Any]) -> UploadHistory:
    Vendor.objects.filter(pk="VEND001").update(currency=CURRENCIES.get(name, "USD"))
    file = next(next(CASES.glob(f"{name}*")).glob("feed.*"))
    return receive.receive(
        io.BytesIO(file.read_bytes()), file.name, "VEND001", reading=Reading(answers=as_text(answers))
    )


def stored(product: Product) -> dict[str, Any]:
    names = ("vendor_product_id", "product_name", "category", "sku", "stock_quantity", "brand", "description")
    return {name: getattr(product, name) for name in names} | {"price": str(product.price)}


def fill(catalog: list[dict[str, Any]]) -> None:
    Product.objects.bulk_create(Product(vendor_id="VEND001", **one) for one in catalog)


def as_rows(product_rows: list[Any]) -> list[int]:
    """The first row of each product, where several are one."""
    return [one[0] if isinstance(one, list) else one for one in product_rows]


@pytest.mark.parametrize("name", [name for name in NAMES if case(name)[1]["decisions"]])
def test_a_first_visit_is_refused_with_the_questions_that_the_case_names(name: str, pipeline: Pipeline) -> None:
    decisions = case(name)[1]["decisions"]
    with pytest.raises(examine.Refused) as refused:
        send(name, {})
    assert refused.value.code == "question"
    found = {
        one.id: {choice.value for choice in one.choices} if one.kind == "category_values" else None
        for one in refused.value.questions
    }
    assert found == {kind: set(it) if kind == "category_values" else None for kind, it in decisions.items()}


@pytest.mark.parametrize("name", NAMES)
def test_with_the_decisions_the_catalog_is_as_it_should_be_to_the_cell(name: str, pipeline: Pipeline) -> None:
    expected = case(name)[1]
    fill(expected.get("before", []))
    upload = send(name, expected["decisions"])
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    wanted = [
        one | {"brand": one["brand"] or "", "description": one["description"] or ""} for one in expected["products"]
    ]
    outcomes = RecordOutcome.objects.filter(upload_id=upload.pk).order_by("row_number")
    outcome = "updated" if expected.get("mode") == "update" else "inserted"
    brought = dict(outcomes.filter(outcome=outcome).values_list("row_number", "product_id"))
    products = Product.objects.in_bulk()
    found = [
        {field: value or "" if field in ("brand", "description") else value for field, value in stored(one).items()}
        for one in map(products.__getitem__, brought.values())
    ]
    assert found == wanted
    assert list(brought) == as_rows(expected["product_rows"])
    untouched = {one["sku"]: one for one in expected.get("before", [])}.keys() - {one["sku"] for one in found}
    assert Product.objects.count() == len(found) + len(untouched)
    left_out = {
        one.row_number: one.error_reason.partition("(")[2].partition(")")[0]
        for one in outcomes.filter(outcome="skipped")
    }
    skipped = [one for one in (*expected["not_products"], *expected.get("skipped", [])) if one["row"]]
    added_up = {row: "added_up" for rows in expected["product_rows"] if isinstance(rows, list) for row in rows[1:]}
    assert left_out == {one["row"]: one["reason"] for one in skipped} | added_up
    errors = ValidationError.objects.filter(upload=upload, severity="error").order_by("row_number", "error_id")
    assert [(one.row_number, one.field, one.error_type) for one in errors] == [
        (one["row"], one["field"], OTHER_CODES.get((name, one["row"]), one["code"])) for one in expected["errors"]
    ]
    assert upload.status == UploadHistory.Status.COMPLETED
    assert (upload.file_rows, upload.skipped_records) == (expected["rows"], len(left_out))
    assert upload.error_records == len({one.row_number for one in errors})


def test_a_format_that_is_switched_off_is_a_list_of_the_vendors_own(pipeline: Pipeline) -> None:
    layout = send("01-shopify-products", case("01-shopify-products")[1]["decisions"]).layout
    assert layout
    assert layout["plan"]["format"] == "shopify_products"
    own = send("01-shopify-products", {"format": "own_list"}).layout
    assert own
    assert "format" not in own["plan"]
    assert own["plan"]["own_list"]


def test_a_guessed_category_is_said_with_the_cell_that_it_was_read_from(pipeline: Pipeline) -> None:
    upload = send("09-google-merchant", case("09-google-merchant")[1]["decisions"])
    pipeline.stage(upload)
    pipeline.settle()
    found = ValidationError.objects.warnings().filter(upload=upload, error_type="category_guessed")
    first = found.order_by("row_number")[0]
    assert first.wrong_value == "Clothing > Caps"
    assert first.error_message.startswith("The category “Clothing > Caps” was read as “Clothing”.")
