"""A file that is the whole catalog: what it lacks is retired after its last row, never deleted, and undone with it."""

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from catalog.models import Product, ProductCatalog, ProductChange
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.corrections import undo
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import finish, report, stream
from uploads.pipeline.examine import Refused
from uploads.pipeline.guard import hold
from uploads.pipeline.holding import pausing
from uploads.pipeline.receive import Options
from uploads.pipeline.replace import absent, lacked
from vendors.models import Vendor

REPLACE = Options("replace")
DUE, DONE, REFUSED = "due", "done", "refused"


@pytest.fixture
def five(pipeline: Pipeline) -> None:
    pipeline.run(feed(*map(line, range(1, 6))))


def statuses() -> dict[str, str]:
    return dict(Product.objects.values_list("vendor_product_id", "status"))


def active() -> list[str]:
    return sorted(key for key, status in statuses().items() if status == "active")


def test_what_the_file_lacks_is_retired_and_never_deleted(pipeline: Pipeline, five: None) -> None:
    upload = pipeline.run(feed(line(1), line(2), line(3, price="9.00"), line(6)), options=REPLACE)
    assert (upload.status, upload.absent_state, upload.absent_records) == ("completed", DONE, 2)
    assert statuses() == {"P-1": "active", "P-2": "active", "P-3": "active", "P-4": "retired", "P-5": "retired",
                          "P-6": "active"}  # fmt: skip
    assert ProductCatalog.objects.count() == 4
    # What the rows of the file came to is counted without them.
    assert (upload.total_records, upload.valid_records, upload.inserted_records) == (4, 4, 1)
    assert (upload.updated_records, upload.unchanged_records, upload.retired_records) == (1, 2, 0)


def test_each_has_a_row_in_the_ledger_and_in_its_history_that_owe_nothing(pipeline: Pipeline, five: None) -> None:
    upload = pipeline.run(feed(*map(line, range(1, 5))), options=REPLACE)
    product = Product.objects.get(vendor_product_id="P-5")
    [row] = RecordOutcome.objects.filter(upload_id=upload.pk, outcome="retired")
    assert (row.product_id, row.record_id, row.row_number) == (product.pk, f"ABSENT_{product.pk:010d}", 0)
    assert row.upload_sequence == upload.sequence
    assert row.written_back_at is not None
    [change] = ProductChange.objects.filter(product_id=product.pk)
    assert (change.kind, change.upload_id, change.changes) == (
        "updated", upload.pk, {"status": ["active", "retired"]},
    )  # fmt: skip


def test_where_the_vendor_wants_it_the_stock_of_what_is_absent_is_0(pipeline: Pipeline, five: None) -> None:
    Vendor.objects.update(absent_products="zero_stock")
    Product.objects.filter(vendor_product_id="P-5").update(stock_quantity=0)
    upload = pipeline.run(feed(*map(line, range(1, 4))), options=REPLACE)
    assert upload.absent_records == 1, "what has none already is left alone"
    assert len(active()) == 5
    stock = dict(Product.objects.values_list("vendor_product_id", "stock_quantity"))
    assert (stock["P-4"], stock["P-5"]) == (0, 0)
    assert stock["P-1"] > 0


def test_a_retired_product_that_comes_again_is_active_again(pipeline: Pipeline, five: None) -> None:
    pipeline.run(feed(*map(line, range(1, 5))), options=REPLACE)
    upload = pipeline.run(feed(line(5)))
    assert (upload.updated_records, len(active())) == (1, 5)


def test_an_undo_brings_back_what_the_file_retired(pipeline: Pipeline, five: None, admin_user: User) -> None:
    before = list(Product.objects.order_by("pk").values())
    upload = pipeline.run(feed(line(1, price="3.00"), line(2), line(3), line(7)), options=REPLACE)
    assert upload.absent_records == 2
    undo.start(upload, admin_user, dry=False)
    run_jobs()
    after = list(Product.objects.order_by("pk").values())
    assert [{**one, "updated_at": None} for one in after] == [{**one, "updated_at": None} for one in before]
    # And what was taken back stands in nobody's way: an older file's word counts again.
    again = pipeline.run(feed(*map(line, range(1, 5))), options=REPLACE)
    assert again.absent_records == 1


