"""The XML of workbooks as programs write it, and which sheet of several is read."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbooks import replaced, shared, workbook, zipped
from uploads.feed import workbook as workbooks
from uploads.feed.columns import Memory, Remembered, fingerprint
from uploads.feed.lines import NUMBER, FeedError, Limits
from uploads.feed.parser import Layout, Reading, Row, inspect, rows
from uploads.feed.sheets import budget
from uploads.feed.sheets.notes import told

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
SHEET, STYLES, TEXTS = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/sharedStrings.xml"
HEADER = ["vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity"]
LAMP = ["P1", "Lamp", "Home", "S1", 9.5, 5]


def read(data: bytes, memory: Memory | None = None) -> tuple[list[list[str]], str, tuple[str, ...]]:
    """The records, with ~ for the mark of a number; the sheet's name; the notes."""
    with workbooks.as_csv(io.BytesIO(data), Limits(), workbooks.Size(), memory) as sheet:
        assert sheet is not None
        text = sheet.file.read().decode().replace(NUMBER, "~")
    return list(csv.reader(io.StringIO(text, newline=""))), sheet.name, sheet.about.notes


def rows_of(cells: str, parts: dict[str, bytes] | None = None, around: str = "{}") -> list[list[str]]:
    """The records of a sheet with this XML inside sheetData."""
    xml = f'<worksheet xmlns="{MAIN}">{around.format(f"<sheetData>{cells}</sheetData>")}</worksheet>'
    return read(replaced(shared([["a"]]), {SHEET: xml.encode(), **(parts or {})}))[0]


def cell(xml: str, parts: dict[str, bytes] | None = None) -> str:
    return rows_of(f'<row r="1">{xml}</row>', parts)[0][0]


def test_a_text_is_never_marked_as_a_number_whatever_it_begins_with() -> None:
    assert cell('<c r="A1" t="str"><v>_x001F_1.299</v></c>') == "1.299"


def test_empty_cells_of_a_wide_sheet_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_WRITTEN", 1_000 + 20 * 11)  # the head is written too, to find its header
    long = [["x"]] * 99
    assert len(read(workbook([["x"] * 10, *long]))[0]) == 100
    with pytest.raises(FeedError) as refused:
        read(workbook([["x"] * 11, *long]))
    assert refused.value.code == "workbook_too_large"


# --- cells -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ('<c r="A1" t="s"><v>0</v></c>', "a"),
        ('<c r="A1" t="inlineStr"><is><t>x</t></is></c>', "x"),
        ('<c r="A1" t="inlineStr"><is><r><t>x</t></r><r><rPr/><t xml:space="preserve"> y</t></r></is></c>', "x y"),
        ('<c r="A1" t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>とうきょう</t></rPh></is></c>', "東京"),
        ('<c r="A1" t="str"><f>A2</f><v>a_x000D_b_x005F_x0007_</v></c>', "a\rb_x0007_"),
        ('<c r="A1" t="str"><v><![CDATA[<b> & x]]></v></c>', "<b> & x"),
        ('<c r="A1" t="b"><v>1</v></c>', "TRUE"),
        ('<c r="A1" t="b"><v>0</v></c>', "FALSE"),
        ('<c r="A1" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c r="A1" t="d"><v>2026-04-03</v></c>', "2026-04-03"),
        ('<c r="A1" t="d"><v>2026-04-03T00:00:00</v></c>', "2026-04-03"),
        ('<c r="A1" t="d"><v>2026-04-03T10:30:00.000</v></c>', "2026-04-03 10:30:00"),
        ('<c r="A1" t="d"><v>T10:30</v></c>', "10:30:00"),
        ('<c r="A1"><v>0.30000000000000004</v></c>', "~0.3"),
        ('<c r="A1"><v>1.299</v></c>', "~1.299"),
        ('<c r="A1"><v> 1299.0 </v></c>', "1299"),
        ('<c r="A1" t="n"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A1"><f>A2*2</f></c>', "#FORMULA!"),
        ('<c r="A1"><f>A2*2</f><v></v></c>', "#FORMULA!"),
        ('<c r="A1" t="str"><f>A2&amp;""</f></c>', "#FORMULA!"),
        ('<c r="A1" t="str"><f>""</f><v></v></c><c r="B1"><v>1</v></c>', ""),
        ('<c r="A1" s="99"><v>5</v></c>', "5"),
        ('<c r="A1" s="-1"><v>5</v></c>', "5"),
    ],
)  # fmt: skip
def test_every_kind_of_cell_becomes_the_text_that_people_see(xml: str, text: str) -> None:
    assert cell(xml) == text


