"""What processes measure of their own work: METERS. uploads/insight/metrics.py has what PostgreSQL knows.

Every label takes its values from what is written in code (views, tasks, operations, these constants), never from what
somebody sends: so there is a bound to how many series there can be. The library is imported by who measures first: by
then the main process has made the folder that it counts in (counted.py).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from config.watch import counted

# Seconds. Few, since each is a series for each view.
QUICK: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LONG: Final = (0.05, 0.25, 1.0, 5.0, 20.0, 60.0, 300.0)


@dataclass(frozen=True)
class Meter:
    """`buckets` are upper bounds in seconds of a histogram; a meter without any is a counter."""

    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


REQUESTS: Final = "onboarding_request_seconds"
TASKS: Final = "onboarding_task_seconds"
COMMITS: Final = "onboarding_commit_seconds"
COMMITTED: Final = "onboarding_committed_records_total"
PAGES: Final = "onboarding_stream_page_seconds"
READ: Final = "onboarding_stream_records_total"
AWS: Final = "onboarding_aws_seconds"
RETRIES: Final = "onboarding_aws_retries_total"

METERS: Final[dict[str, Meter]] = {
    REQUESTS: Meter("How long requests took, by the view that answered and the class of the status", ("view", "status"),
                    QUICK),
    TASKS: Meter("How long tasks took, by their name and whether they raised", ("task", "result"), LONG),
    COMMITS: Meter("How long it took to judge a batch of records and commit it", (), QUICK),
    COMMITTED: Meter("Records in batches that were committed"),
    PAGES: Meter("How long a page of the stream took that had records, from its request to its commit", (), QUICK),
    READ: Meter("Records that were read of the stream, our own changes included"),
    AWS: Meter("How long calls of AWS took with their retries, by operation and result", ("operation", "result"),
               QUICK),
    RETRIES: Meter("Attempts beyond the first of calls of AWS, by operation", ("operation",)),
}  # fmt: skip

_lock = threading.Lock()
_made: dict[str, Any] = {}


def prepare() -> None:
    """Import the library and make all meters; a process that forks others does so before."""
    with _lock:
        if not _made:
            _made.update(_make())


def _make() -> dict[str, Any]:
    counted.leave_others()
    import prometheus_client as library  # by who measures first: see above

    return {
        name: library.Histogram(name, meter.says, meter.labels, buckets=meter.buckets)
        if meter.buckets
        else library.Counter(name, meter.says, meter.labels)
        for name, meter in METERS.items()
    }


def took(name: str, seconds: float, *labels: str) -> None:
    """Something took so long. `labels` in the order of METERS."""
    _of(name, labels).observe(seconds)


def add(name: str, count: float, *labels: str) -> None:
    """So many more."""
    _of(name, labels).inc(count)


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Measure what goes well within."""
    began = time.perf_counter()
    yield
    took(name, time.perf_counter() - began)


def _of(name: str, labels: tuple[str, ...]) -> Any:
    if not _made:
        prepare()
    meter = _made[name]
    return meter.labels(*labels) if labels else meter
