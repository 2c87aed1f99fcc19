"""What DynamoDB will never take: each row and status of it is settled once, and nobody asks for ever."""

import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Pipeline
from tests.faults.answers import dynamodb_answers
from tests.faults.scripted import image
from tests.faults.strict import REFUSED, Strict, strict
from tests.feeds import HEADER, feed, line
from uploads.aws import client, dynamo, limits
from uploads.corrections import correct
from uploads.feed import columns
from uploads.feed.apart import process
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import reconcile, stage, writeback
from uploads.pipeline.examine import Refused
from uploads.pipeline.ledger import Outcome

LONG = "n" * 65_536


@pytest.fixture
def aws_limits(pipeline: Pipeline) -> Iterator[Strict]:
    with strict() as engine:
        yield engine


def statuses(upload_id: str) -> Counter[str]:
    return Counter(item["status"]["S"] for item in dynamo.query_upload(upload_id))


def sweep() -> None:
    writeback.sweep(older_than_seconds=0)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


# --- staging ---------------------------------------------------------------------------------------------------


def test_a_header_that_dynamodb_would_refuse_is_refused_with_its_place_and_length(pipeline: Pipeline) -> None:
    with pytest.raises(Refused) as refused:
        pipeline.send(f"{HEADER},{LONG}\n{line(1)},x\n")
    assert refused.value.code == "column_name_too_long"
    assert "column 9 has 65,536 characters; at most 1,000" in str(refused.value)
    assert not UploadHistory.objects.exists()


def test_the_longest_header_that_is_received_is_staged(pipeline: Pipeline, aws_limits: Strict) -> None:
    names = ["あ" * 1_000, *(f"{n:03}" + "x" * 895 for n in range(100))]
    upload = pipeline.run("\n".join([",".join([HEADER, *names]), line(1) + "," * len(names), ""]))
    assert (upload.status, upload.inserted_records) == ("completed", 1)


def test_an_upload_from_before_headers_had_a_limit_ends_with_each_row_an_error(
    pipeline: Pipeline, aws_limits: Strict, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(columns, "NAME_CHARS", 10**6)
        before.setattr(process, "SMALL", 10**6)  # where it is read in a process of its own, that has its limits
        upload = pipeline.send(f"{HEADER},{LONG}\n" + "".join(f"{line(n)},x\n" for n in range(1, 31)))
    pipeline.stage(upload)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.error_records) == ("completed", 30)
    error = ValidationError.objects.earliest("row_number")
    assert (error.error_type, error.row_number, error.line_number) == ("row_too_long", 1, 2)
    assert "65,536 bytes" in error.error_message
    assert aws_limits.puts == [25, 5]


