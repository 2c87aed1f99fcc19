"""What a token is, and what it may."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from ninja import Router

from uploads.api import cursors, idempotent, limits
from uploads.api.base import token_of
from uploads.api.shapes import Answered

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


class Me(Answered):
    vendor_id: str
    vendor_name: str
    token_name: str
    scopes: list[str]
    expires_at: datetime
    limits: Limits


@router.get("me", response=Me, summary="The token's vendor, scopes and limits")
def me(request: HttpRequest) -> Me:
    token = token_of(request)
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
    )
