"""End to end with a worker and beat: against import-export and the textbook pipeline, and how soon 100 rows are in.

Ours is measured from the call of `receive` (what `import_feed` does after it has started Python) until the upload is
completed, its report stored, and the status of every row written back to DynamoDB.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from django.conf import settings
from django.db import connection

from catalog.rules.validator import Rules
from tests.bench import feeds, peers
from tests.bench.commits import products_digest
from tests.bench.dynamodb import opened
from tests.bench.measure import (
    Contender,
    Figure,
    Pace,
    Run,
    Target,
    explained,
    figure,
    in_turns,
    one_run,
    same,
    say,
    shares,
)
from tests.bench.peers import BulkFeedResource, FastestFeedResource, FeedResource, Imported
from tests.bench.services import fresh_database, fresh_endpoint, fresh_table, settle_database, workers
from tests.live import eventually
from uploads.aws import dynamo, records
from uploads.models import UploadHistory
from uploads.pipeline.judge import category_rules
from uploads.work import wakeups

GROUP = "End to end"
TEXTBOOK_TABLE = "Textbook"
SLOW_ROWS = 1_000  # the slow versions do a few hundred a second
SMALL_ROWS = 100
POLL_SECONDS = 0.01  # of a small file; a large one is asked for less often, since each question takes CPU from it
LARGE_POLL_SECONDS = 0.1


class Outcome(NamedTuple):
    """What an import left behind. `statuses` by row number, {} for what has no DynamoDB."""

    products: str
    wrong: list[int]
    statuses: dict[int, str]


@dataclass(frozen=True)
class Outcomes:
    """What the first import of each file left behind; every later one, by whichever version, must leave the same."""

    first: dict[Path, tuple[str, Outcome]] = field(default_factory=dict)

    def check(self, path: Path, name: str, found: Outcome) -> None:
        earlier, first = self.first.setdefault(path, (name, found))
        what = f"of {path.name}, {earlier} and {name}"
        same(f"products {what}", first.products, found.products)
        same(f"wrong rows {what}", first.wrong, found.wrong)
        if first.statuses and found.statuses:
            same(f"statuses {what}", first.statuses, found.statuses)


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    fresh_endpoint()
    fresh_database()
    pace = Pace(pace.rounds or 3, warm_up=False)  # the round that compares the outcomes warms up
    with workers():
        return [*_imports(folder, rows, pace), *_small(folder, pace)]


# --- whole imports ---------------------------------------------------------------------------------------------


def _imports(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    large = feeds.for_all(folder / "large.csv", rows)
    small = feeds.for_all(folder / "small.csv", min(rows, SLOW_ROWS))
    rules = category_rules()
    outcomes = Outcomes()
    for contender in _contenders(small, small, rules, outcomes):
        one_run(contender)
    say("  all have come to the same products, wrong rows and statuses")
    ours, fastest, bulk, normal, textbook = in_turns(_contenders(large, small, rules, outcomes), pace)
    slow = f"theirs with {min(rows, SLOW_ROWS):,} rows, ours with {rows:,}" if rows > SLOW_ROWS else ""
    return [
        _against("import-export bulk", ours, bulk, Target(least=1, of_ratio=True)),
        _against("import-export bulk, tuned", ours, fastest, None),
        _against("import-export normal", ours, normal, Target(least=4, of_ratio=True), slow),
        _against("the textbook pipeline", ours, textbook, Target(least=5, of_ratio=True), slow),
    ]


def _against(name: str, ours: list[Run], theirs: list[Run], target: Target | None, note: str = "") -> Figure:
    known = figure(
        GROUP, "file sent → completed and written back", "rows/s", [run.rate for run in ours], against=name,
        theirs=[run.rate for run in theirs], target=target, note=note,
    )  # fmt: skip
    return explained(known, lambda: shares(ours))


def _contenders(large: Path, small: Path, rules: Rules, outcomes: Outcomes) -> list[Contender]:
    """Ours and import-export's bulk mode with the large file, the slow ones with the small one."""
    return [
        _ours(large, outcomes),
        _through("import-export bulk, tuned", FastestFeedResource, large, rules, outcomes),
        _through("import-export bulk", BulkFeedResource, large, rules, outcomes),
        _through("import-export normal", FeedResource, small, rules, outcomes),
        _textbook(small, rules, outcomes),
    ]


def _ours(path: Path, outcomes: Outcomes) -> Contender:
    sent: list[str] = []

    def run() -> int:
        sent.append(opened(path))
        return _await_end(sent[-1]).total_records

    def after() -> None:
        upload = UploadHistory.objects.get(pk=sent[-1])
        same("the upload's status and rows", (upload.status, upload.total_records), ("completed", upload.file_rows))
        outcomes.check(path, "ours", Outcome(products_digest(), _wrong_rows(sent[-1]), _statuses(sent[-1])))

    return Contender("ours", run, idle, after)


