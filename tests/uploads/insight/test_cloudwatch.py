"""What alarms and scaling of deploy/cloudformation.yaml follow is told to CloudWatch, as it reads it."""

import io
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from config.embedded import processes
from config.watch.lines import JsonLines
from tests.config.bodies.serving import database_url
from tests.deploy import template
from tests.live import eventually
from uploads.insight import cloudwatch, metrics
from uploads.models import Job, StreamShard, UploadHistory
from vendors.models import Vendor

NAMESPACE = "Onboarding-of-a-test"
# A metric as alarms name it: its name and its dimensions.
Named = tuple[str, tuple[tuple[str, str], ...]]


def _followed(part: Any) -> Iterator[Named]:
    """The metrics of our namespace that are named anywhere in this part of the template."""
    if isinstance(part, list):
        for inner in part:
            yield from _followed(inner)
    if isinstance(part, dict):
        if part.get("Namespace") == {"Ref": "MetricsNamespace"}:
            dimensions = part.get("Dimensions", [])
            yield part["MetricName"], tuple(sorted((one["Name"], one["Value"]) for one in dimensions))
        for inner in part.values():
            yield from _followed(inner)


def _read(line: str) -> tuple[Named, float]:
    """A line as CloudWatch reads it: its metric, and the figure. Fails where its format doesn't allow it."""
    event = json.loads(line)
    assert abs(time.time() * 1000 - event["_aws"]["Timestamp"]) < 3_600_000
    (directive,) = event["_aws"]["CloudWatchMetrics"]
    ((*names,),), (metric,) = directive["Dimensions"], directive["Metrics"]
    assert (directive["Namespace"], metric["Unit"]) == (NAMESPACE, "Seconds")
    assert all(isinstance(event[name], str) for name in names)
    assert isinstance(event[metric["Name"]], float)
    return (metric["Name"], tuple((name, event[name]) for name in names)), event[metric["Name"]]


@pytest.fixture
def told(settings: Any) -> Iterator[io.StringIO]:
    """What the log has, in its own format."""
    settings.METRICS_NAMESPACE = NAMESPACE
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    cloudwatch.logger.addHandler(handler)
    yield written
    cloudwatch.logger.removeHandler(handler)


def _lines(told: io.StringIO) -> dict[Named, float]:
    return dict(map(_read, told.getvalue().splitlines()))


@pytest.mark.django_db
def test_all_that_the_template_follows_is_told_and_nothing_else_is_paid_for(told: io.StringIO) -> None:
    StreamShard.objects.create(stream_arn="arn", shard_id="a", caught_up_at=timezone.now())
    cloudwatch.tell()
    followed = set(_followed(template.read()["Resources"]))
    assert len(followed) == 3
    assert set(_lines(told)) == followed


@pytest.mark.django_db
def test_the_figures_are_those_of_the_metrics(told: io.StringIO, vendor: Vendor) -> None:
    now = timezone.now()
    long_ago = now - timedelta(seconds=500)
    StreamShard.objects.create(stream_arn="arn", shard_id="a", caught_up_at=long_ago, created_at=long_ago)
    Job.objects.create(kind=Job.Kind.UNDO, vendor=vendor, created_at=now - timedelta(seconds=80))
    cloudwatch.tell()
    assert _lines(told) == {
        ("OldestPendingSeconds", (("Queue", "stream"),)): pytest.approx(500, abs=30),
        ("QueueAgeSeconds", (("Queue", "jobs"),)): pytest.approx(80, abs=30),
        ("QueueAgeSeconds", (("Queue", "staging"),)): 0.0,
    }
    assert set(cloudwatch.TOLD) <= set(metrics.FIGURES)


