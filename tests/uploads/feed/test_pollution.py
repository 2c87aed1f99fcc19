"""Files with what goes wrong on their way, by the hundred: exact, or an error, or a refusal, but never a wrong cell."""

import io
from collections import Counter
from pathlib import Path

import pytest

from catalog.rules.validator import ProductDraft, Rules, validate
from tests.uploads.feed.pollution import HEADER, ROWS, every, text
from uploads.feed.lines import FeedError
from uploads.feed.parser import inspect, rows

# Its rows are counted by the hundred thousand, and other tests cover the same lines.
pytestmark = pytest.mark.no_cover

RULES = Rules.from_names(["Electronics", "Home & Garden", "Clothing", "Books"])


def drafts(data: bytes) -> list[ProductDraft]:
    """What would get into the catalog; nothing of a file that is refused."""
    file = io.BytesIO(data)
    try:
        layout = inspect(file)
        found = []
        for row in rows(file, layout):
            if row.problem is None:
                draft, _ = validate(
                    {field: row.cells[header] for field, header in layout.mapping.fields.items()}, RULES
                )
                found += [draft] if draft else []
        return found
    except FeedError:
        return []


CLEAN = {draft.vendor_product_id: draft for draft in drafts(text([HEADER, *ROWS]).encode())}
FILES = list(every())
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "bad-input.md"
KINDS = sorted({file.kind for file in FILES})
# What can't be told from a file that means it: docs/bad-input.md says why.
UNSEEN = {
    "a delimiter that was moved": "a part of a text stands in the next one, and each column has a cell",
    "a line break inside the last cell": "what stands before it is a whole row",
}


def test_there_are_many_files_of_many_kinds() -> None:
    assert len(CLEAN) == len(ROWS)
    assert len(FILES) > 1_000
    assert len(KINDS) > 40


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in UNSEEN])
def test_no_cell_is_wrong(kind: str) -> None:
    for file in FILES:
        if file.kind == kind:
            assert [draft for draft in drafts(file.data) if not _is_right(draft)] == [], file.data.decode(
                errors="replace"
            )


def _is_right(draft: ProductDraft) -> bool:
    """Whether it is as it was; an optional column may not have been read."""
    clean = CLEAN.get(draft.vendor_product_id)
    return clean is not None and all(
        mine == own or mine is None for mine, own in zip(draft[:8], clean[:8], strict=True)
    )


@pytest.mark.parametrize("kind", UNSEEN)
def test_what_cannot_be_seen_is_named_in_the_document(kind: str) -> None:
    assert any(not _is_right(draft) for file in FILES if file.kind == kind for draft in drafts(file.data))
    assert f"| {kind} |" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted({file.kind for file in FILES if file.row is not None}))
def test_all_other_rows_are_read(kind: str) -> None:
    for file in FILES:
        if file.kind == kind and file.row is not None and (found := drafts(file.data)):
            ids = {draft.vendor_product_id for draft in found}
            others = {f"P{number + 1}" for number in range(len(ROWS)) if number not in (file.row, file.row + 1)}
            assert others <= ids, file.data.decode()


def test_most_of_what_is_only_unusual_is_read() -> None:
    read = Counter(file.kind for file in FILES if file.row is None and len(drafts(file.data)) == len(ROWS))
    assert (
        read["delimiters, quotes and record ends"] == 3 * 4 * 3 - 4
    )  # csv writes no quotes for LF where CR ends a row
    assert read["columns in another order"] == 1
    assert read["blank lines"] == 1
    assert read["empty cells at the end of every row"] == 1