def test_a_row_that_is_refused_becomes_an_error_in_its_place_and_all_others_go_on(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    text = feed(*(line(n, product_name="odd" if n == 27 else f"Lamp {n}") for n in range(1, 61)))
    with strict("'product_name': {'S': 'odd'}") as engine:
        upload = pipeline.run(text)

    assert (upload.status, upload.inserted_records, upload.error_records) == ("completed", 59, 1)
    error = ValidationError.objects.get()
    assert (error.error_type, error.row_number, error.line_number) == ("not_stored", 27, 28)
    assert "parameter values were invalid" in error.error_message
    assert (error.original_data or {})["raw"].startswith("P-27 odd Electronics")
    assert statuses(upload.pk) == {"validated": 59, "error": 1}
    assert len(engine.puts) < 3 + 2 * 10 + 1, "by halving; each refusal is asked for twice"
    assert len(warned(caplog)) == 1
    assert "DynamoDB refuses 1 of 60 rows" in warned(caplog)[0]


def test_rows_keep_their_order_while_the_one_that_is_refused_is_looked_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, real = list[str](), dynamo.put_records

    def watched(items: Any) -> None:
        real(items)
        put.extend(item["record_id"]["S"] for item in items)

    monkeypatch.setattr(dynamo, "put_records", watched)
    upload = pipeline.send(feed(*(line(n, product_name="odd" if n % 9 == 0 else "Lamp") for n in range(1, 61))))
    with strict("'product_name': {'S': 'odd'}"):
        pipeline.stage(upload)
    assert put == sorted(put)
    assert len(put) == 60


def test_an_upload_whose_rows_are_all_refused_fails_with_the_reason_and_one_line_in_the_log(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    upload = pipeline.send(feed(*(line(n) for n in range(1, 2001))))
    with strict("product_data': {'M': {'vendor_product_id") as engine:
        pipeline.stage(upload)
        asked = len(engine.puts)
        assert stage.stage(upload.pk) is None

    upload.refresh_from_db()
    assert (upload.status, upload.failure_code) == ("failed", "not_stored")
    assert "DynamoDB says: " in upload.failure_reason
    assert "parameter values were invalid" in upload.failure_reason
    assert len(engine.puts) == asked < 3 * (stage.MOST_REFUSED + 25), "and is asked no more"
    assert len(warned(caplog)) == 1


def test_an_upload_fails_where_even_the_error_row_is_refused(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    upload = pipeline.send(feed(*(line(n) for n in range(1, 101))))
    asked = list[int]()

    def mismatch(request: dict[str, Any]) -> dict[str, Any]:
        asked.append(1)
        return {"__type": REFUSED, "message": "The provided key element does not match the schema"}

    with dynamodb_answers("BatchWriteItem", mismatch):
        pipeline.stage(upload)

    upload.refresh_from_db()
    assert (upload.status, upload.failure_code) == ("failed", "not_stored")
    assert "does not match the schema" in upload.failure_reason
    assert len(asked) < 20
    assert len(warned(caplog)) == 1


def test_credentials_and_throttling_are_no_refusals_of_a_row(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1)))
    denied = {"__type": "com.amazon.coral.service#AccessDeniedException", "message": "not authorized"}
    with dynamodb_answers("BatchWriteItem", lambda _: denied), pytest.raises(dynamo.DynamoError) as error:
        stage.stage(upload.pk)
    assert not isinstance(error.value, dynamo.Refused)
    upload.refresh_from_db()
    assert upload.status == "processing"


# --- statuses --------------------------------------------------------------------------------------------------


def full(number: int, size: int = limits.ITEM_BYTES, **changes: str) -> dict[str, Any]:
    """A record of another program of so many bytes."""
    item = image(number, "ERP", **changes)
    item["blob"] = {"S": ""}
    return item | {"blob": {"S": "x" * (size - limits.item_bytes(item))}}


def test_a_reason_that_an_item_has_no_room_for_is_left_out_and_the_status_stands(
    pipeline: Pipeline, aws_limits: Strict
) -> None:
    dynamo.put_records([full(1, price="free"), image(2, "ERP", price="free"), full(3)])
    pipeline.settle()

    items = {item["record_id"]["S"]: item for item in dynamo.query_upload("ERP")}
    first, second, third = (items[f"REC_000000{n}"] for n in (1, 2, 3))
    assert (first["status"]["S"], "error_reason" in first) == ("error", False)
    assert "free" in second["error_reason"]["S"]
    assert third["status"]["S"] == "validated"
    assert not RecordOutcome.objects.filter(written_back_at=None).exists()
    assert not RecordOutcome.objects.exclude(write_back_failure="").exists()
    assert "free" in RecordOutcome.objects.get(record_id="REC_0000001").error_reason, "the ledger keeps it"


def without_status(number: int) -> dict[str, Any]:
    """A record that means to be pending, and has no room to be anything else."""
    item = image(number, "ERP")
    del item["status"]
    item["blob"] = {"S": ""}
    return item | {"blob": {"S": "x" * (limits.ITEM_BYTES - limits.item_bytes(item))}}


@pytest.fixture
def unwritable(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> Iterator[Strict]:
    """Two records are consumed; the first one's status can't be written."""
    dynamo.put_records([without_status(1), image(2, "ERP")])
    with strict() as engine:
        pipeline.settle()
        yield engine


def test_a_status_that_is_never_taken_is_owed_no_more_and_its_reason_is_kept(
    unwritable: Strict, caplog: pytest.LogCaptureFixture
) -> None:
    never, written = RecordOutcome.objects.order_by("record_id")
    assert (never.outcome, never.written_back_at is not None) == ("inserted", True)
    assert never.write_back_failure == "ValidationError: Item size to update has exceeded the maximum allowed size"
    assert (written.write_back_failure, written.written_back_at is not None) == ("", True)
    asked = len(unwritable.statements)
    sweep()
    assert len(unwritable.statements) == asked
    assert warned(caplog) == []
    said = [record.message for record in caplog.get_records("setup") if record.levelno >= logging.WARNING]
    assert len(said) == 1


def test_staff_see_a_status_that_is_never_taken_where_they_look(unwritable: Strict, admin_client: Client) -> None:
    assert "1 status that DynamoDB refuses" in admin_client.get("/admin/?group=troubles").content.decode()
    found = admin_client.get("/admin/uploads/recordoutcome/?write_back_failure__isempty=0").content.decode()
    assert "REC_0000001" in found
    assert "REC_0000002" not in found
    record = admin_client.get("/admin/uploads/uploadhistory/ERP/records/REC_0000001/").content.decode()
    assert "Item size to update has exceeded" in record


def test_a_reconcile_tries_a_status_that_was_never_taken_once_more(unwritable: Strict) -> None:
    reconcile.reconcile("ERP")
    assert RecordOutcome.objects.exclude(write_back_failure="").count() == 1
    make_room()
    reconcile.commit([], owed_again())
    assert not RecordOutcome.objects.exclude(write_back_failure="").exists()
    assert statuses("ERP") == {"validated": 2}


def make_room() -> None:
    """The record gets shorter, and says no more of its status than it did."""
    item = image(1, "ERP")
    del item["status"]
    client.dynamodb().put_item(TableName=dynamo._table(), Item=item)


def owed_again() -> list[Outcome]:
    rows = RecordOutcome.objects.exclude(write_back_failure="")
    return [Outcome(*row) for row in rows.values_list("upload_id", "record_id", "outcome", "error_reason", "attempt")]


def test_a_row_that_is_retried_owes_its_new_status_whatever_became_of_the_old_one(
    pipeline: Pipeline, admin_user: User
) -> None:
    item = without_status(1)
    item["product_data"]["M"]["price"] = {"S": "free"}
    dynamo.put_records([item])
    with strict():
        pipeline.settle()
    assert RecordOutcome.objects.exclude(write_back_failure="").count() == 1
    make_room()
    correct.correct("ERP", "REC_0000001", 1, {"price": "5.00"}, admin_user)
    assert statuses("ERP") == {"validated": 1}
    first, second = RecordOutcome.objects.order_by("attempt")
    assert (second.outcome, second.write_back_failure) == ("inserted", "")
    assert second.written_back_at is not None
    assert first.write_back_failure


@pytest.mark.parametrize("whole", [False, True], ids=["statement by statement", "as a whole request"])
def test_of_a_request_only_what_is_refused_stays_out(pipeline: Pipeline, whole: bool) -> None:
    items = [image(n, "ERP", price="free" if n % 10 == 0 else "9.99") for n in range(1, 41)]
    dynamo.put_records([*items[:20], without_status(21)])
    dynamo.put_records(items[21:])
    with strict(whole=whole):
        pipeline.settle()
    assert RecordOutcome.objects.exclude(write_back_failure="").count() == 1
    found = [item.get("status", {}).get("S") for item in dynamo.query_upload("ERP")]
    assert found == [None if n == 21 else "error" if n % 10 == 0 else "validated" for n in range(1, 41)]


def test_a_record_that_is_gone_is_owed_nothing(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    upload = pipeline.send(feed(line(1), line(2, price="free")))
    pipeline.stage(upload)
    for rec_id in ("REC_0000001", "REC_0000002"):
        key = {"upload_id": {"S": upload.pk}, "record_id": {"S": rec_id}}
        client.dynamodb().delete_item(TableName=dynamo._table(), Key=key)
    with strict():
        pipeline.settle()
    assert not RecordOutcome.objects.filter(written_back_at=None).exists()
    assert not RecordOutcome.objects.exclude(write_back_failure="").exists()
    assert list(dynamo.query_upload(upload.pk)) == []
    assert warned(caplog) == []
