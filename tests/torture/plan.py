"""The disturbed run and the calm one with the same files and records, and what differs between them."""

import random
import time
from pathlib import Path
from typing import Any

from tests.engine.local import Local
from tests.live import ROWS, SLICES, eventually
from tests.torture import blows
from tests.torture.run import LIMIT_SECONDS, Run

SLICES_EACH = 4


def torture(folder: Path, kills: int, rows: int, seed: int, *, on_local: bool = False) -> dict[str, Any]:
    """Run the plan with kills, repeat what was sent without, and return what differs: {} when all is well.

    `on_local` has each run's table on an engine of its own, AWS's DynamoDB Local. Raises Absent.
    """
    feeds = folder / "feeds"
    feeds.mkdir()
    engines = [Local(), Local()] if on_local else []
    disturbed, calm = (
        Run(folder / name, feeds, rows, seed, engine)
        for name, engine in zip(("disturbed", "calm"), engines or (None, None), strict=True)
    )
    try:
        disturbed.up()
        _disturb(disturbed, random.Random(seed), kills)
        print(f"the same {len(disturbed.sent)} files and records without kills", flush=True)  # noqa: T201
        calm.up()  # while the other recovers from the last kill
        calm.repeat(disturbed.sent)
        for run in (calm, disturbed):
            eventually(run.settled, "everything has settled", LIMIT_SECONDS)
        was, should = disturbed.outcome(), calm.outcome()
    finally:
        disturbed.end()
        calm.end()
        for engine in engines:
            engine.stop()
    return {name: _difference(was[name], should[name]) for name in should if was[name] != should[name]}


def _disturb(run: Run, plan: random.Random, kills: int) -> None:
    """Strike after a number of rows that the plan says, again and again, while every vendor's files keep coming, and
    another program's records; each fourth time in the middle of what a whole catalog retires after its last row.

    From there on the platform is held until the blow is done, so that it strikes in the middle of the work, on
    however slow a machine. While the stream is off rows come in only once a minute: fewer are waited for.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    for number in range(1, kills + 1):
        assert time.monotonic() < deadline, f"{number - 1} kills took too long"
        run.start_workers()
        run.write_foreign(plan)
        what = SLICES if number % SLICES_EACH == 0 and run.stream_on else ROWS
        after = _after(run, plan, what)
        with run.platform.held(after, what) as holds:
            _await(run, what, after)
            run.write_foreign(plan)
            blow = blows.planned(run, plan)
            stands = f"{run.absent():,} products retired" if what == SLICES else f"{run.counted():,} rows counted"
            print(f"kill {number}/{kills}: {blow.what}, {stands}", flush=True)  # noqa: T201 - what this command is for
            blow.strike()
            if blow.what.startswith("postgres"):
                eventually(lambda: not holds(), "PostgreSQL has noticed")
        blows.recover(run, blow)
    run.start_workers()
    run.end_foreign()


def _after(run: Run, plan: random.Random, what: int) -> int:
    """How many rows, or absent products, are counted by then."""
    if what == SLICES:
        return run.absent() + plan.randrange(run.rows // 3)
    return run.counted() + plan.randrange(2 * run.rows) // (1 if run.stream_on else 20)


def _await(run: Run, what: int, after: int) -> None:
    if what == SLICES:
        eventually(run.between_slices, "a whole catalog waits", LIMIT_SECONDS)
    else:
        eventually(lambda: run.in_the_middle(after), f"{after:,} rows are counted", LIMIT_SECONDS)


def _difference(was: list[Any], should: list[Any]) -> dict[str, Any]:
    """The first rows that only one of the two has, and how many each has."""
    left, right = {repr(row) for row in was}, {repr(row) for row in should}
    return {
        "with kills only": sorted(left - right)[:5],
        "without only": sorted(right - left)[:5],
        "rows": (len(was), len(should)),
    }
