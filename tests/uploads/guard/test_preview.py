"""People who send a file by hand see in its preview what would hold it, and tick that it is meant so."""

from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.guard.test_hold import NIGHTLY, ROWS, listed
from tests.uploads.portal.test_upload import CONFIRM, choose, form, sign_in
from uploads.models import GuardThreshold, Job, SeverityRule, UploadHistory
from uploads.pipeline import examine
from vendors.models import Vendor

SOME = feed(*(line(number, stock_quantity="0" if number <= 15 else "5") for number in range(1, ROWS + 1)))


@pytest.fixture
def stocked(pipeline: Pipeline) -> Pipeline:
    pipeline.run(NIGHTLY)
    return pipeline


def confirmed(client: Client, content: str, *, ticked: bool, **changes: str) -> UploadHistory:
    shown = choose(client, content)
    assert b"This would change more than is usual" in shown.content
    tick = {"let_through": shown.context["guard"].word} if ticked else {}
    assert client.post(CONFIRM, form(shown, **tick, **changes)).status_code == 302
    return UploadHistory.objects.latest("sequence")


def test_an_owner_who_ticks_what_was_found_is_not_held_again_for_it(stocked: Pipeline, client: Client) -> None:
    owner = sign_in(client, "owner")
    upload = confirmed(client, SOME, ticked=True)
    assert (upload.status, upload.guard, upload.guard_confirmed_by) == ("processing", "confirmed", owner)
    assert not Job.objects.filter(kind=Job.Kind.GUARD, upload=upload).exists()  # the preview's trial is fresh
    stocked.stage(upload)
    stocked.settle()
    assert Product.objects.filter(stock_quantity=0).count() == 15


def test_without_the_tick_it_is_held_at_once_by_the_previews_trial(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "owner")
    upload = confirmed(client, SOME, ticked=False)
    assert (upload.status, upload.guard) == ("held", "held")
    assert not Job.objects.filter(kind=Job.Kind.GUARD).exclude(upload=None).filter(upload=upload).exists()


def test_an_uploader_has_no_tick_and_its_file_is_held_for_an_owner(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "uploader")
    shown = choose(client, SOME)
    assert b'name="let_through"' not in shown.content
    assert b"held until an owner lets it through" in shown.content
    assert confirmed(client, SOME, ticked=True).status == "held"  # as a form that was made up would send it


def test_an_owner_beyond_the_limit_of_owners_is_held_for_staff(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "owner")
    assert b"until our staff let it through" in choose(client, listed(stock_quantity="0")).content
    assert confirmed(client, listed(stock_quantity="0"), ticked=True).status == "held"


def test_a_tick_for_other_findings_lets_nothing_through(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "owner")
    shown = choose(client, SOME)
    Product.objects.filter(sku="SKU-1").update(stock_quantity=0)  # then 14 of them would fall to 0
    upload_form = form(shown, let_through=shown.context["guard"].word)
    client.post(CONFIRM, upload_form)
    upload = UploadHistory.objects.latest("sequence")
    assert upload.guard == "due"  # the catalog has moved since
    stocked.guard(upload)
    upload.refresh_from_db()
    assert upload.status == "held"


@pytest.mark.parametrize("moved", ["an edit by hand", "an upload", "a threshold of a category", "a severity"])
def test_a_trial_that_is_not_fresh_any_more_is_made_anew(stocked: Pipeline, client: Client, moved: str) -> None:
    sign_in(client, "owner")
    shown = choose(client, NIGHTLY)
    if moved == "an upload":
        stocked.run(listed(20, price="9.50"))
    elif moved == "an edit by hand":
        Product.objects.filter(sku="SKU-1").update(price="9.50")
    elif moved == "a severity":
        SeverityRule.objects.create(code="stock_zero", severity="error", vendor_id="VEND001")
    else:
        GuardThreshold.objects.create(kind="zero_stock", category="Electronics", limit_percent=5, owner_percent=9)
    client.post(CONFIRM, form(shown))
    assert UploadHistory.objects.latest("sequence").guard == "due"


def test_the_trial_of_a_preview_that_is_fresh_is_the_only_one(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "uploader")
    client.post(CONFIRM, form(choose(client, NIGHTLY)))
    upload = UploadHistory.objects.latest("sequence")
    assert (upload.status, upload.guard) == ("processing", "passed")
    assert not Job.objects.filter(kind=Job.Kind.GUARD, upload=upload).exists()


def test_a_large_file_is_confirmed_before_its_dry_run_has_ended_and_then_tried_by_a_worker(
    stocked: Pipeline, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, "owner")
    monkeypatch.setattr(examine, "is_small", lambda _: False)
    shown = choose(client, SOME)
    assert shown.context["guard"] is None
    client.post(CONFIRM, form(shown))
    upload = UploadHistory.objects.latest("sequence")
    assert upload.guard == "due"
    run_jobs()
    upload.refresh_from_db()
    assert upload.status == "held"


