"""The search's page: for staff, without scripts, with what each may see; and the part of it that Ctrl+K asks for."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from vendors.models import Vendor

pytestmark = pytest.mark.django_db
FIND = "/admin/find/"


def test_it_is_for_staff_alone(client: Client, vendor: Vendor) -> None:
    assert client.get(FIND, {"q": "Northwind"}).headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("vendor"))
    assert client.get(FIND, {"q": "Northwind"}).headers["Location"].startswith("/admin/login/")


def test_the_page_leads_to_what_was_found(admin_client: Client, vendor: Vendor) -> None:
    text = admin_client.get(FIND, {"q": "northw"}).content.decode()
    assert '<a href="/admin/vendors/vendor/VEND001/change/">' in text
    assert 'value="northw"' in text
    assert '<a href="/admin/catalog/product/?q=northw">' in text


def test_the_part_is_what_was_found_without_the_page_around_it(admin_client: Client, vendor: Vendor) -> None:
    text = admin_client.get(FIND, {"q": "northw", "part": "1"}).content.decode()
    assert "/admin/vendors/vendor/VEND001/change/" in text
    assert "<html" not in text


def pages(client: Client, typed: str) -> list[str]:
    groups = client.get(FIND, {"q": typed}).context["groups"]
    return [hit.name for group in groups if group.name == "Pages" for hit in group.hits]


def test_pages_are_found_by_name_among_those_that_somebody_is_offered(client: Client, admin_client: Client) -> None:
    assert pages(admin_client, "") == [
        "Work", "Figures", "Uploads", "Import a file", "Errors", "Wrong values", "Products", "Vendors",
    ]  # fmt: skip
    assert pages(admin_client, "user") == ["Users"]
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.groups.add(Group.objects.get(name="Read-only"))
    client.force_login(viewer)
    assert pages(client, "user") == []
    assert pages(client, "ledg") == ["Ledger"]
    viewer.groups.clear()
    assert pages(client, "") == ["Work"]


@pytest.mark.parametrize(
    "typed", ["%", "a\0b", "_" * 50, "\\", "<script>", "é" * 10_000, "x " * 5_000, "\u202e", "'\"", "\ud800"]
)
def test_whatever_is_typed_is_answered_in_words(admin_client: Client, vendor: Vendor, typed: str) -> None:
    response: Any = admin_client.get(FIND, {"q": typed.encode(errors="surrogatepass")})
    text = response.content.decode()
    assert response.status_code == 200
    assert "Nothing that you may see fits" in text
    assert "<script>&" not in text
    assert len(text) < 60_000
