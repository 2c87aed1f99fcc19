"""What PostgreSQL and Redis say of the whole platform when somebody scrapes /metrics: the same, whichever process asks.

Each figure is one query that reads at most MOST rows by an index that its docstring names, so a scrape takes as long in
a large database as in a small one; what there may be more of is counted up to MOST, or in the newest MOST. No text of a
row becomes a label: what isn't among the values that the code knows is OTHER. config/metrics.py answers with them.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone
from psycopg.sql import SQL, Composable

from catalog.rules.problems import Code
from uploads.aws import answers
from uploads.models import Job, RecordOutcome, UploadHistory
from uploads.pipeline import stage
from uploads.pipeline.holding import withheld
from uploads.work import policies, steps
from uploads.work.outages import CALM_SECONDS

MOST: Final = 2_000
WAITED: Final = 2.0  # seconds, of a query and of Redis
OTHER: Final = "other"

ROWS: Final = "onboarding_rows_day"
UPLOADS: Final = "onboarding_uploads_day"
OPEN: Final = "onboarding_uploads_open"
OPEN_AGE: Final = "onboarding_upload_oldest_seconds"
PENDING_AGE: Final = "onboarding_pending_oldest_seconds"
LAG: Final = "onboarding_stream_lag_seconds"
GAPS: Final = "onboarding_stream_gaps"
DOUBT: Final = "onboarding_table_doubted_seconds"
OWED: Final = "onboarding_outbox_rows"
OWED_AGE: Final = "onboarding_outbox_oldest_seconds"
WEBHOOKS: Final = "onboarding_webhooks_due"
WEBHOOK_AGE: Final = "onboarding_webhooks_oldest_seconds"
WEBHOOKS_FAILING: Final = "onboarding_webhooks_failing"
LEASES: Final = "onboarding_leases"
JOBS: Final = "onboarding_jobs"
JOB_AGE: Final = "onboarding_job_oldest_seconds"
STEP_FAILING: Final = "onboarding_step_failing_seconds"
STEP_LATE: Final = "onboarding_step_late"
SOURCES: Final = "onboarding_sources_failing"
HELD: Final = "onboarding_held"
ERRORS: Final = "onboarding_errors_open"
KEPT: Final = "onboarding_kept_rows"
DELETED: Final = "onboarding_kept_deleted"
OUTAGES: Final = "onboarding_outage_seconds"
POSTGRESQL: Final = "onboarding_postgresql_up"
REDIS: Final = "onboarding_redis_up"
QUEUES: Final = "onboarding_queue_messages"
QUEUE_AGE: Final = "onboarding_queue_oldest_seconds"


@dataclass(frozen=True)
class Figure:
    """What a gauge says, and by which labels."""

    says: str
    labels: tuple[str, ...] = ()


FIGURES: Final[dict[str, Figure]] = {
    ROWS: Figure("Rows of the uploads opened in the last 24 hours, by outcome", ("outcome",)),
    UPLOADS: Figure("Uploads opened in the last 24 hours, by state", ("state",)),
    OPEN: Figure("Uploads on their way"),
    OPEN_AGE: Figure("Age of the oldest upload on its way; 0 without any"),
    PENDING_AGE: Figure("Age of the oldest upload that has staged rows without an outcome; 0 without any"),
    LAG: Figure("How far the slowest open shard is behind; absent while no shard is known"),
    GAPS: Figure("Gaps of the stream that aren't healed"),
    DOUBT: Figure("Since when it is in doubt whether all of the table was seen; 0 without a doubt"),
    OWED: Figure(f"Outcomes not yet written back to DynamoDB, counted up to {MOST}"),
    OWED_AGE: Figure("Age of the oldest of them; 0 without any"),
    WEBHOOKS: Figure(f"Deliveries of webhooks that are due, counted up to {MOST}"),
    WEBHOOK_AGE: Figure("How long the first of them has been due; 0 without any"),
    WEBHOOKS_FAILING: Figure(f"Webhooks that didn't take what was sent last, counted up to {MOST}"),
    LEASES: Figure("Leases on open work, by kind, and whether they are held or have expired", ("kind", "state")),
    JOBS: Figure(
        "Jobs that are open, and among the newest those that ended in the last 24 hours; one that failed, until the "
        "same was done for its upload",
        ("kind", "state"),
    ),
    JOB_AGE: Figure("Age of the oldest open job; 0 without any"),
    QUEUE_AGE: Figure("How long the oldest work of a queue has waited for a process; 0 without any", ("queue",)),
    STEP_FAILING: Figure("Since when a step of the schedule fails; 0 while it is well", ("step",)),
    STEP_LATE: Figure("1 for a step that nobody has tried for too long", ("step",)),
    SOURCES: Figure(f"Sources whose last slot came to nothing, counted up to {MOST}"),
    HELD: Figure(
        "Vendors whose feeds are paused, vendors of whose programs records wait, uploads with rows that wait for one "
        f"of these, and files that are held; each counted up to {MOST}",
        ("what",),
    ),
    ERRORS: Figure(f"Open errors of the last 24 hours among the newest {MOST} problems, by code", ("code",)),
    KEPT: Figure("How many there are of what is kept for a while, counted when it was deleted last", ("kind",)),
    DELETED: Figure("How many of it were deleted so far, since they were too old", ("kind",)),
    OUTAGES: Figure("Since when a service can't be worked with; 0 while it can", ("service",)),
    POSTGRESQL: Figure("1 if PostgreSQL has answered; all above is absent otherwise"),
    REDIS: Figure("1 if Redis has answered"),
    QUEUES: Figure("Messages that wait in a queue; absent while Redis is away", ("queue",)),
}

# What a gauge says: its name, the values of its labels, the figure.
Sample = tuple[str, tuple[str, ...], float]


def known() -> list[Sample]:
    """All of it. Nothing is raised: what is away is said as such."""
    return [*_of_postgresql(), *_of_redis()]


def _of_postgresql() -> list[Sample]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, TRUE)", [f"{WAITED}s"])
            found = [sample for ask in ASKED for sample in ask()]
    except (DatabaseError, InterfaceError):
        return [(POSTGRESQL, (), 0.0)]
    return [*found, (POSTGRESQL, (), 1.0)]


def _of_redis() -> list[Sample]:
    names = sorted({settings.CELERY_TASK_DEFAULT_QUEUE, *(to["queue"] for to in settings.CELERY_TASK_ROUTES.values())})
    try:
        pipe = _broker(os.getpid(), settings.REDIS_URL).pipeline(transaction=False)
        for name in names:
            pipe.llen(name)
        lengths = pipe.execute()
    except redis.RedisError:
        return [(REDIS, (), 0.0)]
    waiting: list[Sample] = [(QUEUES, (name,), float(count)) for name, count in zip(names, lengths, strict=True)]
    return [*waiting, (REDIS, (), 1.0)]


@cache
def _broker(pid: int, url: str) -> redis.Redis:
    """This process's connections to Redis; a forked child must not share its parent's."""
    return redis.Redis.from_url(url, socket_connect_timeout=WAITED, socket_timeout=WAITED)


# --- each of PostgreSQL's ----------------------------------------------------------------------------------------


def uploads_of_the_day() -> Iterator[Sample]:
    """The newest MOST (idx_upload_history_created, backwards)."""
    outcomes = [one for one in RecordOutcome.Outcome.values if one != RecordOutcome.Outcome.CANCELLED]
    rows = _rows(
        """
        SELECT status, count(*), sum(inserted_records), sum(updated_records), sum(retired_records),
               sum(unchanged_records), sum(superseded_records), sum(skipped_records), sum(error_records)
          FROM (SELECT * FROM upload_history WHERE created_at > now() - interval '1 day'
                 ORDER BY created_at DESC LIMIT %(most)s) newest
         GROUP BY status
        """
    )
    by_outcome: Counter[str] = Counter(dict.fromkeys(outcomes, 0))
    for _, _, *sums in rows:
        by_outcome.update(dict(zip(outcomes, map(int, sums), strict=True)))
    yield from ((ROWS, (outcome,), float(count)) for outcome, count in by_outcome.items())
    states = _within(((status, count) for status, count, *_ in rows), UploadHistory.Status.values)
    yield from ((UPLOADS, (state,), count) for state, count in states.items())


def uploads_open() -> Iterator[Sample]:
    """By idx_upload_history_open, which has open ones alone; a pending row's age is at most that of its upload. What
    waits, since its vendor is held back, has no age: nobody has to hurry.
    """
    ((count, oldest, pending, held, expired),) = _rows(
        """
        SELECT count(*), extract(epoch FROM clock_timestamp() - min(created_at) FILTER (WHERE NOT waits)),
               extract(epoch FROM clock_timestamp()
                                  - min(created_at) FILTER (WHERE staged_rows > total_records AND NOT waits)),
               count(*) FILTER (WHERE staging_expires_at >= clock_timestamp()),
               count(*) FILTER (WHERE staging_expires_at < clock_timestamp() AND NOT waits)
          FROM (SELECT u.*, {} AS waits
                  FROM upload_history u WHERE status = 'processing' LIMIT %(most)s) open
        """,
        withheld.waits("u"),
    )
    yield OPEN, (), float(count)
    yield OPEN_AGE, (), _seconds(oldest)
    yield PENDING_AGE, (), _seconds(pending)
    yield from _leases("staging", held, expired)


def stream() -> Iterator[Sample]:
    """The newest MOST shards (the primary key, backwards); open ones are among the last few of a day."""
    ((lag, gaps, held, expired),) = _rows(
        """
        SELECT extract(epoch FROM clock_timestamp() - min(greatest(checkpoint_at, caught_up_at, created_at))
                                                      FILTER (WHERE state = 'open')),
               count(*) FILTER (WHERE gap_found_at IS NOT NULL AND gap_healed_at IS NULL),
               count(*) FILTER (WHERE state = 'open' AND lease_expires_at >= clock_timestamp()),
               count(*) FILTER (WHERE state = 'open' AND lease_expires_at < clock_timestamp())
          FROM (SELECT * FROM stream_shards ORDER BY id DESC LIMIT %(most)s) newest
        """
    )
    if lag is not None:
        yield LAG, (), _seconds(lag)
    yield GAPS, (), float(gaps)
    yield from _leases("shard", held, expired)


def table() -> Iterator[Sample]:
    """The table's stream: one row for each that it ever had."""
    rows = _rows(
        """
        SELECT extract(epoch FROM clock_timestamp() - doubted_at),
               scan_expires_at >= clock_timestamp(), doubted_at IS NOT NULL AND scan_expires_at < clock_timestamp()
          FROM (SELECT * FROM table_streams LIMIT %(most)s) known ORDER BY seen_at DESC LIMIT 1
        """
    )
    doubted, held, expired = rows[0] if rows else (None, None, None)
    yield DOUBT, (), _seconds(doubted)
    yield from _leases("table", int(held or 0), int(expired or 0))


