"""Wrong values of all vendors in the browser: chosen and saved without scripts too, whole on a laptop and a phone."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import measure_on_a_phone, overflow, without_scripts
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.models import Job
from uploads.pipeline.settling import totals
from vendors.models import Vendor

PAGE = "/admin/uploads/validationerror/everywhere/"
LONG = "Colour-TVs-and-" * 12


def test_a_value_of_two_vendors_is_mended_with_one_save(
    pipeline: Pipeline, other_vendor: Vendor, admin_page: Page, live_server: Any
) -> None:
    pipeline.run(feed(line(1, category=LONG), line(2)))
    pipeline.run(feed(line(3, category=LONG), line(4, sku="SKU-2")), "VEND002")
    totals.add_up()
    for address in (PAGE, f"{PAGE}?claims=1"):
        admin_page.goto(address)
        assert overflow(admin_page) == 0
        measure_on_a_phone(admin_page)
    with without_scripts(admin_page, live_server) as page:
        page.goto("/admin/uploads/validationerror/")
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
