"""A new vendor's first hour on a phone: apply, confirm the address, sign in, wait, and be approved."""

from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, overflow
from tests.browser.test_signing_in import log_in
from tests.vendors.conftest import code_in
from tests.vendors.portal.test_apply import link_in
from vendors import approval
from vendors.models import Vendor, VendorMember

PHONE: Any = {"width": 390, "height": 800}


def fill_in(page: Page) -> None:
    """The application of Lumen, by Mia."""
    page.goto("/accounts/login/")
    page.get_by_role("link", name="Apply as a vendor").click()
    page.get_by_label("Your e-mail at work").fill("mia@lumen.example")
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_label("Company name").fill("Lumen & Söhne")
    page.get_by_label("Country").fill("Austria")
    page.get_by_label("City").fill("Wien")
    page.get_by_role("button", name="Send application").click()


def enter_the_code(page: Page, mails: list[Any]) -> None:
    """What came by mail proves the address."""
    page.get_by_label("Code").fill(code_in(mails[-1]))
    page.get_by_role("button", name="Confirm").click()


def test_a_company_applies_on_a_phone_and_is_let_in(page: Page, mailoutbox: list[Any], live_server: Any) -> None:
    page.set_viewport_size(PHONE)
    fill_in(page)
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert overflow(page) == 0
    enter_the_code(page, mailoutbox)

    vendor = Vendor.objects.get()
    expect(page).to_have_url(f"{live_server.url}/vendor/{vendor.pk}/")
    expect(page.get_by_text("you can’t upload products yet")).to_be_visible()
    expect(page.get_by_text(vendor.pk, exact=True)).to_be_visible()
    assert overflow(page) == 0
    approval.take(approval.APPROVE, [vendor.pk], User.objects.create_superuser("boss"))
    assert mailoutbox[1].subject == "Lumen & Söhne is approved"
    page.reload()
    expect(page.get_by_text("Waiting for approval")).to_have_count(0)


def test_an_owner_invites_a_colleague_who_joins(page: Page, mailoutbox: list[Any], live_server: Any) -> None:
    vendor = Vendor.objects.create(vendor_id="VEND001", vendor_name="Northwind", email="feeds@northwind.example")
    ada = User.objects.create_user("ada", "ada@northwind.example", PASSWORD)
    VendorMember.objects.create(vendor=vendor, user=ada, role="owner")
    page.goto("/")
    log_in(page, "ada")
    page.get_by_role("link", name="Members").click()
    page.get_by_label("E-mail").fill("ben@northwind.example")
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("status")).to_contain_text("ben@northwind.example is invited")
    page.get_by_role("button", name="Sign out").click()

    page.goto(link_in(mailoutbox[0]))
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Join").click()
    enter_the_code(page, mailoutbox)
    expect(page).to_have_url(f"{live_server.url}/vendor/VEND001/")
    expect(page.get_by_role("link", name="Members")).to_have_count(0)


def test_vendor_pages_fit_a_phone(page: Page) -> None:
    vendor = Vendor.objects.create(vendor_id="VEND001", vendor_name="N" * 200, email="feeds@northwind.example")
    ada = User.objects.create_user("ada", f"{'a' * 60}@northwind.example", PASSWORD)
    member = VendorMember.objects.create(vendor=vendor, user=ada, role="owner")
    page.set_viewport_size(PHONE)
    wide = {}
    for address in ("/apply/", "/accounts/password/reset/"):
        page.goto(address)
        wide[address] = overflow(page)
    page.goto("/")
    log_in(page, "ada")
    for address in ("", "profile/", "members/", f"members/{member.pk}/"):
        page.goto(f"/vendor/VEND001/{address}")
        wide[address] = overflow(page)
    assert set(wide.values()) == {0}, wide
