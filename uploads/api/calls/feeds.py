"""Calls about feeds: announce one or send it, submit it, answer what it leaves open, cancel it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field, ValidationError, field_validator

from uploads.api import idempotent, targets
from uploads.api.base import Token, fields_of, token_of
from uploads.api.feed_out import FeedOut, out
from uploads.api.problems import Problem
from uploads.api.samples import FeedWhole, whole
from uploads.api.shapes import ON_ONE, PROBLEMS, Answered, ProblemOut, Sent
from uploads.models import Feed, UploadHistory
from uploads.pipeline import receive
from uploads.programs import feeds
from uploads.programs.feeds import FeedRefused
from vendors.models import ApiToken

router = Router(tags=["feeds"])
WRITE: Final = Token(ApiToken.Scope.FEEDS_WRITE)
READ: Final = Token(ApiToken.Scope.FEEDS_READ)
METADATA_CHARS, METADATA_DEPTH = 4096, 3
ANSWER_CHARS: Final = 50_000
TOO_LONG = "The file has more than 25 MB. Announce it as JSON, and put it where the answer says."


class NewFeed(Sent):
    """What is announced of a feed, or said beside its file."""

    kind: Feed.Kind = Field(
        Feed.Kind.PRODUCTS, description="offer: an identifier and what changes; full or products: whole products."
    )
    mode: UploadHistory.Mode = Field(UploadHistory.Mode.UPSERT, description="Which rows are wanted.")
    dry_run: bool = Field(False, description="Only say what would become of each row.")
    file_name: str = Field("feed.csv", min_length=1, max_length=255)
    sha256: str = Field("", pattern=r"^([0-9A-Fa-f]{64})?$", description="Of the file, in hexadecimal digits.")
    size: int | None = Field(None, ge=1, le=2**40, description="In bytes.")
    rows: int | None = Field(
        None, ge=1, le=2**31 - 1, description="How many rows the file has: a whole catalog with fewer retires nothing."
    )
    metadata: dict[str, Any] = Field({}, description="Your own, given back as it is: 4,096 characters as JSON.")

    @field_validator("metadata")
    @classmethod
    def small(cls, value: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(value, ensure_ascii=False)
        if "\\u0000" in text or text != text.encode("utf-8", "replace").decode():
            raise ValueError("It has a character that can't be stored, such as NUL.")
        if len(text) > METADATA_CHARS:
            raise ValueError(f"It has more than {METADATA_CHARS:,} characters.")
        if _depth(value) > METADATA_DEPTH:
            raise ValueError(f"It is nested more than {METADATA_DEPTH} deep.")
        return value


class Target(Answered):
    """Where the file is put: a form of `fields` and then `file`, sent by `method` as multipart/form-data."""

    url: str
    method: str
    fields: dict[str, str]
    max_bytes: int
    expires_at: datetime


class Announced(FeedOut):
    """A feed, and where its file is put."""

    upload: Target


class Answers(Sent):
    """Question ID → the value of one of its choices, or what it asks to be typed."""

    answers: dict[str, Annotated[str, Field(max_length=ANSWER_CHARS)]] = Field({}, max_length=200)

    @field_validator("answers")
    @classmethod
    def storable(cls, value: dict[str, str]) -> dict[str, str]:
        """PostgreSQL keeps neither NUL nor halves of characters."""
        text = "".join([*value, *value.values()])
        if "\0" in text or text != text.encode("utf-8", "replace").decode():
            raise ValueError("It has a character that can't be stored, such as NUL.")
        return value


_SAID = ("kind", "mode", "dry_run", "file_name", "sha256", "size", "rows", "metadata")
BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": NewFeed.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
                        **{name: {"type": "string"} for name in _SAID},
                    },
                }
            },
        },
    }
}


@router.post(
    "feeds", auth=WRITE, response={201: Announced, 202: FeedOut, 413: ProblemOut, 415: ProblemOut, **PROBLEMS},
    summary="Announce a feed, or send it", openapi_extra=BODY, url_name="feeds",
)  # fmt: skip
def create(request: HttpRequest) -> Status[Any]:
    """As JSON it is announced: the answer says where to put the file, of any size up to the limit; submit it then.
    As multipart/form-data with the file itself, up to 25 MB, it is submitted at once."""
    token = token_of(request)
    if request.content_type == "multipart/form-data":
        return Status(202, out(_sent(request, token), None))
    if request.content_type != "application/json":
        raise Problem("unsupported-media-type", "Send application/json, or multipart/form-data with the file.")
    feed = _announced(request, token, _parsed(request.body))
    return Status(201, Announced(**out(feed, None).dict(), upload=Target(**targets.target(feed))))


@router.post("feeds/{path:feed_id}/submit", auth=WRITE, response={202: FeedOut, **ON_ONE}, url_name="submit",
             summary="Say that its file is there")  # fmt: skip
def submit(request: HttpRequest, feed_id: str) -> Status[FeedOut]:
    """Size and hash are checked against what was announced."""
    with _refusals():
        return Status(202, out(feeds.submit(_of_program(request, feed_id)), None))


@router.post("feeds/{path:feed_id}/confirm", auth=WRITE, response={202: FeedOut, **ON_ONE}, url_name="confirm",
             summary="Answer what a held feed leaves open, or let it through as it is")  # fmt: skip
def confirm(request: HttpRequest, feed_id: str, body: Answers) -> Status[FeedOut]:
    """Each question that it asks has an ID; what isn't answered is asked again. One that would change more than is
    usual (`held_for`) is let through without answers, where its owners may do that."""
    _, upload = found(request, feed_id)
    with _refusals():
        if upload is None:
            return Status(202, out(feeds.answer(_of_program(request, feed_id), body.answers), None))
        feeds.let_through(upload)
    return Status(202, out(*found(request, feed_id)))


@router.post("feeds/{path:feed_id}/cancel", auth=WRITE, response={202: FeedOut, **ON_ONE}, url_name="cancel",
             summary="Cancel it")  # fmt: skip
def cancel(request: HttpRequest, feed_id: str) -> Status[FeedOut]:
    """What was committed by then stays, and is counted."""
    feed, upload = found(request, feed_id)
    with _refusals():
        if feed:
            feeds.cancel(feed)
        elif upload:
            feeds.cancel_upload(upload)
    return Status(202, out(*found(request, feed_id)))


@router.get("feeds/{path:feed_id}", auth=READ, response={200: FeedWhole, 404: ProblemOut, **PROBLEMS}, url_name="feed",
            summary="One feed: its state, and its rows by outcome")  # fmt: skip
def one(request: HttpRequest, feed_id: str) -> FeedWhole:
    """`completed` says that all rows have their outcome and what was accepted is live. Of each kind of problem there
    are a few rows as samples."""
    return whole(*found(request, feed_id))


# --- what is asked for -----------------------------------------------------------------------------------------


def found(request: HttpRequest, feed_id: str) -> tuple[Feed | None, UploadHistory | None]:
    """The vendor's feed, and the upload of this ID. Raises Problem where there is neither."""
    vendor_id = token_of(request).vendor_id
    feed = Feed.objects.filter(vendor_id=vendor_id, pk=feed_id).select_related("job", "vendor").first()
    upload = UploadHistory.objects.filter(vendor_id=vendor_id, pk=feed_id).first()
    if feed is None and upload is None:
        raise Problem("not-found", "There is no such feed.")
    return feed, upload


