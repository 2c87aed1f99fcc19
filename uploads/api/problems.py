"""Refusals as RFC 9457 has them: application/problem+json, with a stable type of our own.

The type is an address on this site, where the kind is explained.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.http import JsonResponse

TYPE: Final = "application/problem+json"
WHERE: Final = "/api/v1/problems/"


class Kind(NamedTuple):
    """A kind of refusal: its HTTP status, its title, and what to do about it."""

    status: int
    title: str
    explained: str


KINDS: Final[dict[str, Kind]] = {
    "token-missing": Kind(401, "No token", "Send the header Authorization: Bearer with a token of the vendor."),
    "token-malformed": Kind(401, "Not a token", "What was sent doesn't look like a token of ours. Was it cut off?"),
    "token-unknown": Kind(401, "Unknown token", "There is no such token. Make one on the vendor's page “Programs”."),
    "token-revoked": Kind(401, "Token revoked", "Somebody revoked it. Make another one."),
    "token-expired": Kind(401, "Token expired", "Its time is over. Make another one."),
    "token-refused": Kind(401, "Token refused", "Files aren't taken with it. GET /api/v1/me with it says why."),
    "vendor-suspended": Kind(403, "Vendor not active", "The vendor may send nothing now. Ask whoever runs this."),
    "scope-missing": Kind(403, "Token has not this scope", "Make a token with the scope that the problem names."),
    "not-found": Kind(404, "Not here", "There is no such thing of this vendor."),
    "method-not-allowed": Kind(405, "Not a call", "This address has other methods: see the header Allow."),
    "conflict": Kind(409, "Not in this state", "What was asked doesn't fit what state it is in; the detail says why."),
    "still-under-way": Kind(
        409, "Still under way", "The first call with this Idempotency-Key hasn't ended. Ask again."
    ),
    "gone": Kind(410, "Not kept any more", "What is old is deleted; what was counted stays."),
    "too-slow": Kind(408, "Too slow", "It came too slowly. Send it again, or put it in storage as the call says."),
    "length-required": Kind(411, "No length", "Send a Content-Length."),
    "too-large": Kind(413, "Too large", "Send less at once; /api/v1/me names the limits."),
    "unsupported-media-type": Kind(415, "Not in this form", "The detail says in which form this is taken."),
    "invalid": Kind(422, "Not as the call wants it", "Each of `errors` names a field and what is wrong with it."),
    "key-used-otherwise": Kind(422, "Idempotency-Key used", "It came with another request before. Use a new one."),
    "feed-refused": Kind(422, "This file can't be taken", "The detail says what is wrong with it."),
    "rate-limited": Kind(429, "Too many calls", "Wait for as many seconds as Retry-After says."),
    "too-many-open-feeds": Kind(429, "Too many feeds under way", "Send this one when one of the others has ended."),
    "internal": Kind(500, "A fault of ours", "It is in our log. Try again later; with an Idempotency-Key it is safe."),
    "busy": Kind(503, "Busy", "As many files are received as can be at once. Ask again after Retry-After seconds."),
    "service-away": Kind(
        503, "A service is away", "Ask again after Retry-After seconds, with the same Idempotency-Key."
    ),
}


class Problem(Exception):
    """A refusal. `code` is one of KINDS; `errors` has a dict with `field` and `message` for each field."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or KINDS[code].title)
        self.code, self.detail, self.errors, self.headers = code, detail, list(errors), dict(headers or {})


def response(problem: Problem) -> JsonResponse:
    """The problem as an answer."""
    kind = KINDS[problem.code]
    said: dict[str, Any] = {"type": f"{WHERE}{problem.code}", "title": kind.title, "status": kind.status}
    if problem.detail:
        said["detail"] = problem.detail
    if problem.errors:
        said["errors"] = problem.errors
    headers = {"Cache-Control": "no-store", **problem.headers}
    if kind.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JsonResponse(said, status=kind.status, content_type=TYPE, headers=headers)
