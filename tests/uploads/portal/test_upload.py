"""A vendor's own pages: a file is chosen, mapped, previewed, started, watched and cancelled, by its people only."""

import io
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook  # type: ignore[import-untyped] # openpyxl ships no types

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.jobs import run_jobs
from tests.workbooks import workbook
from uploads.aws import storage
from uploads.feed import parser
from uploads.insight import guide
from uploads.models import Job, RememberedReading, UploadHistory
from uploads.pipeline import examine, receive
from uploads.preview import kept_files
from vendors.models import Vendor, VendorMember

pytestmark = pytest.mark.usefixtures("vendor", "categories", "bucket")
BASE = "/vendor/VEND001/"
CHOOSE, PREVIEW, CONFIRM = BASE + "upload/", BASE + "upload/preview/", BASE + "upload/confirm/"
GERMAN = "Pos;Text;Warengruppe;Kennung;Preis;Rest\n7;Lampe;Electronics;L-7;9,90;4\n"


def sign_in(client: Client, role: str, vendor_id: str = "VEND001") -> User:
    user = User.objects.create_user(f"{role}-{vendor_id}", f"{role}@example.com")
    VendorMember.objects.create(vendor_id=vendor_id, user=user, role=role)
    client.force_login(user)
    return user


@pytest.fixture
def uploader(client: Client, vendor: Vendor) -> User:
    return sign_in(client, "uploader")


def choose(client: Client, content: str | bytes, name: str = "feed.csv", base: str = BASE) -> Any:
    data = content.encode() if isinstance(content, str) else content
    return client.post(f"{base}upload/", {"file": SimpleUploadedFile(name, data)})


def form(response: Any, **changes: str) -> dict[str, str]:
    """The preview's form as the browser would send it."""
    shown, preview = response.context["confirm_form"], response.context["preview"]
    columns = {column.name: column.field for column in preview.mapped}
    return {
        **{name: shown.initial[name] for name in ("token", "shape", "seen", "encoding", "delimiter", "mode")},
        "remember": "on", **columns, **changes,
    }  # fmt: skip


def started(client: Client, content: str | bytes = feed(line(1), line(2, price="free")), **changes: str) -> Any:
    response = client.post(CONFIRM, form(choose(client, content), **changes))
    assert response.status_code == 302
    return UploadHistory.objects.latest("sequence")


# --- who may ---------------------------------------------------------------------------------------------------

PAGES = [CHOOSE, BASE + "upload/columns/", BASE + "upload/template.csv", BASE + "upload/template.xlsx"]


@pytest.mark.parametrize("url", PAGES)
def test_who_only_views_can_send_nothing(client: Client, url: str) -> None:
    sign_in(client, "viewer")
    assert client.get(url).status_code == 403


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("role", ["uploader", "owner"])
def test_uploaders_and_owners_can(client: Client, role: str, url: str) -> None:
    sign_in(client, role)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize(("status", "words"), [("pending", "Waiting for approval."), ("suspended", "Suspended.")])
def test_a_vendor_that_is_not_active_gets_a_sentence_instead(
    client: Client, uploader: User, vendor: Vendor, status: str, words: str
) -> None:
    posted = form(choose(client, feed(line(1))))
    vendor.status = status
    vendor.save()
    for response in (client.get(CHOOSE), choose(client, feed(line(1))), client.post(CONFIRM, posted), client.get(BASE)):
        text = response.content.decode().replace("&#x27;", "'")
        assert words in text
        assert 'type="file"' not in text
    assert not UploadHistory.objects.exists()


@pytest.mark.parametrize("tail", ["", "progress/", "cancel/", "file/", "failed-rows.csv"])
def test_an_upload_of_another_vendor_is_not_there(
    client: Client, uploader: User, other_vendor: Vendor, tail: str
) -> None:
    foreign = receive.receive(io.BytesIO(feed(line(1)).encode()), "secret.csv", "VEND002")
    assert client.get(f"{BASE}uploads/{foreign.pk}/{tail}").status_code == 404
    assert client.post(f"{BASE}uploads/{foreign.pk}/notify/").status_code == 404
    assert client.get(f"/vendor/VEND002/uploads/{foreign.pk}/{tail}").status_code == 404


