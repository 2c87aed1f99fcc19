"""A file of a known format: its plan, by its columns and first rows, and what its rows leave open, by a look at them.

All rows are looked at where an upload is opened, and the first PREVIEW_ROWS where somebody waits for a page. Rows are
gone through twice: first for the heads of their groups, then for what each means. Memory is bounded: heads go to disk
(kept_heads.py), and what is counted is bounded in itself (survey.py).
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from uploads.feed import parser, prices
from uploads.feed.apart.kept_heads import OnDisk
from uploads.feed.columns import QUESTION_IDS, ColumnMapping, mapped
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Head, Heads
from uploads.feed.formats.model import Plan
from uploads.feed.formats.plan import in_order, plan_for
from uploads.feed.formats.ruled import ValueRules, meant
from uploads.feed.formats.survey import Survey
from uploads.feed.header import Layout, ignored_notes
from uploads.feed.lines import Limits
from uploads.feed.parser import Row
from uploads.feed.sheets.handed_out import CURRENCY_COLUMN, column_in, has_guarded_cells

SAMPLES: Final = 200  # rows that a plan is made from
PREVIEW_ROWS: Final = 2_000


class Understood(NamedTuple):
    """The layout with its plan and all questions, the first rows, and the heads of those that have one, by number; how
    many rows that were looked at are left out, by their reason."""

    layout: Layout
    rows: tuple[Row, ...]
    heads: dict[int, Head]
    left_out: dict[str, int]


def understood(
    file: BinaryIO,
    layout: Layout,
    limits: Limits,
    categories: Categories,
    vendor: prices.Vendor | None = None,
    first: int = 0,
    *,
    rules: ValueRules | None = None,
    whole: bool = False,
) -> Understood:
    """`rules` are the vendor's own.

    Raises what reading rows raises. The file is left anywhere.
    """
    most = None if whole else max(first, PREVIEW_ROWS)

    def rows() -> Iterator[Row]:
        came = islice(parser.rows(file, layout, limits=limits), most)
        return map(parser.unguarded, came) if has_guarded_cells(layout.headers) else came

    samples = [row.cells for row in islice(rows(), SAMPLES) if row.problem is None]
    plan, questions = plan_for(layout.headers, samples, layout.answers, layout.mapping)
    others = tuple(one for one in layout.questions if one.id not in QUESTION_IDS)
    layout = replace(layout, plan=plan, mapping=mapping_of(layout, plan))
    read, ours = 0, column_in(layout.headers, CURRENCY_COLUMN)
    survey, tally, kept = Survey(plan, categories), prices.Tally(), dict[int, Head]()
    with OnDisk() as on_disk:
        heads = Heads(plan, on_disk)
        if plan.group:
            for row in rows():
                if row.problem is None:
                    heads.note(row.number, row.cells)
        for row in rows():
            read += 1
            if row.problem is not None:
                continue
            head = heads.of(row.number, row.cells) if plan.group else None
            if head and row.number <= first:
                kept[row.number] = head
            meaning = meant(row.cells, row.numeric, plan, categories, head, row.number, rules)
            survey.note(meaning)
            if not meaning.left_out and "price" in meaning.values:
                currency = row.cells.get(ours) or meaning.values.get("currency") or ""
                tally.note(meaning.values["price"] or "", currency, row.line)
    if vendor:
        layout = prices.with_currency(file, layout, limits, vendor, tally)
    about_prices = tuple(one for one in layout.questions if one.id == prices.QUESTION)
    return Understood(
        replace(
            layout,
            questions=in_order([*others, *questions, *survey.questions(), *about_prices]),
            notes=(*layout.notes, *plan.said, *survey.said(of_first=read == most), *ignored_notes(layout.mapping)),
        ),
        tuple(islice(parser.rows(file, layout, limits=limits), first)),
        kept,
        survey.left_out,
    )


def mapping_of(layout: Layout, plan: Plan) -> ColumnMapping:
    """The first column of each field, for all who show or correct a cell. Nothing is missing: what has no column is
    asked, or made of others."""
    fields = {meant: found[0] for meant, found in plan.columns.items() if found}
    used = [header for found in plan.columns.values() for header in found]
    used += [*plan.options, *plan.pictures, *plan.flags, plan.handle, plan.surcharge, plan.tracker]
    used += [rule.column for rule in plan.rules]
    if plan.group:
        used += [plan.group.refers, plan.group.head, *(key for key, _ in plan.group.keys)]
    found, taken = mapped(layout.headers, fields), frozenset(used)
    return replace(found, missing=(), ignored=tuple(name for name in found.ignored if name not in taken))
