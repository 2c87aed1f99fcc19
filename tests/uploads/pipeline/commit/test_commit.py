"""Steps 5 and 6: a batch takes effect as a whole, and once."""

import random
import threading
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from catalog import committer
from catalog.models import Product
from catalog.snapshot import Snapshot
from tests.faults.statements import COUNTERS, before_statements
from tests.uploads.pipeline.commit.records import assert_counters_tell_what_the_ledger_says, code_of, outcomes, record
from uploads.aws.records import Record
from uploads.models import RecordOutcome, StreamShard, UploadHistory, ValidationError
from uploads.pipeline import commit
from uploads.pipeline.commit import Checkpoint, commit_batch, commit_isolating
from uploads.work import leases
from uploads.work.leases import Lease, LeaseLost

# --- all or nothing --------------------------------------------------------------------------------------------


def test_products_ledger_errors_counters_and_checkpoint_change_together(shard: StreamShard) -> None:
    committed = commit_batch([record(1), record(2, price="free")], Checkpoint(Lease(leases.SHARD, shard.id, 3), "200"))

    upload = UploadHistory.objects.get()
    shard.refresh_from_db()
    assert outcomes() == {"REC_0000001": "inserted", "REC_0000002": "error"}
    assert (upload.valid_records, upload.error_records, upload.inserted_records) == (1, 1, 1)
    assert ValidationError.objects.get().error_type == "invalid_price"
    assert shard.checkpoint == "200"
    assert [outcome.record_id for outcome in committed.owed] == ["REC_0000001", "REC_0000002"]


@pytest.mark.parametrize("step", ["_write_ledger", "_write_errors", "_count", "_move_checkpoint"])
def test_when_one_write_fails_nothing_of_the_batch_stays(
    shard: StreamShard, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_: Any) -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(commit, step, broken)
    with pytest.raises(OperationalError):
        commit_isolating([record(1), record(2, price="free")], Checkpoint(Lease(leases.SHARD, shard.id, 3), "200"))

    shard.refresh_from_db()
    assert shard.checkpoint == "100"
    assert not Product.objects.exists()
    assert not RecordOutcome.objects.exists()
    assert not ValidationError.objects.exists()
    assert not UploadHistory.objects.exclude(total_records=0).exists()


def test_a_worker_that_was_overtaken_writes_nothing(shard: StreamShard) -> None:
    with pytest.raises(LeaseLost):
        commit_isolating([record(1)], Checkpoint(Lease(leases.SHARD, shard.id, 2), "200"))

    shard.refresh_from_db()
    assert (shard.checkpoint, shard.lease_expires_at) == ("100", None)
    assert not Product.objects.exists()
    assert not RecordOutcome.objects.exists()


def test_an_overtaken_worker_notices_on_a_page_without_records_too(shard: StreamShard) -> None:
    with pytest.raises(LeaseLost):
        commit_batch([], Checkpoint(Lease(leases.SHARD, shard.id, 2), "200"))


def test_a_page_without_records_moves_the_checkpoint(shard: StreamShard) -> None:
    commit_batch([], Checkpoint(Lease(leases.SHARD, shard.id, 3), "200"))

    shard.refresh_from_db()
    assert shard.checkpoint == "200"


# --- what it costs ---------------------------------------------------------------------------------------------


def statements(records: Sequence[Record]) -> list[str]:
    """What a page of these records asks of PostgreSQL, but for its COPYs."""
    with CaptureQueriesContext(connection) as captured:
        commit_batch(records)
    return [query["sql"] for query in captured]


def test_a_page_takes_each_vendors_lock_once_and_costs_the_same_however_many_rows_it_has() -> None:
    def page(sent: str, first: int, rows: int, **changes: str) -> list[Record]:
        numbers = range(first, first + rows)
        return [record(n, f"{sent}-{n % 2}", "VEND002" if n % 2 else "VEND001", **changes) for n in numbers]

    for sent, changes in (("NEW", {}), ("CHANGED", {"price": "1.50"})):
        statements(page(sent, 1, 2, **changes))  # opens the uploads
        few, many = statements(page(sent, 11, 2, **changes)), statements(page(sent, 21, 60, **changes))
        assert len(few) == len(many)
        assert sum("pg_advisory_xact_lock" in statement for statement in many) == 2


# --- exactly once ----------------------------------------------------------------------------------------------


def test_records_that_are_delivered_again_change_nothing_but_are_owed_again() -> None:
    records = [record(1), record(2, price="free")]
    first = commit_batch(records)
    RecordOutcome.objects.update(written_back_at="2026-01-31T10:30:45Z")
    before = [list(model.objects.values()) for model in (UploadHistory, Product, ValidationError)]
    for _ in range(2):
        again = commit_batch(records)

    assert [list(model.objects.values()) for model in (UploadHistory, Product, ValidationError)] == before
    assert again.owed == first.owed
    assert RecordOutcome.objects.filter(written_back_at=None).count() == 2