def test_a_preview_is_its_users_and_its_vendors_only(client: Client, uploader: User, other_vendor: Vendor) -> None:
    posted = form(choose(client, feed(line(1))))
    VendorMember.objects.create(vendor=other_vendor, user=uploader, role="owner")
    assert "too old" in client.post("/vendor/VEND002/upload/confirm/", posted).content.decode()
    assert "too old" in client.post("/vendor/VEND002/upload/preview/", posted).content.decode()
    colleague = Client()
    user = User.objects.create_user("colleague")
    VendorMember.objects.create(vendor_id="VEND001", user=user, role="owner")
    colleague.force_login(user)
    assert "too old" in colleague.post(CONFIRM, posted).content.decode()
    job = Job.objects.get()
    assert colleague.get(f"{BASE}upload/trial/{job.pk}/").status_code == 404
    assert client.get(f"/vendor/VEND002/upload/trial/{job.pk}/").status_code == 404
    assert not UploadHistory.objects.exists()


def test_a_file_previewed_in_the_admin_cannot_be_confirmed_for_another_vendor(
    client: Client, uploader: User, other_vendor: Vendor
) -> None:
    token = kept_files.keep(examine.FeedFile(io.BytesIO(feed(line(1)).encode())), "f.csv", "VEND002", uploader)
    assert "too old" in client.post(CONFIRM, {"token": token}).content.decode()


# --- choosing and previewing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "This file is empty."), (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "PNG"), (HEADER + "\n", "no rows")],
)
def test_what_is_no_feed_is_refused_in_a_sentence_on_the_page(
    client: Client, uploader: User, content: str | bytes, words: str
) -> None:
    response = choose(client, content)
    assert words in response.content.decode()
    assert 'role="alert"' in response.content.decode()


def test_without_a_file_the_page_asks_for_one(client: Client, uploader: User) -> None:
    assert "Choose a file first." in client.post(CHOOSE).content.decode()


def test_unknown_columns_are_said_once_and_remembered(client: Client, uploader: User) -> None:
    response = choose(client, GERMAN)
    assert response.context["preview"].delimiter == "semicolon"
    page = response.content.decode()
    assert "No column says that it has the product name. Which one is it: “Text” or “Kennung”?" in page
    assert "The file has neither a product ID nor a SKU." in page
    assert "If a column has the stock quantity, say so in the table of columns instead." in page
    assert 'name="confirm"' not in page
    chosen = form(response) | {
        "column-0": "vendor_product_id", "column-1": "product_name", "column-3": "sku", "column-5": "stock_quantity",
    }  # fmt: skip
    again = client.post(PREVIEW, chosen)
    assert 'name="confirm"' in again.content.decode()
    assert client.post(CONFIRM, form(again)).status_code == 302
    assert set(RememberedReading.objects.get().columns) >= {"vendor_product_id", "sku"}
    assert 'name="confirm"' in choose(client, GERMAN).content.decode()


def test_a_guess_is_taken_at_a_click_and_not_before(client: Client, uploader: User) -> None:
    response = choose(client, GERMAN.replace("Rest", "Lagermänge"))
    page = response.content.decode()
    assert "Perhaps the stock quantity? It isn’t used so far." in page
    guessed = [column.field for column in response.context["preview"].mapped if column.suggestion == "stock_quantity"]
    assert guessed == [""]
    button = re.search(r'<button type="submit" class="link" name="take" value="(\d+:stock_quantity)"', page)
    assert button
    taken = client.post(PREVIEW, form(response) | {"take": button[1]})
    assert taken.context["preview"].layout.mapping.fields["stock_quantity"] == "Lagermänge"


def test_what_was_not_previewed_is_not_started(client: Client, uploader: User) -> None:
    response = choose(client, feed(line(1)))
    for changes in ({"mode": "add"}, {"column-4": ""}):
        again = client.post(CONFIRM, form(response, **changes))
        assert "You changed something after this preview" in again.content.decode()
    assert not UploadHistory.objects.exists()
    assert client.post(CONFIRM, form(client.post(PREVIEW, form(response, mode="add")))).status_code == 302
    assert UploadHistory.objects.get().mode == "add"


