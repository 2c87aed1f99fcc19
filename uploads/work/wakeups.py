"""Waking workers: a task is named, not imported, so that a step knows nothing of what stands above it.

A wake-up is a hint. What there is to do stands in PostgreSQL, and upkeep finds it there on the schedule.
"""

from typing import Final

from celery import current_app
from kombu.exceptions import OperationalError

from uploads.work import outages

STAGE_UPLOAD: Final = "uploads.tasks.stage_upload"
CONSUME_STREAM: Final = "uploads.tasks.consume_stream"
FINISH_UPLOAD: Final = "uploads.tasks.finish_upload"
RUN_JOB: Final = "uploads.tasks.run_job"
SCAN_TABLE: Final = "uploads.tasks.scan_table"
TAKE_FEED: Final = "uploads.tasks.take_feed"
DELIVER_WEBHOOKS: Final = "uploads.tasks.deliver_webhooks"
DELETE_OLD: Final = "uploads.tasks.delete_old"
FETCH_SOURCES: Final = "uploads.tasks.fetch_sources"


def enqueue(task: str, *arguments: str | int, expires: float | None = None, countdown: float | None = None) -> None:
    """Wake a worker, after `countdown` seconds if given. A broker that is away loses nothing: upkeep finds the work.

    `expires` is in seconds: what upkeep sends again and again must not pile up behind a busy worker.
    """
    try:
        current_app.send_task(task, arguments, expires=expires, countdown=countdown, ignore_result=True)
    except OperationalError as error:
        outages.lost(outages.REDIS, error)
    else:
        outages.found(outages.REDIS)
