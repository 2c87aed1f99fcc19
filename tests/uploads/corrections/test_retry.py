"""Failed rows, corrected or as they are, retried: once each, counted right, and nothing of what was there is lost."""

import random
from collections.abc import Iterable

import pytest
from django.contrib.auth.models import User

from catalog import committer
from catalog.models import Product, ProductCategory, ProductChange
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs, take_turn
from tests.uploads.corrections.undoing import put
from uploads.aws import dynamo
from uploads.aws.records import decode
from uploads.corrections import correct, failed_rows, retry
from uploads.corrections.failed_rows import Selection
from uploads.corrections.retry import NotRetriable
from uploads.models import Correction, Job, RecordOutcome, UploadHistory, ValidationError, ValueRule
from uploads.work import jobs, leases
from vendors.models import Vendor


def counts(upload: UploadHistory) -> tuple[int, int, int, int]:
    upload.refresh_from_db()
    return upload.total_records, upload.valid_records, upload.error_records, upload.inserted_records


def open_errors(upload: UploadHistory) -> list[tuple[int, str, int]]:
    errors = ValidationError.objects.filter(upload=upload, resolved_at=None).order_by("row_number", "error_id")
    return list(errors.values_list("row_number", "error_type", "attempt"))


def statuses(upload: UploadHistory) -> dict[str, str]:
    return {record.record_id: record.status for record in map(decode, dynamo.query_upload(upload.pk))}


# --- one row ---------------------------------------------------------------------------------------------------


def test_a_corrected_row_becomes_a_product_and_counts_as_valid(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="cheap")))
    assert counts(upload) == (2, 1, 1, 1)

    outcome = correct.correct(upload.pk, "REC_0000002", 1, {"price": "12.50"}, admin_user)

    assert (outcome.outcome, outcome.attempt) == ("inserted", 2)
    assert counts(upload) == (2, 2, 0, 2)
    assert open_errors(upload) == []
    assert str(Product.objects.get(vendor_product_id="P-2").price) == "12.50"
    assert statuses(upload) == {"REC_0000001": "validated", "REC_0000002": "validated"}


def test_a_record_with_the_longest_id_that_dynamodb_takes_can_be_corrected(
    pipeline: Pipeline, admin_user: User
) -> None:
    record_id = "".join(random.Random(1).choices("abcdefghij", k=1024))  # repetitive text would be compressed
    put(record_id, price="free")
    pipeline.settle()
    outcome = correct.correct("ERP", record_id, 1, {"price": "12.00"}, admin_user)

    assert outcome.outcome == "inserted"
    assert Correction.objects.get().record_id == ValidationError.objects.get().record_id == record_id
    put(f"x{record_id[1:]}", price="8.00")
    pipeline.settle()
    assert str(Product.objects.get().price) == "8.00"
    assert ProductChange.objects.filter(record_id=f"x{record_id[1:]}").exists()
    assert {item["status"]["S"] for item in dynamo.query_upload("ERP")} == {"validated"}


def test_a_row_of_a_vendor_suspended_meanwhile_keeps_what_was_wrong_with_it(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1, price="cheap")))
    Vendor.objects.update(status="suspended")
    with pytest.raises(NotRetriable, match="suspended"):
        correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    assert open_errors(upload) == [(1, "invalid_price", 1)]


def test_what_the_file_said_stays_and_the_correction_says_who_changed_what(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1, price="cheap", stock_quantity="lots")))
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "5", "stock_quantity": "lots"}, admin_user)

    correction = Correction.objects.get()
    assert (correction.row_number, correction.attempt, correction.corrected_by) == (1, 2, admin_user)
    assert correction.changes == {"price": ["cheap", "5"]}
    first, second, again = ValidationError.objects.order_by("error_id")
    before, after = first.original_data or {}, again.original_data or {}
    assert (first.error_type, second.error_type) == ("invalid_price", "invalid_stock")
    assert None not in (first.resolved_at, second.resolved_at)
    assert before["price"] == "cheap"
    assert (again.error_type, again.attempt, after["price"]) == ("invalid_stock", 2, "5")
    assert counts(upload) == (1, 0, 1, 0)
    assert list(RecordOutcome.objects.order_by("attempt").values_list("attempt", "outcome")) == [
        (1, "error"), (2, "error"),
    ]  # fmt: skip


