"""Rows that wait: what opens their category, what the schedule does then, and how an upload stands."""

from django.db import connection

from uploads import tasks
from uploads.models import Happening, Job, SelfRetry, UploadHistory, ValidationError
from uploads.tasks import STEPS
from uploads.work import jobs
from vendors.models import Vendor

WANTS = Vendor.objects.filter(pk="VEND001")


def sql(query: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query)


def by_sql() -> None:
    """The category that rows wait for is there."""
    sql("INSERT INTO product_categories (category_name) VALUES ('Garden Gnomes')")


def go_on() -> list[Job]:
    """The schedule's step, and the jobs that it asked for worked at to their end; returns them."""
    known = set(Job.objects.values_list("pk", flat=True))
    tasks.retry_waiting()
    for job_id in jobs.unattended():
        while jobs.run(job_id, STEPS):
            pass
    return list(Job.objects.exclude(pk__in=known).order_by("pk"))


def a_while_later() -> None:
    """As if the minutes until what is looked at again had passed."""
    Happening.objects.update(next_look_at="2026-01-01T00:00:00Z")


def open_errors(upload: UploadHistory) -> list[tuple[int, str, int]]:
    errors = ValidationError.objects.errors().filter(upload=upload, resolved_at=None).order_by("row_number", "error_id")
    return list(errors.values_list("row_number", "error_type", "attempt"))


def counts(upload: UploadHistory) -> tuple[int, int, int]:
    upload.refresh_from_db()
    return upload.total_records, upload.valid_records, upload.error_records


def retried() -> list[tuple[str, int, str, str]]:
    return list(SelfRetry.objects.order_by("id").values_list("record_id", "attempt", "kind", "what"))
