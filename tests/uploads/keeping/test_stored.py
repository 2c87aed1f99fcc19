"""Files and logs that are deleted by their age, dates for records in DynamoDB, and what people find in their place."""

import html
import io
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.keeping.aging import age, archive, delete_old, removed
from tests.uploads.mending import text as escaped
from tests.uploads.portal.test_upload import sign_in
from uploads.aws import client as aws_client
from uploads.aws import dynamo, expiry, storage
from uploads.aws.records import EXPIRES, decode
from uploads.corrections import undo
from uploads.keeping import passes, stored, turn
from uploads.models import Job, Kept, ServiceOutage, UploadHistory
from uploads.pipeline import stream
from uploads.preview import kept_files
from uploads.work import policies


def text(response: Any) -> str:
    return html.unescape(escaped(response))


def in_storage(*keys: str) -> list[bool]:
    found = []
    for key in keys:
        try:
            with storage.opened(key):
                found.append(True)
        except storage.FileMissing:
            found.append(False)
    return found


# --- files -------------------------------------------------------------------------------------------------------


def test_files_and_reports_go_by_their_age_and_an_open_upload_keeps_its_own(pipeline: Pipeline) -> None:
    old, young = (pipeline.run(feed(line(number), line(number + 2, price="free"))) for number in (1, 2))
    open_one = pipeline.send(feed(line(9)))
    keys = [key for one in (old, young) for key in (one.storage_key, one.error_report_key)]
    assert in_storage(*keys) == [True] * 4
    age(old, open_one)
    age(young, days=100)

    delete_old()

    assert in_storage(*keys, open_one.storage_key) == [False, False, True, False, True]
    assert removed("files", "reports") == {"files": 1, "reports": 2}
    for upload in (old, young):
        upload.refresh_from_db()
    assert (old.storage_key, old.error_report_key, young.error_report_key) == ("", "", "")
    assert (old.file_deleted_at is not None, young.file_deleted_at) == (True, None)
    assert Kept.objects.get(kind="files").standing == 2


