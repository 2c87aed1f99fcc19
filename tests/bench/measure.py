"""Measuring: contenders that take turns, and figures with their spread, the ratio between the two, and a target.

Two versions are only ever compared within one run of the bench: they take turns, in an order that changes each round,
and the ratio of a figure is the median of the rounds' ratios. What else the machine does then hits both alike.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from statistics import median

import psutil

from config.embedded.processes import running_process

ROUNDS = 3
MAX_ROUNDS = 9
ENOUGH_SECONDS = 10.0  # of rounds that are shorter in sum, there are more than ROUNDS
CLIENT = "this process"
# The processes that config.embedded.processes remembers, as the notes name them.
SERVERS = {
    "postgres": "PostgreSQL",
    "redis": "Redis",
    "aws": "the AWS endpoint",
    "standin": "the stand-in",
    "worker": "workers",
    "beat": "beat",
}


class Mismatch(Exception):
    """Two versions came to different outcomes: there is nothing to compare."""


def same(what: str, ours: object, theirs: object) -> None:
    """Raise Mismatch unless both versions came to the same."""
    if ours != theirs:
        raise Mismatch(f"{what}: the versions differ.\n  one:       {_short(ours)}\n  the other: {_short(theirs)}")


def _short(outcome: object) -> str:
    text = repr(outcome)
    return text if len(text) <= 500 else text[:500] + " …"


def nothing() -> None:
    """What a contender needs before or after its run where it needs nothing."""


@dataclass(frozen=True)
class Contender:
    """One version. `run` returns how many rows it did; what comes `before` and `after` (checks) isn't measured."""

    name: str
    run: Callable[[], int]
    before: Callable[[], None] = nothing
    after: Callable[[], None] = nothing


@dataclass(frozen=True)
class Run:
    """One measured run: rows, seconds by the clock, and CPU seconds by whose they were."""

    rows: int
    seconds: float
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        return self.rows / self.seconds

    @property
    def client_micros(self) -> float:
        """CPU time of this process per row, in microseconds; all of its threads."""
        return self.cpu[CLIENT] / self.rows * 1e6


@dataclass(frozen=True)
class Pace:
    """How often to measure. `rounds` None: at least ROUNDS, more where they are short."""

    rounds: int | None = None
    warm_up: bool = True

    def goes_on(self, done: int, since: float) -> bool:
        if self.rounds is not None:
            return done < self.rounds
        return done < ROUNDS or (done < MAX_ROUNDS and time.monotonic() - since < ENOUGH_SECONDS)


def in_turns(contenders: Sequence[Contender], pace: Pace) -> list[list[Run]]:
    """Let the contenders run in turns; returns the runs of each, round by round, in the order of the contenders."""
    if pace.warm_up:
        for contender in contenders:
            one_run(contender)
    runs: list[list[Run]] = [[] for _ in contenders]
    since = time.monotonic()
    while pace.goes_on(done := len(runs[0]), since):
        order = range(len(contenders))
        for index in order if done % 2 == 0 else reversed(order):
            runs[index].append(one_run(contenders[index]))
    return runs


def one_run(contender: Contender) -> Run:
    """Prepare, measure, check."""
    say(f"  {contender.name} …")
    contender.before()
    cpu, started = cpu_seconds(), time.perf_counter()
    rows = contender.run()
    seconds = time.perf_counter() - started
    used = {who: now - cpu.get(who, 0.0) for who, now in cpu_seconds().items()}
    contender.after()
    say(f"  {contender.name}: {rows:,} in {seconds:.2f} s")
    return Run(rows, seconds, used)


def say(line: str) -> None:
    """Progress goes to standard error; the table alone is the output."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - what a bench is for


def cpu_seconds() -> dict[str, float]:
    """CPU time so far, user and system, of this process and of the embedded services with their children."""
    used = {CLIENT: time.process_time()}
    for name, label in SERVERS.items():
        process = running_process(name)
        if process is not None:
            used[label] = sum(_cpu_of(member) for member in _family(process))
    return used


def _family(process: psutil.Process) -> Iterator[psutil.Process]:
    yield process
    with suppress(psutil.NoSuchProcess):
        yield from process.children(recursive=True)


def _cpu_of(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        # Of children that have ended, the parent keeps the sum.
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


# --- figures ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Target:
    """What a figure should reach: `least` or `most`, of its value, or of its ratio to the other version."""

    least: float | None = None
    most: float | None = None
    of_ratio: bool = False

    def met(self, value: float, ratio: float | None) -> bool:
        reached = ratio if self.of_ratio else value
        assert reached is not None, "a ratio needs another version"
        return (self.least is None or reached >= self.least) and (self.most is None or reached <= self.most)

    def __str__(self) -> str:
        sign, bound = ("≥", self.least) if self.least is not None else ("≤", self.most)
        return f"{sign} {bound:,g}{' ×' if self.of_ratio else ''}"


@dataclass(frozen=True)
class Figure:
    """One line of the table: our median and spread, the other version's, and the median of the rounds' ratios.

    A ratio above 1 says that ours is that many times better, whichever way is better; `spread` is (max - min) / median.
    """

    group: str
    name: str
    unit: str
    value: float
    spread: float
    rounds: int
    against: str = ""
    theirs: float | None = None
    theirs_spread: float | None = None
    ratio: float | None = None
    ratio_spread: float | None = None
    target: Target | None = None
    note: str = ""
    values: tuple[float, ...] = field(default=(), repr=False)

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.target.met(self.value, self.ratio)


def figure(
    group: str,
    name: str,
    unit: str,
    ours: Sequence[float],
    *,
    against: str = "",
    theirs: Sequence[float] = (),
    fewer_is_better: bool = False,
    target: Target | None = None,
    note: str = "",
) -> Figure:
    """A figure from the values of all rounds; `theirs` are the other version's in the same rounds."""
    known = Figure(group, name, unit, median(ours), spread(ours), len(ours), target=target, note=note,
                   values=tuple(ours))  # fmt: skip
    if not theirs:
        return known
    pairs = zip(ours, theirs, strict=True)
    ratios = [other / our if fewer_is_better else our / other for our, other in pairs]
    return replace(
        known, against=against, theirs=median(theirs), theirs_spread=spread(theirs), ratio=median(ratios),
        ratio_spread=spread(ratios),
    )  # fmt: skip


def spread(values: Sequence[float]) -> float:
    """(max - min) / median."""
    middle = median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def explained(known: Figure, why: Callable[[], str]) -> Figure:
    """The figure; where its target is missed, with what it is bound by."""
    if known.met is not False:
        return known
    say(f"  looking for what bounds: {known.name} …")
    return replace(known, note="; ".join(filter(None, [known.note, f"bound by: {why()}"])))


def shares(runs: Sequence[Run]) -> str:
    """Where the CPU time of these runs went, in percent of the time by the clock: 100% is one core, busy throughout."""
    seconds = sum(run.seconds for run in runs)
    used = {who: sum(run.cpu.get(who, 0.0) for run in runs) / seconds for who in runs[0].cpu}
    busy = sorted(((share, who) for who, share in used.items() if share >= 0.01), reverse=True)
    rows = sum(run.rows for run in runs)
    each = ", ".join(
        f"{who} {share:.0%} of a core ({share * seconds / rows * 1e6:,.0f} µs a row)" for share, who in busy
    )
    return f"{each}; {seconds / rows * 1e6:,.0f} µs a row by the clock, on {psutil.cpu_count()} cores"