@pytest.mark.django_db
def test_what_is_not_known_is_not_told(told: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    cloudwatch.tell()
    assert {name for name, _ in _lines(told)} == {"QueueAgeSeconds"}, "no shard is known"
    told.seek(0)
    told.truncate()
    monkeypatch.setattr(metrics, "ASKED", (lambda: metrics._rows("SELECT nonsense"),))
    cloudwatch.tell()
    assert told.getvalue() == ""


def test_the_alarm_of_the_stream_takes_silence_for_a_bad_sign() -> None:
    assert template.read()["Resources"]["StreamLags"]["Properties"]["TreatMissingData"] == "breaching"


def test_the_schedule_has_the_namespace_and_nobody_else() -> None:
    named = {
        name: [
            one for one in task["Properties"]["ContainerDefinitions"][0]["Environment"] if "NAMESPACE" in one["Name"]
        ]
        for name, task in template.read()["Resources"].items()
        if task["Type"] == "AWS::ECS::TaskDefinition"
    }
    assert named.pop("BeatTask") == [{"Name": "METRICS_NAMESPACE", "Value": {"Ref": "MetricsNamespace"}}]
    assert not any(named.values())


def test_without_a_namespace_nothing_is_told(settings: Any) -> None:
    settings.METRICS_NAMESPACE = ""
    assert cloudwatch.start() is None


@pytest.mark.usefixtures("real_processes", "broker")
def test_the_schedules_own_process_tells_it(tmp_path: Path, transactional_db: None, settings: Any) -> None:
    log = tmp_path / "log"
    env = {
        **os.environ, "DATABASE_URL": database_url(), "PRODUCTION": "0", "SECRET_KEY": settings.SECRET_KEY,
        "METRICS_NAMESPACE": NAMESPACE, "LOG_FORMAT": "json",
    }  # fmt: skip
    command = [sys.executable, "-m", "celery", "-A", "config", "beat", "--pidfile=", "--schedule", str(tmp_path / "s")]
    with log.open("w") as out, subprocess.Popen(command, cwd=processes.ROOT, env=env, stderr=out, stdout=out) as beat:
        try:
            eventually(lambda: "QueueAgeSeconds" in log.read_text(), "the schedule tells what waits")
        finally:
            beat.terminate()
    found = [line for line in log.read_text().splitlines() if '"_aws"' in line]
    assert {_read(line)[0][1] for line in found} == {(("Queue", "jobs"),), (("Queue", "staging"),)}


# --- what waits for a process ------------------------------------------------------------------------------------

AHEAD = {"staged_rows": 6_000}
WAITS: list[tuple[dict[str, Any], float]] = [
    ({}, 300),
    ({"guard": "due"}, 0),
    ({"storage_key": ""}, 0),  # another program's
    ({"file_rows": 7}, 0),  # staged
    ({"status": "completed"}, 0),
    ({"staging_expires_at": timedelta(seconds=15)}, 0),  # somebody is at it
    ({"staging_expires_at": timedelta(seconds=-5)}, 300),
    (AHEAD, 0),  # the consumer's turn
    (AHEAD | {"total_records": 2_000, "valid_records": 2_000}, 300),
    ({"layout": {"plan": {"mode": "update"}}}, 0),  # may wait for an earlier file
]


@pytest.mark.django_db
@pytest.mark.parametrize(("facts", "seconds"), WAITS, ids=lambda one: str(one) if isinstance(one, dict) else "")
def test_an_upload_waits_for_a_process_that_stages_it_while_nobody_is_at_it(
    facts: dict[str, Any], seconds: float, vendor: Vendor, django_db_blocker: Any
) -> None:
    from django.db import connection

    now = timezone.now()
    expires = facts.get("staging_expires_at")
    facts = {"storage_key": "feeds/f.csv", **facts} | ({"staging_expires_at": now + expires} if expires else {})
    UploadHistory.objects.create(upload_id="U", vendor=vendor, file_name="f.csv", **facts)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what was inserted may not be altered before it is checked
        cursor.execute("ALTER TABLE upload_history DISABLE TRIGGER upload_history_set_updated_at")
        cursor.execute("UPDATE upload_history SET updated_at = now() - interval '300 seconds'")
    found = {labels: figure for _, labels, figure in metrics.queues()}
    assert found["staging",] == pytest.approx(seconds, abs=30)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "created", "expires", "seconds"),
    [
        ("waiting", -200, None, 200), ("running", -200, 20, 0), ("running", -200, -60, 60), ("running", -200, None, 0),
        ("done", -200, None, 0),
    ],
)  # fmt: skip
def test_a_job_waits_until_somebody_takes_it_and_again_when_its_lease_ran_out(
    state: str, created: int, expires: int | None, seconds: float, vendor: Vendor
) -> None:
    now = timezone.now()
    until = None if expires is None else now + timedelta(seconds=expires)
    Job.objects.create(kind=Job.Kind.UNDO, vendor=vendor, state=state, expires_at=until,
                       created_at=now + timedelta(seconds=created))  # fmt: skip
    found = {labels: figure for _, labels, figure in metrics.queues()}
    assert found["jobs",] == pytest.approx(seconds, abs=30)
