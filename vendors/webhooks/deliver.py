"""Deliveries that are due are sent, and what came of each try is noted: at least once, until it is taken or too old.

The rows are the queue. A delivery is leased while it is sent, one at a time of each webhook: a process that is killed
gives it back by the clock, and it is sent again under the same ID, by which its receiver knows it. Nobody holds up
others: calls are made beside each other, of webhooks that fail at the moment only a few.
"""

import logging
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from config import stopping
from config.outgoing import http
from config.outgoing.refused import Refused
from security import at_rest
from vendors.models import Webhook, WebhookAttempt, WebhookDelivery
from vendors.webhooks import disabling, sign

logger = logging.getLogger(__name__)

State = WebhookDelivery.State
TURN: Final = "webhooks-turn"
AT_ONCE: Final = 16  # calls beside each other
OF_ONE_VENDOR: Final = 2  # of these
OF_FAILING: Final = 4  # of these, to webhooks that didn't take the last one
TURN_SECONDS: Final = 20.0  # no call is begun after these
TRY_SECONDS: Final = 15.0
TURN_AT_MOST: Final = 40.0  # more: what was begun at the end of it
LOOK_SECONDS: Final = 1.0  # between two looks for more while calls last
LEASE_SECONDS: Final = 60.0
ANSWER_BYTES, ANSWER_CHARS = 4_000, 1_000
GONE: Final = 410
# Seconds from one try to the next; when these are over, it is given up.
WAITS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
JITTER: Final = 0.1
UNREADABLE = "Its secret can't be read: the platform's key was changed. Make a new secret."

# One that is due for each vendor, of a webhook that nobody is at, by idx_webhook_deliveries_next: as quick where many
# wait behind it. What is being sent stays the first of its webhook until it was settled.
_CLAIM = """
WITH due AS (
  SELECT DISTINCT ON (vendor_id) next.id, next.next_try_at
    FROM webhooks
   CROSS JOIN LATERAL (SELECT id, next_try_at, leased_until FROM webhook_deliveries
                        WHERE webhook_id = webhooks.id AND state = 'pending' AND next_try_at <= statement_timestamp()
                        ORDER BY next_try_at, id LIMIT 1) next
   WHERE disabled_at IS NULL AND (failing_since IS NOT NULL) = %(failing)s AND vendor_id <> ALL (%(full)s)
     AND coalesce(next.leased_until, '-infinity') < statement_timestamp()
   ORDER BY vendor_id, next.next_try_at
), claimed AS (
  SELECT id FROM webhook_deliveries
   WHERE id IN (SELECT id FROM due ORDER BY next_try_at LIMIT %(most)s) AND state = 'pending'
     AND coalesce(leased_until, '-infinity') < statement_timestamp()
     FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries SET leased_until = statement_timestamp() + make_interval(secs => %(lease)s)
 WHERE id IN (SELECT id FROM claimed) RETURNING id
"""


@dataclass(frozen=True)
class Tried:
    """What came of one try: no `status` where no answer came, and then an `error`."""

    headers: dict[str, str]
    status: int | None = None
    error: str = ""
    answer: str = ""
    milliseconds: int = 0

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def go_on(seconds: float = TURN_SECONDS) -> bool:
    """Send what is due, for about that long; True if there may be more. One process does so at a time."""
    mine = secrets.token_hex(8)
    if not cache.add(TURN, mine, seconds + TURN_AT_MOST):
        return False
    try:
        return _send(time.monotonic() + seconds)
    finally:
        if cache.get(TURN) == mine:
            cache.delete(TURN)


