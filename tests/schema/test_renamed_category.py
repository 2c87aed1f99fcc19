"""What was said of a category by its name goes with it when it gets another one."""

from collections.abc import Callable

import pytest
from django.db import connection

from catalog.models import ProductCategory
from uploads.models import GuardThreshold, SeverityRule, ValueRule
from uploads.pipeline.guard import thresholds
from uploads.pipeline.weighing import severities
from vendors.models import Vendor


def by_admin() -> None:
    category = ProductCategory.objects.get(category_name="Toys")
    category.category_name = "Toys & Games"
    category.save()


def by_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE product_categories SET category_name = 'Toys & Games' WHERE category_name = 'Toys'")


@pytest.fixture
def said(vendor: Vendor) -> None:
    ProductCategory.objects.create(category_name="Toys")
    for whose in (None, vendor):
        SeverityRule.objects.create(code="missing_image", vendor=whose, category="Toys", severity="error")
    GuardThreshold.objects.create(kind="zero_stock", category="Toys", limit_percent=5, owner_percent=9)
    ValueRule.objects.create(field="category", wrong_value="Spielzeug", right_value="Toys")
    ValueRule.objects.create(field="brand", wrong_value="T", right_value="Toys")


@pytest.mark.parametrize("renamed", [by_admin, by_sql])
def test_severities_thresholds_and_rules_follow_it(said: None, renamed: Callable[[], None]) -> None:
    renamed()
    assert set(SeverityRule.objects.values_list("category", flat=True)) == {"Toys & Games"}
    rule = severities.of(["VEND001"])["VEND001"].rule("missing_image", "Toys & Games")
    assert rule is not None
    assert rule.severity == "error"
    assert thresholds.categories(thresholds.of("VEND001")) == {"Toys & Games"}
    read = dict(ValueRule.objects.values_list("field", "right_value"))
    assert read == {"category": "Toys & Games", "brand": "Toys"}


def test_what_the_new_name_has_of_its_own_stays(said: None) -> None:
    GuardThreshold.objects.create(kind="zero_stock", category="Toys & Games", limit_percent=7, owner_percent=9)
    by_sql()
    assert {one.limit for one in thresholds.of("VEND001") if one.category == "Toys & Games"} == {7}


def test_what_is_not_renamed_keeps_what_was_said(said: None) -> None:
    ProductCategory.objects.update(is_active=False)
    ProductCategory.objects.create(category_name="Books")
    ProductCategory.objects.filter(category_name="Books").update(category_name="Novels")
    assert set(SeverityRule.objects.values_list("category", flat=True)) == {"Toys"}
