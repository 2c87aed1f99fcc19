"""Step 4: leases, checkpoints and lineage; what a stream may do to its readers, and that none of it loses a record."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import OperationalError, connection

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads import batch, dynamo, stream, tasks, writeback
from uploads.batch import LeaseLost
from uploads.models import RecordOutcome, StreamShard
from uploads.records import Item
from vendors.models import Vendor


def put(number: int) -> dict[str, Any]:
    """The stream record of a product that another program put. Sequence numbers go up with `number`."""
    cells = {
        "vendor_product_id": f"P-{number}",
        "product_name": "Lamp",
        "category": "Electronics",
        "sku": f"SKU-{number}",
        "price": "9.99",
        "stock_quantity": "5",
    }
    return change(
        number,
        {
            "upload_id": {"S": "ERP"},
            "record_id": {"S": f"REC_{number:07d}"},
            "vendor_id": {"S": "VEND001"},
            "product_data": {"M": {header: {"S": cell} for header, cell in cells.items()}},
        },
    )


def change(number: int, image: Item | None) -> dict[str, Any]:
    dynamodb: dict[str, Any] = {
        "SequenceNumber": f"{number:021d}",
        "ApproximateCreationDateTime": 1_790_000_000 + number,
    }
    return {"dynamodb": dynamodb if image is None else dynamodb | {"NewImage": image}}


@dataclass
class FakeShard:
    """Pages that GetRecords gives one after the other; an exception among them is raised once."""

    pages: list[Any]
    parent: str = ""
    closed: bool = False


@dataclass
class FakeStream:
    """A stream that can be made to do what the real endpoint doesn't: split, expire, trim, vanish."""

    shards: dict[str, FakeShard]
    arn: str = "arn:aws:dynamodb:us-east-1:1:table/T/stream/1"
    asked: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    def stream_arn(self) -> str:
        return self.arn

    def list_shards(self, arn: str) -> Iterable[dynamo.Shard]:
        return [dynamo.Shard(name, shard.parent, shard.closed) for name, shard in self.shards.items()]

    def shard_iterator(self, arn: str, shard_id: str, checkpoint: str) -> str | None:
        self.asked.append(f"{shard_id} after {int(checkpoint or 0)}")
        for index, page in enumerate(self.shards[shard_id].pages):
            if not isinstance(page, list) or any(r["dynamodb"]["SequenceNumber"] > checkpoint for r in page):
                return f"{shard_id}|{index}"
            if not page and not checkpoint:
                return f"{shard_id}|{index}"
        return f"{shard_id}|{len(self.shards[shard_id].pages)}"

    def get_records(self, iterator: str, limit: int) -> dynamo.Page:
        shard_id, _, position = iterator.partition("|")
        shard, index = self.shards[shard_id], int(position)
        self.read.append(shard_id)
        page = shard.pages[index] if index < len(shard.pages) else []
        if isinstance(page, dynamo.DynamoError):
            del shard.pages[index]
            raise page
        last = index >= len(shard.pages) - 1
        return dynamo.Page(page, None if shard.closed and last else f"{shard_id}|{min(index + 1, len(shard.pages))}")


@pytest.fixture
def fake(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> FakeStream:
    ProductCategory.objects.create(category_name="Electronics")
    scripted = FakeStream({})
    for name in ("stream_arn", "list_shards", "shard_iterator", "get_records"):
        monkeypatch.setattr(dynamo, name, getattr(scripted, name))
    monkeypatch.setattr(dynamo, "write_statuses", lambda updates: [None for _ in updates])
    monkeypatch.setattr(stream, "LINGER_SECONDS", 0.0)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.0)
    return scripted


def shard(name: str = "s1") -> StreamShard:
    return StreamShard.objects.get(shard_id=name)


def committed() -> list[str]:
    return list(RecordOutcome.objects.order_by("id").values_list("record_id", flat=True))


def records(*numbers: int) -> list[str]:
    return [f"REC_{number:07d}" for number in numbers]


def let_leases_expire() -> None:
    StreamShard.objects.update(lease_expires_at="2026-01-01T00:00:00Z")


# --- leases ----------------------------------------------------------------------------------------------------


