"""Mails to a vendor's people: plain text, one for each person, and sent after what they tell of is certain."""

import logging
from collections.abc import Iterable
from smtplib import SMTPRecipientsRefused

from django.core.mail import EmailMessage, get_connection
from django.db.models import QuerySet
from django.urls import reverse

from config.web import text
from config.web.links import site_url
from vendors.models import ApiToken, Invitation, Vendor, VendorMember
from vendors.tokens import expiring

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
TOKENS_AT_ONCE = 200  # about which owners are told in one turn of the schedule


def tell_owners(step: str, vendors: Iterable[Vendor]) -> None:
    """Tell the vendors' owners what staff decided; `step` is one of DECISIONS."""
    title, sentences = DECISIONS[step]
    after = AFTERWARDS.get(step, [])
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
        for one in _owners(vendors)
        if one.user.email
    )


def tell_of_token(token: ApiToken) -> None:
    """Tell the vendor's owners that there is a token: nobody makes one in their place unseen."""
    maker = token.created_by
    by = "staff" if maker is None or maker.is_staff else maker.email or maker.get_username()
    mails = _to_owners(
        token,
        f"{token.vendor.vendor_name} has a new token for its programs",
        f"A token “{token.name}” for programs of {token.vendor.vendor_name} ({token.vendor_id}) was made by {by}. It "
        f"begins with {token.hint}, works until {token.expires_at:%Y-%m-%d}, and may: {', '.join(token.scopes)}.",
        "If none of you wanted it, revoke it at once:",
    )
    send(mails)


def tell_of_expiry() -> None:
    """Tell owners of tokens that stop working within a week, of each once. Raises OSError where no mail can be sent."""
    for token in expiring.due(TOKENS_AT_ONCE):
        if not expiring.take(token):
            continue
        used = f"It was used last on {token.last_used_at:%Y-%m-%d}." if token.last_used_at else "It was never used."
        mails = _to_owners(
            token,
            f"A token of {token.vendor.vendor_name} expires on {token.expires_at:%Y-%m-%d}",
            f"The token “{token.name}” of {token.vendor.vendor_name} ({token.vendor_id}), which begins with "
            f"{token.hint}, works until {token.expires_at:%Y-%m-%d %H:%M} UTC. {used}",
            "If a program still needs it, make a second one of the same name, and put it into the program in time:",
        )
        try:
            get_connection().send_messages(mails)
        except (SMTPRecipientsRefused, ValueError):  # an address that the server doesn't take, or that can't be one
            logger.exception("That token %s expires can't be told to all owners", token.pk)
        except OSError:
            expiring.give_back(token)
            raise


def _to_owners(token: ApiToken, subject: str, what: str, advice: str) -> list[EmailMessage]:
    emails = _owners([token.vendor]).values_list("user__email", flat=True)
    link = _address("vendor:programs", token.vendor_id)
    return [_mail(subject, [what, advice, link], email) for email in emails if email]


def _owners(vendors: Iterable[Vendor]) -> "QuerySet[VendorMember]":
    return VendorMember.objects.filter(
        vendor__in=list(vendors), role=VendorMember.Role.OWNER, user__is_active=True
    ).select_related("vendor", "user")


def tell_owners_of(vendor: Vendor, title: str, paragraphs: list[str], page: tuple[str | int, ...]) -> bool:
    """Tell the vendor's owners of something of theirs; `page` is the name and the arguments of the page about it.

    False where the mail couldn't be sent, which is in the log.
    """
    owners = vendor.members.filter(role=VendorMember.Role.OWNER, user__is_active=True).select_related("user")
    name, *arguments = page
    said = [*paragraphs, _address(str(name), *map(str, arguments))]
    return send(_mail(title, said, one.user.email) for one in owners if one.user.email)


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
