"""The logs of the embedded services: bounded at each start and while the services run on, with what came last kept."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery.signals import heartbeat_sent

from config.embedded import logs, processes, services

BOUND = 1000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The logs of a data folder of the test's own; a log may have BOUND bytes."""
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path))
    monkeypatch.setattr(processes, "_children", {})
    monkeypatch.setattr(logs, "LOG_BYTES", BOUND)
    yield processes.log_dir()
    for name in processes.state():
        processes.stop_process(name)


def test_a_log_above_the_bound_is_emptied_and_its_end_replaces_what_was_kept_before(folder: Path) -> None:
    (folder / "redis.log.1").write_text("from long ago")
    (folder / "redis.log").write_text("early" + "." * (BOUND - 4) + "late")
    logs.bound_logs(folder)
    assert (folder / "redis.log").read_text() == ""
    assert (folder / "redis.log.1").read_text() == "." * (BOUND - 4) + "late"


def test_a_log_within_the_bound_is_left_as_it_is(folder: Path) -> None:
    (folder / "redis.log").write_text("." * BOUND)
    logs.bound_logs(folder)
    assert (folder / "redis.log").read_text() == "." * BOUND
    assert [path.name for path in folder.iterdir()] == ["redis.log"]


def test_a_start_bounds_the_logs_of_all_services(folder: Path) -> None:
    for name in ("redis", "starting"):
        (folder / f"{name}.log").write_text("." * (BOUND + 1))
    processes.spawn("starting", [sys.executable, "-c", "print('started')"])
    processes._children["starting"].wait()
    assert (folder / "starting.log").read_text() == "started\n"
    assert (folder / "redis.log").read_text() == ""
    assert {path.stat().st_size for path in folder.glob("*.log.1")} == {BOUND}


def test_a_service_that_runs_on_goes_on_at_the_beginning_of_its_emptied_log(folder: Path) -> None:
    first, second = folder / "first", folder / "second"
    os.mkfifo(first)
    os.mkfifo(second)
    processes.spawn("speaking", ["sh", "-c", f"cat {first}; cat {second}"])
    first.write_text("." * (BOUND + 1))
    with second.open("w") as words:  # opened by both, so that all of the first is written
        logs.bound_logs(folder)
        words.write("and on")
    processes._children["speaking"].wait()
    assert (folder / "speaking.log").read_text() == "and on"


def test_the_embedded_worker_bounds_the_logs_at_each_heartbeat_and_no_other_worker_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawn(name: str, command: list[str], env: dict[str, str]) -> None:
        for variable, value in env.items():
            monkeypatch.setenv(variable, value)
        Path(env["WORKER_READY_FILE"]).touch()

    (folder / "redis.log").write_text("." * (BOUND + 1))
    heartbeat_sent.send(sender=None)
    assert (folder / "redis.log").stat().st_size == BOUND + 1

    monkeypatch.setattr(services, "spawn", spawn)
    services._start_worker()
    heartbeat_sent.send(sender=None)
    assert (folder / "redis.log").stat().st_size == 0
