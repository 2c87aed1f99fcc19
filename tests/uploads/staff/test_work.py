"""The list of work: what waits, in which order, what is noted of it and decided there, and who may do which of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from tests.site.test_hidden_text import HIDING
from tests.uploads.staff.test_figures import fill, page, queries, ways
from uploads.desk import items, waiting_count, work_list
from uploads.models import (
    Job,
    RecordOutcome,
    ServiceOutage,
    StreamShard,
    TableStream,
    UpkeepStep,
    UploadHistory,
    WorkItem,
)
from uploads.work import steps
from vendors.models import Vendor, VendorMember

pytestmark = pytest.mark.django_db

WORK, ACT, BACK = "/admin/", "/admin/work/", "/admin/work/back/"
SCRIPT = "<script>alert(1)</script>"


def failed(vendor: Vendor, name: str = "feed.csv", hours: float = 1, **more: Any) -> UploadHistory:
    upload = UploadHistory.objects.create(
        upload_id=f"U {name}", vendor=vendor, file_name=name, status="failed", failure_reason="The file is empty.",
        **more,
    )  # fmt: skip
    UploadHistory.objects.filter(pk=upload.pk).update(created_at=timezone.now() - timedelta(hours=hours))
    return upload


def applied(vendor_id: str = "NEW", days: int = 1, **more: Any) -> Vendor:
    vendor = Vendor.objects.create(
        vendor_id=vendor_id,
        vendor_name=f"{vendor_id} Lamps",
        email=f"{vendor_id}@example.com",
        status="pending",
        **more,
    )
    Vendor.objects.filter(pk=vendor_id).update(created_at=timezone.now() - timedelta(days=days))
    return vendor


def act(client: Client, do: str, kind: str, key: str, **more: str) -> str:
    """Do something of the list, and the page that comes of it."""
    about = {"act": do, "kind": kind, "key": key, "next": WORK, "at": "failed"}
    response = client.post(ACT, about | more, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def titles(text: str, section: str = "") -> list[str]:
    """What the things on a page are called, or those in a section."""
    parts = dict(re.findall(r'<section class="things" aria-labelledby="(\w+)">(.*?)</section>', text, re.DOTALL))
    part = parts.get(section, "") if section else text
    return re.findall(r'<h3 id="[^"]+">(?:<a [^>]+>)?([^<]+)', part)


def sections(text: str) -> list[str]:
    return re.findall(r'<section class="things" aria-labelledby="(\w+)">', text)


def somebody(client: Client, *permissions: str, name: str = "ada") -> User:
    """Somebody of the staff with these permissions alone, signed in."""
    user = User.objects.create_user(name, f"{name}@example.com", is_staff=True)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client.force_login(user)
    return user


# --- what waits ------------------------------------------------------------------------------------------------


def test_a_failed_upload_waits_with_what_failed_whose_it_is_and_a_way_to_send_it_again(
    admin_client: Client, vendor: Vendor
) -> None:
    upload = failed(vendor, hours=3, uploaded_by=User.objects.get(username="admin"))
    text = page(admin_client, WORK)
    assert titles(text, "failed") == ["feed.csv"]
    for said in ("The file is empty.", "Northwind", "3\xa0hours ago", "sent by admin"):
        assert said in text
    assert "/admin/catalog/product/import/?vendor=VEND001" in ways(text)
    upload.status = "completed"
    upload.save()
    assert titles(page(admin_client, WORK)) == []


def test_what_failed_long_ago_waits_no_more(admin_client: Client, vendor: Vendor) -> None:
    failed(vendor, hours=24 * 31)
    assert "Nothing waits for you." in page(admin_client, WORK)


def test_the_oldest_comes_first_and_each_group_shows_a_few_and_leads_to_all(
    admin_client: Client, vendor: Vendor
) -> None:
    for n in range(60):
        failed(vendor, f"f{n}.csv", hours=n + 1)
    text = page(admin_client, WORK)
    assert titles(text) == ["f59.csv", "f58.csv", "f57.csv", "f56.csv", "f55.csv"]
    assert '<h2 id="failed">Failed uploads <span class="count">60</span>' in text
    assert "/admin/?group=failed" in ways(text)
    assert len(titles(page(admin_client, f"{WORK}?group=failed"))) == 50
    assert titles(page(admin_client, f"{WORK}?group=failed&p=2"))[-1] == "f0.csv"
    assert titles(page(admin_client, f"{WORK}?group=failed&p=99")) == []
    assert admin_client.get(f"{WORK}?group=nothing").status_code == 404


def test_more_than_a_group_counts_is_said_so(
    admin_client: Client, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("things", "work_list"):
        monkeypatch.setattr(f"uploads.desk.{module}.MOST", 6)
    monkeypatch.setattr(waiting_count, "MOST", 6)
    for n in range(9):
        failed(vendor, f"f{n}.csv")
    text = page(admin_client, WORK)
    assert "Show all 6+" in text
    assert 'Work <span class="count">6+' in text


def test_companies_that_applied_wait_and_it_is_said_whose_address_is_not_confirmed(
    admin_client: Client, groups: None
) -> None:
    vendor = applied(city="Oslo", country="Norway")
    owner = User.objects.create_user("owner", "owner@example.com")
    VendorMember.objects.create(vendor=vendor, user=owner, role="owner")
    EmailAddress.objects.create(user=owner, email=owner.email, verified=False)
    text = page(admin_client, WORK)
    assert titles(text, "vendors") == ["NEW Lamps"]
    assert "its owner has not confirmed the e-mail address yet" in text
    assert "Oslo, Norway" in text
    EmailAddress.objects.update(verified=True)
    assert "has not confirmed" not in page(admin_client, WORK)


def test_a_new_name_waits_beside_the_old_one(admin_client: Client, vendor: Vendor) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(requested_name="Southwind")
    text = page(admin_client, WORK)
    assert titles(text, "names") == ["Northwind"]
    assert "It wants to be called “Southwind”." in text


def test_what_is_not_in_order_is_said_in_plain_words_with_what_to_do(admin_client: Client) -> None:
    fill(range(1))
    now = timezone.now()
    ServiceOutage.objects.create(service="DynamoDB", reason=f"DynamoDB refuses the credentials: {SCRIPT}. Renew them.")
    UpkeepStep.objects.create(name=steps.FINISH, failing_since=now, failed_at=now, failure="KeyError: 'x'")
    UpkeepStep.objects.create(name=steps.RECONCILE, failing_since=now, failed_at=now, failure="Away.", waits=True)
    UpkeepStep.objects.create(name=steps.STAGE, well_at=now - timedelta(hours=1))
    text = page(admin_client, f"{WORK}?group=troubles")
    said = {
        "DynamoDB is away": f"DynamoDB refuses the credentials: {escape(SCRIPT)}. Renew them.",
        f"“{steps.FINISH}” fails": "Tell your engineers: it doesn’t pass by itself.",
        "The schedule stands still": f"Not done on time: “{steps.STAGE}”. Are beat and a worker running?",
        "Undo an upload: f.csv": f"It failed: {escape(SCRIPT)}",
        "f.csv": "100 rows of it have had no answer",
        "Rows may have come in that nobody has seen": "All incoming rows are read once more: 12 so far",
        "Some incoming rows were not read": "What is missing is read again. This passes by itself.",
        "Results are written back late": "1 status for more than a minute",
        "Results that can never be written back": "1 status in 7 days",
    }
    assert titles(text) == list(said)
    for sentence in said.values():
        assert sentence in text
    assert f"“{steps.RECONCILE}” fails" not in text, "the outage is said already"
    assert SCRIPT not in text


def test_what_was_in_trouble_leaves_when_it_is_over(admin_client: Client) -> None:
    fill(range(1))
    assert "troubles" in sections(page(admin_client, WORK))
    UploadHistory.objects.update(status="completed", reconciled_to="")
    for rows in (StreamShard, TableStream, RecordOutcome, Job):
        rows.objects.all().delete()
    assert "troubles" not in sections(page(admin_client, WORK))


def test_technical_detail_is_for_those_who_may_look_at_the_stream(client: Client) -> None:
    fill(range(1))
    user = somebody(client, "uploads.view_uploadhistory")
    text = page(client, f"{WORK}?group=troubles")
    assert "For engineers" not in text
    assert "/admin/uploads/streamshard/" not in text
    user.user_permissions.add(Permission.objects.get(codename="view_streamshard"))
    assert "in what was read of the stream." in page(client, f"{WORK}?group=troubles")


def test_everything_on_the_list_leads_to_a_page_that_opens(admin_client: Client, vendor: Vendor) -> None:
    fill(range(3))
    Vendor.objects.filter(pk=vendor.pk).update(requested_name="Southwind")
    found = set[str]()
    for address in (WORK, f"{WORK}?group=troubles", f"{WORK}?tab=mine", f"{WORK}?tab=snoozed", f"{WORK}?tab=done"):
        text = page(admin_client, address)
        found |= ways(text[text.index('class="work-list"') :])
    assert len(found) > 20
    for way in found:
        assert admin_client.get(way if way.startswith("/") else f"{WORK}{way}").status_code == 200, way


def test_links_of_troubles_lead_to_what_they_count(admin_client: Client) -> None:
    fill(range(3))
    found = ways(page(admin_client, f"{WORK}?group=troubles"))
    for path, part, number in (("streamshard", "gap", 3), ("recordoutcome", "written_back_at", 3)):
        (way,) = (way for way in found if way.startswith(f"/admin/uploads/{path}/?") and part in way)
        assert admin_client.get(way).context["cl"].result_count == number


def test_an_empty_platform_says_what_to_do_first(admin_client: Client) -> None:
    text = page(admin_client, WORK)
    assert "Nothing was sent yet" in text
    assert "/admin/catalog/product/import/" in ways(text)


def test_work_that_is_all_done_says_so_and_what_could_be_next(admin_client: Client, vendor: Vendor) -> None:
    UploadHistory.objects.create(upload_id="U", vendor=vendor, file_name="f.csv", status="completed")
    text = page(admin_client, WORK)
    assert "All done. Nothing waits for you." in text
    assert {"/admin/figures/", "/admin/catalog/product/import/"} <= ways(text)


# --- what is noted ---------------------------------------------------------------------------------------------


def test_what_somebody_takes_on_stands_before_the_groups_and_under_mine(admin_client: Client, vendor: Vendor) -> None:
    upload = failed(vendor)
    failed(vendor, "other.csv")
    assert "“feed.csv” is yours now." in act(admin_client, "take", "upload", upload.pk)
    text = page(admin_client, WORK)
    assert sections(text) == ["yours", "failed"]
    assert (titles(text, "yours"), titles(text, "failed")) == (["feed.csv"], ["other.csv"])
    assert titles(page(admin_client, f"{WORK}?tab=mine")) == ["feed.csv"]
    act(admin_client, "assign", "upload", upload.pk, who="")
    assert "Nothing is yours." in page(admin_client, f"{WORK}?tab=mine")


def test_a_thing_is_given_to_somebody_on_the_staff_who_may_see_it(admin_client: Client, vendor: Vendor) -> None:
    upload = failed(vendor)
    bob = User.objects.create_user("bob", "bob@example.com", is_staff=True)
    User.objects.create_user("owner", "owner@example.com")
    for name in ("bob", "owner", "nobody", "\0"):
        assert "Nobody on the staff who may see this has that name." in act(
            admin_client, "assign", "upload", upload.pk, who=name
        )
    bob.user_permissions.add(Permission.objects.get(codename="view_uploadhistory"))
    assert '<option value="bob">' in page(admin_client, WORK)
    assert "is for bob now." in act(admin_client, "assign", "upload", upload.pk, who="Bob@example.com")
    assert WorkItem.objects.get().assigned_to == bob
    client = Client()
    client.force_login(bob)
    assert titles(page(client, WORK), "yours") == ["feed.csv"]
    assert titles(page(admin_client, WORK), "failed") == ["feed.csv"]


def test_what_is_overdue_comes_before_all_else_for_everybody(admin_client: Client, vendor: Vendor) -> None:
    failed(vendor, "older.csv", hours=9)
    upload = failed(vendor)
    day = timezone.localdate() + timedelta(days=1)
    assert f"is due on {day:%Y-%m-%d}" in act(admin_client, "due", "upload", upload.pk, day=f"{day:%Y-%m-%d}")
    assert titles(page(admin_client, WORK)) == ["older.csv", "feed.csv"]
    WorkItem.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    text = page(admin_client, WORK)
    assert sections(text) == ["overdue", "failed"]
    assert "Overdue since" in text
    assert "isn’t due on any day now" in act(admin_client, "due", "upload", upload.pk, day="")


@pytest.mark.parametrize(
    ("name", "days"), [("tomorrow", {1}), ("next_week", set(range(1, 8))), ("snooze", {3})], ids=str
)
def test_what_is_put_off_leaves_the_list_and_comes_back_on_its_day(
    admin_client: Client, vendor: Vendor, name: str, days: set[int]
) -> None:
    upload = failed(vendor)
    act(admin_client, name, "upload", upload.pk, day=f"{timezone.localdate() + timedelta(days=3):%Y-%m-%d}")
    assert titles(page(admin_client, WORK)) == []
    assert "Work</a>" in page(admin_client, WORK), "what is put off isn't counted"
    assert titles(page(admin_client, f"{WORK}?tab=snoozed")) == ["feed.csv"]
    until = timezone.localtime(WorkItem.objects.get().snoozed_until)
    assert (until.date() - timezone.localdate()).days in days
    assert until.hour == 0
    WorkItem.objects.update(snoozed_until=timezone.now())
    assert titles(page(admin_client, WORK)) == ["feed.csv"]
    assert titles(page(admin_client, f"{WORK}?tab=snoozed")) == []


def test_what_is_put_off_can_be_woken(admin_client: Client, vendor: Vendor) -> None:
    upload = failed(vendor)
    act(admin_client, "tomorrow", "upload", upload.pk)
    assert "waits again" in act(admin_client, "wake", "upload", upload.pk)
    assert titles(page(admin_client, WORK)) == ["feed.csv"]


@pytest.mark.parametrize("kind", ["vendor", "name", "job", "outage", "step", "gap", "stalled"])
def test_things_of_every_kind_are_put_off_and_taken_on(admin_client: Client, kind: str) -> None:
    fill(range(1))
    applied()
    Vendor.objects.filter(pk="V0").update(requested_name="Southwind")
    ServiceOutage.objects.create(service="DynamoDB", reason="Renew the credentials.")
    UpkeepStep.objects.create(name=steps.FINISH, failing_since=timezone.now(), failure="KeyError")
    user = User.objects.get(username="admin")

    def all_there() -> int:
        return sum(group.found(user, (), 0, 50)[1] for group in work_list.groups_of(user))

    before = all_there()
    thing = next(
        one for group in work_list.groups_of(user) for one in group.found(user, (), 0, 50)[0] if one.kind == kind
    )
    act(admin_client, "take", kind, thing.key)
    assert titles(page(admin_client, f"{WORK}?tab=mine")) == [escape(thing.title)]
    act(admin_client, "tomorrow", kind, thing.key)
    assert all_there() == before - 1


@pytest.mark.parametrize("day", ["", "yesterday", "2026-02-30", "0001-01-01", "9999-12-31", "\0", "2020-01-01"])
def test_a_day_that_cannot_be_is_refused_in_words(admin_client: Client, vendor: Vendor, day: str) -> None:
    upload = failed(vendor)
    assert "Choose a day" in act(admin_client, "snooze", "upload", upload.pk, day=day)
    assert not WorkItem.objects.exists()


# --- what is done ----------------------------------------------------------------------------------------------


def test_what_is_said_to_be_done_leaves_the_list_and_is_found_again_with_who_did_it_and_why(
    admin_client: Client, vendor: Vendor
) -> None:
    upload = failed(vendor)
    failed(vendor, "other.csv")
    assert "“feed.csv” is done." in act(admin_client, "done", "upload", upload.pk, why=" They sent\n another. ")
    assert titles(page(admin_client, WORK)) == ["other.csv"]
    text = page(admin_client, f"{WORK}?tab=done")
    assert titles(text) == ["feed.csv"]
    assert "They sent another." in text
    assert re.search(r"<span>failed upload</span><span>Northwind</span><span>admin</span>", text)
    for typed in ("feed", "northwind", "ADMIN", "another feed"):
        assert titles(page(admin_client, f"{WORK}?tab=done&q={typed}")) == ["feed.csv"], typed
    for typed in ("other", "another other", "%00"):
        assert titles(page(admin_client, f"{WORK}?tab=done&q={typed}"))[:1] in ([], ["feed.csv"])
    assert titles(page(admin_client, f"{WORK}?tab=done&q=other.csv")) == []


def test_what_was_done_leads_to_what_it_was_about(admin_client: Client, vendor: Vendor) -> None:
    act(admin_client, "done", "upload", failed(vendor).pk)
    act(admin_client, "approve", "vendor", applied().pk)
    Vendor.objects.filter(pk="VEND001").update(requested_name="Southwind")
    act(admin_client, "accept", "name", "VEND001", name="Southwind")
    for kind, key in (("value", "category:colour tvs"), ("outage", "1"), ("claim", "VEND001:sku-1")):
        WorkItem.objects.create(kind=kind, key=key, title=f"A {kind}", done_at=timezone.now())
    text = page(admin_client, f"{WORK}?tab=done")
    linked = dict(re.findall(r'<h3 id="done-\d+"><a href="([^"]+)">([^<]+)', text))
    assert linked == {
        "/admin/uploads/uploadhistory/U%20feed.csv/change/": "feed.csv",
        "/admin/vendors/vendor/NEW/change/": "NEW Lamps",
        "/admin/vendors/vendor/VEND001/change/": "Northwind",
        "/admin/uploads/validationerror/everywhere/?field=category&amp;value=colour+tvs": "A value",
    }
    assert titles(text)[:2] == ["A claim", "A outage"]
    for address in linked:
        assert admin_client.get(address.replace("&amp;", "&")).status_code == 200, address


def test_what_was_said_to_be_done_can_be_taken_back(admin_client: Client, vendor: Vendor) -> None:
    upload = failed(vendor)
    act(admin_client, "done", "upload", upload.pk)
    item = WorkItem.objects.get()
    admin_client.post(BACK, {"item": item.pk, "next": "/admin/?tab=done"})
    assert titles(page(admin_client, WORK)) == ["feed.csv"]
    assert titles(page(admin_client, f"{WORK}?tab=done")) == []
    for number in (str(item.pk), "x", "", "9" * 40):
        text = admin_client.post(BACK, {"item": number}, follow=True).content.decode()
        assert "can’t be taken back any more" in text


def test_what_is_over_by_itself_cannot_be_said_to_be_done(admin_client: Client) -> None:
    outage = ServiceOutage.objects.create(service="DynamoDB", reason="Renew the credentials.")
    assert "It is done" not in page(admin_client, WORK)
    act(admin_client, "done", "outage", str(outage.pk))
    assert not WorkItem.objects.exists()


def test_what_was_done_is_found_by_the_search_over_everything(admin_client: Client, vendor: Vendor) -> None:
    upload = failed(vendor)
    act(admin_client, "done", "upload", upload.pk, why="They sent another.")
    text = page(admin_client, "/admin/find/?q=sent+another")
    assert "Work that was done" in text
    (way,) = (way for way in ways(text) if "tab=done" in way)
    assert titles(page(admin_client, way)) == ["feed.csv"]


def test_pages_of_what_was_done_go_on_where_the_one_before_ended(
    admin_client: Client, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "PAGE", 2)
    for n in range(3):
        act(admin_client, "done", "upload", failed(vendor, f"f{n}.csv").pk)
    text = page(admin_client, f"{WORK}?tab=done")
    assert titles(text) == ["f2.csv", "f1.csv"]
    (older,) = (way for way in ways(text) if "before" in way)
    assert titles(page(admin_client, f"{WORK}{older}")) == ["f0.csv"]
    for before in ("x", "2026-02-30T00:00", "2026-01-01"):
        assert len(titles(page(admin_client, f"{WORK}?tab=done&before={before}"))) == 2


# --- deciding about companies ----------------------------------------------------------------------------------


@pytest.fixture
def owner(db: None) -> User:
    """Of NEW, which applied."""
    user = User.objects.create_user("owner", "owner@example.com")
    VendorMember.objects.create(vendor=applied(), user=user, role="owner")
    return user


def test_a_company_is_approved_on_the_list(
    admin_client: Client, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        text = act(admin_client, "approve", "vendor", "NEW")
    assert "NEW Lamps is approved: its feeds are accepted from now on." in text
    assert Vendor.objects.get(pk="NEW").status == "active"
    assert [one.subject for one in mail.outbox] == ["NEW Lamps is approved"]
    assert titles(page(admin_client, WORK)) == []
    done = page(admin_client, f"{WORK}?tab=done")
    assert titles(done) == ["NEW Lamps"]
    assert "Not done after all" not in done, "what is decided isn't taken back here"
    assert "This waits no more" in act(admin_client, "approve", "vendor", "NEW")


def test_a_company_is_declined_with_a_reason_that_its_owners_read_by_mail_and_on_its_pages(
    admin_client: Client, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        act(admin_client, "decline", "vendor", "NEW", reason="The tax ID is another company’s.\r\nSend yours.")
    assert titles(page(admin_client, WORK)) == []
    assert "Declined: The tax ID is another company’s. Send yours." in page(admin_client, f"{WORK}?tab=done")
    (sent,) = mail.outbox
    assert sent.subject == "NEW Lamps is not approved yet"
    assert "is not approved: The tax ID is another company’s. Send yours." in sent.body
    assert "/vendor/NEW/profile/" in sent.body
    theirs = Client()
    theirs.force_login(owner)
    text = page(theirs, "/vendor/NEW/")
    assert "The tax ID is another company’s.<br>Send yours." in text
    assert "Waiting for approval" not in text
    assert Vendor.objects.get(pk="NEW").status == "pending"


def test_a_declined_company_asks_again_and_waits_with_the_reason(admin_client: Client, owner: User) -> None:
    act(admin_client, "decline", "vendor", "NEW", reason="No tax ID.")
    theirs = Client()
    theirs.force_login(owner)
    assert "Ask for approval again" in page(theirs, "/vendor/NEW/profile/")
    text = theirs.post("/vendor/NEW/profile/", {"ask_again": "yes"}, follow=True).content.decode()
    assert "Waiting for approval." in text
    assert "Ask for approval again" not in text
    assert titles(page(admin_client, WORK), "vendors") == ["NEW Lamps"]
    assert "It asks again. It was declined because: No tax ID." in page(admin_client, WORK)
    act(admin_client, "approve", "vendor", "NEW")
    vendor = Vendor.objects.get(pk="NEW")
    assert (vendor.status, vendor.declined_at, vendor.declined_reason) == ("active", None, None)


def test_the_page_of_a_declined_company_says_why_and_that_it_waits_for_nobody(
    admin_client: Client, owner: User
) -> None:
    vendor = "/admin/vendors/vendor/NEW/change/"
    assert "Waits for approval." in page(admin_client, vendor)
    act(admin_client, "decline", "vendor", "NEW", reason="No <b>tax</b> ID.")
    text = page(admin_client, vendor)
    assert "No &lt;b&gt;tax&lt;/b&gt; ID. It waits for nobody until one of its owners asks again." in text
    assert '<span class="tag tag-declined">Declined</span>' in text
    assert "Waits for approval." not in text
    Vendor.objects.update(declined_at=None)
    assert "It asks again for approval. It was declined because: No &lt;b&gt;tax&lt;/b&gt; ID." in page(
        admin_client, vendor
    )


def test_only_owners_ask_again(admin_client: Client, owner: User) -> None:
    act(admin_client, "decline", "vendor", "NEW", reason="No tax ID.")
    VendorMember.objects.update(role="uploader")
    theirs = Client()
    theirs.force_login(owner)
    assert "Ask for approval again" not in page(theirs, "/vendor/NEW/profile/")
    assert theirs.post("/vendor/NEW/profile/", {"ask_again": "yes"}).status_code == 403
    assert Vendor.objects.get(pk="NEW").is_declined


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 1001, "a\0b", "a\u202eb"])
def test_a_company_is_not_declined_without_words_that_people_can_read(
    admin_client: Client, owner: User, reason: str
) -> None:
    act(admin_client, "decline", "vendor", "NEW", reason=reason)
    admin_client.post("/admin/vendors/vendor/NEW/decline/", {"reason": reason})
    assert not Vendor.objects.get(pk="NEW").is_declined


def test_a_company_is_declined_on_its_own_page_too_and_found_among_what_was_done(
    admin_client: Client, owner: User
) -> None:
    assert "/admin/vendors/vendor/NEW/decline/" in ways(page(admin_client, "/admin/vendors/vendor/NEW/change/"))
    assert "Its owners read why" in page(admin_client, "/admin/vendors/vendor/NEW/decline/")
    admin_client.post("/admin/vendors/vendor/NEW/decline/", {"reason": "No tax ID."})
    assert Vendor.objects.get(pk="NEW").is_declined
    assert titles(page(admin_client, f"{WORK}?tab=done"), "done") == ["NEW Lamps"]
    assert "No tax ID." in page(admin_client, "/admin/vendors/vendor/NEW/change/")
    assert "It was declined on" in page(admin_client, "/admin/vendors/vendor/NEW/decline/")
    assert "declined" in page(admin_client, "/admin/vendors/vendor/?status__exact=pending")


@pytest.mark.parametrize(
    ("name", "word", "called"), [("accept", "accepted", "Southwind"), ("refuse", "refused", "Northwind")]
)
def test_a_new_name_is_decided_on_the_list(
    admin_client: Client, vendor: Vendor, name: str, word: str, called: str
) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(requested_name="Southwind")
    assert f"The new name “Southwind” is {word}." in act(admin_client, name, "name", "VEND001", name="Southwind")
    vendor.refresh_from_db()
    assert (vendor.vendor_name, vendor.requested_name) == (called, None)


def test_only_the_name_that_was_shown_is_decided_about(admin_client: Client, vendor: Vendor) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(requested_name="Eastwind")
    assert "asks for another name by now" in act(admin_client, "accept", "name", "VEND001", name="Southwind")
    assert not WorkItem.objects.exists()


# --- who may what ----------------------------------------------------------------------------------------------


SEEN = {
    "uploads.view_uploadhistory": {"troubles", "failed"},
    "vendors.view_vendor": {"vendors", "names"},
    "catalog.view_product": set[str](),
}


@pytest.mark.parametrize("permission", SEEN)
def test_everybody_sees_the_groups_of_which_they_may_know_and_nothing_else(client: Client, permission: str) -> None:
    fill(range(3))
    applied()
    Vendor.objects.filter(pk="V0").update(requested_name="Southwind")
    somebody(client, permission)
    text = page(client, WORK)
    assert set(sections(text)) == SEEN[permission]
    for name in {"troubles", "failed", "vendors", "names"} - SEEN[permission]:
        assert client.get(f"{WORK}?group={name}").status_code == 404
    board = text[text.index('class="work-list"') :]
    assert "<form" not in board
    for way in ways(board):
        assert client.get(way if way.startswith("/") else f"{WORK}{way}").status_code == 200, way


def test_who_may_only_look_notes_and_decides_nothing(client: Client, vendor: Vendor, groups: None) -> None:
    upload = failed(vendor)
    applied()
    user = somebody(client)
    user.groups.add(Group.objects.get(name="Read-only"))
    assert "<form" not in page(client, WORK).partition('class="work-list"')[2]
    for name in ("take", "done", "tomorrow", "wake", "due", "assign", "snooze"):
        assert client.post(ACT, {"act": name, "kind": "upload", "key": upload.pk}).status_code == 403
    for name in ("approve", "decline"):
        assert client.post(ACT, {"act": name, "kind": "vendor", "key": "NEW", "reason": "x"}).status_code == 403
    assert client.post(BACK, {"item": "1"}).status_code == 403
    assert client.post("/admin/vendors/vendor/NEW/decline/", {"reason": "x"}).status_code == 403
    assert not WorkItem.objects.exists()


def test_operations_note_and_leads_decide(client: Client, vendor: Vendor, groups: None) -> None:
    failed(vendor)
    applied()
    user = somebody(client)
    user.groups.set([Group.objects.get(name="Operations")])
    assert "Operations leads decide." in page(client, WORK)
    act(client, "take", "vendor", "NEW")
    assert client.post(ACT, {"act": "approve", "kind": "vendor", "key": "NEW"}).status_code == 403
    user.groups.set([Group.objects.get(name="Operations lead")])
    act(client, "approve", "vendor", "NEW")
    assert Vendor.objects.get(pk="NEW").is_active


def test_what_one_may_not_see_is_not_noted_nor_found(client: Client, admin_client: Client, vendor: Vendor) -> None:
    upload = failed(vendor)
    act(admin_client, "done", "upload", failed(vendor, "done.csv").pk)
    somebody(client, "vendors.view_vendor", "uploads.change_workitem")
    assert "This waits no more" in act(client, "take", "upload", upload.pk)
    assert titles(page(client, f"{WORK}?tab=done"), "done") == []
    assert "Work that was done" not in page(client, "/admin/find/?q=done.csv")
    text = client.post(BACK, {"item": WorkItem.objects.get().pk}, follow=True).content.decode()
    assert "can’t be taken back" in text


@pytest.mark.parametrize("address", [ACT, BACK])
def test_forms_need_a_login_of_staff_and_an_address_alone_does_nothing(client: Client, address: str) -> None:
    assert client.post(address).headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("owner"))
    assert client.post(address).headers["Location"].startswith("/admin/login/")
    somebody(client)
    assert client.get(address).headers["Location"] == WORK


@pytest.mark.parametrize(
    "wrong",
    [
        {"act": "explode"}, {"act": ""}, {"kind": "nothing"}, {"kind": "vendor"}, {"key": ""}, {"key": "\0"},
        {"key": "x" * 5000}, {"act": "approve"}, {"act": "accept"},
    ],
    ids=str,
)  # fmt: skip
def test_a_form_that_asks_for_nonsense_does_nothing_and_says_so(
    admin_client: Client, vendor: Vendor, wrong: dict[str, str]
) -> None:
    asked = {"act": "take", "kind": "upload", "key": failed(vendor).pk, "next": WORK} | wrong
    text = admin_client.post(ACT, asked, follow=True).content.decode()
    assert '<ul class="messagelist">' in text
    assert not WorkItem.objects.exists()


@pytest.mark.parametrize(
    ("asked", "comes_to"),
    [
        ("/admin/?group=failed&p=2", "/admin/?group=failed&p=2"), ("https://example.com/admin/", WORK),
        ("//example.com/admin/", WORK), ("/vendor/VEND001/", WORK), ("javascript:alert(1)", WORK), ("", WORK),
        ("/admin/\r\nSet-Cookie: x", WORK),
    ],
)  # fmt: skip
def test_a_form_comes_back_to_its_place_on_the_list_and_nowhere_else(
    admin_client: Client, vendor: Vendor, asked: str, comes_to: str
) -> None:
    upload = failed(vendor)
    about = {"kind": "upload", "key": upload.pk, "next": asked, "at": "failed"}
    place = admin_client.post(ACT, {"act": "take", **about}).headers["Location"]
    assert re.fullmatch(rf"{re.escape(comes_to)}#upload-[0-9a-f]+", place)
    assert f'id="{place.partition("#")[2]}"' in page(admin_client, WORK)
    assert admin_client.post(ACT, {"act": "done", **about}).headers["Location"] == f"{comes_to}#failed"


# --- hostile names, and what it costs --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [SCRIPT, *HIDING])
def test_what_strangers_named_things_is_text_that_hides_nothing(admin_client: Client, name: str) -> None:
    vendor = applied()
    Vendor.objects.filter(pk="NEW").update(vendor_name=name, requested_name=name, declined_reason=name)
    upload = failed(vendor, f"{name}.csv")
    for tab in ("", "?tab=mine", "?tab=done"):
        text = page(admin_client, f"{WORK}{tab}")
        shown = text.partition('class="work-list"')[2]
        assert SCRIPT not in shown
        visible_parts = re.sub(r"<[^>]*>", "", shown)
        assert name == SCRIPT or name not in visible_parts
        act(admin_client, "take" if not tab else "done", "upload", upload.pk, why="Done.")


def test_the_number_of_queries_does_not_grow_with_what_waits(admin_client: Client) -> None:
    def notes() -> None:
        user = User.objects.get(username="admin")
        for section in work_list.waiting(user):
            for line in section.lines:
                items.due(line.thing, items.today())
        for thing in (line.thing for line in work_list.waiting(user)[-1].lines):
            items.assign(thing, user)

    addresses = (WORK, f"{WORK}?group=failed", f"{WORK}?tab=mine", f"{WORK}?tab=snoozed", f"{WORK}?tab=done")
    fill(range(11))
    for n in range(-9, 1):
        applied(f"N{n}", requested_name="Southwind")
    notes()
    for address in addresses:
        page(admin_client, address)
    few = {address: queries(admin_client, address) for address in addresses}
    fill(range(11, 45))
    for n in range(1, 40):
        applied(f"N{n}", requested_name="Southwind")
    notes()
    assert {address: queries(admin_client, address) for address in addresses} == few
    assert few[WORK] <= 49
