"""Workbooks as they are written: texts stay texts whole, and nothing is left on disk, also when it fails midway."""

import gc
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import psutil
import pytest
from openpyxl import load_workbook  # type: ignore[import-untyped] # no types of its own
from xlsxwriter import Workbook

from config.web.workbooks.table import Column, table
from config.web.workbooks.writing import NotForExcel, in_xml

FORMULA = '</is></c><c r="B1"><f>1+1</f></c><c r="C1" t="inlineStr"><is>'


def written(rows: Iterable[Sequence[object]]) -> IO[bytes]:
    """A sheet with these rows, the first of them its header."""
    behind = iter(rows)
    return table([Column(str(cell)) for cell in next(behind)], behind)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files are; after the test none is left, also none that only an open handle keeps."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gc.collect()  # what others left open shall not be closed in between
    before = psutil.Process().num_fds()
    yield tmp_path
    assert list(tmp_path.iterdir()) == []
    assert psutil.Process().num_fds() <= before


@pytest.mark.parametrize("text", ["<r><t>rich</t></r>", f"<r>{FORMULA}</r>", "<r></r>", "<r>&</r>", "<t>&amp;</t>"])
def test_a_text_that_looks_like_a_sheets_own_xml_is_a_text(text: str) -> None:
    with written([[text]]) as file:
        [cells] = load_workbook(file).active.iter_rows()
    assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s")]


@pytest.mark.parametrize("text", ["x" * 32_767, "😀" * 16_383, "\x07" * 4_681])
def test_the_longest_text_that_a_cell_can_hold_is_held(text: str) -> None:
    with written([[text]]) as file:
        assert load_workbook(file).active["A1"].value == in_xml(text)


@pytest.mark.parametrize("text", ["x" * 32_768, "😀" * 16_384, "\x07" * 4_682])
def test_a_longer_one_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(NotForExcel, match="Download the CSV"):
        written([[text]])


def test_nothing_is_left_of_a_workbook_that_was_read(folder: Path) -> None:
    with written([["a"], ["b"]]) as file:
        assert list(folder.iterdir()) == []
        assert load_workbook(file).active["A2"].value == "b"


@pytest.mark.usefixtures("folder")
def test_nothing_is_left_when_the_rows_break_off() -> None:
    def rows() -> Iterator[Sequence[object]]:
        yield from (["x"] for _ in range(1000))
        raise ConnectionError

    with pytest.raises(ConnectionError):
        written(rows())


@pytest.mark.usefixtures("folder")
def test_nothing_is_left_when_the_last_step_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def close(book: Workbook) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Workbook, "close", close)
    with pytest.raises(OSError, match="No space"):
        written([["a"]])
