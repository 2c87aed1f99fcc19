"""docs/security.md names the tests that hold what it says: they are there. Each chapter of the standard has a line."""

import re

import pytest

from config.embedded.processes import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`\s]+)`", TEXT)))


@pytest.mark.parametrize("path", NAMED)
def test_a_test_that_is_named_is_there_and_tests_something(path: str) -> None:
    files = [ROOT / path] if path.endswith(".py") else sorted((ROOT / path).rglob("test_*.py"))
    assert files
    assert all(file.is_file() for file in files)
    assert any("\ndef test_" in file.read_text(encoding="utf-8") for file in files) or "/test_" not in path


def test_every_chapter_of_the_standard_has_its_line() -> None:
    assert re.findall(r"^\| (V\d+) ", TEXT, re.MULTILINE) == [f"V{number}" for number in range(1, 18)]
