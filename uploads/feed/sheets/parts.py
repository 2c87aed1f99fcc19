"""What a workbook's sheets have in common: their list, their formats, their shared texts. SpreadsheetML by expat.

The parts are those of ECMA-376 part 1, 18.2 (workbook), 18.8 (styles) and 18.4 (shared strings), whatever prefix their
names have, in the transitional or the strict namespace. What is kept is bounded: so many sheets, formats and texts, so
much of each, so many names of elements, so deep; and the texts lie on disk.
"""

import posixpath
import re
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple
from xml.parsers import expat

from uploads.feed.lines import FeedError
from uploads.feed.sheets.budget import too_large
from uploads.feed.sheets.codes import BUILT_IN, MAX_CODE

MAX_SHEETS: Final = 1_000
MAX_CODES: Final = 2_000  # Excel's limit is 250
MAX_STYLES: Final = 65_536  # Excel's limit is 65,490
MAX_TEXTS: Final = 5_000_000
PIECE: Final = 16 * 1024  # bytes that are parsed before whoever reads takes what they had
MAX_TAG: Final = 1024 * 1024  # bytes; expat keeps it whole
MAX_NAMES: Final = 10_000  # different ones of elements and attributes, which expat keeps
MAX_DEPTH: Final = 100  # elements within one another; those of a workbook are ten or so
KEPT_CHARS: Final = 1_000  # of a name, an id or a path
SHORT: Final = 200  # characters of a text that is worth remembering
REMEMBERED: Final = 20_000

DAMAGED: Final = (
    "This workbook is damaged or isn't one. Open it in Excel, save it again as .xlsx, and upload that file."
)
TRUE: Final = ("1", "true", "on")

_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")


def damaged() -> FeedError:
    return FeedError("workbook_damaged", DAMAGED)


def xml_parser() -> expat.XMLParserType:
    """A parser that refuses a document with entities of its own: no workbook needs them, and they are there to grow."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.EntityDeclHandler = _refuse
    return parser


def _refuse(*_: object) -> None:
    raise damaged()


def read_elements(chunks: Iterable[bytes], start: Callable[[str, dict[str, str]], None]) -> None:
    """Call `start` with the local name and the attributes of each element."""
    parser, depth = xml_parser(), Depth()

    def down(name: str, attributes: dict[str, str]) -> None:
        depth.now += 1
        start(name.rpartition(":")[2], attributes)

    parser.StartElementHandler, parser.EndElementHandler = down, depth.up
    for _ in parsed(parser, chunks, depth):
        pass


class Depth:
    """How many elements are open."""

    def __init__(self) -> None:
        self.now = 0

    def up(self, _: str) -> None:
        """An element ends."""
        self.now -= 1


def parsed(parser: expat.XMLParserType, chunks: Iterable[bytes], depth: Depth) -> Iterator[None]:
    """Parse a part a little at a time, with a turn for whoever reads it after each piece and at the end; nothing at all
    is one that isn't there, and is right.

    Raises FeedError for what expat would keep in memory without a bound: a tag that doesn't end, elements that don't,
    ever new names. A piece has room for 5,000 elements at most, so after each is soon enough.
    """
    taken = 0
    for piece in _pieces(chunks):
        parser.Parse(piece)
        taken += len(piece)
        if taken - parser.CurrentByteIndex > MAX_TAG:
            raise too_large()
        if depth.now > MAX_DEPTH or len(parser.intern) > MAX_NAMES:
            raise damaged()
        yield
    if taken:
        parser.Parse(b"", True)
        yield


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for start in range(0, len(chunk), PIECE):
            yield chunk[start : start + PIECE]


def unescaped(text: str) -> str:
    """A text without the escapes for characters that XML can't hold: `_x000D_`, and `_x005F_` for what looks like one.

    >>> unescaped("a_x000D_b_x005F_x0007_")
    'a\\rb_x0007_'
    """
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    # Escapes are of UTF-16: a character beyond it has two of them.
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# --- the list of sheets ----------------------------------------------------------------------------------------


class SheetPart(NamedTuple):
    name: str
    path: str
    """In the archive, in small letters."""
    visible: bool


class Book(NamedTuple):
    sheets: tuple[SheetPart, ...]
    since_1904: bool
    """Days are counted from 1904, not 1900."""
    recalculates: bool
    """Whether results of formulas are worked out anew whenever it is opened, so that those in the file may be none."""


def targets(chunks: Iterable[bytes], folder: str) -> dict[str, tuple[str, str]]:
    """Relationship's id → the end of its type, and the part in small letters that it leads to, seen from the folder."""
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship" and len(found) < 2 * MAX_SHEETS:
            target, kind, own = (attributes.get(name, "")[:KEPT_CHARS] for name in ("Target", "Type", "Id"))
            path = posixpath.normpath(posixpath.join("/", folder, target.replace("\\", "/")))
            found[own] = kind.rpartition("/")[2], path.lstrip("/").lower()

    read_elements(chunks, start)
    return found


