"""Mails to a vendor's people: plain text, one for each person, and sent after what they tell of is certain."""

import logging
from collections.abc import Iterable

from django.core.mail import EmailMessage, get_connection
from django.urls import reverse

from config.web import text
from config.web.links import site_url
from vendors.models import Invitation, Vendor, VendorMember

logger = logging.getLogger(__name__)

# What owners read when staff decided about their company: subject and text, by the name of the step.
DECISIONS = {
    "approve": (
        "{name} is approved",
        "Your company {name} ({id}) is approved: you can upload product files from now on, and products that are in "
        "order appear in the catalog.",
    ),
    "decline": (
        "{name} is not approved yet",
        "Your company {name} ({id}) was looked at and is not approved: {reason}",
    ),
    "suspend": (
        "{name} is suspended",
        "Your company {name} ({id}) is suspended. New files are refused, the rest of files that are being processed "
        "comes back with errors, and your products are hidden from shops. Nothing is deleted, and you can still see "
        "all of it. If you don't know why, reply to this mail.",
    ),
    "reactivate": (
        "{name} is active again",
        "Your company {name} ({id}) is active again: you can upload files, and your products are back in the catalog. "
        "Rows that failed in the meantime stay failed: send them again.",
    ),
    "accept the name of": (
        "{name} is your name here now",
        "Your company {id} is called {name} from now on, in the catalog and in mails.",
    ),
    "refuse the name of": (
        "{name} keeps its name",
        "The new name that was asked for your company {id} isn't accepted: it is still called {name}. If you don't "
        "know why, reply to this mail.",
    ),
}

# What else such a mail says, and where its link leads if not to the vendor's home.
AFTERWARDS = {"decline": ["Put right what is wrong, and ask again on your company's profile:"]}
LEADS_TO = {"decline": ("vendor:profile",)}


def tell_owners(step: str, vendors: Iterable[Vendor]) -> None:
    """Tell the vendors' owners what staff decided; `step` is one of DECISIONS."""
    title, sentences = DECISIONS[step]
    after = AFTERWARDS.get(step, [])
    owners = VendorMember.objects.filter(
        vendor__in=list(vendors), role=VendorMember.Role.OWNER, user__is_active=True
    ).select_related("vendor", "user")
    send(
        _mail(
            title.format(name=one.vendor.vendor_name),
            [
                sentences.format(
                    name=one.vendor.vendor_name, id=one.vendor_id, reason=one.vendor.declined_reason or ""
                ),
                *after,
                _address(*LEADS_TO.get(step, ("vendor:home",)), one.vendor_id),
            ],
            one.user.email,
        )
        for one in owners
        if one.user.email
    )


def invite(invitation: Invitation, token: str) -> bool:
    """Send the link; False where the mail couldn't be sent."""
    vendor = invitation.vendor
    inviter = invitation.invited_by.email if invitation.invited_by else "A colleague"
    mail = _mail(
        f"Join {vendor.vendor_name} on Vendor onboarding",
        [
            f"{inviter} invites you to work for {vendor.vendor_name} ({vendor.vendor_id}) as {invitation.role}.",
            "Open this link within 7 days. It works once:",
            _address("invitation", token),
            "If you don't expect this, do nothing.",
        ],
        invitation.email,
    )
    return send([mail])


def send(mails: Iterable[EmailMessage]) -> bool:
    """Send them over one connection. A mail server that is away is noted and holds nothing up: False then."""
    try:
        get_connection().send_messages(list(mails))
    except (OSError, ValueError):  # smtplib's errors are OSErrors; an address that can't be one is a ValueError
        logger.exception("A mail to a vendor's people could not be sent")
        return False
    return True


def _mail(subject: str, paragraphs: list[str], to: str) -> EmailMessage:
    """Each paragraph is a line: a name from before names were held to one can't pass as another part of the mail."""
    lines = [" ".join(paragraph.split()) for paragraph in paragraphs]
    return EmailMessage(text.subject(subject), "\n\n".join(lines) + "\n", None, [to])


def _address(name: str, *arguments: str) -> str:
    return site_url(reverse(name, args=arguments))
