"""What spreadsheets and programs leave in cells is never taken for a value, and values are never taken for that."""

import pytest

from catalog.rules.fields import FIELDS, LABELS, REQUIRED
from catalog.rules.problems import Code
from tests.catalog.rules.validating import draft, only_problem

OPTIONAL = ("brand", "description")
IDENTIFIERS = ("vendor_product_id", "sku")

# --- errors of spreadsheets

ERRORS = [
    "#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!",
    "#CONNECT!", "#UNKNOWN!", "#GETTING_DATA", "#ERROR!", "#n/a", "#Ref!", "#N/A N/A", "#REF", "Err:502", "Err:508",
    "Fehler:504", "Loading...",
    "#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#ÜBERLAUF!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#N/D", "#¡REF!", "#¿NOMBRE?",
    "#¡VALOR!", "#¡DIV/0!", "#VERW!", "#WAARDE!", "#N/B", "#RIF!", "#ARG!", "#SAKNAS!", "#VÆRDI!", "#ЗНАЧ!", "#Н/Д",
    "#DEĞER!",
]  # fmt: skip


@pytest.mark.parametrize("cell", ERRORS)
@pytest.mark.parametrize("field", FIELDS)
def test_the_error_of_a_spreadsheet_is_an_error_in_every_field(field: str, cell: str) -> None:
    assert only_problem(**{field: f" {cell} "})[:4] == (
        field,
        Code.SPREADSHEET_ERROR,
        f"The {LABELS[field]} is {cell}, an error of the spreadsheet. Mend the formula.",
        "",
    )


@pytest.mark.parametrize("cell", ["###", "##########"])
@pytest.mark.parametrize("field", FIELDS)
def test_a_column_that_was_too_narrow_is_an_error_that_says_so(field: str, cell: str) -> None:
    problem = only_problem(**{field: cell})
    assert problem.code == Code.SPREADSHEET_ERROR
    assert "too narrow" in problem.message


@pytest.mark.parametrize("field", FIELDS)
def test_a_formula_without_a_saved_result_is_an_error_that_says_how_to_save_it(field: str) -> None:
    assert only_problem(**{field: "#FORMULA!"})[:4] == (
        field,
        Code.UNSAVED_FORMULA,
        f"The {LABELS[field]} has a formula without a saved result. "
        "Open the file in Excel, save it, and send it again.",
        "",
    )


@pytest.mark.parametrize(
    "cell",
    [
        "#1 seller",
        "#WOW!",
        "#",
        "##",
        "No #N/A here",
        "#N/A explained, a book",
        "#N/Axis",
        "Error: 502",
        "Reference",
        "#hashtag",
    ],
)
def test_texts_with_a_sharp_are_texts(cell: str) -> None:
    found = draft(product_name=cell, brand=cell, description=cell)
    assert (found.product_name, found.brand, found.description) == (cell, cell, cell)


# --- words for nothing

NOTHING = [
    "NULL",
    "null",
    "nan",
    "NaN",
    "N/A",
    "n/a",
    "NA",
    r"\N",
    "None",
    "none",
    "nil",
    "undefined",
    "-",
    "--",
    "–",
    "—",
]
NOTHING += ["(null)", "<null>", "<NA>", "NaT", "(blank)", "-nan", "N.A.", "‒", "_"]


@pytest.mark.parametrize("cell", NOTHING)
@pytest.mark.parametrize("field", OPTIONAL)
def test_a_word_for_nothing_is_an_empty_cell_where_cells_may_be_empty(field: str, cell: str) -> None:
    assert draft(**{field: f" {cell} "}) == draft(**{field: ""})


@pytest.mark.parametrize("cell", [*NOTHING, "Null", "NAN", "NIL", "UNDEFINED", ".", "...", "?", "???", "…"])
@pytest.mark.parametrize("field", REQUIRED)
def test_a_word_for_nothing_is_a_missing_value_where_there_has_to_be_one(field: str, cell: str) -> None:
    problem = only_problem(**{field: f" {cell} "})
    assert (problem.field, problem.code) == (field, Code.MISSING_VALUE)
    assert problem.message == f"The {LABELS[field]} is “{cell}”, which stands for nothing."


def test_no_stock_may_mean_that_it_is_sold_out() -> None:
    assert only_problem(stock_quantity="none").suggestion == "0"
    assert only_problem(stock_quantity="None").suggestion == "0"
    assert only_problem(stock_quantity="NULL").suggestion == ""


@pytest.mark.parametrize(
    "cell", ["NA-KD", "NAN", "Nil", "Nan Bread", "None of the above", "N/A Audio", "Null & Co", "A", "NULL-1"]
)
def test_brands_and_names_with_such_words_in_them_stay(cell: str) -> None:
    assert draft(brand=cell).brand == cell
    assert draft(description=cell).description == cell


@pytest.mark.parametrize("cell", ["NA-1", "NULL-1", "N", "NAN1", "none-2", "A.-", "1-", "0"])
@pytest.mark.parametrize("field", IDENTIFIERS)
def test_identifiers_with_such_words_in_them_stay(field: str, cell: str) -> None:
    assert getattr(draft(**{field: cell}), field) == cell


