"""Which currency a file's prices are in: what stands beside them over the whole file, before its first row is staged.

Marks come from the header of the price column (`Price (EUR)`), from a column for the currency, and from the cells
themselves (`10,99 €`). Where all of them can be the vendor's currency, that is what the prices are in, as it is where
nothing says a currency at all. Where all can be another one, it is a question to a person; where no currency fits all,
the file is refused. A file that we handed out says what its prices are in, and is believed.

Whatever this look finds, each row is held against the answer again when it is validated.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, NamedTuple

from catalog.rules import currencies
from catalog.rules.in_currency import codes_in, marks_of
from catalog.rules.problems import ngettext
from uploads.feed.columns import short
from uploads.feed.header import Layout, is_blank
from uploads.feed.lines import HIDDEN, FeedError, Limits, blocks, codec, physical_lines, unmarked
from uploads.feed.parser import rows
from uploads.feed.questions import Choice, Question, answer_to
from uploads.feed.sheets.handed_out import CURRENCY_COLUMN, column_in, is_export

QUESTION = "currency"


class Vendor(NamedTuple):
    """Whose prices these are, and what they are in unless they say otherwise (ISO 4217)."""

    name: str
    currency: str


_Cells = tuple[str, str, int]  # the price, what the column for the currency has, and the line


@dataclass
class _Seen:
    """How many rows have a mark, and the line of the first."""

    rows: int
    line: int


@dataclass
class Tally:
    """What the rows say: the currencies that a mark can mean → where it stands. There are at most as many marks as the
    table of currencies has. `silent` counts prices without any."""

    marks: dict[frozenset[str], _Seen] = field(default_factory=dict)
    silent: int = 0

    def note(self, price: str, currency: str, line: int) -> None:
        if not currency and price.replace(",", "").replace(".", "").isdigit():  # nearly all
            self.silent += 1
            return
        beside = marks_of(price)
        found = {codes for codes in (beside, codes_in(currency)) if codes}
        for codes in found:
            self.marks.setdefault(codes, _Seen(0, line)).rows += 1
        if not found and beside is not None:
            self.silent += 1


class _IrregularError(Exception):
    """A row that csv alone doesn't read as the parser does."""


def with_currency(
    file: BinaryIO, layout: Layout, limits: Limits, vendor: Vendor, found: "Tally | None" = None
) -> Layout:
    """The layout with the currency of its prices, or with the question about it if its answers have none.

    Reads the file once, unless what its rows say was `found` already. Single rows of a known format may be in another
    currency. Raises FeedError("mixed_currencies").
    """
    fields = layout.mapping.fields
    if "price" not in fields:
        return layout
    if is_export(layout.headers) and "currency" in fields:
        return replace(layout, currency=vendor.currency, currency_in_rows=True)
    ours = column_in(layout.headers, CURRENCY_COLUMN)
    tally = found or tallied(file, layout, limits, ours or fields.get("currency", ""))
    header = currencies.of_header(fields["price"])
    told = [*tally.marks, *([header] if header else [])]
    if all(vendor.currency in codes for codes in told):
        return replace(layout, currency=vendor.currency)
    fitting = frozenset.intersection(*told)
    by_row = found is not None and not (layout.plan and layout.plan.own_list)
    if not fitting and not by_row:
        raise _mixed(layout, tally, header)
    if not fitting:  # each row says its own, and is an error where that isn't what the others are in
        if any(vendor.currency in codes for codes in told):
            return replace(layout, currency=vendor.currency)
        fitting = frozenset.union(*told)
    if ours and len(fitting) == 1:
        return replace(layout, currency=min(fitting))
    question = _question(layout, tally, fitting, vendor, all_say=bool(header) or not tally.silent)
    if answer := answer_to(question, layout.answers):
        return replace(layout, currency=answer)
    return replace(layout, questions=(*layout.questions, question))


# --- asking and refusing ---------------------------------------------------------------------------------------


