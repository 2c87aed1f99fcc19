"""Signing in with a password and an authenticator app, as a person does it."""

import re
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, overflow
from tests.config.test_accounts import code_of


def log_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the login page that is shown."""
    page.get_by_label("Username or email").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign In").click()


def enter_code(page: Page, secret: str, button: str) -> None:
    page.locator("[name=code]").fill(code_of(secret))
    page.get_by_role("button", name=button).click()


@pytest.fixture
def ada(page: Page, settings: Any) -> User:
    """A superuser, where staff need a second factor."""
    settings.STAFF_NEEDS_TOTP = True
    return User.objects.create_superuser("ada", "ada@example.com", PASSWORD)


@pytest.mark.usefixtures("ada")
def test_a_new_member_of_staff_sets_up_an_app_on_the_way_to_the_dashboard(page: Page) -> None:
    page.goto("/admin/")
    log_in(page, "ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_text("the admin opens only after a second step")).to_be_visible()
    expect(page.get_by_role("img", name="QR code for the authenticator app")).to_be_visible()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    enter_code(page, page.locator("#authenticator_secret").input_value(), "Activate")
    expect(page.get_by_label("Unused codes")).to_have_value(re.compile(r"(\d{8}\n){9}\d{8}"))
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", name="Work")).to_be_visible()
    page.locator("summary", has_text="ada").click()
    page.get_by_role("link", name="Two-factor").click()
    expect(page.get_by_text("Authentication using an authenticator app is active.")).to_be_visible()


def test_a_code_leads_to_the_page_that_was_asked_for(page: Page, ada: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(ada, secret)
    page.goto("/admin/auth/user/")
    log_in(page, "ada")
    enter_code(page, secret, "Sign In")
    expect(page).to_have_url("/admin/auth/user/")


def test_account_pages_fit_a_phone(page: Page, ada: User) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/accounts/login/")
    log_in(page, "ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    enter_code(page, page.locator("#authenticator_secret").input_value(), "Activate")
    wide = {}
    for address in (
        "2fa/",
        "2fa/recovery-codes/",
        "2fa/totp/deactivate/",
        "password/change/",
        "email/",
        "sessions/",
        "logout/",
    ):
        page.goto(f"/accounts/{address}")
        wide[address] = overflow(page)
    assert set(wide.values()) == {0}, wide
