"""Rows that waited for a category, for approval or for a SKU are retried by themselves when that happens."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction

from catalog import by_hand
from catalog.category_admin import set_active
from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.corrections.by_itself.waiting import (
    WANTS,
    a_while_later,
    by_sql,
    counts,
    go_on,
    open_errors,
    retried,
    sql,
)
from tests.uploads.corrections.undoing import put, undone
from uploads import tasks
from uploads.corrections import by_itself, happenings, ignoring, retry
from uploads.corrections.failed_rows import Selection
from uploads.models import Happening, Job, RecordOutcome, UploadHistory, ValidationError, ValueRule
from uploads.pipeline.holding.pausing import pause, resume
from uploads.work import jobs
from vendors import approval
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("wanted")


# --- a category ----------------------------------------------------------------------------------------------------


def by_admin() -> None:
    ProductCategory.objects.create(category_name="Garden Gnomes")


def by_renaming() -> None:
    ProductCategory.objects.create(category_name="Dwarfs")
    ProductCategory.objects.filter(category_name="Dwarfs").update(category_name="Garden Gnomes")


def by_reactivating() -> None:
    sql("INSERT INTO product_categories (category_name, is_active) VALUES ('Garden Gnomes', false)")
    assert go_on() == [], "an inactive one opens nothing"
    sql("UPDATE product_categories SET is_active = true WHERE category_name = 'Garden Gnomes'")


@pytest.mark.parametrize("opened", [by_sql, by_admin, by_renaming, by_reactivating])
def test_rows_that_wait_for_a_category_become_products_when_it_is_opened_however_that_is_done(
    pipeline: Pipeline, opened: Any
) -> None:
    upload = pipeline.run(feed(line(1), line(2, category="garden  GNOMES"), line(3, category="Gnomes of gardens")))
    opened()

    (job,) = go_on()

    assert (job.state, job.kind, job.requested_by, job.upload_id) == ("done", Job.Kind.RETRY, None, upload.pk)
    assert (job.total, job.done, job.result["valid"]) == (1, 1, 1)
    assert counts(upload) == (3, 2, 1)
    assert open_errors(upload) == [(3, "unknown_category", 1)]
    assert Product.objects.get(vendor_product_id="P-2").category == "Garden Gnomes"
    assert ValidationError.objects.get(row_number=2).resolution == "retried"
    assert retried() == [("REC_0000002", 2, "category", "Garden Gnomes")]


def test_a_category_that_is_seeded_or_turned_on_in_the_admin_is_noticed_too(
    pipeline: Pipeline, admin_user: User
) -> None:
    ProductCategory.objects.filter(category_name="Electronics").delete()
    toys = ProductCategory.objects.get(category_name="Clothing")
    set_active([str(toys.pk)], active=False, user=admin_user)
    upload = pipeline.run(feed(line(1), line(2, category="Clothing")))
    assert {code for _, code, _ in open_errors(upload)} == {"unknown_category", "inactive_category"}

    call_command("seed_categories", stdout=io.StringIO())
    set_active([str(toys.pk)], active=True, user=admin_user)
    go_on()

    assert counts(upload) == (2, 2, 0)


def test_a_row_whose_value_a_rule_reads_as_the_category_is_retried_with_it(pipeline: Pipeline) -> None:
    ValueRule.objects.create(vendor_id="VEND001", field="category", wrong_value="GN-1", right_value="Garden Gnomes")
    upload = pipeline.run(feed(line(1, category="gn-1")))
    assert open_errors(upload) == [(1, "unknown_category", 1)]
    by_sql()

    go_on()

    assert counts(upload) == (1, 1, 0)


def test_rows_with_other_problems_beside_stay_wrong_and_are_tried_once(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, category="Garden Gnomes", price="cheap")))
    by_sql()

    assert len(go_on()) == 1
    happened = Happening.objects.get()
    assert happened.looks == 1
    assert happened.next_look_at - happened.happened_at > timedelta(minutes=4), "it is looked at once more, then"
    a_while_later()
    assert go_on() == []

    assert open_errors(upload) == [(1, "invalid_price", 2)]
    assert not Happening.objects.exists()


@pytest.mark.parametrize("few", [0, by_itself.FEW])
def test_of_two_rows_about_a_product_the_first_counts_as_in_its_file(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(by_itself, "FEW", few)
    monkeypatch.setattr(retry, "SLICE_ROWS", 1)
    rows = [line(1, category="Garden Gnomes", product_name=name) for name in ("First", "Second", "Third")]
    upload = pipeline.run(feed(*rows))
    by_sql()

    go_on()

    assert Product.objects.get().product_name == "First"
    assert open_errors(upload) == [(2, "duplicate_in_file", 2), (3, "duplicate_in_file", 2)]
    assert Job.objects.get().position == "3", "no slice looks at what is behind it"


def test_what_is_closed_ignored_undone_or_cancelled_is_left_alone(pipeline: Pipeline, admin_user: User) -> None:
    gnomes = [line(number, category="Garden Gnomes") for number in (1, 2)]
    cancelled, undone_one, old = (pipeline.run(feed(*gnomes, line(number))) for number in (7, 8, 9))
    UploadHistory.objects.filter(pk=cancelled.pk).update(status="cancelled")
    undone(undone_one, admin_user)
    pipeline.run(feed(line(1)))  # a newer one brings the first product in another category
    run_jobs(ignoring.start(Selection(upload_id=old.pk), admin_user))
    before = list(ValidationError.objects.order_by("pk").values_list("pk", "attempt", "resolution"))
    by_sql()

    assert go_on() == []
    assert list(ValidationError.objects.order_by("pk").values_list("pk", "attempt", "resolution")) == before


def test_an_older_row_never_overwrites_what_a_newer_upload_wrote(pipeline: Pipeline) -> None:
    old = pipeline.run(feed(line(1, category="Garden Gnomes", price="1.00")))
    pipeline.run(feed(line(1, price="2.00")))
    ValidationError.objects.filter(upload=old).update(resolved_at=None, resolution="", closed_by="")
    UploadHistory.objects.filter(pk=old.pk).update(closed_records=0)
    by_sql()

    go_on()

    assert str(Product.objects.get().price) == "2.00"
    assert RecordOutcome.objects.get(upload_id=old.pk, attempt=2).outcome == "superseded"


# --- the vendor ----------------------------------------------------------------------------------------------------


def test_rows_that_came_before_the_vendor_was_approved_become_products_when_it_is(
    pipeline: Pipeline, admin_user: User
) -> None:
    WANTS.update(status="pending")
    put("REC_1")
    put("REC_2", vendor_product_id="P-2", sku="SKU-2", price="cheap")
    pipeline.settle()
    upload = UploadHistory.objects.get(pk="ERP")
    assert [code for _, code, _ in open_errors(upload)] == ["vendor_not_active"] * 2
    assert go_on() == []

    approval.take(approval.APPROVE, ["VEND001"], admin_user)
    go_on()

    assert Product.objects.get().sku == "SKU-1"
    assert [code for _, code, _ in open_errors(upload)] == ["invalid_price"]
    assert retried() == [("REC_1", 2, "vendor", "VEND001"), ("REC_2", 2, "vendor", "VEND001")]


def test_what_happened_while_a_vendor_was_suspended_counts_when_it_is_active_again(
    pipeline: Pipeline, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(1)), "VEND002")
    upload = pipeline.run(feed(line(1), line(2, category="Garden Gnomes"), line(3, category="Nothing")))
    WANTS.update(status="suspended")
    by_sql()
    Product.objects.all().delete()
    assert go_on() == []
    a_while_later()
    assert go_on() == []

    sql("UPDATE vendors SET status = 'active' WHERE vendor_id = 'VEND001'")
    go_on()

    assert counts(upload) == (3, 2, 1)
    assert open_errors(upload) == [(3, "unknown_category", 1)]
    assert {kind for _, _, kind, _ in retried()} == {"category", "sku"}


def test_a_vendor_that_is_suspended_before_its_rows_are_tried_keeps_what_was_wrong_with_them(
    pipeline: Pipeline,
) -> None:
    upload = pipeline.run(feed(line(1, category="Garden Gnomes")))
    by_sql()
    tasks.retry_waiting()
    WANTS.update(status="suspended")

    go_on()
    assert open_errors(upload) == [(1, "unknown_category", 1)]
    assert Job.objects.get().state == "done", "nobody has to look at it"

    WANTS.update(status="active")
    go_on()
    assert counts(upload) == (1, 1, 0)


# --- a SKU ---------------------------------------------------------------------------------------------------------


def deleted(pipeline: Pipeline, user: User) -> None:
    by_hand.delete(Product.objects.filter(vendor_id="VEND002").values_list("pk", flat=True), user)


def deleted_by_sql(pipeline: Pipeline, user: User) -> None:
    sql("DELETE FROM products WHERE vendor_id = 'VEND002'")


def changed_by_sql(pipeline: Pipeline, user: User) -> None:
    sql("UPDATE products SET sku = 'OTHER' WHERE vendor_id = 'VEND002'")


def changed_by_its_feed(pipeline: Pipeline, user: User) -> None:
    pipeline.run(feed(line(9, sku="OTHER")), "VEND002")


def taken_back(pipeline: Pipeline, user: User) -> None:
    undone(UploadHistory.objects.get(vendor_id="VEND002"), user)


@pytest.mark.parametrize("freed", [deleted, deleted_by_sql, changed_by_sql, changed_by_its_feed, taken_back])
def test_rows_whose_sku_another_vendor_had_become_products_when_it_is_free(
    pipeline: Pipeline, other_vendor: Vendor, admin_user: User, freed: Any
) -> None:
    pipeline.run(feed(line(9, sku="SKU-1")), "VEND002")
    upload = pipeline.run(feed(line(1), line(2)))
    assert open_errors(upload) == [(1, "sku_taken", 1)]
    freed(pipeline, admin_user)

    go_on()

    assert counts(upload) == (2, 2, 0)
    assert Product.objects.get(sku="SKU-1").vendor_id == "VEND001"
    assert retried() == [("REC_0000001", 2, "sku", "SKU-1")]


def test_a_sku_that_a_product_of_the_vendor_itself_gives_up_is_free_too(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, sku="A")))
    upload = pipeline.run(feed(line(2, sku="A")))
    pipeline.run(feed(line(1, sku="B")))

    go_on()

    assert counts(upload) == (1, 1, 0)


def test_a_sku_in_other_letters_frees_nothing(pipeline: Pipeline, other_vendor: Vendor) -> None:
    pipeline.run(feed(line(8, sku="abc"), line(9, sku="ABC")), "VEND002")
    upload = pipeline.run(feed(line(1, sku="ABC")))
    sql("DELETE FROM products WHERE sku = 'abc'")

    assert go_on() == []
    assert open_errors(upload) == [(1, "sku_taken", 1)]


def test_a_sku_that_only_changes_hands_frees_nothing(pipeline: Pipeline, other_vendor: Vendor) -> None:
    pipeline.run(feed(line(8, sku="A"), line(9, sku="B")), "VEND002")
    upload = pipeline.run(feed(line(1, sku="A")))
    with transaction.atomic():
        sql("UPDATE products SET sku = 'moving 1' WHERE sku = 'A'")
        sql("UPDATE products SET sku = 'A' WHERE sku = 'B'")
        sql("UPDATE products SET sku = 'B' WHERE sku = 'moving 1'")
    assert set(Product.objects.values_list("vendor_product_id", "sku")) == {("P-8", "B"), ("P-9", "A")}
    assert set(Happening.objects.values_list("what", flat=True)) == {"A", "B"}

    assert go_on() == []
    assert open_errors(upload) == [(1, "sku_taken", 1)]


def test_of_two_vendors_that_want_a_free_sku_one_gets_it_and_the_other_waits_on(
    pipeline: Pipeline, other_vendor: Vendor
) -> None:
    Vendor.objects.update(retries_by_itself=True)
    Vendor.objects.create(vendor_id="VEND003", vendor_name="Third", email="third@example.com")
    pipeline.run(feed(line(9, sku="SKU-1")), "VEND003")
    first, second = pipeline.run(feed(line(1)), "VEND002"), pipeline.run(feed(line(1)))
    sql("DELETE FROM products")

    go_on()

    assert Product.objects.get().vendor_id == "VEND002", "whose upload is older"
    assert (counts(first), counts(second)) == ((1, 1, 0), (1, 0, 1))
    assert open_errors(second) == [(1, "sku_taken", 2)]
    a_while_later()
    assert go_on() == [], "once for what happened"
    sql("DELETE FROM products")
    go_on()
    assert counts(second) == (1, 1, 0)


def test_a_row_that_has_failed_often_enough_waits_for_a_person(pipeline: Pipeline, other_vendor: Vendor) -> None:
    pipeline.run(feed(line(9, sku="SKU-1")), "VEND002")
    upload = pipeline.run(feed(line(1)))
    ValidationError.objects.update(attempt=20)
    sql("DELETE FROM products")

    assert go_on() == []
    assert counts(upload) == (1, 0, 1)


# --- whether the vendor wants it -----------------------------------------------------------------------------------


def test_nothing_is_retried_of_a_vendor_that_does_not_want_it_until_it_does(
    pipeline: Pipeline, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(9, sku="SKU-1")), "VEND002")
    WANTS.update(retries_by_itself=False)
    upload = pipeline.run(feed(line(1), line(2, category="Garden Gnomes")))
    by_sql()
    sql("DELETE FROM products")
    assert go_on() == []
    a_while_later()
    assert go_on() == []
    assert not Happening.objects.exists()
    assert counts(upload) == (2, 0, 2)

    WANTS.update(retries_by_itself=True)
    go_on()
    assert counts(upload) == (2, 2, 0), "what happened before counts when it begins to want it"


def test_a_new_vendor_by_sql_does_not_want_it(pipeline: Pipeline) -> None:
    sql("INSERT INTO vendors (vendor_id, vendor_name, email) VALUES ('V', 'V', 'v@example.com')")
    assert not Vendor.objects.get(pk="V").retries_by_itself


def test_a_job_stops_when_the_vendor_does_not_want_it_any_more(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "SLICE_ROWS", 1)
    upload = pipeline.run(feed(*(line(number, category="Garden Gnomes") for number in (1, 2, 3))))
    by_sql()
    tasks.retry_waiting()
    job = Job.objects.get()
    claimed = jobs._claim(job.pk)
    assert claimed
    retry.step(claimed)
    WANTS.update(retries_by_itself=False)

    assert retry.step(claimed)
    assert counts(upload) == (3, 1, 2)


def test_what_a_paused_vendor_waits_for_keeps_no_other_vendors_rows_waiting(
    pipeline: Pipeline, other_vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(happenings, "MOST_JOBS", 1)
    Vendor.objects.update(retries_by_itself=True)
    Happening.objects.all().delete()
    first = pipeline.run(feed(line(1, category="Garden Gnomes")))
    second = pipeline.run(feed(line(2, category="Garden Gnomes")), "VEND002")
    pause("VEND001", "Wait.", admin_user)
    by_sql()
    for _ in range(2):
        go_on()
    assert (counts(first), counts(second)) == ((1, 0, 1), (1, 1, 0))
    assert open_errors(first) == [(1, "unknown_category", 1)]

    resume("VEND001", admin_user)
    go_on()
    assert counts(first) == (1, 1, 0), "what happened meanwhile counts when its feeds go on"
