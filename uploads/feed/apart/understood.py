"""A file that we didn't hand out: its plan, by its columns and first rows, and what its rows leave open, by a look at
them.

All rows are looked at where an upload is opened, and the first PREVIEW_ROWS where somebody waits for a page; no more
than these of a list of the vendor's own whose columns are all in order, which costs nothing then. Rows are gone through
twice: first for the heads of their groups, then for what each means. Memory is bounded: heads go to disk
(kept_heads.py), and what is counted is bounded in itself (survey.py).

What single rows of a list of the vendor's own leave open doesn't stop the file. They are errors, unless somebody
answers. It stops the file where it is about more than one row in ten, and where the columns are in order, so that
nobody may ever have been asked about it, about ten rows at least.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from uploads.feed import parser, prices
from uploads.feed.apart.kept_heads import OnDisk
from uploads.feed.columns import QUESTION_IDS, ColumnMapping, map_headers, mapped
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.detect import is_own_list
from uploads.feed.formats.groups import Head, Heads
from uploads.feed.formats.model import Plan
from uploads.feed.formats.plan import in_order as sorted_questions
from uploads.feed.formats.plan import plan_for
from uploads.feed.formats.ruled import ValueRules, meant
from uploads.feed.formats.survey import Survey
from uploads.feed.header import SAMPLE_ROWS, Layout, ignored_notes
from uploads.feed.lines import Limits
from uploads.feed.parser import Row
from uploads.feed.questions import Question
from uploads.feed.sheets.handed_out import CURRENCY_COLUMN, column_in, has_guarded_cells

ONE_IN: Final = 10  # rows; an own list is stopped by what more of them leave open
LEAST_ROWS: Final = 10  # that leave it open, where all columns are in order
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
    cut: bool = False,
) -> Understood:
    """`rules` are the vendor's own; `cut`: there is more of the file than this.

    Raises what reading rows raises. The file is left anywhere.
    """
    in_order = is_own_list(layout.headers, layout.answers) and layout.mapping.complete
    most = None if whole and not in_order else max(first, PREVIEW_ROWS)

    def rows() -> Iterator[Row]:
        came = islice(parser.rows(file, layout, limits=limits), most)
        return map(parser.unguarded, came) if has_guarded_cells(layout.headers) else came

    samples = [row.cells for row in islice(rows(), SAMPLES) if row.problem is None]
    plan, questions = plan_for(layout.headers, samples, layout.answers, layout.mapping, chosen=layout.chosen)
    others = tuple(one for one in layout.questions if one.id not in QUESTION_IDS)
    notes = [note for note in layout.notes if note not in ignored_notes(layout.mapping)]
    otherwise = plan.own_list and _is_otherwise(layout, plan, samples)
    layout = replace(layout, plan=plan, mapping=mapping_of(layout, plan, questions), otherwise=otherwise)
    seen = _Seen(Survey(plan, categories), prices.Tally(), {}, column_in(layout.headers, CURRENCY_COLUMN))
    with OnDisk() as on_disk:
        heads = Heads(plan, on_disk)
        if plan.group:
            for row in rows():
                if row.problem is None:
                    heads.note(row.number, row.cells)
        read = _look_through(rows(), heads, seen, first, rules)
    if vendor:
        # Of a list all prices are looked at, for which it needn't be understood.
        found = None if plan.own_list and most else seen.tally
        layout = prices.with_currency(file, layout, limits, vendor, found)
    about_prices = tuple(one for one in layout.questions if one.id == prices.QUESTION)
    stopping, optional = _by_rows(seen.survey, questions, in_order=in_order)
    layout = replace(
        layout,
        questions=sorted_questions([*others, *questions, *stopping, *about_prices]),
        optional=sorted_questions(optional),
        notes=(*notes, *plan.said, *seen.survey.said(of_first=cut or read == most), *ignored_notes(layout.mapping)),
    )
    shown = tuple(islice(parser.rows(file, layout, limits=limits), first))
    return Understood(layout, shown, seen.heads, seen.survey.left_out)


class _Seen(NamedTuple):
    """What a look at rows finds: what they leave open and what is left out, their currencies, by our own column for
    these if there is one, and the heads of the first rows by row number."""

    survey: Survey
    tally: prices.Tally
    heads: dict[int, Head]
    currency_column: str


def _look_through(rows: Iterator[Row], heads: Heads, seen: _Seen, first: int, rules: ValueRules | None) -> int:
    """Returns how many rows there were."""
    plan, read = seen.survey.plan, 0
    for row in rows:
        read += 1
        if row.problem is not None:
            continue
        head = heads.of(row.number, row.cells) if plan.group else None
        if head and row.number <= first:
            seen.heads[row.number] = head
        meaning = meant(row.cells, row.numeric, plan, seen.survey.categories, head, row.number, rules)
        seen.survey.note(meaning)
        if not meaning.left_out and "price" in meaning.values:
            currency = row.cells.get(seen.currency_column) or meaning.values.get("currency") or ""
            seen.tally.note(meaning.values["price"] or "", currency, row.line)
    return read


def _by_rows(
    survey: Survey, about_columns: Sequence[Question], *, in_order: bool
) -> tuple[list[Question], list[Question]]:
    """What rows leave open: what stops the file, and what is only offered to answer. Of an own list without what
    depends on which column it is that is asked about."""
    found = survey.questions()
    if not survey.plan.own_list:
        return found, []
    first = {one.field for one in about_columns} - {"price", "sku"}
    found = [one for one in found if one.field not in first]
    least = LEAST_ROWS if in_order else 1
    stopping = [one for one in found if one.rows >= least and ONE_IN * one.rows > survey.products]
    return stopping, [one for one in found if one not in stopping]


def _is_otherwise(layout: Layout, plan: Plan, samples: Sequence[dict[str, str]]) -> bool:
    """Whether columns of an own list are read otherwise than they show by themselves."""
    if not (layout.chosen or layout.answers):
        return False
    rows = [list(cells.values()) for cells in samples[:SAMPLE_ROWS]]
    alone = plan_for(layout.headers, samples, {}, map_headers(layout.headers, None, rows)).plan
    return (alone.columns, alone.flags, alone.mode) != (plan.columns, plan.flags, plan.mode)


def mapping_of(layout: Layout, plan: Plan, questions: Sequence[Question] = ()) -> ColumnMapping:
    """The first column of each field, for all who show or correct a cell. Nothing is missing: what has no column is
    asked, or made of others. Of an own list it is unclear as long as it is asked."""
    fields = {meant: found[0] for meant, found in plan.columns.items() if found}
    used = [header for found in plan.columns.values() for header in found]
    used += [*plan.options, *plan.pictures, *plan.flags, plan.handle, plan.surcharge, plan.tracker]
    used += [rule.column for rule in plan.rules]
    if plan.group:
        used += [plan.group.refers, plan.group.head, *(key for key, _ in plan.group.keys)]
    asked = [one for one in questions if plan.own_list and QUESTION_IDS.get(one.id) == one.field]
    names = frozenset(layout.headers)
    unclear = {one.field: tuple(it.value for it in one.choices if it.value in names) for one in asked}
    found, taken = mapped(layout.headers, fields, unclear), frozenset(used)
    return replace(found, missing=(), ignored=tuple(name for name in found.ignored if name not in taken))
