"""A sheet's part → its rows of text, one after the other. SpreadsheetML by expat, in constant memory.

Part 18.3 of ECMA-376 part 1, as programs write it: rows and cells may leave out where they are, names may have a
prefix, a value may be of any type. Each cell becomes the text that people see. An error is its word (#N/A). A formula
whose result wasn't saved is UNSAVED.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from uploads.feed.lines import NUMBER, FeedError, Limits
from uploads.feed.sheets.budget import Budget, too_large
from uploads.feed.sheets.codes import around_text
from uploads.feed.sheets.numbers import Show, formatter
from uploads.feed.sheets.parts import TRUE, Book, Depth, TextPieces, Texts, damaged, parsed, unescaped, xml_parser

UNSAVED: Final = "#FORMULA!"  # no error word of a spreadsheet
MAX_READY: Final = 8_000_000  # characters of the rows in a piece of XML: the largest of cells, and nothing else
LAST_ROW: Final = 1_048_576  # of any sheet
_DIGITS: Final = "0123456789"
_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})?T?([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?(?:\.[0-9]+)?Z?")
_RANGE: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?")


class Row(NamedTuple):
    """A row with something in it. `number` is the sheet's own, from 1."""

    number: int
    hidden: bool
    cells: list[str]


class Merge(NamedTuple):
    """Cells of one column, counted from 0, that were merged from a row down to another."""

    column: int
    first: int
    last: int


class Styles:
    """How cells of each style show numbers and texts; worked out once for each format that occurs."""

    def __init__(self, codes: list[str], book: Book) -> None:
        self._codes, self._since_1904 = codes, book.since_1904
        self._by_code: dict[str, Style] = {}
        self._found: dict[str, Style] = {}
        self.get = self._found.get
        """The style of that number, once `find` has found it."""

    def find(self, number: str) -> "Style":
        place = int(number) if number.isascii() and number.isdigit() and len(number) <= 5 else len(self._codes)
        code = self._codes[place] if place < len(self._codes) else ""
        style = self._by_code.get(code)
        if style is None:
            around = around_text(code) if "@" in code else ("", "")
            style = self._by_code[code] = Style(formatter(code, since_1904=self._since_1904), *around)
        if number == str(place) and place < len(self._codes):  # so that there are no more than styles
            self._found[number] = style
        return style


class Style(NamedTuple):
    """How a cell shows a stored number, and what it shows before and behind a text."""

    show: Show
    before: str
    behind: str


