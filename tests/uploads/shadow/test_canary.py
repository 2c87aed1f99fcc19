"""A tested change is enforced for some vendors first, then for all, and taken back: what somebody else said stays."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.models import Product, ProductCategory
from security.models import SecurityEvent
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.keeping import logs, turn
from uploads.models import Job, SeverityRule, UploadHistory, ValidationError, ValueRule
from uploads.shadow import canary, run
from uploads.shadow.changes import CategoryChange, Change, RuleChange, SeverityChange
from uploads.work import leases
from vendors.models import Vendor

NO_ELECTRONICS = CategoryChange(("Electronics",), active=False)
LOUD = "TELEVISION SET"


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("cora")


def job_of(change: Change, user: User) -> Job:
    return run_jobs(run.start(change, 7, user))


def became(upload: UploadHistory) -> tuple[int, int, list[str]]:
    """How many rows were accepted and refused, and the severities of what was found."""
    found = ValidationError.objects.filter(upload=upload).order_by("row_number", "error_id")
    return upload.valid_records, upload.error_records, list(found.values_list("severity", flat=True))


def test_a_deactivation_refuses_rows_of_chosen_vendors_and_warns_the_others(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    job = job_of(NO_ELECTRONICS, user)

    canary.for_vendors(job, ["VEND002"], user)

    assert not ProductCategory.objects.get(category_name="Electronics").is_active
    assert became(pipeline.run(feed(line(1)))) == (1, 0, ["warning"])
    assert became(pipeline.run(feed(line(2)), "VEND002")) == (0, 1, ["error"])
    assert (canary.made(job).vendors, canary.made(job).for_all) == (("VEND002",), False)


def test_it_is_widened_to_one_more_and_then_to_all(pipeline: Pipeline, other_vendor: Vendor, user: User) -> None:
    job = job_of(NO_ELECTRONICS, user)
    canary.for_vendors(job, ["VEND002"], user)

    canary.for_vendors(job, ["VEND001", "VEND002"], user)
    assert canary.made(job).vendors == ("VEND001", "VEND002")
    assert became(pipeline.run(feed(line(1)))) == (0, 1, ["error"])
    canary.for_all(job, user)

    assert canary.made(job).for_all
    Vendor.objects.create(vendor_id="VEND003", vendor_name="Third", email="third@example.com")
    assert became(pipeline.run(feed(line(2)), "VEND003")) == (0, 1, ["error"])
    with pytest.raises(canary.Refused, match="for all vendors already"):
        canary.for_vendors(job, ["VEND001"], user)


@pytest.mark.parametrize("widened", [False, True])
def test_a_deactivation_that_is_taken_back_leaves_all_as_it_was(
    pipeline: Pipeline, other_vendor: Vendor, user: User, widened: bool
) -> None:
    job = job_of(NO_ELECTRONICS, user)
    canary.for_vendors(job, ["VEND002"], user)
    if widened:
        canary.for_all(job, user)

    canary.take_back(job, user)

    assert became(pipeline.run(feed(line(1)))) == (1, 0, [])
    assert became(pipeline.run(feed(line(2)), "VEND002")) == (1, 0, [])
    ProductCategory.objects.filter(category_name="Electronics").update(is_active=False)
    assert became(pipeline.run(feed(line(3)))) == (0, 1, ["error"]), "nobody is only warned any more"
    with pytest.raises(canary.Refused, match="nothing to take back"):
        canary.take_back(job, user)


def test_categories_that_were_inactive_before_stay_so_when_it_is_taken_back(
    pipeline: Pipeline, vendor: Vendor, user: User
) -> None:
    job = job_of(CategoryChange(("Books", "Electronics"), active=False), user)
    ProductCategory.objects.filter(category_name="Books").update(is_active=False)

    canary.for_vendors(job, ["VEND001"], user)
    assert set(SeverityRule.objects.values_list("category", flat=True)) == {"Electronics"}
    canary.take_back(job, user)

    active = ProductCategory.objects.filter(category_name__in=["Books", "Electronics"], is_active=True)
    assert [one.category_name for one in active] == ["Electronics"]


def test_a_severity_is_an_error_for_chosen_vendors_and_then_for_all(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    job = job_of(SeverityChange("name_in_capitals", "error"), user)
    loud = feed(line(1, product_name=LOUD))

    canary.for_vendors(job, ["VEND001"], user)
    assert became(pipeline.run(loud)) == (0, 1, ["error"])
    assert became(pipeline.run(feed(line(2, product_name=LOUD)), "VEND002")) == (1, 0, ["warning"])
    assert SeverityRule.objects.count() == 1, "it is a warning by default, so nothing is said for the others"
    canary.for_all(job, user)
    assert became(pipeline.run(feed(line(3, product_name=LOUD)), "VEND002")) == (0, 1, ["error"])
    canary.take_back(job, user)

    assert became(pipeline.run(feed(line(4, product_name=LOUD)))) == (1, 0, ["warning"])
    assert became(pipeline.run(feed(line(5, product_name=LOUD)), "VEND002")) == (1, 0, ["warning"])


def test_what_somebody_said_since_is_not_taken_back(pipeline: Pipeline, vendor: Vendor, user: User) -> None:
    job = job_of(SeverityChange("name_in_capitals", "error"), user)
    canary.for_vendors(job, ["VEND001"], user)
    SeverityRule.objects.create(code="name_in_capitals", vendor_id="VEND001", severity="error", note="Agreed with them")

    canary.take_back(job, user)

    assert became(pipeline.run(feed(line(1, product_name=LOUD)))) == (0, 1, ["error"])


def test_what_stood_before_counts_again_when_it_is_taken_back(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    """Of a vendor, and of all."""
    SeverityRule.objects.create(code="name_in_capitals", severity="warning", threshold=3)
    SeverityRule.objects.create(code="name_in_capitals", vendor_id="VEND001", severity="error", threshold=3)
    short = {"product_name": "OAK DESK"}  # seven letters: by default a name of ten is in capitals
    job = job_of(SeverityChange("name_in_capitals", "error", threshold=30), user)

    canary.for_vendors(job, ["VEND001"], user)
    assert became(pipeline.run(feed(line(1, **short)))) == (1, 0, [])
    canary.for_all(job, user)
    assert became(pipeline.run(feed(line(2, **short)))) == (0, 1, ["error"]), "what is said of it alone"
    assert became(pipeline.run(feed(line(3, **short)), "VEND002")) == (1, 0, [])
    canary.take_back(job, user)

    assert became(pipeline.run(feed(line(4, **short)))) == (0, 1, ["error"])
    assert became(pipeline.run(feed(line(5, **short)), "VEND002")) == (1, 0, ["warning"])


def test_a_problem_that_is_an_error_for_all_stays_one_for_those_who_were_not_chosen(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    SeverityRule.objects.create(code="name_in_capitals", severity="error")
    job = job_of(SeverityChange("name_in_capitals", "error", threshold=5), user)

    canary.for_vendors(job, ["VEND002"], user)

    assert became(pipeline.run(feed(line(1, product_name=LOUD)))) == (0, 1, ["error"])
    assert became(pipeline.run(feed(line(2, product_name="OAK DESK")))) == (1, 0, [])
    assert became(pipeline.run(feed(line(3, product_name="OAK DESK")), "VEND002")) == (0, 1, ["error"])


def test_two_tests_do_not_say_two_things_of_the_same_at_once(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    """Neither could be taken back to what stood before both."""
    first = job_of(SeverityChange("name_in_capitals", "error"), user)
    second = job_of(SeverityChange("name_in_capitals", "error", threshold=5), user)
    canary.for_vendors(first, ["VEND001"], user)

    with pytest.raises(canary.Refused, match=f"change {first.pk} counts for VEND001 already: take that back"):
        canary.for_vendors(second, ["VEND001", "VEND002"], user)
    canary.for_vendors(second, ["VEND002"], user)
    canary.take_back(first, user)
    canary.for_vendors(second, ["VEND001"], user)
    canary.take_back(second, user)

    assert became(pipeline.run(feed(line(1, product_name=LOUD)))) == (1, 0, ["warning"])
    assert became(pipeline.run(feed(line(2, product_name=LOUD)), "VEND002")) == (1, 0, ["warning"])


def test_a_rule_is_each_chosen_vendors_first_and_then_one_for_all(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    own = ValueRule.objects.create(vendor_id="VEND002", field="category", wrong_value="gadgets", right_value="Books")
    job = job_of(RuleChange(None, "category", "Gadgets", "Electronics"), user)

    canary.for_vendors(job, ["VEND001", "VEND002"], user)
    assert set(ValueRule.objects.values_list("vendor_id", "right_value")) == {
        ("VEND001", "Electronics"), ("VEND002", "Books"),
    }  # fmt: skip
    canary.for_all(job, user)
    assert set(ValueRule.objects.values_list("vendor_id", "right_value")) == {
        (None, "Electronics"), ("VEND002", "Books"),
    }  # fmt: skip
    pipeline.run(feed(line(1, category="GADGETS")))
    assert Product.objects.get().category == "Electronics"
    canary.take_back(job, user)

    assert ValueRule.objects.get() == own


def test_a_rule_that_somebody_changed_since_is_not_taken_back(pipeline: Pipeline, vendor: Vendor, user: User) -> None:
    job = job_of(RuleChange(None, "category", "Gadgets", "Electronics"), user)
    canary.for_vendors(job, ["VEND001"], user)
    ValueRule.objects.update(right_value="Books")

    canary.take_back(job, user)

    assert ValueRule.objects.get().right_value == "Books"


@pytest.mark.parametrize(
    "change",
    [
        CategoryChange(("Books",), active=True),
        RuleChange("VEND001", "category", "Gadgets", "Books"),
        RuleChange(None, "category", "Gadgets", None, 1),
        SeverityChange("name_in_capitals", "error", "VEND001"),
        SeverityChange("name_in_capitals", ""),
    ],
)
def test_a_change_with_nobody_to_begin_with_is_made_where_it_came_from(
    pipeline: Pipeline, vendor: Vendor, user: User, change: Change
) -> None:
    job = job_of(change, user)

    with pytest.raises(canary.Refused, match="where it came from"):
        canary.for_all(job, user)


def test_nothing_is_made_of_a_test_under_way_or_for_nobody(pipeline: Pipeline, vendor: Vendor, user: User) -> None:
    job = run.start(NO_ELECTRONICS, 7, user)
    with pytest.raises(canary.Refused, match="under way"):
        canary.for_all(job, user)
    run_jobs(job)
    with pytest.raises(canary.Refused, match="at least one vendor"):
        canary.for_vendors(job, ["NOBODY"], user)

    assert not canary.made(job).anything
    assert ProductCategory.objects.get(category_name="Electronics").is_active
    assert not SeverityRule.objects.exists()


# --- its job -------------------------------------------------------------------------------------------------------


def age(job: Job, *, made_days: int) -> None:
    """The job ended long ago, and something was done with it so many days ago."""
    job.refresh_from_db()
    then = timezone.now() - timedelta(days=made_days)
    old = {"ended_at": timezone.now() - timedelta(days=400)}
    Job.objects.filter(pk=job.pk).update(**old, parameters={**job.parameters, "made_at": then.isoformat()})


def delete_old_jobs() -> None:
    found = turn.take("jobs", 90)
    assert found
    logs.delete_jobs(found)
    leases.release(found.lease)


def test_it_can_be_taken_back_as_long_as_it_counts_for_chosen_vendors(
    client: Client, pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    SeverityRule.objects.create(code="name_in_capitals", vendor=other_vendor, severity="warning", threshold=20)
    pipeline.run(feed(line(1, product_name=LOUD)))
    job = job_of(SeverityChange("name_in_capitals", "error"), user)
    canary.for_vendors(job, ["VEND002"], user)
    age(job, made_days=400)

    delete_old_jobs()

    client.force_login(user)
    page = client.get(f"/admin/uploads/valuerule/tests/{job.pk}/").content.decode()
    assert "The examples of rows were deleted" in page
    assert "Examples of VEND001" not in page
    canary.take_back(Job.objects.get(pk=job.pk), user)
    newest = SeverityRule.objects.latest("pk")
    assert (newest.vendor_id, newest.severity, newest.threshold) == ("VEND002", "warning", 20)
    delete_old_jobs()
    assert Job.objects.filter(pk=job.pk).exists()
    age(job, made_days=91)
    delete_old_jobs()
    assert not Job.objects.filter(pk=job.pk).exists()


def test_made_for_all_it_is_kept_for_a_while_after_that(pipeline: Pipeline, vendor: Vendor, user: User) -> None:
    pipeline.run(feed(line(1, product_name=LOUD)))
    job = job_of(SeverityChange("name_in_capitals", "error"), user)
    canary.for_all(job, user)
    age(job, made_days=89)
    delete_old_jobs()
    assert Job.objects.filter(pk=job.pk).exists()
    age(job, made_days=91)
    delete_old_jobs()
    assert not Job.objects.filter(pk=job.pk).exists()


def test_one_that_counts_stands_in_the_list_however_many_came_after_it(
    client: Client, pipeline: Pipeline, vendor: Vendor, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.staff.shadow.page.SHOWN", 1)
    first, *_ = (job_of(SeverityChange(code, "error"), user) for code in ("html_left", "stock_zero", "cleaned"))
    canary.for_vendors(first, ["VEND001"], user)
    client.force_login(user)
    shown = client.get("/admin/uploads/valuerule/tests/")
    assert [line["what"].partition(" in ")[0] for line in shown.context["tests"]] == ["“Cleaned”", "“HTML left”"]


# --- its page ------------------------------------------------------------------------------------------------------


def test_it_is_made_and_taken_back_by_the_buttons_of_its_page_and_logged(
    client: Client, pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    pipeline.run(feed(line(1)))
    job = job_of(NO_ELECTRONICS, user)
    client.force_login(user)
    address = f"/admin/uploads/valuerule/tests/{job.pk}/"
    page = client.get(address).content.decode()
    assert 'name="vendor" value="VEND001"' in page
    assert "It isn’t made yet." in page

    said = client.post(f"{address}make/", {"do": "vendors", "vendor": ["VEND001", ""]}, follow=True).content.decode()
    assert "It counts for VEND001 from now on." in said
    assert "counts for <strong>VEND001</strong>. Rows of the others are accepted and only warned of." in said
    said = client.post(f"{address}make/", {"do": "back"}, follow=True).content.decode()

    assert "It was taken back." in said
    logged = list(LogEntry.objects.filter(object_id=job.pk).order_by("pk").values_list("change_message", flat=True))
    assert logged == ["Made for 1 vendor: Deactivate “Electronics”.", "Taken back: Deactivate “Electronics”."]
    assert SecurityEvent.objects.filter(about="tested change", detail__startswith="Taken back").exists()


@pytest.mark.parametrize("lacking", ["test_changes", "change_productcategory", "add_severityrule"])
def test_who_may_not_make_such_changes_has_no_buttons_and_makes_none(
    client: Client, pipeline: Pipeline, vendor: Vendor, user: User, lacking: str
) -> None:
    pipeline.run(feed(line(1)))
    job = job_of(NO_ELECTRONICS, user)
    other = User.objects.create_user("other", is_staff=True)
    needed = ["view_valuerule", "test_changes", "change_productcategory", "add_severityrule"]
    other.user_permissions.set(Permission.objects.filter(codename__in=set(needed) - {lacking}))
    client.force_login(other)
    address = f"/admin/uploads/valuerule/tests/{job.pk}/"

    assert "Enforce for all" not in client.get(address).content.decode()
    assert client.post(f"{address}make/", {"do": "all"}).status_code == 403
    assert ProductCategory.objects.get(category_name="Electronics").is_active


def test_a_severity_is_tested_from_its_form(client: Client, pipeline: Pipeline, user: User) -> None:
    pipeline.run(feed(line(1, product_name=LOUD)))
    client.force_login(user)
    assert (
        'formaction="/admin/uploads/valuerule/test/"' in client.get("/admin/uploads/severityrule/add/").content.decode()
    )
    asked = {"what": "severity", "code": "name_in_capitals", "severity": "error", "vendor": "VEND001", "start": "yes"}

    short = asked | {"code": "description_short", "threshold": "20", "vendor": ""}
    del short["start"]
    said = client.post("/admin/uploads/valuerule/test/", short).content.decode()
    assert "“Description short” in rows of all vendors, below 20 characters: an error" in said
    page = client.post("/admin/uploads/valuerule/test/", asked, follow=True).content.decode()
    assert "“Name in capitals” in rows of VEND001: an error" in page
    assert run_jobs().result["counts"] == {"fail": 1}
    never = client.post("/admin/uploads/valuerule/test/", asked | {"code": "missing_value", "severity": "warning"})
    assert "can&#x27;t be a warning" in never.content.decode()
    assert Job.objects.count() == 1
    assert not SeverityRule.objects.exists()
