"""What lists of the admin say of their rows: how many each filter leaves, what one is beside the list, and what there
is to do where there are none."""

import html
import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

import config.urls  # noqa: F401 - registers the last of the admins
from config.back_office import counts
from tests.site.test_admin_pages import KEYS, SCRIPT, fill
from uploads.models import UploadHistory, ValidationError

pytestmark = pytest.mark.django_db
UPLOADS = "/admin/uploads/uploadhistory/"
ERRORS = "/admin/uploads/validationerror/"


def as_staff(*permissions: str) -> Client:
    user = User.objects.create_user("somebody", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


# --- how many rows each choice has -----------------------------------------------------------------------------


def figures(client: Client, address: str, of: str, query: str = "") -> list[str]:
    return client.get(f"{address}counts/?of={of}&{query}").json()["counts"]  # type: ignore[no-any-return]


def choices(client: Client, address: str, of: str, query: str = "") -> list[str]:
    found = client.get(f"{address}?{query}").context["cl"]
    spec = next(one for one in found.filter_specs if of in one.expected_parameters())
    return [str(choice["display"]) for choice in spec.choices(found)]


def test_each_choice_of_a_filter_has_its_figure_with_the_other_filters_as_they_are(admin_client: Client) -> None:
    fill(range(1, 6))
    UploadHistory.objects.filter(vendor__in=["V1", "V2"]).update(status="failed")

    def counted(query: str = "") -> dict[str, str]:
        of = "status__exact"
        return dict(
            zip(choices(admin_client, UPLOADS, of, query), figures(admin_client, UPLOADS, of, query), strict=True)
        )

    assert counted() == {"All": "5", "Processing": "3", "Held": "0", "Completed": "0", "Failed": "2", "Cancelled": "0"}
    assert counted("status__exact=failed") == counted()
    assert counted("vendor=V1")["Failed"] == counted("vendor=V1")["All"] == "1"
    assert counted("q=nothing")["All"] == "0"


def test_the_choices_with_which_a_list_opens_are_counted_as_their_links_lead(admin_client: Client) -> None:
    fill(range(1, 4))
    found = admin_client.get(ERRORS).context["cl"]
    for spec in found.filter_specs:
        of = spec.expected_parameters()[0]
        links = [choice["query_string"] for choice in spec.choices(found)]
        led = [f"{admin_client.get(ERRORS + link).context['cl'].result_count}" for link in links]
        assert figures(admin_client, ERRORS, of) == led, of


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_every_filter_of_every_list_is_counted(admin_client: Client, model: Any) -> None:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    found = admin_client.get(address).context["cl"]
    for spec in found.filter_specs:
        of = spec.expected_parameters()[0]
        assert len(figures(admin_client, address, of)) == len(list(spec.choices(found))), of


def test_figures_are_bounded_in_rows_choices_and_time(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(range(1, 6))
    monkeypatch.setattr(counts, "MOST", 2)
    assert figures(admin_client, UPLOADS, "status__exact") == ["2+", "2+", "0", "0", "0", "0"]
    monkeypatch.setattr(counts, "CHOICES", 2)
    assert figures(admin_client, UPLOADS, "status__exact") == ["2+", "2+", "", "", "", ""]
    monkeypatch.setattr(counts, "SECONDS", 0.0)
    assert figures(admin_client, UPLOADS, "status__exact") == [""] * 6


def test_what_takes_too_long_has_no_figure_and_is_no_error(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(range(1, 3))
    slow = "SELECT pg_sleep(20)::text AS pk"
    monkeypatch.setattr("django.db.models.sql.Query.sql_with_params", lambda query: (slow, ()))
    monkeypatch.setattr(counts, "SECONDS", 0.2)
    assert figures(admin_client, UPLOADS, "status__exact") == [""] * 6
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


@pytest.mark.parametrize(("address", "status"), [("of=nothing", 404), ("", 404), ("of=status__exact&gone=1", 200)])
def test_a_filter_that_there_is_not_has_no_figures(admin_client: Client, address: str, status: int) -> None:
    answer = admin_client.get(f"{UPLOADS}counts/?{address}")
    assert answer.status_code == status
    assert status == 404 or answer.json() == {"counts": []}


def test_figures_are_for_who_may_see_the_list() -> None:
    assert as_staff("view_vendor").get(f"{UPLOADS}counts/?of=status__exact").status_code == 403


# --- a row beside its list -------------------------------------------------------------------------------------


PEEKED = ["uploads_uploadhistory", "uploads_validationerror", "catalog_product", "vendors_vendor"]


@pytest.mark.parametrize("page", PEEKED)
def test_a_row_says_beside_its_list_what_it_is_as_text(admin_client: Client, page: str) -> None:
    fill(range(1, 3))
    url = reverse(f"admin:{page}_peek", args=[quote(KEYS[page])])
    assert f'data-peek="{url}"' in admin_client.get(reverse(f"admin:{page}_changelist")).content.decode()
    answer = admin_client.get(f"{url}?_changelist_filters=vendor%3DV1").content.decode()
    assert SCRIPT not in answer
    assert "&lt;script&gt;" in answer
    assert "<input" not in answer
    change = reverse(f"admin:{page}_change", args=[quote(KEYS[page])])
    assert f'href="{change}?_changelist_filters=vendor%3DV1"' in answer


def test_an_upload_says_beside_its_list_what_came_of_it_and_what_is_wrong(admin_client: Client) -> None:
    fill(range(1, 2))
    upload = UploadHistory.objects.get(pk=KEYS["uploads_uploadhistory"])
    UploadHistory.objects.filter(pk=upload.pk).update(file_name="spring.csv")
    ValidationError.objects.filter(upload=upload).delete()
    for row in (1, 2):
        ValidationError.objects.create(
            upload=upload, vendor=upload.vendor, row_number=row, record_id=f"REC_{row}", error_type="invalid_price",
            error_message="The price is a word.",
        )  # fmt: skip
    url = reverse("admin:uploads_uploadhistory_peek", args=[quote(upload.pk)])
    answer = " ".join(admin_client.get(url).content.decode().split())
    assert re.search(r"<h2[^>]*> ?spring\.csv ?</h2>", answer)
    assert "2 rows: The price is a word." in answer
    assert "sha" not in answer.lower()


@pytest.mark.parametrize("page", PEEKED)
def test_a_row_is_shown_to_who_may_view_it_alone(client: Client, page: str) -> None:
    fill(range(1, 2))
    url = reverse(f"admin:{page}_peek", args=[quote(KEYS[page])])
    assert client.get(url).status_code == 302
    client.force_login(User.objects.create_user("newcomer", is_staff=True))
    assert client.get(url).status_code == 403
    table = page.partition("_")[2]
    may = as_staff(f"view_{table}")
    assert may.get(url).status_code == 200
    assert may.get(reverse(f"admin:{page}_peek", args=["77777"])).status_code == 404


def test_peeking_leads_nowhere_that_one_may_not_go() -> None:
    fill(range(1, 2))
    client = as_staff("view_product", "view_validationerror")
    for page in ("catalog_product", "uploads_validationerror"):
        text = client.get(reverse(f"admin:{page}_peek", args=["1"])).content.decode()
        assert "V1" in text
        assert "/admin/vendors/" not in text
        assert "/admin/uploads/uploadhistory/" not in text
        assert "/admin/uploads/recordoutcome/" not in text


def test_nothing_secret_has_a_peek(admin_client: Client, admin_user: User) -> None:
    assert admin_client.get(f"/admin/auth/user/{admin_user.pk}/peek/").status_code == 302  # to a page of that key
    assert "data-peek" not in admin_client.get("/admin/auth/user/").content.decode()


# --- links for who may follow them -----------------------------------------------------------------------------


LISTS: list[tuple[str, str]] = [
    ("uploads_uploadhistory", "view_uploadhistory"),
    ("uploads_validationerror", "view_validationerror"),
    ("catalog_product", "view_product"),
    ("vendors_vendor", "view_vendor"),
    ("uploads_valuerule", "view_valuerule"),
    ("uploads_rememberedreading", "view_rememberedreading"),
    ("uploads_recordoutcome", "view_recordoutcome"),
    ("vendors_apitoken", "view_apitoken"),
    ("vendors_webhook", "view_webhook"),
]


@pytest.mark.parametrize(("page", "permission"), LISTS)
def test_no_link_of_a_list_ends_at_a_door_that_is_closed(page: str, permission: str) -> None:
    fill(range(1, 3))
    client = as_staff(permission)
    address = reverse(f"admin:{page}_changelist")
    every = ",".join(column.name for column in client.get(address).context["cl"].columns)
    text = client.get(f"{address}?columns={every}").content.decode()
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "Northwind" in body or "script" in body or "V1" in body
    closed = {link for link in links_of(body) if client.get(link).status_code == 403}
    assert closed == set()


def links_of(page: str) -> set[str]:
    return {html.unescape(link) for link in re.findall(r'(?:href|data-peek)="(/admin/[^"]*)"', page)}


# --- no rows at all --------------------------------------------------------------------------------------------


EMPTY = [
    (UPLOADS, "No file has come yet."),
    ("/admin/catalog/product/", "There are no products yet."),
    ("/admin/vendors/vendor/", "There are no vendors yet."),
    (ERRORS, "No row waits for anybody"),
    ("/admin/uploads/job/", "There are no jobs yet."),
    ("/admin/vendors/apitoken/", "There are no tokens yet."),
    ("/admin/vendors/webhook/", "There are no webhooks yet."),
]


@pytest.mark.parametrize(("address", "says"), EMPTY)
def test_an_empty_list_says_what_would_be_there(admin_client: Client, address: str, says: str) -> None:
    assert says in admin_client.get(address).content.decode()
    found = admin_client.get(
        f"{address}?vendor=nobody" if "job" in address else f"{address}?q=nothing"
    ).content.decode()
    assert "Nothing matches." in found
    assert says not in found


def test_what_a_filter_leaves_empty_leads_to_everything(admin_client: Client) -> None:
    fill(range(1, 3))
    found = admin_client.get(f"{ERRORS}?vendor=V1&state=resolved")
    assert found.context["cl"].everything == f"{ERRORS}?state=all"
    assert admin_client.get(f"{ERRORS}?state=all").context["cl"].result_count == 2


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_every_column_that_a_list_offers_can_be_shown_and_costs_no_query_a_row(
    admin_client: Client, model: Any
) -> None:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(f"{address}?columns={every}").status_code == 200
        return len(captured)

    every = ",".join(column.name for column in admin_client.get(address).context["cl"].columns)
    fill(range(1, 3))
    cost()
    few = cost()
    fill(range(3, 20))
    assert cost() == few
