"""The sign of life of workers and of the schedule, as a container's health check reads it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from config import heartbeat
from config.celery import Heartbeat
from config.embedded import processes
from tests.live import eventually


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "beat"
    monkeypatch.setenv("HEARTBEAT_FILE", str(path))
    return path


def test_a_file_that_was_just_touched_is_a_sign_of_life(file: Path) -> None:
    heartbeat.touch()
    assert heartbeat.complaint() == ""


def test_an_old_file_is_none(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.touch()
    long_ago = time.time() - 300
    os.utime(file, (long_ago, long_ago))
    assert heartbeat.complaint().startswith("No sign of life for 300 seconds")
    monkeypatch.setenv("HEARTBEAT_SECONDS", "1000")
    assert heartbeat.complaint() == ""


def test_no_file_and_no_name_are_said_with_what_to_do(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No such file" in heartbeat.complaint()
    monkeypatch.delenv("HEARTBEAT_FILE")
    assert "HEARTBEAT_FILE is not set" in heartbeat.complaint()
    heartbeat.touch()


@pytest.mark.parametrize(("touched", "status"), [(True, 0), (False, 1)])
def test_the_check_ends_with_a_status_for_containers(touched: bool, status: int, file: Path) -> None:
    if touched:
        file.touch()
    done = subprocess.run(
        [sys.executable, "-P", "config/heartbeat.py"], cwd=processes.ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, bool(done.stderr)) == (status, not touched)


@pytest.mark.parametrize(
    ("connection", "turned", "alive"),
    [
        ("a broker", 0.0, True), ("a broker", 59.0, True), ("a broker", 61.0, False),
        (None, 600.0, True),  # it tries again by itself
    ],
)  # fmt: skip
def test_a_worker_is_alive_while_its_loop_turns_or_has_no_broker(connection: Any, turned: float, alive: bool) -> None:
    step = Heartbeat(None)
    step._turned = 1000.0
    worker = SimpleNamespace(consumer=SimpleNamespace(connection=connection))
    assert step.is_alive(worker, 1000.0 + turned) is alive


@pytest.fixture(params=["worker", "beat"])
def process(request: pytest.FixtureRequest, file: Path, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    more = {"worker": ["-Q", "nobody", "-c", "1", "--without-gossip", "--without-mingle"],
            "beat": ["--schedule", str(tmp_path / "schedule"), "--pidfile="]}  # fmt: skip
    command = [sys.executable, "-m", "celery", "-A", "config", request.param, *more[request.param]]
    env = {**os.environ, "HEARTBEAT_FILE": str(file), "REDIS_URL": f"{settings.REDIS_URL.rsplit('/', 1)[0]}/9"}
    with subprocess.Popen(
        command, cwd=processes.ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as started:
        yield started
        started.kill()


@pytest.mark.usefixtures("broker", "real_processes")
def test_a_worker_and_the_schedule_give_one(process: "subprocess.Popen[bytes]", file: Path) -> None:
    eventually(file.exists, "a sign of life")
    assert process.poll() is None
