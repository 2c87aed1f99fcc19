"""The groups of staff: what docs/permissions.md says is what the migration gives, and what the pages let them do."""

import importlib
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from config.embedded.processes import ROOT
from uploads.models import UploadHistory
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("groups")
APPS = ("vendors", "catalog", "uploads")
TABLE = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _rows() -> list[list[str]]:
    return [_cells(line) for line in TABLE.splitlines() if line.startswith("| ")]


NAMES = _rows()[0][2:]


def _documented(group: str) -> set[str]:
    """The permissions that the table gives to a group, `view_…` aside."""
    column = 2 + NAMES.index(group)
    return {row[1].strip("`") for row in _rows()[2:] if row[column] == "✓"}


def _held(group: str) -> set[str]:
    """The permissions that a group has."""
    pairs = Group.objects.get(name=group).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in pairs}


@pytest.mark.parametrize("group", NAMES)
def test_each_group_may_do_what_the_table_says_and_no_more(group: str) -> None:
    seen = {name for name in _held(group) if ".view_" in name}
    assert _held(group) - seen == _documented(group)


@pytest.mark.parametrize("group", NAMES)
def test_each_group_sees_everything_of_the_three_apps_and_nothing_else(group: str) -> None:
    pairs = Permission.objects.filter(content_type__app_label__in=APPS, codename__startswith="view_")
    views = {f"{app}.{name}" for app, name in pairs.values_list("content_type__app_label", "codename")}
    assert {name for name in _held(group) if ".view_" in name} == views


def test_every_action_that_the_models_name_stands_in_the_table() -> None:
    own = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        if model._meta.app_label in (*APPS, "back_office")
        for codename, _ in model._meta.permissions
    }
    assert own
    assert own <= set(re.findall(r"`(\w+\.\w+)`", TABLE))


def test_making_the_groups_again_keeps_what_was_added_and_taking_them_back_removes_them() -> None:
    migration = importlib.import_module("vendors.migrations.0003_groups")
    extra = Permission.objects.get(codename="view_user")
    Group.objects.get(name="Operations").permissions.add(extra)
    migration.make_groups(apps, SimpleNamespace(connection=connection))
    assert "auth.view_user" in _held("Operations")
    assert set(Group.objects.values_list("name", flat=True)) - {"Security"} == set(NAMES)
    migration.remove_groups(apps, SimpleNamespace(connection=connection))
    assert not Group.objects.filter(name__in=NAMES).exists()


# --- the pages -------------------------------------------------------------------------------------------------


@pytest.fixture
def upload(vendor: Vendor) -> UploadHistory:
    """An upload with an error, and a file somewhere."""
    upload = UploadHistory.objects.create(upload_id="U1", vendor=vendor, file_name="feed.csv", storage_key="gone.csv")
    upload.errors.create(vendor=vendor, row_number=1, error_type="invalid_price", error_message="No price")
    return upload


@pytest.fixture
def as_member(client: Client) -> Any:
    """`as_member("Operations")` is a client signed in as somebody of that group."""

    def signed_in(group: str) -> Client:
        user = User.objects.create_user("somebody", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client.force_login(user)
        return client

    return signed_in


def test_who_may_only_look_neither_sees_nor_opens_downloads(as_member: Any, upload: UploadHistory) -> None:
    client = as_member("Read-only")
    files = [reverse(f"admin:uploads_uploadhistory_{name}", args=["U1"]) for name in ("file", "report")]
    text = client.get(reverse("admin:uploads_uploadhistory_change", args=["U1"])).content.decode()
    assert "No price" in text
    for address in files:
        assert address not in text
        assert client.get(address).status_code == 403


def test_operations_see_and_open_downloads(as_member: Any, upload: UploadHistory, bucket: None) -> None:
    client = as_member("Operations")
    text = client.get(reverse("admin:uploads_uploadhistory_change", args=["U1"])).content.decode()
    for name in ("file", "report"):
        assert reverse(f"admin:uploads_uploadhistory_{name}", args=["U1"]) in text
    assert client.get(reverse("admin:uploads_uploadhistory_report", args=["U1"])).status_code == 200


@pytest.mark.parametrize(
    ("group", "imports", "adds_product"),
    [("Read-only", 403, 403), ("Operations", 200, 403), ("Operations lead", 200, 200)],
)
def test_pages_open_to_those_whose_group_may(as_member: Any, group: str, imports: int, adds_product: int) -> None:
    client = as_member(group)
    assert client.get(reverse("admin:catalog_product_changelist")).status_code == 200
    assert client.get(reverse("admin:catalog_product_import")).status_code == imports
    assert client.get(reverse("admin:catalog_product_add")).status_code == adds_product
    assert client.get(reverse("admin:auth_user_changelist")).status_code == 403
