"""Mails to a vendor's people: plain text, one for each person, and sent after what they tell of is certain.

What owners are told without asking (files and records that are held, pauses, sources and webhooks that end) is owed:
written down in the transaction that makes it true, sent right behind it, and by the schedule where that went wrong. So
neither a process that is killed in between nor a mail server that is away loses it. A process that is killed
between the server's word and its own note sends it once more.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import TYPE_CHECKING, Final

from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from config.web import text
from config.web.links import site_url
from vendors.models import ApiToken, Invitation, OwedMail, Vendor, VendorMember
from vendors.tokens import expiring

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend

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

TRIED: Final = timedelta(days=3)  # so long a mail that is owed is tried
LEASE: Final = timedelta(minutes=2)  # longer than the server may take for one, and until the next try
OWED_AT_ONCE: Final = 200  # in one turn of the schedule, as far as its seconds go
SEND_SECONDS: Final = 60.0
SERVER_SECONDS: Final = 10  # for each answer of the mail server


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


def _owners(vendors: Iterable[Vendor | str]) -> "QuerySet[VendorMember]":
    return VendorMember.objects.filter(
        vendor__in=list(vendors), role=VendorMember.Role.OWNER, user__is_active=True
    ).select_related("vendor", "user")


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


# --- what is owed ----------------------------------------------------------------------------------------------


def tell_owners_of(vendor: Vendor, title: str, paragraphs: list[str], page: tuple[str | int, ...]) -> None:
    """Tell the vendor's owners of something of theirs; `page` is the name and the arguments of the page about it.

    Called inside of the transaction in which it comes true: then either both happened or neither. It is sent when that
    is certain; a mail server that is away holds nothing up.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A mail is owed in the transaction that makes it true.")
    name, *arguments = page
    mail = _mail(title, [*paragraphs, _address(str(name), *map(str, arguments))], "")
    owners = _owners([vendor]).exclude(user__email="").order_by("pk")
    owed = OwedMail.objects.bulk_create(
        OwedMail(vendor=vendor, user=one.user, subject=str(mail.subject), body=str(mail.body)) for one in owners
    )
    if owed:
        transaction.on_commit(lambda: _send_at_once([one.pk for one in owed]), robust=True)


def send_owed() -> None:
    """Send what is owed and that nobody is at, the oldest first: for the schedule (idx_owed_mails_due).

    Raises OSError where the mail server is away. What couldn't be sent in three days is given up.
    """
    late, _ = OwedMail.objects.filter(created_at__lt=Now() - TRIED).delete()
    if late:
        gone = text.counted(late, "{} mail to an owner", "{} mails to owners")
        logger.warning("%s couldn't be sent in three days: not tried any more", gone)
    due = OwedMail.objects.filter(due_at__lte=Now()).order_by("due_at", "id")
    _send_each(list(due.values_list("pk", flat=True)[:OWED_AT_ONCE]))


def _send_at_once(keys: Sequence[int]) -> None:
    try:
        _send_each(keys)
    except OSError:  # smtplib's errors are OSErrors
        logger.exception("A mail to a vendor's people could not be sent, and is tried again")


def _send_each(keys: Sequence[int]) -> None:
    """Over one connection, which is opened for the first of them. Raises OSError: the next turn goes on behind it."""
    server, until = get_connection(timeout=SERVER_SECONDS), time.monotonic() + SEND_SECONDS
    try:
        for key in keys:
            if time.monotonic() > until:
                return
            _send_one(key, server)
    finally:
        server.close()


def _send_one(key: int, server: "BaseEmailBackend") -> None:
    """Take it, so that nobody else sends it, send it, and note that by deleting it."""
    mine = OwedMail.objects.filter(pk=key, due_at__lte=Now())
    if not mine.update(due_at=Now() + LEASE):
        return
    owed = OwedMail.objects.select_related("user").get(pk=key)
    # Asked now: it may have waited for days, and who isn't an owner any more isn't told.
    if _owners([owed.vendor_id]).filter(user=owed.user_id).exists() and owed.user.email:
        try:
            server.open()
            server.send_messages([EmailMessage(owed.subject, owed.body, None, [owed.user.email])])
        except (SMTPRecipientsRefused, ValueError) as error:  # an address that can't be one is a ValueError
            if isinstance(error, SMTPRecipientsRefused) and any(code < 500 for code, _ in error.recipients.values()):
                raise  # it may take it later
            logger.warning("The mail server takes no mail for user %s of %s", owed.user_id, owed.vendor_id)
    OwedMail.objects.filter(pk=key).delete()
