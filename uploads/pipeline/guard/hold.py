"""What the guard does with an upload: let it pass, hold it, let a held one through, cancel one that nobody confirmed.

Each is one transaction under the vendor's lock, so nothing of a held upload is ever staged, and what was confirmed is
staged once. All of it can be done again after a crash: what was settled stays settled.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from catalog import committer
from uploads.feed.parser import Layout
from uploads.models import Job, UploadHistory
from uploads.pipeline import finish
from uploads.pipeline.guard import facts, thresholds, told
from uploads.pipeline.guard.check import UNCHECKED, Finding, check, word
from uploads.pipeline.guard.measured import Measured
from uploads.pipeline.weighing import severities
from uploads.work import events, jobs, wakeups

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Anybody = User | AnonymousUser

logger = logging.getLogger(__name__)

Status, Guard = UploadHistory.Status, UploadHistory.Guard
# So long a held upload waits: over a weekend and a holiday somebody looks, and after a week its prices and stocks are
# so old that the next file is better. As long as a feed waits for its answers.
HELD_DAYS: Final = 7
MOST_HELD: Final = 20  # of one vendor; with more, somebody has to look before the next file is taken
NEWER_COUNTED: Final = 100  # uploads that came after a held one
AT_ONCE: Final = 500  # of those that are late, in one turn of the schedule
MAY_RELEASE: Final = "uploads.release_uploadhistory"
NOT_CONFIRMED: Final = "not_confirmed"
LATE: Final = f"It was held, and nobody let it through within {HELD_DAYS} days. Nothing of it was imported."


class NotReleased(Exception):
    """A held upload can't be let through, or not by this person; the message says why."""


@dataclass(frozen=True)
class Trial:
    """The trial of a file that somebody made already, with the generation of the catalog that it was held against, and
    the word of the severities (weighing/severities.py) that it was judged by."""

    measured: Measured
    generation: int
    severities: str = ""


# --- when an upload is opened ----------------------------------------------------------------------------------


def of_new(upload: UploadHistory, lines: int, trial: Trial | None, seen: str, user: "User | None") -> None:
    """Set what the guard says of an upload that is about to be opened, under its vendor's lock.

    With a `trial` of the same file that is fresh it is settled at once; else it is due, or not needed. Findings that
    the user has `seen` (check.word of them), and may let through, hold nothing up.
    """
    counting, layout = thresholds.of(upload.vendor_id), upload_layout(upload)
    by_hand = upload.previewed_key is not None
    if not facts.needed(upload.vendor_id, lines, layout, upload.mode, counting, seen=by_hand):
        return
    if trial is None or not _is_fresh(trial, upload.vendor_id, counting):
        upload.guard = Guard.DUE
        return
    findings = check(facts.completed(trial.measured, upload.vendor_id, layout, upload.mode, seen=by_hand), counting)
    if findings and seen == word(findings) and user and may_release(user, findings, upload.vendor_id):
        _note(upload, Guard.CONFIRMED, findings)
        upload.guard_confirmed_by, upload.guard_confirmed_at = user, timezone.now()
    else:
        _note(upload, Guard.HELD if findings else Guard.PASSED, findings)


def go_on(upload: UploadHistory, lines: int, user: "User | None") -> None:
    """In the transaction that opened it: the check begins, or the staging does, or people are told that it is held."""
    if upload.status == Status.HELD:
        _tell(upload)
        return
    events.opened([upload])
    if upload.guard == Guard.DUE:
        jobs.start(Job.Kind.GUARD, user, total=lines, upload=upload, vendor=upload.vendor)
    else:
        _wake(upload.pk)


def _is_fresh(trial: Trial, vendor_id: str, counting: Sequence[thresholds.Threshold]) -> bool:
    """Whether the catalog is still the one of the trial, and will be when the file is staged, the same keeps rows out,
    and all is counted apart in it that has to be."""
    return (
        not trial.measured.cut_short
        and trial.generation == facts.generation(vendor_id)
        and trial.severities == severities.word(vendor_id)
        and thresholds.categories(counting) <= trial.measured.parts.keys()
        and not UploadHistory.objects.filter(
            vendor=vendor_id, status=Status.PROCESSING, source=UploadHistory.Source.FILE
        ).exists()
    )


# --- when the trial has ended ----------------------------------------------------------------------------------


def settle(upload_id: str, measured: Measured | None) -> None:
    """Hold the upload, or let it pass, by what its trial counted; None where the trial couldn't be made.

    What was settled before, or has ended, stays as it is.
    """
    vendor_id = UploadHistory.objects.values_list("vendor_id", flat=True).get(pk=upload_id)
    with transaction.atomic():
        upload = _locked(vendor_id, upload_id)
        if upload.status != Status.PROCESSING or upload.guard != Guard.DUE:
            return
        findings: tuple[Finding, ...] = (UNCHECKED,)
        if measured is not None:
            by_hand, layout = upload.previewed_key is not None, upload_layout(upload)
            whole = facts.completed(measured, vendor_id, layout, upload.mode, seen=by_hand)
            findings = check(whole, thresholds.of(vendor_id))
        _note(upload, Guard.HELD if findings else Guard.PASSED, findings)
        upload.save(update_fields=["status", "guard", "guard_findings", "held_until"])
        if findings:
            _tell(upload)
            transaction.on_commit(lambda: finish.wake_next(vendor_id), robust=True)  # none waits for a held one
        else:
            _wake(upload.pk)


