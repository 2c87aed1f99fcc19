"""What is decided about records of programs that wait since they look wrong: they go through, or they are cancelled.

Both end the hold under the vendor's lock, and say on each upload what is to become of its records that wait; the
schedule does it (release.py). What comes after that is measured anew.
"""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from catalog import committer
from config.web.admin_log import log_change
from config.web.text import visible
from security.log import note
from security.models import Kind
from uploads.models import ProgramMinute, UploadHistory
from uploads.pipeline.guard.check import Finding
from vendors import mails
from vendors.models import Vendor, VendorHold

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Anybody = User | AnonymousUser

Ended = VendorHold.Ended
MAY = "vendors.pause_vendor"
SAID = {Ended.CONFIRMED: "Records of programs let through", Ended.REFUSED: "Records of programs refused"}


def open_of(vendor_id: str) -> VendorHold | None:
    """What waits for an answer, or None."""
    return VendorHold.objects.filter(vendor=vendor_id, kind=VendorHold.Kind.WINDOW, ended_at=None).first()


def findings_of(hold: VendorHold) -> list[Finding]:
    return [Finding.from_json(one) for one in hold.findings]


@transaction.atomic
def answer(vendor_id: str, hold_id: int, how: str, user: "User | None") -> bool:
    """Let through what waits, or refuse it (VendorHold.Ended); False where somebody has answered already.

    `hold_id` is the hold that was looked at: one that came since wants an answer of its own.
    """
    committer.lock_vendors([vendor_id])
    hold = VendorHold.objects.filter(vendor=vendor_id, pk=hold_id, kind=VendorHold.Kind.WINDOW, ended_at=None)
    if not hold.update(ended_at=Now(), ended_how=how, ended_by=user):
        return False
    waiting = UploadHistory.objects.filter(
        vendor=vendor_id, source=UploadHistory.Source.DYNAMODB, withheld_from__isnull=False
    )
    waiting.update(withheld_answer=how)
    ProgramMinute.objects.filter(vendor=vendor_id).delete()
    vendor = Vendor.objects.get(pk=vendor_id)
    if user is not None:  # as from the command line
        log_change(user, vendor, f"{SAID[Ended(how)]}.")
    note(Kind.SETTING_CHANGED, user=user, vendor_id=vendor_id, about=f"vendor {vendor_id}", detail=SAID[Ended(how)])
    return True


def tell_held(hold_id: int) -> None:
    """Tell the owners once that records wait, in the transaction that makes it so; pages and Work say it too."""
    hold = VendorHold.objects.select_related("vendor").get(pk=hold_id)
    vendor = hold.vendor
    examples = [line for one in findings_of(hold) for line in one.lines[:3]]
    mails.tell_owners_of(
        vendor,
        f"Records of {visible(vendor.vendor_name)} wait: they look wrong",
        [
            f"What your programs put for {visible(vendor.vendor_name)} ({vendor.pk}) looks wrong: {hold.reason}.",
            *(["For example: " + "; ".join(examples)] if examples else []),
            "The records that were beyond that wait, as do those that come now; nothing of them is in your catalog. "
            "See here, and let them through or refuse them; where you can't, our staff will. Files are taken as ever.",
        ],
        ("vendor:home", vendor.pk),
    )
