"""From a file's bytes to physical lines, and from those to text, in constant memory. The lowest layer of the parser.

Whatever the bytes, each belongs to exactly one line. Of a line that is too long only the beginning is kept, with its
size. A line that is no text in the file's encoding is still read, and known as flawed.
"""

import csv
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, Final, NamedTuple

from catalog.rules.problems import Code, Problem

# What our own text of a sheet has before a cell that is a number with a fraction there, and before the first cell of a
# row that is hidden.
NUMBER: Final = "\x1f"
HIDDEN: Final = "\x1e"
RAW_CHARS: Final = 2_000  # so much of an unreadable row is kept
BLOCK: Final = 256 * 1024
BYTES_PER_CHAR: Final = 4  # at most, in UTF-8
EMPTY: Final = frozenset((b"\n", b"\r\n", b"\r"))  # lines without a character

# Cells have a limit of their own here; csv's default of 131,072 would be a second, hidden one.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Limits:
    """How much is read before a row, or the file, is refused. Line ends count as characters of the row."""

    max_columns: int = 500
    max_row_chars: int = 1_048_576
    max_cell_chars: int = 100_000
    max_rows: int = 2_000_000


DEFAULT_LIMITS: Final = Limits()
# Encodings with up to four bytes a letter, of which some can look like delimiters or quotes. Each is the widest of its
# kind: GB 18030 has GBK and GB 2312 in it, cp950 Big5, cp932 Shift JIS, cp949 EUC-KR.
MULTI_BYTE: Final = ("gb18030", "cp950", "cp932", "euc_jp", "cp949")
NAMES: Final = {
    "gb18030": "GB 18030", "cp950": "Big5", "cp932": "Shift JIS", "euc_jp": "EUC-JP", "cp949": "EUC-KR",
    "koi8_r": "KOI8-R", "koi8_u": "KOI8-U", "mac_roman": "Mac Roman", "mac_latin2": "Mac Central European",
    "mac_cyrillic": "Mac Cyrillic", "mac_greek": "Mac Greek", "mac_turkish": "Mac Turkish", "cp874": "Windows-874",
}  # fmt: skip
# A quote that opens may close so many times max_row_chars later: then what lies between is one row that is too long.
# What isn't closed by then is an open quote, and costs one line.
MAX_QUOTED: Final = 4
# So many lines of a row may end one quoted cell, and begin another with a line break in it. An open quote is looked for
# no further, so each line is read that often at most: a file's cost grows with its size, whatever quotes stay open.
MAX_BROKEN_CELLS: Final = 32


class Mark(NamedTuple):
    """A place between two characters of a file that is_transcoded, from which it can be decoded without what stands
    before.
    """

    offset: int
    """Bytes of the text before it in UTF-8, as Position.offset counts them."""
    byte: int
    """Bytes of the file before it."""


BEGINNING: Final = Mark(0, 0)


class Marks:
    """The marks of a transcoded file that reading comes by, one a block: what makes going on from a position cheap.

    They tell of the file alone, so one that was noted holds whatever is read again. Other files need none: their
    offsets are bytes of the file.
    """

    def __init__(self, noted: Mark = BEGINNING) -> None:
        self._marks = deque([noted])

    def add(self, mark: Mark) -> None:
        self._marks.append(mark)

    def before(self, offset: int) -> Mark:
        """The last mark at or before the offset. Those before it are forgotten: offsets asked for only grow."""
        while len(self._marks) > 1 and self._marks[1].offset <= offset:
            self._marks.popleft()
        return self._marks[0] if self._marks[0].offset <= offset else BEGINNING


def is_transcoded(encoding: str) -> bool:
    """Whether a file in this encoding is read as UTF-8: where bytes that look like line ends, quotes or delimiters can
    be a part of a letter.
    """
    return encoding.startswith("utf-16") or encoding in MULTI_BYTE


