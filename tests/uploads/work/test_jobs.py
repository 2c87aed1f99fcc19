"""A job that fails: retried while a service is away, ended with a sentence where trying again can't help."""

import logging

import pytest
from django.db import Error, connection, transaction

from uploads.aws import dynamo, storage
from uploads.models import Job
from uploads.work import jobs

RAISED = "DO $$ BEGIN RAISE SQLSTATE '{}'; END $$"


@pytest.fixture
def job(db: None) -> Job:
    return Job.objects.create(kind=Job.Kind.RETRY, total=3)


def asking(error: str | Exception) -> dict[str, jobs.Step]:
    """Steps of which every slice asks PostgreSQL for this, or raises it."""

    def step(job: Job) -> bool:
        if isinstance(error, Exception):
            raise error
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(error)
        return True

    return {Job.Kind.RETRY: step}


@pytest.mark.parametrize(
    "mistake",
    [
        "SELECT nothing FROM nowhere",
        "SELECT array_fill(0, ARRAY[2147483647])",  # operational to PostgreSQL, and as large every time
        "SELECT 1 / 0",
        KeyError("price"),
        MemoryError(),
        dynamo.DynamoError("Query: The provided key element does not match the schema"),
    ],
    ids=repr,
)
def test_a_mistake_of_ours_ends_the_job_with_a_sentence_and_a_traceback(
    job: Job, caplog: pytest.LogCaptureFixture, mistake: str | Exception
) -> None:
    with caplog.at_level(logging.ERROR):
        assert jobs.run(job.pk, asking(mistake)) is False
    job.refresh_from_db()
    assert (job.state, job.expires_at) == ("failed", None)
    assert "Something on our side failed" in job.failure
    assert caplog.records[-1].exc_info
    assert jobs.unattended() == []


@pytest.mark.parametrize(
    "outage",
    [
        *(RAISED.format(state) for state in ("08006", "57P01", "57P03", "53300", "53100", "40P01", "40001", "55P03")),
        dynamo.Unavailable("connection refused"),
        dynamo.TableMissing(),
        dynamo.StreamGone("no stream"),
        storage.StorageUnavailable("connection refused"),
    ],
    ids=repr,
)
def test_a_service_that_is_away_leaves_the_job_open(job: Job, outage: str | Exception) -> None:
    with pytest.raises((Error, dynamo.DynamoError, storage.StorageUnavailable)):
        jobs.run(job.pk, asking(outage))
    job.refresh_from_db()
    assert (job.state, job.failure) == ("running", "")
    Job.objects.update(expires_at=None)  # as if its lease had run out
    assert jobs.unattended() == [job.pk]
