"""'Import' on products: choose → preview → confirm, and nothing in the catalog before the pipeline puts it there."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from catalog.models import Product
from tests.catalog.importing import CHOOSE, CONFIRM, DRY_RUN, PREVIEW, choose, form_of, token
from tests.feeds import HEADER, feed, line
from tests.jobs import take_turn
from uploads.aws import storage
from uploads.aws.storage import StorageUnavailable
from uploads.models import Job, UploadHistory, ValueRule
from uploads.pipeline import examine
from uploads.pipeline.examine import FeedFile
from uploads.preview import kept_files
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("vendor", "categories", "bucket")


def product(**changes: Any) -> Product:
    values = {
        "vendor_id": "VEND001", "vendor_product_id": "P-1", "product_name": "Product 1", "category": "Electronics",
        "sku": "SKU-1", "brand": "Acme", "price": "9.99", "stock_quantity": 5,
    }  # fmt: skip
    return Product.objects.create(**(values | changes))


# --- choosing --------------------------------------------------------------------------------------------------


def test_the_button_is_on_the_product_list(admin_client: Client) -> None:
    assert f"href='{CHOOSE}'" in admin_client.get(reverse("admin:catalog_product_changelist")).content.decode()


def test_only_active_vendors_can_be_chosen(admin_client: Client) -> None:
    Vendor.objects.create(vendor_id="VEND009", vendor_name="Gone", email="gone@example.com", status="suspended")
    text = admin_client.get(CHOOSE).content.decode()
    assert "VEND001" in text
    assert "VEND009" not in text
    assert choose(admin_client, feed(line(1)), vendor="VEND009").context["form"].errors["vendor"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG"),
        (b"", "The submitted file is empty."),
        (b" \n\n", "The file is empty."),
        (HEADER + "\n", "The file has a header but no rows below it."),
    ],
)
def test_a_file_that_is_no_feed_is_refused_in_a_sentence_on_the_form(
    admin_client: Client, content: str | bytes, sentence: str
) -> None:
    response = choose(admin_client, content)
    assert response.status_code == 200
    assert sentence in response.context["form"].errors["import_file"][0]
    assert "confirm_form" not in response.context
    assert not UploadHistory.objects.exists()


def test_a_file_over_the_limit_is_refused_in_a_sentence(admin_client: Client, settings: Any) -> None:
    settings.MAX_FILE_BYTES = 100
    assert "larger than" in choose(admin_client, feed(*map(line, range(1, 9)))).context["form"].errors["import_file"][0]


def test_storage_that_is_away_is_said_on_the_form(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise StorageUnavailable("connection refused")

    monkeypatch.setattr(storage, "save", away)
    errors = choose(admin_client, feed(line(1))).context["form"].errors["import_file"]
    assert errors == ["File storage isn't reachable. Nothing was imported; try again in a few minutes."]


# --- the preview -----------------------------------------------------------------------------------------------


def test_the_preview_gives_a_verdict_on_each_row_and_writes_nothing(admin_client: Client) -> None:
    product()
    product(vendor_product_id="P-2", product_name="Product 2", sku="SKU-2")
    Vendor.objects.create(vendor_id="VEND002", vendor_name="Other", email="other@example.com")
    product(vendor_id="VEND002", vendor_product_id="X", sku="TAKEN")
    response = choose(
        admin_client,
        feed(line(1), line(2, price="19.99"), line(3), line(4, price="0", category="Boks"), line(5, sku="TAKEN"),
             line(6, sku="SKU-3"), '"broken'),
    )  # fmt: skip
    rows = response.context["preview"].rows
    assert [row.verdict for row in rows] == ["unchanged", "update", "new", "error", "error", "error", "error"]
    assert rows[1].changes == (("price", "9.99", "19.99"),)
    assert "price: <del><bdi>9.99</bdi></del> → <ins><bdi>19.99</bdi></ins>" in response.content.decode()
    assert [problem.code for problem in rows[3].problems] == ["unknown_category", "price_not_positive"]
    assert rows[4].problems[0].message == "The SKU “TAKEN” already belongs to another vendor."
    assert [problem.code for problem in rows[5].problems] == ["duplicate_in_file"]
    assert rows[6].raw == '"broken'
    assert Product.objects.count() == 3
    assert str(Product.objects.get(sku="SKU-2").price) == "9.99"
    assert not UploadHistory.objects.exists()


def test_the_preview_shows_how_the_file_is_read(admin_client: Client) -> None:
    text = "Product ID;Name;Category;SKU;Price;Stock;Colour\nP-1;Für alle;Books;SKU-1;10,49 €;3;red\n"
    response = choose(admin_client, text.encode("cp1252"))
    assert response.context["preview"].layout.encoding == "cp1252"
    assert response.context["preview"].delimiter == "semicolon"
    assert ("product name", "Name") in response.context["preview"].columns
    page = response.content.decode()
    assert "Columns ignored: Colour." in page
    assert "Für alle" in page


def test_the_preview_stops_after_twenty_rows(admin_client: Client) -> None:
    rows = choose(admin_client, feed(*map(line, range(1, 41)))).context["preview"].rows
    assert [row.number for row in rows] == list(range(1, 21))


def test_hostile_cells_are_shown_as_text(admin_client: Client) -> None:
    script = "<script>alert(1)</script>"
    response = choose(admin_client, feed(line(1, product_name=script), f'"{script}'), name=f"{script}.csv")
    assert script not in response.content.decode()


def test_a_corrected_error_report_is_previewed_without_the_guards_of_its_cells(admin_client: Client) -> None:
    text = f"{HEADER},error_code\n{line(1, product_name=chr(39) + '=Sum')},invalid_price\n"
    assert choose(admin_client, text).context["preview"].rows[0].cells[1].text == "=Sum"


def test_a_file_sent_before_is_noticed_and_can_still_be_confirmed(admin_client: Client) -> None:
    admin_client.post(CONFIRM, {"token": token(choose(admin_client, feed(line(1))))})
    earlier = UploadHistory.objects.get()
    UploadHistory.objects.update(status="completed", inserted_records=1, undone_at=datetime(2026, 1, 2, tzinfo=UTC))
    again = choose(admin_client, feed(line(1)))
    assert again.context["preview"].sent_before == earlier
    text = " ".join(again.content.decode().split())
    assert "1 inserted, 0 updated, 0 unchanged, 0 with errors; undone on 2026-01-02" in text
    assert f">{earlier.upload_id}</a>" in again.content.decode()
    assert admin_client.post(CONFIRM, {"token": token(again)}).status_code == 302
    assert UploadHistory.objects.count() == 2


def test_the_vendors_rules_for_values_are_applied_and_said(admin_client: Client) -> None:
    ValueRule.objects.create(vendor_id="VEND001", field="category", wrong_value="boks", right_value="Books")
    response = choose(admin_client, feed(line(1, category=" BOKS ")))
    assert [row.verdict for row in response.context["preview"].rows] == ["new"]
    (category,) = (one for one in response.context["preview"].rows[0].cells if one.label == "category")
    assert (category.text, category.said, category.how) == ("Books", "BOKS", "by a rule of yours")
    assert "In the file: <bdi>BOKS</bdi>" in response.content.decode()


def test_a_stock_that_sells_out_is_shown_as_0(admin_client: Client) -> None:
    product()
    rows = choose(admin_client, feed(line(1, stock_quantity="0"))).context["preview"].rows
    assert rows[0].changes == (("stock quantity", "5", "0"),)


# --- the dry run -----------------------------------------------------------------------------------------------


def test_the_preview_starts_a_dry_run_and_shows_how_it_goes(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examine, "is_small", lambda contents: False)
    job = choose(admin_client, feed(line(1), line(2, price="0"))).context["job"]
    page = admin_client.get(f"{DRY_RUN}{job.pk}/")
    assert "Waiting for its turn" in page.content.decode()
    assert ">Refresh</a>" in page.content.decode()
    polled = admin_client.get(f"{DRY_RUN}{job.pk}/", headers={"HX-Request": "true"})
    assert (polled.status_code, "<html" in polled.content.decode()) == (200, False)
    assert take_turn(job) is False
    ended = admin_client.get(f"{DRY_RUN}{job.pk}/", headers={"HX-Request": "true"})
    text = " ".join(ended.content.decode().split())
    assert ended.status_code == 286, "htmx stops asking"
    assert "All 2 rows were tried. Nothing was written." in text
    assert "Row 2 (line 3): The price “0” is not above 0." in text
    assert not Product.objects.exists()


def test_confirming_ends_the_dry_run(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "is_small", lambda contents: False)
    response = choose(admin_client, feed(line(1)))
    admin_client.post(CONFIRM, form_of(response))
    assert Job.objects.get().state == "failed"


def test_a_dry_run_is_shown_to_who_started_it_and_to_those_who_may_import(admin_client: Client) -> None:
    job = choose(admin_client, feed(line(1))).context["job"]
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger", is_staff=True))
    assert stranger.get(f"{DRY_RUN}{job.pk}/").status_code == 403
    User.objects.get(username="stranger").user_permissions.add(Permission.objects.get(codename="add_uploadhistory"))
    assert stranger.get(f"{DRY_RUN}{job.pk}/").status_code == 200
    assert Client().get(f"{DRY_RUN}{job.pk}/").headers["Location"].startswith("/admin/login/")
    other = Job.objects.create(kind="undo", requested_by=job.requested_by)
    assert admin_client.get(f"{DRY_RUN}{other.pk}/").status_code == 403


# --- confirming ------------------------------------------------------------------------------------------------


def test_confirming_opens_an_upload_and_leads_to_its_page(admin_client: Client, admin_user: User) -> None:
    response = admin_client.post(CONFIRM, {"token": token(choose(admin_client, feed(line(1)), name="spring.csv"))})
    upload = UploadHistory.objects.get()
    assert (upload.vendor_id, upload.file_name, upload.uploaded_by) == ("VEND001", "spring.csv", admin_user)
    with storage.opened(upload.storage_key) as file:
        assert file.read().decode() == feed(line(1))
    page = admin_client.get(response.headers["Location"])
    assert upload.upload_id in page.content.decode()
    assert not Product.objects.exists()


def test_confirming_is_in_the_history_of_the_upload(admin_client: Client) -> None:
    admin_client.post(CONFIRM, {"token": token(choose(admin_client, feed(line(1))))})
    upload = UploadHistory.objects.get()
    history = admin_client.get(f"/admin/uploads/uploadhistory/{upload.pk.replace('_', '_5F')}/history/")
    assert "Imported feed.csv for VEND001." in history.content.decode()


def test_the_whole_journey_from_the_form_to_the_catalog(admin_client: Client, pipeline: Any) -> None:
    admin_client.post(CONFIRM, {"token": token(choose(admin_client, feed(line(1), line(2, price="0"))))})
    pipeline.stage(UploadHistory.objects.get())
    pipeline.settle()
    assert [p.sku for p in Product.objects.all()] == ["SKU-1"]
    assert UploadHistory.objects.get().status == "completed"


@pytest.mark.parametrize("changed", ["", "feeds/VEND001/secret.csv", "x:y:z"])
def test_a_file_that_was_not_previewed_cannot_be_named(admin_client: Client, changed: str) -> None:
    response = admin_client.post(CONFIRM, {"token": changed}, follow=True)
    assert "The preview is too old. Choose the file again." in response.content.decode()
    assert not UploadHistory.objects.exists()


def test_another_users_preview_cannot_be_confirmed(admin_client: Client) -> None:
    stranger = User.objects.create_user("stranger")
    foreign = kept_files.keep(FeedFile(io.BytesIO(feed(line(1)).encode())), "feed.csv", "VEND001", stranger)
    admin_client.post(CONFIRM, {"token": foreign})
    assert "too old" in admin_client.post(PREVIEW, {"token": foreign}, follow=True).content.decode()
    assert not UploadHistory.objects.exists()


def test_a_preview_of_the_day_before_yesterday_has_expired_and_its_file_is_swept_away(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Earlier(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "datetime":  # type: ignore[override] # a plain datetime will do
            return datetime.now(UTC) - timedelta(days=2)

    with monkeypatch.context() as patch:
        patch.setattr(kept_files, "datetime", Earlier)
        patch.setattr("time.time", lambda: Earlier.now().timestamp())
        old = kept_files.keep(FeedFile(io.BytesIO(b"x")), "feed.csv", "VEND001", User.objects.get(username="admin"))
    day = f"{Earlier.now():%Y%m%d}"
    assert day in storage.listing(kept_files.FOLDER)[0]
    assert "too old" in admin_client.post(CONFIRM, {"token": old}, follow=True).content.decode()
    kept_files.sweep()
    assert day not in storage.listing(kept_files.FOLDER)[0]


def test_confirming_twice_says_so_and_opens_one_upload(admin_client: Client) -> None:
    once = token(choose(admin_client, feed(line(1))))
    admin_client.post(CONFIRM, {"token": once})
    assert "confirmed already" in admin_client.post(CONFIRM, {"token": once}, follow=True).content.decode()
    assert UploadHistory.objects.count() == 1


def test_a_vendor_suspended_meanwhile_is_said_at_the_confirmation(admin_client: Client, vendor: Vendor) -> None:
    once = token(choose(admin_client, feed(line(1))))
    Vendor.objects.update(status="suspended")
    page = admin_client.post(CONFIRM, {"token": once}, follow=True).content.decode()
    assert "The vendor VEND001 is suspended. Only active vendors can send files." in page


# --- permissions -----------------------------------------------------------------------------------------------


def test_importing_needs_the_permission_to_add_uploads(client: Client) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_product", "change_product"]))
    client.force_login(user)
    assert "import_link" not in client.get(reverse("admin:catalog_product_changelist")).content.decode()
    assert client.get(CHOOSE).status_code == 403
    assert choose(client, feed(line(1))).status_code == 403
    assert client.post(CONFIRM, {"token": "x"}).status_code == 403
    assert client.post(PREVIEW, {"token": "x"}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="add_uploadhistory"))
    client.force_login(User.objects.get(pk=user.pk))
    assert client.get(CHOOSE).status_code == 200


def test_importing_needs_a_staff_login(client: Client) -> None:
    for address in (CHOOSE, CONFIRM, PREVIEW):
        assert client.post(address).headers["Location"].startswith("/admin/login/")


def test_confirming_needs_a_post_with_the_sites_own_token(admin_client: Client, admin_user: User) -> None:
    assert admin_client.get(CONFIRM).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert strict.post(CONFIRM, {"token": "x"}).status_code == 403
