"""One worker at a time deletes what is too old of one kind. What it deletes, how much that was and where to go on
change in one transaction; files go first, and that they are gone is noted after.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.db import connection
from psycopg.sql import SQL

from uploads.work import leases
from uploads.work.leases import Lease

BATCH_ROWS: Final = 1000


@dataclass
class Turn:
    """The right to delete of one kind what is older than so many days. `position` is where the pass is; "" at its
    beginning."""

    kind: str
    lease: Lease
    days: int
    position: str

    def note(self, removed: int, position: str = "") -> None:
        """So many were deleted, and this is where to go on. Raises LeaseLost."""
        count(self.kind, removed)
        self.position = position
        leases.renew(self.lease, SQL("position = %s,"), [position])


# Deletes a batch, and notes it; returns whether there may be more.
Batch = Callable[[Turn], bool]


def count(kind: str, removed: int) -> None:
    """So many of a kind were deleted, today and in all."""
    if not removed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO kept AS k (kind, removed, removed_on, removed_that_day)
            VALUES (%(kind)s, %(removed)s, current_date, %(removed)s)
                ON CONFLICT (kind) DO UPDATE
               SET removed = k.removed + excluded.removed, removed_on = current_date,
                   removed_that_day = excluded.removed_that_day
                                    + CASE k.removed_on WHEN current_date THEN k.removed_that_day ELSE 0 END
            """,
            {"kind": kind, "removed": removed},
        )


def take(kind: str, days: int) -> Turn | None:
    """The turn at this kind; None while somebody else has it."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO kept (kind) VALUES (%s) ON CONFLICT DO NOTHING", [kind])
    taken = leases.take(leases.KEPT, SQL("kind = %s"), [kind], SQL("epoch, position"))
    if not taken:
        return None
    epoch, position = taken[0]
    return Turn(kind, Lease(leases.KEPT, kind, epoch), days, position)


def end(turn: Turn, standing: int | None) -> None:
    """The pass is through; so many are left. Raises LeaseLost."""
    leases.change(turn.lease, SQL("position = '', standing = %s, counted_at = now()"), [standing])
