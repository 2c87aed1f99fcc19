"""What a feed may do to a catalog, and what stops it, as one walk of a vendor's owner and of staff.

A nightly file that zeroes stocks is held, cancelled and sent right; staff make of an error a warning after they have
tested that on past rows; a whole catalog retires what it lacks, and is undone. The steps of the workers are taken in
this process, between what people do; the pages notice by themselves.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import Axe, chosen_file, measure_on_a_phone, signed_in
from tests.conftest import Pipeline
from tests.feeds import HEADER, line
from tests.jobs import run_jobs
from tests.uploads.sources.sites import Site, add_source
from uploads.models import Feed, SeverityRule, Source, SourceRun, UploadHistory
from uploads.programs import take
from uploads.sources import fetch, run
from vendors.models import Vendor

BASE = "/vendor/VEND001/"
PRODUCTS = range(1, 31)
WRONG_GTIN = "4006381333932"  # one more than the check digit that it should have


def exported(numbers: Iterable[int], **changes: str) -> bytes:
    """What the vendor's shop exports: a row for each of these products. The GTIN of the 31st is wrong."""
    rows = [f"{line(number, **changes)},{WRONG_GTIN if number == 31 else gtin(number)}" for number in numbers]
    return "\n".join([f"{HEADER},gtin", *rows, ""]).encode()


def gtin(number: int) -> str:
    digits = f"400638{number:06d}"
    return f"{digits}{-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10}"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    """The vendor's server, where a source finds a new file each night."""
    site = Site()
    monkeypatch.setattr(fetch, "fetched", site.fetched)
    return site


@pytest.fixture
def source(vendor: Vendor, pipeline: Pipeline, site: Site) -> Source:
    """The vendor's nightly source, after its first night."""
    source = add_source(vendor)
    assert night(site, pipeline, exported(PRODUCTS)).inserted_records == len(PRODUCTS)
    return source


def night(site: Site, pipeline: Pipeline, content: bytes) -> UploadHistory:
    """The next night, in which this file lies there: what became of it."""
    site.answers = [content]
    day = timedelta(days=1)
    SourceRun.objects.update(slot_at=F("slot_at") - day)
    Source.objects.update(next_at=timezone.now(), slot_at=timezone.now() - day)
    assert run.fetch_next()
    take.take(Feed.objects.latest("created_at").pk)
    return worked_off(pipeline)


def worked_off(pipeline: Pipeline) -> UploadHistory:
    """The newest upload, as workers leave it."""
    upload = UploadHistory.objects.latest("sequence")
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    return upload


def send(page: Page, name: str, content: bytes) -> None:
    """Choose a file by keyboard, and come to its preview."""
    page.get_by_role("link", name="Upload a file").first.press("Enter")
    page.get_by_label("Your file").set_input_files(chosen_file(name, content))
    page.get_by_role("button", name="See what it would do").press("Enter")
    expect(page.get_by_role("heading", name="Check your file")).to_be_visible()


# --- the night that zeroes stocks -------------------------------------------------------------------------------


def be_told_that_it_is_held(page: Page, upload: UploadHistory, mails: list[Any], axe: Axe) -> None:
    told = mails[-1]
    assert (upload.status, told.to, told.subject) == ("held", ["una@northwind.example"], "feed.csv is held")
    assert "30 stocks would fall to 0" in told.body
    (address,) = re.findall(rf"https?://\S+?({BASE}uploads/\S+)", told.body)
    page.goto(address)
    why = page.get_by_role("main")
    expect(why).to_contain_text("30 stocks would fall to 0")
    expect(why).to_contain_text("Product 1 (SKU-1): 5 → 0")
    expect(why).to_contain_text("This is more than owners can let through")
    assert axe(page) == []
    measure_on_a_phone(page)
    assert set(Product.objects.values_list("stock_quantity", flat=True)) == {5}


def cancel_it(page: Page) -> None:
    page.get_by_role("link", name="Cancel it").press("Enter")
    expect(page.get_by_text("Nothing of it was imported, and nothing will be.")).to_be_visible()
    measure_on_a_phone(page)
    page.get_by_role("button", name="Cancel this file").press("Enter")
    expect(page.locator("#headline")).to_have_text("Cancelled. Nothing of it was imported.")
    measure_on_a_phone(page)


def send_the_right_one(page: Page, pipeline: Pipeline) -> None:
    """With a new product, whose GTIN is wrong."""
    page.goto(BASE)
    send(page, "right.csv", exported(range(1, 32), stock_quantity="4"))
    run_jobs()
    expect(page.get_by_text("30 products would be updated; 1 row has errors.")).to_be_visible()
    page.get_by_role("button", name="Update 30 products, leave 1").press("Enter")
    expect(page.get_by_role("region", name="We are reading your file.")).to_be_visible()
    worked_off(pipeline)
    expect(page.locator("#headline")).to_have_text("30 rows were right, 1 row needs you.")
    expect(page.get_by_role("row", name=re.compile("GTIN"))).to_contain_text("Row 31")
    assert set(Product.objects.values_list("stock_quantity", flat=True)) == {4}


# --- an error that becomes a warning -----------------------------------------------------------------------------