def outbox() -> Iterator[Sample]:
    """By idx_record_outcomes_owed, which has nothing else."""
    ((count, oldest),) = _rows(
        """
        SELECT count(*), extract(epoch FROM clock_timestamp() - min(created_at))
          FROM (SELECT created_at FROM record_outcomes WHERE written_back_at IS NULL
                 ORDER BY write_back_refusals, id LIMIT %(most)s) owed
        """
    )
    yield OWED, (), float(count)
    yield OWED_AGE, (), _seconds(oldest)


def webhooks() -> Iterator[Sample]:
    """By idx_webhook_deliveries_due; of webhooks, of which a vendor has ten at most, the newest MOST."""
    ((count, oldest, failing),) = _rows(
        """
        SELECT count(*), extract(epoch FROM clock_timestamp() - min(next_try_at)),
               (SELECT count(*) FROM (SELECT * FROM webhooks ORDER BY id DESC LIMIT %(most)s) newest
                 WHERE failing_since IS NOT NULL AND disabled_at IS NULL)
          FROM (SELECT next_try_at FROM webhook_deliveries
                 WHERE state = 'pending' AND next_try_at <= statement_timestamp()
                 ORDER BY next_try_at LIMIT %(most)s) due
        """
    )
    yield WEBHOOKS, (), float(count)
    yield WEBHOOK_AGE, (), _seconds(oldest)
    yield WEBHOOKS_FAILING, (), float(failing)


