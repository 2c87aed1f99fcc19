"""Which problems keep a row out, and which only draw attention to it: by default as problems.KINDS has it, and as staff
said for a vendor, a category or all.

The most specific word counts: that for a vendor and a category, for a vendor, for a category, for all. Rows without
problems ask nothing here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from catalog.rules.problems import ERROR, WARNING, Problem, kind_of


class Rule(NamedTuple):
    """What staff said of a code: `severity` is error or warning, or "" to take back what was said of just this before.

    `vendor_id` "" is for all vendors, `category` "" for all categories. `threshold` is the bound for codes that have
    one, as problems.KINDS says it; None is the usual one.
    """

    code: str
    severity: str
    vendor_id: str = ""
    category: str = ""
    threshold: int | None = None


@dataclass(frozen=True)
class Severities:
    """What counts for one vendor: (code, category) → its rule, with category "" for all that aren't named."""

    rules: Mapping[tuple[str, str], Rule] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Iterable[Rule], vendor_id: str) -> "Severities":
        """Of what was said at any time by now, the oldest first; what is about other vendors is left out."""
        newest = {
            (rule.code, rule.vendor_id, rule.category): rule for rule in said if rule.vendor_id in ("", vendor_id)
        }
        standing = {key: rule for key, rule in newest.items() if rule.severity}
        if not standing:
            return DEFAULTS
        counts: dict[tuple[str, str], Rule] = {}
        for code, category in {(one, name) for one, _, about in standing for name in (about, "")}:
            ways = ((vendor_id, category), (vendor_id, ""), ("", category), ("", ""))
            if rule := next((standing[code, *way] for way in ways if (code, *way) in standing), None):
                counts[code, category] = rule
        return cls(counts)

    def rule(self, code: str, category: str) -> Rule | None:
        """What was said of a code for rows of a category; None where it is as by default."""
        return self.rules.get((code, category)) or self.rules.get((code, ""))

    def threshold(self, code: str, category: str) -> int:
        """The bound of a code that has one."""
        rule = self.rule(code, category) if self.rules else None
        return (rule.threshold if rule and rule.threshold is not None else kind_of(code).threshold) or 0

    def settled(self, problems: Sequence[Problem], category: str) -> list[Problem]:
        """These problems of a row, each with the severity that counts in its category ("" where none is known)."""
        if not self.rules:
            return list(problems)
        return [self._settled(problem, category) for problem in problems]

    def _settled(self, problem: Problem, category: str) -> Problem:
        rule = self.rule(problem.code, category)
        if rule is None:
            return problem._replace(severity="") if problem.severity else problem
        return problem._replace(severity=WARNING if rule.severity == WARNING and problem.may_warn else ERROR)


DEFAULTS: Final = Severities()


def keeps_out(problems: Iterable[Problem]) -> bool:
    """Whether one of them is an error."""
    return not all(problem.is_warning for problem in problems)


def could_be_stored(problems: Iterable[Problem]) -> bool:
    """Whether a row with all of them could be stored truthfully, if staff said so."""
    return all(problem.may_warn for problem in problems)
