"""What staff and a vendor's people say about an upload, a vendor, or another thing that waits.

A comment is for staff only, unless it says that it is for the vendor too: those alone are on the vendor's pages, where
its people answer. What they say waits for staff, until one of them answers in the same conversation or says that
there is nothing to do. Mails are uploads/desk/mailing.py's.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Now

from config.web.admin_log import log_change
from config.web.text import visible
from uploads.models import Comment, UploadHistory
from vendors.members import shown
from vendors.models import Vendor, VendorMember

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

SHOWN = 50  # of one conversation at once
WAITING = 200  # conversations in which a vendor waits
COUNTED = 99  # new ones, that the navigation says
EXCERPT_CHARS = 160
SEE, WRITE = "uploads.view_comment", "uploads.add_comment"
US = "Vendor onboarding"  # who of the staff wrote is nothing to a vendor
Audience = Comment.Audience


@dataclass(frozen=True)
class About:
    """What a conversation is about: an upload, a vendor as a whole, or another thing that waits by its kind and key.

    Whatever is to be said to a vendor names it.
    """

    vendor: Vendor | None = None
    upload: UploadHistory | None = None
    kind: str = ""
    key: str = ""

    @property
    def alone(self) -> Q:
        """The comments of this conversation and no other."""
        if self.upload:
            return Q(upload=self.upload)
        if self.key:
            return Q(item_kind=self.kind, item_key=self.key)
        return Q(vendor=self.vendor, upload=None, item_key="")

    @property
    def shown(self) -> Q:
        """The comments that stand on its page: of a vendor also those about its uploads."""
        return self.alone if self.upload or self.key else Q(vendor=self.vendor)


@dataclass(frozen=True)
class Page:
    """Some comments, the newest first; `older` is the number behind which more of them stand, or 0."""

    comments: list[Comment]
    older: int = 0

    @property
    def waiting(self) -> int:
        """The newest of a vendor's that waits for staff, or 0."""
        return max((one.pk for one in self.comments if waits(one)), default=0)


@dataclass(frozen=True)
class Answer:
    """What a vendor said in one conversation, and waits for staff: the newest of it, and how much it is."""

    about: About
    newest: int
    number: int
    excerpt: str
    since: datetime


def waits(comment: Comment) -> bool:
    """Whether a vendor said it and nobody has answered."""
    return comment.by_vendor and comment.settled_at is None


def who(comment: Comment, *, to_vendor: bool) -> str:
    """Who said it: people at the vendor by name, to each other too; of the staff to the vendor only that it was us."""
    if to_vendor and not comment.by_vendor:
        return US
    return shown(comment.author) if comment.author else "Somebody who has left"


# --- reading ---------------------------------------------------------------------------------------------------


def page_of(about: About, before: int = 0) -> Page:
    """What staff see of a conversation (idx_comments_upload, …_vendor, …_item)."""
    return _page(Comment.objects.filter(about.shown), before)


def page_of_vendor(vendor: Vendor, upload: UploadHistory | None = None, before: int = 0) -> Page:
    """What the vendor sees: what is meant for it, of one upload or of all (idx_comments_vendor)."""
    found = Comment.objects.filter(vendor=vendor, audience=Audience.VENDOR)
    return _page(found.filter(upload=upload) if upload else found, before)


def _page(found: "QuerySet[Comment]", before: int) -> Page:
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found.select_related("author", "vendor", "upload").order_by("-id")[: SHOWN + 1])
    return Page(rows[:SHOWN], rows[SHOWN - 1].pk if len(rows) > SHOWN else 0)


def new_for(member: VendorMember) -> int:
    """How many of ours a vendor's person hasn't looked at yet, up to COUNTED (idx_comments_vendor)."""
    if not member.pk:  # staff who look at the vendor's pages as it sees them
        return 0
    theirs = Comment.objects.filter(vendor=member.vendor_id, audience=Audience.VENDOR, pk__gt=member.comment_seen)
    return len(theirs.filter(by_vendor=False).order_by("-id").values_list("pk", flat=True)[:COUNTED])


def mark_seen(member: VendorMember, page: Page, *, of_all: bool) -> None:
    """Who looks at the newest messages of all has seen them; on an upload's page, if no others are new."""
    new = [one.pk for one in page.comments if not one.by_vendor and one.pk > member.comment_seen]
    if member.pk and new and (of_all or len(new) >= new_for(member)):
        VendorMember.objects.filter(pk=member.pk, comment_seen__lt=new[0]).update(comment_seen=new[0])
        member.comment_seen = new[0]  # for the navigation of the same page


def waiting_answers(user: "Viewer") -> list[Answer]:
    """What vendors said and nobody has answered, by conversation, the oldest first (idx_comments_answers). One vendor
    that says very much hides no other's answer."""
    if not user.has_perm(SEE):
        return []
    waiting = Comment.objects.filter(by_vendor=True, settled_at=None).order_by()
    each = waiting.values("vendor_id", "upload_id", "item_kind", "item_key").annotate(
        newest=Max("id"), number=Count("id"), since=Min("created_at")
    )
    found = list(each.order_by("since", "newest")[:WAITING])
    newest = Comment.objects.select_related("vendor", "upload").in_bulk([one["newest"] for one in found])
    return [
        Answer(about_of(last), last.pk, one["number"], excerpt(last.body), one["since"])
        for one in found
        if (last := newest.get(one["newest"]))
    ]


def about_of(comment: Comment) -> About:
    """The conversation that it belongs to."""
    return About(comment.vendor, comment.upload, comment.item_kind, comment.item_key)


def excerpt(body: str) -> str:
    """The beginning, in one line."""
    line = visible(" ".join(body.split()))
    return line if len(line) <= EXCERPT_CHARS else f"{line[: EXCERPT_CHARS - 1]}…"


# --- writing ---------------------------------------------------------------------------------------------------


@transaction.atomic
def say(about: About, user: "User", body: str, audience: str) -> Comment:
    """Somebody of the staff says something. To the vendor, it is the answer to what waits in this conversation."""
    comment = _add(about, user, body, audience=audience)
    if audience == Audience.VENDOR:
        _settle(about, comment.pk)
    done = "Wrote a comment to the vendor." if audience == Audience.VENDOR else "Wrote a comment for staff only."
    log_change(user, about.upload or about.vendor or comment, done)
    return comment


@transaction.atomic
def answer(vendor: Vendor, upload: UploadHistory | None, user: "User", body: str) -> Comment:
    """A vendor's person says something, to staff: about one of its uploads, or not."""
    comment = _add(About(vendor, upload), user, body, audience=Audience.VENDOR, by_vendor=True)
    log_change(user, upload or vendor, "Wrote a message on the vendor's page.")
    return comment


@transaction.atomic
def nothing_to_do(about: About, user: "User", newest: int) -> int:
    """What the vendor said up to this comment was read, and needs no answer; how many that were."""
    settled = _settle(about, newest)
    if settled:
        log_change(
            user, about.upload or about.vendor or Comment(pk=newest), "Read what the vendor said: nothing to do."
        )
    return settled


def _add(about: About, user: "User", body: str, **how: Any) -> Comment:
    vendor = about.upload.vendor if about.upload else about.vendor
    return Comment.objects.create(
        vendor=vendor, upload=about.upload, item_kind=about.kind, item_key=about.key, author=user, body=body, **how
    )


def _settle(about: About, newest: int) -> int:
    waiting = Comment.objects.filter(about.alone, by_vendor=True, settled_at=None, pk__lte=newest)
    return waiting.update(settled_at=Now())
