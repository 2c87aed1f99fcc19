"""GTINs: what is one, what only looks like one, and what a spreadsheet made of one."""

import pytest

from catalog.rules.validator import validate
from catalog.rules.values import gtin
from tests.catalog.rules.validating import GOOD, RULES

# Of the GS1 General Specifications, and of products that anybody can look at.
RIGHT = ["4006381333931", "96385074", "012345678905", "036000291452", "9780306406157", "10012345678902"]


@pytest.mark.parametrize("number", RIGHT)
def test_a_right_number_is_stored_as_it_came(number: str) -> None:
    assert gtin.read(number) == (number, None)


@pytest.mark.parametrize(
    ("cell", "number"), [("978-0-306-40615-7", "9780306406157"), ("4 006381 333931", "4006381333931")]
)
def test_spaces_and_dashes_are_how_people_write_it(cell: str, number: str) -> None:
    assert gtin.read(cell) == (number, None)


@pytest.mark.parametrize("number", RIGHT)
@pytest.mark.parametrize("change", range(1, 10))
def test_any_other_last_digit_is_an_error(number: str, change: int) -> None:
    wrong = number[:-1] + str((int(number[-1]) + change) % 10)
    found, problem = gtin.read(wrong)
    assert (found, problem and problem.code) == ("", "invalid_gtin")
    assert problem
    assert f"belongs {number[-1]}, not {wrong[-1]}" in problem.message


@pytest.mark.parametrize(
    ("cell", "number"), [("12345678905", "012345678905"), ("36000291452", "036000291452"), ("1234565", "01234565")]
)
def test_zeros_that_a_spreadsheet_dropped_are_put_back_where_the_check_digit_says_so(cell: str, number: str) -> None:
    found, problem = gtin.read(cell)
    assert (found, problem and problem.code) == (number, "cleaned")


@pytest.mark.parametrize(
    "cell",
    ["4.00638E+12", "4,00638E+12", "12345678906", "123456", "ABC", "00000000", "0000000000000", "40063813339310000",
     "4006381333931/4006381333948", "٤٠٠٦٣٨١٣٣٣٩٣١", "9" * 10_000],
)  # fmt: skip
def test_what_is_no_such_number_is_an_error(cell: str) -> None:
    found, problem = gtin.read(cell)
    assert (found, problem and problem.code) == ("", "invalid_gtin")
    assert problem
    assert len(problem.message) < 500


def test_an_isbn_of_ten_characters_is_told_as_its_gtin() -> None:
    _, problem = gtin.read("0-306-40615-2")
    assert problem
    assert problem.suggestion == "9780306406157"


@pytest.mark.parametrize(
    "prefix",
    ["200000000001", "020000000001", "040000000001", "20000000001", "050000000001", "980000000001", "990000000001",
     "2000001", "0000017"],
)  # fmt: skip
def test_numbers_of_a_company_alone_and_of_coupons_are_warned_about(prefix: str) -> None:
    number = prefix + gtin.check_digit(prefix)
    found, problem = gtin.read(number)
    assert (found, problem and problem.code) == (number, "restricted_gtin")


def test_a_missing_one_is_a_warning_where_there_is_a_column_for_it() -> None:
    assert validate(GOOD, RULES).problems == []
    found = validate({**GOOD, "gtin": ""}, RULES)
    assert [problem.code for problem in found.problems] == ["missing_gtin"]
    assert found.draft
    assert found.draft.gtin == ""


def test_a_wrong_one_keeps_the_row_out() -> None:
    found = validate({**GOOD, "gtin": "4006381333932"}, RULES)
    assert found.draft is None
    assert [problem.code for problem in found.problems] == ["invalid_gtin"]


def test_a_number_that_excel_was_kept_from_changing_is_read() -> None:
    for cell in ('="4006381333931"', "'4006381333931", " 4006381333931\u200b"):
        found = validate({**GOOD, "gtin": cell}, RULES)
        assert found.draft
        assert found.draft.gtin == "4006381333931"
