"""What others do while a file is tried or held: programs that put records under its ID, files before and behind it."""

import pytest

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.pipeline.holding.seen import put, statuses, tick
from uploads.models import RecordOutcome, UploadHistory
from uploads.pipeline import finish
from uploads.pipeline.guard import hold

ROWS = 30
MINE = {"sku": "SKU-1", "stock_quantity": "9"}


def listed(rows: int = ROWS, **changes: str) -> str:
    return feed(*(line(number, **changes) for number in range(1, rows + 1)))


@pytest.fixture
def stocked(pipeline: Pipeline) -> Pipeline:
    pipeline.run(listed())
    return pipeline


def stock(sku: str = "SKU-1") -> int:
    return Product.objects.get(sku=sku).stock_quantity


def put_under(upload: UploadHistory, pipeline: Pipeline) -> None:
    """As a program puts a record for a row of a file that isn't staged yet."""
    put(1, upload_id=upload.pk, **MINE)
    pipeline.settle()


# --- records under the ID of a file ----------------------------------------------------------------------------


def test_a_record_that_a_program_puts_under_a_held_file_waits_with_it(stocked: Pipeline) -> None:
    upload = stocked.run(listed(stock_quantity="0"))
    put_under(upload, stocked)
    tick()
    assert (stock(), statuses(upload.pk)) == (5, ["pending_validation"])
    assert not RecordOutcome.objects.filter(upload_id=upload.pk).exists()

    hold.release(upload, None)
    tick()
    assert stock() == 9, "it was there first"
    stocked.stage(upload)
    stocked.settle()
    upload.refresh_from_db()
    assert (upload.status, upload.updated_records, upload.withheld_from) == ("completed", ROWS, None)
    assert (stock(), stock("SKU-2")) == (9, 0)


def test_one_under_a_file_that_is_being_tried_waits_for_the_end_of_that(stocked: Pipeline) -> None:
    upload = stocked.send(listed(stock_quantity="4"))
    put_under(upload, stocked)
    tick()
    assert (stock(), statuses(upload.pk)) == (5, ["pending_validation"])
    stocked.guard(upload)
    tick()
    assert stock() == 9


def test_one_under_a_held_file_that_is_cancelled_counts_nowhere(stocked: Pipeline) -> None:
    upload = stocked.run(listed(stock_quantity="0"))
    put_under(upload, stocked)
    finish.cancel(upload.pk)
    tick()
    assert (stock(), statuses(upload.pk)) == (5, ["error"])
    upload.refresh_from_db()
    assert (upload.total_records, upload.withheld_from) == (0, None)
