"""Step 3: the rows of a file as they go into the table, and in which groups."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from catalog.rules import cells
from catalog.rules.problems import Code, Problem
from uploads.aws import dynamo, limits
from uploads.aws.records import Item, encode, now_iso
from uploads.feed import shops
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.meaning import reader
from uploads.feed.parser import Layout, Row, unguarded
from uploads.feed.sheets.handed_out import has_guarded_cells

# What a row's item may take when it is put; the rest is for the longest reason that its error may have.
MAX_ITEM_BYTES = limits.ITEM_BYTES - 5_000
# More than any attribute takes beside the cells, the names of their columns, and 1 byte for each of these.
BESIDE_BYTES = 1_000
KEYS = "sku", "vendor_product_id"
NO_CATEGORIES = Categories({})
LONGEST_IDS = "U" * 100, "V" * 50  # of an upload and a vendor
RAW_CHARS = 2_000  # so much is kept of a row that is larger
# Bytes of the file that one request may be about. As JSON they can be six times as many, and a request has 16 MB.
REQUEST_BYTES = 1_500_000


def as_staged(rows: Iterable[Row], layout: Layout) -> Iterator[Row]:
    """The rows as they go into the table.

    In a file made from our error report, or from an export of the catalog, what made its cells safe to open in a
    spreadsheet is taken back. Where a shop's export has no plan, rows with nothing but a picture are passed over.
    """
    guarded = has_guarded_cells(layout.headers)
    room = _room(layout)
    before = None
    shop = shops.NO_SHOP if layout.plan else shops.shop_of(layout.headers)
    for row in shops.without_pictures(rows, shop) if shop.pictures else rows:
        # No encoding's text takes more than three times the bytes in UTF-8: few rows have to be looked at closely.
        fits = before is not None and 3 * (row.end - before) <= room
        before = row.end
        staged = unguarded(row) if guarded else row
        yield staged if fits else _fitting(staged)


def _room(layout: Layout) -> int:
    """The bytes that cells may have however they are counted; none where each row has to be looked at closely."""
    names = [len(header.encode()) for header in layout.headers]
    if max(names, default=0) > limits.NAME_BYTES:  # in a layout from before there was a limit
        return -1
    return MAX_ITEM_BYTES - BESIDE_BYTES - len(names) - 2 * sum(names)  # a sheet's numbers may name theirs once more


def _fitting(row: Row) -> Row:
    """The row, or the error row in its place if DynamoDB could not hold it as one item."""
    reason = limits.why_not(encode(*LONGEST_IDS, row, now_iso()), MAX_ITEM_BYTES)
    if reason is None:
        return row
    problem = Problem("", Code.ROW_TOO_LONG, reason, "Shorten its longest cells, or the names of its columns.")
    return _unread(row, problem)


def _unread(row: Row, problem: Problem) -> Row:
    raw = row.raw or " ".join(row.cells.values())
    return row._replace(cells={}, problem=problem, raw=raw[:RAW_CHARS], numeric=frozenset())


def put(rows: Sequence[Row], encoded: Callable[[Row], Item]) -> list[str]:
    """Put a group of rows into the table; returns what DynamoDB says of those that it refuses for good.

    The request is halved until such a row is found, and an error row that says so takes its place. The rows keep their
    order. Raises Refused where that one is refused too, and Unavailable.
    """
    try:
        dynamo.put_records([encoded(row) for row in rows])
    except dynamo.Refused as refused:
        if len(rows) > 1:
            middle = len(rows) // 2
            return put(rows[:middle], encoded) + put(rows[middle:], encoded)
        message = f"DynamoDB can't store the row: {refused}"
        dynamo.put_records([encoded(_unread(rows[0], Problem("", Code.NOT_STORED, message)))])
        return [str(refused)]
    return []


def in_requests(rows: Iterable[Row], layout: Layout) -> Iterator[list[Row]]:
    """The rows in groups for one request each, none with the same SKU or product ID twice, as validation reads them."""
    # No two rows have the same number, so no two items have the same key.
    claims = _claims(layout)
    group: list[Row] = []
    skus: set[str] = set()
    ids: set[str] = set()
    start = 0  # behind the group's first row
    for row in rows:
        sku, product_id = claims(row)
        full = len(group) == dynamo.BATCH or row.end - start > REQUEST_BYTES
        if group and (full or (sku and sku in skus) or (product_id and product_id in ids)):
            yield group
            group, skus, ids = [], set(), set()
        if not group:
            start = row.end
        group.append(row)
        skus.add(sku)
        ids.add(product_id)
    if group:
        yield group


def _claims(layout: Layout) -> Callable[[Row], tuple[str, str]]:
    """What the SKU and the product ID of a row are, as validation reads them."""
    if layout.plan:
        meant = reader(layout.plan, NO_CATEGORIES)
        return lambda row: _identifiers(*meant.identifiers(row.cells)) if row.cells else ("", "")
    sku, product_id = (layout.mapping.fields[field] for field in KEYS)
    return lambda row: _identifiers(row.cells.get(sku, ""), row.cells.get(product_id, ""))


def _identifiers(sku: str, product_id: str) -> tuple[str, str]:
    return cells.identifier(sku, "sku"), cells.identifier(product_id, "vendor_product_id")
