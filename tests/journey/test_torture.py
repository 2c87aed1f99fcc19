"""The short form of `make torture`: five kills during imports, and the outcome is that of an undisturbed run."""

from pathlib import Path

import pytest

from tests.torture import torture


@pytest.mark.usefixtures("real_processes")
def test_after_five_kills_everything_is_as_in_an_undisturbed_run_row_for_row(tmp_path: Path) -> None:
    assert torture(tmp_path, kills=5, rows=1000, seed=5) == {}
