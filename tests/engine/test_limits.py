"""What AWS's engine refuses, in its own words, and which of it the embedded endpoint takes.

Staging, write-backs and other programs' records go by these limits, and the other tests, which run on the embedded
endpoint, would never meet them. Of each limit the last that is taken stands beside the first that isn't.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings

from tests.engine.endpoint import Engine, embedded
from uploads.aws import client, dynamo, limits
from uploads.aws.records import Item

pytestmark = pytest.mark.engine

ITEM_BYTES = 400 * 1024
REQUEST_BYTES = 16 * 1024 * 1024
TAKEN = ""


def item(record_id: str = "R", **attributes: Any) -> Item:
    return {"upload_id": {"S": "U"}, "record_id": {"S": record_id}} | attributes


def cell(value: Item, header: str = "price") -> Item:
    """A row with this cell in it."""
    return item(product_data={"M": {header: value}})


def number(text: str) -> Item:
    return cell({"N": text})


def of_size(count: int) -> Item:
    """An item of so many bytes: names and values, each in UTF-8."""
    return item(x={"S": "x" * (count - len("upload_id" + "U" + "record_id" + "R" + "x"))})


def nested(levels: int) -> Item:
    """An attribute that is a text so many maps deep."""
    value: Item = {"S": "x"}
    for _ in range(levels):
        value = {"M": {"a": value}}
    return item(x=value)


def rows(count: int, text: str = "") -> list[Item]:
    return [item(f"R{row}", x={"S": text}) for row in range(count)]


# What is put, and a part of what AWS's engine says.
TOO_LONG_A_NAME = "Attribute name is too large, must be less than 65536 bytes"
KEYS_UNDER = "Hash primary key values must be under 2048 bytes, and range primary key values must be under 1024 bytes"
EMPTY_INDEX_KEY = "A value specified for a secondary index key is not supported"
PUTS: dict[str, tuple[list[Item], str]] = {
    "a header of 65,535 bytes": ([cell({"S": "x"}, "h" * 65_535)], TAKEN),
    "a header of 65,536 bytes": ([cell({"S": "x"}, "h" * 65_536)], TOO_LONG_A_NAME),
    "a header of 65,536 bytes in fewer characters": ([cell({"S": "x"}, "é" * 32_768)], TOO_LONG_A_NAME),
    "a header of 100,000 bytes": ([cell({"S": "x"}, "h" * 100_000)], TOO_LONG_A_NAME),
    "an empty header": ([cell({"S": "x"}, "")], "Empty attribute name"),
    "an attribute's name of 65,536 bytes": ([item() | {"h" * 65_536: {"S": "x"}}], TOO_LONG_A_NAME),
    "an item of 400 KB": ([of_size(ITEM_BYTES)], TAKEN),
    "an item of 400 KB and a byte": ([of_size(ITEM_BYTES + 1)], "Item size has exceeded the maximum"),
    "a number of 38 digits": ([number("1" * 38)], TAKEN),
    "a number of 39 digits": ([number("1" * 39)], "precision up to 38 digits"),
    "a fraction of 39 digits": ([number("0." + "1" * 39)], "precision up to 38 digits"),
    "1e125": ([number("1e125")], TAKEN),
    "1e126": ([number("1e126")], "Number overflow"),
    "1e-130": ([number("1e-130")], TAKEN),
    "1e-131": ([number("1e-131")], "Number underflow"),
    "NaN": ([number("NaN")], "cannot be converted into a number"),
    "an empty number": ([number("")], "cannot be converted into a number"),
    "a number with a blank": ([number(" 1")], "cannot be converted into a number"),
    "31 maps in each other": ([nested(31)], TAKEN),
    "32 maps in each other": ([nested(32)], "Nesting Levels have exceeded supported limits"),
    "an empty text": ([cell({"S": ""})], TAKEN),
    "an empty set": ([item(numeric_columns={"SS": []})], "set  may not be empty"),
    "a set with a text twice": ([item(numeric_columns={"SS": ["a", "a"]})], "contains duplicates"),
    "a value of two types": ([cell({"S": "1", "N": "1"})], "more than one datatypes set"),
    "a value of no type": ([cell({})], "Supplied AttributeValue is empty"),
    "a text with NUL": ([cell({"S": "a\0b"})], TAKEN),
    # keys, of the table and of its indexes
    "an empty upload_id": ([item(upload_id={"S": ""})], "cannot contain an empty string value"),
    "an empty record_id": ([item("")], "cannot contain an empty string value"),
    "a record_id of 1,024 bytes": ([item("r" * 1024)], TAKEN),
    "a record_id of 1,025 bytes": ([item("r" * 1025)], KEYS_UNDER),
    # 2,048 would do for the table, but VendorIndex has it as its second key.
    "an upload_id of 1,024 bytes": ([item(upload_id={"S": "u" * 1024})], TAKEN),
    "an upload_id of 1,025 bytes": ([item(upload_id={"S": "u" * 1025})], "Size limit exceeded"),
    "an upload_id of 2,049 bytes": ([item(upload_id={"S": "u" * 2049})], KEYS_UNDER),
    "an empty vendor_id": ([item(vendor_id={"S": ""})], EMPTY_INDEX_KEY),
    "a vendor_id that is a number": ([item(vendor_id={"N": "1"})], "Type mismatch for Index Key"),
    "a vendor_id that is null": ([item(vendor_id={"NULL": True})], "Invalid attribute value type"),
    "a vendor_id of 2,048 bytes": ([item(vendor_id={"S": "v" * 2048})], TAKEN),
    "a vendor_id of 2,049 bytes": ([item(vendor_id={"S": "v" * 2049})], "Size limit exceeded"),
    "an empty status": ([item(status={"S": ""})], EMPTY_INDEX_KEY),
    "a status of 1,024 bytes": ([item(status={"S": "s" * 1024})], TAKEN),
    "a status of 1,025 bytes": ([item(status={"S": "s" * 1025})], "Size limit exceeded"),
    # requests
    "25 items": (rows(25), TAKEN),
    "26 items": (rows(26), "Too many items requested"),
    "no item": ([], "cannot be null or empty"),
    "a key twice": ([item(), item()], "contains duplicates"),
    # As JSON, where a control character takes six bytes: a few rows of 111 KB each do it.
    "a request of just under 16 MB": (rows(25, "\x01" * (REQUEST_BYTES // 150 - 50)), TAKEN),
    "a request of more than 16 MB": (rows(25, "\x01" * (REQUEST_BYTES // 150 + 1)), "(413)"),
}


# What no item of ours can be, whatever is in a file: its types are our own.
NEVER_OURS = {
    "an empty set", "a set with a text twice", "a value of two types", "a value of no type",
    "a vendor_id that is a number", "a vendor_id that is null",
}  # fmt: skip
# These the embedded endpoint takes.
TAKEN_THERE = {
    "a header of 65,536 bytes",
    "a header of 65,536 bytes in fewer characters",
    "a header of 100,000 bytes",
    "an empty header",
    "an attribute's name of 65,536 bytes",
    "an upload_id of 1,025 bytes",
    "a vendor_id of 2,049 bytes",
    "a status of 1,025 bytes",
    "a request of more than 16 MB",
}


def unchecked() -> Any:
    """A client that sends what it is given, as programs in other languages may."""
    config = client._CONFIG.merge(Config(parameter_validation=False))
    return client.session(os.getpid()).client("dynamodb", **client.options() | {"config": config})


def said(call: Callable[[], Any]) -> str:
    """What is said against a request, or TAKEN."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"].get("Message") or f"({error.response['Error']['Code']})"
    return TAKEN


