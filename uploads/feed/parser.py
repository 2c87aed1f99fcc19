"""From a file's bytes to rows, in constant memory, with the position to go on from. Step 2 of the journey.

`inspect` finds out what a file is (encoding, delimiter, header, columns) or raises one FeedError that says why it is
no feed. `rows` then reads it lazily. What is guaranteed:

- Whatever the bytes, the outcome is rows, row errors or one FeedError. Memory grows neither with the file nor with
  its longest line.
- Every line that is not blank belongs to exactly one Row. Blank are rows without anything but empty cells and white
  space; they have no row number.
- A row that can't be read is an error row with its raw text. It is never repaired and never shifted. A quote that
  stays open costs one line: reading goes on at the next physical line.
- Cells come as they stand in the file, hostile content and surrounding spaces included.
- Reading on from any Row's `end` and `number` gives the rows that an uninterrupted run would give.

Lines end at LF, CRLF and CR only. A byte order mark counts at the start of the file; anywhere else (as where files
were joined) it is data, except that a header after it is still recognised as a repeated header. A second table with
other columns below the first becomes error rows, one for each of its rows.
"""

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple, Self

from charset_normalizer import from_bytes

from uploads.feed.columns import REPORT_COLUMNS, ColumnMapping, map_headers, name_headers
from uploads.feed.problems import Code, FeedError, Problem

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
BLANK: Final = b' \t\r\n,;|"'  # a line of nothing else has no cell in it
HEADER_LINES: Final = 20  # the header is among the first so many lines
RAW_CHARS: Final = 2_000  # so much of an unreadable row is kept
BLOCK: Final = 256 * 1024
BYTES_PER_CHAR: Final = 4  # at most, in UTF-8
BOM: Final = "\ufeff"

# Single-byte supersets of ASCII only: in Shift JIS and GB 18030 a byte that looks like `|` can be half a character,
# so lines and cells can't be told apart before decoding. Best first.
LEGACY_ENCODINGS: Final = ["cp1252", "cp1250", "cp1251", "iso8859_2", "iso8859_15", "mac_roman", "cp850", "cp437"]
SAMPLE_BYTES: Final = 64 * 1024

SAVE_AS: Final = "Open it and save it as CSV (“CSV UTF-8”), then upload that file."
UNPACK: Final = "Unpack it and upload the CSV file inside."
EXPORT: Final = "Upload the CSV file that your shop or spreadsheet exports."
# What files start with, most specific first: https://en.wikipedia.org/wiki/List_of_file_signatures
SIGNATURES: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", SAVE_AS),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),  # or one of ZIP_CONTENTS
    (b"PK\x05\x06", "an empty ZIP archive", EXPORT),
    (b"\x1f\x8b", "a gzip archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", EXPORT),
    (b"GIF87a", "a GIF image", EXPORT),
    (b"GIF89a", "a GIF image", EXPORT),
    (b"%PDF-", "a PDF document", EXPORT),
    (b"\x7fELF", "a program", EXPORT),
    (b"MZ", "a program", EXPORT),
    (b"\xff\xfe\0\0", "a UTF-32 text file", "Save it as UTF-8."),
    (b"\0\0\xfe\xff", "a UTF-32 text file", "Save it as UTF-8."),
)
ZIP_CONTENTS: Final = (
    (b"[Content_Types].xml", "an Excel workbook", SAVE_AS),
    (b"xl/", "an Excel workbook", SAVE_AS),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet", SAVE_AS),
)
TEXT_LIKE: Final = (b"BZh", b"MZ")  # a header may start with these letters: other signs of a binary file are needed
CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\r\x0c\x1a"))

