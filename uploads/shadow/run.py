"""Test a change: a job that judges rows of the last days twice, as things stand and as they would be, and writes what
differs into its own row and nowhere else.

It is done in slices; what a slice found and where the next one begins are written together under the job's lease, so a
run that is killed goes on where it stood and counts no row twice.
"""

from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from uploads.models import Job
from uploads.pipeline.judge import judge_by
from uploads.shadow import changes, compare, held, moved, offered, stored
from uploads.shadow.changes import Change, RowChange, SeverityChange, ThresholdChange
from uploads.shadow.stored import MOST_ROWS, Place, Slice, Window
from uploads.work import jobs

DAYS: Final = 7
MOST_DAYS: Final = 30
SLICE_ROWS: Final = 2_000
AT_ONCE: Final = 2  # runs of all people, so that files aren't kept waiting by them
TOO_MANY: Final = "Two changes are being tested already. Wait until one has ended, or stop it on its page."
OPEN: Final = (Job.State.WAITING, Job.State.RUNNING)


class Refused(Exception):
    """It can't be tested now; the message says why."""


def start(change: Change, days: int, user: Any) -> Job:
    """Ask for a test over the uploads of the last `days`, at most MOST_DAYS. Raises Refused."""
    since = timezone.now() - timedelta(days=max(1, min(days, MOST_DAYS)))
    with transaction.atomic():
        if Job.objects.filter(kind=Job.Kind.SHADOW, state__in=OPEN).count() >= AT_ONCE:
            raise Refused(TOO_MANY)
        wanted = stored.window(since, changes.vendor_of(change))
        parameters = {"change": changes.to_json(change), "days": days, "window": wanted.to_json()}
        total = held.rows_of(wanted) if isinstance(change, ThresholdChange) else stored.rows_of(wanted)
        return jobs.start(Job.Kind.SHADOW, user, total=total, parameters=parameters)


def stop(job: Job, user: Any) -> bool:
    """End a run that is under way; False if it has ended by itself. Its worker notices with its next slice, and what
    was found by then stays. It isn't failed, for nobody has to look at it: `failure` says who stopped it.
    """
    running = Job.objects.filter(pk=job.pk, kind=Job.Kind.SHADOW, state__in=OPEN)
    said = f"Stopped by {user.get_username()}."
    return bool(running.update(state=Job.State.DONE, failure=said, ended_at=Now(), expires_at=None))


def step(job: Job) -> bool:
    """Look at the next rows; True when all have been looked at, or as many as one run looks at."""
    change, wanted = changes.from_json(job.parameters["change"]), Window.from_json(job.parameters["window"])
    if isinstance(change, ThresholdChange):
        return held.step(job, change, wanted)
    if isinstance(change, SeverityChange) and change.code in moved.CODES:
        return moved.step(job, change, wanted)
    return _rows_step(job, change, wanted)


def _rows_step(job: Job, change: RowChange, wanted: Window) -> bool:
    result: dict[str, Any] = job.result or _empty(wanted)
    place = Place(**result["at"])
    found = stored.read(wanted, place, min(SLICE_ROWS, MOST_ROWS - job.done))
    against = changes.both(change, sorted({record.vendor_id for record in found.records}))
    now, then = (offered.settled(judge_by(found.records, one)) for one in against)
    compare.add(result, zip(now, then, strict=True))
    _note(result, found)
    job.done += len(found.records)
    ended = found.ended or job.done >= MOST_ROWS
    if ended:
        result["cut"] += bool(found.place.upload_id)  # the one at which all rows that a run looks at were looked at
        result["left"] = stored.left(wanted, found.place)
        job.total = job.done
    job.result = result
    jobs.save(job)
    return ended


def _empty(wanted: Window) -> dict[str, Any]:
    counts = {"uploads": 0, "gone": 0, "cut": 0, "corrected": 0}
    return {"at": vars(Place(wanted.last + 1)), **counts, **compare.empty()}


def _note(result: dict[str, Any], found: Slice) -> None:
    result["at"] = vars(found.place)
    for name in ("uploads", "gone", "cut", "corrected"):
        result[name] += getattr(found, name)
