"""The dry run: what it says of a whole file is what the import then does, and it writes nothing."""

import io
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs, take_turn
from uploads.aws import storage
from uploads.feed import parser
from uploads.feed.parser import Reading
from uploads.models import Job, RecordOutcome, UploadHistory, ValidationError, ValueRule
from uploads.pipeline import examine, judge, staged_rows
from uploads.preview import dry_run, kept_files
from uploads.preview.accepted import Accepted
from uploads.work import jobs
from vendors.models import Vendor


def started(text: str, user: User) -> Job:
    """The dry run of a file that was kept, as the preview asks for it."""
    file = io.BytesIO(text.encode())
    kept = kept_files.from_token(kept_files.keep(examine.FeedFile(file), "feed.csv", "VEND001", user), user)
    contents = examine.examine(file)
    layout = examine.inspect(examine.FeedFile(file), contents, "VEND001", Reading())
    return dry_run.start(kept, contents, layout, Reading(), user)


def outcomes_of(text: str) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Row → what the dry run says would become of it, page by page."""
    file = io.BytesIO(text.encode())
    layout = examine.inspect(examine.FeedFile(file), examine.examine(file), "VEND001")
    rules, own = judge.category_rules(), judge.value_rules(["VEND001"]).get("VEND001")
    rows = list(staged_rows.as_staged(parser.rows(file, layout, limits=examine.limits()), layout))
    found = {}
    with Accepted() as accepted:
        for start in range(0, len(rows), dry_run.PAGE_ROWS):
            page = rows[start : start + dry_run.PAGE_ROWS]
            for row, outcome, problems, *_ in dry_run.decided(page, layout, "VEND001", rules, own, accepted):
                found[row.number] = outcome, tuple(sorted(f"{one.code} {one.message}" for one in problems))
    return found


def outcomes_in(upload: UploadHistory) -> dict[int, tuple[str, tuple[str, ...]]]:
    """Row → what became of it."""
    problems: dict[int, list[str]] = {}
    for error in ValidationError.objects.filter(upload=upload):
        problems.setdefault(error.row_number, []).append(f"{error.error_type} {error.error_message}")
    return {
        record.row_number: (record.outcome, tuple(sorted(problems.get(record.row_number, []))))
        for record in RecordOutcome.objects.filter(upload_id=upload.pk)
    }


def random_feed(seed: int, rows: int = 60) -> str:
    """Few products and SKUs, so that rows repeat, swap, free and take each other's; some are wrong in themselves."""
    dice = random.Random(seed)
    lines = []
    for _ in range(rows):
        changes = {
            "vendor_product_id": f"P-{dice.randrange(25)}",
            "sku": f"SKU-{dice.randrange(25)}" if dice.random() < 0.9 else f"OTHER-{dice.randrange(3)}",
            "price": dice.choice(["9.99", "9.99", "12.50", "0", "abc"]),
            "category": dice.choice(["Electronics", "Electronics", "Books", "Boks", "Bucher"]),
        }
        lines.append('"torn' if dice.random() < 0.03 else line(1, **changes))
    return feed(*lines)


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("seed", range(4))
def test_the_dry_run_says_of_every_row_what_the_import_then_does(
    pipeline: Pipeline, other_vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(dry_run, "PAGE_ROWS", 7)
    pipeline.run(feed(*(line(n, sku=f"OTHER-{n}") for n in range(3))), vendor_id="VEND002")
    pipeline.run(feed(*(line(n) for n in range(12))))
    ValueRule.objects.create(vendor_id="VEND001", field="category", wrong_value="bucher", right_value="Books")
    text = random_feed(seed)
    said, job = outcomes_of(text), run_jobs(started(text, admin_user))

    upload = pipeline.run(text)

    assert upload.status == "completed"
    assert said == outcomes_in(upload)
    counts = Counter(outcome for outcome, _ in said.values())
    assert {name: job.result.get(name, 0) for name in counts} == counts
    assert (job.state, job.done, job.total) == ("done", len(said), len(said))
    kinds = ValidationError.objects.filter(upload=upload).order_by().values_list("error_type", "row_number").distinct()
    errors = Counter(code for code, _ in kinds)
    assert {code: kind["count"] for code, kind in job.result["problems"].items()} == errors
    assert len(counts) >= 3, "the feed should have a bit of everything"


def test_skus_that_move_on_over_pages_come_out_as_in_the_import(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "PAGE_ROWS", 1)
    pipeline.run(feed(line(1), line(2), line(3)))
    # 1 makes way, 2 takes its SKU, 3 that of 2; then somebody wants each of them again, and 1 comes twice.
    text = feed(
        line(1, sku="NEW"), line(2, sku="SKU-1"), line(3, sku="SKU-2"), line(4, sku="SKU-3"), line(5, sku="SKU-1"),
        line(1, sku="SKU-9"), line(6, sku="NEW"), line(7, sku="SKU-7"), line(7, sku="SKU-8"),
    )  # fmt: skip
    said = outcomes_of(text)
    assert said == outcomes_in(pipeline.run(text))
    assert [outcome for outcome, _ in said.values()] == [
        *["updated"] * 3,
        "inserted",
        *["error"] * 3,
        "inserted",
        "error",
    ]


def test_nothing_is_written_and_each_kind_of_problem_has_a_count_and_an_example(
    pipeline: Pipeline, admin_user: User
) -> None:
    pipeline.run(feed(line(1), line(2)))
    before = list(Product.objects.order_by("pk").values())
    job = run_jobs(
        started(feed(line(1), line(2, price="8"), line(3), line(4, price="0"), line(5, price="0")), admin_user)
    )
    counts = {name: count for name, count in job.result.items() if name != "problems"}
    assert counts == {"unchanged": 1, "updated": 1, "inserted": 1, "error": 2}
    kind = job.result["problems"]["price_not_positive"]
    assert (kind["count"], kind["row"]) == (2, 4)
    assert "is not above 0" in kind["message"]
    assert list(Product.objects.order_by("pk").values()) == before
    assert UploadHistory.objects.count() == 1


def test_a_run_that_was_broken_off_begins_again_and_counts_nothing_twice(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "PAGE_ROWS", 2)
    job = started(feed(*map(line, range(1, 8))), admin_user)
    saves = iter(range(100))
    save = jobs.save

    def dying(job: Job) -> None:
        save(job)
        if next(saves) == 1:
            raise KeyboardInterrupt  # what a worker that is told to stop may get

    monkeypatch.setattr(jobs, "save", dying)
    with pytest.raises(KeyboardInterrupt):
        take_turn(job)
    job.refresh_from_db()
    assert (job.state, job.done) == ("running", 4)
    Job.objects.update(expires_at=None)  # as if its lease had run out
    assert run_jobs(job).result == {"inserted": 7, "problems": {}}
    assert job.done == 7


def test_a_file_that_is_gone_fails_in_a_sentence(pipeline: Pipeline, admin_user: User) -> None:
    job = started(feed(line(1)), admin_user)
    storage.delete(job.parameters["key"])
    run_jobs(job)
    assert (job.state, job.failure) == ("failed", dry_run.GONE)


def test_a_second_preview_of_a_file_ends_the_dry_run_of_the_first(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "PAGE_ROWS", 1)
    job = started(feed(line(1), line(2), line(3)), admin_user)
    save = jobs.save

    def replaced(job: Job) -> None:
        save(job)
        dry_run.end(job.parameters["key"])

    monkeypatch.setattr(jobs, "save", replaced)
    run_jobs(job)
    assert (job.state, job.done) == ("failed", 1)
    assert job.failure == "There is a newer preview of this file."


def test_a_file_that_takes_too_long_is_told_as_far_as_it_was_tried(
    pipeline: Pipeline, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "PAGE_ROWS", 2)
    monkeypatch.setattr(dry_run, "MOST_SECONDS", -1.0)
    job = run_jobs(started(feed(*map(line, range(1, 8))), admin_user))
    assert (job.state, job.done, job.result["cut_short"]) == ("done", 2, True)
    assert run_jobs(started(feed(line(1)), admin_user)).result["cut_short"] is False


def test_a_limit_that_was_lowered_meanwhile_fails_in_a_sentence(
    pipeline: Pipeline, admin_user: User, settings: Any
) -> None:
    job = started(feed(line(1), line(2)), admin_user)
    settings.MAX_FILE_ROWS = 1
    run_jobs(job)
    assert (job.state, job.failure) == ("failed", "The file has more than 1 rows. Split it.")


def test_no_file_is_left_behind(
    pipeline: Pipeline, admin_user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run_jobs(started(feed(line(1)), admin_user))
    assert list(tmp_path.iterdir()) == []
