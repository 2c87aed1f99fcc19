"""Processes that are killed, by SIGKILL and at one exact point, and connections that break there."""

import signal
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError, connection
from django.db.models import F

from catalog.models import Product
from tests.conftest import Pipeline
from tests.faults.clocks import let_leases_end
from tests.faults.processes.puppets import Puppets
from tests.faults.statements import COUNTERS, before_statements
from tests.feeds import feed, line
from uploads.aws import dynamo
from uploads.aws.records import record_id
from uploads.models import RecordOutcome, StreamShard, UploadHistory
from uploads.pipeline import shards, stream, writeback

Die = Callable[..., None]
FEED = feed(*(line(n, price="free" if n % 10 == 0 else "9.99") for n in range(1, 101)))


@pytest.fixture
def die(puppets: Puppets) -> Die:
    """Lets a process of its own work on the test's database and table, and be killed at a point."""

    def at(point: str, upload: UploadHistory, calls: int = 0) -> None:
        _, status = puppets.ask(signal.SIGKILL, point, upload.upload_id, calls)
        assert status == -signal.SIGKILL

    return at


def statuses(upload: UploadHistory) -> Counter[str]:
    return Counter(item["status"]["S"] for item in dynamo.query_upload(upload.upload_id))


def assert_complete(upload: UploadHistory) -> None:
    """Every row has its one outcome, and DynamoDB knows it."""
    while writeback.sweep(older_than_seconds=0):
        pass
    upload.refresh_from_db()
    assert (upload.status, upload.inserted_records, upload.error_records) == ("completed", 90, 10)
    assert (Product.objects.count(), RecordOutcome.objects.count()) == (90, 100)
    assert statuses(upload) == {"validated": 90, "error": 10}


def test_1_a_worker_killed_before_its_commit_leaves_nothing_and_the_next_does_all(pipeline: Pipeline, die: Die) -> None:
    upload = pipeline.send(FEED)
    pipeline.stage(upload)
    die("before the commit", upload)
    assert (Product.objects.count(), RecordOutcome.objects.count()) == (0, 0)
    assert StreamShard.objects.get().checkpoint == ""
    let_leases_end()
    pipeline.settle()

    assert_complete(upload)


def test_2_a_worker_killed_between_commit_and_write_back_counts_once_and_the_statuses_follow(
    pipeline: Pipeline, die: Die
) -> None:
    upload = pipeline.send(FEED)
    pipeline.stage(upload)
    die("before the write-back", upload)
    assert statuses(upload) == {"pending_validation": 100}
    settled = RecordOutcome.objects.filter(written_back_at=None).count()
    assert settled > 0
    let_leases_end()
    pipeline.settle()

    assert_complete(upload)


def test_while_a_dead_workers_lease_runs_nobody_else_reads_its_shard(pipeline: Pipeline, die: Die) -> None:
    upload = pipeline.send(FEED)
    pipeline.stage(upload)
    die("before the commit", upload)
    # As if no time had passed: a slow machine may need longer than a lease to come here.
    StreamShard.objects.update(lease_expires_at=F("lease_expires_at") + timedelta(hours=1))

    assert stream.consume() is False
    assert not RecordOutcome.objects.exists()


@pytest.mark.parametrize("point", ["while staging", "before staging is noted"])
def test_staging_that_is_killed_again_and_again_goes_on_and_no_row_counts_twice(
    pipeline: Pipeline, die: Die, point: str
) -> None:
    rows = 1200
    upload = pipeline.send(feed(*(line(n) for n in range(1, rows + 1))))
    for calls in (0, 1, 1) if point == "before staging is noted" else (7, 26, 13):
        die(point, upload, calls)
        let_leases_end()
        pipeline.settle()  # what is there already is taken, so that it comes twice
    pipeline.stage(upload)
    pipeline.settle()

    upload.refresh_from_db()
    assert (upload.status, upload.file_rows, upload.inserted_records) == ("completed", rows, rows)
    assert (Product.objects.count(), RecordOutcome.objects.count()) == (rows, rows)
    staged = [item["record_id"]["S"] for item in dynamo.query_upload(upload.upload_id)]
    assert staged == [record_id(n) for n in range(1, rows + 1)]