def test_pressing_start_twice_leads_to_the_one_upload(client: Client, uploader: User) -> None:
    sent = form(choose(client, feed(line(1), line(2, price="free"))))
    first, second = client.post(CONFIRM, sent), client.post(CONFIRM, sent)
    assert first["Location"] == second["Location"] == f"{BASE}uploads/{UploadHistory.objects.get().pk}/"


@pytest.mark.parametrize(("module", "name"), [(receive, "active_vendor"), (storage, "save")])
def test_pressing_start_twice_at_once_opens_one_upload_and_stores_one_file(
    client: Client, uploader: User, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    sent, answers = form(choose(client, feed(line(1)))), []
    before = set(storage.listing(f"{storage.FEEDS}/VEND001")[1])
    real = getattr(module, name)

    def overtaken(*given: Any) -> Any:
        """What the first press does here, when the second comes in between and is through."""
        done = real(*given)
        monkeypatch.setattr(module, name, real)
        answers.append(client.post(CONFIRM, sent))
        return done

    monkeypatch.setattr(module, name, overtaken)
    answers.append(client.post(CONFIRM, sent))
    upload = UploadHistory.objects.get()
    assert [answer["Location"] for answer in answers] == [f"{BASE}uploads/{upload.pk}/"] * 2
    stored = set(storage.listing(f"{storage.FEEDS}/VEND001")[1]) - before
    assert stored == {upload.storage_key.rpartition("/")[2]}


def test_a_form_that_lost_some_of_its_columns_is_asked_again(client: Client, uploader: User) -> None:
    sent = form(choose(client, feed(line(1))))
    del sent["column-7"]
    for url in (PREVIEW, CONFIRM):
        assert client.post(url, sent).context["preview"].ready
    assert not UploadHistory.objects.exists()


@pytest.mark.parametrize("url", [PREVIEW, CONFIRM])
def test_the_address_of_a_preview_opened_anew_leads_to_choosing_a_file(
    client: Client, uploader: User, url: str
) -> None:
    assert client.get(url)["Location"] == CHOOSE


def test_the_preview_says_what_the_mode_leaves_alone(client: Client, uploader: User) -> None:
    Product.objects.create(
        vendor_id="VEND001", vendor_product_id="P-1", product_name="Product 1", category="Electronics", sku="SKU-1",
        price="1.00", stock_quantity=5,
    )  # fmt: skip
    response = choose(client, feed(line(1), line(2)))
    assert "price: <del><bdi>1.00</bdi></del> → <ins><bdi>9.99</bdi></ins>" in response.content.decode()
    page = client.post(PREVIEW, form(response, mode="add")).content.decode()
    assert "Left alone: in the catalog already" in page
    page = client.post(PREVIEW, form(response, mode="update")).content.decode()
    assert "Left alone: not in the catalog" in page


def test_a_file_sent_before_is_recognised_with_its_result(client: Client, uploader: User) -> None:
    upload = started(client)
    UploadHistory.objects.update(status="completed", inserted_records=41)
    page = choose(client, feed(line(1), line(2, price="free"))).content.decode()
    assert "You sent this file before" in page
    assert "41 new" in page
    assert f"{BASE}uploads/{upload.pk}/" in page


def test_the_trial_of_the_whole_file_is_shown_live_and_without_javascript(
    client: Client, uploader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examine, "is_small", lambda contents: False)
    job = choose(client, feed(line(1), line(2, price="free"))).context["job"]
    url = f"{BASE}upload/trial/{job.pk}/"
    assert "hx-get" in client.get(url, headers={"hx-request": "true"}).content.decode()
    run_jobs(job)
    part = client.get(url, headers={"hx-request": "true"}).content.decode()
    assert "All 2 rows were tried. Nothing was written." in part
    assert "hx-get" not in part
    assert "<html" not in part
    assert "<html" in client.get(url).content.decode()


def test_a_workbook_is_previewed_with_its_sheet_and_sent(client: Client, uploader: User) -> None:
    data = workbook([HEADER.split(","), line(1, sku="007").split(",")])
    response = choose(client, data, "feed.xlsx")
    page = response.content.decode()
    assert "feed.xlsx, sheet “Products”" in page
    assert "007" in page
    client.post(CONFIRM, form(response))
    upload = UploadHistory.objects.get()
    got: Any = client.get(f"{BASE}uploads/{upload.pk}/file/")
    assert b"".join(got.streaming_content) == data


def test_sheets_that_are_not_read_are_said(client: Client, uploader: User) -> None:
    def said(**more: Any) -> str:
        book = workbook([HEADER.strip().split(","), line(1).strip().split(",")], **more)
        response = choose(client, book, "x.xlsx")
        again = client.post(PREVIEW, form(response)).content.decode()
        assert ("was read" in again) == ("was read" in response.content.decode())
        return again

    assert "was read" not in said()
    assert "was read" not in said(Empty=[])
    assert "The sheet “Products” was read; the other sheet, “More”, was not." in said(More=[["x"]])
    assert "The sheet “Products” was read; the 2 other sheets, “A” and “B”, were not." in said(A=[["x"]], B=[["x"]])


def test_rows_that_a_filter_hides_are_asked_about_before_the_file_can_be_sent(client: Client, uploader: User) -> None:
    def hide(book: Any) -> None:
        book.worksheets[0].row_dimensions[3].hidden = True
        book.worksheets[0].auto_filter.ref = "A1:F4"
        book.worksheets[0].auto_filter.add_filter_column(1, ["x"])

    table = [row.strip().split(",") for row in (HEADER, line(1), line(2), line(3))]
    response = choose(client, workbook(table, hide), "x.xlsx")
    assert "A filter hides 1 row of this sheet (row 3). Are they to be read too?" in response.content.decode()
    seen = client.post(PREVIEW, form(response, **{"answer-hidden_rows": "leave_out"}))
    assert "1 hidden row was left out: row 3." in seen.content.decode()
    assert [row.in_file for row in seen.context["preview"].rows] == [
        "row 2 of the sheet “Products”",
        "row 4 of the sheet “Products”",
    ]
    client.post(CONFIRM, form(seen, **{"answer-hidden_rows": "leave_out"}))
    assert "1 hidden row was left out: row 3." in str(UploadHistory.objects.get().layout)


def test_hostile_names_headers_and_cells_are_shown_as_text(client: Client, uploader: User) -> None:
    script = "<script>alert(1)</script>"
    text = f"{HEADER},{script}\n{line(1, product_name=script)},{script}\n"
    page = choose(client, text, f"../../{script[:8]}{'x' * 400}\u202e.csv").content.decode()
    assert "<script>" not in re.sub(r"<script src=[^>]*>", "", page)
    assert "../" not in page
    assert "\u202e" not in page
    upload = started(client, text)
    UploadHistory.objects.update(file_name=script)
    for url in (BASE, f"{BASE}uploads/{upload.pk}/", f"{BASE}uploads/{upload.pk}/cancel/"):
        assert script not in client.get(url).content.decode()


# --- what to send ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_has_all_columns_and_goes_through_as_it_is(client: Client, uploader: User, kind: str) -> None:
    response = client.get(f"{BASE}upload/template.{kind}")
    assert f'filename="products.{kind}"' in response["Content-Disposition"]
    seen = choose(client, response.content, f"products.{kind}").context["preview"]
    assert [row.outcome for row in seen.rows] == ["inserted"]
    assert len(seen.columns) == len(HEADER.split(","))


def test_ids_and_skus_in_the_template_are_text_so_that_leading_zeros_stay() -> None:
    sheet = load_workbook(io.BytesIO(guide.template_xlsx())).worksheets[0]
    formats = {cell.value: sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]}
    assert (formats["Product ID"], formats["SKU"]) == ("@", "@")
    assert (sheet["A2"].value, sheet["A2"].number_format) == ("00017", "@")


