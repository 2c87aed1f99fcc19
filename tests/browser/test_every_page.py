"""Every page of the admin: nothing that the content security policy refuses, nothing wider than a phone."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, overflow
from tests.feeds import feed, line
from uploads.models import UploadHistory
from vendors.models import Vendor
from vendors.tokens import texts


def _addresses(site_admin: Any, may: Any) -> list[str]:
    """The pages of one model that a superuser may open."""
    model = site_admin.model
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    assert row is not None, f"give {model.__name__} a row, above"
    key = [quote(row.pk)]
    pages = [reverse(f"{name}_changelist"), reverse(f"{name}_change", args=key), reverse(f"{name}_history", args=key)]
    if site_admin.has_add_permission(may):
        pages.append(reverse(f"{name}_add"))
    if site_admin.has_delete_permission(may, row):
        pages.append(reverse(f"{name}_delete", args=key))
    extras = [extra for extra in ("export", "import") if hasattr(site_admin, f"get_{extra}_formats")]
    return pages + [reverse(f"{name}_{extra}") for extra in extras]


def test_no_page_breaks_the_policy_or_is_wider_than_a_phone(everything: Page, rf: Any, complaints: list[str]) -> None:
    may = rf.get("/")
    may.user = User.objects.get()
    pages = [
        reverse("admin:index"),
        "/admin/?tab=done",
        "/admin/figures/",
        "/admin/uploads/",
        "/admin/password_change/",
        "/admin/vendors/apitoken/1/revoke/",
        "/admin/vendors/webhook/1/turn/",
        "/admin/vendors/webhook/1/deliveries/1/",
    ]
    pages += [address for site_admin in admin.site._registry.values() for address in _addresses(site_admin, may)]
    wrong = {}
    for address in pages:
        everything.set_viewport_size(DESKTOP)
        answer = everything.goto(address)
        assert answer
        everything.set_viewport_size(PHONE)
        found = [f"status {answer.status}"] * (answer.status != 200)
        found += [f"{overflow(everything)} px too wide"] * (overflow(everything) > 0)
        found += complaints
        complaints.clear()
        if found:
            wrong[address] = found
    assert len(pages) > 60
    assert wrong == {}


@pytest.mark.usefixtures("sent_feed")
def test_the_admins_widgets_work_under_the_policy(admin_page: Page) -> None:
    page = admin_page
    page.goto("/admin/catalog/product/add/")
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("North")
    page.get_by_role("option", name="VEND001 Northwind").click()
    assert page.locator("#id_vendor").input_value() == "VEND001"

    user = User.objects.get()
    page.goto(f"/admin/auth/user/{user.pk}/change/")
    page.locator("#calendarlink0").click()
    page.locator(".calendar td a").first.click()
    page.locator("#clocklink0").click()
    page.locator("#clockbox0 a", has_text="Noon").click()
    assert page.locator("#id_last_login_1").input_value() == "12:00:00"

    page.goto("/admin/uploads/uploadhistory/")
    page.locator("summary", has_text="Created at").click()
    page.get_by_role("link", name="Today").click()
    expect(page.locator("#result_list")).to_be_visible()
    theme = page.locator("html").get_attribute("data-theme")
    page.locator(".theme-toggle").first.click()
    assert page.locator("html").get_attribute("data-theme") != theme


def test_export_gives_the_file_in_the_format_that_was_chosen(admin_page: Page, sent_feed: UploadHistory) -> None:
    admin_page.goto("/admin/catalog/product/export/")
    admin_page.get_by_label("Format").select_option(label="xlsx")
    with admin_page.expect_download() as download:
        admin_page.get_by_role("button", name="Submit").click()
    assert download.value.suggested_filename.endswith(".xlsx")


def test_import_shows_what_a_file_would_do_and_sends_it(admin_page: Page, sent_feed: UploadHistory) -> None:
    admin_page.goto("/admin/catalog/product/import/")
    admin_page.get_by_label("Vendor").select_option("VEND001")
    file: Any = {"name": "feed.csv", "mimeType": "text/csv", "buffer": feed(line(1), line(9, price="0")).encode()}
    admin_page.locator("input[type=file]").set_input_files(file)
    admin_page.get_by_role("button", name="Show the preview").click()
    expect(admin_page.locator(".preview td.outcome")).to_have_count(2)
    admin_page.get_by_role("button", name="Import").click()
    expect(admin_page.locator("#upload-progress")).to_contain_text("processing")
    assert UploadHistory.objects.count() == 2


def test_a_page_that_is_too_wide_is_noticed(admin_page: Page) -> None:
    admin_page.set_viewport_size(PHONE)
    admin_page.goto("/admin/")
    assert overflow(admin_page) == 0
    admin_page.evaluate("document.getElementById('content').style.width = '500px'")
    assert overflow(admin_page) > 0


def test_a_page_that_breaks_the_policy_is_noticed(page: Page, complaints: list[str]) -> None:
    page.goto("/accounts/login/")
    assert complaints == []
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")
    page.wait_for_function("true")
    assert [text for text in complaints if text.startswith("policy: style-src")]
    complaints.clear()


def test_a_token_that_is_shown_once_fits_a_phone(admin_page: Page, vendor: Vendor) -> None:
    admin_page.set_viewport_size(PHONE)
    admin_page.goto("/admin/vendors/apitoken/add/?vendor=VEND001")
    admin_page.get_by_label("Name").fill("ERP")
    admin_page.get_by_role("button", name="Make token").click()
    expect(admin_page.locator("#token")).to_contain_text(texts.PREFIX)
    assert overflow(admin_page) == 0
    right = admin_page.locator("#token").evaluate("one => one.getBoundingClientRect().right")
    assert right <= PHONE["width"]