def blocks(file: BinaryIO, encoding: str, offset: int, marks: Marks | None = None) -> Iterator[bytes]:
    """The file from `offset` on, never an empty block. What is_transcoded comes as UTF-8.

    There reading starts at the last of the marks before the offset, by default at the file's beginning, and adds
    those that it comes by.
    """
    if not is_transcoded(encoding):
        file.seek(offset)
        yield from iter(partial(file.read, BLOCK), b"")
        return
    mark = marks.before(offset) if marks else BEGINNING
    skip = offset - mark.offset  # at most a block, and lines that were given back
    for block in _transcoded(file, encoding, mark, marks):
        if skip < len(block):
            yield block[skip:]
        skip = max(0, skip - len(block))


def _transcoded(file: BinaryIO, encoding: str, mark: Mark, marks: Marks | None) -> Iterator[bytes]:
    """The text from the mark on as UTF-8. What is broken in it (lone surrogates, half a character, stray bytes) becomes
    invalid UTF-8 at its place.
    """
    decoder = getincrementaldecoder(encoding)("surrogateescape" if encoding in MULTI_BYTE else "surrogatepass")
    offset, byte = mark
    file.seek(byte)
    for block in iter(partial(file.read, BLOCK), b""):
        text = decoder.decode(block).encode("utf-8", "surrogatepass")
        yield text
        offset, byte = offset + len(text), byte + len(block)
        if marks:
            held_back, _ = decoder.getstate()  # of a character that the next block ends: up to 3 bytes
            marks.add(Mark(offset, byte - len(held_back)))
    try:
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        yield b"\xff"


def physical_lines(source: Iterable[bytes], longest: int) -> Iterator[tuple[bytes, int]]:
    """Each line with its line end, and its size in bytes. Of a line over `longest` bytes maybe only the beginning, but
    always what Row.raw shows of it, wherever the blocks end.
    """
    tail = start = b""
    shown = BYTES_PER_CHAR * (RAW_CHARS + 1)
    longest = max(longest, shown)
    skipped = 0  # bytes of an overlong line that are gone already; `start` is its beginning
    for block in source:
        lines = (tail + block).splitlines(keepends=True)
        # A CR at the end may be half of a CRLF, so only LF makes the last line complete
        tail = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if skipped and lines:
            yield start, skipped + len(lines.pop(0))
            skipped = 0
        for line in lines:
            yield line, len(line)
        if skipped or len(tail) > longest:
            start = start if skipped else tail[:shown]
            skipped += len(tail) - 1
            tail = tail[-1:]
    if skipped:
        yield start, skipped + len(tail)
    elif tail:
        yield tail, len(tail)


class OverLimitError(csv.Error):
    """The row at hand is longer than a row may be."""


