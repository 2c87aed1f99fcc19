"""What others do while a file is tried or held: programs that put records under its ID, files before and behind it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.pipeline.holding.seen import put, statuses, tick
from uploads.insight import progress
from uploads.models import Job, RecordOutcome, UploadHistory
from uploads.pipeline import finish, stage
from uploads.pipeline.guard import facts, hold
from uploads.pipeline.guard.measured import Measured, Part
from uploads.pipeline.receive import Options
from uploads.portal import progress as portal_progress
from uploads.work import wakeups

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


# --- files that were sent before -------------------------------------------------------------------------------


def offers(stock_quantity: int) -> str:
    rows = "".join(f"SKU-{number},{stock_quantity}\n" for number in range(1, ROWS + 1))
    return f"sku,stock_quantity\n{rows}"


def as_they_come(pipeline: Pipeline, *uploads: UploadHistory) -> None:
    """Workers are at all of them at once."""
    for _ in range(2):
        for upload in uploads:
            pipeline.guard(upload)
            stage.stage(upload.pk)
        pipeline.settle()
    for upload in uploads:
        upload.refresh_from_db()


def test_a_stock_list_sent_right_behind_the_first_file_is_not_held_for_products_on_their_way(
    pipeline: Pipeline,
) -> None:
    first, second = pipeline.send(listed()), pipeline.send(offers(4))
    as_they_come(pipeline, first, second)
    assert (second.guard, second.status, second.updated_records) == ("passed", "completed", ROWS)


def test_one_that_empties_the_stocks_of_products_on_their_way_is_held(pipeline: Pipeline) -> None:
    first, second = pipeline.send(listed()), pipeline.send(listed(stock_quantity="0"))
    as_they_come(pipeline, first, second)
    assert (first.status, second.status) == ("completed", "held")
    assert stock() == 5


def test_a_file_whose_check_waits_for_one_before_it_says_so(stocked: Pipeline) -> None:
    stocked.send(listed(price="9.49"), name="first.csv")
    second = stocked.send(listed())
    stocked.guard(second)
    assert progress.of(second.pk).sentence.startswith("Waiting for “first.csv”")
    assert "“first.csv”" in portal_progress.headline(second)
    UploadHistory.objects.filter(pk=second.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    stocked.guard(second)
    second.refresh_from_db()
    assert second.guard == "passed", "a huge file holds no small one up for ever"


def test_the_next_one_is_woken_when_it_is_its_turn(stocked: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (stocked.send(listed(stock_quantity="0")) for _ in range(3))
    woken = list[object]()
    monkeypatch.setattr(wakeups, "enqueue", lambda task, *ids, **_: woken.extend([task, *ids]))
    next_ones = Job.objects.filter(upload=second).get(), Job.objects.filter(upload=third).get()
    stocked.guard(first)
    first.refresh_from_db()
    assert first.status == "held"
    assert woken == [wakeups.RUN_JOB, next_ones[0].pk]
    finish.cancel(second.pk)
    assert wakeups.RUN_JOB in woken[2:]


def test_a_preview_made_while_an_older_file_is_under_way_is_not_the_last_word(stocked: Pipeline) -> None:
    """The catalog is still as it was when the preview was made, and won't be when the file is staged."""
    stocked.send(listed(price="9.49"))
    trial = hold.Trial(Measured(rows=ROWS, parts={"": Part(touched=ROWS)}), facts.generation("VEND001"))
    second = stocked.send(listed(), options=Options(trial=trial))
    assert second.guard == "due"


def test_a_preview_that_tried_only_the_first_rows_is_not_the_last_word_either(stocked: Pipeline) -> None:
    trial = hold.Trial(Measured(rows=1, cut_short=True), facts.generation("VEND001"))
    assert stocked.send(listed(), options=Options(trial=trial)).guard == "due"
