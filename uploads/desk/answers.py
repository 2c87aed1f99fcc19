"""What vendors said and nobody has answered, as work that waits: a conversation each."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from config.web.links import page_url
from config.web.text import counted
from uploads.desk import comments
from uploads.desk.comments import About, Answer
from uploads.desk.things import Group, Key, Kind, Thing, keys_of, put_off, shown
from uploads.models import SEEN_WITH

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser


def found(user: "Viewer", without: Collection[Key], start: int, most: int) -> tuple[list[Thing], int]:
    """The longest waiting first, of the comments.WAITING conversations that have waited longest."""
    hidden = {*without, *put_off(Kind.ANSWER)}
    waiting = [thing for thing in _all(user) if thing.of not in hidden]
    return waiting[start : start + most], len(waiting)


def named(user: "Viewer", keys: Collection[Key]) -> list[Thing]:
    wanted = set(keys_of([Kind.ANSWER], keys))
    return [thing for thing in _all(user) if thing.key in wanted] if wanted else []


def key_of(about: About) -> str:
    """What tells a conversation apart (WorkItem.key): its vendor, and its upload if it has one."""
    vendor = about.upload.vendor_id if about.upload else about.vendor.pk if about.vendor else ""
    return f"{vendor}:{about.upload.pk if about.upload else ''}"


def _all(user: "Viewer") -> list[Thing]:
    return [_thing(user, answer) for answer in comments.waiting_answers(user)]


def _thing(user: "Viewer", answer: Answer) -> Thing:
    upload, vendor = answer.about.upload, answer.about.vendor
    more = counted(answer.number, "", "{} messages wait") if answer.number > 1 else ""
    company = shown(vendor.vendor_name) if vendor else ""
    if upload:
        title, url = shown(upload.file_name), page_url("uploads_uploadhistory", upload.pk)
    else:
        title, url = company, page_url("vendors_vendor", vendor.pk) if vendor else ""
    may = user.has_perm(SEEN_WITH[Kind.UPLOAD if upload else Kind.VENDOR])
    return Thing(
        Kind.ANSWER, key_of(answer.about), title, f"“{answer.excerpt}”", answer.since, url if may else "",
        vendor.pk if vendor else "", company if upload else "", (more,) if more else (), about=answer,
    )  # fmt: skip


GROUP: Final = Group(
    "answers", "Answers of vendors", "They wrote, and wait for a word.", (Kind.ANSWER,), found, named, comments.WAITING
)
