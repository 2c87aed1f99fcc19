"""The currency of prices, from the file to the pages: never one that nobody said or answered."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from catalog.models import Product, ProductChange
from tests.catalog import importing
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from uploads.aws import dynamo
from uploads.feed.parser import Layout, Reading
from uploads.feed.sheets.handed_out import CURRENCY_COLUMN
from uploads.insight import timeline
from uploads.models import UploadHistory, ValidationError
from uploads.pipeline import receive, report
from uploads.pipeline.examine import Refused
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("categories")
EUROS = feed(line(1, price="€10.00"), line(2, price='"1.299,00 €"'))
ASKED = "The prices are in EUR, but the currency of Northwind is USD. Which currency is right?"


def in_catalog() -> list[tuple[str, str, str]]:
    return [(p.sku, str(p.price), p.currency) for p in Product.objects.order_by("sku")]


def sent(pipeline: Pipeline, text: str, currency: str) -> UploadHistory:
    """What becomes of a file whose question about its currency was answered."""
    reading = Reading(answers={"currency": currency})
    upload = receive.receive(io.BytesIO(text.encode()), "feed.csv", "VEND001", reading=reading)
    return finished(pipeline, upload)


def finished(pipeline: Pipeline, upload: UploadHistory) -> UploadHistory:
    pipeline.stage(upload)
    pipeline.settle()
    upload.refresh_from_db()
    return upload


# --- into the catalog -------------------------------------------------------------------------------------------


def test_prices_that_say_nothing_are_in_the_vendors_currency(pipeline: Pipeline, vendor: Vendor) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(currency="CAD")
    assert pipeline.run(feed(line(1), line(2, price="$5.00"), line(3, price="5.00 CAD"))).valid_records == 3
    assert in_catalog() == [("SKU-1", "9.99", "CAD"), ("SKU-2", "5.00", "CAD"), ("SKU-3", "5.00", "CAD")]


def test_a_file_in_another_currency_is_in_it_once_somebody_said_so(pipeline: Pipeline) -> None:
    with pytest.raises(Refused, match="The prices are in EUR") as refused:
        pipeline.run(EUROS)
    assert refused.value.code == "question"
    assert not UploadHistory.objects.exists()

    assert sent(pipeline, EUROS, "EUR").valid_records == 2
    assert in_catalog() == [("SKU-1", "10.00", "EUR"), ("SKU-2", "1299.00", "EUR")]


def test_a_row_that_differs_from_the_answer_is_an_error_and_can_be_corrected(pipeline: Pipeline) -> None:
    upload = sent(pipeline, feed(line(1), line(2, price="€10.00")), "USD")
    assert (upload.valid_records, upload.error_records) == (1, 1)
    error = ValidationError.objects.get()
    assert (error.error_type, error.field, error.wrong_value) == ("other_currency", "price", "€10.00")
    assert "“€10.00” is in EUR; this upload is in USD" in error.error_message


def test_a_change_of_the_vendors_currency_changes_nothing_in_what_was_received_before(
    pipeline: Pipeline, vendor: Vendor
) -> None:
    upload = pipeline.send(feed(line(1)))
    Vendor.objects.filter(pk=vendor.pk).update(currency="EUR")
    assert finished(pipeline, upload).valid_records == 1
    assert in_catalog() == [("SKU-1", "9.99", "USD")]


def test_an_upload_from_before_currencies_were_known_is_in_the_vendors(pipeline: Pipeline, vendor: Vendor) -> None:
    upload = pipeline.send(feed(line(1)))
    layout = {name: value for name, value in (upload.layout or {}).items() if not name.startswith("currency")}
    UploadHistory.objects.filter(pk=upload.pk).update(layout=layout)
    Vendor.objects.filter(pk=vendor.pk).update(currency="EUR")
    assert finished(pipeline, upload).valid_records == 1
    assert in_catalog() == [("SKU-1", "9.99", "EUR")]


def test_a_price_that_only_changes_its_currency_is_an_update_with_a_history(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, price="10.00")))
    upload = sent(pipeline, feed(line(1, price="10.00 EUR")), "EUR")
    assert (upload.updated_records, in_catalog()) == (1, [("SKU-1", "10.00", "EUR")])
    assert ProductChange.objects.get().changes == {"currency": ["USD", "EUR"]}
    shown = [(entry.kind, entry.changes) for entry in timeline.of(Product.objects.get().pk).entries]
    assert shown[0] == ("updated", (timeline.FieldChange("currency", "USD", "EUR"),))
    assert timeline.FieldChange("currency", None, "USD") in shown[1][1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (feed(line(1, price="$9.99"), line(2, price="€10")), "USD, CAD or another (1 row, in line 2) and EUR"),
        (feed(line(1) + ",USD", line(2) + ",EUR").replace(HEADER, HEADER + ",Currency"), "USD (1 row, in line 2)"),
    ],
)
def test_a_file_that_mixes_currencies_is_refused_as_a_whole(pipeline: Pipeline, text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        pipeline.run(text)
    assert refused.value.code == "mixed_currencies"
    assert said in str(refused.value)
    assert not UploadHistory.objects.exists()


def test_records_of_other_programs_are_held_against_the_vendors_currency(pipeline: Pipeline) -> None:
    header = HEADER.split(",")
    for number, more in enumerate(
        [{}, {"price": "$5"}, {"price": "€5"}, {"currency": "usd"}, {"currency": "EUR"}, {"currency": "coins"}], 1
    ):
        cells = dict(zip(header, line(number).split(","), strict=True)) | more
        dynamo.put_records(
            [
                {
                    "upload_id": {"S": "PROGRAM-1"}, "record_id": {"S": f"R-{number}"}, "vendor_id": {"S": "VEND001"},
                    "row_number": {"N": str(number)}, "status": {"S": "pending_validation"},
                    "product_data": {"M": {name: {"S": cell} for name, cell in cells.items()}},
                }
            ]
        )  # fmt: skip
    pipeline.settle()
    assert [(sku, currency) for sku, _, currency in in_catalog()] == [(f"SKU-{n}", "USD") for n in (1, 2, 4)]
    errors = ValidationError.objects.order_by("row_number").values_list("row_number", "error_type", "field")
    assert list(errors) == [
        (3, "other_currency", "price"), (5, "other_currency", "currency"), (6, "invalid_currency", "currency"),
    ]  # fmt: skip


# --- files that we handed out -----------------------------------------------------------------------------------


def test_an_export_of_a_catalog_in_several_currencies_comes_back_unchanged(pipeline: Pipeline, member: Client) -> None:
    sent(pipeline, EUROS, "EUR")
    pipeline.run(feed(line(3), line(4)))
    before = in_catalog()
    assert {currency for _, _, currency in before} == {"USD", "EUR"}
    for kind in ("csv", "xlsx"):
        content = b"".join(member.get(f"/vendor/VEND001/catalog/export.{kind}"))
        upload = pipeline.run(content)
        assert (upload.total_records, upload.unchanged_records) == (4, 4)
    assert in_catalog() == before


def test_a_currency_that_is_changed_in_an_export_is_changed_in_the_catalog(pipeline: Pipeline, member: Client) -> None:
    pipeline.run(feed(line(1), line(2)))
    content = b"".join(member.get("/vendor/VEND001/catalog/export.csv")).decode("utf-8-sig")
    upload = pipeline.run(content.replace("USD", "EUR", 1))
    assert (upload.updated_records, upload.unchanged_records) == (1, 1)
    assert {currency for _, _, currency in in_catalog()} == {"EUR", "USD"}


def test_a_price_that_was_missing_and_is_filled_in_in_the_error_report_is_in_the_uploads_currency(
    pipeline: Pipeline,
) -> None:
    upload = sent(pipeline, feed(line(1, price="€10.00"), line(2, price="")), "EUR")
    header, row = report.report_rows(upload)
    assert CURRENCY_COLUMN in header
    row[header.index("price")] = "12.00"
    assert finished(pipeline, pipeline.send("\n".join([",".join(header), ",".join(f'"{c}"' for c in row)])))
    assert in_catalog() == [("SKU-1", "10.00", "EUR"), ("SKU-2", "12.00", "EUR")]


def test_the_error_report_of_a_file_in_the_vendors_currency_has_no_column_for_it(pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1), line(2, price="")))
    assert CURRENCY_COLUMN not in next(report.report_rows(upload))


# --- pages ------------------------------------------------------------------------------------------------------

BASE = "/vendor/VEND001/upload/"


def vendors_form(response: Any, **changes: str) -> dict[str, str]:
    shown, preview = response.context["confirm_form"], response.context["preview"]
    columns = {column.name: column.field for column in preview.mapped}
    names = ("token", "shape", "seen", "encoding", "delimiter", "mode")
    return {name: shown.initial[name] for name in names} | columns | changes


def test_a_vendor_is_asked_in_the_preview_and_the_answer_goes_into_the_catalog(
    pipeline: Pipeline, uploader: Client
) -> None:
    asked = uploader.post(BASE, {"file": SimpleUploadedFile("feed.csv", EUROS.encode())})
    text = asked.content.decode()
    assert ASKED in text
    assert "EUR – Euro</label>" in text
    assert " checked" not in text[text.index("<fieldset") : text.index("</fieldset>")]
    assert 'name="confirm"' not in text
    assert "Refused" not in text

    answered = uploader.post(f"{BASE}preview/", vendors_form(asked, **{"answer-currency": "EUR"}))
    text = answered.content.decode()
    assert ASKED not in text
    assert "prices in EUR;" in text
    assert '<input type="hidden" name="answer-currency" value="EUR">' in text

    done = uploader.post(f"{BASE}confirm/", vendors_form(answered, **{"answer-currency": "EUR"}))
    assert done.status_code == 302
    assert finished(pipeline, UploadHistory.objects.get()).valid_records == 2
    assert {currency for _, _, currency in in_catalog()} == {"EUR"}
    catalog = uploader.get("/vendor/VEND001/catalog/").content.decode()
    assert "10.00 EUR" in catalog
    assert "1,299.00 EUR" in catalog
    assert "1,299.00 EUR" in uploader.get("/vendor/VEND001/find/?q=SKU-2").content.decode()


def test_confirming_without_an_answer_opens_nothing(pipeline: Pipeline, uploader: Client) -> None:
    asked = uploader.post(BASE, {"file": SimpleUploadedFile("feed.csv", EUROS.encode())})
    response = uploader.post(f"{BASE}confirm/", vendors_form(asked))
    assert ASKED in response.content.decode()
    assert not UploadHistory.objects.exists()


def test_staff_are_asked_in_the_preview_and_see_what_was_answered(pipeline: Pipeline, admin_client: Client) -> None:
    asked = importing.choose(admin_client, EUROS)
    text = asked.content.decode()
    assert ASKED in text
    assert 'name="confirm"' not in text
    answered = admin_client.post(importing.PREVIEW, importing.form_of(asked, **{"answer-currency": "EUR"}))
    assert "prices in EUR;" in answered.content.decode()
    admin_client.post(importing.CONFIRM, importing.form_of(answered, **{"answer-currency": "EUR"}))
    upload = finished(pipeline, UploadHistory.objects.get())
    assert Layout.from_json(upload.layout or {}).currency == "EUR"
    page = admin_client.get(f"/admin/uploads/uploadhistory/{upload.pk}/change/").content.decode()
    assert "<dt>Prices in</dt><dd>EUR</dd>" in page
    assert "10.00 EUR" in admin_client.get("/admin/catalog/product/").content.decode()
    assert "10.00 EUR" in admin_client.get("/admin/catalog/productcatalog/").content.decode()


def test_import_feed_refuses_with_the_question_where_nobody_can_be_asked(
    vendor: Vendor, bucket: None, tmp_path: Any
) -> None:
    file = tmp_path / "euros.csv"
    file.write_text(EUROS, encoding="utf-8")
    with pytest.raises(CommandError, match="The prices are in EUR, but the currency of Northwind is USD"):
        call_command("import_feed", str(file), "--vendor", "VEND001")
    assert not UploadHistory.objects.exists()


def test_staff_choose_the_currency_of_a_vendor_and_are_told_that_nothing_is_converted(
    vendor: Vendor, admin_client: Client
) -> None:
    address = f"/admin/vendors/vendor/{vendor.pk}/change/"
    response = admin_client.get(address)
    text = response.content.decode()
    assert '<option value="USD" selected>USD – US dollar</option>' in text
    assert "What is in the catalog already isn't converted" in text.replace("&#x27;", "'")
    members = {
        "members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0", "members-MIN_NUM_FORMS": "0",
        "members-MAX_NUM_FORMS": "1000",
    }  # fmt: skip
    facts = {"vendor_name": "Northwind", "email": vendor.email, "status": "active"}
    for chosen, kept in (("EUR", "EUR"), ("XYZ", "EUR")):
        admin_client.post(address, members | facts | {"currency": chosen})
        vendor.refresh_from_db()
        assert vendor.currency == kept
    admin_client.post(address, members | facts)
    vendor.refresh_from_db()
    assert vendor.currency == "EUR"


def test_a_vendors_profile_says_its_currency_and_changes_it_for_nobody(member: Client, vendor: Vendor) -> None:
    Vendor.objects.filter(pk=vendor.pk).update(currency="CHF")
    assert "<dd>CHF, unless a file says another." in member.get("/vendor/VEND001/profile/").content.decode()


def test_a_new_vendor_has_the_currency_of_the_settings(db: None, settings: Any) -> None:
    settings.DEFAULT_CURRENCY = "EUR"
    vendor = Vendor.objects.create(vendor_id="V", vendor_name="V", email="v@example.com")
    assert vendor.currency == "EUR"
