"""What is noted of what people do: when, who, about what, from where. And what never is: passwords, codes, secrets."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalog.models import ProductCategory
from security import log
from security.models import Kind, SecurityEvent
from tests.companies import Company
from tests.config.test_accounts import code_of
from tests.remembering import remembering
from tests.vendors.conftest import as_user, member, person
from uploads.models import ValueRule
from vendors import approval
from vendors.models import Vendor, VendorMember

PASSWORD = "a long enough password"
LOGIN = "/accounts/login/"
FIREFOX = "Mozilla/5.0 Firefox/140.0"


@pytest.fixture(autouse=True)
def _accounts(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STAFF_NEEDS_TOTP = False
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    cache.clear()


@pytest.fixture
def kim(db: None) -> User:
    return User.objects.create_superuser("kim", "kim@example.com", PASSWORD)


@pytest.fixture
def boss(kim: User) -> Client:
    """Kim's browser, signed in."""
    client = Client(HTTP_USER_AGENT=FIREFOX, HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.7")
    client.force_login(kim)
    return client


@contextmanager
def noted() -> Iterator[list[SecurityEvent]]:
    """What is noted within."""
    last = SecurityEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found: list[SecurityEvent] = []
    yield found
    found.extend(SecurityEvent.objects.filter(pk__gt=last).order_by("pk"))


def kinds(events: list[SecurityEvent]) -> list[str]:
    return [event.what for event in events]


def said(events: list[SecurityEvent], kind: Kind) -> list[tuple[str, str]]:
    return [(event.about, event.detail) for event in events if event.what == kind]


# --- signing in ------------------------------------------------------------------------------------------------


def _sign_in(client: Client, password: str = PASSWORD, login: str = "kim") -> Any:
    return client.post(LOGIN, {"login": login, "password": password})


def test_a_sign_in_says_who_from_where_and_with_what(kim: User) -> None:
    client = Client(HTTP_USER_AGENT=FIREFOX, HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.7")
    with noted() as events:
        _sign_in(client)
        client.post("/accounts/logout/")
    assert kinds(events) == ["signed_in", "signed_out"]
    for event in events:
        assert (event.login, event.account) == ("kim@example.com", str(kim.pk))
        assert (event.address, event.agent) == ("192.0.2.7", FIREFOX), "of TRUSTED_PROXIES=1 the last word is taken"


def test_a_wrong_password_is_noted_without_it_under_whatever_name_it_was_tried(kim: User) -> None:
    with noted() as events:
        for login in ("kim", "KIM", "kim@example.com"):
            _sign_in(Client(), "my secret guess", login)
    assert kinds(events) == ["sign_in_failed"] * 3
    assert {(event.login, event.account) for event in events} == {("kim@example.com", str(kim.pk))}
    assert "secret guess" not in str([vars(event) for event in events])


def test_of_a_name_that_nobody_has_only_the_beginning_is_noted_since_it_may_be_a_password(kim: User) -> None:
    with noted() as events:
        _sign_in(Client(), "x", "correct horse battery")
    assert [(event.what, event.login, event.account) for event in events] == [("sign_in_failed", "cor…", "")]


def test_who_is_deactivated_is_refused_and_that_is_noted(kim: User) -> None:
    User.objects.update(is_active=False)
    with noted() as events:
        _sign_in(Client())
    assert [event.what for event in events if event.what != "sign_in_failed"] == ["sign_in_refused"]


def test_a_sign_in_that_only_hashes_the_password_anew_changed_none(kim: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    before = kim.password
    with noted() as events:
        _sign_in(Client())
    kim.refresh_from_db()
    assert kim.password != before
    assert kinds(events) == ["signed_in"]


def test_codes_shown_and_wrong_ones_are_noted_without_them(kim: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(kim, secret)
    client = Client()
    with noted() as events:
        _sign_in(client)
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
        client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert kinds(events) == ["factor_failed", "factor_shown", "signed_in"]
    assert {event.login for event in events} == {"kim@example.com"}
    assert "000000" not in str([vars(event) for event in events])


def test_changes_of_factors_are_noted_without_their_secrets(kim: User, boss: Client) -> None:
    with noted() as events:
        secret = generate_totp_secret()
        factor = TOTP.activate(kim, secret).instance
        codes = RecoveryCodes.activate(kim).get_unused_codes()
        boss.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    assert not Authenticator.objects.exists()
    changes = said(events, Kind.FACTOR_CHANGED)
    assert [detail for _, detail in changes] == [
        "added; type: totp", "added; type: recovery_codes", "deleted; type: recovery_codes", "deleted; type: totp",
    ]  # fmt: skip
    assert {about for about, _ in changes} == {f"authenticator of kim@example.com (account {kim.pk})"}
    told = str([vars(event) for event in events])
    assert not [text for text in [secret, *codes] if text in told]


# --- accounts --------------------------------------------------------------------------------------------------


def test_a_new_password_is_noted_however_it_came_to_be(kim: User, boss: Client) -> None:
    other = person("lea")
    with noted() as events:
        boss.post(
            reverse("admin:auth_user_password_change", args=[other.pk]),
            {"password1": "another long one", "password2": "another long one", "usable_password": "true"},
        )
        client = as_user(other)
        client.post("/accounts/password/reset/", {"email": "lea@example.com"})
        link = next(line for line in mail.outbox[-1].body.splitlines() if "/password/reset/key/" in line)
        page = client.get(urlsplit(link).path, follow=True).redirect_chain[-1][0]
        client.post(page, {"password1": "one more long one", "password2": "one more long one"})
    changed = [event for event in events if event.what == Kind.PASSWORD_CHANGED]
    assert [event.about for event in changed] == [f"user lea@example.com (account {other.pk})"] * 2
    assert changed[0].login == "kim@example.com", "who did it"
    assert Kind.PASSWORD_RESET in kinds(events)
    assert "long one" not in str([vars(event) for event in events])


def test_flags_groups_and_permissions_of_a_person_are_noted_with_what_they_were(kim: User, boss: Client) -> None:
    other, group = person("lea"), Group.objects.create(name="Night shift")
    permission = Permission.objects.get(codename="view_vendor")
    data = {
        "username": "lea", "email": "lea@example.com", "is_active": "on", "is_staff": "on", "groups": [group.pk],
        "user_permissions": [permission.pk], "date_joined_0": "2025-01-01", "date_joined_1": "10:00:00",
    }  # fmt: skip
    with noted() as events:
        assert boss.post(reverse("admin:auth_user_change", args=[other.pk]), data).status_code == 302
        group.permissions.add(permission)
        group.permissions.clear()
        other.groups.remove(group)
    named = f"user lea@example.com (account {other.pk})"
    assert said(events, Kind.ACCOUNT_CHANGED) == [(named, "is_staff: False → True")]
    assert said(events, Kind.PERMISSIONS_CHANGED) == [
        (named, "groups added: Night shift"),
        (named, f"permissions added: {permission}"),
        ("group Night shift", f"permissions added: {permission}"),
        ("group Night shift", f"permissions removed: {permission}"),
        (named, "groups removed: Night shift"),
    ]
    assert events[0].login == "kim@example.com"


def test_of_very_many_permissions_some_are_named_and_the_rest_counted() -> None:
    group = Group.objects.create(name="All")
    permissions = list(Permission.objects.all()[:40])
    with noted() as events:
        group.permissions.set(permissions)
    assert events[0].detail.endswith(" and 35 more")


def test_an_address_that_is_added_or_taken_away_is_noted() -> None:
    with noted() as events:
        EmailAddress.objects.get(user=person("lea")).delete()
    assert [detail for _, detail in said(events, Kind.ADDRESS_CHANGED)] == [
        "added; email: lea@example.com; verified: True; primary: True",
        "deleted; email: lea@example.com; verified: True; primary: True",
    ]


def test_nobody_is_deleted_in_the_admin_but_deactivated_and_signed_out(kim: User, boss: Client) -> None:
    lea = person("lea")
    theirs = Client()
    theirs.post(LOGIN, {"login": "lea@example.com", "password": PASSWORD})
    listed = reverse("admin:auth_user_changelist")
    assert boss.get(reverse("admin:auth_user_delete", args=[lea.pk])).status_code == 403
    assert boss.post(reverse("admin:auth_user_delete", args=[lea.pk]), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in boss.get(listed).content.decode()

    chosen = {"action": "deactivate", "_selected_action": [lea.pk, kim.pk]}
    page = boss.post(listed, chosen).content.decode()
    assert "Deactivate users" in page
    assert f"lea@example.com (account {lea.pk})" in page
    assert f"kim@example.com (account {kim.pk})" not in page, "nobody shuts themselves out"
    with noted() as events:
        boss.post(listed, chosen | {"confirmed": "yes"})
    lea.refresh_from_db()
    kim.refresh_from_db()
    assert (lea.is_active, kim.is_active) == (False, True)
    assert kinds(events) == ["account_changed", "sessions_ended"]
    User.objects.filter(pk=lea.pk).update(is_active=True)
    assert theirs.get("/accounts/email/").status_code == 302, "the session that was open is over for good"
    assert "Deactivated." in boss.get(reverse("admin:auth_user_history", args=[lea.pk])).content.decode()


def test_who_is_no_superuser_deactivates_none(kim: User) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    chosen = {"action": "deactivate", "_selected_action": [kim.pk], "confirmed": "yes"}
    as_user(clerk).post(reverse("admin:auth_user_changelist"), chosen)
    kim.refresh_from_db()
    assert kim.is_active


def test_a_box_that_is_unticked_ends_the_sessions_too(kim: User, boss: Client) -> None:
    lea = person("lea")
    Client().post(LOGIN, {"login": "lea@example.com", "password": PASSWORD})
    data = {"username": "lea", "email": "lea@example.com", "date_joined_0": "2025-01-01", "date_joined_1": "10:00:00"}
    with noted() as events:
        boss.post(reverse("admin:auth_user_change", args=[lea.pk]), data)
    assert kinds(events) == ["account_changed", "sessions_ended"]


def test_signing_out_elsewhere_is_noted(kim: User) -> None:
    client = Client()
    _sign_in(client)
    _sign_in(Client())
    with noted() as events:
        client.post("/accounts/sessions/", {"others": "1"})
    assert kinds(events) == ["sessions_ended"]


# --- vendors ---------------------------------------------------------------------------------------------------


def test_who_works_for_a_vendor_is_noted_from_the_invitation_to_the_end(vendor: Vendor) -> None:
    ada, lea = member(vendor, "ada", "owner"), person("lea")
    browser = as_user(ada.user)
    with noted() as events:
        browser.post(f"/vendor/{vendor.pk}/members/", {"email": "lea@example.com", "role": "viewer"})
        link = next(line for line in mail.outbox[-1].body.splitlines() if "/invitation/" in line)
        as_user(lea).post(f"/invitation/{link.partition('/invitation/')[2]}", {"accept": "1"})
        theirs = VendorMember.objects.get(user=lea)
        browser.post(f"/vendor/{vendor.pk}/members/{theirs.pk}/", {"role": "owner"})
        theirs.refresh_from_db()
        theirs.delete()
    of_vendor = [event for event in events if event.what in (Kind.INVITATION_CHANGED, Kind.MEMBER_CHANGED)]
    assert {event.vendor_id for event in of_vendor} == {vendor.pk}
    assert [(event.login, event.detail) for event in of_vendor if event.login] == [
        ("ada@example.com", "sent, as viewer"),
        ("lea@example.com", "added; role: viewer"),
        ("lea@example.com", "accepted, as viewer"),
        ("ada@example.com", "role: viewer → owner"),
    ]
    assert of_vendor[-1].detail == "deleted; role: owner"


def test_what_decides_about_vendors_and_their_rows_is_noted(vendor: Vendor, kim: User, boss: Client) -> None:
    category = ProductCategory.objects.create(category_name="Lamps")
    with noted() as events:
        approval.take(approval.SUSPEND, [vendor.pk], kim)
        vendor.refresh_from_db()
        vendor.currency = "EUR"
        vendor.save()
        ValueRule.objects.create(vendor=vendor, field="brand", wrong_value="Acmee", right_value="Acme")
        remembering(["a", "b"], {"brand": "b"}).delete()
        category.is_active = False
        category.save()
        listed = reverse("admin:catalog_productcategory_changelist")
        boss.post(listed, {"action": "activate", "_selected_action": [category.pk], "confirmed": "yes"})
    assert set(kinds(events)) == {"setting_changed"}
    details = [event.detail for event in events]
    assert details[0] == "status: active → suspended"
    assert details[1] == "currency: USD → EUR"
    assert details[2] == "added; field: brand; wrong_value: Acmee; right_value: Acme"
    assert [text.split(";")[0] for text in details[3:5]] == ["added", "deleted"]
    assert details[5:] == ["is_active: True → False", "is_active: False → True"]
    assert [event.vendor_id for event in events] == [vendor.pk] * 5 + ["", ""]
    assert (events[0].login, events[-1].login) == ("kim@example.com", "kim@example.com")


def test_staff_on_a_vendors_own_pages_are_noted_once_an_hour(vendor: Vendor, kim: User, boss: Client) -> None:
    VendorMember.objects.create(vendor=vendor, user=kim, role="viewer")
    owner = as_user(member(vendor, "ada", "owner").user)
    with noted() as events:
        for address in ("", "catalog/", "history/"):
            boss.get(f"/vendor/{vendor.pk}/{address}")
            owner.get(f"/vendor/{vendor.pk}/{address}")
    assert [(event.what, event.login, event.vendor_id, event.detail) for event in events] == [
        ("viewed_as", "kim@example.com", vendor.pk, "as viewer")
    ]


def test_who_loses_a_group_that_is_deleted_is_noted(boss: Client, kim: User) -> None:
    group = Group.objects.create(name="Night shift")
    kim.groups.add(group)
    with noted() as events:
        boss.post("/admin/auth/group/", {"action": "delete_selected", "_selected_action": group.pk, "post": "yes"})
    assert not Group.objects.filter(pk=group.pk).exists()
    assert said(events, Kind.PERMISSIONS_CHANGED) == [
        ("group Night shift", "users removed: kim"),
        ("group Night shift", "deleted; name: Night shift"),
    ]


def test_categories_that_a_command_adds_are_noted_once(db: None) -> None:
    for _ in range(2):
        call_command("seed_categories", stdout=io.StringIO())
    assert [event.detail for event in SecurityEvent.objects.filter(what=Kind.SETTING_CHANGED)] == [
        "20 added by seed_categories"
    ]


# --- what leaves -----------------------------------------------------------------------------------------------


def test_a_list_that_is_exported_is_noted_with_its_filters(vendor: Vendor, boss: Client) -> None:
    address = reverse("admin:uploads_uploadhistory_export")
    with noted() as events:
        boss.get(address)
        boss.post(f"{address}?vendor={vendor.pk}&status__exact=failed", {"format": "0", "resource": "0"})
    assert kinds(events) == ["exported"]
    assert events[0].about.startswith("upload")
    assert (events[0].vendor_id, events[0].detail) == (vendor.pk, f"vendor={vendor.pk}&status__exact=failed")


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_vendors_catalog_and_failed_rows_are_noted_when_they_leave(ours: Company, format: str) -> None:
    browser = as_user(ours.members["viewer"].user)
    with noted() as events:
        browser.get(reverse("vendor:catalog_export", args=[ours.vendor.pk, format]))
        browser.get(reverse("vendor:failed_rows", args=[ours.vendor.pk, ours.upload.pk, format]))
    assert kinds(events) == ["exported", "downloaded"]
    assert events[0].about == f"catalog, {format.upper()}"
    assert ours.upload.pk in events[1].about
    assert {event.vendor_id for event in events} == {ours.vendor.pk}


@pytest.mark.usefixtures("bucket")
def test_an_original_file_is_noted_when_it_is_fetched(ours: Company, boss: Client) -> None:
    with noted() as events:
        boss.get(reverse("admin:uploads_uploadhistory_file", args=[ours.upload.pk]))
    assert kinds(events) == ["downloaded"]
    assert events[0].about.startswith(f"file of upload {ours.upload.pk}")


def test_tokens_have_a_place_to_be_noted(kim: User) -> None:
    with noted() as events:
        log.note_token("made", about="token 3 “nightly”", user=kim, vendor_id="VEND001")
    assert [(e.what, e.login, e.vendor_id, e.about) for e in events] == [
        ("token_changed", "kim@example.com", "VEND001", "token 3 “nightly”")
    ]


# --- what cannot be noted is not done --------------------------------------------------------------------------


def _full(*_: Any, **__: Any) -> Any:
    raise OSError("no place for the log")


@pytest.mark.django_db(transaction=True)
def test_a_password_that_cannot_be_noted_is_not_changed(kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
    kim.set_password("quite another one")
    monkeypatch.setattr(SecurityEvent.objects, "create", _full)
    with pytest.raises(OSError, match="no place"):
        kim.save()
    kim.refresh_from_db()
    assert kim.check_password(PASSWORD)


def test_nor_are_sessions_ended(kim: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browsers = [Client(), Client()]
    for browser in browsers:
        _sign_in(browser)
    monkeypatch.setattr(SecurityEvent.objects, "create", _full)
    with pytest.raises(OSError, match="no place"):
        browsers[0].post("/accounts/sessions/", {"others": "yes"})
    assert browsers[1].get("/accounts/sessions/").status_code == 200
