"""Known and unknown addresses cost the same: every attempt hashes one password, so that nobody learns from the time
that it takes who has an account."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

PASSWORD = "a long enough password"
APPLICATION = {"password1": PASSWORD, "vendor_name": "Lumen", "country": "Austria"}


class Counting(MD5PasswordHasher):
    """Counts what a slow hasher would spend its time on."""

    algorithm = "counting"
    done = 0

    def encode(self, password: str, salt: str) -> str:
        Counting.done += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _people(db: None, settings: Any) -> None:
    """Accounts of every kind, whose passwords are hashed by the hasher that counts."""
    settings.PASSWORD_HASHERS = ["tests.config.test_hashing.Counting"]
    cache.clear()
    for name in ("proved", "claimed", "closed", "twice", "again"):
        User.objects.create_user(name, f"{name}@example.com", PASSWORD)
    User.objects.filter(username="closed").update(is_active=False)
    User.objects.filter(username="again").update(email="twice@example.com")
    User.objects.create_user("unusable", "unusable@example.com")
    for name in ("proved", "closed"):
        user = User.objects.get(username=name)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    EmailAddress.objects.create(user=User.objects.get(username="again"), email="proved@example.com")


KNOWN = ["proved", "proved@example.com", "PROVED@example.com", "claimed", "claimed@example.com", "closed",
         "closed@example.com", "twice@example.com", "unusable", "unusable@example.com"]  # fmt: skip
UNKNOWN = ["nobody", "nobody@example.com"]


def hashes(act: Callable[[], Any]) -> int:
    before = Counting.done
    act()
    return Counting.done - before


@pytest.mark.parametrize("login", KNOWN + UNKNOWN)
def test_signing_in_hashes_once_whoever_is_meant(client: Client, login: str) -> None:
    data = {"login": login, "password": "wrong"}
    assert hashes(lambda: client.post("/accounts/login/", data)) == 1


@pytest.mark.parametrize("login", ["proved@example.com", "claimed", "nobody@example.com"])
def test_with_the_right_password_too(client: Client, login: str) -> None:
    assert hashes(lambda: client.post("/accounts/login/", {"login": login, "password": PASSWORD})) == 1


@pytest.mark.parametrize("name", ["proved", "claimed", "unusable", "nobody"])
def test_asking_for_a_new_password_hashes_nothing(client: Client, name: str) -> None:
    assert hashes(lambda: client.post("/accounts/password/reset/", {"email": f"{name}@example.com"})) == 0


@pytest.mark.parametrize("name", ["proved", "claimed", "nobody"])
def test_applying_hashes_once(client: Client, name: str) -> None:
    data = APPLICATION | {"email": f"{name}@example.com"}
    assert hashes(lambda: client.post("/apply/", data)) == 1


@pytest.mark.parametrize("name", ["proved", "claimed", "nobody"])
def test_a_code_hashes_nothing(client: Client, name: str) -> None:
    client.post("/apply/", APPLICATION | {"email": f"{name}@example.com"})
    assert hashes(lambda: client.post("/confirm/", {"code": "WRONG1"})) == 0


def test_a_fresh_sign_in_is_of_the_account_itself(client: Client) -> None:
    """Its address may be proved by another one, which isn't meant."""
    again = User.objects.get(username="again")
    User.objects.filter(pk=again.pk).update(email="proved@example.com")
    client.force_login(again)
    answer: list[Any] = []
    assert hashes(lambda: answer.append(client.post("/accounts/reauthenticate/", {"password": PASSWORD}))) == 1
    assert answer[0].status_code == 302
