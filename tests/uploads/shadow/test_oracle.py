"""What a test says of rows is what becomes of them when the change is made and the same file comes again."""

from random import Random

import pytest
from django.contrib.auth.models import User

from catalog.models import ProductCategory
from tests.conftest import Pipeline
from tests.feeds import HEADER, line
from tests.jobs import run_jobs
from uploads.models import GuardThreshold, SeverityRule, UploadHistory, ValidationError, ValueRule
from uploads.shadow import compare, run
from uploads.shadow.changes import CategoryChange, Change, RuleChange, SeverityChange
from vendors.models import Vendor

ROWS = 60
CELLS = {
    "product_name": ["Lamp {}", "LAMP OF STEEL {}", "LAMP {}", "LAMP <b>{}</b>", ""],
    "category": ["Electronics", "electronics", "Books", "Gadgets", "GADGETS ", "Nothing"],
    "brand": ["Acme", "acme", "Other", ""],
    "description": ["", "Nice", "A lamp of steel for the desk &amp; more."],
    "price": ["9.99", "9.99", "9.99", "9.99", "x"],
    "stock_quantity": ["5", "5", "0", "-1"],
}
GTINS = ["", "4006381333931", "4006381333932", "none"]

MADE: list[Change] = [
    RuleChange(None, "category", "Gadgets", "Electronics"),
    SeverityChange("name_in_capitals", "error", "", "Electronics", 3),
    SeverityChange("invalid_gtin", "warning", "VEND001"),
    CategoryChange(("Electronics",), active=False),
    SeverityChange("inactive_category", "warning", category="Electronics"),
]


def one(random: Random, number: int) -> str:
    """A row, most of whose cells are right."""
    cells = {name: f'"{_any(random, values).format(number)}"' for name, values in CELLS.items()}
    return f"{line(number, **cells)},{_any(random, GTINS)}"


def _any(random: Random, values: list[str]) -> str:
    return values[0] if random.random() < 0.6 else random.choice(values)


def make(change: Change) -> None:
    """As its own form would."""
    if isinstance(change, RuleChange):
        ValueRule.objects.create(
            vendor_id=change.vendor_id, field=change.field, wrong_value=change.wrong, right_value=change.right or ""
        )
    elif isinstance(change, SeverityChange):
        SeverityRule.objects.create(
            code=change.code, severity=change.severity, vendor_id=change.vendor_id or None, category=change.category,
            threshold=change.threshold,
        )  # fmt: skip
    elif isinstance(change, CategoryChange):
        ProductCategory.objects.filter(category_name__in=change.names).update(is_active=change.active)


def failed(upload: UploadHistory) -> set[int]:
    return set(ValidationError.objects.errors().filter(upload=upload).values_list("row_number", flat=True))


def test_what_a_test_says_comes_true_row_for_row(
    pipeline: Pipeline, vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "EXAMPLES", 100 * ROWS)
    monkeypatch.setattr(compare, "MOST_EXAMPLES", 100 * ROWS)
    random = Random(47)
    text = "\n".join([f"{HEADER},gtin", *(one(random, number) for number in range(1, ROWS + 1)), ""])
    for kind in GuardThreshold.Kind.values:
        GuardThreshold.objects.create(kind=kind, limit_percent=50, owner_percent=90, is_on=False)
    upload = pipeline.run(text)
    for change in MADE:
        examples = run_jobs(run.start(change, 1, admin_user)).result["vendors"]["VEND001"]["examples"]
        said = {kind: {e["row"] for e in examples if (e["kind"], e["upload"]) == (kind, upload.pk)}
                for kind in ("fail", "pass")}  # fmt: skip
        make(change)
        before, upload = failed(upload), pipeline.run(text)
        after = failed(upload)
        assert said == {"fail": after - before, "pass": before - after}, change
        assert before != after, f"{change}: no row shows what it does"
