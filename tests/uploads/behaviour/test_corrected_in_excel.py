"""Failed rows as a workbook: downloaded, corrected in a spreadsheet, and uploaded again as they are."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook  # type: ignore[import-untyped] # no types of its own

from catalog.models import Product
from config.web.workbooks.writing import CELL_CHARS, in_xml
from tests.conftest import Pipeline
from tests.remembering import remembering
from tests.site.hostile import as_csv
from uploads.aws import dynamo
from uploads.models import UploadHistory

BASE = "/vendor/VEND001/"
REASONS = 2  # columns in front that say what is wrong
HEADER = ["Artikel", "product_name", "category", "sku", "brand", "description", "price", "stock_quantity", "=note"]
# What spreadsheets like to change, or can't hold as it is.
KEPT = [
    "007", "12345678901234567890", "1.50", "1,50", "1E5", "-5 °C", "=1+1", "@home", "+49 30 1", "3-4", "2024-12-21",
    "TRUE", "see #N/A", "two\nlines", "two\r\nlines", "cr\ralone", " spaced ", "bell\x07", "_x0007_", "_x005F_x0007_",
    "a\x0bb_x000D_", "'quoted", "''=2", "x;=1", "zero\u200bwidth", "\ufeffmark", "👨\u200d👩", "", " ", "\u00a0",
    "<r><t>=1+1</t></r>",
]  # fmt: skip


def row(number: int, text: str, price: str) -> list[str]:
    return [f"0{number}", f"Lamp {text}|", "Electronics", f"00{number}", f"B{text}|", text, price, "05", text]


def workbook_of(client: Client, upload: UploadHistory) -> Any:
    response: Any = client.get(f"{BASE}uploads/{upload.pk}/failed-rows.xlsx")
    return load_workbook(io.BytesIO(b"".join(response.streaming_content)))


def sent(client: Client, pipeline: Pipeline, book: Any) -> UploadHistory:
    """Choose it, and start it as it is previewed."""
    file = io.BytesIO()
    book.save(file)
    shown = client.post(f"{BASE}upload/", {"file": SimpleUploadedFile("corrected.xlsx", file.getvalue())}).context
    assert shown["preview"].ready, "it needs no mapping"
    assert client.post(f"{BASE}upload/confirm/", {"token": shown["confirm_form"].initial["token"]}).status_code == 302
    upload = UploadHistory.objects.latest("sequence")
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    return upload


def cells(upload: UploadHistory) -> list[list[str]]:
    """As they came, without the columns that say what is wrong."""
    rows = [list(record["product_data"]["M"].values()) for record in dynamo.query_upload(upload.pk)]
    return [[value.get("S") or value.get("N", "") for value in row[REASONS : REASONS + len(HEADER)]] for row in rows]


def test_rows_that_were_corrected_in_a_workbook_come_back_with_all_else_as_it_was(
    uploader: Client, pipeline: Pipeline
) -> None:
    remembering(HEADER, {"vendor_product_id": "Artikel"} | {name: name for name in HEADER[1:8]})
    bad = [row(number, text, "free") for number, text in enumerate(KEPT)]
    upload = pipeline.run(as_csv([HEADER, *bad]))
    assert upload.error_records == len(KEPT)
    book = workbook_of(uploader, upload)
    price = REASONS + HEADER.index("price") + 1
    for line in range(2, len(KEPT) + 2):
        assert book.active.cell(line, price).value == "free"
        book.active.cell(line, price).value = "9.90" if line % 2 else 9.9

    again = sent(uploader, pipeline, book)
    assert (again.total_records, again.inserted_records) == (len(KEPT), len(KEPT))
    corrected = [[*one[:6], "9.90" if number % 2 else "9.9", *one[7:]] for number, one in enumerate(bad)]
    assert cells(again) == corrected
    assert set(Product.objects.values_list("vendor_product_id", "sku")) == {(one[0], one[3]) for one in bad}


def test_rows_that_were_not_corrected_come_back_as_they_were(uploader: Client, pipeline: Pipeline) -> None:
    header = ["vendor_product_id", *HEADER[1:]]
    bad = [row(number, text, f"{text} free") for number, text in enumerate(KEPT)]
    again = sent(uploader, pipeline, workbook_of(uploader, pipeline.run(as_csv([header, *bad]))))
    assert again.error_records == len(KEPT)
    assert cells(again) == bad


def test_a_column_that_looks_like_a_formula_is_known_when_it_comes_back(uploader: Client, pipeline: Pipeline) -> None:
    header = ["-Nr-", *HEADER[1:]]
    remembering(header, {"vendor_product_id": "-Nr-"} | {name: name for name in HEADER[1:8]})
    upload = pipeline.run(as_csv([header, row(1, "x", "free")]))
    book = workbook_of(uploader, upload)
    book.active["I2"] = "9.90"
    assert sent(uploader, pipeline, book).inserted_records == 1


def test_a_cell_that_a_workbook_would_cut_is_no_workbook(uploader: Client, pipeline: Pipeline) -> None:
    header = ["vendor_product_id", *HEADER[1:]]
    upload = pipeline.run(as_csv([header, row(1, "x" * (CELL_CHARS + 1), "free")]))
    response = uploader.get(f"{BASE}uploads/{upload.pk}/failed-rows.xlsx", follow=True)
    assert "more than the 32,767 characters that Excel can hold. Download the CSV." in response.content.decode()


@pytest.mark.parametrize("text", ["\ufffe", "\uffff"])
def test_the_two_characters_that_no_workbook_can_hold_are_replaced(text: str) -> None:
    assert in_xml(f"a{text}") == "a\N{REPLACEMENT CHARACTER}"
