"""Staff see how sources stand, pause them and have them fetched; nobody of them sees a secret."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from tests.uploads.sources.sites import ED25519, Site, add_source
from uploads.desk import waiting_count, work_list
from uploads.insight import metrics
from uploads.keeping import logs, offboarding, passes
from uploads.models import Source, SourceRun, WorkItem
from uploads.sources import run, secrets
from vendors.models import Vendor

LIST = "/admin/uploads/source/"
SECRET = "kW9-very-secret"


@pytest.fixture
def failing(vendor: Vendor) -> Source:
    source = add_source(vendor, auth="password", user_name="erp", failures=3, failing_since=timezone.now())
    secrets.put(source, password=SECRET)
    source.save()
    SourceRun.objects.create(source=source, outcome="failed", code="unreachable", message="No answer.")
    return source


def said(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_staff_see_a_source_with_its_runs_and_no_page_nor_export_has_its_secret(
    admin_client: Client, failing: Source, theirs_too: None
) -> None:
    page = said(admin_client.get(f"{LIST}{failing.pk}/change/"))
    assert "every day at 03:00" in page
    assert "No answer." in page
    pages = [page, said(admin_client.get(LIST)), said(admin_client.get("/admin/vendors/vendor/VEND001/change/"))]
    answer: Any = admin_client.post(f"{LIST}export/", {"format": "0"})
    pages.append(b"".join(answer.streaming_content).decode())
    for shown in pages:
        assert "Night feed" in shown
        assert SECRET not in shown
        assert failing.secret not in shown
        assert "fernet:" not in shown


@pytest.fixture
def theirs_too(other_vendor: Vendor) -> None:
    add_source(other_vendor, name="Theirs", failures=1)


def test_staff_pause_a_source_let_it_go_on_and_have_it_fetched(
    admin_client: Client, site: Site, failing: Source
) -> None:
    act = f"{LIST}{failing.pk}/act/"
    assert admin_client.post(act, {"do": "fetch"}).headers["Location"] == f"{LIST}{failing.pk}/change/"
    assert SourceRun.objects.get(kind="asked").requested_by == User.objects.get(username="admin")
    admin_client.post(act, {"do": "pause", "next": "/admin/"})
    assert Source.objects.get().state_reason == "Paused by our staff."
    admin_client.post(act, {"do": "go-on"})
    assert Source.objects.get().state == "active"
    assert admin_client.get(act).status_code == 302
    assert [one.change_message for one in LogEntry.objects.order_by("pk")] == [
        "A worker fetches it now.", "It is paused.", "It goes on at its next time.",
    ]  # fmt: skip
    assert run.fetch_next()


def test_who_only_looks_changes_nothing(client: Client, groups: None, failing: Source) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.groups.add(Group.objects.get(name="Read-only"))
    client.force_login(user)
    assert "Fetch now" not in said(client.get(f"{LIST}{failing.pk}/change/"))
    assert client.post(f"{LIST}{failing.pk}/act/", {"do": "pause"}).status_code == 403
    assert Source.objects.get().state == "active"


def test_what_cant_be_fetched_is_work_until_it_is_put_right(
    admin_client: Client, admin_user: User, failing: Source, other_vendor: Vendor
) -> None:
    gone = add_source(other_vendor, name="Gone", state="disabled", state_reason="For a week.", next_at=None)
    foreign = add_source(other_vendor, name="Foreign", state="paused", host_key="ssh-rsa AAAA", host_key_met=ED25519)
    add_source(other_vendor, name="Well", failures=2)
    page = said(admin_client.get("/admin/"))
    assert "couldn’t be fetched 3 times in a row" in page
    assert "so it is disabled. For a week." in page
    assert "shows another key" in page
    assert "Well" not in page
    assert waiting_count.shown(admin_user) == "3"
    things, count = next(group for group in work_list.GROUPS if group.name == "sources").found(admin_user, [], 0, 9)
    assert ({thing.key for thing in things}, count) == ({str(one.pk) for one in (failing, gone, foreign)}, 3)

    WorkItem.objects.create(kind="source", key=str(gone.pk), snoozed_until="2100-01-01T00:00Z")
    admin_client.post(f"{LIST}{failing.pk}/act/", {"do": "pause", "next": "/admin/"})
    assert waiting_count.shown(admin_user) == "1"
    assert "3 times in a row" not in said(admin_client.get("/admin/"))


def test_runs_are_kept_for_90_days_and_sources_leave_with_their_vendor(
    bucket: None, table: str, failing: Source, other_vendor: Vendor
) -> None:
    old = SourceRun.objects.create(source=failing, outcome="unchanged")
    SourceRun.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=logs.RUNS_DAYS + 1))
    while passes.go_on():
        pass
    assert [one.code for one in SourceRun.objects.all()] == ["unreachable"]
    assert ("onboarding_sources_failing", (), 1.0) in metrics.known()

    add_source(other_vendor)
    part = next(part for part in offboarding.PARTS if part.says.startswith("sources"))
    assert (part.count(failing.vendor), part.delete(failing.vendor), part.count(failing.vendor)) == (1, 1, 0)
    assert [one.vendor_id for one in Source.objects.all()] == ["VEND002"]