GROUPS = 300
SHOP_HEADER = (
    "Handle,Title,Vendor,Product Category,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price"
)
SORTS = "Books", "Clothing", "Electronics"


def shop_export() -> str:
    """Groups whose rows stand so far apart that no slice, page or batch has a whole one; the first rows come second."""
    sizes = {
        "M": "group-{0},,,,,M,G{0}-M,7,{1}",
        "S": "group-{0},Shirt {0},Maker {0},{2},Size,S,G{0}-S,5,9.50",
        "L": "group-{0},,,,,L,G{0}-L,9,9.50",
        "": "group-{0},,,,,,,,",  # nothing of a product in it
    }
    rows = [
        row.format(number, "free" if number % 10 == 0 else "9.50", SORTS[number % 3])
        for row in sizes.values()
        for number in range(GROUPS)
    ]
    return "\n".join([SHOP_HEADER, *rows, ""])


@pytest.mark.parametrize(
    ("point", "deaths"),
    [
        ("before first rows are noted", (0, 1, 0)),
        ("while staging", (7, 26, 13)),
        ("before staging is noted", (0, 1, 0)),
    ],
)
def test_a_shops_export_whose_staging_is_killed_again_and_again_has_each_variant_under_its_own_product(
    pipeline: Pipeline, die: Die, point: str, deaths: tuple[int, ...]
) -> None:
    upload = pipeline.send(shop_export())
    for calls in deaths:
        die(point, upload, calls)
        let_leases_end()
        pipeline.settle()  # what is there already is judged, before the rest of its group has come
    pipeline.stage(upload)
    pipeline.settle()

    upload.refresh_from_db()
    wrong = GROUPS // 10
    assert (upload.status, upload.file_rows, upload.skipped_records) == ("completed", 4 * GROUPS, GROUPS)
    assert (upload.inserted_records, upload.error_records) == (3 * GROUPS - wrong, wrong)
    assert RecordOutcome.objects.count() == 4 * GROUPS
    assert set(Product.objects.values_list("sku", "product_name", "brand", "category")) == {
        (f"G{number}-{size}", f"Shirt {number} – {size}", f"Maker {number}", SORTS[number % 3])
        for number in range(GROUPS)
        for size in "SML"
        if size != "M" or number % 10
    }
    staged = [item["record_id"]["S"] for item in dynamo.query_upload(upload.upload_id)]
    assert staged == [record_id(n) for n in range(1, 4 * GROUPS + 1)]


def test_15_a_database_that_goes_away_in_the_middle_of_a_commit_takes_the_batch_back(pipeline: Pipeline) -> None:
    upload = pipeline.send(FEED)
    pipeline.stage(upload)

    def cut_off() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with before_statements(COUNTERS, cut_off), pytest.raises(OperationalError):
        stream.consume()
    connection.close()
    assert (Product.objects.count(), RecordOutcome.objects.count()) == (0, 0)
    let_leases_end()
    pipeline.settle()

    assert_complete(upload)


def test_15_a_commit_whose_answer_is_lost_counts_once(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = pipeline.send(FEED)
    pipeline.stage(upload)
    end = connection._commit  # type: ignore[attr-defined] # of BaseDatabaseWrapper

    def lost() -> None:
        end()
        raise OperationalError("server closed the connection unexpectedly")

    unheard = partial(monkeypatch.setattr, connection, "_commit", lost)
    with before_statements(COUNTERS, unheard), pytest.raises(OperationalError):
        stream.consume()
    monkeypatch.undo()
    connection.close()
    assert RecordOutcome.objects.filter(written_back_at=None).exists(), "it was committed all the same"
    let_leases_end()
    shards._left_at.clear()
    pipeline.settle()

    assert_complete(upload)
