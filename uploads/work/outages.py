"""An outage of a service is a fact, said once when it begins and once when it has ended, by all processes together.

The process that meets it first makes the row and the line in the log; others only note there that it lasts. Who has met
it notes when the service answers again, which costs nothing as long as nobody meets any; the schedule's tick closes it
when that has held for some seconds. Of PostgreSQL and Redis, which can't be noted there, each process says it itself.
"""

import logging
import time

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from config.outages import brief, explain
from uploads.aws import answers, dynamo, storage

logger = logging.getLogger(__name__)

# What passes by itself. Anything else that makes work fail would make it fail for ever.
AWAY = (
    OperationalError, InterfaceError, dynamo.Unavailable, dynamo.TableMissing, dynamo.StreamGone,
    storage.StorageUnavailable,
)  # fmt: skip

POSTGRESQL, REDIS = "PostgreSQL", "Redis"
# Two ticks: all that the schedule tries again has been tried by then. A service that answers now and then isn't back.
CALM_SECONDS = 10
# Nobody has met it for so long: who waited for the service is dead, or has nothing to ask it. A request that hangs is
# given up within about a minute.
FORGOTTEN_SECONDS = 180

_met: dict[str, float] = {}  # when this process met the outage of a service last, by time.monotonic
_lost: dict[str, float] = {}  # since when this process can't reach PostgreSQL or Redis, by time.monotonic


def passes(error: Exception) -> bool:
    """Whether the same work can succeed later. To PostgreSQL its limits (class 54) are operational, but they stay."""
    sqlstate = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, AWAY) and not sqlstate.startswith("54")


def met(error: Exception) -> None:
    """One of AWAY stopped some work of this process. Says so if nobody has yet."""
    if isinstance(error, DatabaseError | InterfaceError):
        lost(POSTGRESQL, error)
        return
    service = answers.STORAGE if isinstance(error, storage.StorageUnavailable) else answers.DYNAMODB
    _met[service] = time.monotonic()
    reason = " ".join(str(error).split()) or type(error).__name__
    try:
        begun = _note_failure(service, reason)
    except (OperationalError, InterfaceError) as away:
        lost(POSTGRESQL, away)
        return
    if begun:
        logger.warning("Outage of %s, what needs it waits: %s", service, reason)
    else:
        logger.debug("The outage of %s lasts: %s", service, reason)
    passed()  # PostgreSQL answers, and maybe another service does


def passed() -> None:
    """Some work of this process went well. Notes which of the services that it had missed have answered since."""
    try:
        for service, moment in list(_met.items()):
            if answers.since(service, moment):
                _note_answer(service)
                del _met[service]
    except (OperationalError, InterfaceError) as away:
        lost(POSTGRESQL, away)
    else:
        found(POSTGRESQL)


def close_over() -> None:
    """End the outages that are over, and say so. For the schedule, behind what it tries again at every tick.

    This process looks out for the end of all others from now on: who met them may have died, or have nothing to ask.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE service_outages
               SET ended_at = coalesce(answered_at, failed_at)
             WHERE ended_at IS NULL
               AND (answered_at < clock_timestamp() - make_interval(secs => %s)
                    OR failed_at < clock_timestamp() - make_interval(secs => %s))
         RETURNING service, answered_at IS NOT NULL, extract(epoch FROM ended_at - began_at)
            """,
            [CALM_SECONDS, FORGOTTEN_SECONDS],
        )
        ended = cursor.fetchall()
        cursor.execute(
            """
            SELECT service, extract(epoch FROM clock_timestamp() - failed_at)::float
              FROM service_outages
             WHERE ended_at IS NULL AND answered_at IS NULL
            """
        )
        for service, seconds_ago in cursor.fetchall():
            _met.setdefault(service, time.monotonic() - seconds_ago)
    for service, answers_again, seconds in ended:
        if answers_again:
            logger.info("%s answers again after %.0f s.", service, seconds)
        else:
            logger.info("The outage of %s is taken for over: nobody has met it for %d s.", service, FORGOTTEN_SECONDS)


def _note_failure(service: str, reason: str) -> bool:
    """Whether this is the first failure of an outage, through service_outages_open_key. The newest reason stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO service_outages (service, reason) VALUES (%s, %s)
                ON CONFLICT (service) WHERE ended_at IS NULL DO NOTHING
            """,
            [service, reason],
        )
        if cursor.rowcount:
            return True
        cursor.execute(
            """
            UPDATE service_outages SET failed_at = clock_timestamp(), answered_at = NULL, reason = %s
             WHERE service = %s AND ended_at IS NULL
            """,
            [reason, service],
        )
    return False


def _note_answer(service: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE service_outages SET answered_at = clock_timestamp()
             WHERE service = %s AND ended_at IS NULL AND answered_at IS NULL
            """,
            [service],
        )


def lost(service: str, error: Exception) -> None:
    """PostgreSQL or Redis is away: one line of this process until it is `found` again."""
    if service in _lost:
        logger.debug("The outage of %s lasts: %s", service, error)
        return
    _lost[service] = time.monotonic()
    logger.warning("Outage of %s, what needs it waits: %s", service, explain(error) or brief(str(error)))


def found(service: str) -> None:
    """PostgreSQL or Redis was reached."""
    since = _lost.pop(service, None)
    if since is not None:
        logger.info("%s answers again after %.0f s.", service, time.monotonic() - since)
