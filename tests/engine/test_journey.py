"""On AWS's engine everything ends as it does on the embedded one: files, and what other programs put."""

import io
from typing import Any

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.engine.endpoint import Engine, embedded
from tests.feeds import HEADER
from tests.live import eventually
from tests.workbooks import workbook
from uploads.aws import client, dynamo
from uploads.aws.records import Item
from uploads.feed.sample import write_feed
from uploads.models import RecordOutcome, StreamShard, UploadHistory, ValidationError

pytestmark = pytest.mark.engine

PRODUCT = ("vendor_product_id", "product_name", "category", "sku", "brand", "description", "price", "stock_quantity")
PROBLEM = ("record_id", "row_number", "line_number", "severity", "error_type", "error_message", "original_data",
           "field", "suggestion", "wrong_value")  # fmt: skip
COUNTED = ("status", "total_records", "valid_records", "error_records", "inserted_records", "updated_records",
           "unchanged_records", "superseded_records", "skipped_records", "file_rows", "staged_rows")  # fmt: skip


def standing(upload: UploadHistory) -> dict[str, Any]:
    """All that is left of an upload, but for keys and times."""
    return {
        "products": list(Product.objects.order_by("sku").values_list(*PRODUCT)),
        "problems": list(ValidationError.objects.order_by("record_id", "field", "error_type").values_list(*PROBLEM)),
        "counted": UploadHistory.objects.values_list(*COUNTED).get(),
        "owed": RecordOutcome.objects.filter(written_back_at=None).count(),
        "table": [
            {name: value for name, value in item.items() if name not in ("upload_id", "created_at")}
            for item in dynamo.query_upload(upload.upload_id)
        ],
        "errors": sorted(_without_upload(dynamo.query_upload(upload.upload_id, "error"))),
        "of the vendor": sorted(item["record_id"]["S"] for item in dynamo.query_vendor("VEND001")),
    }  # fmt: skip


def _without_upload(items: Any) -> list[list[Any]]:
    return [sorted((name, str(value)) for name, value in item.items() if name != "upload_id") for item in items]


def forget_everything() -> None:
    for model in (ValidationError, RecordOutcome, Product, UploadHistory, StreamShard):
        model.objects.all().delete()


def csv_feed() -> bytes:
    """300 rows, of which 60 are wrong in all the ways that a file can be."""
    out = io.StringIO()
    write_feed(out, 300, "VEND001", 0.2, 7)
    return out.getvalue().encode()


def excel_feed() -> bytes:
    """Rows whose numbers are numbers, with those that DynamoDB would change or refuse."""
    numbers = [12.5, 12.0, 9.99, 0.1 + 0.2, 1e21, 1e-7, 123456789012345678, -3.5]
    rows = [[f"P-{n}", f"Lamp {n}", "Electronics", f"SKU-{n}", "", "", number, n] for n, number in enumerate(numbers)]
    return workbook([HEADER.split(","), *rows])


@pytest.mark.parametrize(
    ("content", "name"), [(csv_feed(), "feed.csv"), (excel_feed(), "feed.xlsx")], ids=["CSV", "XLSX"]
)
def test_a_feeds_whole_journey_ends_as_on_the_embedded_endpoint(pipeline: Pipeline, content: bytes, name: str) -> None:
    def journey() -> dict[str, Any]:
        upload = pipeline.send(content, name=name)
        pipeline.stage(upload)
        pipeline.settle()
        return standing(upload)

    here = journey()
    forget_everything()
    with embedded():
        dynamo.create_table("PAY_PER_REQUEST", 0)
        there = journey()
        dynamo.delete_table()

    assert here == there
    assert (here["counted"][0], here["owed"]) == ("completed", 0)
    assert len(here["products"]) > 0
    assert len(here["problems"]) > 0


# --- what other programs put -----------------------------------------------------------------------------------


