"""The journey of a file through the real services, step by step in one process."""

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.aws import dynamo
from uploads.models import RecordOutcome, ValidationError
from vendors.models import Vendor


def statuses(upload_id: str) -> dict[str, str]:
    return {item["record_id"]["S"]: item["status"]["S"] for item in dynamo.query_upload(upload_id)}


def test_good_rows_become_products_and_bad_rows_become_explained_errors(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free"), line(3, category="Electroncs"), line(4)))

    assert (upload.status, upload.file_rows) == ("completed", 4)
    assert (upload.total_records, upload.valid_records, upload.error_records) == (4, 2, 2)
    assert set(Product.objects.values_list("sku", flat=True)) == {"SKU-1", "SKU-4"}
    errors = ValidationError.objects.order_by("row_number")
    assert [(e.row_number, e.field, e.error_type) for e in errors] == [
        (2, "price", "invalid_price"),
        (3, "category", "unknown_category"),
    ]
    assert "Electronics" in errors[1].suggestion
    assert (errors[0].original_data or {})["price"] == "free"
    assert statuses(upload.upload_id) == {
        "REC_0000001": "validated",
        "REC_0000002": "error",
        "REC_0000003": "error",
        "REC_0000004": "validated",
    }


def test_the_same_file_again_leaves_everything_unchanged(pipeline: Pipeline) -> None:
    content = feed(line(1), line(2, price="free"))
    pipeline.run(content)
    before = list(Product.objects.values())
    again = pipeline.run(content)

    assert (again.inserted_records, again.updated_records, again.unchanged_records) == (0, 0, 1)
    assert list(Product.objects.values()) == before


def test_a_changed_row_updates_its_product(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1), line(2)))
    upload = pipeline.run(feed(line(1, price="11.50"), line(2)))

    assert (upload.updated_records, upload.unchanged_records) == (1, 1)
    assert str(Product.objects.get(sku="SKU-1").price) == "11.50"


def test_a_column_that_the_file_does_not_have_leaves_what_is_there(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, brand="Acme", description="Blue")))
    header = "vendor_product_id,product_name,category,sku,price,stock_quantity"
    upload = pipeline.run(f"{header}\nP-1,Product 1,Electronics,SKU-1,12.00,5\n")

    product = Product.objects.get()
    assert upload.updated_records == 1
    assert (product.brand, product.description, str(product.price)) == ("Acme", "Blue", "12.00")


def test_an_older_upload_that_arrives_late_does_not_overwrite_a_newer_one(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="1.00")))
    older = pipeline.send(feed(line(1, price="10.00")))
    newer = pipeline.send(feed(line(1, price="20.00")))
    pipeline.stage(newer)
    pipeline.settle()
    pipeline.stage(older)
    pipeline.settle()
    older.refresh_from_db()

    assert str(Product.objects.get().price) == "20.00"
    assert (older.status, older.superseded_records, older.valid_records) == ("completed", 1, 1)


def test_an_older_upload_does_not_overwrite_what_a_newer_one_found_unchanged(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="20.00")))
    older = pipeline.send(feed(line(1, price="10.00")))
    newer = pipeline.send(feed(line(1, price="20.00")))
    for upload in (newer, older):
        pipeline.stage(upload)
        pipeline.settle()

    assert str(Product.objects.get().price) == "20.00"


def test_the_first_of_two_rows_with_the_same_key_wins_and_the_other_names_it(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2), line(3, sku="SKU-1"), line(4, vendor_product_id="P-2")))

    assert upload.error_records == 2
    errors = ValidationError.objects.order_by("row_number")
    assert [(e.row_number, e.error_type, e.field) for e in errors] == [
        (3, "duplicate_in_file", "sku"),
        (4, "duplicate_in_file", "vendor_product_id"),
    ]
    assert "row 1" in errors[0].error_message
    assert "row 2" in errors[1].error_message


def test_which_duplicate_wins_does_not_depend_on_where_requests_and_pages_end(pipeline: Pipeline) -> None:
    rows = [line(number, sku=f"SKU-{number % 40}") for number in range(1, 201)]
    upload = pipeline.run(feed(*rows))

    assert upload.inserted_records == 40
    assert set(Product.objects.values_list("vendor_product_id", flat=True)) == {f"P-{n}" for n in range(1, 41)}


def test_a_sku_of_another_vendor_is_refused_without_naming_that_vendor(
    pipeline: Pipeline, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(1)), "VEND002")
    pipeline.run(feed(line(1)), "VEND001")

    error = ValidationError.objects.get()
    assert error.error_type == "sku_taken"
    assert "VEND002" not in error.error_message
    assert "Becker" not in error.error_message


def test_an_unreadable_row_is_an_error_with_its_raw_text_and_shifts_nothing(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), "P-2,too,few", line(3)))

    assert (upload.file_rows, upload.valid_records, upload.error_records) == (3, 2, 1)
    error = ValidationError.objects.get()
    assert (error.row_number, error.error_type) == (2, "wrong_column_count")
    assert error.original_data == {"raw": "P-2,too,few"}


def test_a_vendor_suspended_after_sending_gets_errors_not_products(pipeline: Pipeline, vendor: Vendor) -> None:
    upload = pipeline.send(feed(line(1)))
    vendor.status = Vendor.Status.SUSPENDED
    vendor.save()
    pipeline.stage(upload)
    pipeline.settle()

    assert not Product.objects.exists()
    assert ValidationError.objects.get().error_type == "vendor_not_active"


@pytest.mark.parametrize("kind", ["S", "N"])
def test_records_that_another_program_puts_are_adopted(pipeline: Pipeline, kind: str) -> None:
    item = {
        "upload_id": {"S": "ERP-2026-01"},
        "record_id": {"S": "REC_0000001"},
        "vendor_id": {"S": "VEND001"},
        "row_number": {"N": "1"},
        "product_data": {
            "M": {
                "vendor_product_id": {"S": "E-1"},
                "product_name": {"S": "From the ERP"},
                "category": {"S": "Books"},
                "sku": {"S": "ERP-1"},
                "price": {kind: "19.9"},
                "stock_quantity": {kind: "7"},
            }
        },
        "status": {"S": "pending_validation"},
        "created_at": {"S": "2026-01-31T10:30:45Z"},
    }
    dynamo.put_records([item])
    pipeline.settle()

    product = Product.objects.get()
    assert (product.sku, str(product.price), product.stock_quantity) == ("ERP-1", "19.90", 7)
    outcome = RecordOutcome.objects.get()
    assert (outcome.upload_id, outcome.outcome) == ("ERP-2026-01", "inserted")
    assert statuses("ERP-2026-01") == {"REC_0000001": "validated"}


def test_a_record_of_an_unknown_vendor_is_set_to_error_with_the_reason(pipeline: Pipeline) -> None:
    dynamo.put_records(
        [
            {
                "upload_id": {"S": "STRAY"},
                "record_id": {"S": "1"},
                "vendor_id": {"S": "NOBODY"},
                "product_data": {"M": {"sku": {"S": "X"}}},
            }
        ]
    )
    pipeline.settle()

    item = dynamo.get_record("STRAY", "1")
    assert item is not None
    assert item["status"] == {"S": "error"}
    assert "NOBODY" in item["error_reason"]["S"]
