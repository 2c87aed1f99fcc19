"""Errors close themselves when their product comes right in another way, and open again when that is taken back."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Product, ProductChange
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.jobs import take_turn
from tests.uploads.corrections.undoing import undone
from uploads.corrections import correct, undo
from uploads.models import UploadHistory, ValidationError

CLOSED, OPEN = "newer_upload", ""


def states(upload: UploadHistory) -> dict[int, tuple[str, str]]:
    """Row → why its errors are settled, and by which upload."""
    problems = ValidationError.objects.errors().filter(upload=upload).order_by("row_number", "error_id")
    return {problem.row_number: (problem.resolution, problem.closed_by) for problem in problems}


def counts(upload: UploadHistory) -> tuple[int, int, int, int]:
    """Rows with errors; of these open, ignored and closed."""
    upload.refresh_from_db()
    return upload.error_records, upload.open_records, upload.ignored_records, upload.closed_records


@pytest.mark.parametrize(
    ("failed", "newer", "closes"),
    [
        ({"price": "x"}, {"price": "5.00"}, True),
        ({"price": "x", "stock_quantity": "y", "product_name": ""}, {}, True),
        ({"price": "x"}, {"price": "y"}, False),
        ({"price": "x", "sku": "OTHER"}, {}, True),
        ({"price": "x", "vendor_product_id": "P-9"}, {}, False),
        ({"vendor_product_id": ""}, {}, True),
        ({"vendor_product_id": "", "sku": "SKU-9"}, {}, False),
        ({"vendor_product_id": "", "sku": "a b c !"}, {"vendor_product_id": "P-7"}, False),
        ({"price": "x", "vendor_product_id": '"=""P-1"""'}, {}, True),
        ({"price": "x", "vendor_product_id": "p-1"}, {}, False),
    ],
    ids=[
        "the same product", "whatever is wrong with the row", "wrong again", "the product ID counts, not the SKU",
        "another product with the same SKU", "without a product ID the SKU counts", "another SKU",
        "another row without a product ID", "as the cell means it", "IDs differ by capitals",
    ],
)  # fmt: skip
def test_a_newer_upload_closes_the_errors_of_the_products_that_it_brings(
    pipeline: Pipeline, failed: dict[str, str], newer: dict[str, str], closes: bool
) -> None:
    older = pipeline.run(feed(line(1, **failed), line(2)))
    assert counts(older) == (1, 1, 0, 0)
    closing = pipeline.run(feed(line(1, **newer)))

    assert states(older) == {1: (CLOSED, closing.pk) if closes else (OPEN, "")}
    assert counts(older) == ((1, 0, 0, 1) if closes else (1, 1, 0, 0))
    assert (older.total_records, older.valid_records) == (2, 1), "what the upload did stays on record"


def test_a_product_that_is_only_confirmed_or_changed_closes_them_too(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1), line(2)))
    older = pipeline.run(feed(line(1, price="x"), line(2, price="x"), line(3, price="x")))
    newer = pipeline.run(feed(line(1), line(2, price="5.00")))

    assert states(older) == {1: (CLOSED, newer.pk), 2: (CLOSED, newer.pk), 3: (OPEN, "")}


def test_errors_of_the_upload_itself_and_of_newer_ones_stay_open(pipeline: Pipeline, admin_user: User) -> None:
    older = pipeline.run(feed(line(1, price="x"), line(2)))
    newer = pipeline.run(feed(line(1, price="y"), line(2), line(2)))
    assert counts(newer) == (2, 2, 0, 0), "a row that is twice in the file is one to look at"
    correct.correct(older.pk, "REC_0000001", 1, {"price": "5"}, admin_user)

    assert counts(newer) == (2, 2, 0, 0), "an older file brought the product, and the newer word is still wrong"


def test_another_vendors_upload_closes_nothing(pipeline: Pipeline, other_vendor: object) -> None:
    older = pipeline.run(feed(line(1, price="x", sku="A")))
    pipeline.run(feed(line(1, sku="B")), vendor_id="VEND002")
    assert counts(older) == (1, 1, 0, 0)


def test_a_row_that_comes_late_is_closed_at_once_where_a_newer_upload_was_faster(pipeline: Pipeline) -> None:
    late = pipeline.send(feed(line(1, price="x"), line(2, price="x")))
    newer = pipeline.run(feed(line(1)))
    pipeline.stage(late)
    pipeline.settle()

    assert states(late) == {1: (CLOSED, newer.pk), 2: (OPEN, "")}
    assert counts(late) == (2, 1, 0, 1)
    assert late.status == "completed"


