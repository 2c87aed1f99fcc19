"""The lock after wrong passwords: for whom it is shut, and that no other spelling of host or name opens it."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from tests.vendors.portal.test_apply import link_in

PASSWORD = "a long enough password"
LOGIN = "/accounts/login/"
WRONG = "wrong"
SHUT = "Too many failed login attempts"


@pytest.fixture(autouse=True)
def _limits(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STAFF_NEEDS_TOTP = False
    settings.ALLOWED_HOSTS = ["*"]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    cache.clear()


@pytest.fixture
def kim(db: None) -> User:
    return User.objects.create_user("kim", "kim@example.com", PASSWORD)


def _try(login: str, password: str = WRONG, address: str = "192.0.2.1", **of_request: Any) -> Client:
    """A sign-in from a browser of its own; `text` is what the page says."""
    client = Client()
    answer = client.post(LOGIN, {"login": login, "password": password}, headers={"x-forwarded-for": address},
                         **of_request)  # fmt: skip
    client.text = answer.content.decode()  # type: ignore[attr-defined]
    return client


HOSTS = ["testserver", "localhost", "LOCALHOST", "localhost:8000", "localhost:8001", "127.0.0.1", "[::1]", "a.example"]


@pytest.mark.usefixtures("kim")
def test_a_host_of_another_name_port_or_case_gives_no_tries_more() -> None:
    tries = [_try("kim", address=f"192.0.2.{number}", HTTP_HOST=host).text for number, host in enumerate(HOSTS)]  # type: ignore[attr-defined]
    assert [SHUT in text for text in tries] == [False] * 5 + [True] * 3
    for host in HOSTS:
        assert "_auth_user_id" not in _try("kim", PASSWORD, "192.0.2.99", HTTP_HOST=host).session


@pytest.mark.parametrize("spelling", ["KIM", "Kim", " kim ", "kım", "ＫＩＭ", "\u212aim"])
@pytest.mark.usefixtures("kim")
def test_nor_does_another_spelling_of_the_name(spelling: str) -> None:
    for number in range(5):
        _try(spelling, address=f"192.0.2.{number}")
    assert "_auth_user_id" not in _try("kim", PASSWORD, "192.0.2.99").session


@pytest.mark.usefixtures("kim")
def test_others_sign_in_meanwhile_from_the_same_address_and_under_the_same_host() -> None:
    User.objects.create_user("lea", "lea@example.com", PASSWORD)
    for _ in range(5):
        _try("kim")
    assert "_auth_user_id" in _try("lea", PASSWORD).session


@pytest.mark.usefixtures("kim")
def test_one_address_is_shut_out_after_twice_as_many_whatever_names_and_hosts_it_tries() -> None:
    texts = [_try(f"name{number}", HTTP_HOST=f"{number}.example").text for number in range(11)]  # type: ignore[attr-defined]
    assert [SHUT in text for text in texts] == [False] * 10 + [True]
    assert "_auth_user_id" not in _try("kim", PASSWORD, HTTP_HOST="another.example").session
    assert "_auth_user_id" in _try("kim", PASSWORD, "192.0.2.2").session


# --- a stranger's tries shut no owner out of a browser that is known ------------------------------------------------


def _known(login: str = "kim") -> Client:
    """A browser in which somebody has signed in before, and out again."""
    client = Client()
    client.post(LOGIN, {"login": login, "password": PASSWORD}, headers={"x-forwarded-for": "192.0.2.50"})
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session
    return client


def _signs_in(client: Client, login: str = "kim", password: str = PASSWORD) -> bool:
    client.post(LOGIN, {"login": login, "password": password}, headers={"x-forwarded-for": "192.0.2.50"})
    return "_auth_user_id" in client.session


@pytest.mark.usefixtures("kim")
def test_in_a_browser_that_is_known_the_owner_gets_in_whoever_else_tries() -> None:
    owner = _known()
    for number in range(8):
        for login in ("kim", "kim@example.com"):
            _try(login, address=f"192.0.2.{number}")
    assert not _signs_in(Client())
    assert _signs_in(owner)
    owner.post("/accounts/logout/")
    assert _signs_in(owner, "KIM@example.com")


@pytest.mark.usefixtures("kim")
def test_it_has_no_more_tries_than_others() -> None:
    owner = _known()
    for _ in range(5):
        assert not _signs_in(owner, password=WRONG)
    assert not _signs_in(owner)
    assert _signs_in(Client()), "nor does it take any from others"


@pytest.mark.usefixtures("kim")
@pytest.mark.parametrize("forged", [None, "x", "WzEsIm4iXQ:1tAAAA:" + "x" * 43])
def test_it_is_known_for_who_signed_in_there_and_by_our_word_alone(forged: str | None) -> None:
    User.objects.create_user("lea", "lea@example.com", PASSWORD)
    stranger = _known("lea")
    if forged:
        stranger.cookies["known"] = forged
    for _ in range(5):
        _try("kim", address="192.0.2.7")
    assert not _signs_in(stranger)
    assert _signs_in(stranger, "lea")


@pytest.mark.usefixtures("kim")
def test_who_is_known_nowhere_ends_the_lock_with_a_new_password(mailoutbox: list[Any]) -> None:
    EmailAddress.objects.create(user=User.objects.get(), email="kim@example.com", verified=True, primary=True)
    for number in range(5):
        _try("kim@example.com", address=f"192.0.2.{number}")
    browser, new = Client(), "quite another one"
    assert not _signs_in(browser, "kim@example.com")
    browser.post("/accounts/password/reset/", {"email": "kim@example.com"}, headers={"x-forwarded-for": "192.0.2.50"})
    form = browser.get(link_in(mailoutbox[-1]), follow=True)
    browser.post(
        form.redirect_chain[-1][0], {"password1": new, "password2": new}, headers={"x-forwarded-for": "192.0.2.50"}
    )
    assert _signs_in(browser, "kim@example.com", new)
