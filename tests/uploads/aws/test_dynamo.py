"""The only door to DynamoDB: its errors become ours, its pages end, its leftovers are sent again."""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from uploads.aws import client, dynamo
from uploads.aws.dynamo import StatusUpdate
from uploads.aws.records import Item, encode
from uploads.feed.parser import Row


def item(number: int, upload_id: str = "U", vendor_id: str = "VEND001", cell: str = "x") -> Item:
    return encode(upload_id, vendor_id, Row(number, {"sku": cell}, None, "", 0), "2026-01-31T10:30:45.000Z")


# --- the table, on the real endpoint ---------------------------------------------------------------------------


def test_a_table_that_exists_is_not_created_again(table: str) -> None:
    assert dynamo.create_table("PAY_PER_REQUEST", 0) is False


def test_the_table_has_its_stream_and_its_indexes(table: str) -> None:
    description = dynamo.await_table(lambda found: found["TableStatus"] == "ACTIVE")

    assert description["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert {index["IndexName"] for index in description["GlobalSecondaryIndexes"]} == {"VendorIndex", "StatusIndex"}
    assert dynamo.stream_arn() == description["LatestStreamArn"]
    assert len(list(dynamo.list_shards(dynamo.stream_arn()))) == 1


@pytest.mark.parametrize(
    ("capacity", "writes", "reads"),
    [
        (400, {"table": 400, "VendorIndex": 200, "StatusIndex": 600}, 200),
        (7, {"table": 7, "VendorIndex": 4, "StatusIndex": 11}, 4),
        (1, {"table": 1, "VendorIndex": 1, "StatusIndex": 2}, 1),
    ],
)
def test_provisioned_writes_stand_to_each_other_as_rows_take_them_and_the_tables_are_what_was_asked_for(
    settings: Any, aws: None, capacity: int, writes: dict[str, int], reads: int
) -> None:
    settings.UPLOAD_RECORDS_TABLE = "Provisioned"
    assert dynamo.create_table("PROVISIONED", capacity) is True
    try:
        found = dynamo.describe_table()
    finally:
        dynamo.delete_table()
    parts = {"table": found} | {index["IndexName"]: index for index in found["GlobalSecondaryIndexes"]}
    units = {name: part["ProvisionedThroughput"] for name, part in parts.items()}
    assert {name: unit["WriteCapacityUnits"] for name, unit in units.items()} == writes
    assert {unit["ReadCapacityUnits"] for unit in units.values()} == {reads}


def test_nothing_is_provisioned_where_requests_are_paid_for_one_by_one(table: str) -> None:
    found = dynamo.describe_table()
    for part in [found, *found["GlobalSecondaryIndexes"]]:
        units = part.get("ProvisionedThroughput", {})
        assert (units.get("WriteCapacityUnits", 0), units.get("ReadCapacityUnits", 0)) == (0, 0)


def test_a_table_that_is_never_ready_is_not_waited_for_forever(table: str) -> None:
    with pytest.raises(dynamo.Unavailable, match="not ready"):
        dynamo.await_table(lambda _: False, seconds=-1)


def test_a_missing_table_is_told_with_its_remedy(settings: Any, aws: None) -> None:
    settings.UPLOAD_RECORDS_TABLE = "StreamOfNothing"  # the name must not be taken for a stream
    calls: list[Callable[[], object]] = [
        dynamo.describe_table,
        lambda: dynamo.get_record("U", "R"),
        lambda: dynamo.put_records([item(1)]),
    ]
    for call in calls:
        with pytest.raises(dynamo.TableMissing, match="dynamodb create"):
            call()


def test_a_stream_that_is_switched_off_is_told_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamo, "describe_table", dict)
    with pytest.raises(dynamo.StreamGone, match="NEW_IMAGE"):
        dynamo.stream_arn()


def test_a_stream_that_is_gone_is_no_missing_table(table: str) -> None:
    arn = dynamo.stream_arn().rpartition("/")[0] + "/2000-01-01T00:00:00.000"
    with pytest.raises(dynamo.StreamGone):
        list(dynamo.list_shards(arn))


