"""The page of one upload: how it gets on, what went wrong, and its files."""

import re
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles import finders
from django.test import Client

from tests.feeds import feed, line
from uploads.aws import storage
from uploads.aws.storage import StorageUnavailable
from uploads.insight import downloads
from uploads.models import RecordOutcome, UploadHistory, ValidationError

SCRIPT = "<script>alert(1)</script>"


def address(upload: UploadHistory, page: str = "change") -> str:
    return f"/admin/uploads/uploadhistory/{quote(upload.pk)}/{page}/"


def page(client: Client, upload: UploadHistory, name: str = "change") -> str:
    response = client.get(address(upload, name))
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def running(vendor: Any) -> UploadHistory:
    """An upload on its way: 5 of 20 rows have an outcome, one of them an error."""
    upload = UploadHistory.objects.create(
        upload_id="UPLOAD_1", vendor=vendor, file_name="feed.csv", file_rows=20, staged_rows=20, total_records=5,
        valid_records=4, error_records=1, inserted_records=3, unchanged_records=1,
    )  # fmt: skip
    ValidationError.objects.create(
        upload=upload, vendor=vendor, row_number=7, error_type="unknown_category", field="category",
        error_message="“Boks” is not a category on our list.", suggestion="Books", record_id="REC_0000007",
        original_data={"sku": "SKU-7", "category": "Boks", "product_name": SCRIPT, "note": "\u202egnp.exe"},
    )  # fmt: skip
    return upload


# --- progress --------------------------------------------------------------------------------------------------


def test_the_page_shows_how_far_the_upload_is(admin_client: Client, running: UploadHistory) -> None:
    text = page(admin_client, running)
    assert "Checking: 5 of 20 rows are checked." in text
    assert 'role="progressbar"' in text
    assert 'aria-valuenow="25"' in text
    assert 'aria-live="polite"' in text


def test_the_part_that_changes_can_be_fetched_alone(admin_client: Client, running: UploadHistory) -> None:
    assert 'data-ended="no"' in page(admin_client, running, "progress")
    running.total_records = running.valid_records = 20
    running.error_records, running.status = 0, "completed"
    running.save()
    response = admin_client.get(address(running, "progress"))
    assert 'data-ended="yes"' in response.content.decode()
    assert "Done. 20 rows were right." in response.content.decode()
    assert "<html" not in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]


def test_the_page_asks_for_that_part_until_the_upload_has_ended(admin_client: Client, running: UploadHistory) -> None:
    asks = f'hx-get="{address(running, "progress")}"'
    assert asks in page(admin_client, running)
    assert asks in page(admin_client, running, "progress")
    UploadHistory.objects.update(status="completed")
    assert "hx-get" not in page(admin_client, running, "progress")


def test_without_scripts_the_page_reloads_until_the_upload_has_ended(
    admin_client: Client, running: UploadHistory
) -> None:
    reload = '<noscript><meta http-equiv="refresh"'
    assert reload in page(admin_client, running)
    UploadHistory.objects.update(status="completed")
    assert reload not in page(admin_client, running)


def test_the_page_brings_its_own_script_and_style_and_has_none_inline(
    admin_client: Client, running: UploadHistory
) -> None:
    text = page(admin_client, running)
    for script in ("uploads/live.js", "third_party/htmx/htmx.min.js"):
        assert f'src="/static/{script}" defer' in text or f'defer src="/static/{script}"' in text
        assert finders.find(script)
    assert finders.find("vendors/back_office.css")
    own = page(admin_client, running, "progress")
    assert "<script" not in own
    assert "style=" not in own


