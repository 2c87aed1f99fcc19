"""Deliveries of webhooks are deleted with their tries when they are old; what is still tried stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.uploads.keeping.aging import delete_old, removed
from vendors.models import Vendor, Webhook, WebhookAttempt, WebhookDelivery

pytestmark = pytest.mark.usefixtures("bucket", "table")


def test_deliveries_of_more_than_30_days_are_deleted_with_their_tries(vendor: Vendor) -> None:
    webhook = Webhook.objects.create(vendor=vendor, url="https://erp.example/", events=["feed.failed"], secret="")
    for days, state in ((31, "failed"), (31, "delivered"), (31, "pending"), (29, "failed")):
        one = WebhookDelivery.objects.create(
            webhook=webhook, message_id=f"{days} {state}", event="feed.failed", body="{}", state=state
        )
        WebhookDelivery.objects.filter(pk=one.pk).update(created_at=timezone.now() - timedelta(days=days))
        WebhookAttempt.objects.create(delivery=one, status=500)
    delete_old()
    assert removed("deliveries") == {"deliveries": 2}
    left = WebhookDelivery.objects.order_by("message_id")
    assert list(left.values_list("message_id", flat=True)) == ["29 failed", "31 pending"]
    assert WebhookAttempt.objects.count() == 2
