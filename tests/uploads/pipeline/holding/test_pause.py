"""Staff pause a vendor's feeds: nothing takes effect from then on, nothing is lost, and all goes on in its order."""

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from catalog import committer
from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.pipeline.holding.seen import ERP, all_that_came, put, statuses, tick
from uploads.corrections import retry
from uploads.corrections.failed_rows import Selection
from uploads.models import RecordOutcome, StreamShard, UpkeepStep, UploadHistory
from uploads.pipeline import finish, reconcile, shards, stage, stream, upkeep, writeback
from uploads.pipeline.holding import release
from uploads.pipeline.holding.pausing import pause, resume
from uploads.work import steps
from vendors import holds
from vendors.models import Vendor

# The second row of each claim comes after the first: which of two is told apart by their order in the file.
ROWS = [
    *(line(n, price="free" if n % 7 == 0 else "9.99") for n in range(1, 41)),
    line(3, product_name="Another 3"), line(90, sku="SKU-5"), *(line(n) for n in range(41, 60)),
]  # fmt: skip


@pytest.fixture
def staff(transactional_db: None) -> User:
    return User.objects.create_user("ops", is_staff=True)


def go_on(pipeline: Pipeline, *uploads: UploadHistory) -> None:
    """As workers and the schedule do, to the end of all."""
    for _ in range(3):
        tick()
        for upload in uploads:
            pipeline.stage(upload)
        pipeline.settle()
    for upload in uploads:
        upload.refresh_from_db()


@pytest.fixture
def undisturbed(pipeline: Pipeline) -> Callable[[], dict[str, Any]]:
    """What the same rows come to without a pause, as the vendor's only upload in an empty catalog."""

    def run() -> dict[str, Any]:
        RecordOutcome.objects.all().delete()
        Product.objects.all().delete()
        UploadHistory.objects.all().delete()
        pipeline.run(feed(*ROWS))
        return all_that_came()

    return run


@pytest.mark.parametrize("pages", [0, 1, 3])
def test_paused_between_two_pages_and_resumed_each_row_comes_to_what_it_would_have(
    pipeline: Pipeline, staff: User, undisturbed: Any, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    monkeypatch.setattr(stream, "PAGE_RECORDS", 10)
    monkeypatch.setattr(reconcile, "CHUNK", 7)
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    read = stream.read_page
    left = [pages]

    def then_paused(reader: shards.Reader) -> int:
        if not left[0]:
            pause("VEND001", "The prices look wrong.", staff)
        left[0] -= 1
        return read(reader)

    monkeypatch.setattr(stream, "read_page", then_paused)
    pipeline.settle()
    assert RecordOutcome.objects.count() == pages * 10
    assert statuses(upload.pk).count("pending_validation") >= len(ROWS) - pages * 10
    assert StreamShard.objects.get().checkpoint, "the stream was read all the same"
    upload.refresh_from_db()
    assert upload.withheld_from == f"REC_{pages * 10 + 1:07d}"

    resume("VEND001", staff)
    go_on(pipeline, upload)

    came = all_that_came()
    assert upload.status == "completed"
    assert came == undisturbed()


def test_the_rows_that_the_stream_brings_after_a_pause_wait_for_those_before_them(
    pipeline: Pipeline, staff: User, undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "PAGE_RECORDS", 10)
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    read, left = stream.read_page, [4]

    def paused_for_a_while(reader: shards.Reader) -> int:
        left[0] -= 1
        if left[0] == 3:
            pause("VEND001", "Wait.", staff)
        if left[0] == 1:
            resume("VEND001", staff)
        return read(reader)

    monkeypatch.setattr(stream, "read_page", paused_for_a_while)
    pipeline.settle()
    assert not RecordOutcome.objects.exists()

    go_on(pipeline, upload)
    came = all_that_came()
    assert came == undisturbed()


def test_of_a_page_with_rows_of_two_vendors_those_of_the_other_are_committed(
    pipeline: Pipeline, staff: User, other_vendor: Vendor
) -> None:
    pause("VEND001", "Wait.", staff)
    put(1, 2, upload_id="A")
    put(3, 4, upload_id="B", vendor_id="VEND002")
    put(5, upload_id="A")
    pipeline.settle()

    assert set(Product.objects.values_list("vendor_id", "sku")) == {("VEND002", "VEND002-3"), ("VEND002", "VEND002-4")}
    assert statuses("A") == ["pending_validation"] * 3
    ours, theirs = UploadHistory.objects.get(pk="A"), UploadHistory.objects.get(pk="B")
    assert (ours.status, ours.total_records, ours.withheld_from) == ("processing", 0, "REC_0000001")
    assert (theirs.status, theirs.total_records, theirs.withheld_from) == ("completed", 2, None)

    resume("VEND001", staff)
    tick()
    ours.refresh_from_db()
    assert (ours.status, ours.inserted_records, ours.withheld_from) == ("completed", 3, None)
    assert statuses("A") == ["validated"] * 3


def test_from_the_moment_a_pause_is_certain_no_batch_that_is_under_way_commits_any_more(
    pipeline: Pipeline, staff: User
) -> None:
    """A batch that has the vendor's lock ends first; one that waits for it sees the pause."""
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)

    def consume() -> None:
        try:
            while stream.consume():
                pass
        finally:
            connection.close()

    with transaction.atomic():
        committer.lock_vendors(["VEND001"])
        worker = Thread(target=consume)
        worker.start()
        while not _waits_for_a_lock():
            pass
        pause("VEND001", "Stop.", staff)
    worker.join()
    assert not RecordOutcome.objects.exists()
    assert not Product.objects.exists()


