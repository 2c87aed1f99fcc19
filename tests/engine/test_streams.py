"""What AWS's engine says of shards, iterators and streams that are closed, gone or new, and what we make of it."""

from typing import Any

import pytest
from django.conf import settings

from catalog.models import Product
from tests.conftest import Pipeline
from tests.engine.endpoint import ENGINE, Engine
from tests.feeds import feed, line
from uploads.aws import client, dynamo
from uploads.aws.dynamo import Shard
from uploads.models import RecordOutcome, StreamShard, UploadHistory
from uploads.pipeline import stream
from uploads.pipeline.table import scan

pytestmark = pytest.mark.engine
ON_AWS = ENGINE == "aws"
needs_its_clock = pytest.mark.skipif(ON_AWS, reason="AWS's shards roll and records age when it's time, not when we say")


def put(*record_ids: str) -> None:
    for record_id in record_ids:
        item = {"upload_id": {"S": "U"}, "record_id": {"S": record_id}}
        client.dynamodb().put_item(TableName=settings.UPLOAD_RECORDS_TABLE, Item=item)


def shards() -> list[Shard]:
    return list(dynamo.list_shards(dynamo.stream_arn()))


def described(arn: str) -> dict[str, Any]:
    return dict(client.streams().describe_stream(StreamArn=arn)["StreamDescription"])


def read(shard: Shard, arn: str = "", behind: str = "") -> dynamo.Page:
    iterator = dynamo.shard_iterator(arn or dynamo.stream_arn(), shard.shard_id, behind)
    assert iterator
    return dynamo.get_records(iterator, 1000)


def ids(page: dynamo.Page) -> list[str]:
    return [record["dynamodb"]["Keys"]["record_id"]["S"] for record in page.records]


# --- shards that roll ------------------------------------------------------------------------------------------


@needs_its_clock
def test_a_shard_that_rolled_is_closed_and_ends_where_its_child_begins(aws_engine: Engine, table: str) -> None:
    put("1", "2")
    aws_engine.roll_shards()
    put("3")

    parent, child = shards()
    assert (parent.parent_id, parent.closed) == ("", True)
    assert (child.parent_id, child.closed) == (parent.shard_id, False)
    assert (ids(read(parent)), read(parent).next_iterator) == (["1", "2"], None)
    assert ids(read(child)) == ["3"]
    assert read(child).next_iterator


@needs_its_clock
def test_the_last_number_that_a_closed_shard_names_is_its_last_records(aws_engine: Engine, table: str) -> None:
    put("1", "2")
    last = read(shards()[0]).records[-1]["dynamodb"]["SequenceNumber"]
    aws_engine.roll_shards()

    ranges = [shard["SequenceNumberRange"] for shard in described(dynamo.stream_arn())["Shards"]]
    assert ranges[0]["EndingSequenceNumber"] == last
    assert "EndingSequenceNumber" not in ranges[1]


@needs_its_clock
def test_a_shard_that_closes_without_records_has_a_last_number_all_the_same(aws_engine: Engine, table: str) -> None:
    aws_engine.roll_shards()

    empty, _ = described(dynamo.stream_arn())["Shards"]
    assert empty["SequenceNumberRange"]["EndingSequenceNumber"]
    assert read(shards()[0]) == dynamo.Page([], None)


@needs_its_clock
def test_rows_of_a_file_that_lie_in_many_shards_take_effect_once(pipeline: Pipeline, aws_engine: Engine) -> None:
    for number in range(1, 7):
        upload = pipeline.send(feed(*(line(10 * number + row) for row in range(3))))
        pipeline.stage(upload)
        aws_engine.roll_shards()
        if number == 3:
            pipeline.settle()
    pipeline.settle()

    assert set(UploadHistory.objects.values_list("status", "total_records")) == {("completed", 3)}
    assert (Product.objects.count(), RecordOutcome.objects.count()) == (18, 18)
    assert StreamShard.objects.filter(state="drained").count() == len(shards()) - 1
    assert not StreamShard.objects.exclude(gap_reason="").exists()


@needs_its_clock
def test_describing_a_stream_of_more_shards_than_a_page_holds_finds_them_all(aws_engine: Engine, table: str) -> None:
    for _ in range(104):
        aws_engine.roll_shards()

    assert len(described(dynamo.stream_arn())["Shards"]) == 100
    found = shards()
    assert len({shard.shard_id for shard in found}) == len(found) == 105
    assert [shard.parent_id for shard in found[1:]] == [shard.shard_id for shard in found[:-1]]


# --- what grows old --------------------------------------------------------------------------------------------


@needs_its_clock
def test_an_iterator_that_grew_old_is_refused_and_reading_goes_on_at_the_checkpoint(
    pipeline: Pipeline, aws_engine: Engine
) -> None:
    pipeline.run(feed(line(1)))
    page = read(shards()[0])
    aws_engine.let_pass(hours=1)
    assert page.next_iterator
    with pytest.raises(dynamo.IteratorExpired):
        dynamo.get_records(page.next_iterator, 10)

    pipeline.run(feed(line(2)))
    assert Product.objects.count() == 2
    assert not StreamShard.objects.exclude(gap_reason="").exists()