class Lines:
    """The physical lines as text for csv.reader. Remembers those of the row at hand, so that it can be given up."""

    def __init__(
        self,
        file: BinaryIO,
        encoding: str,
        offset: int,
        limits: Limits,
        marks: Marks | None = None,
        line: int = 0,
        *,
        of_sheet: bool = False,
    ) -> None:
        self.encoding, self.name = codec(encoding), encoding_name(encoding)
        self.offset = offset
        self.line = line  # so many came before what is read next
        self.of_sheet = of_sheet  # then each row is one line: what breaks are in its cells, a sheet doesn't number
        self.max_chars = limits.max_row_chars
        self.max_bytes = BYTES_PER_CHAR * limits.max_row_chars
        self.source = physical_lines(blocks(file, encoding, offset, marks), self.max_bytes)
        self.again: deque[tuple[bytes, int]] = deque()  # read already, but given back
        self.taken: list[tuple[bytes, int]] = []  # of the row at hand
        self.start_row()

    def start_row(self) -> None:
        if self.taken:
            self.line += 1 if self.of_sheet else len(self.taken)
            self.taken.clear()
        self.chars = self.broken_cells = 0
        self.flawed = False

    def texts(self) -> Iterator[str]:
        """Raises OverLimitError, with the lines so far in `taken`, where a row passes a limit."""
        taken, again, source, encoding = self.taken, self.again, self.source, self.encoding
        while entry := again.popleft() if again else next(source, None):
            line, size = entry
            self.offset += size
            if line in EMPTY and not taken:  # no row; of a sheet with a cell far down there are a million
                self.line += 1
                continue
            taken.append(entry)
            if size > self.max_bytes:
                raise OverLimitError
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                text = line.decode(encoding, "surrogateescape")
                self.flawed = True
            if "\0" in text:
                self.flawed = True
            self.chars += len(text)
            if self.chars > self.max_chars and (len(taken) == 1 or self.chars > MAX_QUOTED * self.max_chars):
                raise OverLimitError
            if len(taken) > 1 and b'"' in line and b'"' in line.replace(b'""', b""):
                self.broken_cells += 1
                if self.broken_cells > MAX_BROKEN_CELLS and not self.of_sheet:
                    raise OverLimitError
            yield text

    def below(self) -> bytes:
        """The line below the row at hand, which stays to be read; nothing at the end of the file."""
        if not self.again:
            entry = next(self.source, None)
            if entry is None:
                return b""
            self.again.append(entry)
        return self.again[0][0]

    def take_rest_of_record(self) -> None:
        """Pass over the lines up to the end of a sheet's row that is too long; its quotes are ours, so they pair up."""
        quotes = sum(line.count(b'"') for line, _ in self.taken)
        while quotes % 2 and (entry := self.again.popleft() if self.again else next(self.source, None)):
            quotes += entry[0].count(b'"')
            self.offset += entry[1]

    def give_back_all_but_first(self) -> None:
        self.again.extendleft(reversed(self.taken[1:]))
        self.offset -= sum(size for _, size in self.taken[1:])
        del self.taken[1:]

    def flaw(self) -> Problem | None:
        """What `flawed` stands for, in the lines taken."""
        text = b"".join(line for line, _ in self.taken)
        if b"\0" in text:
            return Problem("", Code.NUL_CHARACTER, "The row contains a NUL character.", "Remove it (shown as ␀).")
        if not decodes(text, self.encoding):
            message = f"The row contains bytes that are no {self.name} characters."
            return Problem("", Code.INVALID_ENCODING, message, "Save the whole file as UTF-8.")
        return None

    def text(self) -> str:
        """The lines taken as text; what isn't any is kept as surrogates, and `flawed`."""
        return b"".join(line for line, _ in self.taken).decode(self.encoding, "surrogateescape")

    def raw(self) -> str:
        """The lines taken as Row.raw shows them."""
        start = b"".join(line for line, _ in self.taken)[: BYTES_PER_CHAR * (RAW_CHARS + 1)]
        text = printable(start, self.encoding).rstrip("\r\n")[:RAW_CHARS]
        return unmarked(text) if self.of_sheet else text


def codec(encoding: str) -> str:
    """The codec of the lines that blocks() leads to."""
    return "utf-8" if is_transcoded(encoding) else encoding


def encoding_name(encoding: str) -> str:
    """As people know it: “Windows-1252” for cp1252."""
    name = encoding.upper().replace("CP125", "Windows-125").replace("ISO8859_", "ISO-8859-")
    return NAMES.get(encoding, name.replace("_", " ").replace("CP", "DOS "))


def printable(line: bytes, encoding: str) -> str:
    """The line as text, whatever is in it: NUL as ␀, stray bytes as \\xNN."""
    return line.decode(encoding, "backslashreplace").replace("\0", "␀")


def unmarked(text: str) -> str:
    """Text of a sheet without our marks."""
    return text.replace(NUMBER, "").replace(HIDDEN, "")


def decodes(line: bytes, encoding: str) -> bool:
    """Whether the line is text in this encoding."""
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class FeedError(Exception):
    """The file can't be read as a feed at all. `code` is for programs, the message is one clear sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
