"""Step 4: leases, checkpoints and lineage, and what readers do where nothing fails. What fails: tests/faults."""

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from catalog.models import ProductCategory
from tests.faults.scripted import WRITTEN_AT, ScriptedShard, ScriptedStream, image
from tests.faults.statements import COUNTERS, before_statements, failing
from uploads.aws import dynamo
from uploads.models import RecordOutcome, StreamShard
from uploads.pipeline import commit, shards, stream
from uploads.work import leases, wakeups
from vendors.models import Vendor


@pytest.fixture
def scripted(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedStream]:
    """A stream without shards that gives a record a page."""
    ProductCategory.objects.create(category_name="Books")
    scripted = ScriptedStream(page_size=1)
    scripted.install(monkeypatch)
    monkeypatch.setattr(dynamo, "write_statuses", lambda updates: [None for _ in updates])
    monkeypatch.setattr(wakeups, "enqueue", lambda *_, **__: None)
    monkeypatch.setattr(stream, "LINGER_SECONDS", 0.0)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.0)
    yield scripted
    # A test that reads a page without going on leaves its statuses under way: they end here, not in the next test.
    stream._sender(os.getpid()).submit(int).result()


def shard(name: str = "s1") -> StreamShard:
    return StreamShard.objects.get(shard_id=name)


def committed() -> list[int]:
    """The numbers of the records in the ledger, in the order they came there."""
    return [int(name[4:]) for name in RecordOutcome.objects.order_by("id").values_list("record_id", flat=True)]


def let_leases_expire() -> None:
    StreamShard.objects.update(lease_expires_at="2026-01-01T00:00:00Z")


# --- leases ----------------------------------------------------------------------------------------------------


