"""What is done to a platform in the middle of its work: one of its processes is killed, or the table's stream ends."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

import psutil

from tests.engine import local
from tests.torture.run import Run, family

OFF: Final = "the stream is turned off"
ON: Final = "the stream is turned on again"
ROLL: Final = "all shards roll"


class Blow(NamedTuple):
    """What is done, in words and in deed, and the process that it is done to."""

    what: str
    strike: Callable[[], None]
    pid: int = 0


def planned(run: Run, plan: random.Random) -> Blow:
    """What the plan says next. What may be hit is found when it is time."""
    victims = _victims(run)
    kind = plan.choice([*sorted(victims), *_of_the_engine(run, len(victims))])
    if kind in (OFF, ON):
        return Blow(kind, lambda: run.switch(on=kind == ON))
    if kind == ROLL:
        return Blow(kind, lambda: local.roll_shards(run.platform.dynamodb()))
    victim = plan.choice(victims[kind])
    return Blow(f"{kind} ({victim.pid})", lambda: _kill(victim), victim.pid)


def _kill(victim: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        victim.kill()


def _of_the_engine(run: Run, others: int) -> list[str]:
    """What its stream can do, a third of all blows. It isn't off for long: the table is read once a minute then."""
    if not run.engine:
        return []
    return [OFF, ROLL] * (others // 4) if run.stream_on else [ON] * others


def _victims(run: Run) -> dict[str, list[psutil.Process]]:
    """Every process that may be killed, by kind. One of PostgreSQL's children takes all connections with it."""
    roots = [(name, run.platform.state[name]["pid"]) for name in ("worker", "beat", "redis", "postgres")]
    found: dict[str, list[psutil.Process]] = {}
    for name, pid in [*roots, *(("extra worker", worker.pid) for worker in run.extra)]:
        for kind, process in family(name, pid):
            found.setdefault(kind, []).append(process)
    return found


def recover(run: Run, blow: Blow) -> None:
    """Start again what was killed, where nobody else does."""
    if blow.pid in {known["pid"] for known in run.platform.state.values()}:
        run.platform.up()
