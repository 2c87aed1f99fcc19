"""The only module that talks to DynamoDB and its streams, through boto3, in DynamoDB's own wire format.

It translates that service's errors into the few that matter to callers, and hands records out as the JSON that
came: botocore's parsing into typed shapes costs more than all else a record goes through here (measured 177 µs
against 13 µs), so a response parser that leaves the body as it is takes its place. Signing, retries, endpoints and
credentials stay botocore's.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as NotConnected
from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory
from django.conf import settings

from uploads.records import PENDING, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.literals import BillingModeType
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

# Limits of the service: 25 puts, or 25 PartiQL statements, in one request.
BATCH = 25
ATTEMPTS = 8
THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "ThrottlingError",
    "LimitExceededException",
}
STREAM_OPERATIONS = {"DescribeStream", "GetShardIterator", "GetRecords"}


class DynamoError(Exception):
    """DynamoDB refused or failed; the message says what."""


class Unavailable(DynamoError):
    """It can't be reached, or throttled for longer than we wait. Nothing is lost: try again later."""


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


class _RawJSONParser(JSONParser):
    def _handle_json_body(self, raw_body: bytes, shape: object) -> Any:
        return json.loads(raw_body) if raw_body else {}


class _RawJSONParserFactory(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> ResponseParser:
        if protocol_name == "json":
            return _RawJSONParser()
        return super().create_parser(protocol_name)


@cache
def _session(pid: int) -> boto3.Session:
    """One session per process: a forked child must not share its parent's sockets."""
    session = botocore.session.get_session()
    session.register_component("response_parser_factory", _RawJSONParserFactory())
    return boto3.Session(botocore_session=session, region_name=settings.AWS_REGION)


_CONFIG = Config(
    connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=16
)


def _options() -> dict[str, Any]:
    return {"endpoint_url": settings.AWS_ENDPOINT_URL, "config": _CONFIG, **settings.AWS_CREDENTIALS}


@cache
def _db_client(pid: int) -> "DynamoDBClient":
    client: DynamoDBClient = _session(pid).client("dynamodb", **_options())
    return client


@cache
def _streams_client(pid: int) -> "DynamoDBStreamsClient":
    client: DynamoDBStreamsClient = _session(pid).client("dynamodbstreams", **_options())
    return client


def _db() -> "DynamoDBClient":
    return _db_client(os.getpid())


def _streams() -> "DynamoDBStreamsClient":
    return _streams_client(os.getpid())


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        message = f"{error.operation_name}: {error.response['Error'].get('Message', code)}"
        if code in THROTTLED or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500:
            raise Unavailable(message) from error
        if code == "ResourceNotFoundException":
            raise (StreamGone(message) if error.operation_name in STREAM_OPERATIONS else TableMissing()) from error
        if code == "ExpiredIteratorException":
            raise IteratorExpired(message) from error
        if code == "TrimmedDataAccessException":
            raise PositionTrimmed(message) from error
        raise DynamoError(message) from error
    except (NotConnected, HTTPClientError, NoCredentialsError) as error:
        raise Unavailable(str(error)) from error


def _table() -> str:
    return str(settings.UPLOAD_RECORDS_TABLE)


# --- the table -------------------------------------------------------------------------------------------------


def create_table(billing: "BillingModeType", capacity: int) -> bool:
    """Create the table with its stream and indexes; False if it exists. `capacity` counts for PROVISIONED only."""
    provisioned: dict[str, Any] = (
        {"ProvisionedThroughput": {"ReadCapacityUnits": capacity, "WriteCapacityUnits": capacity}}
        if billing == "PROVISIONED"
        else {}
    )
    try:
        with _translated():
            _db().create_table(
                TableName=_table(),
                BillingMode=billing,
                KeySchema=_keys("upload_id", "record_id"),
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"}
                    for name in ("upload_id", "record_id", "vendor_id", "status")
                ],
                GlobalSecondaryIndexes=_indexes(provisioned),
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
                **provisioned,
            )
    except DynamoError as error:
        if isinstance(error.__cause__, ClientError) and (
            error.__cause__.response["Error"]["Code"] == "ResourceInUseException"
        ):
            return False
        raise
    return True


