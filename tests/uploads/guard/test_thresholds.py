"""Staff set thresholds in the admin; what counts for a vendor stands on its page."""

import re
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
LIST = "/admin/uploads/guardthreshold/"
ADD = f"{LIST}add/"
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


def counted(page: bytes) -> list[list[str]]:
    """The table of what counts: the cells of each of its rows."""
    body = page.decode().split("<tbody>")[1].split("</tbody>")[0]
    rows = (re.findall(r"<t[hd][ >].*?</t[hd]>", row, re.DOTALL) for row in body.split("<tr>")[1:])
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in rows]


def test_the_page_shows_what_counts_and_by_whom_it_was_set_beside_the_defaults(
    client: Client, lead: User, vendor: Vendor, other_vendor: Vendor
) -> None:
    page = client.get(LIST).content
    assert [len(row) for row in counted(page)] == [5] * 6
    assert counted(page)[0] == [
        "Prices that fall by half or more of products of the file that are in the catalog "
        "Set one for all : prices that fall by half or more",
        "For all vendors", "Held beyond 10 % of at least 20", "Owners let through up to 50 %",
        "Set by nobody: the default",
    ]  # fmt: skip
    made = [
        GuardThreshold.objects.create(kind="zero_stock", owner_percent=90, updated_by=lead, **facts)
        for facts in (
            {"limit_percent": 33, "minimum": 1500},
            {"limit_percent": 44, "category": "Electronics"},
            {"limit_percent": 77, "vendor": vendor},
        )
    ]
    GuardThreshold.objects.create(kind="errors", limit_percent=5, owner_percent=5, is_on=False)
    *_, all_of, electronics, retired, fewer, errors = counted(client.get(LIST).content)
    assert all_of[0].startswith("Stocks that fall to 0")
    assert "1 vendor has one of its own" in all_of[0]
    assert "Set one" not in all_of[0], "there is one: that is changed"
    assert all_of[1:4] == [
        "For all other products", "Held beyond 33 % of at least 1,500", "Owners let through up to 90 %",
    ]  # fmt: skip
    assert all_of[4].startswith("Set by lead ")
    assert electronics[:2] == ["For products in Electronics", "Held beyond 44 % of at least 20"]
    assert (retired[4], fewer[4]) == ("Set by nobody: the default",) * 2
    assert errors[2:4] == ["nothing is held for it", ""]
    assert errors[4].startswith("Set by somebody ")
    assert f"/guardthreshold/{made[0].pk}/change/" in client.get(LIST).content.decode()


def test_of_a_vendor_the_page_shows_what_counts_for_it(
    client: Client, lead: User, vendor: Vendor, other_vendor: Vendor
) -> None:
    GuardThreshold.objects.create(kind="zero_stock", category="Electronics", limit_percent=44, owner_percent=90)
    GuardThreshold.objects.create(kind="zero_stock", vendor=vendor, limit_percent=77, owner_percent=90)
    GuardThreshold.objects.create(kind="errors", vendor=other_vendor, limit_percent=1, owner_percent=1)
    GuardThreshold.objects.create(kind="errors", limit_percent=66, owner_percent=90)
    page = client.get(LIST, {"vendor": "VEND001"}).content
    assert f"What counts for {vendor.vendor_name}" in page.decode()
    found = {row[0].split(" of ")[0]: row[1:3] for row in counted(page)}
    assert len(found) == len(counted(page)) == 6
    assert found["Stocks that fall to 0"] == ["For this vendor", "Held beyond 77 % of at least 20"]
    assert found["Rows with errors"] == ["For all vendors", "Held beyond 66 % of at least 20"]
    assert "vendor=VEND001" in page.decode().split("Set one")[0].rpartition("href=")[2]
    for unknown in ("VEND999", "<b>"):
        assert "What counts for all vendors" in client.get(LIST, {"vendor": unknown}, follow=True).content.decode()


def test_who_may_not_set_thresholds_is_offered_no_form_for_one(client: Client, db: Any) -> None:
    user = User.objects.create_user("operator", is_staff=True)
    user.groups.add(Group.objects.get(name="Operations"))
    client.force_login(user)
    page = client.get(LIST).content
    assert len(counted(page)) == 6
    assert b"Set one" not in page


def test_the_database_keeps_one_for_each_scope_and_kind(vendor: Vendor) -> None:
    GuardThreshold.objects.create(kind="errors", limit_percent=1, owner_percent=1)
    for doubled in ({}, {"category": "Electronics"}, {"limit_percent": 101, "vendor": vendor}):
        with pytest.raises(IntegrityError), transaction.atomic():
            GuardThreshold.objects.create(**{"kind": "errors", "limit_percent": 1, "owner_percent": 1} | doubled)
    assert [one.limit for one in thresholds.of("VEND001") if one.kind == "errors"] == [1]
