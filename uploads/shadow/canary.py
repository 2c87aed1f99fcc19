"""A tested change that is made: for some vendors first, then for all, and taken back again if it was wrong.

What is made are rows that there are anyway: value rules, severities, categories that are turned. The test's job keeps
which of them are its own (`made` in its parameters), so that only these are taken back, and only as long as nobody said
something newer; so it is kept for as long as its change counts for chosen vendors (uploads/keeping/logs.py). All of it
is done under a lock on the job, so two people who press at once don't do it twice.

- A severity for chosen vendors is one for each; for the others it stays what it was.
- Where something was said of the same before, that is said again when it is taken back. So no two tests say something
  of the same at once: neither could be taken back to what stood before both.
- Categories that are deactivated for chosen vendors are inactive, with `inactive_category` an error there and a warning
  elsewhere; for all, those words are taken back, and rows fail by default.
- A value rule for all vendors is one of each chosen vendor first; one of a vendor's own for the same value stays.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Lower, Now
from django.utils import timezone

from catalog.category_admin import set_active
from catalog.models import ProductCategory
from catalog.rules.problems import ERROR, WARNING, Code, kind_of
from catalog.rules.severity.severities import Rule
from config.web.admin_log import log_change
from config.web.text import counted
from security.log import note
from security.models import Kind
from uploads.models import Job, SeverityRule, ValueRule
from uploads.pipeline.weighing import severities
from uploads.shadow import changes
from uploads.shadow.changes import (
    CategoryChange,
    Change,
    RowChange,
    RuleChange,
    ThresholdChange,
)
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_VENDORS: Final = 200  # chosen at once
INACTIVE: Final = Code.INACTIVE_CATEGORY.value
NOBODY: Final = "Choose at least one vendor."
NOT_ENDED: Final = "The test is still under way."
NO_CANARY: Final = "This change is made where it came from: it is about one vendor, or takes something away."
FOR_ALL: Final = "It is made for all vendors already. To go back to some of them, take it back first."
NOTHING_MADE: Final = "Nothing of it was made here, so there is nothing to take back."
INACTIVE_ALREADY: Final = "These categories are inactive already."
RULE_OF_ALL: Final = "There is a rule for all vendors for this value already."
NOTE: Final = "By a tested change"


class Refused(Exception):
    """It can't be made, or not so; the message says why."""


@dataclass(frozen=True)
class Made:
    """What was made of a test: for which vendors, whether for all, and the rows that are its own."""

    vendors: tuple[str, ...] = ()
    for_all: bool = False
    severities: tuple[int, ...] = ()
    rules: tuple[int, ...] = ()
    turned: tuple[int, ...] = ()  # categories that it has deactivated

    @property
    def anything(self) -> bool:
        return bool(self.vendors or self.for_all)


def made(job: Job) -> Made:
    """What stands of it, as far as it was made here."""
    found = job.parameters.get("made", {})
    values: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    return Made(**values)


def standing() -> "QuerySet[Job]":
    """Tests whose change counts for chosen vendors (through idx_jobs_shadow)."""
    return Job.objects.filter(kind=Job.Kind.SHADOW, parameters__made__vendors__0__isnull=False)


def possible(change: Change) -> bool:
    """Whether it can be made for some vendors first: it is about all, and there is something to keep apart."""
    if isinstance(change, ThresholdChange):
        return False
    if isinstance(change, CategoryChange):
        return not change.active
    if isinstance(change, RuleChange):
        return change.vendor_id is None and change.right is not None and change.instead_of is None
    return not change.vendor_id and bool(change.severity)


def permissions(change: Change) -> list[str]:
    """What one must be allowed to make it."""
    if isinstance(change, RuleChange):
        return ["uploads.add_valuerule", "uploads.delete_valuerule"]
    of_categories = ["catalog.change_productcategory"] if isinstance(change, CategoryChange) else []
    return ["uploads.add_severityrule", *of_categories]