def _indexes(provisioned: dict[str, Any]) -> Any:
    """The two indexes, each with no more projected than its queries need: what changes there is paid for again."""
    return [
        # "Which uploads are this vendor's", from its keys alone; they never change.
        {
            "IndexName": "VendorIndex",
            "KeySchema": _keys("vendor_id", "upload_id"),
            "Projection": {"ProjectionType": "KEYS_ONLY"},
            **provisioned,
        },
        # The error records of an upload, with what a list of them shows. error_reason changes only together with
        # the status, which is a key here and is paid for anyway.
        {
            "IndexName": "StatusIndex",
            "KeySchema": _keys("upload_id", "status"),
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["row_number", "error_reason"]},
            **provisioned,
        },
    ]


def _keys(partition: str, sort: str) -> Any:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def describe_table() -> dict[str, Any]:
    """DescribeTable's `Table`, as it came. Raises TableMissing."""
    with _translated():
        return dict(_db().describe_table(TableName=_table())["Table"])


def delete_table() -> None:
    """Delete the table with all it holds. Raises TableMissing."""
    with _translated():
        _db().delete_table(TableName=_table())


def await_table(ready: Callable[[dict[str, Any]], bool], seconds: float = 120) -> dict[str, Any]:
    """Describe the table until it is as wanted. Raises Unavailable when that takes too long."""
    deadline = time.monotonic() + seconds
    while not ready(description := describe_table()):
        if time.monotonic() > deadline:
            raise Unavailable(f"The table {_table()} was not ready within {seconds:.0f} s.")
        time.sleep(0.5)
    return description


# --- items -----------------------------------------------------------------------------------------------------


def put_records(items: Sequence[Item]) -> None:
    """Put up to 25 items; returns when all are in the table. Raises Unavailable when throttled for too long."""
    requests: Any = [{"PutRequest": {"Item": item}} for item in items]
    for attempt in range(ATTEMPTS):
        with _translated():
            answer = _db().batch_write_item(RequestItems={_table(): requests})
        requests = answer.get("UnprocessedItems", {}).get(_table())
        if not requests:
            return
        _back_off(attempt)
    raise Unavailable(f"DynamoDB left {len(requests)} items unprocessed after {ATTEMPTS} attempts.")


def _back_off(attempt: int) -> None:
    """Full jitter, as AWS advises: everybody waiting equally long would come back at the same moment."""
    time.sleep(random.uniform(0, min(5.0, 0.05 * 2**attempt)))  # noqa: S311 - not a secret


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """The status that a record should have in the table."""

    upload_id: str
    record_id: str
    status: str
    error_reason: str


# An empty item must not spring up where somebody deleted the record: PartiQL's UPDATE changes existing items only.
_VALIDATED = 'UPDATE "{table}" SET "status"=? REMOVE "error_reason" WHERE "upload_id"=? AND "record_id"=?'
_ERROR = 'UPDATE "{table}" SET "status"=? SET "error_reason"=? WHERE "upload_id"=? AND "record_id"=?'


def write_statuses(updates: Sequence[StatusUpdate]) -> list[str | None]:
    """Set the status of up to 25 records in one request.

    Returns one entry per update: None when it stands in the table or the record is gone from it, otherwise the
    error's code, to be tried again later. Raises Unavailable when the request as a whole can't be made.
    """
    with _translated():
        answer = _db().batch_execute_statement(Statements=[_statement(update) for update in updates])
    return [_refusal(response) for response in answer["Responses"]]


def _statement(update: StatusUpdate) -> Any:
    keys = [{"S": update.upload_id}, {"S": update.record_id}]
    if update.error_reason:
        values = [{"S": update.status}, {"S": update.error_reason}]
        return {"Statement": _ERROR.format(table=_table()), "Parameters": values + keys}
    return {"Statement": _VALIDATED.format(table=_table()), "Parameters": [{"S": update.status}, *keys]}


def _refusal(response: Any) -> str | None:
    code: str | None = response.get("Error", {}).get("Code")
    return None if code in (None, "ConditionalCheckFailed") else code


def get_record(upload_id: str, record_id: str) -> Item | None:
    """One item by its key, or None."""
    with _translated():
        answer = _db().get_item(
            TableName=_table(),
            Key={"upload_id": {"S": upload_id}, "record_id": {"S": record_id}},
            ConsistentRead=True,
        )
    return answer.get("Item")


