"""Rows that belong together: a product's first row, its variants and its pictures; places whose stock is added up.

What is remembered of a head, so that its variants can be understood, is a Head. Whoever reads a file makes one pass
over all of it with `Heads`, which keeps them in memory or elsewhere (`Kept`), so variants may stand before their head
and a group may be of any size. What is decided:

- A variant without a head in the file is understood by its own cells; where it has no name or category of its own it
  is an error, never another product.
- Where two rows with different names could be the head, neither is: their variants are errors, the two are products.
- Of two heads with one key and the same name, the first counts.
- "above": the head of a row is the nearest one above it; variants before the first have none.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Protocol, Self

from uploads.feed.formats.left_out import rule_reader
from uploads.feed.formats.model import Plan
from uploads.feed.formats.stock import total

Cells = Mapping[str, str]
NO_KEYS: Final[tuple[str, ...]] = ()


class Keys(NamedTuple):
    """How a row can be named by its variants (`own`, none for a row that is no head), and which head it names.

    `above`: the head is the nearest row above that has keys.
    """

    own: tuple[str, ...]
    head: str = ""
    above: bool = False


NO_GROUP: Final = Keys(NO_KEYS)


@dataclass(frozen=True)
class Head:
    """What is remembered of a group: its first row's number (0: none was met yet), the cells that variants may need,
    whether the row is left out together with its variants, and what the group has beside it."""

    row: int = 0
    cells: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""
    """The reason, if its variants are left out with it."""
    clash: bool = False
    """Whether a row with another name has the same key."""
    variants: int = 0
    stock: str = ""
    """Of a group that is added up, the sum so far; `cells` has what its first row has."""

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "cells": dict(self.cells)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


def key_reader(plan: Plan) -> Callable[[Cells], Keys]:
    """How the keys of a row are found."""
    group = plan.group
    if group is None:
        return lambda cells: NO_GROUP
    refers, marks, words, variants = group.refers, group.head, frozenset(group.words), frozenset(group.variants)
    keys = group.keys or ((refers, ""),)
    made_of = (plan.handle, *plan.options) if plan.handle else ()  # of which a missing SKU is made

    def is_head(cells: Cells) -> bool:
        cell = cells.get(marks) or ""
        return first_word(cell) in words if words else bool(cell.strip())

    def shared(cells: Cells) -> Keys:
        key = (cells.get(refers) or "").strip()
        if not key:
            return NO_GROUP
        return Keys((key,)) if is_head(cells) else Keys(NO_KEYS, key)

    def named(cells: Cells) -> Keys:
        # As it stands, with spaces: the shop writes the same in both places.
        key = cells.get(refers) or ""
        own = NO_KEYS
        if not marks or is_head(cells):
            own = tuple(before + cell for column, before in keys if (cell := cells.get(column) or "").strip())
        if key in own:
            return Keys(own)
        is_variant = key.strip() and (not variants or first_word(cells.get(marks) or "") in variants)
        return Keys(NO_KEYS, key) if is_variant else Keys(own)

    def above(cells: Cells) -> Keys:
        if is_head(cells):
            return Keys(("",))
        cell = (cells.get(marks) or "").strip().casefold()
        return Keys(NO_KEYS, above=not variants or cell in variants)

    def summed(cells: Cells) -> Keys:
        key = (cells.get(refers) or "").strip() or "\n".join((cells.get(one) or "").strip() for one in made_of)
        return Keys((key,)) if key.strip() else NO_GROUP

    return {"shared": shared, "named": named, "above": above, "summed": summed}[group.kind]


def first_word(cell: str) -> str:
    """Of a list such as “variation, virtual” the first, in small letters."""
    return cell.partition(",")[0].strip().casefold()


class Groups:
    """How the groups of one plan grow, row by row. Holds no rows."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.keys = plan, key_reader(plan)
        self._by_rule = rule_reader(plan)
        columns = [column for meant in plan.inherited for column in plan.columns.get(meant, ())]
        if plan.group and plan.group.kind == "named":
            columns += plan.columns.get("stock_quantity", ())
        if plan.tracker and "" not in plan.untracked:
            columns.append(plan.tracker)
        self._name = plan.columns.get("product_name", ())
        self._kept = tuple(dict.fromkeys((*columns, *self._name)))
        self._sums = plan.group is not None and plan.group.kind == "summed"
        self._stock = plan.columns.get("stock_quantity", ())

    def begun(self, head: Head | None, row: int, cells: Cells) -> Head:
        """The group with this head row, given what is remembered by its key."""
        if self._sums:
            return self._added(head or Head(), row, cells)
        if head and head.row:
            same = self._named(head.cells) == self._named(cells)
            return replace(head, variants=head.variants + 1, clash=head.clash or not same)
        left = self._by_rule(cells)
        kept = {column: cells.get(column) or "" for column in self._kept}
        reason = left.reason.reason if left and left.carries else ""
        return replace(head or Head(), row=row, cells=kept, left_out=reason)

    def joined(self, head: Head | None, row: int, cells: Cells) -> Head:
        """The group with one more variant, whether or not its head was met."""
        return replace(head or Head(), variants=(head.variants if head else 0) + 1)

    def _named(self, cells: Cells) -> str:
        return first_cell(cells, self._name)

    def _added(self, head: Head, row: int, cells: Cells) -> Head:
        own = first_cell(cells, self._stock)
        stock = total([head.stock, own], self.plan.not_stocked)
        if head.row:
            return replace(head, stock=stock, variants=head.variants + 1)
        return replace(head, row=row, stock=stock, cells={self._stock[0]: own})


