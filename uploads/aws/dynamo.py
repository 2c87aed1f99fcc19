"""The only module that talks to DynamoDB and its streams, in DynamoDB's own wire format; client.py is how it does that.

It hands records out as the JSON that came, and raises the few errors of client.py that matter to callers.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError
from django.conf import settings

from uploads.aws import client, limits, measured, shape
from uploads.aws.client import DynamoError, IteratorExpired, PositionTrimmed, StreamGone, TableMissing, Unavailable
from uploads.aws.records import EXPIRES, PENDING, Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.literals import BillingModeType

__all__ = ["DynamoError", "IteratorExpired", "PositionTrimmed", "StreamGone", "TableMissing", "Unavailable"]

BATCH = min(limits.PUTS, limits.STATEMENTS)  # in one request
ATTEMPTS = 8
# What DynamoDB says of a request that it won't take later either, and of such a statement in one. What is wrong with
# credentials, the table or its throughput passes.
FOR_GOOD = {
    "ValidationException", "ValidationError", "SerializationException",
    "ItemCollectionSizeLimitExceededException", "ItemCollectionSizeLimitExceeded",
}  # fmt: skip
SAID_CHARS = 300  # so much is kept of what DynamoDB says to a refusal


class Refused(DynamoError):
    """DynamoDB doesn't take this, however often it is asked: something is over a limit of its (limits.py)."""


@contextmanager
def _refusals() -> Iterator[None]:
    """Raises as Refused what is refused for good."""
    try:
        yield
    except DynamoError as error:
        if _code(error) in FOR_GOOD and not isinstance(error, Unavailable):  # of a key in KMS, say
            raise Refused(str(error)[:SAID_CHARS]) from error
        raise


def _code(error: DynamoError) -> str:
    """What DynamoDB calls this error; "" where it isn't DynamoDB's."""
    cause = error.__cause__
    return str(cause.response["Error"]["Code"]) if isinstance(cause, ClientError) else ""


def _table() -> str:
    return str(settings.UPLOAD_RECORDS_TABLE)


# --- the table -------------------------------------------------------------------------------------------------


def create_table(billing: "BillingModeType", capacity: int) -> bool:
    """Create the table with its stream and indexes; False if it exists.

    `capacity` is the table's write units a second, for PROVISIONED only; the indexes get what their part of as many
    rows takes.
    """
    try:
        with client.translated():
            client.dynamodb().create_table(
                TableName=_table(),
                BillingMode=billing,
                KeySchema=shape.keys("upload_id", "record_id"),
                AttributeDefinitions=[
                    {"AttributeName": name, "AttributeType": "S"}
                    for name in ("upload_id", "record_id", "vendor_id", "status")
                ],
                GlobalSecondaryIndexes=shape.indexes(billing, capacity),
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
                **shape.provisioned(billing, capacity, shape.TABLE),
            )
    except DynamoError as error:
        if _code(error) == "ResourceInUseException":
            return False
        raise
    return True


def provisioned_reads() -> int:
    """The table's read units a second; 0 where reads are paid for one by one. Raises TableMissing."""
    throughput: dict[str, Any] = client.member(describe_table(), "ProvisionedThroughput", dict, {})
    return client.member(throughput, "ReadCapacityUnits", int, 0)


def describe_table() -> dict[str, Any]:
    """DescribeTable's `Table`, as it came. Raises TableMissing."""
    with client.translated():
        answer = client.dynamodb().describe_table(TableName=_table())
    table: dict[str, Any] = client.member(answer, "Table", dict)
    client.member(table, "TableStatus", str)
    return table


def delete_table() -> None:
    """Delete the table with all it holds. Raises TableMissing."""
    with client.translated():
        client.dynamodb().delete_table(TableName=_table())


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
    """Put up to 25 items; returns when all are in the table.

    Raises Unavailable when throttled for too long, and Refused when an item will never be taken: then nothing was put,
    or a part of the items.
    """
    _write([{"PutRequest": {"Item": item}} for item in items])


