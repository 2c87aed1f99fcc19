"""manage.py seed_demo: sample vendors and logins, made once."""

import io
import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from vendors import demo
from vendors.management.commands import seed_demo
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("groups")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """A folder of the test's own for the logins, and passwords that are hashed in no time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setenv("EMBEDDED_DIR", str(tmp_path))
    return tmp_path


def _seed() -> str:
    out = io.StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def test_three_active_vendors_and_a_login_of_each_kind_are_made_and_shown() -> None:
    shown = _seed()
    vendors = Vendor.objects.filter(status="active").values_list("vendor_id", flat=True)
    assert list(vendors) == ["VEND001", "VEND002", "VEND003"]
    passwords = seed_demo.known_passwords()
    assert list(passwords) == ["admin", "operations", "lead", "viewer", "northwind", "becker", "moreno"]
    assert shown == f"3 vendors. Logins: {', '.join(f'{name} / {word}' for name, word in passwords.items())}\n"
    for name, password in passwords.items():
        assert User.objects.get(username=name).check_password(password)


def test_the_admin_may_do_everything_and_the_others_what_their_group_may() -> None:
    _seed()
    assert User.objects.get(username="admin").is_superuser
    operations = User.objects.get(username="operations")
    assert operations.is_staff
    assert not operations.is_superuser
    assert operations.has_perm("uploads.view_uploadhistory")
    assert operations.has_perm("catalog.change_product")
    assert not operations.has_perm("auth.change_user")
    assert not operations.has_perm("uploads.undo_uploadhistory")
    assert User.objects.get(username="lead").has_perm("uploads.undo_uploadhistory")
    viewer = User.objects.get(username="viewer")
    assert viewer.has_perm("catalog.view_product")
    assert not viewer.has_perm("catalog.change_product")


def test_each_vendor_has_an_owner_who_sees_nothing_of_the_others(client: Client) -> None:
    _seed()
    for username, vendor_id in demo.OWNERS.items():
        client.force_login(User.objects.get(username=username))
        assert client.get("/").headers["Location"] == f"/vendor/{vendor_id}/"
        assert client.get(f"/vendor/{vendor_id}/members/").status_code == 200
        others = [other for other in demo.OWNERS.values() if other != vendor_id]
        assert {client.get(f"/vendor/{other}/").status_code for other in others} == {404}
        assert client.get("/admin/").status_code == 302


def test_running_it_again_keeps_passwords_and_what_was_edited() -> None:
    first = _seed()
    Vendor.objects.filter(vendor_id="VEND001").update(vendor_name="Renamed", status="suspended")
    before = list(Vendor.objects.values())
    hashes = list(User.objects.order_by("id").values_list("username", "password"))
    assert _seed() == first
    assert list(Vendor.objects.values()) == before
    assert list(User.objects.order_by("id").values_list("username", "password")) == hashes


def test_a_login_whose_password_somebody_changed_is_left_alone() -> None:
    _seed()
    admin = User.objects.get(username="admin")
    admin.set_password("my own one")
    admin.save()
    _seed()
    assert User.objects.get(username="admin").check_password("my own one")


def test_in_a_new_database_the_logins_get_new_passwords_that_are_shown() -> None:
    _seed()
    old = seed_demo.known_passwords()
    User.objects.all().delete()
    shown = _seed()
    new = seed_demo.known_passwords()
    assert new["admin"] != old["admin"]
    assert f"admin / {new['admin']}" in shown
    assert User.objects.get(username="admin").check_password(new["admin"])


def test_the_file_of_logins_is_for_its_owner_only(home: Path) -> None:
    _seed()
    assert stat.S_IMODE((home / "demo-logins.json").stat().st_mode) == 0o600


def test_users_that_were_there_before_keep_their_password_and_none_is_claimed() -> None:
    for name in demo.LOGINS:
        User.objects.create_user(name, password="theirs")
    assert _seed() == "3 vendors. Logins: none made here\n"
    assert User.objects.get(username="admin").check_password("theirs")
