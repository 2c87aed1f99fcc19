"""Workers that are stopped for longer than their lease, and go on when others have done the work."""

import signal
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from catalog import committer
from catalog.models import Product
from tests.conftest import Pipeline
from tests.faults.clocks import let_leases_end
from tests.faults.processes.puppets import Puppets
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.aws import dynamo
from uploads.corrections import retry
from uploads.corrections.failed_rows import Selection
from uploads.models import RecordOutcome, UploadHistory
from uploads.pipeline import stream, writeback

FEED = feed(*(line(n, price="free" if n % 10 == 0 else "9.99") for n in range(1, 101)))
FREE = Selection(vendor_id="VEND001", field="price", wrong_value="free")
AWAY = 3  # as in dying.py


def statuses(upload: UploadHistory) -> Counter[str]:
    return Counter(item["status"]["S"] for item in dynamo.query_upload(upload.upload_id))


def assert_complete(upload: UploadHistory, rows: int = 100, errors: int = 10) -> None:
    """Every row has its one outcome, and DynamoDB knows it."""
    while writeback.sweep(older_than_seconds=0):
        pass
    upload.refresh_from_db()
    valid = rows - errors
    assert (upload.status, upload.inserted_records, upload.error_records) == ("completed", valid, errors)
    assert (Product.objects.count(), RecordOutcome.objects.filter(attempt=1).count()) == (valid, rows)
    assert statuses(upload) == Counter({"validated": valid, "error": errors})


def pause(puppets: Puppets, point: str, about: object, calls: int = 0) -> int:
    pid, status = puppets.ask(signal.SIGSTOP, point, str(about), calls)
    assert status is None, "it is stopped"
    return pid


def test_a_worker_that_is_stopped_in_a_commit_holds_up_its_shard_until_postgresql_ends_its_session(
    pipeline: Pipeline, puppets: Puppets
) -> None:
    upload = pipeline.send(FEED)
    pipeline.stage(upload)
    pid = pause(puppets, "before the commit", upload.pk)
    assert stream.consume() is False, "the row of its shard is locked"
    assert not RecordOutcome.objects.exists()

    with connection.cursor() as cursor:  # as PostgreSQL does it after the minute
        cursor.execute(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND state = 'idle in transaction'
            """
        )
        assert cursor.fetchone() == (1,)
    let_leases_end()
    pipeline.settle()
    assert_complete(upload)
    assert puppets.go_on(signal.SIGCONT, pid) == AWAY
    assert_complete(upload)


@pytest.mark.django_db(transaction=True)
def test_a_session_that_holds_vendors_locks_may_not_be_idle_for_more_than_a_minute(vendor: Any) -> None:
    with connection.cursor() as cursor:
        with transaction.atomic():
            committer.lock_vendors(["VEND001"])
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("1min",)
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("0",), "only there: a pooled connection stays as it was"


@pytest.mark.parametrize("point", ["before the write-back", "in the write-back"])
def test_a_worker_that_is_stopped_before_the_statuses_leaves_none_that_is_out_of_date(
    pipeline: Pipeline, puppets: Puppets, admin_user: User, point: str
) -> None:
    upload = pipeline.send(FEED)
    pipeline.stage(upload)
    pid = pause(puppets, point, upload.pk)
    let_leases_end()
    pipeline.settle()
    run_jobs(
        retry.start(FREE, admin_user, {FREE.wrong_value: "5.00"})
    )  # its statuses are there before those of the first attempt
    assert statuses(upload)["error"] == 0
    assert puppets.go_on(signal.SIGCONT, pid) == 0
    pipeline.settle()
    assert_complete(upload, errors=0)


def test_a_job_that_is_stopped_and_overtaken_does_nothing_twice(
    pipeline: Pipeline, puppets: Puppets, admin_user: User
) -> None:
    upload = pipeline.run(FEED)
    job = retry.start(FREE, admin_user, {FREE.wrong_value: "5.00"})
    pid = pause(puppets, "between two slices of a job", job.pk)
    let_leases_end()
    ended = run_jobs(job)
    counted = {name: ended.result[name] for name in ("valid", "error")}
    assert (ended.state, ended.done, counted) == ("done", 10, {"valid": 10, "error": 0})
    assert puppets.go_on(signal.SIGCONT, pid) == 0
    job.refresh_from_db()
    assert (job.state, job.done, job.result) == ("done", 10, ended.result)
    assert_complete(upload, errors=0)


@pytest.mark.parametrize(
    ("point", "calls"), [("while staging", 7), ("while staging", 26), ("before staging is noted", 1)]
)
def test_staging_that_is_stopped_and_overtaken_stops_and_no_row_counts_twice(
    pipeline: Pipeline, puppets: Puppets, point: str, calls: int
) -> None:
    upload = pipeline.send(feed(*(line(n) for n in range(1, 1201))))
    pid = pause(puppets, point, upload.pk, calls)
    let_leases_end()
    pipeline.stage(upload)
    pipeline.settle()
    assert puppets.go_on(signal.SIGCONT, pid) == 0
    pipeline.settle()
    assert_complete(upload, 1200, 0)
