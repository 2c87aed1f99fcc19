"""Parse + validate, one core, against a bare csv.reader loop over the same file."""

from pathlib import Path

from catalog.management.commands.seed_categories import CATEGORIES
from catalog.rules.validator import Rules, validate
from tests.bench import bound, feeds, peers
from tests.bench.measure import Contender, Figure, Pace, Target, explained, figure, in_turns, same
from uploads.feed import parser, sample
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Heads
from uploads.feed.formats.meaning import reader
from uploads.feed.formats.plan import plan_for
from uploads.feed.parser import Layout, Reading

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
    return [
        explained(known, lambda: bound.profile(lambda: parse_and_validate(path, rules))),
        _of_shop(folder, rows, pace),
    ]


def _of_shop(folder: Path, rows: int, pace: Pace) -> Figure:
    """A shop's export as its rows are meant, against the same rows as they stand. The first pass over the file, which
    finds the heads of its groups, isn't measured: each row is read by it once, and validated as often as needed."""
    path = feeds.of_shop(folder / "shop.csv", rows)
    with path.open("rb") as file:
        layout = parser.inspect(file, reading=Reading())
        heads = heads_of(path, layout)
    ours, theirs = in_turns(
        [
            Contender("parse + mean + validate", lambda: understand_and_validate(path, layout, heads)[0]),
            Contender("parse + validate", lambda: validate_as_it_stands(path, layout)),
        ],
        pace,
    )
    return figure(
        GROUP, "parse + validate of a shop’s export, as it is meant", "rows/s", [run.rate for run in ours],
        against="the same rows as they stand", theirs=[run.rate for run in theirs],
        target=Target(least=0.6, of_ratio=True),
    )  # fmt: skip


def heads_of(path: Path, layout: Layout) -> Heads:
    """The first pass over a shop's export."""
    with path.open("rb") as file:
        rows = parser.rows(file, layout)
        heads = Heads(plan_for(layout.headers, [], {}, layout.mapping).plan)
        for row in rows:
            heads.note(row.number, row.cells)
    return heads


def understand_and_validate(path: Path, layout: Layout, heads: Heads) -> tuple[int, int]:
    """The second: how many rows there are, and how many are products."""
    plan = heads.groups.plan
    categories = Categories(CATEGORIES)
    read, rules = reader(plan, categories), Rules.from_names(CATEGORIES)
    number = products = 0
    with path.open("rb") as file:
        for row in parser.rows(file, layout):
            number += 1
            found = read(row.cells, heads.of(row.number, row.cells), row.number, row.numeric)
            if found.left_out is None and validate(found.values, rules, found.numeric).draft is not None:
                products += 1
    return number, products


_AS_IT_STANDS = {
    "vendor_product_id": "Variant SKU", "product_name": "Title", "category": "Product Category", "sku": "Variant SKU",
    "brand": "Vendor", "description": "Body (HTML)", "price": "Variant Price",
    "stock_quantity": "Variant Inventory Qty",
}  # fmt: skip


def validate_as_it_stands(path: Path, layout: Layout) -> int:
    """A column for each field, whatever that makes of variants and pictures; how many rows there are."""
    number, rules = 0, Rules.from_names(CATEGORIES)
    with path.open("rb") as file:
        for row in parser.rows(file, layout):
            number += 1
            validate({field: row.cells[header] for field, header in _AS_IT_STANDS.items()}, rules)
    return number