def test_errors_are_grouped_with_an_example_a_suggestion_and_a_way_to_the_rows(
    admin_client: Client, running: UploadHistory
) -> None:
    text = page(admin_client, running, "progress")
    assert "Row 7: “Boks” is not a category on our list." in text
    assert "Perhaps: Books" in text
    way = "/admin/uploads/validationerror/?upload=UPLOAD_1&amp;state=open&amp;error_type=unknown_category"
    assert f'<a href="{way}">1<span' in text
    assert f'<a href="{way}">Unknown category</a>' in text, "rows are corrected when all are checked"
    UploadHistory.objects.update(status="completed")
    rows = "/admin/uploads/validationerror/rows/?upload=UPLOAD_1&amp;code=unknown_category"
    assert f'<a href="{rows}">Unknown category</a>' in page(admin_client, running, "progress")
    assert admin_client.get(way.replace("&amp;", "&")).context["cl"].result_count == 1


def test_a_failed_upload_says_why(admin_client: Client, running: UploadHistory) -> None:
    UploadHistory.objects.update(status="failed", failure_reason=f"The stored file is gone. {SCRIPT}")
    text = page(admin_client, running, "progress")
    assert "The stored file is gone." in text
    assert SCRIPT not in text
    assert "<progress" not in text


def test_an_upload_that_is_not_there_is_said_to_be_missing(admin_client: Client, db: None) -> None:
    assert admin_client.get("/admin/uploads/uploadhistory/nothing/change/").status_code == 302
    for name in ("progress", "file", "report"):
        assert admin_client.get(f"/admin/uploads/uploadhistory/nothing/{name}/").status_code == 404


def test_an_upload_of_another_program_has_a_page_too(admin_client: Client, vendor: Any) -> None:
    upload = UploadHistory.objects.create(upload_id="a/b?c", vendor=vendor, file_name="Records", source="dynamodb")
    assert "Original file" not in page(admin_client, upload)


# --- the page of an error --------------------------------------------------------------------------------------


def test_an_error_shows_the_row_as_a_table_in_the_order_of_its_file(
    admin_client: Client, running: UploadHistory
) -> None:
    UploadHistory.objects.update(layout={"headers": ["product_name", "sku", "category", "note"]} | READ)
    error = ValidationError.objects.get()
    text = admin_client.get(f"/admin/uploads/validationerror/{error.pk}/change/").content.decode()
    assert re.findall(r'<th scope="row">(\w+)</th>', text) == ["product_name", "sku", "category", "note"]
    assert SCRIPT not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "⟨U+202E⟩gnp.exe" in text


READ = {
    "encoding": "utf-8", "delimiter": ",", "first_row": {"offset": 0, "row_number": 0}, "notes": [],
    "mapping": {"fields": {"vendor_product_id": "sku"}, "ignored": [], "missing": []},
}  # fmt: skip


@pytest.mark.parametrize("data", [None, "text", ["a", 1], {"raw": SCRIPT}, {"a": {"b": 1}, "c": None}])
def test_whatever_was_kept_of_a_row_can_be_shown(admin_client: Client, running: UploadHistory, data: object) -> None:
    ValidationError.objects.update(original_data=data)
    error = ValidationError.objects.get()
    response = admin_client.get(f"/admin/uploads/validationerror/{error.pk}/change/")
    assert response.status_code == 200
    assert SCRIPT not in response.content.decode()


def test_an_error_leads_to_its_upload_its_row_and_its_record(admin_client: Client, running: UploadHistory) -> None:
    RecordOutcome.objects.create(upload_id="UPLOAD_1", upload_sequence=1, record_id="REC_0000007", outcome="error")
    error = ValidationError.objects.get()
    text = admin_client.get(f"/admin/uploads/validationerror/{error.pk}/change/").content.decode()
    ledger = "/admin/uploads/recordoutcome/?upload=UPLOAD_1&amp;record=REC_0000007"
    for way in (
        address(running),
        ledger,
        "/admin/uploads/validationerror/?upload=UPLOAD_1&amp;q=7&amp;severity=all&amp;state=all",
    ):
        assert f'href="{way}"' in text
        assert admin_client.get(way.replace("&amp;", "&")).status_code == 200
    assert admin_client.get(ledger.replace("&amp;", "&")).context["cl"].result_count == 1


