"""What a file is: its format, encoding, delimiter, header and columns, or the one reason why it is no feed.

What was assumed is said in notes: an encoding other than UTF-8, lines above the header, columns without a meaning.
"""

import csv
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO, Final, Literal, NamedTuple, Self

from catalog.rules.problems import ngettext
from uploads.feed import columns
from uploads.feed.columns import ColumnMapping, Memory, Remembered, map_headers, name_headers, short
from uploads.feed.encodings import encoding as encodings
from uploads.feed.encodings import no_text
from uploads.feed.encodings.encoding import Found
from uploads.feed.formats import lists
from uploads.feed.formats.detect import FORMAT, OWN_LIST, format_of, has_no_quotes, is_own_list, known_format
from uploads.feed.formats.model import UPDATE, Plan
from uploads.feed.lines import MULTI_BYTE, FeedError, Limits, blocks, codec, physical_lines, printable, unmarked
from uploads.feed.questions import HIDDEN_ROWS, LEAVE_OUT, Choice, Question, with_answers
from uploads.feed.sheets.handed_out import OUR_COLUMNS

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
BLANK: Final = b' \t\r\n,;|"'  # a line of nothing else has no cell in it
LEAST_MEANINGS: Final = 2  # columns that say what they are, without which nobody knows that a line is a header
HEADER_LINES: Final = 20  # the header is among the first so many lines
LINES_OF_NAMES: Final = 3  # below names for people a template has those for programs
SAMPLE_ROWS: Final = 20  # looked at for what a column has
# Each record repeats the names of all columns: DynamoDB takes 65,535 bytes for one and 409,600 for a record.
NAMES_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next row starts and how many rows came before: all that is needed to go on.

    `offset` counts the file's bytes; in UTF-16 files, the bytes of the same text in UTF-8.
    """

    offset: int
    row_number: int
    line: int = 0
    """Physical lines that came before."""


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
    encoding_reason: str = ""
    """Why this encoding, as the end of a sentence; "" where nothing else was possible."""
    sheet: str = ""
    """The sheet of a workbook that was read; "" for text."""
    currency: str = ""
    """What the prices are in (ISO 4217), as the file or a person said, or as the vendor had it when it was received."""
    currency_in_rows: bool = False
    """Whether each row says its own, as in an export of the catalog."""
    trailing: int = 0
    """Empty cells that every row has behind those of the header, as where each line ends with a delimiter."""
    uneven: bool = False
    """Most rows have such cells, but not all: one that ends with an empty cell may as well lack another."""
    narrow: tuple[int, ...] = ()
    """With so many cells too a row is read: what it lacks are empty cells of columns without a meaning."""
    questions: tuple[Question, ...] = ()
    """What a person has to decide before the file can be sent."""
    optional: tuple[Question, ...] = ()
    """What a few rows leave open: as long as nobody answers it, they are errors."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """What was decided of such questions: id → value."""
    unquoted: bool = False
    """No quote in it quotes: each is a letter."""
    remembered: str = ""
    """When and for which file somebody chose these columns, as a sentence; "" where they are read as they show."""
    plan: Plan | None = None
    """How its rows are understood, unless we handed the file out; `mapping` has the first column of each field then,
    and may lack fields that are answered or made."""
    chosen: bool = False
    """Whether somebody said what each column of a list of the vendor's own means, now or for an earlier file."""
    otherwise: bool = False
    """Whether these are read otherwise than they show by themselves."""

    @property
    def shape(self) -> str:
        """Tells layouts of one file apart that have other columns, whatever these are called and taken for."""
        return f"{ord(self.delimiter)}.{self.first_row.offset}.{len(self.headers)}"

    @property
    def only_updates(self) -> bool:
        """Whether the file has nothing that a new product needs, so it can only change products that are there."""
        return self.plan is not None and self.plan.mode == UPDATE

    @property
    def of_format(self) -> bool:
        """Whether a known format says what its columns mean, so that nobody chooses them."""
        return self.plan is not None and bool(self.plan.format)

    @property
    def leaves_out_hidden(self) -> bool:
        """Whether rows that are hidden in the sheet are passed over."""
        return self.answers.get(HIDDEN_ROWS) == LEAVE_OUT

    @property
    def quoting(self) -> Literal[0, 3]:
        """As csv names it."""
        return csv.QUOTE_NONE if self.unquoted else csv.QUOTE_MINIMAL

    def to_json(self) -> dict[str, Any]:
        return asdict(replace(self, plan=None)) | {"plan": self.plan.to_json() if self.plan else None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The Layout whose to_json() went through JSON to become `data`."""
        return cls(
            encoding=data["encoding"],
            delimiter=data["delimiter"],
            headers=tuple(data["headers"]),
            mapping=_mapping(data["mapping"]),
            first_row=Position(**data["first_row"]),
            notes=tuple(data["notes"]),
            encoding_reason=data.get("encoding_reason", ""),  # these came later than the first stored layouts
            sheet=data.get("sheet", ""),
            currency=data.get("currency", ""),
            trailing=data.get("trailing", 0),
            uneven=data.get("uneven", False),
            narrow=tuple(data.get("narrow", ())),
            currency_in_rows=data.get("currency_in_rows", False),
            questions=tuple(_question(entry) for entry in data.get("questions", ())),
            answers=dict(data.get("answers", {})),
            remembered=data.get("remembered", ""),
            unquoted=data.get("unquoted", False),
            optional=tuple(_question(entry) for entry in data.get("optional", ())),
            plan=Plan.from_json(data["plan"]) if data.get("plan") else None,
            chosen=data.get("chosen", False),
            otherwise=data.get("otherwise", False),
        )


def _mapping(data: Mapping[str, Any]) -> ColumnMapping:
    unclear = {name: tuple(could_be) for name, could_be in data.get("unclear", {}).items()}
    return ColumnMapping(dict(data["fields"]), tuple(data["ignored"]), tuple(data["missing"]), unclear)


def _question(data: Mapping[str, Any]) -> Question:
    choices = tuple(Choice(**choice) for choice in data["choices"])
    return Question(**{**data, "choices": choices})


@dataclass(frozen=True)
class Reading:
    """How a person wants a file to be read, where it is not to be found out.

    `columns` has the field of each column, "" for one that is left out, and `shape` that of the Layout they were
    chosen from. `answers` has what a person answered to the Layout's questions, id → value.
    """

    encoding: str = ""
    delimiter: str = ""
    columns: tuple[str, ...] | None = None
    shape: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)


class _Header(NamedTuple):
    first_line: int  # counted from 0 among those read
    line_count: int
    delimiter: str
    cells: list[str]
    mapping: ColumnMapping
    samples: list[list[str]]  # the first rows below
    remembered: Remembered | None
    known: bool  # whether a format has these columns

    @property
    def meanings(self) -> int:
        """How many columns say what they are."""
        return len(self.mapping.fields) + len(self.mapping.unclear) + lists.meanings(self.mapping.ignored)

    @property
    def score(self) -> tuple[bool, int, int, int]:
        return self.known, self.meanings, -self.first_line, len(self.cells)


def find_layout(
    file: BinaryIO,
    limits: Limits,
    memory: Memory | None,
    reading: Reading | None = None,
    sheet: str = "",
) -> Layout:
    """What `inspect` returns or raises, except that there may be no rows and that the file is not rewound."""
    file.seek(0)
    beginning = next(blocks(file, "", 0), b"")[:8192]
    known = Found("utf-8") if sheet else encodings.by_bytes(beginning)  # we wrote a sheet's text ourselves
    if not sheet:
        no_text.refuse_other_formats(beginning)
    try:
        start = _beginning(file, limits, reading, known)
        if sheet:
            start = start._replace(texts=[unmarked(text) for text in start.texts])
        delimiters = reading.delimiter if reading and reading.delimiter in DELIMITERS else ""
        delimiters = "," if sheet else delimiters
        header = _header_of(start, limits, memory, delimiters, asked=reading is not None)
    except FeedError as error:
        if not known and no_text.looks_binary(beginning):
            raise FeedError("binary_file", f"This is not a text file. {no_text.EXPORT}") from error
        raise
    end = start.offset + sum(start.sizes[: header.first_line + header.line_count])
    # A sheet's rows are records, whatever lines their cells have.
    above = sum(1 for _ in csv.reader(start.texts[: header.first_line])) if sheet else header.first_line
    line = start.blank + above + (1 if sheet else header.line_count)
    headers = name_headers(header.cells)
    _refuse_long_names(headers)
    place = Position(end, 0, line)
    before = header.remembered
    answers = with_answers(before.answers if before else {}, reading.answers if reading else {})
    is_own = is_own_list(headers, answers)
    of_format = known_format(headers, answers) is not None
    if is_own and header.known and before and before.answers.get(FORMAT) != OWN_LIST:  # chosen for another way to read
        header, before = header._replace(mapping=map_headers(header.cells, None, header.samples)), None
    notes = (*start.found.notes, *_header_notes(header, start.texts, of_format=of_format))
    return Layout(
        start.found.encoding,
        header.delimiter,
        headers,
        header.mapping,
        place,
        notes,
        start.found.reason,
        sheet,
        questions=(
            *encodings.questions(start.found),
            *(() if of_format else columns.questions(header.mapping, headers, header.samples)),
        ),
        answers=answers,
        remembered=columns.said(before, header.mapping) if before else "",
        chosen=is_own and bool(before and before.fields),
        unquoted=header.delimiter == "\t" and has_no_quotes(header.cells),
    )  # fmt: skip


def _header_of(start: "_Beginning", limits: Limits, memory: Memory | None, delimiters: str, *, asked: bool) -> _Header:
    """The header. A person who is asked says what the columns mean, so then one that says nothing will do."""
    try:
        return _find_header(start.texts, limits, memory, delimiters, 0 if asked else LEAST_MEANINGS)
    except FeedError as error:
        if questions := encodings.questions(start.found):  # in another encoding it may have a header
            raise FeedError("unknown_encoding", questions[0].text) from error
        raise


def _refuse_long_names(headers: Sequence[str]) -> None:
    for column, name in enumerate(headers, 1):
        if len(name) > columns.NAME_CHARS:
            message = (
                f"The name of column {column} has {len(name):,} characters; at most {columns.NAME_CHARS:,} are allowed."
            )
            raise FeedError("column_name_too_long", f"{message} It begins with “{short(name)}”. Shorten it.")
    if sum(len(name.encode()) for name in headers) > NAMES_BYTES:
        message = f"The names of the columns have more than {NAMES_BYTES:,} bytes together. Shorten them."
        raise FeedError("column_name_too_long", message)


class _Beginning(NamedTuple):
    """A file's first lines from the first that is not blank, enough to find a header in, with their sizes in bytes,
    where they start, and how many lines came before."""

    found: Found
    offset: int
    blank: int
    texts: list[str]
    sizes: list[int]


def _beginning(file: BinaryIO, limits: Limits, reading: Reading | None, known: Found | None) -> _Beginning:
    # First as bytes: an endless line is refused without reading it to its end.
    offset, blank, lines = _first_lines(file, known.encoding if known else "utf-8", limits)
    wanted = (reading.encoding or reading.answers.get(encodings.QUESTION, "")) if reading else ""
    chosen_one = Found(wanted, "it was chosen") if wanted in encodings.ENCODINGS else None
    found = known or chosen_one or encodings.find(file, limits)
    if found.encoding in MULTI_BYTE:  # only now is it known what its lines are
        offset, blank, lines = _first_lines(file, found.encoding, limits)
    texts = [printable(line, codec(found.encoding)) for line in lines]
    return _Beginning(found, offset, blank, texts, [len(line) for line in lines])


def _first_lines(file: BinaryIO, encoding: str, limits: Limits) -> tuple[int, int, list[bytes]]:
    """Where the first line that is not blank starts, how many lines came before, and lines from there on: enough to
    find a header in."""
    longest = limits.max_row_chars
    start = len(BOM_UTF8) if next(blocks(file, encoding, 0), b"").startswith(BOM_UTF8) else 0
    found: list[bytes] = []
    total = blank = 0
    for line, size in physical_lines(blocks(file, encoding, start), longest):
        if not found and size > longest:
            message = f"The first line is longer than {longest:,} characters: it can't be a header."
            raise FeedError("line_too_long", message)
        if not found and not line.strip(BLANK):
            start += size
            blank += 1
            continue
        total += size
        if total > longest or len(found) == 2 * HEADER_LINES:
            break
        found.append(line)
    if not found:
        raise FeedError("empty_file", "The file is empty. Choose the one that has your products.")
    return start, blank, found


def _find_header(lines: Sequence[str], limits: Limits, memory: Memory | None, delimiters: str, least: int) -> _Header:
    """The first line that has all required columns or those of a known format, with the delimiter under which most
    columns mean a field; where none has all, the one that has most of them, if it has so many at `least`."""
    separator = re.fullmatch(r"sep=([^\w\s\"]|\t)[\r\n]*", lines[0], re.IGNORECASE | re.ASCII)
    delimiters = delimiters or (separator[1] if separator else "".join(DELIMITERS))
    refusals: list[FeedError] = []
    nearest: list[_Header] = []
    for index in range(1 if separator else 0, min(HEADER_LINES, len(lines))):
        candidates = []
        for delimiter in delimiters:
            try:
                candidates += _header_at(lines, index, delimiter, limits, memory)
            except FeedError as refusal:
                refusals.append(refusal)
        complete = [one for one in candidates if not one.mapping.missing or one.known]
        if complete:
            found = max(complete, key=lambda header: header.score)
            # A template may have names for people above those of the format.
            if found.known or not _is_known_below(lines, index, found.delimiter):
                return found
        nearest += candidates
    if refusals:
        raise refusals[0]
    best = max(nearest, key=lambda header: header.score, default=None)
    if best is None or best.meanings < least:
        raise _missing_columns(best)
    return best


def _is_known_below(lines: Sequence[str], index: int, delimiter: str) -> bool:
    """Whether one of the next lines has the columns of a format, as it is separated."""
    for line in lines[index + 1 : index + 1 + LINES_OF_NAMES]:
        with suppress(csv.Error):
            cells = next(csv.reader([line], delimiter=delimiter), [])
            if format_of(cells):
                return True
    return False


def _header_at(
    lines: Sequence[str],
    index: int,
    delimiter: str,
    limits: Limits,
    memory: Memory | None,
) -> list[_Header]:
    """The row that starts at this line, seen as a header; nothing if it is blank or can't be read."""
    reader = csv.reader(islice(lines, index, None), delimiter=delimiter, strict=True)
    try:
        cells = next(reader)
    except csv.Error:
        return []
    if is_blank(cells):
        return []
    if len(cells) > limits.max_columns:
        message = f"The header has {len(cells):,} columns; at most {limits.max_columns:,} are allowed."
        raise FeedError("too_many_columns", message)
    line_count, before = reader.line_num, columns.recall(cells, memory)
    fields = before.fields or None if before else None
    mapping, samples = map_headers(cells, fields), []
    if len(mapping.fields) + len(mapping.unclear) > 1:
        # What the columns have can make their names mean less: sizes are no stock.
        samples = _rows_below(reader)
        mapping = map_headers(cells, fields, samples)
    return [_Header(index, line_count, delimiter, cells, mapping, samples, before, format_of(cells) is not None)]


def _rows_below(reader: Iterator[list[str]]) -> list[list[str]]:
    """The first rows, up to one that can't be read."""
    rows: list[list[str]] = []
    try:
        while len(rows) < SAMPLE_ROWS:
            rows.append(next(reader))
    except (csv.Error, StopIteration):
        return rows
    return rows


def no_column_for(missing: Sequence[str], headers: Sequence[str], reasons: Sequence[str] = ()) -> FeedError:
    """A header that lacks required columns; `reasons` are why_not's."""
    found = _listed([header for header in headers if header.strip()], ", ")
    said = [f"The header has no column for {_listed(missing, ' and ')}. Found: {found}.", *reasons]
    return FeedError("missing_columns", " ".join([*said, "Rename the columns or map them."]))


def _missing_columns(header: _Header | None) -> FeedError:
    if header is None:
        return FeedError("missing_columns", "No header was found. The first line must name the columns.")
    reasons = columns.why_not(header.cells, header.mapping.missing, header.samples)
    return no_column_for(header.mapping.missing, header.cells, reasons)


def _header_notes(header: _Header, texts: Sequence[str], *, of_format: bool) -> list[str]:
    notes = []
    above = [text for text in texts[: header.first_line] if not re.fullmatch(r"sep=.[\r\n]*", text, re.IGNORECASE)]
    if any(text.strip() for text in above):
        lines = ngettext("{} line", "{} lines", len(above)).format(len(above))
        notes.append(f"{lines} above the header skipped.")
    if of_format:  # what its columns mean isn't said by their names alone
        return notes
    notes += columns.why_not(header.cells, header.mapping.missing, header.samples)
    return notes + ignored_notes(header.mapping)


def ignored_notes(mapping: ColumnMapping) -> list[str]:
    """What the notes say of columns without a meaning, if there are any."""
    ignored = [name for name in mapping.ignored if name not in OUR_COLUMNS]
    return [f"Columns ignored: {_listed(ignored, ', ')}."] if ignored else []


def _listed(names: Sequence[str], last: str) -> str:
    """The names in one bounded line, `last` before the last one."""
    shown = [short(name) for name in names[:20]]
    if len(names) > 20:
        return ", ".join(shown) + f" and {len(names) - 20} more"
    return last.join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def is_blank(cells: Sequence[str]) -> bool:
    """Whether there is nothing but white space in the cells."""
    return not any(cell.strip() for cell in cells)