def test_a_shard_has_one_reader_at_a_time(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)]])}
    stream.discover()

    assert [reader.shard_id for reader in stream.claim(99)] == ["s1"]
    assert stream.claim(99) == []
    assert stream.consume() is False
    assert fake.read == []


def test_a_lease_is_given_back_at_the_end_of_a_slice(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)]])}
    stream.consume()

    assert shard().lease_expires_at is None
    assert len(stream.claim(99)) == 1


def test_a_lease_is_given_back_when_the_service_goes_away(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([dynamo.Unavailable("throttled")])}
    with pytest.raises(dynamo.Unavailable):
        stream.consume()

    assert shard().lease_expires_at is None


def test_an_expired_lease_is_taken_over_and_the_former_holder_writes_nothing(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)], [put(2)]])}
    stream.discover()
    (paused,) = stream.claim(99)
    let_leases_expire()
    (successor,) = stream.claim(99)

    assert successor.epoch == paused.epoch + 1
    with pytest.raises(LeaseLost):
        stream.read_page(paused)
    assert (committed(), shard().checkpoint) == ([], "")
    stream.read_page(successor)
    assert committed() == records(1)


def test_a_worker_that_lost_its_lease_leaves_the_shard_alone(fake: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.shards = {"s1": FakeShard([[put(1)], [put(2)]])}
    real = fake.get_records

    def overtaken(iterator: str, limit: int) -> dynamo.Page:
        StreamShard.objects.update(lease_epoch=99, lease_expires_at="2100-01-01T00:00:00Z")
        return real(iterator, limit)

    monkeypatch.setattr(dynamo, "get_records", overtaken)
    assert stream.consume() is False

    assert committed() == []
    assert shard().lease_expires_at is not None, "the lease of the other worker stays"


def test_a_slice_that_ends_late_does_not_give_back_a_lease_that_is_another_workers(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([])}
    stream.discover()
    with stream._readers() as readers:
        readers.extend(stream.claim(99))
        let_leases_expire()
        stream.claim(99)

    assert shard().lease_expires_at is not None


@pytest.mark.parametrize("error", [dynamo.PositionTrimmed("trimmed"), dynamo.StreamGone("no such shard")])
def test_a_worker_that_lost_its_lease_records_no_gap(
    fake: FakeStream, monkeypatch: pytest.MonkeyPatch, error: dynamo.DynamoError
) -> None:
    fake.shards = {"s1": FakeShard([])}

    def overtaken(*_: Any) -> dynamo.Page:
        StreamShard.objects.update(lease_epoch=99, lease_expires_at="2100-01-01T00:00:00Z")
        raise error

    monkeypatch.setattr(dynamo, "get_records", overtaken)
    assert stream.consume() is False
    assert (shard().gap_reason, shard().state) == ("", "open")


def test_a_lease_is_renewed_while_there_is_nothing_to_read(fake: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.shards = {"s1": FakeShard([])}
    monkeypatch.setattr(stream, "RENEW_SECONDS", -1.0)
    stream.discover()
    (reader,) = stream.claim(99)
    let_leases_expire()
    stream.read_page(reader)

    assert stream.claim(99) == []


def test_a_batch_renews_the_lease(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)]])}
    stream.discover()
    (reader,) = stream.claim(99)
    let_leases_expire()
    stream.read_page(reader)

    assert stream.claim(99) == []


# --- lineage ---------------------------------------------------------------------------------------------------


def test_a_child_is_read_only_after_its_parent_is_drained(fake: FakeStream) -> None:
    fake.shards = {
        "child": FakeShard([[put(3)], [put(4)]], parent="parent"),
        "parent": FakeShard([[put(1)], [put(2)]], closed=True),
    }
    stream.consume()

    assert fake.read[:2] == ["parent", "parent"]
    assert "parent" not in fake.read[2:]
    assert committed() == records(1, 2, 3, 4)
    assert shard("parent").state == "drained"


def test_a_child_waits_while_another_worker_reads_its_parent(fake: FakeStream) -> None:
    fake.shards = {"child": FakeShard([[put(3)]], parent="parent"), "parent": FakeShard([[put(1)]], closed=True)}
    stream.discover()
    stream.claim(99)

    assert stream.consume() is False
    assert fake.read == []


