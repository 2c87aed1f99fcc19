"""What holds for every file there could be."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from uploads.feed import lines
from uploads.feed.columns import answered, map_headers, name_headers, questions
from uploads.feed.encodings.encoding import SINGLE_BYTE
from uploads.feed.lines import FeedError, is_transcoded
from uploads.feed.parser import DELIMITERS, Layout, Limits, Mark, Marks, Position, Row, inspect, rows
from uploads.feed.quotes import wrapped_cell
from uploads.feed.sample import COLUMNS as FIELDS

# Its rows are counted by the hundred thousand, and other tests cover the same lines.
pytestmark = pytest.mark.no_cover

HEADER = ",".join(FIELDS).encode()
SMALL = Limits(max_columns=20, max_row_chars=200, max_cell_chars=40)

# Bytes that matter to a CSV parser are frequent, all others possible
pieces = st.sampled_from(
    [
        *(
            b",",
            b'"',
            b'""',
            b'","',
            b"\n",
            b"\r",
            b"\r\n",
            b"\0",
            b" ",
            b"\xff",
            b"\xe9",
            "é".encode(),
            b"\xef\xbb\xbf",
        ),
        *(b"a,b,c,d,e,f,g,h\n", b"x" * 50, b";", b"\t", HEADER, "\u2028".encode(), b"\x1a"),
    ]
)
hostile = st.lists(pieces | st.binary(max_size=4), max_size=40).map(b"".join)


def read(data: bytes, limits: Limits = SMALL) -> tuple[Layout, list[Row]] | FeedError:
    file = io.BytesIO(data)
    try:
        layout = inspect(file, limits)
        return layout, list(rows(file, layout, limits=limits))
    except FeedError as error:
        return error


@given(st.binary(max_size=400) | hostile, st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"sep=;\n"]))
def test_any_bytes_are_rows_or_one_refusal(data: bytes, beginning: bytes) -> None:
    read(beginning + data)


REFUSALS = {"no_rows", "missing_columns", "several_tables", "unknown_encoding", "binary_file"}


@given(hostile | st.binary(max_size=200), st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]))
@settings(max_examples=300)
def test_below_a_header_any_bytes_are_rows_that_can_be_gone_on_from(data: bytes, encoding: str) -> None:
    """In UTF-16 the bytes stand below a header as they are: whatever they mean there."""
    result = read((HEADER + b"\n").decode().encode(encoding) + data)
    if isinstance(result, FeedError):
        assert result.code in {
            "no_rows",
            "missing_columns",
            "several_tables",
            "unknown_encoding",
            "binary_file",
        }
        return
    layout, whole = result
    file = io.BytesIO((HEADER + b"\n").decode().encode(encoding) + data)
    assert [row.number for row in whole] == list(range(1, len(whole) + 1))
    for done, row in enumerate(whole, 1):
        assert list(rows(file, layout, row.after, SMALL)) == whole[done:]
        assert bool(row.problem) != bool(row.cells)
        assert len(row.raw) <= 2000
        assert "\0" not in row.raw
        row.raw.encode()


# Of two and of four bytes, in halves, in bytes that put all that follows out of step, and what rows are made of
utf16_pieces = st.sampled_from(
    ["🙂", "é", "あ", "\ufeff", "\ud83d", "\ude42", ",", '"', "\n", "\r", "\r\n", "a,b,c,d,e,f,g,h\n", "🙂" * 30]
)


@given(
    st.lists(utf16_pieces | st.binary(min_size=1, max_size=3), max_size=40),
    st.sampled_from(["utf-16-le", "utf-16-be"]),
    st.sampled_from(["", "\ufeff"]),
    st.integers(1, 70),
)
@example(["🙂" * 30, b"\0", *["🙂" * 30] * 4], "utf-16-le", "", 1)  # a row that is too long
@settings(max_examples=500)
def test_utf_16_is_gone_on_with_from_every_row_by_a_mark_wherever_its_blocks_end(
    pieces: list[str | bytes], encoding: str, bom: str, block: int
) -> None:
    data = (bom + HEADER.decode() + "\n").encode(encoding) + b"".join(
        piece.encode(encoding, "surrogatepass") if isinstance(piece, str) else piece for piece in pieces
    )
    result = read(data)
    if isinstance(result, FeedError) or result[0].encoding != encoding:  # too odd to be taken for UTF-16
        return
    layout, whole = result
    file = io.BytesIO(data)
    with patch.object(lines, "BLOCK", block):
        marks = Marks()
        noted = [marks.before(row.end) for row in rows(file, layout, None, SMALL, marks)]
        for done, (row, mark) in enumerate(zip(whole, noted, strict=True), 1):
            assert 0 <= row.end - mark.offset <= 2 * (block + 3), "a block in UTF-8, with what was held back before it"
            assert list(rows(file, layout, row.after, SMALL, Marks(mark))) == whole[done:]
            assert list(rows(file, layout, None, SMALL, Marks(mark))) == whole, "a mark behind the start is passed over"
        for turn in (1, 2, 5):
            assert list(_in_turns(file, layout, turn)) == whole


def _in_turns(file: io.BytesIO, layout: Layout, turn: int) -> Iterator[Row]:
    """So many rows at a time, each time from the position and the mark that the last time noted."""
    position, mark = layout.first_row, Mark(0, 0)
    while True:
        marks = Marks(mark)
        chunk = list(islice(rows(file, layout, position, SMALL, marks), turn))
        yield from chunk
        if len(chunk) < turn:
            return
        position, mark = chunk[-1].after, marks.before(chunk[-1].end)


@given(hostile)
@settings(max_examples=300)
def test_no_line_is_dropped(data: bytes) -> None:
    """Between the ends of two rows there is the later row, blank lines before it, and nothing else."""
    data = HEADER + b"\n" + data
    result = read(data)
    if isinstance(result, FeedError):
        return
    layout, found = result
    if is_transcoded(layout.encoding):  # there offsets count the bytes of the text in UTF-8
        return
    position = layout.first_row.offset
    for row in found:
        if row.problem is None:
            lines = [part.decode(layout.encoding) for part in data[position : row.end].splitlines(keepends=True)]
            (only,) = [cells for cells in csv.reader(lines, strict=True) if any(cell.strip() for cell in cells)]
            assert only[: len(FIELDS)] == list(row.cells.values())
        else:
            assert row.raw.strip()
        position = row.end
    rest = data[position:].decode(layout.encoding, "surrogateescape")
    assert not rest.replace(",", "").replace('"', "").strip()


printable = st.characters(codec="utf-8", exclude_characters="\0")
tables = st.lists(st.lists(st.text(printable, max_size=8), min_size=8, max_size=8), min_size=1, max_size=6)


@given(
    tables,
    st.sampled_from(sorted(DELIMITERS)),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_is_read_back(
    table: list[list[str]], delimiter: str, encoding: str, end: str, quoting: int
) -> None:
    if quoting == csv.QUOTE_MINIMAL:
        end = "\r\n"  # else csv would leave a cell with the other line ends unquoted
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(FIELDS)
    for number, row in enumerate(table):
        writer.writerow([f"P{number}", *row[1:]])
    result = read(written.getvalue().encode(encoding), Limits())
    assert not isinstance(result, FeedError)
    layout, found = result
    assert layout.delimiter == delimiter
    assert [list(row.cells.values()) for row in found] == [[f"P{n}", *row[1:]] for n, row in enumerate(table)]


# Cells of what matters to a parser or to a spreadsheet, but for line ends: two lines of a row could be two rows
hostile_cells = st.text(st.sampled_from("\"',;|\t =+-@<é\ufeff\u2028\x85\x0b\x1ca1"), max_size=6)


@given(
    st.lists(st.lists(hostile_cells, min_size=8, max_size=8) | st.just(list(FIELDS)), min_size=1, max_size=6),
    st.sampled_from(sorted(DELIMITERS)),
    st.sampled_from(["utf-8", "utf-16-le"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_every_row_that_is_written_is_read_back_or_blank_or_the_header_again(
    table: list[list[str]], delimiter: str, encoding: str, quoting: int
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([FIELDS, *table, ["last"] * 8])
    result = read(written.getvalue().encode(encoding), Limits())
    assert not isinstance(result, FeedError)
    expected = [row for row in [*table, ["last"] * 8] if any(cell.strip() for cell in row)]
    for row, found in zip(expected, result[1], strict=True):
        if row == list(FIELDS):
            assert found.problem is not None
            assert found.problem.code == "repeated_header"
        elif found.problem is not None:
            assert wrapped_cell(row) or row[0].startswith("# ")
            assert found.problem.code in ("stray_quote", "commented_out")
        else:
            assert list(found.cells.values()) == row


# A text at the end, and a column without a meaning: there the rows and lines around tell whether a row is whole
ENDS = (
    ("vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity", "brand", "description"),
    ("vendor_product_id", "product_name", "category", "sku", "price", "stock_quantity", "description", "note"),
)
broken_cells = st.text(st.sampled_from("\"',;|\t =é\n\ra1"), max_size=6)


@given(
    st.lists(st.lists(broken_cells, min_size=8, max_size=8), min_size=1, max_size=5),
    st.sampled_from(ENDS),
    st.sampled_from(sorted(DELIMITERS)),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=300)
def test_rows_are_what_python_reads_whatever_they_end_with_and_can_be_gone_on_from(
    table: list[list[str]], header: tuple[str, ...], delimiter: str, quoting: int, end: str
) -> None:
    table = [[f"P{number}", *row[1:]] for number, row in enumerate(table)]
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")  # type: ignore[arg-type]
    writer.writerows([header, *table])
    data = written.getvalue().encode() if end == "\r\n" else _with_line_feeds(written.getvalue()).encode()
    result = read(data, Limits())
    if isinstance(result, FeedError):
        assert result.code == "other_quotes"
        assert any(
            cell.strip()[:1] in ("'", "|") and cell.strip()[:1] == cell.strip()[-1:] for row in table for cell in row
        )
        return
    layout, found = result
    file = io.BytesIO(data)
    expected = list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter, strict=True))[1:]
    for done, (row, own) in enumerate(zip(found, expected, strict=True), 1):
        assert list(rows(file, layout, row.after)) == found[done:]
        assert list(row.cells.values()) == own or (row.problem is not None and wrapped_cell(own))


def _with_line_feeds(text: str) -> str:
    """Rows end with LF, and cells keep their line ends: csv would leave some of those without quotes."""
    parts = text.split('"')
    return '"'.join(part if place % 2 else part.replace("\r\n", "\n") for place, part in enumerate(parts))


# What each of them can write, but for what ends lines. Hypothesis would ask of every character there is.
LETTERS = {
    encoding: "".join(sorted(set(bytes(range(256)).decode(encoding, "ignore")) - set("\0\r\n")))
    for encoding in SINGLE_BYTE
}


@given(st.data(), *[st.sampled_from(list(SINGLE_BYTE))] * 2, st.sampled_from(sorted(DELIMITERS)))
def test_a_wrong_guess_of_a_legacy_encoding_loses_no_byte(
    data: st.DataObject, encoding: str, guess: str, delimiter: str
) -> None:
    """Letters are wrong then, which the note warns of; but cells stay apart, and what was guessed leads back."""
    cells = st.text(LETTERS[encoding], max_size=12)
    table = data.draw(st.lists(st.lists(cells, min_size=8, max_size=8), min_size=1, max_size=4))
    table = [["first"] * 8, *[["x", *row[1:]] for row in table]]  # none of them blank in any encoding
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([FIELDS, *table])
    file = io.BytesIO(written.getvalue().encode(encoding))
    start = Position(written.getvalue().index('"first"'), 0)
    layout = Layout(guess, delimiter, FIELDS, map_headers(FIELDS), start, ())
    for row, found in zip(table, rows(file, layout), strict=True):
        if found.problem is None:
            assert [cell.encode(guess) for cell in found.cells.values()] == [cell.encode(encoding) for cell in row]
        else:
            assert found.problem.code == "invalid_encoding"
            assert encoding != guess


@given(hostile, st.sampled_from(sorted(DELIMITERS)), st.sampled_from(["utf-8", "utf-16-le", "cp1252"]))
@settings(max_examples=300)
def test_whatever_the_delimiter_and_encoding_every_line_is_in_one_row(
    data: bytes, delimiter: str, encoding: str
) -> None:
    """The bytes between the ends of two rows are the text of the later row, and blank lines."""
    text = data.replace(b",", delimiter.encode()).decode("cp1252", "replace")
    text = HEADER.decode().replace(",", delimiter) + "\n" + text + "\n" + delimiter.join(["é"] * 8)
    result = read(text.encode(encoding, "replace"))
    if isinstance(result, FeedError):
        return
    layout, found = result
    stored = text.encode("utf-8" if encoding == "utf-16-le" else encoding, "replace")
    codec = "utf-8" if layout.encoding.startswith("utf-16") else layout.encoding
    position = layout.first_row.offset
    for row in found:
        between = stored[position : row.end].decode(codec, "backslashreplace").replace("\0", "␀")
        if row.problem is not None:
            assert between.rstrip("\r\n").endswith(row.raw[-100:])
            skipped = between[: between.rindex(row.raw)]
        else:
            skipped = between[: min(between.find(cell) for cell in row.cells.values() if cell.strip())]
            skipped = "".join(skipped.splitlines(keepends=True)[:-1])
        assert not skipped.replace(delimiter, "").replace('"', "").strip()
        position = row.end
    assert position == len(stored)


@given(hostile, st.sampled_from(["utf-8", "utf-16-le"]))
@settings(max_examples=200)
def test_no_line_above_the_header_is_skipped_without_a_word(data: bytes, encoding: str) -> None:
    above = data.decode("cp1252", "replace") + "\n"
    text = above + HEADER.decode() + "\n" + ",".join(["last"] * 8)
    result = read(text.encode(encoding), Limits())
    if isinstance(result, FeedError):
        assert above.strip(' \t\r\n,;|"')
        return
    layout, found = result
    above = text.encode()[: layout.first_row.offset].decode().rstrip("\r\n")
    *lines, _ = re.split(r"\r\n|\n|\r", above)
    if '"' not in above and not all(char.isspace() or char in ",;|\ufeff" for char in "".join(lines)):
        assert any("above the header skipped" in note for note in layout.notes)
    assert found


@example(["", "0"], {"vendor_product_id": "0", "product_name": "0"}, [])
@given(
    tables.map(lambda table: [cell for row in table for cell in row]),
    st.none() | st.dictionaries(st.sampled_from([*FIELDS, "colour"]), st.text()),
    tables,
)
def test_any_headers_can_be_mapped(
    headers: list[str], remembered: dict[str, str] | None, samples: list[list[str]]
) -> None:
    mapping, names = map_headers(headers, remembered, samples), name_headers(headers)
    unclear = [name for could_be in mapping.unclear.values() for name in could_be]
    assert sorted([*mapping.fields.values(), *mapping.ignored, *unclear]) == sorted(names)
    assert not set(mapping.missing) & {*mapping.fields, *mapping.unclear}
    asked = questions(mapping, names, samples)
    assert [one.field for one in asked] == list(mapping.unclear)
    answers = {one.id: one.choices[-1].value for one in asked}
    assert not answered(mapping, names, answers).unclear
