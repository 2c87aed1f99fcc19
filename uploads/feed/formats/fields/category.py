"""Which of our categories a row is in: by its cell, by what a person answered for that, or for all rows."""

from collections.abc import Callable
from typing import Final, NamedTuple

from uploads.feed.formats.categories import Categories
from uploads.feed.formats.fields.cells import found_reader
from uploads.feed.formats.fields.step import Cells
from uploads.feed.formats.model import CATEGORY_FOR_ALL, CATEGORY_VALUES, Plan

CACHED: Final = 4096


class Category(NamedTuple):
    value: str
    derived: bool = False
    left_out: bool = False
    open: tuple[tuple[str, str], ...] = ()
    guessed: str = ""  # the cell, if it was chosen from several, or is above what the cell names


def category_reader(
    plan: Plan, categories: Categories, known: dict[str, Category]
) -> Callable[[Cells, Cells | None], tuple[Category, bool]]:
    """What the category of a row is, and whether it is the head's. `known` has what cells mean that came before."""
    cell_of, numbers = found_reader(plan, "category"), plan.category_numbers

    def read(cells: Cells, head: Cells | None) -> tuple[Category, bool]:
        cell, inherited = cell_of(cells, head)
        found = known.get(cell)
        if found is None:
            if len(known) >= CACHED:
                known.clear()
            plain = cell.strip()
            found = known[cell] = category_of("" if not numbers and plain.isdigit() else plain, plan, categories)
        return found, inherited

    return read


def category_of(cell: str, plan: Plan, ours: Categories) -> Category:
    """What a trimmed cell means."""
    if not cell:
        answer = plan.category_values.get(cell, plan.category_for_all)
        if answer is None:
            return Category(cell, left_out=True)
        name = ours.named(answer)
        return Category(name, derived=True) if name else Category("", open=((CATEGORY_FOR_ALL, ""),))
    if cell in plan.category_values:
        answer = plan.category_values[cell]
        if answer is None:
            return Category(cell, left_out=True)
        if name := ours.named(answer):
            return Category(name, derived=ours.named(cell) != name)
    name, guessed = ours.of_cell(cell, plan.lists, plan.paths)
    if name:
        return Category(name, derived=ours.named(cell) != name, guessed=cell if guessed else "")
    return Category(cell, open=() if plan.other_categories_left else ((CATEGORY_VALUES, cell),))