def test_each_column_is_explained_with_the_limits_that_hold_and_the_categories(client: Client, uploader: User) -> None:
    page = client.get(BASE + "upload/columns/").content.decode()
    for words in ("Product ID", "at most 10,000 characters", "Electronics", "Stock quantity"):
        assert words in page
    assert [one.name for one in guide.explained()] == [*HEADER.split(","), "currency", "gtin", "image_url", "action"]


def test_the_explained_example_is_a_right_row() -> None:
    file = io.BytesIO(guide.template_csv())
    layout = parser.inspect(file)
    assert not layout.mapping.missing


# --- progress --------------------------------------------------------------------------------------------------


def test_the_home_page_leads_to_each_upload(client: Client, uploader: User) -> None:
    upload = started(client)
    page = client.get(BASE).content.decode()
    assert f'href="{BASE}uploads/{upload.pk}/"' in page
    assert "We are reading your file." in page


@pytest.mark.django_db(transaction=True)
def test_the_progress_tells_each_step_in_plain_words(client: Client, pipeline: Pipeline) -> None:
    sign_in(client, "uploader")
    upload = started(client)
    url = f"{BASE}uploads/{upload.pk}/"
    page = client.get(url).content.decode()
    assert "You can close this page and come back" in page
    assert "hx-get" in page
    pipeline.stage(upload)
    pipeline.settle()
    page = client.get(url).content.decode()
    assert "1 row was right, 1 row needs you." in page
    assert "hx-get" not in page
    assert f'href="{url}failed-rows.xlsx">download the rows with errors</a>' in page, "Excel takes zeros off a CSV"
    report: Any = client.get(url + "failed-rows.csv")
    assert b"invalid_price" in b"".join(report.streaming_content)