def _question(layout: Layout, tally: Tally, fitting: frozenset[str], vendor: Vendor, *, all_say: bool) -> Question:
    """Which of the currencies that fit; the vendor's own too where there are prices that say none."""
    name, own, codes = short(vendor.name), vendor.currency, currencies.in_order(fitting)
    count = sum(seen.rows for seen in tally.marks.values())
    if all_say:
        said = f"The prices are in {currencies.named(fitting)}, but the currency of {name} is {own}."
        choices = [Choice(code, f"{code} – {currencies.CURRENCIES[code]}", count) for code in codes]
    else:
        first = min(seen.line for seen in tally.marks.values())
        prices = ngettext("{:,} price is", "{:,} prices are", count).format(count)
        others = ngettext("{:,} names no currency", "{:,} name no currency", tally.silent).format(tally.silent)
        said = (
            f"{prices} in {currencies.named(fitting)} (first in {_place(layout)} {first:,}), {others}, and that of "
            f"{name} is {own}."
        )
        choices = [Choice(code, f"{code} – all prices are in {code}", count) for code in codes]
        choices.append(Choice(own, f"{own} – prices that name none are; the others become errors", tally.silent))
    text = f"{said} Which currency is right? Otherwise send a file with all prices in {own}."
    return Question(QUESTION, "currency", "price", text, tuple(choices), codes[0], count)


def _mixed(layout: Layout, tally: Tally, header: frozenset[str]) -> FeedError:
    """All that the marks say, the most frequent first."""
    found = sorted(tally.marks.items(), key=lambda mark: (-mark[1].rows, mark[1].line))
    said = [f"{currencies.named(codes)} ({_where(layout, seen)})" for codes, seen in found[:5]]
    if header:
        said.insert(0, f"{currencies.named(header)} (in the header “{short(layout.mapping.fields['price'])}”)")
    message = f"The prices are in different currencies: {', '.join(said[:-1])} and {said[-1]}."
    return FeedError("mixed_currencies", f"{message} Send each currency in a file of its own.")


def _where(layout: Layout, seen: _Seen) -> str:
    place = f"{_place(layout)} {seen.line:,}"
    return f"1 row, in {place}" if seen.rows == 1 else f"{seen.rows:,} rows, from {place} on"


def _place(layout: Layout) -> str:
    return "row" if layout.sheet else "line"


# --- looking ---------------------------------------------------------------------------------------------------


def tallied(file: BinaryIO, layout: Layout, limits: Limits, currency_column: str) -> Tally:
    """What all rows say; `currency_column` is the header of the one beside the price, or "".

    Most files are read by csv alone, which takes half of the parser's time. One with a stray quote, or with an open one
    that may have swallowed rows, is read once more, by the parser.
    """
    try:
        return _tally(_cells(file, layout, limits, currency_column))
    except (_IrregularError, csv.Error):
        price = layout.mapping.fields["price"]
        found = (row for row in rows(file, layout, limits=limits) if row.cells)
        return _tally((row.cells[price], row.cells.get(currency_column, ""), row.line) for row in found)


def _tally(cells: Iterable[_Cells]) -> Tally:
    tally = Tally()
    for price, currency, line in cells:
        tally.note(price, currency, line)
    return tally


def _cells(file: BinaryIO, layout: Layout, limits: Limits, currency_column: str) -> Iterator[_Cells]:
    """Of each row, by csv alone. Raises _IrregularError and csv.Error."""
    headers = layout.headers
    width, price = len(headers), headers.index(layout.mapping.fields["price"])
    currency = headers.index(currency_column) if currency_column else None
    chars = 0  # of the row at hand

    def texts() -> Iterator[str]:
        nonlocal chars
        encoding = codec(layout.encoding)
        for line, _ in physical_lines(blocks(file, layout.encoding, layout.first_row.offset), limits.max_row_chars):
            text = line.decode(encoding, "replace")
            chars += len(text)
            if chars > limits.max_row_chars:
                raise _IrregularError
            yield text

    reader = csv.reader(texts(), delimiter=layout.delimiter, strict=True, quoting=layout.quoting)
    line, read, needed = layout.first_row.line + 1, 0, max(price, currency or 0)
    for came in reader:
        cells = _of_sheet(came, layout, needed) if layout.sheet else came
        several = reader.line_num - read > 1
        if len(cells) != width and several:
            raise _IrregularError  # an open quote may have swallowed rows
        if len(cells) > needed and (len(cells) <= width or is_blank(cells[width:])):
            yield cells[price], "" if currency is None else cells[currency], line
        line += 1 if layout.sheet else reader.line_num - read  # of a sheet, each record is a row
        chars, read = 0, reader.line_num


def _of_sheet(cells: list[str], layout: Layout, needed: int) -> list[str]:
    """The cells of a row, as the parser reads those that are looked at; none of one that is left out."""
    if layout.leaves_out_hidden and cells and cells[0][:1] == HIDDEN:
        return []
    return [*map(unmarked, cells[: needed + 1]), *cells[needed + 1 :]]
