"""The failed rows of an upload as a file: the same cells as CSV and as a workbook, to be corrected and sent back."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook  # type: ignore[import-untyped] # no types of its own

from catalog.models import Product
from catalog.rules.fields import LABELS
from catalog.rules.problems import label_of
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.portal.test_errors import form, text, url
from uploads.feed.sheets.handed_out import IN_WORDS, REPORT_COLUMNS

HOSTILE = [line(1, price="x", sku="007", product_name="=1+1"), line(2, price="y", product_name='"a ""b"", c\nd"')]


def sheet(response: Any) -> list[list[Any]]:
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return [["" if value is None else value for value in row] for row in book.active.iter_rows(values_only=True)]


def assert_same_cells(cells: list[list[Any]], lines: list[list[str]]) -> None:
    """What the workbook has, under its own words and in another order."""
    words = [IN_WORDS.get(name, name) for name in lines[0]]
    assert cells[0][:2] == ["What is wrong", "What may be right"], "reasons first"
    assert sorted(cells[0]) == sorted(words)
    by_words = [dict(zip(words, line, strict=True)) for line in lines[1:]]
    for row in by_words:
        row |= {"Kind of error": label_of(row["Kind of error"]), "Wrong field": LABELS[row["Wrong field"]]}
    assert [{word: str(cell) for word, cell in zip(cells[0], row, strict=True)} for row in cells[1:]] == by_words


def test_both_files_of_the_failed_rows_have_the_same_cells(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(*HOSTILE, line(3)))
    content = b"".join(uploader.get(url(upload, "failed-rows.csv"))).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(content, newline="")))
    assert lines[0][-len(REPORT_COLUMNS) :] == list(REPORT_COLUMNS)
    assert len(lines) == 3
    response = uploader.get(url(upload, "failed-rows.xlsx"))
    assert response.headers["Content-Disposition"] == 'attachment; filename="feed-errors.xlsx"'
    assert_same_cells(sheet(response), lines)
    assert lines[1][3] == "007"
    assert lines[1][1] == "'=1+1", "no spreadsheet runs it"


def test_what_was_downloaded_can_be_corrected_and_sent_back(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(*HOSTILE))
    content = b"".join(uploader.get(url(upload, "failed-rows.csv"))).decode("utf-8-sig")
    again = pipeline.run(content.replace(",x,", ",5,").replace(",y,", ",6,"))
    assert (again.valid_records, again.error_records) == (2, 0)
    assert set(Product.objects.values_list("product_name", flat=True)) == {"=1+1", 'a "b", c\nd'}
    assert Product.objects.filter(sku="007").exists()


def test_rows_that_were_corrected_are_in_the_file_no_more(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    address = url(upload, "errors/invalid_price/")
    uploader.post(f"{address}save/", form(uploader, address) | {"0-price": "5"})
    content = b"".join(uploader.get(url(upload, "failed-rows.csv"))).decode()
    assert "SKU-1" not in content
    assert "SKU-2" in content


def test_an_excel_file_of_too_many_rows_is_refused_with_the_way_out(
    uploader: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.insight.downloads.XLSX_ROWS", 1)
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    assert "Download the CSV" in text(uploader.get(url(upload, "failed-rows.xlsx"), follow=True))
