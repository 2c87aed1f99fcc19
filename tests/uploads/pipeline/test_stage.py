"""Step 3: a file's rows reach the table in order, once where nothing fails, and from where it failed otherwise."""

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import F

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.uploads.aws.test_storage import breaking_off
from tests.uploads.feed.reading import Counted
from uploads.aws import client, dynamo, limits, storage
from uploads.aws.records import Item, encode, now_iso, record_id
from uploads.feed import lines, parser
from uploads.feed.parser import Mark, Row
from uploads.feed.sheets.handed_out import REPORT_COLUMNS
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.pipeline import finish, reconcile, stage, staged_rows, stream, upkeep
from uploads.work import leases, wakeups


class Puts:
    """Watches the requests to the table, and makes some of them fail before they are made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fail: Sequence[int] = ()) -> None:
        self.requests: list[list[str]] = []
        self.calls, self.fail, self.real = 0, set(fail), dynamo.put_records
        monkeypatch.setattr(dynamo, "put_records", self)

    def __call__(self, items: Sequence[Item]) -> None:
        self.calls += 1
        if self.calls in self.fail:
            raise dynamo.Unavailable("throttled")
        self.real(items)
        self.requests.append([item["record_id"]["S"] for item in items])

    @property
    def put(self) -> list[str]:
        return [rec_id for request in self.requests for rec_id in request]


def ids(*numbers: int) -> list[str]:
    return [record_id(number) for number in numbers]


def read_again(upload: UploadHistory) -> UploadHistory:
    upload.refresh_from_db()
    return upload


def staged(upload: UploadHistory) -> dict[str, Item]:
    return {item["record_id"]["S"]: item for item in dynamo.query_upload(upload.upload_id)}


def let_the_claim_expire(upload: UploadHistory) -> None:
    UploadHistory.objects.filter(pk=upload.pk).update(staging_expires_at="2026-01-01T00:00:00Z")


def test_every_row_becomes_a_pending_item_with_its_number_and_its_cells(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1), "too,few", line(3, brand="")))
    assert stage.stage(upload.upload_id) is None

    items = staged(upload)
    assert list(items) == ids(1, 2, 3)
    assert {item["status"]["S"] for item in items.values()} == {"pending_validation"}
    assert items["REC_0000003"]["row_number"] == {"N": "3"}
    assert items["REC_0000003"]["product_data"]["M"]["brand"] == {"S": ""}
    assert items["REC_0000002"]["raw_row"] == {"S": "too,few"}
    assert items["REC_0000001"]["created_at"]["S"].endswith("Z")


def test_the_number_of_rows_is_known_only_at_the_end(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 2)
    upload = pipeline.send(feed(*(line(n) for n in range(1, 6))))

    assert stage.stage(upload.upload_id, seconds=0) == 0.0
    assert (read_again(upload).staged_rows, upload.file_rows) == (2, None)
    assert stage.stage(upload.upload_id, seconds=0) == 0.0
    assert stage.stage(upload.upload_id, seconds=10) is None
    assert (read_again(upload).staged_rows, upload.file_rows) == (5, 5)


def test_slices_put_each_row_once_and_in_order(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 7)
    puts = Puts(monkeypatch)
    upload = pipeline.send(feed(*(line(n) for n in range(1, 31))))
    while stage.stage(upload.upload_id, seconds=0) is not None:
        pass

    assert puts.put == ids(*range(1, 31))


def test_after_a_failure_staging_goes_on_at_the_noted_position(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 50)
    puts = Puts(monkeypatch, fail=[4])  # the second request of the second chunk
    upload = pipeline.send(feed(*(line(n) for n in range(1, 121))))
    with pytest.raises(dynamo.Unavailable):
        stage.stage(upload.upload_id)

    assert (read_again(upload).status, upload.staged_rows, upload.file_rows) == ("processing", 50, None)
    assert upload.staging_expires_at is None, "the next worker may go on at once"
    pipeline.stage(upload)
    assert puts.put == ids(*range(1, 76), *range(51, 121))
    pipeline.settle()
    assert (read_again(upload).status, upload.total_records, upload.inserted_records) == ("completed", 120, 120)
    assert RecordOutcome.objects.count() == 120


def test_no_row_overtakes_one_that_could_not_be_put(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    puts = Puts(monkeypatch, fail=[2])
    upload = pipeline.send(feed(*(line(n, sku=f"SKU-{n % 60}") for n in range(1, 101))))
    with pytest.raises(dynamo.Unavailable):
        stage.stage(upload.upload_id)
    assert puts.put == ids(*range(1, 26))
    assert puts.calls == 2

    pipeline.stage(upload)
    pipeline.settle()
    assert set(Product.objects.values_list("vendor_product_id", flat=True)) == {f"P-{n}" for n in range(1, 61)}


def test_an_upload_has_one_worker_at_a_time(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1)))
    assert stage._claim(upload.upload_id) is not None

    assert stage._claim(upload.upload_id) is None
    assert stage.stage(upload.upload_id) is None
    assert staged(upload) == {}


def test_a_worker_that_was_overtaken_notes_nothing(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1)))
    paused = stage._claim(upload.upload_id)
    assert paused is not None
    let_the_claim_expire(upload)
    pipeline.stage(upload)

    with pytest.raises(leases.LeaseLost):
        stage._note_progress(paused, Row(77, {}, None, "", 7777), Mark(0, 0))
    with pytest.raises(leases.LeaseLost):
        stage._note_end(paused)
    assert read_again(upload).staged_rows == 1


def test_a_worker_that_is_overtaken_in_the_middle_stops(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = pipeline.send(feed(line(1)))
    real = dynamo.put_records

    def overtaken(items: Any) -> None:
        real(items)
        UploadHistory.objects.update(staging_epoch=99, staging_expires_at="2100-01-01T00:00:00Z")

    monkeypatch.setattr(dynamo, "put_records", overtaken)
    assert stage.stage(upload.upload_id) is None
    assert (read_again(upload).staged_rows, upload.file_rows) == (0, None)
    assert upload.staging_expires_at is not None, "the claim of the other worker stays"


def _raise(error: Exception) -> Any:
    def broken(*_: Any) -> None:
        raise error

    return broken


def test_a_table_that_takes_little_at_a_time_does_not_cost_a_worker_its_upload(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, clock, others = dynamo.put_records, [0.0], list[object]()

    def slowly(items: Any) -> None:
        """Each request takes nine seconds, by our clock and by the lease's; then somebody else asks for the upload."""
        put(items)
        clock[0] += 9
        UploadHistory.objects.update(staging_expires_at=F("staging_expires_at") - timedelta(seconds=9))
        others.append(stage._claim(upload.upload_id))

    monkeypatch.setattr(dynamo, "put_records", slowly)
    monkeypatch.setattr(stage, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    upload = pipeline.send(feed(*(line(n) for n in range(1, 101))))
    assert stage.stage(upload.upload_id, seconds=60) is None

    assert others == [None] * 4
    assert read_again(upload).file_rows == 100


def test_a_file_that_is_gone_fails_the_upload_with_a_reason(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1)))
    storage.delete(upload.storage_key)

    assert stage.stage(upload.upload_id) is None
    assert (read_again(upload).status, upload.failure_code) == ("failed", "file_missing")
    assert "Send it again" in upload.failure_reason