def delete_records(keys: Sequence[Item]) -> None:
    """Delete up to 25 items by their keys; those that are gone are fine. Raises Unavailable, as `put_records` does."""
    _write([{"DeleteRequest": {"Key": key}} for key in keys])


def _write(requests: Any) -> None:
    began = time.perf_counter()
    for attempt in range(ATTEMPTS):
        with _refusals():
            answer = client.post("BatchWriteItem", {"RequestItems": {_table(): requests}})
        left: dict[str, Any] = client.member(answer, "UnprocessedItems", dict)
        requests = client.members(left, _table()) if left else []
        if not requests:
            return
        measured.retried("BatchWriteItem")
        _back_off(attempt)
    measured.note("BatchWriteItem", measured.THROTTLED, time.perf_counter() - began)
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
_VALIDATED = 'UPDATE "{table}" SET "status"=? {expiry}REMOVE "error_reason" WHERE "upload_id"=? AND "record_id"=?'
_ERROR = 'UPDATE "{table}" SET "status"=? {expiry}SET "error_reason"=? WHERE "upload_id"=? AND "record_id"=?'


def write_statuses(updates: Sequence[StatusUpdate]) -> list[str | None]:
    """Set the status of up to 25 records in one request, or in few where some are refused.

    Returns one entry per update: None when it stands in the table or the record is gone from it, otherwise the error's
    code and what DynamoDB says, of which `for_good` tells whether it is to be tried again. A status that is refused for
    good was tried without its reason too, for which an item may have no room. Raises Unavailable when the request as a
    whole can't be made, or every statement of it met an outage.
    """
    refusals = _execute(updates)
    outages = [outage for refusal in refusals if (outage := outage_of(refusal))]
    if outages and len(outages) == len(refusals):
        raise outages[0]
    again = [n for n, refusal in enumerate(refusals) if for_good(refusal) and updates[n].error_reason]
    if again:
        shorter = _execute([replace(updates[n], error_reason="") for n in again])
        for n, refusal in zip(again, shorter, strict=True):
            refusals[n] = refusal
    return refusals


def for_good(refusal: str | None) -> bool:
    """Whether what `write_statuses` returned for an update says that it will never be taken."""
    return refusal is not None and refusal.partition(":")[0] in FOR_GOOD


def outage_of(refusal: str | None) -> DynamoError | None:
    """The outage that is behind what `write_statuses` returned for an update; None where it is about the record."""
    code, _, message = (refusal or "").partition(": ")
    return client.outage_of(code, message, "UPDATE") if code else None


def _execute(updates: Sequence[StatusUpdate]) -> list[str | None]:
    """As `write_statuses`, without a second try. A request that is refused as a whole is halved."""
    try:
        with _refusals():
            answer = client.post("BatchExecuteStatement", {"Statements": [_statement(update) for update in updates]})
    except Refused as refused:
        if len(updates) == 1:
            return [f"ValidationException: {refused}"]
        middle = len(updates) // 2
        return _execute(updates[:middle]) + _execute(updates[middle:])
    responses = client.members(answer, "Responses")
    if len(responses) != len(updates):
        raise client.not_the_protocol()
    return [_refusal(response) for response in responses]


def _statement(update: StatusUpdate) -> Any:
    """A record gets the date on which DynamoDB deletes it only together with a status: none goes without an outcome."""
    keys = [{"S": update.upload_id}, {"S": update.record_id}]
    expires = [{"N": str(int(time.time()) + settings.KEEP_RECORDS_DAYS * 86_400)}] if settings.KEEP_RECORDS_DAYS else []
    text, reason = (_ERROR, [{"S": update.error_reason}]) if update.error_reason else (_VALIDATED, [])
    statement = text.format(table=_table(), expiry=f'SET "{EXPIRES}"=? ' if expires else "")
    return {"Statement": statement, "Parameters": [{"S": update.status}, *expires, *reason, *keys]}


def _refusal(response: dict[str, Any]) -> str | None:
    if response.get("Error") is None:
        return None
    error: dict[str, Any] = client.member(response, "Error", dict)
    code = client.member(error, "Code", str)
    return None if code == "ConditionalCheckFailed" else f"{code}: {error.get('Message') or ''}"[:SAID_CHARS]