def test_formulas_of_a_workbook_that_is_worked_out_when_it_is_opened_have_no_result_where_it_is_0() -> None:
    found, _, _ = read(shared([["=1+1", "=2+2"], ["x", 0]]))
    assert found == [["#FORMULA!", "#FORMULA!"], ["x", "0"]]


def styles(*codes: str) -> dict[str, bytes]:
    formats = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(codes))
    used = "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(codes)))
    xml = f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>'
    return {STYLES: f'{xml}<cellXfs><xf numFmtId="0"/>{used}<xf numFmtId="14"/></cellXfs></styleSheet>'.encode()}


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [(0, "6", "6"), (1, "612", "000612"), (2, "12.345", "12.35 €"), (3, "46115", "2026-04-03"), (1, "1.5", "000002")],
)  # fmt: skip
def test_the_style_of_a_cell_says_its_format(style: int, value: str, text: str) -> None:
    parts = styles("000000", "0.00&quot; €&quot;")
    assert cell(f'<c r="A1" s="{style}"><v>{value}</v></c>', parts) == text


def test_a_text_has_what_its_format_puts_beside_texts() -> None:
    assert cell('<c r="A1" s="1" t="str"><v>12</v></c>', styles("&quot;SKU-&quot;@")) == "SKU-12"


# --- rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ('<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>', [["1", "2"], ["3", ""]]),
        ('<row r="3"><c r="B3"><v>1</v></c></row>', [[], [], ["", "1"]]),
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="4"><c r="A4"><v>2</v></c></row>', [["1"], [], [], ["2"]]),
        ('<row><c r="A2"><v>1</v></c><c r="C2"><v>2</v></c></row>', [[], ["1", "", "2"]]),
        ('<row r="1"><c r="A1" s="0"/><c r="B1"><v>1</v></c><c/><c r="D1"/></row>', [["", "1"]]),
        ('<row r="1"><c r="a1"><v>1</v></c></row><row r="2"/><row r="3" spans="1:1"></row>', [["1"]]),
        (
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c><c r="C2"><v>3</v></c></row>',
            [["1", "", ""], ["2", "", "3"]],
        ),
    ],
)  # fmt: skip
def test_each_row_of_the_sheet_is_a_record_with_its_cells_where_they_belong(cells: str, found: list[list[str]]) -> None:
    assert rows_of(cells) == found


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="?1"><v>1</v></c></row>',
        '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>7</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>-1</v></c></row>',
    ],
    ids=["order", "twice", "no column", "too far down", "no such text", "no text at all"],
)
def test_a_sheet_that_no_program_writes_is_refused_not_guessed_at(cells: str) -> None:
    with pytest.raises(FeedError) as error:
        rows_of(cells)
    assert error.value.code == "workbook_damaged"


