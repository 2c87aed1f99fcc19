"""What programs and sources wait for: sources that can't be fetched, feeds that leave something open; and uploads that
are held, whoever sent them; and vendors whose feeds are paused."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final

from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.urls import reverse

from config.web.links import page_url
from uploads.desk.things import Group, Key, Kind, Thing, cut, keys_of, put_off, shown
from uploads.models import Feed, Source, UploadHistory
from uploads.models.programs.sources import IN_TROUBLE
from uploads.pipeline.guard import hold
from vendors import access
from vendors.models import VendorHold

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser


def _waiting(user: "Viewer") -> "QuerySet[Source]":
    """By idx_sources_trouble, which has nothing else."""
    rows = Source.objects.filter(IN_TROUBLE).select_related("vendor")
    return access.visible(rows, user).order_by("failing_since", "pk")


def found(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    hidden = keys_of([Kind.SOURCE], {*without, *put_off(Kind.SOURCE)})
    few, count = cut(_waiting(user).exclude(pk__in=_ids(hidden)), start, most)
    return [_thing(one) for one in few], count


def named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    return [_thing(one) for one in _waiting(user).filter(pk__in=_ids(keys_of([Kind.SOURCE], keys)))]


def _ids(keys: Collection[str]) -> list[int]:
    return [int(key) for key in keys if key.isascii() and key.isdecimal() and len(key) < 19]


def _thing(source: Any) -> Thing:
    if source.state == Source.State.DISABLED:
        says = "Nothing could be fetched for a week, so it is disabled."
    elif source.host_key and source.host_key_met:
        says = "Its server shows another key than the one that was confirmed. An owner must look at it."
    else:
        says = f"It couldn’t be fetched {source.failures} times in a row."
    return Thing(
        Kind.SOURCE, str(source.pk), shown(source.name), f"{says} {shown(source.state_reason)}".strip(),
        source.failing_since or source.updated_at, page_url("uploads_source", source.pk), source.vendor_id,
        shown(source.vendor.vendor_name), ("its owners were told",), about=source,
    )  # fmt: skip


SOURCES: Final = Group(
    "sources", "Sources that can’t be fetched", "Their vendors’ catalogs stay as they are.", (Kind.SOURCE,), found,
    named,
)  # fmt: skip


# --- feeds that leave something open ---------------------------------------------------------------------------


def _held(user: "Viewer") -> "QuerySet[Feed]":
    """By idx_feeds_held."""
    rows = Feed.objects.filter(state=Feed.State.HELD).select_related("vendor")
    return access.visible(rows, user).order_by("created_at", "pk")


def held(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    hidden = keys_of([Kind.HELD], {*without, *put_off(Kind.HELD)})
    few, count = cut(_held(user).exclude(pk__in=hidden), start, most)
    return [_open(one) for one in few], count


def held_named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    return [_open(one) for one in _held(user).filter(pk__in=keys_of([Kind.HELD], keys))]


def _open(feed: Any) -> Thing:
    says = f"It asks: {shown(feed.questions[0]['text'])}" if feed.questions else shown(feed.failure_reason)
    return Thing(
        Kind.HELD, feed.pk, shown(feed.file_name), says, feed.submitted_at or feed.created_at,
        page_url("vendors_vendor", feed.vendor_id), feed.vendor_id, shown(feed.vendor.vendor_name),
        ("its owners were told",), about=feed,
    )  # fmt: skip


HELD: Final = Group(
    "held", "Feeds that leave something open", "Their program or their people have to answer. After a week they are "
    "cancelled.", (Kind.HELD,), held, held_named,
)  # fmt: skip


# --- uploads that would change more than is usual --------------------------------------------------------------


def _guarded(user: "Viewer") -> "QuerySet[UploadHistory]":
    """By idx_upload_history_held: what is cancelled first comes first."""
    rows = UploadHistory.objects.filter(status=UploadHistory.Status.HELD).select_related("vendor")
    return access.visible(rows, user).order_by("held_until", "pk")


def guarded(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    hidden = keys_of([Kind.GUARD], {*without, *put_off(Kind.GUARD)})
    few, count = cut(_guarded(user).exclude(pk__in=hidden), start, most)
    return [_kept_back(one) for one in few], count


def guarded_named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    return [_kept_back(one) for one in _guarded(user).filter(pk__in=keys_of([Kind.GUARD], keys))]


def _kept_back(upload: Any) -> Thing:
    findings = hold.findings_of(upload)
    says = " ".join(f"{shown(one.words)}." for one in findings)
    who = "its owners" if all(one.owners_may for one in findings) else "only staff"
    return Thing(
        Kind.GUARD, upload.pk, shown(upload.file_name), says, upload.created_at,
        page_url("uploads_uploadhistory", upload.pk), upload.vendor_id, shown(upload.vendor.vendor_name),
        (f"{who} can let it through",), about=upload,
    )  # fmt: skip


GUARD: Final = Group(
    "guard", "Files that are held", "They would change more than is usual. After a week they are cancelled.",
    (Kind.GUARD,), guarded, guarded_named,
)  # fmt: skip


# --- vendors that are held back ---------------------------------------------------------------------------------


def _group_of_holds(name: str, title: str, says: str, kind: Kind, as_thing: Callable[[Any], Thing]) -> Group:
    """Vendors with an open hold, whose kind is called as that of the work is. Of these there are few
    (vendor_holds_open)."""

    def rows(user: "Viewer") -> "QuerySet[VendorHold]":
        holds = VendorHold.objects.filter(kind=kind, ended_at=None).select_related("vendor", "begun_by")
        return access.visible(holds, user).order_by("since", "pk")

    def found(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
        hidden = keys_of([kind], {*without, *put_off(kind)})
        few, count = cut(rows(user).exclude(vendor__in=hidden), start, most)
        return [as_thing(one) for one in few], count

    def named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
        return [as_thing(one) for one in rows(user).filter(vendor__in=keys_of([kind], keys))]

    return Group(name, title, says, (kind,), found, named)


def waiting_records(hold: Any) -> Thing:
    company = shown(hold.vendor.vendor_name)
    return Thing(
        Kind.WINDOW, hold.vendor_id, company, f"{shown(hold.reason)}.", hold.since,
        reverse("admin:vendors_vendor_held_records", args=[quote(hold.vendor_id)]), hold.vendor_id, company,
        ("its owners were told",), about=hold,
    )  # fmt: skip


def pause(hold: Any) -> Thing:
    by = f"by {shown(hold.begun_by.get_username())}" if hold.begun_by else "at the command line"
    company = shown(hold.vendor.vendor_name)
    return Thing(
        Kind.PAUSE, hold.vendor_id, company, shown(hold.reason), hold.since, page_url("vendors_vendor", hold.vendor_id),
        hold.vendor_id, company, (by, "its owners were told"), about=hold,
    )  # fmt: skip


WINDOW: Final = _group_of_holds(
    "window", "Records of programs that look wrong", "They wait, and what these programs put meanwhile, until somebody "
    "answers.", Kind.WINDOW, waiting_records,
)  # fmt: skip
PAUSE: Final = _group_of_holds(
    "pause", "Feeds that are paused", "What comes for these vendors waits until somebody resumes them.", Kind.PAUSE,
    pause,
)  # fmt: skip