@needs_its_clock
def test_after_more_than_a_day_a_record_is_trimmed_and_the_shard_still_there(aws_engine: Engine, table: str) -> None:
    put("1", "2")
    first = read(shards()[0]).records[0]["dynamodb"]["SequenceNumber"]
    aws_engine.let_pass(hours=25)

    for behind in (first, ""):  # also from the trim horizon, which on AWS should be the oldest that is left
        with pytest.raises(dynamo.PositionTrimmed):
            read(shards()[0], behind=behind)


@needs_its_clock
def test_after_two_days_the_shard_is_gone_but_still_listed(aws_engine: Engine, table: str) -> None:
    put("1")
    aws_engine.let_pass(hours=5)
    aws_engine.roll_shards()
    aws_engine.let_pass(hours=45)

    assert shards()[0].closed
    with pytest.raises(dynamo.StreamGone):
        read(shards()[0])


@needs_its_clock
def test_what_was_not_read_before_its_shard_was_gone_is_a_gap_that_the_table_heals(
    pipeline: Pipeline, aws_engine: Engine
) -> None:
    pipeline.run(feed(line(1)))
    upload = pipeline.send(feed(line(2), line(3, price="free")))
    pipeline.stage(upload)
    aws_engine.roll_shards()
    aws_engine.let_pass(hours=50)
    stream.consume(1)
    assert StreamShard.objects.exclude(gap_reason="").exists()
    scan.go_on(pause=0)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.valid_records, upload.error_records) == ("completed", 1, 1)
    assert {item["status"]["S"] for item in dynamo.query_upload(upload.upload_id)} == {"validated", "error"}
    assert not StreamShard.objects.filter(gap_found_at__isnull=False, gap_healed_at=None).exists()


@needs_its_clock
def test_records_that_were_trimmed_out_of_a_shard_are_one_gap_and_reading_goes_on(
    pipeline: Pipeline, aws_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.run(feed(line(1)))
    upload = pipeline.send(feed(line(2), line(3, price="free")))
    pipeline.stage(upload)
    aws_engine.let_pass(hours=25)  # the shard rolled in between, and its records are gone
    stream.consume(1)
    scan.go_on(pause=0)
    pipeline.settle()

    assert sum(record.message.startswith("Gap in shard") for record in caplog.records) == 1
    assert not StreamShard.objects.filter(gap_found_at__isnull=False, gap_healed_at=None).exists()
    assert pipeline.run(feed(line(4))).status == "completed"


# --- streams that end, and new ones ----------------------------------------------------------------------------


def switch(**stream: Any) -> None:
    """Turn the table's stream off or on, and wait until it is."""
    client.dynamodb().update_table(TableName=settings.UPLOAD_RECORDS_TABLE, StreamSpecification=stream)  # type: ignore[arg-type]
    dynamo.await_table(
        lambda found: (
            found["TableStatus"] == "ACTIVE"
            and found.get("StreamSpecification", {}).get("StreamEnabled", False) is stream["StreamEnabled"]
        )
    )


def switch_off_and_on() -> None:
    switch(StreamEnabled=False)
    switch(StreamEnabled=True, StreamViewType="NEW_IMAGE")


def test_a_stream_that_is_turned_off_keeps_its_arn_and_what_it_holds_but_no_shard_is_open(
    aws_engine: Engine, table: str
) -> None:
    put("1")
    arn = dynamo.stream_arn()
    switch(StreamEnabled=False)
    put("2")

    assert dynamo.stream_arn() == arn, "DescribeTable goes on naming it"
    assert described(arn)["StreamStatus"] == "DISABLED"
    assert all(shard.closed for shard in shards())
    assert [found for shard in shards() for found in ids(read(shard))] == ["1"]


def test_a_stream_that_is_turned_on_again_is_a_new_one_and_the_old_one_can_be_read_on(
    aws_engine: Engine, table: str
) -> None:
    put("1")
    old = dynamo.stream_arn()
    switch_off_and_on()
    put("2")

    new = dynamo.stream_arn()
    assert new != old
    assert [found for shard in dynamo.list_shards(old) for found in ids(read(shard, old))] == ["1"]
    assert [found for shard in dynamo.list_shards(new) for found in ids(read(shard, new))] == ["2"]
    assert not {shard.shard_id for shard in dynamo.list_shards(old)} & {s.shard_id for s in dynamo.list_shards(new)}
    assert all(shard.parent_id == "" for shard in dynamo.list_shards(new)), "nothing leads from the old to the new"


def test_what_the_old_stream_held_unread_is_a_gap_that_the_table_heals(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    upload = pipeline.send(feed(line(2)))
    pipeline.stage(upload)
    switch_off_and_on()
    put("while it was on again")
    stream.consume(1)
    scan.go_on(pause=0)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.valid_records) == ("completed", 1)
    assert "new stream" in StreamShard.objects.exclude(gap_reason="")[0].gap_reason


@pytest.mark.skipif(ON_AWS, reason="deletes a table that the stream outlives for a day")
def test_the_stream_of_a_deleted_table_can_still_be_read(aws_engine: Engine, table: str) -> None:
    put("1")
    arn = dynamo.stream_arn()
    dynamo.delete_table()

    assert described(arn)["StreamStatus"] == "DISABLED"
    assert [found for shard in dynamo.list_shards(arn) for found in ids(read(shard, arn))] == ["1"]
    dynamo.create_table("PAY_PER_REQUEST", 0)
    assert dynamo.stream_arn() != arn
