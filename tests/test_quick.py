"""`--quick` keeps its word: PostgreSQL and nothing else, and who needs more is left out, or fails."""

import os
import re
import subprocess
import sys

import pytest

from config.embedded.processes import ROOT

# As somebody runs it who isn't in a test; in wide lines, which pytest doesn't cut.
ALONE = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | {"COLUMNS": "300"}


@pytest.fixture(scope="module")
def quick(real_processes: None) -> str:
    """What pytest says of tests/needing_more.py."""
    command = [sys.executable, "-m", "pytest", "--quick", "-rA", "tests/needing_more.py"]
    return subprocess.run(command, cwd=ROOT, env=ALONE, capture_output=True, text=True, check=False).stdout


def outcomes(said: str) -> dict[str, str]:
    """What became of each test, and why."""
    found = re.findall(r"^(PASSED|FAILED|ERROR) \S+::test_that_(\S+)(.*)", said, flags=re.MULTILINE)
    return {test: outcome + why for outcome, test, why in found}


def test_quick_mode_starts_postgresql_and_nothing_else(quick: str) -> None:
    assert outcomes(quick)["needs_no_more"] == "PASSED"


def test_quick_mode_leaves_out_who_asks_for_more(quick: str) -> None:
    assert not [test for test in outcomes(quick) if "asks_for" in test]
    assert "2 deselected" in quick


@pytest.mark.parametrize(
    ("test", "why"),
    [
        ("wakes_a_worker_without_a_word", "called redis"),
        ("is_content_with_an_aws_that_is_away", "called aws"),
        ("starts_what_is_missing", "started redis, aws"),
    ],
)
def test_quick_mode_fails_who_needs_more_without_asking_for_it(quick: str, test: str, why: str) -> None:
    assert outcomes(quick)[test].startswith("FAILED")
    assert why in outcomes(quick)[test]


def test_quick_mode_blames_nobody_for_what_another_test_did(quick: str) -> None:
    assert outcomes(quick)["comes_after_them_and_needs_no_more"] == "PASSED"
