"""Files are read in a process of their own: it says the same, keeps to its limits, and knows nothing but the file."""

import io
import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.uploads.feed.costs import costly, fuzz
from tests.workbooks import workbook
from uploads.feed import prices
from uploads.feed.apart import process, reader
from uploads.feed.apart.process import Cost, ReaderFailed
from uploads.feed.columns import Remembered, fingerprint
from uploads.feed.header import Reading
from uploads.feed.lines import FeedError, Limits
from uploads.feed.sheets.notes import About

LIMITS = Limits()
VENDOR = prices.Vendor("Acme", "USD")
UNPACKED = 64 * 1024 * 1024
HEADERS = ["Artikel", "Titel", "Marke", "Code", "Gruppe", "Text", "VK", "Lager"]
OTHER = ",".join(HEADERS) + "\n" + costly.ROW


@pytest.fixture
def on_disk() -> Iterator[Callable[[bytes], BinaryIO]]:
    opened: list[Any] = []

    def write(data: bytes) -> BinaryIO:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
        opened.append(file)
        file.write(data)
        return file

    yield write
    for file in opened:
        file.close()


def refusal(work: Callable[[], object]) -> FeedError:
    with pytest.raises(FeedError) as refused:
        work()
    return refused.value


# --- the same answer -------------------------------------------------------------------------------------------

CHOICE = Reading(
    columns=("vendor_product_id", "product_name", "brand", "sku", "category", "description", "price", "stock_quantity"),
    shape=f"44.{OTHER.index(chr(10)) + 1}.8",
)
MEANT = dict(zip(CHOICE.columns or (), HEADERS, strict=True))
QUESTIONS = {
    "a file that is as it should be": (costly.START, {}),
    "rows with errors": (f'{costly.START}"\n\0\n{costly.HEADER}\n', {}),
    "letters of another encoding": (costly.START.replace("Lamp", "Lámpara"), {}),
    "a question about the currency": (costly.START.replace("9.99", "9.99 €"), {}),
    "its answer": (costly.START.replace("9.99", "9.99 €"), {"reading": Reading(answers={"currency": "EUR"})}),
    "columns that a person chose": (OTHER, {"reading": CHOICE}),
    "columns that are remembered": (OTHER, {"known": {fingerprint(HEADERS): Remembered(MEANT, {}, "Chosen before.")}}),
    "a sheet with hidden rows": (
        costly.START.replace("9.99", "\x1f9.5"), {"sheet": "Spring", "about": About(("A note.",), 2, "3 and 4", True)},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "more"), QUESTIONS.values(), ids=QUESTIONS)
def test_another_process_says_of_a_text_what_this_one_says(text: str, more: dict[str, Any]) -> None:
    file = io.BytesIO(text.encode("cp1252" if "á" in text else "utf-8"))
    question = reader.Question(LIMITS, vendor=VENDOR, first=3, **more)
    here = reader.look(file, question)
    assert here.rows
    assert reader.look_apart(file, question, process.cost_of(len(text))) == here


def test_another_process_refuses_what_this_one_refuses() -> None:
    question, file = reader.Question(LIMITS), io.BytesIO(b"a,b\n1,2\n")
    here, there = (
        refusal(lambda: reader.look(file, question)),
        refusal(lambda: reader.look_apart(file, question, process.cost_of(8))),
    )
    assert (there.code, there.message) == (here.code, here.message) == ("missing_columns", here.message)


def test_the_sheet_of_a_workbook_is_written_where_it_is_asked_for(on_disk: Callable[[bytes], BinaryIO]) -> None:
    data = workbook(
        [["a", "b"], [1, None], ["x", "y"]], lambda book: book.worksheets[0].merge_cells("A2:A3"), More=[["z"]]
    )
    out, known = on_disk(b""), {"x": Remembered({}, {})}
    found = reader.sheet_apart(on_disk(data), out, LIMITS, UNPACKED, known)
    assert found
    assert found[0] == "Products"
    assert "More" in found[1].notes[0]
    out.seek(0)
    assert out.read() == b"a,b\r\n1,\r\n1,y\r\n"
    assert reader.sheet_apart(on_disk(b"PK\x03\x04 something else"), on_disk(b""), LIMITS, UNPACKED, {}) is None


def test_a_file_stays_where_its_owner_left_it(on_disk: Callable[[bytes], BinaryIO]) -> None:
    file = on_disk(costly.START.encode() * 50)
    file.seek(7)
    file.read(3)
    reader.look_apart(file, reader.Question(LIMITS), process.cost_of(1))
    assert file.tell() == 10
    assert file.read(4) == costly.START.encode()[10:14]


# --- limits ----------------------------------------------------------------------------------------------------


