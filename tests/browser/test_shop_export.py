"""A shop's export on the first visit: chosen, its questions answered, and its products live, in a few clicks."""

from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import chosen_file, overflow, signed_in
from tests.conftest import Pipeline
from tests.jobs import run_jobs
from tests.uploads.feed.formats.understanding import case
from uploads.models import UploadHistory
from vendors.models import VendorMember

PHONE: Any = {"width": 390, "height": 844}


def test_a_shop_export_is_asked_about_and_becomes_products(page: Page, pipeline: Pipeline, live_server: Any) -> None:
    user = User.objects.create_user("ada", "ada@northwind.example")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="uploader")
    page = signed_in(page, live_server, user)
    content, expected = case("04-woocommerce")
    page.goto("/vendor/VEND001/upload/")
    page.get_by_label("Your file").set_input_files(chosen_file("wc-export.csv", content))
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_text("The file is a WooCommerce product export.")).to_be_visible()
    page.set_viewport_size(PHONE)
    assert overflow(page) == 0
    page.get_by_role("row", name="Sports").get_by_role("combobox").select_option("Sports & Outdoors")
    page.get_by_role("spinbutton").fill(str(expected["decisions"]["quantity_where_unknown"]))
    page.get_by_label("Use the product ID").check()
    page.get_by_role("button", name="Look again").last.click()
    expect(page.locator("td.outcome", has_text="left out")).not_to_have_count(0)
    assert overflow(page) == 0
    run_jobs()
    page.get_by_role("button", name="Start the upload").click()
    expect(page.locator("#headline")).to_be_visible()
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    assert set(Product.objects.values_list("sku", flat=True)) == {one["sku"] for one in expected["products"]}
