"""The kinds of errors of an upload: counted as far as it is worth it, and never by reading all of them."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.corrections import error_rows
from uploads.insight import progress
from uploads.models import UploadHistory, ValidationError


@pytest.fixture
def upload(pipeline: Pipeline) -> UploadHistory:
    wrong = [line(number, price="x") for number in range(1, 5)]
    return pipeline.run(feed(*wrong, line(5, category="Boks"), line(6, price="x", sku="", product_name="")))


def found(upload: UploadHistory) -> list[tuple[str, int, int, bool]]:
    return [(kind.code, kind.rows, kind.row_number, kind.more) for kind in error_rows.kinds(upload)]


def test_rows_are_counted_once_and_the_first_is_the_example(upload: UploadHistory) -> None:
    expected = [("invalid_price", 5, 1, False), ("missing_value", 1, 6, False), ("unknown_category", 1, 5, False)]
    assert found(upload) == expected


def test_of_many_rows_it_is_said_that_they_are_more(upload: UploadHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "COUNTED", 5)
    assert found(upload)[0] == ("invalid_price", 5, 1, False)
    monkeypatch.setattr(progress, "COUNTED", 3)
    assert found(upload)[0] == ("invalid_price", 3, 1, True)


def test_pages_of_an_upload_count_no_further_and_programs_get_exact_numbers(upload: UploadHistory) -> None:
    capped = [(kind.code, kind.count, kind.more) for kind in progress.of(upload.pk, most=3).errors]
    assert capped == [("invalid_price", 3, True), ("missing_value", 1, False), ("unknown_category", 1, False)]
    exact = [(kind.code, kind.count, kind.more) for kind in progress.of(upload.pk).errors]
    assert exact == [("invalid_price", 5, False), ("missing_value", 1, False), ("unknown_category", 1, False)]


def test_an_upload_without_errors_has_no_kinds(upload: UploadHistory) -> None:
    ValidationError.objects.filter(upload=upload).delete()
    assert found(upload) == []


def test_the_kinds_and_a_page_of_rows_are_read_by_their_indexes(upload: UploadHistory) -> None:
    """Beside another upload's: of the few rows of one alone any index that begins with uploads costs as little."""
    other = UploadHistory.objects.create(upload_id="OTHER", vendor=upload.vendor, file_name="other.csv")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO validation_errors (upload_id, vendor_id, record_id, row_number, error_type, error_message)"
            " SELECT %s, vendor_id, 'R' || n, n, error_type, '' FROM validation_errors, generate_series(1, 500) n",
            [other.pk],
        )
        cursor.execute(
            "INSERT INTO record_outcomes (upload_id, record_id, row_number, upload_sequence, vendor_id, outcome,"
            " error_reason) SELECT %s, 'R' || n, n, %s, %s, 'error', '-' FROM generate_series(1, 2000) n",
            [other.pk, other.sequence, other.vendor_id],
        )
        cursor.execute("ANALYZE validation_errors, record_outcomes")
    with CaptureQueriesContext(connection) as captured:
        error_rows.kinds(upload)
        error_rows.page(upload, "invalid_price")
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_bitmapscan = off")
        try:
            plans = [_plan(cursor, query["sql"]) for query in captured if "validation_errors" in query["sql"]]
        finally:
            cursor.execute("RESET enable_seqscan")
            cursor.execute("RESET enable_bitmapscan")
    assert len(plans) == 3
    assert ["idx_validation_errors_kind" in plan for plan in plans[:2]] == [True, True]
    assert "record_outcomes_key" in plans[2]


def _plan(cursor: Any, sql: str) -> str:
    cursor.execute(f"EXPLAIN {sql}")
    return "\n".join(row[0] for row in cursor.fetchall())
