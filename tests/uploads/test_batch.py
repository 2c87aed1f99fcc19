"""Steps 5 and 6: a batch takes effect as a whole, once, and whatever a record holds, it ends with an outcome."""

import io
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, ProgrammingError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import committer
from catalog.models import Product, ProductCategory
from tests.feeds import feed, line
from uploads import batch, judge
from uploads.batch import Checkpoint, LeaseLost, commit_batch, commit_isolating
from uploads.feed import parser
from uploads.judge import Judged
from uploads.models import RecordOutcome, StreamShard, UploadHistory, ValidationError
from uploads.records import Item, Record, decode, record_id
from vendors.models import Vendor

ERP = "ERP-2026-01"
GOOD = {
    "vendor_product_id": "P-1",
    "product_name": "Lamp",
    "category": "Electronics",
    "sku": "SKU-1",
    "price": "9.99",
    "stock_quantity": "5",
}


def record(number: int, upload_id: str = ERP, vendor_id: str = "VEND001", **changes: str | None) -> Record:
    data = GOOD | {"vendor_product_id": f"P-{number}", "sku": f"SKU-{number}"} | changes
    return Record(upload_id, record_id(number), vendor_id, number, data=data)


def item(number: int = 1, **attributes: Any) -> Item:
    """An item as another program puts it; an attribute that is None is left out."""
    whole = {
        "upload_id": {"S": ERP},
        "record_id": {"S": record_id(number)},
        "vendor_id": {"S": "VEND001"},
        "row_number": {"N": str(number)},
        "product_data": {"M": {header: {"S": cell} for header, cell in GOOD.items()}},
        "status": {"S": "pending_validation"},
    } | attributes
    return {name: value for name, value in whole.items() if value is not None}


def file_upload(*, rows: int | None = None, upload_id: str = "UPLOAD_1") -> UploadHistory:
    layout = parser.inspect(io.BytesIO(feed(line(1)).encode()))
    return UploadHistory.objects.create(
        upload_id=upload_id, vendor_id="VEND001", file_name="feed.csv", storage_key="feeds/x.csv",
        layout=layout.to_json(), file_rows=rows,
    )  # fmt: skip


def outcomes() -> dict[str, str]:
    return dict(RecordOutcome.objects.values_list("record_id", "outcome"))


def assert_counters_tell_what_the_ledger_says() -> None:
    for upload in UploadHistory.objects.all():
        counted = Counter(
            RecordOutcome.objects.filter(upload_sequence=upload.sequence).values_list("outcome", flat=True)
        )
        assert counted == +Counter(
            inserted=upload.inserted_records,
            updated=upload.updated_records,
            unchanged=upload.unchanged_records,
            superseded=upload.superseded_records,
            skipped=upload.skipped_records,
            error=upload.error_records,
        )
        assert upload.total_records == sum(counted.values())


@pytest.fixture(autouse=True)
def _ground(vendor: Vendor, other_vendor: Vendor) -> Iterator[None]:
    for name in ("Electronics", "Books"):
        ProductCategory.objects.create(category_name=name)
    yield
    assert_counters_tell_what_the_ledger_says()


@pytest.fixture
def shard(db: None) -> StreamShard:
    return StreamShard.objects.create(stream_arn="arn", shard_id="shard-1", lease_epoch=3, checkpoint="100")


# --- all or nothing --------------------------------------------------------------------------------------------


def test_products_ledger_errors_counters_and_checkpoint_change_together(shard: StreamShard) -> None:
    committed = commit_batch([record(1), record(2, price="free")], Checkpoint(shard.id, 3, "200"))

    upload = UploadHistory.objects.get()
    shard.refresh_from_db()
    assert outcomes() == {"REC_0000001": "inserted", "REC_0000002": "error"}
    assert (upload.valid_records, upload.error_records, upload.inserted_records) == (1, 1, 1)
    assert ValidationError.objects.get().error_type == "invalid_price"
    assert shard.checkpoint == "200"
    assert [outcome.record_id for outcome in committed.owed] == ["REC_0000001", "REC_0000002"]


