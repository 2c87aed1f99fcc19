"""What the schedule does: each step fails alone, is said once, and shows its state until it is well again."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from config.celery import app
from config.web import signed_in
from security import log
from tests.conftest import Pipeline
from tests.faults.statements import before_statements, failing
from tests.feeds import feed, line
from uploads import tasks
from uploads.aws import dynamo
from uploads.corrections import happenings
from uploads.desk import mailing
from uploads.keeping import passes
from uploads.models import Job, OpenValue, RecordOutcome, ServiceOutage, UpkeepStep, UploadHistory
from uploads.pipeline import reconcile, stream, upkeep
from uploads.pipeline.table import scan
from uploads.programs import take
from uploads.sources import run
from uploads.work import outages, steps, wakeups
from vendors import mails
from vendors.webhooks import deliver

Said = Callable[[], list[str]]


def broken() -> None:
    raise KeyError("a fault\nof our own")


def pass_seconds(seconds: float) -> None:
    """As if all that is known of the steps were so much longer ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE upkeep_steps SET well_at = well_at - make_interval(secs => %s),"
            " failing_since = failing_since - make_interval(secs => %s),"
            " failed_at = failed_at - make_interval(secs => %s)",
            [seconds] * 3,
        )


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    caplog.set_level(logging.INFO)
    return lambda: [record.message for record in caplog.records if "reconciling it" not in record.message]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: calls.append(call))
    return calls


# --- one that breaks holds up none of the others -------------------------------------------------------------------


def work_for_each_step(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bool]]:
    """Something to do for every step of a tick, and how one sees that it was done."""
    owing = pipeline.run(feed(line(1)))
    RecordOutcome.objects.update(written_back_at=None, created_at="2026-01-01T00:00:00Z")
    unstaged = pipeline.send(feed(line(2)))
    full = UploadHistory.objects.create(
        upload_id="FULL", vendor_id="VEND001", file_name="x", source="dynamodb", total_records=1, valid_records=1
    )
    job = Job.objects.create(kind="retry", upload=owing, vendor=owing.vendor)
    ServiceOutage.objects.create(
        service="S3", began_at="2026-01-01T00:00:00Z", failed_at="2026-01-01T00:00:00Z", reason="away"
    )
    UploadHistory.objects.create(
        upload_id="STALLED", vendor_id="VEND001", file_name="x", file_rows=1, reconciled_to="REC_1"
    )
    UploadHistory.objects.create(
        upload_id="HELD",
        vendor_id="VEND001",
        file_name="x",
        status="held",
        guard="held",
        held_until="2026-01-01T00:00:00Z",
    )
    UploadHistory.objects.create(
        upload_id="WAITS", vendor_id="VEND001", file_name="x", source="dynamodb", withheld_from=""
    )
    OpenValue.objects.create(vendor_id="VEND001", claim=False, field="price", value="x", spelling="x", rows=1)
    monkeypatch.setattr(scan, "is_due", lambda: True)
    woken: list[Any] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: woken.append(call))
    return {
        steps.STAGE: lambda: (wakeups.STAGE_UPLOAD, unstaged.upload_id) in woken,
        steps.FINISH: lambda: (wakeups.FINISH_UPLOAD, full.upload_id) in woken,
        steps.RUN_JOBS: lambda: (wakeups.RUN_JOB, job.pk) in woken,
        steps.GUARD: lambda: UploadHistory.objects.get(pk="HELD").status == "cancelled",
        steps.RELEASE: lambda: UploadHistory.objects.get(pk="WAITS").withheld_from is None,
        steps.CLOSE_OUTAGES: lambda: not ServiceOutage.objects.filter(ended_at=None).exists(),
        steps.READ_TABLE: lambda: (wakeups.SCAN_TABLE,) in woken,
        steps.ADD_UP: lambda: not OpenValue.objects.filter(changed=True).exists(),
        steps.WRITE_BACK: lambda: not RecordOutcome.objects.filter(written_back_at=None).exists(),
        steps.RECONCILE: lambda: UploadHistory.objects.get(pk="STALLED").reconciled_to == "",
    }


