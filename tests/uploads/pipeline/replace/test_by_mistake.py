"""Whole catalogs that would empty a catalog by mistake, each of which did so once: what protects it."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from catalog import committer
from catalog.models import Product, ProductChange
from catalog.rules.validator import ProductDraft
from catalog.snapshot import Entry
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.jobs import run_jobs
from uploads.corrections import failed_rows, ignoring, retry, undo
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline import finish, report, stream
from uploads.pipeline.holding.pausing import pause, resume
from uploads.pipeline.receive import Options
from vendors.models import Vendor

REPLACE = Options("replace")
DONE, REFUSED = "done", "refused"


def retired() -> set[str]:
    return set(Product.objects.filter(status="retired").values_list("vendor_product_id", flat=True))


def begun(pipeline: Pipeline, text: str, options: Options = REPLACE) -> UploadHistory:
    """Whose rows have all their outcomes, and which nobody has finished."""
    upload = pipeline.send(text, options=options)
    pipeline.guard(upload)
    pipeline.stage(upload)
    stream.consume()
    upload.refresh_from_db()
    return upload


def test_a_wrong_row_in_another_companys_file_names_no_product_of_a_small_vendor(pipeline: Pipeline) -> None:
    pipeline.run(feed(*map(line, range(1, 16))))
    upload = pipeline.run(feed(*map(line, range(101, 130)), line(200, price="x")), options=REPLACE)
    assert (upload.absent_state, upload.error_records, retired()) == (REFUSED, 1, set())
    assert "names none of your 15 active products" in upload.absent_why


def test_rows_that_retire_products_are_not_half_of_what_is_left(pipeline: Pipeline, unguarded: None) -> None:
    pipeline.run(feed(*map(line, range(1, 61))))
    rows = [*(f"{line(n)},retire" for n in range(1, 26)), f"{line(26)},"]
    upload = pipeline.run("\n".join([f"{HEADER},action", *rows, ""]), options=REPLACE)
    assert (upload.absent_state, upload.retired_records, len(retired())) == (REFUSED, 25, 25)
    assert "names 26 of your 60 active products" in upload.absent_why


def test_rows_about_what_was_retired_long_ago_name_nothing_of_what_is_active(
    pipeline: Pipeline, unguarded: None
) -> None:
    old = [f"{line(n)},retire" for n in range(1, 41)]
    pipeline.run(feed(*map(line, range(1, 81))))
    pipeline.run("\n".join([f"{HEADER},action", *old, ""]))
    upload = pipeline.run("\n".join([f"{HEADER},action", *old, f"{line(41)},", ""]), options=REPLACE)
    assert (upload.absent_state, upload.unchanged_records, len(retired())) == (REFUSED, 41, 40)
    assert "names 1 of your 40 active products" in upload.absent_why


def test_who_let_a_file_through_for_its_prices_has_not_agreed_to_what_it_lacks(
    pipeline: Pipeline, unguarded: None
) -> None:
    pipeline.run(feed(*map(line, range(1, 31))))
    upload = pipeline.send(feed(*map(line, range(1, 9))), options=REPLACE)
    for kinds, state in ((["price_falls"], REFUSED), (["price_falls", "retired"], DONE)):
        findings = [{"kind": kind} for kind in kinds]
        UploadHistory.objects.filter(pk=upload.pk).update(guard="confirmed", guard_findings=findings)
        pipeline.stage(upload)
        pipeline.settle()
        upload.refresh_from_db()
        assert (upload.absent_state, len(retired())) == (state, 0 if state == REFUSED else 22)
        UploadHistory.objects.filter(pk=upload.pk).update(status="processing", absent_state="due")


def test_a_product_whose_row_has_another_id_now_is_not_absent(pipeline: Pipeline) -> None:
    """Excel has taken the zeros in front of its ID: the row is wrong, since its SKU is the product's."""
    pipeline.run(feed(*map(line, range(1, 31)), line(31, vendor_product_id="0031")))
    rows = [*map(line, range(1, 30)), line(31, vendor_product_id="31")]
    upload = pipeline.run(feed(*rows), options=REPLACE)
    assert (upload.error_records, upload.absent_records, retired()) == (1, 1, {"P-30"})
    assert ValidationError.objects.get(upload=upload).error_type == "sku_taken"


@pytest.mark.parametrize(("end", "state"), [("", REFUSED), ("\n", DONE)])
def test_a_last_row_that_is_wrong_and_has_no_line_end_may_be_the_half_of_one(
    pipeline: Pipeline, end: str, state: str
) -> None:
    pipeline.run(feed(*map(line, range(1, 31))))
    upload = pipeline.run(feed(*map(line, range(1, 28)))[: -len("5\n")] + end, options=REPLACE)
    assert (upload.absent_state, len(retired())) == (state, 0 if state == REFUSED else 3)
    assert ("it may have been cut off there" in upload.absent_why) == (state == REFUSED)


def test_a_right_last_row_needs_no_line_end(pipeline: Pipeline) -> None:
    pipeline.run(feed(*map(line, range(1, 31))))
    upload = pipeline.run(feed(line(2, price="free"), *map(line, range(3, 30))).rstrip("\n"), options=REPLACE)
    assert (upload.absent_state, retired()) == (DONE, {"P-1", "P-30"})


