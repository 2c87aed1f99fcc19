"""Each alert is provoked once, by what it warns of, and a platform that is well is silent."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings as site
from django.test import Client
from django.utils import timezone

from config import metrics as page
from config.watch import meters
from tests.config.watch.promql import Series, asked, parsed
from tests.config.watch.test_documented import RULES
from uploads import tasks
from uploads.aws import measured
from uploads.insight import metrics
from uploads.models import Job, RecordOutcome, ServiceOutage, StreamShard, UpkeepStep, UploadHistory, ValidationError
from uploads.pipeline import finish
from uploads.work import steps
from vendors.models import Vendor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


def scrape() -> Series:
    return parsed(page.text().decode())


def firing(now: Series, before: Series) -> set[str]:
    return {rule["alert"] for rule in RULES if asked(rule["expr"], now, before)}


def upload(**facts: Any) -> UploadHistory:
    return UploadHistory.objects.create(upload_id="U1", vendor_id="VEND001", file_name="feed.csv", **facts)


def shard(**facts: Any) -> None:
    StreamShard.objects.create(stream_arn="arn", shard_id="s", **facts)


def job(**facts: Any) -> None:
    Job.objects.create(kind=Job.Kind.UNDO, vendor_id="VEND001", **facts)


def row_that_makes_the_code_fail() -> None:
    ValidationError.objects.create(
        upload=upload(), vendor_id="VEND001", row_number=1, error_type="internal_error", error_message="?"
    )


def task_that_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "finish", lambda _: 1 // 0)
    tasks.finish_upload.apply(args=("U1",))


def slow_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "WAITED", 0.01)
    monkeypatch.setattr(metrics, "ASKED", (lambda: metrics._rows("SELECT pg_sleep(60)"),))


def page_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vendors.portal.invitations.render", lambda *_, **__: 1 // 0)
    assert Client(raise_request_exception=False).get("/invitation/x/").status_code == 500


def queue_of(many: int) -> None:
    with redis.Redis.from_url(site.REDIS_URL) as broker:
        broker.lpush("staging", *range(many))


PROVOKED: dict[str, Callable[[pytest.MonkeyPatch], Any]] = {
    "PostgreSQLAway": slow_query,
    "ServiceAway": lambda _: ServiceOutage.objects.create(service="DynamoDB", reason="?", began_at=ago(seconds=700)),
    "RedisAway": lambda patch: patch.setattr(site, "REDIS_URL", "redis://127.0.0.1:1/0"),
    "ScheduleStands": lambda _: UpkeepStep.objects.create(name=steps.READ_STREAM, well_at=ago(hours=1)),
    "StreamBehind": lambda _: shard(created_at=ago(hours=9), caught_up_at=ago(seconds=400)),
    "PagesFail": page_that_fails,
    "PagesSlow": lambda _: meters.took(meters.REQUESTS, 3.0, "home", "2xx"),
    "StepFails": lambda _: UpkeepStep.objects.create(
        name=steps.FINISH, failing_since=ago(seconds=1000), failed_at=timezone.now()
    ),
    "TasksFail": task_that_raises,
    "RowsWait": lambda _: upload(staged_rows=5, created_at=ago(hours=2)),
    "UploadStands": lambda _: upload(created_at=ago(hours=7)),
    "StatusesOwed": lambda _: RecordOutcome.objects.create(
        upload_id="U", record_id="R", outcome="inserted", created_at=ago(hours=1)
    ),
    "StreamGap": lambda _: shard(gap_found_at=ago(hours=2)),
    "LeasesExpired": lambda _: job(state="running", expires_at=ago(minutes=20)),
    "QueueGrows": lambda _: queue_of(600),
    "JobsWait": lambda _: job(created_at=ago(hours=2)),
    "JobsFail": lambda _: job(state="failed", ended_at=ago(hours=2)),
    "RowsMakeCodeFail": lambda _: row_that_makes_the_code_fail(),
    "AwsFails": lambda _: measured.note("Query", measured.FAILED, 0.1),
    "AwsThrottles": lambda _: measured.note("Query", measured.THROTTLED, 0.1),
}


@pytest.fixture(autouse=True)
def quiet(vendor: Vendor) -> Any:
    """A platform that has just been set up, and empty queues."""
    queues = ("staging", "stream", "upkeep", "jobs")
    with redis.Redis.from_url(site.REDIS_URL) as broker:
        broker.delete(*queues)
        yield
        broker.delete(*queues)


def test_a_platform_that_is_well_is_silent() -> None:
    before = scrape()
    job(state="failed", ended_at=ago(days=2))
    upload(status="completed")
    measured.note("HeadObject", measured.REFUSED, 0.1)
    measured.note("Query", measured.OK, 0.1)
    meters.took(meters.REQUESTS, 0.2, "home", "2xx")
    meters.took(meters.REQUESTS, 2.0, "none", "5xx")
    assert firing(scrape(), before) == set()


@pytest.mark.parametrize(("alert", "provoke"), PROVOKED.items())
def test_an_alert_fires_for_what_it_warns_of(
    alert: str, provoke: Callable[[pytest.MonkeyPatch], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scrape()
    provoke(monkeypatch)
    assert alert in firing(scrape(), before)


def test_the_first_two_alerts_fire_where_nothing_is_told_at_all() -> None:
    assert firing({}, {}) == {"NothingIsTold", "WebAway"}


def test_without_the_web_an_alert_fires_though_workers_tell_of_the_platform() -> None:
    of_workers = {key: value for key, value in scrape().items() if not key[0].startswith(meters.REQUESTS)}
    assert firing(of_workers, of_workers) == {"WebAway"}


def test_no_alert_was_left_out() -> None:
    assert {rule["alert"] for rule in RULES} == {*PROVOKED, "NothingIsTold", "WebAway"}
