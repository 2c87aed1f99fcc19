"""Who works for a vendor, as its owners decide it. A vendor that has an owner never loses its last one.

All changes of one vendor's members wait for each other at the vendor's row, so two owners who remove each other at the
same moment don't leave it without one. Each change is in the admin's log, where staff see it.
"""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from config.web.admin_log import log_change
from security.log import note
from security.models import Kind
from vendors.models import Invitation, Vendor, VendorMember

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Role = VendorMember.Role


class NotPossible(Exception):
    """The change isn't possible; the message says why."""


@transaction.atomic
def change_role(member: VendorMember, role: str, by: "User") -> None:
    """Give the member another role. Raises NotPossible."""
    member = _locked(member, by)
    if member.role == role:
        return
    if role != Role.OWNER:
        _refuse_the_last_owner(member)
        _withdraw_invitations(member, by)
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    log_change(by, member.vendor, f"Member {shown(member.user)}: {before} → {role}.")


@transaction.atomic
def remove(member: VendorMember, by: "User") -> None:
    """Take the member's access away. Raises NotPossible."""
    member = _locked(member, by)
    _refuse_the_last_owner(member)
    _withdraw_invitations(member, by)
    log_change(by, member.vendor, f"Member {shown(member.user)} removed, who was {member.role}.")
    member.delete()


def lock(vendor: Vendor, by: "User") -> None:
    """Wait for other changes of this vendor's people; by then, the one who asks may be an owner no more."""
    Vendor.objects.select_for_update(no_key=True).get(pk=vendor.pk)
    if not VendorMember.objects.filter(vendor=vendor, user=by, role=Role.OWNER).exists():
        raise NotPossible("You aren't an owner any more.")


def note_invitation(invitation: Invitation, by: "User", said: str) -> None:
    """What became of an invitation, for the security log."""
    about = f"invitation of {invitation.email}"
    note(Kind.INVITATION_CHANGED, user=by, vendor_id=invitation.vendor_id, about=about, detail=said)


def shown(user: "User") -> str:
    """What colleagues know a person by."""
    return user.email or user.get_username()


def _locked(member: VendorMember, by: "User") -> VendorMember:
    lock(member.vendor, by)
    found = VendorMember.objects.select_related("user", "vendor").filter(pk=member.pk).first()
    if found is None:
        raise NotPossible("This member was removed meanwhile.")
    return found


def _withdraw_invitations(member: VendorMember, by: "User") -> None:
    """Who is an owner no more lets nobody in: it could be themselves, under another address."""
    sent = Invitation.objects.filter(vendor=member.vendor_id, invited_by=member.user_id)
    waiting = sent.filter(accepted_at=None, withdrawn_at=None)
    for invitation in waiting:
        log_change(by, member.vendor, f"Invitation of {invitation.email} withdrawn, which {shown(member.user)} sent.")
        note_invitation(invitation, by, f"withdrawn, which {shown(member.user)} sent")
    waiting.update(withdrawn_at=Now())


def _refuse_the_last_owner(member: VendorMember) -> None:
    owners = VendorMember.objects.filter(vendor=member.vendor_id, role=Role.OWNER, user__is_active=True)
    if member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists():
        raise NotPossible("This is the last owner. Make somebody else an owner first.")
