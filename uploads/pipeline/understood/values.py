"""A row of a known format → the values that are validated, for whoever judges a file row by row."""

from collections.abc import Callable

from uploads.feed.formats.groups import Head
from uploads.feed.formats.meaning import Meaning
from uploads.feed.formats.model import Plan
from uploads.feed.formats.ruled import ValueRules, meant
from uploads.feed.parser import Row
from uploads.pipeline.understood import categories

Means = Callable[[Row], Meaning]


def means(plan: Plan | None, head_of: Callable[[Row], Head | None], rules: ValueRules | None) -> Means | None:
    """How the rows of a file are understood whose heads can be asked for; None where there is no plan."""
    if plan is None:
        return None
    ours = categories.ours()
    return lambda row: meant(row.cells, row.numeric, plan, ours, head_of(row), row.number, rules)
