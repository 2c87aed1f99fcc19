"""What /metrics says of the platform: right figures, no text of a row among them, and no long table read whole."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings as site
from django.db import connection
from django.utils import timezone

from tests.site.hostile import SCRIPT
from uploads.insight import metrics
from uploads.models import (
    Job,
    Kept,
    RecordOutcome,
    ServiceOutage,
    StreamShard,
    TableStream,
    UpkeepStep,
    UploadHistory,
    ValidationError,
)  # fmt: skip
from uploads.work import policies, steps
from uploads.work.outages import CALM_SECONDS
from vendors.models import Vendor, Webhook, WebhookDelivery

pytestmark = pytest.mark.django_db


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


def upload(vendor: Vendor, key: str = "U1", **facts: Any) -> UploadHistory:
    return UploadHistory.objects.create(upload_id=key, vendor=vendor, file_name="feed.csv", **facts)


def said(ask: Callable[[], Any]) -> dict[tuple[str, ...], float]:
    return {(name, *labels): figure for name, labels, figure in ask()}


# --- figures -----------------------------------------------------------------------------------------------------


def test_rows_and_uploads_are_those_of_the_last_24_hours(vendor: Vendor) -> None:
    upload(vendor, "new", total_records=9, valid_records=7, error_records=2, inserted_records=4, updated_records=2,
           skipped_records=1, status="completed", created_at=ago(hours=23))  # fmt: skip
    upload(vendor, "old", total_records=5, valid_records=5, inserted_records=5, created_at=ago(hours=25))
    found = said(metrics.uploads_of_the_day)
    rows = {key[1]: figure for key, figure in found.items() if key[0] == metrics.ROWS}
    assert rows == {
        "inserted": 4,
        "updated": 2,
        "retired": 0,
        "unchanged": 0,
        "superseded": 0,
        "skipped": 1,
        "error": 2,
    }
    states = {key[1]: figure for key, figure in found.items() if key[0] == metrics.UPLOADS}
    assert states == {"processing": 0, "held": 0, "completed": 1, "failed": 0, "cancelled": 0, "other": 0}


def test_open_uploads_have_an_age_and_those_with_pending_rows_another(vendor: Vendor) -> None:
    upload(vendor, "waits", staged_rows=10, created_at=ago(seconds=60), staging_expires_at=ago(seconds=1))
    upload(vendor, "older", created_at=ago(seconds=600), staging_expires_at=timezone.now() + timedelta(seconds=20))
    upload(vendor, "done", staged_rows=10, status="completed", created_at=ago(days=2))
    found = said(metrics.uploads_open)
    assert found[metrics.OPEN,] == 2
    assert found[metrics.OPEN_AGE,] == pytest.approx(600, abs=30)
    assert found[metrics.PENDING_AGE,] == pytest.approx(60, abs=30)
    assert (found[metrics.LEASES, "staging", "held"], found[metrics.LEASES, "staging", "expired"]) == (1, 1)


def test_without_any_the_ages_are_0(db: None) -> None:
    assert set(said(metrics.uploads_open).values()) == {0}
    assert said(metrics.outbox) == {(metrics.OWED,): 0, (metrics.OWED_AGE,): 0}


def test_the_stream_is_as_far_behind_as_its_slowest_open_shard(db: None) -> None:
    assert (metrics.LAG,) not in said(metrics.stream)
    shard: dict[str, Any] = {"stream_arn": "arn", "created_at": ago(hours=5)}
    StreamShard.objects.create(shard_id="a", caught_up_at=ago(seconds=3), **shard)
    StreamShard.objects.create(shard_id="b", caught_up_at=ago(seconds=90), lease_expires_at=ago(seconds=1), **shard)
    StreamShard.objects.create(shard_id="c", state="drained", gap_found_at=ago(hours=1), **shard)
    StreamShard.objects.create(shard_id="d", state="drained", gap_found_at=ago(hours=2), gap_healed_at=ago(hours=1),
                               **shard)  # fmt: skip
    found = said(metrics.stream)
    assert found[metrics.LAG,] == pytest.approx(90, abs=30)
    assert found[metrics.GAPS,] == 1
    assert (found[metrics.LEASES, "shard", "held"], found[metrics.LEASES, "shard", "expired"]) == (0, 1)


def test_only_the_newest_stream_of_the_table_is_in_doubt(db: None) -> None:
    TableStream.objects.create(stream_arn="old", doubted_at=ago(days=9), seen_at=ago(days=9))
    assert said(metrics.table)[metrics.DOUBT,] > 0
    TableStream.objects.create(stream_arn="new")
    assert said(metrics.table)[metrics.DOUBT,] == 0


def test_what_is_owed_to_dynamodb_is_counted_with_the_age_of_the_oldest(db: None) -> None:
    kinds: list[dict[str, Any]] = [{"write_back_refusals": 3}, {}, {"written_back_at": timezone.now()}]
    for number, facts in enumerate(kinds):
        RecordOutcome.objects.create(
            upload_id="U", record_id=str(number), outcome="inserted", created_at=ago(seconds=100 * number), **facts
        )
    found = said(metrics.outbox)
    assert found[metrics.OWED,] == 2
    assert found[metrics.OWED_AGE,] == pytest.approx(100, abs=30)


def test_deliveries_that_are_due_are_counted_with_the_age_of_the_first(vendor: Vendor) -> None:
    assert set(said(metrics.webhooks).values()) == {0}
    webhook = Webhook.objects.create(vendor=vendor, url="https://a.example/", events=[], failing_since=timezone.now())
    due: list[dict[str, Any]] = [{}, {"next_try_at": ago(seconds=100)}, {"next_try_at": ago(seconds=-100)}]
    for number, facts in enumerate([*due, {"state": "delivered", "next_try_at": ago(days=1)}]):
        WebhookDelivery.objects.create(webhook=webhook, message_id=f"msg_{number}", event="test", body="{}", **facts)
    found = said(metrics.webhooks)
    assert (found[metrics.WEBHOOKS,], found[metrics.WEBHOOKS_FAILING,]) == (2, 1)
    assert found[metrics.WEBHOOK_AGE,] == pytest.approx(100, abs=30)


def test_open_jobs_are_counted_and_ended_ones_of_the_day(vendor: Vendor) -> None:
    for facts in (
        {"state": "waiting", "created_at": ago(seconds=50)},
        {"state": "running", "expires_at": ago(seconds=1)},
        {"state": "failed", "ended_at": ago(hours=1)},
        {"state": "failed", "ended_at": ago(hours=30)},
    ):
        Job.objects.create(kind=Job.Kind.UNDO, vendor=vendor, **facts)
    found = said(metrics.jobs)
    assert [found[metrics.JOBS, "undo", state] for state in ("waiting", "running", "done", "failed")] == [1, 1, 0, 1]
    assert found[metrics.JOBS, "retry", "waiting"] == 0
    assert found[metrics.JOB_AGE,] == pytest.approx(50, abs=30)
    assert found[metrics.LEASES, "job", "expired"] == 1


@pytest.mark.parametrize(
    ("later", "failed"),
    [
        ({"state": "done"}, 0),
        ({"state": "failed"}, 2),
        ({"state": "waiting"}, 1),
        ({"state": "done", "kind": Job.Kind.RECONCILE}, 1),
        ({"state": "done", "upload": None}, 1),
    ],
    ids=["done", "failed again", "asked for again", "something else was done", "of another upload"],
)
def test_a_job_that_failed_counts_until_the_same_was_done_for_its_upload(
    later: dict[str, Any], failed: int, vendor: Vendor
) -> None:
    facts: dict[str, Any] = {"kind": Job.Kind.RETRY, "vendor": vendor, "upload": upload(vendor)}
    Job.objects.create(**facts | {"state": "done", "ended_at": timezone.now()})
    Job.objects.create(**facts | {"state": "failed", "ended_at": timezone.now()})
    Job.objects.create(**facts | later | {"ended_at": None if later["state"] == "waiting" else timezone.now()})
    assert said(metrics.jobs)[metrics.JOBS, "retry", "failed"] == failed


def test_each_step_of_the_schedule_says_since_when_it_fails_or_that_nobody_tries_it(db: None) -> None:
    UpkeepStep.objects.create(name=steps.WRITE_BACK, failing_since=ago(seconds=80), failed_at=timezone.now())
    UpkeepStep.objects.create(name=steps.READ_STREAM, well_at=ago(hours=1))
    found = said(metrics.steps_of_the_schedule)
    assert {key[1] for key in found} == set(steps.EVERY)
    assert found[metrics.STEP_FAILING, steps.WRITE_BACK] == pytest.approx(80, abs=30)
    assert (found[metrics.STEP_LATE, steps.WRITE_BACK], found[metrics.STEP_LATE, steps.READ_STREAM]) == (0, 1)


def test_open_errors_are_counted_by_code_without_warnings_resolved_ones_and_old_ones(vendor: Vendor) -> None:
    row: dict[str, Any] = {"upload": upload(vendor), "vendor": vendor, "row_number": 1, "error_message": "?"}
    for facts in ({}, {}, {"resolved_at": timezone.now()}, {"severity": "warning"}, {"created_at": ago(days=2)}):
        ValidationError.objects.create(error_type="invalid_price", **row, **facts)
    found = said(metrics.errors)
    assert found[metrics.ERRORS, "invalid_price"] == 2
    assert sum(found.values()) == 2


def test_what_is_kept_and_what_was_deleted_is_said_by_kind(db: None) -> None:
    Kept.objects.create(kind="files", standing=7, removed=12)
    found = said(metrics.kept)
    assert {kind for name, kind in found if name == metrics.DELETED} == set(policies.POLICIES)
    assert (found[metrics.KEPT, "files"], found[metrics.DELETED, "files"]) == (7, 12)
    assert (metrics.KEPT, "rows") not in found, "nobody has counted them yet"


@pytest.mark.parametrize(
    ("answered_at", "seconds"),
    [(lambda: None, 70), (timezone.now, 70), (lambda: ago(seconds=CALM_SECONDS + 1), 0)],
    ids=["it doesn't answer", "it answers now and then", "it answers again"],
)
def test_an_outage_is_said_until_the_service_answers_for_some_seconds(
    db: None, answered_at: Callable[[], datetime | None], seconds: float
) -> None:
    ServiceOutage.objects.create(service="DynamoDB", reason="?", began_at=ago(seconds=70), answered_at=answered_at())
    found = said(metrics.outages)
    assert found[metrics.OUTAGES, "DynamoDB"] == pytest.approx(seconds, abs=8)
    assert found[metrics.OUTAGES, "File storage"] == 0


# --- what is away ------------------------------------------------------------------------------------------------


def test_queues_are_counted(broker: None) -> None:
    with redis.Redis.from_url(site.REDIS_URL) as asked:
        asked.delete("staging", "stream", "upkeep", "jobs")
        asked.lpush("staging", "a", "b")
        found = {(name, *labels): figure for name, labels, figure in metrics._of_redis()}
        asked.delete("staging")
    assert found == {
        (metrics.QUEUES, "jobs"): 0, (metrics.QUEUES, "staging"): 2, (metrics.QUEUES, "stream"): 0,
        (metrics.QUEUES, "upkeep"): 0, (metrics.REDIS,): 1,
    }  # fmt: skip


def test_redis_that_is_away_is_said_and_its_queues_are_absent(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = metrics.known()
    assert (metrics.REDIS, (), 0.0) in found
    assert (metrics.POSTGRESQL, (), 1.0) in found
    assert metrics.QUEUES not in {name for name, *_ in found}


def test_a_query_that_takes_too_long_is_given_up_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "WAITED", 0.01)
    monkeypatch.setattr(metrics, "ASKED", (lambda: metrics._rows("SELECT pg_sleep(60)"),))
    assert metrics._of_postgresql() == [(metrics.POSTGRESQL, (), 0.0)]


# --- bounds ------------------------------------------------------------------------------------------------------


def test_what_stands_in_rows_becomes_no_label(vendor: Vendor) -> None:
    def fill(text: str) -> None:
        upload(vendor, text, status=text, created_at=timezone.now())
        Job.objects.create(kind=text[:20], state=text[:20], vendor=vendor, ended_at=timezone.now())
        ValidationError.objects.create(upload_id=text, vendor=vendor, row_number=1, error_type=text, error_message=text)
        ServiceOutage.objects.create(service=text, reason=text)
        UpkeepStep.objects.create(name=text, failing_since=timezone.now())

    def series() -> set[tuple[str, tuple[str, ...]]]:
        return {(name, labels) for name, labels, _ in metrics._of_postgresql()}

    before = series()
    for number in range(3):
        fill(f"{number}{SCRIPT}"[:50])
    assert {name for name, _ in series()} == {name for name, _ in before}
    assert {labels for _, labels in series() - before} <= {("other", state) for state in ("other", "done")}
    assert said(metrics.errors)[metrics.ERRORS, "other"] == 3


def test_every_figure_is_listed_and_every_one_that_is_listed_is_told(broker: None) -> None:
    StreamShard.objects.create(stream_arn="arn", shard_id="a")
    Kept.objects.create(kind="files", standing=0)
    told = metrics.known()
    assert {name for name, *_ in told} == set(metrics.FIGURES)
    assert all(len(labels) == len(metrics.FIGURES[name].labels) for name, labels, _ in told)


SHORT = {"table_streams", "upkeep_steps", "service_outages", "kept"}  # a dozen rows


@pytest.mark.parametrize("ask", metrics.ASKED, ids=lambda ask: str(ask.__name__))
def test_no_query_reads_a_long_table_whole_or_sorts_it(ask: Callable[[], Any]) -> None:
    asked: list[tuple[str, Any]] = []

    def noted(execute: Any, query: str, values: Any, many: bool, context: Any) -> Any:
        asked.append((query, values))
        return execute(query, values, many, context)

    with connection.execute_wrapper(noted):
        list(ask())
    assert asked
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):  # what it can do without it does by an index in its order
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for query, values in asked:
            cursor.execute(f"EXPLAIN {query}", values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
            read = set(re.findall(r"Seq Scan on (\w+)", plan))
            assert read <= SHORT, plan
            assert read or "Sort" not in plan.partition("Limit")[2], plan
            assert "Limit" in plan or "upkeep_steps" in plan or " kept" in plan, plan
