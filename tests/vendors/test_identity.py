"""The rule of docs/security.md, "Identity": an address counts when its owner has proved it, and for one account.

Each test is a flow that uses an address, tried by somebody who only claims it.
"""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.test import Client

from config import addresses
from tests.vendors.conftest import PASSWORD, as_user, code_in, member, person, prove
from tests.vendors.portal.test_apply import apply_and_prove, link_in, log_in, send
from vendors import invitations
from vendors.models import Vendor, VendorMember

pytestmark = pytest.mark.usefixtures("accounts")
ADDRESS = "/accounts/email/"
CODE = "/accounts/confirm-email/"


def claiming(email: str, *, primary: bool = False) -> User:
    """A stranger, whose own address is proved, and in whose account the address stands unproved: as in tables from
    before this rule, and as a member of staff may type it."""
    eve = person("eve")
    if primary:
        EmailAddress.objects.filter(user=eve).update(primary=False)
        User.objects.filter(pk=eve.pk).update(email=email)
    EmailAddress.objects.create(user=eve, email=email, verified=False, primary=primary)
    eve.refresh_from_db()
    return eve


def ask_for(browser: Client, email: str) -> Any:
    """Ask for another address, after a fresh sign-in."""
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return browser.post(ADDRESS, {"email": email, "action_add": "yes"})


def invited(vendor: Vendor, email: str, role: str = "owner") -> str:
    """The link that an owner's invitation sends."""
    owner = VendorMember.objects.filter(vendor=vendor, role="owner").first() or member(vendor, "ada", "owner")
    return f"/invitation/{invitations.invite(vendor, email, role, owner.user)[1]}/"


# --- the two ways in that were open ----------------------------------------------------------------------------


def test_the_take_over_of_a_company_ends_at_its_second_step(vendor: Vendor, mailoutbox: list[Any]) -> None:
    """A stranger signs up, claims a colleague's address, the owner invites it, the colleague follows the mails."""
    eve = Client()
    apply_and_prove(eve, mailoutbox, email="eve@evil.example")  # step 1: an account of one's own is anybody's right

    ask_for(eve, "ben@example.com")  # step 2: the claim
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("eve@evil.example", True)]
    assert mailoutbox[-1].to == ["ben@example.com"]

    link = invited(vendor, "ben@example.com")  # what followed: the invitation, ...
    ben = Client()
    assert "has an account here" not in ben.get(link).content.decode()
    ben.post("/accounts/password/reset/", {"email": "ben@example.com"})  # ... the new password, ...
    assert mailoutbox[-1].subject == "There is no account with this address"
    ben.post(link, {"password1": PASSWORD})  # ... and the yes, which is Ben's own
    prove(ben, mailoutbox[-1])
    assert VendorMember.objects.get(vendor=vendor, role="owner", user__email="ben@example.com").user.username != "eve"
    assert not VendorMember.objects.filter(vendor=vendor, user__email="eve@evil.example").exists()


def test_a_leaked_invitation_lets_nobody_in_who_cannot_read_the_mail(vendor: Vendor, mailoutbox: list[Any]) -> None:
    link = invited(vendor, "ben@example.com")
    eve = as_user(claiming("ben@example.com"))
    assert "This invitation is for ben@example.com" in eve.get(link).content.decode()
    eve.post(link)
    stranger = Client()
    stranger.post(link, {"password1": PASSWORD})
    for code in ("", "000000", "WRONG1", "WRONG1"):
        stranger.post("/confirm/", {"code": code})
    assert "_auth_user_id" not in stranger.session
    assert [one.user.username for one in vendor.members.all()] == ["ada"]
    assert invitations.find(link.split("/")[2])


# --- each flow, with a claim in its way ------------------------------------------------------------------------


@pytest.mark.parametrize("primary", [True, False])
def test_accept_a_claim_is_no_invited_address(vendor: Vendor, primary: bool) -> None:
    link = invited(vendor, "ben@example.com")
    eve, found = claiming("ben@example.com", primary=primary), invitations.find(link.split("/")[2])
    assert found
    assert not invitations.is_for(found, eve)
    with pytest.raises(invitations.Gone):
        invitations.accept(found, eve)
    assert not VendorMember.objects.filter(user=eve).exists()
    assert invitations.find(link.split("/")[2]), "it is still there for Ben"


def test_invite_a_members_claim_does_not_make_the_address_a_member(vendor: Vendor, mailoutbox: list[Any]) -> None:
    VendorMember.objects.create(vendor=vendor, user=claiming("ben@example.com", primary=True), role="viewer")
    ada = as_user(member(vendor, "ada", "owner").user)
    ada.post("/vendor/VEND001/members/", {"email": "ben@example.com", "role": "viewer"})
    assert [mail.to for mail in mailoutbox] == [["ben@example.com"]]


