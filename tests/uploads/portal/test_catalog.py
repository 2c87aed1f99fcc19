"""A vendor sees and exports its own products, and an export that is sent back changes nothing."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook  # type: ignore[import-untyped] # no types of its own

from catalog.models import Product
from catalog.rules.fields import FIELDS, READ
from config.web import exports, paging
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.feed.columns import map_headers
from uploads.feed.sheets.handed_out import CATALOG_COLUMN
from vendors.models import Vendor

CATALOG = "/vendor/VEND001/catalog/"


def make(number: int, vendor_id: str = "VEND001", **values: Any) -> Product:
    facts = {
        "vendor_product_id": f"P-{number}", "product_name": f"Product {number}", "category": "Electronics",
        "sku": f"SKU-{number}", "price": "9.99", "stock_quantity": 5,
    }  # fmt: skip
    return Product.objects.create(vendor_id=vendor_id, **(facts | values))


def sheet(client: Client) -> Any:
    """The Excel export as it is read."""
    response: Any = client.get(f"{CATALOG}export.xlsx")
    return load_workbook(io.BytesIO(b"".join(response.streaming_content))).active


def skus(client: Client, **asked: str) -> list[str]:
    return [product.sku for product, *_ in client.get(CATALOG, asked).context["products"]]


# --- the list --------------------------------------------------------------------------------------------------


def test_only_the_vendors_own_products_are_shown_and_found(member: Client, other_vendor: Vendor) -> None:
    make(1, product_name="Desk lamp")
    make(2, "VEND002", product_name="Desk lamp")
    assert skus(member) == ["SKU-1"]
    for typed in ("lamp", "SKU", "SKU-2", "P-2"):
        assert "SKU-2" not in skus(member, q=typed)
    assert member.get("/vendor/VEND002/catalog/").status_code == 404
    assert member.get("/vendor/VEND002/catalog/export.csv").status_code == 404
    assert "SKU-2" not in b"".join(member.get(f"{CATALOG}export.csv")).decode()


def test_products_are_found_by_words_sku_and_id_and_filtered(member: Client) -> None:
    make(1, product_name="Desk lamp")
    make(2, description="a lamp to read by", stock_quantity=0)
    make(3, category="Books")
    assert skus(member, q="lamps") == ["SKU-1", "SKU-2"]
    assert skus(member, q="sku-3") == ["SKU-3"]
    assert skus(member, q="P-2") == ["SKU-2"]
    assert skus(member, category="Books") == ["SKU-3"]
    assert skus(member, stock="out") == ["SKU-2"]
    assert skus(member, stock="in", q="lamp") == ["SKU-1"]
    assert skus(member, stock="nonsense\0", p="x") == ["SKU-1", "SKU-2", "SKU-3"]
    assert b"<span>1 product</span>" in member.get(CATALOG, {"q": "sku-3"}).content
    assert b"<span>2 products</span>" in member.get(CATALOG, {"q": "lamps"}).content
    assert b"No product fits" in member.get(CATALOG, {"q": "nothing"}).content


def test_a_long_catalog_is_paged_without_counting_all(member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "CAP", 100)
    for number in range(1000, 1120):
        make(number)
    shown = member.get(CATALOG, {"p": "2"}).content.decode()
    assert "More than 100 products, page 2 of 2" in shown
    assert skus(member, p="2")[0] == "SKU-1050"


# --- the export ------------------------------------------------------------------------------------------------

HOSTILE = [
    {"product_name": "=1+1", "brand": "-Brand", "description": "'=cmd|' /C calc'!A0"},
    {"product_name": "@SUM(A1)", "brand": "''quoted''", "description": "first;=1+1\nsecond\t+2"},
    {"product_name": 'a "quoted" name, with commas', "description": 'ends with "'},
    {"product_name": "Łódź 👩‍👩‍👧 😀", "brand": "ＡＢＣ", "description": "＝full width"},
    {"product_name": "zeros", "description": "x" * 10_000},
    {"product_name": "semi;colon;-1", "description": "1,5\n\n\n=two lines below"},
    {"product_name": "007", "brand": "TRUE", "description": "2026-01-01"},
    {"product_name": "<b>&amp;</b>", "brand": "\u202eright to left", "description": "'"},
]


def fill() -> list[dict[str, Any]]:
    """Hostile products, some without brand or description; returns what is in the table."""
    for number, values in enumerate(HOSTILE):
        make(number, vendor_product_id=f"00{number}", sku=f"000{number}", price=f"{number}1234.50", **values)
    make(98, vendor_product_id="=id;=x", stock_quantity=2**31 - 1, price="0.01")
    make(99, brand=None, description=None)
    return state()


def state() -> list[dict[str, Any]]:
    return list(Product.objects.order_by("pk").values("pk", *FIELDS))


def test_an_export_sent_back_unchanged_leaves_every_row_unchanged(member: Client, pipeline: Pipeline) -> None:
    before = fill()
    content = b"".join(member.get(f"{CATALOG}export.csv"))
    upload = pipeline.run(content)
    assert (upload.total_records, upload.unchanged_records) == (len(before), len(before))
    assert state() == before


def test_what_is_changed_in_an_export_is_all_that_changes(member: Client, pipeline: Pipeline) -> None:
    fill()
    content = b"".join(member.get(f"{CATALOG}export.csv", {"q": "0003"})).decode("utf-8-sig")
    upload = pipeline.run(content.replace("31234.50", "9.95"))
    assert (upload.total_records, upload.updated_records) == (1, 1)
    changed = Product.objects.get(sku="0003")
    assert (str(changed.price), changed.product_name) == ("9.95", HOSTILE[3]["product_name"])


def test_no_cell_of_an_export_is_a_formula(member: Client) -> None:
    fill()
    content = b"".join(member.get(f"{CATALOG}export.csv")).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(content, newline="")):
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert not [cell for row in sheet(member).iter_rows() for cell in row if cell.data_type == "f"]


def test_the_excel_export_has_the_same_cells_and_keeps_leading_zeros(member: Client) -> None:
    fill()
    content = b"".join(member.get(f"{CATALOG}export.csv")).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(content, newline="")))
    rows = list(sheet(member).iter_rows())
    assert lines[0] == [*READ, CATALOG_COLUMN]
    assert [cell.value for cell in rows[0]][:4] == ["Product ID", "Product name", "Category", "SKU"]
    for row, cells in zip(rows[1:], lines[1:], strict=True):
        texts = ["" if cell.value is None else cell.value for cell in row]
        assert [t if isinstance(t, str) else f"{t:.2f}" for t in texts[:7]] == cells[:7]
    zeros = next(row[3] for row in rows if row[3].value == "0003")
    assert (zeros.data_type, zeros.number_format) == ("s", "@")


def test_an_export_reads_a_page_at_a_time(member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 3)
    for number in range(10, 18):
        make(number)
    content = b"".join(member.get(f"{CATALOG}export.csv")).decode("utf-8-sig")
    assert [row.split(",")[0] for row in content.splitlines()[1:]] == [f"P-{number}" for number in range(10, 18)]


def test_too_many_products_for_excel_are_refused_with_the_way_out(
    member: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.insight.downloads.XLSX_ROWS", 1)
    make(1)
    make(2)
    response = member.get(f"{CATALOG}export.xlsx", follow=True)
    assert b"Download the CSV" in response.content


def test_the_column_that_marks_an_export_means_no_field() -> None:
    mapping = map_headers([*FIELDS, CATALOG_COLUMN], {CATALOG_COLUMN: "description"})
    assert mapping.ignored == (CATALOG_COLUMN,)


def test_apostrophes_of_a_file_that_is_not_ours_stay(pipeline: Pipeline) -> None:
    row = line(1, product_name="'=1+1")
    assert pipeline.run(feed(row)).valid_records == 1
    assert Product.objects.get().product_name == "'=1+1"
