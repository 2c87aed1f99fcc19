"""No vendor sees anything of another: every address of the vendors' pages, asked for what isn't one's own."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern

from uploads import vendor_urls
from vendors.models import Vendor, VendorMember


@pytest.fixture
def member(client: Client, vendor: Vendor) -> Client:
    """An owner of VEND001, signed in."""
    user = User.objects.create_user("ada")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    client.force_login(user)
    return client


def test_every_vendor_page_is_guarded() -> None:
    unguarded = [
        pattern.name
        for pattern in vendor_urls.urlpatterns
        if isinstance(pattern, URLPattern) and not hasattr(pattern.callback, "vendor_role")
    ]
    assert unguarded == []


def test_another_vendors_home_is_not_there(member: Client, other_vendor: Vendor) -> None:
    assert member.get("/vendor/VEND001/").status_code == 200
    response = member.get("/vendor/VEND002/")
    assert response.status_code == 404
    assert "Becker" not in response.content.decode()


def test_who_is_not_signed_in_is_asked_to(client: Client, vendor: Vendor) -> None:
    response = client.get("/vendor/VEND001/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/")
