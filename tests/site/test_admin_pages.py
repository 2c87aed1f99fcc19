"""Every list and page of the admin: who may see it, what it shows of hostile data, what it costs, what it exports."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl  # type: ignore[import-untyped] # no types of its own
import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, ProductCategory
from config.web.workbooks.writing import CELL_CHARS
from uploads.models import (
    RecordOutcome,
    RememberedReading,
    Source,
    StreamShard,
    UploadHistory,
    ValidationError,
    ValueRule,
)
from vendors.models import ApiToken, Vendor, Webhook, WebhookAttempt, WebhookDelivery

SCRIPT = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"
REVERSED = "\u202eexe.tset"

EDITABLE = [
    "vendors_vendor", "catalog_product", "catalog_productcategory", "uploads_rememberedreading", "uploads_valuerule",
    "vendors_apitoken",
]  # fmt: skip
READ_ONLY = [
    "catalog_productcatalog", "uploads_uploadhistory", "uploads_validationerror", "uploads_recordoutcome",
    "uploads_streamshard", "uploads_recentupload", "uploads_vendorsummary", "uploads_source",
    "vendors_webhook",
]  # fmt: skip
PAGES = EDITABLE + READ_ONLY
# One key of each, after fill().
KEYS = {
    "vendors_vendor": "V1", "catalog_productcatalog": "1", "catalog_product": "1", "catalog_productcategory": "1",
    "uploads_uploadhistory": "U/1 <b>", "uploads_validationerror": "1", "uploads_recordoutcome": "1",
    "uploads_streamshard": "1", "uploads_recentupload": "U/1 <b>", "uploads_vendorsummary": "V1",
    "uploads_rememberedreading": "1", "uploads_valuerule": "1",
    "vendors_apitoken": "1",
    "uploads_source": "1", "vendors_webhook": "1",
}  # fmt: skip


def fill(numbers: range) -> None:
    """One row of everything for each number, with hostile text wherever there is text."""
    for n in numbers:
        vendor = Vendor.objects.create(vendor_id=f"V{n}", vendor_name=f"{SCRIPT} {n}", email=f"v{n}@example.com")
        ProductCategory.objects.create(category_id=n, category_name=f"{FORMULA} {n}", parent_category=SCRIPT)
        Product.objects.create(
            product_id=n, vendor=vendor, vendor_product_id=f"P-{n}", product_name=f"{SCRIPT} {n}", sku=f"SKU-{n}",
            category=f"{FORMULA} {n}", brand=FORMULA, description=REVERSED, price="1299.50", stock_quantity=1234,
        )  # fmt: skip
        upload = UploadHistory.objects.create(
            upload_id=f"U/{n} <b>", vendor=vendor, file_name=f"{FORMULA} {SCRIPT}.csv", total_records=2000,
            valid_records=1990, error_records=10, file_rows=2000,
        )  # fmt: skip
        ValidationError.objects.create(
            error_id=n, upload=upload, vendor=vendor, row_number=n, error_type="invalid_price", field="price",
            error_message=f"{SCRIPT} is no price", suggestion=FORMULA, record_id=f"REC_{n:07d}",
            original_data={"sku": FORMULA, "name": SCRIPT, "note": REVERSED},
        )  # fmt: skip
        RecordOutcome.objects.create(
            id=n, upload_id=upload.pk, upload_sequence=n, record_id=f"REC_{n:07d}", vendor_id=vendor.pk, row_number=n,
            outcome="inserted", product_id=n, error_reason=f"{FORMULA} {SCRIPT}",
        )  # fmt: skip
        hostile = f"{SCRIPT} {FORMULA} {n}"
        RememberedReading.objects.create(
            id=n, vendor=vendor, fingerprint=str(n), headers=[hostile], columns={"brand": hostile}, file_name=hostile,
            answers={"currency": hostile},
        )  # fmt: skip
        ValueRule.objects.create(id=n, vendor=vendor, field="brand", wrong_value=SCRIPT, right_value=FORMULA)
        ApiToken.objects.create(
            id=n, vendor=vendor, name=hostile, hint="vpo_abcd", token_hash=f"{n:064d}", scopes=["feeds:read"],
            expires_at=timezone.now() + timedelta(days=n),
        )  # fmt: skip
        Source.objects.create(id=n, vendor=vendor, name=f"{SCRIPT} {n}", url=f"https://{n}.example/{SCRIPT}")
        Webhook.objects.create(
            id=n, vendor=vendor, url=f"https://a.example/{hostile}", description=hostile, events=["feed.failed"],
            disabled_reason=hostile,
        )  # fmt: skip
        sent = WebhookDelivery.objects.create(
            id=n, webhook_id=n, message_id="msg", event="feed.failed", body=hostile * 9
        )
        WebhookAttempt.objects.create(delivery=sent, answer=hostile * 9, request_headers={"webhook-id": "m" * 80})
        StreamShard.objects.create(id=n, stream_arn="arn", shard_id=f"shard-{n}", gap_reason=SCRIPT)
    with connection.cursor() as cursor:  # what is added later must not meet these ids
        cursor.execute("SELECT setval('products_product_id_seq', 1000)")
        cursor.execute("SELECT setval('product_categories_category_id_seq', 1000)")
        cursor.execute("SELECT setval('remembered_readings_id_seq', 1000), setval('value_rules_id_seq', 1000)")
        cursor.execute("SELECT setval('api_tokens_id_seq', 1000)")


def list_of(page: str) -> str:
    return reverse(f"admin:{page}_changelist")


def page_of(page: str) -> str:
    from django.contrib.admin.utils import quote

    return reverse(f"admin:{page}_change", args=[quote(KEYS[page])])


def export(client: Client, page: str, file_format: int, query: str = "") -> bytes:
    response: Any = client.post(reverse(f"admin:{page}_export") + query, {"format": str(file_format)})
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def csv_rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.fixture
def rows(db: None) -> None:
    fill(range(1, 4))


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    """Staff without a single permission."""
    client.force_login(User.objects.create_user("newcomer", is_staff=True))
    return client


# --- opening ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_list_opens_and_shows_hostile_text_as_text(admin_client: Client, rows: None, page: str) -> None:
    response = admin_client.get(list_of(page))
    assert response.context["cl"].result_count == 3
    assert SCRIPT not in response.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_and_shows_hostile_text_as_text(admin_client: Client, rows: None, page: str) -> None:
    response = admin_client.get(page_of(page))
    assert response.status_code == 200
    assert SCRIPT not in response.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_every_search_and_filter_opens(admin_client: Client, rows: None, page: str) -> None:
    for query in (
        "q=oak+table",
        "q=%25'",
        "q=1",
        "vendor=V1",
        "vendor=nobody",
        "upload=U%2F1+%3Cb%3E",
        "status=active",
    ):
        response = admin_client.get(f"{list_of(page)}?{query}", follow=True)
        assert response.status_code == 200, query


@pytest.mark.parametrize("query", ["product=abc", "product=%00", "vendor=%00", "product=99999999999999999999"])
def test_a_mistyped_filter_is_no_error_of_ours(admin_client: Client, rows: None, query: str) -> None:
    assert admin_client.get(f"{list_of('uploads_recordoutcome')}?{query}", follow=True).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_more_rows_cost_no_more_queries(admin_client: Client, page: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert admin_client.get(list_of(page)).status_code == 200
        return len(captured)

    fill(range(1, 4))
    queries()  # fills the caches of permissions and content types
    few = queries()
    fill(range(4, 31))
    assert queries() == few


# --- permissions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_nobody_gets_in_without_a_staff_login(client: Client, rows: None, page: str) -> None:
    for address in (list_of(page), page_of(page), reverse(f"admin:{page}_export")):
        assert client.get(address).headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("vendor"))
    for address in (list_of(page), page_of(page), reverse(f"admin:{page}_export")):
        assert client.get(address).headers["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("page", PAGES)
def test_staff_without_the_permission_see_and_export_nothing(staff: Client, rows: None, page: str) -> None:
    assert staff.get(list_of(page)).status_code == 403
    assert staff.get(page_of(page)).status_code == 403
    assert staff.post(reverse(f"admin:{page}_export"), {"format": "0"}).status_code == 403


@pytest.mark.parametrize("page", READ_ONLY)
def test_what_the_pipeline_writes_can_be_read_only(admin_client: Client, rows: None, page: str) -> None:
    assert admin_client.get(reverse(f"admin:{page}_add")).status_code == 403
    assert admin_client.post(reverse(f"admin:{page}_add"), {}).status_code == 403
    assert admin_client.post(page_of(page), {"vendor_id": "X"}).status_code == 403
    assert admin_client.post(page_of(page).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403


# --- exports ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_list_exports_as_csv_without_a_cell_that_runs(admin_client: Client, rows: None, page: str) -> None:
    exported = csv_rows(export(admin_client, page, 0))
    assert len(exported) == 3
    cells = [cell for row in exported for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]


@pytest.mark.parametrize("page", PAGES)
def test_every_list_exports_as_xlsx_without_a_formula(admin_client: Client, rows: None, page: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(export(admin_client, page, 1))).active
    assert sheet.max_row == 4
    assert not [cell for row in sheet.rows for cell in row if cell.data_type == "f"]


def test_a_guarded_cell_keeps_its_text(admin_client: Client, rows: None) -> None:
    assert csv_rows(export(admin_client, "catalog_product", 0))[0]["brand"] == f"'{FORMULA}"


def test_numbers_and_dates_stay_numbers_and_dates_in_xlsx(admin_client: Client, rows: None) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(export(admin_client, "catalog_product", 1))).active
    row = dict(zip([cell.value for cell in sheet[1]], [cell.value for cell in sheet[2]], strict=True))
    assert (row["price"], row["stock_quantity"]) == (1299.5, 1234)
    assert isinstance(row["updated_at"], datetime)


def test_numbers_in_csv_have_no_thousands_separators(admin_client: Client, rows: None) -> None:
    row = csv_rows(export(admin_client, "catalog_product", 0))[0]
    assert (row["price"], row["stock_quantity"]) == ("1299.50", "1234")


def test_control_characters_do_not_break_an_xlsx_export(admin_client: Client, rows: None) -> None:
    Product.objects.filter(pk=1).update(description="bell \x07")
    sheet = openpyxl.load_workbook(io.BytesIO(export(admin_client, "catalog_product", 1))).active
    assert "bell \N{REPLACEMENT CHARACTER}" in [cell.value for cell in sheet[2]]


def test_an_export_has_what_the_list_shows_by_filter_and_search(admin_client: Client, rows: None) -> None:
    assert [row["sku"] for row in csv_rows(export(admin_client, "catalog_product", 0, "?vendor=V2"))] == ["SKU-2"]
    assert [row["sku"] for row in csv_rows(export(admin_client, "catalog_product", 0, "?q=SKU-3"))] == ["SKU-3"]


def test_an_export_reads_in_pages_and_leaves_out_no_row(
    admin_client: Client, rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.web.exports.PAGE", 2)
    fill(range(4, 8))
    skus = [row["sku"] for row in csv_rows(export(admin_client, "catalog_product", 0))]
    assert skus == [f"SKU-{n}" for n in range(1, 8)]


def test_a_list_that_no_sheet_can_hold_is_refused_in_words(
    admin_client: Client, rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.web.exports.XLSX_ROWS", 3)
    response = admin_client.post(reverse("admin:catalog_product_export"), {"format": "1"})
    assert "An XLSX sheet holds 3 rows. Filter the list, or choose CSV." in response.content.decode()


def test_a_cell_that_no_sheet_can_hold_is_refused_in_words(admin_client: Client, rows: None) -> None:
    Product.objects.filter(pk=2).update(description="x" * (CELL_CHARS + 1))
    response = admin_client.post(reverse("admin:catalog_product_export"), {"format": "1"})
    assert "more than the 32,767 characters that Excel can hold. Download the CSV." in response.content.decode()


def test_only_csv_and_xlsx_are_offered(admin_client: Client, rows: None) -> None:
    form = admin_client.get(reverse("admin:uploads_vendorsummary_export")).context["form"]
    assert [label for value, label in form.fields["format"].choices if value] == ["csv", "xlsx"]


# --- ways between pages ----------------------------------------------------------------------------------------


def test_a_vendor_leads_to_its_products_uploads_and_errors(admin_client: Client, rows: None) -> None:
    text = admin_client.get(page_of("vendors_vendor")).content.decode()
    for page in ("catalog_product", "uploads_uploadhistory", "uploads_validationerror"):
        assert f'href="{list_of(page)}?vendor=V1"' in text
        assert admin_client.get(f"{list_of(page)}?vendor=V1").context["cl"].result_count == 1


def test_a_product_leads_to_the_uploads_that_brought_it(admin_client: Client, rows: None) -> None:
    address = f"{list_of('uploads_recordoutcome')}?product=1"
    assert f'href="{address}"' in admin_client.get(page_of("catalog_product")).content.decode()
    assert admin_client.get(address).context["cl"].result_count == 1


def test_many_vendors_are_filtered_by_typing_and_the_other_filters_stay(admin_client: Client) -> None:
    fill(range(1, 15))
    text = admin_client.get(f"{list_of('catalog_product')}?category=Books&q=x").content.decode()
    assert '<datalist id="vendor-filter-list">' in text
    assert '<input type="hidden" name="category" value="Books">' in text
    assert '<input type="hidden" name="q" value="x">' in text


@pytest.mark.parametrize("typed", ["oak table", "ZQ-", "zq-1", "P-77"])
def test_products_are_found_by_words_the_start_of_a_sku_and_product_id(
    admin_client: Client, rows: None, typed: str
) -> None:
    vendor = Vendor.objects.get(pk="V1")
    Product.objects.create(
        vendor=vendor, vendor_product_id="P-77", product_name="Tables made of oak", sku="ZQ-100", category="x",
        price="1", stock_quantity=0,
    )  # fmt: skip
    found = admin_client.get(list_of("catalog_product"), {"q": typed}).context["cl"].result_list
    assert [product.sku for product in found] == ["ZQ-100"]


# --- editing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def form(rows: None, categories: None) -> dict[str, Any]:
    """A valid product as the form sends it."""
    return {
        "vendor": "V1", "vendor_product_id": "NEW", "product_name": "New", "category": "Books", "sku": "NEW-1",
        "brand": "", "description": "", "price": "9.99", "stock_quantity": "1",
    }  # fmt: skip


def test_a_product_can_be_added_by_hand(admin_client: Client, form: dict[str, Any]) -> None:
    assert admin_client.post(reverse("admin:catalog_product_add"), form).status_code == 302
    assert Product.objects.get(sku="NEW-1").category == "Books"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": "0"}, "The price “0” is not above 0."),
        ({"sku": "SKU-1"}, "Product with this SKU already exists."),
        ({"sku": "with space"}, "may contain only"),
        ({"stock_quantity": "-1"}, "is below 0"),
        ({"category": "Unheard of"}, "Select a valid choice"),
        ({"vendor": "V2"}, "Products are accepted from active vendors only."),
    ],
)
def test_a_product_entered_by_hand_passes_the_checks_of_a_feed(
    admin_client: Client, form: dict[str, Any], change: dict[str, str], message: str
) -> None:
    Vendor.objects.filter(pk="V2").update(status="suspended")
    response = admin_client.post(reverse("admin:catalog_product_add"), form | change)
    assert response.status_code == 200
    assert message in response.content.decode()


def test_saving_one_field_keeps_what_a_feed_changed_meanwhile(admin_client: Client, form: dict[str, Any]) -> None:
    product = Product.objects.create(
        vendor_id="V1", vendor_product_id="NEW", product_name="New", category="Books", sku="NEW-1", price="9.99",
        stock_quantity=1,
    )  # fmt: skip
    from catalog.admin import ProductAdmin

    original = ProductAdmin.save_model

    def feed_first(self: ProductAdmin, request: Any, obj: Any, form: Any, change: bool) -> None:
        Product.objects.filter(pk=product.pk).update(price="5.00")
        original(self, request, obj, form, change)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProductAdmin, "save_model", feed_first)
        address = reverse("admin:catalog_product_change", args=[product.pk])
        assert admin_client.post(address, form | {"product_name": "Better"}).status_code == 302
    product.refresh_from_db()
    assert (product.product_name, str(product.price)) == ("Better", "5.00")


NO_MEMBERS = {"members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0"}


def test_the_id_of_a_vendor_stays(admin_client: Client, rows: None) -> None:
    data = {
        "vendor_id": "V9",
        "vendor_name": "New name",
        "email": "new@example.com",
        "status": "suspended",
    } | NO_MEMBERS
    assert admin_client.post(page_of("vendors_vendor"), data).status_code == 302
    vendor = Vendor.objects.get(pk="V1")
    assert (vendor.vendor_name, vendor.status) == ("New name", "suspended")
    assert not Vendor.objects.filter(pk="V9").exists()


def test_a_vendor_who_sent_something_cannot_be_deleted(admin_client: Client, rows: None) -> None:
    Vendor.objects.create(vendor_id="NEW", vendor_name="New", email="new@example.com")
    assert admin_client.post("/admin/vendors/vendor/V1/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post("/admin/vendors/vendor/NEW/delete/", {"post": "yes"}).status_code == 302


def test_a_category_in_use_keeps_its_name_and_can_be_made_inactive(admin_client: Client, rows: None) -> None:
    address = page_of("catalog_productcategory")
    assert admin_client.post(address, {"category_name": "Renamed", "parent_category": ""}).status_code == 302
    category = ProductCategory.objects.get(pk=1)
    assert (category.category_name, category.is_active) == (f"{FORMULA} 1", False)
    assert admin_client.post(address.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_what_staff_change_is_in_the_history(admin_client: Client, rows: None) -> None:
    data = {"vendor_name": "New name", "email": "new@example.com", "status": "active"} | NO_MEMBERS
    admin_client.post(page_of("vendors_vendor"), data)
    assert "Changed Vendor name" in admin_client.get("/admin/vendors/vendor/V1/history/").content.decode()


def test_a_staff_member_with_view_permission_reads_but_does_not_write(staff: Client, rows: None) -> None:
    User.objects.get(username="newcomer").user_permissions.set(Permission.objects.filter(codename="view_product"))
    text = staff.get(page_of("catalog_product")).content.decode()
    assert 'name="_save"' not in text
    assert staff.post(page_of("catalog_product"), {"price": "1"}).status_code == 403


def test_times_of_an_export_are_those_that_the_admin_shows(admin_client: Client, rows: None) -> None:
    moment = datetime(2024, 12, 21, 10, 30, 45, tzinfo=UTC)
    UploadHistory.objects.filter(pk="U/1 <b>").update(created_at=moment)
    assert csv_rows(export(admin_client, "uploads_uploadhistory", 0))[0]["created_at"] == "2024-12-21 10:30:45"
