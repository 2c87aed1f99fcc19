"""Tokens of vendors' programs in the admin."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from security.models import SecurityEvent
from vendors.models import ApiToken, Vendor
from vendors.tokens import check, texts

LIST, ADD = "/admin/vendors/apitoken/", "/admin/vendors/apitoken/add/"
WANTED = {"vendor": "VEND001", "name": "ERP", "scopes": ["feeds:read"], "days": "30"}


def page(client: Client, address: str, **query: Any) -> str:
    return client.get(address, query).content.decode()


def token(vendor: Vendor, name: str = "ERP", **more: Any) -> ApiToken:
    text = texts.new()
    more.setdefault("expires_at", timezone.now() + timedelta(days=1))
    return ApiToken.objects.create(
        vendor=vendor, name=name, hint=texts.hint(text), token_hash=texts.hashed(text), scopes=["feeds:read"], **more
    )


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("anna", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_staff_make_a_token_that_is_shown_once(vendor: Vendor) -> None:
    anna = staff("add_apitoken", "view_apitoken", "view_vendor")
    answer = anna.post(ADD, WANTED)
    text = re.findall(r"vpo_[0-9A-Za-z]{49}", answer.content.decode())[0]
    assert "no-store" in answer["Cache-Control"]
    made = check.token_of(text)
    assert (made.vendor_id, made.scopes, str(made.created_by)) == ("VEND001", ["feeds:read"], "anna")
    kept = [
        *SecurityEvent.objects.values_list("about", "detail"), *LogEntry.objects.values_list("change_message"),
        *(one.get_decoded() for one in Session.objects.all()), *ApiToken.objects.values_list(),
    ]  # fmt: skip
    shown = (
        page(anna, LIST) + page(anna, f"{LIST}{made.pk}/change/") + page(anna, "/admin/vendors/vendor/VEND001/change/")
    )
    assert text[8:] not in str(kept) + shown
    assert text[:8] in shown
    assert "API token ERP" in LogEntry.objects.get().change_message


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"vendor": "VEND009"}, "There is no such vendor."),
        ({"name": ""}, "This field is required."),
        ({"scopes": ["all"]}, "Select a valid choice."),
        ({"days": "9999"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_with_the_form_is_said_and_no_token_made(
    admin_client: Client, vendor: Vendor, wrong: dict[str, Any], says: str
) -> None:
    assert says in admin_client.post(ADD, WANTED | wrong).content.decode()
    assert not ApiToken.objects.exists()
    assert "VEND001" in page(admin_client, ADD, vendor="VEND001")  # as the vendor's page leads here


def test_a_third_token_of_a_name_is_refused(admin_client: Client, vendor: Vendor) -> None:
    for _ in range(2):
        admin_client.post(ADD, WANTED)
    assert "Revoke one of them first" in admin_client.post(ADD, WANTED).content.decode()
    assert ApiToken.objects.count() == 2


def test_a_token_is_revoked_after_it_was_asked(admin_client: Client, vendor: Vendor) -> None:
    mine = token(vendor)
    address = f"{LIST}{mine.pk}/"
    assert f"{address}revoke/" in page(admin_client, f"{address}change/")
    assert "was never used" in page(admin_client, f"{address}revoke/")
    answer = admin_client.post(f"{address}revoke/", follow=True).content.decode()
    assert "opens nothing any more" in answer
    mine.refresh_from_db()
    assert (mine.revoked_at is not None, str(mine.revoked_by)) == (True, "admin")
    assert "Yes, revoke" not in page(admin_client, f"{address}revoke/")
    assert "revoke/" not in page(admin_client, f"{address}change/")


def test_who_may_look_neither_makes_nor_revokes_and_who_may_nothing_sees_nothing(vendor: Vendor) -> None:
    mine = token(vendor)
    anna = staff("view_apitoken", "view_vendor")
    assert "ERP" in page(anna, LIST)
    assert "revoke/" not in page(anna, f"{LIST}{mine.pk}/change/")
    for answer in (anna.get(ADD), anna.post(ADD, WANTED), anna.post(f"{LIST}{mine.pk}/revoke/")):
        assert answer.status_code == 403
    assert anna.post(f"{LIST}{mine.pk}/change/", {"name": "other"}).status_code == 403
    User.objects.get().user_permissions.set(Permission.objects.filter(codename="view_vendor"))
    assert anna.get(LIST).status_code == 403
    assert 'id="programs-heading"' not in page(anna, "/admin/vendors/vendor/VEND001/change/")
    assert ApiToken.objects.filter(revoked_at=None).count() == 1


def test_the_list_is_filtered_by_vendor_and_state_and_a_vendors_page_has_those_that_work(
    admin_client: Client, vendor: Vendor, other_vendor: Vendor
) -> None:
    now = timezone.now()
    token(vendor, "works")
    token(vendor, "over", expires_at=now - timedelta(days=1))
    token(vendor, "gone", revoked_at=now)
    token(other_vendor, "theirs")
    for query, names in (
        ({"state": "live"}, {"works", "theirs"}), ({"state": "expired"}, {"over"}), ({"state": "revoked"}, {"gone"}),
        ({"vendor": "VEND001", "state": "live"}, {"works"}),
    ):  # fmt: skip
        shown = admin_client.get(LIST, query).context["cl"].result_list
        assert {one.name for one in shown} == names
    programs = page(admin_client, "/admin/vendors/vendor/VEND001/change/").partition('id="programs-heading"')[2]
    programs = programs.partition("</section>")[0]
    assert [name for name in ("works", "over", "gone", "theirs") if f">{name}<" in programs] == ["works"]
    assert f"{ADD}?vendor=VEND001" in programs
