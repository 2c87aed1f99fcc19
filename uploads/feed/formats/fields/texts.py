"""Name, brand and description of a row: of its own or of its head, the name with its options, HTML as text."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from uploads.feed.formats.fields.cells import found_reader
from uploads.feed.formats.fields.shown import gtin_reader, picture_reader
from uploads.feed.formats.fields.step import NO_CELLS, Cells, Open, Step, Values
from uploads.feed.formats.made import with_options
from uploads.feed.formats.model import Plan
from uploads.feed.formats.texts import one_line, text_reader

PLAIN: Final = ("gtin", "image_url", "action")  # fields that are read as they stand, in lists of the vendor's own


def text_readers(plan: Plan) -> list[Step]:
    """Of those that the file has columns for."""
    makers: dict[str, Callable[[Plan], Step]] = {
        "product_name": _name_reader,
        "brand": partial(_plain_reader, "brand"),
        "description": _description_reader,
    }
    makers |= {meant: partial(_plain_reader, meant) for meant in PLAIN}
    if plan.format:
        makers |= {"gtin": gtin_reader, "image_url": picture_reader}
    return [make(plan) for meant, make in makers.items() if plan.columns.get(meant)]


def options_reader(plan: Plan) -> Callable[[Cells], list[str]]:
    """The values of a row's options."""
    columns, no_options = plan.options, frozenset(plan.option_words)
    values_in = re.compile(plan.option_values).findall if plan.option_values else None

    def read(cells: Cells) -> list[str]:
        found: list[str] = []
        for column in columns:
            cell = cells.get(column)
            if not cell or not (cell := cell.strip()):
                continue
            if values_in:
                texts = (text for one in values_in(cell) if (text := one.strip()))
                found += [text for text in texts if text.casefold() not in no_options]
            elif cell.casefold() not in no_options:
                found.append(cell)
        return found

    return read


def _name_reader(plan: Plan) -> Step:
    cell_of, options_of = found_reader(plan, "product_name"), options_reader(plan)
    html, of_heads, of_variants, has_options = (
        plan.html, plan.names_of_heads, plan.options_of_variants, bool(plan.options)
    )  # fmt: skip

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        cell, inherited = cell_of(NO_CELLS if of_heads and head is not None else cells, head)
        name = one_line(cell) if html and ("<" in cell or "&" in cell or "\n" in cell) else cell
        if name and has_options and (head is not None or not of_variants) and (options := options_of(cells)):
            name = with_options(name.strip(), options, always=inherited)
        values["product_name"] = name
        if inherited or name != cell:
            derived.append("product_name")

    return read


def _plain_reader(meant: str, plan: Plan) -> Step:
    cell_of = found_reader(plan, meant)

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        values[meant], inherited = cell_of(cells, head)
        if inherited:
            derived.append(meant)

    return read


def _description_reader(plan: Plan) -> Step:
    cell_of, as_text = found_reader(plan, "description"), text_reader(html=plan.html, escapes=plan.escapes)

    def read(cells: Cells, head: Cells | None, values: Values, derived: list[str], asked: Open) -> None:
        cell, inherited = cell_of(cells, head)
        text = as_text(cell) if cell else ""
        values["description"] = text
        if inherited or text != cell:
            derived.append("description")

    return read
