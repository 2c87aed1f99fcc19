"""Lists of the admin in the browser: views, columns, figures, what can be done with rows, and a row beside its list; by
keyboard, by thumb, without scripts, in light and in dark."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Axe, overflow, without_scripts
from uploads.models import UploadHistory

UPLOADS = "/admin/uploads/uploadhistory/"
ERRORS = "/admin/uploads/validationerror/"


def test_a_row_opens_beside_its_list_by_keys_and_the_focus_comes_back(
    admin_page: Page, sent_feed: UploadHistory, axe: Axe
) -> None:
    page = admin_page
    page.goto(ERRORS)
    rows = page.locator("#result_list tbody tr")
    first, second = rows.nth(0), rows.nth(1)
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("Space")
    box = page.get_by_role("dialog")
    shown = second.locator("th a").text_content() or ""
    expect(box.get_by_role("heading", level=2)).to_contain_text(shown[:30])
    assert axe(page) == []
    page.keyboard.press("ArrowUp")
    expect(box.get_by_role("heading", level=2)).to_contain_text((first.locator("th a").text_content() or "")[:30])
    expect(box.get_by_role("heading", level=2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(first).to_be_focused()
    first.get_by_role("link").first.focus()
    page.keyboard.press("p")
    box.get_by_role("link", name="Open").click()
    expect(page.get_by_text("The row as it came")).to_be_visible()


def test_a_peek_fits_a_phone_and_is_closed_by_a_thumb(everything: Page, axe: Axe) -> None:
    page = everything
    page.set_viewport_size(PHONE)
    for address in (UPLOADS, ERRORS, "/admin/catalog/product/", "/admin/vendors/vendor/"):
        page.goto(address)
        page.get_by_role("button", name="Peek").first.click()
        box = page.get_by_role("dialog")
        expect(box.get_by_role("link", name="Open")).to_be_visible()
        assert overflow(page) == 0
        assert box.evaluate("(box) => box.scrollWidth - box.clientWidth") == 0
        assert axe(page, "#peek") == []
        box.get_by_role("button", name="Close").click()
        expect(box).to_be_hidden()


def test_a_filter_says_how_many_rows_each_choice_has_when_it_is_opened(
    admin_page: Page, sent_feed: UploadHistory, axe: Axe
) -> None:
    page = admin_page
    page.goto(ERRORS)
    expect(page.locator(".figure")).to_have_count(0)
    page.locator("summary", has_text="Error type").click()
    choice = page.get_by_role("link", name="Invalid price")
    expect(choice).to_contain_text("1")
    assert axe(page, ".filters") == []
    choice.click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_what_can_be_done_appears_with_the_rows_that_are_chosen(
    admin_page: Page, sent_feed: UploadHistory, axe: Axe
) -> None:
    page = admin_page
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        page.goto(ERRORS)
        bar = page.locator(".actions")
        expect(bar).to_be_hidden()
        page.locator("input.action-select").first.check()
        expect(bar).to_contain_text("1 of 2 selected")
        box = bar.bounding_box()
        assert box
        assert box["y"] + box["height"] <= size["height"]
        assert axe(page, ".actions") == []
        assert overflow(page) == 0
    bar.locator("select").select_option(label="Ignore their rows")
    bar.get_by_role("button", name="Go").click()
    expect(page.get_by_text("1 row of feed.csv")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Ignore 1 row").click()
    expect(page.get_by_text("1 row ignored.")).to_be_visible()
    expect(page.locator("input.action-select")).to_have_count(1)


def test_a_view_and_its_columns_are_saved_and_found_again(admin_page: Page, sent_feed: UploadHistory, axe: Axe) -> None:
    page = admin_page
    page.goto(UPLOADS)
    page.locator("summary", has_text="Columns").click()
    assert axe(page, ".views") == []
    page.get_by_role("checkbox", name="Company").uncheck()
    page.get_by_role("checkbox", name="Sent by").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Sent by")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Company")).to_have_count(0)
    page.locator("summary", has_text="Status").click()
    page.get_by_role("link", name="Completed").click()
    page.locator("summary", has_text="Save view").click()
    assert axe(page, ".views") == []
    page.get_by_role("textbox", name="Name").fill("Came through")
    page.get_by_role("checkbox", name="for all staff").check()
    page.get_by_role("button", name="Save", exact=True).click()
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Came through")).to_have_attribute("aria-current", "page")
    assert axe(page) == []
    page.set_viewport_size(PHONE)
    page.locator("summary", has_text="This view").click()
    assert overflow(page) == 0
    assert axe(page, ".views") == []
    page.get_by_role("textbox", name="Name").fill("Right")
    page.get_by_role("button", name="Rename").click()
    views.get_by_role("link", name="All").click()
    views.get_by_role("link", name="Right").click()
    expect(page.locator("summary", has_text="Status: Completed")).to_be_visible()


@pytest.mark.usefixtures("sent_feed")
def test_views_columns_and_filters_need_no_scripts(admin_page: Page, live_server: object) -> None:
    with without_scripts(admin_page, live_server) as page:
        page.goto(ERRORS)
        expect(page.get_by_role("button", name="Peek")).to_have_count(0)
        page.locator("summary", has_text="Columns").click()
        page.get_by_role("checkbox", name="Suggestion").check()
        page.get_by_role("button", name="Show these").click()
        expect(page.get_by_role("columnheader", name="Suggestion")).to_be_visible()
        page.locator("summary", has_text="Error type").click()
        page.get_by_role("link", name="Invalid price").click()
        page.locator("summary", has_text="Save view").click()
        page.get_by_role("textbox", name="Name").fill("Prices")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_role("link", name="Prices")).to_be_visible()
        page.locator("input.action-select").check()
        expect(page.get_by_role("button", name="Go")).to_be_visible()
