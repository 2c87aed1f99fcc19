"""What stands around a value, or can't be seen in it, never makes two products of one; and what was changed is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules import cells
from catalog.rules.cells import ACCENTS, FLOAT, SPACES, UNSEEN, WRAPPING
from catalog.rules.fields import LABELS
from catalog.rules.problems import Code, Problem
from catalog.rules.validator import validate
from tests.catalog.rules.validating import GOOD, RULES, draft, only_problem

IDENTIFIERS = ("vendor_product_id", "sku")


def only_warning(**changed: str) -> Problem:
    """What is said of a good row with one cell changed, which is read all the same."""
    outcome = validate({**GOOD, **changed}, RULES)
    assert outcome.draft
    (problem,) = outcome.problems
    assert (problem.field, problem.code) == (next(iter(changed)), Code.CLEANED)
    assert problem.code.is_warning
    return problem


@pytest.mark.parametrize(
    ("cell", "meant", "change"),
    [
        ('="001001"', "001001", WRAPPING),
        (' ="C10-2" ', "C10-2", WRAPPING),
        ('=T("001001")', "001001", WRAPPING),
        ("'001003", "001003", WRAPPING),
        ("’001003", "001003", WRAPPING),
        ("'001003'", "001003", WRAPPING),
        ('"001003"', "001003", WRAPPING),
        ("='001003", "='001003", ""),
        ("C19-1\u200e", "C19-1", UNSEEN),
        ("\ufeffC19-1", "C19-1", UNSEEN),
        ("C19\u200b-3", "C19-3", UNSEEN),
        ("C19-2\u00ad", "C19-2", UNSEEN),
        ("C19\u2060-\u202a2\u202c", "C19-2", UNSEEN),
        ("C19\ufe0f-2", "C19-2", UNSEEN),
        ("C19\x07-2", "C19-2", UNSEEN),
        ("\u200e'001003", "001003", UNSEEN),
        ("90101.0", "90101", FLOAT),
        ("90101,0", "90101", FLOAT),
        ('="90101.0"', "90101", WRAPPING),
        ("0.0", "0.0", ""),
        ("007.0", "007.0", ""),
        ("90101.00", "90101.00", ""),
        ("90101.1", "90101.1", ""),
        ("v90101.0", "v90101.0", ""),
    ],
)
@pytest.mark.parametrize("field", IDENTIFIERS)
def test_a_product_id_and_a_sku_are_what_is_meant_and_a_warning_says_what_was_changed(
    field: str, cell: str, meant: str, change: str
) -> None:
    assert cells.identifier(cell, field) == meant
    if change:
        assert getattr(draft(**{field: cell}), field) == meant
        message = only_warning(**{field: cell}).message
        assert message.startswith(f"The {LABELS[field]} “")
        assert message.endswith(f"was read as “{meant}”, {change}.")


@pytest.mark.parametrize(
    ("cell", "meant", "change"),
    [
        ("A\u00a0B", "A B", SPACES),
        ("A  B", "A B", SPACES),
        ("A\tB\n C", "A B C", SPACES),
        ("C19-Cafe\u0301", "C19-Café", ACCENTS),
        ('="15"" lamp"', '15" lamp', WRAPPING),
        ('"A" or "B"', '"A" or "B"', ""),
        ("1.0", "1", FLOAT),
    ],
)
def test_a_product_id_that_is_a_text_is_tidied_too(cell: str, meant: str, change: str) -> None:
    assert draft(vendor_product_id=cell).vendor_product_id == meant
    if change:
        assert only_warning(vendor_product_id=cell).message.endswith(f"was read as “{meant}”, {change}.")


@pytest.mark.parametrize("sku", ["1.0", "2.0", "999.0", "v1.0", "1000.00"])
def test_a_sku_that_is_like_a_version_stays(sku: str) -> None:
    assert draft(sku=sku).sku == sku


def test_what_cannot_be_seen_is_spelled_out_in_the_warning() -> None:
    assert only_warning(sku="C19-1\u200e").message == (
        "The SKU “C19-1⟨U+200E⟩” was read as “C19-1”, without characters that can't be seen."
    )


@pytest.mark.parametrize("cell", ["=001001", "=A1"])
def test_a_formula_is_no_product_id(cell: str) -> None:
    problem = only_problem(vendor_product_id=cell)
    assert (problem.code, problem.suggestion) == (Code.INVALID_SKU, cell[1:])


@pytest.mark.parametrize("field", IDENTIFIERS)
@pytest.mark.parametrize("cell", ['=""', "\u200e", '"\u200b"', "'\u00a0'"])
def test_an_identifier_of_nothing_but_wrapping_is_missing(field: str, cell: str) -> None:
    assert only_problem(**{field: cell}).message == f"The {LABELS[field]} is missing."


@pytest.mark.parametrize("cell", ["\u200e", "\u200c\u200d", "\u3164", '=""', '="\u200b"'])
def test_a_name_that_nobody_could_see_is_missing(cell: str) -> None:
    assert only_problem(product_name=cell).code == Code.MISSING_VALUE
    assert draft(brand=cell).brand == ""


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("product_name", '="Alarm clock"', "Alarm clock"),
        ("brand", '="4711"', "4711"),
        ("description", '="He said ""yes"""', 'He said "yes"'),
        ("category", '="Books"', "Books"),
    ],
)
def test_a_text_formula_is_the_text_in_it(field: str, cell: str, value: str) -> None:
    assert getattr(draft(**{field: cell}), field) == value
    assert only_warning(**{field: cell}).message.endswith(f"was read as “{value}”, {WRAPPING}.")


