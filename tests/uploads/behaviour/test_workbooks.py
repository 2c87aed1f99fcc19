"""Workbooks: read as people see them, refused in a sentence, and kept as they came."""

import csv
import io
import tracemalloc
import zipfile
from datetime import date, datetime, time
from typing import Any

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.workbooks import replaced, shared, workbook, zipped
from uploads.aws import storage
from uploads.feed import workbook as workbooks
from uploads.feed.lines import NUMBER, FeedError, Limits
from uploads.insight import downloads
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline import examine, receive

LIMITS = Limits(max_columns=50, max_rows=1_000)
SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def read(data: bytes, limits: Limits = LIMITS, size: workbooks.Size | None = None) -> list[list[str]]:
    """The rows that the parser gets, without the marks of numbers with a fraction."""
    with workbooks.as_csv(io.BytesIO(data), limits, size or workbooks.Size()) as sheet:
        assert sheet is not None
        text = sheet.file.read().decode().replace(NUMBER, "")
    return list(csv.reader(io.StringIO(text, newline="")))


def refusal(data: bytes, size: workbooks.Size | None = None) -> str:
    with pytest.raises(FeedError) as error:
        read(data, size=size)
    assert error.value.message.endswith(".")
    return error.value.code


def sheet_xml(cells: str, before: str = "") -> bytes:
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'.encode()


# --- cells -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("007", "007"),
        (" a ", " a "),
        (12.5, "12.5"),
        (1299.0, "1299"),
        (0.1 + 0.2, "0.3"),
        (-0.5, "-0.5"),
        (0.00001, "0.00001"),
        (4006381333931, "4006381333931"),
        (123456789012345678, "1.23456789012346E+17"),
        (True, "TRUE"),
        (date(2024, 12, 21), "2024-12-21"),
        (datetime(2024, 12, 21, 9, 30), "2024-12-21 09:30:00"),  # noqa: DTZ001 - a workbook knows no zones
        (time(9, 30), "09:30:00"),
        ("two\r\nlines; and \"more\"", "two\r\nlines; and \"more\""),
        ("Für alle 🌍", "Für alle 🌍"),
    ],
)  # fmt: skip
def test_a_cell_is_read_as_people_see_it(cell: Any, shown: str) -> None:
    found = read(workbook([["a", "b"], [cell, "x"]]))[1][0]
    assert found.replace("\r\n", "\n") == shown.replace("\r\n", "\n")


def test_float_noise_in_the_file_itself_is_not_seen() -> None:
    noisy = sheet_xml('<row r="1"><c r="A1"><v>0.30000000000000004</v></c><c r="B1"><v>1299.0</v></c></row>')
    assert read(replaced(workbook([["a"]]), {SHEET: noisy})) == [["0.3", "1299"]]


def test_a_formula_is_the_value_that_was_saved_with_it() -> None:
    cells = '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>UPPER("a")</f><v>A</v></c></row>'
    assert read(replaced(workbook([["a"]]), {SHEET: sheet_xml(cells)})) == [["2", "A"]]


def test_cells_merged_downwards_have_their_value_in_each_row_that_has_something_else() -> None:
    def merge(book: Any) -> None:
        book.worksheets[0].merge_cells("A2:A5")

    rows: list[list[Any]] = [["category", "sku"], ["Books", "1"], [None, "2"], [None, None], [None, "4"], ["Home", "5"]]
    assert read(workbook(rows, merge)) == [
        ["category", "sku"], ["Books", "1"], ["Books", "2"], [], ["Books", "4"], ["Home", "5"],
    ]  # fmt: skip


def test_empty_rows_at_the_end_are_left_out() -> None:
    assert read(workbook([["a", "b"], ["1", "2"], [" ", None], [None, " "]])) == [["a", "b"], ["1", "2"]]


def test_a_table_that_begins_somewhere_on_the_sheet_is_read() -> None:
    def table(book: Any) -> None:
        sheet = book.worksheets[0]
        for column, (name, value) in enumerate([("sku", "007"), ("price", 1)], start=3):
            sheet.cell(5, column, name)
            sheet.cell(6, column, value)

    assert read(workbook(change=table)) == [[], [], [], [], ["", "", "sku", "price"], ["", "", "007", "1"]]


# --- sheets ----------------------------------------------------------------------------------------------------


