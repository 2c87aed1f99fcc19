"""As much of PromQL as our alerts say, asked of two scrapes, of which the second is a second younger."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import promql_parser as syntax
from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]
Series = dict[tuple[str, Labels], float]
Vector = dict[Labels, float]

_COMPARED: dict[str, Callable[[float, float], bool]] = {">": lambda a, b: a > b, "==": lambda a, b: a == b}


def parsed(text: str) -> Series:
    """Every sample of a scrape by its name and labels, without the library's own of the process."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("onboarding_")
    }


def asked(expression: str, now: Series, before: Series) -> Vector:
    """What the expression finds; an alert fires for each."""
    found = _value(syntax.parse(expression), now, before)
    assert isinstance(found, dict)
    return found


def _value(node: Any, now: Series, before: Series) -> Any:
    if isinstance(node, syntax.NumberLiteral):
        return node.val
    if isinstance(node, syntax.VectorSelector):
        return _selected(node, now)
    if isinstance(node, syntax.AggregateExpr):
        return _aggregated(node, _value(node.expr, now, before))
    if isinstance(node, syntax.BinaryExpr):
        return _both(str(node.op), _value(node.lhs, now, before), _value(node.rhs, now, before))
    assert isinstance(node, syntax.Call), type(node)
    return _called(node, now, before)


def _called(node: Any, now: Series, before: Series) -> Vector:
    name = node.func.name
    if name == "absent":
        return {} if _value(node.args[0], now, before) else {(): 1.0}
    if name == "histogram_quantile":
        return _quantile(node.args[0].val, _value(node.args[1], now, before))
    assert name in ("rate", "increase"), name
    selector = node.args[0].vector_selector
    earlier = _selected(selector, before)
    return {labels: value - earlier.get(labels, 0.0) for labels, value in _selected(selector, now).items()}


def _selected(node: Any, series: Series) -> Vector:
    def matches(labels: dict[str, str]) -> bool:
        return all(
            {
                "MatchOp.Equal": labels.get(one.name, "") == one.value,
                "MatchOp.NotEqual": labels.get(one.name, "") != one.value,
                "MatchOp.Re": bool(re.fullmatch(one.value, labels.get(one.name, ""))),
            }[str(one.op)]
            for one in node.matchers.matchers
        )

    return {labels: value for (name, labels), value in series.items() if name == node.name and matches(dict(labels))}


def _aggregated(node: Any, vector: Vector) -> Vector:
    kept = set(node.modifier.labels) if node.modifier else set()
    groups: dict[Labels, list[float]] = defaultdict(list)
    for labels, value in vector.items():
        groups[tuple(one for one in labels if one[0] in kept)].append(value)
    operator = str(node.op)
    assert operator in ("max", "sum"), operator
    return {labels: max(values) if operator == "max" else sum(values) for labels, values in groups.items()}


def _both(operator: str, left: Vector, right: Any) -> Vector:
    if operator == "or":
        return {**right, **left}
    if operator == "/":
        return {labels: value / right[labels] for labels, value in left.items() if right.get(labels)}
    return {labels: value for labels, value in left.items() if _COMPARED[operator](value, right)}


def _quantile(part: float, buckets: Vector) -> Vector:
    """The upper bound of the bucket that it is in."""
    bounds = sorted((float(dict(labels)["le"]), value) for labels, value in buckets.items())
    if not bounds or not bounds[-1][1]:
        return {}
    return {(): next(bound for bound, value in bounds if value >= part * bounds[-1][1])}
