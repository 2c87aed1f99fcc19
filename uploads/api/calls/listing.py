"""All feeds of a vendor, newest first: what programs, people and other writers of the table sent."""

from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from uploads.api import cursors
from uploads.api.base import Token, token_of
from uploads.api.calls.feeds import router
from uploads.api.feed_out import FeedOut, out
from uploads.api.problems import Problem
from uploads.api.shapes import PROBLEMS, Answered, Sent
from uploads.models import Feed, UploadHistory
from vendors.models import ApiToken

__all__ = ["router"]

READ: Final = Token(ApiToken.Scope.FEEDS_READ)


class FeedsAsked(Sent):
    """Which feeds, and where to go on."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    cursor: str = Field("", max_length=cursors.CURSOR_CHARS, description="`next_cursor` of the page before.")
    limit: int = Field(cursors.USUAL, ge=1, le=cursors.MOST)


class FeedsOut(Answered):
    """A page of feeds."""

    feeds: list[FeedOut]
    next_cursor: str | None


@router.get("feeds", auth=READ, response={200: FeedsOut, **PROBLEMS}, summary="All feeds, newest first")
def listing(request: HttpRequest, asked: Query[FeedsAsked]) -> FeedsOut:
    """What people uploaded on the pages stands between what programs sent."""
    vendor_id = token_of(request).vendor_id
    among = _among(asked)
    uploads = _newest(UploadHistory.objects.filter(vendor_id=vendor_id), among, "upload_id", asked.limit)
    alone = Feed.objects.filter(vendor_id=vendor_id, upload=None).select_related("job")
    feeds = _newest(alone, among, "feed_id", asked.limit)
    known = Feed.objects.filter(upload__in=[one.pk for one in uploads]).in_bulk(field_name="feed_id")
    pairs: list[tuple[Any, Feed | None, UploadHistory | None]] = [
        *((one, known.get(one.pk), one) for one in uploads), *((one, one, None) for one in feeds),
    ]  # fmt: skip
    pairs.sort(key=lambda pair: (pair[0].created_at, pair[0].pk), reverse=True)
    shown = pairs[: asked.limit]
    last = shown[-1][0] if len(pairs) > asked.limit else None
    return FeedsOut(
        feeds=[out(feed, upload) for _, feed, upload in shown],
        next_cursor=cursors.encode([last.created_at.isoformat(), last.pk]) if last else None,
    )


def _among(asked: FeedsAsked) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if asked.created_after:
        found["created_at__gt"] = _with_zone(asked.created_after, "created_after")
    if asked.created_before:
        found["created_at__lt"] = _with_zone(asked.created_before, "created_before")
    if asked.cursor:
        at, key = cursors.decode(asked.cursor, (str, str))
        try:
            found["behind"] = (_with_zone(datetime.fromisoformat(at), "cursor"), key)
        except ValueError as error:
            raise cursors.refused() from error
    return found


def _with_zone(at: datetime, field: str) -> datetime:
    """The moment in UTC: PostgreSQL knows fewer zones than there are offsets. Raises Problem."""
    try:
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except OverflowError:
        pass
    message = "A moment needs a zone, like 2026-01-31T12:00:00Z."
    raise Problem("invalid", errors=[{"field": field, "message": message}])


def _newest(rows: "QuerySet[Any]", among: dict[str, Any], key: str, most: int) -> "QuerySet[Any]":
    """The newest behind a key, one more than are shown."""
    conditions = dict(among)
    if behind := conditions.pop("behind", None):
        at, name = behind
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, **{f"{key}__lt": name}), created_at__lte=at)
    return rows.filter(**conditions).order_by("-created_at", f"-{key}")[: most + 1]
