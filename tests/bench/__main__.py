"""Measure the platform against its targets, and against the obvious ways to do the same.

    python -m tests.bench --rows 20000 --json bench.json
    python -m tests.bench --only commit

Starts services of its own in a temporary folder. Each figure is the median of several runs with its spread; two
versions take turns within the same run. Before anything is compared, both must have come to the same outcome: where
they differ the bench ends with exit status 1. A target that is missed is marked, and explained, not an error.
"""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

from tests.bench import services, table
from tests.bench.measure import Figure, Mismatch, Pace, say

# In this order. Each has `measure(folder, rows, pace)`; they are imported once Django is set up.
GROUPS = {
    "feed": "parsing", "dynamodb": "dynamodb", "commit": "commits", "journey": "journey", "programs": "programs",
    "guard": "guarding.trial", "offers": "changes.offers", "absent": "changes.absent",
    "columns": "changes.columns", "memory": "memory",
}  # fmt: skip
# DynamoDB's stand-in for trying, the embedded endpoint, does some 2,500 writes a second.
MOST_ROWS = {"dynamodb": 10_000, "commit": 10_000, "offers": 10_000, "absent": 20_000, "columns": 10_000}
ONLY_WHEN_ASKED = {"absent", "columns", "memory"}


def main() -> int:
    options = _options()
    names = options.only or [name for name in GROUPS if options.full or name not in ONLY_WHEN_ASKED]
    figures: list[Figure] = []
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, services.running(Path(folder) / "services"):
            for name in names:
                figures += _measure(name, Path(folder), options.rows, Pace(options.rounds))
    except Mismatch as mismatch:
        print(f"Nothing to compare. {mismatch}", file=sys.stderr)  # noqa: T201 - a command's output
        return 1
    except KeyboardInterrupt:
        return 130
    print(table.render(figures))  # noqa: T201
    if options.json:
        table.write_json(options.json, figures, options.rows)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000, help="of a feed; some groups take fewer (default 20000)")
    parser.add_argument(
        "--rounds", type=int, help="how often each version runs (default: 3, more where runs are short)"
    )
    parser.add_argument("--only", action="append", choices=GROUPS, help="one group alone; may be given several times")
    parser.add_argument(
        "--full", action="store_true", help="memory and time at up to 1,000,000 rows too: an hour or so"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well, for programs")
    return parser.parse_args()


def _measure(name: str, folder: Path, rows: int, pace: Pace) -> list[Figure]:
    say(f"{name}:")
    group = importlib.import_module(f"tests.bench.{GROUPS[name]}")
    measured: list[Figure] = group.measure(folder, min(rows, MOST_ROWS.get(name, rows)), pace)
    return measured


if __name__ == "__main__":
    sys.exit(main())