def test_a_row_that_was_corrected_closes_what_still_older_uploads_have(pipeline: Pipeline, admin_user: User) -> None:
    oldest = pipeline.run(feed(line(1, price="x")))
    older = pipeline.run(feed(line(1, price="y")))
    correct.correct(older.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    assert states(oldest) == {1: (CLOSED, older.pk)}


def test_what_is_delivered_twice_closes_nothing_twice(pipeline: Pipeline) -> None:
    older = pipeline.run(feed(line(1, price="x", stock_quantity="y"), line(2)))
    for _ in range(2):
        pipeline.run(feed(line(1)))
    assert counts(older) == (1, 0, 0, 1)


def test_a_list_that_only_changes_prices_closes_the_errors_of_such_lists_alone(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    whole = pipeline.run(feed(line(1, price="x")))
    listed = pipeline.run(feed(line(1, price="y")))
    newer = pipeline.send(feed(line(1)))
    for upload in (listed, newer):
        UploadHistory.objects.filter(pk=upload.pk).update(layout=_updating(upload))
    pipeline.stage(newer)
    pipeline.settle()
    assert (counts(whole), counts(listed)) == ((1, 1, 0, 0), (1, 0, 0, 1))
    late = pipeline.run(feed(line(1)))
    assert states(whole) == {1: (CLOSED, late.pk)}


def _updating(upload: UploadHistory) -> dict[str, object]:
    columns = {field: [field] for field in HEADER.split(",")}
    return {**(upload.layout or {}), "plan": {"format": "own", "columns": columns, "mode": "update"}}


# --- undone ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", ["5.00", "9.99"], ids=["changed", "only confirmed"])
def test_undoing_the_upload_that_closed_them_opens_them_again(pipeline: Pipeline, admin_user: User, price: str) -> None:
    pipeline.run(feed(line(1), line(2)))
    older = pipeline.run(feed(line(1, price="x", stock_quantity="y"), line(2)))
    newer = pipeline.run(feed(line(1, price=price)))
    assert counts(older) == (1, 0, 0, 1)
    undone(newer, admin_user, dry=True)
    assert counts(older) == (1, 0, 0, 1), "a look changes nothing"
    undone(newer, admin_user)

    assert (states(older), counts(older)) == ({1: (OPEN, "")}, (1, 1, 0, 0))
    again = pipeline.run(feed(line(1)))
    assert states(older) == {1: (CLOSED, again.pk)}


def test_what_another_upload_stands_for_stays_closed_and_names_that_one(pipeline: Pipeline, admin_user: User) -> None:
    older = pipeline.run(feed(line(1, price="x")))
    first, second = pipeline.run(feed(line(1))), pipeline.run(feed(line(1, price="5.00")))
    assert states(older) == {1: (CLOSED, first.pk)}
    undone(first, admin_user)
    assert states(older) == {1: (CLOSED, second.pk)}
    undone(second, admin_user)
    assert states(older) == {1: (CLOSED, first.pk)}, "what its undo had to keep"


def test_what_was_edited_by_hand_since_stays_closed(pipeline: Pipeline, admin_user: User) -> None:
    older = pipeline.run(feed(line(1, price="x")))
    newer = pipeline.run(feed(line(1)))
    ProductChange.objects.create(product_id=Product.objects.get().pk, kind="edited", changes={"brand": ["", "B"]})
    undone(newer, admin_user)
    assert (states(older), counts(older)) == ({1: (CLOSED, newer.pk)}, (1, 0, 0, 1)), "the product was kept"


def test_an_undo_opens_as_many_as_there_are_in_slices(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.corrections.undo.SLICE_ROWS", 2)
    numbers = range(1, 6)
    pipeline.run(feed(*(line(number) for number in numbers)))
    older = pipeline.run(feed(*(line(number, price="x", stock_quantity="y") for number in numbers)))
    newer = pipeline.run(feed(*(line(number) for number in numbers)))
    assert counts(older) == (5, 0, 0, 5)
    undone(newer, admin_user)
    assert counts(older) == (5, 5, 0, 0)


# --- by hand ---------------------------------------------------------------------------------------------------

FORM = {
    "vendor": "VEND001", "vendor_product_id": "P-1", "product_name": "Lamp", "category": "Electronics", "sku": "SKU-1",
    "brand": "", "description": "", "price": "9.99", "stock_quantity": "1",
}  # fmt: skip


def test_a_product_that_staff_enter_or_change_closes_its_errors_and_says_who(
    pipeline: Pipeline, admin_client: Client, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1, price="x", stock_quantity="y"), line(2, price="x")))
    response = admin_client.post("/admin/catalog/product/add/", FORM, follow=True)

    assert "Closed since the product is right now: 1 failed row" in response.content.decode()
    assert (states(upload), counts(upload)) == ({1: ("by_hand", ""), 2: ("", "")}, (2, 1, 0, 1))
    problem = ValidationError.objects.filter(row_number=1).first()
    assert problem
    assert (problem.note, problem.resolved_by) == ("Closed: this product was changed by hand.", admin_user)

    again = pipeline.run(feed(line(1, price="y")))
    page = f"/admin/catalog/product/{Product.objects.get().pk}/change/"
    admin_client.post(page, FORM)
    assert counts(again) == (1, 1, 0, 0), "nothing was changed"
    admin_client.post(page, FORM | {"price": "8.00"})
    assert counts(again) == (1, 0, 0, 1)


def test_an_edit_stands_when_the_upload_before_it_is_undone(
    pipeline: Pipeline, admin_client: Client, admin_user: User
) -> None:
    pipeline.run(feed(line(1)))
    older = pipeline.run(feed(line(1, price="x")))
    newer = pipeline.run(feed(line(1)))
    admin_client.post(f"/admin/catalog/product/{Product.objects.get().pk}/change/", FORM | {"price": "8.00"})
    undone(newer, admin_user)
    assert (states(older), counts(older)) == ({1: ("by_hand", "")}, (1, 0, 0, 1))


def test_while_an_undo_is_under_way_errors_open_with_the_products_that_are_taken_back(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SLICE_ROWS", 1)
    older = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    newer = pipeline.run(feed(line(1), line(2)))
    job = undo.start(newer, admin_user, dry=False)
    monkeypatch.setattr("uploads.work.jobs.TURN_SECONDS", 0)
    take_turn(job)
    assert states(older) == {1: (CLOSED, newer.pk), 2: (OPEN, "")}, "the last row goes first"
