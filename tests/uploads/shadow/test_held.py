"""A threshold is tested on past uploads: which would have been held by it, and which wouldn't have been."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs, take_turn
from tests.uploads.shadow.test_run import everything
from uploads.models import GuardThreshold, Job
from uploads.pipeline import finish
from uploads.pipeline.receive import Options
from uploads.shadow import canary, held, run
from uploads.shadow.changes import ThresholdChange
from uploads.work import jobs
from vendors.models import Vendor

ROWS = 30


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_superuser("cora")


def listed(zeroed: int = 0, halved: int = 0, wrong: int = 0, first: int = 1) -> str:
    """A list of ROWS products, of which some have no stock any more, some half of their price, and some no price."""
    return feed(
        *(
            line(
                number,
                stock_quantity="0" if place < zeroed else "5",
                price="x" if place >= ROWS - wrong else "4.99" if place < halved else "9.99",
            )
            for place, number in enumerate(range(first, first + ROWS))
        )
    )


def result_of(change: ThresholdChange, user: User) -> dict[str, Any]:
    job = run_jobs(run.start(change, 7, user))
    assert (job.state, job.failure) == ("done", "")
    return dict(job.result)


def uploads(result: dict[str, Any], kind: str, vendor_id: str = "VEND001") -> list[str]:
    examples = result["vendors"].get(vendor_id, {}).get("examples", [])
    return [example["upload"] for example in examples if example["kind"] == kind]


def zero_stock(limit: int, **more: Any) -> ThresholdChange:
    return ThresholdChange("zero_stock", limit, 90, **{"minimum": 20, **more})


def test_uploads_beyond_a_lower_limit_would_have_been_held(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    pipeline.run(listed())
    few = pipeline.run(listed(zeroed=6))  # 20 %
    pipeline.run(listed(zeroed=7))  # one more
    pipeline.run(listed(first=101), "VEND002")
    other = pipeline.run(listed(zeroed=9, first=101), "VEND002")  # 30 %, as many as are let through

    result = result_of(zero_stock(15), user)

    assert result["counts"] == {"held": 2}
    assert uploads(result, "held") == [few.pk]
    assert uploads(result, "held", "VEND002") == [other.pk]
    assert (result["uploads"], result["vendors"]["VEND001"]["rows"]) == (5, 3)
    (example,) = result["vendors"]["VEND001"]["examples"]
    assert (
        "6 stocks would fall to 0, of 30 products in the file: 20 %, where a file is held beyond 15 %"
        in example["said"]
    )
    assert example["lines"] == ["Product 1 (SKU-1): 5 → 0", "Product 2 (SKU-2): 5 → 0", "Product 3 (SKU-3): 5 → 0"]


def test_a_threshold_of_one_vendor_or_with_a_higher_minimum_holds_no_other(
    pipeline: Pipeline, other_vendor: Vendor, user: User
) -> None:
    pipeline.run(listed())
    pipeline.run(listed(zeroed=6))

    assert result_of(zero_stock(15, vendor_id="VEND002"), user)["uploads"] == 0
    assert result_of(zero_stock(15, minimum=31), user)["counts"] == {}
    assert result_of(zero_stock(15, is_on=False), user)["counts"] == {}
    assert result_of(zero_stock(15, category="Books"), user)["counts"] == {}
    assert result_of(zero_stock(15, category="Electronics"), user)["counts"] == {"held": 1}


def test_an_upload_that_was_held_and_cancelled_would_be_let_through_by_a_higher_limit(
    pipeline: Pipeline, vendor: Vendor, user: User
) -> None:
    pipeline.run(listed())
    stopped = pipeline.run(listed(zeroed=12))  # 40 %
    assert stopped.status == "held"
    finish.cancel(stopped.pk)

    assert uploads(result_of(zero_stock(45), user), "let") == [stopped.pk]
    assert uploads(result_of(zero_stock(35), user), "both") == [stopped.pk]


def test_wrong_rows_and_prices_are_measured_as_they_came(pipeline: Pipeline, vendor: Vendor, user: User) -> None:
    pipeline.run(listed())
    upload = pipeline.run(listed(halved=3, wrong=6))  # 3 of 24 that can be stored, 12.5 %; 20 % wrong

    assert upload.status == "held", "for the prices"
    finish.cancel(upload.pk)
    GuardThreshold.objects.create(kind="price_falls", limit_percent=50, owner_percent=90)
    passed = pipeline.run(listed(halved=3, wrong=6))
    assert passed.status == "completed"

    assert uploads(result_of(ThresholdChange("errors", 15, 90, 20), user), "held") == [passed.pk]
    assert uploads(result_of(ThresholdChange("errors", 20, 90, 20), user), "held") == []
    falls = result_of(ThresholdChange("price_falls", 12, 90, 20), user)
    assert (uploads(falls, "held"), uploads(falls, "both")) == ([passed.pk], [upload.pk])


def test_a_stored_threshold_is_replaced_and_not_beside_the_proposed_one(
    pipeline: Pipeline, vendor: Vendor, user: User
) -> None:
    pipeline.run(listed())
    upload = pipeline.run(listed(zeroed=6))
    stored = GuardThreshold.objects.create(kind="zero_stock", limit_percent=10, owner_percent=90)

    result = result_of(zero_stock(25, instead_of=stored.pk), user)

    assert uploads(result, "let") == [upload.pk]


def test_a_list_that_is_much_shorter_than_those_before_it_is_told(pipeline: Pipeline, user: User) -> None:
    pipeline.run(listed())
    short = pipeline.run(feed(*(line(number) for number in range(1, 19))))  # 40 % fewer
    pipeline.run(listed())

    result = result_of(ThresholdChange("fewer_rows", 30, 90, 20), user)

    assert uploads(result, "held") == [short.pk]


def test_a_whole_catalog_is_measured_by_what_it_lacks(pipeline: Pipeline, user: User) -> None:
    pipeline.run(listed())
    whole = pipeline.run(feed(*(line(number) for number in (*range(4, ROWS + 1), 99))), options=Options("replace"))
    assert whole.absent_records == 3

    found = result_of(ThresholdChange("retired", 9, 90, 20), user)

    assert uploads(found, "held") == [whole.pk]
    assert (
        "3 products would be retired, of 30 active products: 10 %" in found["vendors"]["VEND001"]["examples"][0]["said"]
    )
    assert result_of(ThresholdChange("retired", 10, 90, 20), user)["counts"] == {}


def test_a_run_that_is_killed_measures_on_where_it_stood_and_writes_nothing_else(
    pipeline: Pipeline, vendor: Vendor, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(listed())
    upload = pipeline.run(listed(zeroed=6))
    before = everything()
    monkeypatch.setattr(held, "SLICE_ROWS", 7)
    monkeypatch.setattr("uploads.work.jobs.TURN_SECONDS", 0.0)  # a slice a turn
    job = run.start(zero_stock(15), 7, user)
    save = jobs.save

    def killed(_: Job) -> None:
        raise SystemExit

    more = True
    while more:
        monkeypatch.setattr(jobs, "save", killed)
        with pytest.raises(SystemExit):
            take_turn(job)
        Job.objects.update(expires_at=None)
        monkeypatch.setattr(jobs, "save", save)
        more = take_turn(job)

    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 2 * ROWS)
    assert uploads(job.result, "held") == [upload.pk]
    assert "6 stocks would fall to 0, of 30" in job.result["vendors"]["VEND001"]["examples"][0]["said"]
    assert everything() == before


def test_a_threshold_is_tested_from_its_form(client: Client, pipeline: Pipeline, user: User) -> None:
    pipeline.run(listed())
    upload = pipeline.run(listed(zeroed=6))
    client.force_login(user)
    stored = GuardThreshold.objects.create(kind="zero_stock", limit_percent=40, owner_percent=90)
    form = client.get(f"/admin/uploads/guardthreshold/{stored.pk}/change/").content.decode()
    assert 'formaction="/admin/uploads/valuerule/test/"' in form
    asked = {
        "what": "threshold", "threshold": stored.pk, "limit_percent": "15", "minimum": "20", "owner_percent": "90",
        "is_on": "on", "start": "yes",
    }  # fmt: skip

    client.post("/admin/uploads/valuerule/test/", asked)
    job = run_jobs()
    page = client.get(f"/admin/uploads/valuerule/tests/{job.pk}/").content.decode()

    assert "Hold files of all vendors for stocks that fall to 0: beyond 15 % of at least 20" in page
    assert "<dt>Newly held</dt><dd>1</dd>" in page
    assert upload.file_name in page
    assert "Product 1 (SKU-1): 5 → 0" in page
    assert "Make this change" not in page
    with pytest.raises(canary.Refused):
        canary.for_all(job, user)
    refused = client.post("/admin/uploads/valuerule/test/", asked | {"limit_percent": "101"}).content.decode()
    assert "can’t be tested yet" in refused
    assert "gone" in client.post("/admin/uploads/valuerule/test/", asked | {"threshold": "999"}).content.decode()
    stored.refresh_from_db()
    assert stored.limit_percent == 40
    assert "1 newly held" in client.get("/admin/uploads/valuerule/tests/").content.decode()
