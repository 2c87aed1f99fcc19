"""Staff look at a vendor's pages as it sees them: all of them, none that changes anything, and each is in the log."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from config.web import signed_in
from security.models import SecurityEvent
from tests.companies import PERSONAL, Company, everything_of, patterns
from tests.site.test_isolation import body
from vendors import viewing
from vendors.models import Vendor, VendorMember

ADDRESSES = [address for _, address in patterns()]
VIEW, LEAVE = (reverse(f"admin:vendors_vendor_{name}", args=["VEND001"]) for name in ("view_as", "leave_view"))
PAGE = reverse("admin:vendors_vendor_change", args=["VEND001"])
HOME = "/vendor/VEND001/"
BANNER = "Nothing can be changed here"


def somebody(*permissions: str) -> User:
    user = User.objects.create_user("ops", "ops@example.com", is_staff=True)
    for name in permissions:
        user.user_permissions.add(Permission.objects.get(codename=name))
    return user


def viewer_of(company: Company, *permissions: str) -> Client:
    """The browser of somebody of the staff who looks at the company's pages."""
    client = Client(raise_request_exception=True)
    client.force_login(somebody("view_vendor", "see_as_vendor", *permissions))
    assert client.post(VIEW)["Location"] == HOME
    return client


def log() -> list[tuple[str, str, str]]:
    events = SecurityEvent.objects.filter(what="viewed_as").order_by("id")
    return [(event.vendor_id, event.about, event.detail) for event in events]


# --- what opens, and what doesn't ------------------------------------------------------------------------------


@pytest.mark.usefixtures("table", "bucket", "broker")
def test_every_page_of_the_vendor_opens_with_the_banner_and_changes_nothing(ours: Company) -> None:
    client, before, without = viewer_of(ours), everything_of(ours), {}
    for address in ADDRESSES:
        response = client.get(address.of(ours))
        if address.name in PERSONAL:
            assert response.status_code == 404
            continue
        assert response.status_code in (200, 302, 403, 405), address.name
        part = "<html" not in body(response)
        if response.status_code == 200 and not part and BANNER not in body(response):
            without[address.name] = response.status_code
    assert without == {}
    assert everything_of(ours) == before


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_whatever_would_change_something_is_refused_with_a_sentence(ours: Company, method: str) -> None:
    client, before = viewer_of(ours), everything_of(ours)
    for address in ADDRESSES:
        response = getattr(client, method)(address.of(ours))
        assert response.status_code == 403, address.name
        assert "which changes nothing" in body(response), address.name
        assert BANNER in body(response), address.name
    assert everything_of(ours) == before


def test_who_is_a_member_too_changes_nothing_while_looking_and_works_on_after_it(ours: Company) -> None:
    client = viewer_of(ours)
    VendorMember.objects.create(vendor=ours.vendor, user=User.objects.get(username="ops"), role="owner")
    profile = reverse("vendor:profile", args=["VEND001"])
    assert client.post(profile, {}).status_code == 403
    client.post(LEAVE)
    assert client.post(profile, {}).status_code == 200
    assert BANNER not in body(client.get(HOME))


def test_no_page_of_another_vendor_opens(ours: Company, theirs: Company) -> None:
    client = viewer_of(ours)
    assert {client.get(address.of(theirs)).status_code for address in ADDRESSES} == {404}
    assert {client.post(address.of(theirs)).status_code for address in ADDRESSES} == {404}
    mixed = [one.of(ours, upload_id=theirs.upload.pk) for one in ADDRESSES if "upload_id" in one.arguments]
    answers = {client.get(path): path for path in mixed}
    assert {response.status_code for response in answers} <= {403, 404, 405}
    assert [path for response, path in answers.items() if theirs.word in body(response)] == []


FILES = [("file", []), ("failed_rows", ["csv"]), ("failed_rows", ["xlsx"])]


@pytest.mark.usefixtures("table", "bucket")
@pytest.mark.parametrize(("permissions", "handed_out"), [((), False), (("download_uploadhistory",), True)])
def test_files_are_for_who_may_download_them_in_the_admin(
    ours: Company, permissions: tuple[str, ...], handed_out: bool
) -> None:
    client = viewer_of(ours, *permissions)
    for name, more in FILES:
        response = client.get(reverse(f"vendor:{name}", args=["VEND001", ours.upload.pk, *more]))
        assert (response.status_code != 403) == handed_out, name
    assert client.get(reverse("vendor:catalog_export", args=["VEND001", "csv"])).status_code == 403
    assert client.get(reverse("vendor:template_csv", args=["VEND001"])).status_code == 200


def test_no_page_hands_out_a_file_without_asking_for_a_permission(ours: Company, table: None, bucket: None) -> None:
    client, handed_out = viewer_of(ours), set()
    for address in ADDRESSES:
        if "attachment" in client.get(address.of(ours)).headers.get("Content-Disposition", ""):
            handed_out.add(address.name)
    assert handed_out == {"template_csv", "template_xlsx"}, "Say in vendor_page what it hands out"


def test_a_file_takes_a_fresh_sign_in_as_an_export_of_the_admin_does(ours: Company) -> None:
    client = viewer_of(ours, "view_product")
    user = User.objects.get(username="ops")
    user.set_password("a long enough password")
    user.save()
    client.force_login(user)
    client.post(VIEW)
    export = reverse("vendor:catalog_export", args=["VEND001", "csv"])
    assert client.get(export).status_code == 200
    session = client.session
    session[signed_in.BEGAN] -= 3600
    session.save()
    assert client.get(export)["Location"].startswith("/accounts/reauthenticate/")