# Cells have a limit of their own here; csv's default of 131,072 would be a second, hidden one.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Limits:
    """How much is read before a row, or the file, is refused. Line ends count as characters of the row."""

    max_columns: int = 500
    max_row_chars: int = 1_048_576
    max_cell_chars: int = 100_000
    max_row_lines: int = 1_000  # physical lines of one row, through quoted line breaks
    max_rows: int = 2_000_000


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next row starts and how many rows came before: all that is needed to go on.

    `offset` counts the file's bytes; in UTF-16 files, the bytes of the same text in UTF-8.
    """

    offset: int
    row_number: int


class Row(NamedTuple):
    """One row below the header, readable or not."""

    number: int
    """1 is the first row below the header."""
    cells: dict[str, str]
    """Header → cell as it came, one entry for every header; {} if the row could not be read."""
    problem: Problem | None
    """Why the row could not be read."""
    raw: str
    """Printable text of a row that could not be read, its first 2,000 characters: NUL as ␀, stray bytes as \\xNN."""
    end: int
    """Position.offset after this row."""


@dataclass(frozen=True)
class Layout:
    """What `inspect` found: all that `rows` needs, in this process or another."""

    encoding: str
    delimiter: str
    headers: tuple[str, ...]
    mapping: ColumnMapping
    first_row: Position
    notes: tuple[str, ...]
    """Sentences for people about what was assumed."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The Layout whose to_json() went through JSON to become `data`."""
        mapping = data["mapping"]
        return cls(
            encoding=data["encoding"],
            delimiter=data["delimiter"],
            headers=tuple(data["headers"]),
            mapping=ColumnMapping(dict(mapping["fields"]), tuple(mapping["ignored"]), tuple(mapping["missing"])),
            first_row=Position(**data["first_row"]),
            notes=tuple(data["notes"]),
        )


def inspect(file: BinaryIO, limits: Limits = DEFAULT_LIMITS, saved_mapping: Mapping[str, str] | None = None) -> Layout:
    """Find out how to read a seekable file; it is left rewound. `saved_mapping` is map_headers' `saved`.

    Raises FeedError with one of the codes binary_file, empty_file, line_too_long, too_many_columns,
    duplicate_column, missing_columns, no_rows.
    """
    try:
        layout = _layout(file, limits, saved_mapping)
        if next(rows(file, layout, limits=limits), None) is None:
            raise FeedError("no_rows", "The file has a header but no rows below it.")
        return layout
    finally:
        file.seek(0)


