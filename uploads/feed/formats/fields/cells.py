"""How a field's cell is found, in a row or in its head."""

from collections.abc import Callable
from typing import Final

from uploads.feed.formats.fields.step import Cells
from uploads.feed.formats.model import Plan

_GUARDED: Final = frozenset("0123456789=+-@")  # what an apostrophe is put before
Read = Callable[[Cells], str]
# The cell, and whether it is the head's.
Found = Callable[[Cells, Cells | None], tuple[str, bool]]


def cell_reader(plan: Plan, meant: str) -> Read:
    """How the cell of a field is found in a row."""
    columns = plan.columns.get(meant, ())
    if meant == "category" and plan.category_levels:
        return path_of(columns)
    return first_of(columns, apostrophes=plan.apostrophes)


def first_of(columns: tuple[str, ...], *, apostrophes: bool) -> Read:
    """The first that isn't empty, without an apostrophe that the shop put there."""

    def read(cells: Cells) -> str:
        for column in columns:
            cell = cells.get(column)
            if cell and not cell.isspace():
                return cell[1:] if apostrophes and cell[0] == "'" and cell[1:2] in _GUARDED else cell
        return ""

    return read


def path_of(columns: tuple[str, ...]) -> Read:
    """A path whose steps have a column each."""
    return lambda cells: " > ".join([step for column in columns if (step := (cells.get(column) or "").strip())])


def found_reader(plan: Plan, meant: str) -> Found:
    """The row's own cell or, where it has none and the field is inherited, its head's."""
    read, inherits = cell_reader(plan, meant), plan.group is not None and meant in plan.inherited

    def found(cells: Cells, head: Cells | None) -> tuple[str, bool]:
        cell = read(cells)
        if cell or not inherits or head is None:
            return cell, False
        cell = read(head)
        return cell, bool(cell)

    return found
