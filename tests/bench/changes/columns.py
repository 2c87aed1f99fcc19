"""What the columns of GTINs and pictures cost, and the index that finds who else has a GTIN.

The consumer on recorded pages: first products that have both, with the index and without it, beside the same products
without either; then new prices and stock for them, with the index and without.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from django.db import connection

from tests.bench import feeds
from tests.bench.commits import Recording, _contender, record
from tests.bench.measure import Contender, Figure, Pace, figure, in_turns
from tests.bench.services import fresh_database
from uploads.models import StreamShard

GROUP = "Columns"
INDEX = "CREATE INDEX idx_products_gtin_14 ON products (lpad(gtin, 14, '0')) INCLUDE (gtin) WHERE gtin <> ''"
DROP = "DROP INDEX idx_products_gtin_14"


def measure(folder: Path, rows: int, pace: Pace) -> list[Figure]:
    fresh_database()
    StreamShard.objects.get_or_create(stream_arn="bench", shard_id="bench")
    plain = feeds.clean(folder / "plain.csv", rows)
    first = _record(feeds.complete(plain, folder / "first.csv"), rows)
    changed = _record(feeds.complete(feeds.clean(folder / "new.csv", rows, seed=2), folder / "changed.csv"), rows)
    without = _record(plain, rows)
    return [
        *_figures("all inserts", lambda name: _contender(name, first, None, {"inserted": rows}), pace, without),
        *_figures("all updates", lambda name: _contender(name, changed, first, {"updated": rows}), pace),
    ]


def _record(path: Path, rows: int) -> Recording:
    fresh_database()  # no file waits for another one
    return record(path, rows)


def _figures(
    name: str, contender: Callable[[str], Contender], pace: Pace, bare: Recording | None = None
) -> list[Figure]:
    contenders = [contender(f"{name}, the index"), _unindexed(contender(f"{name}, no index"))]
    if bare is not None:
        contenders.append(_contender(f"{name}, neither", bare, None, {"inserted": bare.rows}))
    ours, *others = in_turns(contenders, pace)
    against = ("without the index", "rows without either")
    return [
        figure(
            GROUP, f"consumer, GTINs and pictures, {name}", "rows/s", [run.rate for run in ours], against=other,
            theirs=[run.rate for run in theirs],
        )
        for other, theirs in zip(against, others, strict=False)
    ]  # fmt: skip


def _unindexed(usual: Contender) -> Contender:
    """The same without the index, which is there again afterwards."""

    def before() -> None:
        usual.before()
        with connection.cursor() as cursor:
            cursor.execute(DROP)

    def after() -> None:
        with connection.cursor() as cursor:
            cursor.execute(INDEX)
        usual.after()

    return replace(usual, before=before, after=after)
