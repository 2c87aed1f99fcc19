"""What the pages cost as tables grow: every page there is, and lists that are counted up to a cap."""

import csv
import io
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Product
from config.web import paging, signed_in
from tests.bench.pages import addresses, api_calls, fill, vendor_addresses
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from vendors.models import Vendor

OURS = ("vendors", "catalog", "uploads")
SMALL = fill.Sizes(products=240, uploads=60, rows=1_050, vendors=15, categories=22)
PRODUCTS = reverse("admin:catalog_product_changelist")


def grow(sizes: fill.Sizes = SMALL) -> None:
    with connection.cursor() as cursor:
        fill.add(cursor, sizes)


@pytest.fixture(autouse=True)
def _noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a minute it is noted that somebody is there: which page that falls on says nothing about the page."""
    monkeypatch.setattr(signed_in, "NOTE_SECONDS", 86_400)


@pytest.fixture
def filled(db: None, categories: None) -> None:
    grow()


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code in (200, 302, 403, 405), url
    return len(captured)


def costs(client: Client, user: User) -> dict[str, int]:
    """Queries by page. Of each list one filter and one search: they show the same rows in the same way."""
    plain = [page for page in addresses.every_page(user) if ", " not in page.name and " sort " not in page.name]
    pages = {" ".join(page.name.split()[:2]): page.url for page in plain}
    return {name: queries(client, url) for name, url in pages.items()}


# --- every page ------------------------------------------------------------------------------------------------


def test_no_page_of_the_admin_needs_more_queries_as_rows_become_more(
    admin_client: Client, admin_user: User, filled: None, aws: None
) -> None:
    queries(admin_client, PRODUCTS)  # fills the caches of permissions and content types
    before = costs(admin_client, admin_user)
    grow()
    after = costs(admin_client, admin_user)
    both = before.keys() & after.keys()
    assert len(both) > 90
    assert {name: (before[name], after[name]) for name in both if after[name] > before[name]} == {}


def test_no_page_of_a_vendor_needs_more_queries_as_rows_become_more(client: Client, filled: None) -> None:
    member = vendor_addresses.member()
    client.force_login(member.user)

    def costs() -> dict[str, int]:
        return {page.name: queries(client, page.url) for page in vendor_addresses.every_page(member.vendor_id)}

    costs()
    before = costs()
    grow()
    after = costs()
    both = before.keys() & after.keys()
    assert len(both) > 30
    assert {name: (before[name], after[name]) for name in both if after[name] > before[name]} == {}


def test_no_call_of_a_program_needs_more_queries_as_rows_become_more(filled: None, broker: None, settings: Any) -> None:
    settings.API_CALLS_AT_ONCE = 10_000
    vendor_id, text = api_calls.program()
    client = Client(headers={"Authorization": f"Bearer {text}"})

    def costs() -> dict[str, int]:
        return {call.name.split(" cursor")[0]: queries(client, call.url) for call in api_calls.every_call(vendor_id)}

    costs()
    before = costs()
    grow()
    after = costs()
    both = before.keys() & after.keys()
    assert len(both) > 15
    assert {name: (before[name], after[name]) for name in both if after[name] > before[name]} == {}


def test_every_address_of_the_admin_is_asked_for_or_has_a_reason_not_to_be(filled: None) -> None:
    assert addresses.left_over() == []


# --- what is filled in -----------------------------------------------------------------------------------------


def test_what_is_filled_in_agrees_with_itself(filled: None) -> None:
    grow()
    for upload in UploadHistory.objects.all():
        newest = {r.record_id: r for r in RecordOutcome.objects.filter(upload_id=upload.pk).order_by("attempt")}
        failed = {r.record_id for r in newest.values() if r.outcome == "error"}
        assert (upload.total_records, upload.error_records) == (len(newest), len(failed))
        assert upload.file_rows == upload.total_records
        assert upload.inserted_records + upload.updated_records + upload.unchanged_records == upload.valid_records
        open_errors = ValidationError.objects.filter(upload=upload, resolved_at=None)
        assert set(open_errors.values_list("record_id", flat=True)) == failed
    assert Product.objects.count() == 2 * SMALL.products
    products = set(Product.objects.values_list("pk", "vendor_id"))
    ledger = RecordOutcome.objects.exclude(product_id=None).values_list("product_id", "vendor_id")
    assert ledger.count() > SMALL.rows
    assert set(ledger) <= products


# --- lists that are counted up to a cap ------------------------------------------------------------------------


@pytest.fixture
def cap(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(paging, "CAP", 100)
    return 100


def shown(client: Client, query: str = "") -> tuple[Any, str]:
    response = client.get(f"{PRODUCTS}?{query}", follow=True)
    return response.context["cl"], " ".join(response.content.decode().split())


def test_a_list_beyond_the_cap_says_more_than_and_its_pages_end_there(
    admin_client: Client, filled: None, cap: int
) -> None:
    changelist, text = shown(admin_client)
    assert changelist.result_count == 100
    assert "More than 100 products" in text
    assert "Select all that match, more than 100 products" in text
    last, _ = shown(admin_client, "p=2")
    newest = list(Product.objects.order_by("-pk").values_list("pk", flat=True))
    assert [row.pk for row in last.result_list] == newest[50:100]


def test_a_list_within_the_cap_is_counted_exactly(admin_client: Client, filled: None, cap: int) -> None:
    Product.objects.filter(pk__in=Product.objects.order_by("pk").values("pk")[: SMALL.products - 100]).delete()
    changelist, text = shown(admin_client)
    assert (changelist.result_count, changelist.paginator.capped) == (100, False)
    assert "More than" not in text
    assert "Select all 100 products" in text


@pytest.mark.parametrize("order", ["", "o=1", "o=-1", "o=4.-1"])
def test_pages_of_a_search_are_sorted_as_a_whole(admin_client: Client, filled: None, order: str) -> None:
    pages = [shown(admin_client, f"q=warranty&{order}&p={number}")[0] for number in (1, 2, 3)]
    assert pages[0].result_count == 120
    found = [row.pk for page in pages for row in page.result_list]
    assert found == [row.pk for row in pages[0].queryset]
    assert len(found) == 120


def test_a_search_with_too_many_matches_says_so_and_shows_some(admin_client: Client, filled: None, cap: int) -> None:
    changelist, text = shown(admin_client, "q=warranty")
    assert "more than 100 results" in text
    assert "The pages show 100 of those that match." in text
    assert len(changelist.result_list) == 50
    assert all("warranty" in row.description for row in changelist.result_list)


def test_a_filter_finds_its_rows_however_many_others_match_the_search(
    admin_client: Client, filled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "CAP", 60)
    expected = Product.objects.filter(vendor="VEND009", description__contains="warranty").count()
    assert shown(admin_client, "q=warranty&vendor=VEND009")[0].result_count == expected > 0


def test_an_export_of_a_search_has_what_its_pages_cannot_show(admin_client: Client, filled: None, cap: int) -> None:
    response: Any = admin_client.post(reverse("admin:catalog_product_export") + "?q=warranty", {"format": "0"})
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(content)))) == 120


def test_sku_starts_and_words_are_found_together_and_once(admin_client: Client, filled: None) -> None:
    Product.objects.filter(pk=Product.objects.order_by("pk")[0].pk).update(sku="WARRANTY-1", description="warranty")
    Product.objects.filter(pk=Product.objects.order_by("pk")[1].pk).update(sku="WARRANTY-2", description="none")
    found = [row.pk for row in shown(admin_client, "q=warranty&all=")[0].queryset]
    assert len(found) == len(set(found))
    assert Product.objects.get(sku="WARRANTY-2").pk in found


def test_the_start_of_many_skus_is_found(admin_client: Client, filled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.search.FEW", 1)
    start = Product.objects.order_by("pk")[0].sku[:2]
    expected = Product.objects.filter(sku__startswith=start).count()
    assert shown(admin_client, f"q={start.lower()}")[0].result_count == expected > 1


def test_a_record_is_found_by_its_id_in_every_upload(admin_client: Client, filled: None) -> None:
    url = reverse("admin:uploads_recordoutcome_changelist")
    expected = RecordOutcome.objects.filter(record_id="REC_0000003").count()
    for query in ("q=REC_0000003", "record=REC_0000003"):
        assert admin_client.get(f"{url}?{query}").context["cl"].result_count == expected > 1
    upload = UploadHistory.objects.order_by("-total_records")[0]
    assert admin_client.get(f"{url}?q={upload.pk}").context["cl"].result_count >= upload.total_records


@pytest.mark.parametrize("model", [m for m in admin.site._registry if m._meta.app_label in OURS], ids=str)
def test_no_order_of_a_list_shows_a_row_twice(admin_user: User, filled: None, rf: Any, model: Any) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    columns = len(admin.site._registry[model].list_display)
    for query in ["", *(f"o={number}" for number in range(1, columns + 1))]:
        request = rf.get(f"{url}?{query}")
        request.user = admin_user
        changelist = admin.site._registry[model].get_changelist_instance(request)
        keys = [row.pk for row in changelist.result_list]
        assert len(keys) == len(set(keys)) <= changelist.list_per_page, query


# --- deleting --------------------------------------------------------------------------------------------------


def test_more_objects_than_a_page_can_name_are_not_deleted_at_once(
    admin_client: Client, filled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.web.tables.MOST_DELETED", 20)
    chosen = {"action": "delete_selected", "select_across": "1", "index": "0", "_selected_action": ["1"]}
    for post in ({}, {"post": "yes"}):
        response = admin_client.post(PRODUCTS, {**chosen, **post})
        assert "More than 20 products at once. Select fewer." in response.content.decode()
    assert Product.objects.count() == SMALL.products
    few = list(Product.objects.values_list("pk", flat=True)[:20])
    admin_client.post(PRODUCTS, {"action": "delete_selected", "_selected_action": few, "post": "yes"})
    assert Product.objects.count() == SMALL.products - 20


def test_a_vendor_summary_counts_its_products_and_uploads(filled: None) -> None:
    from uploads.models import VendorSummary

    Vendor.objects.create(vendor_id="NEW", vendor_name="New", email="new@example.com")
    counted = {v.pk: (v.products.count(), v.uploads.count()) for v in Vendor.objects.all()}
    assert {s.pk: (s.total_products, s.total_uploads) for s in VendorSummary.objects.all()} == counted
