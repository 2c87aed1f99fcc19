"""The workbooks that we hand out help whoever fills them in, and come back as they were, however they were saved."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter
from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook  # type: ignore[import-untyped] # no types of its own

from catalog.models import Product
from catalog.rules.fields import FIELDS
from config.web.workbooks import table
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.remembering import remembering
from tests.uploads.behaviour.test_cases_shops import NAMES, as_text, send
from tests.uploads.behaviour.test_corrected_in_excel import KEPT
from tests.uploads.feed.formats.understanding import case
from tests.uploads.pipeline.test_groups import export, first, variant
from tests.uploads.portal.test_catalog import fill, state
from uploads.feed.formats.detect import format_of
from uploads.feed.parser import Layout
from uploads.feed.sheets.handed_out import FIELDS_IN_WORDS, IN_WORDS, TABLE_COLUMNS, is_export, is_ours
from uploads.insight import guide
from uploads.models import UploadHistory
from uploads.pipeline import remembered, report

BASE = "/vendor/VEND001/"
WORDS = ["Product ID", "Product name", "Category", "SKU", "Brand", "Description", "Price", "Stock quantity"]
TYPED = [text for text in KEPT if not {"\x07", "\x0b"} & set(text) and "_x0" not in text]  # by hand, in a spreadsheet
RED, GREY = "FFFFC7CE", "FFEDEDED"


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


def opened(content: bytes) -> Any:
    return load_workbook(io.BytesIO(content))


def by_openpyxl(content: bytes) -> bytes:
    out = io.BytesIO()
    opened(content).save(out)
    return out.getvalue()


def with_shared_texts(content: bytes) -> bytes:
    """As office programs write: texts in a part of their own, each cell with its number format, nothing of ours."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        for read in opened(content).worksheets:
            sheet = book.add_worksheet(read.title)
            for row in read.iter_rows():
                for cell in row:
                    style = book.add_format({"num_format": cell.number_format})
                    sheet.write(cell.row - 1, cell.column - 1, cell.value, style)
    return out.getvalue()


SAVED: dict[str, Callable[[bytes], bytes]] = {
    "as it was": lambda content: content, "by openpyxl": by_openpyxl, "with shared texts": with_shared_texts,
}  # fmt: skip
however_saved = pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED)


def changed(content: bytes, change: Callable[[Any], None]) -> bytes:
    book, out = opened(content), io.BytesIO()
    change(book.worksheets[0])
    book.save(out)
    return out.getvalue()


def column(sheet: Any, header: str) -> int:
    found: int = next(cell.column for cell in sheet[1] if cell.value == header)
    return found


def failed_rows(client: Client, upload: UploadHistory) -> bytes:
    return body(client.get(f"{BASE}uploads/{upload.pk}/failed-rows.xlsx"))


# --- the template ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["a vendor's", "staff's"])
def test_the_template_says_in_words_what_each_column_is_and_offers_our_categories(
    whose: str, uploader: Client, admin_client: Client, categories: None
) -> None:
    address = reverse("admin:catalog_product_template_file")
    response = admin_client.get(address) if whose == "staff's" else uploader.get(f"{BASE}upload/template.xlsx")
    book = opened(body(response))
    sheet, listed = book.worksheets
    assert [cell.value for cell in sheet[1]] == WORDS
    assert all("Required; " in cell.comment.text or "May be missing; " in cell.comment.text for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert (sheet["G2"].value, sheet["G2"].number_format, sheet["H2"].value) == (49.9, "0.00", 25)
    assert (listed.title, listed["A1"].value) == ("Our categories", "Automotive")
    [offer] = sheet.data_validations.dataValidation
    assert (str(offer.sqref), offer.formula1) == ("C2:C1048576", "'Our categories'!$A$1:$A$20")


def filled_in(sheet: Any) -> None:
    """By a person, with what spreadsheets like to change, as texts and as numbers."""
    for number, text in enumerate(TYPED, start=2):
        row = [f"0{number}", f"Lamp {text}|", "Electronics", f"1E{number}", text, f"{text}|", 9.9, number]
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place)
            cell.value = value
            if isinstance(value, str):
                cell.data_type, cell.number_format = "s", "@"


