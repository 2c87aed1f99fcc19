"""Lists of the vendor's own on their way through the pipeline: each gets in at the first visit with at most three
decisions and with no value that nobody decided; and what single rows leave open stops no file.
"""

import io
from typing import Any

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.uploads.own_lists import LISTS, List, as_text
from tests.workbooks import workbook
from uploads.feed.parser import Layout, Reading
from uploads.models import RecordOutcome, UploadHistory, ValidationError, ValueRule
from uploads.pipeline import examine, receive
from vendors.models import Vendor

MOST_DECISIONS = 3


def send(entry: List, decisions: dict[str, Any]) -> UploadHistory:
    Vendor.objects.filter(pk="VEND001").update(currency=entry.currency)
    reading = Reading(answers=as_text(decisions))
    return receive.receive(io.BytesIO(entry.text.encode()), "list.csv", "VEND001", reading=reading)


@pytest.mark.parametrize("name", [name for name, entry in LISTS.items() if entry.decisions])
def test_a_first_visit_asks_no_more_than_three_things(name: str, pipeline: Pipeline) -> None:
    entry = LISTS[name]
    with pytest.raises(examine.Refused) as refused:
        send(entry, {})
    assert {one.id for one in refused.value.questions} == entry.decisions.keys()
    assert len(refused.value.questions) <= MOST_DECISIONS


@pytest.mark.parametrize("name", LISTS)
def test_with_the_decisions_the_products_are_there_with_no_other_value(name: str, pipeline: Pipeline) -> None:
    entry = LISTS[name]
    upload = send(entry, entry.decisions)
    pipeline.stage(upload)
    pipeline.settle()
    products = Product.objects.order_by("sku")
    assert [
        (it.vendor_product_id, it.sku, it.product_name, it.category, str(it.price), it.stock_quantity)
        for it in products
    ] == sorted(entry.products)  # fmt: skip
    skipped = RecordOutcome.objects.filter(upload_id=upload.pk, outcome="skipped")
    assert {it.row_number: it.error_reason.partition("(")[2].partition(")")[0] for it in skipped} == entry.left_out
    errors = ValidationError.objects.filter(upload=upload, severity="error").order_by("error_id")
    assert [(it.row_number, it.field, it.error_type) for it in errors] == entry.errors


# --- what single rows leave open -------------------------------------------------------------------------------

IN_ORDER = "Product ID,Name,Category,SKU,Price,Stock"
ONE_NUMBER = "Art. No.,Name,Category,Price,Stock"


def listed(header: str, wrong: int, right: int, **cells: str) -> str:
    """So many rows with these cells, and right ones below."""
    lines = [header]
    for number in range(wrong + right):
        row = {"Category": "Books", "Price": "9.99", "Stock": "5"} | (cells if number < wrong else {})
        names = {"Product ID": f"P-{number}", "SKU": f"S-{number}", "Art. No.": f"A-{number}", "Name": f"Book {number}"}
        lines.append(",".join({**names, **row}[name] for name in header.split(",")))
    return "\n".join([*lines, ""])


@pytest.mark.parametrize(
    ("cells", "kind", "code"),
    [
        ({"Category": "Novels"}, "category_values", "unknown_category"),
        ({"Stock": "-3"}, "negative_stock", "negative_stock"),
        ({"Stock": "in stock"}, "quantity_where_unknown", "invalid_stock"),
        ({"Stock": ""}, "quantity_where_unknown", "missing_value"),
        ({"Price": "9.9999"}, "round_prices", "price_too_precise"),
    ],
)
@pytest.mark.parametrize(
    ("header", "wrong", "right", "stops"),
    [
        (IN_ORDER, 1, 9, False),  # a nightly file with a new category
        (IN_ORDER, 9, 0, False),  # a small one
        (IN_ORDER, 10, 90, False),
        (IN_ORDER, 11, 90, True),
        (ONE_NUMBER, 1, 9, False),
        (ONE_NUMBER, 2, 9, True),
    ],
)
def test_a_file_is_stopped_by_what_many_of_its_rows_leave_open_and_others_are_errors(
    header: str, wrong: int, right: int, stops: bool, cells: dict[str, str], kind: str, code: str, pipeline: Pipeline
) -> None:
    text = listed(header, wrong, right, **cells)
    if stops:
        with pytest.raises(examine.Refused) as refused:
            pipeline.send(text)
        assert [one.id for one in refused.value.questions] == [kind]
        return
    upload = pipeline.run(text)
    assert (upload.valid_records, upload.error_records) == (right, wrong)
    assert set(ValidationError.objects.filter(severity="error").values_list("error_type", flat=True)) == {code}


