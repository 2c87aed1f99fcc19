"""A program of VEND001, and one of VEND002."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from vendors.models import ApiToken, Vendor
from vendors.tokens import texts


def token_of(vendor: Vendor, *scopes: str) -> tuple[ApiToken, str]:
    """A token that works for a day, with these scopes or all, and its text."""
    text = texts.new()
    token = ApiToken.objects.create(
        vendor=vendor, name="ERP", token_hash=texts.hashed(text), hint=texts.hint(text),
        scopes=list(scopes or ApiToken.Scope.values), expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return token, text


def program_of(vendor: Vendor, *scopes: str) -> Client:
    """What calls with such a token."""
    return Client(headers={"Authorization": f"Bearer {token_of(vendor, *scopes)[1]}"})


@pytest.fixture
def program(vendor: Vendor) -> Client:
    return program_of(vendor)


@pytest.fixture
def stranger(other_vendor: Vendor) -> Client:
    return program_of(other_vendor)
