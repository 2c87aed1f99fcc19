"""Made-up files for the readers, by the hundred thousand: `make fuzz`.

atheris changes inputs towards code that none has reached yet. Whatever an input is, its reader gives rows or one
FeedError; rows read on from the middle are those that were read from the start; what goes through JSON comes back as it
was; and nothing takes long. An input that shows otherwise stays in var/fuzz; the small ones that were found and fixed
are in corpus/, and each test run tries them again.
"""

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Final

from catalog.rules.fields import FIELDS
from catalog.rules.validator import Rules, validate
from tests.uploads.feed.costs import costly
from uploads.feed import parser, prices, workbook
from uploads.feed.apart import reader
from uploads.feed.header import Layout
from uploads.feed.lines import FeedError, Limits, is_transcoded
from uploads.feed.sheets.codes import sections_of
from uploads.feed.sheets.numbers import formatter
from uploads.feed.shops import as_meant, shop_of

CORPUS: Final = Path(__file__).parent / "corpus"
FOUND: Final = Path("var/fuzz")
LONGEST: Final = 16_384  # bytes of an input
SECONDS: Final = 5.0  # of CPU time for one, watched as they are: a hundred times what they take
LIMITS: Final = Limits(max_row_chars=8_000, max_cell_chars=2_000, max_columns=100, max_rows=2_000)
QUESTION: Final = reader.Question(LIMITS, vendor=prices.Vendor("Acme", "USD"), first=20)
RULES: Final = Rules.from_names(["Home", "Garden & Tools"], ["Old"])
PARTS: Final = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")
BETWEEN: Final = b"\0\0"  # the parts of a workbook, or the cells of a row, in an input
WORDS: Final = (
    b'"', b'""', b'","', b"\r\n", b"sep=;", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x1e", b"\x1f", BETWEEN,
    b"price", b"sku", b"error_code", b"catalog_updated_at", b"<row r=", b'<c t="s"', b'<c t="inlineStr"><is><t>',
    b"<v>", b"</v></c>", b"</row>", b"<f/>", b'<mergeCell ref="A1:A9"/>', b'<col min="1" max="9" hidden="1"/>',
    b"<si><t>", b"</t></si>", b"<rPh>", b'<numFmt numFmtId="9" formatCode="', b"&quot;", b"_x000D_", b"General",
    b"[$EUR-407]", b"# ?/?", b"[h]:mm", b"1E-9",
)  # fmt: skip


class Wrong(AssertionError):
    """What must not be."""


def one(data: bytes) -> None:
    """Try one input; its first byte says what it is."""
    if not data:
        return
    started = time.process_time()
    try:
        TARGETS[data[0] % len(TARGETS)](data[1:])
    except FeedError as refused:
        if not refused.message or refused.code == "":
            raise Wrong("A refusal that says nothing") from refused
    if time.process_time() - started > SECONDS:
        raise Wrong("It took too long")


def text(data: bytes, sheet: str = "") -> None:
    file = io.BytesIO(data)
    question = reader.Question(LIMITS, vendor=QUESTION.vendor, first=20, sheet=sheet)
    found = reader.look(file, question)
    layout = Layout.from_json(json.loads(json.dumps(found.layout.to_json())))
    if layout != found.layout or [
        reader._row(json.loads(json.dumps(reader._as_json(row)))) for row in found.rows
    ] != list(found.rows):
        raise Wrong("Not the same behind JSON")
    if not layout.mapping.complete:
        return
    rows = list(parser.rows(file, layout, limits=LIMITS))
    shop = shop_of(layout.headers)
    for row in rows[:50]:
        if row.cells:
            values = {field: row.cells[header] for field, header in layout.mapping.fields.items()}
            validate(as_meant(values, shop), RULES, frozenset(), "USD")
    middle = len(rows) // 2
    if rows and not is_transcoded(layout.encoding):
        rest = list(parser.rows(file, layout, rows[middle].after, LIMITS))
        if rest != rows[middle + 1 :]:
            raise Wrong("Other rows when read on")


