"""What the stream or the table lost is found and corrected, through the same commit and without counting twice."""

import io

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import take_turn
from uploads.aws import client, dynamo
from uploads.aws.records import encode, now_iso, record_id
from uploads.feed.parser import Row
from uploads.models import Job, RecordOutcome, StreamShard, UploadHistory
from uploads.pipeline import finish, shards, upkeep
from uploads.pipeline import reconcile as reconciling
from uploads.pipeline.reconcile import reconcile, reconcile_slice
from uploads.work import jobs

ROWS = [line(1), line(2, price="free"), line(3)]


def lose_the_stream() -> None:
    """Everything written so far counts as read: as if its records had been trimmed."""
    shards.discover()
    for shard in dynamo.list_shards(dynamo.stream_arn()):
        iterator, last = dynamo.shard_iterator(dynamo.stream_arn(), shard.shard_id, ""), ""
        while iterator:
            page = dynamo.get_records(iterator, 1000)
            if not page.records:
                break
            last, iterator = page.records[-1]["dynamodb"]["SequenceNumber"], page.next_iterator
        StreamShard.objects.filter(shard_id=shard.shard_id).update(checkpoint=last)


def statuses(upload: UploadHistory) -> dict[str, int]:
    return dict(reconcile(upload.upload_id, dry_run=True).in_table)


