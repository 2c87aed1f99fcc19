"""15: services that are flushed, restarted and doubled under a platform of real processes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.embedded import processes
from tests.live import Platform, eventually, sample_feed

ROWS = 4000


@pytest.fixture
def second_beat(platform: Platform, tmp_path: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "config", "beat", "--schedule", str(tmp_path / "second-beat")]
    with subprocess.Popen(
        command, cwd=processes.ROOT, env=platform.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as beat:
        yield
        assert beat.poll() is None, "it was there all the time"
        beat.kill()


@pytest.mark.usefixtures("second_beat")
def test_15_with_redis_flushed_and_restarted_beat_doubled_and_postgresql_killed_every_row_counts_once(
    platform: Platform, tmp_path: Path
) -> None:
    path = tmp_path / "feed.csv"
    sample_feed(path, ROWS, "VEND003")

    def counted(condition: str) -> bool:
        return bool(platform.rows(f"SELECT 1 FROM upload_history {mine} AND {condition}"))

    with platform.held(ROWS // 4):
        with platform.held(1):
            _, opened, _ = platform.manage("import_feed", str(path), "--vendor", "VEND003", "--json")
            mine = f"WHERE upload_id = '{json.loads(opened)['upload_id']}'"
            eventually(lambda: counted("total_records > 0"), "under way")
            known = platform.state["redis"]
            redis.Redis(port=known["port"], password=known["password"]).flushall()
        eventually(lambda: counted(f"total_records >= {ROWS // 4}"), "going on without its messages")
        assert counted("status = 'processing'")
        platform.kill("redis")
        platform.kill("postgres")
    platform.up()

    eventually(lambda: counted("status = 'completed'"), "completed")
    assert platform.rows(f"SELECT total_records, error_records FROM upload_history {mine}") == [(ROWS, ROWS // 20)]
    assert platform.rows("SELECT count(*) FROM products") == [(ROWS - ROWS // 20,)]
    assert platform.rows("SELECT count(*), count(DISTINCT record_id) FROM record_outcomes") == [(ROWS, ROWS)]
    eventually(lambda: not platform.rows("SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL"), "written back")