# --- who may, and until when -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(("group", "may"), [("Read-only", False), ("Operations", True), ("Operations lead", True)])
def test_it_is_offered_and_open_to_those_whose_group_may(client: Client, vendor: Vendor, group: str, may: bool) -> None:
    user = somebody()
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    assert ("View as this vendor" in body(client.get(PAGE))) == may
    assert client.post(VIEW).status_code == (302 if may else 403)
    assert client.get(HOME).status_code == (200 if may else 404)


def test_a_vendors_own_people_cannot_begin_it(ours: Company) -> None:
    client = Client()
    client.force_login(ours.members["owner"].user)
    assert client.post(VIEW).status_code == 302
    assert viewing._KEY not in client.session


def test_a_link_begins_nothing_but_leads_to_the_button(ours: Company) -> None:
    client = Client()
    client.force_login(somebody("view_vendor", "see_as_vendor"))
    assert client.get(VIEW)["Location"] == PAGE
    assert client.get(HOME).status_code == 404
    assert client.post(VIEW.replace("VEND001", "NOBODY")).status_code in (302, 404)


def hour_over(client: Client) -> None:
    session = client.session
    session[viewing._KEY] = [session[viewing._KEY][0], session[viewing._KEY][1] - viewing.SECONDS]
    session.save()


def test_after_an_hour_it_is_over_and_the_next_page_says_so(ours: Company) -> None:
    client = viewer_of(ours)
    hour_over(client)
    response: Any = client.get(HOME, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "for an hour" in body(response)
    assert client.get(HOME).status_code == 404
    assert log()[-1] == ("VEND001", "", "ended: the hour is over")


def test_after_the_hour_a_part_that_renews_itself_takes_the_whole_page_along(ours: Company) -> None:
    client = viewer_of(ours)
    hour_over(client)
    progress = reverse("vendor:progress", args=["VEND001", ours.upload.pk])
    assert client.get(progress, headers={"HX-Request": "true"})["HX-Redirect"] == PAGE


def test_a_form_that_was_open_for_longer_than_the_hour_is_not_sent_as_a_member(ours: Company) -> None:
    client, before = viewer_of(ours), Vendor.objects.values().get(pk="VEND001")
    VendorMember.objects.create(vendor=ours.vendor, user=User.objects.get(username="ops"), role="owner")
    hour_over(client)
    assert client.post(reverse("vendor:profile", args=["VEND001"]), {"phone": "1"})["Location"] == PAGE
    assert Vendor.objects.values().get(pk="VEND001") == before


def test_it_is_over_as_soon_as_the_permission_is_taken(ours: Company) -> None:
    client = viewer_of(ours)
    User.objects.get(username="ops").user_permissions.clear()
    assert client.get(HOME).status_code == 404
    assert log()[-1] == ("VEND001", "", "ended: the permission was taken")


def test_it_is_over_with_the_session(ours: Company) -> None:
    client = viewer_of(ours)
    client.post("/accounts/logout/")
    client.force_login(User.objects.get(username="ops"))
    assert client.get(HOME).status_code == 404


def test_another_vendor_takes_the_place_of_the_one_before(ours: Company, theirs: Company) -> None:
    client = viewer_of(ours)
    client.post(VIEW.replace("VEND001", "VEND002"))
    assert client.get(HOME).status_code == 404
    assert client.get("/vendor/VEND002/").status_code == 200
    client.post(LEAVE)  # of a page that was left open
    assert client.get("/vendor/VEND002/").status_code == 200


def test_who_leaves_is_back_on_the_vendors_page_and_sees_none_of_its_pages(ours: Company) -> None:
    client = viewer_of(ours)
    assert client.post(LEAVE)["Location"] == PAGE
    assert client.get(HOME).status_code == 404
    assert client.post(LEAVE)["Location"] == PAGE, "pressed twice"


# --- the log ---------------------------------------------------------------------------------------------------


def test_the_beginning_the_end_and_each_page_are_in_the_security_log_but_no_part_that_renews_itself(
    ours: Company,
) -> None:
    client = viewer_of(ours)
    client.get(HOME)
    progress = reverse("vendor:progress", args=["VEND001", ours.upload.pk])
    client.get(progress, headers={"HX-Request": "true"})
    client.get(f"{HOME}history/")
    client.post(f"{HOME}profile/")
    client.post(LEAVE)
    assert log() == [
        ("VEND001", "", "begun, as an owner who may change nothing"),
        ("VEND001", HOME, "page"),
        ("VEND001", f"{HOME}history/", "page"),
        ("VEND001", "", "ended: left"),
    ]
    assert {event.login for event in SecurityEvent.objects.filter(what="viewed_as")} == {"ops@example.com"}


def test_no_header_keeps_a_page_out_of_the_security_log(ours: Company) -> None:
    client = viewer_of(ours)
    for page in (HOME, f"{HOME}history/", f"{HOME}messages/"):
        client.get(page, headers={"HX-Request": "true"})
    assert [about for _, about, detail in log() if detail == "page"] == [HOME, f"{HOME}history/", f"{HOME}messages/"]