@pytest.mark.parametrize("name", upkeep.STEPS)
def test_whichever_step_breaks_all_others_do_their_work(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    done = work_for_each_step(pipeline, monkeypatch)
    monkeypatch.setitem(upkeep.STEPS, name, broken)
    tasks.upkeep()

    assert {step: was_done() for step, was_done in done.items()} == {step: step != name for step in upkeep.STEPS}
    assert [step.name for step in UpkeepStep.objects.exclude(failing_since=None)] == [name]


def test_an_upload_that_makes_the_reconciler_fail_holds_up_none_behind_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for upload_id in ("BAD", "GOOD"):
        UploadHistory.objects.create(
            upload_id=upload_id, vendor_id="VEND001", file_name="x", file_rows=1, reconciled_to="REC_1"
        )
    mend = reconcile.reconcile_slice
    monkeypatch.setattr(
        reconcile, "reconcile_slice", lambda upload_id, at: broken() if upload_id == "BAD" else mend(upload_id, at)
    )
    tasks.upkeep()

    assert UploadHistory.objects.get(pk="GOOD").reconciled_to == ""
    assert UpkeepStep.objects.get(name=steps.RECONCILE).failure == "KeyError: 'a fault\\nof our own' (at BAD)"


def test_a_service_that_is_away_is_asked_once_not_for_each_upload() -> None:
    asked: list[str] = []

    def away(upload_id: str) -> None:
        asked.append(upload_id)
        raise dynamo.Unavailable("no route")

    with pytest.raises(dynamo.Unavailable):
        steps.each(["A", "B"], away)
    assert asked == ["A"]


@pytest.mark.parametrize(
    ("module", "does", "task", "name"),
    [
        (stream, "consume", tasks.consume_stream, steps.READ_STREAM),
        (signed_in, "forget_ended", tasks.forget_sessions, steps.FORGET_SESSIONS),
        (log, "purge", tasks.purge_security_log, steps.PURGE_LOG),
        (passes, "go_on", tasks.delete_old, steps.DELETE_OLD),
        (mailing, "send_owed", tasks.mail_comments, steps.MAIL_COMMENTS),
        (take, "wake", tasks.take_feeds, steps.TAKE_FEEDS),
        (mails, "send_owed", tasks.mail_owed, steps.MAIL_OWED),
        (mails, "tell_of_expiry", tasks.mail_expiry, steps.MAIL_EXPIRY),
        (run, "fetch_next", tasks.fetch_sources, steps.FETCH_SOURCES),
        (deliver, "go_on", tasks.deliver_webhooks, steps.DELIVER),
        (happenings, "go_on", tasks.retry_waiting, steps.RETRY_WAITING),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_every_other_task_of_the_schedule_has_its_state_too(
    db: None, monkeypatch: pytest.MonkeyPatch, woken: list[Any], module: Any, does: str, task: Any, name: str
) -> None:
    monkeypatch.setattr(module, does, broken)
    task()

    step = UpkeepStep.objects.get()
    assert (step.name, step.well_at, step.failing_since is not None) == (name, None, True)


def test_the_schedule_calls_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    called: dict[str, Any] = {}
    for entry in app.conf.beat_schedule.values():
        monkeypatch.setattr(steps, "alone", lambda name, _, entry=entry: called.update({name: entry}))
        app.tasks[entry["task"]]()

    assert {name: entry["schedule"].run_every.total_seconds() for name, entry in called.items()} == steps.EVERY


# --- what is said --------------------------------------------------------------------------------------------------


def test_a_failure_is_a_line_when_it_begins_and_one_when_it_is_well_again(db: None, said: Said) -> None:
    for _ in range(3):
        steps.alone(steps.FINISH, broken)
        pass_seconds(20)
    begun = f"Upkeep: \"{steps.FINISH}\" fails, all else goes on: KeyError: 'a fault\\nof our own'"
    assert said() == [begun]

    for _ in range(3):
        assert steps.alone(steps.FINISH, lambda: None)
    assert said() == [begun, f'Upkeep: "{steps.FINISH}" is well again after 60 s.']


def test_a_step_that_fails_now_and_then_is_not_well_in_between(db: None, said: Said) -> None:
    for _ in range(5):
        steps.alone(steps.FINISH, broken)
        pass_seconds(5)
        steps.alone(steps.FINISH, lambda: None)
        pass_seconds(5)

    assert len(said()) == 1
    assert UpkeepStep.objects.get().failing_since is not None


def test_processes_that_meet_a_failure_in_the_same_moment_say_it_once(transactional_db: None, said: Said) -> None:
    start = threading.Barrier(6)

    def meet() -> None:
        start.wait()
        steps.alone(steps.FINISH, broken)
        connection.close()

    threads = [threading.Thread(target=meet) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(said()) == 1


def test_an_outage_has_its_own_line_and_the_step_says_that_it_waits(db: None, said: Said) -> None:
    def away() -> None:
        raise dynamo.Unavailable("DynamoDB isn't reachable. Check the network.")

    for _ in range(3):
        steps.alone(steps.RECONCILE, away)
    step = UpkeepStep.objects.get()
    assert (step.waits, step.failure) == (True, "DynamoDB isn't reachable. Check the network.")
    assert [line.partition(",")[0] for line in said()] == ["Outage of DynamoDB"]

    steps.alone(steps.RECONCILE, broken)
    assert len(said()) == 2, "a fault of our own is another one"


def test_where_postgresql_is_away_the_tick_ends_with_one_line(transactional_db: None, said: Said) -> None:
    with (
        before_statements("upload_history", failing(OperationalError("connection refused"))),
        before_statements("upkeep_steps", failing(OperationalError("connection refused"))),
    ):
        tasks.upkeep()
        tasks.upkeep()

    assert [line.partition(",")[0] for line in said()] == ["Outage of PostgreSQL"]
    outages.found(outages.POSTGRESQL)


def test_what_a_step_meets_in_a_postgresql_that_answers_is_the_steps_own(db: None, said: Said) -> None:
    def too_much() -> None:
        raise OperationalError("too many columns")

    steps.alone(steps.FINISH, too_much)
    assert not UpkeepStep.objects.get().waits
    assert said() == [f'Upkeep: "{steps.FINISH}" fails, all else goes on: OperationalError: too many columns']


def test_going_well_is_written_twice_a_minute_at_most(db: None) -> None:
    steps.alone(steps.FINISH, lambda: None)
    first = UpkeepStep.objects.get().well_at
    steps.alone(steps.FINISH, lambda: None)
    assert UpkeepStep.objects.get().well_at == first

    pass_seconds(steps.NOTED_SECONDS + 1)
    steps.alone(steps.FINISH, lambda: None)
    assert first is not None
    assert (UpkeepStep.objects.get().well_at or first) > first


def test_a_step_that_nobody_does_any_more_is_late(db: None) -> None:
    def known(name: str) -> bool:
        return steps.late(steps.known()[name])

    assert not known(steps.PURGE_LOG), "it was never done: a new installation"
    for name in (steps.FINISH, steps.PURGE_LOG):
        steps.alone(name, lambda: None)
    UpkeepStep.objects.update(well_at=timezone.now() - timedelta(minutes=10))
    assert (known(steps.FINISH), known(steps.PURGE_LOG)) == (True, False)
