"""The address of a picture: one on the web, or none and a word about it. It never keeps a row out."""

import pytest

from catalog.rules.validator import validate
from tests.catalog.rules.validating import GOOD, RULES


@pytest.mark.parametrize(
    ("cell", "stored"),
    [
        ("https://example.com/lamp.jpg", "https://example.com/lamp.jpg"),
        (" HTTP://Example.com/a.png?w=1&h=2 ", "HTTP://Example.com/a.png?w=1&h=2"),
        ("//cdn.example.com/a.jpg", "https://cdn.example.com/a.jpg"),
        ("https://example.com/größe.jpg", "https://example.com/größe.jpg"),
    ],
)
def test_an_address_on_the_web_is_stored(cell: str, stored: str) -> None:
    found = validate({**GOOD, "image_url": cell}, RULES)
    assert found.problems == []
    assert found.draft
    assert found.draft.image_url == stored


@pytest.mark.parametrize("between", [",", ", ", "|", ";", " ", "\n"])
def test_of_several_the_first_is_read_and_it_is_said(between: str) -> None:
    cell = f"https://example.com/a.jpg{between}https://example.com/b.jpg"
    found = validate({**GOOD, "image_url": cell}, RULES)
    assert [problem.code for problem in found.problems] == ["cleaned"]
    assert found.draft
    assert found.draft.image_url == "https://example.com/a.jpg"


@pytest.mark.parametrize(
    "cell",
    ["lamp.jpg", "C:\\pictures\\lamp.jpg", "javascript:alert(1)", "data:image/png;base64,AAAA", "ftp://example.com/a.jpg",
     "https://", "https://exa mple.com/a.jpg", "https://user:secret@example.com/a.jpg", "https://[::1/a.jpg",
     "https://example.com:99999/a.jpg", "https://example.com/" + "a" * 5_000, "https://exam\u202eple.com/a.jpg"],
)  # fmt: skip
def test_anything_else_is_a_warning_and_what_is_there_stays(cell: str) -> None:
    found = validate({**GOOD, "image_url": cell}, RULES)
    assert [problem.code for problem in found.problems] == ["invalid_image_url"]
    assert found.draft
    assert found.draft.image_url is None
    assert len(found.problems[0].message) < 500
