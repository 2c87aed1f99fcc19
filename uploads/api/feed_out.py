"""A feed, as programs are told of it: one shape from its announcement to its end."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from pydantic import Field

from uploads.api.shapes import Answered
from uploads.models import Feed, UploadHistory
from uploads.pipeline.guard import hold
from uploads.pipeline.guard.check import Finding
from uploads.preview import dry_run

STATES: Final = {
    "awaiting_file": "Announced. Its file hasn't come, or wasn't submitted.",
    "submitted": "A worker looks at the file.",
    "held": "It leaves something open, and waits for an answer: see `questions`; or it would change more than is "
    "usual, and waits until somebody lets it through: see `held_for`.",
    "processing": "Its rows are being imported. What is counted is live already.",
    "completed": "All rows have their outcome, and what was accepted is live. Rows with errors are counted.",
    "tried": "The dry run has ended. Nothing was changed.",
    "failed": "It can't be imported: see `failure`. What was counted by then is live.",
    "cancelled": "Somebody cancelled it. What was counted by then is live.",
    "expired": "Its file never came.",
}


class Counts(Answered):
    """Rows by what became of them. `errors` are those that wait for somebody."""

    total: int = 0
    inserted: int = Field(default=0, description="New products.")
    updated: int = Field(default=0, description="Products that were changed.")
    retired: int = Field(default=0, description="Products that rows with the action retire ended.")
    unchanged: int = Field(default=0, description="Products that were like this already.")
    skipped: int = Field(default=0, description="Rows that `mode` doesn't want.")
    superseded: int = Field(default=0, description="Rows that came too late: a newer feed had written the product.")
    errors: int = 0
    errors_ignored: int = Field(default=0, description="Failed rows that somebody set aside.")
    errors_closed: int = Field(default=0, description="Failed rows that a later feed made needless.")
    warned: int = Field(default=0, description="Of all rows those with warnings, which never keep a row out.")


class Absent(Answered):
    """Of a whole catalog (mode replace): what becomes of the products that it lacks. They are no rows."""

    state: str = Field(
        description="due: after the last row; done; refused: nothing was retired, see `why`; tried: by a dry run."
    )
    to: str = Field(description="retired, or zero_stock: their stock is set to 0. The vendor's profile says which.")
    count: int = Field(description="How many so far.")
    why: str | None = Field(default=None, description="Why nothing was retired, and what to do.")


class Failure(Answered):
    code: str
    message: str


class HeldFor(Answered):
    """A threshold that a held feed goes beyond."""

    kind: str = Field(description="price_falls, price_rises, zero_stock, retired, fewer_rows, errors or unchecked.")
    message: str
    found: int
    of: int
    percent: float = Field(description="What share that is.")
    limit_percent: int = Field(description="Beyond which a feed is held.")
    category: str | None = Field(default=None, description="The category whose products are counted; null for all.")
    may_confirm: bool = Field(description="Whether `confirm` lets it through; else staff do.")
    examples: list[str] = Field(default=[], description="Some products, before and after.")


class Links(Answered):
    self: str
    rows: str | None = Field(default=None, description="What became of each row.")
    report: str | None = Field(default=None, description="The failed rows as a file.")


class FeedOut(Answered):
    """One feed."""

    id: str = Field(description="The same on the pages.")
    state: str = Field(description=f"One of {', '.join(STATES)}.")
    origin: str = Field(description="How it came: api, source, file (on the pages) or dynamodb.")
    kind: str = "products"
    mode: str = Field(description="Which rows were wanted: upsert, add, update, or replace: all.")
    dry_run: bool = Field(default=False, description="Only tried: nothing is changed.")
    file_name: str
    sha256: str | None = Field(default=None, description="Of the file, in hexadecimal digits.")
    size: int | None = Field(default=None, description="In bytes.")
    metadata: dict[str, Any] = Field(default={}, description="What was sent with it, as it was.")
    created_at: datetime
    submitted_at: datetime | None = None
    ended_at: datetime | None = Field(default=None, description="Null while it is under way.")
    undone_at: datetime | None = Field(default=None, description="When people took its changes back.")
    rows: int | None = Field(default=None, description="In the file; null until it is read.")
    counts: Counts
    absent: Absent | None = Field(default=None, description="What a whole catalog lacks; null for all other feeds.")
    failure: Failure | None = Field(default=None, description="Why it can't be imported.")
    questions: list[dict[str, Any]] = Field(default=[], description="What a held feed leaves open, with choices.")
    held_for: list[HeldFor] = Field(default=[], description="Why it is held, was, or would be if this was no dry run.")
    held_until: datetime | None = Field(default=None, description="When it is cancelled, if nobody lets it through.")
    links: Links


def out(feed: Feed | None, upload: UploadHistory | None) -> FeedOut:
    """Of a feed, of the upload that it became, or of an upload that no program sent: one of the two is there."""
    if upload is not None:
        found = _of_upload(upload)
        if feed:
            found.metadata, found.submitted_at, found.origin = feed.metadata, feed.submitted_at, _origin(feed)
            found.kind = feed.kind
        return found
    if feed is None:
        raise ValueError("There is neither a feed nor an upload.")
    return _of_feed(feed)


def _origin(feed: Feed) -> str:
    return "source" if feed.source_id else "api"


def _of_feed(feed: Feed) -> FeedOut:
    failed = Failure(code=feed.failure_code, message=feed.failure_reason) if feed.failure_code else None
    return FeedOut(
        id=feed.pk, state=feed.state, origin=_origin(feed), kind=feed.kind, mode=feed.mode, dry_run=feed.dry_run,
        file_name=feed.file_name, sha256=feed.sha256 or None, size=feed.size, metadata=feed.metadata,
        created_at=feed.created_at, submitted_at=feed.submitted_at, ended_at=feed.ended_at, failure=failed,
        counts=_tried(feed), absent=_would_be_absent(feed), questions=feed.questions, held_for=_would_hold(feed),
        links=Links(self=address("feed", feed.pk)),
    )  # fmt: skip


def _tried(feed: Feed) -> Counts:
    """What a dry run counted."""
    if not feed.job:
        return Counts()
    found = feed.job.result
    known = {name: found.get(name, 0) for name in ("inserted", "updated", "retired", "unchanged", "skipped")}
    errors = found.get("error", 0)
    return Counts(total=sum(known.values()) + errors, errors=errors, warned=found.get("warned", 0), **known)


def _of_upload(upload: UploadHistory) -> FeedOut:
    failed = Failure(code=upload.failure_code, message=upload.failure_reason) if upload.failure_code else None
    return FeedOut(
        id=upload.pk, state=upload.status, origin="file" if upload.source == "file" else upload.source,
        mode=upload.mode, file_name=upload.file_name, sha256=upload.sha256 or None, size=upload.file_size,
        created_at=upload.created_at, submitted_at=upload.created_at, ended_at=upload.completed_at,
        undone_at=upload.undone_at, rows=upload.file_rows, failure=failed, held_for=_held_for(upload),
        held_until=upload.held_until if upload.status == UploadHistory.Status.HELD else None,
        counts=Counts(
            total=upload.total_records, inserted=upload.inserted_records, updated=upload.updated_records,
            retired=upload.retired_records, unchanged=upload.unchanged_records, skipped=upload.skipped_records,
            superseded=upload.superseded_records, errors=upload.open_records,
            errors_ignored=upload.ignored_records, errors_closed=upload.closed_records,
            warned=upload.warned_records,
        ),
        absent=_absent(upload),
        links=_links(upload),
    )  # fmt: skip


def _absent(upload: UploadHistory) -> Absent | None:
    if not upload.absent_state:
        return None
    return Absent(
        state=upload.absent_state, to=upload.absent_to, count=upload.absent_records, why=upload.absent_why or None
    )


def _would_be_absent(feed: Feed) -> Absent | None:
    """What a dry run found that it lacks."""
    if feed.job is None or "absent" not in feed.job.result:
        return None
    found, to = feed.job.result, feed.vendor.absent_products
    return Absent(state="tried", to=to, count=found["absent"], why=found.get("absent_why"))


def _would_hold(feed: Feed) -> list[HeldFor]:
    """What would hold the file of a dry run, if it was sent now."""
    looked = dry_run.looked_at(feed.job) if feed.job else None
    if feed.job is None or looked is None:
        return []
    trial = dry_run.trial_of(feed.job)
    return _shown(hold.in_preview(trial, feed.vendor_id, looked.layout, feed.job.parameters["mode"], seen=False))


def _held_for(upload: UploadHistory) -> list[HeldFor]:
    return _shown(hold.findings_of(upload))


def _shown(findings: Iterable[Finding]) -> list[HeldFor]:
    return [
        HeldFor(
            kind=one.kind, message=one.words, found=one.found, of=one.of, percent=one.share, limit_percent=one.limit,
            category=one.category or None, may_confirm=one.owners_may, examples=list(one.lines),
        )
        for one in findings
    ]  # fmt: skip


def _links(upload: UploadHistory) -> Links:
    """What is still there to ask for: rows are deleted by their age, and their report may outlive them."""
    kept = not upload.rows_deleted_at
    return Links(
        self=address("feed", upload.pk),
        rows=address("rows", upload.pk) if kept else None,
        report=address("report", upload.pk, "csv") if upload.error_report_key or kept else None,
    )


def address(name: str, *arguments: Any) -> str:
    """The address of a call on this site."""
    return reverse(f"api:{name}", args=arguments)
