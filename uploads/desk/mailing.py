"""Mails of what was said: to a vendor's people what is meant for them, to staff what a vendor answered.

A comment owes its mails from the transaction on that made it, until `mailed_at`; the schedule sends them. Where the
mail server is away, the next turn tries again, for three days. All whom a comment is owed to get one mail, in which
nobody sees the others: the server takes it as a whole or not at all, so nobody is told again for another's sake.
"""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import TYPE_CHECKING, Final

from django.contrib.auth.models import User
from django.core.mail import EmailMessage, get_connection
from django.core.mail.message import sanitize_address
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from config.web.links import page_url, site_url
from config.web.text import subject, visible
from uploads.desk.comments import SEE
from uploads.models import Comment
from uploads.work import steps, turns
from vendors.access import membership
from vendors.models import VendorMember

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend

logger = logging.getLogger(__name__)

TRIED: Final = timedelta(days=3)  # so long it is tried
EXPECTED: Final = timedelta(minutes=2)  # later than that it has a reason
AT_ONCE: Final = 200  # comments in one turn of the schedule, as far as its seconds go
SEND_SECONDS: Final = 60.0
MOST_TOLD: Final = 50  # people of a vendor, its owners first
TURN_SECONDS: Final = 240.0  # a task's time; another one waits for its end
SERVER_SECONDS: Final = 10  # for each answer of the mail server
NOBODY: Final = "undisclosed-recipients:;"
MAY_ANSWER: Final = (VendorMember.Role.OWNER, VendorMember.Role.UPLOADER)


def owed() -> "QuerySet[Comment]":
    """Comments whose mails are still to be sent (idx_comments_owed)."""
    return Comment.objects.filter(
        audience=Comment.Audience.VENDOR, mailed_at=None, created_at__gt=timezone.now() - TRIED
    )


def late(comment: Comment) -> str:
    """What staff should know of mails that weren't sent yet; "" while they are about to be."""
    age = timezone.now() - comment.created_at
    if comment.mailed_at or age < EXPECTED:
        return ""
    if age < TRIED:
        return "The mail couldn't be sent so far, and is tried again."
    return "The mail couldn't be sent in three days, and isn't tried any more. It stands on the vendor's pages."


def send_owed() -> None:
    """Send what is owed, the oldest first. Raises OSError where the mail server is away."""
    if not owed().exists():
        return
    try:
        with turns.turn("the mails of comments", TURN_SECONDS):
            _send([str(key) for key in owed().order_by("id").values_list("pk", flat=True)[:AT_ONCE]])
    except turns.Busy:
        logger.debug("Another process sends the mails of comments")


def _send(keys: list[str]) -> None:
    """Mails that the server doesn't take hold up none behind them, though they are tried again each time."""
    server = get_connection(timeout=SERVER_SECONDS)
    server.open()
    try:
        steps.each(_in_time(keys), lambda key: _send_of(int(key), server))
    finally:
        server.close()


def _in_time(keys: list[str]) -> Iterator[str]:
    until = time.monotonic() + SEND_SECONDS
    for key in keys:
        if time.monotonic() >= until:
            return
        yield key


def _send_of(key: int, server: "BaseEmailBackend") -> None:
    comment = owed().select_related("vendor", "upload", "author").filter(pk=key).first()
    if comment is None:  # sent by somebody else, or deleted
        return
    mail = mail_of(comment)
    try:
        if mail.bcc:
            _hand_over(mail, server)
    except (SMTPRecipientsRefused, ValueError) as error:  # an address that can't be one is a ValueError
        if isinstance(error, SMTPRecipientsRefused) and not all(code >= 500 for code, _ in error.recipients.values()):
            raise  # it may take them later
        logger.warning("The mail server takes no mail of comment %s to any of %s people", key, len(mail.bcc))
    Comment.objects.filter(pk=key, mailed_at=None).update(mailed_at=Now())


def _hand_over(mail: EmailMessage, server: "BaseEmailBackend") -> None:
    """The next one begins anew where this one fails: the server may have closed the connection with it."""
    try:
        server.send_messages([mail])
    except OSError:
        server.close()
        raise


# --- to whom ---------------------------------------------------------------------------------------------------


def told(comment: Comment) -> list[User]:
    """Who gets a mail of it: active, with an address, each address once, and not who wrote it."""
    people = _staff(comment) if comment.by_vendor else _people_of_vendor(comment)
    found = {one.email.lower(): one for one in people if one.is_active and one.pk != comment.author_id}
    return [one for one in found.values() if _can_be(one.email)][:MOST_TOLD]


def _can_be(address: str) -> bool:
    """Whether it is one that a mail can go to: one that isn't would keep the mail from all others."""
    try:
        return bool(address and sanitize_address(address, "utf-8"))
    except ValueError:
        return False


def _staff(comment: Comment) -> list[User]:
    """Who of the staff wrote last to the vendor in the same conversation, before that, and may read what it says."""
    before = Comment.objects.filter(
        vendor=comment.vendor, upload=comment.upload, item_kind=comment.item_kind, item_key=comment.item_key,
        audience=Comment.Audience.VENDOR, by_vendor=False, pk__lt=comment.pk, author__isnull=False,
    )  # fmt: skip
    last = before.select_related("author").order_by("-id").first()
    return [last.author] if last and last.author and last.author.is_staff and last.author.has_perm(SEE) else []


def _people_of_vendor(comment: Comment) -> list[User]:
    """Owners and uploaders, who may answer; of an upload also who sent it, if still a member."""
    members = VendorMember.objects.filter(vendor=comment.vendor, role__in=MAY_ANSWER).select_related("user")
    people = [member.user for member in sorted(members, key=lambda one: (one.role != MAY_ANSWER[0], one.pk))]
    sender = comment.upload.uploaded_by if comment.upload else None
    return [sender, *people] if sender and membership(sender, comment.vendor_id or "") else people


# --- what it says ----------------------------------------------------------------------------------------------


def mail_of(comment: Comment) -> EmailMessage:
    """Each line that somebody typed is quoted, so that it can't pass as another part of the mail."""
    vendor = comment.vendor
    company = vendor.vendor_name if vendor else ""
    name = comment.upload.file_name if comment.upload else company
    if comment.by_vendor:
        title, begins, address = (
            f"{name}: {company} answers",
            f"{_line(company)} writes about {_line(name)}:",
            _page(comment),
        )
    else:
        title, begins, address = (
            f"{name}: a message for you",
            f"We write to you about {_line(name)}:",
            _their_page(comment),
        )
    quoted = "\n".join(f"> {visible(line)}".rstrip() for line in comment.body.splitlines())
    ends = f"Answer on this page, not by mail:\n{site_url(address)}"
    people = [one.email for one in told(comment)]
    return EmailMessage(subject(title), f"{begins}\n\n{quoted}\n\n{ends}\n", bcc=people, headers={"To": NOBODY})


def _line(name: str) -> str:
    return visible(" ".join(name.split()))


def _page(comment: Comment) -> str:
    if comment.upload_id:
        return page_url("uploads_uploadhistory", comment.upload_id)
    return page_url("vendors_vendor", comment.vendor_id or "")


def _their_page(comment: Comment) -> str:
    if comment.upload_id:
        return reverse("vendor:upload", args=[comment.vendor_id, comment.upload_id])
    return reverse("vendor:messages", args=[comment.vendor_id])
