"""A merchandiser's first day, from applying to a hundred products that are live, all in one browser.

The file is what a German shop system exports: semicolons, Windows-1252, decimal commas, headers of its own, and thirty
rows that are wrong in five ways. Each step is a function, in the order in which they happen; the steps of the workers
are taken in this process, between what the person does.
"""

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from openpyxl import load_workbook  # type: ignore[import-untyped] # openpyxl ships no types
from playwright.sync_api import Locator, Page, expect

from catalog.models import Product
from tests.browser.conftest import PASSWORD, chosen_file, measure_on_a_phone, whole
from tests.browser.test_applying import enter_the_code
from tests.browser.test_signing_in import log_in
from tests.conftest import Pipeline
from tests.jobs import run_jobs
from tests.vendors.portal.test_apply import link_in
from uploads.feed.sample import COLUMNS
from uploads.feed.sheets.handed_out import FIELDS_IN_WORDS, IN_WORDS, READ_AS_COLUMN, REPORT_COLUMNS
from uploads.models import UploadHistory, ValueRule
from vendors.models import Vendor

MIA = "mia@lumen.example"
HEADER = ["Kennung", "Artikelnummer", "Bezeichnung", "Kurztext", "Warengruppe", "Hersteller", "EK netto",
          "Verkaufspreis brutto", "Auf Lager"]  # fmt: skip
# What is wrong in which rows: six of each kind.
WRONG_CATEGORY, WRONG_SKU, WRONG_PRICE = range(11, 17), range(31, 37), range(51, 57)
NO_NAME, WRONG_STOCK = range(71, 77), range(91, 97)
SIX_OF_EACH = dict.fromkeys(
    ["Unknown category", "Invalid SKU", "Invalid price", "Missing value", "Negative stock"], "6"
)
LOOKED_FOR = "072"  # the SKU of a row that is corrected in Excel


def cells(number: int) -> list[str]:
    """One row as the shop system exports it."""
    return [
        f"A-{number}",
        f"L {number:03d}" if number in WRONG_SKU else f"{number:03d}",
        "" if number in NO_NAME else "Kürbisleuchte, groß" if number == 7 else f"Schreibtischlampe {number}",
        f"Höhe {number} cm; schwarz",
        "Elektronik" if number in WRONG_CATEGORY else "Electronics",
        "Müller & Söhne",
        "9,99",
        "auf Anfrage" if number in WRONG_PRICE else "1.299,00 €" if number == 7 else f"{number},90",
        "-3" if number in WRONG_STOCK else str(number),
    ]


def german_feed() -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([HEADER, *map(cells, range(1, 101))])
    return out.getvalue().encode("cp1252")


# --- what a page says ------------------------------------------------------------------------------------------


def facts(scope: Page | Locator) -> dict[str, str]:
    """The numbers of a page, by what stands above them."""
    return dict(zip(whole(scope.locator("dt")).all_inner_texts(), scope.locator("dd").all_inner_texts(), strict=True))


def body_rows(table: Locator) -> Iterator[list[str]]:
    """The cells of each row of a table, the header's left out."""
    for row in whole(table.get_by_role("row")).all()[1:]:
        yield [cell.inner_text() for cell in row.locator("th, td").all()]


def kinds(page: Page) -> dict[str, str]:
    """The kinds of error on their page, with the number of rows of each."""
    table = page.get_by_role("table", name="What is wrong, by kind")
    return {cells[0].split("\n")[0]: cells[1] for cells in body_rows(table)}


def open_section(page: Page, name: str) -> None:
    """One of the vendor's pages, by the navigation."""
    page.get_by_role("navigation", name="Lumen").get_by_role("link", name=name, exact=True).click()


def send(page: Page, name: str, content: bytes) -> None:
    """Choose a file, and come to its preview."""
    open_section(page, "Upload")
    page.get_by_label("Your file").set_input_files(chosen_file(name, content))
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_role("heading", name="Check your file")).to_be_visible()


def download(page: Page, link: str) -> tuple[str, bytes]:
    """A file's name and content."""
    with page.expect_download() as started:
        page.get_by_role("link", name=link).click()
    return started.value.suggested_filename, Path(started.value.path()).read_bytes()


def dry_run(page: Page, rows: int) -> dict[str, str]:
    """Have the whole file tried; the numbers of the answer."""
    run_jobs()
    sentence = f"All {rows} rows were tried. Nothing was written."
    answer = page.get_by_role("region", name=sentence)
    expect(answer).to_be_visible()
    measure_on_a_phone(page)
    found = facts(answer)
    found.pop("With warnings", None)  # texts that are short
    return found


