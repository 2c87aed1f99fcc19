"""What a token is, and what it may."""

from datetime import datetime

from django.http import HttpRequest
from ninja import Router

from uploads.api.shapes import Answered
from vendors.models import ApiToken

router = Router(tags=["me"])


class Me(Answered):
    vendor_id: str
    vendor_name: str
    token_name: str
    scopes: list[str]
    expires_at: datetime


@router.get("me", response=Me, summary="The token's vendor, scopes and limits")
def me(request: HttpRequest) -> Me:
    token: ApiToken = request.token  # type: ignore[attr-defined] # set by guarded
    return Me(
        vendor_id=token.vendor_id,
        vendor_name=token.vendor.vendor_name,
        token_name=token.name,
        scopes=sorted(token.scopes),
        expires_at=token.expires_at,
    )
