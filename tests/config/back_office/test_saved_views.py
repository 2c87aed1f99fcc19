"""Views of a list that people save: for whom they stand above it, what they keep, and who may do what with them."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from config.back_office import saved_views
from config.back_office.models import ChosenColumns, SavedView
from config.back_office.site import UNFILTERED
from tests.site.test_admin_pages import REVERSED, SCRIPT, fill

pytestmark = pytest.mark.django_db
UPLOADS = "/admin/uploads/uploadhistory/"
LISTING = "uploads.uploadhistory"
COLUMNS = "state,company,rows,failed,received"


def staff(name: str, *permissions: str) -> Client:
    """Somebody who may view uploads, and what else is named."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_uploadhistory", *permissions]))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def anna() -> Client:
    return staff("anna")


@pytest.fixture
def lead() -> Client:
    return staff("lead", "share_view")


def do(client: Client, step: str, **more: Any) -> str:
    """What the page says after a form."""
    return client.post(f"{UPLOADS}views/", {"step": step} | more, follow=True).content.decode()


def tabs(client: Client, query: str = "") -> dict[str, Any]:
    return {tab.name: tab for tab in client.get(f"{UPLOADS}{query}").context["cl"].tabs}


def test_a_saved_view_stands_above_the_list_and_leads_to_what_was_saved(anna: Client) -> None:
    fill(range(1, 3))
    text = do(anna, "save", name="  Of  V1 ", query="vendor=V1&o=-2&p=3&e=1")
    assert "Saved as “Of V1”." in text
    view = tabs(anna)["Of V1"]
    assert view.url == f"{UPLOADS}?columns={COLUMNS}&o=-2&vendor=V1"
    shown = anna.get(view.url).context["cl"]
    assert [row.pk for row in shown.result_list] == ["U/1 <b>"]
    assert [tab.name for tab in shown.tabs if tab.current] == ["Of V1"]
    assert [tab.name for tab in tabs(anna, "?vendor=V2").values() if tab.current] == []
    assert tabs(anna)["All"].current


def test_a_view_keeps_the_columns_of_who_saved_it(anna: Client, lead: Client) -> None:
    anna.post(f"{UPLOADS}columns/", {"column": ["state", "size"]})
    do(lead, "save", name="Usual", shared="on")
    do(anna, "save", name="Sizes", query="status__exact=completed")
    assert SavedView.objects.get(name="Sizes").query == "columns=state,size&status__exact=completed"
    assert columns_of(anna, tabs(anna)["Usual"].url.removeprefix(UPLOADS)) == ["file", *COLUMNS.split(",")]


def test_the_list_of_errors_calls_its_first_view_by_what_it_opens_on(admin_client: Client) -> None:
    assert [tab.name for tab in admin_client.get("/admin/uploads/validationerror/").context["cl"].tabs] == ["Open"]


def test_a_name_of_ones_own_takes_that_views_place(anna: Client) -> None:
    do(anna, "save", name="Mine", query="vendor=V1")
    assert "“Mine” shows this list now." in do(anna, "save", name="Mine", query="vendor=V2")
    assert [view.query for view in SavedView.objects.all()] == [f"columns={COLUMNS}&vendor=V2"]


def test_a_view_is_renamed_shared_and_deleted(lead: Client, anna: Client) -> None:
    do(lead, "save", name="Mine", query="vendor=V1")
    view = SavedView.objects.get().pk
    assert set(tabs(anna)) == {"All"}
    assert "is called “Ours” now" in do(lead, "rename", view=view, name="Ours")
    assert "All staff have “Ours”" in do(lead, "share", view=view)
    assert tabs(anna)["Ours"].by == "lead"
    assert "alone again" in do(lead, "unshare", view=view)
    assert set(tabs(anna)) == {"All"}
    assert "is deleted" in do(lead, "delete", view=view)
    assert "There is no such view any more." in do(lead, "rename", view=view, name="Again")


@pytest.mark.parametrize(
    ("step", "shared", "who", "allowed"),
    [
        ("rename", True, "lead", False),
        ("delete", False, "lead", False),
        ("delete", True, "lead", True),
        ("unshare", True, "lead", True),
        ("share", False, "lead", False),
        ("delete", True, "anna", False),
        ("unshare", True, "anna", False),
        ("rename", True, "anna", False),
    ],
)
def test_what_somebody_else_saved_is_changed_by_leads_alone_and_only_where_it_is_shared(
    anna: Client, lead: Client, step: str, shared: bool, who: str, allowed: bool
) -> None:
    owner = User.objects.create_user("owner", is_staff=True)
    view = SavedView.objects.create(owner=owner, listing=LISTING, name="Theirs", query="vendor=V1", shared=shared)
    client = {"anna": anna, "lead": lead}[who]
    answer = client.post(f"{UPLOADS}views/", {"step": step, "view": view.pk, "name": "New"})
    assert answer.status_code == (302 if allowed else 403)
    changed = SavedView.objects.filter(pk=view.pk, name="Theirs", shared=shared).first() is None
    assert changed is allowed


def test_sharing_needs_its_permission_from_the_first(anna: Client) -> None:
    page = anna.get(UPLOADS).content.decode()
    assert "for all staff" not in page
    do(anna, "save", name="Mine")
    assert anna.post(f"{UPLOADS}views/", {"step": "share", "view": SavedView.objects.get().pk}).status_code == 403
    assert not SavedView.objects.get().shared