def get_record(upload_id: str, record_id: str) -> Item | None:
    """One item by its key, or None."""
    with client.translated():
        answer = client.dynamodb().get_item(
            TableName=_table(),
            Key={"upload_id": {"S": upload_id}, "record_id": {"S": record_id}},
            ConsistentRead=True,
        )
    return client.member(answer, "Item", dict) if "Item" in answer else None


def query_upload(upload_id: str, status: str | None = None, behind: str = "", since: str = "") -> Iterator[Item]:
    """All records of an upload in the order of their ids, those behind one, or those since one; with a status, their
    entries in StatusIndex.
    """
    if status is None:
        names, values, condition = {"#u": "upload_id"}, {":u": {"S": upload_id}}, "#u = :u"
        if behind or since:
            names, values = names | {"#r": "record_id"}, values | {":r": {"S": behind or since}}
            condition += " AND #r > :r" if behind else " AND #r >= :r"
        yield from _query(condition, names, values, ConsistentRead=True)
    else:
        names, values = {"#u": "upload_id", "#s": "status"}, {":u": {"S": upload_id}, ":s": {"S": status}}
        yield from _query("#u = :u AND #s = :s", names, values, IndexName="StatusIndex")


def upload_page(upload_id: str, status: str, behind: str, limit: int) -> tuple[list[Item], str]:
    """Some records of an upload behind one, and the id to go on behind; "" when these were the last.

    With a status what StatusIndex has of them: keys, row number and reason.
    """
    names, values = {"#u": "upload_id"}, {":u": {"S": upload_id}}
    condition, options = "#u = :u", dict[str, Any]()
    start = {"upload_id": {"S": upload_id}, "record_id": {"S": behind}}
    if status:
        names, values, condition = names | {"#s": "status"}, values | {":s": {"S": status}}, "#u = :u AND #s = :s"
        options, start = {"IndexName": "StatusIndex"}, start | {"status": {"S": status}}
    if behind:
        options["ExclusiveStartKey"] = start
    with client.translated():
        page = client.dynamodb().query(
            TableName=_table(), KeyConditionExpression=condition, ExpressionAttributeNames=names,
            ExpressionAttributeValues=values, Limit=limit, **options,
        )  # fmt: skip
    items, last = client.members(page, "Items"), client.member(page, "LastEvaluatedKey", dict, {})
    return items, items[-1]["record_id"]["S"] if items and last else ""


def query_vendor(vendor_id: str) -> Iterator[Item]:
    """The keys of all records of a vendor, upload by upload, from VendorIndex."""
    yield from _query("#v = :v", {"#v": "vendor_id"}, {":v": {"S": vendor_id}}, IndexName="VendorIndex")


class ScanPage(NamedTuple):
    """One page of a scan: its records that want validation, where the next page begins (None behind the last), how
    many records were looked at, and the read units that it took.
    """

    items: list[Item]
    position: dict[str, Any] | None
    examined: int
    units: float


def scan_pending(position: dict[str, Any] | None, limit: int = 10_000) -> ScanPage:
    """One page of a scan over the whole table, of up to `limit` records and 1 MB; the first one begins at None.

    A megabyte takes 256 read units, however little of it is handed out: what was put before is sure to be seen.
    """
    start: dict[str, Any] = {"ExclusiveStartKey": position} if position else {}
    with client.translated():
        page = client.dynamodb().scan(
            TableName=_table(), ConsistentRead=True, FilterExpression="attribute_not_exists(#s) OR #s = :p",
            ExpressionAttributeNames={"#s": "status"}, ExpressionAttributeValues={":p": {"S": PENDING}},
            ReturnConsumedCapacity="TOTAL", Limit=limit, **start,
        )  # fmt: skip
    capacity: dict[str, Any] = client.member(page, "ConsumedCapacity", dict, {})
    units = capacity.get("CapacityUnits", 0)
    if not isinstance(units, int | float):
        raise client.not_the_protocol()
    last: dict[str, Any] = client.member(page, "LastEvaluatedKey", dict, {})
    return ScanPage(client.members(page, "Items"), last or None, client.member(page, "ScannedCount", int, 0), units)