@pytest.mark.parametrize("primary", [True, False])
def test_apply_claims_keep_no_owner_of_an_address_from_applying(
    client: Client, mailoutbox: list[Any], primary: bool
) -> None:
    eve = claiming("mia@lumen.example", primary=primary)
    assert apply_and_prove(client, mailoutbox).headers["Location"] == "/"
    assert Vendor.objects.get().members.get().user.email == "mia@lumen.example"
    eve.refresh_from_db()
    assert "lumen" not in eve.email
    assert not EmailAddress.objects.filter(user=eve, email="mia@lumen.example").exists()
    assert "mia@lumen.example removed" in str(LogEntry.objects.values_list("change_message", flat=True))


def test_apply_one_account_asks_for_many_addresses_and_holds_none(client: Client, mailoutbox: list[Any]) -> None:
    eve = as_user(person("eve"))
    for n in range(5):
        ask_for(eve, f"n{n}@example.com")
    assert EmailAddress.objects.count() == 1
    assert apply_and_prove(client, mailoutbox, email="n4@example.com").headers["Location"] == "/"


def test_apply_an_account_that_never_proved_its_address_is_closed_when_somebody_does(
    client: Client, mailoutbox: list[Any]
) -> None:
    squatter = User.objects.create_user("squatter", "mia@lumen.example", PASSWORD)
    EmailAddress.objects.create(user=squatter, email=squatter.email, primary=True, verified=False)
    apply_and_prove(client, mailoutbox)
    browser = Client()
    log_in(browser, "squatter")
    assert "_auth_user_id" not in browser.session


def test_apply_who_applied_before_there_were_codes_gets_one_at_the_sign_in(mailoutbox: list[Any]) -> None:
    mia, browser = person("mia", verified=False), Client()
    assert log_in(browser, "mia@example.com").headers["Location"] == CODE
    assert "_auth_user_id" not in browser.session
    browser.post(CODE, {"code": code_in(mailoutbox[0])})
    assert "_auth_user_id" in browser.session
    assert addresses.owner("mia@example.com") == mia


@pytest.mark.parametrize("primary", [True, False])
def test_reset_a_new_password_is_for_who_proved_the_address(mailoutbox: list[Any], primary: bool) -> None:
    eve, browser = claiming("ben@example.com", primary=primary), Client()
    browser.post("/accounts/password/reset/", {"email": "ben@example.com"})
    assert mailoutbox[-1].subject == "There is no account with this address"
    person("ben")
    browser.post("/accounts/password/reset/", {"email": "ben@example.com"})
    form = browser.get(link_in(mailoutbox[-1]), follow=True)
    browser.post(form.redirect_chain[-1][0], {"password1": "quite another one", "password2": "quite another one"})
    assert User.objects.get(username="ben").check_password("quite another one")
    eve.refresh_from_db()
    assert eve.check_password(PASSWORD)


def test_change_the_new_address_counts_when_its_code_is_typed_and_the_old_one_no_more(mailoutbox: list[Any]) -> None:
    ben = person("ben")
    browser = as_user(ben)
    ask_for(browser, "Ben@New.example")
    assert EmailAddress.objects.get().email == "ben@example.com"
    browser.post(CODE, {"code": code_in(mailoutbox[0])})
    ben.refresh_from_db()
    assert ben.email == "ben@new.example"
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [("ben@new.example", True, True)]
    assert mailoutbox[1].to == ["ben@example.com"], "who reads the old mail is told"


def test_change_of_two_changes_the_later_one_waits(mailoutbox: list[Any]) -> None:
    browser = as_user(person("ben"))
    ask_for(browser, "one@new.example")
    ask_for(browser, "two@new.example")
    assert browser.post(CODE, {"code": code_in(mailoutbox[0])}).status_code == 200
    browser.post(CODE, {"code": code_in(mailoutbox[1])})
    assert EmailAddress.objects.get().email == "two@new.example"


def test_change_takes_the_address_from_who_only_claims_it(mailoutbox: list[Any]) -> None:
    eve, browser = claiming("ben@new.example"), as_user(person("ben"))
    ask_for(browser, "ben@new.example")
    browser.post(CODE, {"code": code_in(mailoutbox[-1])})
    assert addresses.owner("ben@new.example").username == "ben"  # type: ignore[union-attr] # or the test fails
    assert list(EmailAddress.objects.filter(user=eve).values_list("email", flat=True)) == ["eve@example.com"]


def test_change_needs_a_fresh_sign_in(mailoutbox: list[Any]) -> None:
    browser = as_user(person("ben"))
    answer = browser.post(ADDRESS, {"email": "ben@new.example", "action_add": "yes"})
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert mailoutbox == []


@pytest.mark.parametrize("action", ["action_primary", "action_remove"])
def test_change_a_claim_is_not_made_primary_and_the_proved_one_stays(action: str) -> None:
    eve = claiming("ben@example.com")
    browser = as_user(eve)
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    for email in ("ben@example.com", "eve@example.com"):
        browser.post(ADDRESS, {"email": email, action: "yes"})
    eve.refresh_from_db()
    assert eve.email == "eve@example.com"
    assert EmailAddress.objects.filter(user=eve, email="eve@example.com", verified=True, primary=True).exists()


