"""Wrong values are counted as rows fail and are mended: the counts are at every moment what the errors say."""

import random
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection

from catalog.models import Product
from tests.commands import as_manage_py
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.schema.plain_sql import libpq
from tests.uploads.corrections.undoing import undone
from tests.uploads.keeping.aging import archive
from uploads.corrections import correct, ignoring, retry, undo
from uploads.corrections.failed_rows import Selection
from uploads.keeping import offboarding
from uploads.models import Job, OpenValue, UploadHistory, ValidationError, ValueTotal
from uploads.pipeline import finish
from uploads.pipeline.settling import closing, totals
from vendors.models import Vendor

VENDORS = ("VEND001", "VEND002")
WRONG: list[dict[str, str]] = [
    {}, {}, {"category": "TVs"}, {"category": "tvs"}, {"category": ""}, {"price": "x"}, {"sku": "A"},
    {"price": "x", "stock_quantity": "x", "category": "TVs"}, {"vendor_product_id": ""}, {"product_name": "y" * 201},
]  # fmt: skip


def kept(**which: Any) -> dict[tuple[str, str, str], int]:
    """(vendor, field, value) → rows, of what a right value would mend unless a claim is asked for."""
    found = OpenValue.objects.filter(rows__gt=0, **{"claim": False, **which})
    return {(one.vendor_id, one.field, one.value): one.rows for one in found}


def shared(**which: Any) -> dict[tuple[str, str], tuple[int, int]]:
    """(field, value) → rows and vendors, added up just now."""
    totals.add_up()
    found = ValueTotal.objects.filter(**{"claim": False, **which})
    return {(one.field, one.value): (one.rows, one.vendors) for one in found}


def assert_right() -> None:
    """Nothing differs from what is counted from scratch, of any vendor and over all of them."""
    assert {vendor: totals.recount(vendor, dry_run=True) for vendor in VENDORS} == {one: {} for one in VENDORS}
    totals.add_up()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.claim, c.field, c.value, sum(c.rows), count(*)
              FROM vendors v CROSS JOIN LATERAL open_values_counted(v.vendor_id) c GROUP BY 1, 2, 3
            """
        )
        right = set(cursor.fetchall())
        cursor.execute("SELECT claim, field, value, rows, vendors FROM shared_values")
        assert set(cursor.fetchall()) == right
        cursor.execute("SELECT count(*) FROM open_values WHERE changed OR rows <= 0")
        assert cursor.fetchone() == (0,)


# --- what is counted ---------------------------------------------------------------------------------------------


def test_rows_are_counted_by_value_whatever_its_capitals_and_over_all_vendors(
    pipeline: Pipeline, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(1, category="TVs"), line(2, category="tvs", price="x"), line(3, category=""), line(4)))
    pipeline.run(feed(line(5, category="TVS"), line(6, sku="SKU-4")), "VEND002")

    assert kept() == {
        ("VEND001", "category", "tvs"): 2, ("VEND001", "category", ""): 1, ("VEND001", "price", "x"): 1,
        ("VEND002", "category", "tvs"): 1,
    }  # fmt: skip
    assert kept(claim=True) == {("VEND002", "sku", "sku-4"): 1}
    assert shared() == {("category", "tvs"): (3, 2), ("category", ""): (1, 1), ("price", "x"): (1, 1)}
    assert ValueTotal.objects.get(field="category", value="tvs").spelling in ("TVs", "tvs"), "as somebody wrote it"
    assert_right()


@pytest.mark.parametrize(
    ("wrong", "counted"),
    [
        ({"sku": ""}, {}),
        ({"vendor_product_id": ""}, {}),
        ({"sku": "a b !"}, {("sku", "a b !"): (1, 1)}),
        ({"product_name": "y" * 201}, {}),
        ({"product_name": ""}, {("product_name", ""): (1, 1)}),
    ],
    ids=["no SKU", "no product ID", "a wrong SKU", "a value too long to be kept", "no name"],
)
def test_what_no_right_value_mends_for_several_rows_is_not_counted(
    pipeline: Pipeline, wrong: dict[str, str], counted: dict[tuple[str, str], tuple[int, int]]
) -> None:
    pipeline.run(feed(line(1, **wrong), line(2)))
    assert shared() == counted
    assert_right()


def test_what_is_mended_ignored_closed_or_no_ones_business_any_more_leaves_and_comes_back(
    pipeline: Pipeline, admin_user: User
) -> None:
    first = pipeline.run(feed(*(line(n, category="TVs") for n in range(1, 5)), line(9)))
    tvs = Selection(vendor_id="VEND001", field="category")

    def rows() -> int:
        assert_right()
        return kept().get(("VEND001", "category", "tvs"), 0)

    assert rows() == 4
    correct.correct(first.pk, "REC_0000001", 1, {"category": "Electronics"}, admin_user)
    assert rows() == 3
    aside = Selection(upload_id=first.pk, vendor_id="VEND001", field="category")
    run_jobs(ignoring.start(aside, admin_user))
    assert rows() == 0
    run_jobs(ignoring.start(aside, admin_user, back=True))
    assert rows() == 3
    second = pipeline.run(feed(line(2)))
    assert rows() == 2, "a newer file brought one"
    undone(second, admin_user)
    assert rows() == 3, "and it was taken back"
    undone(first, admin_user)
    assert rows() == 0
    third = pipeline.run(feed(line(5, category="TVs")))
    assert rows() == 1
    run_jobs(retry.start(tvs, admin_user, {"tvs": "Electronics"}))
    assert rows() == 0
    archive(third)
    assert rows() == 0
    assert not ValueTotal.objects.exists()


def test_an_upload_that_is_cancelled_or_archived_takes_its_rows_with_it(pipeline: Pipeline) -> None:
    archived = pipeline.run(feed(line(1, category="TVs")))
    cancelled = pipeline.run(feed(line(2, category="TVs")))
    UploadHistory.objects.filter(pk=cancelled.pk).update(status="processing")
    assert shared() == {("category", "tvs"): (2, 1)}
    assert finish.cancel(cancelled.pk)
    assert shared() == {("category", "tvs"): (1, 1)}
    archive(archived)
    assert shared() == {}
    assert_right()


def test_problems_that_are_deleted_one_by_one_are_counted_out_once(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x", category="TVs"), line(2, price="x")))
    problem = ValidationError.objects.get(row_number=1, field="price")
    ValidationError.objects.create(  # a second problem of the same cell
        upload=upload, vendor_id="VEND001", row_number=1, record_id=problem.record_id, field="price", wrong_value="X",
        error_type="price_too_large", error_message="It is wrong in two ways.",
    )  # fmt: skip
    totals.recount("VEND001")
    for one in ValidationError.objects.filter(field="price").order_by("pk"):
        one.delete()
        assert_right()
    assert kept() == {("VEND001", "category", "tvs"): 1}


def test_an_upload_is_counted_again_where_somebody_makes_it_wait_again(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, category="TVs")))
    for archived, rows in (("2026-01-01T00:00:00Z", {}), (None, {("category", "tvs"): (1, 1)})):
        UploadHistory.objects.filter(pk=upload.pk).update(archived_at=archived)
        assert shared() == rows
        assert_right()


# --- who waits for whom ------------------------------------------------------------------------------------------

FAILS = """
    INSERT INTO validation_errors (upload_id, vendor_id, row_number, record_id, error_type, error_message, field,
                                   wrong_value)
    VALUES (%s, %s, 99, 'REC_0000099', 'unknown_category', 'Not on our list.', 'category', 'TVs')