@pytest.mark.parametrize("namespace", [MAIN, STRICT])
@pytest.mark.parametrize("prefix", ["", "x"])
def test_prefixes_and_the_strict_namespace_are_read(namespace: str, prefix: str) -> None:
    p = f"{prefix}:" if prefix else ""
    xmlns = f"xmlns:{prefix}" if prefix else "xmlns"
    texts = f'<{p}sst {xmlns}="{namespace}"><{p}si><{p}t>shared</{p}t></{p}si></{p}sst>'
    sheet = (
        f'<{p}worksheet {xmlns}="{namespace}"><{p}sheetData><{p}row r="1"><{p}c r="A1" t="s"><{p}v>0</{p}v></{p}c>'
        f'<{p}c r="B1"><{p}v>1.5</{p}v></{p}c></{p}row></{p}sheetData></{p}worksheet>'
    )
    data = replaced(shared([["a"]]), {SHEET: sheet.encode(), TEXTS: texts.encode()})
    assert read(data)[0] == [["shared", "~1.5"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_parts_may_be_in_any_encoding_that_they_name(encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?><worksheet xmlns="{MAIN}"><sheetData><row r="1">'
    xml += '<c r="A1" t="str"><v>Café</v></c></row></sheetData></worksheet>'
    assert read(replaced(shared([["a"]]), {SHEET: xml.encode(encoding)}))[0] == [["Café"]]


def test_a_workbook_without_formats_and_shared_texts_is_read() -> None:
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = f'<Relationships><Relationship Id="r1" Type="{kinds}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
    book = f'<workbook xmlns="{MAIN}" xmlns:rel="{kinds}"><sheets><sheet name="One" sheetId="1" rel:id="r1"/></sheets>'
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData><row><c><v>1.5</v></c></row></sheetData></worksheet>'
    data = zipped({
        "xl/workbook.xml": f"{book}</workbook>".encode(),
        "xl/_rels/workbook.xml.rels": f"{relations}</Relationships>".encode(),
        SHEET: sheet.encode(),
    })  # fmt: skip
    assert read(data) == ([["~1.5"]], "One", ())


@given(
    st.lists(
        st.lists(st.text(st.sampled_from("aé,;\"'\n\t|=# 0.5"), max_size=12), min_size=6, max_size=6),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=50)
def test_any_text_comes_through_the_parser_as_it_is(cells: list[list[str]]) -> None:
    table = [[f"x{text}y" for text in row] for row in cells]
    _, found = told_of(workbook([HEADER, *table]))
    assert [list(row.cells.values()) for row in found] == table


def test_a_file_by_each_library_says_the_same() -> None:
    rows: list[list[Any]] = [HEADER, ["007", "Łampa “x”\nred", "Home", "S-1", 9.99, 5], LAMP]
    by_one, by_other = read(workbook(rows)), read(shared(rows))
    assert by_one == by_other
    assert by_one[0][1] == ["007", "Łampa “x”\nred", "Home", "S-1", "~9.99", "5"]


# --- which sheet -----------------------------------------------------------------------------------------------

HELP = [["How to fill in this workbook"], ["Use the next sheet."], ["price", "with two decimals"]]


def test_a_sheet_of_instructions_in_front_is_passed_over() -> None:
    found, name, notes = read(workbook(HELP, Feed=[HEADER, LAMP], Autumn=[HEADER, LAMP]))
    assert (found[0], name) == (HEADER, "Feed")
    assert notes == (
        "The sheet “Feed” was read; the 2 other sheets, “Products” and “Autumn”, were not. "
        "If there are products too, send them as a file of their own.",
    )


def test_a_header_that_only_the_vendors_own_names_fit_is_known() -> None:
    own = {"Kenn": "vendor_product_id", "Was": "product_name", "Art": "category", "Krz": "sku", "Geld": "price"}
    header = [*own, "stock_quantity"]
    data = workbook(HELP, Feed=[header, LAMP])
    assert read(data)[1] == "Products"
    fields = {field: name for name, field in own.items()} | {"stock_quantity": "stock_quantity"}
    assert read(data, {fingerprint(header): Remembered(fields)}.get)[1] == "Feed"


def test_where_no_header_fits_the_first_sheet_with_anything_in_it_is_read() -> None:
    assert read(workbook([], Empty=[[" "]], Notes=[["x"]], More=[["y"]]))[1] == "Notes"


def test_a_header_below_a_title_and_empty_rows_is_found() -> None:
    found, name, _ = read(workbook(HELP, Feed=[["Prices 2026"], [], [], HEADER, LAMP]))
    assert (name, found[3]) == ("Feed", HEADER)


# --- what nobody sees ------------------------------------------------------------------------------------------


def hidden(rows: list[int], columns: str = "", filtered: bool = False) -> bytes:
    def hide(book: Any) -> None:
        sheet = book.worksheets[0]
        for row in rows:
            sheet.row_dimensions[row].hidden = True
        for column in columns:
            sheet.column_dimensions[column].hidden = True
        if filtered:
            sheet.auto_filter.ref = "A1:F60"
            sheet.auto_filter.add_filter_column(1, ["Lamp"])

    return workbook([HEADER, *[LAMP] * 49], hide)


def told_of(data: bytes, answers: dict[str, str] | None = None) -> tuple[Layout, list[Row]]:
    """How a workbook is read with these answers, and its rows."""
    with workbooks.as_csv(io.BytesIO(data), Limits(), workbooks.Size()) as sheet:
        assert sheet is not None
        layout = inspect(sheet.file, reading=Reading(answers=answers or {}), sheet=sheet.name)
        return told(layout, sheet.about), list(rows(sheet.file, layout))


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        (hidden([]), ()),
        (hidden([3]), ("1 hidden row was read too: row 3.",)),
        (hidden([3, 7, 60]), ("2 hidden rows were read too: rows 3 and 7.",)),
        (
            hidden(list(range(2, 50))),
            ("48 hidden rows were read too: rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 38 more.",),
        ),
        (hidden([1]), ()),  # the header
        (hidden([1], filtered=True), ()),
        (hidden([], filtered=True), ()),
        (hidden([], "E"), ("1 hidden column was read too: column E.",)),
        (hidden([], "BEZ"), ("2 hidden columns were read too: columns B and E.",)),
    ],
)
def test_hidden_rows_and_columns_are_read_and_said(data: bytes, notes: tuple[str, ...]) -> None:
    layout, found = told_of(data)
    assert (layout.notes, layout.questions) == (notes, ())
    assert [row.line for row in found] == list(range(2, 51))
    assert all(list(row.cells.values()) == ["P1", "Lamp", "Home", "S1", "9.5", "5"] for row in found)


def test_whether_rows_that_a_filter_hides_are_meant_is_a_question() -> None:
    layout, _ = told_of(hidden([3, 4], filtered=True))
    (question,) = layout.questions
    assert question.text.startswith("A filter hides 2 rows of this sheet (rows 3 and 4). Are they to be read too?")
    assert [choice.value for choice in question.choices] == ["read", "leave_out"]
    assert layout.notes == ()


@pytest.mark.parametrize(
    ("answer", "note", "lines"),
    [
        ("read", "2 hidden rows were read too: rows 3 and 4.", range(2, 51)),
        ("leave_out", "2 hidden rows were left out: rows 3 and 4.", [2, *range(5, 51)]),
    ],
)
def test_hidden_rows_are_read_or_left_out_as_somebody_answers(answer: str, note: str, lines: list[int]) -> None:
    layout, found = told_of(hidden([3, 4], filtered=True), {"hidden_rows": answer})
    assert (layout.notes, layout.questions) == ((note,), ())
    assert [row.line for row in found] == list(lines)
    assert [row.number for row in found] == list(range(1, len(found) + 1))
    assert {row.cells["vendor_product_id"] for row in found} == {"P1"}


def test_a_hidden_row_beside_merged_cells_is_the_only_one_that_is_left_out() -> None:
    def change(book: Any) -> None:
        book.worksheets[0].merge_cells("A2:A4")
        book.worksheets[0].row_dimensions[2].hidden = True

    table: list[list[Any]] = [["category", "product_name", "vendor_product_id", "sku", "price", "stock_quantity"]]
    table += [["Home" if number == 1 else None, "Lamp", f"P{number}", "S1", 9.5, 5] for number in range(1, 4)]
    _, found = told_of(workbook(table, change), {"hidden_rows": "leave_out"})
    assert [(row.cells["vendor_product_id"], row.cells["category"]) for row in found] == [
        ("P2", "Home"),
        ("P3", "Home"),
    ]


def test_a_text_that_looks_like_a_mark_of_ours_is_a_text() -> None:
    table: list[list[Any]] = [HEADER, ["_x001E_P1", "_x001F_Lamp", "Home", "_x001F_", "_x001F_x9.5", 5], [*LAMP]]
    _, (row, _) = told_of(workbook(table), {"hidden_rows": "leave_out"})
    assert list(row.cells.values()) == ["P1", "Lamp", "Home", "", "x9.5", "5"]
    assert not row.numeric


def test_reading_can_go_on_behind_any_row_of_a_sheet() -> None:
    with workbooks.as_csv(io.BytesIO(hidden([3, 9], filtered=True)), Limits(), workbooks.Size()) as sheet:
        assert sheet is not None
        for answer in ("read", "leave_out"):
            layout = inspect(sheet.file, reading=Reading(answers={"hidden_rows": answer}), sheet=sheet.name)
            whole = list(rows(sheet.file, layout))
            for done, row in enumerate(whole, 1):
                assert list(rows(sheet.file, layout, row.after)) == whole[done:]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_not_read_and_said_where_they_hold_something(state: str) -> None:
    def hide(book: Any) -> None:
        for name in ("Lists", "Empty"):
            book[name].sheet_state = state

    _, name, notes = read(workbook([HEADER, LAMP], hide, Lists=[HEADER, LAMP], Empty=[[" "]]))
    assert (name, notes) == ("Products", ("1 hidden sheet was not read: “Lists”.",))


def test_many_sheets_make_a_note_of_one_line() -> None:
    _, _, notes = read(workbook([HEADER, LAMP], None, **{f"Sheet {n}": [["x"]] for n in range(40)}))
    assert len(notes) == 1
    assert notes[0].count("“") == 11
    assert "and 30 more, were not" in notes[0]
