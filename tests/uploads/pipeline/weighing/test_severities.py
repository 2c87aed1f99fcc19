"""What staff say of severities: preview, dry run, import and corrections all judge by it, from its date on."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Product, ProductCategory
from catalog.rules.severity.severities import Rule
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.aws import dynamo
from uploads.aws.records import decode
from uploads.corrections import correct, retry
from uploads.corrections.failed_rows import Selection
from uploads.feed.parser import Reading
from uploads.models import SeverityRule, UploadHistory, ValidationError
from uploads.pipeline import commit, judge
from uploads.pipeline.examine import FeedFile
from uploads.pipeline.weighing import severities
from uploads.preview import dry_run, kept_files, verdicts
from vendors.models import Vendor


def say(code: str, severity: str, vendor: str | None = None, category: str = "", **more: Any) -> SeverityRule:
    return SeverityRule.objects.create(code=code, severity=severity, vendor_id=vendor, category=category, **more)


def wrapped(number: int, **changes: str) -> str:
    """Read as it is meant, with a warning that something was around its SKU."""
    return line(number, **{"sku": f'"=""SKU-{number}"""'} | changes)


def of(severity: str, upload: UploadHistory | None = None) -> list[tuple[int, str]]:
    found = ValidationError.objects.filter(severity=severity, resolved_at=None).order_by("row_number", "error_id")
    found = found.filter(upload=upload) if upload else found
    return [(one.row_number, one.error_type) for one in found]


def foretold(text: str, user: User) -> tuple[list[tuple[str, int, int]], dict[str, Any]]:
    """What the preview says of each row (outcome, errors, warnings), and what the dry run counts."""
    seen = verdicts.of(FeedFile(io.BytesIO(text.encode())), "VEND001", Reading())
    file = FeedFile(io.BytesIO(text.encode()))
    kept = kept_files.from_token(kept_files.keep(file, "feed.csv", "VEND001", user), user)
    job = run_jobs(dry_run.start(kept, seen.contents, seen.layout, Reading(), user))
    return [(row.outcome, len(row.problems), len(row.warnings)) for row in seen.rows], job.result


# --- judged by it ----------------------------------------------------------------------------------------------


def test_what_staff_made_an_error_keeps_rows_out_in_preview_dry_run_and_import_alike(
    pipeline: Pipeline, admin_user: User
) -> None:
    say("cleaned", "error", "VEND001")
    rows, counted = foretold(feed(wrapped(1), line(2)), admin_user)
    assert rows == [("error", 1, 0), ("inserted", 0, 0)]
    assert (counted["error"], counted["inserted"], counted.get("warned", 0)) == (1, 1, 0)
    upload = pipeline.run(feed(wrapped(1), line(2)))
    assert (upload.error_records, upload.inserted_records, upload.warned_records) == (1, 1, 0)
    assert of("error") == [(1, "cleaned")]
    assert not Product.objects.filter(sku="SKU-1").exists()


def test_it_counts_for_no_other_vendor(pipeline: Pipeline, other_vendor: Vendor) -> None:
    say("cleaned", "error", other_vendor.pk)
    assert pipeline.run(feed(wrapped(1))).error_records == 0


def test_a_category_that_takes_no_products_is_a_warning_where_staff_say_so(
    pipeline: Pipeline, admin_user: User
) -> None:
    ProductCategory.objects.filter(category_name__in=["Books", "Electronics"]).update(is_active=False)
    say("inactive_category", "warning", "VEND001", "Books")
    text = feed(line(1, category="books"), line(2))
    rows, counted = foretold(text, admin_user)
    assert rows == [("inserted", 0, 1), ("error", 1, 0)]
    assert (counted["inserted"], counted["error"], counted["warned"]) == (1, 1, 1)
    upload = pipeline.run(text)
    assert (upload.valid_records, upload.error_records, upload.warned_records) == (1, 1, 1)
    assert Product.objects.get().category == "Books"
    assert (of("warning"), of("error")) == ([(1, "inactive_category")], [(2, "inactive_category")])


