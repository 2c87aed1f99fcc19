"""Which upload a record belongs to, and which it doesn't."""

from collections.abc import Callable, Sequence

import pytest
from django.db import connection

from catalog.models import Product
from tests.uploads.pipeline.commit.records import ERP, code_of, file_upload, outcomes, record
from uploads.aws.records import Record
from uploads.models import StreamShard, UploadHistory, ValidationError
from uploads.pipeline import commit, judge
from uploads.pipeline.commit import Checkpoint, commit_batch, commit_isolating
from uploads.pipeline.judge import Judged
from uploads.work import leases
from uploads.work.leases import Lease
from vendors.models import Vendor


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
    "an id of another kind": lambda: record(2, "UPLOAD_1")._replace(record_id="row-2"),
    "row 0": lambda: record(0, "UPLOAD_1"),
    "an id too long to be a row's": lambda: record(1, "UPLOAD_1")._replace(record_id="REC_00000000001"),
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS)
def test_a_record_put_beside_the_rows_of_a_file_is_an_uncounted_error(
    shard: StreamShard, stray: Callable[[], Record]
) -> None:
    file_upload(rows=3)
    committed = commit_isolating(
        [stray(), *(record(n, "UPLOAD_1") for n in (1, 2, 3))], Checkpoint(Lease(leases.SHARD, shard.id, 3), "200")
    )

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

    monkeypatch.setattr(commit, "judge", judged_before_the_end)
    commit_isolating([record(n, "UPLOAD_1") for n in (1, 9, 2)])

    assert outcomes() == {"REC_0000001": "inserted", "REC_0000009": "error", "REC_0000002": "inserted"}
    assert UploadHistory.objects.get().total_records == 2


def test_the_row_number_of_a_files_row_is_that_of_its_id() -> None:
    file_upload(rows=3)
    commit_batch([record(2, "UPLOAD_1", price="free")._replace(row_number=77)])

    assert ValidationError.objects.get().row_number == 2


def test_an_upload_opened_by_plain_sql_takes_any_record() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO upload_history (upload_id, vendor_id, file_name) VALUES ('BY-HAND', 'VEND001', 'x.csv')"
        )
    commit_batch([record(1, "BY-HAND")._replace(record_id="anything")])

    assert UploadHistory.objects.get().valid_records == 1
