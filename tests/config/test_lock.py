"""The lock after wrong passwords: for whom it is shut, and that no other spelling of host or name opens it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

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
