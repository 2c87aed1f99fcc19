"""Make AWS answer as it does on a bad day: throttled, half done, or not at all.

The client, its retries and its parsing stay real, and so does every request that isn't answered here: an answer takes
the place of the one that the endpoint would have given, at the moment when the request would have been sent.
"""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from botocore.awsrequest import AWSHTTPConnectionPool, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError
from django.core.files.storage import default_storage
from urllib3 import HTTPResponse

from uploads.aws import client

# From a request's body to the body of a 200, to an exception as the client raises it, or to None: let it through.
Answer = Callable[[dict[str, Any]], dict[str, Any] | Exception | None]


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def dynamodb_answers(operation: str, answer: Answer) -> Iterator[None]:
    """Answer requests of one operation of DynamoDB, the first attempt of client.post and those of botocore alike."""

    def first(asked: str, body: bytes) -> Any | None:
        if asked != operation:
            return real(asked, body)
        said = answer(json.loads(body))
        if said is None:
            return real(asked, body)
        return None if isinstance(said, Exception) or "__type" in said else said

    real = client._directly
    with (
        _answering(client.dynamodb().meta.events, f"before-send.dynamodb.{operation}", answer),
        mock.patch.object(client, "_directly", first),
    ):
        yield


@contextmanager
def storage_away() -> Iterator[None]:
    """Every request to file storage finds nobody there."""
    # Each thread has a connection of its own, and files come from that of the thread which was first.
    storage: Any = default_storage
    clients = {id(one.meta.client): one.meta.client for one in (storage.connection, storage.bucket)}
    with ExitStack() as away:
        for found in clients.values():
            nobody = _answering(
                found.meta.events, "before-send.s3", lambda _: EndpointConnectionError(endpoint_url="s3")
            )
            away.enter_context(nobody)
        yield


@contextmanager
def _answering(events: Any, event: str, answer: Answer) -> Iterator[None]:
    def handler(request: Any, **_: Any) -> AWSResponse | None:
        said = answer(_asked(request))
        if isinstance(said, Exception):
            raise said
        return None if said is None else _response(request.url, said)

    events.register(event, handler)
    try:
        yield
    finally:
        events.unregister(event, handler)


def _asked(request: Any) -> dict[str, Any]:
    try:
        asked: dict[str, Any] = json.loads(request.body or b"{}")
    except (ValueError, TypeError):  # S3 speaks no JSON
        return {}
    return asked


def _response(url: str, body: dict[str, Any]) -> AWSResponse:
    """A 200 with this body, or the 400 that says what its `__type` names."""
    status = 400 if "__type" in body else 200
    headers = HTTPHeaders.from_dict({"Content-Type": "application/x-amz-json-1.0"})
    return AWSResponse(url, status, headers, _Body(json.dumps(body).encode()))


def throttled() -> dict[str, Any]:
    """What DynamoDB says to a request over the table's throughput."""
    return {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "Slow down"}


# From an operation of DynamoDB or its stream, or "S3", to status and body, to an error of the connection, or to None.
# Where the body hangs on what was asked, it is made from that.
Body = bytes | Callable[[bytes], bytes]
RawAnswer = Callable[[str], tuple[int, Body] | Exception | None]


@contextmanager
def endpoint_answers(answer: RawAnswer) -> Iterator[None]:
    """Answer whatever goes out on a connection to any of the services, in any thread, as bytes."""
    real = AWSHTTPConnectionPool.urlopen

    def urlopen(pool: Any, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        headers = options.get("headers") or arguments[1]
        said = answer(_operation(headers))
        if said is None:
            return real(pool, method, url, *arguments, **options)
        if isinstance(said, Exception):
            raise said
        status, made = said
        body = made if isinstance(made, bytes) else made(options["body"] if "body" in options else arguments[0])
        return HTTPResponse(
            io.BytesIO(b"" if method == "HEAD" else body), {"Content-Length": str(len(body))}, status,
            preload_content=options.get("preload_content", True), request_method=method,
        )  # fmt: skip

    with mock.patch.object(AWSHTTPConnectionPool, "urlopen", urlopen):
        yield


def _operation(headers: Any) -> str:
    target = headers.get("X-Amz-Target", b"")
    text = target.decode() if isinstance(target, bytes) else str(target)
    return text.rpartition(".")[2] or "S3"
