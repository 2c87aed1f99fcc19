"""Wake-ups may be lost, doubled or late: the schedule finds all open work in PostgreSQL."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerDown

from config.celery import app
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads import tasks
from uploads.aws import dynamo, storage
from uploads.models import RecordOutcome, UploadHistory
from uploads.pipeline import finish, stage, stream, upkeep, writeback
from uploads.work import steps, wakeups


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: calls.append(call))
    return calls


def test_upkeep_carries_an_upload_to_its_end_without_any_wake_up(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(line(1), line(2, price="free")))
    todo: list[tuple[Any, ...]] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: todo.append(call))
    tasks.upkeep()
    assert todo.pop() == (wakeups.STAGE_UPLOAD, upload.upload_id)
    tasks.stage_upload(upload.upload_id)
    tasks.consume_stream()
    todo.clear()
    tasks.upkeep()
    assert todo == [(wakeups.FINISH_UPLOAD, upload.upload_id), (wakeups.SCAN_TABLE,)], "the stream is new"
    tasks.scan_table()
    tasks.finish_upload(upload.upload_id)
    todo.clear()
    tasks.upkeep()

    upload.refresh_from_db()
    assert (upload.status, todo) == ("completed", [])


def test_upkeep_leaves_alone_what_a_worker_is_at(pipeline: Pipeline, woken: list[Any]) -> None:
    upload = pipeline.send(feed(line(1)))
    stage._claim(upload.upload_id)
    woken.clear()
    tasks.upkeep()

    assert woken == []


def test_upkeep_goes_on_with_what_a_dead_worker_left(pipeline: Pipeline, woken: list[Any]) -> None:
    upload = pipeline.send(feed(line(1)))
    stage._claim(upload.upload_id)
    UploadHistory.objects.update(staging_expires_at="2026-01-01T00:00:00Z")
    woken.clear()
    tasks.upkeep()

    assert woken == [(wakeups.STAGE_UPLOAD, upload.upload_id)]


def test_upkeep_takes_the_oldest_upload_first(pipeline: Pipeline, woken: list[Any]) -> None:
    uploads = [pipeline.send(feed(line(n))) for n in range(1, 4)]
    woken.clear()
    tasks.upkeep()

    assert [call[1] for call in woken] == [upload.upload_id for upload in uploads]


def test_upkeep_writes_all_statuses_that_are_owed(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = pipeline.run(feed(*(line(n) for n in range(1, 31))))
    dynamo.put_records([i | {"status": {"S": "x"}} for i in list(dynamo.query_upload(upload.upload_id))[:25]])
    RecordOutcome.objects.update(written_back_at=None, created_at="2026-01-01T00:00:00Z")
    monkeypatch.setattr(writeback, "SWEEP_ROWS", 7)
    upkeep.tick()

    assert {item["status"]["S"] for item in dynamo.query_upload(upload.upload_id)} == {"validated"}
    assert not RecordOutcome.objects.filter(written_back_at=None).exists()


def test_adopted_records_are_finished_by_upkeep_too(pipeline: Pipeline, woken: list[Any]) -> None:
    UploadHistory.objects.create(
        upload_id="ERP", vendor_id="VEND001", file_name="x", source="dynamodb", total_records=1, valid_records=1
    )
    tasks.upkeep()

    assert woken == [(wakeups.FINISH_UPLOAD, "ERP")]


def test_a_slice_with_more_to_do_wakes_the_next(db: None, woken: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "stage", {"MORE": 0.0, "DONE": None}.get)
    monkeypatch.setattr(stream, "consume", lambda: True)
    for upload_id in ("MORE", "DONE"):
        tasks.stage_upload(upload_id)
    tasks.consume_stream()

    assert woken == [(wakeups.STAGE_UPLOAD, "MORE"), (wakeups.CONSUME_STREAM,)]


SHELLS: dict[str, tuple[Any, str, Callable[[], None]]] = {
    "staging": (stage, "stage", lambda: tasks.stage_upload("U")),
    "consuming": (stream, "consume", tasks.consume_stream),
    "finishing": (finish, "finish", lambda: tasks.finish_upload("U")),
    "upkeep": (upkeep, "tick", tasks.upkeep),
}


@pytest.mark.parametrize(("module", "step", "call"), SHELLS.values(), ids=SHELLS)
@pytest.mark.parametrize(
    "error",
    [
        dynamo.Unavailable(""),
        dynamo.StreamGone("off"),
        storage.StorageUnavailable("no route\nto host"),
        OperationalError("connection refused"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_service_that_is_away_is_one_line_in_the_log(
    db: None, woken: list[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    module: Any, step: str, call: Callable[[], None], error: Exception,
) -> None:  # fmt: skip
    def away(*_: Any) -> None:
        raise error

    monkeypatch.setattr(module, step, away)
    for _ in range(3):
        call()

    (entry,) = caplog.records
    # A PostgreSQL that can note that a step fails isn't away.
    assert entry.message.startswith(("Outage of ", f'Upkeep: "{steps.READ_STREAM}" fails'))
    assert "\n" not in entry.getMessage()
    assert woken == []


def test_a_fault_of_our_own_is_not_hushed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KeyError

    monkeypatch.setattr(upkeep, "tick", broken)
    with pytest.raises(KeyError):
        tasks.upkeep()


def test_a_broker_that_is_away_loses_nothing_but_the_wake_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    with pytest.raises(BrokerDown):
        tasks.upkeep.apply_async()
    naps: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", naps.append)  # between two tries to connect
    for _ in range(3):
        wakeups.enqueue(wakeups.CONSUME_STREAM)

    (entry,) = caplog.records
    assert entry.message.startswith("Outage of Redis, what needs it waits: Redis isn't reachable.")
    assert naps == [], "nobody waits for it"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any, Any]]:
    """Each message to Redis: the task, and those of its options that are set."""
    messages: list[tuple[Any, Any, Any]] = []

    def send_task(task: str, arguments: Any, *, ignore_result: bool, **options: Any) -> None:
        messages.append((task, arguments, {name: value for name, value in options.items() if value is not None}))

    monkeypatch.setattr(app, "send_task", send_task)
    return messages


def test_what_upkeep_sends_every_few_seconds_expires(sent: list[Any]) -> None:
    wakeups.enqueue(wakeups.FINISH_UPLOAD, "U", expires=5.0)

    assert sent == [(wakeups.FINISH_UPLOAD, ("U",), {"expires": 5.0})]


def test_a_slice_that_has_to_wait_wakes_the_next_only_then(monkeypatch: pytest.MonkeyPatch, sent: list[Any]) -> None:
    monkeypatch.setattr(stage, "stage", lambda _: 1.5)
    tasks.stage_upload("U")

    assert sent == [(wakeups.STAGE_UPLOAD, ("U",), {"countdown": 1.5})]


def test_every_task_that_is_woken_by_its_name_has_that_name() -> None:
    names = {value for name, value in vars(wakeups).items() if name.isupper()}
    assert names == {
        task.name
        for task in (
            tasks.stage_upload,
            tasks.consume_stream,
            tasks.finish_upload,
            tasks.run_job,
            tasks.scan_table,
            tasks.delete_old,
            tasks.take_feed,
            tasks.fetch_sources,
            tasks.deliver_webhooks,
        )
    }


def test_long_work_and_upkeep_have_queues_of_their_own() -> None:
    queues = [
        app.amqp.router.route({}, task.name)["queue"].name
        for task in (tasks.stage_upload, tasks.consume_stream, tasks.upkeep)
    ]

    assert len(set(queues)) == 3
