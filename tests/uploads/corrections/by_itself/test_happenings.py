"""What happens is noticed whoever does it, looked at in slices, and turned into one retry of each row."""

from typing import Any

import pytest
from django.db import transaction

from catalog import committer
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.uploads.corrections.by_itself.waiting import (
    a_while_later,
    by_sql,
    counts,
    go_on,
    open_errors,
    retried,
    sql,
)
from uploads import tasks
from uploads.corrections import happenings, retry
from uploads.models import Happening, Job, RecordOutcome
from uploads.work import jobs
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("wanted")


# --- noticed in the transaction that makes it so -------------------------------------------------------------------


def test_what_is_rolled_back_never_happened(pipeline: Pipeline) -> None:
    with transaction.atomic():
        by_sql()
        transaction.set_rollback(True)
    assert not Happening.objects.exists()


def test_an_update_that_leaves_the_sku_as_it_is_notes_nothing(pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    pipeline.run(feed(line(1, price="1.00")))
    sql("UPDATE products SET stock_quantity = 7, sku = sku")
    sql("UPDATE vendors SET status = 'active', city = 'Bonn'")
    sql("UPDATE product_categories SET is_active = true, parent_category = NULL")
    assert not Happening.objects.exists()


def test_a_row_that_was_judged_before_and_committed_after_the_first_look_is_found_by_the_second(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = committer.lock_vendors

    def opened_meanwhile(vendor_ids: Any) -> committer.Locks:
        monkeypatch.setattr(committer, "lock_vendors", lock)
        by_sql()
        return lock(vendor_ids)

    monkeypatch.setattr(committer, "lock_vendors", opened_meanwhile)
    upload = pipeline.send(feed(line(1, category="Garden Gnomes")))
    pipeline.stage(upload)
    pipeline.settle()
    happened = Happening.objects.get()
    Happening.objects.update(looked_at=happened.happened_at, looks=1)  # as if the first look had been in between

    go_on()

    assert counts(upload) == (1, 1, 0)
    assert not Happening.objects.exists()


def test_the_second_look_leaves_alone_what_was_retried_since_the_first_and_failed_again(
    pipeline: Pipeline, other_vendor: Vendor
) -> None:
    pipeline.run(feed(line(9, sku="SKU-1")), "VEND002")
    upload = pipeline.run(feed(line(1)))
    sql("DELETE FROM products")
    tasks.retry_waiting()
    pipeline.run(feed(line(9, sku="SKU-1")), "VEND002")
    go_on()
    assert open_errors(upload) == [(1, "sku_taken", 2)]

    sql("DELETE FROM products")
    Happening.objects.filter(looks=0).delete()  # only the first one is looked at, whose SKU is free once more
    a_while_later()

    assert go_on() == []
    assert open_errors(upload) == [(1, "sku_taken", 2)]


# --- bounds, and kills ---------------------------------------------------------------------------------------------


def test_a_million_waiting_rows_would_be_taken_in_slices(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked for more rows, values or happenings at a time than the bounds say."""
    monkeypatch.setattr(retry, "SLICE_ROWS", 3)
    monkeypatch.setattr(happenings, "VALUES", 2)
    monkeypatch.setattr(happenings, "VALUES_OF_A_JOB", 2)
    monkeypatch.setattr(happenings, "GROUP", 1)
    monkeypatch.setattr(happenings, "MOST_JOBS", 2)
    spellings = ["garden gnomes", "garden  gnomes", "garden   gnomes", "garden    gnomes", "other"]
    uploads = [
        pipeline.run(feed(*(line(100 * n + i, category=one) for i, one in enumerate(spellings)))) for n in range(3)
    ]
    by_sql()
    slices: list[int] = []
    commit = retry.new_attempts

    def counted(rows: Any, *more: Any) -> Any:
        slices.append(len(rows))
        return commit(rows, *more)

    monkeypatch.setattr(retry, "new_attempts", counted)

    most = 0
    for _ in range(20):
        tasks.retry_waiting()
        most = max(most, len(jobs.unattended()))
        go_on()
        a_while_later()

    assert [counts(upload) for upload in uploads] == [(5, 4, 1)] * 3
    assert most == 2
    assert max(slices) <= 3
    assert sum(slices) == 12
    assert not Happening.objects.exists()


@pytest.mark.parametrize("kill_at", range(1, 7))
def test_whatever_is_killed_each_row_is_retried_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> None:
    monkeypatch.setattr(retry, "SLICE_ROWS", 2)
    upload = pipeline.run(feed(*(line(number, category="Garden Gnomes") for number in range(1, 6))))
    by_sql()
    advance, note, calls = jobs.advance, happenings._note, [0]

    def killed(do: Any) -> Any:
        def once(*arguments: Any, **named: Any) -> Any:
            do(*arguments, **named)
            calls[0] += 1
            if calls[0] == kill_at:
                raise KeyboardInterrupt

        return once

    monkeypatch.setattr(jobs, "advance", killed(advance))
    monkeypatch.setattr(happenings, "_note", killed(note))
    for _ in range(6):
        try:
            go_on()
        except KeyboardInterrupt:
            sql("UPDATE jobs SET expires_at = '2026-01-01' WHERE expires_at IS NOT NULL")  # its lease runs out

    assert counts(upload) == (5, 5, 0)
    assert [attempt for _, attempt, *_ in retried()] == [2] * 5
    assert RecordOutcome.objects.count() == 10
    assert Job.objects.filter(state="done").count() == Job.objects.count() == 1
