"""What a token is, and what it may."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from uploads.api import cursors, idempotent, limits
from uploads.api.base import token_of
from uploads.api.shapes import Answered
from vendors import holds

router = Router(tags=["me"])


class CallLimit(Answered):
    """So many calls at once; they come back evenly within `seconds`."""

    name: str
    calls: int
    seconds: float


class Limits(Answered):
    calls: list[CallLimit]
    file_bytes: int
    direct_file_bytes: int
    open_feeds: int
    page_rows: int
    idempotency_hours: int


class HeldBack(Answered):
    """Feeds are accepted and wait; what waits goes on by itself, in its order."""

    kind: str = Field(description="pause: all feeds. window: records that programs put into the table.")
    since: datetime
    reason: str


class Me(Answered):
    vendor_id: str
    vendor_name: str
    token_name: str
    scopes: list[str]
    expires_at: datetime
    limits: Limits
    held_back: HeldBack | None = Field(default=None, description="Why nothing that is sent takes effect just now.")


@router.get("me", response=Me, summary="The token's vendor, scopes and limits")
def me(request: HttpRequest) -> Me:
    token = token_of(request)
    hold = holds.of(token.vendor_id)
    return Me(
        vendor_id=token.vendor_id,
        vendor_name=token.vendor.vendor_name,
        token_name=token.name,
        scopes=sorted(token.scopes),
        expires_at=token.expires_at,
        limits=Limits(
            calls=[CallLimit(name=one.name, calls=one.most, seconds=one.seconds) for one in limits.of_token(token)],
            file_bytes=settings.MAX_FILE_BYTES,
            direct_file_bytes=min(settings.API_FILE_BYTES, settings.MAX_FILE_BYTES),
            open_feeds=settings.MAX_OPEN_UPLOADS,
            page_rows=cursors.MOST,
            idempotency_hours=idempotent.HOURS,
        ),
        held_back=HeldBack(kind=hold.kind, since=hold.since, reason=hold.reason) if hold else None,
    )
