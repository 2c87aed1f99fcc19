"""What a file costs grows with its size and not faster, and ends at a limit. Steps are counted, never seconds."""

import io
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from catalog.rules import garbled
from tests.uploads.feed.costs import costly
from uploads.feed import columns, doubts, prices, workbook
from uploads.feed.apart import process, reader
from uploads.feed.columns import name_headers
from uploads.feed.lines import FeedError, Limits

# Its rows are counted by the hundred thousand, and other tests cover the same lines.
pytestmark = pytest.mark.no_cover

LIMITS = Limits(max_row_chars=262_144)  # as it is configured
QUESTION = reader.Question(LIMITS, vendor=prices.Vendor("Acme", "USD"), first=20)
SIZE = 200_000
# A reader starts with a fifth of a second. What is linear takes three more for the worst of these; what isn't, minutes.
COST = process.Cost(process.MEMORY, 8)


def steps(work: Callable[[], object]) -> int:
    """How many instructions of Python's it takes: what a loop costs, however fast each turn is."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except FeedError:
        pass  # a refusal has its cost too
    finally:
        sys.settrace(before)
    return count


# --- texts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", costly.TEXTS)
def test_a_text_that_is_twice_as_long_takes_twice_the_steps(name: str) -> None:
    few, many = (io.BytesIO(costly.text(name, size)) for size in (4_000, 8_000))
    steps(lambda: reader.look(few, QUESTION))  # what is worked out once and kept
    assert steps(lambda: reader.look(many, QUESTION)) <= 2.6 * steps(lambda: reader.look(few, QUESTION)) + 20_000


@pytest.mark.parametrize("name", costly.TEXTS)
def test_whatever_a_text_has_its_reader_keeps_to_the_limits(name: str) -> None:
    data = costly.text(name, SIZE)
    try:
        process.read("look", [io.BytesIO(data)], asked(), COST)
    except FeedError as refused:
        assert refused.code != "too_costly"  # noqa: PT017 - a refusal for what it is, is one


def asked() -> dict[str, Any]:
    return {
        "limits": vars(LIMITS), "lines": 0, "known": {}, "reading": None, "sheet": "", "about": None,
        "vendor": QUESTION.vendor, "first": QUESTION.first,
    }  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        ["a"] * 2,
        ["a", "a (2)"],
        ["a (2)", "a"],
        [""],
        ["column_2", ""],
        ["a", "a", "a (2)"],
        ["a (2) (2)", "a (2)", "a"],
    ],
)
def test_a_name_is_looked_for_once_however_often_it_comes(headers: list[str]) -> None:
    few, many = headers * 200, headers * 400
    assert steps(lambda: name_headers(many)) < 2.2 * steps(lambda: name_headers(few))
    names = name_headers(many)
    assert len(set(names)) == len(many)
    assert name_headers(names) == names


def test_a_line_is_not_named_where_its_width_says_that_it_is_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[int] = []

    def noted(cells: Any) -> Any:
        named.append(len(cells))
        return name_headers(cells)

    for module in ("columns", "parser"):
        monkeypatch.setattr(f"uploads.feed.{module}.name_headers", noted)
    start = f",{costly.HEADER}{',x' * 200}\nx,{costly.ROW.strip()}{',1' * 200}\n"
    narrow, wide = ",a" * 50 + "\n", ",a" * 3_000 + "\n"  # each begins as a row that repeats a column without a name
    reader.look(io.BytesIO((start + narrow + wide).encode()), QUESTION)
    assert set(named) == {1, 209}  # under another delimiter, and under its own


def test_no_more_of_a_name_is_composed_than_a_name_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    class Composing:
        """Composing costs the square of accents in a row, inside one step."""

        @staticmethod
        def normalize(form: str, text: str) -> str:
            lengths.append(len(text))
            return unicodedata.normalize(form, text)  # type: ignore[arg-type] # one of the four

    monkeypatch.setattr(columns, "unicodedata", Composing)
    with pytest.raises(FeedError, match="other columns"):
        reader.look(io.BytesIO(costly.text("accents in a row in what may be a header", 50_000)), QUESTION)
    assert max(lengths) == columns.NAME_CHARS


class _Text(str):
    """A text that notes how many characters are copied from it, or gone through."""

    cost = 0

    def __getitem__(self, place: Any) -> str:
        found = super().__getitem__(place)
        _Text.cost += len(found)
        return found

    def find(self, sought: str, *places: Any) -> int:
        found = super().find(sought, *places)
        _Text.cost += found - places[0]
        return found

    def replace(self, *args: Any) -> "_Text":
        _Text.cost += len(self)
        return _Text(super().replace(*args))


def test_letters_in_a_row_are_gone_through_once_for_what_they_were() -> None:
    text, _Text.cost = _Text("ROSÃ® " * 5_000), 0
    assert not garbled.is_garbled(text)
    assert 0 < _Text.cost < len(text)


def test_a_row_of_cells_in_apostrophes_is_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [f"'{number}'" for number in range(2_000)]
    row = _Text(",".join(f'"{cell}"' for cell in cells))

    class Lines:
        def text(self) -> str:
            return row

    _Text.cost = 0
    assert doubts._in_quotes(cells, Lines())  # type: ignore[arg-type] # all that is asked of them
    assert 0 < _Text.cost < 3 * len(row)
    assert not doubts._in_quotes(["'x'", *cells], Lines())  # type: ignore[arg-type]


def test_what_is_read_where_it_is_asked_for_is_so_small_that_the_worst_is_cheap() -> None:
    """600 steps a byte at most, so 40 million for a small file. A step takes 20 ns or so."""
    for name in costly.TEXTS:
        file = io.BytesIO(costly.text(name, process.SMALL // 8))
        assert steps(lambda file=file: reader.look(file, QUESTION)) < 600 * process.SMALL // 8, name  # type: ignore[misc]


def test_an_empty_line_is_passed_over_before_it_is_taken_for_a_row() -> None:
    """A sheet with a cell far below the others has a million of them. As rows they would cost twice as much."""
    file = io.BytesIO(costly.START.encode() + b"\n" * 2_000)
    assert steps(lambda: reader.look(file, QUESTION)) < 300 * 2_000


# --- workbooks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "code"), costly.BOOKS.values(), ids=costly.BOOKS)
def test_whatever_a_workbook_has_its_reader_keeps_to_the_limits(make: Callable[[], bytes], code: str) -> None:
    with tempfile.TemporaryFile() as out:
        request = {"limits": vars(LIMITS), "unpacked": 512 * 1024 * 1024, "known": {}}
        try:
            assert process.read("sheet", [io.BytesIO(make()), out], request, process.Cost())
            assert code == ""
        except FeedError as refused:
            assert refused.code == code  # noqa: PT017 - which it is, is the point


@pytest.mark.parametrize(
    ("name", "most", "one", "many"),
    [
        ("MAX_SIGNS", 300, costly.far("x"), 20),
        ("MAX_CELLS", 1_100, costly.far("x"), 2),
        ("MAX_MERGES", 10, costly.GOOD + costly.merged(5), 2),
        ("MAX_TEXT", 400, costly.data(costly.row(1, "x" * 200)), 2),
    ],
)
def test_a_budget_is_the_workbooks_and_not_a_sheets(
    monkeypatch: pytest.MonkeyPatch, name: str, most: int, one: str, many: int
) -> None:
    def outcome(sheets: list[str]) -> str:
        with tempfile.TemporaryFile() as file:
            file.write(costly.book(sheets))
            try:
                with workbook.as_csv(file, LIMITS, workbook.Size()):
                    return ""
            except FeedError as refused:
                return refused.code

    monkeypatch.setattr(f"uploads.feed.sheets.budget.{name}", most)
    assert outcome([one]) == ""
    assert outcome([one] * many) == "workbook_too_large"


def test_no_more_sheets_are_looked_at_for_a_header_than_the_budget_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def sheet() -> str:
        with workbook.as_csv(io.BytesIO(costly.book([costly.far("x")] * 5 + [costly.GOOD])), LIMITS, size) as found:
            assert found
            return found.name

    size = workbook.Size()
    assert sheet() == "S5"
    monkeypatch.setattr("uploads.feed.sheets.budget.MAX_HEADS", 5)
    assert sheet() == "S0"
    monkeypatch.setattr("uploads.feed.sheets.budget.MAX_HEADS", 6)
    assert sheet() == "S5"
    monkeypatch.setattr("uploads.feed.sheets.budget.MAX_HEAD_CHARS", 20)
    assert sheet() == "S0"