def answers_to_puts() -> dict[str, str]:
    sender = unchecked()

    def put(items: list[Item]) -> None:
        requests = [{"PutRequest": {"Item": item}} for item in items]
        sender.batch_write_item(RequestItems={settings.UPLOAD_RECORDS_TABLE: requests})

    return {case: said(partial(put, items)) for case, (items, _) in PUTS.items()}


def test_what_is_put_beyond_dynamodbs_limits_is_refused(aws_engine: Engine, table: str) -> None:
    answers = answers_to_puts()
    assert {case: answers[case] for case, (_, words) in PUTS.items() if words not in answers[case]} == {}
    assert {case for case, answer in answers.items() if answer} == {case for case, (_, words) in PUTS.items() if words}


def test_what_we_hold_our_own_items_against_is_what_the_engine_holds_them_against() -> None:
    ours = {case: items[0] for case, (items, _) in PUTS.items() if len(items) == 1 and case not in NEVER_OURS}
    rest = {"vendor_id": {"S": "V"}, "status": {"S": "s"}}
    large = ITEM_BYTES + limits.item_bytes(rest)
    refused = {case for case, item in ours.items() if limits.why_not(rest | item, large)}
    assert refused == {case for case in ours if PUTS[case][1]}


def test_the_embedded_endpoint_refuses_the_same_but_for_what_is_known(aws_engine: Engine, table: str) -> None:
    refused = {case for case, (_, words) in PUTS.items() if words}
    with embedded():
        dynamo.create_table("PAY_PER_REQUEST", 0)
        there = {case for case, answer in answers_to_puts().items() if answer}
        dynamo.delete_table()
    assert refused - there == TAKEN_THERE
    assert there - refused == set()


