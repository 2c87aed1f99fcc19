"""Uploads that ended long ago: what is deleted of their rows, and that nothing counts, wins or opens otherwise then."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from psycopg.sql import SQL

from catalog import committer
from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.corrections.undoing import catalog, put, undone
from tests.uploads.keeping.aging import age, archive, counters, delete_old, left, removed
from uploads.aws import dynamo
from uploads.aws.records import decode
from uploads.corrections import correct, failed_rows, ignoring, retry, undo
from uploads.corrections.failed_rows import Selection
from uploads.corrections.retry import NotRetriable
from uploads.keeping import archive as archiving
from uploads.keeping import turn
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import reconcile
from uploads.pipeline.table import continuity, scan
from uploads.work import jobs

FIRST, SECOND, THIRD = (f"REC_000000{number}" for number in (1, 2, 3))


def pending_again(upload: UploadHistory, record_id: str = FIRST) -> None:
    """As another program puts it once more: the same keys, to be validated."""
    item = dynamo.get_record(upload.pk, record_id)
    assert item
    dynamo.put_records([{**item, "status": {"S": "pending_validation"}}])


def read_the_table() -> None:
    continuity.see(*dynamo.current_stream())
    continuity.doubt(dynamo.stream_arn(), "Asked for.")
    while scan.go_on(pause=0):
        pass


# --- what goes and what stays ------------------------------------------------------------------------------------


def test_of_a_product_the_newest_row_stays_and_older_ones_go(pipeline: Pipeline) -> None:
    first = pipeline.run(feed(line(1), line(2), line(3)))
    second = pipeline.run(feed(line(1, price="2.00"), line(2)))
    third = pipeline.run(feed(line(1, price="2.00")))
    before = [counters(upload) for upload in (first, second, third)]

    archive(first, second)

    assert left() == [
        (first.pk, THIRD, "inserted"),
        (second.pk, FIRST, "updated"), (second.pk, SECOND, "unchanged"),
        (third.pk, FIRST, "unchanged"),
    ]  # fmt: skip
    assert removed() == {"rows": 2, "errors": 1}, "its price had changed by much"
    assert [counters(upload) for upload in (first, second, third)] == before
    assert first.archived_at
    assert first.rows_deleted_at

    archive(third)
    assert left() == [(first.pk, THIRD, "inserted"), (second.pk, SECOND, "unchanged"), (third.pk, FIRST, "unchanged")]


def test_what_touches_no_product_any_more_goes(pipeline: Pipeline, admin_user: User) -> None:
    kept = pipeline.run(feed(line(1)))
    gone = pipeline.run(feed(line(2)))
    superseded = pipeline.send(feed(line(3, price="1.00")))
    pipeline.run(feed(line(3)))
    pipeline.stage(superseded)
    pipeline.settle()
    taken_back = pipeline.run(feed(line(4)))
    undone(taken_back, admin_user)
    Product.objects.get(sku="SKU-2").delete()
    superseded.refresh_from_db()
    assert superseded.superseded_records == 1

    archive(kept, gone, superseded, taken_back)

    assert [(upload, outcome) for upload, _, outcome in left()][:1] == [(kept.pk, "inserted")]
    assert {upload for upload, *_ in left()} & {gone.pk, superseded.pk, taken_back.pk} == set()


def test_rows_with_open_errors_and_statuses_that_dont_stand_stay(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="free"), line(2, price="free"), line(3, price="free"), line(4, price="0")))
    others = pipeline.run(feed(line(2), line(3), line(4)))
    RecordOutcome.objects.filter(upload_id=upload.pk, record_id=SECOND).update(written_back_at=None)
    RecordOutcome.objects.filter(upload_id=upload.pk, record_id=THIRD).update(write_back_failure="ValidationException")

    archive(upload, others)

    assert [record for of, record, _ in left() if of == upload.pk] == [FIRST, SECOND, THIRD]
    assert [error.row_number for error in ValidationError.objects.all()] == [1]
    assert [row.row_number for row in failed_rows.of(upload.pk, [FIRST])] == [1], "its page shows it"
    assert counters(upload)[:3] == (4, 0, 4)
    assert (upload.open_records, upload.closed_records) == (1, 3)
    assert removed() == {"errors": 3, "rows": 1}


def test_an_upload_under_way_or_with_an_open_job_isnt_archived_nor_one_that_moves(
    pipeline: Pipeline, admin_user: User
) -> None:
    ended = pipeline.run(feed(line(1)))
    open_one = pipeline.send(feed(line(2)))
    put("X", vendor_product_id="P-9", sku="SKU-9")
    pipeline.settle()
    moving = UploadHistory.objects.get(pk="ERP")
    age(ended, open_one, moving)
    job = undo.start(ended, admin_user, dry=True)
    UploadHistory.objects.filter(pk="ERP").update(file_name="It has moved")

    delete_old()
    assert UploadHistory.objects.filter(archived_at__isnull=False).count() == 0

    run_jobs(job)
    age(moving)
    delete_old()
    assert set(UploadHistory.objects.filter(archived_at__isnull=False)) == {ended, moving}


def test_nothing_is_archived_where_rows_are_kept_for_ever(pipeline: Pipeline, settings: Any) -> None:
    settings.KEEP_ROWS_DAYS = 0
    upload = pipeline.run(feed(line(1), line(1, sku="S-2", vendor_product_id="P-2")))
    archive(upload)
    assert upload.archived_at is None
    assert removed() == {}


# --- nothing counts twice ----------------------------------------------------------------------------------------

# How a record that was put again comes in.
COMING: dict[str, Callable[[Pipeline, UploadHistory], object]] = {
    "by the stream": lambda pipeline, upload: pipeline.settle(),
    "by a reading of the table": lambda pipeline, upload: read_the_table(),
    "by a reconcile": lambda pipeline, upload: reconcile.reconcile(upload.pk),
}


@pytest.mark.parametrize("coming", COMING)
@pytest.mark.parametrize("source", ["file", "program"])
def test_a_record_whose_row_is_gone_counts_never_again(pipeline: Pipeline, source: str, coming: str) -> None:
    if source == "file":
        old = pipeline.run(feed(line(1)))
    else:
        put(FIRST)
        pipeline.settle()
        old = UploadHistory.objects.get()
    newer = pipeline.run(feed(line(1, price="2.00")))
    archive(old, newer)
    assert left() == [(newer.pk, FIRST, "updated")]
    before = counters(old), catalog()

    pending_again(old)
    COMING[coming](pipeline, old)

    assert (counters(old), catalog()) == before
    item = dynamo.get_record(old.pk, FIRST)
    assert item
    assert decode(item).status == "error"
    assert item["error_reason"]["S"] == "The upload is archived and takes no more rows. Send it under a new upload_id."


def test_a_record_whose_row_is_there_gets_its_status_again(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1)))
    archive(upload)
    pending_again(upload)
    pipeline.settle()
    item = dynamo.get_record(upload.pk, FIRST)
    assert item
    assert decode(item).status == "validated"
    assert counters(upload)[:3] == (1, 1, 0)


# --- the newest upload that stands wins --------------------------------------------------------------------------


def test_an_older_upload_that_comes_late_overwrites_nothing_of_archived_ones(pipeline: Pipeline) -> None:
    late = pipeline.send(feed(line(1, price="1.00")))
    archived = [pipeline.run(feed(line(1, price=price))) for price in ("2.00", "3.00")]
    archive(*archived)
    assert left() == [(archived[1].pk, FIRST, "updated")]

    pipeline.stage(late)
    pipeline.settle()

    late.refresh_from_db()
    assert late.superseded_records == 1
    assert catalog()["SKU-1"][1] == "3.00"


def test_where_a_newer_upload_is_undone_the_archived_one_before_it_wins(pipeline: Pipeline, admin_user: User) -> None:
    late = pipeline.send(feed(line(1, price="1.00")))
    archived = [pipeline.run(feed(line(1, price=price))) for price in ("2.00", "3.00")]
    newest = pipeline.run(feed(line(1, price="4.00")))
    archive(*archived)
    assert undone(newest, admin_user) == {"reversed": 1}
    assert catalog()["SKU-1"][1] == "3.00"

    pipeline.stage(late)
    pipeline.settle()

    assert catalog()["SKU-1"][1] == "3.00"


def test_errors_that_an_undo_opens_stay_closed_where_an_archived_upload_stands(
    pipeline: Pipeline, admin_user: User
) -> None:
    wrong = pipeline.run(feed(line(1, price="free"), line(2, price="free")))
    archived = [pipeline.run(feed(line(1))), pipeline.run(feed(line(1)))]
    newest = pipeline.run(feed(line(1, price="4.00"), line(2)))
    archive(wrong, *archived)
    assert [error.row_number for error in ValidationError.objects.errors()] == [2], "that one can be opened again"

    assert undone(newest, admin_user) == {"reversed": 2}

    wrong.refresh_from_db()
    assert (wrong.open_records, wrong.closed_records) == (1, 1)
    archive(newest)
    assert [error.resolved_at for error in ValidationError.objects.all()] == [None]


def test_errors_closed_by_an_upload_go_when_that_is_archived_too(pipeline: Pipeline) -> None:
    wrong = pipeline.run(feed(line(1, price="free")))
    right = pipeline.run(feed(line(1)))
    archive(wrong)
    assert ValidationError.objects.count() == 1
    archive(right)
    assert ValidationError.objects.count() == 0
    assert removed()["errors"] == 1


# --- what people are told ----------------------------------------------------------------------------------------


def test_an_archived_upload_cant_be_undone_nor_its_rows_retried_and_says_so(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free")))
    waiting = retry.start(Selection(upload_id=upload.pk), admin_user)
    undoing = undo.start(upload, admin_user, dry=False)
    UploadHistory.objects.filter(pk=upload.pk).update(archived_at="2027-12-31T12:00Z")
    upload.refresh_from_db()

    assert run_jobs(waiting).result["valid"] == 0
    job = run_jobs(undoing)
    assert (job.state, job.failure[:39]) == ("failed", "The upload was archived on 2027-12-31, ")
    with pytest.raises(NotRetriable, match=r"was archived on 2027-12-31.*Send the row again in a new file\."):
        correct.correct(upload.pk, SECOND, 1, {"price": "9.99"}, admin_user)
    with pytest.raises(jobs.JobFailed, match=r"was archived on 2027-12-31.*What stood before it isn't kept any more\."):
        undo.start(upload, admin_user, dry=True)
    assert len(catalog()) == 1


# --- killed anywhere ---------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process ends here."""