def test_storage_that_is_away_leaves_the_upload_open(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = pipeline.send(feed(line(1)))
    with monkeypatch.context() as away:
        away.setattr(storage, "opened", _raise(storage.StorageUnavailable("no route")))
        with pytest.raises(storage.StorageUnavailable):
            stage.stage(upload.upload_id)
    assert read_again(upload).status == "processing"
    assert stage.stage(upload.upload_id) is None
    assert read_again(upload).file_rows == 1


def test_a_file_that_breaks_off_in_the_middle_is_gone_on_with_and_no_row_is_lost_or_put_twice(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "CHUNK_ROWS", 10)
    monkeypatch.setattr(storage, "BUFFER_BYTES", 1000)
    monkeypatch.setattr(lines, "BLOCK", 1000)
    puts = Puts(monkeypatch)
    content = feed(*(line(n) for n in range(1, 201)))
    upload = pipeline.send(content)
    with breaking_off(content.encode(), 4000), pytest.raises(storage.StorageUnavailable):
        stage.stage(upload.upload_id)

    assert read_again(upload).status == "processing"
    assert 0 < upload.staged_rows < 200
    pipeline.stage(upload)
    assert puts.put == ids(*range(1, 201))
    pipeline.settle()
    assert (read_again(upload).status, upload.inserted_records) == ("completed", 200)


def test_a_row_limit_that_was_lowered_meanwhile_fails_the_upload_with_a_reason(
    pipeline: Pipeline, settings: Any
) -> None:
    upload = pipeline.send(feed(*(line(n) for n in range(1, 6))))
    settings.MAX_FILE_ROWS = 3

    assert stage.stage(upload.upload_id) is None
    assert (read_again(upload).status, upload.failure_code) == ("failed", "too_many_rows")


@pytest.mark.parametrize("status", ["failed", "cancelled", "completed"])
def test_an_upload_that_has_ended_is_not_staged(pipeline: Pipeline, status: str) -> None:
    upload = pipeline.send(feed(line(1)))
    UploadHistory.objects.update(status=status)

    assert stage.stage(upload.upload_id) is None
    assert staged(upload) == {}


def test_an_upload_without_a_file_is_not_staged(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    UploadHistory.objects.create(upload_id="BY-SQL", vendor_id="VEND001", file_name="x.csv")
    woken: list[Any] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: woken.append(call))
    upkeep.tick()

    assert woken == []
    assert stage.stage("BY-SQL") is None


def test_consumers_are_woken_and_a_file_whose_rows_all_have_outcomes_is_handed_on(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(line(1)))
    woken: list[Any] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: woken.append(call))
    monkeypatch.setattr(stream, "rows_on_their_way", lambda: False)
    real = stage._note_end

    def late_end(claim: stage.Claim) -> None:
        pipeline.settle()  # the consumer is through before the end of the file is noted
        real(claim)

    monkeypatch.setattr(stage, "_note_end", late_end)
    stage.stage(upload.upload_id)

    assert woken == [(wakeups.CONSUME_STREAM,), (wakeups.FINISH_UPLOAD, upload.upload_id)]
    assert finish.finish(upload.upload_id) is True


