"""A shop's export on the first visit: chosen, its questions answered, and its products live, in a few clicks."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import chosen_file, overflow, signed_in
from tests.conftest import Pipeline
from tests.jobs import run_jobs, take_turn
from tests.uploads.feed.formats.understanding import case
from uploads.models import Job, UploadHistory
from uploads.pipeline import examine
from uploads.work import jobs
from vendors.models import VendorMember

PHONE: Any = {"width": 390, "height": 844}
COUNT_CLICKS = "document.addEventListener('click', (event) => event.isTrusted && event.detail && window.clicked())"


@pytest.fixture
def vendor_page(page: Page, pipeline: Pipeline, live_server: Any) -> Page:
    user = User.objects.create_user("ada", "ada@northwind.example")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="uploader")
    return signed_in(page, live_server, user)


@pytest.fixture
def clicks(page: Page) -> list[int]:
    """One entry for each click of the person in the page. Choosing in the dialog of files, and in an open list, are
    counted by who does it."""
    found: list[int] = []
    page.expose_function("clicked", lambda: found.append(1))
    page.add_init_script(COUNT_CLICKS)
    return found


def live_after(pipeline: Pipeline) -> set[str]:
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    return set(Product.objects.values_list("sku", flat=True))


def choose_as_vendor(page: Page, content: bytes) -> None:
    page.goto("/vendor/VEND001/")
    page.get_by_role("navigation", name="Northwind").get_by_role("link", name="Upload", exact=True).click()
    page.get_by_label("Your file").set_input_files(chosen_file("products_export.csv", content))
    page.get_by_role("button", name="See what it would do").click()


def choose_as_staff(page: Page, content: bytes) -> None:
    page.goto("/admin/catalog/product/")
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("Vendor").select_option("VEND001")
    page.locator("input[type=file]").set_input_files(chosen_file("products_export.csv", content))
    page.get_by_role("button", name="Show the preview").click()


@pytest.mark.parametrize(
    ("who", "choose", "again"),
    [
        ("vendor_page", choose_as_vendor, "Use my answers and look again"),
        ("admin_page", choose_as_staff, "Use these answers and update the preview"),
    ],
    ids=["vendor", "staff"],
)
def test_from_choosing_a_shopify_file_to_live_products_takes_under_ten_clicks(
    request: pytest.FixtureRequest, pipeline: Pipeline, clicks: list[int], who: str,
    choose: Callable[[Page, bytes], None], again: str,
) -> None:  # fmt: skip
    page: Page = request.getfixturevalue(who)
    content, expected = case("01-shopify-products")
    choose(page, content)
    expect(page.locator("#outlook")).to_contain_text("1 question is open.")
    expect(page.get_by_role("button", name="Import")).to_have_count(0)
    ((cell, category),) = expected["decisions"]["category_values"].items()
    row = page.get_by_role("region", name="Categories of the file").get_by_role("row", name=cell)
    row.get_by_role("combobox").select_option(category)
    page.get_by_role("button", name=again).click()
    left = len(expected["errors"])
    wanted = f"Import {len(expected['products'])} products" + (f", leave {left}" if left else "")
    button = page.get_by_role("button", name=wanted, exact=True)
    expect(button).to_have_class("button default")
    button.click()
    expect(page.locator("#headline, #upload-progress").first).to_be_visible()
    assert live_after(pipeline) == {one["sku"] for one in expected["products"]}
    assert len(clicks) + 4 < 10, "two to choose the file in the dialog, two in the list of categories"


def test_a_file_is_asked_about_by_keyboard_and_on_a_phone(vendor_page: Page, pipeline: Pipeline) -> None:
    page = vendor_page
    content, expected = case("04-woocommerce")
    page.goto("/vendor/VEND001/upload/")
    page.get_by_label("Your file").set_input_files(chosen_file("wc-export.csv", content))
    page.get_by_role("button", name="See what it would do").press("Enter")
    expect(page.get_by_text("The file is a WooCommerce product export.")).to_be_visible()
    page.set_viewport_size(PHONE)
    assert overflow(page) == 0
    page.get_by_role("row", name="Sports").get_by_role("combobox").focus()
    page.keyboard.type("Sports & Out")
    page.get_by_role("spinbutton").focus()
    page.keyboard.type(str(expected["decisions"]["quantity_where_unknown"]))
    page.get_by_label("Use the product ID").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="look again").press("Enter")
    expect(page.locator("td.outcome", has_text="left out")).not_to_have_count(0)
    assert overflow(page) == 0
    page.get_by_role("button", name="Import").press("Enter")
    expect(page.locator("#headline")).to_be_visible()
    assert live_after(pipeline) == {one["sku"] for one in expected["products"]}


def test_a_value_is_found_in_a_long_table_of_questions(vendor_page: Page) -> None:
    page = vendor_page
    header = (
        "Handle,Title,Vendor,Product Category,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,"
        "Variant Price,Image Src"
    )
    rows = [f"p{number},Shirt,Faden,Kind {number:02d},Title,Default Title,P-{number},5,9.50," for number in range(40)]
    page.goto("/vendor/VEND001/upload/")
    content = "\n".join([header, *rows, ""]).encode()
    page.get_by_label("Your file").set_input_files(chosen_file("export.csv", content))
    page.get_by_role("button", name="See what it would do").click()
    table = page.get_by_role("region", name="Categories of the file").get_by_role("row")
    expect(table).to_have_count(41)
    page.get_by_label("Find a value").fill("kind 3")
    expect(table).to_have_count(11)
    expect(page.get_by_text("10 of 40")).to_be_visible()
    page.get_by_label("Find a value").press("Enter")
    expect(table).to_have_count(11)
    page.get_by_label("Find a value").fill("")
    expect(table).to_have_count(41)


def test_what_nothing_gets_in_of_is_not_the_main_button(vendor_page: Page) -> None:
    page = vendor_page
    content = b"vendor_product_id,product_name,category,sku,price,stock_quantity\nP-1,Lamp,Electronics,S-1,free,1\n"
    page.goto("/vendor/VEND001/upload/")
    page.get_by_label("Your file").set_input_files(chosen_file("a.csv", content))
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator("#outlook")).to_have_text("Of 1 row, nothing would be imported: 1 row has errors.")
    expect(page.get_by_role("button", name="Import nothing, leave 1")).to_have_class("button quiet")
    expect(page.locator(".rows td.wrong")).to_contain_text("“free” is not a price.")


@pytest.mark.parametrize(("who", "choose"), [("vendor_page", choose_as_vendor), ("admin_page", choose_as_staff)])
def test_the_button_of_a_large_file_comes_when_all_rows_were_looked_at(
    request: pytest.FixtureRequest, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, who: str,
    choose: Callable[[Page, bytes], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(examine, "QUICK_LINES", 0)
    monkeypatch.setattr(examine, "is_small", lambda contents: False)
    page: Page = request.getfixturevalue(who)
    content = b"vendor_product_id,product_name,category,sku,price,stock_quantity\nP-1,Lamp,Electronics,S-1,9.00,1\n"
    choose(page, content)
    expect(page.get_by_text("The whole file is still being looked at (0 %). You can import it then.")).to_be_visible()
    expect(page.get_by_role("button", name="Import")).to_have_count(0)
    monkeypatch.setattr(jobs, "TURN_SECONDS", 0.0)
    assert take_turn(Job.objects.get()), "all rows were looked at, and none is counted"
    page.get_by_role("button", name="Import all that is right").focus()
    with page.expect_response("**/*asked=*"):  # the button stands there anew, or not, with each answer
        pass
    expect(page.get_by_role("button", name="Import all that is right")).to_be_focused()
    run_jobs()
    expect(page.locator("#outlook")).to_have_text("Of 1 row, 1 product would be added.")
    expect(page.get_by_role("button", name="Import 1 product", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#headline, #upload-progress").first).to_be_visible()
    assert live_after(pipeline) == {"S-1"}
