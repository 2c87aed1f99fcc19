"""Vendors in the admin: approving, suspending and reactivating them, their members, and their numbers."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Product
from uploads.models import UploadHistory
from vendors import approval
from vendors.models import Vendor, VendorMember

LIST = "/admin/vendors/vendor/"
PAGE = f"{LIST}V1/change/"
NO_MEMBERS = {"members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0"}
FORM = {"vendor_name": "One", "email": "v1@example.com"} | NO_MEMBERS


@pytest.fixture(autouse=True)
def vendors(db: None) -> None:
    """V1 and V2 are pending, V3 is active, V4 suspended."""
    for n, status in enumerate(("pending", "pending", "active", "suspended"), 1):
        Vendor.objects.create(vendor_id=f"V{n}", vendor_name="<b>One", email=f"v{n}@example.com", status=status)


def statuses() -> list[str]:
    return list(Vendor.objects.order_by("pk").values_list("status", flat=True))


def staff(client: Client, *codenames: str) -> Client:
    """A staff member who may do this and nothing else."""
    user = User.objects.create_user("newcomer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def ask(client: Client, action: str, *keys: str, **more: Any) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": keys} | more, follow=True)


# --- from the list ---------------------------------------------------------------------------------------------


def test_approving_asks_first_about_those_that_are_pending(admin_client: Client) -> None:
    response = ask(admin_client, "approve", "V1", "V2", "V3")
    assert [key for key, _ in response.context["question"].lines] == ["V1", "V2"]
    assert "Their feeds are accepted from now on" in response.content.decode()
    assert "<b>One" not in response.content.decode()
    assert statuses() == ["pending", "pending", "active", "suspended"]


@pytest.mark.parametrize(
    ("action", "keys", "after", "message"),
    [
        ("approve", ["V1", "V2"], ["active", "active", "active", "suspended"], "Approved: pending → active."),
        ("suspend", ["V3"], ["pending", "pending", "suspended", "suspended"], "Suspended: active → suspended."),
        ("reactivate", ["V4"], ["pending", "pending", "active", "active"], "Reactivated: suspended → active."),
    ],
)
def test_what_was_confirmed_is_done_and_logged(
    admin_client: Client, action: str, keys: list[str], after: list[str], message: str
) -> None:
    response = ask(admin_client, action, *keys, confirmed="yes")
    assert f"{len(keys)} vendor" in response.content.decode()
    assert statuses() == after
    assert sorted(LogEntry.objects.values_list("object_id", "change_message")) == [(key, message) for key in keys]


def test_those_that_somebody_else_changed_first_are_counted_and_left_alone(admin_client: Client) -> None:
    text = ask(admin_client, "approve", "V1", "V4", confirmed="yes").content.decode()
    assert "1 vendor approved." in text
    assert "1 vendor changed meanwhile: somebody got there first." in text
    assert statuses() == ["active", "pending", "active", "suspended"]
    assert [entry.object_id for entry in LogEntry.objects.all()] == ["V1"]


def test_a_filtered_list_loses_none_of_what_was_confirmed(admin_client: Client) -> None:
    data = {"action": "approve", "_selected_action": ["V1", "V4"], "confirmed": "yes"}
    text = admin_client.post(f"{LIST}?status__exact=pending", data, follow=True).content.decode()
    assert "1 vendor changed meanwhile" in text


def test_suspending_says_how_many_uploads_are_running_and_what_becomes_of_them(admin_client: Client) -> None:
    Vendor.objects.update(status="active")
    for n, (vendor, status) in enumerate([("V1", "processing"), ("V1", "processing"), ("V1", "completed")]):
        UploadHistory.objects.create(upload_id=f"U{n}", vendor_id=vendor, file_name="f", status=status)
    response = ask(admin_client, "suspend", "V1", "V2")
    lines = [text for _, text in response.context["question"].lines]
    assert lines == ["V1 <b>One: 2 uploads running", "V2 <b>One: no upload running"]
    assert "the rows that remain will fail with vendor_not_active" in response.content.decode()


def test_where_none_has_the_status_nothing_is_asked(admin_client: Client) -> None:
    assert "None of them is pending" in ask(admin_client, "approve", "V3").content.decode()


def test_asking_about_many_costs_as_many_queries_as_about_one(admin_client: Client) -> None:
    def queries(*keys: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert ask(admin_client, "approve", *keys).status_code == 200
        return len(captured)

    queries("V1")
    assert queries("V1") == queries("V1", "V2")


def test_a_step_is_one_update_that_checks_the_status(admin_user: User) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert [vendor.pk for vendor in approval.take(approval.APPROVE, ["V1", "V3"], admin_user)] == ["V1"]
    updates = [query["sql"] for query in captured if query["sql"].lstrip().startswith("UPDATE")]
    assert len(updates) == 1
    assert "status = 'pending'" in updates[0]


def test_vendors_are_not_deleted_from_the_list(admin_client: Client) -> None:
    ask(admin_client, "delete_selected", "V1", post="yes")
    assert Vendor.objects.filter(pk="V1").exists()


@pytest.fixture
def products() -> None:
    """V3 has two products and a third that is retired; V4 has one."""
    for n, (vendor, status) in enumerate([("V3", "active"), ("V3", "active"), ("V3", "retired"), ("V4", "active")]):
        Product.objects.create(
            vendor_id=vendor, vendor_product_id=f"P{n}", product_name="Lamp", category="Books", sku=f"S{n}",
            price="1.00", stock_quantity=1, status=status,
        )  # fmt: skip


def test_retired_products_are_counted_apart(admin_client: Client, products: None) -> None:
    shown = admin_client.get(LIST).content.decode()
    active, retired = (f"/admin/catalog/product/?vendor=V3&amp;status__exact={one}" for one in ("active", "retired"))
    assert f'<a href="{active}">2</a> <small><a href="{retired}">1 retired</a></small>' in shown
    assert "V4&amp;status__exact=retired" not in shown
    page = admin_client.get(f"{LIST}V3/change/")
    assert page.context["figures"][:2] == [
        ("Products", "2", active.replace("&amp;", "&")), ("Retired products", "1", retired.replace("&amp;", "&"))
    ]  # fmt: skip
    assert [name for name, *_ in admin_client.get(f"{LIST}V4/change/").context["figures"]][:2] == [
        "Products",
        "Uploads",
    ]
    assert admin_client.get(active.replace("&amp;", "&")).context["cl"].result_count == 2


def test_who_may_not_see_products_sees_their_numbers_alone(client: Client, products: None) -> None:
    shown = staff(client, "view_vendor").get(LIST).content.decode()
    assert "2 <small>1 retired</small>" in shown
    assert "/admin/catalog/product/" not in shown


# --- from the page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "offered"), [("V1", "approve"), ("V3", "suspend"), ("V4", "reactivate")]
)  # fmt: skip
def test_a_vendors_page_offers_the_step_that_its_status_allows(admin_client: Client, vendor: str, offered: str) -> None:
    text = admin_client.get(f"{LIST}{vendor}/change/").content.decode()
    found = [name for name in approval.TRANSITIONS if f'href="{LIST}{vendor}/{name}/"' in text]
    assert found == [offered]


def test_the_button_asks_and_then_does_it(admin_client: Client) -> None:
    assert "Their feeds are accepted" in admin_client.get(f"{LIST}V1/approve/").content.decode()
    assert statuses()[0] == "pending"
    response = admin_client.post(f"{LIST}V1/approve/", {"confirmed": "yes", "_selected_action": ["V2"]}, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "1 vendor approved." in response.content.decode()
    assert statuses()[:2] == ["active", "pending"]
    assert LogEntry.objects.get().change_message == "Approved: pending → active."


def test_a_button_that_comes_too_late_says_so(admin_client: Client) -> None:
    Vendor.objects.filter(pk="V1").update(status="active")
    text = admin_client.post(f"{LIST}V1/approve/", {"confirmed": "yes"}, follow=True).content.decode()
    assert "somebody got there first" in text
    assert "None of them is pending" in admin_client.get(f"{LIST}V1/approve/", follow=True).content.decode()
    assert not LogEntry.objects.exists()
    assert admin_client.get(f"{LIST}V9/approve/").status_code == 404


# --- permissions -----------------------------------------------------------------------------------------------


def test_without_the_permission_nobody_approves_anything(client: Client) -> None:
    staff(client, "view_vendor", "change_vendor", "add_vendor")
    ask(client, "approve", "V1", confirmed="yes")
    assert client.get(f"{LIST}V1/approve/").status_code == 403
    assert client.post(f"{LIST}V1/approve/", {"confirmed": "yes"}).status_code == 403
    assert "/approve/" not in client.get(PAGE).content.decode()
    assert client.post(PAGE, FORM | {"status": "active"}).status_code == 302
    assert Vendor.objects.get(pk="V1").vendor_name == "One"
    assert statuses() == ["pending", "pending", "active", "suspended"]


def test_who_may_not_approve_adds_vendors_as_pending(client: Client) -> None:
    staff(client, "view_vendor", "add_vendor")
    new = FORM | {"vendor_id": "V9", "email": "v9@example.com", "status": "active", "country": ""}
    assert 'name="status"' not in client.get(f"{LIST}add/").content.decode()
    assert client.post(f"{LIST}add/", new).status_code == 302
    assert Vendor.objects.get(pk="V9").status == "pending"


def test_who_may_approve_can_add_an_active_vendor(client: Client) -> None:
    staff(client, "view_vendor", "add_vendor", "approve_vendor")
    new = FORM | {"vendor_id": "V9", "email": "v9@example.com", "status": "active"}
    assert client.post(f"{LIST}add/", new).status_code == 302
    assert Vendor.objects.get(pk="V9").status == "active"


# --- members ---------------------------------------------------------------------------------------------------


def members(*rows: tuple[str, str], kept: int = 0, **more: str) -> dict[str, str]:
    data = FORM | {"status": "pending", "members-TOTAL_FORMS": str(len(rows)), "members-INITIAL_FORMS": str(kept)}
    for n, (user, role) in enumerate(rows):
        data |= {f"members-{n}-user": user, f"members-{n}-role": role, f"members-{n}-vendor": "V1"}
    return data | more


def test_a_member_is_added_by_username_and_its_role_changed(admin_client: Client) -> None:
    mia = User.objects.create_user("mia")
    assert admin_client.post(PAGE, members((" mia ", "uploader"))).status_code == 302
    member = VendorMember.objects.get()
    assert (member.vendor_id, member.user, member.role) == ("V1", mia, "uploader")
    text = admin_client.get(PAGE).content.decode()
    assert 'name="members-0-user" value="mia"' in text
    data = members(("mia", "owner"), kept=1) | {"members-0-id": str(member.pk)}
    assert admin_client.post(PAGE, data).status_code == 302
    assert VendorMember.objects.get().role == "owner"
    assert "Changed Role for member" in admin_client.get(f"{LIST}V1/history/").content.decode()
    admin_client.post(PAGE, data | {"members-0-DELETE": "on"})
    assert not VendorMember.objects.exists()


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([("nobody<b>", "viewer")], "There is no user “nobody&lt;b&gt;”."),
        ([("a\0b", "viewer")], "Null characters are not allowed."),
        ([("", "viewer")], ""),
        ([("mia", "boss")], "Select a valid choice"),
        ([("mia", "owner"), ("mia", "viewer")], "Please correct the duplicate"),
    ],
)
def test_who_cannot_be_a_member_is_said_and_not_added(
    admin_client: Client, rows: list[tuple[str, str]], sentence: str
) -> None:
    User.objects.create_user("mia")
    assert sentence in admin_client.post(PAGE, members(*rows)).content.decode()
    assert not VendorMember.objects.exists()


def test_members_have_permissions_of_their_own(client: Client) -> None:
    User.objects.create_user("mia")
    staff(client, "view_vendor", "change_vendor", "view_vendormember")
    assert client.post(PAGE, members(("mia", "owner"))).status_code == 302
    assert not VendorMember.objects.exists()
    user = User.objects.get(username="newcomer")
    user.user_permissions.add(Permission.objects.get(codename="add_vendormember"))
    client.post(PAGE, members(("mia", "owner")))
    assert VendorMember.objects.get().role == "owner"
    VendorMember.objects.all().delete()
    user.user_permissions.set(Permission.objects.filter(codename="view_vendor"))
    assert "mia" not in client.get(PAGE).content.decode()


def test_many_members_cost_no_more_queries(admin_client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(PAGE).status_code == 200
        return len(captured)

    VendorMember.objects.create(vendor_id="V1", user=User.objects.create_user("u0"))
    queries()
    one = queries()
    for n in range(1, 12):
        VendorMember.objects.create(vendor_id="V1", user=User.objects.create_user(f"u{n}"))
    assert queries() == one


# --- numbers ---------------------------------------------------------------------------------------------------


def test_a_vendors_page_shows_its_numbers(admin_client: Client) -> None:
    UploadHistory.objects.create(
        upload_id="U", vendor_id="V1", file_name="f", total_records=1600, valid_records=1200, error_records=400
    )
    figures = {name: value for name, value, _ in admin_client.get(PAGE).context["figures"]}
    assert figures | {"Uploads": "1", "Rows": "1,600", "With errors": "400", "Error rate": "25.00 %"} == figures
    nothing = admin_client.get(f"{LIST}V2/change/").context["figures"]
    assert ("Error rate", "–", "") in nothing


def test_another_status_takes_away_that_it_was_declined(admin_client: Client) -> None:
    Vendor.objects.filter(pk="V1").update(declined_at=timezone.now(), declined_reason="No tax ID.")
    for status, declined in (("pending", True), ("active", False), ("pending", False)):
        assert admin_client.post(PAGE, FORM | {"status": status}).status_code == 302
        vendor = Vendor.objects.get(pk="V1")
        assert (vendor.status, vendor.is_declined, vendor.declined_reason == "No tax ID.") == (
            status, declined, declined,
        )  # fmt: skip