def _query(condition: str, names: dict[str, str], values: Item, **options: Any) -> Iterator[Item]:
    start: dict[str, Any] = {}
    while True:
        with client.translated():
            page = client.dynamodb().query(
                TableName=_table(), KeyConditionExpression=condition, ExpressionAttributeNames=names,
                ExpressionAttributeValues=values, **options, **start,
            )  # fmt: skip
        yield from client.members(page, "Items")
        last: dict[str, Any] = client.member(page, "LastEvaluatedKey", dict, {})
        if not last:
            return
        start = {"ExclusiveStartKey": last}


# --- the stream ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as DescribeStream lists it. `parent_id` is "" for a root, `ending` the last sequence number of a closed
    shard, "" of an open one.
    """

    shard_id: str
    parent_id: str
    ending: str

    @property
    def closed(self) -> bool:
        return bool(self.ending)


@dataclass(frozen=True, slots=True)
class Page:
    """What one GetRecords gave. `next_iterator` is None where the answer had none, as on a closed shard's last page."""

    records: list[dict[str, Any]]
    next_iterator: str | None


def current_stream() -> tuple[str, bool]:
    """The ARN of the table's newest stream, "" if it never had one; and whether it is on. Raises TableMissing.

    One that was turned off can still be read for a day, and gets nothing more. When it is turned on again the table
    has a new one.
    """
    table = describe_table()
    specification: dict[str, Any] = client.member(table, "StreamSpecification", dict, {})
    return client.member(table, "LatestStreamArn", str, ""), bool(specification.get("StreamEnabled"))


def stream_arn() -> str:
    """The ARN of the table's newest stream. Raises TableMissing, or StreamGone when it has none."""
    arn, _ = current_stream()
    if not arn:
        raise StreamGone(f"The table {_table()} has no stream. Enable it with view type NEW_IMAGE.")
    return arn


def list_shards(arn: str) -> Iterable[Shard]:
    """All shards of a stream, over all pages of DescribeStream. Raises StreamGone."""
    start: dict[str, Any] = {}
    while True:
        with client.translated():
            answer = client.streams().describe_stream(StreamArn=arn, **start)
        description: dict[str, Any] = client.member(answer, "StreamDescription", dict)
        for shard in client.members(description, "Shards"):
            numbers: dict[str, Any] = client.member(shard, "SequenceNumberRange", dict, {})
            ending = client.member(numbers, "EndingSequenceNumber", str, "")
            yield Shard(client.member(shard, "ShardId", str), client.member(shard, "ParentShardId", str, ""), ending)
        if not description.get("LastEvaluatedShardId"):
            return
        start = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}


def shard_iterator(arn: str, shard_id: str, checkpoint: str) -> str | None:
    """An iterator behind the checkpoint, or at the trim horizon when it is ""; None where the answer has none, as for
    the end of a closed shard. Raises PositionTrimmed, StreamGone.
    """
    position: Any = (
        {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": checkpoint}
        if checkpoint
        else {"ShardIteratorType": "TRIM_HORIZON"}
    )
    with client.translated():
        answer = client.streams().get_shard_iterator(StreamArn=arn, ShardId=shard_id, **position)
    if "ShardIterator" not in answer:  # there may be none, but that is said
        raise client.not_the_protocol()
    return client.member(answer, "ShardIterator", str, "") or None


def get_records(iterator: str, limit: int) -> Page:
    """One page of stream records in the service's own shape. Raises IteratorExpired, PositionTrimmed, StreamGone."""
    with client.translated():
        answer: Any = client.streams().get_records(ShardIterator=iterator, Limit=limit)
    records = client.members(answer, "Records")  # `{}` of something on the way is no answer, and no end of a shard
    return Page(records, client.member(answer, "NextShardIterator", str, "") or None)