def test_who_only_views_sees_the_progress_and_can_stop_nothing(client: Client, vendor: Vendor) -> None:
    upload = receive.receive(io.BytesIO(feed(line(1)).encode()), "feed.csv", "VEND001")
    sign_in(client, "viewer")
    url = f"{BASE}uploads/{upload.pk}/"
    page = client.get(url).content.decode()
    assert "cancel/" not in page
    assert client.post(url + "cancel/").status_code == 403
    assert client.post(url + "notify/").status_code == 403
    assert client.get(BASE).status_code == 200


def test_cancelling_says_how_many_rows_and_waits_for_the_confirmation(client: Client, uploader: User) -> None:
    upload = started(client)
    UploadHistory.objects.update(file_rows=12, staged_rows=12)
    url = f"{BASE}uploads/{upload.pk}/cancel/"
    assert "Cancel 12 rows" in client.get(url).content.decode()
    assert UploadHistory.objects.get().status == "processing"
    client.post(url)
    assert UploadHistory.objects.get().status == "cancelled"
    assert LogEntry.objects.get(object_id=upload.pk).change_message == "Cancelled on the vendor's page."
    assert "nothing to cancel" in client.get(url, follow=True).content.decode()


def test_a_file_that_is_still_read_is_cancelled_without_a_number_that_nobody_knows(
    client: Client, uploader: User
) -> None:
    upload = started(client)
    UploadHistory.objects.update(staged_rows=500, total_records=600, valid_records=600)
    url = f"{BASE}uploads/{upload.pk}/"
    assert [step.number for step in client.get(url).context["steps"]][1:3] == ["600", "600"], "not more than were read"
    assert "Cancel the rest" in client.get(url + "cancel/").content.decode()
    assert "<progress" in client.get(url).content.decode()
    client.post(url + "cancel/")
    assert "<progress" not in client.get(url).content.decode(), "what was cancelled isn't complete"


def test_the_uploader_chooses_whether_to_be_told(client: Client, uploader: User) -> None:
    assert started(client).notify == "nobody"
    upload = started(client, notify="on")
    assert upload.notify == "uploader"
    url = f"{BASE}uploads/{upload.pk}/notify/"
    client.post(url)
    upload.refresh_from_db()
    assert upload.notify == "nobody"
    client.post(url, {"wanted": "1"})
    upload.refresh_from_db()
    assert upload.notify == "uploader"


def test_nobody_else_says_who_is_told(client: Client, uploader: User) -> None:
    upload = receive.receive(io.BytesIO(feed(line(1)).encode()), "feed.csv", "VEND001")
    client.post(f"{BASE}uploads/{upload.pk}/notify/", {"wanted": "1"})
    upload.refresh_from_db()
    assert upload.notify == "vendor"


def test_the_home_page_asks_for_no_more_as_uploads_become_more(client: Client, uploader: User, vendor: Vendor) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(BASE)
        return len(captured)

    UploadHistory.objects.create(upload_id="U0", vendor=vendor, file_name="f")
    before = queries()
    for number in range(1, 12):
        UploadHistory.objects.create(upload_id=f"U{number}", vendor=vendor, file_name="f")
    assert queries() == before
