"""People with accounts, as vendors' pages meet them."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from vendors.models import Vendor, VendorMember

PASSWORD = "a long enough password"


@pytest.fixture
def accounts(db: None, settings: Any) -> None:
    """Rate limits counted from nothing, and passwords that are hashed in no time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


def person(name: str, *, verified: bool = True) -> User:
    """Somebody who signed up: name@example.com."""
    user = User.objects.create_user(name, f"{name}@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def member(vendor: Vendor, name: str, role: str) -> VendorMember:
    """Somebody who works for the vendor."""
    return VendorMember.objects.create(vendor=vendor, user=person(name), role=role)


def as_user(user: User) -> Client:
    """A browser in which the user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def code_in(mail: Any) -> str:
    """The code in a mail: a line of its own."""
    found = re.search(r"^([A-Z0-9-]{6,})$", mail.body, re.MULTILINE)
    assert found, mail.body
    return found[1]


def prove(client: Client, mail: Any) -> Any:
    """Type the code that was sent to an address, in the browser that asked for it."""
    return client.post("/confirm/", {"code": code_in(mail)})
