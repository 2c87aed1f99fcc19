"""Staff test a change before they make it: follow it, read whom it hits, and enforce it for one vendor first."""

import re

from playwright.sync_api import Page, expect

from catalog.models import ProductCategory
from tests.browser.conftest import Axe, measure_on_a_phone
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.models import SeverityRule
from vendors.models import Vendor


def test_a_deactivation_is_tested_followed_read_enforced_for_one_vendor_and_taken_back(
    admin_page: Page, axe: Axe, pipeline: Pipeline, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(1), line(2), line(3, category="Books"), line(4, price="x")))
    pipeline.run(feed(line(5), line(6, category="Books")), "VEND002")
    page = admin_page
    page.goto("/admin/catalog/productcategory/?q=Electronics")
    page.get_by_role("checkbox", name=re.compile("Electronics$")).check()
    page.get_by_role("combobox", name="Action").select_option("deactivate")
    page.get_by_role("button", name="Go").click()
    page.get_by_role("link", name="Test this change").click()
    expect(page.get_by_text("Deactivate “Electronics”")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Test this change").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    assert axe(page) == []

    run_jobs()

    expect(page.locator("#test-sentence")).to_contain_text("6 rows of 2 uploads looked at.")  # by itself
    expect(page.get_by_role("row", name="VEND001 Northwind 4")).to_contain_text("2")
    assert axe(page) == []
    measure_on_a_phone(page)
    page.get_by_role("checkbox", name="Northwind").check()
    page.get_by_role("button", name="Enforce for these vendors").click()
    expect(page.get_by_text("It counts for VEND001 from now on.")).to_be_visible()
    assert not ProductCategory.objects.get(category_name="Electronics").is_active
    assert set(SeverityRule.objects.values_list("vendor_id", "severity")) == {
        ("VEND001", "error"), (None, "warning"),
    }  # fmt: skip
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("It was taken back.")).to_be_visible()
    assert ProductCategory.objects.get(category_name="Electronics").is_active
