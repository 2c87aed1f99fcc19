"""Home, history, quality, the errors' pages and the admin say the same of an upload's rows, at each step of its story:
rows fail, some are corrected, some ignored, a newer file brings others, and is undone.
"""

import re
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.corrections.undoing import undone
from uploads.insight import progress
from uploads.models import RecordOutcome, UploadHistory, ValidationError
from uploads.models.results import result


@dataclass
class Story:
    """VEND001 before its pages, and a superuser before the admin."""

    pipeline: Pipeline
    vendor: Client
    staff: Client
    upload: UploadHistory

    def text(self, address: str, client: Client | None = None) -> str:
        response = (client or self.vendor).get(address)
        assert response.status_code == 200, address
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))

    def page(self, rest: str = "") -> str:
        return f"/vendor/VEND001/uploads/{self.upload.pk}/{rest}"

    def says(self, waiting: int, ignored: int, closed: int, kinds: dict[str, int]) -> None:
        """All pages agree on this."""
        self.upload.refresh_from_db()
        upload = self.upload
        assert (upload.open_records, upload.ignored_records, upload.closed_records) == (waiting, ignored, closed)
        assert upload.valid_records + upload.error_records == upload.total_records
        self.agrees_with_the_tables()
        found = progress.of(upload.pk)
        assert {kind.code: kind.count for kind in found.errors} == kinds
        errors = self.vendor.get(self.page("errors/")).context
        assert {kind.code: kind.rows for kind in errors["kinds"]} == kinds
        assert re.search(rf'id="wrong">{waiting}<', self.vendor.get(self.page("errors/")).content.decode())
        for code, rows in kinds.items():
            assert self.vendor.get(self.page(f"errors/{code}/")).context["kind"].rows == rows
        habits = self.vendor.get("/vendor/VEND001/quality/").context["habits"]
        assert {habit.code: habit.still_open for habit in habits if habit.still_open} == self.all_kinds()
        home = self.vendor.get("/vendor/VEND001/").context
        assert home["waiting"] == sum(one.open_records for one in UploadHistory.objects.filter(undone_at=None))
        assert [row.headline for row in home["uploads"] if row.upload == upload] == [found.sentence]
        history = self.vendor.get("/vendor/VEND001/history/").context["uploads"]
        assert [(one.open_records, word) for one, *_, word in history if one == upload] == [(waiting, result(upload))]
        counts = {label: number for label, number, _ in self.vendor.get(self.page()).context["counts"]}
        assert [counts.get(name, 0) for name in ("With errors", "Ignored", "Settled since")] == [
            waiting, ignored, closed,
        ]  # fmt: skip
        for state, rows in (("ignored", ignored), ("closed", closed)):
            settled = self.vendor.get(self.page(f"{state}/")).context
            assert (settled["rows"], len(settled["page"].rows)) == (rows, rows)
        self.admin_agrees(waiting, ignored, closed)

    def admin_agrees(self, waiting: int, ignored: int, closed: int) -> None:
        listed = self.staff.get("/admin/uploads/uploadhistory/").context["cl"].result_list
        assert [one.open_records for one in listed if one == self.upload] == [waiting]
        page = self.text(f"/admin/uploads/uploadhistory/{self.upload.pk}/change/", self.staff)
        assert f"With errors {waiting} " in page
        for state, rows in (("open", waiting), ("ignored", ignored), ("closed", closed)):
            address = f"/admin/uploads/validationerror/?upload={self.upload.pk}&state={state}"
            problems = self.staff.get(address).context["cl"].result_list
            assert len({problem.record_id for problem in problems}) == rows, state

    def all_kinds(self) -> dict[str, int]:
        kinds: dict[str, int] = {}
        for upload in UploadHistory.objects.filter(vendor_id="VEND001"):
            for kind in progress.of(upload.pk).errors:
                kinds[kind.code] = kinds.get(kind.code, 0) + kind.count
        return kinds

    def agrees_with_the_tables(self) -> None:
        """The counters are what the ledger and the errors say, row by row."""
        newest: dict[str, str] = {}
        for outcome in RecordOutcome.objects.filter(upload_id=self.upload.pk).order_by("attempt"):
            newest[outcome.record_id] = outcome.outcome
        assert self.upload.error_records == sum(outcome == "error" for outcome in newest.values())
        problems = ValidationError.objects.errors().filter(upload=self.upload)
        open_rows = {problem.record_id for problem in problems.filter(resolved_at=None)}
        assert open_rows <= {record_id for record_id, outcome in newest.items() if outcome == "error"}
        assert len(open_rows) == self.upload.open_records


