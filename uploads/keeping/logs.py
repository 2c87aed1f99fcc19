"""What people, programs and services left behind: jobs that have ended, the admin's history, outages that are over,
answers that programs may ask for again (uploads/api/idempotent.py), deliveries of webhooks."""

from typing import Final

from django.db import connection, transaction
from psycopg.sql import SQL, Composable, Identifier

from uploads.keeping.turn import BATCH_ROWS, Turn

EXACT_ROWS: Final = 100_000
RUNS_DAYS: Final = 90
DELIVERY_DAYS: Final = 30


# A tested change is taken back by what its job knows (uploads/shadow/canary.py): the job stays as long as it counts for
# chosen vendors, and after that for as long as others after their end. Who makes it just now holds its lock.
_OVER: Final = SQL("""
    state IN ('done', 'failed') AND parameters -> 'made' -> 'vendors' -> 0 IS NULL
    AND greatest(ended_at, (parameters ->> 'made_at')::timestamptz) < {} FOR UPDATE SKIP LOCKED
""")
_EXAMPLES: Final = """
UPDATE jobs SET result = jsonb_set(result, '{vendors}', (SELECT jsonb_object_agg(key, value - 'examples')
                                                           FROM jsonb_each(result -> 'vendors')))
 WHERE kind = 'shadow' AND ended_at < now() - make_interval(days => %s)
   AND jsonb_path_exists(result, '$.vendors.*.examples[*]')
"""


def delete_jobs(turn: Turn) -> bool:
    """What a job did stands where it did it; its row only told of it. Examples of tests go also where the test stays,
    since they are rows of vendors (idx_jobs_shadow)."""
    with connection.cursor() as cursor:
        cursor.execute(_EXAMPLES, [turn.days])
    return _delete(turn, SQL("jobs"), _OVER)


def delete_outages(turn: Turn) -> bool:
    """Those that are over."""
    return _delete(turn, SQL("service_outages"), SQL("ended_at < {}"))


def delete_calls(turn: Turn) -> bool:
    """After a day a key is free anyway (idx_idempotent_calls_age)."""
    return _delete(turn, SQL("idempotent_calls"), SQL("created_at < {}"), days=1)


def delete_admin_log(turn: Turn) -> bool:
    """From its oldest end, by the primary key: the table has no index by time, and its keys grow with it."""
    oldest = SQL("(SELECT * FROM django_admin_log ORDER BY id LIMIT {}) oldest").format(BATCH_ROWS)
    return _delete(turn, oldest, SQL("action_time < {}"), Identifier("django_admin_log"))


def delete_source_runs(turn: Turn) -> bool:
    """Those that have ended (idx_source_runs_age)."""
    return _delete(turn, SQL("source_runs"), SQL("outcome <> 'running' AND started_at < {}"), days=RUNS_DAYS)


def delete_deliveries(turn: Turn) -> bool:
    """By idx_webhook_deliveries_age, with their tries. None is tried for so long."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT ARRAY(SELECT id FROM webhook_deliveries
                          WHERE created_at < now() - make_interval(days => %s) AND state <> 'pending'
                          ORDER BY created_at LIMIT %s)
            """,
            [DELIVERY_DAYS, BATCH_ROWS],
        )
        (keys,) = cursor.fetchone()
        cursor.execute("DELETE FROM webhook_attempts WHERE delivery_id = ANY (%s)", [keys])
        cursor.execute("DELETE FROM webhook_deliveries WHERE id = ANY (%s)", [keys])
        turn.note(int(cursor.rowcount))
    return len(keys) == BATCH_ROWS


def _delete(
    turn: Turn, source: Composable, which: SQL, table: Composable | None = None, days: int | None = None
) -> bool:
    some = SQL("SELECT id FROM {} WHERE {} LIMIT {}").format(
        source, which.format(SQL("now() - make_interval(days => %s)")), BATCH_ROWS
    )
    query = SQL("DELETE FROM {} WHERE id = ANY (ARRAY({}))").format(table or source, some)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query, [turn.days if days is None else days])
        removed = int(cursor.rowcount)
        turn.note(removed)
    return removed == BATCH_ROWS


def about(table: str) -> int:
    """How many rows a table has: counted, or of a large one as PostgreSQL estimates it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
        estimate = int(cursor.fetchone()[0])
        if estimate < EXACT_ROWS:
            query = SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) r").format(Identifier(table), EXACT_ROWS)
            cursor.execute(query)
            return int(cursor.fetchone()[0])
    return estimate