def _waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return bool(cursor.fetchone()[0])


def test_staging_of_its_files_stops_in_the_middle_and_goes_on(
    pipeline: Pipeline, staff: User, undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 10)
    upload = pipeline.send(feed(*ROWS))
    real, chunks = stage._put, [0]

    def put_and_pause(claim: stage.Claim, rows: Any) -> None:
        real(claim, rows)
        chunks[0] += 1
        if chunks[0] == 2:
            pause("VEND001", "Wait.", staff)

    monkeypatch.setattr(stage, "_put", put_and_pause)
    assert stage.stage(upload.pk) is None
    upload.refresh_from_db()
    assert upload.staged_rows == 20
    assert stage.stage(upload.pk) is None, "it isn't begun again"
    assert upkeep._unstaged() == []
    assert not stream.rows_on_their_way(), "so no worker stays for them"

    resume("VEND001", staff)
    assert upkeep._unstaged() == [upload.pk]
    go_on(pipeline, upload)
    came = all_that_came()
    assert came == undisturbed()


def test_a_file_that_is_sent_meanwhile_is_accepted_and_waits_whole(pipeline: Pipeline, staff: User) -> None:
    pause("VEND001", "Wait.", staff)
    upload = pipeline.send(feed(line(1)))
    assert stage.stage(upload.pk) is None
    assert statuses(upload.pk) == []

    resume("VEND001", staff)
    go_on(pipeline, upload)
    assert (upload.status, upload.inserted_records) == ("completed", 1)


def test_nothing_is_said_to_have_stalled_nor_staged_again_while_rows_wait(pipeline: Pipeline, staff: User) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pause("VEND001", "Wait.", staff)
    pipeline.settle()
    StreamShard.objects.update(caught_up_at="2100-01-01T00:00Z")
    assert upkeep.stalled() == []

    standing = reconcile.reconcile(upload.pk)
    assert (standing.unsettled, standing.missing) == (len(ROWS), 0)
    upload.refresh_from_db()
    assert upload.staged_rows == len(ROWS), "it isn't staged again from the first row"
    tick()
    assert not RecordOutcome.objects.exists()
    assert not UpkeepStep.objects.filter(name=steps.RELEASE, failing_since__isnull=False).exists()