# --- dates

DATES = [
    "3-Apr", "03-Apr", "Apr-03", "3-Apr-26", "03-Apr-2026", "5. Aug", "03. Apr", "01.Mai", "03. Mrz 26", "Mrz 26",
    "Dez 05",
    "3-avr", "03-avr.", "avr-26", "janv.-26", "03-août", "12-dic", "03-abr", "05/abr", "05-set", "abr/03", "3 mrt",
    "4-SEP",
    "2026-04-03", "2026-04-03 00:00:00", "2026-04-03T00:00:00", "2026-04-03T00:00:00.000Z", "2026-04-03 10:30",
    "3/4/2026", "12/31/2026", "31/12/2026", "03.04.2026", "3.4.2026 00:00:00", "03-04-2026", "2026/4/3", "2026.04.03",
    "4/3/2026 12:00:00 AM", "4月3日", "2026年4月3日", "04월 03일", "03.апр", "Sat Apr 03 2026 00:00:00 GMT+0200 (CEST)",
]  # fmt: skip
TIMES = ["10:30:00", "36:00:00", "0:00:59"]
CODES = {"vendor_product_id": Code.INVALID_SKU, "sku": Code.INVALID_SKU, "price": Code.INVALID_PRICE}


@pytest.mark.parametrize("field", ["vendor_product_id", "sku", "price", "stock_quantity"])
def test_a_time_and_a_day_of_a_far_year_as_workbooks_are_read_are_errors_too(field: str) -> None:
    for cell in TIMES:
        assert f"“{cell}” is a time. A spreadsheet has turned" in only_problem(**{field: cell}).message
    for cell in ("2238-01-05 00:00:00", "1900-01-00 00:00:00"):
        assert f"“{cell}” is a date." in only_problem(**{field: cell}).message


@pytest.mark.parametrize("cell", ["12:30", "00:1A:2B", "4711-10-22", "1:2:3"])
def test_product_ids_that_only_look_like_times_and_days_stay(cell: str) -> None:
    assert draft(vendor_product_id=cell).vendor_product_id == cell


@pytest.mark.parametrize("cell", DATES)
@pytest.mark.parametrize("field", ["vendor_product_id", "sku", "price", "stock_quantity"])
def test_a_date_is_an_error_that_says_what_a_spreadsheet_did(field: str, cell: str) -> None:
    problem = only_problem(**{field: cell})
    assert (problem.field, problem.code) == (field, CODES.get(field, Code.INVALID_STOCK))
    assert problem.message == (
        f"The {LABELS[field]} “{cell}” is a date. A spreadsheet has turned what stood there into a date: "
        "format the column as text and enter it again."
    )


@pytest.mark.parametrize(
    "sku",
    [
        "12-05-90", "MAY-12-RED", "A-2024-12-21", "3-SET", "12-set", "2-OUT", "5-mag", "10-LED", "MAR-01", "DEC-10",
        "set-05", "3-Apricot", "Apr-3", "2024-13-01", "2024-12-32", "1999", "20240403", "2024-1234", "32-Apr",
        "3-4", "5/8", "1.2.3", "3.4.26", "12.05.1", "Maya-01", "Mar-001", "SKU-3-Apr", "3-Apr-X", "2026-04",
        "04-2026", "1-2-3000", "100-Mar",
    ],
)  # fmt: skip
def test_skus_that_only_resemble_dates_stay(sku: str) -> None:
    assert draft(sku=sku, vendor_product_id=sku)[0::3][:2] == (sku, sku)


# --- numbers


@pytest.mark.parametrize(
    "cell", ["1.20E-04", "5.00E-03", "4.70E+07", "1,2E+12", "4,00638E+12", "9.55E+12", "12.0E+6", "1.2e-05"]
)
@pytest.mark.parametrize("field", IDENTIFIERS)
def test_a_number_in_scientific_notation_is_no_identifier(field: str, cell: str) -> None:
    problem = only_problem(**{field: cell})
    assert (problem.field, problem.code) == (field, Code.INVALID_SKU)
    assert "in scientific notation: a spreadsheet has taken it for a number" in problem.message


@pytest.mark.parametrize("cell", ["1E5", "12E5", "47E6", "12E-5", "5E-05", "1E-04", "2.5E", "1.2E3", "A1.2E-04"])
@pytest.mark.parametrize("field", IDENTIFIERS)
def test_part_numbers_with_an_e_in_them_stay(field: str, cell: str) -> None:
    assert getattr(draft(**{field: cell}), field) == cell


@pytest.mark.parametrize("cell", ["12.5", "0.00012", "-1.5"])
@pytest.mark.parametrize("field", IDENTIFIERS)
def test_what_was_a_number_with_decimals_is_no_identifier(field: str, cell: str) -> None:
    problem = only_problem(frozenset({field}), **{field: cell})
    assert (problem.code, "number with decimals" in problem.message) == (Code.INVALID_SKU, True)
    assert getattr(draft(frozenset({field}), **{field: "90101"}), field) == "90101"
