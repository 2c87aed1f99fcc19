"""Who works for a vendor: owners change it, staff see it in the log, and the last owner stays."""

import threading
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection, transaction

from tests.vendors.conftest import as_user, member
from vendors import members
from vendors.models import Vendor, VendorMember

pytestmark = pytest.mark.usefixtures("accounts")
LIST = "/vendor/VEND001/members/"


@pytest.fixture
def ada(vendor: Vendor) -> VendorMember:
    """The owner of VEND001."""
    return member(vendor, "ada", "owner")


def page_of(one: VendorMember) -> str:
    return f"{LIST}{one.pk}/"


def test_an_owner_gives_another_role_and_the_log_says_so(vendor: Vendor, ada: VendorMember) -> None:
    ben = member(vendor, "ben", "viewer")
    as_user(ada.user).post(page_of(ben), {"role": "uploader"})
    ben.refresh_from_db()
    assert ben.role == "uploader"
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user, entry.change_message) == (
        "VEND001", ada.user, "Member ben@example.com: viewer → uploader.",
    )  # fmt: skip


def test_who_was_removed_sees_nothing_any_more(vendor: Vendor, ada: VendorMember) -> None:
    ben = member(vendor, "ben", "uploader")
    browser = as_user(ben.user)
    assert browser.get("/vendor/VEND001/").status_code == 200
    as_user(ada.user).post(page_of(ben), {"remove": "yes"})
    assert browser.get("/vendor/VEND001/").status_code == 404
    assert LogEntry.objects.get().change_message == "Member ben@example.com removed, who was uploader."


@pytest.mark.parametrize("data", [{"remove": "yes"}, {"role": "viewer"}])
def test_the_last_owner_stays(vendor: Vendor, ada: VendorMember, data: dict[str, str]) -> None:
    gone = member(vendor, "gone", "owner")
    User.objects.filter(pk=gone.user_id).update(is_active=False)  # can't do anything for the vendor
    text = as_user(ada.user).post(page_of(ada), data, follow=True).content.decode()
    assert "This is the last owner." in text
    ada.refresh_from_db()
    assert ada.role == "owner"
    assert not LogEntry.objects.exists()


def test_an_owner_among_others_may_leave(vendor: Vendor, ada: VendorMember) -> None:
    member(vendor, "ben", "owner")
    assert as_user(ada.user).post(page_of(ada), {"remove": "yes"}).headers["Location"] == "/"
    assert [one.user.username for one in vendor.members.all()] == ["ben"]


@pytest.mark.parametrize("role", ["uploader", "viewer"])
def test_others_neither_see_nor_change_who_works_there(vendor: Vendor, ada: VendorMember, role: str) -> None:
    browser = as_user(member(vendor, "ben", role).user)
    assert browser.get(LIST).status_code == 403
    assert browser.post(page_of(ada), {"remove": "yes"}).status_code == 403
    assert LIST not in browser.get("/vendor/VEND001/").content.decode()
    assert vendor.members.count() == 2


def test_a_role_that_is_none_is_refused(vendor: Vendor, ada: VendorMember) -> None:
    ben = member(vendor, "ben", "viewer")
    assert as_user(ada.user).post(page_of(ben), {"role": "king"}).status_code == 200
    ben.refresh_from_db()
    assert ben.role == "viewer"


def test_the_list_costs_the_same_for_many(vendor: Vendor, ada: VendorMember, django_assert_num_queries: Any) -> None:
    browser = as_user(ada.user)
    with transaction.atomic(), django_assert_num_queries(7):
        browser.get(LIST)
    for n in range(3):
        member(vendor, f"n{n}", "viewer")
    with transaction.atomic(), django_assert_num_queries(7):
        browser.get(LIST)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_the_same_moment_leave_one(vendor: Vendor, ada: VendorMember) -> None:
    ben = member(vendor, "ben", "owner")
    refusals: list[str] = []

    def remove(one: VendorMember, by: User) -> None:
        try:
            members.remove(one, by)
        except members.NotPossible as refused:
            refusals.append(str(refused))
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((ada, ben.user), (ben, ada.user))]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM vendors FOR UPDATE")
        for thread in threads:
            thread.start()
        while True:  # until both wait for this transaction
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() == (2,):
                break
            assert all(thread.is_alive() for thread in threads), "they didn't wait for each other"
    for thread in threads:
        thread.join()
    assert vendor.members.filter(role="owner").count() == 1
    assert refusals == ["You aren't an owner any more."]
