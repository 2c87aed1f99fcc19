"""Pausing a vendor's feeds from its page: who may, what is asked, and where everybody reads it."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client

from security.models import SecurityEvent
from tests.companies import Company
from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.desk import waiting_count
from uploads.models import Source, UploadHistory
from uploads.pipeline.holding.pausing import pause, resume
from uploads.sources import changes, claims
from vendors import holds
from vendors.models import Vendor, VendorHold, VendorMember

PAGE = "/admin/vendors/vendor/VEND001/"
WHY = "Prices <b>fell</b> to 0."


@pytest.fixture
def owner(vendor: Vendor) -> User:
    user = User.objects.create_user("ann@northwind.example", "ann@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    return user


def text(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.decode()).split())


def test_it_is_asked_with_a_reason_and_then_done_and_said(
    admin_client: Client,
    vendor: Vendor,
    owner: User,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]],
) -> None:
    assert f"{PAGE}pause_feeds/" in admin_client.get(f"{PAGE}change/").content.decode()
    asked = text(admin_client.get(f"{PAGE}pause_feeds/").content)
    assert "no row of this vendor changes a product" in asked
    assert holds.of("VEND001") is None, "looking does nothing"

    refused = admin_client.post(f"{PAGE}pause_feeds/", {"reason": " "})
    assert "Say why" in text(refused.content)
    assert holds.of("VEND001") is None

    with django_capture_on_commit_callbacks(execute=True):
        done = admin_client.post(f"{PAGE}pause_feeds/", {"reason": WHY}, follow=True)
    page = done.content.decode()
    assert "Its feeds are paused since" in page
    assert "Prices &lt;b&gt;fell&lt;/b&gt; to 0." in page
    assert f"{PAGE}resume_feeds/" in page
    hold = VendorHold.objects.get()
    assert (hold.kind, hold.begun_by, hold.ended_at) == ("pause", User.objects.get(username="admin"), None)
    assert f"Feeds paused: {WHY}" in LogEntry.objects.values_list("change_message", flat=True)
    assert SecurityEvent.objects.filter(vendor_id="VEND001", detail="feeds paused").exists()
    (told,) = mail.outbox
    assert (told.to, told.subject) == (["ann@northwind.example"], "The feeds of Northwind are paused")
    assert WHY in told.body

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(f"{PAGE}resume_feeds/")
    hold.refresh_from_db()
    assert (hold.ended_how, hold.ended_by is not None) == ("resumed", True)
    assert mail.outbox[-1].subject == "The feeds of Northwind go on"
    assert SecurityEvent.objects.filter(vendor_id="VEND001", detail="feeds resumed").exists()


def test_who_may_not_is_not_offered_it_and_refused(client: Client, vendor: Vendor) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_vendor", "change_vendor"]))
    client.force_login(user)
    assert "pause_feeds" not in client.get(f"{PAGE}change/").content.decode()
    for what in ("pause_feeds", "resume_feeds"):
        assert client.post(f"{PAGE}{what}/", {"reason": WHY}).status_code == 403
    assert not VendorHold.objects.exists()


def test_the_list_of_vendors_says_who_is_held_back_and_is_filtered_by_it(
    admin_client: Client, vendor: Vendor, other_vendor: Vendor, admin_user: User
) -> None:
    VendorHold.objects.create(vendor=other_vendor, kind="window", reason="40 stocks fall to 0")
    pause("VEND001", "Wait.", admin_user)
    whole = text(admin_client.get("/admin/vendors/vendor/").content)
    assert "active paused" in whole
    assert "active held back" in whole
    for kind, shown, other in (("pause", "VEND001", "VEND002"), ("window", "VEND002", "VEND001")):
        found = text(admin_client.get(f"/admin/vendors/vendor/?held_back={kind}").content)
        assert "1 vendor" in found
        assert (shown in found, other in found) == (True, False)
    resume("VEND001", admin_user)
    assert "0 results" in text(admin_client.get("/admin/vendors/vendor/?held_back=pause").content)


def test_a_pause_is_on_the_list_of_work_until_somebody_resumes_it(
    admin_client: Client, vendor: Vendor, admin_user: User
) -> None:
    pause("VEND001", WHY, admin_user)
    work = admin_client.get("/admin/").content.decode()
    assert "Feeds that are paused" in work
    assert "Prices &lt;b&gt;fell&lt;/b&gt; to 0." in work
    assert f"{PAGE}resume_feeds/" in work
    assert waiting_count.shown(admin_user) == "1"
    admin_client.post(f"{PAGE}resume_feeds/", follow=True)
    assert "Feeds that are paused" not in admin_client.get("/admin/").content.decode()
    assert waiting_count.shown(admin_user) == ""
    done = admin_client.get("/admin/?tab=done").content.decode()
    assert "Resumed." in done


def test_twice_is_said(admin_client: Client, admin_user: User, vendor: Vendor) -> None:
    pause("VEND001", WHY, admin_user)
    again = admin_client.post(f"{PAGE}pause_feeds/", {"reason": "Other."}, follow=True)
    assert "paused already, by somebody else" in text(again.content)
    assert "They are paused already" in text(admin_client.get(f"{PAGE}pause_feeds/").content)
    resume("VEND001", admin_user)
    assert "They aren't paused" in text(admin_client.get(f"{PAGE}resume_feeds/").content).replace("&#x27;", "'")


def test_its_people_read_it_on_home_and_upload_and_their_files_wait(
    pipeline: Pipeline, client: Client, admin_user: User, owner: User
) -> None:
    pause("VEND001", WHY, admin_user)
    upload = pipeline.send(feed(line(1)))
    client.force_login(owner)
    for address in ("/vendor/VEND001/", "/vendor/VEND001/upload/"):
        page = client.get(address)
        assert page.status_code == 200, address
        assert "Your feeds are paused since" in text(page.content), address
        assert "<b>fell</b>" not in page.content.decode()
    assert "It waits. Your feeds are paused since" in text(client.get("/vendor/VEND001/").content)
    assert "It waits. Your feeds are paused since" in text(client.get(f"/vendor/VEND001/uploads/{upload.pk}/").content)


def test_staff_read_on_the_upload_why_it_waits(pipeline: Pipeline, admin_client: Client, admin_user: User) -> None:
    pause("VEND001", WHY, admin_user)
    upload = pipeline.send(feed(line(1)))
    page = text(admin_client.get(f"/admin/uploads/uploadhistory/{upload.pk}/change/").content)
    assert "Waits: 0 rows are checked. The feeds of VEND001 are paused since" in page


def test_sources_are_not_fetched_and_their_slot_is_caught_up_once(ours: Company, admin_user: User) -> None:
    source = Source.objects.filter(vendor="VEND001").first()
    assert source is not None
    Source.objects.filter(pk=source.pk).update(state="active", next_at="2020-01-01T00:00Z", host_key="x")
    Source.objects.exclude(pk=source.pk).update(next_at=None)
    pause("VEND001", WHY, admin_user)
    assert claims._due() is None
    with pytest.raises(changes.NotPossible, match="are paused since"):
        changes.ask(source, "asked", admin_user)

    resume("VEND001", admin_user)
    due = claims._due()
    assert due is not None
    assert due.pk == source.pk


def test_an_upload_can_be_undone_while_the_feeds_are_paused(
    pipeline: Pipeline, admin_client: Client, admin_user: User
) -> None:
    upload = pipeline.run(feed(line(1)))
    pause("VEND001", WHY, admin_user)
    page = admin_client.get(f"/admin/uploads/uploadhistory/{upload.pk}/change/").content.decode()
    assert "undo/" in page
    assert UploadHistory.objects.get().status == "completed"
