"""Many vendors send files at once for minutes, while people look at pages: what `make load` runs.

    python -m tests.bench.load --vendors 50 --minutes 5

On services of its own in a temporary folder, on loopback, with real processes: web, worker, beat. First every vendor
sends a file, so that there is something to look at; then people look at pages while nothing else happens; then the
same while files come in. Said are the times of pages in both, the stream's lag, memory, and how long it took to catch
up. The exit status is 1 if a row was lost, an answer was an error of ours (5xx) or missing, or a file wasn't taken.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bench import table
from tests.bench.load import run, running, senders, verdict


def main() -> int:
    options = _options()
    plan = senders.Plan(options.rows, options.every, options.most_rows)
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        try:
            with running.running(Path(folder), options.vendors) as site:
                seen = run.run(site, plan, options.minutes)
                found = verdict.outcomes()
        except KeyboardInterrupt:
            return 130
    said, wrong = verdict.said(plan, seen, found), verdict.wrong(plan, seen, found)
    heading = f"{options.vendors} vendors, {options.minutes:g} minutes, files of {options.rows} rows, one every"
    print(f"\n{heading} {options.every:g} s at most", *said, table.machine(), sep="\n")  # noqa: T201 - its output
    if wrong:
        print("", *wrong[: verdict.SHOWN], f"{len(wrong)} things went wrong.", sep="\n", file=sys.stderr)  # noqa: T201
    return int(bool(wrong))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vendors", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rows", type=int, default=200, help="of a file (default 200)")
    parser.add_argument(
        "--every", type=float, default=30.0, metavar="SECONDS",
        help="between the beginnings of two files of a vendor, at least (default 30)",
    )  # fmt: skip
    parser.add_argument(
        "--most-rows", type=int, default=200_000,
        help="altogether; 100,000 take about 1 GB of memory of the embedded AWS endpoint (default 200000)",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