def test_a_cancelled_upload_ends_for_good_and_its_rows_count_nowhere(pipeline: Pipeline, staff: User) -> None:
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pause("VEND001", "Wait.", staff)
    pipeline.settle()
    assert finish.cancel(upload.pk)
    resume("VEND001", staff)
    go_on(pipeline)

    upload.refresh_from_db()
    assert (upload.status, upload.total_records, upload.withheld_from) == ("cancelled", 0, None)
    assert set(statuses(upload.pk)) == {"error"}


def test_what_comes_to_an_upload_that_was_complete_is_not_lost(pipeline: Pipeline, staff: User) -> None:
    put(1)
    pipeline.settle()
    pause("VEND001", "Wait.", staff)
    put(2, 3)
    pipeline.settle()
    assert UploadHistory.objects.get().total_records == 1
    assert release.due() == [], "not while it is paused"

    resume("VEND001", staff)
    assert release.due() == [ERP]
    tick()
    upload = UploadHistory.objects.get()
    assert (upload.status, upload.total_records, upload.withheld_from) == ("completed", 3, None)


def test_paused_again_before_all_went_through_the_rest_waits_on(
    pipeline: Pipeline, staff: User, undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "CHUNK", 10)
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pause("VEND001", "Wait.", staff)
    pipeline.settle()
    resume("VEND001", staff)
    commit, chunks = reconcile.commit, [0]

    def commit_and_pause(*arguments: Any) -> None:
        chunks[0] += 1
        if chunks[0] == 3:
            pause("VEND001", "Wait again.", staff)
        commit(*arguments)

    monkeypatch.setattr(reconcile, "commit", commit_and_pause)
    tick()
    assert RecordOutcome.objects.count() == 20
    upload.refresh_from_db()
    assert upload.withheld_from in {f"REC_{n:07d}" for n in (20, 21)}

    resume("VEND001", staff)
    go_on(pipeline, upload)
    came = all_that_came()
    assert came == undisturbed()


def test_the_schedule_lets_through_only_so_much_at_once(
    pipeline: Pipeline, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "CHUNK", 10)
    upload = pipeline.send(feed(*ROWS))
    pipeline.stage(upload)
    pause("VEND001", "Wait.", staff)
    pipeline.settle()
    resume("VEND001", staff)

    assert release.release(upload.pk, deadline=0.0) is False
    assert RecordOutcome.objects.count() == 10
    assert release.release(upload.pk, deadline=0.0) is False
    assert RecordOutcome.objects.count() == 19, "it went on where it was: the last record is looked at twice"


def test_failed_rows_are_not_retried_meanwhile_and_that_is_said(pipeline: Pipeline, staff: User) -> None:
    upload = pipeline.run(feed(line(1, price="free")))
    pause("VEND001", "The prices look wrong.", staff)
    job = retry.start(Selection(upload_id=upload.pk, vendor_id="VEND001"), staff)
    ended = run_jobs(job)
    assert ended.state == "failed"
    assert "are paused since" in ended.failure
    assert "The prices look wrong" in ended.failure
    assert RecordOutcome.objects.count() == 1


def test_pausing_twice_or_resuming_what_goes_on_is_nothing(vendor: Vendor, staff: User) -> None:
    assert resume("VEND001", staff) is None
    assert pause("VEND001", "One.", staff)
    assert pause("VEND001", "Two.", staff) is None
    hold = holds.of("VEND001")
    assert hold is not None
    assert hold.reason == "One."
    assert resume("VEND001", staff)
    assert holds.of("VEND001") is None


def test_statuses_that_are_owed_are_written_also_while_it_is_paused(
    pipeline: Pipeline, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_send", lambda reader, owed: None)
    put(1)
    pipeline.settle()
    pause("VEND001", "Wait.", staff)
    assert statuses(ERP) == ["pending_validation"]
    writeback.sweep(older_than_seconds=0)
    assert statuses(ERP) == ["validated"]
