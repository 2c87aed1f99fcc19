"""Where an upload stands, in numbers and words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from uploads.insight import progress
from uploads.models import UploadHistory, ValidationError
from vendors.models import Vendor


@pytest.fixture
def upload(vendor: Vendor) -> UploadHistory:
    """An upload that has just been opened."""
    return UploadHistory.objects.create(upload_id="UPLOAD_1", vendor=vendor, file_name="feed.csv", file_size=1000)


def _changed(upload: UploadHistory, **facts: Any) -> progress.Progress:
    UploadHistory.objects.filter(pk=upload.pk).update(**facts)
    return progress.of(upload.upload_id)


def _error(upload: UploadHistory, row: int, kind: str, **more: Any) -> None:
    ValidationError.objects.create(
        upload=upload, vendor=upload.vendor, row_number=row, error_type=kind, error_message=f"{kind} in {row}",
        suggestion=f"Correct {row}", **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "fraction", "sentence"),
    [
        ({}, 0.0, "Reading the file: 0 rows read, 0 checked."),
        ({"staged_rows": 1500}, 0.0, "Reading the file: 1,500 rows read, 0 checked."),
        # Half of the file is read, and half of what was read has an outcome.
        (
            {"staged_rows": 20, "staged_offset": 500, "total_records": 10, "valid_records": 10},
            0.25,
            "Reading the file: 20 rows read, 10 checked.",
        ),
        (
            {"file_rows": 4000, "staged_rows": 4000, "total_records": 1000, "error_records": 1000},
            0.25,
            "Checking: 1,000 of 4,000 rows are checked.",
        ),
        (
            {"source": "dynamodb", "file_size": None, "total_records": 7, "valid_records": 7},
            0.0,
            "Checking: 7 rows are checked.",
        ),
        (
            {
                "status": "completed",
                "file_rows": 1234,
                "total_records": 1234,
                "valid_records": 1230,
                "error_records": 4,
            },
            1.0,
            "1,230 rows were right, 4 rows need you.",
        ),
        ({"status": "cancelled"}, 1.0, "Cancelled: 0 valid, 0 with errors."),
        (
            {"status": "failed", "failure_reason": "The stored file is gone. Send it again."},
            1.0,
            "The stored file is gone. Send it again.",
        ),
    ],
)
def test_progress_in_a_number_and_a_sentence(
    upload: UploadHistory, facts: dict[str, Any], fraction: float, sentence: str
) -> None:
    state = _changed(upload, **facts)
    assert state.fraction == fraction
    assert state.sentence == sentence
    assert state.ended is (facts.get("status") is not None)


def test_the_estimate_never_passes_the_whole(upload: UploadHistory) -> None:
    state = _changed(upload, staged_rows=10, staged_offset=1003, total_records=10, valid_records=10)
    assert state.fraction == 1.0
    assert not state.ended


def test_an_upload_that_ended_keeps_its_duration(upload: UploadHistory) -> None:
    opened = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)
    state = _changed(upload, created_at=opened, completed_at=opened + timedelta(seconds=12.344), status="completed")
    assert state.seconds == 12.344
    assert state.as_json()["seconds"] == 12.34


def test_one_that_goes_on_counts_until_now(upload: UploadHistory) -> None:
    state = _changed(upload, created_at=datetime.now(UTC) - timedelta(hours=1))
    assert state.seconds >= 3600


def test_kinds_of_error_come_most_frequent_first_with_the_earliest_row_as_example(upload: UploadHistory) -> None:
    for row, kind in [(9, "sku_taken"), (3, "sku_taken"), (5, "invalid_price"), (4, "missing_value")]:
        _error(upload, row, kind)
    assert progress.error_kinds(upload) == (
        progress.ErrorKind("sku_taken", 2, 3, None, "sku_taken in 3", "Correct 3"),
        progress.ErrorKind("invalid_price", 1, 5, None, "invalid_price in 5", "Correct 5"),
        progress.ErrorKind("missing_value", 1, 4, None, "missing_value in 4", "Correct 4"),
    )


def test_resolved_errors_and_those_of_other_uploads_do_not_count(upload: UploadHistory) -> None:
    other = UploadHistory.objects.create(upload_id="UPLOAD_2", vendor=upload.vendor, file_name="f")
    _error(upload, 1, "invalid_price", resolved_at=datetime.now(UTC))
    _error(other, 2, "invalid_price")
    assert progress.of("UPLOAD_1").errors == ()
    assert progress.of("UPLOAD_1").as_json()["errors_by_type"] == {}
    assert progress.of("UPLOAD_2").as_json()["errors_by_type"] == {"invalid_price": 1}


@pytest.mark.django_db
def test_an_upload_that_does_not_exist_has_no_progress() -> None:
    with pytest.raises(UploadHistory.DoesNotExist):
        progress.of("UPLOAD_NONE")
