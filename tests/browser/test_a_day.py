"""A day at operations: a feed with errors is imported, watched, corrected, and taken back, all in the browser.

The steps of the workers are taken in this process, between what the person does; the pages notice by themselves.
"""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import PASSWORD, chosen_file
from tests.browser.test_signing_in import enter_code, log_in
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.models import UploadHistory, ValidationError, ValueRule

FEED = feed(
    line(1), line(2, category="Colour TVs"), line(3, category="colour tvs"), line(4, price="cheap"), line(5)
)  # fmt: skip


def choose(page: Page, text: str) -> None:
    """Choose a file for the vendor, and come to its preview."""
    page.goto("/admin/catalog/product/import/")
    page.get_by_label("Vendor").select_option("VEND001")
    page.locator("input[type=file]").set_input_files(chosen_file("feed.csv", text.encode()))
    page.get_by_role("button", name="Show the preview").click()


@pytest.fixture
def operator(page: Page, pipeline: Pipeline, settings: Any) -> Page:
    """A superuser who signed in with a code from the app."""
    settings.STAFF_NEEDS_TOTP = True
    ada = User.objects.create_superuser("ada", "ada@example.com", PASSWORD)
    secret = generate_totp_secret()
    TOTP.activate(ada, secret)
    page.goto("/admin/")
    log_in(page, "ada")
    enter_code(page, secret, "Sign In")
    expect(page.get_by_role("heading", name="Work")).to_be_visible()
    return page


def test_a_feed_is_previewed_imported_watched_corrected_and_undone(operator: Page, pipeline: Pipeline) -> None:
    page = operator

    choose(page, FEED)
    expect(page.locator(".preview tbody tr", has_text="Colour TVs").nth(1)).to_contain_text("is not a category")
    assert Product.objects.count() == 0, "nothing is written before the confirmation"
    run_jobs()
    expect(page.get_by_text("All 5 rows were tried. Nothing was written.")).to_be_visible()
    page.get_by_role("button", name="Import").click()

    upload = UploadHistory.objects.get()
    progress = page.locator("#upload-progress")
    expect(progress).to_contain_text("processing")
    pipeline.stage(upload)
    pipeline.settle()
    expect(progress).to_contain_text("2 rows were right, 3 rows need you.")

    expect(page.get_by_role("row", name="Colour TVs").first).to_contain_text("2")  # it came without a reload
    page.get_by_role("combobox", name="Colour TVs").select_option("Electronics")
    page.get_by_label("Read these values that way in later files too").first.check()
    page.get_by_role("button", name="Save and retry the rows").first.click()
    jobs = page.locator("#jobs")
    expect(jobs).to_contain_text("Waiting for its turn")
    run_jobs()
    expect(jobs).to_contain_text("Done: 2 rows are right now, 0 still wrong.")
    assert Product.objects.count() == 4
    assert ValueRule.objects.get().right_value == "Electronics"

    error = ValidationError.objects.get(resolved_at=None)
    page.goto(f"/admin/uploads/validationerror/{error.pk}/change/")
    page.get_by_role("link", name="Correct it").click()
    page.get_by_label("Price").fill("19.90")
    page.get_by_role("button", name="Retry this row").click()
    expect(page.get_by_text("Row 4 (line 5) is in the catalog now, as a new product.")).to_be_visible()
    expect(page.locator("#upload-progress")).to_contain_text("Done. 5 rows were right.")

    choose(page, feed(line(1, price="1.00"), line(6)))
    page.get_by_role("button", name="Import").click()
    expect(page.locator("#upload-progress")).to_contain_text("processing")
    second = UploadHistory.objects.latest("sequence")
    pipeline.stage(second)
    pipeline.settle()
    expect(page.locator("#upload-progress")).to_contain_text("2 rows were right")
    page.locator(".page-actions summary").click()  # what can be done came by itself, too
    page.get_by_role("link", name="Undo", exact=True).click()
    page.get_by_role("button", name="Look at what undoing 2 rows would do").click()
    run_jobs()
    page.get_by_role("button", name="Undo 2 rows").click()
    expect(page.locator("#jobs")).to_contain_text("Waiting for its turn")
    run_jobs()
    expect(page.locator("#jobs li").first).to_contain_text("Undo Done: 2 rows.")
    assert sorted(Product.objects.values_list("sku", flat=True)) == [f"SKU-{number}" for number in range(1, 6)]
    assert str(Product.objects.get(sku="SKU-1").price) == "9.99"
