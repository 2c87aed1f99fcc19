"""People of VEND001 on its own pages."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from vendors.models import Vendor, VendorMember


@pytest.fixture
def sign_in(client: Client, vendor: Vendor) -> Callable[..., Client]:
    """The client, signed in as a member of VEND001 with this role, under a name of its own or the role's."""

    def as_role(role: str, name: str = "") -> Client:
        user = User.objects.create_user(name or role)
        VendorMember.objects.create(vendor=vendor, user=user, role=role)
        client.force_login(user)
        return client

    return as_role


@pytest.fixture
def uploader(sign_in: Callable[..., Client]) -> Client:
    """An uploader of VEND001, signed in."""
    return sign_in("uploader")


@pytest.fixture
def member(sign_in: Callable[..., Client]) -> Client:
    """Ada, a viewer of VEND001, signed in."""
    return sign_in("viewer", "ada")