def look(data: bytes, cost: Cost) -> Any:
    asked = {
        "limits": vars(LIMITS), "lines": 0, "known": {}, "reading": None, "sheet": "", "about": None, "vendor": None,
        "first": 0,
    }  # fmt: skip
    return process.read("look", [io.BytesIO(data)], asked, cost)


def test_a_file_that_takes_too_long_is_given_up_in_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    data = costly.text("blank lines", 8_000_000)  # many seconds of CPU time
    with caplog.at_level(logging.WARNING):
        error = refusal(lambda: look(data, Cost(seconds=1)))
    assert error.code == "too_costly"
    assert error.message.startswith("This file takes more than 1 second to read")
    assert "upload that one" in error.message
    assert "A reader of look was ended by signal" in caplog.text


def test_a_file_that_takes_too_much_memory_is_given_up_in_a_sentence() -> None:
    data = costly.START.encode() + b'"' + b"x\n" * 400_000
    assert look(data, Cost())
    error = refusal(lambda: look(data, Cost(memory=3 * 1024 * 1024)))
    assert error.code == "too_costly"
    assert error.message.startswith("This file takes more than 3 MB of memory to read")


def test_what_a_file_may_take_grows_with_it_and_is_never_without_end() -> None:
    assert process.cost_of(1_000) == Cost(150 * 1024 * 1024, 20)
    assert process.cost_of(512 * 1024 * 1024) == Cost(150 * 1024 * 1024, 148)
    assert process.cost_of_whole(512 * 1024 * 1024) == Cost(150 * 1024 * 1024, 1044)
    assert process.longest(process.cost_of(1_000)) == 90


def test_a_reader_that_only_waits_is_ended_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waiting = tmp_path / "python"
    waiting.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    waiting.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(waiting))
    monkeypatch.setattr(process, "longest", lambda cost: 0.2)
    assert refusal(lambda: look(b"", Cost())).code == "too_costly"


@pytest.mark.parametrize(("data", "small"), [
    (b"a,b", True), (b"a" * process.SMALL, True), (b"a" * (process.SMALL + 1), False), (b"PK\x03\x04", False),
])  # fmt: skip
def test_only_a_small_text_is_read_where_it_is_asked_for(data: bytes, small: bool) -> None:
    assert process.is_small(len(data), data[:2]) is small


# --- what it knows ---------------------------------------------------------------------------------------------


def test_a_reader_is_handed_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    telling = tmp_path / "python"
    telling.write_text('#!/bin/sh\nprintf \'{"found": "%s"}\' "$(env | tr -d \'"\\\\\' | tr "\\n" " ")"\n')
    telling.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(telling))
    for name in ("SECRET_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hidden-from-it")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    said = look(b"", Cost())
    assert f"TMPDIR={tmp_path}" in said
    assert "hidden-from-it" not in said


def test_a_fault_of_the_reader_is_not_blamed_on_the_file() -> None:
    with pytest.raises(ReaderFailed, match="KeyError: 'nothing'"):
        process.read("nothing", [io.BytesIO()], {}, Cost())


def test_a_request_of_any_size_reaches_a_reader_that_is_slow_to_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "EACH", 0.001)  # it is waited for again and again before it has read a byte
    asked = {
        "limits": vars(LIMITS), "lines": 0, "known": {}, "reading": None, "sheet": "", "about": None, "vendor": None,
        "first": 0, "categories": {f"Category {number}": None for number in range(50_000)},
    }  # fmt: skip
    feed = b"vendor_product_id,product_name,category,sku,price,stock_quantity\nP-1,Lamp,Books,S-1,9.00,1\n"
    assert process.read("look", [io.BytesIO(feed)], asked, Cost(on_the_clock=60.0))["layout"]["delimiter"] == ","


def test_whoever_waits_is_told_how_much_was_read_and_may_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "EACH", 0.01)
    data, told = costly.text("blank lines", 8_000_000), list[int]()

    def watch(read: int) -> None:
        told.append(read)
        if read > 1_000_000:
            raise InterruptedError

    question = reader.Question(limits=LIMITS)
    with pytest.raises(InterruptedError):
        reader.look_apart(io.BytesIO(data), question, Cost(), watch)
    assert told == sorted(told)


def test_a_clock_ends_it_too() -> None:
    with pytest.raises(FeedError, match="takes more than 1 second to read"):
        look(costly.text("blank lines", 8_000_000), Cost(on_the_clock=1.0))


# --- what was found by trying ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(fuzz.CORPUS.glob("[!.]*")), ids=lambda path: path.name)
def test_what_a_fuzzer_found_stays_fixed(path: Path) -> None:
    fuzz.one(path.read_bytes())


def test_the_fuzzer_tries_each_reader() -> None:
    for seed in fuzz.seeds():
        fuzz.one(seed)
    assert {seed[0] for seed in fuzz.seeds()} == {0, 2, 3, 5, 6, 7}
