"""What an undo took back stands in nobody's way: rows of older uploads that come after it are written.

Each test begins with a product and an older upload whose row for it, of price 7.00, comes only at the end.
"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog.models import Product, ProductChange
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs, take_turn
from tests.uploads.corrections.undoing import catalog, put, undone
from uploads.corrections import correct, undo
from uploads.models import RecordOutcome, UploadHistory


@pytest.fixture
def older(pipeline: Pipeline) -> list[UploadHistory]:
    """Two uploads that were sent, and not read yet, for products that are in the catalog since an upload before."""
    pipeline.run(feed(line(1), line(2)))
    return [pipeline.send(feed(line(number, price="7.00"))) for number in (1, 2)]


@pytest.fixture
def late(older: list[UploadHistory], pipeline: Pipeline) -> Callable[..., str]:
    """Reads one of the older uploads; returns what became of its row."""

    def read(number: int = 1) -> str:
        upload = older[number - 1]
        pipeline.stage(upload)
        pipeline.settle()
        return RecordOutcome.objects.get(upload_id=upload.pk).outcome

    return read


def price(number: int = 1) -> str:
    return catalog()[f"SKU-{number}"][1]


@pytest.mark.parametrize("said", ["1.50", "9.99"], ids=["changed it", "confirmed it"])
def test_a_row_tried_again_is_written_once_the_newer_upload_is_undone(
    pipeline: Pipeline, admin_user: User, said: str
) -> None:
    pipeline.run(feed(line(1)))
    older = pipeline.run(feed(line(1, price="x")))
    undone(pipeline.run(feed(line(1, price=said))), admin_user)

    outcome = correct.correct(older.pk, "REC_0000001", 1, {"price": "7.00"}, admin_user).outcome
    assert (outcome, price()) == ("updated", "7.00")


@pytest.mark.usefixtures("older")
def test_a_row_that_comes_late_out_of_the_stream_is_written_too(pipeline: Pipeline, admin_user: User) -> None:
    late = pipeline.send(feed(line(1, price="7.00")))
    undone(pipeline.run(feed(line(1, price="1.50"))), admin_user)
    pipeline.stage(late)
    pipeline.settle()

    late.refresh_from_db()
    assert (late.superseded_records, late.updated_records, price()) == (0, 1, "7.00")


def test_of_several_newer_uploads_one_that_stands_is_enough_to_supersede(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User
) -> None:
    pipeline.run(feed(line(1, price="1.50")))
    undone(pipeline.run(feed(line(1, price="2.50"), line(2, price="2.50"))), admin_user)

    assert (late(1), price(1)) == ("superseded", "1.50")
    assert (late(2), price(2)) == ("updated", "7.00")


def test_once_all_newer_uploads_are_undone_none_supersedes(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User
) -> None:
    newer = [pipeline.run(feed(line(1, price=said))) for said in ("1.50", "2.50", "2.50")]
    for upload in reversed(newer):
        undone(upload, admin_user)

    assert (late(), price()) == ("updated", "7.00")


def test_what_an_undo_kept_still_supersedes(pipeline: Pipeline, late: Callable[..., str], admin_user: User) -> None:
    newer = pipeline.run(feed(line(1, price="1.50"), line(2, price="1.50")))
    product = Product.objects.get(sku="SKU-1")
    ProductChange.objects.create(product_id=product.pk, kind="edited", changes={"brand": ["", "B"]})
    assert undone(newer, admin_user) == {"reversed": 1, "kept": 1}

    assert (late(1), price(1)) == ("superseded", "1.50")
    assert (late(2), price(2)) == ("updated", "7.00")


def test_looking_at_what_an_undo_would_do_takes_nothing_back(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User
) -> None:
    undone(pipeline.run(feed(line(1, price="1.50"))), admin_user, dry=True)

    assert (late(), price()) == ("superseded", "1.50")


def test_while_an_undo_is_under_way_what_it_has_not_taken_back_yet_counts(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SLICE_ROWS", 1)
    job = undo.start(pipeline.run(feed(line(1, price="1.50"), line(2, price="1.50"))), admin_user, dry=False)
    monkeypatch.setattr("uploads.work.jobs.TURN_SECONDS", 0)
    take_turn(job)

    assert (late(2), price(2)) == ("updated", "7.00"), "the last row goes first"
    assert (late(1), price(1)) == ("superseded", "1.50")
    run_jobs(job)
    assert (price(1), price(2)) == ("9.99", "7.00"), "what was written since is not undone"


def test_a_row_that_was_superseded_wrote_nothing_and_supersedes_nothing(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User
) -> None:
    between = pipeline.send(feed(line(1, price="5.00")))
    newest = pipeline.run(feed(line(1, price="1.50")))
    pipeline.stage(between)
    pipeline.settle()
    assert RecordOutcome.objects.get(upload_id=between.pk).outcome == "superseded"
    undone(newest, admin_user)

    assert (late(), price()) == ("updated", "7.00")


def test_a_product_that_the_newer_upload_brought_is_brought_by_the_row_instead(
    pipeline: Pipeline, admin_user: User
) -> None:
    older = pipeline.run(feed(line(3, price="x")))
    newer = pipeline.run(feed(line(3)))
    before = Product.objects.get(sku="SKU-3").pk
    undone(newer, admin_user)

    assert correct.correct(older.pk, "REC_0000001", 1, {"price": "7.00"}, admin_user).outcome == "inserted"
    assert Product.objects.get(sku="SKU-3").pk != before


def test_what_a_program_puts_under_an_undone_upload_is_new_counts_and_can_be_undone_again(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User
) -> None:
    for record_id, said, outcome in [("a1", "5.00", "updated"), ("b2", "6.00", "updated"), ("c3", "9.99", "unchanged")]:
        put(record_id, price=said)
        pipeline.settle()
        assert RecordOutcome.objects.get(record_id=record_id).outcome == outcome
        if outcome == "updated":
            assert price() == said
            assert undone(UploadHistory.objects.get(pk="ERP"), admin_user) == {"reversed": 1}
            assert price() == "9.99"

    assert (late(), price()) == ("superseded", "9.99"), "the last one confirmed it after the undo"


def test_a_second_undo_goes_back_to_what_was_there_after_the_first(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User
) -> None:
    for record_id, said in [("a1", "5.00"), ("b2", "6.00")]:
        put(record_id, price=said)
        pipeline.settle()
        assert price() == said
        undone(UploadHistory.objects.get(pk="ERP"), admin_user)
        if record_id == "a1":
            late()

    assert price() == "7.00"


def test_what_a_program_confirmed_since_the_last_undo_goes_with_the_next(
    pipeline: Pipeline, late: Callable[..., str], admin_user: User
) -> None:
    for record_id, said in [("a1", "5.00"), ("b2", "9.99")]:
        put(record_id, price=said)
        pipeline.settle()
        undone(UploadHistory.objects.get(pk="ERP"), admin_user)

    assert (late(), price()) == ("updated", "7.00")
