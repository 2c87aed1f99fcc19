"""A source at an address of HTTPS. It is asked whether its file has changed, by ETag and date, where it told them."""

import base64
from collections.abc import Mapping
from email.message import Message
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

from django.conf import settings

from config.outgoing import http
from config.outgoing.refused import Refused
from uploads.models import Source
from uploads.pipeline import examine, receive
from uploads.sources import secrets
from uploads.sources.fetched import FOR_PEOPLE, Fetched, FetchFailed, Unchanged

DISPOSITION_CHARS: Final = 1_000  # reading a very long one takes seconds
KEPT_CHARS: Final = {"ETag": 500, "Last-Modified": 100}
NOT_LET_IN = "The server doesn't let us in ({}). Check what it signs in with."
NOT_THERE = "There is no file at this address ({})."


def fetched(source: Source, into: BinaryIO) -> Fetched | Unchanged:
    """Raises FetchFailed."""
    limits = http.Limits(settings.SOURCE_SECONDS, settings.MAX_FILE_BYTES)
    try:
        answer = http.fetch(source.url, into, headers=_headers(source), limits=limits)
    except Refused as refused:
        raise _failed(refused) from refused
    if answer.status == 304:
        if not (source.etag or source.last_modified):
            raise FetchFailed(
                "http_status", "The server says that its file hasn't changed, and wasn't asked.", again=True
            )
        return Unchanged()
    contents = examine.examine(into)
    return Fetched(
        size=contents.size,
        sha256=contents.sha256,
        etag=_kept(answer.headers, "ETag"),
        last_modified=_kept(answer.headers, "Last-Modified"),
        file_name=_name(answer),
    )


def _headers(source: Source) -> dict[str, str]:
    known = secrets.of(source)
    headers = {"Accept": "text/csv, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, */*"}
    if source.auth == Source.Auth.PASSWORD:
        pair = f"{source.user_name}:{known.get('password', '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif source.auth == Source.Auth.HEADER:
        headers[source.header_name] = known.get("header", "")
    if source.etag:
        headers["If-None-Match"] = source.etag
    if source.last_modified:
        headers["If-Modified-Since"] = source.last_modified
    return headers


def _failed(refused: Refused) -> FetchFailed:
    if refused.status in (401, 403, 407):
        return FetchFailed("not_let_in", NOT_LET_IN.format(refused.status))
    if refused.status in (404, 410):
        return FetchFailed("not_there", NOT_THERE.format(refused.status), again=True)
    if refused.status and 400 <= refused.status < 500 and refused.status not in (408, 425, 429):
        return FetchFailed("http_status", str(refused))
    return FetchFailed(refused.code, str(refused), again=refused.code not in FOR_PEOPLE)


def _kept(headers: Mapping[str, str], name: str) -> str:
    """What is sent back the next time; "" for what is longer than we keep, or could not be sent."""
    found = headers.get(name, "")
    return found if len(found) <= KEPT_CHARS[name] and found.isprintable() and found.isascii() else ""


def _name(answer: http.Answer) -> str:
    """As the server calls it, or the end of the address."""
    named = _said(answer.headers.get("Content-Disposition", ""))
    named = named or unquote(urlsplit(answer.url).path.rpartition("/")[2])
    return receive.base_name(named) if named else "feed.csv"


def _said(disposition: str) -> str:
    """The file name in a Content-Disposition; "" where it has none that can be read."""
    if len(disposition) > DISPOSITION_CHARS:
        return ""
    said = Message()
    said["Content-Disposition"] = "".join(filter(str.isprintable, disposition))
    try:
        return str(said.get_filename() or "")
    except ValueError:  # it names an encoding, and isn't in it
        return ""