def test_rows_behind_the_first_two_thousand_stop_no_list_whose_columns_are_in_order(pipeline: Pipeline) -> None:
    right = listed(IN_ORDER, 0, 2_000)
    upload = pipeline.send(right + "".join(f"X-{n},X {n},Novels,X-{n},1.00,1\n" for n in range(500)))
    assert Layout.from_json(upload.layout or {}).questions == ()


def test_what_few_rows_leave_open_can_be_answered_all_the_same(pipeline: Pipeline) -> None:
    upload = pipeline.send(listed(IN_ORDER, 1, 9, Category="Novels"), category_values='{"Novels": "Books"}')
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.valid_records, upload.error_records) == (10, 0)
    assert "optional" not in (upload.layout or {}) or not (upload.layout or {})["optional"]


def test_a_program_can_leave_categories_that_are_none_of_ours_as_errors(pipeline: Pipeline) -> None:
    upload = pipeline.send(listed(IN_ORDER, 20, 5, Category="Novels"), category_values="leave")
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.valid_records, upload.error_records) == (5, 20)


# --- never another value ---------------------------------------------------------------------------------------


def test_one_product_id_that_comes_twice_is_an_error_and_changes_no_others(pipeline: Pipeline) -> None:
    text = listed(IN_ORDER, 0, 9).replace("P-8,", "P-7,")
    upload = pipeline.run(text)
    assert (upload.valid_records, upload.error_records) == (8, 1)
    assert set(Product.objects.values_list("vendor_product_id", flat=True)) == {f"P-{number}" for number in range(8)}


def test_an_empty_product_id_is_an_error_where_there_is_a_column_for_it(pipeline: Pipeline) -> None:
    pipeline.run(listed(IN_ORDER, 0, 3).replace("P-1,", ","))
    error = ValidationError.objects.get(severity="error")
    assert (error.field, error.error_type) == ("vendor_product_id", "missing_value")


def test_a_list_with_texts_that_could_be_names_changes_products_only_if_somebody_says_so(pipeline: Pipeline) -> None:
    pipeline.run("SKU,Name,Category,Price,Stock\nS-1,Lamp,Books,9.00,1\n")
    text = "SKU;Beschr.;Preis;Bestand\nS-1;Lampe groß;8,00;4\nS-2;Tisch klein;20,00;1\n"
    with pytest.raises(examine.Refused) as refused:
        pipeline.send(text)
    question = next(one for one in refused.value.questions if one.id == "column_product_name")
    assert [one.value for one in question.choices] == ["Beschr.", "[]"]
    upload = pipeline.send(text, column_product_name="[]")
    pipeline.stage(upload)
    pipeline.settle()
    assert [(it.product_name, str(it.price), it.stock_quantity) for it in Product.objects.all()] == [
        ("Lamp", "8.00", 4)
    ]


def test_a_second_table_with_other_columns_is_refused_in_a_list_without_a_price_too(pipeline: Pipeline) -> None:
    text = "SKU;Name;Bestand\nS-1;Lampe;4\nName;SKU;Bestand\nTisch;S-2;5\n"
    with pytest.raises(examine.Refused, match="another one in line 3"):
        pipeline.send(text)


def test_a_value_rule_of_the_vendor_is_read_before_anything_is_asked(pipeline: Pipeline) -> None:
    ValueRule.objects.create(vendor_id="VEND001", field="category", wrong_value="Novels", right_value="Books")
    assert pipeline.run(listed(ONE_NUMBER, 5, 0, Category="Novels")).valid_records == 5


def test_the_sheet_with_most_of_a_products_columns_is_read(pipeline: Pipeline) -> None:
    about: list[list[Any]] = [["Name", "Price"], ["Express parcel", 4.9]]
    products: list[list[Any]] = [["Art. No.", "Product", "Price", "Stock"], ["A-1", "Lamp", 9.5, 3]]
    data = workbook(about, Goods=products)
    upload = pipeline.send(data, name="list.xlsx", category_for_all="Books")
    assert (upload.layout or {})["sheet"] == "Goods"
