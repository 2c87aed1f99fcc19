"""Work that somebody asked for and that takes longer than a page: retry, undo, reconcile, dry run.

A job is a row in PostgreSQL that any worker can take up. It is done in slices; what a slice does and how far the job
has come change in one transaction, so a job that is interrupted goes on where it stood and does nothing twice. The
task's wake-up may be lost: upkeep finds jobs that nobody is at.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from django.db import connection, transaction
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from config import stopping
from config.watch import ids
from uploads.models import Job
from uploads.work import leases, outages, wakeups
from uploads.work.leases import Lease, LeaseLost

logger = logging.getLogger(__name__)

# How long one task works at a job before others get their turn.
TURN_SECONDS = 20.0

# Does a slice of the job and calls `advance` with it; returns whether the job is done.
Step = Callable[[Job], bool]


class JobFailed(Exception):
    """The job can't be done; the message says why, to whoever asked for it."""


class JobWaits(Exception):
    """The job's turn hasn't come: somebody wakes it then, or the schedule does."""


def start(kind: str, user: Any, *, total: int = 0, wake: bool = True, **facts: Any) -> Job:
    """Ask for a job; `facts` are Job's `upload`, `vendor` and `parameters`. A worker is woken when this commits, unless
    who asks does it at once."""
    job = Job.objects.create(kind=kind, requested_by=user, total=total, **facts)
    if wake:
        transaction.on_commit(lambda: wakeups.enqueue(wakeups.RUN_JOB, job.pk), robust=True)
    return job


def run(job_id: int, steps: Mapping[str, Step]) -> bool:
    """Work at a job for a turn; True if there is more to do. Raises nothing for a job that others are at, or ended.

    `steps` says how each kind of job is done.

    Raises what services that are away raise: the job stays open then, and the schedule calls again.
    """
    job = _claim(job_id)
    if job is None:
        return False
    ids.add(upload=job.upload_id, vendor=job.vendor_id)
    deadline = time.monotonic() + TURN_SECONDS
    try:
        _refuse_mixed(job)
        while not steps[job.kind](job):
            if stopping.asked() or time.monotonic() > deadline:
                leases.release(_lease(job))
                return True
    except LeaseLost:
        return False
    except JobWaits:
        leases.release(_lease(job), 0.0)
        return False
    except JobFailed as error:
        _end(job, Job.State.FAILED, str(error))
    except Exception as error:
        if outages.passes(error):
            raise
        logger.exception("Job %s makes the code fail", job.pk)
        _end(job, Job.State.FAILED, "Something on our side failed. What was done until then stands; the log says more.")
    else:
        _end(job, Job.State.DONE)
    return False


def advance(job: Job, done: int = 0, position: str | None = None, **counts: int) -> None:
    """Note what a slice did: rows done, where the next one begins, and counts that are added to `result`.

    In the transaction of the slice's work. Raises LeaseLost when another worker holds the job by now.
    """
    job.done += done
    job.position = job.position if position is None else position
    job.result = {**job.result, **{name: job.result.get(name, 0) + count for name, count in counts.items()}}
    save(job)


def save(job: Job) -> None:
    """Write how far the job is, and hold it for longer. Raises LeaseLost when another worker holds it by now."""
    progress = SQL("done = %s, position = %s, result = %s, total = %s,")
    leases.renew(_lease(job), progress, [job.done, job.position, Jsonb(job.result), job.total])


def note(job: Job, **found: Any) -> None:
    """Write down once what was found out before the rows are done, beside what was asked. Raises LeaseLost."""
    job.parameters = {**job.parameters, **found}
    leases.change(_lease(job), SQL("parameters = %s"), [Jsonb(job.parameters)])


def deleted(job_id: int) -> bool:
    """Whether there was such a job once, and there is none any more: it ended long ago (work/policies.py)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s BETWEEN 1 AND last_value FROM jobs_id_seq", [min(job_id, 2**63 - 1)])
        return bool(cursor.fetchone()[0]) and not Job.objects.filter(pk=job_id).exists()


def unattended() -> list[int]:
    """Open jobs that nobody is at (through idx_jobs_open)."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM jobs
             WHERE state IN ('waiting', 'running') AND (expires_at IS NULL OR expires_at < clock_timestamp())
             ORDER BY id
            """
        )
        return [row[0] for row in cursor.fetchall()]


def _claim(job_id: int) -> Job | None:
    open_job = SQL("id = %s AND state IN ('waiting', 'running')")
    taken = leases.take(leases.JOB, open_job, [job_id], SQL("1"), SQL(", state = 'running'"))
    return Job.objects.select_related("upload").get(pk=job_id) if taken else None


def _lease(job: Job) -> Lease:
    return Lease(leases.JOB, job.pk, job.epoch)


def _refuse_mixed(job: Job) -> None:
    """Raise JobFailed for a job of one vendor about an upload of another, however it came to be."""
    if job.vendor_id and job.upload and job.upload.vendor_id != job.vendor_id:
        raise JobFailed("This upload is another vendor's.")


def _end(job: Job, state: str, failure: str = "") -> None:
    """The job has ended, unless another worker holds it by now."""
    ended = SQL("state = %s, failure = %s, ended_at = now(), expires_at = NULL")
    with suppress(LeaseLost):
        leases.change(_lease(job), ended, [state, failure])
