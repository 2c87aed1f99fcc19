"""Companies that wait for a word: whether they may send products, and whether a new name is theirs."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from config.web.links import page_url
from uploads.desk.things import Group, Key, Kind, Thing, cut, keys_of, shown, unsnoozed
from vendors import access, approval
from vendors.models import Vendor

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

Rows = Callable[["Viewer"], "QuerySet[Vendor]"]
UNCONFIRMED: Final = "its owner has not confirmed the e-mail address yet"


def _applied(user: "Viewer") -> "QuerySet[Vendor]":
    """Those that wait for approval (idx_vendors_status)."""
    waiting = access.vendors_of(user).filter(status=Vendor.Status.PENDING, declined_at=None)
    return waiting.order_by("created_at", "pk")


def _renamed(user: "Viewer") -> "QuerySet[Vendor]":
    """Those that ask for another name (idx_vendors_requested_name)."""
    return access.vendors_of(user).filter(requested_name__isnull=False).order_by("pk")


def _things(kind: str, rows: list[Vendor]) -> list[Thing]:
    doubtful = approval.unconfirmed([row.pk for row in rows]) if kind == Kind.VENDOR and rows else set[str]()
    return [thing(kind, row, row.pk in doubtful) for row in rows]


def thing(kind: str, vendor: Vendor, doubtful: bool = False) -> Thing:
    """What waits of a vendor: itself, or its new name."""
    return _applicant(vendor, doubtful) if kind == Kind.VENDOR else _name(vendor)


def _applicant(vendor: Vendor, doubtful: bool) -> Thing:
    where = ", ".join(filter(None, [shown(vendor.city), shown(vendor.country)]))
    said = "It applied and waits for approval"
    if vendor.declined_reason:
        said = f"It asks again. It was declined because: {shown(vendor.declined_reason)}"
    facts = (shown(vendor.email), where, UNCONFIRMED if doubtful else "")
    return Thing(
        Kind.VENDOR, vendor.pk, shown(vendor.vendor_name), f"{said.rstrip('.')}.", vendor.created_at,
        page_url("vendors_vendor", vendor.pk), vendor.pk, facts=tuple(filter(None, facts)), about=vendor,
    )  # fmt: skip


def _name(vendor: Vendor) -> Thing:
    said = f"It wants to be called “{shown(vendor.requested_name)}”."
    return Thing(
        Kind.NAME, vendor.pk, shown(vendor.vendor_name), said, None, page_url("vendors_vendor", vendor.pk), vendor.pk,
        about=vendor,
    )  # fmt: skip


def _group(name: str, title: str, says: str, kind: str, rows: Rows) -> Group:
    def waiting(user: "Viewer", without: Collection[Key]) -> "QuerySet[Any]":
        return unsnoozed(rows(user), kind, timezone.now()).exclude(pk__in=keys_of([kind], without))

    def found(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
        few, count = cut(waiting(user, without), start, most)
        return _things(kind, few), count

    def named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
        return _things(kind, list(rows(user).filter(pk__in=keys_of([kind], keys))))

    return Group(name, title, says, (kind,), found, named)


APPLICANTS: Final = _group(
    "vendors", "Vendors to approve", "They can look around, and send products once they are approved.", Kind.VENDOR,
    _applied,
)  # fmt: skip
NAMES: Final = _group(
    "names", "New names asked for", "The old name stands until somebody accepts the new one.", Kind.NAME, _renamed
)