def test_the_first_visible_sheet_with_anything_in_it_is_read() -> None:
    def hide(book: Any) -> None:
        book["Lists"].sheet_state = "hidden"

    data = workbook([], hide, Lists=[["x", "y"]], Spring=[["a"], ["1"]], Autumn=[["b"]])
    with workbooks.as_csv(io.BytesIO(data), LIMITS, workbooks.Size()) as sheet:
        assert sheet is not None
        assert (sheet.name, sheet.file.read()) == ("Spring", b"a\r\n1\r\n")


def test_a_workbook_with_macros_is_read_without_them() -> None:
    assert read(replaced(workbook([["a"]]), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 macros"})) == [["a"]]


def test_text_is_left_to_the_parser_whatever_its_name() -> None:
    file = io.BytesIO(feed(line(1)).encode())
    with workbooks.as_csv(file, LIMITS, workbooks.Size()) as sheet:
        assert sheet is None
    assert file.tell() == 0


# --- refusals --------------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_by_what_its_directory_says() -> None:
    bomb = replaced(workbook([["a"]]), {SHEET: sheet_xml(" " * 12_000_000)})
    assert len(bomb) < 50_000
    assert refusal(bomb) == "workbook_too_large"
    assert refusal(bomb, workbooks.Size(unpacked=10_000_000, ratio=10**9)) == "workbook_too_large"
    assert read(replaced(bomb, {SHEET: sheet_xml('<row><c t="str"><v>a</v></c></row>')})) == [["a"]]


def test_a_bomb_whose_directory_lies_is_refused_without_being_unpacked() -> None:
    data = bytearray(replaced(workbook([["a"]]), {SHEET: sheet_xml(" " * 12_000_000)}))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    assert data.count(size) >= 1
    lying = bytes(data).replace(size, (500).to_bytes(4, "little"))
    assert refusal(lying) == "workbook_damaged"


def test_more_than_the_limit_that_comes_out_while_unpacking_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = replaced(workbook([["a"]]), {SHEET: sheet_xml(" " * 2_000_000)})
    monkeypatch.setattr(workbooks, "_refuse_bomb", lambda *_: None)  # as if the directory had said nothing
    assert refusal(data, workbooks.Size(unpacked=1_000_000)) == "workbook_too_large"


def test_two_cells_far_apart_do_not_take_the_memory_of_all_between() -> None:
    far = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="900000"><c r="AX900000"><v>1</v></c></row>')
    data = replaced(workbook([["a"]]), {SHEET: far})
    tracemalloc.start()
    with workbooks.as_csv(io.BytesIO(data), Limits(), workbooks.Size()) as sheet:
        assert sheet is not None
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sheet.file.read().count(b"\r\n") == 900_000
    assert most < 10_000_000


@pytest.mark.parametrize(
    ("name", "most", "data"),
    [
        ("budget.MAX_CELLS", 5, workbook([["a", "b"]] * 3)),
        ("budget.MAX_MERGES", 0, workbook([["a"]], lambda book: book.worksheets[0].merge_cells("A1:A3"))),
        ("parts.MAX_TEXTS", 2, shared([["a", "b", "c"]])),
        ("parts.MAX_SHEETS", 1, workbook([["a"]], More=[["b"]])),
        ("parts.MAX_STYLES", 1, workbook([["a", 1, date(2024, 12, 21)]])),
    ],
)
def test_what_a_workbook_may_hold_is_bounded(
    monkeypatch: pytest.MonkeyPatch, name: str, most: int, data: bytes
) -> None:
    assert read(data)
    monkeypatch.setattr(f"uploads.feed.sheets.{name}", most)
    assert refusal(data) == "workbook_too_large"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("XFD1", "too_many_columns"), ("A1002", "too_many_rows")],
)
def test_a_sheet_that_reaches_too_far_is_refused_in_terms_of_the_sheet(cell: str, code: str) -> None:
    row = "".join(filter(str.isdigit, cell))
    cells = f'<row r="{row}"><c r="{cell}"><v>1</v></c></row>'
    first = '<row r="1"><c r="A1"><v>1</v></c></row>' if row != "1" else ""
    assert refusal(replaced(workbook([["a"]]), {SHEET: sheet_xml(first + cells)})) == code
    second, empty = '<row r="2"><c r="A2"><v>1</v></c></row>', cells.replace("<v>1</v>", "")
    styled = sheet_xml(first + second + empty if first else empty + second)
    assert read(replaced(workbook([["a"]]), {SHEET: styled}))[-1] == ["1"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (workbooks.OLE + bytes(500) + "EncryptedPackage".encode("utf-16-le"), "workbook_protected"),
        (workbooks.OLE + bytes(workbooks.CHUNK - 20) + "EncryptedPackage".encode("utf-16-le"), "workbook_protected"),
        (workbooks.OLE + bytes(500) + "Workbook".encode("utf-16-le"), "workbook_old"),
        (zipped({"mimetype": b"application/vnd.oasis", "content.xml": b"<x/>"}), "workbook_other"),
        (zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"x"}), "workbook_other"),
        (zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>"}), "workbook_other"),
        (zipped({"xl/workbook.xml": b"<x/>"}), "empty_file"),
        (zipped({"xl/workbook.xml": b"<x"}), "workbook_damaged"),
        (workbook([["a"]])[:-200], "workbook_damaged"),
        (b"PK\x03\x04[Content_Types].xml is not all it takes", "workbook_damaged"),
        (replaced(workbook([["a"]]), {SHEET: b"<worksheet>"}), "workbook_damaged"),
        (
            replaced(workbook([["a"]]), {SHEET: sheet_xml("&a;", '<!DOCTYPE x [<!ENTITY a "aaaa">]>')}),
            "workbook_damaged",
        ),
        (workbook(), "empty_file"),
        (workbook([[" ", None]], Other=[]), "empty_file"),
    ],
)
def test_what_is_no_workbook_that_can_be_read_is_refused_in_a_sentence(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_another_archive_is_left_to_the_parser() -> None:
    with workbooks.as_csv(io.BytesIO(zipped({"feed.csv": b"a,b"})), LIMITS, workbooks.Size()) as sheet:
        assert sheet is None


# --- through the pipeline --------------------------------------------------------------------------------------


def table(*rows: str) -> bytes:
    return workbook([HEADER.split(","), *(row.split(",") for row in rows)])


def test_a_workbook_goes_the_way_of_every_file(pipeline: Pipeline) -> None:
    data = table(line(1, sku="007"), line(2, price="free"), "," * 7, line(3))
    upload = pipeline.send(data, name="Frühling.xlsx")
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    assert (upload.status, upload.file_rows, upload.valid_records) == ("completed", 3, 2)
    assert set(Product.objects.values_list("sku", flat=True)) == {"007", "SKU-3"}
    assert ValidationError.objects.get().row_number == 2
    assert upload.file_name == "Frühling.xlsx"


def test_the_original_file_is_the_workbook_byte_for_byte(pipeline: Pipeline) -> None:
    data = table(line(1))
    upload = pipeline.send(data, name="feed.xlsm")
    assert upload.original_key.endswith(".xlsm")
    response: Any = downloads.original(upload)
    assert b"".join(response.streaming_content) == data
    assert "Content-Length" not in response
    assert 'filename="feed.xlsm"' in response["Content-Disposition"]


@pytest.mark.usefixtures("bucket", "categories")
def test_a_workbook_sent_again_is_recognised(vendor: Any) -> None:
    upload = receive.receive(io.BytesIO(table(line(1))), "a.xlsx", "VEND001")
    with examine.as_text(io.BytesIO(table(line(1)))) as source:
        assert examine.sent_before("VEND001", examine.examine(source.text).sha256) == upload


@pytest.mark.usefixtures("bucket")
def test_a_refused_workbook_leaves_nothing_behind(vendor: Any) -> None:
    with pytest.raises(examine.Refused, match=r"old format \(\.xls\)\. Open it in Excel"):
        receive.receive(io.BytesIO(workbooks.OLE + bytes(500)), "feed.xls", "VEND001")
    assert not UploadHistory.objects.exists()


@pytest.mark.usefixtures("bucket", "categories")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x.xlsx", "x.xlsx"),
        ("C:\\feeds\\x.xlsx", "x.xlsx"),
        ("a" * 500 + ".xlsx", "a" * 250 + ".xlsx"),
        ("feed\u202excsv.xlsx", "feedxcsv.xlsx"),
        ("\u200f", "feed.csv"),
    ],
)
def test_hostile_names_are_for_show_only(vendor: Any, name: str, shown: str) -> None:
    upload = receive.receive(io.BytesIO(table(line(1))), name, "VEND001")
    assert upload.file_name == shown
    assert upload.original_key.startswith("feeds/VEND001/")
    assert ".." not in upload.original_key
    with storage.opened(upload.original_key) as file:
        assert file.read(4) == workbooks.ZIP
