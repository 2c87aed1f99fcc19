"""The shape of a record: written by us or by anybody, it is read without an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.problems import Code, Problem
from uploads.aws import records
from uploads.aws.records import Record, decode, encode, is_pending, now_iso, record_id, row_of, storable
from uploads.feed.parser import Row

ROW = Row(7, {"SKU": "A-1", "Brand": ""}, None, "", 99)


def test_a_row_comes_back_as_it_was_written() -> None:
    record = decode(encode("U", "VEND001", ROW, now_iso()))

    assert record == Record("U", "REC_0000007", "VEND001", 7, data={"SKU": "A-1", "Brand": ""})


def test_an_unreadable_row_comes_back_with_its_raw_text_and_its_problem() -> None:
    problem = Problem("", Code.WRONG_COLUMN_COUNT, "The row has 2 cells.", "Check it.")
    record = decode(encode("U", "VEND001", Row(7, {}, problem, "a,b", 99), now_iso()))

    assert (record.problem, record.original) == (problem, {"raw": "a,b"})


TEXT = st.text(max_size=6) | st.sampled_from(["REC_0000007", "validated", "\0", "ä", "\ud800"])
VALUE = st.one_of(
    st.builds(lambda text: {"S": text}, TEXT),
    st.builds(lambda number: {"N": number}, st.integers().map(str) | st.sampled_from(["1.5", "٣", "²", "1" * 12])),
    st.sampled_from([{"NULL": True}, {"L": []}, {"M": {}}, {"B": "AAAA"}]),
)
CHANGES = st.dictionaries(
    st.sampled_from([*encode("U", "V", ROW, ""), "raw_row", "read_problem", "more"]),
    VALUE | st.none() | st.dictionaries(TEXT, VALUE, max_size=3).map(lambda cells: {"M": cells}),
    max_size=3,
)


@given(CHANGES)
def test_the_short_way_to_read_an_item_reads_what_the_long_one_does(changes: dict[str, Any]) -> None:
    item = encode("U", "VEND001", ROW, now_iso()) | changes
    item = {name: value for name, value in item.items() if value is not None}

    assert records._as_encoded(item) in (None, records._as_found(item))
    assert decode(item) == records._as_found(item)
    assert is_pending(item) == (decode(item).status == "pending_validation")


def test_a_row_of_ours_goes_the_short_way() -> None:
    assert records._as_encoded(encode("U", "VEND001", ROW, now_iso())) is not None


@pytest.mark.parametrize(
    ("row", "name"), [(1, "REC_0000001"), (9_999_999, "REC_9999999"), (12_345_678, "REC_12345678")]
)
def test_a_record_id_tells_its_row(row: int, name: str) -> None:
    assert record_id(row) == name
    assert row_of(name) == row


@pytest.mark.parametrize(
    "name",
    ["", "REC_", "REC_1", "REC_00000001", "row-1", "REC_000000１", "REC_-000001", "XYZ_0000001", "REC_" + "9" * 5000],
)
def test_an_id_of_another_kind_is_no_rows(name: str) -> None:
    assert row_of(name) == 0


def test_a_time_is_iso_8601_in_utc() -> None:
    assert now_iso().endswith("Z")
    assert len(now_iso()) == len("2026-01-31T10:30:45.123Z")


@pytest.mark.parametrize(
    ("text", "visible"), [("a\0b", "a␀b"), ("ä\0b", "ä␀b"), ("a\ud800b", "a\\ud800b"), ("plain ä 🪔", "plain ä 🪔")]
)
def test_what_postgresql_cannot_store_is_made_visible(text: str, visible: str) -> None:
    assert storable(text) == visible


def whole(**attributes: Any) -> dict[str, Any]:
    return {
        "upload_id": {"S": "U"},
        "record_id": {"S": "R"},
        "vendor_id": {"S": "V"},
        "product_data": {"M": {"a": {"S": "1"}, "b": {"N": "2.50"}, "c": {"NULL": True}}},
    } | attributes


@pytest.mark.parametrize("seen", ["12.50", "0.10", "14.00", "1." + "1" * 60, "1" * 40 + ".5", "00012.5"])
def test_a_number_of_a_workbook_that_dynamodb_would_change_or_refuse_stays_the_text_that_was_seen(seen: str) -> None:
    row = Row(1, {"sku": seen, "price": "12.348"}, None, "", 0, numeric=frozenset({"sku", "price"}))
    item = encode("U", "V", row, now_iso())
    assert item["product_data"]["M"] == {"sku": {"S": seen}, "price": {"N": "12.348"}}
    for shape in (item, item | {"row_number": {"S": "1"}}):
        assert decode(shape).data == row.cells
        assert decode(shape).numeric == {"sku", "price"}


@pytest.mark.parametrize("value", [{"S": "a"}, {"SS": "a"}, {"SS": [1]}, "a", {}, {"L": [{"S": "a"}]}])
def test_another_programs_value_under_our_name_for_numbers_says_nothing(value: object) -> None:
    assert decode(whole(numeric_columns=value)).numeric == {"b"}


def test_text_numbers_and_null_are_told_apart() -> None:
    record = decode(whole())

    assert record.data == {"a": "1", "b": "2.50", "c": None}
    assert record.numeric == {"b"}
    assert record.status == "pending_validation"


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[1]",
        "7",
        '["", "no_such_code", "m", "s"]',
        "[" * 100_000,  # too deep for the parser
        '{"a": 1}',
    ],
)
def test_another_programs_text_under_our_name_for_a_problem_says_nothing(text: str) -> None:
    assert decode(whole(read_problem={"S": text})).problem is None


def test_a_problem_from_elsewhere_is_made_storable() -> None:
    text = json.dumps(["f" * 60, "too_long", "a\0b", "c\ud800"])
    problem = decode(whole(read_problem={"S": text})).problem

    assert problem == Problem("f" * 50, Code.TOO_LONG, "a␀b", "c\\ud800")


WIRE = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, st.text()),
        st.builds(lambda number: {"N": str(number)}, st.integers()),
        st.sampled_from([{"NULL": True}, {"BOOL": True}, {"B": "AAAA"}, {"NS": ["1"]}]),
    ),
    lambda inner: (
        st.builds(lambda members: {"M": members}, st.dictionaries(st.text(), inner, max_size=3))
        | st.builds(lambda members: {"L": members}, st.lists(inner, max_size=3))
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["upload_id", "record_id", "vendor_id", "row_number", "product_data", "status", "raw_row", "read_problem"]
)


@given(st.dictionaries(NAMES, WIRE))
def test_no_item_makes_reading_fail(item: dict[str, Any]) -> None:
    record = decode(item)

    assert 0 <= record.row_number < 2**31
    json.dumps(record.original, ensure_ascii=False).encode()
    assert record.problem is not None or "product_data" in item