def query_upload(upload_id: str, status: str | None = None, behind: str = "") -> Iterator[Item]:
    """All records of an upload in the order of their ids, or those behind one; with a status, their entries in
    StatusIndex.
    """
    if status is None:
        names, values = {"#u": "upload_id"}, {":u": {"S": upload_id}}
        if behind:
            names, values = names | {"#r": "record_id"}, values | {":r": {"S": behind}}
        yield from _query("#u = :u AND #r > :r" if behind else "#u = :u", names, values, ConsistentRead=True)
    else:
        names, values = {"#u": "upload_id", "#s": "status"}, {":u": {"S": upload_id}, ":s": {"S": status}}
        yield from _query("#u = :u AND #s = :s", names, values, IndexName="StatusIndex")


def query_vendor(vendor_id: str) -> Iterator[Item]:
    """The keys of all records of a vendor, upload by upload, from VendorIndex."""
    yield from _query("#v = :v", {"#v": "vendor_id"}, {":v": {"S": vendor_id}}, IndexName="VendorIndex")


def scan_pending(position: dict[str, Any] | None) -> tuple[list[Item], dict[str, Any] | None]:
    """One page of a scan over the whole table: its records that want validation, and the position to go on from.

    Start with None; None in the answer says that this was the last page. Costs a read of everything that is there.
    """
    start: dict[str, Any] = {"ExclusiveStartKey": position} if position else {}
    with _translated():
        page = _db().scan(
            TableName=_table(), ConsistentRead=True, FilterExpression="attribute_not_exists(#s) OR #s = :p",
            ExpressionAttributeNames={"#s": "status"}, ExpressionAttributeValues={":p": {"S": PENDING}}, **start,
        )  # fmt: skip
    return page["Items"], page.get("LastEvaluatedKey")


def _query(condition: str, names: dict[str, str], values: Item, **options: Any) -> Iterator[Item]:
    start: dict[str, Any] = {}
    while True:
        with _translated():
            page = _db().query(
                TableName=_table(), KeyConditionExpression=condition, ExpressionAttributeNames=names,
                ExpressionAttributeValues=values, **options, **start,
            )  # fmt: skip
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


# --- the stream ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as DescribeStream lists it. `parent_id` is "" for a root."""

    shard_id: str
    parent_id: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What one GetRecords gave. `next_iterator` is None when the shard is closed and this was its last page."""

    records: list[dict[str, Any]]
    next_iterator: str | None


def stream_arn() -> str:
    """The ARN of the table's current stream. Raises TableMissing, or StreamGone when the stream is off."""
    arn = describe_table().get("LatestStreamArn")
    if not arn:
        raise StreamGone(f"The table {_table()} has no stream. Enable it with view type NEW_IMAGE.")
    return str(arn)


def list_shards(arn: str) -> Iterable[Shard]:
    """All shards of a stream, over all pages of DescribeStream. Raises StreamGone."""
    start: dict[str, Any] = {}
    while True:
        with _translated():
            description = _streams().describe_stream(StreamArn=arn, **start)["StreamDescription"]
        for shard in description["Shards"]:
            ended = "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})
            yield Shard(shard["ShardId"], shard.get("ParentShardId", ""), ended)
        if not description.get("LastEvaluatedShardId"):
            return
        start = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}


def shard_iterator(arn: str, shard_id: str, checkpoint: str) -> str | None:
    """An iterator behind the checkpoint, or at the trim horizon when it is "". Raises PositionTrimmed, StreamGone."""
    position: Any = (
        {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": checkpoint}
        if checkpoint
        else {"ShardIteratorType": "TRIM_HORIZON"}
    )
    with _translated():
        answer = _streams().get_shard_iterator(StreamArn=arn, ShardId=shard_id, **position)
    return answer.get("ShardIterator")


def get_records(iterator: str, limit: int) -> Page:
    """One page of stream records in the service's own shape. Raises IteratorExpired, PositionTrimmed, StreamGone."""
    with _translated():
        answer: Any = _streams().get_records(ShardIterator=iterator, Limit=limit)
    return Page(answer.get("Records", []), answer.get("NextShardIterator") or None)
