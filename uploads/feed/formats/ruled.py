"""A row's meaning where its vendor has rules: what is to be read instead of values that it keeps writing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from uploads.feed.formats.categories import Categories
from uploads.feed.formats.groups import Head
from uploads.feed.formats.meaning import Meaning, reader
from uploads.feed.formats.model import Plan

# (field, wrong value in lower case) → right value
ValueRules = Mapping[tuple[str, str], str]


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
    """What the row means. Rules read its own cells and those of its head first, and once more what was made of them."""
    cells = with_texts(data)
    if rules:
        by_rules = _by_rules(cells, plan, rules)
        cells, numeric = {**cells, **by_rules}, numeric - by_rules.keys()
        if head and (of_head := _by_rules(head.cells, plan, rules)):
            head = replace(head, cells={**head.cells, **of_head})
    found = reader(plan, ours)(cells, head, row, numeric)
    if not rules or not found.derived:
        return found
    again = replaced({field: found.values.get(field) for field in found.derived}, rules)
    guessed = found.guessed if again.get("category") == found.values.get("category") else ""
    return found._replace(values={**found.values, **again}, guessed=guessed)


def with_texts(data: Mapping[str, str | None]) -> Mapping[str, str]:
    """The cells with an empty text for what DynamoDB has as nothing. Nearly always they are texts as they came."""
    if None in data.values():
        return {header: cell or "" for header, cell in data.items()}
    return cast("Mapping[str, str]", data)


def _by_rules(cells: Mapping[str, str], plan: Plan, rules: ValueRules) -> dict[str, str]:
    """Header → right value, for the cells that a rule is about."""
    return {
        header: rules[rule]
        for field, columns in plan.columns.items()
        for header in columns
        if (rule := (field, (cells.get(header) or "").strip().casefold())) in rules
    }
