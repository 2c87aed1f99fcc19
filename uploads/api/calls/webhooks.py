"""Calls about webhooks: where events are told, what of, and what came of each telling."""

from typing import Any, Final

from django.db.models import Prefetch
from django.http import HttpRequest
from ninja import Query, Router, Status

from uploads.api import cursors
from uploads.api.base import Token, token_of
from uploads.api.problems import Problem
from uploads.api.shapes import ON_ONE, PROBLEMS, ProblemOut
from uploads.api.webhook_out import (
    ChangedWebhook,
    DeliveriesAsked,
    DeliveriesOut,
    DeliveryOut,
    NewWebhook,
    Secret,
    WebhookMade,
    WebhookOut,
    WebhooksOut,
    delivery_out,
    webhook_out,
)
from vendors.models import ApiToken, Webhook, WebhookAttempt, WebhookDelivery
from vendors.webhooks import make

router = Router(tags=["webhooks"])
WRITE: Final = Token(ApiToken.Scope.WEBHOOKS_WRITE)
ONE: Final = "webhooks/{int:webhook_id}"


@router.get("webhooks", auth=WRITE, response={200: WebhooksOut, **PROBLEMS}, summary="All webhooks")
def listing(request: HttpRequest) -> WebhooksOut:
    """There are ten at most."""
    return WebhooksOut(
        webhooks=[webhook_out(one) for one in Webhook.objects.filter(vendor_id=token_of(request).vendor_id)]
    )


@router.post("webhooks", auth=WRITE, response={201: WebhookMade, 409: ProblemOut, **PROBLEMS},
             summary="Add a webhook")  # fmt: skip
def add(request: HttpRequest, body: NewWebhook) -> Status[WebhookMade]:
    """Its secret is in this answer and in no other one."""
    token = token_of(request)
    try:
        webhook, secret = make.add(token.vendor, body.url, body.events, body.description, token)
    except make.NotPossible as refused:
        raise _problem(refused) from refused
    webhook.refresh_from_db()
    return Status(201, WebhookMade(secret=secret, **webhook_out(webhook).model_dump()))


@router.patch(ONE, auth=WRITE, response={200: WebhookOut, **ON_ONE}, summary="Change it, disable or enable it")
def change(request: HttpRequest, webhook_id: int, body: ChangedWebhook) -> WebhookOut:
    """While it is disabled nothing is sent to it, and what was owed by then isn't either."""
    webhook, token = _found(request, webhook_id), token_of(request)
    try:
        if any(value is not None for value in (body.url, body.events, body.description)):
            url = webhook.url if body.url is None else body.url
            events: list[Any] = webhook.events if body.events is None else [*body.events]
            described = webhook.description if body.description is None else body.description
            make.change(webhook, url, events, described, token)
        if body.enabled is not None:
            (make.enable if body.enabled else make.disable)(webhook, token)
    except make.NotPossible as refused:
        raise _problem(refused) from refused
    return webhook_out(_found(request, webhook_id))


@router.delete(ONE, auth=WRITE, response={204: None, **ON_ONE}, summary="Delete it, with its deliveries")
def delete(request: HttpRequest, webhook_id: int) -> Status[None]:
    make.delete(_found(request, webhook_id), token_of(request))
    return Status(204, None)


@router.post(f"{ONE}/secret", auth=WRITE, response={200: Secret, **ON_ONE}, summary="Make a new secret")
def renew(request: HttpRequest, webhook_id: int) -> Secret:
    """For 24 hours messages are signed with the one before, too."""
    return Secret(secret=make.renew_secret(_found(request, webhook_id), token_of(request)))


@router.post(f"{ONE}/test", auth=WRITE, response={202: DeliveryOut, **ON_ONE}, summary="Send a test")
def test(request: HttpRequest, webhook_id: int) -> Status[DeliveryOut]:
    """An event of the type `test`, whatever events it wants."""
    try:
        delivery = make.test(_found(request, webhook_id))
    except make.NotPossible as refused:
        raise _problem(refused) from refused
    delivery.refresh_from_db()
    return Status(202, delivery_out(delivery))


@router.get(f"{ONE}/deliveries", auth=WRITE, response={200: DeliveriesOut, **ON_ONE},
            summary="What was sent to it, newest first")  # fmt: skip
def deliveries(request: HttpRequest, webhook_id: int, asked: Query[DeliveriesAsked]) -> DeliveriesOut:
    """They are kept for 30 days."""
    rows = WebhookDelivery.objects.filter(webhook=_found(request, webhook_id)).order_by("-id").defer("body")
    if asked.state:
        rows = rows.filter(state=asked.state)
    if asked.cursor:
        rows = rows.filter(pk__lt=cursors.decode(asked.cursor, (int,))[0])
    newest = WebhookAttempt.objects.order_by("delivery_id", "-id").distinct("delivery_id").defer("answer")
    page = list(rows.prefetch_related(Prefetch("attempts", newest))[: asked.limit + 1])
    shown = page[: asked.limit]
    return DeliveriesOut(
        deliveries=[delivery_out(one) for one in shown],
        next_cursor=cursors.encode([shown[-1].pk]) if len(page) > asked.limit else None,
    )


@router.post(f"{ONE}/deliveries/{{int:delivery_id}}/redeliver", auth=WRITE, response={202: DeliveryOut, **ON_ONE},
             summary="Send it again")  # fmt: skip
def redeliver(request: HttpRequest, webhook_id: int, delivery_id: int) -> Status[DeliveryOut]:
    """The same text under the same `webhook-id`."""
    webhook = _found(request, webhook_id)
    delivery = WebhookDelivery.objects.select_related("webhook").filter(webhook=webhook, pk=delivery_id).first()
    if delivery is None:
        raise Problem("not-found", "There is no such delivery.")
    try:
        make.send_again(delivery)
    except make.NotPossible as refused:
        raise _problem(refused) from refused
    delivery.refresh_from_db()
    return Status(202, delivery_out(delivery))


def _found(request: HttpRequest, webhook_id: int) -> Webhook:
    """The vendor's webhook. Raises Problem."""
    mine = Webhook.objects.select_related("vendor").filter(vendor_id=token_of(request).vendor_id)
    if (webhook := mine.filter(pk=webhook_id).first()) is None:
        raise Problem("not-found", "There is no such webhook.")
    return webhook


def _problem(refused: make.NotPossible) -> Problem:
    if refused.field:
        return Problem("invalid", errors=[{"field": refused.field, "message": str(refused)}])
    return Problem("conflict", str(refused))
