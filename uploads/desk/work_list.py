"""The list of all that waits for a person, in the order in which it matters, each thing with what is noted of it.

Overdue things come first, then the user's own, then the groups. Each group is asked for a few of its things and counted
up to things.MOST, by an index that its module names; so the list costs the same however much waits.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.timesince import timesince

from config.web.links import page_url
from uploads.desk import answers, everywhere, failed_uploads, items, newcomers, programs, shared_work, troubles
from uploads.desk.things import MOST, Group, Key, Kind, Thing
from uploads.models import SEEN_WITH, WorkItem

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

# In the order in which they matter: what everything else hangs on, what nobody else can do, what people wait for.
GROUPS: Final[tuple[Group, ...]] = (
    troubles.GROUP, failed_uploads.GROUP, programs.GUARD, programs.WINDOW, programs.HELD, programs.SOURCES,
    programs.PAUSE, newcomers.APPLICANTS, newcomers.NAMES, answers.GROUP, shared_work.VALUES, shared_work.CLAIMS,
)  # fmt: skip
FEW: Final = 5
PAGE: Final = 50
WAITING, MINE, SNOOZED, DONE = TABS = ("waiting", "mine", "snoozed", "done")


@dataclass(frozen=True)
class Line:
    """A thing with what is noted of it, and the form with which it is mended where there is one."""

    thing: Thing
    note: WorkItem | None = None
    form: Any = None

    @property
    def age(self) -> str:
        return age(self.thing.since) if self.thing.since else ""

    @property
    def overdue(self) -> bool:
        return bool(self.note and self.note.due_on and self.note.due_on < items.today())

    @property
    def can_be_done(self) -> bool:
        return self.thing.kind in items.SAID_TO_BE_DONE

    @property
    def put_off(self) -> bool:
        return bool(self.note and self.note.snoozed_until and self.note.snoozed_until > timezone.now())

    @property
    def seen_with(self) -> str:
        """The permission of those to whom it can be given."""
        return SEEN_WITH[self.thing.kind]

    @property
    def conversation(self) -> str:
        """What the address of its comments says; "" where its own page has them, as those of answers."""
        kind, key = self.thing.of
        if kind == Kind.ANSWER:
            return ""
        by_kind = {
            **dict.fromkeys((Kind.UPLOAD, Kind.STALLED, Kind.GUARD), "upload"),
            **dict.fromkeys((Kind.VENDOR, Kind.NAME, Kind.WINDOW, Kind.PAUSE), "vendor"),
        }
        return urlencode({by_kind[Kind(kind)]: key} if kind in by_kind else {"kind": kind, "key": key})

    @property
    def acts(self) -> tuple[str, ...]:
        """The template of what is done there, the first that there is."""
        return f"uploads/desk/acts/{self.thing.kind}.html", "uploads/desk/acts/none.html"


@dataclass(frozen=True)
class Section:
    """Some things under one heading, and how many there are; `more` says that there are even more."""

    name: str
    title: str
    says: str
    lines: tuple[Line, ...]
    count: int
    more: bool = False

    @property
    def hidden(self) -> int:
        return self.count - len(self.lines)


def age(moment: datetime) -> str:
    """How long ago, in a word or two."""
    passed = timezone.now() - moment
    return timesince(moment, depth=1) if passed >= timedelta(minutes=1) else "under a minute"


def groups_of(user: "Viewer") -> list[Group]:
    return [group for group in GROUPS if group.seen_by(user)]


def waiting(user: "Viewer") -> list[Section]:
    """All that waits: a few things of each group. Sections without things are left out."""
    late, own = _first(user)
    before = {thing.of for thing in (*late, *own)}
    found = [(group, *group.found(user, before, 0, FEW)) for group in groups_of(user)]
    notes = items.of({*before, *(thing.of for _, few, _ in found for thing in few)})
    sections = [
        _section("overdue", "Overdue", "These should have been done by now.", late, notes),
        _section("yours", "Yours", "You took these on.", own, notes),
        *(_of_group(group, few, notes, count) for group, few, count in found),
    ]
    return [section for section in sections if section.lines]


def whole_group(user: "Viewer", name: str, page: int) -> Section | None:
    """A page of all of a group's things; None for a group that the user hasn't."""
    group = next((one for one in groups_of(user) if one.name == name), None)
    if group is None:
        return None
    start = (page - 1) * PAGE
    few, count = group.found(user, (), start, PAGE if start < MOST else 0)
    return _of_group(group, few, items.of({one.of for one in few}), count)


def mine(user: "Viewer") -> Section:
    """What the user took on and that still waits, put off or not."""
    return _noted(user, "mine", "Yours", "What you took on, what is due first at the top.", items.mine(user))


def snoozed(user: "Viewer") -> Section:
    return _noted(user, "snoozed", "Put off", "It comes back by itself on its day.", items.snoozed(user))


def one(user: "Viewer", kind: str, key: str) -> Thing | None:
    """A thing that still waits and that the user may know of."""
    return next((thing for thing in _still(user, [(kind, key)]) if thing.of == (kind, key)), None)


def where(item: WorkItem) -> str:
    """The page of what was done, for who may know of it; "" where there is none of its own."""
    if item.kind in (Kind.UPLOAD, Kind.STALLED, Kind.GUARD):
        return page_url("uploads_uploadhistory", item.key)
    if item.kind in (Kind.VENDOR, Kind.NAME, Kind.WINDOW, Kind.PAUSE):
        return page_url("vendors_vendor", item.key)
    if item.kind == Kind.VALUE:
        field, _, value = item.key.partition(":")
        return everywhere.everywhere_url(field=field, value=value)
    return ""


def _first(user: "Viewer") -> tuple[list[Thing], list[Thing]]:
    """What is overdue, and what is the user's own beside it."""
    noted = list(items.first(user))
    things = {thing.of: thing for thing in _still(user, [(note.kind, note.key) for note in noted])}
    today = items.today()
    late, own = list[Thing](), list[Thing]()
    for note in noted:
        if thing := things.get((note.kind, note.key)):
            (late if note.due_on and note.due_on < today else own).append(thing)
    return late, own


def _noted(user: "Viewer", name: str, title: str, says: str, noted: Iterable[WorkItem]) -> Section:
    notes = {(note.kind, note.key): note for note in noted}
    things = {thing.of: thing for thing in _still(user, list(notes))}
    return _section(name, title, says, [things[key] for key in notes if key in things], notes)


def _still(user: "Viewer", keys: list[Key]) -> list[Thing]:
    """Those of these things that still wait, each group asked once."""
    found = list[Thing]()
    for group in groups_of(user):
        if wanted := [key for key in keys if key[0] in group.kinds]:
            found += group.named(user, wanted)
    return found


def _of_group(group: Group, things: list[Thing], notes: dict[Key, WorkItem], count: int) -> Section:
    section = _section(group.name, group.title, group.says, things, notes)
    most = group.most or MOST
    return replace(section, count=min(count, most), more=count > most)


def _section(name: str, title: str, says: str, things: list[Thing], notes: dict[Key, WorkItem]) -> Section:
    lines = tuple(Line(thing, notes.get(thing.of)) for thing in things)
    return Section(name, title, says, lines, len(lines))
