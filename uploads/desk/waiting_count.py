"""How much waits, for the word beside "Work" on every page: one question, asked anew every few seconds by each process.

What passes by itself isn't counted: it waits for nobody. Nor are claims, of which only the list knows which are open.
"""

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import connection
from django.utils import timezone
from psycopg.sql import SQL, Composed

from uploads.desk import failed_uploads, items, troubles
from uploads.insight.operations import start_of, today
from uploads.models import SEEN_WITH, WorkItem

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

SECONDS: Final = 15
MOST: Final = 999
Kind = WorkItem.Kind

# By kind: which rows wait, and what their things are told apart by; each through an index: idx_upload_history_failed,
# idx_vendors_status, idx_vendors_requested_name, idx_jobs_failed,
# idx_shared_values_rows, idx_comments_answers, idx_sources_trouble, idx_feeds_held,
# idx_upload_history_held. Outages and steps are a dozen rows.
_ROWS: Final = {
    Kind.UPLOAD: (
        SQL("upload_history WHERE status = 'failed' AND created_at >= %(failed)s"), SQL("upload_history.upload_id"),
    ),
    Kind.VENDOR: (SQL("vendors WHERE status = 'pending' AND declined_at IS NULL"), SQL("vendors.vendor_id")),
    Kind.NAME: (SQL("vendors WHERE requested_name IS NOT NULL"), SQL("vendors.vendor_id")),
    Kind.JOB: (
        SQL("jobs WHERE state = 'failed' AND jobs.kind <> 'dry_run' AND ended_at >= %(jobs)s"), SQL("jobs.id::text"),
    ),
    Kind.OUTAGE: (
        SQL("service_outages WHERE ended_at IS NULL AND answered_at IS NULL"), SQL("service_outages.id::text"),
    ),
    Kind.VALUE: (SQL("shared_values WHERE NOT claim"), SQL("shared_values.field || ':' || shared_values.value")),
    Kind.ANSWER: (
        SQL(
            "(SELECT DISTINCT vendor_id, coalesce(upload_id, '') AS upload FROM comments"
            " WHERE by_vendor AND settled_at IS NULL) said WHERE true"
        ),
        SQL("said.vendor_id || ':' || said.upload"),
    ),
    Kind.HELD: (SQL("feeds WHERE state = 'held'"), SQL("feeds.feed_id")),
    Kind.GUARD: (SQL("upload_history WHERE status = 'held'"), SQL("upload_history.upload_id")),
    Kind.WINDOW: (
        SQL("vendor_holds WHERE ended_at IS NULL AND vendor_holds.kind = 'window'"), SQL("vendor_holds.vendor_id"),
    ),
    Kind.PAUSE: (
        SQL("vendor_holds WHERE ended_at IS NULL AND vendor_holds.kind = 'pause'"), SQL("vendor_holds.vendor_id"),
    ),
    Kind.SOURCE: (
        SQL(
            "sources WHERE (state = 'active' AND failures >= 3 OR state = 'disabled'"
            " OR host_key <> '' AND host_key_met <> '')"
        ),
        SQL("sources.id::text"),
    ),
    Kind.STEP: (SQL("upkeep_steps WHERE failing_since IS NOT NULL AND NOT waits"), SQL("upkeep_steps.name")),
}  # fmt: skip
# Neither put off nor said to be done (work_items_open, idx_work_items_key), up to MOST + 1 of them.
_COUNTED: Final = SQL("""
(SELECT count(*)
   FROM (SELECT FROM {rows}
            AND NOT EXISTS (SELECT FROM work_items w WHERE w.kind = {kind} AND w.key = {key} AND w.done_at IS NULL
                               AND w.snoozed_until > now())
            AND NOT (%(settled)s::text[] @> ARRAY[{kind}] AND EXISTS (
                SELECT FROM work_items w WHERE w.kind = {kind} AND w.key = {key} AND w.done_at IS NOT NULL))
          LIMIT %(most)s) few)
""")
# What was counted last, and when, for who may see these kinds.
_kept: dict[tuple[str, ...], tuple[float, str]] = {}


def shown(user: "Viewer") -> str:
    """The number for the navigation: "" for none, "999+" beyond."""
    kinds = tuple(kind for kind in _ROWS if user.has_perm(SEEN_WITH[kind]))
    if not kinds:
        return ""
    asked, known = _kept.get(kinds, (None, ""))
    if asked is None or time.monotonic() - asked >= SECONDS:
        number = _count(kinds)
        known = f"{MOST}+" if number > MOST else str(number or "")
        _kept[kinds] = time.monotonic(), known
    return known


def ask_anew() -> None:
    """Something was done: this process counts again at once."""
    _kept.clear()


def _count(kinds: tuple[str, ...]) -> int:
    values: dict[str, Any] = {
        "most": MOST + 1,
        "failed": timezone.now() - timedelta(days=failed_uploads.DAYS),
        "jobs": start_of(today() - timedelta(days=troubles.DAYS - 1)),
        "settled": [str(kind) for kind in items.SAID_TO_BE_DONE],
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL("SELECT {}").format(SQL(" + ").join(_counted(kind) for kind in kinds)), values)
        return int(cursor.fetchone()[0])


def _counted(kind: str) -> Composed:
    rows, key = _ROWS[Kind(kind)]
    return _COUNTED.format(rows=rows, key=key, kind=Kind(kind).value)
