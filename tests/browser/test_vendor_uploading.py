"""Uploading by dropping a workbook and by keyboard, cancelling, on a phone and without JavaScript; and a source, from
which a file is fetched instead.

How a file is mapped, previewed and watched to its end is in test_from_applying_to_live.py.
"""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.browser.conftest import chosen_file, measure_on_a_phone, overflow, signed_in, without_scripts
from tests.browser.test_every_vendor_page import complaints_of_axe
from tests.conftest import Pipeline
from tests.feeds import HEADER, line
from tests.uploads.sources.sites import ROWS, Site
from tests.workbooks import workbook
from uploads.models import Source, UploadHistory
from uploads.sources import fetch, run
from vendors.models import Vendor, VendorMember

PHONE: Any = {"width": 390, "height": 844}
BASE = "/vendor/VEND001/"


@pytest.fixture
def vendor_page(page: Page, pipeline: Pipeline, live_server: Any) -> Page:
    """A page of an uploader of VEND001 who is signed in."""
    user = User.objects.create_user("ada", "ada@northwind.example")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="uploader")
    return signed_in(page, live_server, user)


def test_a_dropped_workbook_is_sent_by_keyboard_and_cancelled(vendor_page: Page) -> None:
    page = vendor_page
    data = workbook([HEADER.split(","), *(line(number).split(",") for number in range(1, 4))])
    page.goto(f"{BASE}upload/")
    expect(page.get_by_text("Or drop it here.")).to_be_visible()
    page.evaluate(
        """(bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "spring.xlsx"));
          document.querySelector("[data-drop]").dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
        }""",
        list(data),
    )
    expect(page.get_by_text("spring.xlsx is chosen.")).to_be_visible()
    page.get_by_role("button", name="See what it would do").press("Enter")
    expect(page.locator(".file-name")).to_contain_text("Products")
    page.get_by_label("Only add new products").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Look again").press("Enter")
    page.get_by_role("button", name="Import").press("Enter")
    expect(page.get_by_text("to only add new products")).to_be_visible()
    UploadHistory.objects.update(file_rows=3, staged_rows=3)
    page.get_by_role("link", name="Cancel it").press("Enter")
    page.get_by_role("button", name="Cancel 3 rows").press("Enter")
    expect(page.locator("#headline")).to_contain_text("Cancelled.")
    assert UploadHistory.objects.get().status == "cancelled"


def test_the_pages_fit_a_phone_and_keep_to_the_policy(vendor_page: Page, pipeline: Pipeline) -> None:
    page = vendor_page
    upload = pipeline.run(",".join([HEADER, "x" * 200]) + f"\n{line(1)},{'y' * 300}\n{line(2, price='free')},\n")
    page.set_viewport_size(PHONE)
    for address in ("", "upload/", "upload/columns/", f"uploads/{upload.pk}/"):
        page.goto(BASE + address)
        assert overflow(page) == 0, address
    page.goto(f"{BASE}upload/")
    text = ",".join([HEADER, "x" * 200]) + f"\n{line(3)},{'y' * 300}\n{'z' * 400}\n"
    page.get_by_label("Your file").set_input_files(chosen_file("a" * 200 + ".csv", text.encode()))
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator("td.outcome")).to_have_count(2)
    assert overflow(page) == 0


COVERED = """() => {
  const bar = document.querySelector(".at-hand"), one = document.activeElement;
  const below = one.getBoundingClientRect().bottom > bar.getBoundingClientRect().top + 1;
  return one.matches("input, select, button, summary, a") && !bar.contains(one) && below ? one.name || one.tagName : "";
}"""


@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, {"width": 640, "height": 400}])
def test_nothing_that_has_the_focus_is_covered_by_the_buttons_at_hand(vendor_page: Page, size: Any) -> None:
    page = vendor_page
    page.set_viewport_size(size)
    page.goto(f"{BASE}upload/")
    page.get_by_label("Your file").set_input_files(chosen_file("a.csv", f"{HEADER}\n{line(1)}\n".encode()))
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator("td.outcome")).to_have_count(1)
    page.get_by_text("What your columns mean").click()
    names, covered = set(), set()
    for _ in range(40):
        page.keyboard.press("Tab")
        names.add(page.evaluate("document.activeElement.name"))
        covered.add(page.evaluate(COVERED))
    assert {"column-7", "mode", "confirm"} <= names
    assert covered == {""}
    boxes = "e => e.map(box => box.tabIndex)"
    assert set(page.locator(".scroll:not(:has(a, select))").evaluate_all(boxes)) == {0}, "or it can't be scrolled"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_of_what_has_the_focus_can_be_seen(vendor_page: Page, scheme: Any) -> None:
    page = vendor_page
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{BASE}upload/")
    frame = _luminance(page.evaluate(COLOUR, "--pico-primary-focus"))
    for name in ("--pico-background-color", "--pico-card-background-color"):
        darker, lighter = sorted([frame, _luminance(page.evaluate(COLOUR, name))])
        assert (lighter + 0.05) / (darker + 0.05) >= 3, f"{name}: WCAG 2.2, 1.4.11"


# A variable's colour as the browser makes it out in the scheme of the page.
COLOUR = """name => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(${name})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
}"""


def _luminance(colour: str) -> float:
    """Of rgb(r, g, b), as WCAG 2.2 defines it."""
    parts = [int(part) / 255 for part in re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", colour).groups()]  # type: ignore[union-attr]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_without_javascript_all_but_the_live_numbers_works(
    vendor_page: Page, live_server: Any, pipeline: Pipeline
) -> None:
    with without_scripts(vendor_page, live_server) as page:
        page.goto(f"{BASE}upload/")
        page.get_by_label("Your file").set_input_files(chosen_file("feed.csv", f"{HEADER}\n{line(1)}\n".encode()))
        page.get_by_role("button", name="See what it would do").click()
        page.get_by_role("button", name="Import").click()
        upload = UploadHistory.objects.get()
        pipeline.stage(upload)
        pipeline.settle()
        page.reload()
        expect(page.locator("#headline")).to_have_text("Done. 1 row was right.")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, bucket: None, categories: None) -> Site:
    site = Site()
    site.answers = [ROWS]
    monkeypatch.setattr(fetch, "fetched", site.fetched)
    return site


def test_an_owner_adds_a_source_and_tests_it_without_importing_anything(
    page: Page, site: Site, vendor: Vendor, live_server: Any
) -> None:
    owner = User.objects.create_user("olga", "olga@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=owner, role="owner")
    signed_in(page, live_server, owner)
    page.goto(f"{BASE}sources/")
    page.get_by_role("link", name="Add a source").click()
    page.get_by_label("Name", exact=True).fill("Night feed")
    page.get_by_label("Address", exact=True).fill("https://shop.example/feed.csv")
    page.get_by_label("Signs in with").select_option("password")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Say as which user to sign in.")).to_be_visible()
    assert complaints_of_axe(page) == []
    page.get_by_label("User (optional)").fill("erp")
    page.get_by_label("Password, or what the header says").fill("a secret of theirs")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("every day at 03:00, by the clock of Europe/Berlin")).to_be_visible()
    measure_on_a_phone(page)
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("It waits for its turn.")).to_be_visible()
    assert run.fetch_next()
    page.get_by_role("button", name="See its preview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your file")
    expect(page.get_by_role("cell", name="K-1")).to_be_visible()
    assert Source.objects.get().runs.get().feed is None
