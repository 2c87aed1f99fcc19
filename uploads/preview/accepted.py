"""What earlier pages of a dry run would have accepted, in a temporary file: memory doesn't grow with it."""

import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal

from catalog.committer import Candidate
from catalog.rules import offers
from catalog.rules.validator import ProductDraft
from catalog.snapshot import Entry, Origin, Snapshot
from uploads.preview.verdicts import NEWEST


class Accepted(contextlib.AbstractContextManager["Accepted"]):
    """The products that earlier rows of the file would have brought or touched: product ID, SKU, row and its line.

    A file touches a product once, so of its values no later row needs any but these.
    """

    def __init__(self) -> None:
        self.of_nobody = 0  # wrong rows that don't say which product they are about
        self._folder = tempfile.TemporaryDirectory(prefix="dry-run-")
        self._table = sqlite3.connect(f"{self._folder.name}/accepted.sqlite3", isolation_level=None)
        self._table.executescript(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            CREATE TABLE accepted (key TEXT PRIMARY KEY, sku TEXT NOT NULL, row INTEGER NOT NULL, line INTEGER NOT NULL)
                WITHOUT ROWID;
            CREATE INDEX accepted_sku ON accepted (sku);
            CREATE TABLE wrong (named TEXT PRIMARY KEY) WITHOUT ROWID;
            """
        )

    def __exit__(self, *_: object) -> None:
        self._table.close()
        self._folder.cleanup()

    def over(self, snapshot: Snapshot, wanting: Sequence[Candidate]) -> Snapshot:
        """The snapshot of the catalog as it would stand after the earlier rows."""
        if not wanting:
            return snapshot
        vendor_id = wanting[0].vendor_id
        named = [offers.keys(one.draft) for one in wanting]
        keys = {product_id for product_id, _ in named}
        keys |= {key for owner, key in snapshot.by_key if owner == vendor_id}
        touched = self._find(keys, {sku for _, sku in named})
        skus = {sku for _, sku, *_ in touched}
        moved = {(vendor_id, key) for key, *_ in touched}
        after = Snapshot()
        for entry in snapshot.by_key.values():
            # Where the catalog changes while the file is read, what the file was told first counts.
            if (entry.vendor_id, entry.values.vendor_product_id) not in moved and entry.values.sku not in skus:
                after.add(entry)
        for key, sku, row, line in touched:
            after.add(Entry(None, vendor_id, _stub(key, sku), Origin(NEWEST, row, line)))
        return after

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep those that a row of this file has touched."""
        touched = [
            (entry.values.vendor_product_id, entry.values.sku, entry.origin.row_number, entry.origin.line)
            for entry in entries
            if entry.origin is not None and entry.origin.sequence == NEWEST
        ]
        self._table.execute("BEGIN")
        self._table.executemany("INSERT OR REPLACE INTO accepted VALUES (?, ?, ?, ?)", touched)
        self._table.execute("COMMIT")

    def add_wrong(self, named: Iterable[Sequence[str]]) -> None:
        """Keep what rows are about that are wrong, of each what it says: these products aren't absent."""
        rows = list(named)
        self.of_nobody += sum(not one for one in rows)
        self._table.execute("BEGIN")
        self._table.executemany("INSERT OR IGNORE INTO wrong VALUES (?)", [(sign,) for one in rows for sign in one])
        self._table.execute("COMMIT")

    def lacks(self, products: Sequence[tuple[str, str, str]]) -> list[int]:
        """Which of these products, by ID, and by what wrong rows call it, no row of the file is about: their places."""
        rows = self._table.execute(
            """
            SELECT p.key FROM json_each(?) AS p
             WHERE json_extract(p.value, '$[0]') NOT IN (SELECT key FROM accepted)
               AND NOT EXISTS (SELECT 1 FROM wrong WHERE named IN (json_extract(p.value, '$[1]'),
                                                            json_extract(p.value, '$[2]')))
            """,
            [json.dumps(list(products))],
        )
        return [int(place) for (place,) in rows]

    def _find(self, keys: Iterable[str], skus: Iterable[str]) -> list[tuple[str, str, int, int]]:
        return self._table.execute(
            """
            SELECT key, sku, row, line FROM accepted WHERE key IN (SELECT value FROM json_each(?))
             UNION
            SELECT key, sku, row, line FROM accepted WHERE sku IN (SELECT value FROM json_each(?))
            """,
            [json.dumps(list(keys)), json.dumps(list(skus))],
        ).fetchall()


def _stub(key: str, sku: str) -> ProductDraft:
    return ProductDraft(key, "", "", sku, "", "", Decimal(0), 0)