# --- items, on the real endpoint -------------------------------------------------------------------------------


def test_queries_go_over_all_pages(table: str) -> None:
    for start in range(1, 31, 10):
        dynamo.put_records([item(number, cell="x" * 60_000) for number in range(start, start + 10)])

    assert [found["row_number"]["N"] for found in dynamo.query_upload("U")] == [str(n) for n in range(1, 31)]


def test_records_are_found_by_upload_by_status_and_by_vendor(table: str) -> None:
    dynamo.put_records([item(1), item(2), item(1, "V"), item(3, "V", "VEND002")])
    dynamo.write_statuses([StatusUpdate("U", "REC_0000002", "error", "Bad price")])

    assert len(list(dynamo.query_upload("U"))) == 2
    (wrong,) = dynamo.query_upload("U", "error")
    assert (wrong["record_id"], wrong["row_number"], wrong["error_reason"]) == (
        {"S": "REC_0000002"}, {"N": "2"}, {"S": "Bad price"},
    )  # fmt: skip
    assert [found["upload_id"]["S"] for found in dynamo.query_vendor("VEND001")] == ["U", "U", "V"]
    assert dynamo.get_record("U", "REC_0000009") is None


def test_a_status_changes_nothing_else_and_creates_nothing(table: str) -> None:
    dynamo.put_records([item(1)])
    answers = dynamo.write_statuses(
        [StatusUpdate("U", "REC_0000001", "validated", ""), StatusUpdate("U", "GONE", "error", "x")]
    )

    assert answers == [None, None]
    assert dynamo.get_record("U", "REC_0000001") == item(1) | {"status": {"S": "validated"}}
    assert dynamo.get_record("U", "GONE") is None


def test_the_stream_gives_new_images_page_by_page(table: str) -> None:
    dynamo.put_records([item(number) for number in range(1, 6)])
    arn = dynamo.stream_arn()
    (shard,) = dynamo.list_shards(arn)
    iterator = dynamo.shard_iterator(arn, shard.shard_id, "")
    assert iterator is not None
    page = dynamo.get_records(iterator, 3)
    assert page.next_iterator is not None
    rest = dynamo.get_records(page.next_iterator, 10)

    assert [len(page.records), len(rest.records)] == [3, 2]
    behind = dynamo.shard_iterator(arn, shard.shard_id, page.records[0]["dynamodb"]["SequenceNumber"])
    assert behind is not None
    assert dynamo.get_records(behind, 10).records == page.records[1:] + rest.records


# --- what the real endpoint can't be made to do ----------------------------------------------------------------


