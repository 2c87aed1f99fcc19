"""A threshold of the guard that would be another one: which past uploads would have been held by it, and which not.

What each upload changed stands in the ledger and in the products' changes, so it is measured as its trial would have
measured it, a slice at a time, and held against what counts now and against the proposed threshold. Uploads that were
held and never imported have no ledger: of these there is what their trial found.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db.models import Q, QuerySet, Sum

from uploads.feed.parser import Layout
from uploads.models import GuardThreshold, Job, UploadHistory
from uploads.pipeline.guard import facts
from uploads.pipeline.guard.check import Finding, check
from uploads.pipeline.guard.measured import Measured
from uploads.pipeline.guard.thresholds import Threshold, as_threshold, categories, counting
from uploads.shadow import effects
from uploads.shadow.changes import ThresholdChange
from uploads.shadow.effects import Effect
from uploads.shadow.stored import Window
from uploads.work import jobs
from vendors.models import Vendor

# An upload would be held and wasn't, wouldn't be and was, or would be either way.
HELD, LET, BOTH = "held", "let", "both"
KINDS: Final = (HELD, LET, BOTH)
SLICE_ROWS: Final = 5_000
MOST_ROWS: Final = 1_000_000  # of the ledger; an upload that was begun is measured to its end
EXAMPLES: Final = 20  # of a vendor
MOST_EXAMPLES: Final = 500  # in all
MOST_VENDORS: Final = 1_000
SHOWN: Final = 3  # products in an example
_TOUCHED: Final = ("updated", "unchanged", "superseded")


@dataclass
class At:
    """Behind which record of which upload to go on, and what was measured of it so far."""

    sequence: int
    upload_id: str = ""
    behind: str = ""
    measured: dict[str, Any] | None = None


class Sets(NamedTuple):
    """All thresholds that are set, as things stand and as they would be."""

    now: list[Threshold]
    then: list[Threshold]


@dataclass
class Held:
    """What both say of one upload by the kind that is tested."""

    now: list[Finding] = field(default_factory=list)
    then: list[Finding] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """ "" where it would be held by neither."""
        if self.now and self.then:
            return BOTH
        return HELD if self.then else LET if self.now else ""


def sets(change: ThresholdChange) -> Sets:
    """Read from the database as it stands; the proposed one takes the place of one for the same."""
    now, then = list[Threshold](), list[Threshold]()
    for row in GuardThreshold.objects.all():
        now.append(as_threshold(row))
        same = (row.kind, row.category, row.vendor_id or "") == (change.kind, change.category, change.vendor_id)
        if row.pk != change.instead_of and not same:
            then.append(now[-1])
    values = {name: value for name, value in asdict(change).items() if name != "instead_of"}
    return Sets(now, [*then, Threshold(**values)])


def uploads_of(wanted: Window) -> "QuerySet[UploadHistory]":
    """Files that were imported, or held and never imported; newest first."""
    found = UploadHistory.objects.filter(
        Q(status=UploadHistory.Status.COMPLETED) | ~Q(guard_findings=[]),
        sequence__gte=wanted.first, sequence__lte=wanted.last, created_at__gte=wanted.since,
        source=UploadHistory.Source.FILE, layout__isnull=False, undone_at__isnull=True, rows_deleted_at__isnull=True,
        vendor__status=Vendor.Status.ACTIVE,
    )  # fmt: skip
    return (found.filter(vendor_id=wanted.vendor_id) if wanted.vendor_id else found).order_by("-sequence")


def rows_of(wanted: Window) -> int:
    """About how many rows there are to measure."""
    return min(MOST_ROWS, uploads_of(wanted).order_by().aggregate(rows=Sum("total_records"))["rows"] or 0)


def empty(wanted: Window) -> dict[str, Any]:
    """Before the first upload."""
    begun = asdict(At(wanted.last + 1))
    return {"at": begun, "uploads": 0, "counts": {}, "vendors": {}, "others": {"rows": 0}, "shown": 0}


def step(job: Job, change: ThresholdChange, wanted: Window) -> bool:
    """Measure some rows more; True when all uploads were looked at, or as many rows as one run looks at."""
    result: dict[str, Any] = job.result or empty(wanted)
    at, both = At(**result["at"]), sets(change)
    upload = uploads_of(wanted).filter(pk=at.upload_id).first() if at.upload_id else None
    ended = False
    if upload is None:  # none is under way, or the one that was is gone or was undone meanwhile
        upload = None if job.done >= MOST_ROWS else uploads_of(wanted).filter(sequence__lt=at.sequence).first()
        ended = upload is None
        at = At(upload.sequence, upload.pk) if upload else at
    if upload:
        at, rows = _measure_on(upload, change, both, at, result)
        job.done += rows
    result["at"] = asdict(at)
    if ended:
        left = uploads_of(wanted).filter(sequence__lt=at.sequence).count()
        result["left"], job.total = {"uploads": left, "rows": 0}, job.done
    job.result = result
    jobs.save(job)
    return ended


def _measure_on(
    upload: UploadHistory, change: ThresholdChange, both: Sets, at: At, result: dict[str, Any]
) -> tuple[At, int]:
    """Go on with an upload; when it is through it is added to the result. Returns where to go on, and rows read."""
    now, then = (counting(upload.vendor_id, given) for given in both)
    if upload.status != UploadHistory.Status.COMPLETED:
        _add(result, upload, change, _by_trial(upload, change, then))
        return At(upload.sequence), 0
    begun = Measured.from_json(at.measured) if at.measured else Measured.apart({*categories(now), *categories(then)})
    rows = effects.read(upload.pk, at.behind, SLICE_ROWS)
    for row in rows:
        _note(begun, row)
    if len(rows) == SLICE_ROWS:
        return At(upload.sequence, upload.pk, rows[-1].record_id, begun.to_json()), len(rows)
    whole = _completed(begun, upload)
    found = Held(*([one for one in check(whole, said) if one.kind == change.kind] for said in (now, then)))
    _add(result, upload, change, found)
    return At(upload.sequence), len(rows)


def _by_trial(upload: UploadHistory, change: ThresholdChange, then: Sequence[Threshold]) -> Held:
    """Of one that was held and never imported: whether what its trial found is beyond the proposed threshold too."""
    now = [one for one in map(Finding.from_json, upload.guard_findings) if one.kind == change.kind]
    bounds = {one.category: one for one in then if one.kind == change.kind and one.is_on}
    beyond = [
        one for one in now
        if (bound := bounds.get(one.category) or bounds.get(""))
        and one.of >= max(bound.minimum, 1) and one.found * 100 > bound.limit * one.of
    ]  # fmt: skip
    return Held(now, beyond)


def _note(measured: Measured, row: Effect) -> None:
    """As the trial counts it (uploads/preview/trial.py)."""
    if row.is_absent:
        measured.absent += 1
        return
    measured.rows += 1
    if row.outcome == "error":
        measured.note_error(row.reason, row=row.number)
    elif row.outcome == "retired":
        measured.note_retired(row.name, row.sku, row=row.number)
    elif row.outcome in _TOUCHED:
        measured.note_product(row.category, row.name, row.sku, row.changes, row=row.number)


def _completed(measured: Measured, upload: UploadHistory) -> Measured:
    """With what it is compared with: the files that came before it, and the vendor's products as they are now, but for
    what it brought and retired itself."""
    layout, seen = Layout.from_json(upload.layout or {}), upload.previewed_key is not None
    if facts.compares_rows(upload.mode, seen=seen):
        measured.last_rows = _last_rows(upload.vendor_id, layout, upload.mode, upload.created_at)
    if facts.retires(layout, upload.mode):
        absent = measured.absent if upload.absent_to == Vendor.Absent.RETIRED else 0
        before = facts.active_products(upload.vendor_id) + measured.retired + absent - upload.inserted_records
        measured.active = max(before, measured.retired + absent)
    return measured


def _last_rows(vendor_id: str, layout: Layout, mode: str, before: datetime) -> int | None:
    """As facts.last_rows, at that time (through idx_upload_history_vendor)."""
    newest = UploadHistory.objects.filter(vendor_id=vendor_id, created_at__lt=before).order_by("-created_at")
    found = newest.values_list("file_rows", "status", "mode", "undone_at", "layout__headers")[: facts.NEWEST]
    rows = [
        rows for rows, status, in_mode, undone, headers in found
        if rows and status == "completed" and in_mode == mode and undone is None and headers == list(layout.headers)
    ]  # fmt: skip
    return min(rows[: facts.LAST], default=None)


def _add(result: dict[str, Any], upload: UploadHistory, change: ThresholdChange, found: Held) -> None:
    result["uploads"] += 1
    vendors, vendor_id = result["vendors"], upload.vendor_id
    if vendor_id in vendors or len(vendors) < MOST_VENDORS:
        vendor = vendors.setdefault(vendor_id, {"rows": 0, "examples": []})
    else:
        vendor = result["others"]
    vendor["rows"] += 1
    if not (kind := found.kind):
        return
    result["counts"][kind] = result["counts"].get(kind, 0) + 1
    vendor[kind] = vendor.get(kind, 0) + 1
    if "examples" in vendor and len(vendor["examples"]) < EXAMPLES and result["shown"] < MOST_EXAMPLES:
        vendor["examples"].append(_example(kind, upload, (found.then or found.now)[0]))
        result["shown"] += 1


def _example(kind: str, upload: UploadHistory, finding: Finding) -> dict[str, Any]:
    return {
        "kind": kind, "upload": upload.pk, "file_name": upload.file_name, "said": finding.words,
        "lines": list(finding.lines[:SHOWN]),
    }  # fmt: skip