def test_staging_is_told_of_a_request_that_is_too_big(aws_engine: Engine, table: str) -> None:
    items, _ = PUTS["a request of more than 16 MB"]
    with pytest.raises(dynamo.DynamoError):
        dynamo.put_records(items)


def test_half_a_surrogate_pair_comes_back_as_it_went(aws_engine: Engine, table: str) -> None:
    unchecked().put_item(TableName=table, Item=item(x={"S": "a\ud800b"}))
    found = dynamo.get_record("U", "R")
    assert found
    assert found["x"]["S"] == "a\ud800b"


# --- statements ------------------------------------------------------------------------------------------------

SET = 'UPDATE "{}" SET "status"=? WHERE "upload_id"=? AND "record_id"=?'
REASON = 'UPDATE "{}" SET "error_reason"=? WHERE "upload_id"=? AND "record_id"=?'
KEYS = [{"S": "U"}, {"S": "R"}]
ERROR = {"S": "error"}
# A statement, how long it is made with blanks, its parameters, and a part of what is said.
STATEMENTS: dict[str, tuple[str, int, list[Item], str]] = {
    "a statement": (SET, 0, [ERROR, *KEYS], TAKEN),
    "a parameter too few": (SET, 0, [ERROR, {"S": "U"}], "Number of parameters in request and statement don't match"),
    "8,192 characters": (SET, 8192, [ERROR, *KEYS], TAKEN),
    "8,193 characters": (SET, 8193, [ERROR, *KEYS], "Member must have length less than or equal to 8192"),
    "a record that isn't there": (SET, 0, [ERROR, {"S": "U"}, {"S": "S"}], "The conditional request failed"),
    "an empty key": (SET, 0, [ERROR, {"S": "U"}, {"S": ""}], "cannot contain an empty string value"),
    "a key of 1,025 bytes": (SET, 0, [ERROR, {"S": "U"}, {"S": "r" * 1025}], KEYS_UNDER),
    "an empty status": (SET, 0, [{"S": ""}, *KEYS], "cannot contain an empty string value"),
    # AWS may well refuse it as it refuses such a put; we never write one.
    "a status of 1,025 bytes": (SET, 0, [{"S": "s" * 1025}, *KEYS], TAKEN),
    "a reason that leaves no room": (REASON, 0, [{"S": "x" * ITEM_BYTES}, *KEYS], "Item size to update has exceeded"),
}


