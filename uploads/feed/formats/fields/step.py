"""What a field's reader is given of a row, and what it adds to."""

from collections.abc import Callable, Mapping
from typing import Final

Cells = Mapping[str, str]
Values = dict[str, str | None]
Open = list[tuple[str, str]]
# A row's cells, those of its head (None: it takes nothing from one), the values so far, the fields among them that
# aren't simply what stands in a cell, and what is open: pairs of a question's kind and what it is about.
Step = Callable[[Cells, Cells | None, Values, list[str], Open], None]

NO_CELLS: Final[Cells] = {}
