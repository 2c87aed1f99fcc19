"""An event → a delivery for each webhook that wants it, in the transaction that makes it true."""

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

_WRITE = """
INSERT INTO webhook_deliveries (webhook_id, message_id, event, body)
SELECT id, %(message)s, %(event)s, %(body)s FROM webhooks
 WHERE vendor_id = %(vendor)s AND %(event)s = ANY(events) AND disabled_at IS NULL
"""


def announce(vendor_id: str, event: str, data: Mapping[str, Any]) -> None:
    """Owe each webhook of the vendor that wants this event (Webhook.Event) a delivery.

    Called inside of the transaction in which it comes true: then either both happened or neither. `data` is thin, for
    who is told asks for the rest: IDs, counts and states, no rows.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An event is announced in the transaction that makes it true.")
    body = {"type": event, "timestamp": datetime.now(UTC).isoformat(timespec="seconds"), "data": dict(data)}
    told = {
        "vendor": vendor_id,
        "event": event,
        "message": f"msg_{secrets.token_hex(16)}",
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, told)