def jobs() -> Iterator[Sample]:
    """Open ones by idx_jobs_open, those that ended by the primary key, backwards. One that failed counts until the same
    was done for the same upload: then nobody has to see to it any more.
    """
    rows = _rows(
        """
        SELECT kind, state, count(*),
               extract(epoch FROM clock_timestamp() - min(created_at) FILTER (
                   WHERE NOT EXISTS (SELECT FROM vendor_holds h WHERE h.vendor_id = open.vendor_id
                                        AND h.kind = 'pause' AND h.ended_at IS NULL))),
               count(*) FILTER (WHERE expires_at >= clock_timestamp()),
               count(*) FILTER (WHERE expires_at < clock_timestamp())
          FROM (SELECT * FROM jobs WHERE state IN ('waiting', 'running') ORDER BY id LIMIT %(most)s) open
         GROUP BY kind, state
        """
    )
    ended = _rows(
        """
        WITH newest AS (SELECT id, kind, state, ended_at, coalesce(upload_id, '') AS upload,
                               coalesce(vendor_id, '') AS vendor
                          FROM jobs ORDER BY id DESC LIMIT %(most)s),
             done AS (SELECT kind, upload, vendor, max(id) AS id FROM newest WHERE state = 'done' GROUP BY 1, 2, 3)
        SELECT kind, state, count(*) FROM newest LEFT JOIN done USING (kind, upload, vendor)
         WHERE (state = 'done' OR state = 'failed' AND coalesce(done.id, 0) < newest.id)
           AND ended_at > now() - interval '1 day'
         GROUP BY kind, state
        """
    )
    counts: Counter[tuple[str, str]] = Counter(
        {(kind, state): 0 for kind in Job.Kind.names for state in Job.State.values}
    )
    for kind, state, count, *_ in (*rows, *ended):
        counts[Job.Kind(kind).name if kind in Job.Kind.values else OTHER, _one_of(state, Job.State.values)] += count
    yield from ((JOBS, (kind.lower(), state), float(count)) for (kind, state), count in counts.items())
    yield JOB_AGE, (), max((_seconds(row[3]) for row in rows), default=0.0)
    yield from _leases("job", sum(row[4] for row in rows), sum(row[5] for row in rows))


