"""What owners are told of their tokens by mail."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends import locmem
from django.test import Client
from django.utils import timezone

from tests.vendors.tokens.test_tokens import PAGE, WANTED
from uploads import tasks
from uploads.models import UpkeepStep
from vendors.models import ApiToken, Vendor, VendorMember


@pytest.fixture
def owners(vendor: Vendor) -> list[User]:
    """Two of them, and somebody who isn't one."""
    people = [User.objects.create_user(name, f"{name}@northwind.example") for name in ("mia", "ada", "kim")]
    for person, role in zip(people, ("owner", "owner", "viewer"), strict=True):
        VendorMember.objects.create(vendor=vendor, user=person, role=role)
    return people


def told() -> list[tuple[str, str]]:
    return sorted((one.to[0].partition("@")[0], str(one.subject)) for one in mail.outbox)


def expiring(vendor: Vendor, name: str, days: float, **more: Any) -> ApiToken:
    until = timezone.now() + timedelta(days=days)
    return ApiToken.objects.create(
        vendor=vendor, name=name, hint="vpo_abcd", token_hash=name, scopes=["feeds:read"], expires_at=until, **more
    )


def test_all_owners_hear_of_a_new_token_whoever_made_it(
    owners: list[User], client: Client, admin_client: Client
) -> None:
    client.force_login(owners[0])
    client.post(PAGE, WANTED)
    assert [name for name, _ in told()] == ["ada", "mia"]
    said, text = mail.outbox[0].body, ApiToken.objects.get().hint
    assert "“ERP”" in said
    assert "was made by mia@northwind.example" in said
    assert f"begins with {text}," in said
    assert "feeds:read, feeds:write" in said
    assert "/vendor/VEND001/programs/" in said

    mail.outbox.clear()
    admin_client.post("/admin/vendors/apitoken/add/", {**WANTED, "vendor": "VEND001", "days": "30"})
    assert [name for name, _ in told()] == ["ada", "mia"]
    assert "was made by staff" in mail.outbox[0].body


def test_owners_are_told_once_a_week_before_a_token_expires(owners: list[User], vendor: Vendor) -> None:
    expiring(vendor, "soon", 6.5)
    expiring(vendor, "later", 7.5)
    expiring(vendor, "over", -1)
    expiring(vendor, "gone", 1, revoked_at=timezone.now())
    for _ in range(2):
        tasks.mail_expiry()
    assert [name for name, _ in told()] == ["ada", "mia"]
    assert "“soon”" in mail.outbox[0].body
    assert "It was never used." in mail.outbox[0].body
    assert "/vendor/VEND001/programs/" in mail.outbox[0].body


def test_where_no_mail_can_be_sent_it_is_tried_again(
    owners: list[User], vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> int:
        raise ConnectionRefusedError

    soon = expiring(vendor, "soon", 6)
    with monkeypatch.context() as patch:
        patch.setattr(locmem.EmailBackend, "send_messages", away)
        tasks.mail_expiry()
    soon.refresh_from_db()
    assert (soon.expiry_told_at, UpkeepStep.objects.get().failing_since is not None) == (None, True)
    tasks.mail_expiry()
    assert len(told()) == 2


def test_a_vendor_that_may_not_send_is_told_when_it_may_again(owners: list[User], vendor: Vendor) -> None:
    expiring(vendor, "soon", 6)
    Vendor.objects.update(status="suspended")
    tasks.mail_expiry()
    assert told() == []
    Vendor.objects.update(status="active")
    tasks.mail_expiry()
    assert len(told()) == 2