def foreign(number: int, kind: str = "S", **changes: Any) -> Item:
    """A record of a program that knows only the table, with its price and stock as texts or as numbers."""
    cells = {
        "vendor_product_id": f"E-{number}",
        "product_name": "Lamp",
        "category": "Electronics",
        "sku": f"E-{number}",
    }
    data = {header: {"S": cell} for header, cell in cells.items()} | {
        "price": {kind: "19.90"}, "stock_quantity": {kind: "7"}
    }  # fmt: skip
    whole = {"upload_id": {"S": "ERP-1"}, "record_id": {"S": str(number)}, "vendor_id": {"S": "VEND001"},
             "product_data": {"M": data}} | changes  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def put(*items: Item) -> None:
    """As another program does it: one by one, with AWS's own client."""
    for item in items:
        client.dynamodb().put_item(TableName=dynamo._table(), Item=item)


def statuses() -> dict[str, str]:
    return {item["record_id"]["S"]: item["status"]["S"] for item in dynamo.query_upload("ERP-1")}


def settle(pipeline: Pipeline, records: int) -> None:
    """Until so many records have an outcome that is written back: on AWS they take a moment to come by the stream."""

    def settled() -> bool:
        pipeline.settle()
        return RecordOutcome.objects.filter(written_back_at__isnull=False).count() == records

    eventually(settled, f"{records} records have their outcome")


def test_records_without_an_upload_of_their_own_become_products_and_get_their_status(pipeline: Pipeline) -> None:
    put(foreign(1, "S"), foreign(2, "N"), foreign(3, "N", status={"S": "pending_validation"}))
    settle(pipeline, 3)

    assert statuses() == {"1": "validated", "2": "validated", "3": "validated"}
    assert list(Product.objects.order_by("sku").values_list("sku", "price", "stock_quantity")) == [
        (f"E-{number}", Product._meta.get_field("price").to_python("19.90"), 7) for number in (1, 2, 3)
    ]
    upload = UploadHistory.objects.get()
    assert (upload.source, upload.total_records, upload.valid_records) == ("dynamodb", 3, 3)


def test_records_that_cannot_be_used_are_set_to_error_with_the_reason(pipeline: Pipeline) -> None:
    """What only DynamoDB itself could change on the way: types, nesting, sets, empty texts, odd characters."""
    put(
        foreign(1, vendor_id={"S": "NOBODY"}),
        foreign(2, vendor_id=None, upload_id={"S": "ERP-2"}),
        foreign(3, product_data={"L": [{"S": "a"}]}),
        foreign(4, product_data={"M": {"sku": {"SS": ["a", "b"]}}}),
        foreign(5, product_data={"M": {"sku": {"S": ""}, "price": {"NULL": True}, "a": {"B": b"\0"}}}),
        foreign(6, product_data={"M": {"sku": {"S": "nul\0"}, "price": {"N": "1E+125"}}}),
        foreign(7, product_data=None),
    )
    settle(pipeline, 7)

    items = [*dynamo.query_upload("ERP-1"), *dynamo.query_upload("ERP-2")]
    assert [item["status"]["S"] for item in items] == ["error"] * 7
    reasons = {item["record_id"]["S"]: item["error_reason"]["S"] for item in items}
    assert "NOBODY" in reasons["1"]
    assert "vendor_id" in reasons["2"]
    assert "not a map" in reasons["3"]
    assert "its type is SS" in reasons["4"]
    assert "its type is B" in reasons["5"]
    assert RecordOutcome.objects.filter(outcome="error").count() == 7
    assert not ValidationError.objects.filter(error_type="internal_error").exists()


def test_a_record_that_was_deleted_before_its_status_is_written_does_not_spring_up_again(pipeline: Pipeline) -> None:
    put(foreign(1), foreign(2))
    client.dynamodb().delete_item(TableName=dynamo._table(), Key={"upload_id": {"S": "ERP-1"}, "record_id": {"S": "1"}})
    settle(pipeline, 2)

    assert statuses() == {"2": "validated"}
    assert Product.objects.count() == 2


def test_of_twenty_five_statuses_in_one_request_those_that_can_be_written_are(aws_engine: Engine, table: str) -> None:
    put(*(foreign(number) for number in range(20)))
    updates = [dynamo.StatusUpdate("ERP-1", str(number), "error", "why not") for number in range(25)]

    assert dynamo.write_statuses(updates) == [None] * 25
    assert len(statuses()) == 20