def test_another_vendors_products_are_none_of_its_business(
    pipeline: Pipeline, five: None, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(11), line(12)), vendor_id=other_vendor.pk)
    pipeline.run(feed(*map(line, range(1, 5))), options=REPLACE)
    assert set(Product.objects.filter(vendor=other_vendor).values_list("status", flat=True)) == {"active"}


def test_what_was_added_or_edited_since_the_file_came_stays(pipeline: Pipeline, five: None, admin_user: User) -> None:
    upload = pipeline.send(feed(*map(line, range(1, 4))), options=REPLACE)
    newer = pipeline.send(feed(line(4), line(8)))
    for one in (newer, upload):
        pipeline.stage(one)
    with connection.cursor() as cursor:  # by SQL, of which nothing else is written down
        cursor.execute(
            "INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, price, stock_quantity)"
            " VALUES ('VEND001', 'P-9', 'Product', 'Electronics', 'SKU-9', 1, 1)"
        )
    edited = Product.objects.get(vendor_product_id="P-5")
    ProductChange.objects.create(product_id=edited.pk, kind="edited", changes={"brand": ["", "x"]})
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.absent_state, upload.absent_records) == (DONE, 0)
    assert len(active()) == 7


# --- absent because wrong is not absent ------------------------------------------------------------------------


def many(pipeline: Pipeline, count: int = 30) -> None:
    pipeline.run(feed(*map(line, range(1, count + 1))))


def test_a_wrong_row_protects_its_product(pipeline: Pipeline) -> None:
    many(pipeline)
    rows = [line(1, price="free"), line(2, vendor_product_id="", sku=line(2).split(",")[3]), *map(line, range(3, 30))]
    upload = pipeline.run(feed(*rows), options=REPLACE)
    assert (upload.error_records, upload.absent_state, upload.absent_records) == (2, DONE, 1)
    assert set(statuses()) - set(active()) == {"P-30"}


@pytest.mark.parametrize(
    ("rows", "options", "says"),
    [
        # Cut off in the middle of a line, or of a quoted text.
        ([*map(line, range(1, 29)), "P-29,Lam"], REPLACE, "1 row doesn't say which product is meant"),
        ([*map(line, range(1, 29)), 'P-29,"Lamp'], REPLACE, "1 row doesn't say which product is meant"),
        # Fewer rows than its sender says.
        ([*map(line, range(1, 29))], replace(REPLACE, announced_rows=30), "was to have 30 rows, and has 28"),
        # Mostly wrong.
        ([line(n, price="free") for n in range(1, 30)], REPLACE, "29 of 29 rows are wrong"),
        ([line(n, price="free") for n in range(1, 5)] + [*map(line, range(5, 30))], REPLACE, "4 of 29 rows are wrong"),
        # Another company's.
        ([*map(line, range(101, 131))], REPLACE, "names none of your 30 active products"),
        # A part of it.
        ([*map(line, range(1, 9))], REPLACE, "names 8 of your 30 active products"),
    ],
)  # fmt: skip
def test_by_a_file_that_may_lack_something_nothing_is_retired_and_it_says_why(
    pipeline: Pipeline, rows: list[str], options: Options, says: str
) -> None:
    many(pipeline)
    UploadHistory.objects.update(guard="")
    upload = pipeline.send(feed(*rows), options=options)
    UploadHistory.objects.filter(pk=upload.pk).update(guard="passed", status="processing", held_until=None)
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.status, upload.absent_state, upload.absent_records) == ("completed", REFUSED, 0)
    assert says in upload.absent_why
    assert "othing was retired" in upload.absent_why
    assert {f"P-{n}" for n in range(1, 31)} <= set(active())
    assert not RecordOutcome.objects.filter(record_id__startswith="ABSENT").exists()


def test_an_empty_file_is_refused_as_ever(pipeline: Pipeline, five: None) -> None:
    for text in ("", feed()):
        with pytest.raises(Refused):
            pipeline.send(text, options=REPLACE)
    assert len(active()) == 5


