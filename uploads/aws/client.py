"""How requests reach DynamoDB and its streams: boto3's clients, with what costs most on the way left out.

botocore turns every value into typed shapes and back, which takes longer than all else a record goes through here:
measured 177 µs to parse one record against 13 µs, and 100 µs to encode one against 2. So answers are handed out as
the JSON that came, and what is sent by the thousand (`post`) is encoded here. Signing, retries, endpoints, connections
and credentials stay botocore's. It translates that library's errors into the few that matter to callers.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import botocore.session
import orjson
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory
from botocore.signers import RequestSigner
from django.conf import settings
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from config import outages
from uploads.aws import answers, measured, operations

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

# As they come for a request, and in PartiQL's batches for a statement.
THROTTLED = {
    "LimitExceededException", "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException",
    "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttling",
    "ThrottlingError", "ThrottlingException", "TooManyRequestsException",
}  # fmt: skip
FAILED = {
    "InternalFailure", "InternalServerError", "InternalServerErrorException", "ReplicatedWriteConflictException",
    "RequestAbortedException", "RequestTimeout", "RequestTimeoutException", "ServiceUnavailable",
    "ServiceUnavailableException",
}  # fmt: skip
STREAM_OPERATIONS = {"DescribeStream", "GetShardIterator", "GetRecords"}

_Kind = TypeVar("_Kind")


class DynamoError(Exception):
    """DynamoDB refused or failed; the message says what."""


class Unavailable(DynamoError):
    """An outage of the service, not a refusal of what was asked: it can't be reached, lets nobody in, throttles for
    longer than we wait, or something else answers in its place. Nothing is lost: try again later.
    """


class TableMissing(DynamoError):
    """The table isn't there."""

    def __init__(self) -> None:
        super().__init__(f"The DynamoDB table {settings.UPLOAD_RECORDS_TABLE} doesn't exist. Create it with: "
                         "manage.py dynamodb create")  # fmt: skip


class StreamGone(DynamoError):
    """The stream or the shard doesn't exist any more."""


class IteratorExpired(DynamoError):
    """The shard iterator is older than 15 minutes. Ask for a new one at the checkpoint."""


class PositionTrimmed(DynamoError):
    """The records after this position are older than the stream's 24 hours, and gone from it."""


class _NotTheProtocol(Exception):
    """What came isn't a JSON object."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises botocore's errors as ours."""
    try:
        yield
    except ClientError as error:
        raise _ours(error) from error
    except _NotTheProtocol as error:
        raise not_the_protocol() from error
    except ParamValidationError:  # our own mistake
        raise
    except BotoCoreError as error:
        raise Unavailable(outages.of_aws(answers.DYNAMODB, error) or outages.brief(str(error))) from error
    answers.note(answers.DYNAMODB)


def _ours(error: ClientError) -> DynamoError:
    said = error.response["Error"]
    code, operation = said["Code"], error.operation_name
    message = f"{operation}: {outages.brief(said.get('Message') or code)}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if outage := outage_of(code, said.get("Message") or "", operation):
        return outage
    if status >= 500:
        return _failing(message)
    if code.isdigit():  # botocore found no code in the answer
        return not_the_protocol()
    if code == "ResourceNotFoundException":
        return StreamGone(message) if operation in STREAM_OPERATIONS else TableMissing()
    if code == "ExpiredIteratorException":
        return IteratorExpired(message)
    if code == "TrimmedDataAccessException":
        return PositionTrimmed(message)
    return DynamoError(message)


def outage_of(code: str, message: str, operation: str) -> DynamoError | None:
    """The outage that an error's code means, of a request or of one statement; None where it is about what was asked.

    Codes of statements are the same words without "Exception".
    """
    if sentence := outages.refused(answers.DYNAMODB, code, message):
        return Unavailable(sentence)
    said = f"{operation}: {outages.brief(message or code)}"
    if code in THROTTLED:
        return Unavailable(f"DynamoDB throttles ({said}). It is tried again by itself; more capacity ends it for good.")
    if code in FAILED:
        return _failing(said)
    return TableMissing() if code == "ResourceNotFound" else None


def _failing(message: str) -> Unavailable:
    return Unavailable(f"DynamoDB fails ({message}). It is tried again by itself; AWS's status page may say more.")


def not_the_protocol() -> Unavailable:
    """The outage of an endpoint where something else answers than DynamoDB."""
    return Unavailable(outages.not_the_protocol(answers.DYNAMODB))


def member(answer: Any, name: str, kind: type[_Kind], otherwise: _Kind | None = None) -> _Kind:
    """What an answer has under a name, or what stands for it where it may be missing. Raises Unavailable where
    something of another kind is there, or nothing that must be.
    """
    found = answer.get(name) if isinstance(answer, dict) else None
    if found is None:
        found = otherwise
    if not isinstance(found, kind):
        raise not_the_protocol()
    return found


def members(answer: Any, name: str) -> list[dict[str, Any]]:
    """`member` for a list of objects."""
    found = member(answer, name, list)
    if not all(isinstance(one, dict) for one in found):
        raise not_the_protocol()
    return found


