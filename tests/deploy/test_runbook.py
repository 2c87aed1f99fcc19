"""The runbook's pages, followed to the end: what an alert warns of is made, and gone after what its page says."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.utils import timezone

from catalog.models import Product
from config.celery import app
from tests.config.watch.test_alerts import (
    ago,
    firing,
    page_that_fails,
    queue_of,
    scrape,
    slow_query,
    task_that_raises,
)  # fmt: skip
from tests.config.watch.test_documented import RULES
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.aws.test_measured import answering
from uploads import tasks
from uploads.aws import dynamo
from uploads.corrections import retry
from uploads.corrections.failed_rows import Selection
from uploads.models import Job, RecordOutcome, ServiceOutage, StreamShard, TableStream, UpkeepStep, UploadHistory
from uploads.pipeline import judge, upkeep, writeback
from uploads.work import steps
from uploads.work.outages import CALM_SECONDS

ROWS = feed(line(1), line(2))
# A generator: it makes the trouble, yields the words of the page that say what to do, and does that. Where an alert
# asks for a rate, it yields "" then, and goes on as the platform does from there.
Followed = Iterator[str]


def sent(pipeline: Pipeline, **facts: Any) -> UploadHistory:
    upload = pipeline.send(ROWS)
    UploadHistory.objects.filter(pk=upload.pk).update(**facts)
    return upload


def rows_wait(pipeline: Pipeline, *_: Any) -> Followed:
    pipeline.stage(sent(pipeline, created_at=ago(hours=2)))
    yield "manage.py reconcile"
    call_command("reconcile")
    assert Product.objects.count() == 2


def upload_stands(pipeline: Pipeline, *_: Any) -> Followed:
    upload = sent(pipeline, created_at=ago(hours=7))
    yield "manage.py cancel_upload"
    call_command("cancel_upload", upload.pk)


def statuses_owed(pipeline: Pipeline, patch: pytest.MonkeyPatch, _: User) -> Followed:
    with patch.context() as away:
        away.setattr(writeback, "sweep", lambda *_, **__: 0)
        pipeline.run(ROWS)
        RecordOutcome.objects.update(written_back_at=None, created_at=ago(hours=1))
    yield "The schedule writes what is owed by itself"
    upkeep.tick()


def stream_gap(pipeline: Pipeline, *_: Any) -> Followed:
    pipeline.stage(sent(pipeline))
    pipeline.settle()
    StreamShard.objects.update(gap_found_at=ago(hours=2))
    TableStream.objects.update(doubted_at=ago(hours=2), doubt="a position was trimmed")
    yield "manage.py reconcile --table"
    call_command("reconcile", table=True)


def leases_expired(pipeline: Pipeline, *_: Any) -> Followed:
    upload = pipeline.run(ROWS)
    Job.objects.create(
        kind=Job.Kind.RECONCILE, vendor=upload.vendor, upload=upload, state="running", expires_at=ago(minutes=20)
    )
    yield "They take up what is free by themselves"
    run_jobs()


def queue_grows(*_: Any) -> Followed:
    queue_of(600)
    yield "celery -A config purge -Q"
    app.start(["purge", "-f", "-Q", "staging"])


def jobs_wait(pipeline: Pipeline, _: Any, user: User) -> Followed:
    upload = pipeline.run(feed(line(1, price="free")))
    retry.start(Selection(upload_id=upload.pk), user)
    Job.objects.update(created_at=ago(hours=2))
    yield "A job goes on where it stood"
    run_jobs()


def rows_make_code_fail(pipeline: Pipeline, patch: pytest.MonkeyPatch, user: User) -> Followed:
    with patch.context() as fault:
        fault.setattr(judge, "validate_row", lambda *_, **__: 1 // 0)
        upload = pipeline.run(ROWS)
    yield "retry the rows from the upload's page"
    run_jobs(retry.start(Selection(upload_id=upload.pk), user))
    assert Product.objects.count() == 2


def step_fails(_: Pipeline, patch: pytest.MonkeyPatch, __: User) -> Followed:
    with patch.context() as fault:
        fault.setitem(upkeep.STEPS, steps.FINISH, lambda: 1 // 0)
        upkeep.tick()
        UpkeepStep.objects.filter(name=steps.FINISH).update(failing_since=ago(seconds=1000), failed_at=ago(seconds=30))
    yield "What the failure says"
    upkeep.tick()


def schedule_stands(*_: Any) -> Followed:
    upkeep.tick()
    tasks.consume_stream()
    UpkeepStep.objects.update(well_at=ago(hours=1), failed_at=None)
    yield "systemctl restart onboarding-beat"
    upkeep.tick()
    tasks.consume_stream()


def service_away(pipeline: Pipeline, patch: pytest.MonkeyPatch, _: User) -> Followed:
    upload = sent(pipeline)
    with patch.context() as away:
        away.setattr(site, "UPLOAD_RECORDS_TABLE", "not-there")
        tasks.stage_upload(upload.pk)
        ServiceOutage.objects.update(began_at=F("began_at") - (timezone.now() - ago(seconds=700)))
    yield "`manage.py prepare` makes what is missing"
    pipeline.end_pause(upload)
    tasks.stage_upload(upload.pk)
    ServiceOutage.objects.update(answered_at=F("answered_at") - timedelta(seconds=CALM_SECONDS + 1))


def redis_away(_: Pipeline, patch: pytest.MonkeyPatch, __: User) -> Followed:
    with patch.context() as away:
        away.setattr(site, "REDIS_URL", "redis://127.0.0.1:1/0")
        yield "Start Redis"


def postgresql_away(_: Pipeline, patch: pytest.MonkeyPatch, __: User) -> Followed:
    with patch.context() as away:
        slow_query(away)
        yield "Nothing has to be restarted afterwards"


def stream_behind(pipeline: Pipeline, *_: Any) -> Followed:
    pipeline.run(ROWS)
    StreamShard.objects.update(created_at=ago(hours=9), checkpoint_at=ago(seconds=400), caught_up_at=ago(seconds=400))
    yield "Without a worker, start one"
    tasks.consume_stream()


def pages_fail(_: Pipeline, patch: pytest.MonkeyPatch, __: User) -> Followed:
    with patch.context() as fault:
        page_that_fails(fault)
        yield "go back to the version before"
    yield ""
    assert Client().get("/invitation/x/").status_code < 500


def tasks_fail(_: Pipeline, patch: pytest.MonkeyPatch, __: User) -> Followed:
    with patch.context() as fault:
        task_that_raises(fault)
        yield "Send the `exception` to who develops"
    yield ""
    tasks.finish_upload.apply(args=("U1",))


def jobs_fail(pipeline: Pipeline, patch: pytest.MonkeyPatch, user: User) -> Followed:
    rows = Selection(upload_id=pipeline.run(feed(line(1, price="free"))).pk)
    with patch.context() as fault:
        fault.setitem(tasks.STEPS, Job.Kind.RETRY, lambda _: bool(1 // 0))
        run_jobs(retry.start(rows, user))
    yield "ask for it again, from the upload's page"
    run_jobs(retry.start(rows, user))


def aws_fails(_: Pipeline, patch: pytest.MonkeyPatch, __: User) -> Followed:
    with answering(patch), suppress(dynamo.Unavailable):
        dynamo.describe_table()
    yield "what fails is tried again"
    yield ""
    dynamo.describe_table()


def aws_throttles(_: Pipeline, patch: pytest.MonkeyPatch, __: User) -> Followed:
    with answering(patch, (400, "ProvisionedThroughputExceededException")), suppress(dynamo.Unavailable):
        dynamo.put_records([{}])
    yield "more write units"
    yield ""
    dynamo.describe_table()


FOLLOWED: dict[str, Callable[..., Followed]] = {
    "ServiceAway": service_away,
    "RedisAway": redis_away,
    "ScheduleStands": schedule_stands,
    "StepFails": step_fails,
    "RowsWait": rows_wait,
    "UploadStands": upload_stands,
    "StatusesOwed": statuses_owed,
    "StreamGap": stream_gap,
    "LeasesExpired": leases_expired,
    "QueueGrows": queue_grows,
    "JobsWait": jobs_wait,
    "RowsMakeCodeFail": rows_make_code_fail,
    "PostgreSQLAway": postgresql_away,
    "StreamBehind": stream_behind,
    "PagesFail": pages_fail,
    "TasksFail": tasks_fail,
    "JobsFail": jobs_fail,
    "AwsFails": aws_fails,
    "AwsThrottles": aws_throttles,
}
# A process that has to be started, or pages that wait for something.
NOT_BY_A_SCRIPT = {"NothingIsTold", "WebAway", "PagesSlow"}


def page_of(alert: str) -> str:
    text = (site.BASE_DIR / "docs" / "runbook.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {alert}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found
    return " ".join(found[1].split())


@pytest.mark.parametrize("alert", FOLLOWED)
def test_after_what_its_page_says_an_alert_is_silent(
    alert: str, pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scrape()
    followed = FOLLOWED[alert](pipeline, monkeypatch, admin_user)
    remedy = next(followed)
    assert remedy in page_of(alert)
    assert alert in firing(scrape(), before)
    next(followed, None)
    mended = scrape()
    next(followed, None)
    assert alert not in firing(scrape(), mended)


def test_no_page_was_left_out() -> None:
    assert {rule["alert"] for rule in RULES} == {*FOLLOWED, *NOT_BY_A_SCRIPT}
