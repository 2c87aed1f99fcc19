"""What the schedule does again and again: each step fails alone, and says so once.

A step that fails stops no other one. It is a line in the log when it begins to fail, with the reason, and one when it
is well again; in between its row in PostgreSQL says since when and with what, for the dashboard and `verify_setup`.
The process that meets the failure first says it, as with outages; a fault of our own brings its traceback with it.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from config.watch.told import Quoted
from uploads.models import UpkeepStep
from uploads.work import outages

logger = logging.getLogger(__name__)

STAGE: Final = "Stage uploads that nobody is at"
FINISH: Final = "Finish uploads that are complete"
RUN_JOBS: Final = "Go on with jobs that nobody is at"
GUARD: Final = "Hold what couldn't be checked, and cancel what was held too long"
CLOSE_OUTAGES: Final = "Close outages that are over"
READ_TABLE: Final = "Have the table read where it is in doubt"
WRITE_BACK: Final = "Write statuses that are owed"
RECONCILE: Final = "Reconcile uploads that have stalled"
RELEASE: Final = "Let through what waited for its vendor"
ADD_UP: Final = "Add up wrong values over all vendors"
READ_STREAM: Final = "Read the stream"
FORGET_SESSIONS: Final = "Forget sessions that have ended"
PURGE_LOG: Final = "Forget what the security log needn't keep"
DELETE_OLD: Final = "Delete what is kept no longer"
MAIL_COMMENTS: Final = "Send the mails of comments"
TAKE_FEEDS: Final = "Go on with feeds of programs"
MAIL_OWED: Final = "Send mails to owners that are owed"
MAIL_EXPIRY: Final = "Tell of tokens that are about to expire"
FETCH_SOURCES: Final = "Fetch sources"
DELIVER: Final = "Deliver webhooks"
RETRY_WAITING: Final = "Retry rows that waited for what has happened"

# How often the schedule calls each, in seconds.
EVERY: Final[dict[str, float]] = {
    **dict.fromkeys((STAGE, FINISH, RUN_JOBS, GUARD, CLOSE_OUTAGES, READ_TABLE, ADD_UP), 5.0),
    **dict.fromkeys((WRITE_BACK, RELEASE, RECONCILE, READ_STREAM), 5.0),
    FORGET_SESSIONS: 3600.0,
    PURGE_LOG: 86_400.0,
    DELETE_OLD: 3600.0,
    MAIL_COMMENTS: 15.0,
    MAIL_OWED: 15.0,
    TAKE_FEEDS: 5.0,
    MAIL_EXPIRY: 3600.0,
    FETCH_SOURCES: 15.0,
    DELIVER: 5.0,
    RETRY_WAITING: 5.0,
}
NOTED_SECONDS = 30  # a step that goes well notes it this often
# A step that fails now and then isn't well again: it was, when none of two ticks failed.
CALM_SECONDS = 10
LATE_SECONDS = 300.0  # beyond two of its turns: longer than a task may take
FAILURE_CHARS = 1000


def alone(name: str, do: Callable[[], object]) -> bool:
    """Do one step; whether it went well. Whatever it raises is noted and said, and kept from those who come after.

    Raises OperationalError or InterfaceError where PostgreSQL is away: no step can do anything then.
    """
    try:
        do()
    except Exception as error:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()  # the step may have lost it
        # Where PostgreSQL answers to this, it isn't away, whatever the step met there.
        waits = isinstance(error, outages.AWAY) and not isinstance(error, DatabaseError | InterfaceError)
        if _note_failure(name, error, waits) and not waits:
            logger.warning('Upkeep: "%s" fails, all else goes on: %s', name, Quoted(_reason(error), error),
                           exc_info=error)  # fmt: skip
        if waits:
            outages.met(error)
        return False
    _note_well(name)
    return True


def each(ids: Iterable[str], do: Callable[[str], object]) -> None:
    """Do the same for each of these: one that makes the code fail holds up none behind it.

    Raises what the first of them raised; a service that is away at once, since all the others need it too.
    """
    failures: list[Exception] = []
    for one in ids:
        try:
            do(one)
        except Exception as error:
            error.add_note(f"at {one}")
            if outages.passes(error):
                raise
            failures.append(error)
    if failures:
        raise failures[0]


def known() -> dict[str, UpkeepStep]:
    """Every step by its name, in the order above; one that was never tried knows nothing."""
    rows = {row.name: row for row in UpkeepStep.objects.filter(name__in=EVERY)}
    return {name: rows.get(name) or UpkeepStep(name=name) for name in EVERY}


def late(step: UpkeepStep) -> bool:
    """Whether it was done before, and nobody has tried it now for longer than two of its turns."""
    tried = max(filter(None, (step.well_at, step.failed_at)), default=None)
    return tried is not None and timezone.now() - tried > timedelta(seconds=2 * EVERY[step.name] + LATE_SECONDS)


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split())
    where = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return f"{type(error).__name__}{f': {said}' if said else ''}{where}"[:FAILURE_CHARS].replace("\0", "")


def _note_failure(name: str, error: Exception, waits: bool) -> bool:
    """Whether it begins to fail with this: a fault that comes while it waited for a service is another one."""
    reason = " ".join(str(error).split())[:FAILURE_CHARS] if waits else ""
    reason = reason or _reason(error)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO upkeep_steps (name) VALUES (%s) ON CONFLICT DO NOTHING", [name])
        cursor.execute(
            """
            UPDATE upkeep_steps
               SET failing_since = clock_timestamp(), failed_at = clock_timestamp(), failure = %s, waits = %s
             WHERE name = %s AND (failing_since IS NULL OR (waits AND NOT %s))
            """,
            [reason, waits, name, waits],
        )
        if cursor.rowcount:
            return True
        cursor.execute(
            "UPDATE upkeep_steps SET failed_at = clock_timestamp(), failure = %s WHERE name = %s", [reason, name]
        )
    return False


def _note_well(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT failing_since IS NULL AND well_at > clock_timestamp() - make_interval(secs => %s)
              FROM upkeep_steps WHERE name = %s
            """,
            [NOTED_SECONDS, name],
        )
        if cursor.fetchone() == (True,):
            return
        cursor.execute(
            """
            INSERT INTO upkeep_steps (name, well_at) VALUES (%s, clock_timestamp())
                ON CONFLICT (name) DO UPDATE SET well_at = excluded.well_at
            """,
            [name],
        )
        cursor.execute(
            """
            UPDATE upkeep_steps step
               SET failing_since = NULL, failure = '', waits = FALSE
              FROM (SELECT name, failing_since, waits FROM upkeep_steps
                     WHERE name = %s AND failing_since IS NOT NULL
                       AND failed_at < clock_timestamp() - make_interval(secs => %s)
                       FOR UPDATE) before
             WHERE step.name = before.name
         RETURNING before.waits, extract(epoch FROM clock_timestamp() - before.failing_since)
            """,
            [name, CALM_SECONDS],
        )
        ended = cursor.fetchone()
    if ended and not ended[0]:
        logger.info('Upkeep: "%s" is well again after %.0f s.', name, ended[1])
