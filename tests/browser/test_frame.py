"""The frame of the admin in the browser: its search, its filters, its navigation; by keyboard, by thumb, without
scripts, and for screen readers and weak eyes, in light and in dark."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

import config.urls  # noqa: F401 - registers the last of the admins
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, Axe, overflow, signed_in, without_scripts
from uploads.models import Job, ServiceOutage, StreamShard, UploadHistory
from uploads.pipeline.settling import totals
from vendors.models import Vendor

UPLOADS = "/admin/uploads/uploadhistory/"


def pages_of(model: Any, model_admin: Any, may: Any) -> Iterator[str]:
    """A model's list, the page of a row, and the form for a new one where there is one."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    yield reverse(f"{name}_changelist")
    yield reverse(f"{name}_change", args=[quote(model._default_manager.first().pk)])
    if model_admin.has_add_permission(may):
        yield reverse(f"{name}_add")


def test_no_page_of_the_admin_is_closed_to_anybody(everything: Page, rf: Any, axe: Axe) -> None:
    may = rf.get("/")
    may.user = User.objects.get(username="admin")
    pages = [
        "/admin/",
        "/admin/?tab=done",
        "/admin/figures/",
        "/admin/uploads/",
        "/admin/find/?q=U",
        "/admin/password_change/",
    ]
    pages += [one for model, model_admin in admin.site._registry.items() for one in pages_of(model, model_admin, may)]
    wrong: dict[str, list[str]] = {}
    for address in pages:
        everything.goto(address)
        everything.wait_for_load_state()
        found = axe(everything)
        wrong |= {address: found} if found else {}
    assert len(pages) > 40
    assert wrong == {}


def test_no_list_is_cut_off_on_a_laptop_and_on_a_phone_its_rows_are_cards(everything: Page) -> None:
    too_wide: dict[tuple[str, int], int] = {}
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for size in (DESKTOP, PHONE):
            everything.set_viewport_size(size)
            everything.goto(address)
            results = everything.locator(".results")
            # Severities are a table of their own.
            hidden = results.evaluate("(box) => box.scrollWidth - box.clientWidth") if results.count() else 0
            too_wide |= {(address, size["width"]): hidden} if hidden or overflow(everything) else {}
        for cell in everything.locator("#result_list tbody tr").first.locator("td[data-label]").all()[:1]:
            assert cell.evaluate("(cell) => getComputedStyle(cell).display") == "grid", address
    assert too_wide == {}


# --- the search ------------------------------------------------------------------------------------------------