# --- clients ---------------------------------------------------------------------------------------------------


class _RawJSONParser(JSONParser):
    def _handle_json_body(self, raw_body: bytes, shape: object) -> Any:
        return decoded(raw_body) if raw_body else {}

    def _parse_body_as_json(self, body_contents: bytes) -> dict[str, str]:
        """What an error says: its texts, or nothing where it says something else; then its code is the status."""
        try:
            said = decoded(body_contents)
        except _NotTheProtocol:
            return {}
        return {name: text for name, text in said.items() if isinstance(text, str)}


class _RawJSONParserFactory(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> ResponseParser:
        if protocol_name == "json":
            return _RawJSONParser()
        return super().create_parser(protocol_name)


def decoded(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer. Raises _NotTheProtocol for anything else."""
    try:
        answer = _loaded(body)
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or nested without an end
        raise _NotTheProtocol from error
    if not isinstance(answer, dict):
        raise _NotTheProtocol
    return answer


def _loaded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:  # half a surrogate pair, say: it shall reach the record's own judgement
        return json.loads(body)


_CONFIG = Config(
    connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=16
)


def options() -> dict[str, Any]:
    """How boto3's client for tables and items is made here."""
    return {"endpoint_url": settings.AWS_ENDPOINT_URL_DYNAMODB, "config": _CONFIG, **settings.AWS_CREDENTIALS}


@cache
def session(pid: int) -> boto3.Session:
    """One session per process: a forked child must not share its parent's sockets."""
    session = botocore.session.get_session()
    session.register_component("response_parser_factory", _RawJSONParserFactory())
    operations.watch(session.get_component("event_emitter"))
    return boto3.Session(botocore_session=session, region_name=settings.AWS_REGION)


@cache
def _dynamodb(pid: int) -> "DynamoDBClient":
    client: DynamoDBClient = session(pid).client("dynamodb", **options())
    return client


@cache
def _streams(pid: int) -> "DynamoDBStreamsClient":
    client: DynamoDBStreamsClient = session(pid).client(
        "dynamodbstreams", **options() | {"endpoint_url": settings.AWS_ENDPOINT_URL_DYNAMODB_STREAMS}
    )
    return client


def dynamodb() -> "DynamoDBClient":
    """This process's client for tables and items."""
    return _dynamodb(os.getpid())


def streams() -> "DynamoDBStreamsClient":
    """This process's client for streams."""
    return _streams(os.getpid())


# --- requests by the thousand ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """What a client signs with and the connections it keeps open."""

    signer: RequestSigner
    region: str
    url: str
    connections: HTTPConnectionPool
    content_type: str
    target: str  # what stands before the operation's name


@cache
def _line(pid: int) -> _Line:
    # No public way leads to these; requirements/*.txt pin the version, and a test says when they are gone.
    client: Any = _dynamodb(pid)
    url, metadata = client.meta.endpoint_url, client.meta.service_model.metadata
    connections = client._endpoint.http_session._get_connection_manager(url).connection_from_url(url)
    return _Line(
        client._request_signer,
        client.meta.region_name,
        url,
        connections,
        f"application/x-amz-json-{metadata['jsonVersion']}",
        metadata["targetPrefix"],
    )


def post(operation: str, request: dict[str, Any]) -> Any:
    """Send a request that may be sent twice without harm; returns the answer's JSON.

    The first attempt goes past botocore's machinery, but for its signature and on its connections. Whatever is not a
    plain success is asked again in botocore's own way, with its retries and its errors, translated.
    """
    operations.note("dynamodb", operation)
    began = time.perf_counter()
    answer = _directly(operation, orjson.dumps(request))
    if answer is not None:
        measured.note(operation, _how(answer), time.perf_counter() - began)
    else:
        measured.retried(operation)
        with translated():
            answer = dynamodb()._make_api_call(operation, request)  # type: ignore[attr-defined] # all methods call it
    return answer


def _how(answer: dict[str, Any]) -> str:
    """How a call ended that was answered with success. Of a batch, statements are throttled or fail each for itself."""
    parts = answer.get("Responses")
    errors = [part.get("Error") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    codes = {str(error.get("Code")) for error in errors if isinstance(error, dict)}
    if codes & THROTTLED:
        return measured.THROTTLED
    return measured.FAILED if codes & FAILED else measured.OK


def _directly(operation: str, body: bytes) -> Any | None:
    """The answer to a request that succeeds at once, otherwise None."""
    try:
        line = _line(os.getpid())
        headers = {"Content-Type": line.content_type, "X-Amz-Target": f"{line.target}.{operation}"}
        request = AWSRequest("POST", line.url, headers, body)
        line.signer.get_auth_instance("dynamodb", line.region).add_auth(request)
        response = line.connections.urlopen(
            "POST", "/", body, dict(request.headers.items()), retries=False, redirect=False
        )
        answer = decoded(response.data) if response.status == 200 else None
    except (BotoCoreError, ClientError, HTTPError, _NotTheProtocol):  # of those, ClientError is a role's
        return None
    if answer is not None:
        answers.note(answers.DYNAMODB)
    return answer