@pytest.mark.parametrize("step", ["_write_ledger", "_write_errors", "_count", "_move_checkpoint"])
def test_when_one_write_fails_nothing_of_the_batch_stays(
    shard: StreamShard, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_: Any) -> None:
        raise OperationalError("the disk is full")

    monkeypatch.setattr(batch, step, broken)
    with pytest.raises(OperationalError):
        commit_isolating([record(1), record(2, price="free")], Checkpoint(shard.id, 3, "200"))

    shard.refresh_from_db()
    assert shard.checkpoint == "100"
    assert not Product.objects.exists()
    assert not RecordOutcome.objects.exists()
    assert not ValidationError.objects.exists()
    assert not UploadHistory.objects.exclude(total_records=0).exists()


def test_a_worker_that_was_overtaken_writes_nothing(shard: StreamShard) -> None:
    with pytest.raises(LeaseLost):
        commit_isolating([record(1)], Checkpoint(shard.id, 2, "200"))

    shard.refresh_from_db()
    assert (shard.checkpoint, shard.lease_expires_at) == ("100", None)
    assert not Product.objects.exists()
    assert not RecordOutcome.objects.exists()


def test_an_overtaken_worker_notices_on_a_page_without_records_too(shard: StreamShard) -> None:
    with pytest.raises(LeaseLost):
        commit_batch([], Checkpoint(shard.id, 2, "200"))


def test_a_page_without_records_moves_the_checkpoint(shard: StreamShard) -> None:
    commit_batch([], Checkpoint(shard.id, 3, "200"))

    shard.refresh_from_db()
    assert shard.checkpoint == "200"


# --- exactly once ----------------------------------------------------------------------------------------------


def test_records_that_are_delivered_again_change_nothing_but_are_owed_again() -> None:
    records = [record(1), record(2, price="free")]
    first = commit_batch(records)
    RecordOutcome.objects.update(written_back_at="2026-01-31T10:30:45Z")
    before = [list(model.objects.values()) for model in (UploadHistory, Product, ValidationError)]
    for _ in range(2):
        again = commit_batch(records)

    assert [list(model.objects.values()) for model in (UploadHistory, Product, ValidationError)] == before
    assert again.owed == first.owed
    assert RecordOutcome.objects.filter(written_back_at=None).count() == 2


def test_a_record_twice_in_one_batch_counts_once_as_it_came_first() -> None:
    committed = commit_batch([record(1, product_name="First"), record(2), record(1, product_name="Second")])

    assert Product.objects.get(sku="SKU-1").product_name == "First"
    assert UploadHistory.objects.get().total_records == 2
    assert len(committed.owed) == 2


def test_a_record_that_comes_again_later_in_a_batch_keeps_its_place() -> None:
    commit_batch([record(1, sku="SAME"), record(2, sku="SAME"), record(1, sku="SAME")])

    assert outcomes() == {"REC_0000001": "inserted", "REC_0000002": "error"}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_and_repetition_of_deliveries_counts_every_record_once(seed: int) -> None:
    chance = random.Random(seed)
    records = [
        record(n, upload_id=f"ERP-{n % 3}", price=chance.choice(["9.99", "free"]), sku=f"SKU-{n // 2}")
        for n in range(1, 31)
    ]
    while set(outcomes()) != {item.record_id for item in records}:
        commit_isolating(chance.choices(records, k=chance.randint(1, 12)))
        assert_counters_tell_what_the_ledger_says()

    assert sum(UploadHistory.objects.values_list("total_records", flat=True)) == 30


# --- what makes the code fail ----------------------------------------------------------------------------------


