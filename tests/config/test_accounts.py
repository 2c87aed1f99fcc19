"""Who gets in: passwords, second factors, limits, and what every page may load."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import Group, Permission, User
from django.core.cache import cache
from django.test import Client

PASSWORD = "a long enough password"
LOGIN = "/accounts/login/"
ACTIVATE = "/accounts/2fa/totp/activate/"
SHOW = "/accounts/2fa/reauthenticate/"


def code_of(secret: str) -> str:
    """What an authenticator app with this secret shows now."""
    now = list(yield_hotp_counters_from_time())
    return str(format_hotp_value(hotp_value(secret, now[len(now) // 2])))


@pytest.fixture(autouse=True)
def _limits(db: None, settings: Any) -> None:
    """Rate limits counted from nothing, passwords that are hashed in no time, and the second factor asked for."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STAFF_NEEDS_TOTP = True
    cache.clear()


@pytest.fixture
def person(db: None) -> User:
    """A superuser with a password."""
    return User.objects.create_superuser("ada", "ada@example.com", PASSWORD)


def _log_in(client: Client, name: str = "ada", password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": name, "password": password})


# --- the second factor -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/admin/", "/admin/auth/user/", "/admin/jsi18n/", "/admin/nothing/"])
def test_staff_without_an_authenticator_are_sent_to_set_one_up(client: Client, person: User, address: str) -> None:
    client.force_login(person)
    response = client.get(address)
    assert response.headers["Location"].startswith(f"{ACTIVATE}?next=")


def test_nor_can_they_post_to_the_admin(client: Client, person: User) -> None:
    client.force_login(person)
    response = client.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes"})
    assert response.headers["Location"].startswith(ACTIVATE)
    assert User.objects.filter(pk=person.pk).exists()


def test_the_pages_on_the_way_say_why(client: Client, person: User) -> None:
    _log_in(client)
    text = client.get("/admin/", follow=True).content.decode()
    assert "the admin opens only after a second step" in text


@pytest.mark.django_db(transaction=True)
def test_after_setting_one_up_the_admin_is_open_and_the_next_login_asks_for_a_code(
    client: Client, person: User
) -> None:
    _log_in(client)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    page = client.get(ACTIVATE)
    response = client.post(ACTIVATE, {"code": code_of(page.context["form"].secret)})
    assert response.headers["Location"] == "/accounts/2fa/recovery-codes/"
    assert client.get("/admin/").status_code == 200

    client.post("/admin/logout/")
    assert _log_in(client).headers["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")


def test_a_session_opened_before_with_the_password_alone_is_asked_for_a_code(client: Client, person: User) -> None:
    _log_in(client)
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    assert client.get("/admin/").headers["Location"].startswith(f"{SHOW}?next=")
    client.post(SHOW, {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200


def test_without_its_authenticator_an_open_session_is_closed_too(client: Client, person: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    _log_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert client.get("/admin/").headers["Location"].startswith(ACTIVATE)


def test_a_code_works_once(client: Client, person: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    code = code_of(secret)
    _log_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code})
    client.post("/admin/logout/")
    _log_in(client)
    assert "Incorrect code" in client.post("/accounts/2fa/authenticate/", {"code": code}).content.decode()


def test_a_recovery_code_opens_the_admin_once(client: Client, person: User) -> None:
    TOTP.activate(person, generate_totp_secret())
    code = RecoveryCodes.activate(person).get_unused_codes()[0]
    for opens in (True, False):
        _log_in(client)
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert (client.get("/admin/").status_code == 200) is opens
        client.post("/admin/logout/")


def test_a_look_at_the_addresses_does_not_keep_anybody_from_setting_one_up(client: Client, person: User) -> None:
    _log_in(client)
    client.get("/accounts/email/")
    assert EmailAddress.objects.filter(user=person, verified=False).exists()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert client.get(ACTIVATE).status_code == 200


def test_a_look_at_the_addresses_locks_nobody_out_whose_account_staff_made(client: Client) -> None:
    ben = User.objects.create_user("ben", "ben@example.com", PASSWORD)
    _log_in(client, "ben")
    client.get("/accounts/email/")
    assert EmailAddress.objects.filter(user=ben, verified=False).exists()
    client.post("/accounts/logout/")
    for name in ("ben", "ben@example.com"):
        assert _log_in(client, name).headers["Location"] == "/", "not to the page that waits for a mail"
        assert client.get("/").status_code == 200
        client.post("/accounts/logout/")


def test_where_it_is_not_asked_for_a_password_suffices(client: Client, person: User, settings: Any) -> None:
    settings.STAFF_NEEDS_TOTP = False
    _log_in(client)
    assert client.get("/admin/").status_code == 200


def test_who_is_no_staff_needs_none_and_gets_no_admin(client: Client) -> None:
    User.objects.create_user("vendor", password=PASSWORD)
    assert _log_in(client, "vendor").headers["Location"] == "/"
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.get("/admin/", follow=True).status_code == 403


def test_a_superuser_takes_a_lost_phone_away_with_its_codes_and_sees_no_secret(
    admin_client: Client, person: User, settings: Any
) -> None:
    settings.STAFF_NEEDS_TOTP = False
    secret = generate_totp_secret()
    authenticator = TOTP.activate(person, secret).instance
    RecoveryCodes.activate(person)
    address = f"/admin/mfa/authenticator/{authenticator.pk}"
    assert secret not in admin_client.get(f"{address}/change/").content.decode()
    admin_client.post(f"{address}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()


# --- logging in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ada", "ada@example.com", "ADA@example.com"])
def test_people_log_in_by_name_or_address(client: Client, person: User, name: str) -> None:
    assert _log_in(client, name).headers["Location"] == "/"


def test_the_admin_has_no_login_page_of_its_own(client: Client, person: User) -> None:
    response = client.post("/admin/login/?next=/admin/", {"username": "ada", "password": PASSWORD})
    assert response.headers["Location"].startswith(LOGIN)
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("person")
def test_after_five_wrong_passwords_the_right_one_has_to_wait_too(client: Client) -> None:
    for _ in range(5):
        assert "are not correct" in _log_in(client, password="wrong").content.decode()
    assert "Too many failed login attempts" in _log_in(client).content.decode()
    assert "_auth_user_id" not in client.session


@pytest.mark.usefixtures("person")
def test_one_address_cannot_try_many_names(client: Client) -> None:
    answers = [_log_in(client, f"name{n}", "wrong").content.decode() for n in range(11)]
    assert "are not correct" in answers[9]
    assert "Too many failed login attempts" in answers[10]


def test_another_site_is_no_place_to_go_after_a_login(client: Client, person: User) -> None:
    response = client.post(f"{LOGIN}?next=https://evil.example/", {"login": "ada", "password": PASSWORD})
    assert response.headers["Location"] == "/"


# --- every page ------------------------------------------------------------------------------------------------


def _policy(response: Any) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize("address", [LOGIN, "/admin/", "/nothing/", "/static/admin/css/base.css"])
def test_every_answer_lets_pages_load_files_of_this_host_only(client: Client, address: str) -> None:
    policy = _policy(client.get(address))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert "unsafe" not in str(policy)


@pytest.mark.parametrize(
    "address", [LOGIN, SHOW, "/accounts/2fa/", "/accounts/password/change/", "/accounts/email/", "/accounts/logout/"]
)
def test_account_pages_have_no_style_or_script_within(
    client: Client, person: User, address: str, settings: Any
) -> None:
    settings.STAFF_NEEDS_TOTP = address == SHOW
    if address != LOGIN:
        TOTP.activate(person, generate_totp_secret())
        client.force_login(person)
    text = client.get(address).content.decode()
    assert "vendors/pages.css" in text
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* (?:src|type=\"application/json\"))", text)


def test_a_password_alone_takes_no_authenticator_away_and_sees_no_recovery_codes(client: Client, person: User) -> None:
    _log_in(client)
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})

    for page in ("2fa/totp/deactivate/", "2fa/recovery-codes/", "2fa/recovery-codes/generate/", "email/"):
        assert client.get(f"/accounts/{page}").headers["Location"].startswith(f"{SHOW}?next=")
        assert client.post(f"/accounts/{page}").headers["Location"].startswith(f"{SHOW}?next=")
    assert Authenticator.objects.count() == 2
    assert client.post("/accounts/logout/").headers["Location"] == "/"


def test_limits_still_count_when_very_many_addresses_were_tried() -> None:
    cache.set("one_who_tried", 5)
    for number in range(400):
        cache.set(f"others_{number}", 1)
    counted = [cache.get("one_who_tried"), *(cache.get(f"others_{number}") for number in range(400))]
    assert None not in counted


# --- who may change people ---------------------------------------------------------------------------------------


@pytest.fixture
def helper(settings: Any, db: None) -> Client:
    """Somebody of the staff who may change people and take second factors away, and is no superuser."""
    settings.STAFF_NEEDS_TOTP = False
    user = User.objects.create_user("helper", "helper@example.com", PASSWORD, is_staff=True)
    may = ["view_user", "change_user", "view_authenticator", "delete_authenticator"]
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    return client


def _form(user: User, **more: Any) -> dict[str, Any]:
    times = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    return {"username": user.username, "email": user.email, "is_active": "on", "is_staff": "on"} | times | more


def test_who_may_change_people_changes_no_superuser(helper: Client, person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_superuser=True)
    page, new = f"/admin/auth/user/{person.pk}/", "quite another one"
    helper.post(f"{page}password/", {"password1": new, "password2": new, "usable_password": "true"})
    helper.post(f"{page}change/", _form(person, email="helper@example.com"))
    helper.post("/admin/auth/user/", {"action": "deactivate", "_selected_action": person.pk, "confirmed": "yes"})
    TOTP.activate(person, generate_totp_secret())
    found = Authenticator.objects.get()
    helper.post(f"/admin/mfa/authenticator/{found.pk}/delete/", {"post": "yes"})
    picked = {"action": "delete_selected", "_selected_action": found.pk, "post": "yes"}
    helper.post("/admin/mfa/authenticator/", picked)
    before = person.email
    person.refresh_from_db()
    assert (person.check_password(PASSWORD), person.email, person.is_active) == (True, before, True)
    assert Authenticator.objects.filter(user=person).exists()


def test_nor_gives_anybody_what_only_superusers_have(helper: Client) -> None:
    user = User.objects.get(username="helper")
    group, permission = Group.objects.create(name="all"), Permission.objects.get(codename="delete_user")
    more = {"is_superuser": "on", "groups": [group.pk], "user_permissions": [permission.pk], "first_name": "Kim"}
    assert helper.post(f"/admin/auth/user/{user.pk}/change/", _form(user, **more)).status_code == 302
    user = User.objects.get(pk=user.pk)
    assert user.first_name == "Kim"
    has = (user.is_superuser, user.groups.exists(), user.has_perm("auth.delete_user"))
    assert has == (False, False, False)
    assert user.has_perm("auth.change_user")
