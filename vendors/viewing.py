"""Staff look at one vendor's pages as its owners see them, and change nothing there.

That somebody does stands in their session: which vendor, and until when. It ends with the session, with the permission,
after an hour, and where they leave or begin with another vendor. The security log has its beginning, its end and each
page. What it opens, and that it opens nothing for writing, is vendors/access.py's.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.utils import timezone

from security.log import note
from security.models import Kind
from vendors.models import Vendor, VendorMember

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

PERMISSION: Final = "vendors.see_as_vendor"
SECONDS: Final = 3600
_KEY: Final = "viewing_as"  # in the session: the vendor's ID, and until when in seconds since 1970


class Over(Exception):
    """The hour is over: what was looked at isn't any more, until it is begun anew."""


@dataclass(frozen=True)
class Viewing:
    """Whose pages are looked at, and until when: what the banner says."""

    vendor: Vendor
    until: datetime


def may(user: "User | AnonymousUser") -> bool:
    """Whether somebody may look at vendors' pages so."""
    return user.is_active and user.is_staff and user.has_perm(PERMISSION)


def begin(request: HttpRequest, vendor: Vendor) -> None:
    """From here on, for an hour. What was looked at before, of another vendor, ends."""
    end(request, "another vendor's begun")
    note(Kind.VIEWED_AS, request=request, vendor_id=vendor.pk, detail="begun, as an owner who may change nothing")
    request.session[_KEY] = [vendor.pk, time.time() + SECONDS]


def end(request: HttpRequest, why: str) -> str:
    """It is over, whatever it was; the vendor's ID, or "" where there was nothing to end."""
    vendor_id: str = request.session.pop(_KEY, [""])[0]
    if vendor_id:
        note(Kind.VIEWED_AS, request=request, vendor_id=vendor_id, detail=f"ended: {why}")
    return vendor_id


def is_of(request: HttpRequest, vendor_id: str) -> bool:
    """Whether it is this vendor that somebody began with last."""
    return bool(request.session.get(_KEY, [""])[0] == vendor_id)


def of(request: HttpRequest, vendor_id: str) -> Viewing | None:
    """What whoever asks looks at, if it is this vendor's pages. Raises Over at the first page after the hour."""
    if not is_of(request, vendor_id):
        return None
    if not may(request.user):
        end(request, "the permission was taken")
        return None
    until = request.session[_KEY][1]
    if time.time() >= until:
        end(request, "the hour is over")
        raise Over
    vendor = Vendor.objects.filter(pk=vendor_id).first()
    return Viewing(vendor, datetime.fromtimestamp(until, timezone.get_current_timezone())) if vendor else None


def as_owner(request: HttpRequest, viewing: Viewing, *, part: bool = False) -> VendorMember:
    """The owner whose eyes they look through: one that is nobody, and in no table. Notes which page it is, but not that
    a `part` of one brings itself up to date; of what isn't such a part no header keeps it out of the log."""
    if not (part and "HX-Request" in request.headers):
        note(Kind.VIEWED_AS, request=request, vendor_id=viewing.vendor.pk, about=request.path, detail="page")
    return VendorMember(vendor=viewing.vendor, user_id=request.user.pk or 0, role=VendorMember.Role.OWNER)
