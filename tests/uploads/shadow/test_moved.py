"""A severity of what only a product's change shows is tested by what rows of past uploads changed."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.shadow.test_run import everything, rows
from uploads.models import SeverityRule
from uploads.shadow import moved, run
from uploads.shadow.changes import SeverityChange
from vendors.models import Vendor


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("cora")


@pytest.fixture
def changed(pipeline: Pipeline) -> Pipeline:
    """Three products, of which prices and stocks have changed since: by 10 %, by 60 %, and by 60 % in another category
    with a stock that fell to 0."""
    books = {"category": "Books"}
    pipeline.run(feed(line(1, price="10.00"), line(2, price="10.00"), line(3, price="10.00", **books)))
    pipeline.run(
        feed(line(1, price="11.00"), line(2, price="16.00"), line(3, price="4.00", stock_quantity="0", **books))
    )
    return pipeline


def result_of(change: SeverityChange, user: User) -> dict[str, Any]:
    job = run_jobs(run.start(change, 7, user))
    assert (job.state, job.failure) == ("done", "")
    return dict(job.result)


def test_rows_whose_price_changed_by_much_would_be_kept_out(changed: Pipeline, user: User) -> None:
    before = everything()

    everywhere = result_of(SeverityChange("price_changed", "error"), user)
    of_books = result_of(SeverityChange("price_changed", "error", category="Books"), user)

    assert (everywhere["counts"], rows(everywhere, "fail")) == ({"fail": 2}, [2, 3])
    assert (of_books["counts"], rows(of_books, "fail")) == ({"fail": 1}, [3])
    (example,) = of_books["vendors"]["VEND001"]["examples"]
    assert (example["sku"], example["cell"]) == ("SKU-3", "10.00 → 4.00")
    assert "fell by 60%" in example["message"]
    assert everywhere["vendors"]["VEND001"]["rows"] == 6
    assert everything() == before


def test_another_bound_warns_of_more_rows_or_of_fewer(changed: Pipeline, user: User) -> None:
    lower = result_of(SeverityChange("price_changed", "warning", threshold=5), user)
    higher = result_of(SeverityChange("price_changed", "warning", threshold=90), user)

    assert (lower["counts"], rows(lower, "warn")) == ({"warn": 1}, [1])
    assert (higher["counts"], rows(higher, "unwarn")) == ({"unwarn": 2}, [2, 3])


def test_a_stock_that_fell_to_0_is_no_change_of_a_price(changed: Pipeline, user: User) -> None:
    result = result_of(SeverityChange("stock_zero", "error"), user)

    assert (result["counts"], rows(result, "fail")) == ({"fail": 1}, [3])


@pytest.mark.parametrize(("code", "of_products"), [("stock_zero", True), ("description_short", False)])
def test_who_asks_for_such_a_test_is_told_what_is_looked_at(code: str, of_products: bool, admin_client: Client) -> None:
    asked = {"what": "severity", "code": code, "severity": "error"}
    page = admin_client.post("/admin/uploads/valuerule/test/", asked).content.decode()
    assert ("What rows of the last days did to their products" in page) is of_products
    assert ("are judged twice" in page) is not of_products


def test_rows_of_retired_products_are_known_by_what_they_were_warned_of(
    pipeline: Pipeline, vendor: Vendor, user: User
) -> None:
    pipeline.run(feed(line(1), line(2), line(3, category="Books")))
    pipeline.run("sku,action\nSKU-1,retire\nSKU-3,retire\n")
    pipeline.run("sku,price,stock_quantity\nSKU-1,3.00,2\nSKU-2,3.00,2\nSKU-3,3.00,2\n")

    everywhere = result_of(SeverityChange("retired_product", "error"), user)
    of_books = result_of(SeverityChange("retired_product", "error", category="Books"), user)
    SeverityRule.objects.create(code="retired_product", severity="error")
    pipeline.run("sku,stock_quantity\nSKU-1,4\n")
    back = result_of(SeverityChange("retired_product", "warning"), user)

    assert (everywhere["counts"], rows(everywhere, "fail")) == ({"fail": 2}, [1, 3])
    assert (of_books["counts"], rows(of_books, "fail")) == ({"fail": 1}, [3])
    assert back["counts"] == {"pass": 3}  # the two that it would keep out by now, and the one that it did


def test_rows_that_were_kept_out_for_it_alone_would_pass_as_a_warning(
    pipeline: Pipeline, vendor: Vendor, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    SeverityRule.objects.create(code="price_changed", severity="error")
    pipeline.run(feed(line(1, price="10.00"), line(2, price="10.00"), line(3)))
    pipeline.run(feed(line(1, price="16.00"), line(2, price="16.00", stock_quantity="x"), line(3)))
    monkeypatch.setattr(moved, "SLICE_ROWS", 2)

    result = result_of(SeverityChange("price_changed", "warning"), user)

    assert (result["counts"], rows(result, "pass")) == ({"pass": 1}, [1])
    assert (result["uploads"], result["left"]) == (2, {"uploads": 0, "rows": 0})


def test_rows_that_were_kept_out_pass_where_the_bound_would_be_beyond_what_they_changed(
    pipeline: Pipeline, vendor: Vendor, user: User
) -> None:
    SeverityRule.objects.create(code="price_changed", severity="error")
    pipeline.run(feed(line(1, price="1000.00"), line(2, price="10.00")))
    pipeline.run(feed(line(1, price="1600.00"), line(2, price="30.00")))

    higher = result_of(SeverityChange("price_changed", "error", threshold=60), user)

    assert (higher["counts"], rows(higher, "pass")) == ({"pass": 1}, [1])


def test_rows_that_were_kept_out_count_in_the_category_of_their_product(
    pipeline: Pipeline, vendor: Vendor, user: User
) -> None:
    SeverityRule.objects.create(code="price_changed", severity="error")
    pipeline.run(feed(line(1, price="10.00"), line(2, price="10.00", category="Books")))
    pipeline.run(feed(line(1, price="16.00"), line(2, price="16.00", category="Books")))

    of_books = result_of(SeverityChange("price_changed", "warning", category="Books"), user)
    SeverityRule.objects.create(code="price_changed", category="Books", severity="error")
    of_others = result_of(SeverityChange("price_changed", "warning"), user)

    assert (of_books["counts"], rows(of_books, "pass")) == ({"pass": 1}, [2])
    assert (of_others["counts"], rows(of_others, "pass")) == ({"pass": 1}, [1])
