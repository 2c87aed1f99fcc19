"""The records that DynamoDB has of an upload: the audit trail, as it stands in the table and not as we remember it."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from catalog.rules.fields import LABELS
from catalog.rules.places import in_file
from config.web.links import keeping, list_url, pairs_table, tag
from config.web.text import visible
from uploads.aws import dynamo
from uploads.aws.records import ERROR, PENDING, VALIDATED, Item, Record, decode
from uploads.feed.formats.derived import Derived
from uploads.insight import derived_values
from uploads.models import RecordOutcome, UploadHistory
from uploads.work import policies

PAGE_ROWS = 50
STATUSES = (PENDING, VALIDATED, ERROR)
AWAY = "DynamoDB isn't reachable. Nothing is lost; try again in a few minutes."


def list_page(request: HttpRequest, upload: UploadHistory, context: dict[str, Any]) -> HttpResponseBase:
    """The records of an upload, a page at a time; of one status by StatusIndex."""
    status, behind = request.GET.get("status", ""), request.GET.get("behind", "")
    status = status if status in STATUSES else ""
    items: list[Item] = []
    more = ""
    try:
        items, more = dynamo.upload_page(upload.pk, status, behind, PAGE_ROWS)
    except dynamo.DynamoError as error:
        messages.error(request, AWAY if isinstance(error, dynamo.Unavailable) else str(error))
    records = [decode(item) for item in items]
    lines = _lines(upload, [record.record_id for record in records]) if status else {}
    found = {
        "title": f"Records in DynamoDB of {upload.pk}",
        "upload": upload,
        "statuses": [
            (name, name.replace("_", " ").capitalize() or "All", keeping(request, f"?status={name}"))
            for name in ("", *STATUSES)
        ],
        "status": status,
        "gone": gone(upload),
        "records": [
            _line(record, item, record.line_number or lines.get(record.record_id), upload)
            for record, item in zip(records, items, strict=True)
        ],
        "first_url": keeping(request, "?" + urlencode({"status": status})) if behind else "",
        "next_url": keeping(request, "?" + urlencode({"status": status, "behind": more})) if more else "",
    }
    return TemplateResponse(request, "uploads/staff/records.html", context | found)


def gone(upload: UploadHistory) -> str:
    """Why the table may not have the records of an upload any more, in a sentence; "" where it should."""
    days = policies.POLICIES[policies.RECORDS].days
    if not days or upload.status == UploadHistory.Status.PROCESSING:
        return ""
    return f"DynamoDB deletes records {policies.span(days)} after their last status; what it doesn't have went so."


def _lines(upload: UploadHistory, record_ids: list[str]) -> dict[str, int | None]:
    """What the ledger has of where these rows stand: StatusIndex doesn't carry it (record_outcomes_key)."""
    known = RecordOutcome.objects.filter(upload_id=upload.pk, record_id__in=record_ids, attempt=1)
    return dict(known.values_list("record_id", "line_number"))


def _line(record: Record, item: Item, line: int | None, upload: UploadHistory) -> dict[str, Any]:
    return {
        "record_id": record.record_id,
        "row_number": record.row_number,
        "in_file": in_file(line, upload.sheet) if upload.layout else "",
        "status": tag(record.status),
        "reason": visible(str(item.get("error_reason", {}).get("S", ""))),
    }


def one_page(request: HttpRequest, upload: UploadHistory, record_id: str, context: dict[str, Any]) -> HttpResponseBase:
    """One record as it stands in the table, beside the ledger's attempts. Raises Http404."""
    item = None
    outcomes = list(RecordOutcome.objects.filter(upload_id=upload.pk, record_id=record_id).order_by("attempt"))
    try:
        item = dynamo.get_record(upload.pk, record_id)
    except dynamo.DynamoError as error:
        messages.error(request, AWAY if isinstance(error, dynamo.Unavailable) else str(error))
    else:
        if item is None and not outcomes and not gone(upload):
            raise Http404("The table has no such record.")
        if item is None:
            messages.info(request, gone(upload) or "DynamoDB doesn't have this record any more.")
    row = decode(item).row_number if item else (outcomes[-1].row_number if outcomes else 0)
    attempt = outcomes[-1].attempt if outcomes else 1
    key = upload.pk, record_id, attempt
    derived = derived_values.of_attempts([key]).values.get(key, ()) if item else ()
    found = {
        "title": record_id,
        "upload": upload,
        "attributes": item and pairs_table(pair for pair in _pairs(item) if pair[0] != "product_data"),
        "row": item and pairs_table(_pairs(item.get("product_data", {}).get("M", {}))),
        "outcomes": outcomes,
        "derived": derived_table(derived),
        "errors_url": list_url("uploads_validationerror", upload=upload.pk, q=row, severity="all", state="all"),
    }  # fmt: skip
    return TemplateResponse(request, "uploads/staff/record.html", context | found)


def derived_table(values: Sequence[Derived]) -> SafeString | None:
    """Field, what it was read as, and why."""
    if not values:
        return None
    return pairs_table((LABELS[one.field], f"{one.value} ({one.why})") for one in values)


def _pairs(attributes: Any) -> list[tuple[str, str]]:
    """Names and values in the table's own types: text and numbers as they are, anything else as JSON."""
    if not isinstance(attributes, dict):
        return [("", json.dumps(attributes, ensure_ascii=False, default=str))]
    return [(name, _plain(value)) for name, value in attributes.items()]


def _plain(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        kind, inner = next(iter(value.items()))
        if kind in ("S", "N") and isinstance(inner, str):
            return inner
    return json.dumps(value, ensure_ascii=False, default=str)
