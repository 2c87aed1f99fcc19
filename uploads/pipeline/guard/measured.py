"""What the trial of a file counts for the guard: how many products it would change beyond what is usual, and examples.

Pure, and as JSON wherever it is kept: in the result of a dry run, or between two processes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Final

from config.web.text import visible

EXAMPLES: Final = 5  # of each kind
TEXT_CHARS: Final = 120  # of a name or a message in one
FALLS, RISES = Decimal("0.5"), Decimal(2)  # a price that is this many times what it was, or less; or more

Example = dict[str, Any]


@dataclass
class Part:
    """Products of one category that is counted apart, or of all others. `touched` are those that were in the catalog
    and that the file names; the others are how many of these there are of a kind."""

    touched: int = 0
    found: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Example]] = field(default_factory=dict)

    def note(self, kind: str, example: Example) -> None:
        self.found[kind] = self.found.get(kind, 0) + 1
        kept = self.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            kept.append(example)


@dataclass
class Measured:
    """A whole file, or its first rows where the trial was `cut_short`.

    `parts` has what is counted apart by category, and under "" all the rest. `retired` rows retire their product;
    `absent` are products that the file retires since it doesn't name them, and `active` those that the vendor has, None
    where no row can retire any. `last_rows` is how many rows the vendor's last file of this sort had, None for none.
    """

    rows: int = 0
    errors: int = 0
    parts: dict[str, Part] = field(default_factory=lambda: {"": Part()})
    retired: int = 0
    absent: int = 0
    active: int | None = None
    last_rows: int | None = None
    examples: dict[str, list[Example]] = field(default_factory=dict)
    cut_short: bool = False

    @classmethod
    def apart(cls, categories: Iterable[str]) -> "Measured":
        """Nothing yet, with these categories counted apart."""
        return cls(parts={name: Part() for name in ("", *categories)})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Measured":
        parts = {name: Part(**part) for name, part in found["parts"].items()}
        return cls(**{**found, "parts": parts})

    def note_product(
        self, category: str, name: str, sku: str, changes: Mapping[str, Sequence[object]] | None, *, row: int = 0
    ) -> None:
        """A product of the catalog that a row names: `changes` are field → [before, after], as the ledger has them."""
        part = self.parts.get(category) or self.parts[""]
        part.touched += 1
        for kind, before, after in _beyond(changes or {}):
            shown = {"name": brief(name), "sku": brief(sku), "before": str(before), "after": str(after), "row": row}
            part.note(kind, shown)

    def note_retired(self, name: str, sku: str, *, row: int = 0) -> None:
        """A row that retires its product."""
        self.retired += 1
        self._keep(
            "retired", {"name": brief(name), "sku": brief(sku), "before": "active", "after": "retired", "row": row}
        )

    def note_absent(self, count: int, some: Iterable[Mapping[str, str]]) -> None:
        """Products that a whole catalog doesn't name, and `some` of them by name and SKU."""
        self.absent = count
        for one in some:
            shown = {
                "name": brief(one["name"]),
                "sku": brief(one["sku"]),
                "before": "active",
                "after": "not in the file",
            }
            self._keep("retired", shown | {"before": "active", "after": "not in the file", "row": 0})

    def note_error(self, message: str, *, row: int = 0) -> None:
        """A row that keeps its product out."""
        self.errors += 1
        self._keep("errors", {"name": "", "sku": "", "before": "", "after": brief(message), "row": row})

    def _keep(self, kind: str, example: Example) -> None:
        kept = self.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            kept.append(example)


def _beyond(changes: Mapping[str, Sequence[object]]) -> Iterable[tuple[str, object, object]]:
    """What of these changes is beyond the usual: kind, before, after."""
    if price := changes.get("price"):
        before, after = (Decimal(str(one)) for one in price)
        # Of a price that is in another currency now nothing can be said by its number.
        if "currency" not in changes and before > 0:
            if after <= before * FALLS:
                yield "price_falls", price[0], price[1]
            elif after >= before * RISES:
                yield "price_rises", price[0], price[1]
    if (stock := changes.get("stock_quantity")) and stock[0] and not stock[1]:
        yield "zero_stock", stock[0], stock[1]


def brief(text: str) -> str:
    """A text of a file as an example has it: short, and of characters that can be stored and shown."""
    shown = visible(text)
    return shown if len(shown) <= TEXT_CHARS else shown[: TEXT_CHARS - 1] + "…"