def test_a_price_that_changes_much_is_a_warning_and_an_error_where_staff_say_so(
    pipeline: Pipeline, admin_user: User
) -> None:
    pipeline.run(feed(line(1), line(2, category="Books")))
    say("price_changed", "error", category="Books", threshold=10)
    text = feed(line(1, price="1.00"), line(2, category="Books", price="8.00", stock_quantity="0"))
    rows, counted = foretold(text, admin_user)
    assert rows == [("updated", 0, 1), ("error", 1, 1)]
    assert (counted["updated"], counted["error"], counted["warned"]) == (1, 1, 2)
    upload = pipeline.run(text)
    assert (upload.updated_records, upload.error_records, upload.warned_records) == (1, 1, 2)
    assert of("warning", upload) == [(1, "price_changed"), (2, "stock_zero")]
    assert of("error", upload) == [(2, "price_changed")]
    assert [str(price) for price in Product.objects.order_by("sku").values_list("price", flat=True)] == ["1.00", "9.99"]
    error = ValidationError.objects.errors().get()
    assert (error.wrong_value, error.field) == ("8.00", "price")


def test_a_product_that_is_new_or_stays_as_it_is_is_asked_nothing(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, stock_quantity="0")))
    again = pipeline.run(feed(line(1, stock_quantity="0")))
    assert (again.unchanged_records, again.warned_records) == (1, 0)


def test_a_row_that_only_changes_a_product_is_judged_by_the_category_of_the_product(
    pipeline: Pipeline, admin_user: User
) -> None:
    pipeline.run(feed(line(1), line(2, category="Books")))
    say("cleaned", "error", category="Books")
    text = 'SKU,Price\n"=""SKU-1""",8.00\n"=""SKU-2""",8.00\n'
    upload = pipeline.run(text)
    assert upload.layout is not None
    assert (upload.updated_records, upload.error_records, upload.warned_records) == (1, 1, 1), upload.layout
    assert (of("warning", upload), of("error", upload)) == ([(1, "cleaned")], [(2, "cleaned")])


def test_an_error_in_a_list_of_changes_that_a_newer_upload_overtook_is_counted_and_closed(
    pipeline: Pipeline,
) -> None:
    """A wrong GTIN could be a warning, so the row comes as far as the catalog."""
    pipeline.run(feed(line(1)))
    changes = pipeline.send("SKU,Price,GTIN\nSKU-1,8.00,4006381333932\n")
    pipeline.stage(changes)
    batch = [decode(item) for item in dynamo.query_upload(changes.pk)]
    later = pipeline.send(feed(line(1, price="7.00")))
    pipeline.stage(later)
    commit.commit_batch([decode(item) for item in dynamo.query_upload(later.pk)])
    commit.commit_batch(batch)
    changes.refresh_from_db()
    assert (changes.error_records, changes.closed_records, changes.valid_records) == (1, 1, 0)
    assert of("error", changes) == [], "the newer one stands for the product"


def test_the_date_when_a_row_is_judged_decides_and_what_was_judged_stays(pipeline: Pipeline, admin_user: User) -> None:
    first = pipeline.run(feed(wrapped(1)))
    say("cleaned", "error")
    second = pipeline.run(feed(wrapped(2)))
    assert (of("warning", first), of("error", second)) == ([(1, "cleaned")], [(1, "cleaned")])
    say("cleaned", "")
    run_jobs(retry.start(Selection(upload_id=second.pk), admin_user))
    second.refresh_from_db()
    assert (second.error_records, second.inserted_records, second.warned_records) == (0, 1, 1)


def test_what_will_count_later_doesnt_count_yet(pipeline: Pipeline) -> None:
    say("cleaned", "error", counts_from=timezone.now() + timedelta(hours=1))
    assert pipeline.run(feed(wrapped(1))).error_records == 0


def test_of_what_counts_by_now_the_newest_date_decides_not_who_said_it_last(pipeline: Pipeline) -> None:
    say("cleaned", "error", counts_from=timezone.now() - timedelta(hours=1))
    say("cleaned", "warning", counts_from=timezone.now() - timedelta(hours=2))
    assert severities.of(["VEND001"])["VEND001"].rules["cleaned", ""].severity == "error"


