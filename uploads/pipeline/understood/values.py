"""A row of a known format → the values that are validated, the same for whoever judges it."""

from collections.abc import Callable, Mapping
from typing import cast

from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Head
from uploads.feed.formats.meaning import Meaning, reader
from uploads.feed.formats.model import Plan
from uploads.feed.parser import Row
from uploads.pipeline.understood import categories

# (field, wrong value in lower case) → right value
ValueRules = Mapping[tuple[str, str], str]
Means = Callable[[Row], Meaning]


def replaced(values: Mapping[str, str | None], rules: ValueRules | None) -> Mapping[str, str | None]:
    """The values of a row (field → cell) as its vendor's rules have them."""
    if not rules:
        return values
    return {field: rules.get((field, (cell or "").strip().casefold()), cell) for field, cell in values.items()}


def meant(
    data: Mapping[str, str | None],
    numeric: frozenset[str],
    plan: Plan,
    ours: Categories,
    head: Head | None,
    row: int,
    rules: ValueRules | None = None,
) -> Meaning:
    """What the row means. The vendor's rules read the cells first, and once more what was taken from elsewhere."""
    cells = with_texts(data)
    if rules:
        by_rules = _by_rules(cells, plan, rules)
        cells, numeric = {**cells, **by_rules}, numeric - by_rules.keys()
    found = reader(plan, ours)(cells, head, row, numeric)
    if not rules or not found.derived:
        return found
    again = replaced({field: found.values.get(field) for field in found.derived}, rules)
    return found._replace(values={**found.values, **again})


def with_texts(data: Mapping[str, str | None]) -> Mapping[str, str]:
    """The cells with an empty text for what DynamoDB has as nothing. Nearly always they are texts as they came."""
    if None in data.values():
        return {header: cell or "" for header, cell in data.items()}
    return cast("Mapping[str, str]", data)


def _by_rules(cells: Mapping[str, str], plan: Plan, rules: ValueRules) -> dict[str, str]:
    """Header → right value, for the cells that a rule is about."""
    return {
        header: rules[field, key]
        for field, columns in plan.columns.items()
        for header in columns
        if (field, key := (cells.get(header) or "").strip().casefold()) in rules
    }


def means(plan: Plan | None, head_of: Callable[[Row], Head | None], rules: ValueRules | None) -> Means | None:
    """How the rows of a file are understood whose heads can be asked for; None where there is no plan."""
    if plan is None:
        return None
    ours = categories.ours()
    return lambda row: meant(row.cells, row.numeric, plan, ours, head_of(row), row.number, rules)