class SheetRows:
    """Reads the rows of one sheet; what it says about the sheet as a whole is complete once they are all read."""

    def __init__(self, texts: Texts, styles: Styles, book: Book, limits: Limits, budget: Budget) -> None:
        self.hidden_columns: set[int] = set()
        """Counted from 1; also such as have nothing in them."""
        self.used_columns: set[int] = set()
        self.merges: list[Merge] = []
        self.filtered = False
        """Whether a filter is at work."""
        self._texts, self._styles, self._book, self._limits, self._budget = texts, styles, book, limits, budget
        self._longest = limits.max_cell_chars + 1  # the parser refuses one that has so many
        self._ready: list[Row] = []
        self._waiting = 0  # characters in these
        self._text = TextPieces(self._longest)
        self._pieces = self._text.pieces
        self._parser = xml_parser()
        self._tags: dict[str, str] = {}
        self._columns: dict[str, int] = {}
        self._first = self._row = self._column = self._chars = 0
        self._depth = Depth()
        self._cells: list[str] = []
        self._hidden = self._placed = self._formula = False
        self._type, self._style = "n", "0"
        self._value: str | None = None

    def rows(self, chunks: Iterable[bytes]) -> Iterator[Row]:
        """Those with something in them, in their order. Raises FeedError."""
        parser, begun = self._parser, False
        parser.StartElementHandler, parser.EndElementHandler = self._outside, self._depth.up
        parser.CharacterDataHandler = self._pieces.append
        for _ in parsed(parser, chunks, self._depth):
            self._text.bound()
            yield from self._ready
            self._ready.clear()
            self._waiting = 0
            begun = True
        if not begun:
            raise damaged()

    # Around the rows

    def _outside(self, name: str, attributes: dict[str, str]) -> None:
        self._depth.now += 1
        tag = self._tag(name)
        if tag == "sheetData":
            self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end
        elif tag == "col":
            self._note_hidden_columns(attributes)
        elif tag == "filterColumn" or (tag == "sheetPr" and attributes.get("filterMode") in TRUE):
            self.filtered = True
        elif tag == "mergeCell":
            self._note_merge(attributes.get("ref", ""))

    def _note_hidden_columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in TRUE or attributes.get("width") in ("0", "0.0"):
            first, last = _number(attributes.get("min")) or 0, _number(attributes.get("max")) or 0
            self.hidden_columns.update(range(first, min(last, self._limits.max_columns) + 1))

    def _note_merge(self, reference: str) -> None:
        found = _RANGE.fullmatch(reference)
        if not found or not found[4] or int(found[4]) <= int(found[2]):
            return
        self._budget.merge()
        self.merges.append(Merge(_letters(found[1]) - 1, int(found[2]), int(found[4])))

    # In the rows

    def _tag(self, name: str) -> str:
        """The name without its prefix; remembered, since there are few."""
        tag = self._tags.get(name)
        if tag is None:
            tag = name.rpartition(":")[2]
            if len(self._tags) < 100:
                self._tags[name] = tag
        return tag

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth.now += 1
        tag = self._tags.get(name) or self._tag(name)
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "v":
            self._pieces.clear()
        elif tag == "row":
            self._start_row(attributes)
        elif tag == "f":
            self._formula = True
        elif tag == "is":
            self._text.take()
        else:
            self._text.start(tag)

    def _end(self, name: str) -> None:
        self._depth.now -= 1
        tag = self._tags.get(name) or self._tag(name)
        if tag == "c":
            if self._value is not None or self._formula or self._text.runs:
                self._place(self._shown(self._value))
        elif tag == "v":
            self._value = "".join(self._pieces)
        elif tag == "row":
            self._end_row()
        elif tag == "sheetData":
            self._parser.StartElementHandler, self._parser.EndElementHandler = self._outside, self._depth.up
        else:
            self._text.end(tag)

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = _number(attributes.get("r"))
        self._placed = number is not None
        if number is not None and number <= self._row:
            raise damaged()  # rows that are out of order, or twice
        self._row = self._row + 1 if number is None else number
        self._hidden = attributes.get("hidden") in TRUE or attributes.get("ht") in ("0", "0.0")
        self._column = self._chars = 0
        self._cells = []

    def _start_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        if reference:
            letters = reference.rstrip(_DIGITS)
            column = self._columns.get(letters)
            self._column = column or self._new_column(letters)
            if not self._placed:  # a row that doesn't say its number, with cells that do
                self._place_row(reference[len(letters) :])
        else:
            self._column += 1
        self._type, self._style = attributes.get("t", "n"), attributes.get("s", "0")
        self._value, self._formula = None, False

    def _new_column(self, letters: str) -> int:
        if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
            raise damaged()
        self._columns[letters] = _letters(letters)
        return self._columns[letters]

    def _place_row(self, digits: str) -> None:
        number = _number(digits) or self._row
        if number < self._row:
            raise damaged()
        self._row, self._placed = number, True

    def _place(self, text: str) -> None:
        """Put a cell where it belongs in its row. What comes behind one that makes the row too long isn't kept."""
        if not text or self._chars > self._limits.max_row_chars:
            return
        self._chars += len(text)
        column, cells = self._column, self._cells
        if column > self._limits.max_columns:
            most = f"{self._limits.max_columns:,}"
            message = f"The sheet has something in more than {most} columns. Delete those that are not for us."
            raise FeedError("too_many_columns", message)
        if column == len(cells) + 1:
            cells.append(text)
            return
        if column > len(cells):
            cells.extend([""] * (column - len(cells)))
        cells[column - 1] = text

    def _end_row(self) -> None:
        cells = self._cells
        if not any(cell.strip() for cell in cells):
            return
        self._first = self._first or self._row
        if self._row - self._first > self._limits.max_rows:
            raise FeedError("too_many_rows", f"The sheet has more than {self._limits.max_rows:,} rows. Split it.")
        if self._row > LAST_ROW:
            raise damaged()
        self._budget.read(len(cells))
        self._waiting += self._chars
        if self._waiting > MAX_READY:
            raise too_large()
        if self.hidden_columns:
            self.used_columns.update(place for place, cell in enumerate(cells, start=1) if cell)
        self._ready.append(Row(self._row, self._hidden, cells))

    # A cell

    def _shown(self, value: str | None) -> str:
        """The cell at hand as people see it."""
        kind = self._type
        if self._formula and self._is_unsaved(value):
            return UNSAVED
        style = self._styles.get(self._style) or self._styles.find(self._style)
        if kind == "n" and value is not None:
            return style.show(value) if value else ""
        if kind == "b":
            return "" if not value else "TRUE" if value.strip() in TRUE else "FALSE"
        if kind == "d":
            return _moment(value or "")
        if kind == "s":
            text = self._shared(value) if value else ""
        elif self._text.runs:  # inlineStr, whatever it calls itself
            text = self._text.take()
        else:  # str, e, and whatever comes
            text = unescaped(value or "")[: self._longest]
        if (style.before or style.behind) and text and kind != "e":
            text = f"{style.before}{text}{style.behind}"
        return text.lstrip(NUMBER) if text[:1] == NUMBER else text  # only numbers are marked as such

    def _shared(self, number: str) -> str:
        number = number.strip()
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise damaged()
        return self._texts.get(int(number))

    def _is_unsaved(self, value: str | None) -> bool:
        """Whether a formula's result isn't in the file. An empty text that was saved is a result; so is 0, but where
        all results are worked out when the file is opened, programs write it for any."""
        if not value:
            return not (value == "" and self._type == "str")
        return value == "0" and self._type == "n" and self._book.recalculates


def _moment(text: str) -> str:
    """An ISO 8601 date, time or both, as a cell of type d has it; a day alone where it is midnight."""
    found = _MOMENT.fullmatch(text.strip())
    if not found or not (found[1] or found[2]):
        return text
    time = f"{found[2]}:00"[:8] if found[2] else ""
    return " ".join(filter(None, (found[1], time if not found[1] or time != "00:00:00" else "")))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 7 else None


def _letters(column: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in column.upper():
        number = number * 26 + ord(letter) - 64
    return number
