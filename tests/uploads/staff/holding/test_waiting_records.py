"""Records of programs that wait since they look wrong: where staff and the vendor's people meet them, and answer."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import F
from django.test import Client

from catalog.models import Product
from security.models import SecurityEvent
from tests.conftest import Pipeline
from tests.uploads.pipeline.holding.seen import ERP, put, tick
from uploads.aws import dynamo
from uploads.desk import waiting_count
from uploads.models import ProgramMinute, UploadHistory, WorkItem
from uploads.pipeline.holding import waiting
from vendors.models import Vendor, VendorHold, VendorMember

PAGE = "/admin/vendors/vendor/VEND001/held_records/"
VENDOR = "/admin/vendors/vendor/VEND001/change/"
OURS = "/vendor/VEND001/upload/records/"


def text(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.decode()).split())


@pytest.fixture
def held(pipeline: Pipeline) -> VendorHold:
    """Half of the products lose their stock: owners may decide about that much, and not about all."""
    put(*range(1, 41), upload_id="BEFORE")
    pipeline.settle()
    ProgramMinute.objects.all().delete()
    put(*range(1, 21), stock_quantity="0", product_name="<b>Lamp")
    put(*range(21, 41))
    pipeline.settle()
    return VendorHold.objects.get()


@pytest.fixture
def owner(vendor: Vendor) -> User:
    user = User.objects.create_user("ann@northwind.example", "ann@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    return user


def zeros() -> int:
    return Product.objects.filter(stock_quantity=0).count()


def test_staff_find_them_on_work_on_the_vendor_and_on_the_upload(admin_client: Client, held: VendorHold) -> None:
    work = admin_client.get("/admin/").content.decode()
    assert "Records of programs that look wrong" in work
    assert PAGE in work
    admin = User.objects.get(username="admin")
    assert waiting_count.shown(admin) == "1"
    assert "Records of its programs wait since" in text(admin_client.get(VENDOR).content)
    upload = text(admin_client.get(f"/admin/uploads/uploadhistory/{ERP}/change/").content)
    assert "Records of programs wait since" in upload

    page = admin_client.get(PAGE).content.decode()
    assert "20 stocks fall to 0, of 40 products within an hour: 50 %, where up to 30 % go through." in text(
        page.encode()
    )
    assert "&lt;b&gt;Lamp" in page
    assert ERP in page


def test_staff_let_them_through(admin_client: Client, held: VendorHold) -> None:
    admin_client.post(PAGE, {"do": "confirm", "hold": held.pk})
    tick()
    assert zeros() == 20
    held.refresh_from_db()
    assert (held.ended_how, held.ended_by) == ("confirmed", User.objects.get(username="admin"))
    assert SecurityEvent.objects.filter(vendor_id="VEND001", detail="Records of programs let through").exists()
    assert WorkItem.objects.get(kind="window", key="VEND001").outcome == "They go through now."
    assert "Nothing waits for an answer" in text(admin_client.get(PAGE).content)


def test_staff_refuse_them(admin_client: Client, held: VendorHold) -> None:
    admin_client.post(PAGE, {"do": "refuse", "hold": held.pk})
    tick()
    assert zeros() == 0
    assert UploadHistory.objects.get(pk=ERP).status == "cancelled"


def test_an_answer_to_what_was_not_seen_is_none(admin_client: Client, held: VendorHold) -> None:
    VendorHold.objects.update(id=F("id") + 7)
    page = admin_client.post(PAGE, {"do": "confirm", "hold": held.pk}, follow=True)
    assert "more came meanwhile" in text(page.content)
    assert VendorHold.objects.filter(ended_at=None).exists()


def test_who_may_only_look_does_not_answer(client: Client, held: VendorHold) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_vendor", "view_vendorhold"]))
    client.force_login(user)
    assert 'value="confirm"' not in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"do": "confirm", "hold": held.pk}).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_vendor"))
    assert client.get(PAGE).status_code == 403


def test_an_owner_reads_it_and_lets_through_what_owners_may(client: Client, held: VendorHold, owner: User) -> None:
    client.force_login(owner)
    assert OURS in client.get("/vendor/VEND001/").content.decode()
    page = client.get(OURS)
    assert "20 stocks fall to 0, of 40 products within an hour" in text(page.content)
    assert "<b>Lamp" not in page.content.decode()
    client.post(OURS, {"do": "confirm", "hold": held.pk})
    tick()
    assert zeros() == 20
    assert "No records of your programs wait" in text(client.get(OURS).content)


def test_what_grows_beyond_the_owners_limit_while_it_waits_is_for_staff(
    pipeline: Pipeline, client: Client, held: VendorHold, owner: User
) -> None:
    client.force_login(owner)
    page = text(client.get(OURS).content)
    assert "all 40 records that wait" in page
    assert "20 stocks would fall to 0, of 40 products, with what took effect in the hour before they began" in page
    assert "Let them through" in page

    put(*range(21, 37), stock_quantity="0", upload_id="LATER")
    pipeline.settle()
    assert client.post(OURS, {"do": "confirm", "hold": held.pk}).status_code == 403
    tick()
    assert (zeros(), VendorHold.objects.filter(ended_at=None).count()) == (0, 1)
    page = text(client.get(OURS).content)
    assert "20 stocks fall to 0, of 40 products within an hour" in page
    assert "36 stocks would fall to 0, of 56 products" in page
    assert "our staff look at it" in page
    assert "Let them through" not in page


def test_what_was_more_than_owners_may_is_theirs_when_it_is_no_more(
    pipeline: Pipeline, client: Client, held: VendorHold, owner: User
) -> None:
    VendorHold.objects.update(findings=[{**held.findings[0], "found": 40}])
    client.force_login(owner)
    client.post(OURS, {"do": "confirm", "hold": held.pk})
    tick()
    assert zeros() == 20


def test_more_than_can_be_counted_is_for_staff(
    client: Client, held: VendorHold, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(owner)
    for name, value in (("MOST", 39), ("SECONDS", -1.0)):
        with monkeypatch.context() as patch:
            patch.setattr(waiting, name, value)
            assert "More wait than are counted for owners: our staff look at it." in text(client.get(OURS).content)
            assert client.post(OURS, {"do": "confirm", "hold": held.pk}).status_code == 403
    assert VendorHold.objects.filter(ended_at=None).exists()


def test_where_the_table_is_away_owners_answer_later_and_staff_now(
    client: Client, admin_client: Client, held: VendorHold, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise dynamo.Unavailable("no route")

    monkeypatch.setattr(dynamo, "query_upload", away)
    client.force_login(owner)
    assert "You can answer when they can be read again." in text(client.get(OURS).content)
    assert client.post(OURS, {"do": "confirm", "hold": held.pk}).status_code == 403
    assert "can’t be read at the moment" in text(admin_client.get(PAGE).content)
    admin_client.post(PAGE, {"do": "refuse", "hold": held.pk})
    assert not VendorHold.objects.filter(ended_at=None).exists()


def test_a_product_that_waits_twice_is_counted_as_the_catalog_would_change(
    pipeline: Pipeline, client: Client, held: VendorHold, owner: User
) -> None:
    put(*range(1, 21), stock_quantity="0", upload_id="AGAIN")
    pipeline.settle()
    now = waiting.counted(held)
    assert now is not None
    (finding,) = now.findings
    assert (finding.found, finding.of, now.records) == (20, 60, 60)
    assert Product.objects.filter(stock_quantity=0).count() == 0, "nothing is written"


@pytest.mark.parametrize("role", ["viewer", "uploader"])
def test_others_of_the_vendor_may_look_and_strangers_find_nothing(client: Client, held: VendorHold, role: str) -> None:
    user = User.objects.create_user("bob")
    client.force_login(user)
    assert client.get(OURS).status_code == 404
    VendorMember.objects.create(vendor_id="VEND001", user=user, role=role)
    assert "An owner, or our staff, decide about it" in text(client.get(OURS).content)
    assert client.post(OURS, {"do": "confirm", "hold": held.pk}).status_code == 403
