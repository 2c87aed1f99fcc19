"""manage.py seed_categories: the whitelist that a new platform starts with."""

import io
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import ProductCategory

pytestmark = pytest.mark.django_db


def _seed() -> str:
    out = io.StringIO()
    call_command("seed_categories", stdout=out)
    return out.getvalue()


def _all() -> list[Any]:
    return list(ProductCategory.objects.order_by("category_id").values())


def test_a_new_platform_gets_exactly_twenty_active_categories() -> None:
    assert _seed() == "20 categories added, 20 in all.\n"
    names = set(ProductCategory.objects.filter(is_active=True).values_list("category_name", flat=True))
    assert len(names) == 20
    assert names >= {"Electronics", "Clothing", "Home & Garden"}


def test_every_parent_is_a_category_itself_and_at_the_top() -> None:
    _seed()
    parents = set(ProductCategory.objects.exclude(parent_category=None).values_list("parent_category", flat=True))
    top = set(ProductCategory.objects.filter(parent_category=None).values_list("category_name", flat=True))
    assert parents
    assert parents <= top


def test_running_it_again_changes_nothing() -> None:
    _seed()
    before = _all()
    assert _seed() == "0 categories added, 20 in all.\n"
    assert _all() == before


def test_what_staff_edited_or_added_stays_as_it_is() -> None:
    _seed()
    ProductCategory.objects.filter(category_name="Books").update(is_active=False, parent_category="Music & Movies")
    ProductCategory.objects.create(category_name="Lamps", parent_category="Home & Garden")
    before = _all()
    _seed()
    assert _all() == before


def test_a_category_that_was_there_before_is_kept_and_the_others_are_added() -> None:
    ProductCategory.objects.create(category_name="Electronics", is_active=False)
    assert _seed() == "19 categories added, 20 in all.\n"
    assert ProductCategory.objects.get(category_name="Electronics").is_active is False
