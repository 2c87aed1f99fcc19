"""Step 7: statuses in DynamoDB converge to the ledger's, whatever refuses in between."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.aws import client, dynamo
from uploads.aws.dynamo import StatusUpdate
from uploads.models import RecordOutcome, UploadHistory
from uploads.pipeline import stream, upkeep, writeback
from uploads.pipeline.ledger import Outcome


@pytest.fixture
def committed(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> UploadHistory:
    """An upload of 60 rows, every tenth wrong, whose statuses are all still owed."""
    upload = pipeline.send(feed(*(line(n, price="free" if n % 10 == 0 else "9.99") for n in range(1, 61))))
    pipeline.stage(upload)
    with monkeypatch.context() as held:
        held.setattr(writeback, "send", lambda outcomes: writeback.Sent([], []))
        pipeline.settle()
    return upload


def statuses(upload: UploadHistory) -> list[str]:
    return [item["status"]["S"] for item in dynamo.query_upload(upload.upload_id)]


EXPECTED = ["error" if n % 10 == 0 else "validated" for n in range(1, 61)]


def owed() -> int:
    return RecordOutcome.objects.filter(written_back_at=None).count()


def outcomes() -> list[Outcome]:
    return [
        Outcome(*row)
        for row in RecordOutcome.objects.order_by("id").values_list("upload_id", "record_id", "outcome", "error_reason")
    ]


def test_every_record_gets_the_status_that_the_ledger_has(committed: UploadHistory) -> None:
    assert writeback.write(outcomes()) == 0

    assert statuses(committed) == EXPECTED
    assert owed() == 0
    item = dynamo.get_record(committed.upload_id, "REC_0000010")
    assert item is not None
    assert "free" in item["error_reason"]["S"]
    assert item["product_data"]["M"]["price"] == {"S": "free"}, "the rest of the item stays"


def test_no_request_names_a_record_twice(committed: UploadHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    real, named = dynamo.write_statuses, list[str]()

    def watched(updates: Sequence[StatusUpdate]) -> list[str | None]:
        named.extend(update.record_id for update in updates)
        return real(updates)

    monkeypatch.setattr(dynamo, "write_statuses", watched)
    writeback.write([*outcomes()[:15], *outcomes()[:15]])
    assert sorted(named) == [f"REC_{n:07d}" for n in range(1, 16)]


def test_records_that_are_refused_stay_owed_and_are_written_later(
    committed: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = dynamo.write_statuses

    def throttling(updates: Sequence[StatusUpdate]) -> list[str | None]:
        refused = [update.record_id.endswith("7") for update in updates]
        answers = real([update for update, no in zip(updates, refused, strict=True) if not no])
        rest = iter(answers)
        return ["ThrottlingError" if no else next(rest) for no in refused]

    with monkeypatch.context() as throttled:
        throttled.setattr(dynamo, "write_statuses", throttling)
        assert writeback.write(outcomes()) == 6
    assert owed() == 6
    assert statuses(committed).count("pending_validation") == 6

    assert writeback.sweep(older_than_seconds=0) == 6
    assert (owed(), statuses(committed)) == (0, EXPECTED)


def test_a_table_that_is_away_is_asked_no_more_and_everything_stays_owed(
    committed: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(writeback, "WRITERS", 1)

    def away(updates: Sequence[StatusUpdate]) -> list[str | None]:
        asked.append(len(updates))
        raise dynamo.Unavailable("no route")

    with monkeypatch.context() as unplugged:
        unplugged.setattr(dynamo, "write_statuses", away)
        assert writeback.write(outcomes()) == 60
    assert asked == [25]
    assert owed() == 60

    upkeep.tick()
    assert owed() == 60, "the consumer of a moment ago may still be at it"
    writeback.sweep(older_than_seconds=0)
    assert statuses(committed) == EXPECTED


def test_one_request_that_is_refused_holds_up_no_other(
    committed: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, first = dynamo.write_statuses, threading.Lock()

    def refusing(updates: Sequence[StatusUpdate]) -> list[str | None]:
        if first.acquire(blocking=False):
            raise dynamo.DynamoError("ValidationException")
        return real(updates)

    monkeypatch.setattr(dynamo, "write_statuses", refusing)
    assert writeback.write(outcomes()) in (10, 25)


def test_a_record_that_somebody_deleted_does_not_spring_up_again(committed: UploadHistory) -> None:
    client.dynamodb().delete_item(
        TableName=dynamo._table(), Key={"upload_id": {"S": committed.upload_id}, "record_id": {"S": "REC_0000001"}}
    )
    assert writeback.write(outcomes()) == 0

    assert dynamo.get_record(committed.upload_id, "REC_0000001") is None
    assert owed() == 0


def test_an_error_reason_goes_when_a_record_is_valid_after_all(committed: UploadHistory) -> None:
    key = (committed.upload_id, "REC_0000010")
    writeback.write([Outcome(*key, "error", "Bad price")])
    writeback.write([Outcome(*key, "updated", "")])

    item = dynamo.get_record(*key)
    assert item is not None
    assert (item["status"]["S"], "error_reason" in item) == ("validated", False)


def test_the_sweep_takes_the_oldest_first_and_leaves_what_is_recent(
    committed: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writeback, "SWEEP_ROWS", 20)

    assert writeback.sweep(older_than_seconds=3600) == 0
    assert writeback.sweep(older_than_seconds=0) == 20
    assert statuses(committed) == EXPECTED[:20] + ["pending_validation"] * 40


def test_statuses_that_are_refused_again_and_again_hold_up_no_other(
    committed: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writeback, "SWEEP_ROWS", 5)
    real = dynamo.write_statuses

    def refusing(updates: Sequence[StatusUpdate]) -> list[str | None]:
        taken = [update for update in updates if update.record_id > "REC_0000005"]
        answers = real(taken) if taken else []
        return ["AccessDenied"] * (len(updates) - len(answers)) + answers

    monkeypatch.setattr(dynamo, "write_statuses", refusing)
    assert writeback.sweep(older_than_seconds=0) == 0
    while writeback.sweep(older_than_seconds=0):
        pass

    assert owed() == 5
    assert statuses(committed)[5:] == EXPECTED[5:]


def test_a_row_that_was_staged_again_gets_its_status_again(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free")))
    items = list(dynamo.query_upload(upload.upload_id))
    dynamo.put_records([item | {"status": {"S": "pending_validation"}} for item in items])
    while stream.consume():
        pass

    assert statuses(upload) == ["validated", "error"]
    assert RecordOutcome.objects.count() == 2


def test_nothing_owed_asks_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(dynamo, "write_statuses", unexpected)
    assert writeback.sweep() == 0
    assert writeback.write([]) == 0
