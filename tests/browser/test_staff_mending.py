"""Staff mend the failed rows of an upload with the keyboard: all wrong values of a field, then rows in the table. Wrong
values of all vendors they mend without scripts too, whole on a laptop and a phone."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from catalog.models import Product
from tests.browser.conftest import measure_on_a_phone, overflow, without_scripts
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.models import Job, UploadHistory
from uploads.pipeline.settling import totals
from vendors.models import Vendor

ERRORS = "/admin/uploads/validationerror/"
EVERYWHERE = f"{ERRORS}everywhere/"
LONG = "Colour-TVs-and-" * 12
ROWS = [
    line(1, category="Elektro"), line(2, category="ELEKTRO"), line(3, category="Kleider"), line(4, category=""),
    line(5, product_name=""), line(6, product_name="", price=""), line(7), line(8, sku="SKU-7"),
]  # fmt: skip


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    return pipeline.run(feed(*ROWS))


def to(page: Page, target: Locator) -> None:
    """Go on with the Tab key until this has the focus, which must be in sight."""
    for _ in range(150):
        if target.evaluate("it => it === document.activeElement"):
            expect(target).to_be_in_viewport()
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"The keyboard doesn't come to {target}")


def test_staff_mend_an_upload_with_the_keyboard_alone(admin_page: Page, upload: UploadHistory) -> None:
    page = admin_page
    page.goto(f"/admin/uploads/uploadhistory/{upload.pk}/change/")
    expect(page.get_by_role("heading", name="feed.csv from Northwind")).to_be_visible()
    for value, first_letter in (("ELEKTRO", "El"), ("Empty cells", "Bo")):
        to(page, page.get_by_role("combobox", name=value))
        page.keyboard.type(first_letter)
    to(page, page.get_by_role("row", name="Kleider").get_by_role("checkbox"))
    page.keyboard.press("Space")
    to(page, page.get_by_role("button", name="Save and retry the rows").first)
    page.keyboard.press("Enter")
    jobs = page.locator("#jobs")
    expect(jobs).to_contain_text("Waiting for its turn")
    expect(jobs).to_be_in_viewport()
    run_jobs()
    expect(jobs).to_contain_text("Done: 3 rows are right now, 0 still wrong, 1 ignored.")
    expect(page.locator("#problems")).not_to_contain_text("Kleider")  # what is left is there by itself
    assert set(Product.objects.values_list("category", flat=True)) == {"Electronics", "Books"}

    page.reload()
    to(page, page.get_by_role("link", name="Missing value", exact=True))
    page.keyboard.press("Enter")
    for row, field, text in ((5, "product name", "Lamp"), (6, "product name", "Fan"), (6, "price", "5.00")):
        to(page, page.get_by_label(f"Row {row} (line {row + 1}), {field}"))
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 rows are right now.")).to_be_visible()
    expect(page.get_by_role("heading", name="feed.csv from Northwind")).to_be_visible()

    to(page, page.get_by_role("link", name="Duplicate in file", exact=True))
    page.keyboard.press("Enter")
    to(page, page.get_by_label("Row 8 (line 9), SKU"))
    page.keyboard.press("End")
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 row is right now.")).to_be_visible()
    upload.refresh_from_db()
    assert (upload.open_records, upload.ignored_records) == (0, 1)


def test_the_pages_fit_a_phone_and_complain_of_nothing(admin_page: Page, upload: UploadHistory) -> None:
    of = f"?upload={upload.pk}"
    pages = [
        f"/admin/uploads/uploadhistory/{upload.pk}/change/", f"{ERRORS}waiting/?vendor=VEND001",
        f"{ERRORS}values/{of}&field=category", f"{ERRORS}values/?vendor=VEND001&field=product_name",
        f"{ERRORS}rows/{of}&code=missing_value", f"{ERRORS}rows/{of}&code=duplicate_in_file",
    ]  # fmt: skip
    for width in (390, 1280):
        admin_page.set_viewport_size({"width": width, "height": 844})
        for address in pages:
            response = admin_page.goto(address)
            assert response is not None
            assert response.status == 200, address
            assert overflow(admin_page) == 0, f"{address} at {width}"


def test_rows_are_mended_without_javascript(admin_page: Page, upload: UploadHistory, live_server: Any) -> None:
    with without_scripts(admin_page, live_server) as page:
        page.goto(f"/admin/uploads/uploadhistory/{upload.pk}/change/")
        page.get_by_role("combobox", name="Kleider").select_option("Clothing")
        page.get_by_role("button", name="Save and retry the rows").first.click()
        expect(page.get_by_text("Waiting for its turn")).to_be_visible()
        run_jobs()
        page.reload()
        expect(page.get_by_text("Done: 1 row is right now, 0 still wrong.")).to_be_visible()
        expect(page.get_by_role("combobox", name="Kleider")).to_have_count(0)


def test_what_somebody_fills_in_stays_when_other_rows_come_right(admin_page: Page, upload: UploadHistory) -> None:
    page = admin_page
    page.goto(f"/admin/uploads/uploadhistory/{upload.pk}/change/")
    page.get_by_role("combobox", name="Kleider").select_option("Clothing")
    page.get_by_role("button", name="Save and retry the rows").first.click()
    expect(page.locator("#jobs")).to_contain_text("Waiting for its turn")
    page.get_by_role("combobox", name="ELEKTRO").select_option("Electronics")
    run_jobs()
    expect(page.get_by_text("What you are filling in stays as it is")).to_be_visible()
    expect(page.get_by_role("combobox", name="ELEKTRO")).to_have_value("Electronics")
    page.get_by_role("link", name="Show what is left").click()
    expect(page.get_by_role("combobox", name="Kleider")).to_have_count(0)


def test_a_value_of_two_vendors_is_mended_with_one_save(
    pipeline: Pipeline, other_vendor: Vendor, admin_page: Page, live_server: Any
) -> None:
    pipeline.run(feed(line(1, category=LONG), line(2)))
    pipeline.run(feed(line(3, category=LONG), line(4, sku="SKU-2")), "VEND002")
    totals.add_up()
    for address in (EVERYWHERE, f"{EVERYWHERE}?claims=1"):
        admin_page.goto(address)
        assert overflow(admin_page) == 0
        measure_on_a_phone(admin_page)
    with without_scripts(admin_page, live_server) as page:
        page.goto(ERRORS)
        page.get_by_role("link", name="Wrong values").click()
        page.locator("select[name=right-0]").select_option("Electronics")
        page.get_by_label("of the vendors chosen").check()
        page.get_by_role("button", name="Save and try the rows again").click()
        expect(page.get_by_text("2 rows of 2 vendors are being worked on.")).to_be_visible()
        expect(page.get_by_text("under way")).to_be_visible()
        while Job.objects.filter(state="waiting").exists():
            run_jobs()
        page.reload()
        expect(page.get_by_text("No row of any vendor waits for a right value.")).to_be_visible()
        page.get_by_role("link", name="SKUs that two vendors claim").click()
        page.get_by_role("button", name="Ignore it").click()
        expect(page.get_by_text("VEND002: 1 row is being ignored.")).to_be_visible()