def for_vendors(job: Job, vendor_ids: Iterable[str], user: Any) -> list[str]:
    """Make it for these vendors, beside those for which it is made; returns for which. Raises Refused."""
    asked = list(dict.fromkeys(vendor_ids))[:MOST_VENDORS]
    known = sorted(Vendor.objects.filter(pk__in=asked).values_list("pk", flat=True))
    if not known:
        raise Refused(NOBODY)

    def do(change: RowChange, so_far: Made) -> Made:
        if so_far.for_all:
            raise Refused(FOR_ALL)
        return _for_vendors(change, so_far, [one for one in known if one not in so_far.vendors], user)

    _change(job, do, f"Made for {counted(len(known), '{} vendor', '{} vendors')}", user)
    return known


def for_all(job: Job, user: Any) -> None:
    """Make it for all vendors. Raises Refused."""

    def do(change: RowChange, so_far: Made) -> Made:
        if so_far.for_all:
            raise Refused(FOR_ALL)
        return _for_all(change, so_far, user)

    _change(job, do, "Made for all vendors", user)


def take_back(job: Job, user: Any) -> None:
    """Take back what was made of it. What somebody said or did since stays. Raises Refused."""
    _change(job, lambda change, so_far: _taken_back(change, so_far, user), "Taken back", user)


def _change(job: Job, do: Callable[[RowChange, Made], Made], said: str, user: Any) -> None:
    with transaction.atomic():
        held = Job.objects.select_for_update().get(pk=job.pk)
        if not held.ended:
            raise Refused(NOT_ENDED)
        change = changes.from_json(held.parameters["change"])
        if isinstance(change, ThresholdChange) or not possible(change):
            raise Refused(NO_CANARY)
        found = do(change, made(held))
        held.parameters = {**held.parameters, "made": vars(found), "made_at": timezone.now().isoformat()}
        held.save(update_fields=["parameters"])
        what = f"{said}: {changes.sentence(change)}."
        log_change(user, held, what)
        note(Kind.SETTING_CHANGED, user=user, about="tested change", detail=what)
    job.parameters = held.parameters


# --- each kind of change -----------------------------------------------------------------------------------------


def _for_vendors(change: RowChange, so_far: Made, new: Sequence[str], user: Any) -> Made:
    vendors = tuple(sorted({*so_far.vendors, *new}))
    if isinstance(change, RuleChange):
        return replace(so_far, vendors=vendors, rules=(*so_far.rules, *_rules_of(change, new, user)))
    turned = so_far.turned
    if isinstance(change, CategoryChange):
        turned = turned or _deactivate(change, user)
        code, severity, bound = INACTIVE, ERROR, None
        categories = list(ProductCategory.objects.filter(pk__in=turned).values_list("category_name", flat=True))
    else:
        code, severity, bound, categories = change.code, change.severity, change.threshold, [change.category]
    rules = [Rule(code, severity, vendor_id, category, bound) for vendor_id in new for category in categories]
    if isinstance(change, CategoryChange) and not so_far.vendors:
        rules += [Rule(code, WARNING, "", category) for category in categories if _is_error(code, category)]
    return Made(vendors, severities=(*so_far.severities, *_say(rules, user)), turned=turned)


def _for_all(change: RowChange, so_far: Made, user: Any) -> Made:
    _clear(change, so_far, user)
    if isinstance(change, RuleChange):
        if _same_value(change).filter(vendor=None).exists():
            raise Refused(RULE_OF_ALL)
        return Made((), True, rules=(_rule(change, None, user),))
    if isinstance(change, CategoryChange):
        return Made((), True, turned=so_far.turned or _deactivate(change, user))
    rule = Rule(change.code, change.severity, "", change.category, change.threshold)
    return Made((), True, severities=_say([rule], user))


def _taken_back(change: RowChange, so_far: Made, user: Any) -> Made:
    if not so_far.anything:
        raise Refused(NOTHING_MADE)
    _clear(change, so_far, user)
    if so_far.turned:
        set_active([str(key) for key in so_far.turned], active=True, user=user)
    return Made()


