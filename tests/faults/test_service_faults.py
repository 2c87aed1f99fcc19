"""What AWS and the catalog's other users do to an upload on a bad day: refused, throttled, half done, in the way."""

import random
import threading
import time
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from catalog.models import Product
from catalog.rules.offers import validate_row
from tests.conftest import Pipeline
from tests.faults.answers import Clock, dynamodb_answers, storage_away, throttled
from tests.faults.scripted import image
from tests.feeds import feed, line
from uploads import tasks
from uploads.aws import client, dynamo, storage
from uploads.aws.records import decode
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import judge, stage, stream, upkeep, writeback
from uploads.pipeline.commit import commit_batch
from uploads.work import wakeups
from vendors.models import Vendor


def statuses(upload: UploadHistory) -> Counter[str]:
    return Counter(item["status"]["S"] for item in dynamo.query_upload(upload.upload_id))


def test_12_of_a_thousand_rows_with_a_poisonous_one_999_are_committed_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fragile(values: Any, *arguments: Any, **more: Any) -> Any:
        if values["sku"] == "SKU-700":
            raise KeyError("never thought of that")
        return validate_row(values, *arguments, **more)

    monkeypatch.setattr(judge, "validate_row", fragile)
    upload = pipeline.run(feed(*(line(n) for n in range(1, 1001))))

    error = ValidationError.objects.get()
    assert (upload.status, upload.inserted_records, upload.error_records) == ("completed", 999, 1)
    assert Product.objects.count() == 999
    assert RecordOutcome.objects.count() == 1000
    assert (error.error_type, error.row_number) == ("internal_error", 700)
    assert "KeyError" in error.error_message
    assert (error.original_data or {})["sku"] == "SKU-700"
    assert statuses(upload) == {"validated": 999, "error": 1}