def test_a_child_whose_parent_is_gone_from_the_stream_is_read_from_its_start(fake: FakeStream) -> None:
    fake.shards = {"child": FakeShard([[put(3)]], parent="trimmed-long-ago")}
    stream.consume()

    assert fake.asked[0] == "child after 0"
    assert committed() == records(3)


def test_a_child_that_is_listed_late_is_found(fake: FakeStream) -> None:
    fake.shards = {"parent": FakeShard([[put(1)]], closed=True)}
    stream.consume()
    fake.shards["child"] = FakeShard([[put(2)]], parent="parent")
    stream.consume()

    assert committed() == records(1, 2)


def test_a_null_iterator_ends_a_shard_only_after_the_records_that_came_with_it(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1), put(2)]], closed=True)}
    stream.consume()

    assert committed() == records(1, 2)
    assert (shard().state, int(shard().checkpoint)) == ("drained", 2)


def test_a_closed_shard_without_anything_left_behind_its_checkpoint_is_drained(
    fake: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.shards = {"s1": FakeShard([])}
    monkeypatch.setattr(dynamo, "shard_iterator", lambda *_: None)
    stream.consume()

    assert shard().state == "drained"


def test_a_drained_shard_is_never_read_again(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)]], closed=True)}
    for _ in range(3):
        stream.consume()

    assert fake.read == ["s1"]


# --- checkpoints -----------------------------------------------------------------------------------------------


def test_reading_goes_on_behind_the_checkpoint_after_a_restart(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)], [put(2)]])}
    stream.consume()
    stream._left_at.clear()  # another process
    fake.shards["s1"].pages.append([put(3)])
    stream.consume()

    assert fake.asked == ["s1 after 0", "s1 after 2"]
    assert committed() == records(1, 2, 3)


def test_our_own_write_backs_and_removals_are_skipped_but_the_checkpoint_passes_them(fake: FakeStream) -> None:
    validated = put(1)["dynamodb"]["NewImage"] | {"status": {"S": "validated"}}
    fake.shards = {"s1": FakeShard([[change(1, validated), change(2, None)]])}
    stream.consume()

    assert committed() == []
    assert int(shard().checkpoint) == 2


def test_a_modified_record_that_is_pending_is_read_like_a_new_one(fake: FakeStream) -> None:
    modified = put(1) | {"eventName": "MODIFY"}
    fake.shards = {"s1": FakeShard([[modified]])}
    stream.consume()

    assert committed() == records(1)


def test_empty_pages_are_not_the_end_of_a_shard(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[] for _ in range(50)] + [[put(1)]])}
    for _ in range(51):  # nothing says that something is coming, so each slice gives up early
        stream.consume()

    assert committed() == records(1)
    assert shard().state == "open"


def test_a_worker_stays_over_empty_pages_while_rows_are_on_their_way(
    fake: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "rows_on_their_way", lambda: not committed())
    fake.shards = {"s1": FakeShard([[] for _ in range(50)] + [[put(1)]])}
    assert stream.consume() is False

    assert committed() == records(1)


def test_an_iterator_of_this_process_is_not_used_after_another_one_has_read_on(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)]])}
    stream.consume()
    StreamShard.objects.update(checkpoint=f"{7:021d}")
    stream.consume()

    assert fake.asked == ["s1 after 0", "s1 after 7"]


def test_a_slice_that_ends_says_that_there_is_more(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(n)] for n in range(1, 4)])}

    assert stream.consume(seconds=0) is True


# --- what can go wrong -----------------------------------------------------------------------------------------


def test_an_expired_iterator_is_asked_for_again_at_the_checkpoint(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)], dynamo.IteratorExpired("15 minutes"), [put(2)]])}
    stream.consume(seconds=5)
    stream.consume(seconds=5)

    assert fake.asked == ["s1 after 0", "s1 after 1"]
    assert committed() == records(1, 2)


