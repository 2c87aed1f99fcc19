"""The frame of the admin: what the navigation offers to whom, what pages are called, how lists are filtered."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client

import config.urls  # noqa: F401 - registers the last of the admins
from config.back_office import navigation
from tests.site.test_admin_pages import fill
from uploads.models import UploadHistory

pytestmark = pytest.mark.django_db
WORK = ["Work", "Figures", "Uploads", "Import a file", "Errors", "Wrong values", "Products", "Vendors", "Tokens",
        "Webhooks", "Categories", "Rules", "Tested changes", "Severities", "Thresholds", "File layouts",
        "Sources"]  # fmt: skip
SYSTEM = ["Ledger", "Stream shards", "Jobs", "Corrections", "View: recent uploads", "View: vendor summary",
          "View: product catalog"]  # fmt: skip
PEOPLE = ["Users", "Groups", "Second factors", "Security log"]


def offered(client: Client, address: str = "/admin/") -> dict[str, list[str]]:
    sections = client.get(address).context["navigation"]
    return {section.name: [entry.name for entry in section.entries] for section in sections}


def as_member(client: Client, *groups: str) -> Client:
    user = User.objects.create_user("somebody", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    client.force_login(user)
    return client


# --- the navigation --------------------------------------------------------------------------------------------


def test_the_navigation_has_the_words_of_the_work_first_and_what_engineers_need_under_system(
    admin_client: Client,
) -> None:
    assert offered(admin_client) == {"": WORK, "System": [*SYSTEM, *PEOPLE]}


@pytest.mark.parametrize(
    ("groups", "sections"),
    [
        ((), {"": ["Work"]}),
        (("Read-only",), {"": [name for name in WORK if name != "Import a file"], "System": SYSTEM}),
        (("Operations",), {"": WORK, "System": SYSTEM}),
        (("Security",), {"": ["Work"], "System": ["Security log"]}),
    ],
)
def test_everybody_is_offered_what_their_permissions_open(
    client: Client, groups: tuple[str, ...], sections: dict[str, list[str]]
) -> None:
    assert offered(as_member(client, *groups)) == sections


def test_every_table_has_a_place_and_every_name_a_table(admin_client: Client) -> None:
    registered = {model._meta.label for model in admin.site._registry}
    assert navigation.NAMED.keys() == registered


def test_the_page_that_is_shown_is_marked_and_system_is_open_on_its_pages(admin_client: Client) -> None:
    text = admin_client.get("/admin/uploads/job/").content.decode()
    assert '<a href="/admin/uploads/job/" aria-current="page">Jobs</a>' in text
    assert "<details open><summary>System</summary>" in text
    text = admin_client.get("/admin/catalog/product/import/").content.decode()
    assert text.count('aria-current="page"') == 2, "in the navigation, and in the trail"
    assert '<a href="/admin/catalog/product/import/" aria-current="page">Import a file</a>' in text
    text = admin_client.get("/admin/uploads/uploadhistory/").content.decode()
    assert '<a href="/admin/uploads/uploadhistory/" aria-current="page">Uploads</a>' in text
    assert "<details><summary>System</summary>" in text


# --- titles ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("/admin/", "Work"),
        ("/admin/figures/", "Figures"),
        ("/admin/uploads/uploadhistory/", "Uploads"),
        ("/admin/uploads/validationerror/", "Errors"),
        ("/admin/uploads/recordoutcome/", "Ledger"),
        ("/admin/auth/user/", "Users"),
        ("/admin/vendors/vendor/V1/change/", "Lumen"),
        ("/admin/uploads/vendorsummary/V1/change/", "V1 Lumen"),
        ("/admin/vendors/vendor/add/", "Add vendor"),
    ],
)
def test_a_page_is_called_by_what_one_sees(admin_client: Client, address: str, title: str) -> None:
    fill(range(1, 2))
    from vendors.models import Vendor

    Vendor.objects.update(vendor_name="Lumen")
    text = admin_client.get(address).content.decode()
    assert f"<h1>{title}</h1>" in text
    assert f"<title>{title} | Vendor onboarding</title>" in " ".join(text.split())


def test_a_page_leads_back_to_its_list_as_it_was_filtered(admin_client: Client) -> None:
    fill(range(1, 2))
    address = "/admin/vendors/vendor/V1/change/"
    text = admin_client.get(address, {"_changelist_filters": "status__exact=active"}).content.decode()
    assert '<a href="/admin/vendors/vendor/?status__exact=active">Vendors</a>' in text


# --- lists -----------------------------------------------------------------------------------------------------


def listed(client: Client, query: str = "") -> str:
    return " ".join(client.get(f"/admin/uploads/uploadhistory/?{query}").content.decode().split())


def test_filters_stand_above_the_list_and_name_what_is_chosen(admin_client: Client) -> None:
    text = listed(admin_client)
    assert text.index("<span>Status</span>") < text.index('id="changelist-form"')
    assert "changelist-filter" not in text
    assert "Clear all" not in text
    text = listed(admin_client, "status__exact=failed&q=x")
    menu = '<details class="menu set" name="menu" data-filter="status__exact">'
    assert f"{menu} <summary><span>Status: <b>Failed</b></span>" in text
    assert '<a class="clear-all" href="?q=x">Clear all</a>' in text


def test_the_calendar_stands_among_the_filters_and_says_where_it_is(admin_client: Client) -> None:
    fill(range(1, 2))
    UploadHistory.objects.update(created_at="2026-11-25T12:00:00Z")
    assert "<span>Calendar</span>" in listed(admin_client)
    for query, words in (
        ("created_at__year=2026", "2026"),
        ("created_at__year=2026&created_at__month=11", "November 2026"),
        ("created_at__year=2026&created_at__month=11&created_at__day=25", "25 November 2026"),
    ):
        assert f"<span>Calendar: <b>{words}</b></span>" in listed(admin_client, query)


def test_what_an_address_sets_without_being_a_choice_is_said_too(admin_client: Client) -> None:
    assert "<span>Created at: <b>as linked</b></span>" in listed(
        admin_client, "created_at__gte=2026-11-20+00:00:00%2B00:00"
    )


def test_each_cell_of_a_list_knows_its_column(admin_client: Client) -> None:
    fill(range(1, 2))
    text = listed(admin_client)
    assert '<td data-label="Company" class="field-company">' in text
    assert '<td class="action-checkbox">' in text


@pytest.mark.parametrize("model", ["uploads/uploadhistory", "auth/user", "auth/group"])
def test_no_list_counts_its_choices(admin_client: Client, model: str) -> None:
    response: Any = admin_client.get(f"/admin/{model}/?_facets=True")
    assert not response.context["cl"].add_facets