def test_while_poison_is_being_isolated_the_checkpoint_stays_until_the_end(
    shard: StreamShard, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = batch.commit_batch, list[str]()

    def fragile(records: Sequence[Record], checkpoint: Checkpoint | None = None) -> batch.Committed:
        if any(r.record_id == "REC_0000002" and r.problem is None for r in records):
            raise KeyError
        committed = real(records, checkpoint)
        shard.refresh_from_db()
        seen.append(shard.checkpoint)
        return committed

    monkeypatch.setattr(batch, "commit_batch", fragile)
    commit_isolating([record(n) for n in range(1, 5)], Checkpoint(shard.id, 3, "200"))

    assert seen == ["100", "100", "200"]


def test_a_failure_that_has_nothing_to_do_with_records_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError

    monkeypatch.setattr(batch, "_write", broken)
    with pytest.raises(KeyError):
        commit_isolating([])


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, ProgrammingError, MemoryError])
def test_broken_infrastructure_is_not_blamed_on_a_record(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr(batch, "_write", broken)
    with pytest.raises(error):
        commit_isolating([record(1), record(2)])
    assert not RecordOutcome.objects.exists()


CONFLICTS = {
    "serialization failure": (OperationalError, psycopg.errors.SerializationFailure),
    "deadlock": (OperationalError, psycopg.errors.DeadlockDetected),
    "a SKU taken meanwhile": (IntegrityError, psycopg.errors.UniqueViolation),
    "a product deleted meanwhile": (committer.ProductVanished, None),
}


def conflict(name: str) -> Exception:
    kind, cause = CONFLICTS[name]
    error = kind(name)
    error.__cause__ = cause() if cause else None
    return error


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_batch_that_others_were_in_the_way_of_is_tried_again(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real, failures = batch._write_ledger, [conflict(name), conflict(name)]

    def contended(*arguments: Any) -> None:
        if failures:
            raise failures.pop()
        real(*arguments)

    monkeypatch.setattr(batch, "_write_ledger", contended)
    commit_batch([record(1)])

    assert outcomes() == {"REC_0000001": "inserted"}


@pytest.mark.parametrize("name", CONFLICTS)
def test_trying_again_has_an_end(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    attempts = []

    def contended(*_: Any) -> None:
        attempts.append(1)
        raise conflict(name)

    monkeypatch.setattr(batch, "_write_ledger", contended)
    with pytest.raises(CONFLICTS[name][0]):
        commit_batch([record(1)])
    assert len(attempts) == batch.ATTEMPTS


@pytest.mark.django_db(transaction=True)
def test_who_loses_a_sku_to_another_vendor_in_the_last_moment_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = committer.read_snapshot

    def rival() -> None:
        commit_batch([record(1, "OTHER", "VEND002")])
        connection.close()

    def overtaken(*arguments: Any) -> committer.Snapshot:
        found = real(*arguments)
        monkeypatch.setattr(committer, "read_snapshot", real)
        thread = threading.Thread(target=rival)
        thread.start()
        thread.join()
        return found

    monkeypatch.setattr(committer, "read_snapshot", overtaken)
    commit_batch([record(1)])

    assert code_of("REC_0000001") == "sku_taken"
    assert Product.objects.get().vendor_id == "VEND002"


@pytest.mark.django_db(transaction=True)
def test_two_workers_who_deliver_the_same_records_at_once_count_them_once() -> None:
    start, failures = threading.Barrier(2), list[BaseException]()
    records = [record(n, price="free" if n % 3 == 0 else "9.99") for n in range(1, 61)]

    def deliver() -> None:
        try:
            start.wait()
            for part in range(0, 60, 20):
                commit_batch(records[part : part + 20])
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=deliver) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    upload = UploadHistory.objects.get()
    assert (upload.inserted_records, upload.error_records) == (40, 20)
    assert ValidationError.objects.count() == 20


# --- records that other programs put ---------------------------------------------------------------------------


def code_of(rec_id: str) -> str:
    return ValidationError.objects.filter(record_id=rec_id).values_list("error_type", flat=True)[0]


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
        "both mean sku",
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


# --- which upload a record belongs to --------------------------------------------------------------------------


def test_an_adopted_upload_is_counted_and_ready_to_finish_with_each_batch() -> None:
    assert commit_batch([record(1)]).finished == [ERP]
    assert commit_batch([record(2, price="free")]).finished == [ERP]

    upload = UploadHistory.objects.get()
    assert (upload.source, upload.vendor_id) == ("dynamodb", "VEND001")
    assert (upload.valid_records, upload.error_records) == (1, 1)


def test_an_upload_is_adopted_for_the_first_vendor_that_exists_wherever_a_page_ends() -> None:
    commit_batch([record(1, vendor_id="NOBODY"), record(2), record(3, vendor_id="VEND002")])

    assert UploadHistory.objects.get().vendor_id == "VEND001"
    assert outcomes() == {"REC_0000001": "error", "REC_0000002": "inserted", "REC_0000003": "error"}


def test_a_record_of_another_vendor_in_an_upload_is_refused_without_naming_the_owner() -> None:
    commit_batch([record(1)])
    (outcome,) = commit_batch([record(2, vendor_id="VEND002")]).owed

    assert code_of("REC_0000002") == "vendor_mismatch"
    assert "VEND001" not in outcome.error_reason


def test_records_of_a_suspended_vendor_are_refused() -> None:
    Vendor.objects.filter(vendor_id="VEND001").update(status="suspended")
    commit_batch([record(1)])

    assert code_of("REC_0000001") == "vendor_not_active"


def test_a_file_is_complete_with_the_batch_that_settles_its_last_row() -> None:
    file_upload(rows=3)

    assert commit_batch([record(1, "UPLOAD_1"), record(2, "UPLOAD_1")]).finished == []
    assert commit_batch([record(2, "UPLOAD_1"), record(3, "UPLOAD_1")]).finished == ["UPLOAD_1"]


STRAYS: dict[str, Callable[[], Record]] = {
    "a row beyond the last": lambda: record(4, "UPLOAD_1"),
    "an id of another kind": lambda: replace(record(2, "UPLOAD_1"), record_id="row-2"),
    "row 0": lambda: record(0, "UPLOAD_1"),
    "an id too long to be a row's": lambda: replace(record(1, "UPLOAD_1"), record_id="REC_00000000001"),
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
def test_a_record_put_beside_the_rows_of_a_file_is_an_uncounted_error(
    shard: StreamShard, stray: Callable[[], Record]
) -> None:
    file_upload(rows=3)
    committed = commit_isolating([stray(), *(record(n, "UPLOAD_1") for n in (1, 2, 3))], Checkpoint(shard.id, 3, "200"))

    upload = UploadHistory.objects.get()
    assert (upload.total_records, upload.inserted_records) == (3, 3)
    assert committed.finished == ["UPLOAD_1"]
    assert committed.owed[0].outcome == "error"
    assert "not one of its rows" in committed.owed[0].error_reason
    assert Product.objects.count() == 3


def test_a_stray_that_was_judged_before_the_end_of_the_file_was_known_blocks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file_upload()
    real = judge.judge

    def judged_before_the_end(records: Sequence[Record]) -> list[Judged]:
        judged = real(records)
        UploadHistory.objects.update(file_rows=2)
        return judged

    monkeypatch.setattr(batch, "judge", judged_before_the_end)
    commit_isolating([record(n, "UPLOAD_1") for n in (1, 9, 2)])

    assert outcomes() == {"REC_0000001": "inserted", "REC_0000009": "error", "REC_0000002": "inserted"}
    assert UploadHistory.objects.get().total_records == 2


def test_the_row_number_of_a_files_row_is_that_of_its_id() -> None:
    file_upload(rows=3)
    commit_batch([replace(record(2, "UPLOAD_1", price="free"), row_number=77)])

    assert ValidationError.objects.get().row_number == 2


def test_an_upload_opened_by_plain_sql_takes_any_record() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO upload_history (upload_id, vendor_id, file_name) VALUES ('BY-HAND', 'VEND001', 'x.csv')"
        )
    commit_batch([replace(record(1, "BY-HAND"), record_id="anything")])

    assert UploadHistory.objects.get().valid_records == 1
