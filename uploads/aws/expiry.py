"""Whether the table deletes records by their date, which they get together with a status (KEEP_RECORDS_DAYS)."""

from typing import Any

from django.conf import settings

from uploads.aws import client
from uploads.aws.records import EXPIRES


def is_on() -> bool:
    """Raises TableMissing."""
    with client.translated():
        answer = client.dynamodb().describe_time_to_live(TableName=settings.UPLOAD_RECORDS_TABLE)
    found: dict[str, Any] = client.member(answer, "TimeToLiveDescription", dict)
    return found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") and found.get("AttributeName") == EXPIRES


def turn_on() -> None:
    """For a table that is ACTIVE. Raises TableMissing."""
    with client.translated():
        client.dynamodb().update_time_to_live(
            TableName=settings.UPLOAD_RECORDS_TABLE,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES},
        )
