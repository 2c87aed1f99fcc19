"""Which values of a row aren't simply what stands in its cells, and where each comes from: for people who look at it.

Found by reading the row again without one thing at a time: without the vendor's rules, without the answers, without the
cells of its group's first row. What then changes came from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from catalog.rules.fields import READ
from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Head
from uploads.feed.formats.model import Plan
from uploads.feed.formats.ruled import ValueRules, meant

NONE: Final[frozenset[str]] = frozenset()
BY_RULE: Final = "by a rule"
BY_ANSWER: Final = "as answered"
FROM_HEAD: Final = "from row {:,}, the first of its group"
ADDED_UP: Final = "added up from all rows of the product"
BY_FORMAT: Final = "by the format"
FROM_CELLS: Final = "made of other cells"


class Derived(NamedTuple):
    """A value that a row has in a field without its cell saying so. `why` is for people."""

    field: str
    value: str
    why: str


# A row's cells, its number and its head → what is derived in it.
Derives = Callable[[Mapping[str, str | None], int, Head | None], tuple[Derived, ...]]


def derives(plan: Plan, ours: Categories, rules: ValueRules | None) -> Derives:
    """Made ready for the rows of one file. What is left out, or can't be understood, has no values."""
    unanswered = replace(
        plan, category_for_all="", category_values={}, quantity="", negative_stock="", empty_sku="", round_prices="",
        repair_skus="",
    )  # fmt: skip
    has_answers = unanswered != plan
    otherwise = BY_FORMAT if plan.format else FROM_CELLS

    def derived(data: Mapping[str, str | None], row: int, head: Head | None) -> tuple[Derived, ...]:
        found = meant(data, NONE, plan, ours, head, row, rules)
        without_rules = meant(data, NONE, plan, ours, head, row).values if rules else found.values
        ruled = {field for field in found.values if found.values[field] != without_rules.get(field)}
        fields = [field for field in READ if (field in found.derived or field in ruled) and found.values.get(field)]
        if not fields:
            return ()
        without_answers = meant(data, NONE, unanswered, ours, head, row, rules).values if has_answers else found.values
        summed = plan.group is not None and plan.group.kind == "summed"
        has_head = head is not None and (summed or head.row not in (0, row))
        alone = replace(head, cells=head.cells if summed else {}, stock="") if head and has_head else None
        without_head = meant(data, NONE, plan, ours, alone, row, rules).values if alone else found.values
        from_head = ADDED_UP if summed else FROM_HEAD.format(head.row) if head else ""

        def why(field: str) -> str:
            value = found.values[field]
            reasons = [
                *([from_head] if without_head.get(field) != value else []),
                *([BY_ANSWER] if without_answers.get(field) != value else []),
                *([BY_RULE] if field in ruled else []),
            ]
            return ", ".join(reasons) or otherwise

        return tuple(Derived(field, found.values[field] or "", why(field)) for field in fields)

    return derived


def can_derive(plan: Plan | None, rules: ValueRules | None) -> bool:
    """Whether any row may have such a value; not in a file that is read as it stands."""
    return bool(rules) or (plan is not None and not plan.ours)
