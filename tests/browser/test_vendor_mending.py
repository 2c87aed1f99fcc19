"""A merchandiser mends an upload with thirty errors: some in the table, some all at once, the rest in a file."""

import csv
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import overflow
from tests.browser.test_a_day import work
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.models import UploadHistory, ValueRule
from vendors.models import VendorMember

# Five kinds of error in thirty rows, and five rows that are right.
ROWS = [
    *(line(number, price="on request") for number in range(1, 6)),
    *(line(number, category="Colour TVs") for number in range(6, 16)),
    *(line(number, stock_quantity="lots") for number in range(16, 21)),
    *(line(number, sku=f"two words {number}") for number in range(21, 26)),
    *(line(number, product_name="") for number in range(26, 31)),
    *(line(number) for number in range(31, 36)),
]
PAGES = ["history/", "quality/", "catalog/", "find/?q=SKU-31", "find/?q=SKU-26"]
UPLOAD_PAGES = ["errors/", "errors/missing_value/", "same-value/?field=sku&value=two+words+21"]


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    return pipeline.run(feed(*ROWS))


@pytest.fixture
def merchandiser(page: Page, upload: UploadHistory, live_server: Any) -> Page:
    """The pages of an uploader of VEND001 who is signed in."""
    user = User.objects.create_user("mia", "mia@example.com")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="uploader")
    client = Client()
    client.force_login(user)
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    return page


def kinds(page: Page) -> dict[str, str]:
    rows = page.locator("table.kinds tbody tr").all()
    return {row.locator("th a").inner_text(): row.locator("td.number").inner_text() for row in rows}


def test_thirty_errors_of_five_kinds_are_mended_and_the_rest_downloaded(
    merchandiser: Page, upload: UploadHistory
) -> None:
    page = merchandiser
    page.goto("/vendor/VEND001/history/")
    page.get_by_role("link", name="30 with errors in feed.csv").click()
    assert kinds(page) == {
        "Unknown category": "10", "Invalid price": "5", "Invalid SKU": "5", "Invalid stock": "5", "Missing value": "5",
    }  # fmt: skip

    # In the table, with the keyboard alone.
    page.get_by_role("link", name="Invalid price").click()
    for row in range(1, 5):
        page.get_by_label(f"Row {row}, price", exact=True).fill(f"{row}.50")
    page.get_by_label("Row 4, price", exact=True).press("Enter")
    expect(page.get_by_text("4 rows are right now.")).to_be_visible()
    page.get_by_label("Row 5, price", exact=True).fill("-1")
    page.get_by_role("button", name="Save and try these rows again").click()
    expect(page.get_by_text("1 row is still wrong.")).to_be_visible()
    assert kinds(page)["Price not positive"] == "1"
    page.get_by_role("link", name="Price not positive").click()
    page.get_by_label("Row 5, price", exact=True).fill("5.50")
    page.get_by_role("button", name="Save and try these rows again").click()
    expect(page.get_by_text("1 row is right now.")).to_be_visible()
    assert "Invalid price" not in kinds(page)
    expect(page.locator("#wrong")).to_have_text("25")

    # All rows that share a wrong value, as a job that is watched.
    page.get_by_role("link", name="Unknown category").click()
    page.get_by_role("link", name="10 rows have “Colour TVs” as category").click()
    page.get_by_label("The right category").fill("Electronics")
    page.get_by_label("Keep as a rule").check()
    page.get_by_role("button", name="Mend and try again").click()
    expect(page.locator("#mending-sentence")).to_contain_text("Waiting for its turn")
    work()
    expect(page.locator("#mending-sentence")).to_have_text("Done: 10 rows are right now, 0 still wrong.")
    page.get_by_role("link", name="Back to the errors of this upload").click()
    assert kinds(page) == {"Invalid SKU": "5", "Invalid stock": "5", "Missing value": "5"}
    assert ValueRule.objects.get().right_value == "Electronics"
    assert Product.objects.count() == 20

    # The suggestions of a page at once, seen before they are saved.
    page.get_by_role("link", name="Invalid SKU").click()
    page.get_by_role("link", name="Put the suggestions into the cells").click()
    expect(page.get_by_label("Row 21, SKU", exact=True)).to_have_value("two-words-21")
    page.get_by_role("button", name="Save and try these rows again").click()
    expect(page.get_by_text("5 rows are right now.")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:
        rest = list(csv.DictReader(file))
    assert [row["row_number"] for row in rest] == [*map(str, range(16, 21)), *map(str, range(26, 31))]
    assert {row["error_code"] for row in rest} == {"invalid_stock", "missing_value"}
    with page.expect_download() as download:
        page.get_by_role("link", name="Download for Excel").click()
    assert download.value.suggested_filename == "feed-errors.xlsx"


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
    browser = merchandiser.context.browser
    assert browser is not None
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(merchandiser.context.cookies())  # type: ignore[arg-type] # what one gives the other takes
    page = context.new_page()
    page.goto(f"/vendor/VEND001/uploads/{upload.pk}/errors/invalid_price/")
    page.get_by_label("Row 1, price", exact=True).fill("3")
    page.get_by_role("button", name="Save and try these rows again").click()
    expect(page.get_by_text("1 row is right now.")).to_be_visible()
    page.goto("/vendor/VEND001/quality/")
    expect(page.get_by_role("table").first).to_be_visible()
    context.close()