def test_a_row_that_somebody_else_tried_meanwhile_is_left_alone(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "y"}, admin_user)

    with pytest.raises(NotRetriable, match="faster"):
        correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    correct.correct(upload.pk, "REC_0000001", 2, {"price": "5"}, admin_user)
    with pytest.raises(NotRetriable, match="faster"):
        correct.correct(upload.pk, "REC_0000001", 3, {"price": "6"}, admin_user)

    assert counts(upload) == (1, 1, 0, 1)


def test_a_row_that_could_not_be_read_is_given_its_cells(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1), "P-2;only;three"))
    row = failed_rows.one(upload.pk, "REC_0000002")
    assert row is not None
    assert row.raw
    names = [header for _, header, _ in failed_rows.cells(row, upload)]

    good = dict(zip(names, line(2).split(","), strict=True))
    correct.correct(upload.pk, "REC_0000002", 1, good, admin_user)

    assert counts(upload) == (2, 2, 0, 2)
    assert Correction.objects.get().changes["sku"] == [None, "SKU-2"]


def test_a_row_of_a_cancelled_or_undone_upload_is_not_retried(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    UploadHistory.objects.update(status="cancelled")
    with pytest.raises(NotRetriable, match="cancelled"):
        correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    UploadHistory.objects.update(status="completed", undone_at="2026-01-01T00:00:00Z")
    with pytest.raises(NotRetriable, match="undone"):
        correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)

    assert counts(upload) == (1, 0, 1, 0)


def test_a_record_that_names_another_vendor_is_never_given_to_the_uploads_own(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    ValidationError.objects.update(error_type="vendor_mismatch")

    with pytest.raises(NotRetriable, match="record itself"):
        correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    assert failed_rows.count(Selection(upload_id=upload.pk)) == 0


def test_the_error_report_follows_the_corrections(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    upload.refresh_from_db()
    assert upload.error_report_key

    correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)

    upload.refresh_from_db()
    assert upload.error_report_key == ""


def test_a_redelivered_record_does_not_undo_its_correction(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    items = list(dynamo.query_upload(upload.pk))
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)

    dynamo.put_records([{**item, "status": {"S": "pending_validation"}} for item in items])
    pipeline.settle()

    assert counts(upload) == (1, 1, 0, 1)
    assert statuses(upload) == {"REC_0000001": "validated"}, "its newest outcome is what the table is told again"


# --- many rows -------------------------------------------------------------------------------------------------


def test_one_wrong_value_is_corrected_in_all_rows_that_share_it(pipeline: Pipeline, admin_user: User) -> None:
    wrong = [line(number, category=name) for number, name in enumerate(["Colour TVs", "colour tvs ", "Radios"], 1)]
    upload = pipeline.run(feed(*wrong, line(4, category="Colour TVs", price="x")))
    selection = Selection(vendor_id="VEND001", field="category", wrong_value="Colour TVs")
    assert failed_rows.count(selection) == 3

    job = run_jobs(retry.start(selection, admin_user, {selection.wrong_value: "Electronics"}))

    assert (job.state, job.total, job.done) == ("done", 3, 3)
    assert (job.result["valid"], job.result["error"]) == (2, 1)
    assert counts(upload) == (4, 2, 2, 2)
    assert open_errors(upload) == [(3, "unknown_category", 1), (4, "invalid_price", 2)]
    assert Correction.objects.count() == 3
    assert not ValueRule.objects.exists()


def test_a_kept_rule_reads_the_vendors_later_rows_that_way(pipeline: Pipeline, admin_user: User) -> None:
    pipeline.run(feed(line(1, category="Colour TVs")))
    selection = Selection(vendor_id="VEND001", field="category", wrong_value="Colour TVs")
    run_jobs(retry.start(selection, admin_user, {selection.wrong_value: "Electronics"}, keep_as_rule=True))
    later = pipeline.run(feed(line(1), line(2, category=" COLOUR tvs")))

    assert counts(later)[:3] == (2, 2, 0)
    assert set(Product.objects.values_list("category", flat=True)) == {"Electronics"}
    rule = ValueRule.objects.get()
    assert (rule.vendor_id, rule.created_by, rule.right_value) == ("VEND001", admin_user, "Electronics")


def test_a_rule_of_one_vendor_is_not_anothers(pipeline: Pipeline, other_vendor: object) -> None:
    ValueRule.objects.create(vendor_id="VEND001", field="category", wrong_value="TVs", right_value="Electronics")
    upload = pipeline.run(feed(line(1, category="TVs")), vendor_id="VEND002")

    assert counts(upload)[:3] == (1, 0, 1)


def test_rows_that_failed_only_for_their_category_are_found_when_it_comes(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, category="Drones"), line(2, category="Drones", price="x"), line(3)))
    ProductCategory.objects.create(category_name="drones")
    selection = Selection(
        field="category", wrong_value="drones", codes=("unknown_category", "inactive_category"), alone=True
    )
    assert failed_rows.count(selection) == 1

    run_jobs(retry.start(selection, admin_user))

    assert counts(upload) == (3, 2, 1, 2)
    assert not Correction.objects.exists(), "nothing was changed"