def _through(name: str, resource: type[FeedResource], path: Path, rules: Rules, outcomes: Outcomes) -> Contender:
    done: list[Imported] = []

    def run() -> int:
        done.append(peers.import_export(path, resource, feeds.VENDOR, rules))
        return done[-1].rows

    return Contender(
        name, run, idle, lambda: outcomes.check(path, name, Outcome(products_digest(), done[-1].wrong, {}))
    )


def _textbook(path: Path, rules: Rules, outcomes: Outcomes) -> Contender:
    done: list[Imported] = []

    def before() -> None:
        idle()
        with _textbook_table():
            fresh_table()

    def run() -> int:
        done.append(peers.textbook(path, TEXTBOOK_TABLE, "TEXTBOOK", feeds.VENDOR, rules))
        return done[-1].rows

    def after() -> None:
        with _textbook_table():
            outcomes.check(path, "textbook", Outcome(products_digest(), done[-1].wrong, _statuses("TEXTBOOK")))

    return Contender("the textbook pipeline", run, before, after)


def _textbook_table() -> AbstractContextManager[Any]:
    """Inside, dynamo's functions work on the textbook pipeline's table: the workers consume ours."""
    return patch.object(settings, "UPLOAD_RECORDS_TABLE", TEXTBOOK_TABLE)


def _wrong_rows(upload_id: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT row_number FROM validation_errors WHERE upload_id = %s AND severity = 'error' ORDER BY 1",
            [upload_id],
        )
        return [row for (row,) in cursor.fetchall()]


def _statuses(upload_id: str) -> dict[int, str]:
    return {int(item["row_number"]["N"]): item["status"]["S"] for item in dynamo.query_upload(upload_id)}


# --- waiting ---------------------------------------------------------------------------------------------------


def _await_end(upload_id: str, seconds: float = 600) -> UploadHistory:
    """Until the upload has ended and nothing is owed to DynamoDB any more."""
    deadline = time.monotonic() + seconds
    while not (_ended(upload_id) and not _owed()):
        assert time.monotonic() < deadline, f"{upload_id} did not end within {seconds:.0f} s"
        time.sleep(LARGE_POLL_SECONDS)
    return UploadHistory.objects.get(pk=upload_id)


def _ended(upload_id: str) -> bool:
    return bool(_value("SELECT status <> 'processing' FROM upload_history WHERE upload_id = %s", upload_id))


def _owed() -> bool:
    return bool(_value("SELECT EXISTS (SELECT FROM record_outcomes WHERE written_back_at IS NULL)"))


def _value(sql: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone()[0]


def idle() -> None:
    """No products, no uploads, the stream read to its end, the database with nothing left to do, no consumer at it."""
    wakeups.enqueue(wakeups.CONSUME_STREAM)
    # What was read before its stream ended: write-backs of the run before come back through the stream as well.
    asked = _value("SELECT clock_timestamp()")
    read = "SELECT bool_and(caught_up_at > %s) FROM stream_shards WHERE state = 'open'"
    eventually(lambda: _value(read, asked), "the stream is read to its end")
    eventually(lambda: not _value("SELECT count(*) FROM stream_workers"), "the consumer has gone to rest")
    fresh_database()
    settle_database()


# --- a small file on an idle system ----------------------------------------------------------------------------


def _small(folder: Path, pace: Pace) -> list[Figure]:
    """How soon the first product of 100 rows is visible, and how soon the upload is completed."""
    path = feeds.clean(folder / "hundred.csv", SMALL_ROWS)
    times = [_follow(path) for _ in range(max(pace.rounds or 0, 3) + 2 if pace.rounds != 1 else 1)]
    accepted, visible, completed = zip(*times, strict=True)
    return [
        figure(GROUP, "100 rows, idle: sent → accepted", "s", accepted),
        figure(GROUP, "100 rows, idle: accepted → first visible product", "s", visible),
        figure(GROUP, "100 rows, idle: accepted → completed", "s", completed, target=Target(most=2.0)),
    ]


def _follow(path: Path) -> tuple[float, float, float]:
    """Seconds until the upload is accepted; from then, until a product is there, and until the upload is completed."""
    idle()
    sent = time.perf_counter()
    upload_id = opened(path)
    accepted = time.perf_counter()
    visible = when(lambda: _value("SELECT EXISTS (SELECT FROM products)"))
    completed = when(lambda: _ended(upload_id))
    same("products of 100 rows", _value("SELECT count(*) FROM products"), SMALL_ROWS)
    _await_end(upload_id)
    same("statuses of 100 rows", set(_statuses(upload_id).values()), {records.VALIDATED})
    say(f"  100 rows: {visible - accepted:.2f} s, {completed - accepted:.2f} s")
    return accepted - sent, visible - accepted, completed - accepted


def when(condition: Callable[[], Any], seconds: float = 60) -> float:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "100 rows took more than a minute"
        time.sleep(POLL_SECONDS)
    return time.perf_counter()