def read_book(chunks: Iterable[bytes], relations: dict[str, tuple[str, str]]) -> Book:
    """The worksheets in their order, without charts and macros."""
    sheets: list[SheetPart] = []
    flags = {"since_1904": False, "recalculates": False}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            flags["since_1904"] = attributes.get("date1904") in TRUE
        elif name == "calcPr":
            flags["recalculates"] = attributes.get("fullCalcOnLoad") in TRUE
        elif name == "sheet":
            # r:id, under whatever prefix
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            kind, path = relations.get(relation[:KEPT_CHARS], ("", ""))
            if kind == "worksheet":
                name = attributes.get("name", "")[:KEPT_CHARS]
                sheets.append(SheetPart(name, path, attributes.get("state", "") in ("", "visible")))
            if len(sheets) > MAX_SHEETS:
                raise too_large()

    read_elements(chunks, start)
    return Book(tuple(sheets), **flags)


# --- formats ---------------------------------------------------------------------------------------------------


def read_codes(chunks: Iterable[bytes]) -> list[str]:
    """The format code of each style that cells can have; "" for none, or for one that is too long."""
    own: dict[str, str] = {}
    styles: list[str] = []
    inside = ""

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        if name == "numFmt":
            code = attributes.get("formatCode", "")
            own.setdefault(attributes.get("numFmtId", "")[:KEPT_CHARS], code if len(code) <= MAX_CODE else "")
        elif name in ("cellXfs", "cellStyleXfs", "dxfs", "cellStyles"):
            inside = name
        elif name == "xf" and inside == "cellXfs":
            styles.append(attributes.get("numFmtId", "0")[:KEPT_CHARS])
        if len(own) > MAX_CODES or len(styles) > MAX_STYLES:
            raise too_large()

    read_elements(chunks, start)
    built_in = {str(number): code for number, code in BUILT_IN.items()}
    return [own.get(number, built_in.get(number, "")) for number in styles]


# --- shared texts ----------------------------------------------------------------------------------------------


class Texts:
    """The texts that cells share, on disk; short ones that come again and again are remembered."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._ends = array("Q", [0])
        self._remembered: dict[int, str] = {}

    def close(self) -> None:
        self._file.close()

    def add(self, text: str) -> None:
        if len(self._ends) > MAX_TEXTS:
            raise too_large()
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "surrogatepass")))

    def get(self, number: int) -> str:
        """Raises FeedError for a number that none of them has."""
        found = self._remembered.get(number)
        if found is not None:
            return found
        if not 0 <= number < len(self._ends) - 1:
            raise damaged()
        start = self._ends[number]
        self._file.seek(start)
        text = self._file.read(self._ends[number + 1] - start).decode("utf-8", "surrogatepass")
        if len(text) <= SHORT:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[number] = text
        return text


class TextPieces:
    """Puts a text together from its runs, at most `longest` characters of it. What stands in a phonetic run is how the
    text is said, not what it is."""

    def __init__(self, longest: int) -> None:
        self.pieces: list[str] = []
        self.runs: list[str] = []
        self._longest, self._size = longest, 0
        self._phonetic = False

    def start(self, name: str) -> None:
        if name == "rPh":
            self._phonetic = True
        self.pieces.clear()

    def end(self, name: str) -> None:
        if name == "t" and not self._phonetic:
            run = "".join(self.pieces)[: max(self._longest - self._size, 0)]
            if run:  # there may be millions behind the longest
                self._size += len(run)
                self.runs.append(run)
        elif name == "rPh":
            self._phonetic = False
        self.pieces.clear()

    def take(self) -> str:
        """The text so far; then begins a new one."""
        text = "".join(self.runs)
        self.runs.clear()
        self._size = 0
        return unescaped(text)

    def bound(self) -> None:
        """Forget what no run can need, between two chunks of a file."""
        if sum(map(len, self.pieces)) > self._longest:
            self.pieces[:] = ["".join(self.pieces)[: self._longest]]


def read_texts(chunks: Iterable[bytes], into: Texts, longest: int) -> None:
    """The shared texts, at most `longest` characters of each."""
    text, depth = TextPieces(longest), Depth()

    def start(name: str, _: dict[str, str]) -> None:
        depth.now += 1
        text.start(name.rpartition(":")[2])

    def end(name: str) -> None:
        depth.now -= 1
        name = name.rpartition(":")[2]
        text.end(name)
        if name == "si":
            into.add(text.take())

    parser = xml_parser()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = text.pieces.append
    for _ in parsed(parser, chunks, depth):
        text.bound()
