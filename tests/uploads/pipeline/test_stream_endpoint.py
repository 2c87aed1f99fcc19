"""Step 4 on the real endpoint: checkpoints and gaps of a stream that somebody else keeps."""

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.aws import client, dynamo
from uploads.models import RecordOutcome, StreamShard
from uploads.pipeline import stream


def statuses(upload_id: str) -> set[str]:
    return {item["status"]["S"] for item in dynamo.query_upload(upload_id)}


def test_the_checkpoint_passes_our_own_write_backs_and_removed_items(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2)))
    before = StreamShard.objects.get().checkpoint
    client.dynamodb().delete_item(
        TableName=dynamo._table(), Key={"upload_id": {"S": upload.upload_id}, "record_id": {"S": "REC_0000001"}}
    )
    pipeline.settle()

    assert StreamShard.objects.get().checkpoint > before
    assert RecordOutcome.objects.count() == 2


def test_a_table_that_was_created_anew_is_a_gap_and_its_records_are_read(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    dynamo.delete_table()
    dynamo.create_table("PAY_PER_REQUEST", 0)
    pipeline.run(feed(line(2)))

    old, new = StreamShard.objects.order_by("id")
    assert "new stream" in old.gap_reason
    assert (new.gap_reason, new.state) == ("", "open")
    assert Product.objects.count() == 2


def test_work_that_is_on_its_way_is_seen(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1)))
    assert not stream.rows_on_their_way()
    pipeline.stage(upload)
    assert stream.rows_on_their_way()
    pipeline.settle()
    assert not stream.rows_on_their_way()