def test_a_statement_beyond_the_limits_is_refused(aws_engine: Engine, table: str) -> None:
    dynamo.put_records([item()])
    sender = unchecked()

    def answer(text: str, length: int, parameters: list[Item]) -> str:
        request = {"Statement": text.format(table).ljust(length), "Parameters": parameters}
        try:
            (response,) = sender.batch_execute_statement(Statements=[request])["Responses"]
        except ClientError as error:
            return str(error.response["Error"]["Message"])
        return str(response["Error"]["Message"]) if "Error" in response else TAKEN

    answers = {case: answer(text, length, values) for case, (text, length, values, _) in STATEMENTS.items()}
    assert {case: answers[case] for case, (*_, words) in STATEMENTS.items() if words not in answers[case]} == {}
    assert {case for case in answers if answers[case]} == {case for case, (*_, words) in STATEMENTS.items() if words}


def test_a_status_whose_reason_has_no_room_in_the_item_is_written_without_it(aws_engine: Engine, table: str) -> None:
    dynamo.put_records([item("1"), item("2"), item("3")])
    room = "x" * ITEM_BYTES
    updates = [dynamo.StatusUpdate("U", str(number), "error", room if number == 2 else "why") for number in (1, 2, 3)]

    assert dynamo.write_statuses(updates) == [None, None, None]
    found = [(one["status"]["S"], one.get("error_reason", {}).get("S")) for one in dynamo.query_upload("U")]
    assert found == [("error", "why"), ("error", None), ("error", "why")]


@pytest.mark.parametrize(
    "keys", [["1"] * 2, [str(number) for number in range(26)]], ids=["a record twice", "26 statements"]
)
def test_a_request_of_statements_that_is_refused_as_a_whole_is_made_in_parts(
    aws_engine: Engine, table: str, keys: list[str]
) -> None:
    dynamo.put_records([item("1")])
    assert dynamo.write_statuses([dynamo.StatusUpdate("U", key, "error", "why") for key in keys]) == [None] * len(keys)
    assert [found["status"]["S"] for found in dynamo.query_upload("U")] == ["error"]


# --- expressions, and pages of the stream ----------------------------------------------------------------------

EQUAL, HUNDRED = "#s=:p0", ",".join(f":p{value}" for value in range(100))
# An expression, how many values it is given, and a part of what is said.
EXPRESSIONS: dict[str, tuple[str, int, str]] = {
    "4,096 characters": (EQUAL.ljust(4096), 1, TAKEN),
    "4,097 characters": (EQUAL.ljust(4097), 1, "Expression size has exceeded the maximum allowed size"),
    "299 operators": (" OR ".join([EQUAL] * 150), 1, TAKEN),
    "301 operators": (" OR ".join([EQUAL] * 151), 1, "too many operators"),
    "IN of 100 values": (f"#s IN ({HUNDRED})", 100, TAKEN),
    "IN of 101 values": (f"#s IN ({HUNDRED},:p100)", 101, "too many operands"),
    "a value that isn't used": (EQUAL, 2, "unused in expressions"),
}


def test_an_expression_beyond_the_limits_is_refused(aws_engine: Engine, table: str) -> None:
    def scan(expression: str, count: int) -> None:
        unchecked().scan(
            TableName=table, FilterExpression=expression, ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={f":p{value}": {"S": "x"} for value in range(count)},
        )  # fmt: skip

    answers = {case: said(partial(scan, text, count)) for case, (text, count, _) in EXPRESSIONS.items()}
    assert {case: answers[case] for case, (*_, words) in EXPRESSIONS.items() if words not in answers[case]} == {}
    assert {case for case in answers if answers[case]} == {case for case, (*_, words) in EXPRESSIONS.items() if words}


def test_a_page_of_the_stream_has_at_most_1000_records(aws_engine: Engine, table: str) -> None:
    (shard,) = dynamo.list_shards(dynamo.stream_arn())
    iterator = dynamo.shard_iterator(dynamo.stream_arn(), shard.shard_id, "")
    assert iterator
    assert dynamo.get_records(iterator, 1000).records == []
    with pytest.raises(dynamo.DynamoError, match="less than or equal to 1000"):
        dynamo.get_records(iterator, 1001)
