"""An event → a delivery for each webhook that wants it, in the transaction that makes it true."""

import json
import logging
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from vendors.models import Webhook

logger = logging.getLogger(__name__)

WAKE_SECONDS: Final = 5.0
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
        if cursor.rowcount:
            transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Have what is owed sent now. A broker that is away loses nothing: the schedule finds it within seconds."""
    try:
        current_app.send_task("uploads.tasks.deliver_webhooks", expires=WAKE_SECONDS, ignore_result=True)
    except OperationalError as error:
        logger.debug("Nobody is woken to send webhooks: %s", error)


def wanted(vendor_ids: Iterable[str], event: str) -> set[str]:
    """Those of the vendors that have a webhook for this event: for the others nothing needs to be put together."""
    found = Webhook.objects.filter(vendor__in=vendor_ids, events__contains=[event], disabled_at=None)
    return set(found.values_list("vendor_id", flat=True))