def try_a_lower_severity(page: Page, axe: Axe) -> None:
    """What staff do."""
    page.goto("/admin/uploads/severityrule/?code=invalid_gtin")
    measure_on_a_phone(page)
    page.get_by_role("link", name=re.compile("^Make it a warning ?: Invalid GTIN")).press("Enter")
    expect(page.get_by_label("Is")).to_have_value("warning")
    measure_on_a_phone(page)
    page.get_by_role("button", name="Test this change").press("Enter")
    measure_on_a_phone(page)
    page.get_by_role("button", name="Test this change").press("Enter")
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    run_jobs()
    expect(page.get_by_role("row", name=re.compile("^VEND001"))).to_contain_text("1")  # by itself
    example = page.get_by_role("row", name=re.compile("newly pass row 31"))
    expect(example).to_contain_text("SKU-31")
    expect(example).to_contain_text(WRONG_GTIN)
    assert axe(page) == []
    measure_on_a_phone(page)
    assert not SeverityRule.objects.exists(), "nothing is changed by a test"


def lower_it(page: Page) -> None:
    page.get_by_role("checkbox", name="Northwind").press("Space")
    page.get_by_role("button", name="Enforce for these vendors").press("Enter")
    expect(page.get_by_text("It counts for VEND001 from now on.")).to_be_visible()
    measure_on_a_phone(page)
    page.goto("/admin/uploads/severityrule/?code=invalid_gtin")
    measure_on_a_phone(page)


def get_in_with_a_warning(page: Page, upload: UploadHistory) -> None:
    """What the owner finds in the morning."""
    assert (upload.status, upload.inserted_records, upload.error_records) == ("completed", 1, 0)
    page.goto(f"{BASE}uploads/{upload.pk}/")
    expect(page.locator("#headline")).to_have_text("Done. 31 rows were right.")
    measure_on_a_phone(page)
    page.get_by_role("link", name="1 row has warnings").press("Enter")
    expect(page.get_by_text(WRONG_GTIN).first).to_be_visible()
    measure_on_a_phone(page)
    assert Product.objects.filter(sku="SKU-31").exists()


# --- a whole catalog ---------------------------------------------------------------------------------------------


def replace_the_catalog(page: Page, pipeline: Pipeline, axe: Axe) -> None:
    page.goto(BASE)
    send(page, "all.csv", exported(range(1, 29), stock_quantity="4", price="9.79"))
    page.get_by_label("Replace the whole catalog").press("Space")
    page.get_by_role("button", name="Look again").last.press("Enter")
    run_jobs()
    expect(page.locator("#outlook")).to_have_text("Of 28 rows, 28 products stay as they are; 3 products aren’t in it.")
    lacks = page.get_by_text("3 of your products aren’t in this file")
    expect(lacks).to_be_visible()
    for number in (29, 30, 31):
        expect(page.get_by_role("listitem").filter(has_text=f"Product {number}")).to_contain_text(f"SKU-{number}")
    assert axe(page) == []
    measure_on_a_phone(page)
    page.get_by_role("button", name="Replace the catalog, without 3 products").press("Enter")
    expect(page.get_by_role("region", name="We are reading your file.")).to_be_visible()
    upload = worked_off(pipeline)
    assert (upload.status, upload.absent_records) == ("completed", 3)
    expect(page.locator("#headline")).to_have_text("Done. 28 rows were right. 3 products that it lacks were retired.")
    measure_on_a_phone(page)
    assert retired() == {"SKU-29", "SKU-30", "SKU-31"}
    assert Product.objects.count() == 31, "never deleted"


def bring_them_back(page: Page) -> None:
    page.get_by_role("link", name="Undo it").press("Enter")
    measure_on_a_phone(page)
    page.get_by_role("button", name="Show me what would happen").press("Enter")
    run_jobs()
    expect(page.get_by_role("row", name=re.compile("SKU-30"))).to_contain_text("active again")
    measure_on_a_phone(page)
    page.get_by_role("button", name=re.compile("^Undo")).press("Enter")
    run_jobs()
    expect(page.get_by_role("link", name="See your products")).to_be_visible()
    assert retired() == set()
    page.get_by_role("link", name="See your products").press("Enter")
    expect(page.get_by_text("31 products")).to_be_visible()
    measure_on_a_phone(page)


def retired() -> set[str]:
    return set(Product.objects.filter(status="retired").values_list("sku", flat=True))


def test_a_broken_night_is_held_a_severity_is_lowered_and_a_whole_catalog_is_undone(
    admin_page: Page,
    owners_page: Page,
    owner: User,
    source: Source,
    site: Site,
    pipeline: Pipeline,
    axe: Axe,
    live_server: Any,
    mailoutbox: list[Any],
) -> None:
    page = signed_in(owners_page, live_server, owner)
    upload = night(site, pipeline, exported(PRODUCTS, stock_quantity="0"))
    be_told_that_it_is_held(page, upload, mailoutbox, axe)
    cancel_it(page)
    send_the_right_one(page, pipeline)
    try_a_lower_severity(admin_page, axe)
    lower_it(admin_page)
    upload = night(site, pipeline, exported(range(1, 32), stock_quantity="4", price="9.79"))
    get_in_with_a_warning(page, upload)
    replace_the_catalog(page, pipeline, axe)
    bring_them_back(page)
