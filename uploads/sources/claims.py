"""Who fetches which source: one worker at a time each, by a lease in the source's row (uploads/work/leases.py).

A claim begins a run, which says what it is for and what came of it. A worker that dies leaves its run behind, which is
said to be interrupted once the lease has expired; the slot is tried again then, what somebody asked for is not. Few
sources are fetched at once, and one of a vendor, so that slow servers hold up no imports and no other vendor.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.sql import SQL

from uploads.models import Source, SourceRun
from uploads.sources.schedule import Schedule
from uploads.work import leases
from uploads.work.leases import Lease, Terms
from vendors.models import Vendor, VendorHold

# Longer than a task may take: who still holds it then is dead.
LEASE: Final = Terms(
    "sources", "id", "epoch", "leased_until", settings.CELERY_TASK_TIME_LIMIT + 10, SQL("TRUE")
)  # fmt: skip
AT_ONCE: Final = 2  # over all workers, which have four processes or more
INTERRUPTED: Final = "interrupted"
STOPPED: Final = "It was stopped in the middle: the source was changed meanwhile, or our worker ended."

# By the clock of the database, as with all leases; a lease that was given back is null.
PAUSED: Final = VendorHold.objects.filter(kind=VendorHold.Kind.PAUSE, ended_at=None)
_BUSY: Final = Q(leased_until__gt=Now())


@dataclass(frozen=True)
class Claim:
    """A source as it was when it was claimed, the run that began with it, and the right to say what came of it."""

    source: Source
    run: SourceRun
    lease: Lease


def schedule_of(source: Source) -> Schedule:
    return Schedule(source.every, source.weekday, source.hour, source.minute, source.time_zone)


@transaction.atomic
def take() -> Claim | None:
    """Claim what somebody asked for, else the source that is due the longest; None where there is nothing to do now.

    A slot that nobody came to is caught up once, as the latest of those that were missed.
    """
    with connection.cursor() as cursor:  # one claims at a time, so that no two count the same
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('sources', 0))")
    end_interrupted()
    if Source.objects.filter(_BUSY).count() >= AT_ONCE:
        return None
    run = _asked_for()
    source = run.source if run else _due()
    if source is None:
        return None
    ((epoch,),) = leases.take(LEASE, SQL("r.id = %s"), [source.pk], SQL("r.epoch"))
    if run:
        run.tries = 1
        run.save(update_fields=["tries"])
    return Claim(source, run or _begin(source), Lease(LEASE, source.pk, int(epoch)))


def end_interrupted() -> int:
    """Say of runs that nobody is at any more that they came to nothing (idx_source_runs_open); how many."""
    left = SourceRun.objects.filter(outcome=SourceRun.Outcome.RUNNING, tries__gt=0)
    return left.exclude(Exists(Source.objects.filter(_BUSY, pk=OuterRef("source_id")))).update(
        outcome=SourceRun.Outcome.FAILED, code=INTERRUPTED, message=STOPPED, ended_at=Now()
    )


def _asked_for() -> SourceRun | None:
    """The oldest that waits for a worker (idx_source_runs_open)."""
    waiting = SourceRun.objects.filter(outcome=SourceRun.Outcome.RUNNING, tries=0)
    return (
        waiting.filter(source__in=_free(Source.objects.all()))
        .select_related("source__vendor", "requested_by")
        .select_for_update(of=("self", "source"), skip_locked=True)
        .order_by("pk")
        .first()
    )


def _due() -> Source | None:
    """The one that has waited the longest (idx_sources_due). Of SFTP only one whose host key was confirmed; none of a
    vendor whose feeds are paused: its slot is caught up once, when they go on."""
    due = Source.objects.filter(
        state=Source.State.ACTIVE, next_at__lte=timezone.now(), vendor__status=Vendor.Status.ACTIVE
    ).exclude(kind=Source.Kind.SFTP, host_key="")
    due = due.exclude(Exists(PAUSED.filter(vendor=OuterRef("vendor"))))
    return (
        _free(due)
        .select_related("vendor")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("next_at", "pk")
        .first()
    )


def _free(sources: "QuerySet[Source]") -> "QuerySet[Source]":
    """Those of vendors none of whose sources is being fetched."""
    return sources.exclude(Exists(Source.objects.filter(_BUSY, vendor=OuterRef("vendor"))))


def _begin(source: Source) -> SourceRun:
    """A try at the slot at hand, which is the latest that has come."""
    slot = schedule_of(source).latest(timezone.now())
    if source.slot_at is None or slot > source.slot_at:
        source.slot_at, source.tries = slot, 0
    source.tries += 1
    source.save(update_fields=["slot_at", "tries"])
    return SourceRun.objects.create(
        source=source, kind=SourceRun.Kind.SCHEDULED, slot_at=source.slot_at, tries=source.tries
    )


def give_up(source: Source) -> None:
    """Whoever fetches it now is told at the end that it may not say what came of it. In the transaction of a change."""
    Source.objects.filter(pk=source.pk).update(epoch=F("epoch") + 1, leased_until=None)
