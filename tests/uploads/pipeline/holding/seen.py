"""What pauses are held to: all that came of rows, beside numbers that are drawn anew."""

from typing import Any

from catalog.models import Product
from uploads.aws import dynamo
from uploads.aws.records import encode, now_iso
from uploads.feed.parser import Row
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import upkeep, writeback

ERP = "ERP-2026-01"


def put(*numbers: int, vendor_id: str = "VEND001", upload_id: str = ERP, **changes: str) -> None:
    """As another program puts records into the table."""
    for number in numbers:
        cells = {
            "vendor_product_id": f"P-{number}", "product_name": f"Product {number}", "category": "Electronics",
            "sku": f"{vendor_id}-{number}", "price": "10.00", "stock_quantity": "5",
        } | changes  # fmt: skip
        dynamo.put_records([encode(upload_id, vendor_id, Row(number, cells, None, "", 0), now_iso())])


def statuses(upload_id: str) -> list[str]:
    return [item["status"]["S"] for item in dynamo.query_upload(upload_id)]


def all_that_came(vendor_id: str = "VEND001") -> dict[str, Any]:
    """Row for row: the ledger, the errors, the products, the statuses and the counters of each of its uploads."""
    while writeback.sweep(older_than_seconds=0):
        pass
    uploads = list(UploadHistory.objects.filter(vendor=vendor_id).order_by("sequence"))
    return {
        "ledger": [
            list(RecordOutcome.objects.filter(upload_id=one.pk).order_by("record_id", "attempt")
                 .values_list("record_id", "attempt", "outcome", "error_reason"))
            for one in uploads
        ],
        "errors": [
            list(ValidationError.objects.filter(upload=one).order_by("record_id", "field")
                 .values_list("record_id", "field", "error_type", "error_message"))
            for one in uploads
        ],
        "products": list(
            Product.objects.filter(vendor=vendor_id).order_by("vendor_product_id")
            .values_list("vendor_product_id", "product_name", "sku", "price", "stock_quantity")
        ),
        "statuses": [statuses(one.pk) for one in uploads],
        "counters": [
            (one.status, one.total_records, one.inserted_records, one.updated_records, one.unchanged_records,
             one.superseded_records, one.error_records, one.file_rows, one.withheld_from)
            for one in uploads
        ],
    }  # fmt: skip


def tick() -> None:
    """What the schedule does, but for the work that it wakes others to do."""
    upkeep.tick()
