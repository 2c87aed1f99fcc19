"""The counts of wrong values over all vendors, made of those of each vendor a moment later.

Who commits writes the counts of its own vendor only (the triggers of migration 0021), so that no vendor waits for
another; `add_up` makes the totals of what has changed since, a step of the schedule and at the end of each job that
mended rows. Counts are derived: `recount` makes a vendor's anew from its errors, and says what was not right.
"""

import logging
import time
from typing import Any, Final

from django.db import connection, transaction
from psycopg.sql import SQL

from catalog import committer
from config.web.text import visible

logger = logging.getLogger(__name__)

PORTION: Final = 2_000  # counts that are added up in one transaction
TURN_SECONDS: Final = 2.0  # after which others have theirs
_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended('totals of wrong values', 0))"

# Through idx_open_values_changed. Who is just writing a count isn't waited for: it is changed again when that commits.
_CHANGED: Final = """
    SELECT vendor_id, claim, field, value, rows FROM open_values WHERE changed LIMIT %s FOR UPDATE SKIP LOCKED
"""
# Each value's counts through idx_open_values_value; the fence (OFFSET) keeps the planner from reading all of them.
_ADD_UP: Final = """
    WITH wanted AS MATERIALIZED (
         SELECT DISTINCT claim, field, value
           FROM unnest(%s::boolean[], %s::text[], %s::text[]) AS w (claim, field, value)),
    now_so AS MATERIALIZED (
         SELECT w.*, t.* FROM wanted w
          CROSS JOIN LATERAL (SELECT sum(o.rows) AS rows, count(*) AS vendors, min(o.since) AS since,
                                     (array_agg(o.spelling ORDER BY o.rows DESC))[1] AS spelling
                                FROM open_values o
                               WHERE o.claim = w.claim AND o.field = w.field AND o.value = w.value AND o.rows > 0
                              OFFSET 0) t),
    gone AS (
         DELETE FROM shared_values s USING now_so n
          WHERE n.vendors = 0 AND s.claim = n.claim AND s.field = n.field AND s.value = n.value)
    INSERT INTO shared_values AS s (claim, field, value, spelling, rows, vendors, since)
    SELECT claim, field, value, spelling, rows, vendors, since FROM now_so WHERE vendors > 0
        ON CONFLICT (claim, field, value) DO UPDATE
       SET spelling = excluded.spelling, rows = excluded.rows, vendors = excluded.vendors, since = excluded.since
"""
_KEYS: Final = SQL(
    """
    unnest(%s::text[], %s::boolean[], %s::text[], %s::text[]) AS k (vendor_id, claim, field, value)
     WHERE o.vendor_id = k.vendor_id AND o.claim = k.claim AND o.field = k.field AND o.value = k.value
    """
)
_NOTED: Final = SQL("UPDATE open_values o SET changed = false FROM {} AND o.rows > 0").format(_KEYS)
_OVER: Final = SQL("DELETE FROM open_values o USING {} AND o.rows <= 0").format(_KEYS)


def add_up() -> int:
    """Bring the totals up to date with the counts that have changed, a bounded part of them; returns how many.

    One at a time does so: who comes meanwhile has nothing to do.
    """
    done, deadline = 0, time.monotonic() + TURN_SECONDS
    while found := _portion():
        done += found
        if found < PORTION or time.monotonic() > deadline:
            break
    return done


def _portion() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute(_CHANGED, [PORTION])
        found = cursor.fetchall()
        if not found:
            return 0
        vendors, claims, fields, values, _ = map(list, zip(*found, strict=True))
        cursor.execute(_ADD_UP, [claims, fields, values])
        cursor.execute(_NOTED, [vendors, claims, fields, values])
        cursor.execute(_OVER, [vendors, claims, fields, values])
    for vendor_id in sorted({vendor_id for vendor_id, *_, rows in found if rows < 0}):
        logger.warning("%s: a count of wrong values fell below 0; they are counted anew", visible(vendor_id))
        recount(vendor_id)
    return len(found)


# --- anew ----------------------------------------------------------------------------------------------------------

Count = tuple[bool, str, str]
"""What of a vendor is counted: whether it is a claim, the field, and the value in small letters."""
Kept = tuple[str, int]
"""One of its spellings, and in how many rows it is."""
_KEPT: Final = "SELECT claim, field, value, spelling, rows FROM open_values WHERE vendor_id = %s"
_RIGHT: Final = "SELECT claim, field, value, spelling, rows FROM open_values_counted(%s)"


def recount(vendor_id: str, *, dry_run: bool = False) -> dict[Count, tuple[int, int]]:
    """What of a vendor's counts is not what its errors say: (as it was, as it is right). It is right from then on,
    unless `dry_run` only looks. Under the vendor's lock, so nothing of the vendor is committed meanwhile.
    """
    with transaction.atomic():
        committer.lock_vendors([vendor_id])
        with connection.cursor() as cursor:
            kept = _counts(cursor, _KEPT, vendor_id)
            right = _counts(cursor, _RIGHT, vendor_id)
            nothing = ("", 0)
            both = {key: (kept.get(key, nothing), right.get(key, nothing)) for key in kept.keys() | right.keys()}
            differing = {key: (old, new) for key, (old, new) in both.items() if old[1] != new[1]}
            if differing and not dry_run:
                _set(cursor, vendor_id, differing)
    wrong = {key: (old[1], new[1]) for key, (old, new) in differing.items()}
    if wrong and not dry_run:
        logger.warning("%s: %d counts of wrong values were not right, and are now", visible(vendor_id), len(wrong))
    return wrong


def _counts(cursor: Any, query: str, vendor_id: str) -> dict[Count, Kept]:
    cursor.execute(query, [vendor_id])
    return {(claim, field, value): (spelling, rows) for claim, field, value, spelling, rows in cursor.fetchall()}


def _set(cursor: Any, vendor_id: str, differing: dict[Count, tuple[Kept, Kept]]) -> None:
    rows = [(*key, new[0] or old[0], new[1]) for key, (old, new) in differing.items()]
    cursor.execute(
        """
        INSERT INTO open_values (vendor_id, claim, field, value, spelling, rows)
        SELECT %s, * FROM unnest(%s::boolean[], %s::text[], %s::text[], %s::text[], %s::bigint[])
            ON CONFLICT (vendor_id, claim, field, value) DO UPDATE SET rows = excluded.rows, changed = true
        """,
        [vendor_id, *map(list, zip(*rows, strict=True))],
    )
