"""Parse + validate, one core, against a bare csv.reader loop over the same file."""

from pathlib import Path

from catalog.rules.validator import Rules, validate
from tests.bench import bound, feeds, peers
from tests.bench.measure import Contender, Figure, Pace, Target, explained, figure, in_turns, same
from uploads.feed import parser, sample

GROUP = "Feed"


def parse_and_validate(path: Path, rules: Rules) -> tuple[int, int]:
    """What steps 2 and 5 do with a file: how many rows it has, and how many of them are wrong."""
    number = wrong = 0
    with path.open("rb") as file:
        layout = parser.inspect(file)
        fields = layout.mapping.fields
        for row in parser.rows(file, layout):
            number += 1
            if row.problem is not None:
                wrong += 1
                continue
            cells = row.cells
            if validate({field: cells[header] for field, header in fields.items()}, rules).draft is None:
                wrong += 1
    return number, wrong


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    """Rows per second of both, over a feed with 5% errors of all kinds."""
    path, errors = feeds.with_errors(folder / "parse.csv", rows)
    rules = Rules.from_names(sample.CATEGORIES)
    # Repeated SKUs and product IDs are found by the committer, not by looking at a row alone.
    same(
        "rows and errors",
        parse_and_validate(path, rules),
        (rows, sum(errors.values()) - errors.get("duplicate_in_file", 0)),
    )
    ours, theirs = in_turns(
        [
            Contender("parse + validate", lambda: parse_and_validate(path, rules)[0]),
            Contender("csv.reader", lambda: peers.csv_loop(path) and rows),
        ],
        pace,
    )
    known = figure(
        GROUP, "parse + validate, one core, 5% errors", "rows/s", [run.rate for run in ours],
        against="bare csv.reader", theirs=[run.rate for run in theirs], target=Target(least=50_000),
    )  # fmt: skip
    return [explained(known, lambda: bound.profile(lambda: parse_and_validate(path, rules)))]
