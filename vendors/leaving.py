"""The people of a vendor that leaves: what says who they are is deleted, what they did stays.

An account isn't deleted but emptied, so that histories keep saying "deleted-12" where its name stood. Who works for
another vendor too, or is of the staff, keeps the account and only leaves.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from security import log
from security.models import SecurityEvent
from vendors.models import Invitation, Vendor, VendorMember

if TYPE_CHECKING:
    from django.db.models import Model

    Rows = QuerySet[Model]

GONE: Final = "(deleted)"
# Of a vendor, what may be a person's; the name and the tax ID are what books are kept by.
CONTACTS: Final = ("phone", "address", "city", "state", "postal_code", "requested_name", "declined_reason")
ADDRESS: Final = re.compile(r"[^\s@<>()\"':;,]+@[^\s@<>()\"':;,]+")


def members(vendor: Vendor) -> QuerySet[VendorMember]:
    """The vendor's people, with whether each has nothing here but this vendor: `alone`."""
    elsewhere = VendorMember.objects.filter(user=OuterRef("user")).exclude(vendor=vendor)
    alone = ~Exists(elsewhere) & Q(user__is_staff=False, user__is_superuser=False)
    return vendor.members.select_related("user").annotate(alone=alone).order_by("pk")


@transaction.atomic
def leave(member: VendorMember) -> bool:
    """Take a member's access, and empty the account of one who has nothing else here; whether it was emptied."""
    user = User.objects.select_for_update().get(pk=member.user_id)
    alone = members(member.vendor).filter(pk=member.pk, alone=True).exists()  # type: ignore[misc] # annotated there
    member.delete()
    if alone:
        _empty(user)
    return alone


def _empty(user: User) -> None:
    emails = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)} - {""}
    emails |= _noted_before(Q(about__contains=f"(account {user.pk})"))
    for session in UserSession.objects.filter(user=user):
        session.end()
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.filter(user=user).delete()
    name, before = f"deleted-{user.pk}", user.get_username()
    # Past the model, whose changes are noted with what they were.
    User.objects.filter(pk=user.pk).update(
        username=name, email="", first_name="", last_name="", password=make_password(None), is_active=False,
        last_login=None,
    )  # fmt: skip
    LogEntry.objects.filter(content_type__model="user", object_id=str(user.pk)).update(object_repr=name)
    _rename_in_history(rf"(?<= ){re.escape(before)}(?= \()", name, f" {before} (")  # as members are called
    forget_in_logs(emails)
    log.forget(account=str(user.pk))


@transaction.atomic
def withdraw(invitation: Invitation) -> None:
    """Delete an invitation, and who it was for, unless that is somebody's who is here."""
    email = invitation.email
    invitation.delete()
    forget_in_logs([email])


@transaction.atomic
def forget_contacts(vendor: Vendor) -> None:
    """Of the vendor itself what names people: the address that mails go to, and where it is."""
    before = vendor.email
    nothing: dict[str, str | None] = dict.fromkeys(CONTACTS)
    Vendor.objects.filter(pk=vendor.pk).update(email=address_of_nobody(vendor), **nothing)
    declined = LogEntry.objects.filter(content_type__app_label="vendors", content_type__model="vendor")
    declined = declined.filter(object_id=vendor.pk, change_message__startswith="Declined: ")
    declined.update(change_message=f"Declined: {GONE}")
    forget_in_logs({before} | _noted_before(Q(about=f"vendor {vendor.pk}")))


def address_of_nobody(vendor: Vendor) -> str:
    """Addresses are unique, and must be there."""
    return f"{vendor.pk.lower()}@deleted.invalid"


def forget_in_logs(emails: Iterable[str]) -> None:
    """Take addresses out of the admin's history and the security log, but for those of people who are still here."""
    for email in emails:
        if User.objects.filter(email__iexact=email).exists():
            continue
        _rename_in_history(rf"(?<![\w.%+'-]){re.escape(email)}(?![\w-]|\.\w)", GONE, email)
        log.forget(email=email)


def _noted_before(which: Q) -> set[str]:
    """The addresses that the security log names where it tells of somebody: also those that were given up since."""
    events = SecurityEvent.objects.filter(which).values_list("about", "detail")
    return {address.strip(".…") for texts in events for text in texts for address in ADDRESS.findall(text)}


def _rename_in_history(pattern: str, name: str, part: str) -> None:
    """In the admin's history, where that is all of a name and not a part of another; `part` is in what has it."""
    found = re.compile(pattern, re.IGNORECASE)
    for entry in LogEntry.objects.filter(Q(change_message__icontains=part) | Q(object_repr__icontains=part)):
        message, shown = (found.sub(name, text) for text in (entry.change_message, entry.object_repr))
        LogEntry.objects.filter(pk=entry.pk).update(change_message=message, object_repr=shown)