@pytest.mark.parametrize("seed", range(3))
def test_13_of_two_uploads_that_claim_the_same_skus_crosswise_each_sku_has_one_winner_and_no_batch_is_lost(
    pipeline: Pipeline, unguarded: None, other_vendor: Vendor, seed: int
) -> None:
    chance = random.Random(seed)
    numbers = range(1, 201)
    vendors = ("VEND001", "VEND002")
    for vendor_id in vendors:  # products that will change their SKUs, beside new ones
        old = [image(n, f"OLD-{vendor_id}", vendor_id, sku=f"OLD-{vendor_id}-{n}") for n in numbers[::2]]
        commit_batch([decode(item) for item in old])
    start, failures = threading.Barrier(2), list[BaseException]()

    def claim(vendor_id: str, skus: list[int]) -> None:
        images = [
            image(n, f"NEW-{vendor_id}", vendor_id, sku=f"NEW-{sku}") for n, sku in zip(numbers, skus, strict=True)
        ]
        try:
            start.wait()
            for part in range(0, 200, 50):
                commit_batch([decode(item) for item in images[part : part + 50]])
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    rising = list(numbers)
    orders = [rising, rising[::-1]] if seed == 0 else [chance.sample(rising, 200), chance.sample(rising, 200)]
    threads = [threading.Thread(target=claim, args=pair) for pair in zip(vendors, orders, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert Product.objects.filter(sku__startswith="NEW-").count() == 200
    new = UploadHistory.objects.filter(upload_id__startswith="NEW-")
    assert [upload.total_records for upload in new] == [200, 200]
    assert sum(upload.valid_records for upload in new) == 200
    assert set(ValidationError.objects.values_list("error_type", flat=True)) == {"sku_taken"}


def test_15_a_write_back_that_is_refused_in_part_is_written_later(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*(line(n, price="free" if n % 10 == 0 else "9.99") for n in range(1, 61))))
    pipeline.stage(upload)

    def every_third_refused(asked: dict[str, Any]) -> dict[str, Any]:
        refusal = {"Error": {"Code": "ThrottlingError", "Message": "Slow down"}}
        let_through = [statement for n, statement in enumerate(asked["Statements"]) if n % 3]
        real = iter(_executed(let_through))
        return {"Responses": [next(real) if n % 3 else refusal for n in range(len(asked["Statements"]))]}

    with dynamodb_answers("BatchExecuteStatement", every_third_refused):
        pipeline.settle()
    assert statuses(upload)["pending_validation"] == RecordOutcome.objects.filter(written_back_at=None).count() == 22
    pipeline.settle()
    while writeback.sweep(older_than_seconds=0):
        pass

    upload.refresh_from_db()
    assert statuses(upload) == {"validated": 54, "error": 6}
    assert not RecordOutcome.objects.filter(written_back_at=None).exists()
    assert (upload.status, upload.total_records) == ("completed", 60)


def _executed(statements: list[Any]) -> list[Any]:
    """Through a client that nobody answers for."""
    ours = client.session(0).client("dynamodb", **client.options())
    return list(ours.batch_execute_statement(Statements=statements)["Responses"])


def test_16_a_table_that_throttles_for_a_minute_is_waited_for_and_no_row_is_lost_or_counted_twice(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, refused = Clock(), Counter[str]()
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(wakeups, "enqueue", lambda *_, **__: None)
    upload = pipeline.send(feed(*(line(n, price="free" if n % 10 == 0 else "9.99") for n in range(1, 201))))

    def puts(asked: dict[str, Any]) -> dict[str, Any] | None:
        """Throttled half of the time, and otherwise with everything left unprocessed."""
        if clock.now > 60:
            return None
        refused["BatchWriteItem"] += 1
        return throttled() if refused["BatchWriteItem"] % 2 else {"UnprocessedItems": asked["RequestItems"]}

    def updates(_: dict[str, Any]) -> dict[str, Any] | None:
        if clock.now > 120:
            return None
        refused["BatchExecuteStatement"] += 1
        return throttled()

    with dynamodb_answers("BatchWriteItem", puts), dynamodb_answers("BatchExecuteStatement", updates):
        while clock.now < 180:  # the schedule's ticks
            tasks.stage_upload(upload.upload_id)
            tasks.consume_stream()
            RecordOutcome.objects.update(created_at="2000-01-01T00:00:00Z")  # long ago, by the clock of this test
            tasks.upkeep()
            pipeline.end_pause(upload)
            clock.sleep(5)
    pipeline.settle()
    while writeback.sweep(older_than_seconds=0):
        pass

    upload.refresh_from_db()
    assert min(refused["BatchWriteItem"], refused["BatchExecuteStatement"]) > 5
    assert (upload.status, upload.total_records, upload.error_records) == ("completed", 200, 20)
    assert (Product.objects.count(), RecordOutcome.objects.count()) == (180, 200)
    assert statuses(upload) == {"validated": 180, "error": 20}


def test_17_storage_that_is_away_while_a_file_is_staged_is_waited_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", Clock().sleep)
    monkeypatch.setattr(stage, "CHUNK_ROWS", 50)
    monkeypatch.setattr(storage, "BUFFER_BYTES", 1000)
    upload = pipeline.send(feed(*(line(n) for n in range(1, 301))))
    assert stage.stage(upload.upload_id, seconds=0) == 0.0, "there is more"
    for _ in range(3):
        with storage_away():
            tasks.stage_upload(upload.upload_id)
        upload.refresh_from_db()
        assert (upload.status, upload.staged_rows) == ("processing", 50)
    pipeline.end_pause(upload)
    pipeline.stage(upload)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.inserted_records) == ("completed", 300)
    assert statuses(upload) == {"validated": 300}


def test_17_an_error_report_that_cannot_be_stored_keeps_the_upload_open_until_it_can(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", Clock().sleep)
    upload = pipeline.send(feed(line(1), line(2, price="free")))
    pipeline.stage(upload)
    while stream.consume():
        pass
    with storage_away():
        tasks.finish_upload(upload.upload_id)
    upload.refresh_from_db()
    assert (upload.status, upload.total_records) == ("processing", 2)
    upkeep.tick()
    pipeline.settle()

    upload.refresh_from_db()
    assert upload.status == "completed"
    assert upload.error_report_key
