"""A change is tested against the rows of past uploads, row for row, and nothing but the job's own row is written."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from catalog.models import ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs, take_turn
from uploads.aws import dynamo
from uploads.aws.records import Record
from uploads.corrections import correct
from uploads.feed.choices import in_mode
from uploads.feed.parser import Reading
from uploads.models import Job, UploadHistory, ValueRule
from uploads.pipeline import judge, receive
from uploads.shadow import forget, run, stored
from uploads.shadow.changes import CategoryChange, Change, RuleChange, SeverityChange
from uploads.work import jobs
from vendors.models import Vendor

NO_ELECTRONICS = CategoryChange(("Electronics",), active=False)


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("cora")


def result_of(change: Change, user: User, days: int = 7) -> dict[str, Any]:
    """What a test of the change finds."""
    job = run_jobs(run.start(change, days, user))
    assert (job.state, job.failure) == ("done", "")
    return dict(job.result)


def rows(result: dict[str, Any], kind: str, vendor_id: str = "VEND001") -> list[int]:
    """The rows of this kind that stand there as examples."""
    examples = result["vendors"].get(vendor_id, {}).get("examples", [])
    return sorted(example["row"] for example in examples if example["kind"] == kind)


def everything() -> dict[str, Any]:
    """What stands in each table of the database but the jobs, and in DynamoDB."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'jobs'")
        tables = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in tables:
            cursor.execute(f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{name}" t')
            found[name] = cursor.fetchone()
    records = [item for key in UploadHistory.objects.values_list("pk", flat=True) for item in dynamo.query_upload(key)]
    return found | {"DynamoDB": sorted(map(repr, records))}


def test_a_category_that_would_be_inactive_fails_the_rows_that_pass_today(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    pipeline.run(feed(line(1), line(2, category="Books"), line(3, price="x"), line(4, category="electronics")))
    pipeline.run(feed(line(5, category="Books")), "VEND002")

    result = result_of(NO_ELECTRONICS, user)

    assert result["counts"] == {"fail": 2}
    assert rows(result, "fail") == [1, 4], "row 3 fails anyway"
    assert result["vendors"]["VEND001"]["rows"] == 4
    assert result["vendors"]["VEND002"] == {"rows": 1, "examples": []}
    example = result["vendors"]["VEND001"]["examples"][0]
    assert (example["field"], example["cell"], example["sku"]) == ("category", "Electronics", "SKU-1")
    assert "Electronics" in example["message"]


def test_a_category_that_would_be_active_again_lets_its_rows_pass(pipeline: Pipeline, user: User) -> None:
    ProductCategory.objects.filter(category_name="Electronics").update(is_active=False)
    pipeline.run(feed(line(1), line(2, price="x"), line(3, category="Books")))

    result = result_of(CategoryChange(("Electronics",), active=True), user)

    assert result["counts"] == {"pass": 1}
    assert rows(result, "pass") == [1], "row 2 has a wrong price as well"


def test_a_rule_of_one_vendor_is_tested_on_its_rows_alone(pipeline: Pipeline, other_vendor: Vendor, user: User) -> None:
    pipeline.run(feed(line(1, category="Gadgets"), line(2, category="gadgets "), line(3)))
    pipeline.run(feed(line(4, category="Gadgets")), "VEND002")

    result = result_of(RuleChange("VEND001", "category", "Gadgets", "Electronics"), user)

    assert result["counts"] == {"pass": 2}
    assert rows(result, "pass") == [1, 2]
    assert list(result["vendors"]) == ["VEND001"]


def test_a_rule_for_all_leaves_alone_who_has_one_of_its_own(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    ValueRule.objects.create(vendor_id="VEND002", field="category", wrong_value="gadgets", right_value="Books")
    pipeline.run(feed(line(1, category="Gadgets")))
    pipeline.run(feed(line(2, category="Gadgets")), "VEND002")

    result = result_of(RuleChange(None, "category", "Gadgets", "Electronics"), user)

    assert result["counts"] == {"pass": 1}
    assert rows(result, "pass", "VEND001") == [1]
    assert rows(result, "pass", "VEND002") == []


def test_a_rule_that_would_read_a_right_value_as_another_is_told_with_both(pipeline: Pipeline, user: User) -> None:
    pipeline.run(feed(line(1, brand="Acme"), line(2, brand="Other")))

    result = result_of(RuleChange("VEND001", "brand", "acme", "ACME Corp."), user)

    assert result["counts"] == {"other": 1}
    (example,) = result["vendors"]["VEND001"]["examples"]
    assert (example["row"], example["field"], example["before"], example["after"]) == (1, "brand", "Acme", "ACME Corp.")


def test_a_rule_that_would_be_taken_away_fails_the_rows_that_need_it(pipeline: Pipeline, user: User) -> None:
    rule = ValueRule.objects.create(
        vendor_id="VEND001", field="category", wrong_value="gadgets", right_value="Electronics"
    )
    pipeline.run(feed(line(1, category="Gadgets"), line(2)))

    gone = result_of(RuleChange("VEND001", "category", "gadgets", None, rule.pk), user)
    moved = result_of(RuleChange("VEND001", "category", "widgets", "Electronics", rule.pk), user)

    assert rows(gone, "fail") == rows(moved, "fail") == [1]


def test_nothing_is_written_but_the_job_itself(pipeline: Pipeline, user: User) -> None:
    pipeline.run(feed(line(1), line(2, category="Gadgets"), line(3, price="x")))
    before = everything()

    for change in (NO_ELECTRONICS, RuleChange(None, "category", "Gadgets", "Books")):
        assert result_of(change, user)["counts"]

    assert everything() == before


def test_rows_that_somebody_corrected_are_judged_as_corrected(pipeline: Pipeline, user: User) -> None:
    upload = pipeline.run(feed(line(1, category="Gadgets"), line(2, category="Gadgets")))
    correct.correct(upload.pk, "REC_0000001", 1, {"category": "Electronics"}, user)

    result = result_of(RuleChange("VEND001", "category", "Gadgets", "Books"), user)

    assert result["corrected"] == 1
    assert rows(result, "pass") == [2], "row 1 says Electronics since"
    assert rows(result_of(NO_ELECTRONICS, user), "fail") == [1]


def test_uploads_that_are_old_undone_or_of_suspended_vendors_are_left_out(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    old, undone = pipeline.run(feed(line(1))), pipeline.run(feed(line(2)))
    pipeline.run(feed(line(3)), "VEND002")
    UploadHistory.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9))
    UploadHistory.objects.filter(pk=undone.pk).update(undone_at=timezone.now())
    Vendor.objects.filter(pk="VEND002").update(status="suspended")

    assert result_of(NO_ELECTRONICS, user)["vendors"] == {}
    assert result_of(NO_ELECTRONICS, user, days=10)["counts"] == {"fail": 1}


def test_what_is_not_looked_at_is_counted(pipeline: Pipeline, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.run(feed(line(1), line(2)))
    pipeline.run(feed(*(line(n) for n in range(3, 8))))
    monkeypatch.setattr(stored, "UPLOAD_ROWS", 3)
    monkeypatch.setattr(run, "MOST_ROWS", 3)

    result = result_of(NO_ELECTRONICS, user)

    assert result["counts"] == {"fail": 3}
    assert (result["cut"], result["left"]) == (1, {"uploads": 1, "rows": 2})


def test_an_upload_whose_records_are_gone_from_the_table_is_told_as_such(pipeline: Pipeline, user: User) -> None:
    upload = pipeline.run(feed(line(1)))
    dynamo.delete_records([{key: item[key] for key in ("upload_id", "record_id")} for item in
                           dynamo.query_upload(upload.pk)])  # fmt: skip

    result = result_of(NO_ELECTRONICS, user)

    assert (result["uploads"], result["gone"], result["counts"]) == (1, 1, {})


def test_a_run_that_is_killed_in_the_middle_counts_every_row_once(
    pipeline: Pipeline, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(feed(*(line(n) for n in range(1, 8))))
    pipeline.run(feed(line(8), line(9, category="Books")))
    monkeypatch.setattr(run, "SLICE_ROWS", 2)
    monkeypatch.setattr("uploads.work.jobs.TURN_SECONDS", 0.0)  # a slice a turn
    job = run.start(NO_ELECTRONICS, 7, user)
    save = jobs.save

    def killed(_: Job) -> None:
        raise SystemExit

    while True:
        monkeypatch.setattr(jobs, "save", killed)
        with pytest.raises(SystemExit):
            take_turn(job)
        Job.objects.update(expires_at=None)
        monkeypatch.setattr(jobs, "save", save)
        if not take_turn(job):
            break

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 9, 9)
    assert job.result["counts"] == {"fail": 8}
    assert rows(job.result, "fail") == [1, 1, 2, 3, 4, 5, 6, 7]


def test_a_run_that_is_stopped_ends_and_keeps_what_it_found(
    pipeline: Pipeline, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(feed(*(line(n) for n in range(1, 8))))
    monkeypatch.setattr(run, "SLICE_ROWS", 2)
    monkeypatch.setattr("uploads.work.jobs.TURN_SECONDS", 0.0)
    job = run.start(NO_ELECTRONICS, 7, user)
    assert take_turn(job)

    assert run.stop(job, user)

    assert not take_turn(job)
    assert not run.stop(job, user)
    job.refresh_from_db()
    assert (job.state, job.failure, job.done) == ("done", "Stopped by cora.", 2)
    assert job.result["counts"] == {"fail": 2}


def test_examples_of_a_vendor_are_forgotten_with_it_and_its_numbers_stay(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    pipeline.run(feed(line(1), line(2)))
    pipeline.run(feed(line(3)), "VEND002")
    result_of(NO_ELECTRONICS, user)
    assert (forget.tests_of("VEND001"), forget.tests_of("VEND002"), forget.tests_of("NOBODY")) == (1, 1, 0)

    assert forget.forget("VEND001") == 1

    vendors = Job.objects.get().result["vendors"]
    assert vendors["VEND001"] == {"rows": 2, "fail": 2, "examples": []}
    assert len(vendors["VEND002"]["examples"]) == 1
    assert (forget.tests_of("VEND001"), forget.forget("VEND001")) == (0, 0)


def test_two_are_tested_at_once_and_no_more(pipeline: Pipeline, user: User) -> None:
    run.start(NO_ELECTRONICS, 7, user)
    run.start(NO_ELECTRONICS, 7, user)

    with pytest.raises(run.Refused, match="already"):
        run.start(NO_ELECTRONICS, 7, user)
    assert Job.objects.count() == 2


def test_a_record_of_an_upload_that_nobody_opened_opens_none(vendor: Vendor, categories: None) -> None:
    record = Record("FOREIGN", "1", "VEND001", 1, data={"sku": "A"})

    (judged,) = judge.judge_by([record], judge.standing(["VEND001"]))

    assert judged.upload is None
    assert not UploadHistory.objects.exists()


# --- severities --------------------------------------------------------------------------------------------------


def test_a_warning_that_would_be_an_error_fails_its_rows_of_the_vendor_and_category_that_are_meant(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    loud = {"product_name": "TELEVISION SET"}
    pipeline.run(feed(line(1, **loud), line(2), line(3, category="Books", **loud)))
    pipeline.run(feed(line(4, **loud)), "VEND002")

    everywhere = result_of(SeverityChange("name_in_capitals", "error"), user)
    of_one = result_of(SeverityChange("name_in_capitals", "error", "VEND001", "Electronics"), user)

    assert everywhere["counts"] == {"fail": 3}
    assert rows(everywhere, "fail") == [1, 3]
    assert rows(everywhere, "fail", "VEND002") == [1]
    assert of_one["counts"] == {"fail": 1}
    assert rows(of_one, "fail") == [1]


def test_an_example_says_what_would_keep_the_row_out_and_not_what_else_it_is_warned_of(
    pipeline: Pipeline, user: User
) -> None:
    pipeline.run(feed(line(1, product_name="TELEVISION SET", description="Nice")))

    result = result_of(SeverityChange("description_short", "error"), user)

    (example,) = result["vendors"]["VEND001"]["examples"]
    assert (example["field"], example["cell"]) == ("description", "Nice")


def test_an_error_that_would_be_a_warning_lets_rows_pass_that_have_no_other(pipeline: Pipeline, user: User) -> None:
    ProductCategory.objects.filter(category_name="Electronics").update(is_active=False)
    pipeline.run(feed(line(1), line(2, price="x"), line(3, category="Books")))

    result = result_of(SeverityChange("inactive_category", "warning"), user)

    assert rows(result, "pass") == [1]
    assert result["counts"] == {"pass": 1}


def test_a_bound_that_would_be_another_warns_of_other_rows(pipeline: Pipeline, user: User) -> None:
    pipeline.run(feed(line(1, description="Nice"), line(2, description="A lamp of steel for the desk."), line(3)))

    higher = result_of(SeverityChange("description_short", "warning", threshold=100), user)
    lower = result_of(SeverityChange("description_short", "warning", threshold=2), user)

    assert (higher["counts"], rows(higher, "warn")) == ({"warn": 1}, [2])
    assert (lower["counts"], rows(lower, "unwarn")) == ({"unwarn": 1}, [1])


def test_rows_that_only_change_products_are_judged_in_the_category_of_their_product(
    pipeline: Pipeline, user: User
) -> None:
    pipeline.run(feed(line(1), line(2, category="Books"), line(3)))
    names = "sku,product_name,gtin\nSKU-1,OAK DESK AND CHAIR,\nSKU-2,OAK DESK AND CHAIR,\nSKU-3,,4006381333932\n"
    file = io.BytesIO(f"{names}SKU-9,OAK DESK AND CHAIR,\n".encode())
    options = receive.Options("update")
    upload = receive.receive(file, "f.csv", "VEND001", reading=in_mode(Reading(), "update"), options=options)
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.mode, upload.updated_records, upload.error_records) == ("update", 2, 2)

    everywhere = result_of(SeverityChange("name_in_capitals", "error"), user)
    of_books = result_of(SeverityChange("name_in_capitals", "error", category="Books"), user)
    lowered = result_of(SeverityChange("invalid_gtin", "warning", category="Electronics"), user)

    assert (everywhere["counts"], rows(everywhere, "fail")) == ({"fail": 2}, [1, 2]), "there is no fourth product"
    assert (of_books["counts"], rows(of_books, "fail")) == ({"fail": 1}, [2])
    assert (lowered["counts"], rows(lowered, "pass")) == ({"pass": 1}, [3])