def hold_unchecked() -> None:
    """Uploads whose check has ended without a word, since it makes the code fail: they wait for staff. For the schedule
    (idx_upload_history_due)."""
    due = UploadHistory.objects.filter(status=Status.PROCESSING, guard=Guard.DUE)
    open_jobs = Job.objects.filter(kind=Job.Kind.GUARD, state__in=[Job.State.WAITING, Job.State.RUNNING])
    for upload_id in due.exclude(pk__in=open_jobs.values("upload_id")).values_list("pk", flat=True)[:AT_ONCE]:
        logger.warning("The check of %s has ended without a result; it is held", upload_id)
        settle(upload_id, None)


# --- when it is held -------------------------------------------------------------------------------------------


def findings_of(upload: UploadHistory) -> tuple[Finding, ...]:
    """What the check found, as it was then."""
    return tuple(Finding.from_json(one) for one in upload.guard_findings)


def may_release(user: "Anybody", findings: Sequence[Finding], vendor_id: str) -> bool:
    """Whether this person may let a file with these findings through: staff with the permission, or an owner of the
    vendor up to the limit that staff set."""
    if user.is_active and user.is_staff and user.has_perm(MAY_RELEASE):
        return True
    return all(one.owners_may for one in findings) and told.is_owner(user, vendor_id)


@dataclass(frozen=True)
class Shown:
    """Findings as a page shows them to a person: whether this one `may` let the file through, and whether owners may.
    `word` is what a form sends back of them."""

    findings: tuple[Finding, ...]
    may: bool
    owners_may: bool
    word: str


def shown(findings: Sequence[Finding], user: "Anybody", vendor_id: str) -> Shown:
    owners_may = all(one.owners_may for one in findings)
    return Shown(tuple(findings), may_release(user, findings, vendor_id), owners_may, word(findings))


def in_preview(
    trial: Trial | None, vendor_id: str, layout: Layout, mode: str, *, seen: bool = True
) -> tuple[Finding, ...]:
    """What would hold a file that is previewed, by its dry run; `seen` by a person, rather than tried by a program."""
    if trial is None:
        return ()
    whole = facts.completed(trial.measured, vendor_id, layout, mode, seen=seen)
    return check(whole, thresholds.of(vendor_id))


def release(upload: UploadHistory, user: "User | None") -> None:
    """Let a held upload through: from here on it is staged as any other. Who may has been asked. Raises NotReleased.

    Its check isn't made again. What a newer upload has written meanwhile stays (invariant 9).
    """
    with transaction.atomic():
        upload = _locked(upload.vendor_id, upload.pk)
        if upload.status != Status.HELD:
            raise NotReleased(f"It isn't held any more: it is {upload.status}.")
        if not upload.vendor.is_active:
            raise NotReleased(f"The vendor is {upload.vendor.status}. Only files of active vendors are let through.")
        upload.status, upload.guard, upload.held_until = Status.PROCESSING, Guard.CONFIRMED, None
        upload.guard_confirmed_by, upload.guard_confirmed_at = user, timezone.now()
        upload.save(update_fields=["status", "guard", "held_until", "guard_confirmed_by", "guard_confirmed_at"])
        events.opened([upload])
        _wake(upload.pk)


def cancel_late() -> None:
    """Cancel those that nobody confirmed in time, and tell their vendors: for the schedule (idx_upload_history_held).

    Those of suspended vendors too: nobody lets them through, and their content gets old.
    """
    late = UploadHistory.objects.filter(status=Status.HELD, held_until__lt=Now()).order_by("held_until")
    for upload_id in late.values_list("pk", flat=True)[:AT_ONCE]:
        # Somebody may let it through at the last moment: then it is processing, and is none of these any more.
        with transaction.atomic():
            if finish.cancel(upload_id, NOT_CONFIRMED, LATE, only=[Status.HELD]):
                told.cancelled(UploadHistory.objects.select_related("vendor").get(pk=upload_id))


def newer_than(upload: UploadHistory) -> int:
    """How many newer uploads of the vendor have brought something, up to NEWER_COUNTED: what they wrote stays."""
    newer = UploadHistory.objects.filter(
        vendor=upload.vendor_id, created_at__gte=upload.created_at, sequence__gt=upload.sequence, valid_records__gt=0
    )
    return newer.values("pk")[:NEWER_COUNTED].count()


# --- writing ---------------------------------------------------------------------------------------------------


def upload_layout(upload: UploadHistory) -> Layout:
    return Layout.from_json(upload.layout or {})


def _note(upload: UploadHistory, guard: str, findings: Sequence[Finding]) -> None:
    upload.guard, upload.guard_findings = guard, [one.to_json() for one in findings]
    if guard == Guard.HELD:
        upload.status, upload.held_until = Status.HELD, timezone.now() + timedelta(days=HELD_DAYS)


def _locked(vendor_id: str, upload_id: str) -> UploadHistory:
    committer.lock_vendors([vendor_id])
    return UploadHistory.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=upload_id)


def _tell(upload: UploadHistory) -> None:
    events.held(upload, [one.words for one in findings_of(upload)])
    told.held(upload, findings_of(upload))


def _wake(upload_id: str) -> None:
    transaction.on_commit(lambda: wakeups.enqueue(wakeups.STAGE_UPLOAD, upload_id), robust=True)