@pytest.fixture
def story(pipeline: Pipeline, uploader: Client, admin_user: User) -> Story:
    staff = Client()
    staff.force_login(admin_user)
    rows = [
        line(1, price="x"), line(2, price="x", stock_quantity="y"), line(3, category="Elektro"),
        line(4, category="Elektro"), line(5, category="Kleider"), line(6, category="Rest"),
        line(7, vendor_product_id="", sku="S-7"), line(8),
    ]  # fmt: skip
    return Story(pipeline, uploader, staff, pipeline.run(feed(*rows)))


def test_all_pages_say_the_same_at_each_step(story: Story, admin_user: User) -> None:
    story.says(7, 0, 0, {"unknown_category": 4, "invalid_price": 2, "invalid_stock": 1, "missing_value": 1})

    # Some are corrected, all wrong values with one save, and one value is ignored.
    values = story.page("values/category/")
    lines = story.vendor.get(values).context["lines"]
    assert [(one.value, one.rows) for _, one, *_ in lines] == [("Elektro", 2), ("Kleider", 1), ("Rest", 1)]
    posted = {f"value-{number}": one.value for number, one, *_ in lines}
    response = story.vendor.post(values, posted | {"right-0": "Electronics", "right-1": "Nonsense", "ignore-2": "yes"})
    run_jobs()
    story.says(4, 1, 0, {"invalid_price": 2, "invalid_stock": 1, "unknown_category": 1, "missing_value": 1})
    done = story.text(response.headers["Location"])
    assert "Done: 2 rows are right now, 1 still wrong, 1 ignored." in done
    assert "2 new products" in done
    assert "Unknown category : 1 row" in done
    assert "4 rows wait for you in feed.csv" in done

    # Rows of a kind are ignored, and one of them taken back.
    story.vendor.post(story.page("errors/invalid_price/ignore/"))
    run_jobs()
    story.says(2, 3, 0, {"unknown_category": 1, "missing_value": 1})
    chosen = [row.error_id for row in story.vendor.get(story.page("ignored/")).context["page"].rows][:1]
    story.vendor.post(story.page("ignored/take-back/"), {"row": chosen})
    story.says(3, 2, 0, {"invalid_price": 1, "unknown_category": 1, "missing_value": 1})

    # A newer file brings three of the products, one of them ignored, and fails at another.
    newer = story.pipeline.run(feed(line(1), line(2), line(7, sku="S-7"), line(9, price="y")))
    story.says(1, 2, 2, {"unknown_category": 1})
    assert "A newer file brought this product: feed.csv" in story.text(story.page("closed/"))

    # What is left is corrected, and what was ignored taken back: its product is there already.
    story.vendor.post(story.page("values/category/"), {"value-0": "Nonsense", "right-0": "Books"})
    run_jobs()
    story.says(0, 2, 2, {})
    story.vendor.post(story.page("ignored/take-back/"), {"all": "yes"})
    run_jobs()
    story.says(1, 0, 3, {"unknown_category": 1})

    # The newer file is undone: its products are gone, so the rows wait again.
    undone(newer, admin_user)
    story.says(4, 0, 0, {"invalid_price": 2, "invalid_stock": 1, "unknown_category": 1, "missing_value": 1})
