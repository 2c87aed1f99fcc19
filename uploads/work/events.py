"""What programs are told of an upload, in the transaction that makes it true: then both happened, or neither."""

from collections.abc import Iterable
from typing import Any, Final

from django.urls import reverse

from config.web.links import site_url
from uploads.models import Feed, UploadHistory
from vendors.models import Webhook
from vendors.webhooks.announce import announce, wanted

Event = Webhook.Event
# How an upload ended; one that is completed may have rows with errors, which is another event.
_ENDS: Final = {
    UploadHistory.Status.COMPLETED: Event.FEED_COMPLETED,
    UploadHistory.Status.FAILED: Event.FEED_FAILED,
    UploadHistory.Status.CANCELLED: Event.FEED_CANCELLED,
}


def opened(uploads: Iterable[UploadHistory]) -> None:
    """These are being imported from now on."""
    uploads = list(uploads)
    told = wanted({upload.vendor_id for upload in uploads}, Event.FEED_PROCESSING)
    for upload in uploads:
        if upload.vendor_id in told:
            announce(upload.vendor_id, Event.FEED_PROCESSING, thin(upload))


def held(upload: UploadHistory, found: Iterable[str]) -> None:
    """It waits for a person, since it would change more than is usual: `found` says what, in sentences."""
    if wanted([upload.vendor_id], Event.FEED_HELD):
        announce(upload.vendor_id, Event.FEED_HELD, thin(upload) | {"held_for": list(found)})


def ended(upload_id: str) -> UploadHistory:
    """It has ended; returns it as it is now."""
    upload = UploadHistory.objects.select_related("vendor", "uploaded_by").get(pk=upload_id)
    event = _ENDS[UploadHistory.Status(upload.status)]
    if event == Event.FEED_COMPLETED and upload.open_records:
        event = Event.FEED_COMPLETED_WITH_ERRORS
    if wanted([upload.vendor_id], event):
        announce(upload.vendor_id, event, thin(upload))
    return upload


def thin(upload: UploadHistory) -> dict[str, Any]:
    """What an event tells of an upload: counts and links, no rows."""
    metadata = Feed.objects.filter(pk=upload.pk).values_list("metadata", flat=True).first()
    told: dict[str, Any] = {
        "feed_id": upload.pk,
        "state": upload.status,
        "file_name": upload.file_name,
        "metadata": metadata or {},
        "counts": {
            "total": upload.total_records, "inserted": upload.inserted_records, "updated": upload.updated_records,
            "retired": upload.retired_records,
            "unchanged": upload.unchanged_records, "skipped": upload.skipped_records,
            "superseded": upload.superseded_records, "errors": upload.open_records,
            "warned": upload.warned_records,
        },
        "links": {
            "feed": site_url(reverse("api:feed", args=[upload.pk])),
            "page": site_url(reverse("vendor:upload", args=[upload.vendor_id, upload.pk])),
        },
    }  # fmt: skip
    if upload.absent_state:
        told["absent"] = {
            "state": upload.absent_state, "to": upload.absent_to, "count": upload.absent_records,
            "why": upload.absent_why or None,
        }  # fmt: skip
    if upload.failure_code:
        told["failure"] = {"code": upload.failure_code, "message": upload.failure_reason}
    return told
