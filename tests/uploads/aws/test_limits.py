"""DynamoDB's limits as we know them: each just kept, met, and passed by one; and sizes as AWS's pages count them."""

import re
from typing import Any

import pytest
from django.test.utils import override_settings

from uploads.aws import dynamo, limits
from uploads.aws.records import _EXACT, encode
from uploads.feed import columns
from uploads.feed.parser import Row

ROW = Row(1, {"sku": "S-1"}, None, "", 0)


def item(**attributes: Any) -> dict[str, Any]:
    return encode("UPLOAD_1", "VEND001", ROW, "2026-01-31T10:30:45.123Z") | attributes


@pytest.mark.parametrize(
    ("value", "size"),
    [
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
        ({"S": ""}, 0),
        ({"S": "abc"}, 3),
        ({"S": "é"}, 2),
        ({"S": "あ"}, 3),
        ({"S": "🪔"}, 4),
        ({"N": "0"}, 1),
        ({"N": "27"}, 2),
        ({"N": "-27"}, 3),
        ({"N": "461"}, 3),
        ({"N": "00123.4500"}, 4),
        ({"N": "1200000000000"}, 2),
        ({"N": "9" * 38}, 20),
        ({"N": "-" + "9" * 38}, 21),
        ({"B": "aGVsbG8="}, 5),
        ({"NULL": True}, 1),
        ({"BOOL": False}, 1),
        ({"M": {}}, 3),
        ({"L": []}, 3),
        ({"M": {"ab": {"S": "cd"}, "e": {"NULL": True}}}, 3 + 5 + 3),
        ({"L": [{"S": "abc"}, {"L": []}]}, 3 + 4 + 4),
        ({"SS": ["a", "bcd"]}, 4),
        ({"NS": ["27", "461"]}, 5),
        ({"BS": ["aGVsbG8=", "aGk="]}, 7),
    ],
)  # fmt: skip
def test_a_value_has_the_size_that_aws_counts(value: dict[str, Any], size: int) -> None:
    assert limits.value_bytes(value) == size
    assert limits.item_bytes({"name": value}) == 4 + size


def nested(levels: int) -> dict[str, Any]:
    """An attribute of so many levels, itself the first."""
    value: dict[str, Any] = {"S": "deep"}
    for level in range(levels - 1):
        value = {"L": [value]} if level % 2 else {"M": {"m": value}}
    return value


def filled(size: int) -> dict[str, Any]:
    """An item of exactly so many bytes."""
    return item(filling={"S": "x" * (size - limits.item_bytes(item(filling={"S": ""})))})


# What is at its limit, and what is over it by one: the limit, how to make an item by it, and words of the reason.
LIMITS: dict[str, tuple[int, Any, str]] = {
    "an item's size": (409_600, filled, "409,601 bytes"),
    "the name of an attribute": (65_535, lambda n: item(**{"n" * n: {"S": ""}}), "65,536 bytes"),
    "the name of a column": (65_535, lambda n: item(product_data={"M": {"n" * n: {"S": ""}}}), "65,536 bytes"),
    "an upload_id": (1_024, lambda n: item(upload_id={"S": "x" * n}), "upload_id has 1,025"),
    "a record_id": (1_024, lambda n: item(record_id={"S": "x" * n}), "record_id has 1,025"),
    "a vendor_id": (2_048, lambda n: item(vendor_id={"S": "x" * n}), "vendor_id has 2,049"),
    "a status": (1_024, lambda n: item(status={"S": "x" * n}), "status has 1,025"),
    "the levels of an attribute": (32, lambda n: item(deep=nested(n)), "32 levels"),
    "the digits of a number": (38, lambda n: item(number={"N": "1" * n}), "38 digits"),
    "the digits of a fraction": (38, lambda n: item(number={"N": "0." + "1" * n}), "38 digits"),
    "the digits in a set": (38, lambda n: item(number={"NS": ["1" * n]}), "38 digits"),
    "a large number": (125, lambda n: item(number={"N": f"9.99E+{n}"}), "no number"),
    "a large number written out": (126, lambda n: item(number={"N": "9" + "0" * (n - 1)}), "no number"),
    "a small number": (130, lambda n: item(number={"N": f"-1E-{n}"}), "no number"),
    "a small number written out": (130, lambda n: item(number={"N": "0." + "0" * (n - 1) + "1"}), "no number"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_at_a_limit_is_taken_and_what_is_one_over_it_is_not(name: str) -> None:
    limit, made, words = LIMITS[name]
    assert limits.why_not(made(limit - 1)) is None
    assert limits.why_not(made(limit)) is None
    reason = limits.why_not(made(limit + 1))
    assert reason is not None
    assert words in reason
    assert len(reason) < 200


@pytest.mark.parametrize("key", limits.KEYS)
def test_an_empty_text_is_no_key_and_counts_in_bytes(key: str) -> None:
    assert limits.why_not(item(**{key: {"S": ""}})) == f"The {key} has 0 bytes; it needs 1 to {limits.KEYS[key]:,}."
    assert limits.why_not(item(**{key: {"S": "é" * (limits.KEYS[key] // 2)}})) is None
    assert limits.why_not(item(**{key: {"S": "é" * (limits.KEYS[key] // 2) + "x"}})) is not None


@pytest.mark.parametrize("number", ["0", "-0", "0.000", "1", "+1", "1.", ".5", "1e5", "0E+999"])
def test_what_is_a_number_is_taken(number: str) -> None:
    assert limits.is_number(number)


@pytest.mark.parametrize("number", ["", ".", "-", "e5", "1,5", "NaN", "Infinity", "0x1", "1_000", "١", " 1"])
def test_what_is_no_number_is_not_taken(number: str) -> None:
    assert not limits.is_number(number)


def test_the_longest_of_what_we_send_keeps_to_the_limits() -> None:
    for number in ("-" + "9" * 19 + "." + "9" * 18, "0." + "0" * 17 + "1"):
        assert _EXACT.fullmatch(number)
        assert limits.is_number(number)
    assert 4 * columns.NAME_CHARS <= limits.NAME_BYTES
    assert max(len(name.encode()) for name in item()) <= limits.KEY_NAME_BYTES
    assert dynamo.BATCH * limits.ITEM_BYTES <= limits.REQUEST_BYTES
    assert limits.KEYS.keys() <= item().keys()


def test_a_statement_is_short_whatever_the_tables_name() -> None:
    with override_settings(UPLOAD_RECORDS_TABLE="T" * 255):
        statement = dynamo._statement(dynamo.StatusUpdate("U", "R", "error", "reason"))
    assert len(statement["Statement"]) <= limits.STATEMENT_CHARS
    assert len(statement["Parameters"]) == len(re.findall(r"\?", statement["Statement"])) >= 1