def test_a_shard_has_one_reader_at_a_time(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    shards.discover()

    assert [reader.shard_id for reader in shards.claim(99)] == ["s1"]
    assert shards.claim(99) == []


def test_a_lease_is_given_back_at_the_end_of_a_slice(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    stream.consume()

    assert shard().lease_expires_at is None
    assert len(shards.claim(99)) == 1


def test_a_lease_is_given_back_when_the_service_goes_away(scripted: ScriptedStream) -> None:
    scripted.shards = {"s1": ScriptedShard(fails={0: [dynamo.Unavailable("throttled")]})}
    with pytest.raises(dynamo.Unavailable):
        stream.consume()

    assert shard().lease_expires_at is None


def test_a_worker_that_lost_its_lease_leaves_the_shard_alone(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.put("s1", image(1), image(2))
    real = scripted.get_records

    def overtaken(iterator: str, limit: int) -> dynamo.Page:
        if not scripted.reads:  # the next page is fetched by a thread, which has no business in the database
            StreamShard.objects.update(lease_epoch=99, lease_expires_at="2100-01-01T00:00:00Z")
        return real(iterator, limit)

    monkeypatch.setattr(dynamo, "get_records", overtaken)
    assert stream.consume() is False

    assert committed() == []
    assert shard().lease_expires_at is not None, "the lease of the other worker stays"


def test_a_slice_that_ends_late_does_not_give_back_a_lease_that_is_another_workers(scripted: ScriptedStream) -> None:
    scripted.shards = {"s1": ScriptedShard()}
    shards.discover()
    with stream._readers() as readers:
        readers.extend(shards.claim(99))
        let_leases_expire()
        shards.claim(99)

    assert shard().lease_expires_at is not None


@pytest.mark.parametrize("error", [dynamo.PositionTrimmed("trimmed"), dynamo.StreamGone("no such shard")])
def test_a_worker_that_lost_its_lease_records_no_gap(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch, error: dynamo.DynamoError
) -> None:
    scripted.shards = {"s1": ScriptedShard()}

    def overtaken(*_: Any) -> dynamo.Page:
        StreamShard.objects.update(lease_epoch=99, lease_expires_at="2100-01-01T00:00:00Z")
        raise error

    monkeypatch.setattr(dynamo, "get_records", overtaken)
    assert stream.consume() is False
    assert (shard().gap_reason, shard().state) == ("", "open")


def test_a_lease_is_renewed_while_there_is_nothing_to_read(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.shards = {"s1": ScriptedShard()}
    monkeypatch.setattr(stream, "RENEW_SECONDS", -1.0)
    shards.discover()
    (reader,) = shards.claim(99)
    let_leases_expire()
    stream.read_page(reader)

    assert shards.claim(99) == []


def test_a_batch_renews_the_lease(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    shards.discover()
    (reader,) = shards.claim(99)
    let_leases_expire()
    stream.read_page(reader)

    assert shards.claim(99) == []


def test_a_dead_workers_shards_are_taken_over_within_twenty_seconds(scripted: ScriptedStream, settings: Any) -> None:
    wake_up = settings.CELERY_BEAT_SCHEDULE["consume the stream"]["schedule"].run_every.total_seconds()

    assert leases.SHARD.seconds + wake_up + stream.BALANCE_SECONDS < 20


def test_the_lease_goes_by_the_clock_of_the_database(scripted: ScriptedStream) -> None:
    scripted.shards = {"s1": ScriptedShard()}
    shards.discover()
    shards.claim(99)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM lease_expires_at - clock_timestamp()) BETWEEN 5 AND 15 FROM stream_shards"
        )
        assert cursor.fetchone() == (True,)


# --- lineage ---------------------------------------------------------------------------------------------------


def test_a_child_waits_while_another_worker_reads_its_parent(scripted: ScriptedStream) -> None:
    scripted.put("parent", image(1))
    scripted.shards["child"] = ScriptedShard("parent")
    shards.discover()
    shards.claim(99)

    assert stream.consume() is False
    assert scripted.reads == []


def test_a_child_whose_parent_is_gone_from_the_stream_is_read_from_its_start(scripted: ScriptedStream) -> None:
    scripted.shards["child"] = ScriptedShard("trimmed-long-ago")
    scripted.put("child", image(3))
    stream.consume()

    assert scripted.asked[0] == ("child", 0)
    assert committed() == [3]


def test_a_closed_shard_without_an_iterator_behind_its_last_record_is_drained(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.put("s1", image(1))
    stream.consume()
    scripted.shards["s1"].closed = True
    shards._left_at.clear()
    monkeypatch.setattr(dynamo, "shard_iterator", lambda *_: None)
    stream.consume()

    assert shard().state == "drained"


@pytest.mark.parametrize("closed", [True, False])
def test_a_shard_without_an_iterator_before_its_last_record_is_an_outage(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    scripted.put("s1", image(1))
    stream.consume()
    scripted.put("s1", image(2))
    scripted.shards["s1"].closed = closed
    shards._left_at.clear()
    with monkeypatch.context() as broken:
        broken.setattr(dynamo, "shard_iterator", lambda *_: None)
        with pytest.raises(dynamo.Unavailable, match="without an iterator"):
            stream.consume()
    stream.consume()

    assert committed() == [1, 2]


def test_a_drained_shard_is_never_read_again(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    scripted.shards["s1"].closed = True
    for _ in range(3):
        stream.consume()

    assert scripted.reads == ["s1", "s1"], "its record, and whether there is none behind it"


# --- checkpoints -----------------------------------------------------------------------------------------------


def test_reading_goes_on_behind_the_checkpoint_after_a_restart(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1), image(2))
    while stream.consume():
        pass
    shards._left_at.clear()  # another process
    scripted.put("s1", image(3))
    stream.consume()

    assert scripted.asked == [("s1", 0), ("s1", 2)]
    assert committed() == [1, 2, 3]


def test_our_own_write_backs_and_removals_are_skipped_but_the_checkpoint_passes_them(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1) | {"status": {"S": "validated"}}, {})
    scripted.page_size = 2
    stream.consume()

    assert committed() == []
    assert int(shard().checkpoint) == 2


def test_a_modified_record_that_is_pending_is_read_like_a_new_one(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1), event="MODIFY")
    stream.consume()

    assert committed() == [1]


def test_a_slice_that_finds_only_empty_pages_ends_and_the_next_goes_on_behind_them(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    scripted.shards["s1"].empty_pages = 50
    for _ in range(51):  # nothing says that something is coming, so each slice gives up early
        stream.consume()

    assert committed() == [1]
    assert shard().state == "open"


def test_a_worker_stays_over_empty_pages_while_rows_are_on_their_way(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "rows_on_their_way", lambda: not committed())
    scripted.put("s1", image(1))
    scripted.shards["s1"].empty_pages = 50
    assert stream.consume() is False

    assert committed() == [1]


def test_an_iterator_of_this_process_is_not_used_after_another_one_has_read_on(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    stream.consume()
    StreamShard.objects.update(checkpoint=f"{7:021d}")
    stream.consume()

    assert scripted.asked == [("s1", 0), ("s1", 7)]


def test_a_slice_that_ends_says_that_there_is_more(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1), image(2), image(3))

    assert stream.consume(seconds=0) is True


def test_how_far_behind_a_shard_is_read_can_be_told(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    stream.consume()

    written_at = shard().checkpoint_at
    assert written_at is not None
    assert written_at.timestamp() == WRITTEN_AT + 1


# --- beside the commit -----------------------------------------------------------------------------------------


def test_the_next_page_is_fetched_while_one_is_committed(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.put("s1", image(1), image(2))
    real, fetched = commit.commit_batch, threading.Event()

    def get_records(iterator: str, limit: int) -> dynamo.Page:
        page = scripted.get_records(iterator, limit)
        if len(scripted.reads) == 2:
            fetched.set()
        return page

    def committing(*arguments: Any) -> commit.Committed:
        assert fetched.wait(10), "the next page comes while this one is committed"
        return real(*arguments)

    monkeypatch.setattr(dynamo, "get_records", get_records)
    monkeypatch.setattr(commit, "commit_batch", committing)
    stream.consume()

    assert committed() == [1, 2]


def test_an_empty_page_that_was_fetched_ahead_is_no_sign_that_nothing_came_since(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    shards.discover()
    (reader,) = shards.claim(99)
    stream.read_page(reader)
    assert reader.ahead is not None
    assert reader.ahead.result().page.records == []
    scripted.put("s1", image(2))
    stream.read_page(reader)

    assert committed() == [1, 2]


def test_what_was_fetched_ahead_of_a_commit_that_failed_is_not_used(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.put("s1", image(1), image(2))
    shards.discover()
    (reader,) = shards.claim(99)
    with before_statements(COUNTERS, failing(OperationalError("away"))), pytest.raises(OperationalError):
        stream.read_page(reader)
    stream.read_page(reader)
    stream.read_page(reader)

    assert committed() == [1, 2]


def test_a_slice_ends_only_when_its_statuses_are_noted(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.put("s1", image(1), image(2))
    stream.consume()

    assert not RecordOutcome.objects.filter(written_back_at=None).exists()


# --- what can go wrong -----------------------------------------------------------------------------------------


def test_an_iterator_that_expires_later_is_asked_for_again_at_the_checkpoint(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1), image(2))
    scripted.shards["s1"].fails = {1: [dynamo.IteratorExpired("15 minutes")]}
    stream.consume()
    stream.consume()

    assert scripted.asked == [("s1", 0), ("s1", 1)]
    assert committed() == [1, 2]


def test_a_trimmed_position_is_a_gap_that_staff_see_and_reading_goes_on(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "rows_on_their_way", lambda: committed() != [1, 2])
    scripted.put("s1", image(1), image(2))
    scripted.shards["s1"].fails = {1: [dynamo.PositionTrimmed("too old")]}
    stream.consume()

    found = shard()
    assert committed() == [1, 2]
    assert scripted.asked == [("s1", 0), ("s1", 0)], "from the trim horizon, not from what is gone"
    assert "too old" in found.gap_reason
    assert found.gap_found_at is not None
    assert found.gap_healed_at is None


def test_a_shard_that_vanished_is_a_gap_and_its_children_are_read(scripted: ScriptedStream) -> None:
    scripted.shards = {"s1": ScriptedShard(gone=True, listed=True), "s2": ScriptedShard("s1")}
    scripted.put("s2", image(2))
    StreamShard.objects.create(stream_arn=scripted.arn, shard_id="s1")
    stream.consume()

    assert committed() == [2]
    assert shard("s1").state == "drained"
    assert "does not exist" in shard("s1").gap_reason


def test_a_new_stream_leaves_a_gap_on_the_old_one_and_is_read_from_its_start(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    stream.consume()
    scripted.arn, scripted.shards = f"{scripted.arn}-new", {}
    scripted.put("s2", image(2))
    stream.consume()

    assert committed() == [1, 2]
    assert (shard("s1").state, "new stream" in shard("s1").gap_reason) == ("drained", True)
    assert shard("s2").gap_reason == ""


def test_one_gap_is_recorded_once(scripted: ScriptedStream) -> None:
    scripted.shards = {"s1": ScriptedShard()}
    stream.consume()
    scripted.arn, scripted.shards = f"{scripted.arn}-new", {"s2": ScriptedShard()}
    stream.consume()
    found_at = shard("s1").gap_found_at
    stream.consume()

    assert shard("s1").gap_found_at == found_at


def test_a_database_that_fails_in_the_middle_moves_nothing_and_the_page_comes_again(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.put("s1", image(1), image(2))
    scripted.page_size = 2
    with before_statements(COUNTERS, failing(OperationalError("away"))), pytest.raises(OperationalError):
        stream.consume()
    assert (committed(), shard().checkpoint) == ([], "")
    stream.consume()

    assert committed() == [1, 2]


def _raise(error: Exception) -> Any:
    def broken(*_: Any) -> None:
        raise error

    return broken


def test_an_upload_is_handed_on_to_its_finish(scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[tuple[Any, ...]] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call: woken.append(call))
    scripted.put("s1", image(1, "ERP"))
    stream.consume()

    assert woken == [(wakeups.FINISH_UPLOAD, "ERP")]