def test_errors_of_an_upload_come_in_the_order_of_its_rows(admin_client: Client, running: UploadHistory) -> None:
    for row in (3, 12, 5):
        ValidationError.objects.create(upload=running, vendor_id="VEND001", row_number=row, error_type="x")
    errors = admin_client.get("/admin/uploads/validationerror/?upload=UPLOAD_1").context["cl"].result_list
    assert [error.row_number for error in errors] == [3, 5, 7, 12]


# --- downloads -------------------------------------------------------------------------------------------------


def download(client: Client, upload: UploadHistory, name: str) -> tuple[Any, bytes]:
    response: Any = client.get(address(upload, name))
    assert response.status_code == 200
    return response, b"".join(response.streaming_content)


@pytest.fixture
def finished(pipeline: Any) -> UploadHistory:
    """An upload with one good row and one bad one."""
    upload: UploadHistory = pipeline.run(feed(line(1), line(2, price="=1+1")))
    return upload


def test_the_original_file_comes_as_it_was_sent_and_as_an_attachment(
    admin_client: Client, finished: UploadHistory
) -> None:
    response, content = download(admin_client, finished, "file")
    assert content.decode() == feed(line(1), line(2, price="=1+1"))
    assert response.headers["Content-Disposition"] == 'attachment; filename="feed.csv"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Length"] == str(len(content))


def test_the_error_report_is_the_stored_one(admin_client: Client, finished: UploadHistory) -> None:
    response, content = download(admin_client, finished, "report")
    with storage.opened(finished.error_report_key) as file:
        assert content == file.read()
    assert "invalid_price" in content.decode()
    assert "feed-errors.csv" in response.headers["Content-Disposition"]


def test_the_error_report_is_made_on_the_spot_while_there_is_none(admin_client: Client, running: UploadHistory) -> None:
    response, content = download(admin_client, running, "report")
    assert content.startswith("\ufeff".encode())
    assert "unknown_category" in content.decode()
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_hostile_file_name_stays_within_its_header(admin_client: Client, running: UploadHistory) -> None:
    UploadHistory.objects.update(file_name='a"; filename="evil.exe\r\nSet-Cookie: x=1.csv')
    response, _ = download(admin_client, running, "report")
    assert "Set-Cookie" not in response.headers
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_file_that_is_gone_is_said_on_the_page(admin_client: Client, running: UploadHistory, bucket: None) -> None:
    UploadHistory.objects.update(storage_key="feeds/gone.csv")
    response = admin_client.get(address(running, "file"), follow=True)
    assert "The file isn&#x27;t in storage any more." in response.content.decode()


def test_storage_that_is_away_is_said_on_the_page(
    admin_client: Client, running: UploadHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: UploadHistory) -> None:
        raise StorageUnavailable("connection refused")

    monkeypatch.setattr(downloads, "original", away)
    response = admin_client.get(address(running, "file"), follow=True)
    assert "File storage isn&#x27;t reachable." in response.content.decode()


@pytest.mark.parametrize("name", ["progress", "file", "report"])
def test_progress_and_files_need_permissions_of_their_own(client: Client, running: UploadHistory, name: str) -> None:
    assert client.get(address(running, name)).headers["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("vendor"))
    assert client.get(address(running, name)).headers["Location"].startswith("/admin/login/")
    newcomer = User.objects.create_user("newcomer", is_staff=True)
    client.force_login(newcomer)
    assert client.get(address(running, name)).status_code == 403
    newcomer.user_permissions.add(Permission.objects.get(codename="view_uploadhistory"))
    client.force_login(User.objects.get(pk=newcomer.pk))
    assert client.get(address(running, name)).status_code == (200 if name == "progress" else 403)
    newcomer.user_permissions.add(Permission.objects.get(codename="download_uploadhistory"))
    client.force_login(User.objects.get(pk=newcomer.pk))
    assert client.get(address(running, name)).status_code in (200, 302)