@however_saved
def test_a_template_that_is_filled_in_is_taken_and_unchanged_the_second_time(
    saved: Callable[[bytes], bytes], pipeline: Pipeline
) -> None:
    content = changed(guide.template_xlsx(), filled_in)
    upload = pipeline.run(saved(content))
    assert (upload.inserted_records, upload.error_records) == (len(TYPED), 0)
    assert upload.layout
    assert not [note for note in upload.layout["notes"] if "Our categories" in note], "nobody is to send that sheet"
    assert pipeline.run(saved(content)).unchanged_records == len(TYPED)
    assert Product.objects.get(vendor_product_id="03").sku == "1E3"


# --- the catalog -----------------------------------------------------------------------------------------------


def staff_export(client: Client, number: str) -> bytes:
    return body(client.post(f"{reverse('admin:catalog_product_export')}?vendor=VEND001", {"format": number}))


@however_saved
@pytest.mark.parametrize("whose", ["a vendor's", "staff's"])
def test_an_export_comes_back_unchanged(
    whose: str, saved: Callable[[bytes], bytes], member: Client, admin_client: Client, pipeline: Pipeline
) -> None:
    before = fill()
    content = staff_export(admin_client, "1") if whose == "staff's" else body(member.get(f"{BASE}catalog/export.xlsx"))
    upload = pipeline.run(saved(content))
    assert (upload.total_records, upload.unchanged_records) == (len(before), len(before))
    assert state() == before


def test_staffs_export_as_csv_comes_back_unchanged_too(admin_client: Client, pipeline: Pipeline) -> None:
    before = fill()
    assert pipeline.run(staff_export(admin_client, "0")).unchanged_records == len(before)
    assert state() == before