def queues() -> Iterator[Sample]:
    """Uploads and jobs that nobody is at, by the same indexes. A job that was begun and given back in good order has
    waited since a moment that isn't noted, and isn't counted; nor is an upload that is staged as far as it may be.
    """
    ((upload,),) = _rows(
        """
        SELECT extract(epoch FROM clock_timestamp() - min(updated_at))
          FROM (SELECT * FROM upload_history WHERE status = 'processing' LIMIT %(most)s) open
         WHERE storage_key <> '' AND guard NOT IN ('due', 'held') AND file_rows IS NULL
           AND staged_rows - total_records <= %(ahead)s
           AND coalesce(staging_expires_at, '-infinity') < clock_timestamp()
           AND coalesce(layout -> 'plan' ->> 'mode', '') <> 'update' AND NOT {}
        """,
        withheld.waits("open"),
    )
    ((job,),) = _rows(
        """
        SELECT extract(epoch FROM clock_timestamp()
                                  - min(CASE WHEN state = 'waiting' THEN created_at ELSE expires_at END))
          FROM (SELECT * FROM jobs WHERE state IN ('waiting', 'running') ORDER BY id LIMIT %(most)s) open
         WHERE coalesce(expires_at, '-infinity') < clock_timestamp()
        """
    )
    yield QUEUE_AGE, ("staging",), _seconds(upload)
    yield QUEUE_AGE, ("jobs",), _seconds(job)


def steps_of_the_schedule() -> Iterator[Sample]:
    """A dozen rows, by their names (the primary key)."""
    now = timezone.now()
    for name, step in steps.known().items():
        yield STEP_FAILING, (name,), _seconds(step.failing_since and (now - step.failing_since).total_seconds())
        yield STEP_LATE, (name,), float(steps.late(step))


