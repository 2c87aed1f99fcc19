"""A merchandiser uploads a file from a German spreadsheet and watches it to its end, all in the browser.

The steps of the workers are taken in this process, between what the person does; the pages notice by themselves.
"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from catalog.models import Product
from tests.browser.conftest import overflow
from tests.conftest import Pipeline
from tests.feeds import HEADER, line
from tests.workbooks import workbook
from uploads import jobs
from uploads.models import Job, UploadHistory
from vendors.models import VendorMember

PHONE: Any = {"width": 390, "height": 844}
GERMAN = (
    "Nr.;Bezeichnung;Warengruppe;Kürzel;Preis;Auf Lager\n"
    "0017;Schreibtischlampe;Electronics;L-0017;1.249,90 €;4\n"
    "0018;Stehlampe;Elektronik;L-0018;89,90 €;2\n"
    "0019;Leselampe;Electronics;L-0019;gratis;1\n"
).encode("cp1252")
BASE = "/vendor/VEND001/"


@pytest.fixture
def vendor_page(page: Page, pipeline: Pipeline, live_server: Any) -> Page:
    """A page of an uploader of VEND001 who is signed in."""
    user = User.objects.create_user("ada", "ada@northwind.example")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="uploader")
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    return page


def file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


def work() -> None:
    """Do the newest job as a worker would."""
    job = Job.objects.latest("id")
    while jobs.run(job.pk):
        pass


def test_a_german_file_is_uploaded_mapped_previewed_started_and_watched(vendor_page: Page, pipeline: Pipeline) -> None:
    page = vendor_page
    page.goto(BASE)
    page.get_by_role("link", name="Upload a file").first.click()
    page.get_by_label("Your file").set_input_files(file("Artikel.csv", GERMAN))
    page.get_by_role("button", name="See what it would do").click()

    expect(page.get_by_role("alert")).to_contain_text("We don't know yet which column has the")
    expect(page.locator("tr", has_text="Nr.")).to_contain_text("0017")
    page.get_by_label("Nr.").select_option("vendor_product_id")
    page.get_by_label("Kürzel").select_option("sku")
    page.get_by_label("Auf Lager").select_option("stock_quantity")
    page.get_by_role("button", name="Look again").click()
    rows = page.locator("td.outcome")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("new")
    expect(rows.nth(1)).to_contain_text("Did you mean Electronics?")
    expect(rows.nth(2)).to_contain_text("error")
    assert Product.objects.count() == 0, "nothing is written before it is started"
    work()
    expect(page.locator("#dry-run-sentence")).to_have_text("All 3 rows were tried. Nothing was written.")

    page.get_by_label("Tell me by e-mail").check()
    page.get_by_role("button", name="Start the upload").click()
    expect(page.locator("#headline")).to_have_text("We are reading your file.")
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    expect(page.locator("#headline")).to_have_text("Done. 1 row was right, 2 rows had errors.")
    expect(page.get_by_role("link", name="Cancel it")).to_be_hidden()
    expect(page.locator(".steps li", has_text="In the catalog")).to_contain_text("1")
    assert str(Product.objects.get(sku="L-0017").price) == "1249.90"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the rows with errors").click()
    assert download.value.suggested_filename == "Artikel-errors.csv"

    page.get_by_role("link", name="All uploads").click()
    page.get_by_role("link", name="Artikel.csv", exact=True).click()
    expect(page.locator("#headline")).to_contain_text("Done. 1 row was right")


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
    expect(page.locator(".facts")).to_contain_text("Products")
    page.get_by_label("Only add new products").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Look again").press("Enter")
    page.get_by_role("button", name="Start the upload").press("Enter")
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
    page.get_by_label("Your file").set_input_files(file("a" * 200 + ".csv", text.encode()))
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator("td.outcome")).to_have_count(2)
    assert overflow(page) == 0


def test_without_javascript_all_but_the_live_numbers_works(
    vendor_page: Page, browser: Any, live_server: Any, pipeline: Pipeline
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(vendor_page.context.cookies())
    page = context.new_page()
    page.goto(f"{BASE}upload/")
    page.get_by_label("Your file").set_input_files(file("feed.csv", f"{HEADER}\n{line(1)}\n".encode()))
    page.get_by_role("button", name="See what it would do").click()
    page.get_by_role("button", name="Start the upload").click()
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    page.reload()
    expect(page.locator("#headline")).to_have_text("Done. 1 row was right.")
    context.close()
