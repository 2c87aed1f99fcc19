"""The heads of a file that may have more of them than memory: in a database, on disk where they need it."""

import contextlib
import json
import sqlite3
from typing import Final

from uploads.feed.formats.groups import Head

CACHE_KB: Final = 16 * 1024  # what is more goes to disk


class OnDisk(contextlib.AbstractContextManager["OnDisk"]):
    """Heads in a temporary database, which SQLite makes a file of when it passes CACHE_KB."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.executescript(
            f"""
            PRAGMA cache_size = -{CACHE_KB};
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            CREATE TABLE heads (key TEXT, row INTEGER, head TEXT NOT NULL, PRIMARY KEY (key, row)) WITHOUT ROWID;
            BEGIN;
            """
        )

    def __exit__(self, *_: object) -> None:
        self._table.close()

    def get(self, key: str, row: int) -> Head | None:
        query = "SELECT head FROM heads WHERE key = ? AND row = 0"
        if row:
            query = "SELECT head FROM heads WHERE key = ? AND row <= ? ORDER BY row DESC LIMIT 1"
        found = self._table.execute(query, [key, row] if row else [key]).fetchone()
        return Head.from_json(json.loads(found[0])) if found else None

    def put(self, key: str, row: int, head: Head) -> None:
        self._table.execute("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", [key, row, json.dumps(head.to_json())])