def chosen(data: bytes) -> None:
    """A text that a person decides about: columns, encoding, answers."""
    first, *others = data.split(BETWEEN)
    answers = {"currency": "EUR", "encoding": "cp1252"}
    reading = parser.Reading(answers=answers)
    found = reader.look(io.BytesIO(BETWEEN.join(others)), reader.Question(LIMITS, reading=reading))
    columns = tuple(("", *FIELDS)[byte % (len(FIELDS) + 1)] for byte in islice(first, len(found.layout.headers)))
    reading = parser.Reading(columns=columns, shape=found.layout.shape, answers=answers)
    reader.look(io.BytesIO(BETWEEN.join(others)), reader.Question(LIMITS, reading=reading, first=5))


def book(data: bytes) -> None:
    """A workbook by its parts."""
    out, good = io.BytesIO(), zipfile.ZipFile(io.BytesIO(_GOOD))
    given = dict(zip(PARTS, data.split(BETWEEN), strict=False))
    with zipfile.ZipFile(out, "w") as archive:
        for name in good.namelist():
            archive.writestr(name, given.get(name) or good.read(name))
    archived(out.getvalue())


def archived(data: bytes) -> None:
    """A workbook as it is, and the text of its sheet."""
    with workbook.as_csv(io.BytesIO(data), LIMITS, workbook.Size(4_000_000)) as sheet:
        if sheet is not None:
            json.dumps(asdict(sheet.about))
            text(sheet.file.read(), sheet.name or "?")


def formats(data: bytes) -> None:
    """A number format and a number."""
    code, _, number = data.decode("utf-8", "replace").partition("\0\0")
    sections_of(code)
    shown = formatter(code)(number)
    if len(shown) > 1_000 + len(number):
        raise Wrong("A number that takes a page")


def cells(data: bytes) -> None:
    """The cells of a row."""
    given = [cell.decode("utf-8", "surrogatepass") if _decodes(cell) else "" for cell in data.split(BETWEEN)]
    draft, problems = validate(dict(zip(FIELDS, given, strict=False)), RULES, frozenset(FIELDS[:1]), "USD")
    if draft is None and not problems:
        raise Wrong("A row that is nothing, for no reason")


def _decodes(cell: bytes) -> bool:
    try:
        cell.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


TARGETS: Final[tuple[Callable[[bytes], None], ...]] = (text, text, chosen, book, book, archived, formats, cells)


def _good() -> bytes:
    """A workbook whose parts have the names that PARTS have."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(costly.book([costly.GOOD], texts=costly.LONG[:900] + "</t></si>"))) as source:
        renamed = {"xl/sheet0.xml": PARTS[0], "xl/texts.xml": PARTS[1]}
        with zipfile.ZipFile(out, "w") as archive:
            for name in source.namelist():
                content = source.read(name).replace(b"sheet0.xml", b"worksheets/sheet1.xml")
                archive.writestr(renamed.get(name, name), content.replace(b"texts.xml", b"sharedStrings.xml"))
    return out.getvalue()


_GOOD: Final = _good()


def seeds() -> list[bytes]:
    """What inputs begin with: small ones of each kind."""
    found = [bytes([0]) + costly.text(name, 300)[:2_000] for name in costly.TEXTS]
    found += [bytes([2, 1, 2, 3, 4, 5, 6, 7, 8]) + BETWEEN + costly.START.encode()]
    with zipfile.ZipFile(io.BytesIO(_GOOD)) as archive:
        found.append(bytes([3]) + BETWEEN.join(archive.read(name) for name in PARTS))
    found += [
        bytes([5]) + _GOOD,
        b"\x06#,##0.00;[Red]-0.00\0\x001299.5",
        b"\x07" + BETWEEN.join([b"1", b"Lamp", b"Home"]),
    ]
    return found


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main(seconds: int) -> None:
    import atheris  # reason: only who fuzzes has it

    inputs = FOUND / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (inputs / f"seed-{number}").write_bytes(seed)
    words = FOUND / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in WORDS), encoding="ascii")
    atheris.instrument_all()
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        f"-dict={words}",
        f"-artifact_prefix={FOUND}/found-",
    ]
    options += ["-rss_limit_mb=1000", "-timeout=30", "-print_final_stats=1", str(inputs), str(CORPUS)]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]))
