"""What people note of things that wait: who does them, until when, that they are put off, that they are done.

A row is there once somebody notes something. What was done stays and is found again; a thing that comes again after it
was done waits again, as if nothing had been noted of it.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from uploads.desk.things import Key, Kind, Thing
from uploads.insight import finding
from uploads.insight.operations import start_of
from uploads.models import SEEN_WITH, WorkItem
from uploads.models.desk import KEY_CHARS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Viewer = User | AnonymousUser

# What is over when somebody says so. All else leaves the list when it is over.
SAID_TO_BE_DONE: Final = frozenset({Kind.UPLOAD, Kind.JOB, Kind.CLAIM})
LONGEST: Final = timedelta(days=366)  # that something is put off or given time
NOTED: Final = 200  # open notes that one look at the list takes into account
PAGE: Final = 50


class Refused(Exception):
    """What can't be noted so, in a sentence."""


def seen_by(user: "Viewer") -> list[str]:
    """The kinds of which the user may know."""
    return [kind for kind, permission in SEEN_WITH.items() if user.has_perm(permission)]


def of(keys: Collection[Key]) -> dict[Key, WorkItem]:
    """What is noted of these things, in one question (work_items_open)."""
    wanted = Q()
    for kind in {kind for kind, _ in keys}:
        wanted |= Q(kind=kind, key__in=[key for other, key in keys if other == kind])
    if not wanted:
        return {}
    rows = WorkItem.objects.filter(wanted, done_at=None).select_related("assigned_to")
    return {(row.kind, row.key): row for row in rows}


def first(user: "Viewer") -> "QuerySet[WorkItem]":
    """Notes of what comes before all else: overdue, or the user's own; what is due first comes first."""
    rows = _open(user).filter(Q(due_on__lt=today()) | Q(assigned_to=user.pk))
    return rows.exclude(snoozed_until__gt=timezone.now())[:NOTED]


def mine(user: "Viewer") -> "QuerySet[WorkItem]":
    """Notes of what the user took on, put off or not (idx_work_items_assigned)."""
    return _open(user).filter(assigned_to=user.pk)[:NOTED]


def snoozed(user: "Viewer") -> "QuerySet[WorkItem]":
    """Notes of what is put off, next first."""
    return _open(user).filter(snoozed_until__gt=timezone.now()).order_by("snoozed_until", "pk")[:NOTED]


def _open(user: "Viewer") -> "QuerySet[WorkItem]":
    rows = WorkItem.objects.filter(done_at=None, kind__in=seen_by(user)).select_related("assigned_to")
    return rows.order_by("due_on", "pk")


def today() -> date:
    return timezone.localdate()


# --- noting ----------------------------------------------------------------------------------------------------


def assign(thing: Thing, who: "User | None") -> None:
    """Say who does it; None for nobody in particular."""
    _note(thing, assigned_to=who)


def due(thing: Thing, day: date | None) -> None:
    """Say until when it is done. Raises Refused for a day that is over, or too far."""
    if day is not None:
        _within(day, today())
    _note(thing, due_on=day)


def snooze(thing: Thing, day: date | None) -> None:
    """Put it off until a day begins; None takes that back. Raises Refused for a day that has begun, or is too far."""
    if day is not None:
        _within(day, today() + timedelta(days=1))
    _note(thing, snoozed_until=day and start_of(day))


def _within(day: date, first: date) -> None:
    if not first <= day <= today() + LONGEST:
        raise Refused(f"Choose a day from {first:%Y-%m-%d} on, and within a year.")


def next_week() -> date:
    """The next Monday."""
    return today() + timedelta(days=7 - today().weekday())


def _note(thing: Thing, **noted: Any) -> None:
    with transaction.atomic():
        item, _ = WorkItem.objects.select_for_update().get_or_create(
            kind=thing.kind, key=thing.key, done_at=None, defaults=_named(thing)
        )
        for name, value in (noted | _named(thing)).items():
            setattr(item, name, value)
        item.save()


def _named(thing: Thing) -> dict[str, Any]:
    return {"title": thing.title[:KEY_CHARS], "vendor_id": thing.vendor_id or None}


@transaction.atomic
def finish(thing: Thing, user: "Viewer", outcome: str) -> None:
    """Note that it is done, by whom, and what was done, in a sentence."""
    now = timezone.now()
    done = {"done_at": now, "done_by_id": user.pk, "outcome": outcome[:KEY_CHARS], **_named(thing)}
    if not WorkItem.objects.filter(kind=thing.kind, key=thing.key, done_at=None).update(**done):
        WorkItem.objects.create(kind=thing.kind, key=thing.key, **done)


@transaction.atomic
def take_back(user: "Viewer", pk: int) -> WorkItem | None:
    """Have something wait again that somebody said to be done; None where that can't be any more."""
    rows = WorkItem.objects.select_for_update().filter(kind__in=SAID_TO_BE_DONE.intersection(seen_by(user)))
    item = rows.filter(pk=pk, done_at__isnull=False).first()
    if item is None or WorkItem.objects.filter(kind=item.kind, key=item.key, done_at=None).exists():
        return None
    WorkItem.objects.filter(kind=item.kind, key=item.key, done_at__isnull=False).exclude(pk=pk).delete()
    item.done_at = item.done_by = item.snoozed_until = item.due_on = None
    item.outcome = ""
    item.save()
    return item


def staff_who_may(kind: str, most: int = 200) -> "QuerySet[User]":
    """Staff to whom a thing of this kind can be given: those who may see it."""
    people = get_user_model()._default_manager.with_perm(
        SEEN_WITH[kind], backend="django.contrib.auth.backends.ModelBackend"
    )
    return people.filter(is_staff=True, is_active=True).order_by("username")[:most]


def person(kind: str, name: str) -> "User | None":
    """Somebody of them, by user name or address; None for "". Raises Refused for a name that none of them has."""
    if not name.strip():
        return None
    people = staff_who_may(kind, 10_000)
    for user in people:
        if name.strip().lower() in (user.get_username().lower(), user.email.lower()):
            return user
    raise Refused("Nobody on the staff who may see this has that name. Choose one of those that are suggested.")


# --- what was done ---------------------------------------------------------------------------------------------


def done(user: "Viewer", typed: str = "", before: datetime | None = None) -> "QuerySet[WorkItem]":
    """A page of what was done, newest first, from a moment on (idx_work_items_done); with words of its title, company,
    outcome or who did it, among the newest
    finding.NEWEST.
    """
    rows = WorkItem.objects.filter(done_at__isnull=False, kind__in=seen_by(user)).order_by("-done_at", "-pk")
    if typed:
        rows = rows.filter(finding.fits(typed), pk__in=rows.values("pk")[: finding.NEWEST])
    if before:
        rows = rows.filter(done_at__lt=before)
    return rows.select_related("vendor", "done_by")[: PAGE + 1]