def test_views_are_of_one_list_and_for_who_may_see_it(anna: Client, client: Client) -> None:
    do(anna, "save", name="Mine")
    view = SavedView.objects.get()
    assert anna.post("/admin/vendors/vendor/views/", {"step": "delete", "view": view.pk}).status_code == 403
    client.force_login(User.objects.create_user("newcomer", is_staff=True))
    for address in ("views/", "columns/"):
        assert client.post(f"{UPLOADS}{address}", {"step": "save", "name": "x"}).status_code == 403
        assert anna.get(f"{UPLOADS}{address}").status_code == 405
    assert SavedView.objects.get() == view


REFUSED = [
    ({"name": " "}, "A view needs a name."),
    ({"name": "x" * 61}, "at most 60 characters"),
    ({"name": "x", "query": "q=" + "y" * 3_000}, "filtered by too much"),
    ({"name": "another"}, "can&#x27;t have more"),
]


@pytest.mark.parametrize(("sent", "said"), REFUSED)
def test_what_can_not_be_saved_is_said(
    anna: Client, sent: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "MOST", 1)
    do(anna, "save", name="first", query="vendor=V1")
    assert said in do(anna, "save", **sent)
    assert SavedView.objects.count() == 1
    do(anna, "save", name="first", query="vendor=V2")
    assert "vendor=V2" in SavedView.objects.get().query


def test_no_list_has_more_shared_views_than_it_can_show(lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST", 1)
    owner = User.objects.create_user("owner", is_staff=True)
    SavedView.objects.create(owner=owner, listing=LISTING, name="Theirs", query="", shared=True)
    assert "views of this list are shared" in do(lead, "save", name="Mine", shared="on")
    assert not SavedView.objects.get(name="Mine").shared


def test_a_name_cannot_hide_what_it_is(anna: Client) -> None:
    do(anna, "save", name=f"{SCRIPT} {REVERSED}")
    page = anna.get(tabs(anna)[f"{SCRIPT} ⟨U+202E⟩exe.tset"].url).content.decode()
    assert SCRIPT not in page


@pytest.mark.parametrize("query", ["gone__exact=1", "columns=gone", "status__exact=x&columns=file", "o=-99"])
def test_a_view_of_what_a_list_does_not_offer_any_more_opens_it_with_a_sentence(anna: Client, query: str) -> None:
    owner = User.objects.get(username="anna")
    SavedView.objects.create(owner=owner, listing=LISTING, name="Old", query=query)
    answer = anna.get(f"{UPLOADS}?{query}", follow=True)
    assert answer.status_code == 200
    assert (UNFILTERED.split(":")[0].replace("'", "&#x27;") in answer.content.decode()) is (query != "o=-99")


# --- columns ---------------------------------------------------------------------------------------------------


def columns_of(client: Client, query: str = "") -> list[str]:
    return [
        str(name) for name in client.get(f"{UPLOADS}{query}").context["cl"].list_display if name != "action_checkbox"
    ]


def test_everybody_chooses_the_columns_of_a_list_for_oneself(anna: Client, lead: Client) -> None:
    fill(range(1, 3))
    answer = anna.post(f"{UPLOADS}columns/", {"column": ["sent_by", "state", "nonsense"], "query": "vendor=V1&o=3&p=2"})
    assert answer.headers["Location"] == f"{UPLOADS}?vendor=V1"  # an order is counted in columns
    assert columns_of(anna) == ["file", "state", "sent_by"]
    assert columns_of(lead) == ["file", *COLUMNS.split(",")]
    assert columns_of(anna, "?columns=rows") == ["file", "rows"]
    assert columns_of(anna, "?columns=") == ["file"]
    anna.post(f"{UPLOADS}columns/", {"usual": ""})
    assert columns_of(anna) == columns_of(lead)
    anna.post(f"{UPLOADS}columns/", {"column": COLUMNS.split(",")})
    assert not ChosenColumns.objects.exists()


def test_a_column_that_went_with_a_version_is_left_out(anna: Client) -> None:
    owner = User.objects.get(username="anna")
    ChosenColumns.objects.create(owner=owner, listing=LISTING, names=["state", "gone"])
    assert columns_of(anna) == ["file", "state"]


def test_an_export_has_what_the_list_has_whatever_its_columns(admin_client: Client) -> None:
    fill(range(1, 3))
    answer: Any = admin_client.post(f"{UPLOADS}export/?columns=size&vendor=V1", {"format": "0"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert "total_records" in lines[0]


def test_who_may_share_no_more_changes_nothing_that_all_staff_have(lead: Client, anna: Client) -> None:
    do(lead, "save", name="Late", query="o=-2", shared="yes")
    shared = SavedView.objects.get()
    User.objects.get(username="lead").user_permissions.remove(Permission.objects.get(codename="share_view"))
    assert "All staff have “Late”: save it under another name." in do(lead, "save", name="Late", query="vendor=V1")
    assert lead.post(f"{UPLOADS}views/", {"step": "rename", "view": shared.pk, "name": "Early"}).status_code == 403
    shared.refresh_from_db()
    assert (shared.name, shared.query) == ("Late", f"columns={COLUMNS}&o=-2")
    do(lead, "unshare", view=shared.pk)
    assert "shows this list now" in do(lead, "save", name="Late", query="vendor=V1")
