"""A list of prices and stock by SKU, against full lists of the same products.

The three change every product: the offers and the one full list bring the same new prices and stock, and must leave
the same products behind; in the other full list, as in the bench's updates, names and descriptions are new as well.
Full lists have all fields of a product, also GTINs and pictures. First the consumer on recorded pages, then the whole
way with workers. The catalog is one whose products were changed on some nights before, as it is where such lists come
(catalog/migrations/0010).
"""

import csv
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

from django.db import connection

from tests.bench import feeds
from tests.bench.commits import _bound_by, _contender, products_digest, record
from tests.bench.dynamodb import opened
from tests.bench.guarding.trial import _keep_catalog, _restore_catalog
from tests.bench.journey import _await_end
from tests.bench.measure import Contender, Figure, Pace, Run, Target, explained, figure, in_turns, same, shares
from tests.bench.services import fresh_database, fresh_endpoint, settle_database, workers
from uploads.feed import sample
from uploads.models import StreamShard, UploadHistory

GROUP = "Offers"
TARGET = Target(least=1.5, of_ratio=True)
NIGHTS, BATCH = 6, 500
MOVES = (-9, -6, -3, -1, 1, 2, 4, 8)  # percent
OFFERED = ("sku", "price", "stock_quantity")
ALL_NEW, SAME_CHANGES = "a full feed's updates", "a full feed with the same changes"


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    catalog = feeds.complete(feeds.clean(folder / "bare.csv", rows), folder / "catalog.csv")
    files = {
        "offers": folder / "offers.csv",
        ALL_NEW: feeds.complete(feeds.clean(folder / "bare_new.csv", rows, seed=2), folder / "new.csv"),
        SAME_CHANGES: folder / "same.csv",
    }
    _write_changes(catalog, files)
    return [*_consumer(catalog, files, rows, pace), *_whole_way(catalog, files, pace)]


def _write_changes(catalog: Path, files: dict[str, Path]) -> None:
    """New prices and stock for each product of the catalog, by a few percent and pieces, as from one night to the next:
    with all else new, with all else as it was, and alone. Prices made up anew would be beyond what is worth a warning
    (price_changed) in three rows of four, and to write warnings down would be measured in all three files."""
    (header, *was), (_, *new) = _lines(catalog), _lines(files[ALL_NEW])
    price, stock = (sample.COLUMNS.index(field) for field in OFFERED[1:])
    for number, (line, other) in enumerate(zip(was, new, strict=True)):
        before = Decimal(line[price].replace("$", "").replace(",", ""))
        after = (before * (100 + MOVES[number % len(MOVES)]) / 100).quantize(before)
        line[price] = other[price] = f"{after + (after == before) / Decimal(100):.2f}"
        line[stock] = other[stock] = str(int(line[stock]) + 1 + number % 9)
    _write(files[ALL_NEW], header, new)
    _write(files[SAME_CHANGES], header, was)
    _write(files["offers"], OFFERED, [[line[sample.COLUMNS.index(field)] for field in OFFERED] for line in was])


def _lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _write(path: Path, header: Sequence[str], lines: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *lines])


# --- the consumer ----------------------------------------------------------------------------------------------


def _consumer(catalog: Path, files: dict[str, Path], rows: int, pace: Pace) -> list[Figure]:
    fresh_database()
    StreamShard.objects.get_or_create(stream_arn="bench", shard_id="bench")
    first = record(catalog, rows)
    seen: dict[str, str] = {}
    contenders = []
    for name, path in files.items():
        fresh_database()  # no file waits for another one
        contenders.append(_checked(_contender(name, record(path, rows), first, {"updated": rows}), seen))
    return _figures("consumer, offers", contenders, in_turns(contenders, pace))


def _checked(usual: Contender, seen: dict[str, str]) -> Contender:
    """Some nights later, and with the products compared that the two leave behind whose changes are the same."""

    def before() -> None:
        usual.before()
        _some_nights_pass()

    def after() -> None:
        usual.after()
        if usual.name != ALL_NEW:
            seen[usual.name] = products_digest()
            same("products by offers and by a full feed", len(set(seen.values())), 1)

    return Contender(usual.name, usual.run, before, after)


def _some_nights_pass() -> None:
    """Each product is written anew, by batches as the consumer has them, and the database tidied up behind that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT product_id FROM products ORDER BY product_id")
        keys = [key for (key,) in cursor.fetchall()]
        for _ in range(NIGHTS):
            for start in range(0, len(keys), BATCH):
                change = "UPDATE products SET stock_quantity = stock_quantity WHERE product_id = ANY (%s)"
                cursor.execute(change, [keys[start : start + BATCH]])
            cursor.execute("VACUUM (ANALYZE) products")
    settle_database()


def _figures(name: str, contenders: list[Contender], runs: list[list[Run]]) -> list[Figure]:
    ours, *others = runs
    found = []
    for other, theirs in zip(contenders[1:], others, strict=True):
        target = TARGET if other.name == ALL_NEW else None
        known = figure(
            GROUP, name, "rows/s", [run.rate for run in ours], against=other.name,
            theirs=[run.rate for run in theirs], target=target,
        )  # fmt: skip
        found.append(explained(known, partial(_bound_by, contenders[0], ours)))
    return found


# --- the whole way ---------------------------------------------------------------------------------------------


def _whole_way(catalog: Path, files: dict[str, Path], pace: Pace) -> list[Figure]:
    """From the call of `receive` until all is written back, with thresholds off: the check has a bench of its own."""
    fresh_endpoint()
    fresh_database()
    pace = Pace(pace.rounds or 3, warm_up=False)
    with workers():
        _keep_catalog(catalog)
        seen: dict[str, str] = {}
        contenders = [_checked(_sent(name, path), seen) for name, path in files.items()]
        runs = in_turns(contenders, pace)
    ours, *others = runs
    return [
        figure(
            GROUP, "offers: sent → completed and written back", "rows/s", [run.rate for run in ours], against=name,
            theirs=[run.rate for run in theirs], note=shares(ours),
        )
        for name, theirs in zip([*files][1:], others, strict=True)
    ]  # fmt: skip


def _sent(name: str, path: Path) -> Contender:
    found: dict[str, UploadHistory] = {}

    def run() -> int:
        found["upload"] = _await_end(opened(path), 1_200)
        return found["upload"].total_records

    def after() -> None:
        upload = found["upload"]
        state = (upload.status, upload.total_records, upload.updated_records)
        same("the upload", state, ("completed", upload.file_rows, upload.file_rows))

    return Contender(name, run, lambda: _restore_catalog(on=False), after)