def test_a_list_that_only_changes_products_is_no_whole_catalog(pipeline: Pipeline, five: None) -> None:
    with pytest.raises(Refused, match="can’t be your whole catalog"):
        pipeline.send("sku,price\nA-1,3.00\n", options=REPLACE)


def test_rows_that_were_ignored_keep_nothing_back(pipeline: Pipeline, admin_user: User) -> None:
    many(pipeline)
    upload = pipeline.send(feed(*map(line, range(1, 30)), "P-30,Lam"), options=REPLACE)
    pipeline.guard(upload)
    pipeline.stage(upload)
    # Before its last rows are through, somebody looks at the wrong one.
    stream.consume()
    ValidationError.objects.filter(upload=upload).update(resolved_at=upload.created_at, resolution="ignored")
    finish.finish(upload.pk)
    upload.refresh_from_db()
    assert (upload.absent_state, upload.absent_records) == (DONE, 1)


def test_two_whole_catalogs_at_once_retire_nothing_and_say_so(pipeline: Pipeline, five: None) -> None:
    one = pipeline.send(feed(*map(line, range(1, 4))), name="one.csv", options=REPLACE)
    two = pipeline.send(feed(*map(line, range(3, 6))), name="two.csv", options=REPLACE)
    for upload in (one, two):
        pipeline.stage(upload)
        pipeline.settle()
    for upload, other in ((one, "two.csv"), (two, "one.csv")):
        upload.refresh_from_db()
        assert (upload.status, upload.absent_state) == ("completed", REFUSED)
        assert other in upload.absent_why
    assert len(active()) == 5


def test_one_after_the_other_is_no_matter(pipeline: Pipeline, five: None) -> None:
    pipeline.run(feed(*map(line, range(1, 5))), options=REPLACE)
    upload = pipeline.run(feed(*map(line, range(1, 4))), options=REPLACE)
    assert (upload.absent_state, upload.absent_records) == (DONE, 1)


def test_a_whole_catalog_that_is_held_or_was_until_it_was_cancelled_is_none_that_is_under_way(
    pipeline: Pipeline,
) -> None:
    many(pipeline)
    broken = [pipeline.run(feed(*map(line, range(1, 11))), options=REPLACE) for _ in range(2)]
    assert [one.status for one in broken] == ["held", "held"]
    right = pipeline.send(feed(*map(line, range(1, 30))), name="right.csv", options=REPLACE)
    finish.cancel(broken[0].pk)
    pipeline.stage(right)
    pipeline.settle()
    right.refresh_from_db()
    assert (right.absent_state, right.absent_records, right.absent_why) == (DONE, 1, "")
    hold.release(broken[1], None)
    pipeline.stage(broken[1])
    pipeline.settle()
    broken[1].refresh_from_db()
    assert (broken[1].status, broken[1].absent_state) == ("completed", REFUSED)
    assert "right.csv" in broken[1].absent_why
    assert len(active()) == 29


@pytest.mark.parametrize(("agreed", "state", "count"), [(27, DONE, 27), (26, REFUSED, 0)])
def test_what_a_person_has_agreed_to_is_done_and_no_more(
    pipeline: Pipeline, agreed: int, state: str, count: int
) -> None:
    many(pipeline)
    upload = pipeline.send(feed(*map(line, range(1, 4))), options=replace(REPLACE, absent_agreed=agreed))
    UploadHistory.objects.filter(pk=upload.pk).update(guard="passed", status="processing", held_until=None)
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.absent_state, upload.absent_records) == (state, count)


# --- killed, and gone on with ----------------------------------------------------------------------------------


def test_a_worker_that_dies_between_slices_leaves_whole_ones_and_another_goes_on(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absent, "SLICE_PRODUCTS", 3)
    many(pipeline)
    upload = pipeline.send(feed(*map(line, range(1, 19))), options=replace(REPLACE, absent_agreed=12))
    UploadHistory.objects.filter(pk=upload.pk).update(guard="passed", status="processing", held_until=None)
    pipeline.stage(upload)
    stream.consume()
    seen = []
    write_down = absent._write_down

    def dying(*arguments: Any) -> None:
        seen.append(len(active()))
        write_down(*arguments)
        if len(seen) in (2, 4):
            raise SystemExit("killed")

    monkeypatch.setattr(absent, "_write_down", dying)
    for _ in range(2):
        with pytest.raises(SystemExit):
            finish.finish(upload.pk)
    finish.finish(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.absent_state, upload.absent_records) == ("completed", DONE, 12)
    assert seen == [27, 24, 24, 21, 21, 18, 18], "what a killed one did is done once more, and nothing else"
    assert len(active()) == 18
    assert RecordOutcome.objects.filter(upload_id=upload.pk, outcome="retired").count() == 12
    assert ProductChange.objects.filter(upload_id=upload.pk).count() == 12


