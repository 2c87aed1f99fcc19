"""The command line: what differs is printed, and the exit status says whether anything does."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import tests.torture
from tests.engine.local import Absent
from tests.services import remove_prepared
from tests.torture.plan import torture


def main() -> int:
    parser = argparse.ArgumentParser(
        description=tests.torture.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--engine", choices=["embedded", "local"], default="embedded", help="what holds the table")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)  # noqa: T201 - a command's output
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        try:
            differences = torture(
                Path(folder), options.kills, options.rows, options.seed, on_local=options.engine == "local"
            )
        except Absent as reason:
            print(f"AWS's DynamoDB Local can't be had: {reason}", file=sys.stderr)  # noqa: T201
            return 2
        finally:
            remove_prepared()
    for name, difference in differences.items():
        print(f"{name} differ: {difference}")  # noqa: T201
    print("The outcome differs." if differences else f"The same, row for row, after {options.kills} kills.")  # noqa: T201
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
