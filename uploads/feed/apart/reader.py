"""How a file is read, as one question with one answer; and the process that answers it with limits (process.py).

`python -m uploads.feed.apart.reader` takes a request from standard input and answers on standard output, both JSON. It
is started for one file and ends with it. What it is asked for are the functions here, so what is read in it and what is
read without it is read alike.
"""

import csv
import io
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from catalog.rules.problems import Code, Problem
from uploads.feed import parser, prices, workbook
from uploads.feed.apart import process
from uploads.feed.apart.understood import understood
from uploads.feed.columns import Remembered
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Head
from uploads.feed.header import Layout, Reading
from uploads.feed.lines import FeedError, Limits, unmarked
from uploads.feed.parser import Row
from uploads.feed.sheets.handed_out import is_ours
from uploads.feed.sheets.notes import About, told
from uploads.feed.sheets.parts import damaged

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# What is remembered for a vendor's files: fingerprint of a set of headers → what was chosen for it.
Known = Mapping[str, Remembered]


@dataclass(frozen=True)
class Question:
    """What is asked about a text: how it is read, by these limits and what is `known`, and its `first` rows.

    `sheet` and `about` are those of the workbook that the text is of, `vendor` says whose prices it has (None: they are
    not looked at), `lines` how many lines there are at most. Of a known format, `whole` says whether all rows are
    looked at for what they leave open; `categories` are ours (name → parent), `rules` the vendor's: field, wrong value
    in small letters, right value.
    """

    limits: Limits
    lines: int = 0
    known: Known = field(default_factory=dict)
    reading: Reading | None = None
    sheet: str = ""
    about: About | None = None
    vendor: prices.Vendor | None = None
    first: int = 0
    categories: Mapping[str, str | None] = field(default_factory=dict)
    whole: bool = False
    rules: tuple[tuple[str, str, str], ...] = ()
    cut: bool = False


@dataclass(frozen=True)
class Look:
    """How a text is read, and its first rows; of a known format also the heads of those in a group, by row number, and
    of the rows that were looked at how many are left out, by their reason."""

    layout: Layout
    rows: tuple[Row, ...] = ()
    heads: Mapping[int, Head] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


def look(file: BinaryIO, question: Question) -> Look:
    """Raises FeedError for what can't be read as a feed, or has too many rows. The file is left rewound."""
    limits = question.limits
    try:
        layout = parser.inspect(file, limits, question.known.get, question.reading, question.sheet)
        # A row takes at least a line, so only a file with more lines than the limit has its rows counted.
        if question.lines > limits.max_rows:
            for _ in parser.rows(file, layout, limits=limits):
                pass
        if not is_ours(layout.headers):
            ours, rules = Categories(question.categories), {(one, wrong): right for one, wrong, right in question.rules}
            vendor, first, whole = question.vendor, question.first, question.whole
            found = understood(file, layout, limits, ours, vendor, first, rules=rules, whole=whole, cut=question.cut)
            layout = told(found.layout, question.about) if question.about else found.layout
            return Look(layout, found.rows, found.heads, found.left_out)
        if question.vendor and "price" in layout.mapping.fields:
            layout = prices.with_currency(file, layout, limits, question.vendor)
        layout = told(layout, question.about) if question.about else layout
        rows = tuple(islice(parser.rows(file, layout, limits=limits), question.first))
    finally:
        file.seek(0)
    return Look(layout, rows)


def look_apart(file: BinaryIO, question: Question, cost: process.Cost, watch: process.Watch | None = None) -> Look:
    """The same by a process of its own. Raises also FeedError "too_costly", and what `watch` raises."""
    asked = asdict(question)
    found = process.read("look", [file], asked, cost, watch)
    heads = {int(row): Head.from_json(entry) for row, entry in found["heads"].items()}
    rows = tuple(_row(entry) for entry in found["rows"])
    return Look(Layout.from_json(found["layout"]), rows, heads, found["left_out"])


def sheet_apart(file: BinaryIO, out: BinaryIO, limits: Limits, unpacked: int, known: Known) -> tuple[str, About] | None:
    """Write the sheet of a workbook that is read to `out` as CSV, by a process of its own; returns its name and what to
    know about it, None for a file that is no workbook. Raises FeedError as `workbook.as_csv` does, and "too_costly".
    """
    size = file.seek(0, io.SEEK_END)
    asked = {"limits": asdict(limits), "unpacked": unpacked, "known": {one: asdict(it) for one, it in known.items()}}
    found = process.read("sheet", [file, out], asked, process.cost_of(size))
    file.seek(0)
    return (found["name"], About.from_json(found["about"])) if found else None


def table_apart(file: BinaryIO, limits: Limits, unpacked: int, rows: int) -> list[list[str]]:
    """The first rows of the first sheet of a workbook that has any, as the texts that people see. By a process of its
    own. Raises FeedError, "workbook_damaged" also for what is no workbook.
    """
    size = file.seek(0, io.SEEK_END)
    asked = {"limits": asdict(limits), "unpacked": unpacked, "rows": rows}
    found: list[list[str]] = process.read("table", [file], asked, process.cost_of(size))
    return found