def test_a_stray_record_counted_before_the_end_of_the_file_was_known_blocks_nothing(pipeline: Pipeline) -> None:
    upload = pipeline.send(feed(line(1), line(2)))
    item = {
        "upload_id": {"S": upload.upload_id},
        "record_id": {"S": record_id(9)},
        "vendor_id": {"S": "VEND001"},
        "product_data": {"M": {"sku": {"S": "X"}}},
    }
    dynamo.put_records([item])
    pipeline.settle()
    pipeline.stage(upload)
    pipeline.settle()

    assert (read_again(upload).status, upload.total_records, upload.inserted_records) == ("completed", 3, 2)
    assert ValidationError.objects.values("row_number").distinct().get() == {"row_number": 9}


# --- turns -----------------------------------------------------------------------------------------------------


@pytest.fixture
def short_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Staging may be 20 rows ahead of the consumer, and notes where it is every 10."""
    monkeypatch.setattr(stage, "MAX_AHEAD_ROWS", 20)
    monkeypatch.setattr(stage, "CHUNK_ROWS", 10)


def test_a_pause_is_over_when_its_wake_up_comes() -> None:
    assert stage.HOLD_SECONDS < stage.PAUSE_SECONDS


@pytest.mark.usefixtures("short_lead")
def test_staging_pauses_when_it_is_far_ahead_and_goes_on_when_the_consumer_caught_up(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    puts = Puts(monkeypatch)
    upload = pipeline.send(feed(*(line(n) for n in range(1, 101))))
    assert stage.stage(upload.upload_id) == stage.PAUSE_SECONDS
    assert read_again(upload).staged_rows == 30

    pipeline.settle()
    pipeline.end_pause(upload)
    assert stage.stage(upload.upload_id) == stage.PAUSE_SECONDS
    assert read_again(upload).staged_rows == 60
    pipeline.settle()
    pipeline.end_pause(upload)
    pipeline.stage(upload)
    pipeline.settle()

    assert puts.put == ids(*range(1, 101))
    assert (read_again(upload).status, upload.file_rows, upload.inserted_records) == ("completed", 100, 100)


@pytest.mark.usefixtures("short_lead")
def test_while_the_consumer_is_away_a_turn_changes_nothing_and_leaves_it_to_upkeep_to_come_back(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(feed(*(line(n) for n in range(1, 101))))
    stage.stage(upload.upload_id)
    pipeline.end_pause(upload)
    before = UploadHistory.objects.values().get()
    woken: list[Any] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: woken.append(call))

    assert stage.stage(upload.upload_id) is None
    assert (UploadHistory.objects.values().get(), woken) == (before, [])
    upkeep.tick()
    assert woken == [(wakeups.STAGE_UPLOAD, upload.upload_id)]


@pytest.mark.usefixtures("short_lead")
def test_wake_ups_that_come_in_the_pause_make_no_turns_of_their_own(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "HOLD_SECONDS", 3600.0)
    upload = pipeline.send(feed(*(line(n) for n in range(1, 101))))
    assert stage.stage(upload.upload_id) == stage.PAUSE_SECONDS
    UploadHistory.objects.update(total_records=30, valid_records=30)  # the consumer has caught up

    assert stage.stage(upload.upload_id) is None
    pipeline.end_pause(upload)
    assert stage.stage(upload.upload_id) == stage.PAUSE_SECONDS


@pytest.mark.usefixtures("short_lead")
def test_a_slice_wakes_the_consumer_once(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = pipeline.send(feed(*(line(n) for n in range(1, 101))))
    woken: list[Any] = []
    monkeypatch.setattr(wakeups, "enqueue", lambda *call, **_: woken.append(call))
    stage.stage(upload.upload_id)

    assert read_again(upload).staged_rows == 30, "several chunks"
    assert woken == [(wakeups.CONSUME_STREAM,)]


@pytest.mark.usefixtures("short_lead", "other_vendor")
def test_a_small_file_does_not_wait_for_the_end_of_a_huge_one(pipeline: Pipeline) -> None:
    huge = pipeline.send(feed(*(line(n) for n in range(1, 201))))
    stage.stage(huge.upload_id)
    small = pipeline.send(feed(*(line(n, sku=f"B-{n}") for n in range(1, 11))), "VEND002")
    assert stage.stage(huge.upload_id) is None
    assert stage.stage(small.upload_id) is None
    pipeline.settle()

    assert (read_again(small).status, small.inserted_records) == ("completed", 10)
    assert (read_again(huge).status, huge.total_records, huge.file_rows) == ("processing", 30, None)
    pipeline.end_pause(huge)
    pipeline.stage(huge)
    pipeline.settle()
    assert (read_again(huge).status, huge.inserted_records) == ("completed", 200)


# --- turns of a UTF-16 file, which has to be decoded -----------------------------------------------------------


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[Counted]:
    """The file as each turn of staging has it; a turn is 20 rows, a block 600 bytes."""
    monkeypatch.setattr(stage, "CHUNK_ROWS", 20)
    monkeypatch.setattr(lines, "BLOCK", 600)
    real, files = storage.opened_of, list[Counted]()

    @contextmanager
    def counting(vendor_id: str, key: str) -> Iterator[Counted]:
        with real(vendor_id, key) as file:
            files.append(Counted(file.read()))
        yield files[-1]

    monkeypatch.setattr(storage, "opened_of", counting)
    return files


UTF16 = feed(*(line(n, description="🙂é" * 20) for n in range(1, 201))).encode("utf-16")


def test_each_turn_of_a_utf_16_file_reads_what_it_stages_and_each_row_is_put_once(
    pipeline: Pipeline, turns: list[Counted], monkeypatch: pytest.MonkeyPatch
) -> None:
    puts = Puts(monkeypatch)
    upload = pipeline.send(UTF16)
    while stage.stage(upload.upload_id, seconds=0) is not None:
        pass

    assert puts.put == ids(*range(1, 201))
    assert len(turns) == 11
    assert max(turn.served for turn in turns) < len(UTF16) / 10 + 3 * lines.BLOCK


def test_a_utf_16_upload_that_was_under_way_before_there_were_marks_is_gone_on_with(
    pipeline: Pipeline, turns: list[Counted], monkeypatch: pytest.MonkeyPatch
) -> None:
    puts = Puts(monkeypatch)
    upload = pipeline.send(UTF16)
    for _ in range(5):
        stage.stage(upload.upload_id, seconds=0)
    UploadHistory.objects.update(staged_mark_offset=0, staged_mark_byte=0)
    while stage.stage(upload.upload_id, seconds=0) is not None:
        pass

    assert puts.put == ids(*range(1, 201))
    assert turns[5].served > len(UTF16) / 2
    assert max(turn.served for turn in turns[6:]) < len(UTF16) / 10 + 3 * lines.BLOCK


def test_a_utf_16_file_that_is_staged_again_begins_with_its_first_row(
    pipeline: Pipeline, turns: list[Counted], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.send(UTF16)
    for _ in range(5):
        stage.stage(upload.upload_id, seconds=0)
    client.dynamodb().delete_item(
        TableName=dynamo._table(), Key={"upload_id": {"S": upload.upload_id}, "record_id": {"S": record_id(2)}}
    )
    reconcile.reconcile(upload.upload_id)
    assert (read_again(upload).staged_rows, upload.total_records) == (0, 99)
    assert upload.staged_mark_byte > 0
    puts = Puts(monkeypatch)
    pipeline.stage(upload)

    assert puts.put == ids(*range(1, 201))


# --- requests --------------------------------------------------------------------------------------------------


def grouped(*lines: str) -> list[list[int]]:
    file = io.BytesIO(feed(*lines).encode())
    layout = parser.inspect(file)
    return [[row.number for row in group] for group in staged_rows.in_requests(parser.rows(file, layout), layout)]


def test_a_request_holds_25_rows_in_the_order_of_the_file() -> None:
    assert grouped(*(line(n) for n in range(1, 61))) == [[*range(1, 26)], [*range(26, 51)], [*range(51, 61)]]


@pytest.mark.parametrize("claim", ["sku", "vendor_product_id"])
def test_two_rows_that_claim_the_same_never_share_a_request(claim: str) -> None:
    assert grouped(line(1, **{claim: "X"}), line(2), line(3, **{claim: " X "}), line(4)) == [[1, 2], [3, 4]]


def test_a_product_id_and_a_sku_that_look_alike_may_share_a_request() -> None:
    assert grouped(line(1, sku="X"), line(2, vendor_product_id="X")) == [[1, 2]]


def test_rows_that_claim_nothing_share_a_request() -> None:
    assert grouped(*(line(n, sku="", vendor_product_id=" ") for n in range(1, 11))) == [[*range(1, 11)]]
    assert grouped("too,few", "too,few") == [[1, 2]]


# --- what the table can't hold, what was sent back -------------------------------------------------------------


def test_a_row_too_large_for_an_item_is_an_error_and_the_others_go_on(pipeline: Pipeline, settings: Any) -> None:
    settings.MAX_ROW_CHARS, settings.MAX_CELL_CHARS = 1_000_000, 500_000
    upload = pipeline.run(feed(line(1), line(2, description="あ" * 150_000), line(3, description="x" * 150_000)))

    assert (upload.status, upload.valid_records, upload.error_records) == ("completed", 1, 2)
    too_large, fitting = ValidationError.objects.order_by("row_number")
    assert too_large.error_type == "row_too_long"
    assert too_large.original_data == {"raw": ("P-2 Product 2 Electronics SKU-2 Acme " + "あ" * 2000)[:2000]}
    assert fitting.error_type == "too_long", "nearly as long, but judged cell by cell"


def largest_row() -> Row:
    """The longest that is no error, under the longest IDs."""
    item = encode("U" * 100, "V" * 50, Row(1, {"sku": ""}, None, "", 0), now_iso())
    return Row(1, {"sku": "x" * (staged_rows.MAX_ITEM_BYTES - limits.item_bytes(item))}, None, "", 0)


def test_the_largest_row_leaves_room_for_its_status_and_the_longest_reason(table: str) -> None:
    row = largest_row()
    assert staged_rows._fitting(row) is row
    longer = row._replace(cells={"sku": row.cells["sku"] + "x"})
    assert staged_rows._fitting(longer).problem is not None
    dynamo.put_records([encode("U" * 100, "V" * 50, row, now_iso())])
    update = dynamo.StatusUpdate("U" * 100, record_id(1), "error", "🪔" * 1000)

    assert dynamo.write_statuses([update]) == [None]
    written = dynamo.get_record("U" * 100, record_id(1))
    assert written is not None
    assert limits.why_not(written) is None
    assert written["error_reason"] == {"S": "🪔" * 1000}


def test_names_of_columns_that_numbers_repeat_count_twice() -> None:
    headers = [f"{n}" + "n" * 500 for n in range(450)]
    row = Row(1, dict.fromkeys(headers, "12.50"), None, "", 0)
    assert staged_rows._fitting(row) is row
    too_long = staged_rows._fitting(row._replace(numeric=frozenset(headers)))
    assert too_long.problem is not None
    assert too_long.problem.code == "row_too_long"


def test_a_row_is_an_error_from_the_byte_on_that_is_too_many_however_few_it_has_in_the_file() -> None:
    """In the encoding whose letters grow most in the table, and under long names."""
    names = [HEADER, *(f"n{n}" * 40 for n in range(60))]
    empty = Row(1, dict.fromkeys(",".join(names).split(","), ""), None, "", 0)
    room = staged_rows.MAX_ITEM_BYTES - limits.item_bytes(encode("U" * 100, "V" * 50, empty, now_iso()))
    most = room // 3 - 40
    long = ["™" * (most // 60)] * 59
    rows = [line(1), *(line(n) + "," + ",".join([*long, "™" * (most - 59 * (most // 60) + n)]) for n in range(2, 60))]
    rows[0] += "," * 60
    file = io.BytesIO("\n".join([",".join(names), *rows, ""]).encode("cp1252"))
    layout = parser.inspect(file, reading=parser.Reading(encoding="cp1252"))
    before = list(parser.rows(file, layout))
    sizes = [limits.item_bytes(encode("U" * 100, "V" * 50, row, now_iso())) for row in before]
    assert min(sizes[1:]) < staged_rows.MAX_ITEM_BYTES < max(sizes), "some fit, and some don't"

    staged = list(staged_rows.as_staged(before, layout))
    assert [row.problem is None for row in staged] == [size <= staged_rows.MAX_ITEM_BYTES for size in sizes]


def test_requests_are_as_large_in_the_middle_of_a_huge_file_as_at_its_beginning() -> None:
    file = io.BytesIO(feed(*(line(n) for n in range(1, 61))).encode())
    layout = parser.inspect(file)
    rows = [row._replace(end=row.end + 10**9) for row in parser.rows(file, layout)]
    assert [len(group) for group in staged_rows.in_requests(rows, layout)] == [25, 25, 10]


def test_requests_keep_below_16_mb_however_much_their_json_adds() -> None:
    bell = "\a" * 99_000  # each is written \u0007
    rows = [line(n, product_name=bell, brand=bell, description=bell) for n in range(1, 60)]
    file = io.BytesIO(feed(*rows).encode())
    layout = parser.inspect(file)
    groups = list(staged_rows.in_requests(parser.rows(file, layout), layout))
    assert [row.number for group in groups for row in group] == [*range(1, 60)]
    sizes = [len(json.dumps([encode("U" * 100, "V" * 50, row, now_iso()) for row in group])) for group in groups]
    assert max(sizes) < limits.REQUEST_BYTES
    assert max(sizes) > limits.REQUEST_BYTES // 2, "and not needlessly small"


@pytest.mark.parametrize("without", ["", "line_number"], ids=["", "from before there were lines"])
def test_guarded_cells_of_an_error_report_are_taken_as_they_were(pipeline: Pipeline, without: str) -> None:
    added = [name for name in REPORT_COLUMNS if name != without]
    guarded = line(1, product_name="'=Lamp")
    pipeline.run(",".join([HEADER, *added]) + f"\n{guarded}" + ",1" * len(added))

    assert Product.objects.get().product_name == "=Lamp"


def test_a_column_that_a_vendor_calls_line_number_does_not_make_the_file_an_error_report(pipeline: Pipeline) -> None:
    pipeline.run(f"{HEADER},line_number\n" + line(1, product_name="'=Lamp") + ",1")

    assert Product.objects.get().product_name == "'=Lamp"


def test_an_apostrophe_in_any_other_file_is_left_alone(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1, product_name="'=Lamp")))

    assert Product.objects.get().product_name == "'=Lamp"
