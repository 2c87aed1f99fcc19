"""A pass over each kind of what is kept for a while: what is too old is deleted, in bounded batches.

The schedule calls every hour. What is killed in the middle goes on where it stood, by the next call at the latest: in
PostgreSQL what was deleted is noted with its deletion, and a file that was deleted without being noted is found gone. A
kind that fails holds up no other one.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from config import stopping
from uploads.keeping import archive, logs, notes, stored
from uploads.keeping.turn import Batch, end, take
from uploads.work import leases, policies, steps
from uploads.work.leases import LeaseLost

TURN_SECONDS: Final = 20.0


class Kind(NamedTuple):
    """How a kind is deleted, and how what is left of it is counted."""

    batch: Batch
    standing: Callable[[], int | None]


def _nothing(_: object) -> bool:
    return False


# Sessions, mails and the security log have a task of their own, and a table in DynamoDB deletes by itself: here they
# are counted. What asks other services comes last: one that is away holds up what stands behind it.
KINDS: Final[dict[str, Kind]] = {
    policies.ROWS: Kind(archive.delete_rows, lambda: logs.about("record_outcomes")),
    policies.ERRORS: Kind(_nothing, lambda: logs.about("validation_errors")),  # with the rows
    policies.JOBS: Kind(logs.delete_jobs, lambda: logs.about("jobs")),
    policies.ADMIN_LOG: Kind(logs.delete_admin_log, lambda: logs.about("django_admin_log")),
    policies.WORK: Kind(notes.delete_done, lambda: logs.about("work_items")),
    policies.SOURCE_RUNS: Kind(logs.delete_source_runs, lambda: logs.about("source_runs")),
    policies.FEEDS: Kind(stored.delete_feeds, lambda: logs.about("feeds")),
    policies.NOTES: Kind(notes.delete_over, lambda: None),
    policies.CALLS: Kind(logs.delete_calls, lambda: logs.about("idempotent_calls")),
    policies.DELIVERIES: Kind(logs.delete_deliveries, lambda: logs.about("webhook_deliveries")),
    policies.MAILS: Kind(_nothing, lambda: logs.about("owed_mails")),
    policies.OUTAGES: Kind(logs.delete_outages, lambda: logs.about("service_outages")),
    policies.SESSIONS: Kind(_nothing, lambda: logs.about("django_session")),
    policies.SECURITY_LOG: Kind(_nothing, lambda: logs.about("security_log")),
    policies.REPORTS: Kind(stored.delete_reports, stored.reports),
    policies.FILES: Kind(stored.delete_files, stored.files),
    policies.PREVIEWS: Kind(stored.delete_previews, lambda: None),
    policies.RECORDS: Kind(_nothing, stored.records),
}


def go_on(seconds: float = TURN_SECONDS) -> bool:
    """Delete for about that long; True if there is more. Every kind has at least a batch of it.

    Raises StorageUnavailable and Unavailable: what needs no such service is done by then.
    """
    deadline, more = time.monotonic() + seconds, list[str]()

    def go(kind: str) -> None:
        if _pass(kind, deadline):
            more.append(kind)

    steps.each(KINDS, go)
    return bool(more)


def _pass(kind: str, deadline: float) -> bool:
    """Go on with the pass over a kind; True if it isn't through. None is begun where nothing is ever deleted."""
    policy = policies.POLICIES[kind]
    turn = take(kind, policy.days)
    if turn is None:
        return False
    try:
        while (policy.days or not policy.setting) and KINDS[kind].batch(turn):
            if stopping.asked() or time.monotonic() > deadline:
                return True
        end(turn, KINDS[kind].standing())
    except LeaseLost:
        return False  # somebody else is at it
    finally:
        leases.release(turn.lease)
    return False
