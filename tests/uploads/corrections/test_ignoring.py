"""Rows that nobody wants to correct are set aside: counted apart, and back when somebody wants them."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.corrections.test_closing import counts, states
from uploads.corrections import correct, failed_rows, ignoring, retry
from uploads.corrections.failed_rows import Key, Selection
from uploads.corrections.retry import NotRetriable
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import report


def key(upload: UploadHistory, row: int) -> Key:
    return Key(upload.pk, row, f"REC_{row:07d}", upload.vendor_id)


@pytest.fixture
def failed(pipeline: Pipeline) -> UploadHistory:
    """Three rows with errors, the first with two, and one that is right."""
    return pipeline.run(
        feed(line(1, price="x", stock_quantity="y"), line(2, price="x"), line(3, category="Nope"), line(4))
    )


def test_an_ignored_row_waits_for_nobody_and_stays_an_error_on_record(failed: UploadHistory, admin_user: User) -> None:
    assert ignoring.set_aside([key(failed, 1)], admin_user) == 1

    assert counts(failed) == (3, 2, 1, 0)
    assert (failed.total_records, failed.valid_records) == (4, 1)
    assert RecordOutcome.objects.get(upload_id=failed.pk, row_number=1).outcome == "error"
    assert failed_rows.count(Selection(upload_id=failed.pk)) == 2
    assert [row[-7] for row in report.report_rows(failed)][1:] == ["2", "3"], "the report has what is left to do"
    with pytest.raises(NotRetriable):
        correct.correct(failed.pk, "REC_0000001", 1, {"price": "5", "stock_quantity": "1"}, admin_user)
    problem = ValidationError.objects.filter(row_number=1).first()
    assert problem
    assert (problem.note, problem.resolved_by) == ("Ignored.", admin_user)


def test_it_can_be_taken_back_and_corrected(failed: UploadHistory, admin_user: User) -> None:
    ignoring.set_aside([key(failed, 1)], admin_user)
    assert ignoring.set_aside([key(failed, 1)], admin_user) == 0, "once is enough"
    assert ignoring.take_back([key(failed, 1), key(failed, 2)], admin_user) == 1

    assert (counts(failed), states(failed)[1]) == ((3, 3, 0, 0), ("", ""))
    correct.correct(failed.pk, "REC_0000001", 1, {"price": "5", "stock_quantity": "1"}, admin_user)
    assert counts(failed) == (2, 2, 0, 0)
    assert ignoring.set_aside([key(failed, 1)], admin_user) == 0, "it has no errors any more"


@pytest.mark.parametrize(
    ("chosen", "left"),
    [(Selection(codes=("invalid_price",)), 1), (Selection(), 0), (Selection(field="category", wrong_value="nope"), 2)],
    ids=["of a kind", "of the upload", "with a value"],
)
def test_all_rows_of_a_kind_are_ignored_and_taken_back_in_slices(
    failed: UploadHistory, admin_user: User, monkeypatch: pytest.MonkeyPatch, chosen: Selection, left: int
) -> None:
    monkeypatch.setattr(ignoring, "SLICE_ROWS", 1)
    selection = Selection(**{**vars(chosen), "upload_id": failed.pk, "vendor_id": "VEND001"})
    job = run_jobs(ignoring.start(selection, admin_user))
    assert (job.state, job.result) == ("done", {"ignored": 3 - left})
    assert counts(failed) == (3, left, 3 - left, 0)

    job = run_jobs(ignoring.start(Selection(upload_id=failed.pk, vendor_id="VEND001"), admin_user, back=True))
    assert (job.state, job.result) == ("done", {"taken_back": 3 - left})
    assert counts(failed) == (3, 3, 0, 0)


def test_what_came_right_meanwhile_is_closed_when_it_is_taken_back(
    pipeline: Pipeline, failed: UploadHistory, admin_user: User
) -> None:
    ignoring.set_aside([key(failed, row) for row in (1, 2, 3)], admin_user)
    newer = pipeline.run(feed(line(1)))
    assert counts(failed) == (3, 0, 3, 0), "nobody looks at ignored rows"
    ignoring.take_back([key(failed, row) for row in (1, 2)], admin_user)

    assert states(failed) == {1: ("newer_upload", newer.pk), 2: ("", ""), 3: ("ignored", "")}
    assert counts(failed) == (3, 1, 1, 1)


def test_rows_that_cannot_be_corrected_can_be_ignored(failed: UploadHistory, admin_user: User) -> None:
    UploadHistory.objects.update(undone_at=timezone.now())
    run_jobs(ignoring.start(Selection(upload_id=failed.pk, vendor_id="VEND001"), admin_user))
    assert counts(failed) == (3, 0, 3, 0)


def test_a_retry_leaves_ignored_rows_alone(failed: UploadHistory, admin_user: User) -> None:
    ignoring.set_aside([key(failed, 1)], admin_user)
    job = run_jobs(retry.start(Selection(upload_id=failed.pk, vendor_id="VEND001"), admin_user))
    assert (job.result["error"], counts(failed)) == (2, (3, 2, 1, 0))


def test_many_wrong_values_are_replaced_by_one_job_that_says_what_came_of_each(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.run(
        feed(
            line(1, category="Elektro"), line(2, category="ELEKTRO"), line(3, category="Kleider"),
            line(4, category="Kleider", price="x"), line(5, category="Other"), line(6),
        )
    )  # fmt: skip
    selection = Selection(upload_id=upload.pk, vendor_id="VEND001", field="category")
    job = run_jobs(retry.start(selection, admin_user, {"elektro": "Electronics", "Kleider": "Clothing"}))

    assert (job.state, job.total, job.done) == ("done", 4, 4)
    assert {name: job.result[name] for name in ("valid", "error", "came", "why")} == {
        "valid": 3, "error": 1, "came": {"inserted": 3}, "why": {"invalid_price": 1},
    }  # fmt: skip
    assert [(one["row"], one["why"]) for one in job.result["examples"]] == [
        (4, "“x” is not a price. Write a number such as 1299.00.")
    ]
    assert list(Product.objects.order_by("sku").values_list("category", flat=True)) == [
        "Electronics", "Electronics", "Clothing", "Electronics",
    ]  # fmt: skip
    assert counts(upload) == (2, 2, 0, 0)
