"""Records that programs put are held to the thresholds of files, over the last hour: beyond one they wait."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.pipeline.holding.seen import ERP, put, statuses, tick
from uploads.aws.records import Record
from uploads.corrections import correct, retry
from uploads.corrections.failed_rows import Selection
from uploads.models import GuardThreshold, ProgramMinute, RecordOutcome, UploadHistory
from uploads.pipeline import reconcile, stream
from uploads.pipeline.holding import answering, release, window, withheld
from uploads.pipeline.holding.pausing import pause, resume
from vendors import holds
from vendors.models import Vendor, VendorHold, VendorMember

ALL = range(1, 41)


@pytest.fixture
def staff(transactional_db: None) -> User:
    return User.objects.create_user("ops", is_staff=True)


@pytest.fixture
def catalog(pipeline: Pipeline) -> None:
    """40 products of VEND001, put an hour ago and more."""
    put(*ALL, upload_id="BEFORE")
    pipeline.settle()
    ProgramMinute.objects.all().delete()


def hold() -> VendorHold:
    return VendorHold.objects.get(vendor="VEND001", kind="window", ended_at=None)


def stocks() -> set[int]:
    return set(Product.objects.filter(vendor="VEND001").values_list("stock_quantity", flat=True))


def test_a_program_that_sets_every_stock_to_0_changes_nothing_and_its_records_wait(
    pipeline: Pipeline, catalog: None
) -> None:
    owner = User.objects.create_user("ann", "ann@northwind.example")
    VendorMember.objects.create(vendor_id="VEND001", user=owner, role="owner")
    put(*ALL, stock_quantity="0")
    pipeline.settle()

    assert stocks() == {5}
    assert set(statuses(ERP)) == {"pending_validation"}
    assert not RecordOutcome.objects.filter(upload_id=ERP).exists()
    upload = UploadHistory.objects.get(pk=ERP)
    assert (upload.status, upload.total_records, upload.withheld_from) == ("processing", 0, "REC_0000001")
    assert hold().reason == "40 stocks fall to 0, of 40 products within an hour: 100 %, where up to 30 % go through"
    (finding,) = answering.findings_of(hold())
    assert (finding.kind, finding.found, finding.of) == ("zero_stock", 40, 40)
    assert finding.lines[0] == "Product 1 (VEND001-1): 5 → 0"
    (told,) = mail.outbox
    assert told.to == ["ann@northwind.example"]
    assert "40 stocks fall to 0" in told.body

    tick()
    put(41, 42)
    pipeline.settle()
    assert (stocks(), len(mail.outbox)) == ({5}, 1), "whatever comes, it waits too, and is told once"


def test_let_through_they_take_effect_and_are_not_measured_again(
    pipeline: Pipeline, catalog: None, staff: User
) -> None:
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    assert answering.answer("VEND001", hold().pk, "confirmed", staff)
    tick()

    assert stocks() == {0}
    assert set(statuses(ERP)) == {"validated"}
    upload = UploadHistory.objects.get(pk=ERP)
    assert (upload.status, upload.updated_records) == ("completed", 40)
    assert (upload.withheld_from, upload.withheld_answer) == (None, "")
    assert holds.of("VEND001") is None

    put(*ALL, upload_id="NEXT", price="1.00")
    pipeline.settle()
    assert hold().reason.startswith("40 prices fall by half or more, of 40 products"), (
        "what comes then is measured anew"
    )


def test_refused_they_end_as_cancelled_and_count_nowhere(pipeline: Pipeline, catalog: None, staff: User) -> None:
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    assert answering.answer("VEND001", hold().pk, "refused", staff)
    tick()

    assert stocks() == {5}
    assert set(statuses(ERP)) == {"error"}
    assert set(RecordOutcome.objects.filter(upload_id=ERP).values_list("outcome", flat=True)) == {"cancelled"}
    upload = UploadHistory.objects.get(pk=ERP)
    assert (upload.status, upload.total_records, upload.withheld_from) == ("cancelled", 0, None)
    assert not ProgramMinute.objects.exists()
    put(1, upload_id="NEXT", stock_quantity="7")
    pipeline.settle()
    assert 7 in stocks()


def test_a_hold_is_answered_once_and_only_the_one_that_was_looked_at(
    pipeline: Pipeline, catalog: None, staff: User
) -> None:
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    seen = hold().pk
    assert not answering.answer("VEND001", seen + 1, "confirmed", staff)
    assert answering.answer("VEND001", seen, "refused", staff)
    assert not answering.answer("VEND001", seen, "confirmed", staff)
    assert UploadHistory.objects.get(pk=ERP).withheld_answer == "refused"


def test_the_hour_is_added_up_over_batches_and_what_is_older_is_forgotten(pipeline: Pipeline, catalog: None) -> None:
    for number in range(1, 13):  # 12 of 32: a bit at a time
        put(number, upload_id=f"A{number}", stock_quantity="0")
        pipeline.settle()
    assert VendorHold.objects.count() == 0, "of 12 products nothing is said: too few"
    put(*range(13, 33), upload_id="B")
    pipeline.settle()
    assert VendorHold.objects.count() == 0, "they bring the share down and are not held for what came before"
    put(33, upload_id="C", stock_quantity="0")
    pipeline.settle()
    assert hold().reason.startswith("13 stocks fall to 0, of 33 products")
    assert Product.objects.get(sku="VEND001-33").stock_quantity == 5

    VendorHold.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE program_minutes SET minute = minute - interval '61 minutes'")
    put(34, upload_id="D", stock_quantity="0")
    pipeline.settle()
    assert Product.objects.get(sku="VEND001-34").stock_quantity == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE program_minutes SET minute = minute - interval '121 minutes'")
    put(35, upload_id="E")
    pipeline.settle()
    assert ProgramMinute.objects.count() == 1


def test_of_a_page_of_two_vendors_only_the_one_beyond_is_held(
    pipeline: Pipeline, catalog: None, other_vendor: Vendor
) -> None:
    put(*ALL, stock_quantity="0")
    put(*ALL, upload_id="THEIRS", vendor_id="VEND002", stock_quantity="0")
    pipeline.settle()
    assert stocks() == {5}
    assert Product.objects.filter(vendor="VEND002").count() == 40, "new products are none whose stock fell"
    assert UploadHistory.objects.get(pk="THEIRS").status == "completed"
    assert holds.of("VEND002") is None


def test_a_program_does_not_hold_a_vendor_whose_records_it_only_pretends_to_put(
    pipeline: Pipeline, catalog: None, other_vendor: Vendor
) -> None:
    put(*ALL, upload_id="BEFORE", vendor_id="VEND002", stock_quantity="0")
    pipeline.settle()
    assert VendorHold.objects.count() == 0


def test_a_file_is_taken_while_records_of_programs_wait(pipeline: Pipeline, catalog: None) -> None:
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    upload = pipeline.run(feed(line(900)))
    assert (upload.status, upload.inserted_records) == ("completed", 1)
    assert hold()


def test_a_newer_file_is_not_overwritten_by_records_that_are_let_through_later(
    pipeline: Pipeline, catalog: None, staff: User
) -> None:
    put(1, upload_id="A", sku="SKU-1")  # as the file below calls it
    pipeline.settle()
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    pipeline.run(feed(line(1, stock_quantity="8")))
    assert answering.answer("VEND001", hold().pk, "confirmed", staff)
    tick()
    assert Product.objects.get(vendor_product_id="P-1").stock_quantity == 8
    assert UploadHistory.objects.get(pk=ERP).superseded_records == 1


def test_thresholds_that_staff_set_count(pipeline: Pipeline, catalog: None) -> None:
    GuardThreshold.objects.create(
        kind="zero_stock", vendor_id="VEND001", limit_percent=100, owner_percent=100, minimum=1, is_on=False
    )
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    assert stocks() == {0}


def test_what_waited_for_a_pause_is_measured_when_it_goes_on(pipeline: Pipeline, catalog: None, staff: User) -> None:
    pause("VEND001", "Wait.", staff)
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    resume("VEND001", staff)
    tick()
    assert stocks() == {5}
    assert hold().findings
    assert UploadHistory.objects.get(pk=ERP).withheld_from == "REC_0000001"


def test_an_answer_waits_for_the_end_of_a_pause(pipeline: Pipeline, catalog: None, staff: User) -> None:
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    pause("VEND001", "Wait.", staff)
    answering.answer("VEND001", hold().pk, "confirmed", staff)
    tick()
    assert stocks() == {5}
    resume("VEND001", staff)
    tick()
    assert stocks() == {0}


def test_many_rows_with_errors_wait_too(pipeline: Pipeline, catalog: None) -> None:
    put(*ALL, price="free")
    pipeline.settle()
    assert hold().reason.startswith("40 rows have errors, of 40 rows within an hour: 100 %")
    assert not RecordOutcome.objects.filter(upload_id=ERP).exists()


def test_a_batch_is_committed_once_though_it_was_tried_twice(
    pipeline: Pipeline, catalog: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was tried and found to be too much leaves nothing behind, not even in the minutes."""
    tried = list[Any]()
    add = window.add

    def noted(records: Any) -> None:
        tried.append(1)
        add(records)

    monkeypatch.setattr(window, "add", noted)
    put(*ALL, stock_quantity="0")
    while stream.consume():
        pass
    assert len(tried) >= 2
    assert not ProgramMinute.objects.exists()


