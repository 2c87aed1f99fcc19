"""A program of VEND001, and one of VEND002."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
import redis
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone

from uploads.api import limits
from vendors.models import ApiToken, Vendor
from vendors.tokens import texts


class Program(NamedTuple):
    """Who has a token: `client` sends it with each call."""

    token: ApiToken
    text: str

    @property
    def header(self) -> str:
        return f"Bearer {self.text}"

    @property
    def client(self) -> Client:
        return Client(headers={"Authorization": self.header})


MakeToken = Callable[..., Program]


@pytest.fixture(autouse=True)
def uncounted(broker: None) -> None:
    """No call that another test made counts here."""
    limits._away_until.clear()
    with redis.Redis.from_url(configured.REDIS_URL) as asked:
        for key in asked.scan_iter("api-limit:*"):
            asked.delete(key)


def token_of(vendor: Vendor, *scopes: str) -> Program:
    """Who has a token that works for a day, with these scopes or all."""
    text = texts.new()
    token = ApiToken.objects.create(
        vendor=vendor, name="ERP", token_hash=texts.hashed(text), hint=texts.hint(text),
        scopes=list(scopes or ApiToken.Scope.values), expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return Program(token, text)


def program_of(vendor: Vendor, *scopes: str) -> Client:
    """What calls with such a token."""
    return token_of(vendor, *scopes).client


@pytest.fixture
def make_token(db: None) -> MakeToken:
    return token_of


@pytest.fixture
def program(vendor: Vendor) -> Client:
    return program_of(vendor)


@pytest.fixture
def stranger(other_vendor: Vendor) -> Client:
    return program_of(other_vendor)
