"""A feed, as programs are told of it: one shape from its announcement to its end."""

from datetime import datetime
from typing import Any, Final

from django.urls import reverse

from uploads.api.shapes import Answered
from uploads.models import Feed, UploadHistory

STATES: Final = {
    "awaiting_file": "Announced. Its file hasn't come, or wasn't submitted.",
    "submitted": "A worker looks at the file.",
    "held": "It leaves something open, and waits for an answer: see `questions`.",
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
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    superseded: int = 0
    errors: int = 0
    errors_ignored: int = 0
    errors_closed: int = 0


class Failure(Answered):
    code: str
    message: str


class Links(Answered):
    self: str
    rows: str | None = None
    report: str | None = None


class FeedOut(Answered):
    """One feed."""

    id: str
    state: str
    origin: str
    kind: str = "products"
    mode: str
    dry_run: bool = False
    file_name: str
    sha256: str | None = None
    size: int | None = None
    metadata: dict[str, Any] = {}
    created_at: datetime
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    undone_at: datetime | None = None
    rows: int | None = None
    counts: Counts
    failure: Failure | None = None
    questions: list[dict[str, Any]] = []
    links: Links


def out(feed: Feed | None, upload: UploadHistory | None) -> FeedOut:
    """Of a feed, of the upload that it became, or of an upload that no program sent: one of the two is there."""
    if upload is not None:
        found = _of_upload(upload)
        if feed:
            found.metadata, found.submitted_at, found.origin = feed.metadata, feed.submitted_at, _origin(feed)
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
        counts=_tried(feed), questions=feed.questions, links=Links(self=address("feed", feed.pk)),
    )  # fmt: skip


def _tried(feed: Feed) -> Counts:
    """What a dry run counted."""
    if not feed.job:
        return Counts()
    found = feed.job.result
    known = {name: found.get(name, 0) for name in ("inserted", "updated", "unchanged", "skipped")}
    errors = found.get("error", 0)
    return Counts(total=sum(known.values()) + errors, errors=errors, **known)


def _of_upload(upload: UploadHistory) -> FeedOut:
    failed = Failure(code=upload.failure_code, message=upload.failure_reason) if upload.failure_code else None
    return FeedOut(
        id=upload.pk, state=upload.status, origin="file" if upload.source == "file" else upload.source,
        mode=upload.mode, file_name=upload.file_name, sha256=upload.sha256 or None, size=upload.file_size,
        created_at=upload.created_at, submitted_at=upload.created_at, ended_at=upload.completed_at,
        undone_at=upload.undone_at, rows=upload.file_rows, failure=failed,
        counts=Counts(
            total=upload.total_records, inserted=upload.inserted_records, updated=upload.updated_records,
            unchanged=upload.unchanged_records, skipped=upload.skipped_records,
            superseded=upload.superseded_records, errors=upload.open_records,
            errors_ignored=upload.ignored_records, errors_closed=upload.closed_records,
        ),
        links=Links(self=address("feed", upload.pk)),
    )  # fmt: skip


def address(name: str, *arguments: Any) -> str:
    """The address of a call on this site."""
    return reverse(f"api:{name}", args=arguments)
