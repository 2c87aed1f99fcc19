"""A realistic feed with errors of every kind, for demos, tests and measurements."""

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from uploads.feed.sample import write_feed


class Command(BaseCommand):
    help = "Write a sample feed as CSV. The same arguments give the same file, byte for byte."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=1000)
        parser.add_argument("--vendor", default="VEND001", help="whose products: their ids and SKUs carry it")
        parser.add_argument("--error-rate", type=float, default=0.05, help="share of rows with an error, 0 to 1")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--other-vendor", help="some rows claim SKUs of this vendor's feed")
        parser.add_argument("-o", "--output", required=True, help="the file to write, - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["rows"] < 1 or not 0 <= options["error_rate"] <= 1:
            raise CommandError("--rows must be at least 1 and --error-rate between 0 and 1.")
        settings = (
            options["rows"], options["vendor"], options["error_rate"], options["seed"], options["other_vendor"],
        )  # fmt: skip
        if options["output"] == "-":
            try:
                _write(sys.stdout, *settings)
                sys.stdout.flush()
            except BrokenPipeError:  # `| head` has seen enough; what is still buffered must not go there at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        try:
            with Path(options["output"]).open("w", encoding="utf-8", newline="") as file:
                counts = _write(file, *settings)
        except OSError as error:
            raise CommandError(f"{options['output']} can't be written: {error.strerror}.") from error
        errors = sum(counts.values())
        self.stdout.write(f"{options['output']}: {options['rows']:,} rows, {errors:,} of them with an error.")


def _write(out: Any, rows: int, vendor: str, error_rate: float, seed: int, other: str | None) -> dict[str, int]:
    return write_feed(out, rows, vendor, error_rate, seed, other_vendor=other)
