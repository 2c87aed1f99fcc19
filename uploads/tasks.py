"""Celery's shells around the steps: ids in, one call each. What there is to do stands in PostgreSQL."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from celery import shared_task

from config.web import signed_in
from security import log
from uploads.corrections import happenings, ignoring, retry, undo
from uploads.desk import mailing
from uploads.keeping import passes, turn
from uploads.models import Job
from uploads.pipeline import finish, reconcile, stage, stream
from uploads.pipeline import upkeep as upkeep_steps
from uploads.pipeline.table import scan
from uploads.preview import dry_run, trial
from uploads.programs import take
from uploads.shadow import run as shadow_run
from uploads.sources import run as source_run
from uploads.work import jobs, outages, policies, steps, wakeups
from vendors import mails
from vendors.webhooks import deliver

logger = logging.getLogger(__name__)

# How each kind of job is done, a slice at a time.
STEPS: Final[dict[str, jobs.Step]] = {
    Job.Kind.RETRY: retry.step,
    Job.Kind.IGNORE: ignoring.step,
    Job.Kind.UNDO: undo.step,
    Job.Kind.RECONCILE: reconcile.step,
    Job.Kind.DRY_RUN: dry_run.step,
    Job.Kind.GUARD: trial.step,
    Job.Kind.SHADOW: shadow_run.step,
}


@contextmanager
def _patient(what: str) -> Iterator[None]:
    """A service that is away is one line in the log of all workers, not a traceback: the schedule calls again."""
    try:
        yield
    except outages.AWAY as error:
        logger.debug("%s waits: %s", what, error)
        outages.met(error)
    else:
        outages.passed()


@shared_task
def stage_upload(upload_id: str) -> None:
    with _patient(f"Staging of {upload_id}"):
        wait = stage.stage(upload_id)
        if wait is not None:
            wakeups.enqueue(wakeups.STAGE_UPLOAD, upload_id, countdown=wait)


@shared_task
def consume_stream() -> None:
    with _patient("The stream"):
        steps.alone(steps.READ_STREAM, _consume)


def _consume() -> None:
    if stream.consume():
        wakeups.enqueue(wakeups.CONSUME_STREAM)


@shared_task
def finish_upload(upload_id: str) -> None:
    with _patient(f"The finish of {upload_id}"):
        finish.finish(upload_id)


@shared_task
def run_job(job_id: int) -> None:
    with _patient(f"Job {job_id}"):
        if jobs.run(job_id, STEPS):
            wakeups.enqueue(wakeups.RUN_JOB, job_id)


@shared_task
def take_feed(feed_id: str) -> None:
    with _patient(f"The feed {feed_id}"):
        wait = take.take(feed_id)
        if wait is not None:
            wakeups.enqueue(wakeups.TAKE_FEED, feed_id, countdown=wait)


@shared_task
def take_feeds() -> None:
    with _patient("Feeds of programs"):
        steps.alone(steps.TAKE_FEEDS, take.wake)


@shared_task
def retry_waiting() -> None:
    with _patient("The retry of rows that waited"):
        steps.alone(steps.RETRY_WAITING, happenings.go_on)


@shared_task
def deliver_webhooks() -> None:
    with _patient("The sending of webhooks"):
        steps.alone(steps.DELIVER, _deliver)


def _deliver() -> None:
    if deliver.go_on():
        wakeups.enqueue(wakeups.DELIVER_WEBHOOKS)


@shared_task
def scan_table() -> None:
    with _patient("The reading of the table"):
        if scan.go_on():
            scan.wake()


@shared_task
def upkeep() -> None:
    with _patient("Upkeep"):
        upkeep_steps.tick()


@shared_task
def forget_sessions() -> None:
    with _patient("The forgetting of sessions"):
        steps.alone(steps.FORGET_SESSIONS, lambda: turn.count(policies.SESSIONS, signed_in.forget_ended()))


@shared_task
def purge_security_log() -> None:
    with _patient("The purge of the security log"):
        steps.alone(steps.PURGE_LOG, lambda: turn.count(policies.SECURITY_LOG, log.purge()))


@shared_task
def delete_old() -> None:
    with _patient("The deletion of what is old"):
        steps.alone(steps.DELETE_OLD, _delete_old)


def _delete_old() -> None:
    if passes.go_on():
        wakeups.enqueue(wakeups.DELETE_OLD)


@shared_task
def mail_comments() -> None:
    with _patient("The mailing of comments"):
        steps.alone(steps.MAIL_COMMENTS, mailing.send_owed)


@shared_task
def mail_owed() -> None:
    with _patient("The mailing of what owners are told"):
        steps.alone(steps.MAIL_OWED, mails.send_owed)


@shared_task
def mail_expiry() -> None:
    with _patient("The mailing of tokens that expire"):
        steps.alone(steps.MAIL_EXPIRY, mails.tell_of_expiry)


@shared_task
def fetch_sources() -> None:
    with _patient("The fetching of sources"):
        steps.alone(steps.FETCH_SOURCES, source_run.fetch_next)