def start(page: Page, pipeline: Pipeline) -> UploadHistory:
    """Start the upload that is previewed, and have its rows read and checked."""
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("region", name="We are reading your file.")).to_be_visible()
    upload = UploadHistory.objects.latest("sequence")
    pipeline.stage(upload)
    pipeline.settle()
    return upload


# --- 1, 2: becoming a vendor -----------------------------------------------------------------------------------


def apply(page: Page, mails: list[Any]) -> None:
    page.goto("/apply/")
    page.get_by_label("Your e-mail at work").fill(MIA)
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_label("Company name").fill("Lumen")
    page.get_by_label("Country").fill("Germany")
    page.get_by_label("City").fill("Köln")
    page.get_by_label("Tax ID").fill("DE123456789")
    measure_on_a_phone(page)
    page.get_by_role("button", name="Send application").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    enter_the_code(page, mails)


def wait_for_approval(page: Page) -> None:
    expect(page.get_by_text("Waiting for approval.")).to_be_visible()
    measure_on_a_phone(page)
    expect(page.get_by_role("link", name="Upload a file")).to_have_count(0)
    open_section(page, "Upload")
    expect(page.get_by_text("you can’t upload products yet")).to_be_visible()
    expect(page.get_by_label("Your file")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()


def be_approved(page: Page, mails: list[Any]) -> None:
    """By a member of staff, in the admin; the owner is told by mail."""
    lead = User.objects.create_user("lead", "lead@example.com", PASSWORD, is_staff=True)
    lead.groups.add(Group.objects.get(name="Operations lead"))
    page.goto("/admin/vendors/vendor/")
    log_in(page, "lead")
    page.get_by_role("link", name=Vendor.objects.get(email=MIA).pk).click()
    page.get_by_role("link", name="Approve", exact=True).click()
    expect(page.get_by_text("Their feeds are accepted from now on")).to_be_visible()
    page.get_by_role("button", name="Yes, approve").click()
    expect(page.get_by_text("1 vendor approved.")).to_be_visible()
    page.locator("summary", has_text="lead").click()
    page.get_by_role("button", name="Log out").click()
    assert (mails[-1].subject, mails[-1].to) == ("Lumen is approved", [MIA])
    page.goto(link_in(mails[-1]))
    log_in(page, MIA)
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page.get_by_text("Waiting for approval")).to_have_count(0)


# --- 3, 4, 5: the first file -----------------------------------------------------------------------------------


def look_at_what_to_send(page: Page) -> None:
    page.get_by_role("link", name="Upload a file").click()
    _, template = download(page, "for Excel")
    sheet = load_workbook(io.BytesIO(template)).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [FIELDS_IN_WORDS[name] for name in COLUMNS]
    page.get_by_role("link", name="What each column means").click()
    expect(page.get_by_role("row", name="Stock quantity")).to_contain_text("0 when it is sold out")
    measure_on_a_phone(page)


def map_columns(page: Page) -> None:
    """What the headers say by themselves is read; the rest is said by hand, one of it confirmed."""
    Vendor.objects.update(currency="EUR")  # as staff agreed with it: the feed's prices are in euros
    send(page, "Artikel.csv", german_feed())
    expect(page.get_by_text("Of 100 rows, 70 products would be added; 30 rows have errors.")).to_be_visible()
    page.get_by_text("What your columns mean").click()  # all are clear, so they are folded
    expect(page.get_by_role("row", name=re.compile("^Artikelnummer"))).to_contain_text("001")
    chosen = {"Artikelnummer": "sku", "Bezeichnung": "product_name", "Warengruppe": "category", "Hersteller": "brand",
              "Verkaufspreis brutto": "price", "EK netto": "", "Kennung": ""}  # fmt: skip
    for header, field in chosen.items():
        expect(page.get_by_label(header, exact=True)).to_have_value(field)
    expect(page.get_by_label("Auf Lager", exact=True)).to_have_value("stock_quantity")
    page.get_by_label("Kennung", exact=True).select_option(label="product ID *")
    page.get_by_label("Kurztext", exact=True).select_option(label="description")
    measure_on_a_phone(page)
    page.get_by_role("button", name="Look again").last.click()
    expect(page.get_by_label("Remember this for our next files")).to_be_checked()


