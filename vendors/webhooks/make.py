"""Webhooks made, changed, tried and deleted. All changes to one vendor's wait for each other at the vendor's row."""

import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from config.outgoing import http
from config.outgoing.addresses import may_connect
from config.outgoing.refused import Refused
from config.web.names import one_line
from security import at_rest
from vendors.models import URL_CHARS, Vendor, VendorMember, Webhook, WebhookDelivery
from vendors.webhooks import disabling, sign
from vendors.webhooks.announce import wake

OF_ONE_VENDOR: Final = 10
DESCRIPTION_CHARS: Final = 200
TEST: Final = "test"
State = WebhookDelivery.State


class NotPossible(Exception):
    """It can't be done; the message says why. `field` is url, events, description or "" where it is about no field."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def refuse_url(url: str) -> None:
    """Raise NotPossible for an address that nothing would ever be sent to. What its name leads to is looked at whenever
    something is sent."""
    if len(url) > URL_CHARS:
        raise NotPossible(f"The address has {len(url):,} characters. Use at most {URL_CHARS:,}.", "url")
    try:
        host = (http.checked(url).host or "").strip("[]")
    except Refused as refused:
        raise NotPossible(str(refused), "url") from refused
    try:
        ip_address(host)
    except ValueError:
        return
    if not may_connect(host):
        raise NotPossible(
            f"{host} is an address inside of a network. Only addresses of the public internet can be used.", "url"
        )


@transaction.atomic
def add(
    vendor: Vendor, url: str, events: Iterable[str], description: str = "", by: disabling.By = None
) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is shown nowhere from now on. Raises NotPossible."""
    _lock(vendor.pk, by)
    wanted = _valid(url, events, description)
    if Webhook.objects.filter(vendor=vendor).count() >= OF_ONE_VENDOR:
        raise NotPossible(f"There are {OF_ONE_VENDOR} webhooks. Delete one of them first.")
    secret = sign.new_secret()
    webhook = Webhook.objects.create(
        vendor=vendor,
        url=url,
        events=wanted,
        description=description,
        secret=at_rest.encrypt(secret),
        created_by=by if isinstance(by, User) else None,
    )
    disabling.note(webhook, f"added, for {', '.join(wanted)}", by)
    return webhook, secret


@transaction.atomic
def change(webhook: Webhook, url: str, events: Iterable[str], description: str, by: disabling.By = None) -> None:
    """Another address, or other events. Raises NotPossible. What is owed goes to the new address."""
    _lock(webhook.vendor_id, by)
    wanted = _valid(url, events, description)
    before = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    moved = before.url != url
    webhook.url, webhook.events, webhook.description = url, wanted, description
    fields = ["url", "events", "description"]
    if moved:  # what the address before did says nothing of this one
        webhook.failing_since = None
        fields.append("failing_since")
    webhook.save(update_fields=fields)
    disabling.note(webhook, f"changed: {'another address, ' if moved else ''}for {', '.join(wanted)}", by)


@transaction.atomic
def renew_secret(webhook: Webhook, by: disabling.By = None) -> str:
    """A new secret; the one before signs beside it for a day."""
    _lock(webhook.vendor_id, by)
    locked = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    secret = sign.new_secret()
    locked.secret_before, locked.secret_before_until = locked.secret, timezone.now() + sign.BOTH_GOOD
    locked.secret = at_rest.encrypt(secret)
    locked.save(update_fields=["secret", "secret_before", "secret_before_until"])
    disabling.note(locked, "new secret made", by)
    return secret


@transaction.atomic
def disable(webhook: Webhook, by: disabling.By = None, reason: str = "") -> bool:
    """Send nothing to it any more; False if that is so already."""
    _lock(webhook.vendor_id, by)
    return disabling.disable(webhook, reason or "Somebody disabled it.", by)


@transaction.atomic
def enable(webhook: Webhook, by: disabling.By = None) -> bool:
    """Send to it again what comes from now on; False if that is so already."""
    _lock(webhook.vendor_id, by)
    changed = Webhook.objects.filter(pk=webhook.pk).exclude(disabled_at=None)
    if not changed.update(disabled_at=None, disabled_reason="", failing_since=None):
        return False
    disabling.note(webhook, "enabled", by)
    return True


@transaction.atomic
def delete(webhook: Webhook, by: disabling.By = None) -> None:
    """With its deliveries."""
    _lock(webhook.vendor_id, by)
    # Before its deliveries are: who notes a try holds the webhook, and waits for the delivery.
    Webhook.objects.select_for_update(of=("self",)).filter(pk=webhook.pk).first()
    disabling.note(webhook, "deleted", by)
    webhook.delete()


@transaction.atomic
def test(webhook: Webhook) -> WebhookDelivery:
    """Owe it an event that says nothing but that it arrived. Raises NotPossible."""
    locked = _on(webhook)
    body = {
        "type": TEST,
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {"webhook_id": locked.pk},
    }
    delivery = WebhookDelivery.objects.create(
        webhook=locked, message_id=f"msg_{secrets.token_hex(16)}", event=TEST,
        body=json.dumps(body, separators=(",", ":")),
    )  # fmt: skip
    transaction.on_commit(wake, robust=True)
    return delivery


@transaction.atomic
def send_again(delivery: WebhookDelivery) -> None:
    """Send it at once, under its ID and with its text, and as often as one that is new. Raises NotPossible."""
    _on(delivery.webhook)
    changed = WebhookDelivery.objects.filter(pk=delivery.pk, leased_until=None) | WebhookDelivery.objects.filter(
        pk=delivery.pk, leased_until__lt=Now()
    )
    if not changed.update(state=State.PENDING, tries=0, next_try_at=Now(), ended_at=None, leased_until=None):
        raise NotPossible("It is being sent at this moment. Look again in some seconds.")
    transaction.on_commit(wake, robust=True)


def _on(webhook: Webhook) -> Webhook:
    locked = Webhook.objects.select_for_update(no_key=True, of=("self",)).filter(pk=webhook.pk).first()
    if locked is None:
        raise NotPossible("This webhook was deleted meanwhile.")
    if locked.disabled_at:
        raise NotPossible("This webhook is disabled, and nothing is sent to it. Enable it first.")
    return locked


def _valid(url: str, events: Iterable[str], description: str) -> list[str]:
    """The events in their order. Raises NotPossible."""
    refuse_url(url)
    asked = set(events)
    if unknown := sorted(asked - set(Webhook.Event.values)):
        raise NotPossible(f"There is no event “{unknown[0][:60]}”.", "events")
    if not asked:
        raise NotPossible("Choose at least one event.", "events")
    if len(description) > DESCRIPTION_CHARS:
        raise NotPossible(f"Use at most {DESCRIPTION_CHARS} characters.", "description")
    try:
        one_line(description)
    except ValidationError as error:
        raise NotPossible(str(error.messages[0]), "description") from error
    return [event for event in Webhook.Event.values if event in asked]


def _lock(vendor_id: str, by: disabling.By) -> None:
    """Wait for other changes of this vendor; by then, the one who asks may be an owner no more."""
    Vendor.objects.select_for_update(no_key=True).get(pk=vendor_id)
    if not isinstance(by, User) or by.is_staff:
        return
    if not VendorMember.objects.filter(vendor=vendor_id, user=by, role=VendorMember.Role.OWNER).exists():
        raise NotPossible("You aren't an owner any more.")
