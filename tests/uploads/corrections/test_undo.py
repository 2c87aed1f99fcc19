"""Undoing an upload: what it brought goes, what it changed is as before, and nothing newer is lost."""

import pytest
from django.contrib.auth.models import User

from catalog import committer
from catalog.models import Product, ProductChange
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs, take_turn
from tests.uploads.corrections.undoing import catalog, put, undone
from uploads.aws import dynamo
from uploads.aws.records import decode
from uploads.corrections import correct, undo
from uploads.corrections.retry import NotRetriable
from uploads.models import Job, RecordOutcome, UploadHistory
from uploads.pipeline import commit, finish
from uploads.work import jobs


def test_what_the_upload_brought_goes_and_what_it_changed_is_as_before(pipeline: Pipeline, admin_user: User) -> None:
    pipeline.run(feed(line(1), line(2, brand="", description="Old")))
    before = catalog(), list(Product.objects.order_by("sku").values_list("brand", "description"))
    changed = pipeline.run(
        feed(line(1, price="1.50"), line(2, sku="NEW-2", brand="B", description="New", stock_quantity="0"), line(3))
    )
    assert len(catalog()) == 3

    assert undone(changed, admin_user) == {"reversed": 3}

    assert (catalog(), list(Product.objects.order_by("sku").values_list("brand", "description"))) == before
    changed.refresh_from_db()
    assert changed.undone_at is not None
    assert (changed.total_records, changed.valid_records) == (3, 3), "what it did stays on record"


def test_looking_first_counts_the_same_and_changes_nothing(pipeline: Pipeline, admin_user: User) -> None:
    pipeline.run(feed(line(1)))
    changed = pipeline.run(feed(line(1, price="1.50"), line(2)))
    before = catalog()

    assert undone(changed, admin_user, dry=True) == {"reversed": 2}

    assert catalog() == before
    changed.refresh_from_db()
    assert changed.undone_at is None
    assert undone(changed, admin_user) == {"reversed": 2}


def test_what_a_newer_upload_changed_or_confirmed_is_kept(pipeline: Pipeline, admin_user: User) -> None:
    first = pipeline.run(feed(line(1), line(2), line(3)))
    pipeline.run(feed(line(1, price="2.00"), line(2)))

    assert undone(first, admin_user) == {"reversed": 1, "kept": 2}

    assert catalog() == {"SKU-1": ("Product 1", "2.00", 5), "SKU-2": ("Product 2", "9.99", 5)}
    examples = Job.objects.get().result["examples"]
    assert [(example["row"], example["sku"], example["fate"]) for example in examples] == [
        (2, "SKU-2", "kept"), (1, "SKU-1", "kept"),
    ]  # fmt: skip


def test_what_was_edited_by_hand_since_is_kept(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1), line(2)))
    product = Product.objects.get(sku="SKU-1")
    ProductChange.objects.create(
        product_id=product.pk, kind="edited", changes={"price": ["9.99", "8.00"]}, changed_by=admin_user
    )

    assert undone(upload, admin_user) == {"reversed": 1, "kept": 1}
    assert list(catalog()) == ["SKU-1"]


def test_what_belongs_to_another_vendor_by_now_is_kept(
    pipeline: Pipeline, other_vendor: object, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1), line(2)))
    Product.objects.filter(sku="SKU-1").update(vendor_id="VEND002")

    assert undone(upload, admin_user) == {"reversed": 1, "kept": 1}
    assert list(catalog()) == ["SKU-1"]


def test_uploads_can_be_undone_one_after_the_other_newest_first(pipeline: Pipeline, admin_user: User) -> None:
    first = pipeline.run(feed(line(1)))
    second = pipeline.run(feed(line(1, price="2.00")))
    third = pipeline.run(feed(line(1, price="2.00")))
    assert third.unchanged_records == 1

    assert undone(second, admin_user) == {"kept": 1}, "the third one confirmed it"
    assert undone(third, admin_user) == {}
    third.refresh_from_db()
    assert third.undone_at is not None
    with pytest.raises(jobs.JobFailed, match="undone already"):
        undo.start(third, admin_user, dry=False)
    assert undone(second, admin_user) == {"reversed": 1}
    assert catalog() == {"SKU-1": ("Product 1", "9.99", 5)}
    assert undone(first, admin_user) == {"reversed": 1}
    assert catalog() == {}


def test_a_sku_that_is_anothers_by_now_fails_alone(pipeline: Pipeline, other_vendor: object, admin_user: User) -> None:
    pipeline.run(feed(line(1), line(2)))
    moved = pipeline.run(feed(line(1, sku="MOVED-1"), line(2, price="1.00")))
    pipeline.run(feed(line(7, sku="SKU-1")), vendor_id="VEND002")

    assert undone(moved, admin_user) == {"reversed": 1, "failed": 1}

    assert catalog()["MOVED-1"] == ("Product 1", "9.99", 5)
    assert catalog()["SKU-2"] == ("Product 2", "9.99", 5)
    assert Job.objects.get().result["examples"][0]["why"] == "Its former SKU belongs to another product by now."
    Product.objects.filter(vendor_id="VEND002").delete()
    assert undone(moved, admin_user) == {"reversed": 1}, "the rest can be undone later"
    assert "SKU-1" in catalog()


