"""The disturbed run and the calm one with the same files and records, and what differs between them."""

import random
import time
from pathlib import Path
from typing import Any

from tests.engine.local import Local
from tests.live import eventually
from tests.torture import blows
from tests.torture.run import LIMIT_SECONDS, Run


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
        disturbed.platform.up()
        _disturb(disturbed, random.Random(seed), kills)
        print(f"the same {len(disturbed.sent)} files and records without kills", flush=True)  # noqa: T201
        calm.platform.up()  # while the other recovers from the last kill
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
    another program's records.

    From that row on the platform is held until the blow is done, so that it strikes in the middle of the work, on
    however slow a machine. While the stream is off rows come in only once a minute: fewer are waited for.
    """
    deadline = time.monotonic() + LIMIT_SECONDS
    for number in range(1, kills + 1):
        assert time.monotonic() < deadline, f"{number - 1} kills took too long"
        run.start_workers()
        run.write_foreign(plan)
        after = run.counted() + plan.randrange(2 * run.rows) // (1 if run.stream_on else 20)
        with run.platform.held(after) as holds:
            eventually(lambda: run.in_the_middle(after), f"{after:,} rows are counted", LIMIT_SECONDS)  # noqa: B023 - it is done with at the end of the line
            run.write_foreign(plan)
            blow = blows.planned(run, plan)
            print(f"kill {number}/{kills}: {blow.what}, {run.counted():,} rows counted", flush=True)  # noqa: T201 - what this command is for
            blow.strike()
            if blow.what.startswith("postgres"):
                eventually(lambda: not holds(), "PostgreSQL has noticed")
        blows.recover(run, blow)
    run.start_workers()
    run.end_foreign()


def _difference(was: list[Any], should: list[Any]) -> dict[str, Any]:
    """The first rows that only one of the two has, and how many each has."""
    left, right = {repr(row) for row in was}, {repr(row) for row in should}
    return {
        "with kills only": sorted(left - right)[:5],
        "without only": sorted(right - left)[:5],
        "rows": (len(was), len(should)),
    }
