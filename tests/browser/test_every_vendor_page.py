"""Every page that a vendor can open, in light and in dark: what axe finds wrong for screen readers and weak eyes, what
the content security policy refuses, and what is wider than a phone.

The addresses are those of tests/companies.py, so pages that are added later are opened too. Names are long and have no
place to break.
"""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from tests.browser.conftest import AXE_IN, AXE_OPTIONS, load_axe, overflow, signed_in
from tests.companies import Company, open_company, patterns
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.models import UploadHistory
from vendors.models import Vendor

LONG = "Schreibtischlampenverkaufsgesellschaft" * 4
PHONE: Any = {"width": 390, "height": 844}
DESKTOP: Any = {"width": 1280, "height": 900}
# Pages that show nothing until they are asked, or are given something.
MORE = ["catalog/?q=lamp", "catalog/?q=nothing-like-it", "find/?q=SKU-1", "find/?q=nothing-like-it"]
OUTSIDE = ["/apply/", "/accounts/login/", "/accounts/password/reset/", "/nothing-here/"]
OF_ACCOUNTS = ["/accounts/password/change/", "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/email/",
               "/accounts/sessions/"]  # fmt: skip


@pytest.fixture
def company(vendor: Vendor) -> Company:
    """A vendor with one of everything, under names that are long."""
    return open_company(vendor, LONG[:90], 1)


def complaints_of_axe(page: Page, options: dict[str, Any] = AXE_OPTIONS) -> list[str]:
    load_axe(page)
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")  # colours fade
    found = page.evaluate("(options) => axe.run(options)", options)["violations"]
    return [f"{one['id']}: {one['help']} {one['nodes'][0]['html'][:200]}" for one in found]


def wrong_with(page: Page, address: str, complaints: list[str]) -> list[str]:
    """All that is wrong with one page."""
    page.set_viewport_size(DESKTOP)
    answer = page.goto(address)
    assert answer, address
    found = [f"status {answer.status}"] * (answer.status >= 500)
    for scheme, options in AXE_IN.items():
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        found += [f"{scheme}: {what}" for what in complaints_of_axe(page, options)]
    page.set_viewport_size(PHONE)
    found += [f"{overflow(page)} px too wide"] * (overflow(page) > 0)
    # A page that isn't there or isn't allowed says so in the console too.
    found += [what for what in complaints if "the server responded with a status of 40" not in what]
    complaints.clear()
    return found


def is_page(client: Client, address: str) -> bool:
    """Not a download, not a part of a page, and not an address that only takes forms."""
    answer: Any = client.get(address)
    return answer.status_code == 200 and not answer.streaming and b"<html" in answer.content


def look_at(page: Page, addresses: list[str], complaints: list[str]) -> dict[str, list[str]]:
    found = {address: wrong_with(page, address, complaints) for address in addresses}
    return {address: what for address, what in found.items() if what}


def test_no_page_of_a_vendor_is_closed_to_anybody(
    page: Page, client: Client, company: Company, live_server: Any, complaints: list[str]
) -> None:
    owner = company.members["owner"].user
    signed_in(page, live_server, owner)
    client.force_login(owner)
    addresses = [address.of(company) for _, address in patterns() if is_page(client, address.of(company))]
    base = f"/vendor/{company.vendor.pk}/"
    assert len(addresses) > 13
    wrong = look_at(page, [*addresses, *(base + more for more in MORE), *OF_ACCOUNTS], complaints)
    assert not wrong, "\n".join(f"{address}: {what}" for address, all_of_it in wrong.items() for what in all_of_it)


def test_no_page_outside_is_closed_to_anybody(page: Page, db: None, complaints: list[str]) -> None:
    assert look_at(page, OUTSIDE, complaints) == {}


def test_the_preview_is_open_to_everybody_and_so_is_what_comes_of_it(
    page: Page, company: Company, pipeline: Pipeline, live_server: Any, complaints: list[str]
) -> None:
    signed_in(page, live_server, company.members["owner"].user)
    page.goto(f"/vendor/{company.vendor.pk}/upload/")
    text = feed(line(1), line(2, price="free"), line(3, category="Lamps"), line(4, category="Lamps"))
    file: Any = {"name": f"{LONG}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Your file").set_input_files(file)
    page.get_by_role("button", name="See what it would do").click()
    assert complaints_of_axe(page) == []
    page.set_viewport_size(PHONE)
    assert overflow(page) == 0
    page.get_by_role("button", name="Update 1 product").click()
    page.get_by_role("region", name="We are reading your file.").wait_for()
    upload = UploadHistory.objects.latest("sequence")
    pipeline.stage(upload)
    pipeline.settle()
    base = f"/vendor/{company.vendor.pk}/uploads/{upload.pk}/"
    pages = ["", "errors/", "errors/unknown_category/", "errors/invalid_price/?fill=1",
             "values/category/", "values/price/?fill=1", "ignored/", "closed/", "undo/"]  # fmt: skip
    assert look_at(page, [base + one for one in pages], complaints) == {}
