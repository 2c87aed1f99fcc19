"""Modes: an upload that only adds, or only updates, leaves the other products alone and says so."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.corrections import retry
from uploads.corrections.failed_rows import Selection
from uploads.feed.parser import Reading
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import finish, receive
from uploads.pipeline.examine import FeedFile
from uploads.pipeline.receive import Options
from uploads.preview import dry_run, kept_files, verdicts
from vendors.models import VendorMember

# P-1 and P-2 are there already; row 1 changes one, row 2 says the same, row 3 is new, row 4 wrong, row 5 a repetition.
ROWS = feed(line(1, price="1.00"), line(2), line(3), line(4, price="free"), line(3, sku="SKU-33"))
EXPECTED = {
    "upsert": ["updated", "unchanged", "inserted", "error", "error"],
    "add": ["skipped", "skipped", "inserted", "error", "error"],
    "update": ["updated", "unchanged", "skipped", "error", "skipped"],
}


def send(pipeline: Pipeline, mode: str, text: str = ROWS) -> UploadHistory:
    upload = receive.receive(io.BytesIO(text.encode()), "feed.csv", "VEND001", options=Options(mode=mode))
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    return upload


@pytest.mark.parametrize("mode", EXPECTED)
def test_each_mode_does_what_its_preview_and_its_dry_run_say(pipeline: Pipeline, mode: str) -> None:
    pipeline.run(feed(line(1), line(2)))
    seen = verdicts.of(FeedFile(io.BytesIO(ROWS.encode())), "VEND001", Reading(), mode)
    assert [row.outcome for row in seen.rows] == EXPECTED[mode]
    user = User.objects.create_user("ada")
    file = FeedFile(io.BytesIO(ROWS.encode()))
    kept = kept_files.from_token(kept_files.keep(file, "feed.csv", "VEND001", user), user)
    job = dry_run.start(kept, seen.contents, seen.layout, Reading(), user, mode)
    run_jobs(job)

    upload = send(pipeline, mode)
    outcomes = RecordOutcome.objects.filter(upload_id=upload.pk).order_by("row_number")
    assert [record.outcome for record in outcomes] == EXPECTED[mode]
    counted = {name: count for name, count in job.result.items() if name not in ("problems", "warned", "warnings")}
    assert counted == {name: EXPECTED[mode].count(name) for name in set(EXPECTED[mode])}


@pytest.mark.parametrize("mode", ["add", "update"])
def test_skipped_rows_count_as_valid_and_name_no_product(pipeline: Pipeline, mode: str) -> None:
    pipeline.run(feed(line(1), line(2)))
    upload = send(pipeline, mode)
    assert upload.status == "completed"
    assert upload.skipped_records == EXPECTED[mode].count("skipped")
    assert upload.valid_records + upload.error_records == upload.total_records == upload.file_rows == 5
    skipped = RecordOutcome.objects.filter(upload_id=upload.pk, outcome="skipped")
    assert set(skipped.values_list("product_id", "error_reason")) == {(None, "")}


def test_only_add_changes_no_product_that_is_there(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1), line(2)))
    send(pipeline, "add")
    assert str(Product.objects.get(sku="SKU-1").price) == "9.99"
    assert Product.objects.filter(sku="SKU-3").exists()


def test_only_update_brings_no_new_product(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1), line(2)))
    send(pipeline, "update")
    assert str(Product.objects.get(sku="SKU-1").price) == "1.00"
    assert Product.objects.count() == 2


def test_a_row_that_is_retried_keeps_to_the_mode_of_its_upload(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    upload = send(pipeline, "update", feed(line(1, price="free"), line(9, price="free")))
    job = retry.start(
        Selection(upload_id=upload.pk, vendor_id="VEND001", field="price", wrong_value="free"), None, {"free": "2.00"}
    )
    run_jobs(job)
    upload.refresh_from_db()
    assert (upload.updated_records, upload.skipped_records, upload.error_records) == (1, 1, 0)
    assert not ValidationError.objects.errors().filter(resolved_at=None).exists()
    assert list(Product.objects.values_list("sku", flat=True)) == ["SKU-1"]


def test_an_upload_does_as_ever_unless_it_says_otherwise(pipeline: Pipeline) -> None:
    assert pipeline.send(feed(line(1))).mode == "upsert"


# --- who is told -----------------------------------------------------------------------------------------------


@pytest.fixture
def ada(vendor: Any) -> User:
    user = User.objects.create_user("ada", "ada@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=user, role="uploader")
    return user


@pytest.mark.parametrize(
    ("notify", "told"),
    [("vendor", ["feeds@northwind.example"]), ("uploader", ["ada@northwind.example"]), ("nobody", [])],
)
def test_whom_the_upload_says_is_told_of_its_end(vendor: Any, ada: User, notify: str, told: list[str]) -> None:
    upload = UploadHistory.objects.create(
        upload_id="U1", vendor=vendor, file_name="feed.csv", notify=notify, uploaded_by=ada, error_records=1,
        total_records=1, status="completed", mode="add",
    )  # fmt: skip
    finish.notify(upload)
    assert [address for message in mail.outbox for address in message.to] == told
    if notify == "uploader":
        assert "/vendor/VEND001/uploads/U1/" in str(mail.outbox[0].body)


def test_who_has_left_the_vendor_is_told_nothing(vendor: Any, ada: User) -> None:
    VendorMember.objects.all().delete()
    finish.notify(
        UploadHistory.objects.create(upload_id="U1", vendor=vendor, file_name="f", notify="uploader", uploaded_by=ada)
    )
    assert mail.outbox == []


def test_the_mail_says_how_many_rows_were_left_alone(vendor: Any) -> None:
    upload = UploadHistory(upload_id="U1", vendor=vendor, file_name="f", mode="add", skipped_records=3)
    finish.notify(upload)
    assert "3 rows were left alone: the upload was to only add new products." in str(mail.outbox[0].body)
