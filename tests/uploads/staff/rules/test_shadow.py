"""Staff test a change before they make it: asked for where it is made, followed and read on a page of its own."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from catalog.models import ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs, take_turn
from uploads.models import Job, ValueRule
from uploads.shadow import run
from uploads.shadow.changes import CategoryChange
from vendors.models import Vendor

RULES = "/admin/uploads/valuerule/"
TEST, TESTS = f"{RULES}test/", f"{RULES}tests/"
ASKED = {
    "what": "rule", "vendor": "VEND001", "field": "category", "wrong_value": "Gadgets", "right_value": "Electronics",
}  # fmt: skip


@pytest.fixture
def staff(client: Client, db: None) -> Callable[..., Client]:
    """Somebody on the staff with these permissions."""

    def with_permissions(*codenames: str) -> Client:
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return with_permissions


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_a_rule_is_tested_from_its_form_before_it_is_saved(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, category="Gadgets"), line(2)))
    assert f'formaction="{TEST}"' in text(admin_client, f"{RULES}add/")

    page = admin_client.post(TEST, ASKED).content.decode()
    assert "Read the category “Gadgets” of VEND001 as “Electronics”" in page
    assert not Job.objects.exists(), "it is only asked so far"
    response = admin_client.post(TEST, ASKED | {"start": "yes", "days": "7"})
    job = Job.objects.get()
    assert response.headers["Location"] == f"{TESTS}{job.pk}/"
    assert "Waiting for a worker" in text(admin_client, f"{TESTS}{job.pk}/")
    run_jobs(job)

    found = text(admin_client, f"{TESTS}{job.pk}/")
    assert "2 rows of 1 upload looked at" in found
    assert "<dt>Newly pass</dt><dd>1</dd>" in found
    assert f"/admin/uploads/uploadhistory/{upload.pk.replace('_', '_5F')}/records/" in found
    assert not ValueRule.objects.exists()
    assert "Read the category “Gadgets”" in text(admin_client, TESTS)


def test_a_rule_that_is_changed_or_taken_away_is_tested_in_the_place_of_the_stored_one(
    admin_client: Client, pipeline: Pipeline
) -> None:
    rule = ValueRule.objects.create(
        vendor_id="VEND001", field="category", wrong_value="Gadgets", right_value="Electronics"
    )
    pipeline.run(feed(line(1, category="Gadgets")))
    changed = {"what": "rule", "rule": rule.pk, "field": "category", "wrong_value": "Gadgets", "right_value": "Nowhere"}

    admin_client.post(TEST, changed | {"start": "yes"})
    admin_client.post(TEST, changed | {"start": "yes", "take_away": "1"})
    run_jobs()

    first, second = Job.objects.order_by("id")
    assert first.parameters["change"]["vendor_id"] == "VEND001", "a rule stays its vendor's"
    assert first.result["counts"] == second.result["counts"] == {"fail": 1}
    rule.refresh_from_db()
    assert rule.right_value == "Electronics"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"wrong_value": ""}, "required"),
        ({"field": "nothing"}, "valid choice"),
        ({"vendor": "NOBODY"}, "valid choice"),
        ({"rule": "12345"}, "gone"),
        ({"what": "category"}, "at least one category"),
        ({"what": "else"}, "Nothing is named"),
    ],
)
def test_what_can_not_be_tested_is_said_and_starts_nothing(
    admin_client: Client, vendor: Vendor, changes: dict[str, str], said: str
) -> None:
    page = admin_client.post(TEST, ASKED | changes | {"start": "yes"}).content.decode()

    assert said in page
    assert not Job.objects.exists()


def test_a_category_is_tested_from_the_question_whether_to_deactivate_it(
    admin_client: Client, pipeline: Pipeline
) -> None:
    pipeline.run(feed(line(1), line(2, category="Books")))
    category = ProductCategory.objects.get(category_name="Electronics")
    question = admin_client.post(
        "/admin/catalog/productcategory/", {"action": "deactivate", "_selected_action": [category.pk]}
    ).content.decode()
    address = f"{TEST}?what=category&active=&category={category.pk}"
    assert address.replace("&", "&amp;") in question

    assert "Deactivate “Electronics”" in text(admin_client, address)
    admin_client.post(TEST, {"what": "category", "active": "", "category": [category.pk], "start": "yes", "days": "3"})
    job = run_jobs()

    found = text(admin_client, f"{TESTS}{job.pk}/")
    assert "<dt>Newly fail</dt><dd>1</dd>" in found
    assert "over uploads of 3 days" in found
    category.refresh_from_db()
    assert category.is_active


def test_who_may_only_look_sees_tests_and_starts_and_stops_none(
    staff: Callable[..., Client], pipeline: Pipeline, vendor: Vendor
) -> None:
    client = staff("view_valuerule", "change_productcategory", "view_productcategory")
    job = run.start(CategoryChange(("Electronics",), active=False), 7, User.objects.get())

    assert client.get(TEST).status_code == 403
    assert client.post(TEST, ASKED | {"start": "yes"}).status_code == 403
    assert client.post(f"{TESTS}{job.pk}/stop/").status_code == 403
    assert client.get(f"{TESTS}{job.pk}/").status_code == 200
    assert "Test this change" not in text(client, f"{RULES}")
    category = ProductCategory.objects.get(category_name="Books")
    question = client.post(
        "/admin/catalog/productcategory/", {"action": "deactivate", "_selected_action": [category.pk]}
    ).content.decode()
    assert "Yes, deactivate" in question
    assert "Test this change" not in question
    assert Job.objects.get().state == "waiting"


def test_who_may_see_no_rules_sees_no_tests(staff: Callable[..., Client], vendor: Vendor) -> None:
    client = staff("view_vendor", "view_job")
    job = run.start(CategoryChange(("Electronics",), active=False), 7, User.objects.get())

    for address in (TESTS, f"{TESTS}{job.pk}/", f"{TESTS}{job.pk}/progress/"):
        assert client.get(address).status_code == 403


def test_operations_may_test_changes_and_who_only_reads_may_not(groups: None) -> None:
    may = Permission.objects.get(codename="test_changes").group_set.values_list("name", flat=True)

    assert sorted(may) == ["Operations", "Operations lead"]


def test_a_test_under_way_is_stopped_from_its_page(
    admin_client: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(feed(line(1), line(2), line(3)))
    monkeypatch.setattr(run, "SLICE_ROWS", 2)
    monkeypatch.setattr("uploads.work.jobs.TURN_SECONDS", 0.0)
    job = run.start(CategoryChange(("Electronics",), active=False), 7, User.objects.get())
    take_turn(job)
    part = text(admin_client, f"{TESTS}{job.pk}/progress/")
    assert "2 of about 3 rows looked at" in part
    assert f'hx-get="{TESTS}{job.pk}/progress/"' in part

    admin_client.post(f"{TESTS}{job.pk}/stop/")

    page = text(admin_client, f"{TESTS}{job.pk}/")
    assert "Stopped by admin. What was found until then stands below." in page
    assert "<dt>Newly fail</dt><dd>2</dd>" in page
    assert "Stop it" not in page
    assert '<span class="tag tag-stopped">stopped</span>' in text(admin_client, TESTS)


def test_a_test_that_looked_at_nothing_does_not_say_that_nothing_would_be_different(
    admin_client: Client, vendor: Vendor, broker: None
) -> None:
    nothing, stopped = (run.start(CategoryChange(("Books",), active=False), 7, User.objects.get()) for _ in range(2))
    run.stop(stopped, User.objects.get())
    run_jobs(nothing)

    pages = [text(admin_client, f"{TESTS}{job.pk}/") for job in (nothing, stopped)]
    assert "There was no upload to look at in these days." in pages[0]
    assert "Nothing was looked at until then." in pages[1]
    assert not [page for page in pages if "would be different." in page]


def test_the_list_says_for_whom_a_tested_change_counts(admin_client: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, category="Books")))
    job = run_jobs(run.start(CategoryChange(("Electronics",), active=False), 7, User.objects.get()))
    assert "<td>nothing</td><td>–</td>" in text(admin_client, TESTS)

    admin_client.post(f"{TESTS}{job.pk}/make/", {"do": "vendors", "vendor": "VEND001"})
    assert "<td>nothing</td><td>VEND001</td>" in text(admin_client, TESTS)
    admin_client.post(f"{TESTS}{job.pk}/make/", {"do": "all"})
    assert "<td>nothing</td><td>all vendors</td>" in text(admin_client, TESTS)


def test_another_job_is_no_test(admin_client: Client, vendor: Vendor) -> None:
    job = Job.objects.create(kind=Job.Kind.RETRY, vendor=vendor)

    assert admin_client.get(f"{TESTS}{job.pk}/").status_code == 404
    assert admin_client.post(f"{TESTS}{job.pk}/stop/").status_code == 404
    assert admin_client.get(f"{TESTS}{10**30}/").status_code == 404
    job.refresh_from_db()
    assert job.state == "waiting"


def test_a_third_test_is_refused_while_two_are_under_way(admin_client: Client, vendor: Vendor, broker: None) -> None:
    for _ in range(3):
        response = admin_client.post(TEST, ASKED | {"start": "yes"}, follow=True)

    assert "Two changes are being tested already" in response.content.decode()
    assert Job.objects.count() == 2


def test_what_vendors_and_staff_wrote_is_shown_as_text(admin_client: Client, pipeline: Pipeline) -> None:
    hostile = "<script>alert(1)</script>\u202etxt"
    pipeline.run(feed(line(1, category=hostile, brand="<b>Acme</b>")))

    admin_client.post(TEST, ASKED | {"wrong_value": hostile, "start": "yes"})
    admin_client.post(TEST, ASKED | {"field": "brand", "wrong_value": "x", "right_value": hostile, "start": "yes"})
    run_jobs()

    first, second = Job.objects.order_by("id")
    assert first.result["counts"] == {"pass": 1}
    asked = admin_client.post(TEST, ASKED | {"wrong_value": hostile}).content.decode()
    pages = [text(admin_client, f"{TESTS}{job.pk}/") for job in (first, second)]
    for page in (*pages, text(admin_client, TESTS)):
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩txt" in page
    assert "<script>alert" not in asked


def test_a_test_in_the_list_of_jobs_leads_to_what_it_found_and_one_that_was_stopped_is_no_work(
    admin_client: Client, staff: Callable[..., Client], pipeline: Pipeline
) -> None:
    pipeline.run(feed(line(1), line(2)))
    user = User.objects.get(username="admin")
    found = run_jobs(run.start(CategoryChange(("Electronics",), active=False), 7, user))
    stopped = run.start(CategoryChange(("Books",), active=False), 7, user)
    run.stop(stopped, user)
    assert "Test of a change" not in text(admin_client, "/admin/")

    response = admin_client.get(f"/admin/uploads/job/{found.pk}/change/")
    assert response.headers["Location"] == f"{TESTS}{found.pk}/"

    Job.objects.filter(pk=stopped.pk).update(state="failed", failure="Something on our side failed.")
    assert f'href="{TESTS}{stopped.pk}/"' in text(admin_client, "/admin/")
    engineer = staff("view_job")
    page = text(engineer, f"/admin/uploads/job/{found.pk}/change/")
    assert "Test of a change: done, 2 rows." in page
