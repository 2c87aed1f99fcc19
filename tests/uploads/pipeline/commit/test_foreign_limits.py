"""Records that other programs put, as long as DynamoDB lets them be: each ends with an outcome."""

import random
from typing import Any

import pytest

from tests.uploads.pipeline.commit.records import GOOD, item, outcomes
from uploads.aws import limits
from uploads.aws.records import Item, decode
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline.commit import commit_isolating


def text(size: int, letters: str = "abcdefghijklmnopqrstuvwxyz0123456789") -> str:
    """So many bytes that don't compress, as far as whole letters go."""
    width = len(letters[0].encode())
    return "".join(random.Random(size).choices(letters, k=size // width))


WIDE = "あいうえおかきくけこ"
FOUR = "🪔🪕🪖🪗🪘"


def bad(changes: dict[str, str]) -> Item:
    return {"M": {name: {"S": cell} for name, cell in (GOOD | changes).items()}}


@pytest.mark.parametrize("letters", ["abcdefgh", WIDE, FOUR], ids=["one byte", "three", "four"])
@pytest.mark.parametrize("record_bytes", [255, 256, 300, 1020, 1024])
@pytest.mark.parametrize("upload_chars", [1, 99, 100, 101, 255, 256, 1024])
def test_keys_of_any_length_have_an_outcome(upload_chars: int, record_bytes: int, letters: str) -> None:
    upload_id, rec_id = text(upload_chars * len(letters[0].encode()), letters), text(record_bytes, letters)
    upload_id = upload_id.encode()[: limits.KEYS["upload_id"]].decode(errors="ignore")
    keys: dict[str, Any] = {"upload_id": {"S": upload_id}, "record_id": {"S": rec_id}}
    assert limits.why_not(item(**keys)) is None
    valid = commit_isolating([decode(item(**keys))]).owed
    wrong = commit_isolating(
        [decode(item(**keys | {"record_id": {"S": "x" + rec_id[1:]}}, product_data=bad({"price": "x"})))]
    )

    own = len(upload_id) <= 100
    assert [outcome.outcome for outcome in valid] == ["inserted" if own else "error"]
    assert [outcome.outcome for outcome in wrong.owed] == ["error"]
    assert UploadHistory.objects.filter(pk=upload_id).exists() == own
    assert not RecordOutcome.objects.filter(error_reason__contains="on our side").exists()


@pytest.mark.parametrize("vendor_bytes", [50, 51, 100, 101, 2048])
def test_a_vendor_id_of_any_length_is_an_unknown_vendor_or_another_one(vendor_bytes: int) -> None:
    long = {"S": text(vendor_bytes)}
    commit_isolating([decode(item(1, vendor_id=long)), decode(item(2))])
    commit_isolating([decode(item(3, vendor_id=long))])

    assert outcomes() == {"REC_0000001": "error", "REC_0000002": "inserted", "REC_0000003": "error"}
    reasons = RecordOutcome.objects.filter(outcome="error").values_list("error_reason", flat=True)
    assert all(0 < len(reason) < 400 for reason in reasons)


def filled(product_data: dict[str, Any], name: str = "filling") -> Item:
    """A record whose product_data fills it to the last byte."""
    empty = item(product_data={"M": product_data | {name: {"S": ""}}})
    room = limits.ITEM_BYTES - limits.item_bytes(empty)
    return item(product_data={"M": product_data | {name: {"S": "x" * room}}})


def deep(levels: int) -> dict[str, Any]:
    """A value of so many levels, itself the first."""
    value: dict[str, Any] = {"L": []}
    for _ in range(levels - 1):
        value = {"L": [value]}
    return value


CELLS = {name: {"S": cell} for name, cell in GOOD.items()}
LARGE: dict[str, tuple[Item, str]] = {
    "the largest item": (filled(CELLS), "inserted"),
    "the largest item, with an error": (filled(CELLS | {"price": {"S": "free"}}), "error"),
    "the longest name of a column": (filled(CELLS, "n" * limits.NAME_BYTES), "inserted"),
    "the longest name, with an error": (filled(CELLS | {"sku": {"S": ""}}, "n" * limits.NAME_BYTES), "error"),
    "500 columns": (filled(CELLS | {f"{n:x}": {"S": ""} for n in range(493)}), "inserted"),
    "50,000 columns": (filled(CELLS | {f"{n:x}": {"S": ""} for n in range(50_000)}), "error"),
    "a required cell that fills it": (filled({k: v for k, v in CELLS.items() if k != "sku"}, "sku"), "error"),
    "the deepest value": (item(product_data={"M": CELLS | {"deep": deep(limits.NESTING - 1)}}), "error"),
    "the longest raw row": (item(raw_row={"S": "r" * 400_000}, read_problem={"S": "x"}), "inserted"),
    "the longest read_problem": (
        item(read_problem={"S": '["", "too_long", "' + "m" * 400_000 + '", ""]'}),
        "error",
    ),
    "a read_problem of brackets": (item(read_problem={"S": "[" * 400_000}), "inserted"),
    "the longest status": (item(status={"S": "s" * 1024}), "inserted"),
    "a price of 38 digits": (item(product_data={"M": CELLS | {"price": {"N": "9" * 38}}}), "error"),
    "the largest price": (item(product_data={"M": CELLS | {"price": {"N": "9.99E+125"}}}), "error"),
    "the smallest price": (item(product_data={"M": CELLS | {"price": {"N": "1E-130"}}}), "error"),
    "the largest stock": (item(product_data={"M": CELLS | {"stock_quantity": {"N": "9" + "0" * 125}}}), "error"),
    "the largest row number": (item(row_number={"N": "9" + "0" * 125}), "inserted"),
    "the largest line number": (item(line_number={"N": "9" * 38}), "inserted"),
}


@pytest.mark.parametrize(("large", "outcome"), LARGE.values(), ids=LARGE)
def test_what_is_as_large_as_dynamodb_takes_it_has_an_outcome(large: Item, outcome: str) -> None:
    assert limits.why_not(large) is None
    (owed,) = commit_isolating([decode(large)]).owed

    assert owed.outcome == outcome
    assert len(owed.error_reason) <= 1000
    assert not ValidationError.objects.filter(error_type="internal_error").exists()


def test_a_record_with_more_columns_than_a_file_may_have_is_told_so_before_they_are_looked_at() -> None:
    (owed,) = commit_isolating([decode(LARGE["50,000 columns"][0])]).owed
    assert owed.error_reason.startswith("product_data has 50,007 columns; at most 500 are allowed.")
    assert ValidationError.objects.get().error_type == "malformed_record"
