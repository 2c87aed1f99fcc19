"""Step 8: complete only with all rows, a report that can be corrected and sent back, and one notification."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from uploads.aws import dynamo, storage
from uploads.corrections import correct
from uploads.feed import parser
from uploads.feed.sheets.handed_out import REPORT_COLUMNS
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline import finish, report, stream
from vendors.models import Vendor, VendorMember


def report_of(upload: UploadHistory) -> str:
    with storage.opened(upload.error_report_key) as file:
        return file.read().decode("utf-8-sig")


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def consume() -> None:
    while stream.consume():
        pass


def settled(pipeline: Pipeline, text: str) -> UploadHistory:
    """An upload whose rows all have an outcome, but that isn't finished yet."""
    upload = pipeline.send(text)
    pipeline.stage(upload)
    consume()
    upload.refresh_from_db()
    return upload


# --- the report ------------------------------------------------------------------------------------------------


def test_the_report_has_the_failed_rows_with_their_columns_and_what_is_wrong(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free"), line(3, category="Electroncs")))

    text = report_of(upload)
    assert text.splitlines()[0] == ",".join([HEADER, *REPORT_COLUMNS])
    free, typo = lines(text)
    assert (free["vendor_product_id"], free["price"], free["row_number"]) == ("P-2", "free", "2")
    assert (free["error_code"], free["error_field"]) == ("invalid_price", "price")
    assert "free" in free["error_message"]
    assert (typo["error_code"], typo["error_suggestion"]) == ("unknown_category", "Electronics")


def test_all_problems_of_a_row_stand_in_one_line(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="free", sku="a b", stock_quantity="-1")))

    (row,) = lines(report_of(upload))
    assert row["error_code"] == "invalid_sku; invalid_price; negative_stock"
    assert row["error_field"] == "sku; price; stock_quantity"
    assert row["error_message"].count("; ") == 2
    assert row["error_suggestion"] == "a-b; 0"


def test_an_unreadable_row_stands_there_with_its_text(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), 'P-2,"too, few"'))

    (row,) = lines(report_of(upload))
    assert (row["row_number"], row["error_code"], row["vendor_product_id"]) == ("2", "wrong_column_count", "")
    assert 'The line was: P-2,"too, few"' in row["error_message"]


def test_nothing_in_the_report_runs_in_a_spreadsheet(pipeline: Pipeline) -> None:
    text = feed(line(1, product_name="=1+1", brand="@x", price="-1", sku="+1+1"))
    upload = pipeline.run(text.replace("description", "=cmd()"))

    for cells in csv.reader(io.StringIO(report_of(upload), newline="")):
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_corrected_report_can_be_sent_back_as_it_is(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free", product_name="=Lamp"), line(3)))
    text = report_of(upload)
    layout = parser.inspect(io.BytesIO(text.encode("utf-8-sig")))
    assert set(layout.mapping.ignored) == set(REPORT_COLUMNS)
    again = pipeline.run(
        text.replace("P-2,'=Lamp,Electronics,SKU-2,Acme,,free", "P-2,'=Lamp,Electronics,SKU-2,Acme,,5.00")
    )

    assert (again.total_records, again.inserted_records) == (1, 1)
    assert Product.objects.get(sku="SKU-2").product_name == "=Lamp"


def test_the_report_of_a_report_has_the_added_columns_once(pipeline: Pipeline) -> None:
    first = pipeline.run(feed(line(1, price="free")))
    second = pipeline.run(report_of(first))

    assert report_of(second) == report_of(first)


def test_a_long_report_is_read_in_chunks_without_losing_a_row(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHUNK", 2)
    rows = [line(n, price="free", sku="a b", stock_quantity="x") if n % 3 else line(n, price="0") for n in range(1, 9)]
    upload = pipeline.run(feed(*rows))

    found = lines(report_of(upload))
    assert [row["row_number"] for row in found] == [str(n) for n in range(1, 9)]
    assert [row["error_code"].count(";") for row in found] == [2, 2, 0, 2, 2, 0, 2, 2]


def test_problems_that_were_resolved_are_left_out(pipeline: Pipeline) -> None:
    upload = settled(pipeline, feed(line(1, price="free"), line(2, price="free")))
    ValidationError.objects.filter(row_number=1).update(resolved_at="2026-01-31T10:30:45Z")
    finish.finish(upload.upload_id)
    upload.refresh_from_db()

    assert [row["row_number"] for row in lines(report_of(upload))] == ["2"]


def test_records_that_came_without_a_file_are_reported_under_the_columns_they_had(db: None, vendor: Vendor) -> None:
    upload = UploadHistory.objects.create(upload_id="ERP", vendor=vendor, file_name="x", source="dynamodb")
    for row, data in enumerate([{"sku": "A"}, {"sku": "B", "price": None}, {"raw": "x,y"}], 1):
        ValidationError.objects.create(
            upload=upload, vendor=vendor, row_number=row, error_type="e", error_message="m", original_data=data
        )
    out = io.StringIO(newline="")
    report.write_report(upload, out)

    rows = lines(out.getvalue())
    assert list(rows[0])[: -len(REPORT_COLUMNS)] == ["sku", "price"]
    assert [(row["sku"], row["price"]) for row in rows] == [("A", ""), ("B", ""), ("", "")]
    assert rows[2]["error_message"] == "m; The line was: x,y"


def test_a_file_without_errors_has_no_report(pipeline: Pipeline) -> None:
    assert pipeline.run(feed(line(1))).error_report_key == ""


# --- completion ------------------------------------------------------------------------------------------------


def test_an_upload_is_not_complete_before_every_row_has_an_outcome(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1), line(2)))
    assert finish.finish(upload.upload_id) is False
    pipeline.stage(upload)
    assert finish.finish(upload.upload_id) is False
    consume()
    assert finish.finish(upload.upload_id) is True


