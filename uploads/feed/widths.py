"""How many cells the rows of a file have, where that isn't as many as its header has: which of these rows can be read.

A cell too many or too few shifts all cells behind it, so such a row is an error. What is read all the same is what
programs do to whole files: an empty cell or two at the end of every row, and nothing where the last cells of a row
would be empty. Both show in the rows of the whole file only, so the file is looked over before any row is read.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from uploads.feed.header import Layout, is_blank

NEARLY_ALL: Final = 0.9
ENOUGH: Final = 5  # rows that speak against a single one
GROUP: Final = re.compile(r"[0-9]{2,3}(\.[0-9]+)?")  # `299.00`, the second half of 1,299.00; `90` of 24,90


class Widths:
    """Takes note of each row of a file that isn't an error for another reason."""

    def __init__(self, layout: Layout) -> None:
        self.layout, self.width = layout, len(layout.headers)
        fields = set(layout.mapping.fields.values())
        self.least = 1 + max((n for n, header in enumerate(layout.headers) if header in fields), default=self.width)
        self.full = self.open_ended = 0  # rows as wide as the header; those of them whose last cell is empty
        self.wide: Counter[int] = Counter()  # empty cells too many → rows
        self.split: Counter[int] = Counter()  # those of them where a delimiter within a cell may be why
        self.gaps = 0  # rows with such cells, and others that are empty
        self.over: set[int] = set()  # by how many cells rows are too wide that aren't empty
        self.narrow: Counter[int] = Counter()  # cells → rows that lack nothing but columns without a meaning
        self.filled: Counter[int] = Counter()  # those of them whose last cell has something in it
        self.ends_narrow = False

    def note(self, cells: Sequence[str]) -> None:
        """A row, in the order of the file."""
        found = len(cells)
        self.ends_narrow = self.least <= found < self.width
        if found == self.width:
            self.full += 1
            self.open_ended += not cells[-1].strip()
        elif self.ends_narrow:
            self.narrow[found] += 1
            self.filled[found] += bool(cells[-1].strip())
        elif found > self.width and is_blank(cells[self.width :]):
            self.wide[found - self.width] += 1
            self.split[found - self.width] += _may_be_split(cells)
            self.gaps += any(not cell.strip() for cell in cells[: self.width])
        elif found > self.width:
            self.over.add(found - self.width)

    @property
    def tell(self) -> bool:
        """Whether there is anything to decide."""
        return bool(self.wide or self.narrow)

    def applied(self) -> Layout:
        """The layout with what the rows tell."""
        trailing = self._trailing()
        uneven = not trailing and self.wide.total() > self.full > 0
        narrow = () if trailing or uneven else self._narrow()
        return replace(self.layout, trailing=trailing, uneven=uneven, narrow=narrow)

    def _trailing(self) -> int:
        """The empty cells that every row has behind those of the header.

        A row that has even more, or lacks some, is an error either way and says nothing. Where each row may have a cell
        that was split, as `1,299.00` is, or the only row has an empty one, nothing says that this isn't why.
        """
        if self.full or self.filled.total() or not self.wide:
            return 0
        extra, rows = self.wide.most_common(1)[0]
        in_doubt = self.split[extra] == rows or self.gaps == self.wide.total() == 1 or extra in self.over
        return extra if rows >= NEARLY_ALL * self.wide.total() and not in_doubt else 0

    def _narrow(self) -> tuple[int, ...]:
        """With so many cells a row is read: those that it lacks are empty, as where Excel saves CSV.

        Whoever leaves out empty cells leaves out all of them, or those of many rows in a row (Excel looks at 16 at a
        time). So a width is believed where some of its rows end with something. One row alone isn't, where all others
        have their last cell filled, or are written to their end though it is empty. Nor are rows below a header that
        has a column without a name, and may be what is wrong.
        """
        alone = self.narrow.total() == 1 and self.full >= ENOUGH
        if alone and (not self.open_ended or not self.ends_narrow):
            return ()
        nameless = (f"column_{number + 1}" == header for number, header in enumerate(self.layout.headers[: self.least]))
        if not self.full and any(nameless):
            return ()
        return tuple(sorted(found for found in self.narrow if self.filled[found]))


def _may_be_split(cells: Sequence[str]) -> bool:
    """Whether two neighbours may be one cell with a delimiter in it: `1` and `299.00`, `Soft` and ` warm`."""
    return any(
        (before.strip("$€£ ").isdigit() and GROUP.fullmatch(after)) or (before.strip() and after[:1] == " " < after)
        for before, after in pairwise(cells)
    )