@pytest.mark.parametrize("field", ["product_name", "brand", "description"])
@pytest.mark.parametrize(
    "cell", ["'Tis the season", "'001003", "“Big” lamp", '"Big"', "می\u200cخواهم", "C\u200e++", "e\u0301"]
)
def test_apostrophes_quotes_and_joiners_belong_to_a_text(field: str, cell: str) -> None:
    outcome = validate({**GOOD, field: cell}, RULES)
    assert (getattr(outcome.draft, field), outcome.problems) == (cell, [])


@pytest.mark.parametrize("field", ["product_name", "brand", "description"])
def test_what_cannot_be_seen_at_the_ends_of_a_text_does_not_count(field: str) -> None:
    outcome = validate({**GOOD, field: f"\u200e\u00ad {GOOD[field]}\u200e"}, RULES)
    assert (outcome.draft, outcome.problems) == (draft(), [])


def test_a_category_is_found_whatever_cannot_be_seen_in_it() -> None:
    assert draft(category="Elec\u00adtronics\u200e").category == "Electronics"


@pytest.mark.parametrize(
    ("cell", "change"),
    [
        ("\u200e12.99", UNSEEN),
        ("12\u200b.99", UNSEEN),
        ('="12.99"', WRAPPING),
        ("'12.99", WRAPPING),
        ("\u202a$12.99\u202c", UNSEEN),
    ],
)
def test_a_price_is_read_without_what_cannot_be_seen_in_it(cell: str, change: str) -> None:
    assert draft(price=cell) == draft()
    assert only_warning(price=cell).message.endswith(f"{change}.")


@pytest.mark.parametrize(
    ("cell", "change"), [("\u200e5", UNSEEN), ("5\u00ad", UNSEEN), ('="5"', WRAPPING), ("'5", WRAPPING)]
)
def test_a_stock_is_read_without_what_cannot_be_seen_in_it(cell: str, change: str) -> None:
    assert draft(stock_quantity=cell) == draft()
    assert only_warning(stock_quantity=cell).message.endswith(f"{change}.")


def test_a_row_that_is_refused_is_not_warned_about_the_same_cell() -> None:
    assert only_problem(price="'abc").code == Code.INVALID_PRICE
    assert only_problem(sku='="A B#"').code == Code.INVALID_SKU


@given(
    st.text(max_size=30) | st.text(alphabet="'\"=T()0123456789.A \u200e\u0301\u00a0é", max_size=14),
    st.sampled_from(IDENTIFIERS),
)
def test_tidying_again_changes_nothing_so_what_is_stored_comes_back_as_it_is(text: str, field: str) -> None:
    once = cells.identifier(text, field)
    assert cells.identifier(once, field) == once
    assert cells.tidied(text.strip(), field)[0] == once, "what is tidy at a quick look is tidy at a closer one"


@given(st.text(max_size=20) | st.text(alphabet="'\"=0123456789.ABC -\u200e", max_size=10))
def test_whatever_is_read_as_one_product_is_kept_apart_as_one(text: str) -> None:
    """Rows go into requests by `identifier`; validation must not read two as one that this tells apart."""
    for field in IDENTIFIERS:
        outcome = validate({**GOOD, field: text}, RULES)
        if outcome.draft:
            assert getattr(outcome.draft, field) == cells.identifier(text, field)


def test_a_huge_cell_of_combining_accents_is_soon_done_with() -> None:
    assert cells.identifier("a" + "\u0301\u0323" * 50_000, "sku").startswith("a")
