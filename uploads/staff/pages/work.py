"""'Work on it': the jobs of an upload or a vendor, each a line of its page that follows the job until it has ended.

A job is seen by whoever sees what it is about. The page of a job itself is for engineers (uploads/staff/jobs.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from config.web.links import list_url
from config.web.text import counted
from uploads.corrections import came
from uploads.corrections.came import Came
from uploads.insight import progress
from uploads.models import Job
from uploads.staff import jobs
from uploads.staff.actions import may
from uploads.staff.mending import rows_url

SHOWN = 8
TITLES: dict[str, str] = {Job.Kind.UNDO: "Undo", Job.Kind.RECONCILE: "Search for lost rows"}
YOUNG = timedelta(minutes=1)


@dataclass(frozen=True)
class Line:
    """One job: what it does or did, and what came of it. `came` where it was about failed rows, `counts` elsewhere."""

    job: Job
    title: str
    sentence: str
    came: Came | None
    why: Sequence[tuple[str, int, str]]
    counts: Sequence[tuple[str, int]]
    examples: Sequence[dict[str, Any]]
    undo_button: str

    @property
    def says_more(self) -> bool:
        """Whether there is more of it than its sentence."""
        shown = (self.counts, self.examples, self.why, self.came and (self.came.counts or self.came.ignored))
        return any(shown) or bool(self.undo_button)


def every(since: datetime) -> str:
    """How often a part of a page looks again: each second while what it follows is young."""
    return "1s" if timezone.now() - since < YOUNG else "5s"


def of(request: HttpRequest, progress_url: str, **about: Any) -> dict[str, Any]:
    """What the lines show: the newest jobs about this upload, or about this vendor and none of its uploads
    (idx_jobs_upload, idx_jobs_vendor)."""
    found = Job.objects.filter(**about).exclude(kind__in=[Job.Kind.DRY_RUN, Job.Kind.GUARD])
    newest = list(found.select_related("requested_by", "upload").order_by("-id")[: SHOWN + 1])
    undone = max((job.pk for job in newest if job.kind == Job.Kind.UNDO and not jobs.is_look(job)), default=0)
    lines = [_line(request, job, undone) for job in newest[:SHOWN]]
    running = [line for line in lines if not line.job.ended]
    return {
        "job_lines": lines,
        "more_jobs": len(newest) > SHOWN,
        "jobs_running": bool(running),
        "jobs_url": progress_url,
        "jobs_every": every(running[0].job.created_at) if running else "",
        "jobs_say": lines[0].sentence
        if lines and not running
        else " ".join(progress.each_quarter(line.job.percent) for line in running),
    }


def _line(request: HttpRequest, job: Job, undone: int) -> Line:
    """`undone` is the job that undid what an earlier one looked at."""
    about_rows = job.kind in came.KINDS
    offers = jobs.is_look(job) and job.ended and job.pk > undone and may(request, "undo")
    became = came.of_rows(job) if about_rows and job.ended else None
    return Line(
        job=job,
        title=_title(job),
        sentence=came.sentence(job) if about_rows else _sentence(job),
        came=became,
        why=[(label, rows, _still_wrong(request, job, code)) for code, label, rows in (became.why if became else ())],
        counts=[] if about_rows else jobs.counts_of(job),
        examples=[] if about_rows else job.result.get("examples", []),
        undo_button=jobs.undo_button(job) if offers else "",
    )


def _title(job: Job) -> str:
    if job.kind in came.KINDS:
        return came.title(job)
    return "A look at what undoing would do" if jobs.is_look(job) else TITLES.get(job.kind, str(job.get_kind_display()))


def _sentence(job: Job) -> str:
    """How far a job is that is about no failed rows, or how it ended."""
    if job.state == Job.State.FAILED:
        return job.failure
    if job.state == Job.State.WAITING:
        return Job.WAITS
    if job.state == Job.State.RUNNING:
        return f"{job.done:,} of {job.total:,} rows so far."
    return f"Done: {counted(job.done, '{} row', '{} rows')}."


def _still_wrong(request: HttpRequest, job: Job, code: str) -> str:
    """Where the rows of a kind are that a job found still wrong; "" for who may not see them."""
    if not request.user.has_perm("uploads.view_validationerror"):
        return ""
    if job.upload_id:
        return rows_url(job.upload_id, code) if may(request, "retry") else list_url(
            "uploads_validationerror", upload=job.upload_id, state="open", error_type=code)  # fmt: skip
    return list_url("uploads_validationerror", vendor=job.vendor_id, state="open", error_type=code)


def address(name: str, key: str) -> str:
    """Where the lines are fetched anew: address("uploads_uploadhistory", upload_id)."""
    return reverse(f"admin:{name}_jobs", args=[key])
