"""Step 3: the rows of a file as they go into the table, and in which groups."""

from collections.abc import Iterable, Iterator

from catalog.rules import cells
from catalog.rules.problems import Code, Problem
from config.web import spreadsheet
from uploads.aws import dynamo
from uploads.feed import shops
from uploads.feed.columns import OUR_COLUMNS
from uploads.feed.parser import Layout, Row

# Of the 400 KB that an item of DynamoDB may have; the rest is for its other attributes, the error's reason among them.
MAX_ROW_BYTES = 390_000
RAW_CHARS = 2_000  # so much is kept of a row that is larger


def as_staged(rows: Iterable[Row], layout: Layout) -> Iterator[Row]:
    """The rows as they go into the table.

    In a file made from our error report, or from an export of the catalog, what made its cells safe to open in a
    spreadsheet is taken back. In a shop's export, rows with nothing but a picture are passed over.
    """
    unguard = any(
        column in layout.headers for column in OUR_COLUMNS if column != "line_number"
    )  # vendors have such too
    room = MAX_ROW_BYTES - sum(len(header.encode()) for header in layout.headers)
    before = None
    shop = shops.shop_of(layout.headers)
    for row in shops.without_pictures(rows, shop) if shop.pictures else rows:
        # No encoding's text takes more than three times the bytes in UTF-8: few rows have to be looked at closely.
        fits = before is not None and 3 * (row.end - before) <= room
        before = row.end
        staged = _unguarded(row) if unguard else row
        yield staged if fits else _fitting(staged)


def _unguarded(row: Row) -> Row:
    return row._replace(cells={header: spreadsheet.unguard(cell) for header, cell in row.cells.items()})


def _fitting(row: Row) -> Row:
    """The row, or the error row in its place if DynamoDB could not hold it as one item."""
    if sum(len(header.encode()) + len(cell.encode()) for header, cell in row.cells.items()) <= MAX_ROW_BYTES:
        return row
    message = f"The row takes more than {MAX_ROW_BYTES // 1000} KB with the names of its columns."
    problem = Problem("", Code.ROW_TOO_LONG, message, "Shorten its longest cells.")
    return row._replace(cells={}, problem=problem, raw=" ".join(row.cells.values())[:RAW_CHARS])


def in_requests(rows: Iterable[Row], layout: Layout) -> Iterator[list[Row]]:
    """The rows in groups for one request each, none with the same SKU or product ID twice, as validation reads them."""
    sku_header, id_header = (layout.mapping.fields[field] for field in ("sku", "vendor_product_id"))
    group: list[Row] = []
    skus: set[str] = set()
    ids: set[str] = set()
    for row in rows:
        sku = cells.identifier(row.cells.get(sku_header, ""), "sku")
        product_id = cells.identifier(row.cells.get(id_header, ""), "vendor_product_id")
        if len(group) == dynamo.BATCH or (sku and sku in skus) or (product_id and product_id in ids):
            yield group
            group, skus, ids = [], set(), set()
        group.append(row)
        skus.add(sku)
        ids.add(product_id)
    if group:
        yield group
