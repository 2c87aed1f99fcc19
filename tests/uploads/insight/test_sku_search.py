"""“Where is my SKU?”: every step of a product's way in plain words, found without reading tables whole."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg.sql import SQL, Composable

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.corrections import correct, retry, undo
from uploads.corrections.failed_rows import Selection
from uploads.insight import sku_search
from uploads.insight.sku_search import Found
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline import receive
from uploads.pipeline.receive import Options
from vendors.models import Vendor

FIND = "/vendor/VEND001/find/"


def words(found: Found) -> list[tuple[str, str, str]]:
    return [(step.words, step.file_name, step.place) for step in found.steps]


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_each_step_of_a_product_is_told_newest_first(pipeline: Pipeline, member: Client) -> None:
    pipeline.run(feed(line(2), line(1)))
    pipeline.run(feed(line(1, price="cheap")))
    pipeline.run(feed(line(1, price="12.00")))
    found = sku_search.find("VEND001", "SKU-1")
    assert words(found) == [
        ("Read, and the product in the catalog changed.", "feed.csv", "row 1 (line 2)"),
        (found.steps[1].words, "feed.csv", "row 1 (line 2)"),
        ("Read and put into the catalog as a new product.", "feed.csv", "row 2 (line 3)"),
    ]
    assert "cheap" in found.steps[1].words
    shown = text(member.get(FIND, {"q": "SKU-1"}))
    assert "It is in the catalog" in shown
    assert "<del><bdi>9.99</bdi></del> → <ins><bdi>12.00</bdi></ins>" in shown


def test_a_row_that_a_newer_file_had_right_needs_no_mending_unless_that_one_is_undone(
    pipeline: Pipeline, member: Client, admin_user: User
) -> None:
    pipeline.run(feed(line(1)))
    pipeline.run(feed(line(1, price="cheap")))
    failed = sku_search.find("VEND001", "SKU-1").steps[0]
    assert (failed.bad, failed.code) == (True, "invalid_price"), "an older file had it right"
    newer = pipeline.run(feed(line(1)))
    settled = sku_search.find("VEND001", "SKU-1").steps[1]
    assert " A newer file had it right (" in settled.words
    assert (settled.bad, settled.code) == (False, "")
    assert "/errors/invalid_price/" not in text(member.get(FIND, {"q": "SKU-1"}))
    run_jobs(undo.start(newer, admin_user, dry=False))
    again = sku_search.find("VEND001", "SKU-1").steps[1]
    assert (again.bad, again.code) == (True, "invalid_price")


def test_a_row_that_wanted_the_sku_of_another_product_still_does_when_that_one_is_sent_again(
    pipeline: Pipeline,
) -> None:
    for rows in ([line(1)], [line(2, sku="SKU-1")], [line(1)]):
        pipeline.run(feed(*rows))
    steps = sku_search.find("VEND001", "SKU-1").steps
    assert [step.code for step in steps if step.bad] == ["sku_taken"]


@pytest.mark.parametrize("typed", ["SKU-1", "sku-1", " SKU-1 ", "P-1"])
def test_a_row_that_never_became_a_product_is_found_by_what_stood_in_it(
    pipeline: Pipeline, member: Client, typed: str
) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(11, price="x")))
    shown = text(member.get(FIND, {"q": typed}))
    assert "It isn&#x27;t in the catalog" in shown or "It isn't in the catalog" in shown
    assert "sent in <bdi>feed.csv</bdi>, row 1 (line 2)<" in shown
    assert "row 2 " not in shown, "SKU-11 is another"
    assert f"/vendor/VEND001/uploads/{upload.pk}/errors/invalid_price/" in shown


def test_a_row_is_found_under_the_names_that_its_file_has_for_the_columns(pipeline: Pipeline) -> None:
    header = "Produktnummer,product_name,category,Artikelnummer,price,stock_quantity"
    pipeline.run(f"{header}\nP-1,Lamp,Electronics,S-1,x,5\n")
    assert len(sku_search.find("VEND001", "S-1").steps) == 1
    assert len(sku_search.find("VEND001", "P-1").steps) == 1
    assert not sku_search.find("VEND001", "Lamp").steps, "the name is neither"


@pytest.mark.parametrize("cell", ['"=""001001"""', "'001001"])
def test_a_row_is_found_though_its_file_wraps_the_sku(pipeline: Pipeline, cell: str) -> None:
    pipeline.run(feed(line(1, sku=cell, price="x")))
    assert "invalid_price" in [step.code for step in sku_search.find("VEND001", "001001").steps]
    pipeline.run(feed(line(1, sku=cell)))
    (product,) = sku_search.find("VEND001", '="001001"').products
    assert product.sku == "001001"


def test_a_line_that_could_not_be_read_is_found_by_the_whole_of_what_stands_in_it(pipeline: Pipeline) -> None:
    pipeline.run(feed("P-1,only,SKU-10"))
    assert len(sku_search.find("VEND001", "SKU-10").steps) == 1
    assert not sku_search.find("VEND001", "SKU-1").steps


def test_an_error_that_was_corrected_says_so_and_leads_nowhere(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    steps = sku_search.find("VEND001", "SKU-1").steps
    assert [step.bad for step in steps] == [False, False]
    assert "retried since" in steps[1].words
    assert steps[1].code == ""


def test_what_was_corrected_before_a_row_was_retried_is_told(
    pipeline: Pipeline, member: Client, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, category="Lamps")))
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    job = retry.start(
        Selection(vendor_id="VEND001", field="category", wrong_value="Lamps"), admin_user, {"Lamps": "Books"}
    )
    run_jobs(job)
    for sku, corrected in (("SKU-1", ("price", "x", "5")), ("SKU-2", ("category", "Lamps", "Books"))):
        step = sku_search.find("VEND001", sku).steps[0]
        assert step.words == "Retried with a correction. Read and put into the catalog as a new product."
        assert [(one.field, one.before, one.after) for one in step.corrected] == [corrected]
    assert "“price” was corrected: <del><bdi>x</bdi></del> → <ins><bdi>5</bdi></ins>" in text(
        member.get(FIND, {"q": "SKU-1"})
    )


