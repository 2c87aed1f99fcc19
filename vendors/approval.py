"""What staff decide about vendors: approving or declining, suspending and reactivating them, what each of it means, and
whether a new name is theirs to have."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from config.web.admin_log import log_change
from config.web.names import some_lines
from security.log import note
from security.models import Kind
from vendors import mails
from vendors.models import Vendor, VendorMember, Webhook
from vendors.webhooks.announce import announce

Status = Vendor.Status
REASON_CHARS = 1000


@dataclass(frozen=True)
class Transition:
    """A step from one status to another, and what people should know before they take it."""

    name: str
    done: str
    before: Status
    after: Status
    meaning: Sequence[str]


APPROVE = Transition(
    "approve",
    "approved",
    Status.PENDING,
    Status.ACTIVE,
    ["Their feeds are accepted from now on, and their products are part of the catalog that shops see."],
)
SUSPEND = Transition(
    "suspend",
    "suspended",
    Status.ACTIVE,
    Status.SUSPENDED,
    [
        "Their feeds are refused from now on. Of uploads that are running, the rows that remain will fail with "
        "vendor_not_active.",
        "Their products stay, but leave the catalog that shops see (product_catalog) until they are reactivated.",
    ],
)
REACTIVATE = Transition(
    "reactivate",
    "reactivated",
    Status.SUSPENDED,
    Status.ACTIVE,
    [
        "Their feeds are accepted again, and their products are back in the catalog that shops see.",
        "Rows that failed in the meantime stay failed until they are retried: by themselves, if the vendor wants that.",
    ],
)
# What a vendor's programs are told.
EVENTS = {SUSPEND.after: Webhook.Event.VENDOR_SUSPENDED, REACTIVATE.after: Webhook.Event.VENDOR_REACTIVATED}
TRANSITIONS = {step.name: step for step in (APPROVE, SUSPEND, REACTIVATE)}


@transaction.atomic
def take(step: Transition, vendor_ids: Iterable[str], user: Any) -> list[Vendor]:
    """Take the step for those of the vendors that still have its status, in one UPDATE, and log it; returns them.

    Their owners are told by mail when it is certain.
    Who isn't returned has another status by now: somebody else got there first.
    """
    changed = list(
        Vendor.objects.raw(
            """
            UPDATE vendors SET status = %s, declined_at = NULL, declined_reason = NULL
             WHERE vendor_id = ANY (%s) AND status = %s RETURNING *
            """,
            [step.after, list(vendor_ids), step.before],
        )
    )
    LogEntry.objects.log_actions(user.pk, changed, CHANGE, f"{step.done.capitalize()}: {step.before} → {step.after}.")
    for vendor in changed:
        said = f"status: {step.before} → {step.after}"
        note(Kind.SETTING_CHANGED, user=user, vendor_id=vendor.pk, about=f"vendor {vendor.pk}", detail=said)
        announce_status(vendor.pk, step.before, step.after)
    transaction.on_commit(lambda: mails.tell_owners(step.name, changed), robust=True)
    return changed


def announce_status(vendor_id: str, before: str, after: str) -> None:
    """Tell the vendor's programs, in the transaction that changes its status; they aren't told of its approval."""
    if before != Status.PENDING and after in EVENTS:
        announce(vendor_id, EVENTS[Status(after)], {"vendor_id": vendor_id, "status": after})


def why_no_reason(reason: str) -> str:
    """Why a vendor can't be declined with these words, or ""."""
    if not reason.strip():
        return "Say why: its owners read it, and can put right what is wrong."
    if len(reason) > REASON_CHARS:
        return f"The reason has {len(reason):,} characters. Use at most {REASON_CHARS:,}."
    try:
        some_lines(reason)
    except ValidationError as error:
        return str(error.messages[0])
    return ""


@transaction.atomic
def decline(vendor_id: str, reason: str, user: Any) -> Vendor | None:
    """Decline a vendor that waits for approval; its owners read the reason by mail and on its pages, and may ask again.

    None where it doesn't wait any more: somebody else got there first. Takes a reason that `why_no_reason` has nothing
    against.
    """
    vendor = _waiting(vendor_id)
    if vendor is None:
        return None
    vendor.declined_at, vendor.declined_reason = timezone.now(), reason.strip()
    vendor.save(update_fields=["declined_at", "declined_reason"])
    log_change(user, vendor, f"Declined: {vendor.declined_reason}")
    note(Kind.SETTING_CHANGED, user=user, vendor_id=vendor.pk, about=f"vendor {vendor.pk}", detail="declined")
    transaction.on_commit(lambda: mails.tell_owners("decline", [vendor]), robust=True)
    return vendor


@transaction.atomic
def ask_again(vendor_id: str, user: Any) -> bool:
    """An owner asks that a declined vendor is looked at again; the reason stays for those who look.

    False where it isn't declined any more.
    """
    vendor = Vendor.objects.select_for_update(no_key=True).filter(pk=vendor_id).first()
    if vendor is None or not vendor.is_declined:
        return False
    vendor.declined_at = None
    vendor.save(update_fields=["declined_at"])
    log_change(user, vendor, "Asked again for approval by an owner.")
    return True


def _waiting(vendor_id: str) -> Vendor | None:
    """A vendor that waits for approval, locked."""
    locked = Vendor.objects.select_for_update(no_key=True)
    return locked.filter(pk=vendor_id, status=Status.PENDING, declined_at=None).first()


@transaction.atomic
def decide_name(vendor_id: str, name: str, accepted: bool, user: Any) -> bool:
    """Accept or refuse the name that an owner asked for; the owners are told by mail when it is certain.

    False where it isn't this name any more that is asked for: what was decided about is what staff have seen.
    """
    vendor = Vendor.objects.select_for_update(no_key=True).filter(pk=vendor_id, requested_name=name).first()
    if vendor is None:
        return False
    before, vendor.requested_name = vendor.vendor_name, None
    vendor.vendor_name = name if accepted else before
    vendor.save(update_fields=["vendor_name", "requested_name"])
    log_change(user, vendor, f"New name {'accepted' if accepted else 'refused'}: {before} → {name}.")
    step = f"{'accept' if accepted else 'refuse'} the name of"
    transaction.on_commit(lambda: mails.tell_owners(step, [vendor]), robust=True)
    return True


def running_uploads(vendor_ids: Iterable[str]) -> dict[str, int]:
    """How many uploads of each vendor are on their way, in one query (through idx_upload_history_open)."""
    rows = Vendor.objects.filter(pk__in=list(vendor_ids), uploads__status="processing")
    return dict(rows.order_by().values_list("pk").annotate(running=Count("uploads")))


def unconfirmed(vendor_ids: Iterable[str]) -> set[str]:
    """The vendors that applied, and of which no owner has confirmed the address yet: it may be somebody else's."""
    owners = VendorMember.objects.filter(vendor__in=list(vendor_ids), role=VendorMember.Role.OWNER).order_by()
    waiting, confirmed = (
        set(owners.filter(user__emailaddress__verified=verified).values_list("vendor_id", flat=True))
        for verified in (False, True)
    )
    return waiting - confirmed
