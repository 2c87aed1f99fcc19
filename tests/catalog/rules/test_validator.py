"""What makes a row a product draft, and what is said about one that is none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules import cells, clashes, fields, places
from catalog.rules.fields import FIELDS, LIMITS, MAX_STOCK, REQUIRED
from catalog.rules.problems import Code
from catalog.rules.validator import ProductDraft, Validated, validate
from tests.catalog.rules.validating import (
    BOM,
    GOOD,
    NAMES,
    NBSP,
    RIGHT_TO_LEFT_MARK,
    RULES,
    ZERO_WIDTH_SPACE,
    draft,
    only_problem,
    problems,
)


def test_a_good_row_becomes_a_draft() -> None:
    assert validate(GOOD, RULES).draft == ProductDraft(
        "P-1", "Acme Lamp", "Home & Garden", "VEND001-HOM-1", "Acme", "A lamp.", Decimal("12.99"), 5, "USD",
        "4006381333931", "https://example.com/lamp.jpg", "active",
    )  # fmt: skip


def test_draft_limits_and_labels_follow_the_fields() -> None:
    assert ProductDraft._fields == (*FIELDS, "status")
    assert tuple(fields.LABELS) == (*FIELDS, "status", "action")
    assert tuple(LIMITS) == FIELDS[:6]


def test_all_problems_of_a_row_come_at_once_in_the_order_of_the_fields() -> None:
    bad = dict.fromkeys(reversed(FIELDS), "\ud800")
    assert [problem.field for problem in problems(**bad)] == list(FIELDS)


@pytest.mark.parametrize("cell", [None, "", "  ", f"{NBSP}\t{ZERO_WIDTH_SPACE}\n", BOM])
@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_cell_may_not_be_empty(field: str, cell: str | None) -> None:
    problem = only_problem(**{field: cell})
    assert (problem.field, problem.code) == (field, Code.MISSING_VALUE)
    assert problem.message == f"The {fields.LABELS[field]} is missing."


def test_a_row_without_any_column_misses_the_six_required_fields() -> None:
    outcome = validate({}, RULES)
    assert outcome.draft is None
    assert [(p.field, p.code) for p in outcome.problems] == [(field, Code.MISSING_VALUE) for field in REQUIRED]


@pytest.mark.parametrize("field", ["brand", "description", "gtin", "image_url"])
def test_a_missing_optional_column_differs_from_an_empty_cell(field: str) -> None:
    without = {name: cell for name, cell in GOOD.items() if name != field}
    outcome = validate(without, RULES)
    assert outcome.draft
    assert getattr(outcome.draft, field) is None
    assert getattr(draft(**{field: " "}), field) == ""
    assert getattr(draft(**{field: None}), field) == ""


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("around", [" ", NBSP, ZERO_WIDTH_SPACE, BOM, f" {BOM}\t{ZERO_WIDTH_SPACE} "])
def test_white_space_and_invisible_characters_around_a_cell_do_not_count(field: str, around: str) -> None:
    assert draft(**{field: around + GOOD[field] + around}) == draft()


def test_every_white_space_that_python_knows_is_trimmed() -> None:
    assert {chr(c) for c in range(0x110000) if chr(c).isspace()} <= set(cells.EDGES)


@pytest.mark.parametrize("field", ["product_name", "brand", "description"])
@pytest.mark.parametrize(
    "cell",
    [
        "<script>alert(1)</script>",
        "=HYPERLINK(1)",
        "'; DROP TABLE products; --",
        f"{RIGHT_TO_LEFT_MARK}عربي{RIGHT_TO_LEFT_MARK}",
        "👩‍👩‍👧 e\u0301 \x01",
        f"two  spaces, {NBSP} and\nlines",
        "{{ template }} %s \\",
    ],
)
def test_what_stands_inside_a_text_stays_as_it_came(field: str, cell: str) -> None:
    assert getattr(draft(**{field: cell}), field) == cell


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("cell", ["a\0b", "\0", "ab\ud83d", "é\udcff"])
def test_nul_and_half_surrogates_cannot_be_stored(field: str, cell: str) -> None:
    problem = only_problem(**{field: cell})
    assert (problem.field, problem.code) == (field, Code.INVALID_CHARACTERS)
    assert problem.message.isprintable()


@pytest.mark.parametrize("field", LIMITS)
def test_a_text_may_have_as_many_characters_as_its_limit_and_no_more(field: str) -> None:
    problem = only_problem(**{field: "x" * (LIMITS[field] + 1)})
    assert problem.code == Code.TOO_LONG
    assert f"at most {LIMITS[field]:,}" in problem.message
    if field != "category":
        assert getattr(draft(**{field: "x" * LIMITS[field]}), field) == "x" * LIMITS[field]


def test_length_is_counted_in_characters_not_in_bytes() -> None:
    assert draft(product_name="😀" * 200).product_name == "😀" * 200
    assert only_problem(product_name="😀" * 201).code == Code.TOO_LONG


def test_white_space_that_is_trimmed_does_not_count_for_the_length() -> None:
    assert draft(brand=" " * 500 + "Acme").brand == "Acme"


# SKU and product id


@pytest.mark.parametrize("sku", ["A", "0", "abc-DEF_1.2/3", "-A-", "4006381333931", "1E5", "47E6", "5E-05"])
def test_a_sku_has_letters_digits_and_four_marks_and_keeps_its_case(sku: str) -> None:
    assert draft(sku=sku).sku == sku


@pytest.mark.parametrize(
    ("sku", "suggestion"),
    [
        ("AB 12", "AB-12"),
        ("AB  12 \t c", "AB-12-c"),
        (f"AB{NBSP}12", "AB-12"),
        ("AB–12", "AB-12"),
        ("AB#12", ""),
        ("#0001", "0001"),
        ("# 12-B", "12-B"),
        ("##12", ""),
        ("#A12", ""),
        ("AB,12", ""),
        ("=1+2", ""),
        ("Größe-1", ""),
        ("ＡＢ", "AB"),
        ("١٢", "12"),
        ("С-26", "C-26"),
        ("АВ-ЕК", "AB-EK"),
        ("Ж-26", ""),
        ("ΑΒ 1", "AB-1"),
        ("./_-", ""),
        ("x" * 99 + " x", ""),
    ],
)
def test_a_sku_of_another_shape_is_refused_with_the_obvious_repair(sku: str, suggestion: str) -> None:
    problem = problems(sku=sku)[-1]
    assert (problem.field, problem.code, problem.suggestion) == ("sku", Code.INVALID_SKU, suggestion)
    assert "letters A to Z" in problem.message


@pytest.mark.parametrize(
    "cell", ["a" * 200_000 + "#", "-" * 200_000 + "#", "1," * 100_000, "1E+" * 70_000, "> " * 100_000]
)
def test_a_huge_cell_is_refused_in_every_field_with_few_words(cell: str) -> None:
    found = problems(**dict.fromkeys(FIELDS, cell))
    assert [(problem.field, problem.code) for problem in found] == [
        ("vendor_product_id", Code.TOO_LONG),
        ("product_name", Code.TOO_LONG),
        ("category", Code.TOO_LONG),
        ("sku", Code.TOO_LONG),
        ("sku", Code.INVALID_SKU),
        ("brand", Code.TOO_LONG),
        ("description", Code.TOO_LONG),
        ("price", Code.INVALID_PRICE),
        ("stock_quantity", Code.INVALID_STOCK),
        ("currency", Code.INVALID_CURRENCY),
        ("gtin", Code.INVALID_GTIN),
        ("image_url", Code.INVALID_IMAGE_URL),
    ]
    assert all(len(problem.message) <= 200 for problem in found)


def test_a_sku_can_be_too_long_and_of_the_wrong_shape_at_once() -> None:
    assert [p.code for p in problems(sku="a b" * 50)] == [Code.TOO_LONG, Code.INVALID_SKU]


@pytest.mark.parametrize("field", ["sku", "vendor_product_id"])
@pytest.mark.parametrize(
    "cell", ["1.23E+11", "1,23E+11", "4E+12", "4.00638e+12", "4.70E+07", "1.20E-04", "1,2E-04", "12.0E+6"]
)
def test_a_number_cut_short_by_a_spreadsheet_is_recognised(field: str, cell: str) -> None:
    problem = only_problem(**{field: cell})
    assert (problem.field, problem.code, problem.suggestion) == (field, Code.INVALID_SKU, "")
    assert "scientific notation" in problem.message
    assert "Format the column as text" in problem.message


@pytest.mark.parametrize("product_id", ["A+B", "1+1", "gid://shopify/Product/1", "Nr. 12 (blau)", "1E5"])
def test_a_product_id_is_any_text(product_id: str) -> None:
    assert draft(vendor_product_id=product_id).vendor_product_id == product_id


# Price


def test_a_problem_with_the_price_carries_code_message_and_suggestion() -> None:
    problem = only_problem(price="1,299")
    assert problem[:4] == (
        "price",
        Code.INVALID_PRICE,
        "“1,299” can be thousands or decimals. Write 1299.00 or 1.30.",
        "1299.00 or 1.30",
    )


def test_a_price_that_was_a_number_is_read_as_one() -> None:
    numbers = frozenset({"price", "stock_quantity"})
    assert draft(numbers, price="1E+2").price == Decimal(100)
    assert only_problem(numbers, price="1.299").code == Code.PRICE_TOO_PRECISE
    assert only_problem(price="1.299").code == Code.INVALID_PRICE


# Stock


@pytest.mark.parametrize(
    ("cell", "stock"),
    [
        ("0", 0),
        ("-0", 0),
        ("5", 5),
        ("007", 7),
        ("12.0", 12),
        ("12,00", 12),
        ("0.000", 0),
        ("2147483647", MAX_STOCK),
        ("1 200", 1200),
        ("1'200", 1200),
        ("1,200,000", 1_200_000),
        ("1.200.000", 1_200_000),
        ("1,200.00", 1200),
        ("0000000000012", 12),
    ],
)
def test_a_whole_number_is_a_stock_quantity(cell: str, stock: int) -> None:
    assert draft(stock_quantity=cell).stock_quantity == stock


@pytest.mark.parametrize(
    ("cell", "code", "suggestion"),
    [
        ("12.5", Code.INVALID_STOCK, ""),
        ("0.500", Code.INVALID_STOCK, ""),
        ("in stock", Code.INVALID_STOCK, ""),
        ("10+", Code.INVALID_STOCK, ""),
        ("+10", Code.INVALID_STOCK, ""),
        ("1e3", Code.INVALID_STOCK, ""),
        ("12 pcs", Code.INVALID_STOCK, ""),
        ("１２", Code.INVALID_STOCK, "12"),
        ("١٢", Code.INVALID_STOCK, "12"),
        ("१२.५", Code.INVALID_STOCK, ""),
        ("²", Code.INVALID_STOCK, ""),
        ("9" * 5000, Code.INVALID_STOCK, ""),
        ("Out of stock", Code.INVALID_STOCK, "0"),
        ("outofstock", Code.INVALID_STOCK, "0"),
        ("1,200", Code.INVALID_STOCK, "1200"),
        ("1.200", Code.INVALID_STOCK, "1200"),
        ("12.000", Code.INVALID_STOCK, "12000 or 12"),
        ("-3", Code.NEGATIVE_STOCK, "0"),
        ("−3", Code.NEGATIVE_STOCK, "0"),
        ("-0.5", Code.NEGATIVE_STOCK, "0"),
        ("-1,200", Code.NEGATIVE_STOCK, "0"),
        ("2147483648", Code.STOCK_TOO_LARGE, ""),
        ("3 000 000 000", Code.STOCK_TOO_LARGE, ""),
    ],
)
def test_anything_else_is_refused_with_its_own_code(cell: str, code: Code, suggestion: str) -> None:
    problem = only_problem(stock_quantity=cell)
    assert (problem.code, problem.suggestion) == (code, suggestion)
    assert f"“{cell[:20]}" in problem.message


@pytest.mark.parametrize(("cell", "stock"), [("12.000", 12), ("1E+2", 100), ("12", 12)])
def test_a_stock_that_was_a_number_is_read_as_one(cell: str, stock: int) -> None:
    assert draft(frozenset({"stock_quantity"}), stock_quantity=cell).stock_quantity == stock


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.200", Code.INVALID_STOCK),
        ("1E-130", Code.INVALID_STOCK),
        ("Infinity", Code.INVALID_STOCK),
        ("1E+125", Code.STOCK_TOO_LARGE),
        ("1E+999999999999", Code.STOCK_TOO_LARGE),
        ("-1E+125", Code.NEGATIVE_STOCK),
    ],
)
def test_a_stock_number_out_of_bounds_is_refused(cell: str, code: Code) -> None:
    assert only_problem(frozenset({"stock_quantity"}), stock_quantity=cell).code == code


# Clashes with other data


def test_a_duplicate_names_the_first_row() -> None:
    problem = clashes.duplicate_in_file("sku", "A-1", places.place(12, 14))
    message = "The SKU “A-1” is already used in row 12 (line 14) of this file."
    assert problem[:4] == ("sku", Code.DUPLICATE_IN_FILE, message, "")


def test_a_taken_sku_names_the_vendors_own_product_but_never_another_vendor() -> None:
    assert clashes.sku_taken("A-1", "P-7").message == "The SKU “A-1” already belongs to your product “P-7”."
    assert clashes.sku_taken("A-1", None).message == "The SKU “A-1” already belongs to another vendor."


def test_problems_with_the_vendor_concern_the_whole_row() -> None:
    assert clashes.vendor_unknown("VEND9")[:2] == ("", Code.VENDOR_UNKNOWN)
    assert "names no vendor" in clashes.vendor_unknown("").message
    assert "names no vendor, but" in clashes.vendor_mismatch("", "UPLOAD_1").message
    inactive = clashes.vendor_not_active("VEND9", "suspended")
    assert inactive[:2] == ("", Code.VENDOR_NOT_ACTIVE)
    assert "“VEND9” is suspended" in inactive.message
    mismatch = clashes.vendor_mismatch("VEND9", "UPLOAD_1")
    assert mismatch[:2] == ("", Code.VENDOR_MISMATCH)
    assert "“VEND9”" in mismatch.message


# Any row at all

CELLS = st.none() | st.text() | st.characters() | st.text(alphabet="0123456789.,-E+²٣ \0\ud800\u200b", max_size=12)
CELLS |= st.sampled_from([*GOOD.values(), *NAMES, "x" * 101, "y" * 201, "z" * 10_001])


@given(st.dictionaries(st.sampled_from(FIELDS), CELLS), st.frozensets(st.sampled_from(FIELDS)))
def test_any_row_gives_problems_that_can_be_stored_or_a_draft_that_can(
    values: dict[str, str | None], numeric: frozenset[str]
) -> None:
    check_outcome(validate(values, RULES, numeric))


@given(st.sampled_from(FIELDS), CELLS)
def test_a_good_row_with_any_one_cell_changed_has_problems_in_that_cell_only(field: str, cell: str | None) -> None:
    outcome = validate({**GOOD, field: cell}, RULES)
    check_outcome(outcome)
    assert {problem.field for problem in outcome.problems} <= {field}


def check_outcome(outcome: Validated) -> None:
    found = outcome.problems
    assert [p.field for p in found] == sorted((p.field for p in found), key=FIELDS.index)
    for problem in found:
        assert problem.message.isprintable()
        (problem.message + problem.suggestion).encode()
    if outcome.draft is None:
        assert any(not problem.code.is_warning for problem in found)
        return
    for field, limit in LIMITS.items():
        text = getattr(outcome.draft, field)
        assert text or field not in REQUIRED
        assert len(text or "") <= limit
        assert "\0" not in (text or "")
        (text or "").encode()
    assert outcome.draft.category in NAMES
    assert outcome.draft.sku.isascii()
    assert 0 < outcome.draft.price < 10**8
    assert outcome.draft.price == round(outcome.draft.price, 2)
    assert 0 <= outcome.draft.stock_quantity <= MAX_STOCK