def test_who_is_killed_anywhere_is_followed_by_one_that_goes_on_and_nothing_is_counted_twice(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [line(number) for number in range(1, 5)]
    uploads = [
        pipeline.run(feed(*rows, line(9, price="free"))), pipeline.run(feed(*rows)), pipeline.run(feed(*rows, line(9)))
    ]  # fmt: skip
    age(*uploads)
    monkeypatch.setattr(archiving, "BATCH_ROWS", 2)
    monkeypatch.setattr(archiving, "BATCH_UPLOADS", 1)
    notes, kills = turn.Turn.note, iter(range(1, 100))

    def killed(self: turn.Turn, removed: int, position: str = "") -> None:
        """Before what it does is committed, and each second time after that."""
        number = next(kills)
        if number % 2:
            raise Killed
        notes(self, removed, position)

    monkeypatch.setattr(turn.Turn, "note", killed)
    runs = 0
    while UploadHistory.objects.filter(rows_deleted_at=None).exists():
        try:
            delete_old()
        except Killed:
            runs += 1
        assert runs < 90

    assert runs > 5
    assert [upload for upload, *_ in left()] == [uploads[2].pk] * 5
    assert removed() == {"rows": 9, "errors": 1}
    assert [counters(upload)[0] for upload in uploads] == [5, 4, 5]


def test_two_workers_never_delete_of_one_kind_at_once(pipeline: Pipeline) -> None:
    age(pipeline.run(feed(line(1))))
    mine = turn.take("rows", 400)
    assert mine
    delete_old()
    assert not UploadHistory.objects.filter(archived_at__isnull=False).exists()
    assert turn.take("rows", 400) is None


def test_an_error_that_is_opened_again_while_settled_ones_are_deleted_stays(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1, price="free")))
    keys = [row.key for row in failed_rows.of(upload.pk, [FIRST])]
    ignoring.set_aside(keys, admin_user)
    age(upload)
    assert archiving._archive(400) == 1

    def delete() -> None:
        try:
            delete_old()
        finally:
            connection.close()

    deleting = threading.Thread(target=delete)
    with transaction.atomic():
        committer.lock_vendors([upload.vendor_id])
        assert ignoring.move(keys, admin_user, back=True) == 1
        deleting.start()
        with connection.cursor() as cursor:
            while True:  # until it waits for this transaction
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if cursor.fetchone() == (1,):
                    break
                assert deleting.is_alive(), "it didn't wait"
    deleting.join()

    upload.refresh_from_db()
    assert upload.open_records == ValidationError.objects.filter(resolved_at=None).count() == 1


def test_a_batch_reads_neither_the_whole_catalog_nor_all_that_is_owed(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2)))
    columns = "vendor_id, product_name, category, price, stock_quantity"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO products (vendor_product_id, sku, {columns}) SELECT 'Q-' || n, 'Q-' || n, {columns}"
            " FROM products, generate_series(1, 20000) n WHERE sku = 'SKU-1'"
        )
        cursor.execute(
            "INSERT INTO record_outcomes (upload_id, record_id, attempt, upload_sequence, vendor_id, row_number,"
            " outcome, product_id, error_reason, written_back_at) SELECT upload_id, 'R' || p.product_id, 1,"
            " upload_sequence, o.vendor_id, 9, 'inserted', p.product_id, '', now() FROM record_outcomes o, products p"
            " WHERE row_number = 1"
        )
        cursor.execute("ANALYZE products; ANALYZE record_outcomes")
        cursor.execute(SQL("EXPLAIN {}").format(archiving._LEDGER), [upload.pk, "", 0, 1000])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on products" not in plan, plan
    assert "idx_record_outcomes_owed" not in plan, plan
