"""Which of our categories a cell of a shop means, where the cell itself says it: by the last step of a path that is on
our list; of several in a cell by the one lowest in our tree, of equals by the first."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from catalog.rules.values.category import category_key, closest_category

CACHED: Final = 4096  # cells whose category is known; a shop has hundreds
MOST_CHARS: Final = 2_000  # of a cell that is looked through
_AROUND: Final = " []\"'"  # what a program's list of paths leaves around a step
MOST_STEPS: Final = 5  # of a path that are held against our categories
MOST_DEPTH: Final = 50  # of our tree, should it go in a circle


class Categories:
    """The categories that take products: name → parent, or None."""

    def __init__(self, parents: Mapping[str, str | None]) -> None:
        self.parents = dict(parents)
        self.by_key: dict[str, str] = {}
        for name in parents:
            self.by_key.setdefault(category_key(name), name)
        self._found: dict[tuple[str, str, str], tuple[str, bool]] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.parents)

    def named(self, text: str) -> str:
        """The category of this name, however it is written; "" if there is none."""
        return self.by_key.get(category_key(text.strip()), "")

    def of_cell(self, cell: str, lists: str, paths: str) -> tuple[str, bool]:
        """The category that a cell means, "" where no part of it is on the list; and whether that is a guess, since it
        was chosen from several, or is above the last step of its path. `lists` are the characters between several
        categories, `paths` those between the steps of one."""
        key = (cell, lists, paths)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= CACHED:
                self._found.clear()
            found = self._found[key] = self._read(cell[:MOST_CHARS], lists, paths)
        return found

    def near(self, cell: str, paths: str) -> str:
        """The category that a cell most likely means of which no part is on the list: of a path the last step that is
        close to one. "" if none is."""
        steps = re.split(f"[{re.escape(paths)}]", cell[:MOST_CHARS]) if paths else []
        parts = [*reversed([step.strip(_AROUND) for step in steps][-MOST_STEPS:]), cell]
        return next((name for part in parts if part and (name := closest_category(part, self.by_key))), "")

    def _read(self, cell: str, lists: str, paths: str) -> tuple[str, bool]:
        if whole := self.named(cell):
            return whole, False
        several = re.split(f"[{re.escape(lists)}]", cell) if lists else [cell]
        found = [one for part in several if (one := self._last_step(part, paths))[0]]
        if not found:
            return "", False
        name, above = max(found, key=lambda one: self._depth(one[0]))  # the first of equals
        others = {other for other, _ in found} - {name}
        return name, above or bool(others and others - self._above(name))

    def _last_step(self, path: str, paths: str) -> tuple[str, bool]:
        """The last step that is one of ours, and whether others follow it."""
        if whole := self.named(path):
            return whole, False
        steps = (
            [step for one in re.split(f"[{re.escape(paths)}]", path) if (step := one.strip(_AROUND))] if paths else []
        )
        places = range(len(steps) - 1, -1, -1)
        return next(((name, at < len(steps) - 1) for at in places if (name := self.named(steps[at]))), ("", False))

    def _above(self, name: str) -> set[str]:
        above: set[str] = set()
        parent = self.parents.get(name)
        while parent and parent not in above and len(above) < MOST_DEPTH:
            above.add(parent)
            parent = self.parents.get(parent)
        return above

    def _depth(self, name: str) -> int:
        depth, parent = 0, self.parents.get(name)
        while parent and depth < MOST_DEPTH:
            depth, parent = depth + 1, self.parents.get(parent)
        return depth
