"""An owner adds a source in the browser, tests it while the page follows, and goes on with its preview."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import measure_on_a_phone, signed_in
from tests.browser.test_every_vendor_page import complaints_of_axe
from tests.uploads.sources.sites import ROWS, Site
from uploads.models import Source
from uploads.sources import fetch, run
from vendors.models import Vendor, VendorMember


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, bucket: None, categories: None) -> Site:
    site = Site()
    site.answers = [ROWS]
    monkeypatch.setattr(fetch, "fetched", site.fetched)
    return site


def test_an_owner_adds_a_source_and_tests_it_without_importing_anything(
    page: Page, site: Site, vendor: Vendor, live_server: Any
) -> None:
    owner = User.objects.create_user("olga", "olga@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=owner, role="owner")
    signed_in(page, live_server, owner)
    page.goto(f"/vendor/{vendor.pk}/sources/")
    page.get_by_role("link", name="Add a source").click()
    page.get_by_label("Name", exact=True).fill("Night feed")
    page.get_by_label("Address", exact=True).fill("https://shop.example/feed.csv")
    page.get_by_label("Signs in with").select_option("password")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Say as which user to sign in.")).to_be_visible()
    assert complaints_of_axe(page) == []
    page.get_by_label("User (optional)").fill("erp")
    page.get_by_label("Password, or what the header says").fill("a secret of theirs")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("every day at 03:00, by the clock of Europe/Berlin")).to_be_visible()
    measure_on_a_phone(page)
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("It waits for its turn.")).to_be_visible()
    assert run.fetch_next()
    page.get_by_role("button", name="See its preview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your file")
    expect(page.get_by_role("cell", name="K-1")).to_be_visible()
    assert Source.objects.get().runs.get().feed is None
