"""The heads of a file that may have more of them than memory: the last ones in memory, the others on disk."""

import contextlib
import json
import sqlite3
from typing import Final

from uploads.feed.formats.groups import Head

MOST_CHARS: Final = 8_000_000  # of the cells of heads in memory; what is more goes to disk
EACH: Final = 500  # what a head takes beside its cells, about
Key = tuple[str, int]


class OnDisk(contextlib.AbstractContextManager["OnDisk"]):
    """Heads in a temporary database, but for those that were put or asked for last: most rows are near their head."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)  # a file that nobody else sees
        self._table.executescript(
            """
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            CREATE TABLE heads (key TEXT, row INTEGER, head TEXT NOT NULL, PRIMARY KEY (key, row)) WITHOUT ROWID;
            BEGIN;
            """
        )
        self._last: dict[Key, Head] = {}
        self._above = 0  # the row of the last head that was put for the rows below it, where that is in memory
        self._chars = 0

    def __exit__(self, *_: object) -> None:
        self._table.close()

    def get(self, key: str, row: int) -> Head | None:
        if row:
            return self._nearest(key, row)
        if (key, 0) in self._last:
            return self._last[key, 0]
        found = self._find("SELECT head FROM heads WHERE key = ? AND row = 0", [key])
        if found:
            self._keep((key, 0), found)
        return found

    def put(self, key: str, row: int, head: Head) -> None:
        self._keep((key, row), head)
        self._above = row or self._above

    def _nearest(self, key: str, row: int) -> Head | None:
        """In the first pass it is the last one. In the second those in memory go to disk first."""
        if 0 < self._above <= row:
            return self._last[key, self._above]
        self._make_room()
        return self._find("SELECT head FROM heads WHERE key = ? AND row <= ? ORDER BY row DESC LIMIT 1", [key, row])

    def _find(self, query: str, values: list[object]) -> Head | None:
        found = self._table.execute(query, values).fetchone()
        return Head.from_json(json.loads(found[0])) if found else None

    def _keep(self, key: Key, head: Head) -> None:
        if key not in self._last:
            self._chars += EACH + sum(map(len, head.cells.values()))
            if self._chars > MOST_CHARS:
                self._make_room()
        self._last[key] = head

    def _make_room(self) -> None:
        if self._last:
            rows = ((key, row, json.dumps(head.to_json())) for (key, row), head in self._last.items())
            self._table.executemany("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", rows)
        self._last, self._above, self._chars = {}, 0, 0
