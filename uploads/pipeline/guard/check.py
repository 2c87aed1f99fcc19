"""Whether a file goes beyond a threshold: pure, so that a threshold can be tried that nobody has set yet."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from config.web.text import counted
from uploads.pipeline.guard.measured import Example, Measured
from uploads.pipeline.guard.thresholds import BY_CATEGORY, Threshold

# What each kind counts, of one and of several, and of what it is a share: of a file, nothing of which has happened.
WOULD: Final = {
    "price_falls": ("{} price would fall by half or more", "{} prices would fall by half or more"),
    "price_rises": ("{} price would double or more", "{} prices would double or more"),
    "zero_stock": ("{} stock would fall to 0", "{} stocks would fall to 0"),
    "retired": ("{} product would be retired", "{} products would be retired"),
    "fewer_rows": ("{} row is missing", "{} rows are missing"),
    "errors": ("{} row has errors", "{} rows have errors"),
    "unchecked": ("The file couldn’t be tried", "The file couldn’t be tried"),
}
# The same of an hour in which programs put records: some of it has happened, before the rest was held back.
IN_AN_HOUR: Final = WOULD | {
    "price_falls": ("{} price falls by half or more", "{} prices fall by half or more"),
    "price_rises": ("{} price doubles or more", "{} prices double or more"),
    "zero_stock": ("{} stock falls to 0", "{} stocks fall to 0"),
    "retired": ("{} product is retired", "{} products are retired"),
}
OF: Final = {
    **dict.fromkeys(("price_falls", "price_rises", "zero_stock"), "products in the file"),
    "retired": "active products", "fewer_rows": "rows in the last file", "errors": "rows",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A threshold that a file goes beyond: `found` of `of`, where up to `limit` percent are let through, by whom."""

    kind: str
    limit: int
    owner_limit: int
    found: int
    of: int
    category: str = ""
    vendor_id: str = ""
    examples: tuple[Example, ...] = ()

    @property
    def share(self) -> float:
        """In percent, rounded down to a tenth, so that it is never shown as more than it is."""
        return self.found * 1000 // self.of / 10 if self.of else 100.0

    @property
    def owners_may(self) -> bool:
        """Whether the vendor's owners may let it through."""
        return self.kind != "unchecked" and self.found * 100 <= self.owner_limit * self.of

    @property
    def words(self) -> str:
        """“120 stocks would fall to 0, of 200 products in the file: 60 %, where a file is held beyond 30 %”."""
        said = counted(self.found, *WOULD[self.kind])
        if self.kind == "unchecked":
            return said
        where = f" in “{self.category}”" if self.category else ""
        held = f"{self.share:g} %, where a file is held beyond {self.limit} %"
        return f"{said}, of {self.of:,} {OF[self.kind]}{where}: {held}"

    @property
    def words_of_hour(self) -> str:
        """The same of records that programs put one by one: “40 stocks fall to 0, of 50 products within an hour: 80 %,
        where up to 30 % go through”."""
        return f"{counted(self.found, *IN_AN_HOUR[self.kind])}, of {self._of_programs} within an hour: {self._limit}"

    @property
    def words_of_waiting(self) -> str:
        """The same of records that wait, counted anew: “60 stocks would fall to 0, of 80 products, with what took
        effect in the hour before they began to wait: 75 %, where up to 30 % go through”."""
        said = counted(self.found, *WOULD[self.kind])
        before = "with what took effect in the hour before they began to wait"
        return f"{said}, of {self._of_programs}, {before}: {self._limit}"

    @property
    def _of_programs(self) -> str:
        return f"{self.of:,} {OF[self.kind].replace(' in the file', '')}"

    @property
    def _limit(self) -> str:
        return f"{self.share:g} %, where up to {self.limit} % go through"

    @property
    def lines(self) -> tuple[str, ...]:
        """Its examples, each in a line."""
        return tuple(_line(one) for one in self.examples)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.share, "examples": list(self.examples)}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Finding":
        known = {name: value for name, value in found.items() if name != "share"}
        return cls(**{**known, "examples": tuple(found.get("examples", ()))})


def _line(example: Example) -> str:
    """“Lamp (SKU-1): 10.00 → 1.00”; of a row with an error what it is."""
    named = f"{example['name']} ({example['sku']})" if example["sku"] else f"Row {example['row']}"
    return f"{named}: {example['before']} → {example['after']}" if example["before"] else f"{named}: {example['after']}"


UNCHECKED: Final = Finding("unchecked", 0, 0, 0, 0)


def check(measured: Measured, counting: Iterable[Threshold]) -> tuple[Finding, ...]:
    """The thresholds that the file goes beyond, of those that count for it (thresholds.counting)."""
    counting = tuple(counting)
    return tuple(finding for one in counting if one.is_on and (finding := _beyond(measured, one, counting)))


def word(findings: Sequence[Finding]) -> str:
    """The same for exactly the same findings, whatever their examples: who has seen these, has seen those."""
    facts = sorted((one.kind, one.category, one.vendor_id, one.limit, one.found, one.of) for one in findings)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _beyond(measured: Measured, threshold: Threshold, counting: Sequence[Threshold]) -> Finding | None:
    found, of, examples = _counted(measured, threshold, counting)
    if of < max(threshold.minimum, 1) or found * 100 <= threshold.limit * of:
        return None
    return Finding(
        threshold.kind, threshold.limit, threshold.owner_limit, found, of, threshold.category, threshold.vendor_id,
        tuple(examples),
    )  # fmt: skip


def _counted(
    measured: Measured, threshold: Threshold, counting: Sequence[Threshold]
) -> tuple[int, int, Sequence[Example]]:
    """How many it is about, of how many, and some of them."""
    kind = threshold.kind
    if kind in BY_CATEGORY:
        apart = {one.category for one in counting if one.kind == kind and one.category}
        names = [threshold.category] if threshold.category else [name for name in measured.parts if name not in apart]
        parts = [part for name in names if (part := measured.parts.get(name))]
        examples = [example for part in parts for example in part.examples.get(kind, ())][:5]
        return sum(part.found.get(kind, 0) for part in parts), sum(part.touched for part in parts), examples
    examples_of = measured.examples.get(kind, [])
    if kind == "retired":
        return measured.retired + measured.absent, measured.active or 0, examples_of
    if kind == "fewer_rows":
        last = measured.last_rows or 0
        return (max(0, last - measured.rows) if not measured.cut_short else 0), last, ()
    return measured.errors, measured.rows, examples_of