def test_an_upload_whose_file_is_not_staged_to_its_end_is_not_complete(pipeline: Pipeline) -> None:
    upload = settled(pipeline, feed(line(1)))
    UploadHistory.objects.update(file_rows=None)

    assert finish.finish(upload.upload_id) is False


def test_an_adopted_upload_needs_one_record_at_least(db: None, vendor: Vendor) -> None:
    upload = UploadHistory.objects.create(upload_id="ERP", vendor=vendor, file_name="x", source="dynamodb")
    assert finish.finish("ERP") is False
    UploadHistory.objects.update(total_records=1, error_records=1)

    assert finish.finish("ERP") is True
    upload.refresh_from_db()
    assert (upload.status, upload.error_report_key) == ("completed", "")


def test_finishing_twice_is_harmless(pipeline: Pipeline, mailoutbox: list[Any]) -> None:
    upload = pipeline.run(feed(line(1, price="free")))
    completed_at = upload.completed_at

    assert finish.finish(upload.upload_id) is False
    upload.refresh_from_db()
    assert upload.completed_at == completed_at
    assert len(mailoutbox) == 1
    assert finish.finish("no such upload") is False


def test_two_processes_that_finish_at_once_leave_one_report_that_can_be_fetched(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[Any]
) -> None:
    upload = settled(pipeline, feed(line(1, price="free")))
    before = set(default_storage.listdir("reports/VEND001")[1])
    real = report.store

    def overtaken(found: UploadHistory) -> str:
        key = real(found)
        monkeypatch.setattr(report, "store", real)
        assert finish.finish(upload.upload_id) is True
        return key

    monkeypatch.setattr(report, "store", overtaken)
    assert finish.finish(upload.upload_id) is False
    upload.refresh_from_db()

    assert lines(report_of(upload))[0]["error_code"] == "invalid_price"
    assert len(set(default_storage.listdir("reports/VEND001")[1]) - before) == 1
    assert len(mailoutbox) == 1


def test_an_upload_is_complete_only_once_its_report_is_stored(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = settled(pipeline, feed(line(1, price="free")))

    def away(*_: Any) -> None:
        raise storage.StorageUnavailable("no route")

    with monkeypatch.context() as unplugged:
        unplugged.setattr(storage, "save", away)
        with pytest.raises(storage.StorageUnavailable):
            finish.finish(upload.upload_id)
    upload.refresh_from_db()
    assert upload.status == "processing"
    assert finish.finish(upload.upload_id) is True


# --- the notification ------------------------------------------------------------------------------------------


def test_the_vendor_is_told_once_with_the_numbers(pipeline: Pipeline, mailoutbox: list[Any]) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="free")))

    (mail,) = mailoutbox
    assert mail.to == ["feeds@northwind.example"]
    assert mail.subject == "feed.csv: partly imported"
    assert "2 rows: 1 new, 0 updated, 0 unchanged, 1 with errors" in mail.body
    assert "error report" in mail.body
    assert upload.upload_id in mail.body