def test_a_program_that_retires_a_whole_catalog_in_one_page_retires_nothing(pipeline: Pipeline, catalog: None) -> None:
    put(*ALL, action="retire")
    pipeline.settle()
    assert hold().reason.startswith("40 products are retired, of 40 active products within an hour: 100 %")
    assert answering.findings_of(hold())[0].lines[0] == "Product (P-1): active → retired"
    assert Product.objects.filter(vendor="VEND001", status="active").count() == 40


def test_retired_products_are_a_share_of_those_that_were_active_before(pipeline: Pipeline, catalog: None) -> None:
    for number in range(1, 7):  # 6 of 40 are 15 %, the limit
        put(number, upload_id=f"R{number}", action="retire")
        pipeline.settle()
    assert VendorHold.objects.count() == 0
    put(7, upload_id="R7", action="retire")
    pipeline.settle()
    assert hold().reason.startswith("7 products are retired, of 40 active products")


def test_people_retry_rows_while_records_of_programs_wait(pipeline: Pipeline, catalog: None, staff: User) -> None:
    put(41, upload_id="WRONG", category="Garden Gnomes")
    pipeline.settle()
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    assert hold()
    ProductCategory.objects.create(category_name="Garden Gnomes")
    job = run_jobs(retry.start(Selection(upload_id="WRONG", vendor_id="VEND001"), staff))
    assert (job.state, job.done, job.result.get("valid")) == ("done", 1, 1)
    assert Product.objects.filter(sku="VEND001-41").exists()
    assert list(ProgramMinute.objects.values_list("rows", flat=True)) == [1], "who looks at a row isn't measured"
    assert UploadHistory.objects.get(pk="WRONG").withheld_from is None