def test_a_row_that_comes_right_after_its_product_was_retired_brings_it_back_and_an_undo_too(
    pipeline: Pipeline, admin_user: User
) -> None:
    pipeline.run(feed(*map(line, range(1, 31))))
    upload = begun(pipeline, feed(*map(line, range(1, 30)), line(30, vendor_product_id="", sku="", price="3.00")))
    error = ValidationError.objects.filter(upload=upload).first()
    assert error
    key = failed_rows.Key(upload.pk, error.row_number, error.record_id, upload.vendor_id)
    with transaction.atomic():
        ignoring.move([key], admin_user)
    assert finish.finish(upload.pk)
    assert retired() == {"P-30"}
    with transaction.atomic():
        ignoring.move([key], admin_user, back=True)
        committer.lock_vendors([upload.vendor_id])
        row, said = (key.upload_id, key.record_id), {"vendor_product_id": "P-30", "sku": "SKU-30"}
        retry.new_attempts(failed_rows.by_keys([row]), {row: said}, admin_user)
    upload.refresh_from_db()
    assert (upload.error_records, upload.updated_records, retired()) == (0, 1, set())
    assert str(Product.objects.get(vendor_product_id="P-30").price) == "3.00"
    job = undo.start(upload, admin_user, dry=False)
    run_jobs()
    job.refresh_from_db()
    product = Product.objects.get(vendor_product_id="P-30")
    assert (str(product.price), product.status) == ("9.99", "active")


def test_while_its_vendor_is_paused_nothing_is_retired_and_no_report_written_and_then_it_goes_on(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(feed(*map(line, range(1, 14))))
    upload = begun(pipeline, feed(line(1, price="free"), *map(line, range(2, 12))))
    pause("VEND001", "Stop.", admin_user)
    with monkeypatch.context() as patched:
        patched.setattr(report, "store", lambda _: pytest.fail("A report was written for nothing."))
        assert not finish.finish(upload.pk)
    assert retired() == set()
    resume("VEND001", admin_user)
    assert finish.finish(upload.pk)
    assert retired() == {"P-12", "P-13"}


def test_of_a_vendor_that_was_suspended_after_the_last_row_nothing_is_retired(pipeline: Pipeline) -> None:
    pipeline.run(feed(*map(line, range(1, 6))))
    upload = begun(pipeline, feed(*map(line, range(1, 4))))
    Vendor.objects.update(status="suspended")
    assert finish.finish(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.absent_state, retired()) == ("completed", REFUSED, set())
    assert upload.absent_why.startswith("VEND001 is suspended by now. Nothing was retired.")


# --- undoing it, when the day has gone on ---------------------------------------------------------------------------


def prices(*numbers: int) -> str:
    return "sku,price,stock_quantity\n" + "".join(f"SKU-{n},7.77,3\n" for n in numbers)


def test_an_undo_brings_back_what_nightly_lists_of_prices_have_changed_since_and_keeps_their_prices(
    pipeline: Pipeline, admin_user: User
) -> None:
    pipeline.run(feed(*map(line, range(1, 11))))
    upload = pipeline.run(feed(line(1, price="5.00"), *map(line, range(2, 8))), options=REPLACE)
    assert retired() == {"P-8", "P-9", "P-10"}
    pipeline.run(prices(1, 8, 9))
    pipeline.run("sku,action\nSKU-9,retire\n")  # a word of its own about this one
    Product.objects.filter(vendor_product_id="P-10").update(price="1.00")  # by SQL, which leaves no word
    job = undo.start(upload, admin_user, dry=False)
    run_jobs()
    job.refresh_from_db()
    assert {fate: job.result.get(fate, 0) for fate in ("reversed", "kept")} == {"reversed": 2, "kept": 2}
    assert retired() == {"P-9"}
    after = {one.vendor_product_id: (str(one.price), one.stock_quantity) for one in Product.objects.all()}
    assert (after["P-1"], after["P-8"], after["P-10"]) == (("7.77", 3), ("7.77", 3), ("1.00", 5))


def test_an_undo_leaves_retired_what_a_newer_whole_row_or_a_person_has_had_a_word_in(
    pipeline: Pipeline, admin_user: User
) -> None:
    pipeline.run(feed(*map(line, range(1, 11))))
    upload = pipeline.run(feed(*map(line, range(1, 8))), options=REPLACE)
    pipeline.run(prices(8, 9))
    product = Product.objects.get(vendor_product_id="P-9")
    ProductChange.objects.create(product_id=product.pk, kind="edited", changes={"brand": ["", "x"]})
    pipeline.run(feed(line(10, price="2.00")))  # active again, by a newer file
    pipeline.run(f"{HEADER},action\n{line(10)},retire\n")
    undo.start(upload, admin_user, dry=False)
    run_jobs()
    assert retired() == {"P-9", "P-10"}


@pytest.mark.parametrize(
    ("changes", "fate"),
    [({"status": ["active", "retired"]}, "reversed"),
     ({"status": ["active", "retired"], "price": ["9.99", "3.00"]}, "kept")],
)  # fmt: skip
def test_a_price_that_a_newer_list_changed_is_never_taken_back_with_the_status(
    changes: dict[str, list[object]], fate: str
) -> None:
    """As where a row of the file came right after its product was retired."""
    found = undo._Found("ABSENT_0000000001", 0, None, 1, inserted=False, changes=changes, newer=True, only_offers=True)
    values = ProductDraft("P-1", "Lamp", "Electronics", "SKU-1", "", "", Decimal("7.77"), 5, status="retired")
    assert undo._reversal(found, Entry(1, "VEND001", values), "VEND001").fate == fate
