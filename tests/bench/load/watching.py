"""What the processes need, and how far work is behind, looked at from outside while it goes on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import psutil

from config.embedded import processes
from tests.bench.memory import MB, peak_mb

LOOK_SECONDS: Final = 1.0
MEMORY_SECONDS: Final = 5.0
OURS: Final = ("web", "worker", "beat")
SERVICES: Final = ("postgres", "redis", "aws")


@dataclass(frozen=True)
class Behind:
    """At a moment (time.monotonic): of the stream its lag in seconds, of uploads the open ones, and rows owed."""

    at: float
    lag: float
    open_uploads: int
    owed: int


@dataclass
class Watched:
    """`memory` is the most that each process was seen to need, in MB, by its kind and number."""

    behind: list[Behind] = field(default_factory=list)
    memory: dict[tuple[str, int], float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)  # seconds by kind

    def look_at_memory(self) -> None:
        for name in OURS:
            for number, process in enumerate(_family(name)):
                kind = name if number == 0 else f"{name}'s process"
                peak = peak_mb(process.pid)
                self.memory[kind, process.pid] = max(peak, self.memory.get((kind, process.pid), 0.0))
        for name in SERVICES:
            # PostgreSQL's processes share most of theirs, so each counts with its part of it.
            needs = sum(_share_mb(process) for process in _family(name))
            self.memory[name, 0] = max(needs, self.memory.get((name, 0), 0.0))


@contextmanager
def watching() -> Iterator[Watched]:
    """Looks every second until the block ends."""
    watched, over = Watched(), threading.Event()
    watcher = threading.Thread(target=_watch, args=[watched, over])
    before = _cpu()
    watcher.start()
    try:
        yield watched
    finally:
        over.set()
        watcher.join()
        watched.look_at_memory()
        watched.cpu = {name: round(spent - before.get(name, 0.0), 1) for name, spent in _cpu().items()}


def behind() -> Behind:
    """As the platform's own metrics say it."""
    from uploads.insight import metrics

    found = {
        name: figure for ask in (metrics.stream, metrics.uploads_open, metrics.outbox) for name, _, figure in ask()
    }
    return Behind(
        time.monotonic(), found.get(metrics.LAG, 0.0), int(found[metrics.OPEN]), int(found[metrics.OWED])
    )  # fmt: skip


def _watch(watched: Watched, over: threading.Event) -> None:
    from django.db import connection

    memory_at = 0.0
    try:
        while not over.wait(LOOK_SECONDS):
            watched.behind.append(behind())
            if time.monotonic() - memory_at > MEMORY_SECONDS:
                watched.look_at_memory()
                memory_at = time.monotonic()
    finally:
        connection.close()


def _family(name: str) -> list[psutil.Process]:
    process = processes.running_process(name)
    if process is None:
        return []
    with suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return []


def _share_mb(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        return float(process.memory_full_info().pss) / MB
    return 0.0


def _cpu() -> dict[str, float]:
    """Seconds of processor time that each kind of process has taken, its ended children included."""
    spent: dict[str, float] = {}
    for name in (*OURS, *SERVICES):
        for process in _family(name):
            with suppress(psutil.Error):
                times = process.cpu_times()
                spent[name] = spent.get(name, 0.0) + times.user + times.system
                spent[name] += times.children_user + times.children_system
    return spent