def sources() -> Iterator[Sample]:
    """Of those that are fetched (idx_sources_due)."""
    ((count,),) = _rows(
        """
        SELECT count(*) FROM (SELECT FROM sources WHERE state = 'active' AND failures > 0 LIMIT %(most)s) failing
        """
    )
    yield SOURCES, (), float(count)


def held() -> Iterator[Sample]:
    """What people stopped, or have to look at (vendor_holds_open, idx_upload_history_withheld, -_held)."""
    ((paused, programs, uploads, files),) = _rows(
        """
        SELECT count(*) FILTER (WHERE kind = 'pause'), count(*) FILTER (WHERE kind = 'window'),
               (SELECT count(*) FROM (SELECT FROM upload_history WHERE withheld_from IS NOT NULL LIMIT %(most)s) w),
               (SELECT count(*) FROM (SELECT FROM upload_history WHERE status = 'held' LIMIT %(most)s) f)
          FROM (SELECT kind FROM vendor_holds WHERE ended_at IS NULL LIMIT %(most)s) open
        """
    )
    counts = {"paused": paused, "programs": programs, "uploads": uploads, "files": files}
    yield from ((HELD, (what,), float(count)) for what, count in counts.items())


def errors() -> Iterator[Sample]:
    """The newest MOST problems (the primary key, backwards)."""
    rows = _rows(
        """
        SELECT error_type, count(*)
          FROM (SELECT * FROM validation_errors ORDER BY error_id DESC LIMIT %(most)s) newest
         WHERE severity = 'error' AND resolved_at IS NULL AND created_at > now() - interval '1 day'
         GROUP BY error_type
        """
    )
    codes = [code.value for code in Code]  # staff may make an error of any
    yield from ((ERRORS, (code,), count) for code, count in _within(rows, codes).items())


def kept() -> Iterator[Sample]:
    """A dozen rows, by their names (the primary key)."""
    for kind, one in policies.known().items():
        if one.standing is not None:
            yield KEPT, (kind,), float(one.standing)
        yield DELETED, (kind,), float(one.removed)


def outages() -> Iterator[Sample]:
    """Open ones, of which there is one for a service (service_outages_open_key). One that answers now and then, as
    where writes alone are throttled, isn't back: the figure would jump, and the alert come and go.
    """
    rows = _rows(
        """
        SELECT service, extract(epoch FROM clock_timestamp() - began_at)
          FROM service_outages
         WHERE ended_at IS NULL
           AND (answered_at IS NULL OR answered_at >= clock_timestamp() - make_interval(secs => %(calm)s))
         LIMIT %(most)s
        """
    )
    since = {_one_of(service, SERVICES): _seconds(age) for service, age in rows}
    yield from ((OUTAGES, (service,), since.get(service, 0.0)) for service in (*SERVICES, OTHER))


SERVICES: Final = (answers.DYNAMODB, answers.STORAGE)
ASKED: Final[tuple[Callable[[], Iterable[Sample]], ...]] = (
    uploads_of_the_day, uploads_open, stream, table, outbox, webhooks, jobs, queues, steps_of_the_schedule, sources,
    held, errors, kept, outages,
)  # fmt: skip


def _rows(query: str, *parts: Composable) -> list[tuple[Any, ...]]:
    whole = SQL(query).format(*parts).as_string() if parts else query
    with connection.cursor() as cursor:
        cursor.execute(whole, {"most": MOST, "ahead": stage.MAX_AHEAD_ROWS, "calm": CALM_SECONDS})
        return list(cursor.fetchall())


def _seconds(age: Any) -> float:
    return 0.0 if age is None else max(0.0, float(age))


def _one_of(text: str, values: Iterable[str]) -> str:
    return text if text in values else OTHER


def _within(counted: Iterable[tuple[Any, ...]], values: list[str]) -> dict[str, float]:
    """How many there are of each of these values, and of others."""
    found = dict.fromkeys((*values, OTHER), 0.0)
    for text, count in counted:
        found[_one_of(text, values)] += count
    return found


def _leases(kind: str, held: int, expired: int) -> Iterator[Sample]:
    yield LEASES, (kind, "held"), float(held)
    yield LEASES, (kind, "expired"), float(expired)