def _clear(change: RowChange, so_far: Made, user: Any) -> None:
    """Take back the severities and the value rules that were made, as they were made."""
    _unsay(so_far.severities, user)
    if isinstance(change, RuleChange):
        _same_value(change).filter(pk__in=so_far.rules, right_value=change.right).delete()


# --- severities and categories -------------------------------------------------------------------------------------


def _is_error(code: str, category: str) -> bool:
    """Whether it is one for vendors of which nothing is said."""
    said = severities.of([""])[""].rule(code, category)
    return (said.severity if said else kind_of(code).severity) == ERROR


def _say(rules: Iterable[Rule], user: Any) -> tuple[int, ...]:
    """Say this from now on; returns the rows. Raises Refused where another test said something of the same."""
    rows = []
    for rule in rules:
        if (newest := _said_of(rule).first()) and (other := _test_of(newest)):
            whom = rule.vendor_id or "all vendors"
            raise Refused(f"The tested change {other} counts for {whom} already: take that back first.")
        rows.append(_say_again(rule, user))
    return tuple(rows)


def _unsay(keys: Iterable[int], user: Any) -> None:
    """Have what stood before these rows count again, but for that of which something newer was said."""
    for row in SeverityRule.objects.filter(pk__in=list(keys)).order_by("pk"):
        rule = Rule(row.code, "", row.vendor_id or "", row.category)
        newest, before = (*_said_of(rule)[:2], None)[:2]
        if newest == row:
            _say_again(rule._replace(severity=before.severity, threshold=before.threshold) if before else rule, user)


def _say_again(rule: Rule, user: Any) -> int:
    made = SeverityRule.objects.create(
        code=rule.code, vendor_id=rule.vendor_id or None, category=rule.category, severity=rule.severity,
        threshold=rule.threshold, counts_from=Now(), created_by=user, note=NOTE,
    )  # fmt: skip
    return made.pk


def _said_of(rule: Rule) -> "QuerySet[SeverityRule]":
    """All that was said of the same by now, the newest first."""
    same = SeverityRule.objects.filter(code=rule.code, vendor_id=rule.vendor_id or None, category=rule.category)
    return same.filter(counts_from__lte=Now()).order_by("-counts_from", "-id")


def _test_of(row: SeverityRule) -> int | None:
    """The test from whose page it was said, if it wasn't taken back (through idx_jobs_shadow)."""
    tests = Job.objects.filter(kind=Job.Kind.SHADOW, parameters__made__severities__contains=[row.pk])
    return tests.values_list("pk", flat=True).first()


def _deactivate(change: CategoryChange, user: Any) -> tuple[int, ...]:
    """Returns those that were active until now. Raises Refused."""
    keys = ProductCategory.objects.filter(category_name__in=change.names, is_active=True).values_list("pk", flat=True)
    turned = set_active([str(key) for key in keys], active=False, user=user)
    if not turned:
        raise Refused(INACTIVE_ALREADY)
    return tuple(category.pk for category in turned)


# --- value rules -----------------------------------------------------------------------------------------------------


def _same_value(change: RuleChange) -> "QuerySet[ValueRule]":
    """The rules for this value, as the table tells values apart."""
    same = ValueRule.objects.alias(small=Lower("wrong_value")).filter(small=Lower(Value(change.wrong)))
    return same.filter(field=change.field)


def _rules_of(change: RuleChange, vendor_ids: Sequence[str], user: Any) -> tuple[int, ...]:
    """One for each vendor that has none of its own for the value."""
    own = set(_same_value(change).filter(vendor_id__in=vendor_ids).values_list("vendor_id", flat=True))
    return tuple(_rule(change, vendor_id, user) for vendor_id in vendor_ids if vendor_id not in own)


def _rule(change: RuleChange, vendor_id: str | None, user: Any) -> int:
    made = ValueRule.objects.create(
        vendor_id=vendor_id, field=change.field, wrong_value=change.wrong, right_value=change.right or "",
        created_by=user,
    )  # fmt: skip
    return made.pk
