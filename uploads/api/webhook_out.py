"""Webhooks and deliveries, as programs send them and are told of them."""

from datetime import datetime
from typing import Final

from pydantic import Field

from uploads.api import cursors
from uploads.api.shapes import Answered, Sent
from vendors.models import URL_CHARS, Webhook, WebhookDelivery
from vendors.webhooks import make

PAGE_MOST: Final = 100


class NewWebhook(Sent):
    """Where events are told, and which."""

    url: str = Field(min_length=1, max_length=URL_CHARS, description="It begins with https://.")
    events: list[Webhook.Event] = Field(min_length=1, max_length=len(Webhook.Event))
    description: str = Field("", max_length=make.DESCRIPTION_CHARS)


class ChangedWebhook(Sent):
    """What isn't sent stays as it is."""

    url: str | None = Field(None, min_length=1, max_length=URL_CHARS)
    events: list[Webhook.Event] | None = Field(None, min_length=1, max_length=len(Webhook.Event))
    description: str | None = Field(None, max_length=make.DESCRIPTION_CHARS)
    enabled: bool | None = None


class WebhookOut(Answered):
    """A webhook. `failing_since` is null while what is sent to it is taken."""

    id: int
    url: str
    events: list[str]
    description: str
    enabled: bool
    disabled_reason: str = ""
    failing_since: datetime | None
    created_at: datetime


class WebhooksOut(Answered):
    webhooks: list[WebhookOut]


class Secret(Answered):
    """With what signatures are checked. It is answered this once."""

    secret: str


class WebhookMade(WebhookOut, Secret):
    """A webhook, and its secret."""


class TryOut(Answered):
    """One try. `status` is null where no answer came, and `error` says why."""

    at: datetime
    milliseconds: int
    status: int | None
    error: str


class DeliveryOut(Answered):
    """One event for one webhook. `message_id` is sent as `webhook-id`, at each try the same."""

    id: int
    message_id: str
    event: str
    state: WebhookDelivery.State
    tries: int
    next_try_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    last_try: TryOut | None


class DeliveriesAsked(Sent):
    state: WebhookDelivery.State | None = None
    cursor: str = Field("", max_length=cursors.CURSOR_CHARS, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=PAGE_MOST)


class DeliveriesOut(Answered):
    """A page of deliveries, newest first."""

    deliveries: list[DeliveryOut]
    next_cursor: str | None


def webhook_out(webhook: Webhook) -> WebhookOut:
    return WebhookOut(
        id=webhook.pk, url=webhook.url, events=webhook.events, description=webhook.description,
        enabled=webhook.disabled_at is None, disabled_reason=webhook.disabled_reason,
        failing_since=webhook.failing_since, created_at=webhook.created_at,
    )  # fmt: skip


def delivery_out(delivery: WebhookDelivery) -> DeliveryOut:
    last = max(delivery.attempts.all(), key=lambda attempt: attempt.pk, default=None)
    return DeliveryOut(
        id=delivery.pk, message_id=delivery.message_id, event=delivery.event,
        state=WebhookDelivery.State(delivery.state), tries=delivery.tries, next_try_at=delivery.next_try_at,
        created_at=delivery.created_at, ended_at=delivery.ended_at,
        last_try=TryOut(at=last.at, milliseconds=last.milliseconds, status=last.status, error=last.error)
        if last else None,
    )  # fmt: skip