def test_a_person_who_sends_a_few_rows_by_hand_means_these(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "uploader")
    client.post(CONFIRM, form(choose(client, feed(line(1), line(2)))))
    assert UploadHistory.objects.latest("sequence").guard == ""


# --- the page of a held upload ---------------------------------------------------------------------------------


def page_of(upload: UploadHistory, more: str = "") -> str:
    return f"/vendor/VEND001/uploads/{upload.pk}/{more}"


def test_its_page_says_why_it_is_held_and_an_owner_lets_it_through(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "owner")
    upload = stocked.run(SOME)
    shown = client.get(page_of(upload)).content.decode()
    assert "15 stocks would fall to 0" in shown
    assert "Product 1 (SKU-1): 5 → 0" in shown
    assert "Let it through" in shown
    assert "Files that are held" in client.get("/vendor/VEND001/").content.decode()
    assert client.post(page_of(upload, "release/")).status_code == 302
    upload.refresh_from_db()
    assert upload.guard == "confirmed"


def test_who_may_not_let_it_through_finds_no_button_and_is_refused(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "uploader")
    upload = stocked.run(SOME)
    assert "Let it through" not in client.get(page_of(upload)).content.decode()
    assert client.post(page_of(upload, "release/")).status_code == 403
    sign_in(client, "owner")
    beyond = stocked.run(listed(stock_quantity="0"))
    assert "our staff look at it" in client.get(page_of(beyond)).content.decode()
    client.post(page_of(beyond, "release/"))
    for one in (upload, beyond):
        one.refresh_from_db()
        assert one.status == "held"


def test_another_vendors_held_upload_is_not_there(stocked: Pipeline, other_vendor: Vendor, client: Client) -> None:
    sign_in(client, "owner", other_vendor.pk)
    upload = stocked.run(SOME)
    assert client.post(f"/vendor/{other_vendor.pk}/uploads/{upload.pk}/release/").status_code == 404
    assert client.post(page_of(upload, "release/")).status_code == 404


def test_its_vendor_cancels_it_on_its_page(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "uploader")
    upload = stocked.run(SOME)
    assert "Nothing of it was imported" in client.get(page_of(upload, "cancel/")).content.decode()
    client.post(page_of(upload, "cancel/"))
    upload.refresh_from_db()
    assert upload.status == "cancelled"


def test_its_page_says_that_newer_files_came_since(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "owner")
    upload = stocked.run(SOME)
    stocked.run(listed(20, stock_quantity="7"))
    assert "1 newer file brought products since" in client.get(page_of(upload)).content.decode()


def test_what_a_vendor_wrote_into_names_is_text_on_the_page(stocked: Pipeline, client: Client) -> None:
    sign_in(client, "owner")
    names = {"product_name": "<script>alert(1)</script>"}
    upload = stocked.run(feed(*(line(number, stock_quantity="0", **names) for number in range(1, ROWS + 1))))
    shown = client.get(page_of(upload)).content.decode()
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown


# --- staff -----------------------------------------------------------------------------------------------------


def test_staff_find_it_on_work_and_let_it_through(stocked: Pipeline, client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    upload = stocked.run(listed(stock_quantity="0"))
    work = client.get("/admin/").content.decode()
    assert "Files that are held" in work
    assert "30 stocks would fall to 0" in work
    for way in ("release", "cancel"):
        assert f'href="/admin/uploads/uploadhistory/{quote(upload.pk)}/{way}/?next=/admin/"' in work
    page = client.get(f"/admin/uploads/uploadhistory/{upload.pk}/change/", follow=True).content.decode()
    assert "Why it is held" in page
    asked = client.get(f"/admin/uploads/uploadhistory/{upload.pk}/release/").content.decode()
    assert "Let it through" in asked
    done = client.post(f"/admin/uploads/uploadhistory/{upload.pk}/release/?next=/admin/", {"confirmed": "yes"})
    assert done["Location"] == "/admin/"
    upload.refresh_from_db()
    assert (upload.guard, upload.guard_confirmed_by) == ("confirmed", admin_user)
    elsewhere = f"/admin/uploads/uploadhistory/{upload.pk}/cancel/?next=//evil.example/admin/"
    assert "evil.example" not in client.get(elsewhere).content.decode().partition("<form")[2]


def test_staff_without_the_permission_let_nothing_through(stocked: Pipeline, client: Client, db: Any) -> None:
    client.force_login(User.objects.create_user("looker", is_staff=True))
    upload = stocked.run(SOME)
    answer = client.post(f"/admin/uploads/uploadhistory/{upload.pk}/release/", {"confirmed": "yes"})
    assert answer.status_code == 403