def rows(
    file: BinaryIO, layout: Layout, start: Position | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[Row]:
    """Read the rows from `start` on, by default from the first. Nothing else may move the file meanwhile.

    Raises FeedError("too_many_rows") in place of the row that is one too many.
    """
    position = start or layout.first_row
    lines = _Lines(file, layout.encoding, position.offset, limits)
    headers, width, number = layout.headers, len(layout.headers), position.row_number
    conspicuous = {"", headers[0], BOM + headers[0]}
    taken = lines.taken
    reader = _reader(lines, layout)
    while True:
        lines.start_row()
        problem = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _first_line_problem(lines, error, limits)
            reader = _reader(lines, layout)
        else:
            # Everything that could be wrong shows here; a row that passes needs no closer look
            if (
                len(cells) != width
                or lines.flawed
                or len(taken) > 1
                or lines.chars > limits.max_cell_chars
                or (first := cells[0]) in conspicuous
                or first.isspace()
            ):
                if _is_blank(cells):
                    continue
                problem = _problem(cells, lines, layout, limits)
        if number >= limits.max_rows:
            raise FeedError("too_many_rows", f"The file has more than {limits.max_rows:,} rows. Split it.")
        number += 1
        if problem is None:
            yield Row(number, dict(zip(headers, cells, strict=False)), None, "", lines.offset)
        else:
            yield Row(number, {}, problem, lines.raw(), lines.offset)


# ── Physical lines ────────────────────────────────────────────────────────────────────────────────────────────────


def _blocks(file: BinaryIO, encoding: str, offset: int) -> Iterator[bytes]:
    """The file from `offset` on, never an empty block. UTF-16 comes as UTF-8, so that line ends are single bytes."""
    if not encoding.startswith("utf-16"):
        file.seek(offset)
        yield from iter(partial(file.read, BLOCK), b"")
        return
    file.seek(0)
    for block in _transcoded(file, encoding):
        if offset < len(block):
            yield block[offset:]
        offset = max(0, offset - len(block))


def _transcoded(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """UTF-16 as UTF-8. What is broken in it (lone surrogates, half a character) becomes invalid UTF-8 at its place."""
    decoder = getincrementaldecoder(encoding)("surrogatepass")
    for block in iter(partial(file.read, BLOCK), b""):
        yield decoder.decode(block).encode("utf-8", "surrogatepass")
    try:
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        yield b"\xff"


def _physical_lines(blocks: Iterable[bytes], longest: int) -> Iterator[tuple[bytes, int]]:
    """Each line with its line end, and its size in bytes. Of a line over `longest` bytes maybe only the beginning."""
    tail = start = b""
    skipped = 0  # bytes of an overlong line that are gone already; `start` is its beginning
    for block in blocks:
        lines = (tail + block).splitlines(keepends=True)
        # A CR at the end may be half of a CRLF, so only LF makes the last line complete
        tail = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if skipped and lines:
            yield start, skipped + len(lines.pop(0))
            skipped = 0
        for line in lines:
            yield line, len(line)
        if skipped or len(tail) > longest:
            start = start if skipped else tail[: BYTES_PER_CHAR * (RAW_CHARS + 1)]
            skipped += len(tail) - 1
            tail = tail[-1:]
    if skipped:
        yield start, skipped + len(tail)
    elif tail:
        yield tail, len(tail)


class _OverLimitError(csv.Error):
    """The row at hand is longer than a row may be."""


class _Lines:
    """The physical lines as text for csv.reader. Remembers those of the row at hand, so that it can be given up."""

    def __init__(self, file: BinaryIO, encoding: str, offset: int, limits: Limits) -> None:
        self.encoding = _codec(encoding)
        self.offset = offset
        self.max_chars, self.max_lines = limits.max_row_chars, limits.max_row_lines
        self.max_bytes = BYTES_PER_CHAR * limits.max_row_chars
        self.source = _physical_lines(_blocks(file, encoding, offset), self.max_bytes)
        self.again: deque[tuple[bytes, int]] = deque()  # read already, but given back
        self.taken: list[tuple[bytes, int]] = []  # of the row at hand
        self.start_row()

    def start_row(self) -> None:
        self.taken.clear()
        self.chars = 0
        self.flawed = False

    def texts(self) -> Iterator[str]:
        """Raises _OverLimitError, with the lines so far in `taken`, where a row passes a limit."""
        taken, again, source, encoding = self.taken, self.again, self.source, self.encoding
        while entry := again.popleft() if again else next(source, None):
            line, size = entry
            taken.append(entry)
            self.offset += size
            if size > self.max_bytes:
                raise _OverLimitError
            try:
                text = line.decode(encoding)
            except UnicodeDecodeError:
                text = line.decode(encoding, "surrogateescape")
                self.flawed = True
            if "\0" in text:
                self.flawed = True
            self.chars += len(text)
            if self.chars > self.max_chars or len(taken) > self.max_lines:
                raise _OverLimitError
            yield text

    def give_back_all_but_first(self) -> None:
        self.again.extendleft(reversed(self.taken[1:]))
        self.offset -= sum(size for _, size in self.taken[1:])
        del self.taken[1:]

    def flaw(self) -> Problem | None:
        """What `flawed` stands for, in the lines taken."""
        text = b"".join(line for line, _ in self.taken)
        if b"\0" in text:
            return Problem("", Code.NUL_CHARACTER, "The row contains a NUL character.", "Remove it (shown as ␀).")
        if not _decodes(text, self.encoding):
            message = f"The row contains bytes that are no {_encoding_name(self.encoding)} characters."
            return Problem("", Code.INVALID_ENCODING, message, "Save the whole file as UTF-8.")
        return None

    def raw(self) -> str:
        """The lines taken as Row.raw shows them."""
        start = b"".join(line for line, _ in self.taken)[: BYTES_PER_CHAR * (RAW_CHARS + 1)]
        return _printable(start, self.encoding).rstrip("\r\n")[:RAW_CHARS]


def _codec(encoding: str) -> str:
    """The codec of the lines that _blocks leads to."""
    return "utf-8" if encoding.startswith("utf-16") else encoding


def _encoding_name(codec: str) -> str:
    return codec.upper().replace("CP125", "Windows-125").replace("ISO8859_", "ISO-8859-").replace("_", " ")


def _printable(line: bytes, codec: str) -> str:
    return line.decode(codec, "backslashreplace").replace("\0", "␀")


# ── Rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _reader(lines: _Lines, layout: Layout) -> Iterator[list[str]]:
    return csv.reader(lines.texts(), delimiter=layout.delimiter, strict=True)


def _is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def _first_line_problem(lines: _Lines, error: csv.Error | None, limits: Limits) -> Problem:
    """Give up the row at hand: its first line is the error row, all others are read again as rows of their own."""
    alone = len(lines.taken) == 1
    lines.give_back_all_but_first()
    if alone and isinstance(error, _OverLimitError):
        message = f"The row is longer than {limits.max_row_chars:,} characters."
        return Problem("", Code.ROW_TOO_LONG, message, "Check for missing line breaks.")
    if flaw := lines.flaw():
        return flaw
    if alone and not str(error).startswith("unexpected end"):  # csv's words for a quote still open at the end
        message = "A quoted cell goes on after its closing quote."
        return Problem("", Code.STRAY_QUOTE, message, 'Write a quote inside a quoted cell twice: ""')
    message = "A quote that opens in this line is not closed."
    return Problem("", Code.UNCLOSED_QUOTE, message, "Close it at the end of the cell, or remove it.")


def _problem(cells: list[str], lines: _Lines, layout: Layout, limits: Limits) -> Problem | None:
    """Look closely at a row that csv could read. Extra cells that are empty do no harm and are passed over."""
    width = len(layout.headers)
    matches = len(cells) == width or (len(cells) > width and _is_blank(cells[width:]))
    if len(lines.taken) > 1 and (_joins_rows if matches else _holds_row)(lines, layout):
        return _first_line_problem(lines, None, limits)
    if lines.flawed:
        return lines.flaw()
    if not matches:
        return _wrong_column_count(len(cells), layout)
    if _is_header(cells[:width], layout.headers):
        return Problem("", Code.REPEATED_HEADER, "The row repeats the header.", "Remove the row.")
    for header, cell in zip(layout.headers, cells, strict=False):
        if len(cell) > limits.max_cell_chars:
            message = f"The cell in “{_short(header)}” is longer than {limits.max_cell_chars:,} characters."
            return Problem("", Code.CELL_TOO_LONG, message, "Shorten it.")
    return None


def _joins_rows(lines: _Lines, layout: Layout) -> bool:
    """Whether a readable row over several lines is rather two rows that stray quotes have joined.

    `1,"Lamp,9` and `2,15",9` read as one row with a line break in a cell. What gives them away is that the first and
    the last line both have a whole row's delimiters, whatever the quotes.
    """
    delimiter = layout.delimiter.encode()
    ends = lines.taken[0][0], lines.taken[-1][0]
    return all(line.count(delimiter) == len(layout.headers) - 1 for line in ends)


def _holds_row(lines: _Lines, layout: Layout) -> bool:
    """Whether a ragged row over several lines holds a line that is a row by itself: then a quote was left open.

    Without such a line it is one row with line breaks in a cell, and one error.
    """
    texts = (line.decode(lines.encoding, "surrogateescape") for line, _ in lines.taken[1:])
    alone = (next(csv.reader([text], delimiter=layout.delimiter)) for text in texts)
    return any(len(cells) == len(layout.headers) for cells in alone)


def _is_header(cells: list[str], headers: tuple[str, ...]) -> bool:
    first = cells[0].removeprefix(BOM)
    return first in ("", headers[0]) and name_headers([first, *cells[1:]]) == headers


def _wrong_column_count(found: int, layout: Layout) -> Problem:
    expected = len(layout.headers)
    message = f"The row has {found} {'cell' if found == 1 else 'cells'}, the header has {expected}."
    name = DELIMITERS.get(layout.delimiter, layout.delimiter)
    if found > expected:
        hint = f"Put a cell that contains a {name} in quotes."
    else:
        hint = f"The row may be cut off, or a {name} is missing."
    return Problem("", Code.WRONG_COLUMN_COUNT, message, hint)


# ── The file as a whole ───────────────────────────────────────────────────────────────────────────────────────────


class _Header(NamedTuple):
    first_line: int  # counted from 0 among those read
    line_count: int
    delimiter: str
    cells: list[str]
    mapping: ColumnMapping

    @property
    def score(self) -> tuple[int, int, int]:
        return len(self.mapping.fields), -self.first_line, len(self.cells)


def _layout(file: BinaryIO, limits: Limits, saved: Mapping[str, str] | None) -> Layout:
    file.seek(0)
    beginning = next(_blocks(file, "", 0), b"")[:8192]
    _refuse_other_formats(beginning)
    utf16 = _utf16(beginning)
    try:
        offset, lines = _first_lines(file, utf16 or "utf-8", limits)
        encoding, notes = (utf16, []) if utf16 else _eight_bit_encoding(file, limits)
        texts = [_printable(line, _codec(encoding)) for line in lines]
        header = _find_header(texts, limits, saved)
    except FeedError as error:
        if not utf16 and _looks_binary(beginning):
            raise FeedError("binary_file", f"This is not a text file. {EXPORT}") from error
        raise
    notes += _header_notes(header, texts)
    end = offset + sum(len(line) for line in lines[: header.first_line + header.line_count])
    headers = name_headers(header.cells)
    return Layout(encoding, header.delimiter, headers, header.mapping, Position(end, 0), tuple(notes))


def _refuse_other_formats(beginning: bytes) -> None:
    known = [entry for entry in SIGNATURES if beginning.startswith(entry[0])]
    if known and known[0][0].startswith(b"PK"):
        known = [entry for entry in ZIP_CONTENTS if entry[0] in beginning] + known
    if known and (known[0][0] not in TEXT_LIKE or _looks_binary(beginning)):
        _, what, remedy = known[0]
        raise FeedError("binary_file", f"This is {what}, not a CSV file. {remedy}")


def _looks_binary(beginning: bytes) -> bool:
    """One control character in twenty bytes: random bytes have one in nine, text none."""
    controls = len(beginning) - len(beginning.translate(None, CONTROLS))
    return controls * 20 > len(beginning)


def _utf16(beginning: bytes) -> str:
    """The UTF-16 form by its byte order mark, or by the NUL in every other byte that ASCII letters have there."""
    if beginning.startswith(BOM_UTF16_LE):
        return "utf-16-le"
    if beginning.startswith(BOM_UTF16_BE):
        return "utf-16-be"
    even, odd = beginning[:200:2], beginning[1:200:2]
    if odd.count(0) * 2 > len(odd) and even.count(0) * 10 < len(even):
        return "utf-16-le"
    if even.count(0) * 2 > len(even) and odd.count(0) * 10 < len(odd):
        return "utf-16-be"
    return ""


def _first_lines(file: BinaryIO, encoding: str, limits: Limits) -> tuple[int, list[bytes]]:
    """Where the first line that is not blank starts, and lines from there on: enough to find a header in."""
    longest = limits.max_row_chars
    start = len(BOM_UTF8) if next(_blocks(file, encoding, 0), b"").startswith(BOM_UTF8) else 0
    found: list[bytes] = []
    total = 0
    for line, size in _physical_lines(_blocks(file, encoding, start), longest):
        if not found and size > longest:
            message = f"The first line is longer than {longest:,} characters: it can't be a header."
            raise FeedError("line_too_long", message)
        if not found and not line.strip(BLANK):
            start += size
            continue
        total += size
        if total > longest or len(found) == 2 * HEADER_LINES:
            break
        found.append(line)
    if not found:
        raise FeedError("empty_file", "The file is empty.")
    return start, found


def _eight_bit_encoding(file: BinaryIO, limits: Limits) -> tuple[str, list[str]]:
    """UTF-8 if the whole file, or most of its lines with other than ASCII characters, are. Else a guess, and a note."""
    valid = invalid = sampled = 0
    sample: list[bytes] = []
    for line, size in _physical_lines(_blocks(file, "", 0), limits.max_row_chars):
        if line.isascii() or size > len(line):
            continue
        if _decodes(line, "utf-8"):
            valid += 1
            continue
        invalid += 1
        if sampled < SAMPLE_BYTES:
            sample.append(line[: SAMPLE_BYTES - sampled])
            sampled += len(sample[-1])
    if not invalid:
        return "utf-8", []
    if valid > invalid or _starts_with_bom(file):
        return "utf-8", [f"Lines that are not valid UTF-8: {invalid:,}. Their rows are reported as errors."]
    encoding = _legacy_encoding(sample)
    name = _encoding_name(encoding)
    return encoding, [f"The file is not UTF-8. It is read as {name}; if letters look wrong, save it as UTF-8."]


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _starts_with_bom(file: BinaryIO) -> bool:
    return next(_blocks(file, "", 0), b"").startswith(BOM_UTF8)


def _legacy_encoding(sample: list[bytes]) -> str:
    """The likeliest of LEGACY_ENCODINGS. Western European wins a draw: small samples often fit several."""
    western = LEGACY_ENCODINGS[0]
    fitting = [line for line in sample if _decodes(line, western)]
    # A few damaged lines must not rule out an encoding that all others fit
    text = b"".join(fitting if len(fitting) * 10 >= len(sample) * 9 else sample)
    letters = bytes(byte if byte >= 128 or chr(byte).isalpha() else 32 for byte in range(256))
    matches = from_bytes(text.translate(letters), cp_isolation=LEGACY_ENCODINGS)
    best = matches.best()
    if best is None:
        return western
    for match in matches:
        as_good = match.chaos <= best.chaos and match.coherence >= best.coherence
        if as_good and western in match.could_be_from_charset:
            return western
    return best.encoding


def _find_header(lines: Sequence[str], limits: Limits, saved: Mapping[str, str] | None) -> _Header:
    """The first line that has all required columns, read with the delimiter under which most columns mean a field."""
    separator = re.fullmatch(r"sep=([^\w\s\"]|\t)[\r\n]*", lines[0], re.IGNORECASE | re.ASCII)
    delimiters = separator[1] if separator else "".join(DELIMITERS)
    refusals: list[FeedError] = []
    nearest: list[_Header] = []
    for index in range(1 if separator else 0, min(HEADER_LINES, len(lines))):
        candidates = []
        for delimiter in delimiters:
            try:
                candidates += _header_at(lines, index, delimiter, limits, saved)
            except FeedError as refusal:
                refusals.append(refusal)
        complete = [candidate for candidate in candidates if not candidate.mapping.missing]
        if complete:
            return max(complete, key=lambda header: header.score)
        nearest += candidates
    if refusals:
        raise refusals[0]
    raise _missing_columns(max(nearest, key=lambda header: header.score) if nearest else None)


def _header_at(
    lines: Sequence[str], index: int, delimiter: str, limits: Limits, saved: Mapping[str, str] | None
) -> list[_Header]:
    """The row that starts at this line, seen as a header; nothing if it is blank or can't be read."""
    reader = csv.reader(islice(lines, index, None), delimiter=delimiter, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return []
    if _is_blank(cells):
        return []
    if len(cells) > limits.max_columns:
        message = f"The header has {len(cells):,} columns; at most {limits.max_columns:,} are allowed."
        raise FeedError("too_many_columns", message)
    return [_Header(index, reader.line_num, delimiter, cells, map_headers(cells, saved))]


def _missing_columns(header: _Header | None) -> FeedError:
    if header is None:
        return FeedError("missing_columns", "No header was found. The first line must name the columns.")
    return FeedError(
        "missing_columns",
        f"The header has no column for {_listed(header.mapping.missing, ' and ')}. "
        f"Found: {_listed([cell for cell in header.cells if cell.strip()], ', ')}. Rename the columns or map them.",
    )


def _header_notes(header: _Header, texts: Sequence[str]) -> list[str]:
    notes = []
    above = [text for text in texts[: header.first_line] if not re.fullmatch(r"sep=.[\r\n]*", text, re.IGNORECASE)]
    if any(text.strip() for text in above):
        lines = "1 line" if len(above) == 1 else f"{len(above)} lines"
        notes.append(f"{lines} above the header skipped.")
    ignored = [name for name in header.mapping.ignored if name not in REPORT_COLUMNS]
    if ignored:
        notes.append(f"Columns ignored: {_listed(ignored, ', ')}.")
    return notes


def _listed(names: Sequence[str], last: str) -> str:
    """The names in one bounded line, `last` before the last one."""
    short = [_short(name) for name in names[:20]]
    if len(names) > 20:
        return ", ".join(short) + f" and {len(names) - 20} more"
    return last.join(filter(None, (", ".join(short[:-1]), short[-1])))


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= 40 else name[:39] + "…"
