"""Records that the stream never carried, and what looks like the end of a shard and is none."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from catalog.models import Product
from tests.conftest import Pipeline
from tests.faults.clocks import pass_time
from tests.faults.scripted import ScriptedShard, ScriptedStream, image
from uploads.aws import dynamo
from uploads.models import StreamShard, TableStream
from uploads.pipeline import shards, stream
from uploads.pipeline.table import scan


@pytest.fixture
def scripted(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> ScriptedStream:
    """A stream whose shards were listed and read, and the table read at its first sight: nothing is in doubt."""
    scripted = ScriptedStream()
    scripted.install(monkeypatch)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.0)
    scripted.put("s1", image(1))
    dynamo.put_records([image(1)])
    consume()
    scan.go_on()
    assert TableStream.objects.get().continuous_since is not None
    return scripted


def consume() -> None:
    shards._left_at.clear()  # another process
    while stream.consume():
        pass


def in_doubt() -> bool:
    return TableStream.objects.order_by("-seen_at")[0].doubted_at is not None


def found() -> set[str]:
    return set(Product.objects.values_list("vendor_product_id", flat=True))


def test_what_was_put_while_the_stream_was_off_and_on_again_is_found(scripted: ScriptedStream) -> None:
    scripted.shards["s1"].closed = True
    consume()  # all of the old stream's shards are drained: they have no gap
    dynamo.put_records([image(2)])
    scripted.arn, scripted.shards = scripted.arn + "-new", {"n1": ScriptedShard()}
    scripted.put("n1", image(3))
    consume()
    assert found() == {"P-1", "P-3"}
    assert "new stream" in TableStream.objects.order_by("-seen_at")[0].doubt

    scan.go_on()
    assert found() == {"P-1", "P-2", "P-3"}
    assert not in_doubt()


def test_a_shard_that_was_found_and_first_read_after_a_day_is_not_trusted(scripted: ScriptedStream) -> None:
    scripted.put("s2", image(2), image(3))
    dynamo.put_records([image(2), image(3)])
    shards.discover()
    pass_time(hours=25)
    scripted.shards["s2"].trimmed = 1
    consume()
    assert found() == {"P-1", "P-3"}
    assert in_doubt()

    scan.go_on(pause=0)
    assert found() == {"P-1", "P-2", "P-3"}


def test_a_shard_that_was_born_and_cut_short_while_nobody_looked_is_not_trusted(scripted: ScriptedStream) -> None:
    scripted.shards["s1"].closed = True
    consume()
    pass_time(hours=25)
    scripted.shards["s2"] = ScriptedShard("s1", trimmed=1)
    scripted.put("s2", image(2), image(3))
    dynamo.put_records([image(2), image(3)])
    consume()
    assert found() == {"P-1", "P-3"}
    assert in_doubt()


@pytest.mark.parametrize("hours", [1, 22])
def test_a_shard_that_is_read_within_the_day_is_trusted(scripted: ScriptedStream, hours: int) -> None:
    scripted.shards["s1"].closed = True
    consume()
    pass_time(hours=hours)
    scripted.shards["s2"] = ScriptedShard("s1")
    scripted.put("s2", image(2))
    consume()
    assert found() == {"P-1", "P-2"}
    assert not in_doubt()


def test_a_shard_that_has_been_quiet_for_days_under_our_eyes_is_trusted(scripted: ScriptedStream) -> None:
    pass_time(hours=72)
    StreamShard.objects.update(caught_up_at=F("caught_up_at") + timedelta(hours=71))
    consume()
    assert not in_doubt()


def test_a_checkpoint_of_two_days_ago_is_not_trusted_though_the_stream_takes_it(scripted: ScriptedStream) -> None:
    pass_time(hours=48)
    consume()
    assert in_doubt()
    scan.go_on(pause=0)
    assert not in_doubt()
    consume()
    assert not in_doubt(), "once"


def test_a_new_database_beside_a_table_that_has_records_reads_it(pipeline: Pipeline, monkeypatch: Any) -> None:
    scripted = ScriptedStream()
    scripted.install(monkeypatch)
    dynamo.put_records([image(1), image(2)])
    scripted.put("s1", image(1), image(2))
    scripted.shards["s1"].trimmed = 1
    consume()
    assert found() == {"P-2"}
    scan.go_on()
    assert found() == {"P-1", "P-2"}


# --- the end of a shard ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [1, 2, 5])
def test_an_answer_without_records_and_iterator_is_no_end_of_an_open_shard(
    scripted: ScriptedStream, broken: int
) -> None:
    scripted.put("s1", *map(image, range(2, 6)))
    scripted.shards["s1"].broken = broken
    for _ in range(broken):  # the schedule calls every few seconds
        consume()
    assert StreamShard.objects.get().state == "open"
    assert len(found()) == 5


def test_nor_of_a_closed_one_with_records_behind_it(scripted: ScriptedStream) -> None:
    scripted.put("s1", *map(image, range(2, 6)))
    scripted.shards["s1"].broken = 1
    scripted.shards["s1"].closed = True
    consume()
    assert StreamShard.objects.get().state == "drained"
    assert len(found()) == 5


def test_an_answer_that_is_no_page_is_an_outage(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    class Streams:
        def get_records(self, **_: Any) -> dict[str, Any]:
            return {}

    monkeypatch.setattr("uploads.aws.client.streams", Streams)
    with pytest.raises(dynamo.Unavailable, match=r"isn.t DynamoDB.s protocol"):
        dynamo.get_records("s1:0", 10)