def test_retrying_what_still_fails_ends_and_keeps_the_newest_reason(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(*(line(number, price="x") for number in range(1, 4))))
    job = run_jobs(retry.start(Selection(upload_id=upload.pk), admin_user))

    assert (job.state, job.done, job.result["valid"], job.result["error"]) == ("done", 3, 0, 3)
    assert open_errors(upload) == [(1, "invalid_price", 2), (2, "invalid_price", 2), (3, "invalid_price", 2)]
    assert counts(upload) == (3, 0, 3, 0)


def test_a_job_that_is_interrupted_goes_on_where_it_stood(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "SLICE_ROWS", 2)
    upload = pipeline.run(feed(*(line(number, category="Drones") for number in range(1, 6))))
    ProductCategory.objects.create(category_name="Drones")
    job = retry.start(Selection(upload_id=upload.pk), admin_user)
    written = []

    def dies(outcomes: list[object]) -> int:
        written.append(len(outcomes))
        if len(written) == 2:
            raise SystemExit
        return 0

    with monkeypatch.context() as patch:
        patch.setattr("uploads.pipeline.writeback.write", dies)
        with pytest.raises(SystemExit):
            take_turn(job)
    assert take_turn(job) is False, "its lease is still held"
    assert counts(upload)[1] == 4
    Job.objects.update(expires_at="2026-01-01T00:00:00Z")
    assert jobs.unattended() == [job.pk]

    run_jobs(job)

    assert (job.state, job.done, job.result["valid"], job.result["error"]) == ("done", 5, 5, 0)
    assert counts(upload) == (5, 5, 0, 5)
    assert RecordOutcome.objects.filter(attempt=2).count() == 5


def test_a_worker_that_was_overtaken_writes_nothing(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    job = retry.start(Selection(upload_id=upload.pk), admin_user)
    Job.objects.update(state="running", epoch=5)

    with pytest.raises(leases.LeaseLost):
        retry.step(job)

    assert RecordOutcome.objects.filter(attempt=2).count() == 0


def test_a_job_that_makes_the_code_fail_says_so_and_does_not_come_back(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    job = retry.start(Selection(upload_id=upload.pk), admin_user)

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(failed_rows, "by_keys", fails)
    run_jobs(job)

    assert job.state == "failed"
    assert "our side" in job.failure
    assert jobs.unattended() == []
    assert counts(upload) == (1, 0, 1, 0)


@pytest.mark.parametrize("change", [{"status": "cancelled"}, {"undone_at": "2026-01-01T00:00:00Z"}])
def test_a_correction_that_waited_for_a_cancel_or_an_undo_changes_nothing(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    lock = committer.lock_vendors

    def locked_by_others_first(vendor_ids: Iterable[str]) -> committer.Locks:
        UploadHistory.objects.update(**change)
        return lock(vendor_ids)

    monkeypatch.setattr(committer, "lock_vendors", locked_by_others_first)
    with pytest.raises(NotRetriable):
        correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    assert Product.objects.count() == 0
    assert open_errors(upload) == [(1, "invalid_price", 1)]