class Scripted:
    """A client that gives these answers one after the other, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), list[dict[str, Any]]()

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.asked.append(arguments)
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def unprocessed(table: str, *numbers: int) -> dict[str, Any]:
    return {"UnprocessedItems": {table: [{"PutRequest": {"Item": item(number)}} for number in numbers]}}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    counted: list[int] = []
    monkeypatch.setattr(dynamo, "_back_off", counted.append)
    return counted


def test_items_that_were_left_are_sent_again_and_only_those(
    monkeypatch: pytest.MonkeyPatch, settings: Any, waits: list[int]
) -> None:
    name = settings.UPLOAD_RECORDS_TABLE
    answers = [unprocessed(name, 2, 3), unprocessed(name, 3), {"UnprocessedItems": {}}]
    asked: list[Any] = []

    def post(operation: str, request: Any) -> Any:
        asked.append(request)
        return answers.pop(0)

    monkeypatch.setattr(client, "post", post)
    dynamo.put_records([item(1), item(2), item(3)])

    assert [len(request["RequestItems"][name]) for request in asked] == [3, 2, 1]
    assert waits == [0, 1]


def test_items_that_are_left_for_too_long_are_unavailable(
    monkeypatch: pytest.MonkeyPatch, settings: Any, waits: list[int]
) -> None:
    monkeypatch.setattr(client, "post", lambda *_: unprocessed(settings.UPLOAD_RECORDS_TABLE, 1))
    with pytest.raises(dynamo.Unavailable, match="1 items unprocessed"):
        dynamo.put_records([item(1)])


def test_waiting_grows_and_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    longest: list[float] = []

    def most(low: float, high: float) -> float:
        longest.append(high)
        return 0.0

    monkeypatch.setattr(random, "uniform", most)
    for attempt in range(10):
        dynamo._back_off(attempt)

    assert longest == sorted(longest)
    assert longest[0] < 0.1
    assert longest[-1] == 5.0


def refusal(code: str, operation: str = "PutItem", status: int = 400, message: str = "said so") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item] # what counts of it
        operation,
    )


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (refusal("ProvisionedThroughputExceededException"), dynamo.Unavailable),
        (refusal("ThrottlingException"), dynamo.Unavailable),
        (refusal("InternalServerError", status=500), dynamo.Unavailable),
        (refusal("503", status=503), dynamo.Unavailable),
        (refusal("ExpiredTokenException"), dynamo.Unavailable),
        (refusal("UnrecognizedClientException"), dynamo.Unavailable),
        (refusal("InvalidClientTokenId", status=403), dynamo.Unavailable),
        (refusal("InvalidSignatureException"), dynamo.Unavailable),
        (refusal("IncompleteSignature"), dynamo.Unavailable),
        (refusal("MissingAuthenticationTokenException"), dynamo.Unavailable),
        (refusal("AccessDeniedException"), dynamo.Unavailable),
        (refusal("AccessDenied", "AssumeRole", 403), dynamo.Unavailable),
        (refusal("RequestExpired"), dynamo.Unavailable),
        (refusal("RequestTimeTooSkewed", status=403), dynamo.Unavailable),
        (refusal("SignatureDoesNotMatch", status=403), dynamo.Unavailable),
        (refusal("KMSAccessDeniedException"), dynamo.Unavailable),
        (refusal("ValidationException", message="KMS key is disabled"), dynamo.Unavailable),
        (refusal("404", status=404), dynamo.Unavailable),
        (NoCredentialsError(), dynamo.Unavailable),
        (PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), dynamo.Unavailable),
        (CredentialRetrievalError(provider="process", error_msg="exit 1"), dynamo.Unavailable),
        (TokenRetrievalError(provider="sso", error_msg="expired"), dynamo.Unavailable),
        (UnauthorizedSSOTokenError(), dynamo.Unavailable),
        (MetadataRetrievalError(error_msg="timeout"), dynamo.Unavailable),
        (ReadTimeoutError(endpoint_url="http://x"), dynamo.Unavailable),
        (refusal("ResourceNotFoundException", message="Table: StreamTable not found"), dynamo.TableMissing),
        (refusal("ResourceNotFoundException", "GetRecords"), dynamo.StreamGone),
        (refusal("ResourceNotFoundException", "GetShardIterator"), dynamo.StreamGone),
        (refusal("ResourceNotFoundException", "DescribeStream"), dynamo.StreamGone),
        (refusal("ExpiredIteratorException", "GetRecords"), dynamo.IteratorExpired),
        (refusal("TrimmedDataAccessException", "GetRecords"), dynamo.PositionTrimmed),
        (refusal("ValidationException"), dynamo.DynamoError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:60],
)
def test_the_services_errors_become_ours(error: Exception, ours: type[Exception]) -> None:
    with pytest.raises(dynamo.DynamoError) as caught, client.translated():
        raise error
    assert type(caught.value) is ours
    assert caught.value.__cause__ is error


OF_THE_SERVICE = ("AccessDenied", "InternalServerError", "ProvisionedThroughputExceeded", "RequestLimitExceeded",
                  "ThrottlingError", "ResourceNotFound")  # fmt: skip
OF_THE_ITEM = ("ItemCollectionSizeLimitExceeded", "ValidationError", "TransactionConflict")
TWO = [StatusUpdate("U", "REC_0000001", "validated", ""), StatusUpdate("U", "REC_0000002", "validated", "")]


def said_of_statements(monkeypatch: pytest.MonkeyPatch, *codes: str) -> None:
    responses = [{"Error": {"Code": code, "Message": "said so"}} if code else {} for code in codes]
    monkeypatch.setattr(client, "post", lambda *_: {"Responses": responses})


@pytest.mark.parametrize("code", OF_THE_SERVICE)
def test_what_every_statement_says_of_the_service_is_an_outage(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    said_of_statements(monkeypatch, code, code)
    with pytest.raises((dynamo.Unavailable, dynamo.TableMissing)):
        dynamo.write_statuses(TWO)


@pytest.mark.parametrize("code", OF_THE_SERVICE)
def test_what_one_statement_says_of_the_service_takes_nothing_from_the_other(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    said_of_statements(monkeypatch, "", code)
    written, refused = dynamo.write_statuses(TWO)

    assert (written, refused) == (None, f"{code}: said so")
    assert isinstance(dynamo.outage_of(refused), dynamo.Unavailable | dynamo.TableMissing)


@pytest.mark.parametrize("code", OF_THE_ITEM)
def test_what_a_statement_says_of_its_item_is_no_outage(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    said_of_statements(monkeypatch, code, code)

    assert dynamo.write_statuses(TWO) == [f"{code}: said so"] * 2
    assert dynamo.outage_of(f"{code}: said so") is None


NO_DATA: dict[str, dict[str, Any]] = {
    "nothing": {},
    "null": {"Table": None, "Items": None, "StreamDescription": None, "Records": None},
    "texts": {"Table": "x", "Items": ["x"], "StreamDescription": "x", "Records": ["x"], "Item": "x"},
}
READERS: dict[str, Callable[[], object]] = {
    "describe_table": dynamo.describe_table,
    "stream_arn": dynamo.stream_arn,
    "query_upload": lambda: list(dynamo.query_upload("U")),
    "query_vendor": lambda: list(dynamo.query_vendor("V")),
    "upload_page": lambda: dynamo.upload_page("U", "", "", 10),
    "scan_pending": lambda: dynamo.scan_pending(None),
    "list_shards": lambda: list(dynamo.list_shards("arn")),
    "shard_iterator": lambda: dynamo.shard_iterator("arn", "s", ""),
    "get_records": lambda: dynamo.get_records("i", 10),
    "put_records": lambda: dynamo.put_records([item(1)]),
    "write_statuses": lambda: dynamo.write_statuses(TWO),
}


@pytest.mark.parametrize("answer", NO_DATA.values(), ids=NO_DATA)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_an_answer_without_what_it_must_have_is_never_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[], object], answer: dict[str, Any]
) -> None:
    for name in ("dynamodb", "streams"):
        monkeypatch.setattr(client, name, lambda: Scripted(answer))
    monkeypatch.setattr(client, "post", lambda *_: answer)
    with pytest.raises(dynamo.Unavailable, match="isn't DynamoDB's protocol"):
        read()


def test_an_endpoint_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    options = client.options() | {
        "endpoint_url": "http://127.0.0.1:1",
        "config": Config(retries={"total_max_attempts": 1}),
    }
    ours = client.session(os.getpid()).client("dynamodb", **options)
    monkeypatch.setattr(client, "dynamodb", lambda: ours)
    with pytest.raises(dynamo.Unavailable):
        dynamo.describe_table()


def test_shards_are_listed_over_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = Scripted(
        {
            "StreamDescription": {
                "Shards": [{"ShardId": "a", "SequenceNumberRange": {"EndingSequenceNumber": "9"}}],
                "LastEvaluatedShardId": "a",
            }
        },
        {"StreamDescription": {"Shards": [{"ShardId": "b", "ParentShardId": "a", "SequenceNumberRange": {}}]}},
    )
    monkeypatch.setattr(client, "streams", lambda: streams)

    assert list(dynamo.list_shards("arn")) == [dynamo.Shard("a", "", "9"), dynamo.Shard("b", "a", "")]
    assert streams.asked[1]["ExclusiveStartShardId"] == "a"


def test_a_page_without_a_next_iterator_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "streams", lambda: Scripted({"Records": [{"dynamodb": {}}]}))

    assert dynamo.get_records("i", 10) == dynamo.Page([{"dynamodb": {}}], None)
