"""One thing wrong, wherever it can hide: each row is read as it was, or is an error, or its file is refused."""

import csv
import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from catalog.rules.validator import ProductDraft, Rules, validate
from tests.uploads.feed.damage import CATEGORIES, FULL, IN_CELLS, KINDS, Base, bases, damaged
from uploads.feed.lines import FeedError
from uploads.feed.parser import inspect, rows

# Its rows are counted by the hundred thousand, and other tests cover the same lines.
pytestmark = pytest.mark.no_cover

RULES = Rules.from_names(CATEGORIES)
BASES = {base.name: base for base in bases()}
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "bad-input.md"
# The document names these, and says why nobody can see them.
AT_THE_END = "what is missing at the end of rows"
LINE_BREAK = "a line break inside the last cell"  # or the first


def drafts(data: bytes) -> dict[str, ProductDraft]:
    """Product ID → what would get into the catalog; nothing of a file that is refused."""
    file = io.BytesIO(data)
    found: dict[str, ProductDraft] = {}
    try:
        layout = inspect(file)
        for row in rows(file, layout):
            if row.problem is None:
                cells = {field: row.cells[header] for field, header in layout.mapping.fields.items()}
                if draft := validate(cells, RULES).draft:
                    found[draft.vendor_product_id] = draft
    except FeedError:
        return {}
    return found


@cache
def clean(name: str) -> dict[str, ProductDraft]:
    return drafts("".join(map(str, BASES[name].lines())).encode())


def wrong(base: Base, data: bytes) -> list[ProductDraft]:
    """Drafts with a value that the clean feed doesn't have there; None is a column that was not read."""
    return [
        draft
        for product_id, draft in drafts(data).items()
        if product_id not in clean(base.name)
        or any(
            mine is not None and _lines(mine) != _lines(own)
            for mine, own in zip(draft[:8], clean(base.name)[product_id][:8], strict=True)
        )
    ]


def _lines(value: object) -> str:
    return re.sub(r"[\r\n]+", "\n", str(value))


def silent(kind: str) -> Iterator[tuple[Base, bytes]]:
    """The files of which a wrong value would get into the catalog."""
    for base in BASES.values():
        yield from ((base, data) for data in damaged(base, kind) if wrong(base, data))


@pytest.mark.parametrize("name", BASES)
def test_the_feeds_are_clean_to_begin_with(name: str) -> None:
    assert len(clean(name)) == len(BASES[name].rows)


def test_there_are_thousands_of_files() -> None:
    assert sum(1 for base in BASES.values() for kind in KINDS for _ in damaged(base, kind)) > 10_000


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_is_wrong_but_what_nobody_can_see(kind: str) -> None:
    seen = [data.decode() for base, data in silent(kind) if not unseen(base, kind, data)]
    assert seen[:3] == []


def unseen(base: Base, kind: str, data: bytes) -> str:
    """Which of the kinds that can't be told apart this is; "" for none."""
    if kind == "a line break in a cell":
        return LINE_BREAK if _leaves_one_cell(base, data) else ""
    of_width = (kind in IN_CELLS and ("delimiter" in kind or "cell" in kind)) or kind == "one row"
    ends_with_a_field = base.header[-1] in FULL and not base.trailing
    return AT_THE_END if of_width and not ends_with_a_field else ""


def _leaves_one_cell(base: Base, data: bytes) -> bool:
    """Whether one of the lines that came of a row has a part of one cell, and nothing else."""
    clean_lines = {str(line).strip() for line in base.lines()}
    lines = [line for line in data.decode().splitlines() if line not in clean_lines]
    return any(sum(map(bool, cells)) <= 1 for cells in csv.reader(lines))


@pytest.mark.parametrize("kind", [AT_THE_END, LINE_BREAK])
def test_what_nobody_can_see_is_named_in_the_document(kind: str) -> None:
    assert f"| {kind} |" in DOCUMENT.read_text(encoding="utf-8")


def test_what_is_missing_is_seen_where_the_last_column_is_always_filled() -> None:
    found = {base.name for base, _ in silent("a delimiter missing")}
    assert found == {"remarks last"}
