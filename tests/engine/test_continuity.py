"""Records of other programs that AWS's own streams never carried, or have dropped: each ends with an outcome."""

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.engine.endpoint import Engine
from tests.engine.test_streams import needs_its_clock, switch, switch_off_and_on
from tests.faults.clocks import pass_time
from tests.faults.scripted import image
from tests.feeds import feed, line
from uploads.aws import dynamo
from uploads.models import RecordOutcome, TableStream
from uploads.pipeline import shards, stream
from uploads.pipeline.table import scan

pytestmark = pytest.mark.engine
SETTLED = {"validated", "error"}


def consume() -> None:
    shards._left_at.clear()  # another process
    while stream.consume(5):
        pass


def statuses(upload_id: str = "UP-1") -> set[str]:
    return {item["status"]["S"] for item in dynamo.query_upload(upload_id)}


def in_doubt() -> bool:
    return TableStream.objects.order_by("-seen_at")[0].doubted_at is not None


def test_what_came_while_the_stream_was_off_is_found_when_it_is_on_again(
    pipeline: Pipeline, aws_engine: Engine
) -> None:
    pipeline.run(feed(line(9)))
    scan.go_on(pause=0)
    switch(StreamEnabled=False)
    consume()  # the old stream's shards are all drained: it leaves no gap
    dynamo.put_records([image(1), image(2, price="free")])
    switch(StreamEnabled=True, StreamViewType="NEW_IMAGE")
    dynamo.put_records([image(3)])
    consume()
    assert in_doubt()
    scan.go_on(pause=0)

    assert statuses() == SETTLED
    assert (Product.objects.count(), RecordOutcome.objects.count(), in_doubt()) == (3, 4, False)


def test_while_the_stream_is_off_records_come_in_by_the_table(pipeline: Pipeline, aws_engine: Engine) -> None:
    pipeline.run(feed(line(9)))
    scan.go_on(pause=0)
    switch(StreamEnabled=False)
    dynamo.put_records([image(1)])
    consume()
    scan.go_on(pause=0)
    assert statuses() == {"validated"}


@needs_its_clock
def test_a_shard_that_was_found_and_whose_older_half_was_dropped_before_its_first_read_is_not_trusted(
    pipeline: Pipeline, aws_engine: Engine
) -> None:
    pipeline.run(feed(line(9)))
    scan.go_on(pause=0)
    aws_engine.roll_shards()
    consume()
    dynamo.put_records([image(1)])
    shards.discover()
    aws_engine.let_pass(hours=25)
    pass_time(hours=25)
    dynamo.put_records([image(2)])
    consume()
    assert in_doubt()
    scan.go_on(pause=0)
    consume()

    assert statuses() == {"validated"}
    assert (Product.objects.count(), in_doubt()) == (3, False)


@needs_its_clock
def test_a_first_start_on_a_table_whose_stream_has_dropped_its_older_records_finds_them(
    pipeline: Pipeline, aws_engine: Engine
) -> None:
    dynamo.put_records([image(1)])
    aws_engine.let_pass(hours=25)
    dynamo.put_records([image(2)])
    consume()
    scan.go_on(pause=0)
    assert statuses() == {"validated"}
    assert Product.objects.count() == 2


def test_a_table_whose_stream_was_turned_on_after_it_had_records_is_read(
    pipeline: Pipeline, aws_engine: Engine
) -> None:
    switch(StreamEnabled=False)
    dynamo.put_records([image(1)])
    switch(StreamEnabled=True, StreamViewType="NEW_IMAGE")
    switch_off_and_on()
    consume()
    scan.go_on(pause=0)
    assert statuses() == {"validated"}
