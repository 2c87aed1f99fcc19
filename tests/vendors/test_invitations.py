"""Inviting colleagues: a link by mail that works once, for one address, for seven days."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.vendors.conftest import PASSWORD, as_user, member, person, prove
from tests.vendors.portal.test_apply import link_in
from vendors import invitations
from vendors.models import Invitation, Vendor, VendorMember

pytestmark = pytest.mark.usefixtures("accounts")
LIST = "/vendor/VEND001/members/"


@pytest.fixture
def ada(vendor: Vendor) -> VendorMember:
    """The owner of VEND001."""
    return member(vendor, "ada", "owner")


@pytest.fixture
def link(ada: VendorMember, mailoutbox: list[Any]) -> str:
    """The link that ben@example.com was sent, to be an uploader."""
    invite(ada)
    return link_in(mailoutbox[0])


def invite(by: VendorMember, email: str = "Ben@example.com", role: str = "uploader") -> Any:
    return as_user(by.user).post(LIST, {"email": email, "role": role}, follow=True)


def join(client: Client, link: str, mailoutbox: list[Any], **data: str) -> Any:
    """Follow the link as somebody new, and type the code that comes by mail."""
    client.post(link, {"password1": PASSWORD} | data)
    return prove(client, mailoutbox[-1])


def roles() -> dict[str, str]:
    return {one.user.email: one.role for one in VendorMember.objects.select_related("user")}


# --- inviting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{"remove": "yes"}, {"role": "uploader"}])
def test_the_links_of_who_is_an_owner_no_more_open_nothing(vendor: Vendor, data: dict[str, str]) -> None:
    ada, eve = member(vendor, "ada", "owner"), member(vendor, "eve", "owner")
    _, evil = invitations.invite(vendor, "eve@home.example", "owner", eve.user)
    _, good = invitations.invite(vendor, "ben@example.com", "viewer", ada.user)
    as_user(ada.user).post(f"/vendor/VEND001/members/{eve.pk}/", data)
    assert invitations.find(evil) is None
    assert invitations.find(good)
    notes = LogEntry.objects.values_list("change_message", flat=True)
    assert "Invitation of eve@home.example withdrawn, which eve@example.com sent." in notes


def test_the_colleague_gets_a_link_and_the_table_no_token(link: str, mailoutbox: list[Any]) -> None:
    (mail,) = mailoutbox
    assert mail.to == ["ben@example.com"]
    assert mail.subject == "Join Northwind on Vendor onboarding"
    assert "ada@example.com invites you" in mail.body
    token = link.split("/")[2]
    assert token not in str(Invitation.objects.values().get())
    assert LogEntry.objects.get().change_message == "ben@example.com invited as uploader."


def test_a_member_is_not_invited_again(ada: VendorMember, mailoutbox: list[Any]) -> None:
    assert "ada@example.com is a member already." in invite(ada, "ADA@example.com").content.decode()
    assert mailoutbox == []


def test_a_second_invitation_takes_the_place_of_the_first(link: str, ada: VendorMember, mailoutbox: list[Any]) -> None:
    invite(ada, role="viewer")
    assert Client().get(link).status_code == 404
    assert "as viewer" in Client().get(link_in(mailoutbox[1])).content.decode()
    assert "1 of" not in as_user(ada.user).get(LIST).content.decode()
    assert invitations.waiting(ada.vendor).count() == 1


@pytest.mark.parametrize("status", ["pending", "suspended"])
def test_only_a_company_that_is_active_sends_mails_in_our_name(
    ada: VendorMember, mailoutbox: list[Any], status: str
) -> None:
    Vendor.objects.update(status=status)
    assert "Colleagues can be invited when your company is approved." in invite(ada).content.decode()
    assert (mailoutbox, Invitation.objects.count()) == ([], 0)


def test_invitations_are_limited(ada: VendorMember, mailoutbox: list[Any]) -> None:
    browser = as_user(ada.user)
    answers = [browser.post(LIST, {"email": f"n{n}@example.com", "role": "viewer"}).status_code for n in range(21)]
    assert answers[19:] == [302, 429]
    assert len(mailoutbox) == 20


def test_a_mail_that_could_not_be_sent_is_said(ada: VendorMember, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
    text = invite(ada).content.decode()
    assert "invite the same address once more" in text


# --- accepting -------------------------------------------------------------------------------------------------


def test_a_new_colleague_chooses_a_password_types_the_code_and_is_in(
    link: str, client: Client, mailoutbox: list[Any]
) -> None:
    response = join(client, link, mailoutbox)
    assert mailoutbox[-1].to == ["ben@example.com"]
    assert response.headers["Location"] == "/"
    assert client.get("/", follow=True).redirect_chain == [("/vendor/VEND001/", 302)]
    assert roles()["ben@example.com"] == "uploader"
    assert EmailAddress.objects.get(email="ben@example.com").verified
    assert "accepted the invitation" in LogEntry.objects.all()[0].change_message


def test_the_address_is_the_invited_one_whatever_the_browser_sends(
    link: str, client: Client, mailoutbox: list[Any]
) -> None:
    join(client, f"{link}?email=eve@example.com", mailoutbox, email="eve@example.com")
    assert mailoutbox[-1].to == ["ben@example.com"]
    assert not User.objects.filter(email="eve@example.com").exists()
    assert roles()["ben@example.com"] == "uploader"


def test_a_bad_password_makes_nothing_and_leaves_the_link_good(link: str, client: Client) -> None:
    assert client.post(link, {"password1": "short"}).context["form"].errors
    assert not User.objects.filter(email="ben@example.com").exists()
    assert client.get(link).status_code == 200


def test_an_account_that_exists_signs_in_and_says_yes(link: str) -> None:
    browser, ben = Client(), person("ben")
    assert f"/accounts/login/?next={link}" in browser.get(link).content.decode()
    assert browser.post(link, {"password1": PASSWORD}).status_code == 200
    assert "ben@example.com" not in roles()
    browser.force_login(ben)
    assert browser.get(link).status_code == 200
    assert "ben@example.com" not in roles()
    assert browser.post(link).headers["Location"] == "/vendor/VEND001/"
    assert roles()["ben@example.com"] == "uploader"


def test_somebody_else_cannot_use_it(link: str) -> None:
    browser = as_user(person("eve"))
    assert "This invitation is for ben@example.com" in browser.get(link).content.decode()
    browser.post(link)
    assert "eve@example.com" not in roles()


def test_it_works_once(link: str, client: Client, mailoutbox: list[Any]) -> None:
    join(client, link, mailoutbox)
    VendorMember.objects.filter(user__email="ben@example.com").delete()
    assert client.get(link).status_code == 404
    assert client.post(link).status_code == 404
    assert "ben@example.com" not in roles()


def test_of_two_uses_at_once_one_counts(link: str) -> None:
    found = invitations.find(link.split("/")[2])
    assert found
    ben = person("ben")
    invitations.accept(found, ben).delete()
    with pytest.raises(invitations.Gone):
        invitations.accept(found, ben)  # found before it was taken
    assert set(roles()) == {"ada@example.com"}


def test_a_sign_up_that_comes_too_late_leaves_no_account(link: str, client: Client, mailoutbox: list[Any]) -> None:
    client.post(link, {"password1": PASSWORD})
    Invitation.objects.update(withdrawn_at=timezone.now())
    assert prove(client, mailoutbox[-1]).status_code == 404
    assert not User.objects.filter(email="ben@example.com").exists()


def test_who_got_an_account_meanwhile_is_told_to_sign_in(link: str, client: Client, mailoutbox: list[Any]) -> None:
    client.post(link, {"password1": PASSWORD})
    person("ben")
    assert prove(client, mailoutbox[-1]).headers["Location"] == "/accounts/login/"
    assert "has an account by now" in client.get("/accounts/login/").content.decode()
    assert "ben@example.com" not in roles()


@pytest.mark.parametrize(
    "change", [{"expires_at": timezone.now() - timedelta(minutes=1)}, {"withdrawn_at": timezone.now()}]
)
def test_it_ends(link: str, change: dict[str, Any]) -> None:
    Invitation.objects.update(**change)
    assert "any more" in Client().get(link).content.decode()
    assert Client().post(link, {"password1": PASSWORD}).status_code == 404
    assert not User.objects.filter(email="ben@example.com").exists()


def test_it_is_good_for_seven_days(link: str) -> None:
    left = Invitation.objects.get().expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_an_owner_withdraws_it(link: str, ada: VendorMember) -> None:
    page = f"/vendor/VEND001/invitations/{Invitation.objects.get().pk}/"
    browser = as_user(ada.user)
    assert page in browser.get(LIST).content.decode()
    browser.post(page)
    assert Client().get(link).status_code == 404
    assert page not in browser.get(LIST).content.decode()
    assert LogEntry.objects.all()[0].change_message == "Invitation of ben@example.com withdrawn."


def test_who_is_a_member_by_then_keeps_the_role(link: str, vendor: Vendor) -> None:
    ben = member(vendor, "ben", "owner")
    as_user(ben.user).post(link)
    assert roles()["ben@example.com"] == "owner"
