"""The table of all kinds of problems: what each is by default, what staff said of it, for whom and from when."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from catalog.rules.explained import EXPLAINED
from catalog.rules.problems import ERROR, KINDS, Code, Kind
from config.web.links import list_url, page_url
from config.web.text import visible
from uploads.models import SeverityRule

MOST: Final = 2_000  # rules that are looked at for the table
SHOWN: Final = 8  # of a code; the list below has all
WORDS: Final = {"error": "error", "warning": "warning", "": "as it is more generally"}
# Nothing that staff could say would change what becomes of such rows.
FIXED: Final = frozenset({Code.CANCELLED, Code.INTERNAL_ERROR})


@dataclass(frozen=True)
class Said:
    """What counts for somebody now, or will."""

    words: str
    whom: str
    since: datetime
    coming: bool
    url: str


@dataclass(frozen=True)
class Line:
    """One kind of problem."""

    code: Code
    kind: Kind
    explained: str
    said: tuple[Said, ...]
    more: bool
    list_url: str
    raise_url: str
    lower_url: str

    @property
    def bound(self) -> str:
        return self.kind.bounded(self.kind.threshold)


def table(rules: "QuerySet[SeverityRule]", *, vendor_id: str = "", may_add: bool) -> list[Line]:
    """All kinds of problems, those that can be warnings first. `rules` are what may be seen; with `vendor_id` only what
    is about that vendor, or about all."""
    now, said = timezone.now(), _said(rules, vendor_id)
    lines = []
    # What it is anyway isn't offered, but where that is what takes back what was said, or sets another bound.
    for code, kind in KINDS.items():
        found = said[code.value]
        about: dict[str, str] = {"code": code.value} | ({"vendor": vendor_id} if vendor_id else {})
        is_error = kind.severity == ERROR
        may_raise = may_add and code not in FIXED and not kind.never and bool(found or not is_error)
        may_lower = may_add and not kind.never and bool(found or is_error or kind.threshold)
        lines.append(
            Line(
                code, kind, EXPLAINED[code],
                tuple(_shown(rule, now) for rule in found[:SHOWN]), len(found) > SHOWN,
                list_url("uploads_severityrule", code=code.value),
                _adding(about, "error") if may_raise else "",
                _adding(about, "warning") if may_lower else "",
            )
        )  # fmt: skip
    return sorted(lines, key=lambda line: (not line.said, bool(line.kind.never), line.kind.severity == ERROR))


def _adding(about: dict[str, str], severity: str) -> str:
    """The form, filled in as far as it can be."""
    return f"{reverse('admin:uploads_severityrule_add')}?{urlencode({**about, 'severity': severity})}"


def _said(rules: "QuerySet[SeverityRule]", vendor_id: str) -> dict[str, list[SeverityRule]]:
    """What counts by now of each code, and what will; the newest word about the same counts alone."""
    now, counting = timezone.now(), set()
    found: dict[str, list[SeverityRule]] = defaultdict(list)
    for rule in rules.select_related("vendor").order_by("-counts_from", "-id")[:MOST]:
        if vendor_id and rule.vendor_id not in (None, vendor_id):
            continue
        key = (rule.code, rule.vendor_id, rule.category)
        if rule.counts_from <= now:
            if key in counting:
                continue
            counting.add(key)
            if not rule.severity:  # taken back
                continue
        found[rule.code].append(rule)
    return found


def _shown(rule: SeverityRule, now: datetime) -> Said:
    return Said(
        said_words(rule), whom(rule), rule.counts_from, rule.counts_from > now,
        page_url("uploads_severityrule", rule.pk),
    )  # fmt: skip


def said_words(rule: SeverityRule) -> str:
    """Error, or warning, and within which bound."""
    kind = KINDS[Code(rule.code)] if rule.code in list(Code) else Kind()
    bound = kind.bounded(rule.threshold)
    return f"{WORDS.get(rule.severity, rule.severity)}{', ' if bound else ''}{bound}"


def whom(rule: SeverityRule) -> str:
    """For whom it counts, in words."""
    vendor = visible(rule.vendor.vendor_name) if rule.vendor else "all vendors"
    return f"{vendor}, {visible(rule.category)}" if rule.category else vendor
