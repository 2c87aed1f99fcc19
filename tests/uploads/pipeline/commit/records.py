"""Records and items as they come to a batch, and what became of them."""

import io
from collections import Counter
from typing import Any

from tests.feeds import feed, line
from uploads.aws.records import Item, Record, record_id
from uploads.feed import parser
from uploads.models import RecordOutcome, UploadHistory, ValidationError

ERP = "ERP-2026-01"
GOOD = {
    "vendor_product_id": "P-1",
    "product_name": "Lamp",
    "category": "Electronics",
    "sku": "SKU-1",
    "price": "9.99",
    "stock_quantity": "5",
}


def record(number: int, upload_id: str = ERP, vendor_id: str = "VEND001", **changes: str | None) -> Record:
    data = GOOD | {"vendor_product_id": f"P-{number}", "sku": f"SKU-{number}"} | changes
    return Record(upload_id, record_id(number), vendor_id, number, data=data)


def item(number: int = 1, **attributes: Any) -> Item:
    """An item as another program puts it; an attribute that is None is left out."""
    whole = {
        "upload_id": {"S": ERP},
        "record_id": {"S": record_id(number)},
        "vendor_id": {"S": "VEND001"},
        "row_number": {"N": str(number)},
        "product_data": {"M": {header: {"S": cell} for header, cell in GOOD.items()}},
        "status": {"S": "pending_validation"},
    } | attributes
    return {name: value for name, value in whole.items() if value is not None}


def file_upload(*, rows: int | None = None, upload_id: str = "UPLOAD_1") -> UploadHistory:
    layout = parser.inspect(io.BytesIO(feed(line(1)).encode()))
    return UploadHistory.objects.create(
        upload_id=upload_id, vendor_id="VEND001", file_name="feed.csv", storage_key="feeds/x.csv",
        layout=layout.to_json(), file_rows=rows,
    )  # fmt: skip


def outcomes() -> dict[str, str]:
    return dict(RecordOutcome.objects.values_list("record_id", "outcome"))


def assert_counters_tell_what_the_ledger_says() -> None:
    for upload in UploadHistory.objects.all():
        counted = Counter(
            RecordOutcome.objects.filter(upload_sequence=upload.sequence).values_list("outcome", flat=True)
        )
        assert counted == +Counter(
            inserted=upload.inserted_records,
            updated=upload.updated_records,
            unchanged=upload.unchanged_records,
            superseded=upload.superseded_records,
            skipped=upload.skipped_records,
            error=upload.error_records,
        )
        assert upload.total_records == sum(counted.values())


def code_of(rec_id: str) -> str:
    return ValidationError.objects.filter(record_id=rec_id).values_list("error_type", flat=True)[0]
