"""Applying as a vendor: what is made, who may sign in, what strangers learn, and what staff's decision brings."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.vendors.conftest import PASSWORD, as_user, code_in, member, person, prove
from vendors import approval
from vendors.models import Vendor, VendorMember
from vendors.portal import apply

pytestmark = pytest.mark.usefixtures("accounts")
APPLICATION = {
    "email": "mia@lumen.example", "password1": PASSWORD, "vendor_name": "Lumen", "country": "Austria",
    "phone": "+43 1 5550100", "tax_id": "ATU1", "city": "Wien",
}  # fmt: skip


def send(client: Client, **changes: str) -> Any:
    return client.post("/apply/", APPLICATION | changes)


def apply_and_prove(client: Client, mailoutbox: list[Any], **changes: str) -> Any:
    """Send an application, and the code that comes by mail."""
    send(client, **changes)
    return prove(client, mailoutbox[-1])


def link_in(mail: Any) -> str:
    """The path of the first link in a mail."""
    found = re.search(r"https?://[^/\s]+(/\S+)", mail.body)
    assert found
    return found[1]


def log_in(client: Client, login: str, password: str = PASSWORD) -> Any:
    return client.post("/accounts/login/", {"login": login, "password": password})


# --- applying --------------------------------------------------------------------------------------------------


def test_an_application_makes_a_pending_vendor_its_owner_and_a_line_in_the_log(
    client: Client, mailoutbox: list[Any]
) -> None:
    assert send(client).headers["Location"] == "/confirm/"
    assert prove(client, mailoutbox[0]).headers["Location"] == "/"
    vendor = Vendor.objects.get()
    assert re.fullmatch(r"VEND\d{3,}", vendor.pk)
    assert (vendor.vendor_name, vendor.email, vendor.status) == ("Lumen", "mia@lumen.example", "pending")
    assert (vendor.country, vendor.phone, vendor.tax_id, vendor.city) == ("Austria", "+43 1 5550100", "ATU1", "Wien")
    assert (vendor.address, vendor.state) == (None, None)
    owner = vendor.members.get()
    assert (owner.user.email, owner.role, owner.user.is_staff) == ("mia@lumen.example", "owner", False)
    assert LogEntry.objects.get().object_id == vendor.pk


def test_an_application_makes_nothing_before_its_address_is_proved(client: Client, mailoutbox: list[Any]) -> None:
    send(client)
    assert client.post("/confirm/", {"code": "WRONG1"}).status_code == 200
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not Vendor.objects.exists()
    assert prove(Client(), mailoutbox[0]).headers["Location"] == "/", "the code is for one browser"
    assert not User.objects.exists()


def test_a_code_ends_with_three_wrong_ones_and_with_its_time(client: Client, mailoutbox: list[Any]) -> None:
    send(client)
    for _ in range(3):
        client.post("/confirm/", {"code": "WRONG1"})
    assert "Start once more" in client.get("/confirm/", follow=True).content.decode()
    assert prove(client, mailoutbox[0]).headers["Location"] == "/"

    send(client)
    session = client.session
    session["address_to_prove"] |= {"at": session["address_to_prove"]["at"] - 901}
    session.save()
    assert prove(client, mailoutbox[1]).headers["Location"] == "/"
    assert not User.objects.exists()


def test_another_code_takes_the_place_of_the_first_and_there_are_three(client: Client, mailoutbox: list[Any]) -> None:
    send(client)
    for _ in range(3):
        client.post("/confirm/", {"resend": "yes"})
    assert len(mailoutbox) == 3
    if code_in(mailoutbox[0]) != code_in(mailoutbox[2]):
        assert client.post("/confirm/", {"code": code_in(mailoutbox[0])}).status_code == 200
    prove(client, mailoutbox[2])
    assert Vendor.objects.count() == 1


@pytest.mark.parametrize("left_out", ["email", "password1", "vendor_name", "country"])
def test_what_must_be_known_is_asked_for_and_nothing_is_made_without_it(client: Client, left_out: str) -> None:
    response = send(client, **{left_out: ""})
    assert left_out in response.context["form"].errors
    assert not User.objects.exists()
    assert not Vendor.objects.exists()


@pytest.mark.parametrize("field", ["status", "vendor_id"])
def test_nobody_chooses_an_id_or_a_status(client: Client, mailoutbox: list[Any], field: str) -> None:
    apply_and_prove(client, mailoutbox, **{field: "active"})
    assert (Vendor.objects.get().status, Vendor.objects.filter(pk="active").exists()) == ("pending", False)


def test_an_id_that_staff_gave_by_hand_is_passed_over(client: Client, mailoutbox: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('vendor_numbers', 6)")
    Vendor.objects.create(vendor_id="VEND007", vendor_name="By hand", email="hand@example.com")
    apply_and_prove(client, mailoutbox)
    assert Vendor.objects.get(status="pending").pk == "VEND008"


def test_the_signup_page_without_a_company_leads_here(client: Client) -> None:
    assert client.get("/accounts/signup/").headers["Location"] == "/apply/"
    assert client.post("/accounts/signup/", {"email": "eve@example.com", "password1": PASSWORD}).status_code == 302
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_applications_at_the_same_moment_get_ids_of_their_own() -> None:
    def one(n: int) -> str:
        try:
            user = User.objects.create_user(f"u{n}", f"u{n}@example.com")
            return apply.open_vendor(user, {"vendor_name": f"Company {n}"}).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(one, range(12)))) == 12


# --- what strangers learn --------------------------------------------------------------------------------------


def _known_to_us(kind: str) -> None:
    if kind == "account":
        person("mia")
        User.objects.update(email="mia@lumen.example")
        EmailAddress.objects.update(email="mia@lumen.example")
    else:
        Vendor.objects.create(vendor_id="VEND001", vendor_name="Known", email="Mia@lumen.example")


@pytest.mark.parametrize("kind", ["account", "vendor"])
def test_an_address_that_is_known_gets_the_same_answer_and_another_mail(
    client: Client, mailoutbox: list[Any], kind: str
) -> None:
    new = send(client, email="new@lumen.example")
    _known_to_us(kind)
    users = User.objects.count()
    stranger = Client()
    known = send(stranger)
    assert (known.status_code, known.headers["Location"]) == (new.status_code, new.headers["Location"])
    for code in ("", "-", "WRONG1", "WRONG1", "WRONG1", "WRONG1"):
        pages = [one.post("/confirm/", {"code": code}, follow=True) for one in (client, stranger)]
        texts = [re.sub(r"(mia|new)@lumen|value=.*csrf.*|csrf.*", "", page.content.decode()) for page in pages]
        assert texts[0] == texts[1]
    assert User.objects.count() == users
    assert not Vendor.objects.filter(vendor_name="Lumen", email__iexact="mia@lumen.example").exists()
    assert [mail.subject for mail in mailoutbox] == ["Your code for Vendor onboarding", "You are known here already"]
    assert mailoutbox[1].to == ["mia@lumen.example"]


@pytest.mark.parametrize("kind", ["account", "vendor"])
def test_who_proves_an_address_that_became_known_meanwhile_is_told_and_nothing_is_made(
    client: Client, mailoutbox: list[Any], kind: str
) -> None:
    send(client)
    _known_to_us(kind)
    before = (User.objects.count(), Vendor.objects.count())
    assert prove(client, mailoutbox[0]).headers["Location"] == "/accounts/login/"
    assert "became known here a moment ago" in client.get("/accounts/login/").content.decode()
    assert (User.objects.count(), Vendor.objects.count()) == before


def test_the_mail_says_nothing_that_a_stranger_typed(client: Client, mailoutbox: list[Any]) -> None:
    send(client, vendor_name="Win a prize at evil.example")
    (mail,) = mailoutbox
    assert "evil" not in mail.subject + mail.body


def test_one_address_cannot_apply_without_end(client: Client) -> None:
    answers = [send(client, email="").status_code for _ in range(11)]
    assert answers[9:] == [200, 429]


def test_links_for_new_passwords_are_sent_three_times_in_ten_minutes(client: Client, mailoutbox: list[Any]) -> None:
    person("ada")
    for _ in range(5):
        client.post("/accounts/password/reset/", {"email": "ada@example.com"})
    assert len(mailoutbox) == 3
    assert mailoutbox[0].subject == "Choose a new password"


# --- signing in ------------------------------------------------------------------------------------------------


def test_the_account_opens_when_the_address_is_proved(client: Client, mailoutbox: list[Any]) -> None:
    send(client)
    log_in(client, "mia@lumen.example")
    assert "_auth_user_id" not in client.session
    apply_and_prove(client, mailoutbox)
    vendor = Vendor.objects.get()
    page = client.get("/", follow=True)
    assert page.redirect_chain == [(f"/vendor/{vendor.pk}/", 302)]
    assert vendor.pk in page.content.decode()
    assert log_in(Client(), "mia@lumen.example").headers["Location"] == "/"


@pytest.mark.parametrize("staff", [True, False])
def test_accounts_that_staff_made_need_no_confirmation(client: Client, staff: bool) -> None:
    User.objects.create_user("made", "made@example.com", PASSWORD, is_staff=staff)
    log_in(client, "made@example.com")
    assert "_auth_user_id" in client.session


def test_a_new_password_can_be_chosen_by_mail(client: Client, mailoutbox: list[Any]) -> None:
    person("ada")
    client.post("/accounts/password/reset/", {"email": "ada@example.com"})
    form = client.get(link_in(mailoutbox[0]), follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": "quite another one", "password2": "quite another one"})
    log_in(client, "ada@example.com", "quite another one")
    assert "_auth_user_id" in client.session


def test_a_mail_server_that_is_away_is_said_and_the_code_can_be_sent_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[Any]
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", away)
        page = client.post("/apply/", APPLICATION, follow=True)
    assert "We couldn’t send the mail just now".replace("’", "&#x27;") in page.content.decode()
    client.post("/confirm/", {"resend": "yes"})
    prove(client, mailoutbox[0])
    assert Vendor.objects.count() == 1


def test_staff_go_to_the_admin_and_who_works_for_several_or_none_is_asked(vendor: Vendor, other_vendor: Vendor) -> None:
    staff = User.objects.create_user("staff", is_staff=True)
    assert as_user(staff).get("/").headers["Location"] == "/admin/"
    both = member(vendor, "both", "viewer").user
    VendorMember.objects.create(vendor=other_vendor, user=both)
    text = as_user(both).get("/").content.decode()
    assert "/vendor/VEND001/" in text
    assert "/vendor/VEND002/" in text
    assert "invite nobody@example.com" in as_user(person("nobody")).get("/").content.decode()
    assert Client().get("/").headers["Location"].startswith("/accounts/login/")


# --- waiting, and what staff decide ----------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "text"), [("pending", "Waiting for approval"), ("suspended", "Suspended.")])
def test_who_cannot_upload_reads_it_on_every_page(vendor: Vendor, status: str, text: str) -> None:
    client = as_user(member(vendor, "ada", "owner").user)
    assert text not in client.get("/vendor/VEND001/").content.decode()
    Vendor.objects.update(status=status)
    for page in ("", "profile/", "members/"):
        assert text in client.get(f"/vendor/VEND001/{page}").content.decode()


@pytest.mark.parametrize(
    ("step", "subject"),
    [
        (approval.APPROVE, "Nort <b> wind is approved"),
        (approval.SUSPEND, "Nort <b> wind is suspended"),
        (approval.REACTIVATE, "Nort <b> wind is active again"),
    ],
)
def test_owners_are_told_what_staff_decided_each_in_a_mail_of_their_own(
    vendor: Vendor,
    admin_user: User,
    mailoutbox: list[Any],
    django_capture_on_commit_callbacks: Any,
    step: approval.Transition,
    subject: str,
) -> None:
    Vendor.objects.update(status=step.before, vendor_name="Nort\n<b> wind")
    for name, role in (("ada", "owner"), ("ben", "owner"), ("cleo", "uploader")):
        member(vendor, name, role)
    with django_capture_on_commit_callbacks(execute=True):
        approval.take(step, ["VEND001"], admin_user)
        assert mailoutbox == []
    assert [mail.to for mail in mailoutbox] == [["ada@example.com"], ["ben@example.com"]]
    assert {mail.subject for mail in mailoutbox} == {subject}
    assert "/vendor/VEND001/" in mailoutbox[0].body


def test_approving_warns_of_an_owner_whose_address_nobody_proved(vendor: Vendor, admin_client: Client) -> None:
    def question() -> str:
        data = {"action": "approve", "_selected_action": [vendor.pk]}
        return str(admin_client.post("/admin/vendors/vendor/", data).content.decode())

    Vendor.objects.update(status="pending")
    VendorMember.objects.create(vendor=vendor, user=person("ada", verified=False), role="owner")
    assert "its owner has not confirmed the e-mail address yet" in question()
    EmailAddress.objects.update(verified=True)
    assert "not confirmed" not in question()
