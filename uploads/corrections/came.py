"""What came of a job that retried or ignored rows: in a sentence, by what became of them, and what is left to do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from catalog.rules.fields import LABELS
from catalog.rules.problems import label_of
from config.web.text import counted, visible
from uploads.corrections import by_itself, wrong_values
from uploads.corrections.row_form import rows_are
from uploads.models import Job, UploadHistory

KINDS: Final = (Job.Kind.RETRY, Job.Kind.IGNORE)
CAME: Final = {
    "inserted": "new products", "updated": "changed products", "unchanged": "right, and no change to the product",
    "superseded": "right, but a newer upload has changed the product since, and that stays",
    "skipped": "right, and left alone as the upload was meant to",
}  # fmt: skip


@dataclass(frozen=True)
class Came:
    """What became of the rows, and why others still fail: (code, its name, rows). `left` rows wait in the job's upload,
    or in all of its vendor; `others` uploads where nothing is left in its own. `values_left` says whether the `field`
    has wrong values left."""

    counts: Sequence[tuple[int, str]]
    ignored: int
    why: Sequence[tuple[str, str, int]]
    examples: Sequence[dict[str, Any]]
    field: str
    values_left: bool
    left: int
    others: int

    @property
    def label(self) -> str:
        return LABELS.get(self.field, "")


def of(job: Job) -> Came:
    """What came of a job of one of KINDS that has ended, and what is left."""
    field = str(job.parameters.get("selection", {}).get("field", ""))
    waiting = wrong_values.waiting(job.vendor_id) if job.vendor_id else []
    uploads = [job.upload] if job.upload else waiting
    left = sum(one.open_records for one in uploads)
    return replace(
        of_rows(job),
        examples=_examples(job),
        field=field if field in LABELS else "",
        values_left=bool(field and left) and bool(wrong_values.portion([one.pk for one in uploads], field).values),
        left=left,
        others=len(waiting) if job.upload and not left else 0,
    )


def of_rows(job: Job) -> Came:
    """What became of its rows, by what the job itself has noted: no question to the database."""
    came, why = job.result.get("came", {}), job.result.get("why", {})
    return Came(
        counts=[(int(came[name]), words) for name, words in CAME.items() if came.get(name)],
        ignored=int(job.result.get("ignored", 0)) if job.kind == Job.Kind.RETRY else 0,
        why=[(code, visible(label_of(code)), int(rows)) for code, rows in sorted(why.items())],
        examples=job.result.get("examples", []),
        field="", values_left=False, left=0, others=0,
    )  # fmt: skip


def _examples(job: Job) -> list[dict[str, Any]]:
    """Rows that still fail, each with the name of its file."""
    shown = job.result.get("examples", [])
    found = UploadHistory.objects.filter(pk__in={str(one.get("upload", "")) for one in shown})
    of_vendor = found.filter(vendor_id=job.vendor_id) if job.vendor_id else found
    names = {one.pk: visible(one.file_name) for one in of_vendor}
    return [one | {"file": names.get(one.get("upload"), "")} for one in shown]


def sentence(job: Job) -> str:
    """How far it is, or what came of it."""
    right, wrong = int(job.result.get("valid", 0)), int(job.result.get("error", 0))
    if job.state == Job.State.FAILED:
        return job.failure
    if job.state == Job.State.WAITING:
        return Job.WAITS
    if job.kind == Job.Kind.IGNORE:
        back = "taken_back" in job.result or job.parameters.get("back")
        rows = counted(job.done, "{} row", "{} rows")
        done = f"{rows} taken back." if back else f"{rows} ignored."
        return f"Done: {done}" if job.state == Job.State.DONE else f"{job.done:,} of {job.total:,} rows so far."
    aside = f", {job.result['ignored']:,} ignored" if job.result.get("ignored") else ""
    if job.state == Job.State.DONE:
        return f"Done: {rows_are(right)} right now, {wrong:,} still wrong{aside}."
    return f"{job.done:,} of {job.total:,} rows retried: {right:,} right now, {wrong:,} still wrong{aside}."


def title(job: Job) -> str:
    if because := by_itself.of(job):
        return f"Rows retried by themselves, since {visible(because.words)}"
    if job.kind == Job.Kind.RETRY:
        return "Rows retried"
    return "Rows taken back" if job.parameters.get("back") else "Rows ignored"