@pytest.mark.parametrize("answered", ["", "refused"])
def test_people_correct_a_row_of_an_upload_whose_records_wait(
    pipeline: Pipeline, catalog: None, staff: User, answered: str
) -> None:
    put(41, category="Garden Gnomes")
    pipeline.settle()
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    if answered:
        answering.answer("VEND001", hold().pk, answered, staff)
    outcome = correct.correct(ERP, "REC_0000041", 1, {"category": "Electronics"}, staff)
    assert outcome.outcome == "inserted"
    tick()
    assert UploadHistory.objects.get(pk=ERP).inserted_records == 1
    assert (stocks(), len(set(statuses(ERP)))) == ({5}, 2)


def test_behind_an_answer_the_hour_begins_anew(pipeline: Pipeline, catalog: None, staff: User) -> None:
    put(*range(1, 13), upload_id="A1", stock_quantity="0")  # too few to say anything of them
    pipeline.settle()
    put(*range(13, 33), upload_id="A2")
    pipeline.settle()
    put(33, upload_id="B", stock_quantity="0")
    pipeline.settle()
    assert answering.answer("VEND001", hold().pk, "confirmed", staff)
    tick()
    put(34, upload_id="C", stock_quantity="0")
    pipeline.settle()
    assert holds.of("VEND001") is None


def test_what_is_left_while_the_last_of_what_waited_is_let_through_is_let_through_too(
    pipeline: Pipeline, catalog: None, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(*ALL, stock_quantity="0")
    pipeline.settle()
    answering.answer("VEND001", hold().pk, "confirmed", staff)
    move, commit = release._move, reconcile.commit
    passes = list[int]()

    def a_moment_later(upload_id: str, batches: int, last: Record) -> bool:
        moved = move(upload_id, batches, last)
        if len(passes) == 1:
            withheld.mark([last])  # as a batch that the stream brought
        return moved

    def noted(records: Any) -> Any:
        passes.append(len(records))
        return commit(records)

    monkeypatch.setattr(release, "_move", a_moment_later)
    monkeypatch.setattr(reconcile, "commit", noted)
    tick()
    assert len(passes) == 2
    assert UploadHistory.objects.get(pk=ERP).withheld_from is None
