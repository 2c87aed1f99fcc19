"""What waits for a person, as the list of work shows it, and a group of such things.

A thing is found anew at each look, wherever it stands; only what people note of it is kept (items.py).
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from config.web.text import visible
from uploads.models import SEEN_WITH, WorkItem

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

MOST: Final = 1_000  # that a group counts, and leads to
Kind = WorkItem.Kind
Key = tuple[str, str]  # a kind, and what tells the things of it apart


@dataclass(frozen=True)
class Thing:
    """One thing. `says` is why it waits, in a sentence; `detail` what only engineers want to know."""

    kind: str
    key: str
    title: str
    says: str
    since: datetime | None = None
    url: str = ""
    vendor_id: str = ""
    company: str = ""
    facts: tuple[str, ...] = ()
    detail: str = ""
    rows: int = 0
    about: Any = None  # the row that it was found in, for what is done there

    @property
    def of(self) -> Key:
        return self.kind, self.key

    @property
    def anchor(self) -> str:
        """Its place on the page: keys may hold anything."""
        return f"{self.kind}-{hashlib.sha256(self.key.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Group:
    """Things of one sort. `found` gives some of them from a place on, oldest and largest first, but those with the keys
    to leave out, and how many there are, up to MOST + 1; `named` those of the keys that wait still.
    """

    name: str
    title: str
    says: str
    kinds: tuple[str, ...]
    found: Callable[["Viewer", Collection[Key], int, int], tuple[list[Thing], int]]
    named: Callable[["Viewer", Collection[Key]], list[Thing]]
    most: int | None = None  # that are counted, where that isn't MOST

    def seen_by(self, user: "Viewer") -> bool:
        return any(user.has_perm(SEEN_WITH[kind]) for kind in self.kinds)


def keys_of(kinds: Collection[str], keys: Collection[Key]) -> list[str]:
    """The keys of these kinds."""
    return [key for kind, key in keys if kind in kinds]


def cut(rows: "QuerySet[Any]", start: int, most: int) -> "tuple[list[Any], int]":
    """Some of the rows, and how many there are up to MOST + 1: counted only where these aren't all."""
    few = list(rows[start : start + most])
    if start == 0 and len(few) < most:
        return few, len(few)
    return few, rows.values("pk")[: MOST + 1].count()


def put_off(*kinds: str) -> set[Key]:
    """What of these kinds is put off, up to MOST things (work_items_open)."""
    rows = WorkItem.objects.filter(kind__in=kinds, done_at=None, snoozed_until__gt=timezone.now())
    return set(rows.values_list("kind", "key")[:MOST])


def unsnoozed(rows: "QuerySet[Any]", kind: str, now: datetime) -> "QuerySet[Any]":
    """Rows whose things aren't put off (work_items_open)."""
    noted = WorkItem.objects.filter(kind=kind, key=OuterRef("pk"), done_at=None)
    found: QuerySet[Any] = rows.filter(~Exists(noted.filter(snoozed_until__gt=now)))
    return found


def undone(rows: "QuerySet[Any]", kind: str) -> "QuerySet[Any]":
    """Rows with whose things nobody said to be done (idx_work_items_key)."""
    found: QuerySet[Any] = rows.filter(
        ~Exists(WorkItem.objects.filter(kind=kind, key=OuterRef("pk"), done_at__isnull=False))
    )
    return found


def shown(text: str | None) -> str:
    """What somebody typed, as a line of the list has it."""
    return visible(" ".join((text or "").split()))