def preview(page: Page) -> None:
    """The first rows with a verdict each, then the whole file."""
    row = page.get_by_role("row", name=re.compile("^11 "))
    expect(row).to_contain_text("Did you mean Electronics?")
    expect(page.get_by_role("row", name=re.compile("^7 "))).to_contain_text("Kürbisleuchte, groß")
    assert dry_run(page, 100) == {"New": "70", "Updated": "0", "Unchanged": "0", "With errors": "30"}
    problems = page.get_by_role("region", name="All 100 rows").get_by_role("table").first  # the other one has warnings
    assert {kind: number for kind, number, *_ in body_rows(problems)} == SIX_OF_EACH
    assert not Product.objects.exists(), "nothing is written before it is started"


def watch(page: Page, pipeline: Pipeline, mails: list[Any]) -> UploadHistory:
    """From the received file to the catalog; the page is left and opened again on the way."""
    page.get_by_role("button", name="Import").click()
    step = page.get_by_role("list").get_by_role("listitem")
    expect(page.get_by_role("region", name="We are reading your file.")).to_be_visible()
    expect(step.filter(has_text="Received")).to_contain_text("KB")
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    expect(page.get_by_role("region", name="We are checking your rows: 0 of 100 so far.")).to_be_visible()
    expect(step.filter(has_text="rows taken out of the file")).to_contain_text("100 of 100")
    open_section(page, "Home")
    page.get_by_role("link", name="Artikel.csv").click()
    page.reload()
    expect(step.filter(has_text="Checked")).to_contain_text("0 of 100")
    pipeline.settle()
    expect(page.get_by_role("region", name="70 rows were right, 30 rows need you.")).to_be_visible()
    expect(step.filter(has_text="Checked")).to_contain_text("100 of 100")
    expect(step.filter(has_text="In the catalog")).to_contain_text("70")
    expect(page.get_by_role("link", name="Cancel it")).to_be_hidden()
    assert download(page, "Download the rows with errors")[0] == "Artikel-errors.xlsx"
    measure_on_a_phone(page)
    assert (mails[-1].subject, mails[-1].to) == ("Artikel.csv: partly imported", [MIA])
    return upload


# --- 6: thirty errors ------------------------------------------------------------------------------------------


def read_the_errors(page: Page) -> None:
    """Each kind with its number of rows and a sentence."""
    page.get_by_role("link", name="See the errors and correct them here").click()
    expect(page.get_by_text("70 of 100 rows are right, 30 wait for you")).to_be_visible()
    assert kinds(page) == SIX_OF_EACH
    table = page.get_by_role("table", name="What is wrong, by kind")
    for first_cell, *_ in body_rows(table):
        assert first_cell.rstrip().endswith("."), "a sentence says what the kind means"
    measure_on_a_phone(page)


def mend_a_shared_value(page: Page) -> None:
    """The wrong values of a column, all on one page with one save."""
    page.get_by_role("link", name="All wrong or missing values of category on one page").click()
    measure_on_a_phone(page)
    choice = page.get_by_role("combobox", name="Elektronik")
    expect(choice.locator("option").nth(1)).to_have_text("Electronics (perhaps this one)")
    choice.select_option("Electronics")
    page.get_by_label("Read these values that way in later files too").check()
    page.get_by_role("button", name="Save and retry the rows").click()
    expect(page.get_by_role("region", name="Waiting for its turn")).to_be_visible()
    run_jobs()
    expect(page.get_by_role("region", name="Done: 6 rows are right now, 0 still wrong.")).to_be_visible()
    page.get_by_role("link", name="Correct what is left").click()
    assert ValueRule.objects.get().right_value == "Electronics"
    expect(page.get_by_text("76 of 100 rows are right, 24 wait for you")).to_be_visible()


def mend_in_the_table(page: Page) -> None:
    """One cell by hand, the other five by what is suggested."""
    page.get_by_role("link", name="Invalid SKU").click()
    page.get_by_label("Row 31 (line 32), SKU", exact=True).fill("031")
    page.get_by_label("Row 31 (line 32), SKU", exact=True).press("Enter")
    expect(page.get_by_text("1 row is right now.")).to_be_visible()
    page.get_by_role("link", name="Put the suggestions into the cells").click()
    expect(page.get_by_label("Row 32 (line 33), SKU", exact=True)).to_have_value("L-032")
    measure_on_a_phone(page)
    page.get_by_role("button", name="Correct and retry these rows").click()
    expect(page.get_by_text("5 rows are right now.")).to_be_visible()
    expect(page.get_by_text("82 of 100 rows are right, 18 wait for you")).to_be_visible()
    assert kinds(page) == {"Invalid price": "6", "Missing value": "6", "Negative stock": "6"}


