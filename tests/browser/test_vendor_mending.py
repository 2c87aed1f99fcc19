"""A merchandiser corrects errors in the table; the other ways are in test_from_applying_to_live.py."""

import csv
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import overflow, signed_in, whole, without_scripts
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.models import UploadHistory
from vendors.models import VendorMember

# Two kinds of error in eight rows, and two rows that are right.
ROWS = [
    *(line(number, price="on request") for number in range(1, 6)),
    *(line(number, product_name="") for number in range(6, 9)),
    *(line(number) for number in range(9, 11)),
]
PAGES = ["waiting/", "waiting/price/", "history/", "quality/", "catalog/", "find/?q=SKU-9", "find/?q=SKU-6"]
UPLOAD_PAGES = ["errors/", "errors/missing_value/", "values/price/", "ignored/", "closed/"]


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    return pipeline.run(feed(*ROWS))


@pytest.fixture
def merchandiser(page: Page, upload: UploadHistory, live_server: Any) -> Page:
    """The pages of an uploader of VEND001 who is signed in."""
    user = User.objects.create_user("mia", "mia@example.com")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="uploader")
    return signed_in(page, live_server, user)


def kinds(page: Page) -> dict[str, str]:
    rows = whole(page.locator("table.kinds tbody tr")).all()
    return {row.locator("th a").inner_text(): row.locator("td.number").inner_text() for row in rows}


def test_rows_are_corrected_with_the_keyboard_and_what_stays_wrong_is_downloaded(
    merchandiser: Page, upload: UploadHistory
) -> None:
    page = merchandiser
    page.goto("/vendor/VEND001/history/")
    page.get_by_role("link", name="8 with errors in feed.csv").click()
    assert kinds(page) == {"Invalid price": "5", "Missing value": "3"}

    page.get_by_role("link", name="Invalid price").click()
    for row in range(1, 5):
        page.get_by_label(f"Row {row} (line {row + 1}), price", exact=True).fill(f"{row}.50")
    page.get_by_label("Row 4 (line 5), price", exact=True).press("Enter")
    expect(page.get_by_text("4 rows are right now.")).to_be_visible()
    page.get_by_label("Row 5 (line 6), price", exact=True).fill("-1")
    page.get_by_role("button", name="Correct and retry these rows").click()
    expect(page.get_by_text("1 row is still wrong.")).to_be_visible()
    assert kinds(page) == {"Missing value": "3", "Price not positive": "1"}
    assert Product.objects.count() == 6

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rest = list(csv.DictReader(file))
    assert [row["row_number"] for row in rest] == ["5", "6", "7", "8"]
    assert [row["error_code"] for row in rest] == ["price_not_positive", *["missing_value"] * 3]


def test_every_page_fits_a_phone_and_complains_of_nothing(merchandiser: Page, upload: UploadHistory) -> None:
    addresses = [*PAGES, *(f"uploads/{upload.pk}/{rest}" for rest in UPLOAD_PAGES)]
    for width in (390, 1280):
        merchandiser.set_viewport_size({"width": width, "height": 844})
        for address in addresses:
            response = merchandiser.goto(f"/vendor/VEND001/{address}")
            assert response is not None
            assert response.status == 200, address
            assert overflow(merchandiser) == 0, f"{address} at {width}"
            assert merchandiser.locator("h1").count() == 1


def test_the_pages_work_without_javascript(merchandiser: Page, upload: UploadHistory, live_server: Any) -> None:
    with without_scripts(merchandiser, live_server) as page:
        page.goto(f"/vendor/VEND001/uploads/{upload.pk}/errors/invalid_price/")
        page.get_by_label("Row 1 (line 2), price", exact=True).fill("3")
        page.get_by_role("button", name="Correct and retry these rows").click()
        expect(page.get_by_text("1 row is right now.")).to_be_visible()
        page.goto("/vendor/VEND001/quality/")
        expect(page.get_by_role("table").first).to_be_visible()
