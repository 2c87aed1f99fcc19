"""What the table UploadRecords is made of: its keys, its indexes, and the units of each where they are provisioned."""

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.literals import BillingModeType

# Write units that a row of up to 1 KB takes, from its put to its status (docs/scale.md counts them from real records).
TABLE = "table"
ROW_WRITES = {TABLE: 2, "VendorIndex": 1, "StatusIndex": 3}


def provisioned(billing: "BillingModeType", capacity: int, name: str) -> dict[str, Any]:
    """The units of the table or of an index, rounded up; nothing where requests are paid for one by one.

    Writes stand to each other as a row takes them: a write needs room in all three, so what one has beyond that is paid
    for in vain. Reads are few: people's pages, and a reconcile, which reads ten records of the usual 390 bytes by a
    unit. With a unit for each row a second it reads an upload again ten times as fast as it was written.
    """
    if billing != "PROVISIONED":
        return {}
    rows = capacity / ROW_WRITES[TABLE]  # a second
    units = {"ReadCapacityUnits": math.ceil(rows), "WriteCapacityUnits": math.ceil(rows * ROW_WRITES[name])}
    return {"ProvisionedThroughput": units}


def indexes(billing: "BillingModeType", capacity: int) -> Any:
    """The two indexes, each with no more projected than its queries need: what changes there is paid for again."""
    return [
        # "Which uploads are this vendor's", from its keys alone; they never change.
        {
            "IndexName": "VendorIndex",
            "KeySchema": keys("vendor_id", "upload_id"),
            "Projection": {"ProjectionType": "KEYS_ONLY"},
            **provisioned(billing, capacity, "VendorIndex"),
        },
        # The error records of an upload, with what a list of them shows. error_reason changes only together with
        # the status, which is a key here and is paid for anyway.
        {
            "IndexName": "StatusIndex",
            "KeySchema": keys("upload_id", "status"),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["row_number", "error_reason"]},
            **provisioned(billing, capacity, "StatusIndex"),
        },
    ]


def keys(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