# --- in the process --------------------------------------------------------------------------------------------


def _look(files: Sequence[BinaryIO], asked: dict[str, Any]) -> dict[str, Any]:
    question = Question(
        limits=Limits(**asked["limits"]),
        lines=asked["lines"],
        known=_known(asked["known"]),
        reading=reading_from(asked["reading"]) if asked["reading"] else None,
        sheet=asked["sheet"],
        about=About.from_json(asked["about"]) if asked["about"] else None,
        vendor=prices.Vendor(*asked["vendor"]) if asked["vendor"] else None,
        first=asked["first"],
        categories=asked.get("categories", {}),
        whole=asked.get("whole", False),
        rules=tuple((field, wrong, right) for field, wrong, right in asked.get("rules", ())),
        cut=asked.get("cut", False),
    )
    found = look(files[0], question)
    return {
        "layout": found.layout.to_json(),
        "rows": [_as_json(row) for row in found.rows],
        "heads": {row: head.to_json() for row, head in found.heads.items()},
        "left_out": found.left_out,
    }


def _sheet(files: Sequence[BinaryIO], asked: dict[str, Any]) -> dict[str, Any] | None:
    file, out = files
    size, memory = workbook.Size(asked["unpacked"]), _known(asked["known"]).get
    with workbook.as_csv(file, Limits(**asked["limits"]), size, memory) as sheet:
        if sheet is None:
            return None
        while chunk := sheet.file.read(workbook.CHUNK):
            out.write(chunk)
        out.flush()
        return {"name": sheet.name, "about": sheet.about.to_json()}


def _table(files: Sequence[BinaryIO], asked: dict[str, Any]) -> list[list[str]]:
    with workbook.as_csv(files[0], Limits(**asked["limits"]), workbook.Size(asked["unpacked"])) as sheet:
        if sheet is None:
            raise damaged()
        text = io.TextIOWrapper(sheet.file, encoding="utf-8", newline="")
        found = [[unmarked(cell) for cell in cells] for cells in islice(csv.reader(text), asked["rows"])]
        text.detach()
        return found


TASKS: Final[Mapping[str, Callable[[Sequence[BinaryIO], dict[str, Any]], Any]]] = {
    "look": _look, "sheet": _sheet, "table": _table,
}  # fmt: skip


def answer(request: str) -> dict[str, Any]:
    """The answer to a request, whatever becomes of it but a fault of our own."""
    asked = json.loads(request)
    _limit(process.Cost(*asked["cost"]))
    first, *others = asked["files"]
    try:
        files: list[Any] = [
            io.BufferedReader(_Shared(first, asked["told"])),
            *(os.fdopen(one, "r+b") for one in others),
        ]
        return {"found": TASKS[asked["task"]](files, asked["asked"])}
    except FeedError as refused:
        return {"refused": [refused.code, refused.message]}
    except MemoryError:
        return {"memory": True}


def _limit(cost: process.Cost) -> None:
    """Set the limits of this process, which it can't raise again."""
    with suppress(ValueError, OSError):  # macOS has none for memory
        most = _taken() + cost.memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cost.seconds, cost.seconds + 1))


def _taken() -> int:
    """Bytes of address space that Python and its modules take by now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


class _Shared(io.RawIOBase):
    """A file by a descriptor that another process has open too, read from a place of its own. How many bytes were read
    of it, over and over ones each time, is noted in the file `told` for who waits."""

    def __init__(self, descriptor: int, told: int) -> None:
        self._descriptor, self._place, self._size = descriptor, 0, os.fstat(descriptor).st_size
        self._told, self._read = told, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: "WriteableBuffer") -> int:
        count = os.preadv(self._descriptor, [buffer], self._place)
        self._place += count
        self._read += count
        os.pwrite(self._told, str(self._read).encode(), 0)
        return count


# --- through JSON ----------------------------------------------------------------------------------------------


def _as_json(row: Row) -> dict[str, Any]:
    problem = row.problem._asdict() if row.problem else None
    return row._asdict() | {"problem": problem, "numeric": sorted(row.numeric)}


def _row(entry: dict[str, Any]) -> Row:
    problem = entry["problem"] and Problem(**{**entry["problem"], "code": Code(entry["problem"]["code"])})
    return Row(**{**entry, "problem": problem, "numeric": frozenset(entry["numeric"])})


def _known(entries: Mapping[str, Any]) -> Known:
    return {fingerprint: Remembered(**entry) for fingerprint, entry in entries.items()}


def reading_from(entry: Mapping[str, Any]) -> Reading:
    """The Reading that went through JSON as a dictionary."""
    return Reading(**{**entry, "columns": None if entry["columns"] is None else tuple(entry["columns"])})


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(sys.stdin.read())))
