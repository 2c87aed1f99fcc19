"""Vendors see which values are read as others: by rules of their own, and by those for all vendors."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.uploads.mending import text
from uploads.models import ValueRule
from uploads.pipeline import remembered
from uploads.pipeline.judge import value_rules
from vendors.models import Vendor

PAGE = "/vendor/VEND001/upload/remembered/"


@pytest.fixture
def rules(vendor: Vendor, other_vendor: Vendor) -> None:
    for owner, wrong, right in (
        (None, "TVs", "Electronics"), (None, "Novels", "Books"), ("VEND001", "tvs", "Toys & Games"),
        ("VEND002", "Kleider", "Clothing"),
    ):  # fmt: skip
        ValueRule.objects.create(vendor_id=owner, field="category", wrong_value=wrong, right_value=right)


def test_a_vendor_sees_its_own_rules_and_those_for_all_and_never_anothers(
    sign_in: Callable[..., Client], rules: None
) -> None:
    said = text(sign_in("viewer").get(PAGE))
    assert "Category tvs Toys &amp; Games Category Novels Books for all vendors" in said
    assert "Kleider" not in said


def test_they_are_what_its_files_are_read_by(rules: None) -> None:
    for vendor in ("VEND001", "VEND002"):
        shown = {(one.field, one.wrong.casefold()): one.right for one in remembered.read_as(vendor)}
        assert shown == value_rules([vendor])[vendor]
    assert value_rules(["VEND001"])["VEND001"] == {
        ("category", "tvs"): "Toys & Games", ("category", "novels"): "Books",
    }  # fmt: skip
