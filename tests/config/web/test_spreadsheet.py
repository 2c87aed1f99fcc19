"""Cells that a spreadsheet would run, harmless on the way out and unchanged on the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.cells import unguard
from config.web.spreadsheet import guard


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"])
def test_what_a_spreadsheet_would_run_becomes_text(cell: str) -> None:
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Lamp", "1-2", "a=b", "'", "'tis", "9.99", " =1"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert guard(cell) == unguard(cell) == cell


@pytest.mark.parametrize("cell", ["'=1", "''=1", "'-5"])
def test_a_cell_with_apostrophes_of_its_own_gets_one_more(cell: str) -> None:
    assert guard(cell) == f"'{cell}"
    assert unguard(guard(cell)) == cell


@given(st.text(st.sampled_from("'=+-@\t\r\n＝a1 "), max_size=6) | st.text())
def test_nothing_is_changed_by_the_round_trip(cell: str) -> None:
    assert unguard(guard(cell)) == cell


@given(st.text(st.sampled_from("'=+-@\t\r\n＝a1 "), max_size=6))
def test_no_guarded_cell_starts_a_formula(cell: str) -> None:
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