def test_an_export_has_numbers_texts_and_categories_to_choose_from(member: Client, categories: None) -> None:
    fill()
    sheet = opened(body(member.get(f"{BASE}catalog/export.xlsx"))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [
        *WORDS,
        "Currency",
        "GTIN",
        "Image URL",
        "Action",
        "Last changed in the catalog",
    ]
    assert (sheet["A2"].value, sheet["A2"].number_format) == ("000", "@")
    prices = {sheet.cell(row, 4).value: sheet.cell(row, 7) for row in range(2, sheet.max_row + 1)}
    assert (prices["0003"].value, prices["0003"].number_format) == (31234.5, "0.00")
    widths = {cell.value: sheet.column_dimensions[cell.column_letter].width for cell in sheet[1]}
    assert table.NARROW < widths["SKU"] < 15, "as wide as what is in it"
    assert widths["Description"] == pytest.approx(table.WIDE, abs=1), "and no wider than fits on the screen"
    assert str(sheet.data_validations.dataValidation[0].sqref) == "C2:C1048576"


def test_the_columns_of_the_table_are_those_that_staffs_export_is_known_by() -> None:
    assert {field.attname for field in Product._meta.concrete_fields} == TABLE_COLUMNS | {"gtin", "image_url", "status"}


def test_only_what_we_handed_out_is_read_as_it_stands() -> None:
    assert is_ours([*WORDS, IN_WORDS["catalog_updated_at"]])
    assert is_ours(sorted(TABLE_COLUMNS))
    assert not is_ours(WORDS), "a list with such headers may be anybody's"
    assert not is_ours([*WORDS, *IN_WORDS.values(), "Colour"])
    assert not is_export([*FIELDS, "product_id"])
    assert format_of(WORDS) is None
    assert [FIELDS_IN_WORDS[field] for field in FIELDS][:8] == WORDS


# --- failed rows -----------------------------------------------------------------------------------------------

BAD = [
    line(1, price="free", sku="007", description="=1+1"), line(2, price="-4.00", stock_quantity="-4"),
    line(3, category="Electronix", price="12.50"), line(4, sku="two words"),
]  # fmt: skip


def test_the_reasons_stand_in_front_and_the_wrong_cells_are_red_with_the_reason_as_a_note(
    uploader: Client, pipeline: Pipeline
) -> None:
    sheet = opened(failed_rows(uploader, pipeline.run(feed(*BAD, line(5))))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [
        "What is wrong", "What may be right", *HEADER.split(","), "Wrong field", "Kind of error", "Row in your file",
        "Line in your file", "Error or warning",
    ]  # fmt: skip
    red = {cell.coordinate: cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.fill.fgColor.rgb == RED}
    assert list(red) == ["I2", "I3", "J3", "E4", "F5"]
    assert [cell.value for cell in red.values()] == ["free", -4, -4, "Electronix", "two words"]
    assert "Electronics" in red["E4"].comment.text
    assert sheet["A2"].value == red["I2"].comment.text.partition(" (")[0]
    assert (sheet["I4"].value, sheet["I4"].number_format, sheet["I4"].comment) == (12.5, "0.00", None)
    assert (sheet["F2"].value, sheet["F2"].number_format) == ("007", "@")
    assert [sheet.cell(3, place).value for place in (2, 11, 12)] == [
        "0",
        "price; stock quantity",
        "Price not positive; Negative stock",
    ]
    assert (sheet["M2"].value, sheet["N2"].value) == (1, 2)
    assert sheet.freeze_panes == "A2"
    assert [str(one.sqref) for one in sheet.data_validations.dataValidation] == ["E2:E1048576"]
    assert "The first 2,000 red cells have the reason as a note" in sheet["A1"].comment.text


@however_saved
def test_rows_that_were_mended_count_and_those_that_were_not_are_wrong_as_before(
    saved: Callable[[bytes], bytes], uploader: Client, pipeline: Pipeline
) -> None:
    content = failed_rows(uploader, pipeline.run(feed(*BAD, line(5))))

    def mend(sheet: Any) -> None:
        sheet["I2"].value = 9.9
        sheet["E4"].value = "Electronics"

    again = pipeline.run(saved(changed(content, mend)))
    assert (again.inserted_records, again.error_records) == (2, 2)
    assert Product.objects.get(sku="007").description == "=1+1"
    kinds = list(again.errors.errors().order_by("row_number", "error_id").values_list("error_type", flat=True))
    assert kinds == ["price_not_positive", "negative_stock", "invalid_sku"]
    once_more = pipeline.run(saved(changed(content, mend)))
    assert (once_more.unchanged_records, once_more.error_records) == (2, 2)


def test_a_workbook_from_before_the_reasons_stood_in_front_is_taken_too(pipeline: Pipeline) -> None:
    old = ["row_number", "line_number", "error_code", "error_field", "error_message", "error_suggestion"]
    upload = pipeline.run(",".join([HEADER, *old]) + "\n" + line(1, product_name="'=1+1") + ',1,2,"a","b","c","d"')
    assert (upload.inserted_records, Product.objects.get().product_name) == (1, "=1+1")


def test_a_report_of_a_report_has_our_columns_once(uploader: Client, pipeline: Pipeline) -> None:
    once = failed_rows(uploader, pipeline.run(feed(*BAD)))
    twice = failed_rows(uploader, pipeline.run(once))
    cells = [[[cell.value for cell in row] for row in opened(one).worksheets[0].iter_rows()] for one in (once, twice)]
    assert cells[0] == cells[1]


def test_notes_are_bounded_and_the_colour_is_not(
    uploader: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "NOTES", 2)
    upload = pipeline.run(feed(*(line(number, price="free") for number in range(1, 6))))
    cells = [opened(failed_rows(uploader, upload)).worksheets[0].cell(row, 9) for row in range(2, 7)]
    assert [cell.fill.fgColor.rgb for cell in cells] == [RED] * 5
    assert [cell.comment is not None for cell in cells] == [True, True, False, False, False]


def test_staff_have_the_failed_rows_for_excel_too(admin_client: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(*BAD))
    address = reverse("admin:uploads_uploadhistory_excel_report", args=[quote(upload.pk)])
    page = admin_client.get(reverse("admin:uploads_uploadhistory_change", args=[quote(upload.pk)]))
    assert address in page.content.decode()
    assert opened(body(admin_client.get(address))).worksheets[0]["A1"].value == "What is wrong"


# --- what was derived ------------------------------------------------------------------------------------------


def test_the_failed_rows_of_a_shop_say_what_was_derived_and_come_back_as_the_same_format(
    uploader: Client, pipeline: Pipeline
) -> None:
    rows = first("a", "A-S", category="Tees"), variant("a", "A-M", price="free"), "a,,,,,L,,7,no,,"
    sent = export(*rows)
    remembering(sent.split("\n")[0].split(","), {}, answers={"category_values": '{"Tees": "Clothing"}'})
    upload = pipeline.run(sent)
    assert (upload.inserted_records, upload.error_records) == (1, 2)

    content = failed_rows(uploader, upload)
    sheet = opened(content).worksheets[0]
    read_as, title = column(sheet, "How it was read"), column(sheet, "Title")
    assert [sheet.cell(row, read_as).value for row in (2, 3)] == [
        "product name “Shirt a – M”, brand “Faden” (from row 1, the first of its group); "
        "category “Clothing” (from row 1, the first of its group, as answered)",
        "product ID “a-l”, SKU “a-l” (by the format); "
        "product name “Shirt a – L”, brand “Faden” (from row 1, the first of its group); "
        "category “Clothing” (from row 1, the first of its group, as answered)",
    ]
    assert (sheet.cell(2, title).value, sheet.cell(2, title).fill.fgColor.rgb) == ("Shirt a", GREY)

    def mend(sheet: Any) -> None:
        for row in (2, 3):
            sheet.cell(row, column(sheet, "Variant Price")).value = 12

    again = pipeline.run(changed(content, mend))
    assert again.layout
    assert again.layout["plan"]["format"] == "shopify_products"
    assert (again.inserted_records, again.error_records) == (2, 0)
    assert set(Product.objects.values_list("category", "brand")) == {("Clothing", "Faden")}
    names = dict(Product.objects.values_list("sku", "product_name"))
    assert names == {"A-S": "Shirt a – S", "A-M": "Shirt a – M", "a-l": "Shirt a – L"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_category_that_looks_like_a_formula_is_known_by_its_answer_when_it_comes_back(
    form: str, uploader: Client, pipeline: Pipeline
) -> None:
    header = "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Reference #;Quantity"
    sent = f"{header}\n1;1;Shirt;-Tees;free;A-1;5\n2;1;Shirt;-Tees;no;-A-2;5\n"
    answers = {"category_values": '{"-Tees": "Clothing"}'}
    remembering(header.split(";"), {}, answers=answers)
    report_of = f"{BASE}uploads/{pipeline.run(sent).pk}/failed-rows.{form}"
    again = pipeline.run(body(uploader.get(report_of)))
    assert again.layout
    assert again.layout["plan"]["format"] == "prestashop"
    assert list(again.errors.values_list("error_type", flat=True)) == ["invalid_price"] * 2


def test_how_rows_were_read_is_found_out_for_so_many_at_most(
    uploader: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHUNK", 1)
    monkeypatch.setattr(report, "READ_AS_ROWS", 1)
    rows = first("a", "A-S"), variant("a", "A-M", price="free"), variant("a", "A-L", price="no")
    sheet = opened(failed_rows(uploader, pipeline.run(export(*rows)))).worksheets[0]
    read_as, title = column(sheet, "How it was read"), column(sheet, "Title")
    assert [bool(sheet.cell(row, read_as).value) for row in (2, 3)] == [True, False]
    assert [sheet.cell(row, title).value for row in (2, 3)] == ["Shirt a"] * 2, "what they need they all have"


# Its only wrong row is in another currency: alone it is a file in that currency, which is asked.
ASKED_AGAIN = {"09-google-merchant"}


@pytest.mark.parametrize("name", [name for name in NAMES if case(name)[1]["errors"] and name not in ASKED_AGAIN])
def test_the_failed_rows_of_a_shops_export_that_nobody_mended_are_wrong_as_before(
    name: str, uploader: Client, pipeline: Pipeline
) -> None:
    """But for rows that clashed with another row of the file, which isn't there."""
    decisions = case(name)[1]["decisions"]
    upload = send(name, decisions)
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    layout = upload.layout
    assert layout
    fields = remembered.chosen_fields(Layout.from_json(layout))
    remembering(layout["headers"], fields, answers=as_text(decisions))

    again = pipeline.run(failed_rows(uploader, upload))
    assert again.layout
    assert again.layout["plan"].get("format") == layout["plan"].get("format"), "known as the same kind of file"
    wrong = [
        one.errors.filter(severity="error").exclude(error_type="duplicate_in_file").order_by("row_number", "error_id")
        for one in (upload, again)
    ]
    before, after = (list(rows.values_list("field", "error_type")) for rows in wrong)
    assert after == before
    assert (again.total_records, again.inserted_records) == (upload.error_records, 0)
