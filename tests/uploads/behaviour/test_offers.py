"""Lists that only change products that are there: Shopify's inventory export, by which stock is updated."""

import io

import pytest
from django.contrib.auth.models import User

from catalog.models import Product, ProductChange
from tests.conftest import Pipeline
from tests.jobs import run_jobs
from uploads.corrections import correct, undo
from uploads.feed.parser import Reading
from uploads.insight import progress
from uploads.models import Job, RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import finish, receive, stage
from uploads.preview import flow
from vendors.models import Vendor

HEADER = "Handle,Title,Option1 Value,SKU,Location,Available (not editable),On hand (current)"


def stock_list(*rows: tuple[str, str, str]) -> str:
    """A row for each SKU, place and stock."""
    lines = (f"x,Shirt,,{sku},{place},{stock},99" for sku, place, stock in rows)
    return "\n".join((HEADER, *lines, ""))


def products(*skus: str) -> None:
    Product.objects.bulk_create(
        Product(
            vendor_id="VEND001", vendor_product_id=f"P-{sku}", product_name=f"Shirt {sku}", category="Clothing",
            sku=sku, price="9.50", stock_quantity=1, brand="Faden",
        )
        for sku in skus
    )  # fmt: skip


def stock() -> dict[str, int]:
    return dict(Product.objects.values_list("sku", "stock_quantity"))


def outcomes(upload: UploadHistory) -> list[tuple[str, str]]:
    return list(
        RecordOutcome.objects.filter(upload_id=upload.pk).order_by("row_number").values_list("outcome", "error_reason")
    )


def test_stock_is_added_up_over_places_and_nothing_else_changes(pipeline: Pipeline) -> None:
    products("A", "B", "C")
    upload = pipeline.run(
        stock_list(("A", "North", "5"), ("B", "North", "0"), ("A", "South", "7"), ("Z", "North", "1"))
    )
    assert stock() == {"A": 12, "B": 0, "C": 1}
    assert set(Product.objects.values_list("product_name", "price", "brand")) == {
        (f"Shirt {sku}", Product.objects.get(sku="C").price, "Faden") for sku in "ABC"
    }
    assert (upload.status, upload.mode) == (UploadHistory.Status.COMPLETED, UploadHistory.Mode.UPDATE)
    assert (upload.updated_records, upload.skipped_records, upload.inserted_records) == (2, 2, 0)
    assert outcomes(upload)[2:] == [
        ("skipped", "Left out (added_up): Another place of row 1: its stock is added to it."),
        ("skipped", "Left out (not_in_catalog): No product in the catalog has the SKU “Z”; a stock list adds none."),
    ]


def test_products_of_another_vendor_are_none_of_its_business(pipeline: Pipeline, other_vendor: Vendor) -> None:
    products("A")
    upload = pipeline.send(stock_list(("A", "North", "5")), vendor_id=other_vendor.pk)
    pipeline.stage(upload)
    pipeline.settle()
    assert stock() == {"A": 1}
    assert [outcome for outcome, _ in outcomes(upload)] == ["skipped"]


def test_a_wrong_row_is_corrected_in_place(pipeline: Pipeline, admin_user: User) -> None:
    products("A", "B")
    upload = pipeline.run(stock_list(("A", "North", "twelve"), ("B", "North", "3"), ("A", "South", "2")))
    assert stock() == {"A": 1, "B": 3}  # a part of a sum would be a wrong one
    correct.correct(upload.pk, "REC_0000001", 1, {"Available (not editable)": "6"}, admin_user)
    assert stock() == {"A": 6, "B": 3}
    assert not ValidationError.objects.filter(upload=upload, resolved_at=None).exists()


def test_what_it_changed_is_in_the_history_and_undone_with_it(pipeline: Pipeline, admin_user: User) -> None:
    products("A", "B")
    upload = pipeline.run(stock_list(("A", "North", "5"), ("B", "North", "1")))
    assert [one.changes for one in ProductChange.objects.filter(upload_id=upload.pk)] == [{"stock_quantity": [1, 5]}]
    undo.start(upload, admin_user, dry=False)
    run_jobs()
    assert stock() == {"A": 1, "B": 1}


def test_it_waits_for_the_files_that_its_vendor_sent_before(pipeline: Pipeline, other_vendor: Vendor) -> None:
    products("A")
    before = pipeline.send(
        "product_id,product_name,category,sku,price,stock_quantity\nP-A,New,Books,A,3.00,2\nP-N,N,Books,N,3.00,2\n",
        name="products.csv",
    )
    pipeline.send(stock_list(("A", "North", "9")).replace("x,", "y,"), vendor_id=other_vendor.pk)  # waits for nobody
    upload = pipeline.send(stock_list(("A", "North", "5"), ("N", "North", "6")))
    assert stage.stage(upload.pk) is None
    assert (
        progress.of(upload.pk).sentence == "Waiting for “products.csv”, which was sent before: its products come first."
    )
    assert UploadHistory.objects.get(pk=upload.pk).staged_rows == 0
    pipeline.stage(before)
    pipeline.settle()
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert upload.status == UploadHistory.Status.COMPLETED
    assert dict(Product.objects.values_list("product_name", "stock_quantity")) == {"New": 5, "N": 6}


def test_it_goes_on_when_the_file_before_it_was_cancelled(pipeline: Pipeline) -> None:
    products("A")
    before = pipeline.send(stock_list(("A", "North", "9")))
    upload = pipeline.send(stock_list(("A", "North", "5")).replace("Shirt", "Skirt"))
    assert stage.stage(upload.pk) is None
    finish.cancel(before.pk)
    pipeline.stage(upload)
    pipeline.settle()
    assert stock() == {"A": 5}


def test_the_preview_says_what_it_can_do_and_offers_nothing_else(
    pipeline: Pipeline, vendor: Vendor, admin_user: User
) -> None:
    products("A")
    text = stock_list(("A", "North", "5"), ("A", "South", "2"), ("Z", "North", "1"))
    context = flow.choose(io.BytesIO(text.encode()), "inventory.csv", vendor, admin_user)
    preview = context["preview"]
    assert preview.ready
    assert preview.mode == "update"
    assert [value for value, _ in context["confirm_form"].fields["mode"].choices] == ["shown"]
    assert [(row.outcome, [tuple(one) for one in row.changes]) for row in preview.rows] == [
        ("updated", [("stock quantity", "1", "7")]), ("skipped", []), ("skipped", []),
    ]  # fmt: skip
    assert preview.rows[2].left_out == "No product in the catalog has the SKU “Z”; a stock list adds none."
    run_jobs()
    job = Job.objects.get(kind=Job.Kind.DRY_RUN)
    assert {name: job.result[name] for name in ("updated", "skipped")} == {"updated": 1, "skipped": 2}


@pytest.mark.parametrize(("answer", "left"), [("0", 0), ("leave", 1)])
def test_a_stock_below_zero_is_what_was_answered(answer: str, left: int, pipeline: Pipeline) -> None:
    products("A")
    text = stock_list(("A", "North", "-5"), ("A", "South", "2"))
    upload = receive.receive(
        io.BytesIO(text.encode()), "i.csv", "VEND001", reading=Reading(answers={"negative_stock": answer})
    )
    pipeline.stage(upload)
    pipeline.settle()
    assert stock() == {"A": left}
