"""Inviting colleagues by mail: a link that works once, for seven days, and only for the address it was sent to."""

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from config import addresses
from config.web.admin_log import log_change
from vendors import members
from vendors.members import NotPossible
from vendors.models import Invitation, Vendor, VendorMember

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LIFETIME = timedelta(days=7)


class Gone(Exception):
    """The invitation was accepted, withdrawn, or has expired: by now, or all along."""


@transaction.atomic
def invite(vendor: Vendor, email: str, role: str, by: "User") -> tuple[Invitation, str]:
    """Invite an address, in place of an earlier one; returns the invitation with its token. Raises NotPossible."""
    members.lock(vendor, by)
    email = email.lower()
    if _works_for(vendor, email):
        raise NotPossible(f"{email} is a member already.")
    _open().filter(vendor=vendor, email=email).update(withdrawn_at=Now())
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        vendor=vendor, email=email, role=role, token_hash=_hash(token), invited_by=by,
        expires_at=timezone.now() + LIFETIME,
    )  # fmt: skip
    log_change(by, vendor, f"{email} invited as {role}.")
    members.note_invitation(invitation, by, f"sent, as {role}")
    return invitation, token


def find(token: str) -> Invitation | None:
    """The invitation that the link is for, as long as it can be accepted."""
    found = _open().select_related("vendor").filter(token_hash=_hash(token), expires_at__gt=Now())
    return found.first()


def waiting(vendor: Vendor) -> QuerySet[Invitation]:
    """The vendor's invitations that nobody has answered, expired ones too."""
    return _open().filter(vendor=vendor)


@transaction.atomic
def accept(invitation: Invitation, user: "User") -> VendorMember:
    """Make the user a member, who has proved the address that the link was sent to.

    One UPDATE decides who gets it, if the link is used twice at the same moment. Raises Gone, also where the address
    isn't the user's: to others the invitation isn't there. Who is a member already keeps the role.
    """
    if not is_for(invitation, user):
        raise Gone
    if not _open().filter(pk=invitation.pk, expires_at__gt=Now()).update(accepted_at=Now()):
        raise Gone
    member, _ = VendorMember.objects.get_or_create(
        vendor=invitation.vendor, user=user, defaults={"role": invitation.role}
    )
    log_change(user, invitation.vendor, f"{invitation.email} accepted the invitation, as {member.role}.")
    members.note_invitation(invitation, user, f"accepted, as {member.role}")
    return member


@transaction.atomic
def withdraw(invitation: Invitation, by: "User") -> None:
    """Make the link useless. Raises NotPossible if it was used meanwhile."""
    members.lock(invitation.vendor, by)
    if not _open().filter(pk=invitation.pk).update(withdrawn_at=Now()):
        raise NotPossible("This invitation was accepted or withdrawn meanwhile.")
    log_change(by, invitation.vendor, f"Invitation of {invitation.email} withdrawn.")
    members.note_invitation(invitation, by, "withdrawn")


def is_for(invitation: Invitation, user: "User") -> bool:
    """Whether the user has proved the invited address."""
    return addresses.is_proved_by(user, invitation.email)


def _open() -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None)


def _works_for(vendor: Vendor, email: str) -> bool:
    user = addresses.owner(email)
    return user is not None and VendorMember.objects.filter(user=user, vendor=vendor).exists()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
