"""Tokens of a vendor's programs: made, shown once, used, revoked."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from security.models import SecurityEvent
from vendors.models import ApiToken, Vendor, VendorMember
from vendors.tokens import make, texts

# Calls are counted in Redis.
pytestmark = pytest.mark.usefixtures("broker")

PAGE = "/vendor/VEND001/programs/"
WANTED = {"name": "ERP", "scopes": ["feeds:read", "feeds:write"], "days": "365"}


@pytest.fixture
def owner(vendor: Vendor) -> User:
    user = User.objects.create_user("mia", "mia@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    return user


@pytest.fixture
def browser(owner: User, client: Client) -> Client:
    client.force_login(owner)
    return client


def made(vendor: Vendor, owner: User, name: str = "ERP", days: int = 30) -> tuple[ApiToken, str]:
    return make.make(vendor, name, ["feeds:read"], timezone.now() + timedelta(days=days), owner)


def asked(text: str) -> tuple[int, str]:
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    return answer.status_code, answer.json().get("type", "").rpartition("/")[2]


def test_a_token_is_told_from_what_isnt_one() -> None:
    text = texts.new()
    assert re.fullmatch(r"vpo_[0-9A-Za-z]{49}", text)
    assert texts.is_well_formed(text)
    assert len({texts.new() for _ in range(100)}) == 100
    wrong = ["", "vpo_", text[:-1], text + "a", text[:-7] + ("a" if text[-7] != "a" else "b") + text[-6:], f"{text}\n"]
    assert [one for one in wrong if texts.is_well_formed(one)] == []


def test_an_owner_makes_one_that_is_shown_once_and_works(browser: Client) -> None:
    page = browser.post(PAGE, WANTED).content.decode()
    text = re.findall(r"vpo_[0-9A-Za-z]{49}", page)[0]
    assert asked(text) == (200, "")
    token = ApiToken.objects.get()
    assert (token.scopes, token.hint) == (["feeds:read", "feeds:write"], text[:8])
    kept = [*SecurityEvent.objects.values_list("about", "detail"), *LogEntry.objects.values_list("change_message")]
    for shown in (browser.get(PAGE).content.decode(), str(kept), str(ApiToken.objects.values())):
        assert text not in shown
        assert text[8:20] not in shown


def test_only_owners_make_them(browser: Client, owner: User) -> None:
    VendorMember.objects.update(role="uploader")
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, WANTED).status_code == 403
    assert not ApiToken.objects.exists()


def test_of_one_name_two_work_at_once_so_that_one_can_be_changed_without_a_gap(browser: Client, vendor: Vendor) -> None:
    for _ in range(2):
        assert "vpo_" in browser.post(PAGE, WANTED).content.decode()
    third = browser.post(PAGE, WANTED).content.decode()
    assert "There are 2 tokens called “ERP” that work" in third
    assert ApiToken.objects.count() == 2
    browser.post(f"{PAGE}tokens/{ApiToken.objects.first().pk}/")  # type: ignore[union-attr] # there are two
    browser.post(PAGE, WANTED)
    assert make.live(vendor).count() == 2


def test_one_that_is_revoked_opens_nothing_from_that_moment(browser: Client, vendor: Vendor, owner: User) -> None:
    token, text = made(vendor, owner)
    assert asked(text)[0] == 200
    assert browser.post(f"{PAGE}tokens/{token.pk}/").status_code == 302
    assert asked(text) == (401, "token-revoked")
    assert list(SecurityEvent.objects.filter(what="token_changed").order_by("id").values_list("detail", flat=True)) == [
        f"made, for feeds:read, until {token.expires_at:%Y-%m-%d}", "revoked", "used after it was revoked",
    ]  # fmt: skip
    asked(text)
    assert SecurityEvent.objects.filter(detail="used after it was revoked").count() == 1


def test_why_one_doesnt_work_is_told_to_who_holds_it_and_to_nobody_else(vendor: Vendor, owner: User) -> None:
    token, text = made(vendor, owner)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert asked(text) == (401, "token-expired")
    assert asked(texts.new()) == (401, "token-unknown")
    assert asked(text[:-1]) == (401, "token-malformed")
    assert asked(token.hint) == (401, "token-malformed")
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    Vendor.objects.update(status="suspended")
    assert asked(text) == (403, "vendor-suspended")
    Vendor.objects.update(status="active")
    assert asked(text) == (200, "")


def test_its_last_use_is_noted_once_a_minute(vendor: Vendor, owner: User) -> None:
    token, text = made(vendor, owner)
    asked(text)
    token.refresh_from_db()
    first = token.last_used_at
    assert first
    asked(text)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    asked(text)
    token.refresh_from_db()
    assert token.last_used_at
    assert token.last_used_at >= first


def test_a_vendor_has_so_many_and_no_more(vendor: Vendor, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "OF_ONE_VENDOR", 2)
    made(vendor, owner, "A")
    made(vendor, owner, "B")
    with pytest.raises(make.NotPossible, match="There are 2 tokens that work"):
        made(vendor, owner, "C")
    with pytest.raises(make.NotPossible, match="730 days"):
        made(vendor, owner, "C", days=731)


def test_who_is_an_owner_no_more_makes_none(vendor: Vendor, owner: User) -> None:
    VendorMember.objects.update(role="viewer")
    with pytest.raises(make.NotPossible, match="owner any more"):
        made(vendor, owner)