def _of_program(request: HttpRequest, feed_id: str) -> Feed:
    """The vendor's feed that a program sent. Raises Problem."""
    feed, _ = found(request, feed_id)
    if feed is None:
        raise Problem("conflict", "This one was sent by a person, and is an upload already.")
    return feed


@contextmanager
def _refusals() -> Iterator[None]:
    """Inside, what feeds refuses is a problem."""
    try:
        yield
    except FeedRefused as refused:
        if refused.code == receive.TOO_MANY:
            raise Problem("too-many-open-feeds", str(refused), headers={"Retry-After": "60"}) from refused
        if refused.code == "answers":
            raise Problem("invalid", errors=[{"field": "answers", "message": str(refused)}]) from refused
        codes = {"conflict": "conflict", "vendor": "vendor-suspended"}
        raise Problem(codes.get(refused.code, "feed-refused"), str(refused)) from refused


def _announced(request: HttpRequest, token: ApiToken, asked: NewFeed) -> Feed:
    with _refusals():
        return feeds.announce_feed(
            token.vendor, asked.file_name, token=token, kind=asked.kind, mode=asked.mode, dry_run=asked.dry_run,
            sha256=asked.sha256, size=asked.size, rows=asked.rows, metadata=asked.metadata,
            feed_id=idempotent.new_id(request),
        )  # fmt: skip


def _sent(request: HttpRequest, token: ApiToken) -> Feed:
    file = request.FILES.get("file")
    others = sorted({*request.FILES} - {"file"})
    if not isinstance(file, UploadedFile) or others:
        wrong = {"field": others[0] if others else "file", "message": "One file is expected, as “file”."}
        raise Problem("invalid", errors=[wrong])
    if (file.size or 0) > settings.API_FILE_BYTES:
        raise Problem("too-large", TOO_LONG)
    said: dict[str, Any] = {name: request.POST[name] for name in request.POST}
    said.setdefault("file_name", file.name or "feed.csv")
    if "metadata" in said:
        said["metadata"] = _json(said["metadata"].encode(), "metadata")
    asked = _valid(said)
    if asked.size not in (None, file.size):
        raise Problem("feed-refused", f"{file.size:,} bytes came, where {asked.size:,} were announced.")
    with _refusals():
        feeds.refuse_too_many(token.vendor)
        feed = _announced(request, token, asked)
        if feed.state == Feed.State.AWAITING_FILE:
            feeds.put_file(feed, file)  # type: ignore[arg-type] # it reads and seeks
        return feeds.submit(feed)


def _parsed(body: bytes) -> NewFeed:
    said = _json(body, "")
    if not isinstance(said, dict):
        raise Problem("invalid", "An object is expected.")
    return _valid(said)


def _json(text: bytes, field: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        wrong = [{"field": field, "message": "This is no JSON."}] if field else []
        raise Problem("invalid", "" if field else "The body is no JSON.", wrong) from error


def _valid(said: dict[str, Any]) -> NewFeed:
    try:
        return NewFeed.model_validate(said)
    except ValidationError as error:
        raise Problem("invalid", errors=fields_of(error.errors())) from error


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)
