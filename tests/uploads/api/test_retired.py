"""Programs send lists of prices and whole catalogs, and read what was retired, or why nothing was."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from tests.jobs import run_jobs
from tests.uploads.api.test_feeds import FEEDS, announce, kind, send, sent, state
from uploads.models import Feed, UploadHistory
from uploads.programs import take

FIVE = feed(*map(line, range(1, 6)))


@pytest.fixture
def through(pipeline: Pipeline) -> Callable[[str], UploadHistory]:
    """Takes a feed all the way, as workers do."""

    def taken(feed_id: str) -> UploadHistory:
        take.take(feed_id)
        upload = UploadHistory.objects.get(pk=feed_id)
        pipeline.guard(upload)
        pipeline.stage(upload)
        pipeline.settle()
        upload.refresh_from_db()
        return upload

    return taken


def products(program: Client, **asked: str) -> list[tuple[str, str]]:
    found = program.get("/api/v1/products", asked).json()["products"]
    return [(one["vendor_product_id"], one["status"]) for one in found]


def test_a_whole_catalog_retires_what_it_lacks_and_says_how_many(
    program: Client, pipeline: Pipeline, through: Callable[[str], UploadHistory]
) -> None:
    pipeline.run(FIVE)
    feed_id = sent(program, feed(*map(line, range(1, 5))), mode="replace", rows="4")
    through(feed_id)
    found = state(program, feed_id)
    assert (found["state"], found["mode"]) == ("completed", "replace")
    assert found["absent"] == {"state": "done", "to": "retired", "count": 1, "why": None}
    assert (found["counts"]["unchanged"], found["counts"]["retired"]) == (4, 0)
    assert products(program, status="retired") == [("P-5", "retired")]
    assert [key for key, _ in products(program, status="active")] == ["P-1", "P-2", "P-3", "P-4"]
    assert len(products(program)) == 5
    assert kind(program.get("/api/v1/products", {"status": "gone"}))[0] == 422


def test_products_that_a_file_lacks_are_no_rows_of_it(
    program: Client, pipeline: Pipeline, through: Callable[[str], UploadHistory]
) -> None:
    pipeline.run(FIVE)
    feed_id = sent(program, feed(*map(line, range(1, 4))), mode="replace")
    through(feed_id)

    def rows(**asked: str) -> list[int]:
        return [row["row"] for row in program.get(f"{FEEDS}/{feed_id}/rows", asked).json()["rows"]]

    assert rows() == [1, 2, 3]
    assert rows(outcome="retired") == []
    assert rows(outcome="unchanged") == [1, 2, 3]


def test_with_fewer_rows_than_it_says_nothing_is_retired_and_the_feed_says_why(
    program: Client, pipeline: Pipeline, through: Callable[[str], UploadHistory]
) -> None:
    pipeline.run(FIVE)
    feed_id = sent(program, feed(*map(line, range(1, 5))), mode="replace", rows="5")
    through(feed_id)
    absent = state(program, feed_id)["absent"]
    assert (absent["state"], absent["count"]) == ("refused", 0)
    assert "was to have 5 rows, and has 4" in absent["why"]
    assert products(program, status="retired") == []


def test_the_number_of_rows_is_kept_from_the_announcement(program: Client) -> None:
    answer = announce(program, file_name="all.csv", mode="replace", rows=4711)
    assert answer.status_code == 201
    assert Feed.objects.get(pk=answer.json()["id"]).rows == 4711
    assert answer.json()["absent"] is None


@pytest.mark.parametrize("rows", [0, -1, "many", 2**31])
def test_what_is_no_number_of_rows_is_refused(program: Client, rows: Any) -> None:
    assert kind(announce(program, rows=rows))[0] == 422


def test_rows_that_retire_are_counted_and_listed(
    program: Client, pipeline: Pipeline, through: Callable[[str], UploadHistory]
) -> None:
    pipeline.run(feed(line(1), line(2)))
    feed_id = sent(program, f"{HEADER},action\n{line(1)},retire\n{line(2)},\n")
    through(feed_id)
    found = state(program, feed_id)
    assert (found["counts"]["retired"], found["absent"]) == (1, None)
    [row] = program.get(f"{FEEDS}/{feed_id}/rows", {"outcome": "retired"}).json()["rows"]
    assert (row["row"], row["vendor_product_id"]) == (1, "P-1")


def test_a_list_of_prices_changes_these_alone(
    program: Client, pipeline: Pipeline, through: Callable[[str], UploadHistory]
) -> None:
    pipeline.run(feed(line(1), line(2)))
    feed_id = sent(program, "sku,price\nSKU-1,8.88\nSKU-9,1.00\n", kind="offer")
    through(feed_id)
    found = state(program, feed_id)
    assert (found["kind"], found["mode"]) == ("offer", "update")
    assert (found["counts"]["updated"], found["counts"]["errors"]) == (1, 1)
    assert Product.objects.get(sku="SKU-1").stock_quantity == 5
    [row] = program.get(f"{FEEDS}/{feed_id}/rows", {"outcome": "error"}).json()["rows"]
    assert row["problems"][0]["code"] == "unknown_product"


def test_a_list_of_prices_is_no_whole_catalog(program: Client, pipeline: Pipeline) -> None:
    pipeline.run(feed(line(1)))
    feed_id = sent(program, "sku,price\nSKU-1,8.88\n", kind="offer", mode="replace")
    take.take(feed_id)
    found = state(program, feed_id)
    assert found["state"] == "failed"
    assert "your whole catalog" in found["failure"]["message"]


def test_a_dry_run_says_how_many_it_would_retire(program: Client, pipeline: Pipeline) -> None:
    pipeline.run(FIVE)
    feed_id = sent(program, feed(*map(line, range(1, 4))), mode="replace", dry_run="true")
    take.take(feed_id)
    run_jobs()
    take.take(feed_id)
    assert state(program, feed_id)["absent"] == {"state": "tried", "to": "retired", "count": 2, "why": None}
    assert products(program, status="retired") == []


def test_a_product_has_its_status_gtin_and_picture(program: Client, pipeline: Pipeline) -> None:
    pipeline.run(f"{HEADER},gtin,image_url\n{line(1)},4006381333931,https://example.com/lamp.jpg\n")
    found = program.get("/api/v1/products/P-1").json()
    assert (found["status"], found["gtin"], found["image_url"], found["currency"]) == (
        "active", "4006381333931", "https://example.com/lamp.jpg", "USD",
    )  # fmt: skip


def test_an_unknown_kind_or_mode_is_refused(program: Client) -> None:
    assert kind(send(program, kind="orders"))[0] == 422
    assert kind(send(program, mode="delete"))[0] == 422