def test_a_trimmed_position_is_a_gap_that_staff_see_and_reading_goes_on(
    fake: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "rows_on_their_way", lambda: committed() != records(1, 5))
    fake.shards = {"s1": FakeShard([[put(1)], dynamo.PositionTrimmed("too old"), [put(5)]])}
    stream.consume()

    found = shard()
    assert committed() == records(1, 5)
    assert fake.asked == ["s1 after 0", "s1 after 0"], "from the trim horizon, not from what is gone"
    assert "too old" in found.gap_reason
    assert found.gap_found_at is not None
    assert found.gap_healed_at is None


def test_a_shard_that_vanished_is_a_gap_and_its_children_are_read(fake: FakeStream) -> None:
    fake.shards = {
        "s1": FakeShard([dynamo.StreamGone("Shard does not exist")]),
        "s2": FakeShard([[put(2)]], parent="s1"),
    }
    stream.consume()

    assert committed() == records(2)
    assert shard("s1").state == "drained"
    assert "does not exist" in shard("s1").gap_reason


def test_a_new_stream_leaves_a_gap_on_the_old_one_and_is_read_from_its_start(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)]])}
    stream.consume()
    fake.arn, fake.shards = fake.arn + "-new", {"s2": FakeShard([[put(2)]])}
    stream.consume()

    assert committed() == records(1, 2)
    assert (shard("s1").state, "new stream" in shard("s1").gap_reason) == ("drained", True)
    assert shard("s2").gap_reason == ""


def test_one_gap_is_recorded_once(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([])}
    stream.consume()
    fake.arn, fake.shards = fake.arn + "-new", {"s2": FakeShard([])}
    stream.consume()
    found_at = shard("s1").gap_found_at
    stream.consume()

    assert shard("s1").gap_found_at == found_at


def test_a_database_that_fails_in_the_middle_moves_nothing_and_the_page_comes_again(
    fake: FakeStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.shards = {"s1": FakeShard([[put(1), put(2)]])}
    with monkeypatch.context() as broken:
        broken.setattr(batch, "_count", _raise(OperationalError("away")))
        with pytest.raises(OperationalError):
            stream.consume()
    assert (committed(), shard().checkpoint) == ([], "")
    stream.consume()

    assert committed() == records(1, 2)


def _raise(error: Exception) -> Any:
    def broken(*_: Any) -> None:
        raise error

    return broken


def test_an_upload_is_handed_on_to_its_finish(fake: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks, "enqueue", lambda *call: woken.append(call))
    fake.shards = {"s1": FakeShard([[put(1)]])}
    stream.consume()

    assert woken == [(tasks.finish_upload, "ERP")]


# --- on the real endpoint --------------------------------------------------------------------------------------


def statuses(upload_id: str) -> set[str]:
    return {item["status"]["S"] for item in dynamo.query_upload(upload_id)}


def test_a_crash_between_commit_and_write_back_loses_nothing(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(line(1), line(2, price="free")))
    pipeline.stage(upload)
    with monkeypatch.context() as crashing:
        crashing.setattr(writeback, "write", _raise(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            stream.consume()
    assert statuses(upload.upload_id) == {"pending_validation"}
    pipeline.settle()
    upload.refresh_from_db()

    assert (upload.status, upload.total_records) == ("completed", 2)
    assert Product.objects.count() == 1
    writeback.sweep(older_than_seconds=0)
    assert statuses(upload.upload_id) == {"validated", "error"}


def test_the_checkpoint_passes_our_own_write_backs_and_removed_items(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2)))
    before = StreamShard.objects.get().checkpoint
    dynamo._db().delete_item(
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


def test_how_far_behind_a_shard_is_read_can_be_told(fake: FakeStream) -> None:
    fake.shards = {"s1": FakeShard([[put(1)]])}
    stream.consume()

    written_at = shard().checkpoint_at
    assert written_at is not None
    assert written_at.timestamp() == 1_790_000_001


def test_the_lease_goes_by_the_clock_of_the_database(fake: FakeStream, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.shards = {"s1": FakeShard([])}
    stream.discover()
    stream.claim(99)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM lease_expires_at - clock_timestamp()) BETWEEN 5 AND 15 FROM stream_shards"
        )
        assert cursor.fetchone() == (True,)
