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
        self._found: dict[tuple[str, str, str], str] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.parents)

    def named(self, text: str) -> str:
        """The category of this name, however it is written; "" if there is none."""
        return self.by_key.get(category_key(text.strip()), "")

    def of_cell(self, cell: str, lists: str, paths: str) -> str:
        """The category that a cell means, "" where no part of it is on the list. `lists` are the characters between
        several categories, `paths` those between the steps of one."""
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

    def _read(self, cell: str, lists: str, paths: str) -> str:
        if whole := self.named(cell):
            return whole
        several = re.split(f"[{re.escape(lists)}]", cell) if lists else [cell]
        found = [name for part in several if (name := self._last_step(part, paths))]
        return max(found, key=self._depth, default="")  # the first of equals

    def _last_step(self, path: str, paths: str) -> str:
        if whole := self.named(path):
            return whole
        steps = re.split(f"[{re.escape(paths)}]", path) if paths else []
        return next((name for step in reversed(steps) if (name := self.named(step.strip(_AROUND)))), "")

    def _depth(self, name: str) -> int:
        depth, parent = 0, self.parents.get(name)
        while parent and depth < MOST_DEPTH:
            depth, parent = depth + 1, self.parents.get(parent)
        return depth
