"""The known failures of stream consumers, with a scripted stream for what the real endpoint can't be made to do."""

import time
from collections import Counter
from collections.abc import Callable

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.faults.scripted import ScriptedShard, ScriptedStream, image
from uploads.aws import dynamo
from uploads.models import RecordOutcome, StreamShard, UploadHistory
from uploads.pipeline import shards, stream
from uploads.pipeline.shards import Reader
from uploads.pipeline.table import scan
from uploads.work import leases


@pytest.fixture
def scripted(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> ScriptedStream:
    """A stream without shards, in the place of the table's."""
    scripted = ScriptedStream()
    scripted.install(monkeypatch)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.0)
    return scripted


@pytest.fixture
def as_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Go on as another worker: `as_worker("b")`."""

    def become(name: str) -> None:
        monkeypatch.setattr(leases, "this_worker", lambda: name)

    return become


def counted() -> tuple[int, int, int]:
    """Products, ledger rows, and what the upload counts: all the same when nothing is lost and nothing counts twice."""
    total = UploadHistory.objects.get().total_records
    return Product.objects.count(), RecordOutcome.objects.count(), total


def read_all(readers: list[Reader]) -> None:
    for reader in readers:
        while not reader.drained and stream.read_page(reader):
            pass


def test_3_a_holder_that_was_paused_past_its_lease_and_resumes_writes_nothing(
    scripted: ScriptedStream, as_worker: Callable[[str], None]
) -> None:
    scripted.put("s1", *map(image, range(1, 11)))
    as_worker("paused")
    shards.discover()
    (paused,) = shards.claim(9)
    StreamShard.objects.update(lease_expires_at="2000-01-01T00:00:00Z")
    as_worker("successor")
    (successor,) = shards.claim(9)

    with pytest.raises(leases.LeaseLost):
        stream.read_page(paused)
    assert not RecordOutcome.objects.exists()
    read_all([successor])
    assert counted() == (10, 10, 10)


def test_4_of_two_workers_on_one_shard_only_the_holder_reads(
    scripted: ScriptedStream, as_worker: Callable[[str], None]
) -> None:
    scripted.put("s1", *map(image, range(1, 4)))
    as_worker("first")
    shards.discover()
    first = shards.claim(9)
    as_worker("second")

    assert not stream.consume()
    assert scripted.reads == []
    read_all(first)
    assert counted() == (3, 3, 3)


def test_5_a_shard_that_splits_is_read_to_its_end_before_its_late_children(scripted: ScriptedStream) -> None:
    scripted.page_size = 2
    scripted.put("parent", *map(image, range(1, 6)))
    scripted.shards["left"] = ScriptedShard("parent", listed=False)
    scripted.shards["right"] = ScriptedShard("parent")
    scripted.put("left", image(6), image(7))
    scripted.put("right", image(8))
    shards.discover()
    (parent,) = shards.claim(9)
    stream.read_page(parent)
    scripted.shards["parent"].closed = True  # in the middle
    assert shards.claim(9) == [], "its child has to wait"
    read_all([parent])
    assert parent.drained
    read_all(shards.claim(9))
    assert counted() == (6, 6, 6)

    scripted.shards["left"].listed = True
    shards.discover()
    read_all(shards.claim(9))
    assert counted() == (8, 8, 8)


def test_6_a_child_that_is_closed_already_when_it_is_found_is_read_from_its_beginning(scripted: ScriptedStream) -> None:
    scripted.put("parent", image(1))
    scripted.shards["parent"].closed = True
    scripted.shards["child"] = ScriptedShard("parent", closed=True)
    scripted.put("child", image(2), image(3))
    scripted.put("grandchild", image(4))
    scripted.shards["grandchild"].parent = "child"
    while stream.consume():
        pass

    assert counted() == (4, 4, 4)
    assert set(StreamShard.objects.filter(state="drained").values_list("shard_id", flat=True)) == {"parent", "child"}


def test_7_the_last_page_of_a_closed_shard_counts_though_it_has_no_next_iterator(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1), image(2))
    scripted.shards["s1"].closed = True
    stream.consume()

    assert counted() == (2, 2, 2)
    assert StreamShard.objects.get().state == "drained"


def test_8_two_hundred_and_fifty_shards_are_found_through_a_throttled_listing(scripted: ScriptedStream) -> None:
    for number in range(1, 251):
        scripted.put(f"s{number:03d}", image(number))
    scripted.throttled_listings = 3
    for _ in range(3):
        with pytest.raises(dynamo.Unavailable):
            stream.consume()
    while stream.consume():
        pass

    assert counted() == (250, 250, 250)


def test_9_an_iterator_that_expires_before_the_first_record_is_asked_for_again(scripted: ScriptedStream) -> None:
    scripted.put("s1", image(1))
    scripted.shards["s1"].fails = {0: [dynamo.IteratorExpired("15 minutes"), dynamo.IteratorExpired("15 minutes")]}
    shards.discover()
    readers = shards.claim(9)
    for _ in range(3):
        stream._advance(readers[0], readers)

    assert counted() == (1, 1, 1)
    assert StreamShard.objects.get().gap_found_at is None


def test_10_five_hundred_empty_pages_are_no_end(scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(stream, "LINGER_SECONDS", 5.0)
    scripted.put("s1", image(1))
    scripted.shards["s1"].empty_pages = 500
    scripted.shards["s1"].closed = True
    stream.consume()

    assert counted() == (1, 1, 1)
    assert len(pauses) >= 500, "an empty page is followed by a pause, not by the next request"


def test_11_a_trimmed_position_and_a_vanished_shard_leave_gaps_that_are_healed(scripted: ScriptedStream) -> None:
    dynamo.put_records([image(number) for number in range(1, 7)])
    scripted.put("trimmed", *map(image, range(1, 4)))
    scripted.put("vanished", *map(image, range(4, 7)))
    shards.discover()
    scripted.page_size = 1
    for reader in shards.claim(9):
        stream.read_page(reader)
        shards.release(reader)
    scripted.shards["trimmed"].trimmed = 2
    scripted.shards["vanished"].gone = True
    shards._left_at.clear()  # another process
    while stream.consume():
        pass

    assert set(StreamShard.objects.exclude(gap_found_at=None).values_list("shard_id", flat=True)) == {
        "trimmed",
        "vanished",
    }
    assert counted() == (3, 3, 3)
    assert not scan.go_on()
    assert counted() == (6, 6, 6)
    assert not StreamShard.objects.filter(gap_found_at__isnull=False, gap_healed_at=None).exists()


def test_14_the_whole_stream_delivered_three_times_counts_once(scripted: ScriptedStream) -> None:
    images = [image(number, price="free" if number % 5 == 0 else "1.00") for number in range(1, 21)]
    for name in ("s1", "s2", "s3"):
        scripted.put(name, *images)
    while stream.consume():
        pass

    assert Counter(RecordOutcome.objects.values_list("outcome", flat=True)) == {"inserted": 16, "error": 4}
    assert UploadHistory.objects.get().total_records == 20


def test_a_worker_that_comes_later_gets_its_share_of_the_shards(
    scripted: ScriptedStream, as_worker: Callable[[str], None]
) -> None:
    for number in range(1, 5):
        scripted.put(f"s{number}", image(number))
    shards.discover()
    first: list[Reader] = []
    second: list[Reader] = []
    as_worker("first")
    assert stream._balance(first)
    assert len(first) == 4
    as_worker("second")
    assert stream._balance(second), "it waits for its share"
    assert second == []
    as_worker("first")
    stream._balance(first)
    as_worker("second")
    stream._balance(second)

    assert (len(first), len(second)) == (2, 2)
    read_all(first + second)
    assert counted() == (4, 4, 4)


def test_the_shards_of_a_worker_that_died_are_taken_over_when_its_leases_end(
    scripted: ScriptedStream, as_worker: Callable[[str], None]
) -> None:
    scripted.put("s1", image(1))
    as_worker("dead")
    shards.discover()
    shards.claim(9)
    assert leases.SHARD.seconds < 20
    StreamShard.objects.update(lease_expires_at="2000-01-01T00:00:00Z")
    as_worker("alive")
    while stream.consume():
        pass

    assert counted() == (1, 1, 1)
