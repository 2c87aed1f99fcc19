"""The table is read for records that no stream has shown: once, in slices, by one worker, at a stated rate."""

import io
from collections import Counter
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Product
from tests.conftest import Pipeline
from tests.faults.scripted import ScriptedStream, image
from uploads.aws import dynamo
from uploads.models import RecordOutcome, StreamShard, TableStream, UploadHistory
from uploads.pipeline import reconcile as reconcile_module
from uploads.pipeline import shards, stream
from uploads.pipeline.reconcile import reconcile
from uploads.pipeline.table import continuity, scan

BEHIND = {"upload_id": {"S": "UP-1"}, "record_id": {"S": "REC_0000500"}}


@pytest.fixture
def scripted(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> ScriptedStream:
    """A stream with one shard that never had anything, whatever is put into the table."""
    scripted = ScriptedStream()
    scripted.install(monkeypatch)
    scripted.put("s1")
    return scripted


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Answers to scans, one after the other; returns the positions that were asked for, and the limits."""

    def script(*answers: Any) -> list[tuple[Any, int]]:
        asked, left = list[tuple[Any, int]](), iter(answers)

        def page(position: Any, limit: int = 0) -> dynamo.ScanPage:
            asked.append((position, limit))
            answer = next(left)
            if isinstance(answer, Exception):
                raise answer
            return answer if isinstance(answer, dynamo.ScanPage) else dynamo.ScanPage([], answer, 500, 0)

        monkeypatch.setattr(dynamo, "scan_pending", page)
        return asked

    return script


def table() -> TableStream:
    return TableStream.objects.get()


def test_records_that_stood_in_the_table_before_its_stream_are_found_and_nothing_is_in_doubt_after(
    scripted: ScriptedStream,
) -> None:
    dynamo.put_records(
        [*map(image, range(1, 4)), image(4, price="free"), image(5, vendor_id="NOBODY", upload_id="UP-2")]
    )
    shards.discover()
    assert (table().doubted_at is not None, table().continuous_since) == (True, None)
    assert scan.is_due()

    assert not scan.go_on()

    assert Counter(RecordOutcome.objects.values_list("outcome", flat=True)) == {"inserted": 3, "error": 2}
    found = table()
    assert (found.scan_examined, found.scan_found) == (5, 5)
    assert (found.doubted_at, found.continuous_since) == (None, found.scan_from)
    assert [item["status"]["S"] for item in dynamo.query_upload("UP-1")] == ["validated"] * 3 + ["error"]
    assert not scan.is_due()
    assert not scan.go_on(pause=0), "nothing is in doubt"


def test_what_has_an_outcome_already_is_not_counted_and_keeps_it(scripted: ScriptedStream) -> None:
    dynamo.put_records([image(1), image(2)])
    scripted.put("s1", image(1))
    while stream.consume():
        pass
    dynamo.put_records([image(1)])  # as if its status had never been written
    scan.go_on()

    assert (RecordOutcome.objects.count(), Product.objects.count(), table().scan_found) == (2, 2, 1)
    assert UploadHistory.objects.get().total_records == 2


def test_a_reading_that_was_cut_off_goes_on_where_it_stopped(scripted: ScriptedStream, pages: Any) -> None:
    shards.discover()
    asked = pages(BEHIND, dynamo.Unavailable("throttled"), None)
    assert scan.go_on(seconds=-1), "at least one page"
    with pytest.raises(dynamo.Unavailable):
        scan.go_on()
    assert not scan.go_on()

    assert [position for position, _ in asked] == [None, BEHIND, BEHIND]
    assert table().scan_examined == 1000
    assert table().doubted_at is None


def test_only_one_worker_reads(scripted: ScriptedStream, pages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shards.discover()
    asked = pages(BEHIND, BEHIND, None)

    def other_worker(seconds: float) -> None:
        assert not scan.is_due()
        assert not scan.go_on(), "somebody is at it"

    scan.go_on(sleep=other_worker)
    assert len(asked) == 3


def test_a_worker_that_was_paused_and_overtaken_notes_nothing_and_says_so_in_a_line(
    scripted: ScriptedStream, pages: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shards.discover()
    pages(BEHIND, BEHIND, {**BEHIND, "late": {"S": "1"}}, None)

    def paused(seconds: float) -> None:
        TableStream.objects.update(scan_expires_at="2000-01-01T00:00:00Z")
        assert scan.go_on(seconds=-1)

    assert not scan.go_on(sleep=paused)
    assert caplog.messages[-1] == "The reading of the table was taken over by another worker"
    assert table().scan_position is not None
    assert "late" not in str(table().scan_position)


def test_a_page_with_thousands_that_wait_is_held_for_as_long_as_it_takes(
    scripted: ScriptedStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamo.put_records([*map(image, range(1, 4))])
    shards.discover()
    monkeypatch.setattr(reconcile_module, "CHUNK", 1)
    free, commit = list[bool](), reconcile_module.commit

    def slow(chunk: Any) -> None:
        commit(chunk)
        free.append(scan.is_due())
        TableStream.objects.update(scan_expires_at="2000-01-01T00:00:00Z")  # so long this chunk took

    monkeypatch.setattr(reconcile_module, "commit", slow)
    assert not scan.go_on()
    assert free == [False, False, False], "behind each it is held anew"


def test_what_comes_into_doubt_during_a_reading_needs_one_of_its_own(scripted: ScriptedStream, pages: Any) -> None:
    shards.discover()
    pages(BEHIND, None, None)
    StreamShard.objects.update(gap_reason="trimmed", gap_found_at="2020-01-01T00:00:00Z")
    later = StreamShard.objects.create(
        stream_arn="later", shard_id="later", state="drained", gap_reason="gone", gap_found_at="2099-01-01T00:00:00Z"
    )
    assert scan.go_on(seconds=-1)
    continuity.doubt(scripted.arn, "Meanwhile.")

    assert scan.go_on(), "there is more to read"
    assert (table().continuous_since, table().doubt) == (None, "Meanwhile.")
    assert not scan.is_due(), "not at once"
    assert not scan.go_on(pause=0)
    assert table().continuous_since is not None
    later.refresh_from_db()
    assert later.gap_healed_at is None
    assert StreamShard.objects.get(shard_id="s1").gap_healed_at is not None


@pytest.mark.parametrize(
    ("setting", "provisioned", "rate"), [(1000, 0, 1000), (1000, 500, 250), (100, 500, 100), (100, 1, 1)]
)
def test_it_takes_no_more_read_units_a_second_than_are_stated(
    scripted: ScriptedStream, pages: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, setting: int,
    provisioned: int, rate: int,
) -> None:  # fmt: skip
    settings.SCAN_READ_UNITS = setting
    monkeypatch.setattr(dynamo, "provisioned_reads", lambda: provisioned)
    shards.discover()
    asked = pages(dynamo.ScanPage([], BEHIND, 10, 2000.0), None)
    waits = list[float]()
    scan.go_on(seconds=1000, sleep=waits.append)

    assert asked[0] == (None, rate * scan.RECORDS_A_UNIT)
    assert waits == [pytest.approx(2000 / rate, rel=0.2)]


def test_while_the_stream_is_off_the_table_is_read_again_and_again(scripted: ScriptedStream, caplog: Any) -> None:
    shards.discover()
    scan.go_on()
    scripted.on = False
    for number in (1, 2):
        shards.discover()
        shards.discover()
        dynamo.put_records([image(number)])
        assert not scan.is_due(), "a minute lies between"
        TableStream.objects.update(scan_ended_at="2000-01-01T00:00:00Z")
        scan.go_on()
        assert Product.objects.count() == number
    assert [line for line in caplog.messages if "is off" in line] == [
        "The table’s stream is off: turn it on with view type NEW_IMAGE. The table is read for it."
    ]


def test_a_table_without_a_stream_is_read_too(scripted: ScriptedStream) -> None:
    scripted.arn, scripted.on = "", False
    dynamo.put_records([image(1)])
    with pytest.raises(dynamo.StreamGone, match="Turn it on"):
        stream.consume()
    scan.go_on()
    assert Product.objects.count() == 1


# --- by hand ---------------------------------------------------------------------------------------------------


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("reconcile", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_reads_the_whole_table_whatever_the_stream_is_known_to_have_shown(scripted: ScriptedStream) -> None:
    shards.discover()
    scan.go_on()
    dynamo.put_records([image(1), image(2, price="free")])
    assert "The table has 2 records; 2 wait for an outcome: they would be validated" in said("--table", "--dry-run")
    assert not RecordOutcome.objects.exists()

    assert "2 records were looked at; 2 had waited and have an outcome now." in said("--table")
    assert Counter(RecordOutcome.objects.values_list("outcome", flat=True)) == {"inserted": 1, "error": 1}
    assert "0 wait for an outcome: nothing to do" in said("--table", "--dry-run")
    assert table().doubted_at is None


def test_an_upload_that_only_the_table_knows_is_adopted(scripted: ScriptedStream) -> None:
    dynamo.put_records([image(1), image(2)])
    shown = said("UP-1", "--dry-run")
    assert "UP-1: known to the table only" in shown
    assert "2 records are validated and committed" in shown
    assert not UploadHistory.objects.exists()

    said("UP-1")
    upload = UploadHistory.objects.get()
    assert (upload.status, upload.valid_records, Product.objects.count()) == ("completed", 2, 2)
    assert reconcile("UP-1", dry_run=True).agrees


def test_records_of_a_vendor_that_nobody_knows_get_their_reason(scripted: ScriptedStream) -> None:
    dynamo.put_records([image(1, vendor_id="NOBODY")])
    said("UP-1")
    assert [item["status"]["S"] for item in dynamo.query_upload("UP-1")] == ["error"]
    assert not UploadHistory.objects.exists()


def test_an_upload_that_nobody_knows_is_said_in_a_sentence(scripted: ScriptedStream) -> None:
    with pytest.raises(CommandError, match="There is no upload UP-9, and the table has no record of it"):
        said("UP-9")
    with pytest.raises(CommandError, match="Name an upload or give --table"):
        said("UP-9", "--table")


def test_a_glance_tells_what_has_waited_for_long(scripted: ScriptedStream) -> None:
    old = {"created_at": {"S": "2020-01-01T00:00:00.000Z"}}
    new = {"created_at": {"S": "2999-01-01T00:00:00.000Z"}}
    dynamo.put_records([image(1) | old, image(2) | new, image(3)])
    assert scan.glance() == scan.Glance(3, 2, "2020-01-01T00:00:00.000Z", whole=True)
    shards.discover()
    scan.go_on()
    assert scan.glance() == scan.Glance(3, 0, "", whole=True)