def _send(until: float) -> bool:
    under_way: dict[Future[Tried], WebhookDelivery] = {}
    with ThreadPoolExecutor(AT_ONCE, "webhook") as pool:
        while True:
            over = time.monotonic() >= until or stopping.asked()
            for delivery in [] if over else _more(list(under_way.values())):
                under_way[pool.submit(call, delivery)] = delivery
            if not under_way:
                return over
            done, _ = wait(under_way, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                settle(under_way.pop(future), _came_of(future))


def _came_of(future: "Future[Tried]") -> Tried:
    try:
        return future.result()
    except Exception:
        logger.exception("A webhook could not be called")
        return Tried({}, error="Something went wrong here, not at the address. It was noted.")


def claim(most: int, *, failing: bool = False, full: Iterable[str] = ()) -> list[WebhookDelivery]:
    """Lease so many deliveries that are due, one of each vendor that isn't `full`: of webhooks that took the last one,
    or of those that didn't."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"most": most, "failing": failing, "full": list(full), "lease": LEASE_SECONDS})
        keys = [key for (key,) in cursor.fetchall()]
    return list(WebhookDelivery.objects.filter(pk__in=keys).select_related("webhook").order_by("next_try_at"))


def _more(under_way: list[WebhookDelivery]) -> list[WebhookDelivery]:
    """What is begun beside these."""
    of_vendors = Counter(one.webhook.vendor_id for one in under_way)
    full = [vendor_id for vendor_id, count in of_vendors.items() if count >= OF_ONE_VENDOR]
    free = AT_ONCE - len(under_way)
    found = claim(free, full=full) if free else []
    few = min(free - len(found), OF_FAILING - sum(1 for one in under_way if one.webhook.failing_since))
    full += [one.webhook.vendor_id for one in found]
    return found + (claim(few, failing=True, full=full) if few > 0 else [])


def call(delivery: WebhookDelivery) -> Tried:
    """One try, in a thread that knows no database. A redirect is an answer like another: it is followed nowhere."""
    began = time.monotonic()
    try:
        signed = sign.headers(delivery.webhook, delivery.message_id, delivery.body, timezone.now())
    except at_rest.Unreadable:
        return Tried({}, error=UNREADABLE)
    headers = {"Content-Type": "application/json", **signed}
    kept = {**headers, "webhook-signature": f"{headers['webhook-signature'][:11]}…"}
    limits = http.Limits(TRY_SECONDS, ANSWER_BYTES)
    try:
        answer = http.request(
            "POST", delivery.webhook.url, headers=headers, body=delivery.body.encode(), limits=limits
        )  # fmt: skip
    except Refused as refused:
        return Tried(kept, error=str(refused)[:300], milliseconds=_since(began))
    text = answer.body.decode("utf-8", "replace").replace("\x00", "\ufffd")[:ANSWER_CHARS]
    return Tried(kept, answer.status, answer=text, milliseconds=_since(began))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@transaction.atomic
def settle(delivery: WebhookDelivery, tried: Tried) -> None:
    """Note a try, and what follows from it; nothing where the lease was lost, for then it is tried again."""
    # Its row alone: by its order the vendor's is read too, which people lock before the webhook.
    locked = Webhook.objects.select_for_update(no_key=True, of=("self",))
    webhook = locked.filter(pk=delivery.webhook_id).first()
    held = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.PENDING, leased_until=delivery.leased_until)
    found = held.select_for_update(no_key=True).first()
    if found is None or webhook is None:
        return
    WebhookAttempt.objects.create(
        delivery=found, milliseconds=tried.milliseconds, status=tried.status, error=tried.error,
        request_headers=tried.headers, answer=tried.answer,
    )  # fmt: skip
    found.tries, found.leased_until = found.tries + 1, None
    found.state, found.next_try_at = _next(found.tries, tried)
    found.ended_at = None if found.state == State.PENDING else timezone.now()
    found.save(update_fields=["tries", "leased_until", "state", "next_try_at", "ended_at"])
    _judge(webhook, tried)


def _next(tries: int, tried: Tried) -> tuple[State, datetime | None]:
    """What a delivery is after so many tries, and when it is tried again."""
    if tried.taken:
        return State.DELIVERED, None
    if tried.status == GONE or tries > len(WAITS):
        return State.FAILED, None
    # Jitter, so that those that failed together don't come together: it keeps nothing secret.
    seconds = WAITS[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return State.PENDING, timezone.now() + timedelta(seconds=seconds)


def _judge(webhook: Webhook, tried: Tried) -> None:
    """What a try says of the webhook, which is locked."""
    if tried.taken:
        if webhook.failing_since:
            Webhook.objects.filter(pk=webhook.pk).update(failing_since=None)
        return
    if webhook.failing_since is None:
        Webhook.objects.filter(pk=webhook.pk).update(failing_since=Now())
    if webhook.disabled_at:
        return
    if tried.status == GONE:
        disabling.disable_by_itself(webhook, "Its address answered 410: it is gone for good.")
    elif webhook.failing_since and webhook.failing_since < timezone.now() - disabling.FAILING_LONGEST:
        disabling.disable_by_itself(webhook, "Nothing that was sent to it was taken for three days.")
