"""What was derived is shown as derived, with where it came from, beside what the file said, which stays as it came."""

from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.remembering import remembering
from tests.uploads.pipeline.test_groups import export, first, variant
from uploads.aws import dynamo
from uploads.corrections import correct
from uploads.insight import derived_values, timeline
from uploads.models import RecordOutcome, UploadHistory, ValueRule

FROM_2 = "from row 2, the first of its group"


@pytest.fixture
def shirts(pipeline: Pipeline) -> UploadHistory:
    """A variant that stands before its group's first row, whose category was answered and whose brand has a rule."""
    ValueRule.objects.create(vendor_id="VEND001", field="brand", wrong_value="faden", right_value="Faden Ltd")
    content = export(variant("a", "A-M"), first("a", "A-S", category="Tees"))
    remembering(content.split("\n")[0].split(","), {}, answers={"category_values": '{"Tees": "Clothing"}'})
    return pipeline.run(content)


def told(sku: str) -> dict[str, str]:
    """Field → why, of what its newest row set."""
    entry = timeline.of(Product.objects.get(sku=sku).pk).entries[0]
    return {change.field: change.derived for change in entry.changes if change.derived}


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_timeline_marks_what_a_row_set_without_its_cells_saying_so(shirts: UploadHistory) -> None:
    assert told("A-M") == {
        "product name": FROM_2, "category": f"{FROM_2}, as answered", "brand": f"{FROM_2}, by a rule",
    }  # fmt: skip
    assert told("A-S") == {"product name": "by the format", "category": "as answered", "brand": "by a rule"}


def test_staff_and_the_vendor_see_it_on_their_pages(
    shirts: UploadHistory, admin_client: Client, uploader: Client
) -> None:
    product = Product.objects.get(sku="A-M")
    page = text(admin_client.get(reverse("admin:catalog_product_change", args=[product.pk])))
    assert f'<span class="derived">derived: {FROM_2}, as answered</span>' in page
    assert f"(derived: {FROM_2}, as answered)" in text(uploader.get("/vendor/VEND001/find/", {"q": "A-M"}))


def test_the_ledgers_page_and_the_records_say_what_the_row_was_read_as(
    shirts: UploadHistory, admin_client: Client
) -> None:
    row = RecordOutcome.objects.get(record_id="REC_0000001")
    ledger = reverse("admin:uploads_recordoutcome_change", args=[row.pk])
    record = reverse("admin:uploads_uploadhistory_record", args=[quote(shirts.pk), row.record_id])
    for address in (ledger, record):
        page = text(admin_client.get(address))
        assert f'<th scope="row">category</th><td>Clothing ({FROM_2}, as answered)</td>' in page, address
    assert "Tees" not in page, "the variant's own cell stays empty"


def test_a_row_that_was_corrected_is_read_as_it_was_corrected(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(export(first("a", "A-S"), variant("a", "A-M", price="free")))
    correct.correct(upload.pk, "REC_0000002", 1, {"Variant Price": "12.00", "Title": "Shirt of its own"}, admin_user)
    assert told("A-M") == {
        "product name": "by the format", "category": FROM_2.replace("2", "1"), "brand": FROM_2.replace("2", "1"),
    }  # fmt: skip


def test_rows_that_are_read_as_they_stand_are_not_asked_for(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(feed(line(1)))
    monkeypatch.delattr(dynamo, "get_record")
    assert told("SKU-1") == {}


def test_a_page_asks_for_so_many_rows_at_most(shirts: UploadHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived_values, "MOST", 1)
    keys = [(shirts.pk, f"REC_000000{number}", 1) for number in (1, 2)]
    assert list(derived_values.of_attempts(keys).values) == keys[:1]


def test_without_dynamodb_the_page_says_that_it_cannot_tell(
    shirts: UploadHistory, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise dynamo.Unavailable("connection refused")

    monkeypatch.setattr(dynamo, "get_record", away)
    page = reverse("admin:catalog_product_change", args=[Product.objects.get(sku="A-M").pk])
    assert "it can't be shown which of these values were derived" in text(admin_client.get(page))


def test_a_record_that_somebody_put_under_anothers_upload_is_not_read_by_its_rules(
    shirts: UploadHistory, pipeline: Pipeline
) -> None:
    item = dynamo.get_record(shirts.pk, "REC_0000001")
    assert item
    dynamo.put_records([item | {"vendor_id": {"S": "VEND002"}}])
    assert derived_values.of_attempts([(shirts.pk, "REC_0000001", 1)]).values == {}
