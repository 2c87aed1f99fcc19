"""Severities in the admin: what counts for whom, said by those who may, and kept for good."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from catalog.rules.problems import KINDS
from security.models import SecurityEvent
from uploads.models import SeverityRule
from vendors.models import Vendor

LIST = "/admin/uploads/severityrule/"
ADD = f"{LIST}add/"


def said(**changes: Any) -> dict[str, str]:
    form = {
        "code": "cleaned", "severity": "error", "threshold": "", "vendor": "", "category": "", "counts_from_0": "",
        "counts_from_1": "", "note": "",
    }  # fmt: skip
    return form | changes


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def of_group(name: str) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    client = Client()
    client.force_login(user)
    return client


def test_the_page_has_every_kind_with_its_default_and_why_some_stay_errors(
    admin_client: Client, vendor: Vendor
) -> None:
    page = text(admin_client.get(LIST))
    for code, kind in KINDS.items():
        assert f"<code>{code.value}</code>" in page
        assert not kind.never or kind.never.replace("'", "&#x27;") in page
    for bound in ("beyond 50 percent", "from 10 letters on", "below 10 characters"):
        assert bound in page
    assert f'{ADD}?code=inactive_category&amp;severity=warning"' in page
    assert "code=missing_value&amp;severity" not in page, "nothing to say of it"
    assert "Nothing was said so far" in page


def test_what_a_kind_is_anyway_is_offered_where_it_takes_something_back_or_sets_a_bound(
    admin_client: Client, db: None
) -> None:
    page = text(admin_client.get(LIST))
    assert "code=inactive_category&amp;severity=error" not in page
    assert "code=cleaned&amp;severity=warning" not in page
    assert f'{ADD}?code=price_changed&amp;severity=warning">Set its bound<' in page
    admin_client.post(ADD, said(code="cleaned", severity="error"))
    assert f'{ADD}?code=cleaned&amp;severity=warning">Make it a warning<' in text(admin_client.get(LIST))


def test_what_is_always_an_error_is_folded_unless_it_is_asked_for(admin_client: Client, db: None) -> None:
    assert '<details class="folded">' in text(admin_client.get(LIST))
    assert '<details class="folded" open>' in text(admin_client.get(f"{LIST}?code=missing_value"))


def test_something_is_said_from_now_on_and_shown_with_for_whom_and_since_when(
    admin_client: Client, vendor: Vendor, categories: None
) -> None:
    before = timezone.now()
    answer = admin_client.post(
        ADD, said(code="price_changed", threshold="20", vendor="VEND001", category="Books", note="Typos")
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    rule = SeverityRule.objects.get()
    assert (rule.severity, rule.threshold, rule.vendor_id, rule.category) == ("error", 20, "VEND001", "Books")
    assert before <= rule.counts_from <= timezone.now()
    assert rule.created_by is not None
    page = text(admin_client.get(LIST))
    assert f'<a href="{LIST}{rule.pk}/change/">Error, beyond 20 percent</a> for Northwind, Books <small>since' in page
    assert "Typos" in page
    assert LogEntry.objects.filter(object_id=str(rule.pk)).exists()
    noted = SecurityEvent.objects.filter(what="setting_changed", about="severity").get()
    assert (noted.vendor_id, "Price changed: error, beyond 20 percent for Northwind, Books" in noted.detail) == (
        "VEND001", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"code": "missing_value", "severity": "warning"}, "can&#x27;t be a warning"),
        ({"threshold": "5"}, "has no bound"),
        ({"code": "price_changed", "severity": "", "threshold": "5"}, "has no bound of its own"),
        ({"counts_from_0": "2001-01-01", "counts_from_1": "00:00"}, "This is past"),
        ({"counts_from_0": "2999-01-01", "counts_from_1": "00:00"}, "within a year"),
        ({"category": "No such one"}, "Select a valid choice"),
        ({"vendor": "NOBODY"}, "Select a valid choice"),
        ({"code": "nothing"}, "Select a valid choice"),
        ({"threshold": "-1", "code": "price_changed"}, "threshold"),
    ],
)
def test_what_cant_be_is_refused_with_the_reason(admin_client: Client, db: None, changes: Any, why: str) -> None:
    answer = admin_client.post(ADD, said(**changes))
    assert answer.status_code == 200
    assert why in text(answer)
    assert not SeverityRule.objects.exists()


def test_something_can_be_said_for_a_later_date(admin_client: Client, db: None) -> None:
    day = timezone.localtime() + timedelta(days=2)
    admin_client.post(ADD, said(counts_from_0=f"{day:%Y-%m-%d}", counts_from_1=f"{day:%H:%M}"))
    assert SeverityRule.objects.get().counts_from > timezone.now()
    assert "will count from" in text(admin_client.get(LIST))


def test_what_doesnt_count_yet_is_deleted_by_those_who_could_say_it_and_by_nobody_once_it_counts(
    admin_client: Client, groups: None
) -> None:
    later = timezone.now() + timedelta(days=2)
    rule = SeverityRule.objects.create(code="cleaned", severity="error", counts_from=later)
    address = f"{LIST}{rule.pk}/delete/"
    assert of_group("Operations").post(address, {"post": "yes"}).status_code == 403
    assert f'href="{address}"' in text(admin_client.get(f"{LIST}{rule.pk}/change/"))
    assert of_group("Operations lead").post(address, {"post": "yes"}).status_code == 302
    assert not SeverityRule.objects.exists()
    noted = SecurityEvent.objects.filter(what="setting_changed", about="severity").get()
    assert noted.detail.startswith("Deleted before it counted: Cleaned: error for all vendors, from ")
    rule = SeverityRule.objects.create(code="cleaned", severity="error")
    assert admin_client.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"}).status_code == 403
    assert SeverityRule.objects.exists()


def test_who_takes_something_back_is_told_what_still_comes(admin_client: Client, db: None) -> None:
    later = timezone.now() + timedelta(days=2)
    coming = SeverityRule.objects.create(code="cleaned", severity="error", counts_from=later)
    SeverityRule.objects.create(code="cleaned", severity="error", category="Books", counts_from=later)
    page = text(admin_client.post(ADD, said(severity=""), follow=True))
    assert page.count("still comes") == 1
    assert f'still comes: <a href="{LIST}{coming.pk}/change/">Cleaned: error for all vendors' in page


def test_what_was_said_is_neither_changed_nor_deleted_and_what_is_newer_counts(admin_client: Client, db: None) -> None:
    admin_client.post(ADD, said())
    rule = SeverityRule.objects.get()
    assert admin_client.post(f"{LIST}{rule.pk}/change/", said(severity="warning")).status_code == 403
    assert admin_client.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(ADD, said(severity=""))
    assert SeverityRule.objects.count() == 2
    page = text(admin_client.get(LIST))
    assert "Error</a> for all vendors" not in page, "it was taken back"


def test_only_who_decides_about_vendors_says_something_and_all_of_the_staff_look(groups: None) -> None:
    for name, may in (("Read-only", False), ("Operations", False), ("Operations lead", True)):
        client = of_group(name)
        assert client.get(LIST).status_code == 200
        assert client.get(ADD).status_code == (200 if may else 403)
        assert client.post(ADD, said()).status_code == (302 if may else 403)
        assert ("Make it an error" in text(client.get(LIST))) is may


def test_a_vendors_page_and_a_codes_page_lead_to_it(admin_client: Client, vendor: Vendor, other_vendor: Vendor) -> None:
    SeverityRule.objects.create(code="cleaned", severity="error", vendor=vendor)
    SeverityRule.objects.create(code="html_left", severity="error", vendor=other_vendor)
    page = text(admin_client.get("/admin/vendors/vendor/VEND001/change/"))
    assert f'<a href="{LIST}?vendor=VEND001">Errors and warnings</a>: 1 thing said' in page
    shown = text(admin_client.get(f"{LIST}?vendor=VEND001"))
    assert "What counts for Northwind" in shown
    assert "for Northwind <small>" in shown
    assert "for Becker" not in shown
    assert f"{ADD}?code=cleaned&amp;vendor=VEND001&amp;severity=error" in shown
    assert f'{LIST}?code=cleaned"' in text(admin_client.get("/api/v1/codes/cleaned"))
    assert LIST not in text(Client().get("/api/v1/codes/cleaned"))


def test_names_are_shown_and_run_nothing(admin_client: Client, vendor: Vendor) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(vendor_name="<b>Bold</b>")
    SeverityRule.objects.create(code="cleaned", severity="error", vendor=vendor, category="<i>x", note="<u>y")
    page = text(admin_client.get(LIST))
    assert "<b>Bold" not in page
    assert "<i>x" not in page
    assert "<u>y" not in page