def test_the_search_opens_at_a_key_and_is_used_by_keys_alone(
    admin_page: Page, sent_feed: UploadHistory, axe: Axe
) -> None:
    page = admin_page
    page.goto(UPLOADS)
    page.keyboard.press("Control+k")
    box = page.get_by_role("dialog", name="Search")
    expect(box.get_by_role("link", name="Products")).to_be_visible()
    page.keyboard.type("northwind")
    expect(box.get_by_role("link", name="Northwind VEND001")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("ArrowDown")
    expect(box.get_by_role("link", name="Northwind VEND001")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(box.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.get_by_role("link", name="Search").first.click()
    page.keyboard.type("SKU-1")
    expect(box.get_by_role("link", name="SKU-1 Product 1")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("SKU-1")


def test_what_strangers_named_things_is_text_in_the_search(everything: Page) -> None:
    everything.goto("/admin/")
    everything.keyboard.press("Control+k")
    everything.keyboard.type("alert(1)")
    box = everything.get_by_role("dialog", name="Search")
    expect(box.get_by_role("link", name="<script>alert(1)</script> 1")).to_be_visible()
    assert box.locator("script").count() == 0


# --- filters ---------------------------------------------------------------------------------------------------


def test_a_filter_closes_at_escape_at_a_click_elsewhere_and_when_another_opens(
    admin_page: Page, sent_feed: UploadHistory, axe: Axe
) -> None:
    page = admin_page
    page.goto(UPLOADS)
    status, vendor = (page.locator("summary", has_text=name) for name in ("Status", "Vendor"))
    choices = page.get_by_role("link", name="Completed")
    status.click()
    expect(choices).to_be_visible()
    assert axe(page, ".filters") == []  # what it covers is small then
    page.keyboard.press("Escape")
    expect(choices).to_be_hidden()
    expect(status).to_be_focused()
    status.press("Enter")
    expect(choices).to_be_visible()
    page.get_by_role("heading", name="Uploads").click()
    expect(choices).to_be_hidden()
    status.click()
    vendor.click()
    expect(choices).to_be_hidden()
    page.get_by_role("link", name="VEND001 Northwind").click()
    expect(page.locator("summary", has_text="Vendor:")).to_contain_text("VEND001 Northwind")
    page.get_by_role("link", name="Clear all").click()
    expect(page.get_by_role("link", name="Clear all")).to_have_count(0)


def test_filters_search_and_navigation_work_without_scripts(
    browser: Browser, live_server: Any, page: Page, sent_feed: UploadHistory
) -> None:
    user = User.objects.create_superuser("quiet", "quiet@example.com", PASSWORD)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, viewport=PHONE)
    plain = signed_in(context.new_page(), live_server, user)
    plain.goto("/admin/")
    plain.get_by_role("button", name="Menu").click()
    plain.get_by_role("link", name="Uploads", exact=True).click()
    plain.locator("summary", has_text="Status").click()
    plain.get_by_role("link", name="Completed").click()
    expect(plain.locator("summary", has_text="Status: Completed")).to_be_visible()
    plain.locator("a[data-find]").click()
    plain.get_by_role("main").get_by_role("searchbox").fill("SKU-1")
    plain.get_by_role("main").get_by_role("button", name="Search").click()
    plain.get_by_role("link", name="SKU-1").first.click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("SKU-1")
    context.close()


# --- on a phone ------------------------------------------------------------------------------------------------


def test_on_a_phone_the_navigation_opens_at_a_thumb_and_closes_at_escape(admin_page: Page, axe: Axe) -> None:
    page = admin_page
    page.set_viewport_size(PHONE)
    page.goto("/admin/")
    link = page.get_by_role("navigation", name="Sections").get_by_role("link", name="Vendors", exact=True)
    expect(link).to_be_hidden()
    menu = page.get_by_role("button", name="Menu")
    size = menu.bounding_box()
    assert size
    assert min(size["width"], size["height"]) >= 44
    menu.click()
    expect(link).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    menu.press("Enter")
    link.click()
    expect(page.get_by_role("heading", name="Vendors", level=1)).to_be_visible()


# --- work and figures ------------------------------------------------------------------------------------------


@pytest.fixture
def busy(admin_page: Page, sent_feed: UploadHistory) -> Page:
    """Something of every sort waits: wrong values, a file that failed, companies that applied, troubles, a claim."""
    for n, name in enumerate(("Lumen Lamps", f"Kestrel {'Outdoor' * 12} GmbH")):
        Vendor.objects.create(vendor_id=f"VEND90{n}", vendor_name=name, email=f"v{n}@example.com", status="pending")
    Vendor.objects.filter(pk="VEND001").update(requested_name="Southwind")
    for n in range(7):
        UploadHistory.objects.create(
            upload_id=f"U{n}", vendor_id="VEND001", file_name=f"{'long' * 20}{n}.csv", status="failed",
            failure_reason="The file has no header.",
        )  # fmt: skip
    ServiceOutage.objects.create(service="DynamoDB", reason="DynamoDB refuses the credentials. Renew them.")
    Job.objects.create(kind="undo", vendor_id="VEND001", state="failed", failure="Gone.", ended_at=timezone.now())
    StreamShard.objects.create(stream_arn="arn", shard_id="s", gap_found_at=timezone.now())
    totals.add_up()
    return admin_page


def test_work_and_figures_fit_every_window_and_are_closed_to_nobody(busy: Page, axe: Axe) -> None:
    wrong: dict[tuple[str, int], Any] = {}
    for address in ("/admin/", "/admin/?group=failed", "/admin/?tab=snoozed", "/admin/?tab=done", "/admin/figures/"):
        for size in (DESKTOP, PHONE):
            busy.set_viewport_size(size)
            busy.goto(address)
            found = [f"{overflow(busy)} px too wide"] * bool(overflow(busy)) + axe(busy)
            wrong |= {(address, size["width"]): found} if found else {}
    assert wrong == {}


def test_work_is_done_by_keyboard_and_its_menus_are_closed_to_nobody(busy: Page, axe: Axe) -> None:
    busy.goto("/admin/")
    company = busy.get_by_role("article", name="Lumen Lamps")
    decline = company.locator("summary", has_text="Decline")
    decline.press("Enter")
    for size in (DESKTOP, PHONE):
        busy.set_viewport_size(size)
        assert axe(busy, ".work-list") == []
        assert overflow(busy) == 0
    busy.set_viewport_size(DESKTOP)
    busy.keyboard.press("Tab")
    busy.keyboard.type("The tax ID is another company’s.")
    busy.keyboard.press("Tab")
    busy.keyboard.press("Enter")
    expect(busy.get_by_text("Lumen Lamps is declined. Its owners read why.")).to_be_in_viewport()
    expect(busy.get_by_role("article", name="Lumen Lamps")).to_have_count(0)
    expect(busy.get_by_role("heading", name="Vendors to approve")).to_be_in_viewport()
    later = busy.get_by_role("article").filter(has_text="Undo an upload").locator("summary", has_text="Later")
    later.press("Enter")
    busy.keyboard.press("Escape")
    expect(busy.get_by_role("button", name="Tomorrow")).to_have_count(0)
    expect(later).to_be_focused()
    later.press("Enter")
    busy.get_by_role("button", name="Tomorrow").press("Enter")
    expect(busy.get_by_text("“Undo an upload: VEND001” is put off until")).to_be_visible()


def test_work_is_done_without_scripts_and_found_again_by_the_search(busy: Page, live_server: Any) -> None:
    with without_scripts(busy, live_server) as plain:
        plain.set_viewport_size(PHONE)
        plain.goto("/admin/")
        first = plain.get_by_role("article", name="0.csv")
        first.locator("summary", has_text="Done").click()
        first.get_by_label("Why").fill("They sent another.")
        first.get_by_role("button", name="It is done").click()
        expect(plain.get_by_role("article", name="0.csv")).to_have_count(0)
        plain.get_by_role("article", name="Lumen Lamps").get_by_role("button", name="Approve").click()
        expect(plain.get_by_text("Lumen Lamps is approved")).to_be_visible()
        value = plain.get_by_role("article", name="Category “Electroncs”")
        value.get_by_role("combobox").first.select_option("Electronics")
        value.get_by_role("button", name="Save").click()
        expect(plain.get_by_text("1 row of 1 vendor is being worked on.")).to_be_visible()
        expect(plain.get_by_role("article", name="Category “Electroncs”")).to_have_count(0)
    busy.goto("/admin/figures/")
    busy.keyboard.press("Control+k")
    busy.keyboard.type("sent another")
    box = busy.get_by_role("dialog", name="Search")
    expect(box.get_by_text("Work that was done")).to_be_visible()
    expect(box.get_by_text("Look for “sent another”")).to_be_visible()  # all that was typed is answered
    busy.keyboard.press("Enter")
    expect(busy.get_by_role("article", name="0.csv")).to_contain_text("They sent another.")
    busy.get_by_role("button", name="Not done after all").click()
    busy.get_by_role("link", name="Waiting").click()
    expect(busy.get_by_role("article", name="0.csv")).to_be_visible()