def test_the_link_in_the_mail_leads_there_however_the_sites_address_is_written(
    pipeline: Pipeline, mailoutbox: list[Any], settings: Any, vendor: Vendor
) -> None:
    settings.SITE_URL = "https://vendors.example/"
    ada = User.objects.create_user("ada", "ada@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=ada, role="uploader")
    upload = settled(pipeline, feed(line(1, price="free")))
    UploadHistory.objects.update(notify="uploader", uploaded_by=ada)
    finish.finish(upload.pk)
    assert f"https://vendors.example/vendor/VEND001/uploads/{upload.pk}/\n" in mailoutbox[0].body
    assert "1 row: 0 new" in mailoutbox[0].body


def test_a_failed_upload_tells_the_reason_once(pipeline: Pipeline, mailoutbox: list[Any]) -> None:
    upload = pipeline.send(feed(line(1)))
    for reason in ("The file is gone.", "Another reason."):
        finish.fail(upload.upload_id, "file_missing", reason)
    upload.refresh_from_db()

    assert (upload.status, upload.failure_reason) == ("failed", "The file is gone.")
    assert upload.completed_at is not None
    assert ["The file is gone." in mail.body for mail in mailoutbox] == [True]


def test_a_completed_upload_can_fail_no_more(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1)))
    finish.fail(upload.upload_id, "x", "x")
    upload.refresh_from_db()

    assert upload.status == "completed"


def test_a_mail_server_that_is_away_holds_nothing_up(pipeline: Pipeline, settings: Any) -> None:
    upload = settled(pipeline, feed(line(1)))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    assert finish.finish(upload.upload_id) is True


def test_an_address_that_can_get_no_mail_holds_nothing_up(pipeline: Pipeline) -> None:
    upload = settled(pipeline, feed(line(1)))
    Vendor.objects.update(email="feeds@northwind.example\nBcc: everybody@example.com")

    assert finish.finish(upload.upload_id) is True


def test_rows_in_the_table_keep_their_status_when_their_upload_ends(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="free")))

    assert [item["status"]["S"] for item in dynamo.query_upload(upload.upload_id)] == ["error"]


def test_a_row_corrected_while_the_report_is_written_does_not_stay_in_it(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(line(1, price="x"), line(2, price="x")))
    pipeline.stage(upload)
    while stream.consume():
        pass
    store = report.store

    def meanwhile_mended(upload: UploadHistory) -> str:
        key = store(upload)
        correct.correct(upload.pk, "REC_0000001", 1, {"price": "5"}, admin_user)
        return key

    with monkeypatch.context() as patch:
        patch.setattr(report, "store", meanwhile_mended)
        assert finish.finish(upload.pk) is False
    assert finish.finish(upload.pk) is True

    upload.refresh_from_db()
    with storage.opened(upload.error_report_key) as file:
        assert [row.split(",")[0] for row in file.read().decode().splitlines()[1:]] == ["P-2"]


def test_records_of_a_program_that_share_a_row_number_have_a_line_each(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHUNK", 2)
    upload = UploadHistory.objects.create(upload_id="ERP", vendor=vendor, file_name="x", source="dynamodb")
    for record_id, code in [("a", "invalid_price"), ("b", "invalid_price"), ("a", "invalid_stock"), ("c", "too_long")]:
        ValidationError.objects.create(
            upload=upload, vendor=vendor, row_number=0, record_id=record_id, error_type=code, error_message=code,
            original_data={"sku": record_id},
        )  # fmt: skip
    out = io.StringIO()
    report.write_report(upload, out)

    lines = [line.split(",")[:4:3] for line in out.getvalue().splitlines()[1:]]
    assert lines == [["a", "invalid_price; invalid_stock"], ["b", "invalid_price"], ["c", "too_long"]]


def test_a_program_that_numbers_no_row_has_its_problems_sorted_a_few_times_however_many_they_are(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHUNK", 2)
    upload = UploadHistory.objects.create(upload_id="ERP", vendor=vendor, file_name="x", source="dynamodb")
    ValidationError.objects.bulk_create(
        ValidationError(upload=upload, vendor=vendor, row_number=0, record_id=f"R{n:03}", error_type=code)
        for n in range(100, 0, -1) for code in ("invalid_price", "invalid_stock")
    )  # fmt: skip
    with CaptureQueriesContext(connection) as asked:
        found = [(one.record_id, one.error_type) for one in report.unresolved(upload, warnings=False)]
    assert found == [(f"R{n:03}", code) for n in range(1, 101) for code in ("invalid_price", "invalid_stock")]
    assert len([one for one in asked if "ORDER BY" in one["sql"]]) == 5