def test_records_that_the_stream_lost_are_committed_from_the_table(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    lose_the_stream()

    standing = reconcile(upload.upload_id)

    upload.refresh_from_db()
    assert standing.unsettled == 3
    assert (upload.status, upload.total_records, upload.error_records) == ("completed", 3, 1)
    assert statuses(upload) == {"validated": 2, "error": 1}
    assert Product.objects.count() == 2


def test_a_dry_run_says_what_would_be_done_and_does_nothing(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    standing = reconcile(upload.upload_id, dry_run=True)

    assert standing.actions == ["3 records are validated and committed"]
    assert not RecordOutcome.objects.exists()
    assert statuses(upload) == {"pending_validation": 3}


def test_where_all_agrees_there_is_nothing_to_do(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(*ROWS))
    standing = reconcile(upload.upload_id)

    assert standing.agrees
    assert standing.actions == ["nothing to do"]
    assert (standing.ledger, standing.products) == ({"inserted": 2, "error": 1}, 2)


def test_a_status_that_is_not_the_ledgers_is_written_again(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(*ROWS))
    dynamo.write_statuses([dynamo.StatusUpdate(upload.upload_id, record_id(1), "pending_validation", "")])
    assert reconcile(upload.upload_id).differing == 1

    assert reconcile(upload.upload_id).agrees
    assert statuses(upload) == {"validated": 2, "error": 1}


def test_rows_that_the_table_lost_are_staged_again_and_count_once(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pipeline.settle()
    UploadHistory.objects.update(status="processing", completed_at=None, total_records=2, valid_records=1)
    RecordOutcome.objects.filter(record_id=record_id(3)).delete()
    dynamo.delete_table()
    dynamo.create_table("PAY_PER_REQUEST", 0)

    assert reconcile(upload.upload_id).missing == 1
    pipeline.stage(upload)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.total_records, upload.valid_records) == ("completed", 3, 2)
    assert RecordOutcome.objects.count() == 3


def test_rows_that_are_staged_while_an_upload_is_compared_are_not_taken_for_lost(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pipeline.settle()
    UploadHistory.objects.update(status="processing", completed_at=None, file_rows=None)

    def stage_on(compared: int) -> None:
        UploadHistory.objects.update(staged_rows=compared + 500)

    assert reconcile(upload.upload_id, tell=stage_on).missing == 0
    assert UploadHistory.objects.get().staged_rows == 503


def test_a_record_that_somebody_put_beside_the_rows_of_a_file_does_not_pass_for_a_row_that_the_table_lost(
    pipeline: Pipeline,
) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    client.dynamodb().delete_item(
        TableName=settings.UPLOAD_RECORDS_TABLE,
        Key={"upload_id": {"S": upload.upload_id}, "record_id": {"S": record_id(3)}},
    )
    lose_the_stream()
    stray = encode(upload.upload_id, "VEND001", Row(1, {}, None, "", 0), now_iso()) | {"record_id": {"S": "STRAY"}}
    dynamo.put_records([stray])

    assert reconcile(upload.upload_id).missing == 1
    pipeline.stage(upload)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.total_records) == ("completed", 3)


def test_the_schedule_reconciles_an_upload_that_stalled_though_the_stream_was_read_to_its_end(
    pipeline: Pipeline,
) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    lose_the_stream()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE stream_shards SET caught_up_at = now() + interval '1 hour'")
    upkeep.tick()

    upload.refresh_from_db()
    assert upload.status == "completed"


def test_the_schedule_leaves_an_upload_alone_whose_records_are_still_in_the_stream(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    shards.discover()
    upkeep.tick()

    upload.refresh_from_db()
    assert (upload.status, upload.total_records) == ("processing", 0)


def test_a_reconcile_that_runs_out_of_time_goes_on_where_it_stopped(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "CHUNK", 2)
    upload = pipeline.send(feed(*(line(n) for n in range(1, 6))))
    pipeline.stage(upload)
    lose_the_stream()
    settled = []
    for _ in range(3):
        reconcile_slice(upload.upload_id, deadline=0.0)
        upload.refresh_from_db()
        settled.append((upload.total_records, upload.reconciled_to))
        with connection.cursor() as cursor:  # not for the time since it moved, but because it is half-way
            cursor.execute("UPDATE stream_shards SET caught_up_at = NULL")
        assert upkeep.stalled() == ([] if upload.status == "completed" else [upload.upload_id])
    reconcile_slice(upload.upload_id, deadline=0.0)
    upload.refresh_from_db()

    assert settled == [(2, record_id(2)), (4, record_id(4)), (5, record_id(5))]
    assert (upload.status, upload.reconciled_to) == ("completed", "")


def test_rows_that_the_table_lost_are_noticed_by_a_reconcile_in_slices_too(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "CHUNK", 1)
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    lose_the_stream()
    client.dynamodb().delete_item(
        TableName=dynamo._table(), Key={"upload_id": {"S": upload.upload_id}, "record_id": {"S": record_id(2)}}
    )
    for _ in range(3):
        reconcile_slice(upload.upload_id, deadline=0.0)
    upload.refresh_from_db()
    assert (upload.total_records, upload.staged_rows) == (2, 0), "staged again from the first row"
    pipeline.stage(upload)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.total_records) == ("completed", 3)


def test_cancelling_keeps_what_is_committed_and_marks_the_rest(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pipeline.settle()
    UploadHistory.objects.update(status="processing", completed_at=None, file_rows=None)
    assert finish.cancel(upload.upload_id)
    late = [line(4), line(5)]
    cells = dict(zip("abcdefgh", late[0].split(","), strict=True))
    dynamo.put_records([encode(upload.upload_id, "VEND001", Row(n, cells, None, "", 0), now_iso()) for n in (4, 5)])
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.total_records, upload.valid_records, upload.error_records) == ("cancelled", 3, 2, 1)
    assert Product.objects.count() == 2
    assert list(RecordOutcome.objects.order_by("record_id").values_list("outcome", flat=True))[3:] == ["cancelled"] * 2
    item = dynamo.get_record(upload.upload_id, record_id(4))
    assert item is not None
    assert item["status"] == {"S": "error"}
    assert "cancelled" in item["error_reason"]["S"]


def test_an_upload_that_is_cancelled_while_it_is_staged_is_not_staged_on(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*ROWS))
    finish.cancel(upload.upload_id)
    pipeline.stage(upload)

    assert list(dynamo.query_upload(upload.upload_id)) == []
    assert not finish.cancel(upload.upload_id), "it has ended"


def test_the_command_shows_an_upload_side_by_side(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(*ROWS))
    out = io.StringIO()
    call_command("reconcile", upload.upload_id, stdout=out)

    lines = [words.strip() for words in out.getvalue().splitlines()]
    assert lines[0] == f"{upload.upload_id}: completed"
    assert "in table    3 (1 error, 2 validated)" in lines
    assert "counted     2 valid + 1 errors = 3" in lines
    assert lines[-1] == "=> nothing to do"


def test_a_reconcile_that_is_asked_for_begins_with_the_first_record_and_counts_them(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "CHUNK", 2)
    monkeypatch.setattr(reconciling, "RECONCILE_SECONDS", 0.0)
    upload = pipeline.run(feed(*(line(number) for number in range(1, 6))))
    UploadHistory.objects.update(reconciled_to="REC_0000003")  # of one that was broken off
    dynamo.write_statuses([dynamo.StatusUpdate(upload.pk, "REC_0000001", "error", "lost")])

    job = jobs.start(Job.Kind.RECONCILE, admin_user, total=5, upload=upload)
    assert take_turn(job) is False

    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 5)
    assert reconcile(upload.pk, dry_run=True).agrees