def test_skus_that_changed_places_change_back(pipeline: Pipeline, admin_user: User) -> None:
    pipeline.run(feed(line(1), line(2)))
    before = catalog()
    free = pipeline.run(feed(line(1, sku="TMP"), line(2, sku="SKU-1")))
    assert catalog() != before

    assert undone(free, admin_user) == {"reversed": 2}
    assert catalog() == before


def test_it_goes_in_slices_and_does_nothing_twice(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SLICE_ROWS", 2)
    upload = pipeline.run(feed(*(line(number) for number in range(1, 6))))
    job = undo.start(upload, admin_user, dry=False)
    taken: list[int] = []
    real = committer.take_back

    def dies(*arguments: object) -> None:
        taken.append(len(taken))
        if len(taken) == 2:
            raise SystemExit
        real(*arguments)  # type: ignore[arg-type] # handed on

    with monkeypatch.context() as patch:
        patch.setattr(committer, "take_back", dies)
        with pytest.raises(SystemExit):
            take_turn(job)
    assert Product.objects.count() == 3
    Job.objects.update(expires_at=None)

    run_jobs(job)

    assert (job.done, job.result["reversed"]) == (5, 5)
    assert Product.objects.count() == 0
    assert ProductChange.objects.filter(kind="undone").count() == 5


def test_the_history_says_what_was_taken_back_and_by_whom(pipeline: Pipeline, admin_user: User) -> None:
    pipeline.run(feed(line(1)))
    upload = pipeline.run(feed(line(1, price="1.00"), line(2)))
    undone(upload, admin_user)

    back, gone = ProductChange.objects.filter(kind="undone").order_by("record_id")
    assert (back.changes, back.changed_by, back.upload_id) == ({"price": ["1.00", "9.99"]}, admin_user, upload.pk)
    assert gone.changes["sku"] == ["SKU-2", None]
    assert gone.changes["price"] == ["9.99", None]


def test_an_upload_under_way_is_not_undone_and_an_undone_one_not_replayed(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="x")))
    UploadHistory.objects.update(status="processing")
    upload.refresh_from_db()
    with pytest.raises(jobs.JobFailed, match="under way"):
        undo.start(upload, admin_user, dry=False)
    UploadHistory.objects.update(status="completed")
    undone(upload, admin_user)

    with pytest.raises(NotRetriable):
        correct.correct(upload.pk, "REC_0000002", 1, {"price": "5"}, admin_user)


def test_the_same_file_can_be_sent_again_after_an_undo(pipeline: Pipeline, admin_user: User) -> None:
    text = feed(line(1), line(2))
    undone(pipeline.run(text), admin_user)
    again = pipeline.run(text)

    assert (again.inserted_records, len(catalog())) == (2, 2)


def test_a_row_corrected_later_is_undone_with_its_upload(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="x")))
    correct.correct(upload.pk, "REC_0000002", 1, {"price": "5"}, admin_user)
    assert RecordOutcome.objects.filter(outcome="inserted").count() == 2

    assert undone(upload, admin_user) == {"reversed": 2}
    assert catalog() == {}


@pytest.mark.parametrize("slice_rows", [1, 500])
def test_a_product_that_records_of_a_program_changed_twice_is_as_before_the_first(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch, slice_rows: int
) -> None:
    monkeypatch.setattr(undo, "SLICE_ROWS", slice_rows)
    pipeline.run(feed(line(1)))
    before = catalog()
    for record_id, cells in [("a", {"price": "5.00"}), ("b", {"price": "6.00", "stock_quantity": "9"})]:
        put(record_id, **cells)
        pipeline.settle()
    assert catalog() == {"SKU-1": ("Product 1", "6.00", 9)}

    assert undone(UploadHistory.objects.get(pk="ERP"), admin_user) == {"reversed": 1}
    assert catalog() == before


def test_a_product_that_a_program_brought_and_changed_goes(pipeline: Pipeline, admin_user: User) -> None:
    for record_id, price in [("a", "5.00"), ("b", "6.00")]:
        put(record_id, price=price)
        pipeline.settle()

    assert undone(UploadHistory.objects.get(pk="ERP"), admin_user) == {"reversed": 1}
    assert catalog() == {}


def test_a_sku_that_wandered_from_row_to_row_finds_back_over_slices(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "SLICE_ROWS", 1)
    pipeline.run(feed(line(1), line(2)))
    before = catalog()
    wandered = pipeline.run(feed(line(1, sku="TMP"), line(2, sku="SKU-1")))

    assert undone(wandered, admin_user) == {"reversed": 2}
    assert catalog() == before


def test_rows_that_come_out_of_the_stream_after_the_undo_stay_out_of_the_catalog(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.send(feed(*(line(number) for number in range(1, 5))))
    pipeline.stage(upload)
    commit.commit_batch([decode(item) for item in dynamo.query_upload(upload.pk)][:2])
    finish.fail(upload.pk, "broken", "The file ends in the middle of a row.")
    assert undone(upload, admin_user) == {"reversed": 2}

    pipeline.settle()

    assert catalog() == {}
    assert RecordOutcome.objects.filter(outcome="cancelled").count() == 2
