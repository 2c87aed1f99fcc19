"""The files that vendors send: full lists, lists that change and retire products by rows, and whole catalogs.

All of it follows from the vendor and the number of its round. The vendors to whom the other program writes as well send
full lists alone; whole catalogs come from one to whom nobody else writes, since what they lack shouldn't depend on who
came first.
"""

import csv
import io
from pathlib import Path
from typing import Final, NamedTuple

from tests.live import sample_feed
from tests.torture.foreign import VENDORS
from uploads.feed import sample

WHOLE: Final = "VEND004"
SENDERS: Final = (*VENDORS, WHOLE)
FULL, ROWS, REPLACE = "full", "rows", "replace"
# What WHOLE sends, over and over; each third is cancelled while it is held, so over time one of each.
TURNS: Final = (FULL, REPLACE, REPLACE, ROWS, REPLACE, REPLACE, REPLACE)
NAMED: Final = 7  # of ten products are in a whole catalog, others each time
WRONG: Final = 50  # one of so many rows of it


class File(NamedTuple):
    """A vendor's file: the same products in each round, with other prices and other errors. So all but the first of a
    vendor are held: most are let through then, and each third is cancelled."""

    vendor: str
    round: int

    @property
    def name(self) -> str:
        return f"{self.vendor}-{self.round}.csv"

    @property
    def cancelled(self) -> bool:
        return self.round % 3 == 0

    @property
    def kind(self) -> str:
        return TURNS[(self.round - 1) % len(TURNS)] if self.vendor == WHOLE else FULL

    @property
    def options(self) -> tuple[str, ...]:
        """Those of `import_feed`."""
        return ("--mode", "replace") if self.kind == REPLACE else ()


def write(path: Path, file: File, rows: int) -> None:
    """The file of about so many rows."""
    if file.kind == FULL:
        sample_feed(path, rows, file.vendor, file.round)
        return
    good = io.StringIO()
    sample.write_feed(good, rows, file.vendor, 0.0, file.round)
    _, *lines = csv.reader(io.StringIO(good.getvalue()))
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows(_whole(lines, file.round) if file.kind == REPLACE else _by_rows(lines, file.round))


def _whole(lines: list[list[str]], number: int) -> list[list[str]]:
    """A part of the products. What is wrong in a row leaves its identifiers: a row that says none stops it all."""
    price = sample.COLUMNS.index("price")
    named = [line for index, line in enumerate(lines) if (index + 3 * number) % 10 < NAMED]
    for line in named[::WRONG]:
        line[price] = "free"
    return [list(sample.COLUMNS), *named]


def _by_rows(lines: list[list[str]], number: int) -> list[list[str]]:
    """Prices and stock by SKU; a fifth of the products is retired, and some are none of the catalog's."""
    wanted = [sample.COLUMNS.index(field) for field in ("sku", "price", "stock_quantity")]
    made = [["sku", "price", "stock_quantity", "action"]]
    for index, line in enumerate(lines):
        cells = [line[at] for at in wanted]
        if index % 100 == 99:
            cells[0] = f"{number}-NOBODYS-{index}"
        made.append([*cells, "retire" if (index + number) % 5 == 0 else ""])
    return made
