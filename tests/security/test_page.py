"""The log's page: for whom it opens, how it is filtered, and what leaves it."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security import log
from security.models import Kind, SecurityEvent
from tests.site.hostile import CELLS, STRANGE, check_csv, check_xlsx, page_of

LISTED = reverse("admin:security_securityevent_changelist")
EXPORT = reverse("admin:security_securityevent_export")


@pytest.fixture
def guard(db: None, client: Client) -> Client:
    """Somebody of the group Security."""
    user = User.objects.create_user("guard", "guard@example.com", is_staff=True)
    group, _ = Group.objects.get_or_create(name="Security")
    group.permissions.set(Permission.objects.filter(content_type__app_label="security"))
    user.groups.add(group)
    client.force_login(user)
    return client


@pytest.fixture
def events(guard: Client) -> None:
    kim = User(pk=7, username="kim", email="Kim@example.com")
    log.note(Kind.EXPORTED, user=kim, vendor_id="VEND001", about="products")
    log.note(Kind.SIGNED_IN, user=kim)
    log.note(Kind.SIGN_IN_FAILED, login="lea", detail="wrong password")
    SecurityEvent.objects.create(what=Kind.SIGNED_IN, login="old", at=timezone.now() - timedelta(days=3))


def test_the_group_may_read_and_export_and_nothing_else() -> None:
    import importlib
    from types import SimpleNamespace

    from django.apps import apps
    from django.db import connection

    importlib.import_module("security.migrations.0001_security_log").make_group(
        apps, SimpleNamespace(connection=connection)
    )
    held = Group.objects.get(name="Security").permissions.values_list("content_type__app_label", "codename")
    assert set(held) == {("security", "view_securityevent"), ("security", "export_securityevent")}


test_the_group_may_read_and_export_and_nothing_else = pytest.mark.django_db(
    test_the_group_may_read_and_export_and_nothing_else
)


@pytest.mark.parametrize(
    ("permissions", "page", "export"),
    [([], 403, 403), (["view_securityevent"], 200, 403), (["export_securityevent"], 403, 403),
     (["view_securityevent", "export_securityevent"], 200, 200), (["view_vendor", "view_user"], 403, 403)],
)  # fmt: skip
def test_it_opens_for_who_may_read_it(client: Client, db: None, permissions: list[str], page: int, export: int) -> None:
    user = User.objects.create_user("somebody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    assert client.get(LISTED).status_code == page
    assert client.get(EXPORT).status_code == export
    assert (EXPORT in client.get(LISTED).content.decode()) is (export == 200)


@pytest.mark.usefixtures("events")
def test_nothing_can_be_added_changed_or_deleted_not_even_by_a_superuser(admin_client: Client) -> None:
    event = SecurityEvent.objects.first()
    assert event
    before = list(SecurityEvent.objects.values())
    for name, arguments in (("add", []), ("change", [event.pk]), ("delete", [event.pk])):
        address = reverse(f"admin:security_securityevent_{name}", args=arguments)
        assert admin_client.post(address, {"login": "x", "post": "yes"}).status_code == 403
    admin_client.post(LISTED, {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"})
    kept = SecurityEvent.objects.filter(pk__lte=event.pk).values()
    assert list(kept) == before
    assert admin_client.get(reverse("admin:security_securityevent_change", args=[event.pk])).status_code == 200


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"person": "kim@EXAMPLE.com"}, 2),
        ({"person": "7"}, 2),
        ({"person": "kim"}, 0),
        ({"vendor": "VEND001"}, 1),
        ({"what": "sign_in_failed"}, 1),
        ({"q": "password"}, 1),
        ({"q": "lea"}, 1),
        ({"person": "7", "what": "exported"}, 1),
        ({"day": str((timezone.now() - timedelta(days=3)).date())}, 1),
        ({"day": "1999-01-01"}, 0),
    ],
    ids=str,
)
def test_it_is_filtered_by_person_vendor_kind_and_day_and_searched(
    guard: Client, query: dict[str, str], found: int
) -> None:
    assert guard.get(LISTED, query).context["cl"].result_count == found


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("day", ["yesterday", "2025-02-30", "9999-12-31", "0001-01-01", "x" * 5000])
def test_a_day_that_there_is_not_is_no_error(guard: Client, day: str) -> None:
    assert guard.get(LISTED, {"day": day}, follow=True).status_code == 200


def test_hostile_texts_show_themselves_and_run_nowhere(guard: Client) -> None:
    for text in [*CELLS, *STRANGE]:
        log.note(Kind.SIGN_IN_FAILED, login=text, vendor_id=text[:50], about=text, detail=text)
    pages = [LISTED, *(f"{LISTED}{event.pk}/change/" for event in SecurityEvent.objects.order_by("pk"))]
    for address in pages:
        page = page_of(guard.get(address), address)
        assert page
        assert page.unseen == [], address


@pytest.mark.parametrize(("format", "check"), [(0, check_csv), (1, check_xlsx)])
def test_an_export_runs_nothing_in_a_spreadsheet_and_is_noted(guard: Client, format: int, check: Any) -> None:
    for text in CELLS:
        log.note(Kind.SIGN_IN_FAILED, login=text, about=text, detail=text)
    answer = guard.post(EXPORT, {"format": str(format), "resource": "0"})
    content = b"".join(answer)
    assert check(content) == []
    last = SecurityEvent.objects.first()
    assert last
    assert (last.what, last.login) == (Kind.EXPORTED, "guard@example.com")
    assert last.about.startswith("security events")


@pytest.mark.usefixtures("events")
def test_an_export_has_what_the_filters_leave(guard: Client) -> None:
    answer = guard.post(f"{EXPORT}?what=sign_in_failed", {"format": "0", "resource": "0"})
    text = b"".join(answer).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["what"], row["login"], row["detail"]) for row in rows] == [("sign_in_failed", "lea", "wrong password")]
