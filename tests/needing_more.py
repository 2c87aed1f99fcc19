"""Tests that need more than PostgreSQL, whether or not they say so: not part of any run but those of test_quick.py."""

import pytest

from config.embedded import processes, services
from uploads.aws import dynamo
from uploads.work import wakeups


def test_that_needs_no_more() -> None:
    assert [name for name in processes.state() if processes.running_process(name)] == ["postgres"]


def test_that_asks_for_a_table(table: str) -> None:
    raise AssertionError("it must be left out")


def test_that_asks_for_redis(broker: None) -> None:
    raise AssertionError("it must be left out")


def test_that_wakes_a_worker_without_a_word() -> None:
    wakeups.enqueue(wakeups.CONSUME_STREAM)


def test_that_is_content_with_an_aws_that_is_away() -> None:
    with pytest.raises(dynamo.Unavailable):
        dynamo.get_record("U", "R")


def test_that_starts_what_is_missing() -> None:
    services.start_backing()


def test_that_comes_after_them_and_needs_no_more() -> None:
    assert [name for name in processes.state() if processes.running_process(name)] == ["postgres"]