def first_cell(cells: Cells, columns: Sequence[str]) -> str:
    """Of these columns the first in which there is something."""
    return next((cell for column in columns if (cell := (cells.get(column) or "").strip())), "")


def has_other_stock(cells: Cells, plan: Plan, head: Head) -> bool:
    """Whether somebody wrote another stock into the first row of a group that is added up: it is that of all."""
    columns = plan.columns["stock_quantity"]
    return first_cell(cells, columns) != first_cell(head.cells, columns)


class Kept(Protocol):
    """Where heads are kept, by a key and the row that they are for: 0 where the key says it all, else the head is the
    nearest one at that row or above."""

    def get(self, key: str, row: int) -> Head | None: ...

    def put(self, key: str, row: int, head: Head) -> None: ...


class InMemory:
    """Kept in memory, for files that fit, and parts of larger ones."""

    def __init__(self) -> None:
        self.heads: dict[tuple[str, int], Head] = {}
        self._above: list[int] = []

    def get(self, key: str, row: int) -> Head | None:
        if row == 0:
            return self.heads.get((key, 0))
        place = bisect_right(self._above, row)
        return self.heads[key, self._above[place - 1]] if place else None

    def put(self, key: str, row: int, head: Head) -> None:
        if row and (key, row) not in self.heads:
            insort(self._above, row)
        self.heads[key, row] = head


class Place(NamedTuple):
    """Under what a head is kept."""

    key: str
    row: int = 0


class Heads:
    """The heads of a file: two passes over it, the first takes them in, the second asks for them."""

    def __init__(self, plan: Plan, kept: Kept | None = None) -> None:
        self.groups, self._place = Groups(plan), place_reader(plan)
        self.kept: Kept = kept or InMemory()

    def note(self, row: int, cells: Cells) -> None:
        """Take in the next row of the file, in the first pass."""
        keys, kept = self.groups.keys(cells), self.kept
        if keys.above:
            if head := kept.get("", row):
                kept.put("", head.row, self.groups.joined(head, row, cells))
        elif keys.own == ("",):
            kept.put("", row, self.groups.begun(None, row, cells))
        else:
            for key in keys.own:
                kept.put(key, 0, self.groups.begun(kept.get(key, 0), row, cells))
            if keys.head:
                kept.put(keys.head, 0, self.groups.joined(kept.get(keys.head, 0), row, cells))

    def touched(self, row: int, cells: Cells) -> list[Place]:
        """The heads that `note` looks at for this row."""
        keys = self.groups.keys(cells)
        if keys.above or keys.own == ("",):
            return [Place("", row)]
        return [Place(key) for key in (*keys.own, *([keys.head] if keys.head else []))]

    def place(self, row: int, cells: Cells) -> Place | None:
        """Under what the head of a row is kept; for a head row the group that it begins."""
        return self._place(cells, row)

    def of(self, row: int, cells: Cells) -> Head | None:
        """The head of a row, in the second pass; for a head row the group that it begins."""
        place = self._place(cells, row)
        return self.kept.get(place.key, place.row) if place else None


def place_reader(plan: Plan) -> Callable[[Cells, int], Place | None]:
    """Under what the head of a row with this number is kept, by the row's cells; None for a row of no group."""
    keys = key_reader(plan)
    if plan.group is None or plan.group.kind != "shared":
        return lambda cells, row: _place_of(keys(cells), row)
    refers = plan.group.refers

    def shared(cells: Cells, row: int) -> Place | None:  # the head has the same key as its variants
        key = (cells.get(refers) or "").strip()
        return Place(key) if key else None

    return shared


def _place_of(keys: Keys, row: int) -> Place | None:
    """Under what the head of a row with these keys is kept; None for one of no group."""
    if keys.above or keys.own == ("",):
        return Place("", row)
    if keys.head:
        return Place(keys.head)
    return Place(keys.own[0]) if keys.own else None
