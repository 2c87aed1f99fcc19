"""Peak memory of each of our processes, and the time, at 10,000, 100,000 and 1,000,000 rows (with ROWS=20000).

The embedded endpoint keeps some 10 KB of memory a row and can't hold a million. So all three sizes run with a stand-in
for DynamoDB that keeps its items on disk (standin.py); PostgreSQL, Redis, file storage, worker and beat are real. The
times say how our own work grows with the file; they are no DynamoDB's.
"""

import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from config.embedded import processes, services
from tests.bench import feeds
from tests.bench.measure import Contender, Figure, Pace, Run, Target, explained, figure, one_run, same, shares
from tests.live import Platform, eventually

GROUP = "Size"
SIZES = (0.5, 5, 50)  # times ROWS
NOTE = "with a stand-in for DynamoDB on disk"
MB = 1024 * 1024
LIMIT_SECONDS = 3600.0
SECONDS = """
    SELECT extract(epoch FROM greatest(completed_at, (SELECT max(written_back_at) FROM record_outcomes)) - created_at)
      FROM upload_history
"""
OWED = "SELECT 1 FROM record_outcomes WHERE written_back_at IS NULL LIMIT 1"


@dataclass
class Peaks:
    """The most memory that each process was seen to need, in MB, as the kernel counts it (VmHWM)."""

    seen: dict[tuple[str, int], float] = field(default_factory=dict)

    def look(self) -> None:
        for name in ("worker", "beat"):
            process = processes.running_process(name)
            if process is not None:
                self._note(name, process)
                for child in _children(process):
                    self._note(f"{name}'s child", child)
        for child in psutil.Process().children():
            with suppress(psutil.Error):
                if "import_feed" in child.cmdline():
                    self._note("import_feed", child)

    def _note(self, name: str, process: psutil.Process) -> None:
        peak = peak_mb(process.pid)
        if peak:
            self.seen[name, process.pid] = max(peak, self.seen.get((name, process.pid), 0.0))

    @property
    def largest(self) -> float:
        return max(self.seen.values())

    def __str__(self) -> str:
        return ", ".join(f"{name} {peak:.0f}" for (name, _), peak in sorted(self.seen.items(), key=lambda kv: -kv[1]))


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def peak_mb(pid: int) -> float:
    """The peak of a process's resident memory; 0 for one that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0][1]) * 1024 / MB if lines else 0.0


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    """One import of each size, each on workers that have done nothing before. Once each: they are long enough."""
    measured = {size: _import(folder, size) for size in (round(rows * times) for times in SIZES)}
    figures = []
    for size, (run, peaks) in measured.items():
        figures += [
            figure(
                GROUP, f"{size:,} rows, accepted → completed and written back", "s", [run.seconds],
                note=f"{NOTE}; {shares([run])}",
            ),
            figure(
                GROUP, f"{size:,} rows, peak memory of the largest process", "MB", [peaks.largest],
                target=Target(most=200), note=f"in MB: {peaks}",
            ),
        ]  # fmt: skip
    return figures + _growth(measured)


def _growth(measured: dict[int, tuple[Run, Peaks]]) -> list[Figure]:
    """The largest size against the one before: memory must stay, time may grow with the rows."""
    *_, (fewer, (run, peaks)), (more, (larger_run, larger_peaks)) = measured.items()
    sizes = f"{more:,} against {fewer:,} rows"
    memory, seconds = larger_peaks.largest / peaks.largest, larger_run.seconds / run.seconds
    return [
        explained(
            figure(GROUP, f"peak memory, {sizes}", "×", [memory], target=Target(most=1.1)),
            lambda: f"with more rows, in MB: {larger_peaks}; with fewer: {peaks}",
        ),
        explained(
            figure(GROUP, f"time, {sizes}", "×", [seconds], target=Target(most=1.05 * more / fewer)),
            lambda: f"with more rows: {shares([larger_run])}; with fewer: {shares([run])}",
        ),
    ]


def _import(folder: Path, rows: int) -> tuple[Run, Peaks]:
    """Send a file of that size through the platform; returns the run until all is done, and the peaks."""
    path = feeds.clean(folder / f"{rows}.csv", rows)
    with _platform(folder / f"platform-{rows}") as platform, _watched() as peaks:

        def run() -> int:
            done = platform.python("manage.py", "import_feed", str(path), "--vendor", feeds.VENDOR, "--wait")
            assert done.returncode == 0, done.stdout + done.stderr
            eventually(lambda: not platform.rows(OWED), "everything is written back", LIMIT_SECONDS)
            return rows

        # By the database's clock: starting Python to send the file isn't a part of it.
        measured = replace(one_run(Contender(f"{rows:,} rows", run)), seconds=float(platform.rows(SECONDS)[0][0]))
        same("products", platform.rows("SELECT count(*) FROM products"), [(rows,)])
    path.unlink()
    return measured, peaks


@contextmanager
def _watched() -> Iterator[Peaks]:
    """Looks at the processes' memory twice a second; a worker's child may be gone before the end."""
    peaks, over = Peaks(), threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            peaks.look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
        peaks.look()
    finally:
        over.set()
        watcher.join()


@contextmanager
def _platform(folder: Path) -> Iterator[Platform]:
    """A platform of its own, whose DynamoDB is the stand-in; gone at the end, with all its data."""
    before = os.environ["EMBEDDED_DIR"]
    os.environ["EMBEDDED_DIR"] = str(folder)
    platform = Platform(folder)
    try:
        services.start_backing()
        port = processes.first_free(0)
        _start_stand_in(folder, port)
        platform.env |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **_credentials()}
        platform.up()
        yield platform
    finally:
        services.stop()
        processes.stop_process("standin")
        shutil.rmtree(folder, ignore_errors=True)  # a million rows are some gigabytes
        os.environ["EMBEDDED_DIR"] = before


def _credentials() -> dict[str, str]:
    """Of the embedded endpoint, behind the stand-in."""
    return {name.upper(): value for name, value in services.aws_credentials().items()}


def _start_stand_in(folder: Path, port: int) -> None:
    upstream = services.aws_endpoint_url().removeprefix("http://")
    file = str(folder / "standin.sqlite")
    processes.spawn("standin", [sys.executable, "-m", "tests.bench.standin", str(port), file, upstream])
    processes.wait_until("standin", lambda: _answers(port))


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
