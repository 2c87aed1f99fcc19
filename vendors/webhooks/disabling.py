"""Webhooks that are told of nothing any more: somebody said so, or their address doesn't take what is sent to it."""

from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models.functions import Now

from config.web.admin_log import log_change
from security.log import note_webhook
from vendors import mails
from vendors.models import ApiToken, Webhook, WebhookDelivery

By = User | ApiToken | None  # a person, a program, or nobody
FAILING_LONGEST: Final = timedelta(days=3)


def disable(webhook: Webhook, reason: str, by: By = None) -> bool:
    """Inside of a transaction: nothing is sent to it any more, and what wasn't sent by now isn't; False if that was so
    already."""
    if not Webhook.objects.filter(pk=webhook.pk, disabled_at=None).update(disabled_at=Now(), disabled_reason=reason):
        return False
    WebhookDelivery.objects.filter(webhook=webhook, state=WebhookDelivery.State.PENDING).update(
        state=WebhookDelivery.State.FAILED, ended_at=Now(), next_try_at=None, leased_until=None
    )
    note(webhook, f"disabled: {reason}", by)
    return True


def disable_by_itself(webhook: Webhook, reason: str) -> None:
    """The same, and its vendor's owners are told by mail when it is certain."""
    if disable(webhook, reason):
        _tell(webhook, reason)


def _tell(webhook: Webhook, reason: str) -> None:
    vendor = webhook.vendor
    said = [
        f"{vendor.vendor_name} ({vendor.pk}) had a webhook at {webhook.host}. {reason}",
        "It is told of nothing any more. Enable it when its address works again:",
    ]
    page = ("vendor:webhook", vendor.pk, webhook.pk)
    mails.tell_owners_of(vendor, f"Your webhook at {webhook.host} is disabled", said, page)


def note(webhook: Webhook, said: str, by: By) -> None:
    """Who did what to it. Of the address the host is noted: the rest may be a secret."""
    if isinstance(by, ApiToken):
        said = f"{said}, by the program {by}"
    user = by if isinstance(by, User) else None
    note_webhook(said, about=f"webhook {webhook.pk} at {webhook.host}", user=user, vendor_id=webhook.vendor_id)
    if user:
        log_change(user, webhook.vendor, f"Webhook at {webhook.host} {said}.")