def test_merge_an_address_that_one_account_proved_cannot_be_proved_for_a_second(mailoutbox: list[Any]) -> None:
    ben, eve = person("ben"), as_user(person("eve"))
    ask_for(eve, "ben@example.com")
    assert mailoutbox[0].to == ["ben@example.com"], "who types it sees no difference"
    text = eve.post(CODE, {"code": code_in(mailoutbox[0])}).content.decode()
    assert "already registered" in text, "who reads the mail is told"
    assert addresses.owner("ben@example.com") == ben
    with pytest.raises(IntegrityError, match="unique_verified_email"):
        addresses.own(User.objects.create_user("third"), "ben@example.com")


@pytest.mark.django_db(transaction=True)
def test_merge_of_two_who_prove_an_address_at_the_same_moment_the_later_one_is_told(
    mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later one looked before the first one was done."""
    browser = as_user(person("eve"))
    ask_for(browser, "ben@example.com")
    ben = person("ben")
    monkeypatch.setattr(addresses, "owner", lambda email: None)
    monkeypatch.setattr(EmailAddress, "can_set_verified", lambda address: True)
    answer = browser.post(CODE, {"code": code_in(mailoutbox[0])}, follow=True)
    assert answer.status_code == 200
    assert "already confirmed by a different account" in answer.content.decode()
    monkeypatch.undo()
    assert addresses.owner("ben@example.com") == ben
    assert list(EmailAddress.objects.filter(user__username="eve").values_list("email", "verified", "primary")) == [
        ("eve@example.com", True, True)
    ]


# --- one mailbox, one address ----------------------------------------------------------------------------------

# What mail servers take for ben@example.com, ben@bücher.example or ben@strasse.example, and what no mail goes to.
OTHER_SPELLINGS = [
    "ben@ex\uff41mple.com",
    "ben@exa\u00admple.com",
    "ben@example.com\u200b",
    "ben@e\u0301xample.com",
    "\u017fam@example.com",
    "\u0130da@example.com",
    "ben@xn--bcher-kva.example",
    "ben@straße.example",
    f"ben@{'ü' * 60}.example",
]


@pytest.mark.parametrize("email", OTHER_SPELLINGS, ids=ascii)
def test_a_mailbox_has_one_spelling_here(vendor: Vendor, mailoutbox: list[Any], email: str) -> None:
    ada = as_user(member(vendor, "ada", "owner").user)
    answers = [
        send(Client(), email=email),
        ask_for(ada, email),
        ada.post("/vendor/VEND001/members/", {"email": email, "role": "viewer"}),
        ada.post("/vendor/VEND001/profile/", {"vendor_name": "Northwind", "email": email, "country": "USA"}),
        Client().post("/accounts/password/reset/", {"email": email}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5
    assert mailoutbox == []
    assert all("in the usual letters" in answer.content.decode() for answer in answers)


@pytest.mark.parametrize(
    "email", ["ben@bücher.example", "Ben@EXAMPLE.com", "\u212aim@example.com", "ben@xn--strae-oqa.example"]
)
def test_letters_of_every_script_and_capitals_are_usual(mailoutbox: list[Any], email: str) -> None:
    send(Client(), email=email)
    assert [mail.to for mail in mailoutbox] == [[email.lower()]]


# --- accounts that staff made ----------------------------------------------------------------------------------


def test_staff_made_the_address_opens_nothing_until_its_code_is_typed(vendor: Vendor, mailoutbox: list[Any]) -> None:
    ben = User.objects.create_user("made", "ben@example.com", PASSWORD)
    link, browser = invited(vendor, "ben@example.com"), Client()
    log_in(browser, "ben@example.com")
    assert "_auth_user_id" in browser.session, "the password is known, and staff gave this address to one account"
    assert "is for ben@example.com" in browser.get(link).content.decode()
    browser.get(ADDRESS)
    browser.post(ADDRESS, {"email": "ben@example.com", "action_send": "yes"})
    browser.post(CODE, {"code": code_in(mailoutbox[-1])})
    assert addresses.owner("ben@example.com") == ben
    assert browser.post(link).headers["Location"] == "/vendor/VEND001/"


def test_staff_made_an_address_that_was_given_to_two_accounts_signs_in_to_neither() -> None:
    for name in ("one", "two"):
        User.objects.create_user(name, "ben@example.com", PASSWORD)
    browser = Client()
    log_in(browser, "ben@example.com")
    assert "_auth_user_id" not in browser.session
    log_in(browser, "two")
    assert "_auth_user_id" in browser.session


def test_staff_made_an_address_that_staff_change_is_proved_no_more(admin_client: Client) -> None:
    ben = person("ben")
    page = f"/admin/auth/user/{ben.pk}/change/"
    shown = admin_client.get(page).context["adminform"].form
    data = {name: value for name, value in shown.initial.items() if isinstance(value, str)}
    times = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    assert admin_client.post(page, data | times | {"email": "new@example.com", "is_active": "on"}).status_code == 302
    ben.refresh_from_db()
    assert ben.email == "new@example.com"
    assert not EmailAddress.objects.filter(user=ben).exists()
    assert admin_client.post(page, data | times | {"email": "new@example.com", "first_name": "A\nB"}).status_code == 200