"""


def test_a_vendor_whose_commit_takes_long_holds_up_neither_another_nor_the_totals(
    pipeline: Pipeline, other_vendor: Vendor
) -> None:
    first = pipeline.run(feed(line(1, category="TVs")))
    with psycopg.connect(**libpq(connection.settings_dict["NAME"])) as slow:
        slow.execute(FAILS, [first.pk, "VEND001"])  # its count is written, and nothing is committed
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
            pipeline.run(feed(line(2, category="tvs", sku="B-2")), "VEND002")
            assert shared() == {("category", "tvs"): (2, 2)}
            cursor.execute("RESET lock_timeout")
        slow.commit()
    assert shared() == {("category", "tvs"): (3, 2)}
    assert_right()


def test_the_totals_are_added_up_by_one_at_a_time_and_commits_of_rows_go_on_beside_it(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, category="TVs")))
    with psycopg.connect(**libpq(connection.settings_dict["NAME"])) as other:
        other.execute(totals._LOCK)
        assert totals.add_up() == 0
        pipeline.run(feed(line(2, category="TVs")))
    assert shared() == {("category", "tvs"): (2, 1)}


def test_many_counts_are_added_up_in_portions(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "PORTION", 2)
    pipeline.run(feed(*(line(n, category=f"odd {n}") for n in range(5))))
    assert totals.add_up() == 5
    assert_right()
    monkeypatch.setattr(totals, "TURN_SECONDS", -1.0)
    pipeline.run(feed(*(line(n, category=f"even {n}") for n in range(5, 10))))
    assert [totals.add_up() for _ in range(4)] == [2, 2, 1, 0]


# --- what is not right ---------------------------------------------------------------------------------------------


def test_counts_that_are_not_right_are_made_anew_and_that_is_said(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    pipeline.run(feed(line(1, category="TVs"), line(2, price="x")))
    totals.add_up()
    OpenValue.objects.filter(field="category").update(rows=7)
    OpenValue.objects.filter(field="price").delete()
    wrong = {(False, "category", "tvs"): (7, 1), (False, "price", "x"): (0, 1)}
    assert totals.recount("VEND001", dry_run=True) == wrong
    assert totals.recount("VEND001") == wrong
    assert "VEND001: 2 counts of wrong values were not right, and are now" in caplog.text
    assert_right()


def test_the_command_says_what_is_not_right_and_sets_it_right(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, category="TVs"), line(2, category="")))
    OpenValue.objects.filter(value="tvs").update(rows=7)
    dry = as_manage_py("reconcile", "--wrong-values", "--dry-run")
    assert dry == (
        0, "VEND001 category 'tvs': counted 7, right is 1\nWrong values: 1 count would be set right.\n", ""
    )  # fmt: skip
    assert "1 count set right." in as_manage_py("reconcile", "--wrong-values")[1]
    assert as_manage_py("reconcile", "--wrong-values")[1] == "Wrong values: all counts are right.\n"
    assert as_manage_py("reconcile", "--wrong-values", "--table")[0] == 1
    assert_right()


def test_a_count_that_falls_below_nothing_is_counted_anew(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    pipeline.run(feed(line(1, category="TVs")))
    OpenValue.objects.update(rows=-1)
    totals.add_up()
    assert "VEND001: a count of wrong values fell below 0" in caplog.text
    assert_right()
    assert kept() == {("VEND001", "category", "tvs"): 1}


def test_what_stood_before_the_counts_did_is_counted_by_the_migration(pipeline: Pipeline, other_vendor: Vendor) -> None:
    pipeline.run(feed(line(1, category="TVs"), line(2, price="x")))
    pipeline.run(feed(line(3, category="TVs")), "VEND002")
    OpenValue.objects.filter(field="price").delete()
    OpenValue.objects.update(rows=-3)
    migration = import_module("uploads.migrations.0022_count_open_values")
    for _ in range(2):  # it may be run again
        migration.count(apps, connection.schema_editor())
        assert_right()


# --- anything, in any order ----------------------------------------------------------------------------------------


class Journey:
    """What people and files do to two vendors' rows, one thing after the other, as chance has it."""

    def __init__(self, pipeline: Pipeline, user: User, seed: int) -> None:
        self.pipeline, self.user, self.chance = pipeline, user, random.Random(seed)

    def go(self) -> str:
        steps: list[Callable[[], object]] = [
            self.send, self.send, self.correct, self.mend, self.ignore, self.take_back, self.undo, self.cancel,
            self.archive, self.edit, self.again,
        ]  # fmt: skip
        step = self.chance.choice(steps)
        step()
        return step.__name__

    def _upload(self) -> UploadHistory | None:
        uploads = list(UploadHistory.objects.order_by("sequence"))
        return self.chance.choice(uploads) if uploads else None

    def _vendor(self) -> str:
        return self.chance.choice(VENDORS)

    def _file(self, vendor: str) -> str:
        rows = [line(n, **{"sku": f"{vendor}-{n}", **self.chance.choice(WRONG)}) for n in range(1, 7)]
        return feed(*self.chance.sample(rows, 4))

    def send(self) -> None:
        vendor = self._vendor()
        self.pipeline.run(self._file(vendor), vendor)

    def correct(self) -> None:
        problem = self.chance.choice([*ValidationError.objects.errors().filter(resolved_at=None), None])
        if problem:
            with suppress(retry.NotRetriable):
                correct.correct(problem.upload_id, problem.record_id, problem.attempt, {"price": "5"}, self.user)

    def mend(self) -> None:
        asked = Selection(vendor_id=self._vendor(), field="category")
        run_jobs(retry.start(asked, self.user, {"tvs": "Electronics", "": self.chance.choice(["", "nope"])}))

    def ignore(self) -> None:
        run_jobs(ignoring.start(Selection(vendor_id=self._vendor(), field="price"), self.user))

    def take_back(self) -> None:
        run_jobs(ignoring.start(Selection(vendor_id=self._vendor()), self.user, back=True))

    def undo(self) -> None:
        upload = self._upload()
        if upload and not undo.why_not(upload):
            undone(upload, self.user)

    def cancel(self) -> None:
        vendor = self._vendor()
        upload = self.pipeline.send(self._file(vendor), vendor)
        self.pipeline.stage(upload)
        UploadHistory.objects.filter(pk=upload.pk).update(file_rows=9)  # so that it doesn't end
        self.pipeline.settle()
        finish.cancel(upload.pk)

    def archive(self) -> None:
        if upload := self._upload():
            archive(upload)

    def edit(self) -> None:
        if product := self.chance.choice([*Product.objects.all(), None]):
            closing.by_hand(product.pk, self.user.pk)

    def again(self) -> None:
        run_jobs(retry.start(Selection(vendor_id=self._vendor()), self.user))


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_of_rows_in_whatever_order_the_counts_are_what_the_errors_say(
    pipeline: Pipeline, other_vendor: Vendor, admin_user: User, seed: int
) -> None:
    journey, done = Journey(pipeline, admin_user, seed), []
    for _ in range(14):
        done.append(journey.go())
        try:
            assert_right()
        except AssertionError as error:
            error.add_note(f"after {done}")
            raise
    assert Job.objects.exclude(state="done").count() == 0
    offboarding._delete_failed(Vendor.objects.get(pk="VEND001"))
    assert_right()
    assert not OpenValue.objects.filter(vendor_id="VEND001").exists()
