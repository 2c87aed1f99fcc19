"""Celery's shells around the steps: ids in, one call each. What there is to do stands in PostgreSQL."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import shared_task
from django.db import OperationalError as DatabaseDown
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def enqueue(task: Any, *arguments: Any, expires: float | None = None, countdown: float | None = None) -> None:
    """Wake a worker, after `countdown` seconds if given. A broker that is away loses nothing: upkeep finds the work.

    `expires` is in seconds: what upkeep sends again and again must not pile up behind a busy worker.
    """
    try:
        task.apply_async(arguments, expires=expires, countdown=countdown)
    except OperationalError as error:
        logger.warning("Redis is away, the work waits for the schedule: %s", error)


@contextmanager
def _patient(what: str) -> Iterator[None]:
    """A service that is away is one line in the log, not a traceback: the schedule calls again."""
    from uploads.aws import dynamo, storage

    try:
        yield
    except (
        dynamo.Unavailable, dynamo.TableMissing, dynamo.StreamGone, storage.StorageUnavailable, DatabaseDown
    ) as error:  # fmt: skip
        logger.warning("%s waits: %s", what, str(error).partition("\n")[0])


@shared_task
def stage_upload(upload_id: str) -> None:
    from uploads.pipeline import stage

    with _patient(f"Staging of {upload_id}"):
        wait = stage.stage(upload_id)
        if wait is not None:
            enqueue(stage_upload, upload_id, countdown=wait)


@shared_task
def consume_stream() -> None:
    from uploads.pipeline import stream

    with _patient("The stream"):
        if stream.consume():
            enqueue(consume_stream)


@shared_task
def finish_upload(upload_id: str) -> None:
    from uploads.pipeline import finish

    with _patient(f"The finish of {upload_id}"):
        finish.finish(upload_id)


@shared_task
def run_job(job_id: int) -> None:
    from uploads.work import jobs

    with _patient(f"Job {job_id}"):
        if jobs.run(job_id):
            enqueue(run_job, job_id)


@shared_task
def upkeep() -> None:
    from uploads.pipeline import reconcile

    with _patient("Upkeep"):
        reconcile.upkeep()