def test_rows_that_an_upload_left_alone_are_spoken_of(pipeline: Pipeline, member: Client) -> None:
    assert sku_search.find("VEND001", "SKU-1").left_alone == ()
    upload = receive.receive(io.BytesIO(feed(line(1)).encode()), "feed.csv", "VEND001", options=Options(mode="update"))
    pipeline.stage(upload)
    pipeline.settle()
    shown = text(member.get(FIND, {"q": "SKU-1"}))
    assert "Nothing was found" in shown
    assert "1 row of feed.csv, sent on" in shown
    assert "was left alone: you sent it to only update existing products." in shown


def test_staff_are_not_named(pipeline: Pipeline, member: Client, admin_user: User) -> None:
    from catalog import by_hand

    pipeline.run(feed(line(1)))
    product = Product.objects.get()
    Product.objects.update(price="1.00")
    by_hand.note_edit(product, admin_user)
    assert sku_search.find("VEND001", "SKU-1").steps[0].words == "Changed by our staff."
    assert "admin" not in text(member.get(FIND, {"q": "SKU-1"})).partition("<main")[2]


def test_of_another_vendors_product_nothing_is_told_but_that_the_sku_is_not_free(
    pipeline: Pipeline, member: Client, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(1, product_name="Secret"), line(2, price="x")), vendor_id="VEND002")
    shown = text(member.get(FIND, {"q": "SKU-1"}))
    assert "This SKU isn&#x27;t free" in shown or "This SKU isn't free" in shown
    for secret in ("Secret", "VEND002", "Becker", "feed.csv"):
        assert secret not in shown
    for typed in ("P-1", "SKU-2", "P-2"):
        found = sku_search.find("VEND001", typed)
        assert (found.products, found.steps, found.taken) == ((), (), False), typed
    assert member.get("/vendor/VEND002/find/", {"q": "SKU-1"}).status_code == 404


def test_it_says_how_far_back_it_looked(pipeline: Pipeline, member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.run(feed(line(1, price="x")))
    pipeline.run(feed(line(2, price="x"), line(3, price="x")))
    assert sku_search.find("VEND001", "SKU-1").horizon is None
    monkeypatch.setattr(sku_search, "NEWEST", 2)
    found = sku_search.find("VEND001", "SKU-1")
    assert (found.steps, found.horizon is None) == ((), False)
    assert "Failed rows were looked for among your newest 2 errors" in text(member.get(FIND, {"q": "SKU-1"}))
    wrong = ValidationError.objects.earliest("pk")
    ValidationError.objects.filter(pk=wrong.pk).update(field="sku", wrong_value="Sku-1")
    assert len(sku_search.find("VEND001", "SKU-1").steps) == 1, "an open error about the SKU itself is found at any age"


@pytest.mark.parametrize("typed", ["\0", "%", "'; --", '"\\', "x" * 5000, "5", "😀", "a\nb"])
def test_whatever_is_typed_the_page_answers(pipeline: Pipeline, member: Client, typed: str) -> None:
    pipeline.run(feed(line(1, price="x")))
    ValidationError.objects.create(
        upload=UploadHistory.objects.get(), vendor_id="VEND001", row_number=2, error_type="x", error_message="y",
        original_data=["not", "an", "object"],
    )  # fmt: skip
    response = member.get(FIND, {"q": typed})
    assert response.status_code == 200
    assert "invalid_price" not in text(response)


def test_many_uploads_cost_no_more_queries(pipeline: Pipeline, member: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            member.get(FIND, {"q": "SKU-1"})
        return len(captured)

    pipeline.run(feed(line(1, price="x")))
    pipeline.run(feed(line(1)))
    queries()
    before = queries()
    for price in ("1", "2", "x"):
        pipeline.run(feed(line(1, price=price)))
    assert queries() == before


def test_no_table_is_read_whole(db: None, vendor: Vendor) -> None:
    """Planned with sequential scans made dear: what has no index to go by would still show one.

    With rows and fresh statistics: what the planner knows of an empty table is what other tests left in it.
    """
    upload = UploadHistory.objects.create(upload_id="UPLOAD_1", vendor=vendor, file_name="f.csv")
    other = Vendor.objects.create(vendor_id="VEND002", vendor_name="Becker", email="b@example.com")
    ValidationError.objects.bulk_create(
        ValidationError(
            upload=upload, vendor=other if n % 100 else vendor, row_number=n, error_type="invalid_sku", field="sku",
            error_message="-", wrong_value=f"S {n}",
        )
        for n in range(5_000)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE validation_errors")
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked: list[tuple[Composable, list[Any]]] = [
            (sku_search._NEWEST_SQL, ["VEND001", 10, "x", ["sku"], ["x"], "x", 10]),
            (sku_search._BY_VALUE_SQL, [["sku"], "x", "VEND001", 10]),
            (sku_search._HORIZON_SQL, ["VEND001", 10]),
        ]
        for query, values in asked:
            cursor.execute(SQL("EXPLAIN {}").format(query), values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan, plan
            assert "idx_validation_errors_v" in plan, plan