def corrected(content: bytes) -> bytes:
    """The failed rows with their wrong cells corrected, as texts and as numbers, and nothing else touched."""
    book = load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    assert headers[: 2 + len(HEADER)] == ["What is wrong", "What may be right", *HEADER]
    assert set(headers) == {*HEADER, IN_WORDS[READ_AS_COLUMN], *(IN_WORDS[name] for name in REPORT_COLUMNS)}
    rights: dict[str, Any] = {
        "Invalid price": ("Verkaufspreis brutto", "1.299,50"),
        "Missing value": ("Bezeichnung", "Gartenlampe für draußen"),
        "Negative stock": ("Auf Lager", 0),
    }
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        header, right = rights[sheet.cell(row, columns["Kind of error"]).value]
        assert sheet.cell(row, columns["What is wrong"]).value
        sheet.cell(row, columns[header]).value = right
    assert sheet.max_row == 1 + 18
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send_the_mended_rows(page: Page, pipeline: Pipeline) -> UploadHistory:
    """As it is: no column has to be explained again."""
    name, content = download(page, "Download for Excel")
    assert name == "Artikel-errors.xlsx"
    send(page, name, corrected(content))
    expect(page.get_by_role("alert")).to_have_count(0)
    assert dry_run(page, 18) == {"New": "18", "Updated": "0", "Unchanged": "0", "With errors": "0"}
    upload = start(page, pipeline)
    expect(page.get_by_role("region", name="Done. 18 rows were right.")).to_be_visible()
    return upload


# --- 7, 8: live ------------------------------------------------------------------------------------------------


def see_all_products(page: Page) -> None:
    open_section(page, "Products")
    expect(page.get_by_text("100 products, page 1 of 2")).to_be_visible()
    measure_on_a_phone(page)
    page.get_by_label("Search").fill("kürbisleuchte")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("1 product", exact=True)).to_be_visible()
    row = page.get_by_role("row", name="007")
    expect(row).to_contain_text("Kürbisleuchte, groß")
    expect(row).to_contain_text("1,299.00")
    page.get_by_role("link", name="Show all").click()
    expect(page.get_by_text("100 products, page 1 of 2")).to_be_visible()
    kept = {f"{number:03d}" for number in range(1, 101) if number not in range(32, 37)}
    assert kept <= set(Product.objects.values_list("sku", flat=True)), "zeros in front are kept"
    assert Product.objects.get(sku="051").price == Decimal("1299.50")


def send_the_export_back(page: Page, pipeline: Pipeline) -> None:
    """Unchanged, it changes nothing."""
    before = list(Product.objects.order_by("pk").values())
    send(page, *download(page, "Download for Excel"))
    assert dry_run(page, 100) == {"New": "0", "Updated": "0", "Unchanged": "100", "With errors": "0"}
    start(page, pipeline)
    expect(page.get_by_role("region", name="Done. 100 rows were right.")).to_be_visible()
    assert facts(page)["No change"] == "100"
    assert list(Product.objects.order_by("pk").values()) == before


def find_the_sku(page: Page) -> None:
    """Refused with its reason, sent again, in the catalog, confirmed: newest first, each with its time."""
    open_section(page, "Where is my SKU?")
    page.get_by_label("SKU or product ID").fill(LOOKED_FOR)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", name="It is in the catalog")).to_be_visible()
    assert facts(page)["Name"] == "Gartenlampe für draußen"
    steps = page.get_by_role("main").get_by_role("list").get_by_role("listitem").filter(has=page.get_by_role("time"))
    told = [
        (r"catalog-.*\.xlsx", "the product in the catalog was the same already"),
        (r"Artikel-errors\.xlsx, row 8", "put into the catalog as a new product"),
        (r"Artikel\.csv, row 72", "Not taken: The product name is missing. A newer file had it right ("),
    ]
    expect(steps).to_have_count(len(told))
    for step, (file, words) in zip(steps.all(), told, strict=True):
        expect(step).to_contain_text(re.compile(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d · sent in {file}"))
        expect(step).to_contain_text(words)
    expect(page.get_by_role("link", name="Correct it")).to_have_count(0)
    measure_on_a_phone(page)


def test_a_merchandiser_goes_from_applying_to_a_hundred_products_that_are_live(
    page: Page, pipeline: Pipeline, groups: None, mailoutbox: list[Any]
) -> None:
    apply(page, mailoutbox)
    wait_for_approval(page)
    be_approved(page, mailoutbox)
    look_at_what_to_send(page)
    map_columns(page)
    preview(page)
    watch(page, pipeline, mailoutbox)
    read_the_errors(page)
    mend_a_shared_value(page)
    mend_in_the_table(page)
    send_the_mended_rows(page, pipeline)
    see_all_products(page)
    send_the_export_back(page, pipeline)
    find_the_sku(page)