def test_a_correction_is_judged_by_what_counts_then(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(wrapped(1, price="free")))
    say("cleaned", "error")
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
    assert of("error") == [(1, "cleaned")]
    correct.correct(upload.pk, "REC_0000001", 2, {"sku": "SKU-1"}, admin_user)
    upload.refresh_from_db()
    assert (upload.error_records, upload.warned_records) == (0, 0)


def test_a_rule_that_is_proposed_is_tried_without_being_stored(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(wrapped(1), line(2)))
    pipeline.stage(upload)
    batch = [decode(item) for item in dynamo.query_upload(upload.pk)]
    proposed = [Rule("cleaned", "error", "VEND001")]
    against = judge.standing({"VEND001"})
    assert [one.draft is None for one in judge.judge_by(batch, against)] == [False, False]
    tried = judge.Against(against.rules, against.own_rules, severities=severities.of({"VEND001"}, proposed=proposed))
    assert [one.draft is None for one in judge.judge_by(batch, tried)] == [True, False]
    assert not SeverityRule.objects.exists()


def test_what_was_said_is_read_once_a_batch(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(*(wrapped(n) for n in range(1, 51))))
    pipeline.stage(upload)
    with CaptureQueriesContext(connection) as queries:
        pipeline.settle()
    assert sum("severity_rules" in query["sql"] for query in queries.captured_queries) == 1


# --- new kinds -------------------------------------------------------------------------------------------------


def test_names_descriptions_and_html_are_looked_at_and_never_keep_a_row_out(pipeline: Pipeline) -> None:
    rows = [
        line(1, product_name="A LAMP IN CAPITALS"), line(2, description="Short."), line(3, description=""),
        line(4, product_name="Lamp &amp; Bulb"),
    ]  # fmt: skip
    upload = pipeline.run(feed(*rows))
    assert (upload.inserted_records, upload.error_records, upload.warned_records) == (4, 0, 3)
    assert of("warning") == [(1, "name_in_capitals"), (2, "description_short"), (4, "html_left")]


# --- counted ---------------------------------------------------------------------------------------------------


def test_rows_with_warnings_are_counted_once_each_and_a_retried_row_truthfully(
    pipeline: Pipeline, admin_user: User
) -> None:
    upload = pipeline.run(feed(wrapped(1, product_name="A LAMP IN CAPITALS"), wrapped(2, price="free"), line(3)))
    assert upload.warned_records == 2
    correct.correct(upload.pk, "REC_0000002", 1, {"price": "5"}, admin_user)
    upload.refresh_from_db()
    assert upload.warned_records == 2, "it has its warning still"
    again = pipeline.run(feed(wrapped(4, price="free")))
    correct.correct(again.pk, "REC_0000001", 1, {"price": "5", "sku": "SKU-4"}, admin_user)
    again.refresh_from_db()
    assert (again.warned_records, again.valid_records) == (0, 1)


def test_a_row_that_is_delivered_twice_is_counted_once(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(wrapped(1)))
    pipeline.stage(upload)
    batch = [decode(item) for item in dynamo.query_upload(upload.pk)]
    for _ in range(2):
        commit.commit_batch(batch)
    upload.refresh_from_db()
    assert (upload.warned_records, upload.total_records) == (1, 1)


def test_more_rows_with_warnings_than_rows_are_refused_by_the_database(vendor: Vendor) -> None:
    upload = UploadHistory.objects.create(upload_id="U", vendor=vendor, file_name="f")
    with pytest.raises(IntegrityError), transaction.atomic():
        UploadHistory.objects.filter(pk=upload.pk).update(warned_records=1)


def test_the_same_cant_be_said_twice_of_the_same_moment(vendor: Vendor) -> None:
    moment = timezone.now()
    say("cleaned", "error", counts_from=moment)
    with pytest.raises(IntegrityError), transaction.atomic():
        say("cleaned", "warning", counts_from=moment)
    say("cleaned", "warning", vendor.pk, counts_from=moment)
