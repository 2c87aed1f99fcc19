"""The same call twice is done once: a program that got no answer sends it again with the same Idempotency-Key.

It is kept for a day (draft-ietf-httpapi-idempotency-key-header). The same key with the same call gets the first answer
again, with another call 422, and while the first is under way 409.

A process may die between what a call does and its answer being kept. Then the key is free again when the lease of that
call is over, and the call is done anew: what must not be there twice takes its ID from `new_id`, which is the same both
times. Answers of 5xx and 429 aren't kept: the same call may try again with its key, at once and as the same. Refusals
of the token are as if it had never been made.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from security import at_rest
from uploads.api.problems import Problem
from uploads.models import IdempotentCall
from uploads.pipeline import receive
from vendors.models import ApiToken

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
METHODS: Final = {"POST", "PATCH"}
KEY: Final = re.compile(r"[\x20-\x7e]{1,255}\Z")
HOURS: Final = 24
LEASE_SECONDS: Final = 120  # longer than any call takes
RETRY_SECONDS: Final = 2
MOST_KEPT: Final = 1024 * 1024  # bytes of an answer
KEPT_HEADERS: Final = ("Content-Type", "Location")
REFUSED: Final = {401, 403}  # says nothing of the call: its token may have another scope tomorrow
BUSY: Final = 429  # there will be room

Call = Callable[[], HttpResponseBase]


def once(request: HttpRequest, token: ApiToken, call: Call) -> HttpResponseBase:
    """The answer of the call, or the one that it had before. Raises Problem."""
    key = request.headers.get(HEADER)
    if key is None or request.method not in METHODS:
        return call()
    if not KEY.match(key):
        message = "It has 1 to 255 characters of ASCII that can be printed."
        raise Problem("invalid", errors=[{"field": HEADER, "message": message}])
    fingerprint = _fingerprint(request, token)
    taken = _take(token.vendor_id, key, fingerprint)
    if taken is None:
        return _again(token.vendor_id, key, fingerprint)
    row, lease, since = taken
    digits = hashlib.sha256(f"{row} {since} {fingerprint}".encode()).hexdigest()
    request.reserved_id = f"UPLOAD_{since:%Y%m%d_%H%M%S}_{digits[:12]}"  # type: ignore[attr-defined] # for new_id
    try:
        answer = call()
    except BaseException:
        _free(row, lease)
        raise
    if answer.status_code in REFUSED:
        _mine(row, lease).delete()
    elif answer.status_code >= 500 or answer.status_code == BUSY:
        _free(row, lease)
    else:
        _keep(row, lease, answer)
    return answer


def new_id(request: HttpRequest) -> str:
    """The ID of the upload or feed that this call makes: the same each time that it is done with its key."""
    return getattr(request, "reserved_id", "") or receive.new_upload_id()


# --- whether it is the same call -------------------------------------------------------------------------------


def _fingerprint(request: HttpRequest, token: ApiToken) -> str:
    """Of method, address, query, body, and what the token may: no token gets an answer that it may not see."""
    digest = hashlib.sha256()
    said = [str(request.method), request.get_full_path(), " ".join(sorted(token.scopes))]
    for part in said:
        _add(digest, part.encode())
    if request.method == "POST" and request.content_type == "multipart/form-data":  # Django reads no other form
        _add_form(digest, request)
    else:
        _add(digest, request.body)
    return digest.hexdigest()


def _add_form(digest: Any, request: HttpRequest) -> None:
    """Field by field and file by file: what stands between them is another text each time the same is sent."""
    for name, values in sorted(request.POST.lists()):
        for value in values:
            _add(digest, name.encode())
            _add(digest, value.encode())
    for name, sent in sorted(request.FILES.items()):  # one at most, by DATA_UPLOAD_MAX_NUMBER_FILES
        file = cast("UploadedFile[Any]", sent)
        for part in (name, file.name or "", str(file.size)):
            _add(digest, part.encode())
        for chunk in file.chunks():
            digest.update(chunk)
        file.seek(0)


def _add(digest: Any, part: bytes) -> None:
    digest.update(len(part).to_bytes(8))
    digest.update(part)


# --- the row ---------------------------------------------------------------------------------------------------

_TAKE: Final = """
INSERT INTO idempotent_calls AS c (vendor_id, key, fingerprint, headers, body, leased_until)
VALUES (%(vendor)s, %(key)s, %(fingerprint)s, '{}', '', clock_timestamp() + make_interval(secs => %(lease)s))
    ON CONFLICT (vendor_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, leased_until = excluded.leased_until, status = NULL, headers = '{}',
       body = '',
       created_at = CASE WHEN c.created_at < now() - make_interval(hours => %(hours)s) THEN now() ELSE c.created_at END
 WHERE (c.status IS NULL AND c.leased_until < clock_timestamp() AND c.fingerprint = excluded.fingerprint)
    OR (c.created_at < now() - make_interval(hours => %(hours)s)
        AND (c.status IS NOT NULL OR c.leased_until < clock_timestamp()))
RETURNING id, leased_until, created_at
"""


def _take(vendor_id: str, key: str, fingerprint: str) -> tuple[int, Any, Any] | None:
    """The call's row, until when it is ours, and since when the key is; None where somebody had it before."""
    asked: dict[str, str | int] = {
        "vendor": vendor_id, "key": key, "fingerprint": fingerprint, "lease": LEASE_SECONDS, "hours": HOURS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, asked)
        return cursor.fetchone()  # type: ignore[no-any-return]


def _keep(row: int, lease: Any, answer: HttpResponseBase) -> None:
    """Keep the answer, unless the call took longer than its lease and somebody else is at it."""
    content = b"" if answer.streaming else answer.content  # type: ignore[attr-defined] # a plain one has it
    is_kept = not answer.streaming and len(content) <= MOST_KEPT
    _mine(row, lease).update(
        status=answer.status_code,
        headers={name: answer[name] for name in KEPT_HEADERS if name in answer} if is_kept else {"lost": True},
        # An answer may have a secret in it, of a webhook.
        body=at_rest.encrypt(content.decode("latin-1")).encode() if is_kept else b"",
        leased_until=None,
    )


def _free(row: int, lease: Any) -> None:
    """Let the same call be done again now."""
    _mine(row, lease).update(leased_until=Now() - timedelta(seconds=1))


def _mine(row: int, lease: Any) -> "QuerySet[IdempotentCall]":
    return IdempotentCall.objects.filter(pk=row, leased_until=lease)


def _again(vendor_id: str, key: str, fingerprint: str) -> HttpResponseBase:
    """What is said to who asks again."""
    found = IdempotentCall.objects.filter(vendor_id=vendor_id, key=key).first()
    if found is not None and found.fingerprint != fingerprint:
        raise Problem("key-used-otherwise")
    if found is None or found.status is None:  # it ended at this moment without an answer, or is under way
        raise Problem("still-under-way", headers={"Retry-After": str(RETRY_SECONDS)})
    try:
        body = at_rest.decrypt(bytes(found.body).decode()).encode("latin-1")
    except at_rest.Unreadable:  # SECRET_KEY was changed today
        found.headers = {"lost": True}
    if found.headers.pop("lost", False):
        said = f"This call was done, and answered with {found.status}; its answer can't be given again."
        raise Problem("conflict", said)
    answer = HttpResponse(body, status=found.status, headers=found.headers)
    answer[REPLAYED] = "true"
    return answer
