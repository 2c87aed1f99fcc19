"""Whether what comes for a vendor takes effect: the one place that decides it, for pages, programs and the journey.

A hold is begun and ended in uploads/pipeline/holding/, under the vendor's lock: from that commit on no batch of the
vendor writes anything, and what comes waits. Here it is only asked.
"""

from collections.abc import Iterable

from django.utils.timezone import localtime

from config.web.text import visible
from vendors.models import VendorHold

Kind = VendorHold.Kind


def open_of(vendor_ids: Iterable[str]) -> dict[str, VendorHold]:
    """What holds back these vendors, in one question (vendor_holds_open): a pause, which holds back all, before a
    window, which holds back the records of programs."""
    found = VendorHold.objects.filter(vendor__in=list(vendor_ids), ended_at=None).order_by("-kind")  # pause last
    return {hold.vendor_id: hold for hold in found}


def of(vendor_id: str) -> VendorHold | None:
    """What holds back a vendor, or None."""
    return open_of([vendor_id]).get(vendor_id)


def pause_of(vendor_id: str) -> VendorHold | None:
    """The pause of a vendor's feeds, or None."""
    return VendorHold.objects.filter(vendor=vendor_id, kind=Kind.PAUSE, ended_at=None).first()


def said(hold: VendorHold, whose: str = "Your feeds") -> str:
    """That it is so, since when and why, in a sentence without its full stop; `whose` as the reader calls them."""
    reason = visible(" ".join(hold.reason.split())).rstrip(".")
    if hold.kind == Kind.PAUSE:
        return f"{whose} are paused since {_moment(hold)}: {reason}"
    return f"Records of programs wait since {_moment(hold)}: {reason}"


def why_no_retry(hold: VendorHold | None, whose: str = "Your feeds") -> str:
    """Why failed rows can't be retried meanwhile, or "". What programs do doesn't stop people."""
    if hold is None or hold.kind != Kind.PAUSE:
        return ""
    return f"{said(hold, whose)}. Rows can be retried once they go on."


def _moment(hold: VendorHold) -> str:
    return f"{localtime(hold.since):%Y-%m-%d %H:%M}"
