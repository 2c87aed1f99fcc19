"""Workers that are told to stop (SIGTERM) in the middle of their work, as containers and systemd do it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded import processes
from tests.live import Platform, eventually, sample_feed

ROWS = 6000
GRACE_SECONDS = 60  # what compose.yaml and deploy/cloudformation.yaml give it

Worker = subprocess.Popen[bytes]


@pytest.fixture
def start(platform: Platform, tmp_path: Path) -> Iterator[Callable[[str], Worker]]:
    """Starts a worker beside beat, as a container's command does; the platform's own is ended."""
    platform.kill("worker", with_children=True)
    started: list[Worker] = []

    def one(name: str) -> Worker:
        ready = tmp_path / name
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "staging,stream,upkeep,jobs",
                   "-c", "2", "-n", f"{name}@%h", "--without-gossip", "--without-mingle"]  # fmt: skip
        env = platform.env | {"WORKER_READY_FILE": str(ready)}
        with (tmp_path / f"{name}.log").open("w") as log:
            started.append(subprocess.Popen(command, cwd=processes.ROOT, env=env, stdout=log, stderr=log))
        eventually(ready.exists, f"{name} takes tasks")
        return started[-1]

    yield one
    for worker in started:
        worker.kill()
        worker.wait()


def leases(platform: Platform) -> int:
    """How many shards and uploads somebody holds at this moment."""
    return int(
        platform.rows(
            """
            SELECT (SELECT count(*) FROM stream_shards WHERE lease_expires_at > clock_timestamp())
                 + (SELECT count(*) FROM upload_history WHERE staging_expires_at > clock_timestamp() + interval '1 s')
            """
        )[0][0]
    )


def test_a_worker_that_is_told_to_stop_in_mid_batch_gives_its_leases_back_and_another_goes_on_at_once(
    platform: Platform, tmp_path: Path, start: Callable[[str], Worker]
) -> None:
    first, path = start("first"), tmp_path / "feed.csv"
    sample_feed(path, ROWS, "VEND003")
    with platform.held(1000):
        platform.manage("import_feed", str(path), "--vendor", "VEND003")
        eventually(platform.waits, "a batch in the middle")
        eventually(lambda: platform.rows("SELECT 1 FROM upload_history WHERE staged_rows > 4000"), "much left to do")
        assert leases(platform)
        first.send_signal(signal.SIGTERM)
        eventually(lambda: "Warm shutdown" in (tmp_path / "first.log").read_text(), "the worker has heard it")
    assert first.wait(GRACE_SECONDS) == os.EX_OK

    assert leases(platform) == 0
    left = "SELECT 1 FROM upload_history WHERE status = 'processing' AND total_records < 4000"
    assert platform.rows(left), "the batch that was under way was done, and no other"
    start("second")
    mine = "SELECT total_records, error_records FROM upload_history WHERE status = 'completed'"
    eventually(lambda: platform.rows(mine), "completed")
    assert platform.rows(mine) == [(ROWS, ROWS // 20)]
    assert platform.rows("SELECT count(*), count(DISTINCT record_id) FROM record_outcomes") == [(ROWS, ROWS)]
    assert platform.rows("SELECT count(*) FROM products") == [(ROWS - ROWS // 20,)]
