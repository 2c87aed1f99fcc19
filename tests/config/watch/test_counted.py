"""The folder that processes count in: made where somebody asks, removed later, and nothing lost with a process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded import processes
from config.watch import counted

COUNTS = "from config.watch import meters; meters.add(meters.READ, {}); meters.took(meters.TASKS, 1.0, 'a.task', 'ok')"


@pytest.fixture
def above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("METRICS_PORT", "1")
    monkeypatch.setenv(counted.FOLDER, str(tmp_path))
    return tmp_path


def counts(number: int) -> None:
    """A process that counts and dies."""
    subprocess.run([sys.executable, "-c", COUNTS.format(number)], cwd=processes.ROOT, check=True, env={**os.environ})


def told() -> str:
    """By a process that knows nothing itself: this one imported the library long ago."""
    code = (
        "from config.watch import counted as c; import prometheus_client as p\n"
        "with c.still(): print(p.generate_latest(c.registry()).decode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=processes.ROOT, env={**os.environ}, capture_output=True, text=True, check=True
    )
    return done.stdout


FORKED = """
import os, signal, sys
from config.watch import counted
with counted.still():
    child = os.fork()
    if not child:
        signal.alarm(30)
        counted.bury()
        os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


def test_a_process_that_is_forked_while_somebody_asks_does_not_wait_for_itself(above: Path) -> None:
    counted.open_folder("worker")
    assert subprocess.run([sys.executable, "-c", FORKED], cwd=processes.ROOT, check=False).returncode == 0


def test_where_nobody_asks_there_is_none(above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("METRICS_PORT")
    monkeypatch.delenv("METRICS_TOKEN", raising=False)
    assert counted.open_folder("worker") is None
    assert list(above.iterdir()) == []


def test_it_is_for_its_owner_and_those_of_processes_that_are_gone_are_removed(above: Path) -> None:
    (above / "onboarding-worker-999999999-old").mkdir()
    (above / f"onboarding-worker-{os.getpid()}-old").mkdir()
    for stays in ("onboarding-worker-1-lives", "onboarding-web-999999999-other", "somebody-elses"):
        (above / stays).mkdir()
    folder = counted.open_folder("worker")
    assert folder is not None
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in above.iterdir()) == sorted(
        ["onboarding-worker-1-lives", "onboarding-web-999999999-other", "somebody-elses", folder.name]
    )


def test_what_the_dead_counted_is_added_up_in_one_file(above: Path) -> None:
    folder = counted.open_folder("worker")
    assert folder is not None
    for number in (1, 20, 300):
        counts(number)
    assert len(list(folder.glob("counter_*.db"))) == 3
    for _ in range(2):
        assert "onboarding_stream_records_total 321.0" in told()
        assert 'onboarding_task_seconds_count{result="ok",task="a.task"} 3.0' in told()
    assert [path.name for path in folder.glob("counter_*.db")] == ["counter_gone.db"]
    counts(4000)
    counted.bury()
    assert [path.name for path in folder.glob("counter_*.db")] == ["counter_gone.db"]
    assert "onboarding_stream_records_total 4321.0" in told()


def test_a_file_that_a_process_is_just_making_stops_nobody_who_asks(above: Path) -> None:
    folder = counted.open_folder("worker")
    assert folder is not None
    counts(1)
    (folder / f"counter_{os.getpid()}.db").touch()
    assert "onboarding_stream_records_total 1.0" in told()


def test_a_command_counts_in_no_folder_whoever_names_one(above: Path) -> None:
    counts(1)
    assert list(above.iterdir()) == []


def test_a_folder_that_somebody_took_away_is_no_error(above: Path) -> None:
    folder = counted.open_folder("worker")
    assert folder is not None
    folder.rmdir()
    assert "python_info" in told()