def test_who_is_killed_between_the_file_and_its_note_is_followed_by_one_that_notes_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.run(feed(line(1)))
    age(upload)
    with monkeypatch.context() as patch:
        patch.setattr(stored, "_note", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            passes.go_on()
    assert in_storage(upload.storage_key) == [False]

    delete_old()
    upload.refresh_from_db()
    assert upload.storage_key == ""
    assert removed("files") == {"files": 1}


def test_no_file_of_another_vendor_is_deleted_whatever_a_row_says(pipeline: Pipeline, other_vendor: object) -> None:
    theirs = pipeline.run(feed(line(1), line(2, price="free")), "VEND002")
    ours = pipeline.run(feed(line(3)))
    UploadHistory.objects.filter(pk=ours.pk).update(
        storage_key=theirs.storage_key, error_report_key=theirs.error_report_key
    )
    age(ours)
    delete_old()
    assert in_storage(theirs.storage_key, theirs.error_report_key) == [True, True]


def test_storage_that_is_away_holds_up_nothing_that_needs_none(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.run(feed(line(1)))
    age(upload)

    def away(key: str) -> None:
        raise storage.StorageUnavailable("S3 isn't reachable.")

    monkeypatch.setattr(storage, "delete", away)
    with pytest.raises(storage.StorageUnavailable):
        delete_old()
    upload.refresh_from_db()
    assert (upload.archived_at is not None, upload.storage_key != "") == (True, True)


# --- what people find --------------------------------------------------------------------------------------------


def test_who_comes_for_what_was_deleted_is_told_so(
    pipeline: Pipeline, client: Client, admin_client: Client, settings: Any
) -> None:
    settings.KEEP_RECORDS_DAYS = 30
    upload = pipeline.run(feed(line(1), line(2, price="free")))
    pipeline.run(feed(line(1)))
    sign_in(client, "uploader")
    archive(upload)
    Product.objects.update(created_at=datetime.now(UTC) - timedelta(days=501))
    dynamodb = aws_client.dynamodb()
    for number in (1, 2):
        key = {"upload_id": {"S": upload.pk}, "record_id": {"S": f"REC_000000{number}"}}
        dynamodb.delete_item(TableName=settings.UPLOAD_RECORDS_TABLE, Key=key)
    gone = f"The file was deleted on {datetime.now(UTC):%Y-%m-%d}, 500 days after it ended."
    ours, staff = f"/vendor/VEND001/uploads/{upload.pk}/", f"/admin/uploads/uploadhistory/{upload.pk}/"

    page = text(client.get(ours))
    assert gone in page
    assert "The upload was archived on" in page
    assert "Download it as you sent it" not in page
    assert "Undo it" not in page
    assert gone in text(client.get(f"{ours}file", follow=True))
    assert "What stood before it isn't kept any more." in text(client.get(f"{ours}undo/", follow=True))
    assert "Send the row again in a new file." in text(client.get(f"{ours}errors/"))
    assert b"SKU-2" in b"".join(client.get(f"{ours}failed-rows.csv"))
    assert "only the newest row about a product is kept" in text(client.get("/vendor/VEND001/find/?q=SKU-1"))

    assert gone in text(admin_client.get(f"/admin/uploads/uploadhistory/{upload.pk}/change/"))
    assert gone in text(admin_client.get(f"{staff}file/", follow=True))
    why = "DynamoDB deletes records 30 days after their last status; what it doesn't have went so."
    assert f"No records. {why}" in text(admin_client.get(f"{staff}records/"))
    for number in (1, 2):
        record = admin_client.get(f"{staff}records/REC_000000{number}/")
        assert record.status_code == 200
        assert why in text(record)
    product = admin_client.get("/admin/catalog/product/", follow=True)
    found = re.search(r"/admin/catalog/product/\d+/change/", product.content.decode())
    assert found
    assert "of their rows, the newest that touched a product is kept" in text(admin_client.get(found[0]))


def test_the_page_of_a_job_that_isnt_kept_any_more_leads_on(
    pipeline: Pipeline, client: Client, admin_user: User
) -> None:
    sign_in(client, "uploader")
    job = run_jobs(undo.start(pipeline.run(feed(line(1))), admin_user, dry=True))
    for name in ("undoing", "mending"):
        assert client.get(f"/vendor/VEND001/{name}/{job.pk + 1}/").status_code == 404
    Job.objects.filter(pk=job.pk).update(ended_at=datetime.now(UTC) - timedelta(days=91))
    delete_old()
    assert removed("jobs") == {"jobs": 1}
    for name in ("undoing", "mending"):
        for more in ("", "progress/"):
            page = client.get(f"/vendor/VEND001/{name}/{job.pk}/{more}", follow=True)
            assert "This was done long ago, and what it said isn't kept any more." in text(page)


# --- records in DynamoDB -----------------------------------------------------------------------------------------


def _expiry(upload: UploadHistory, record_id: str) -> int:
    item = dynamo.get_record(upload.pk, record_id)
    assert item
    return int(item.get(EXPIRES, {"N": "0"})["N"])


def test_a_record_gets_its_date_with_its_status_and_none_without(pipeline: Pipeline, settings: Any) -> None:
    settings.KEEP_RECORDS_DAYS = 30
    upload = pipeline.send(feed(line(1), line(2, price="free")))
    pipeline.stage(upload)
    assert [_expiry(upload, f"REC_000000{number}") for number in (1, 2)] == [0, 0]

    pipeline.settle()

    for number, status in ((1, "validated"), (2, "error")):
        assert _expiry(upload, f"REC_000000{number}") == pytest.approx(time.time() + 30 * 86_400, abs=600)
        item = dynamo.get_record(upload.pk, f"REC_000000{number}")
        assert item
        assert decode(item).status == status


def test_records_are_kept_for_ever_unless_somebody_says_otherwise(pipeline: Pipeline) -> None:
    assert _expiry(pipeline.run(feed(line(1))), "REC_0000001") == 0


def test_the_table_is_told_to_delete_by_that_date(table: str) -> None:
    assert not expiry.is_on()
    expiry.turn_on()
    assert expiry.is_on()


def test_what_dynamodb_deleted_comes_by_the_stream_and_changes_nothing(pipeline: Pipeline, settings: Any) -> None:
    """A removal has no new image, whoever removed it; DynamoDB names itself in those by date."""
    upload = pipeline.run(feed(line(1), line(2)))
    before = upload.total_records, upload.valid_records
    dynamodb = aws_client.dynamodb()
    key = {"upload_id": {"S": upload.pk}, "record_id": {"S": "REC_0000001"}}
    dynamodb.delete_item(TableName=settings.UPLOAD_RECORDS_TABLE, Key=key)
    rows = "SELECT coalesce(max(checkpoint), '') FROM stream_shards"
    with connection.cursor() as cursor:
        cursor.execute(rows)
        checkpoint = cursor.fetchone()
        pipeline.settle()
        cursor.execute(rows)
        assert cursor.fetchone() > checkpoint, "it was read past"
    upload.refresh_from_db()
    assert (upload.total_records, upload.valid_records) == before
    by_date = {
        "eventName": "REMOVE",
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "dynamodb": {"Keys": key, "SequenceNumber": "1", "SizeBytes": 40, "StreamViewType": "NEW_IMAGE"},
    }
    assert stream.pending([by_date]) == []


# --- logs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def nothing_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "KINDS", {kind: passes.KINDS[kind] for kind in ("jobs", "admin_log", "outages")})


def test_logs_go_from_their_oldest_end_and_what_is_open_stays(
    transactional_db: None, nothing_of_aws: None, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    monkeypatch.setattr("uploads.keeping.logs.BATCH_ROWS", 2)
    for days in (500, 450, 401, 399, 1):
        LogEntry.objects.log_actions(admin_user.pk, [admin_user], 2, "x", single_object=True)
        LogEntry.objects.filter(pk=LogEntry.objects.latest("pk").pk).update(action_time=now - timedelta(days=days))
        ServiceOutage.objects.create(service=f"S{days}", reason="", ended_at=now - timedelta(days=days))
        Job.objects.create(kind="undo", state="done", ended_at=now - timedelta(days=days))
    ServiceOutage.objects.create(service="DynamoDB", reason="", began_at=now - timedelta(days=500))
    Job.objects.create(kind="undo", state="running")

    delete_old()

    assert removed("admin_log", "outages", "jobs") == {"admin_log": 3, "outages": 3, "jobs": 4}
    assert (LogEntry.objects.count(), ServiceOutage.objects.count(), Job.objects.count()) == (2, 3, 2)
    assert {row.kind: row.standing for row in Kept.objects.all()} == {"jobs": 2, "admin_log": 2, "outages": 3}
    assert Kept.objects.get(kind="jobs").removed_that_day == 4


def test_what_was_previewed_and_never_sent_is_swept_and_counted(transactional_db: None, bucket: None) -> None:
    storage.save(f"{kept_files.FOLDER}/20200101/VEND001.x", io.BytesIO(b"x"))
    assert stored.delete_previews(_turn("previews")) is False
    assert removed("previews") == {"previews": 1}


def _turn(kind: str) -> turn.Turn:
    found = turn.take(kind, 1)
    assert found
    return found


# --- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "days", "hint"),
    [
        ("KEEP_ROWS_DAYS", 29, "Set it to at least 30 days, or to 0 to delete nothing."),
        ("KEEP_FILES_DAYS", -1, "Set it to at least 1 day, or to 0 to delete nothing."),
        ("KEEP_ROWS_DAYS", 30, ""), ("KEEP_JOBS_DAYS", 0, ""),
    ],
)  # fmt: skip
def test_a_number_of_days_that_cant_be_kept_to_is_refused(settings: Any, name: str, days: int, hint: str) -> None:
    setattr(settings, name, days)
    assert [str(error.hint) for error in policies.days_are_possible()] == ([hint] if hint else [])
