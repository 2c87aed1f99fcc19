"""Whether anything was lost, and all that was seen, in words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tests.bench.load.browsers import Asked
from tests.bench.load.lookers import OF_STAFF, OF_VENDORS
from tests.bench.load.run import Seen
from tests.bench.load.senders import CHOSE, CONFIRMED, WATCHED, Plan, Sent
from tests.bench.load.watching import Behind, Watched

GOAL_MS: Final = 500.0
SHOWN: Final = 10  # of what went wrong

OUTCOMES = """
    SELECT u.upload_id, u.status, u.file_rows, u.total_records, u.valid_records, u.error_records,
           (SELECT count(*) FROM record_outcomes o WHERE o.upload_id = u.upload_id),
           (SELECT count(DISTINCT e.record_id) FROM validation_errors e
             WHERE e.upload_id = u.upload_id AND e.severity = 'error')
      FROM upload_history u
"""


@dataclass(frozen=True)
class Outcome:
    """What became of an upload: its row, its rows in the ledger, and its rows among the errors."""

    upload_id: str
    status: str
    file_rows: int | None
    total: int
    valid: int
    errors: int
    in_ledger: int
    with_errors: int


def outcomes() -> list[Outcome]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(OUTCOMES)
        return [Outcome(*row) for row in cursor.fetchall()]


def lost(sent: Iterable[Sent], found: Iterable[Outcome]) -> list[str]:
    """What isn't as it was sent, a sentence each: rows sent = rows committed + rows with errors, for each upload."""
    known = {one.upload_id: one for one in found}
    wrong = []
    for file in sent:
        one = known.pop(file.upload_id, None)
        if one is None:
            wrong.append(f"{file.upload_id} was opened, its sender was told, and it isn't there.")
        elif one.status != "completed":
            wrong.append(f"{file.upload_id} is {one.status}, with {one.total} of {file.rows} rows.")
        elif {one.file_rows, one.total, one.valid + one.errors, one.in_ledger} != {file.rows}:
            wrong.append(f"{file.upload_id} had {file.rows} rows and has {one}.")
        elif one.with_errors != one.errors:
            wrong.append(f"{file.upload_id} counts {one.errors} rows with errors and names {one.with_errors}.")
    return wrong + [f"{name} is there, and no sender was told." for name in known]


def wrong(plan: Plan, seen: Seen, found: Sequence[Outcome]) -> list[str]:
    """All for which the run fails."""
    failed = [f"{one.status or 'no answer'} after {one.seconds:.1f} s: {one.what}" for one in seen.failed]
    refused = [f"A file wasn't taken. {why}" for why in plan.refused]
    late = [] if seen.caught_up else ["It didn't catch up."]
    return [*lost(plan.sent, found), *failed, *refused, *late]


# --- in words --------------------------------------------------------------------------------------------------

PAGES: Final = frozenset({*(f"vendor: {name}" for name in OF_VENDORS), *(f"staff: {name}" for name in OF_STAFF)})


def said(plan: Plan, seen: Seen, found: Sequence[Outcome]) -> list[str]:
    quiet, loaded = _pages(seen.quiet), _pages(seen.loaded)
    rows, errors = sum(one.rows for one in plan.sent), sum(one.errors for one in found)
    committed, seconds = sum(one.valid for one in found), (seen.caught_up or seen.ended) - seen.began
    met = "✓" if p95_ms(loaded) < GOAL_MS else "✗"
    return [
        f"sent            {len(plan.sent):,} files, {rows:,} rows = {committed:,} committed + {errors:,} errors; "
        f"{len(lost(plan.sent, found))} uploads with something lost",
        f"while they came {plan.begun_rows:,} rows in {seconds:.0f} s, {plan.begun_rows / seconds:.0f} rows a second",
        f"answers         {len(seen.quiet) + len(seen.loaded):,}, of them {len(seen.failed)} errors of ours or missing",
        f"pages, quiet    {times(quiet)}",
        f"pages, loaded   {times(loaded)}; goal 95% < {GOAL_MS:.0f} ms {met}",
        f"  slowest (95%) {', '.join(_slowest(loaded))}",
        *(f"sending         {times(one for one in seen.loaded if one.what == what)}  {what}"
          for what in (CHOSE, CONFIRMED, WATCHED)),
        *_lag(seen.watched.behind, seen.began),
        f"catching up     {_caught_up(seen)}",
        *(f"memory, most    {line}" for line in _memory(seen.watched)),
        f"processor       {', '.join(f'{name} {spent:.0f} s' for name, spent in seen.watched.cpu.items())}",
    ]  # fmt: skip


def _pages(asked: Iterable[Asked]) -> list[Asked]:
    return [one for one in asked if one.what in PAGES]


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many of them don't exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0.0


def p95_ms(asked: Iterable[Asked]) -> float:
    return percentile([one.seconds * 1000 for one in asked], 95)


def times(asked: Iterable[Asked]) -> str:
    ms = [one.seconds * 1000 for one in asked]
    if not ms:
        return "none asked"
    return (
        f"{len(ms):5,} asked, median {median(ms):4.0f} ms, 95% {percentile(ms, 95):4.0f} ms, slowest {max(ms):.0f} ms"
    )


def _slowest(asked: Sequence[Asked], many: int = 5) -> list[str]:
    by_page = {name: p95_ms(one for one in asked if one.what == name) for name in {one.what for one in asked}}
    return [f"{name} {ms:.0f} ms" for name, ms in sorted(by_page.items(), key=lambda item: -item[1])[:many]]


def _lag(behind: Sequence[Behind], began: float) -> Iterator[str]:
    """The stream's lag over the whole, and minute by minute."""
    lags = [one.lag for one in behind]
    yield (
        f"stream behind   median {percentile(lags, 50):.1f} s, 95% {percentile(lags, 95):.1f} s, "
        f"most {max(lags, default=0.0):.1f} s"
    )
    by_minute: dict[int, float] = {}
    for one in behind:
        minute = int((one.at - began) // 60)
        by_minute[minute] = max(by_minute.get(minute, 0.0), one.lag)
    yield f"  most by minute {', '.join(f'{lag:.1f}' for _, lag in sorted(by_minute.items()))} s"


def _caught_up(seen: Seen) -> str:
    if seen.caught_up is None:
        return "not within the time that it had"
    return f"{seen.caught_up - seen.ended:.0f} s from the beginning of the last file until nothing was open or owed"


def _memory(watched: Watched) -> list[str]:
    """By kind of process; those of a kind in one line, the largest first."""
    kinds: dict[str, list[float]] = {}
    for (kind, _), mb in watched.memory.items():
        kinds.setdefault(kind, []).append(mb)
    return [f"{kind}: {', '.join(f'{mb:.0f}' for mb in sorted(of, reverse=True))} MB" for kind, of in kinds.items()]
