"""Records that other programs put: whatever one holds, it ends with an outcome."""

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Product
from tests.uploads.pipeline.commit.records import (
    ERP,
    GOOD,
    assert_counters_tell_what_the_ledger_says,
    code_of,
    file_upload,
    item,
    outcomes,
    record,
)
from uploads.aws.records import Item, decode
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline.commit import commit_isolating

HOSTILE = {
    "a formula": '=HYPERLINK("http://x")',
    "an emoji": "🪔 Lamp",
    "a script": "<script>alert(1)</script>",
    "a direction mark": "\u202eLamp",
    "SQL": "'); DROP TABLE products; --",
    "a tab and COPY's end": "a\t\\.\nb",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_stored_as_it_came(name: str) -> None:
    commit_isolating([record(1, product_name=name)])

    assert Product.objects.get().product_name == name


UNSTORABLE = {"NUL": "La\0mp", "half a surrogate pair": "La\ud800mp", "the other half": "\udfffLamp"}


@pytest.mark.parametrize("name", UNSTORABLE.values(), ids=UNSTORABLE)
@pytest.mark.parametrize("column", ["product_name", "sku", "category", "price", "stock_quantity", "x\0\ud800y"])
def test_text_that_postgresql_cannot_store_is_an_explained_error(name: str, column: str) -> None:
    commit_isolating([record(1, **{column: name, "price": name}), record(2)])

    assert outcomes() == {"REC_0000001": "error", "REC_0000002": "inserted"}
    assert "internal_error" not in ValidationError.objects.values_list("error_type", flat=True)
    assert "\0" not in json.dumps(ValidationError.objects.all()[0].original_data, ensure_ascii=False)


def test_a_huge_text_is_an_error_that_stays_short() -> None:
    (outcome,) = commit_isolating([record(1, product_name="x" * 350_000)]).owed

    assert code_of("REC_0000001") == "too_long"
    assert len(outcome.error_reason) < 1000


MALFORMED: dict[str, tuple[Item, str]] = {
    "no vendor_id": (item(vendor_id=None), "no vendor_id"),
    "vendor_id is a number": (item(vendor_id={"N": "1"}), "no vendor_id"),
    "an unknown vendor": (item(vendor_id={"S": "NOBODY"}), "NOBODY"),
    "a vendor with NUL": (item(vendor_id={"S": "NO\0BODY"}), "NO␀BODY"),
    "no product_data": (item(product_data=None), "product_data is missing"),
    "product_data is text": (item(product_data={"S": "P-1"}), "not a map"),
    "product_data is a list": (item(product_data={"L": []}), "not a map"),
    "a list in product_data": (item(product_data={"M": {"sku": {"L": []}}}), "neither text nor a number"),
    "a list under a name with NUL": (item(product_data={"M": {"s\0\ud800": {"BOOL": True}}}), "(its type is BOOL)"),
    "empty product_data": (item(product_data={"M": {}}), "SKU is missing"),
    "null cells": (item(product_data={"M": {"sku": {"NULL": True}}}), "SKU is missing"),
    "two columns for one field": (
        item(product_data={"M": {"SKU": {"S": "A"}, "s-k-u\0": {"S": "B"}}}),
        "could be sku. Send only one of them",
    ),
    "two prices": (
        item(product_data={"M": {"price": {"N": "9"}, "unit_price": {"N": "2"}}}),
        "Each of “price” and “unit_price” could be price.",
    ),
    "an upload_id over 100 characters": (item(upload_id={"S": "U" * 101}), "longer than 100 characters"),
}


@pytest.mark.parametrize(("malformed", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_a_record_in_a_shape_we_cannot_use_is_an_explained_error(malformed: Item, reason: str) -> None:
    (outcome,) = commit_isolating([decode(malformed)]).owed

    assert outcome.outcome == "error"
    assert reason in outcome.error_reason
    assert RecordOutcome.objects.get().outcome == "error"


@pytest.mark.parametrize(
    ("row_number", "expected"),
    [(None, 1), ({"N": "-5"}, 1), ({"N": "1E3"}, 1), ({"N": "99999999999999"}, 0), ({"S": "7"}, 7), ({"N": "8"}, 8)],
)
def test_an_unusual_row_number_does_no_harm(row_number: Any, expected: int) -> None:
    commit_isolating([decode(item(row_number=row_number))])

    assert list(RecordOutcome.objects.values_list("outcome", "row_number")) == [("inserted", expected)]


def test_keys_too_long_for_the_ledgers_index_block_nothing_and_get_their_status() -> None:
    chance = random.Random(1)  # repetitive text would be compressed, and fit
    upload_id, rec_id = ("".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=k)) for k in (2048, 1024))
    committed = commit_isolating([decode(item(upload_id={"S": upload_id}, record_id={"S": rec_id})), record(2)])

    assert outcomes() == {"REC_0000002": "inserted"}
    (_, long) = committed.owed
    assert (long.upload_id, long.record_id, long.outcome) == (upload_id, rec_id, "error")
    assert "longer than 100 characters" in long.error_reason


TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
SCALAR = st.one_of(
    st.builds(lambda text: {"S": text}, TEXT),
    st.builds(lambda number: {"N": str(number)}, st.integers() | st.floats(allow_nan=False, allow_infinity=False)),
    st.sampled_from([{"NULL": True}, {"BOOL": False}, {"L": []}, {"B": "AAAA"}, {"SS": ["a"]}]),
)
CELLS = st.dictionaries(st.sampled_from([*GOOD, "SKU", "brand", "title"]) | TEXT, SCALAR, max_size=9)
PROBLEM = st.lists(TEXT | st.just("too_long"), min_size=4, max_size=4)
ITEMS = st.fixed_dictionaries(
    {
        "upload_id": st.sampled_from([{"S": ERP}, {"S": "UPLOAD_1"}, {"S": "x" * 101}]),
        "record_id": st.builds(lambda text: {"S": text}, TEXT.filter(bool)),
    },
    optional={
        "vendor_id": st.sampled_from([{"S": "VEND001"}, {"S": "VEND002"}]) | SCALAR,
        "row_number": SCALAR,
        "product_data": st.builds(lambda cells: {"M": cells}, CELLS) | SCALAR,
        "raw_row": SCALAR,
        "read_problem": SCALAR | st.builds(lambda parts: {"S": json.dumps(parts)}, PROBLEM),
        "created_at": SCALAR,
    },
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEMS, min_size=1, max_size=4))
def test_whatever_a_record_holds_it_has_an_outcome_and_none_is_our_fault(items: list[Item]) -> None:
    UploadHistory.objects.filter(upload_id="UPLOAD_1").exists() or file_upload(rows=3)
    records = [decode(each) for each in items]
    committed = commit_isolating(records)

    assert {(o.upload_id, o.record_id) for o in committed.owed} == {(r.upload_id, r.record_id) for r in records}
    assert not ValidationError.objects.filter(error_type="internal_error").exists()
    assert_counters_tell_what_the_ledger_says()


def test_numbers_in_product_data_are_read_as_numbers() -> None:
    cells = {header: {"S": cell} for header, cell in GOOD.items()} | {"price": {"N": "1.3E1"}}
    commit_isolating([decode(item(product_data={"M": cells}))])

    assert str(Product.objects.get().price) == "13.00"
