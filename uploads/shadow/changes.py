"""A change that somebody thinks of and hasn't made: what it says, whom it is about, and what rows would be held against
with it. It is parsed once, from a form or from the job that tests it, and travels on as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from catalog.rules.fields import LABELS
from catalog.rules.problems import ERROR, WARNING, kind_of, label_of
from catalog.rules.severity.severities import Rule
from config.web.text import counted, visible
from uploads.models import GuardThreshold
from uploads.pipeline import judge
from uploads.pipeline.judge import Against, ProposedRule
from uploads.pipeline.understood import categories
from uploads.pipeline.weighing import severities

MOST_CATEGORIES: Final = 100  # in one change
NAMED: Final = 3  # of them in a sentence
SAID: Final = {ERROR: "an error", WARNING: "a warning", "": "as it is more generally"}


@dataclass(frozen=True)
class RuleChange:
    """A value rule that would be added, changed (`instead_of` is its key) or, with `right` None, taken away; of one
    vendor, or with None of all."""

    vendor_id: str | None
    field: str
    wrong: str
    right: str | None
    instead_of: int | None = None


@dataclass(frozen=True)
class CategoryChange:
    """Categories that would be activated or deactivated."""

    names: tuple[str, ...]
    active: bool


@dataclass(frozen=True)
class SeverityChange:
    """A code that would be an error or a warning, or with "" as it is more generally; of one vendor, or with "" of all,
    and in one category, or with "" in all. As a SeverityRule has it."""

    code: str
    severity: str
    vendor_id: str = ""
    category: str = ""
    threshold: int | None = None


@dataclass(frozen=True)
class ThresholdChange:
    """A threshold that would be set, or, with `instead_of`, be another one: as a GuardThreshold has it."""

    kind: str
    limit: int
    owner_limit: int
    minimum: int
    is_on: bool = True
    category: str = ""
    vendor_id: str = ""
    instead_of: int | None = None


RowChange = RuleChange | CategoryChange | SeverityChange
Change = RowChange | ThresholdChange


class Both(NamedTuple):
    """What rows are held against as things stand, and as they would be."""

    now: Against
    then: Against


def both(change: RowChange, vendor_ids: Sequence[str]) -> Both:
    """For rows of these vendors, read from the database as it stands."""
    now = replace(judge.standing(vendor_ids), ours=categories.ours())
    if isinstance(change, RuleChange):
        proposed = ProposedRule(change.vendor_id, change.field, change.wrong, change.right, change.instead_of)
        return Both(now, replace(now, own_rules=judge.value_rules(vendor_ids, proposed)))
    if isinstance(change, SeverityChange):
        rule = Rule(change.code, change.severity, change.vendor_id, change.category, change.threshold)
        return Both(now, replace(now, severities=severities.of(vendor_ids, [rule])))
    turned = dict.fromkeys(change.names, change.active)
    return Both(now, replace(now, rules=judge.category_rules(turned), ours=categories.ours(turned)))


def vendor_of(change: Change) -> str | None:
    """The one vendor that it is about; None for all."""
    return None if isinstance(change, CategoryChange) else change.vendor_id or None


def sentence(change: Change) -> str:
    """What would change, for people."""
    if isinstance(change, CategoryChange):
        named = ", ".join(f"“{visible(name)}”" for name in change.names[:NAMED])
        more = len(change.names) - NAMED
        rest = f" and {counted(more, '{} other', '{} others')}" if more > 0 else ""
        return f"{'Activate' if change.active else 'Deactivate'} {named}{rest}"
    whose = f"of {change.vendor_id}" if change.vendor_id else "of all vendors"
    if isinstance(change, SeverityChange):
        return _of_severity(change, whose)
    if isinstance(change, ThresholdChange):
        return _of_threshold(change, whose)
    label, wrong = LABELS.get(change.field, change.field), visible(change.wrong)
    if change.right is None:
        return f"Take away the rule {whose} for the {label} “{wrong}”"
    return f"Read the {label} “{wrong}” {whose} as “{visible(change.right)}”"


def _of_severity(change: SeverityChange, whose: str) -> str:
    where = f" in “{visible(change.category)}”" if change.category else ""
    bound = f", {kind_of(change.code).bounded(change.threshold)}" if change.threshold is not None else ""
    said = SAID.get(change.severity, change.severity)
    return f"“{label_of(change.code)}” in rows {whose}{where}{bound}: {said}"


def _of_threshold(change: ThresholdChange, whose: str) -> str:
    where = f" in “{visible(change.category)}”" if change.category else ""
    counted_as = GuardThreshold.Kind(change.kind).label
    said = f"beyond {change.limit} % of at least {change.minimum:,}" if change.is_on else "never"
    return f"Hold files {whose} for {counted_as}{where}: {said}"


# --- as JSON -----------------------------------------------------------------------------------------------------

_KINDS: Final[Mapping[str, type[Change]]] = {
    "rule": RuleChange, "category": CategoryChange, "severity": SeverityChange, "threshold": ThresholdChange,
}  # fmt: skip


def to_json(change: Change) -> dict[str, Any]:
    """As a job's parameters keep it."""
    kind = next(name for name, one in _KINDS.items() if isinstance(change, one))
    return {"what": kind, **{name: list(v) if isinstance(v, tuple) else v for name, v in vars(change).items()}}


def from_json(stored: Mapping[str, Any]) -> Change:
    """What `to_json` made."""
    values: Any = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items() if name != "what"}
    return _KINDS[stored["what"]](**values)
