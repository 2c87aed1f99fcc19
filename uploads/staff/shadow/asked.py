"""The change that somebody wants tested, as a form or an address of the admin says it.

It comes from the form of a value rule before that is saved, or from the question whether categories are to be
deactivated. What is asked is sent along until the test is started, so nothing of it is kept on the way.
"""

from typing import Any, Final, NamedTuple

from django.http import QueryDict
from django.urls import reverse

from catalog.models import ProductCategory
from config.web.links import page_url
from config.web.text import counted
from uploads.models import GuardThreshold, ValueRule
from uploads.shadow.changes import (
    MOST_CATEGORIES,
    CategoryChange,
    Change,
    RuleChange,
    SeverityChange,
    ThresholdChange,
)
from uploads.staff.rules import ValueRuleForm
from uploads.staff.severities.listing import SeverityForm
from uploads.staff.thresholds.listing import ThresholdForm

WHAT: Final = "what"
RULE: Final = "rule"
CATEGORY: Final = "category"
SEVERITY: Final = "severity"
THRESHOLD: Final = "threshold"
BACK_TO: Final = {RULE: "The rule", CATEGORY: "Categories", SEVERITY: "Severities", THRESHOLD: "The threshold"}
NO_SUCH_RULE: Final = "This rule is gone: somebody deleted it meanwhile."
NO_SUCH_THRESHOLD: Final = "This threshold is gone: somebody deleted it meanwhile."
NO_CATEGORY: Final = "Choose at least one category that isn’t so already."
TOO_MANY: Final = f"At most {counted(MOST_CATEGORIES, '{} category', '{} categories')} can be tested at once."


class Asked(NamedTuple):
    """A change, or why there is none. `fields` are sent along as they came; `back` is the page that it came from."""

    change: Change | None
    errors: list[str]
    fields: list[tuple[str, str]]
    back: str

    @property
    def back_to(self) -> str:
        """What that page is called."""
        return BACK_TO.get(dict(self.fields).get(WHAT, ""), "Back")


def of(data: QueryDict) -> Asked:
    """What the form, or the address, says."""
    if data.get(WHAT) == RULE:
        return _rule(data)
    if data.get(WHAT) == CATEGORY:
        return _category(data)
    if data.get(WHAT) == SEVERITY:
        return _severity(data)
    if data.get(WHAT) == THRESHOLD:
        return _threshold(data)
    return Asked(None, ["Nothing is named that could be tested."], [], reverse("admin:uploads_valuerule_tests"))


def category_url(keys: list[str], *, active: bool) -> str:
    """Where the (de)activation of these categories is tested; "" for too many."""
    if not 0 < len(keys) <= MOST_CATEGORIES:
        return ""
    query = QueryDict(mutable=True)
    query[WHAT], query["active"] = CATEGORY, "1" if active else ""
    query.setlist("category", keys)
    return f"{reverse('admin:uploads_valuerule_test')}?{query.urlencode()}"


def _rule(data: QueryDict) -> Asked:
    """As its form would be saved; a stored one stays its vendor's, as there."""
    key, take_away = data.get("rule", ""), bool(data.get("take_away"))
    rule = ValueRule.objects.filter(pk=key).first() if key.isdecimal() and len(key) < 10 else None
    back = page_url("uploads_valuerule", rule.pk) if rule else reverse("admin:uploads_valuerule_add")
    if key and rule is None:
        return Asked(None, [NO_SUCH_RULE], [], reverse("admin:uploads_valuerule_changelist"))
    if rule and take_away:
        change = RuleChange(rule.vendor_id, rule.field, rule.wrong_value, None, rule.pk)
        return Asked(change, [], [(WHAT, RULE), ("rule", key), ("take_away", "1")], back)
    given = data.copy()
    if rule:
        given["vendor"] = rule.vendor_id or ""
    form = ValueRuleForm(given, instance=rule)
    names = ("vendor", "field", "wrong_value", "right_value")
    fields = [(WHAT, RULE), ("rule", key), *((name, given.get(name, "")) for name in names)]
    if not form.is_valid():
        return Asked(None, _said(form), fields, back)
    made: dict[str, Any] = form.cleaned_data
    vendor_id = made["vendor"].pk if made["vendor"] else None
    change = RuleChange(vendor_id, made["field"], made["wrong_value"], made["right_value"], rule.pk if rule else None)
    return Asked(change, [], fields, back)


def _said(form: Any) -> list[str]:
    """What is wrong in a form, each with what the field is called there."""
    return [
        f"{form[name].label}: {one}" if name in form.fields else str(one)
        for name, found in form.errors.items()
        for one in found
    ]


def _severity(data: QueryDict) -> Asked:
    """As its form would be saved; from when on it counts makes no difference."""
    back = f"{reverse('admin:uploads_severityrule_changelist')}"
    names = ("code", "severity", "threshold", "vendor", "category")
    fields = [(WHAT, SEVERITY), *((name, data.get(name, "")) for name in names)]
    form = SeverityForm({name: value for name, value in fields if name in names})
    if not form.is_valid():
        return Asked(None, _said(form), fields, back)
    made: dict[str, Any] = form.cleaned_data
    vendor_id = made["vendor"].pk if made["vendor"] else ""
    change = SeverityChange(made["code"], made["severity"], vendor_id, made["category"], made["threshold"])
    return Asked(change, [], fields, back)


def _threshold(data: QueryDict) -> Asked:
    """As its form would be saved; a stored one stays what it is about, as there."""
    key = data.get("threshold", "")
    stored = GuardThreshold.objects.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
    if key and stored is None:
        return Asked(None, [NO_SUCH_THRESHOLD], [], reverse("admin:uploads_guardthreshold_changelist"))
    given = data.copy()
    if stored:
        given["kind"], given["vendor"], given["category"] = stored.kind, stored.vendor_id or "", stored.category
    form = ThresholdForm(given, instance=stored)
    fields = [(WHAT, THRESHOLD), ("threshold", key), *((name, given.get(name, "")) for name in form.fields)]
    back = page_url("uploads_guardthreshold", stored.pk) if stored else reverse("admin:uploads_guardthreshold_add")
    if not form.is_valid():
        return Asked(None, _said(form), fields, back)
    made: dict[str, Any] = form.cleaned_data
    vendor_id = made["vendor"].pk if made["vendor"] else ""
    change = ThresholdChange(
        made["kind"], made["limit_percent"], made["owner_percent"], made["minimum"], made["is_on"], made["category"],
        vendor_id, stored.pk if stored else None,
    )  # fmt: skip
    return Asked(change, [], fields, back)


def _category(data: QueryDict) -> Asked:
    keys = [key for key in dict.fromkeys(data.getlist("category")) if key.isdecimal() and len(key) < 10]
    active, back = bool(data.get("active")), reverse("admin:catalog_productcategory_changelist")
    fields = [(WHAT, CATEGORY), ("active", "1" if active else ""), *(("category", key) for key in keys)]
    if len(keys) > MOST_CATEGORIES:
        return Asked(None, [TOO_MANY], fields[:1], back)
    found = ProductCategory.objects.filter(pk__in=keys, is_active=not active).order_by("category_name")
    names = tuple(found.values_list("category_name", flat=True))
    if not names:
        return Asked(None, [NO_CATEGORY], fields[:1], back)
    return Asked(CategoryChange(names, active), [], fields, back)