def test_an_upload_that_was_cancelled_meanwhile_retires_nothing_more(pipeline: Pipeline, five: None) -> None:
    upload = pipeline.send(feed(*map(line, range(1, 4))), options=REPLACE)
    pipeline.stage(upload)
    stream.consume()
    finish.cancel(upload.pk)
    assert absent.settle(upload.pk)
    assert len(active()) == 5


def test_nothing_is_retired_while_the_vendors_feeds_are_paused_and_no_report_is_written_for_it(
    pipeline: Pipeline, five: None, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(line(1), line(2), line(3), *(line(n) for n in range(6, 16)), line(4, price="free")),
                           options=REPLACE)  # fmt: skip
    pipeline.stage(upload)
    with monkeypatch.context() as patch:
        patch.setattr(finish, "finish", lambda _: False)  # the last row is checked, and then it is paused
        pipeline.settle()
    pausing.pause("VEND001", "Wait.", admin_user)
    written = list[str]()

    def stored(upload: UploadHistory) -> str:
        written.append(upload.pk)
        return "key"

    with monkeypatch.context() as patch:
        patch.setattr(report, "store", stored)
        assert not finish.finish(upload.pk)
    assert (written, len(active())) == ([], 15)
    pausing.resume("VEND001", admin_user)
    assert finish.finish(upload.pk)
    assert active() == sorted(f"P-{n}" for n in range(1, 16) if n != 5)


def test_it_is_not_complete_before_that_step_is_over(pipeline: Pipeline, five: None) -> None:
    upload = pipeline.send(feed(*map(line, range(1, 4))), options=REPLACE)
    pipeline.stage(upload)
    stream.consume()
    upload.refresh_from_db()
    assert finish._complete(upload, "") is None
    assert finish.finish(upload.pk)


def test_the_absent_are_found_along_the_index_of_the_vendors_ids_with_a_probe_for_each(pipeline: Pipeline) -> None:
    many(pipeline)
    upload = pipeline.send(feed(*map(line, range(1, 30))), options=REPLACE)
    with connection.cursor() as cursor:
        # As much as makes reading a table from its beginning to its end the dearer way, for whatever plan.
        cursor.execute(
            """
            INSERT INTO products (vendor_id, vendor_product_id, product_name, category, sku, price, stock_quantity)
            SELECT 'VEND001', 'Q-' || n, 'Product', 'Electronics', 'Q-' || n, 1, 1 FROM generate_series(1, 5000) n
            """
        )
        cursor.execute(
            """
            INSERT INTO record_outcomes (upload_id, record_id, upload_sequence, vendor_id, row_number, outcome,
                                         product_id)
            SELECT 'Q', product_id::text, 1, vendor_id, 1, 'updated', product_id FROM products
            """
        )
        cursor.execute(
            """
            INSERT INTO validation_errors (upload_id, vendor_id, record_id, row_number, severity, error_type,
                                           error_message, original_data, identity)
            SELECT %s, vendor_id, product_id::text, 1, 'error', 'invalid_price', '', '{}',
                   vendor_id || ' id:' || vendor_product_id
              FROM products
            """,
            [upload.pk],
        )
        cursor.execute("ANALYZE products, record_outcomes, validation_errors, product_changes")
        cursor.execute(f"EXPLAIN {lacked.query(upload.absent_to).as_string()}", lacked.given(upload, 500))
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Scan using products_vendor_id_vendor_product_id_key" in plan
    assert "using idx_record_outcomes_product" in plan
    assert "idx_validation_errors_identity" in plan
    assert "Hash" not in plan
    assert "Sort" not in plan
