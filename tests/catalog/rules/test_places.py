"""Where a row stands, as messages, pages and reports say it."""

import pytest

from catalog.rules.places import in_file, place


@pytest.mark.parametrize(
    ("row", "line", "sheet", "said"),
    [
        (12, 14, "", "row 12 (line 14)"),
        (12, 14, "Products", "row 12 (row 14 of the sheet “Products”)"),
        (12, 12, "", "row 12"),
        (12, 12, "Products", "row 12"),
        (12, None, "", "row 12"),
        (12, 0, "Products", "row 12"),
        (0, None, "", "row 0"),
        (1_234_567, 1_234_568, "", "row 1234567 (line 1234568)"),
        (1, 2, "a\u202eb\n<b>", "row 1 (row 2 of the sheet “a⟨U+202E⟩b <b>”)"),
    ],
)
def test_a_row_is_named_as_its_own_program_shows_it_where_that_differs(
    row: int, line: int | None, sheet: str, said: str
) -> None:
    assert place(row, line, sheet) == said


def test_where_it_stands_in_the_file_can_be_said_alone() -> None:
    assert (in_file(14), in_file(14, "Products")) == ("line 14", "row 14 of the sheet “Products”")
    assert (in_file(None), in_file(0, "Products")) == ("", "")


def test_a_name_of_a_sheet_that_goes_on_for_ever_does_not() -> None:
    assert len(place(1, 2, "x" * 10_000)) < 200
