"""Staff set thresholds in the admin; what counts for a vendor stands on its page."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.test import Client

from uploads.models import GuardThreshold
from uploads.pipeline.guard import thresholds
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("categories")
ADD = "/admin/uploads/guardthreshold/add/"
WANTED = {"kind": "zero_stock", "limit_percent": "40", "minimum": "10", "owner_percent": "70", "is_on": "on"}


@pytest.fixture
def lead(client: Client, db: Any) -> User:
    user = User.objects.create_user("lead", is_staff=True)
    user.groups.add(Group.objects.get(name="Operations lead"))
    client.force_login(user)
    return user


def test_a_threshold_is_set_changed_and_logged(client: Client, lead: User, vendor: Vendor) -> None:
    assert client.post(ADD, WANTED | {"vendor": "VEND001"}).status_code == 302
    stored = GuardThreshold.objects.get()
    assert (stored.vendor_id, stored.limit_percent, stored.updated_by) == ("VEND001", 40, lead)
    change = f"/admin/uploads/guardthreshold/{stored.pk}/change/"
    assert client.post(change, WANTED | {"limit_percent": "45"}).status_code == 302
    stored.refresh_from_db()
    assert (stored.limit_percent, stored.vendor_id) == (45, "VEND001")
    assert LogEntry.objects.filter(user=lead).count() == 2
    listed = client.get("/admin/uploads/guardthreshold/").content.decode()
    assert "stocks that fall to 0" in listed
    assert "45 %" in listed


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"category": "Nonsense"}, "There is no such category."),
        ({"category": "Electronics", "vendor": "VEND001"}, "for a vendor, or for a category"),
        ({"category": "Electronics", "kind": "errors"}, "only for prices and stocks"),
        ({"limit_percent": "101"}, "less than or equal to 100"),
        ({"limit_percent": "40"}, "There is one for this already"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    client: Client, lead: User, vendor: Vendor, changes: dict[str, str], says: str
) -> None:
    GuardThreshold.objects.create(kind="zero_stock", limit_percent=1, owner_percent=1)
    answer = client.post(ADD, WANTED | changes)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert GuardThreshold.objects.count() == 1


def test_only_the_lead_sets_thresholds_and_others_see_them(client: Client, db: Any) -> None:
    user = User.objects.create_user("operator", is_staff=True)
    user.groups.add(Group.objects.get(name="Operations"))
    client.force_login(user)
    assert client.get("/admin/uploads/guardthreshold/").status_code == 200
    assert client.get(ADD).status_code == 403
    assert user.has_perm("uploads.release_uploadhistory")


def test_a_vendors_page_says_what_counts_for_it(client: Client, lead: User, vendor: Vendor) -> None:
    GuardThreshold.objects.create(kind="zero_stock", vendor=vendor, limit_percent=77, owner_percent=80)
    GuardThreshold.objects.create(kind="errors", limit_percent=50, owner_percent=80, is_on=False)
    page = client.get("/admin/vendors/vendor/VEND001/change/").content.decode()
    assert "What holds its files" in page
    assert "beyond 77 % of at least 20; owners up to 80 %, set for this vendor" in page
    assert "holds nothing, as for all" in page


def test_the_database_keeps_one_for_each_scope_and_kind(vendor: Vendor) -> None:
    GuardThreshold.objects.create(kind="errors", limit_percent=1, owner_percent=1)
    for doubled in ({}, {"category": "Electronics"}, {"limit_percent": 101, "vendor": vendor}):
        with pytest.raises(IntegrityError), transaction.atomic():
            GuardThreshold.objects.create(**{"kind": "errors", "limit_percent": 1, "owner_percent": 1} | doubled)
    assert [one.limit for one in thresholds.of("VEND001") if one.kind == "errors"] == [1]
