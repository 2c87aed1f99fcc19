"""Staff pause a vendor's feeds at once, and resume them.

Both take the vendor's lock, which every batch holds until it has committed: when `pause` has returned, and its
transaction has ended, no row of the vendor takes effect any more. What comes meanwhile is accepted and waits.
"""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from catalog import committer
from config.web.admin_log import log_change
from config.web.text import visible
from security.log import note
from security.models import Kind
from uploads.models import Happening
from vendors import holds, mails
from vendors.models import Vendor, VendorHold, Webhook
from vendors.webhooks.announce import announce

Event = Webhook.Event


@transaction.atomic
def pause(vendor_id: str, reason: str, user: Any) -> VendorHold | None:
    """Pause the vendor's feeds, for a reason that its people read; None where they are paused already.

    Takes a reason that `vendors.approval.why_no_reason` has nothing against. The owners are told by mail when it is
    certain.
    """
    committer.lock_vendors([vendor_id])
    vendor = Vendor.objects.get(pk=vendor_id)
    if holds.pause_of(vendor_id):
        return None
    hold = VendorHold.objects.create(vendor=vendor, kind=VendorHold.Kind.PAUSE, reason=reason.strip(), begun_by=user)
    _log(vendor, user, f"Feeds paused: {hold.reason}", "feeds paused")
    _announce(vendor.pk, Event.VENDOR_PAUSED)
    _tell(
        vendor, "The feeds of {name} are paused",
        "Our staff paused the feeds of {name} ({id}): {reason}",
        "Files and records that you send are accepted and wait; nothing of them reaches your catalog until the feeds "
        "go on. You needn't send anything again. If you don't know why, reply to this mail.",
        reason=hold.reason,
    )  # fmt: skip
    return hold


@transaction.atomic
def resume(vendor_id: str, user: Any) -> VendorHold | None:
    """Let the vendor's feeds go on; None where they aren't paused. What waited goes through by itself (release.py)."""
    committer.lock_vendors([vendor_id])
    hold = holds.pause_of(vendor_id)
    if hold is None:
        return None
    ended = VendorHold.objects.filter(pk=hold.pk, ended_at=None)
    ended.update(ended_at=Now(), ended_how=VendorHold.Ended.RESUMED, ended_by=user)
    # What failed rows waited for may have happened meanwhile: it is looked for now, as after a suspension.
    Happening.objects.create(kind=Happening.Kind.VENDOR, what=vendor_id)
    vendor = Vendor.objects.get(pk=vendor_id)
    _log(vendor, user, "Feeds resumed.", "feeds resumed")
    _announce(vendor.pk, Event.VENDOR_RESUMED)
    _tell(
        vendor, "The feeds of {name} go on",
        "The feeds of {name} ({id}) go on: what came while they were paused is being checked now, in the order in "
        "which it came. You needn't send anything again.",
    )  # fmt: skip
    return hold


def _log(vendor: Vendor, user: Any, message: str, detail: str) -> None:
    if user is not None:  # as from the command line
        log_change(user, vendor, message)
    note(Kind.SETTING_CHANGED, user=user, vendor_id=vendor.pk, about=f"vendor {vendor.pk}", detail=detail)


def _announce(vendor_id: str, event: str) -> None:
    """Tell the vendor's programs, with what holds it back from now on, as `me` says it in the API."""
    hold = holds.of(vendor_id)
    why = None
    if hold:
        why = {"kind": hold.kind, "since": hold.since.isoformat(timespec="seconds"), "reason": hold.reason}
    announce(vendor_id, event, {"vendor_id": vendor_id, "held_back": why})


def _tell(vendor: Vendor, title: str, *paragraphs: str, reason: str = "") -> None:
    """As with all that staff decide, when it is certain."""
    names = {"name": visible(vendor.vendor_name), "id": vendor.pk, "reason": visible(reason)}
    said = [paragraph.format(**names) for paragraph in paragraphs]
    mails.tell_owners_of(vendor, title.format(**names), said, ("vendor:home", vendor.pk))
