"""Staff and a vendor's people talk about an upload, or the vendor: who reads what, what waits, and what is logged."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from config.web.links import page_url
from tests.companies import Company, patterns
from tests.site.test_isolation import body, browser_of
from tests.uploads.staff.test_work import titles
from uploads.desk import comments
from uploads.desk.comments import About
from uploads.keeping import export, offboarding
from uploads.models import COMMENT_CHARS, Comment, WorkItem
from vendors.models import Vendor, VendorMember

SEND, SETTLE = reverse("comments"), reverse("comments_settle")
SECRET = "a word among ourselves"


@pytest.fixture
def company(ours: Company) -> Company:
    """VEND001, to which nobody has said anything yet."""
    Comment.objects.all().delete()
    return ours


@pytest.fixture
def staff(db: None, groups: None) -> Client:
    """Somebody of Operations, signed in."""
    user = User.objects.create_user("grace", "grace@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name="Operations"))
    client = Client()
    client.force_login(user)
    return client


def grace() -> User:
    return User.objects.get(username="grace")


def page_of(company: Company) -> str:
    return page_url("uploads_uploadhistory", company.upload.pk)


def say(staff: Client, company: Company, text: str, audience: str = "vendor", **about: str) -> Any:
    about = about or {"upload": company.upload.pk}
    return staff.post(SEND, {"body": text, "audience": audience, "next": page_of(company), **about})


def write(company: Company, text: str, role: str = "uploader", upload: bool = True) -> Any:
    address = (
        reverse("vendor:upload_messages", args=["VEND001", company.upload.pk])
        if upload else reverse("vendor:messages", args=["VEND001"])
    )  # fmt: skip
    return browser_of(company, role).post(address, {"body": text})


# --- staff -----------------------------------------------------------------------------------------------------


def test_a_comment_is_for_staff_only_unless_somebody_says_otherwise(staff: Client, company: Company) -> None:
    page = body(staff.get(page_of(company)))
    assert '<input type="radio" name="audience" value="staff" checked>' in page
    assert say(staff, company, SECRET, "staff")["Location"] == f"{page_of(company)}#comments"
    page = body(staff.get(page_of(company)))
    assert SECRET in page
    assert "internal" in page
    assert LogEntry.objects.latest("pk").change_message == "Wrote a comment for staff only."


def test_nothing_that_staff_say_among_themselves_is_on_any_page_or_in_any_file_of_the_vendor(
    staff: Client, company: Company, aws: None
) -> None:
    for about in ({"upload": company.upload.pk}, {"vendor": "VEND001"},
                  {"vendor": "VEND001", "kind": "value", "key": "category: x"}):  # fmt: skip
        say(staff, company, SECRET, "staff", **about)
    assert Comment.objects.filter(audience="staff").count() == 3
    browser = browser_of(company, "owner")
    for _, address in patterns():
        assert SECRET not in body(browser.get(address.of(company))), address.name
    exported = dict(export.tables(company.vendor))["messages"]
    assert SECRET not in str(list(exported.values()))


@pytest.mark.parametrize(
    ("about", "where"),
    [
        (lambda company: {"upload": company.upload.pk}, page_of),
        (lambda company: {"vendor": "VEND001"}, lambda company: "/admin/vendors/vendor/VEND001/change/"),
        (
            lambda company: {"vendor": "VEND001", "kind": "value", "key": "category: TVs"},
            lambda company: f"{SEND}?vendor=VEND001&kind=value&key=category:+TVs",
        ),
        (lambda company: {"kind": "gap", "key": "17"}, lambda company: f"{SEND}?kind=gap&key=17"),
    ],
)
def test_what_is_said_about_a_thing_stands_on_its_page(staff: Client, company: Company, about: Any, where: Any) -> None:
    say(staff, company, "Look at this", "staff", **about(company))
    assert "Look at this" in body(staff.get(where(company)))
    assert "Look at this" not in body(staff.get(f"{SEND}?kind=gap&key=18"))


def test_what_concerns_no_single_vendor_is_said_to_staff_only(staff: Client, company: Company) -> None:
    response = say(staff, company, "To whom?", "vendor", kind="gap", key="17")
    assert response.status_code == 200
    assert "it can only be said to staff" in body(response)
    assert "To whom?" in body(response), "what was typed isn't lost"
    back = body(response).partition('name="next" value="')[2].partition('"')[0]
    again = say(staff, company, "To us", "staff", kind="gap", key="17", next=back)
    assert again["Location"] == f"{page_of(company)}#comments"
    Comment.objects.all().delete()
    assert not Comment.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Write something first."), (" \r\n ", "Write something first."), ("x" * (COMMENT_CHARS + 1), "at most 4000")],
)
def test_what_is_empty_or_too_long_is_not_taken_and_not_lost(
    staff: Client, company: Company, text: str, said: str
) -> None:
    for response in (say(staff, company, text), write(company, text)):
        assert response.status_code == 200
        assert said in body(response)
        assert text.strip() in body(response)
    assert not Comment.objects.exists()


def test_the_end_of_a_line_counts_as_one_character_and_stays(staff: Client, company: Company) -> None:
    text = "a\r\n" * (COMMENT_CHARS // 2)
    say(staff, company, f"{text[:-2]}")
    assert Comment.objects.get().body == text.replace("\r\n", "\n")[:-1]


@pytest.mark.parametrize(
    "outside", ["https://elsewhere.example/admin/", "//elsewhere.example/", "/vendor/VEND001/", ""]
)
def test_who_comments_comes_back_to_a_page_of_the_admin_and_to_nothing_else(
    staff: Client, company: Company, outside: str
) -> None:
    response = staff.post(SEND, {"body": "x", "audience": "staff", "upload": company.upload.pk, "next": outside})
    assert response["Location"] == f"{page_of(company)}#comments"


@pytest.mark.parametrize("group", ["Read-only", ""])
def test_who_may_not_write_comments_is_not_offered_it(company: Company, groups: None, group: str) -> None:
    user = User.objects.create_user("somebody", is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    user.user_permissions.add(Permission.objects.get(codename="view_uploadhistory"))
    comments.say(About(upload=company.upload), user, "Said before", "staff")
    client = Client()
    client.force_login(user)
    page = body(client.get(page_of(company)))
    assert ("Said before" in page) == bool(group)
    assert "comment-body" not in page
    assert say(client, company, "x").status_code == 403
    assert client.post(SETTLE, {"upload": company.upload.pk, "newest": "9"}).status_code == 403
    assert client.get(SEND, {"upload": company.upload.pk}).status_code == (200 if group else 403)


@pytest.mark.parametrize(
    "asked",
    [{}, {"upload": "NONE"}, {"vendor": "NONE"}, {"kind": "value"}, {"kind": "nonsense", "key": "x"}, {"kind": "gap"}],
)
def test_what_is_not_there_has_no_comments(staff: Client, company: Company, asked: dict[str, str]) -> None:
    assert staff.get(SEND, asked).status_code == 404
    assert staff.post(SEND, asked | {"body": "x", "audience": "staff"}).status_code == 404


def test_a_conversation_shows_the_newest_fifty_and_leads_to_older_ones(staff: Client, company: Company) -> None:
    for number in range(comments.SHOWN + 3):
        comments.say(About(upload=company.upload), grace(), f"Number {number}.", "vendor")
    page = body(staff.get(page_of(company)))
    assert page.index("Number 52.") < page.index("Number 3.")
    assert "Number 2." not in page
    before = comments.page_of(About(upload=company.upload)).older
    older = staff.get(SEND, {"upload": str(company.upload.pk), "before": str(before)})
    assert "Number 2." in body(older)
    assert "Number 3." not in body(older)
    browser = browser_of(company, "viewer")
    for name, more in (("messages", []), ("upload_messages", [company.upload.pk])):
        first = body(browser.get(reverse(f"vendor:{name}", args=["VEND001", *more])))
        assert "Number 3." in first
        assert "Number 2." not in first
        address = first.partition("?before=")[2].partition('"')[0]
        second = body(browser.get(reverse(f"vendor:{name}", args=["VEND001", *more]), {"before": address}))
        assert "Number 2." in second


def test_the_number_of_queries_does_not_grow_with_comments(
    staff: Client, company: Company, django_assert_max_num_queries: Any
) -> None:
    for number in range(40):
        comments.say(About(upload=company.upload), grace(), f"{number}", "vendor")
        comments.answer(company.vendor, company.upload, company.members["owner"].user, "yes")
    with django_assert_max_num_queries(12):
        staff.get(SEND, {"vendor": "VEND001"})
    with django_assert_max_num_queries(8):
        assert len(comments.waiting_answers(grace())) == 1


# --- the vendor ------------------------------------------------------------------------------------------------


def test_the_vendor_reads_what_is_meant_for_it_and_not_who_of_us_wrote(staff: Client, company: Company) -> None:
    say(staff, company, "Please send the file again.\nThe last column is cut off.")
    browser = browser_of(company, "viewer")
    for name, more in (("upload", [company.upload.pk]), ("messages", [])):
        page = body(browser.get(reverse(f"vendor:{name}", args=["VEND001", *more])))
        assert "Please send the file again.\nThe last column is cut off." in page
        assert "grace" not in page
        assert "Vendor onboarding" in page


def test_the_navigation_says_how_many_are_new_until_the_messages_are_looked_at(staff: Client, company: Company) -> None:
    new, browser = " new</span>", browser_of(company, "viewer")
    home, listed = (reverse(f"vendor:{name}", args=["VEND001"]) for name in ("home", "messages"))
    assert new not in body(browser.get(home))
    say(staff, company, "One")
    say(staff, company, "Two", vendor="VEND001")
    say(staff, company, SECRET, "staff")
    write(company, "From a colleague")
    assert '2<span class="visually-hidden"> new' in body(browser.get(home))
    file = reverse("vendor:upload", args=["VEND001", company.upload.pk])
    assert '2<span class="visually-hidden"> new' in body(browser.get(file)), "one of them isn't there"
    assert "Two" in body(browser.get(listed))
    assert new not in body(browser.get(home))
    assert new in body(browser_of(company, "owner").get(home)), "each person has seen what they have seen"
    say(staff, company, "Three")
    assert new not in body(browser.get(file)), "all that is new stands there"
    assert new not in body(browser.get(home))


def test_who_may_send_files_answers_and_who_may_only_look_reads(company: Company) -> None:
    assert write(company, "May I?", "viewer").status_code == 403
    assert "Send</button>" not in body(browser_of(company, "viewer").get(reverse("vendor:messages", args=["VEND001"])))
    response = write(company, "I do")
    assert response["Location"] == f"{reverse('vendor:upload', args=['VEND001', company.upload.pk])}#messages"
    assert write(company, "So do I", "owner", upload=False)["Location"] == reverse("vendor:messages", args=["VEND001"])
    said = [(one.body, one.by_vendor, one.audience, one.upload_id) for one in Comment.objects.order_by("id")]
    assert said == [("I do", True, "vendor", company.upload.pk), ("So do I", True, "vendor", None)]


def test_nobody_writes_about_an_upload_of_another_vendor(company: Company, theirs: Company) -> None:
    Comment.objects.all().delete()
    browser = browser_of(company, "owner")
    address = reverse("vendor:upload_messages", args=["VEND001", theirs.upload.pk])
    assert browser.post(address, {"body": "x"}).status_code == 404
    assert not Comment.objects.exists()


def test_a_person_writes_fifty_messages_an_hour_and_keeps_what_was_typed_then(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [write(company, f"Message {number}") for number in range(51)]
    assert [answer.status_code for answer in answers] == [302] * 50 + [200]
    assert "send it a little later" in body(answers[-1])
    assert "Message 50" in body(answers[-1])
    assert Comment.objects.count() == 50
    assert write(company, "A colleague may", "owner").status_code == 302


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a\u202eb\u200bc", "https://elsewhere.example/"])
def test_what_was_typed_is_text_and_hides_nothing(staff: Client, company: Company, text: str) -> None:
    write(company, text)
    say(staff, company, text)
    pages = [body(staff.get(page_of(company))), body(staff.get("/admin/vendors/vendor/VEND001/change/"))]
    pages.append(body(browser_of(company, "owner").get(reverse("vendor:messages", args=["VEND001"]))))
    for page in pages:
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert 'href="https://elsewhere' not in page


# --- what waits ------------------------------------------------------------------------------------------------


def waiting() -> list[tuple[str, int]]:
    return [(one.excerpt, one.number) for one in comments.waiting_answers(grace())]


def test_what_a_vendor_says_waits_until_somebody_of_the_staff_answers_there(staff: Client, company: Company) -> None:
    write(company, "Is this right?")
    write(company, "And\nthis?")
    write(company, "Another thing", upload=False)
    assert waiting() == [("And this?", 2), ("Another thing", 1)]
    say(staff, company, SECRET, "staff")
    assert len(waiting()) == 2, "the vendor got no answer"
    say(staff, company, "It is.")
    assert waiting() == [("Another thing", 1)]
    say(staff, company, "Yes", vendor="VEND001")
    assert waiting() == []


def test_what_needs_no_answer_is_settled_as_far_as_it_was_seen(staff: Client, company: Company) -> None:
    write(company, "Thanks!")
    seen = Comment.objects.get().pk
    assert "Read, nothing to do" in body(staff.get(page_of(company)))
    write(company, "One more thing")
    staff.post(SETTLE, {"upload": company.upload.pk, "newest": seen, "next": page_of(company)})
    assert waiting() == [("One more thing", 1)]
    assert LogEntry.objects.latest("pk").change_message == "Read what the vendor said: nothing to do."
    again = staff.post(SETTLE, {"upload": company.upload.pk, "newest": seen}, follow=True)
    assert "before you" in body(again)


def test_who_may_not_see_comments_has_none_waiting(company: Company) -> None:
    write(company, "Hello?")
    assert comments.waiting_answers(User.objects.create_user("other", is_staff=True)) == []


def test_a_conversation_about_a_vendor_says_which_of_its_uploads_each_is_about(staff: Client, company: Company) -> None:
    write(company, "About the file")
    page = body(staff.get("/admin/vendors/vendor/VEND001/change/"))
    assert f'{page_of(company)}#comments">{company.upload.file_name}' in page
    assert "Read, nothing to do" not in page, "that is for the file's own page"


# --- who leaves ------------------------------------------------------------------------------------------------


def test_when_a_vendor_leaves_its_export_has_what_it_could_see_and_nothing_is_kept(
    staff: Client, company: Company, theirs: Company
) -> None:
    say(staff, company, SECRET, "staff")
    say(staff, company, "Good bye")
    write(company, "Bye", upload=False)
    exported = dict(export.tables(company.vendor))["messages"]
    assert sorted(exported.values_list("body", flat=True)) == ["Bye", "Good bye"]
    part = next(part for part in offboarding.PARTS if "comments" in part.says)
    assert part.count(company.vendor) == 3
    assert part.delete(company.vendor) == 3
    assert not Comment.objects.filter(vendor="VEND001").exists()
    assert Comment.objects.filter(vendor="VEND002").count() == len(theirs.comments)


def test_a_comment_on_work_is_found_by_its_item(company: Company, staff: Client) -> None:
    item = WorkItem(kind="value", key="category: TVs", vendor=Vendor.objects.get(pk="VEND001"))
    comments.say(About(item.vendor, kind=item.kind, key=item.key), grace(), "Ours is Televisions", "staff")
    found = comments.page_of(About(kind=item.kind, key=item.key)).comments
    assert [one.body for one in found] == ["Ours is Televisions"]
    assert VendorMember.objects.filter(vendor="VEND001").count() == 3


# --- on the list of work ---------------------------------------------------------------------------------------


def test_what_a_vendor_says_waits_on_the_list_of_work_and_is_answered_or_settled_there(
    staff: Client, company: Company
) -> None:
    def listed(tab: str = "") -> str:
        return staff.get(f"/admin/{tab}").content.decode()

    def hidden(part: str) -> dict[str, str]:
        form = next(one for one in re.findall(r"<form .*?</form>", listed(), re.DOTALL) if part in one)
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))

    with connection.cursor() as cursor:  # pages write such a number with a separator
        cursor.execute("SELECT setval(pg_get_serial_sequence('comments', 'id'), 54321)")
    write(company, "Which of the two prices is right?")
    write(company, "We sent another file.")
    assert titles(listed(), "answers") == [company.upload.file_name]
    assert "“We sent another file.”" in listed()
    assert "2 messages wait" in listed()
    answer = staff.post("/admin/comments/", hidden("Your answer") | {"body": "The second one."})
    assert answer.headers["Location"] == "/admin/#answers"
    assert titles(listed(), "answers") == []
    assert Comment.objects.latest("id").audience == "vendor"
    assert titles(listed("?tab=done"), "done") == [company.upload.file_name]
    assert "Answered." in listed("?tab=done")
    write(company, "Thank you.", upload=False)
    staff.post("/admin/comments/settle/", hidden("Nothing to do"))
    assert titles(listed(), "answers") == []
    assert "Read: nothing to do." in listed("?tab=done")


def test_a_vendor_that_writes_very_much_hides_no_answer_of_another(
    company: Company, other_vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comments, "WAITING", 2)
    for number in range(3):
        Comment.objects.create(vendor_id="VEND001", audience="vendor", by_vendor=True, body=f"Again {number}")
    Comment.objects.create(vendor=other_vendor, audience="vendor", by_vendor=True, body="Hello")
    found = comments.waiting_answers(User.objects.create_superuser("boss"))
    assert [(one.about.vendor and one.about.vendor.pk, one.number, one.excerpt) for one in found] == [
        ("VEND001", 3, "Again 2"), ("VEND002", 1, "Hello"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["claim", "value", "job"])
def test_what_was_said_of_work_is_read_and_written_by_those_alone_who_may_know_of_that_work(
    client: Client, company: Company, kind: str
) -> None:
    user = User.objects.create_user("ada", "ada@example.com", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_comment", "add_comment"]))
    client.force_login(user)
    Comment.objects.create(item_kind=kind, item_key="VEND001:sku-1", body=SECRET)
    about = {"kind": kind, "key": "VEND001:sku-1"}
    assert client.get(SEND, about).status_code == 403
    assert client.post(SEND, about | {"body": "x", "audience": "staff"}).status_code == 403
    assert client.post(SETTLE, about | {"newest": "1"}).status_code == 403
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_validationerror", "view_uploadhistory"]))
    assert SECRET in body(client.get(SEND, about))


def test_no_log_and_no_confirmation_says_what_a_comment_does(admin_client: Client, vendor: Vendor) -> None:
    admin_client.post(SEND, {"kind": "claim", "key": "VEND001:sku-1", "body": SECRET, "audience": "staff"})
    admin_client.post(SEND, {"vendor": "VEND001", "body": SECRET, "audience": "staff"})
    assert Comment.objects.count() == LogEntry.objects.count() == 2
    assert [entry.object_repr for entry in LogEntry.objects.all() if SECRET in entry.object_repr] == []
    assert SECRET not in body(admin_client.get("/admin/vendors/vendor/VEND001/delete/"))