def test_a_record_twice_in_one_batch_counts_once_as_it_came_first() -> None:
    committed = commit_batch([record(1, product_name="First"), record(2), record(1, product_name="Second")])

    assert Product.objects.get(sku="SKU-1").product_name == "First"
    assert UploadHistory.objects.get().total_records == 2
    assert len(committed.owed) == 2


def test_a_record_that_comes_again_later_in_a_batch_keeps_its_place() -> None:
    commit_batch([record(1, sku="SAME"), record(2, sku="SAME"), record(1, sku="SAME")])

    assert outcomes() == {"REC_0000001": "inserted", "REC_0000002": "error"}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_repetition_of_deliveries_counts_every_record_once(seed: int) -> None:
    chance = random.Random(seed)
    records = [
        record(n, upload_id=f"ERP-{n % 3}", price=chance.choice(["9.99", "free"]), sku=f"SKU-{n // 2}")
        for n in range(1, 31)
    ]
    while set(outcomes()) != {item.record_id for item in records}:
        commit_isolating(chance.choices(records, k=chance.randint(1, 12)))
        assert_counters_tell_what_the_ledger_says()

    assert sum(UploadHistory.objects.values_list("total_records", flat=True)) == 30


# --- what makes the code fail ----------------------------------------------------------------------------------


def test_while_poison_is_being_isolated_the_checkpoint_stays_until_the_end(
    shard: StreamShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = commit.commit_batch, list[str]()

    def fragile(records: Sequence[Record], checkpoint: Checkpoint | None = None) -> commit.Committed:
        if any(r.record_id == "REC_0000002" and r.problem is None for r in records):
            raise KeyError
        committed = real(records, checkpoint)
        shard.refresh_from_db()
        seen.append(shard.checkpoint)
        return committed

    monkeypatch.setattr(commit, "commit_batch", fragile)
    commit_isolating([record(n) for n in range(1, 5)], Checkpoint(Lease(leases.SHARD, shard.id, 3), "200"))

    assert seen == ["100", "100", "200"]


def test_a_failure_that_has_nothing_to_do_with_records_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(commit, "commit_batch", broken)
    with pytest.raises(KeyError):
        commit_isolating([])


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, ProgrammingError, MemoryError])
def test_broken_infrastructure_is_not_blamed_on_a_record(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(commit, "commit_batch", broken)
    with pytest.raises(error):
        commit_isolating([record(1), record(2)])
    assert not RecordOutcome.objects.exists()


CONFLICTS = {
    "serialization failure": (OperationalError, psycopg.errors.SerializationFailure),
    "deadlock": (OperationalError, psycopg.errors.DeadlockDetected),
    "a SKU taken meanwhile": (IntegrityError, psycopg.errors.UniqueViolation),
    "a product deleted meanwhile": (committer.ProductVanished, None),
}


def conflict(name: str) -> Exception:
    kind, cause = CONFLICTS[name]
    error = kind(name)
    error.__cause__ = cause() if cause else None
    return error


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_batch_that_others_were_in_the_way_of_is_retried(name: str) -> None:
    failures = [conflict(name), conflict(name)]

    def contended() -> None:
        if failures:
            raise failures.pop()

    with before_statements(COUNTERS, contended):
        commit_batch([record(1)])

    assert outcomes() == {"REC_0000001": "inserted"}


@pytest.mark.parametrize("name", CONFLICTS)
def test_trying_again_has_an_end(name: str) -> None:
    attempts = []

    def contended() -> None:
        attempts.append(1)
        raise conflict(name)

    with before_statements(COUNTERS, contended), pytest.raises(CONFLICTS[name][0]):
        commit_batch([record(1)])
    assert len(attempts) == commit.ATTEMPTS


@pytest.mark.django_db(transaction=True)
def test_who_loses_a_sku_to_another_vendor_in_the_last_moment_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = committer.read_snapshot

    def rival() -> None:
        commit_batch([record(1, "OTHER", "VEND002")])
        connection.close()

    def overtaken(*arguments: Any) -> Snapshot:
        found = real(*arguments)
        monkeypatch.setattr(committer, "read_snapshot", real)
        thread = threading.Thread(target=rival)
        thread.start()
        thread.join()
        return found

    monkeypatch.setattr(committer, "read_snapshot", overtaken)
    commit_batch([record(1)])

    assert code_of("REC_0000001") == "sku_taken"
    assert Product.objects.get().vendor_id == "VEND002"


@pytest.mark.django_db(transaction=True)
def test_two_workers_who_deliver_the_same_records_at_once_count_them_once() -> None:
    start, failures = threading.Barrier(2), list[BaseException]()
    records = [record(n, price="free" if n % 3 == 0 else "9.99") for n in range(1, 61)]

    def deliver() -> None:
        try:
            start.wait()
            for part in range(0, 60, 20):
                commit_batch(records[part : part + 20])
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    upload = UploadHistory.objects.get()
    assert (upload.inserted_records, upload.error_records) == (40, 20)
    assert ValidationError.objects.count() == 20
