"""The short form of `make torture`: a few blows during imports, and the outcome is that of an undisturbed run."""

from pathlib import Path

import pytest

from tests.engine.local import Absent
from tests.torture.plan import torture


@pytest.mark.usefixtures("real_processes")
def test_after_five_kills_everything_is_as_in_an_undisturbed_run_row_for_row(tmp_path: Path) -> None:
    assert torture(tmp_path, kills=5, rows=1000, seed=5) == {}


@pytest.mark.engine
@pytest.mark.usefixtures("real_processes")
def test_so_it_is_after_shards_have_rolled_and_the_stream_was_off_for_a_while(tmp_path: Path) -> None:
    try:
        differences = torture(tmp_path, kills=4, rows=300, seed=1852, on_local=True)
    except Absent as reason:
        pytest.skip(f"AWS's DynamoDB Local can't be had: {reason}")
    assert differences == {}
