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
        self.mending_agrees(kinds)
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
        kinds = {kind.code: kind.count for kind in progress.of(self.upload.pk).errors}
        shown = self.staff.get(f"/admin/uploads/uploadhistory/{self.upload.pk}/change/").context
        assert {kind.code: kind.count for kind, *_ in shown["kinds"]} == kinds
        shares = {share.key: share.count for share in shown["shares"]}
        assert [shares.get(key, 0) for key in ("open", "ignored", "settled")] == [waiting, ignored, closed]
        for state, rows in (("open", waiting), ("ignored", ignored), ("closed", closed)):
            address = f"/admin/uploads/validationerror/?upload={self.upload.pk}&state={state}"
            problems = self.staff.get(address).context["cl"].result_list
            assert len({problem.record_id for problem in problems}) == rows, state

    def mending_agrees(self, kinds: dict[str, int]) -> None:
        """The pages on which rows are mended: a vendor's and the admin's, of the upload and of all that waits."""
        of_upload, of_all = f"upload={self.upload.pk}", "vendor=VEND001"
        errors = "/admin/uploads/validationerror/"
        for code, rows in kinds.items():
            shown = self.staff.get(f"{errors}rows/?{of_upload}&code={code}").context
            assert (shown["kind"].rows, len(shown["page"].lines)) == (rows, rows)
        ours, theirs = self.vendor.get("/vendor/VEND001/waiting/"), self.staff.get(f"{errors}waiting/?{of_all}")
        assert ours.context["rows"] == theirs.context["rows"] == self.vendor.get("/vendor/VEND001/").context["waiting"]
        fields = list(ours.context["fields"])
        assert fields == [one for one, _ in theirs.context["fields"]]
        for one in fields:
            pages = [
                self.vendor.get(f"/vendor/VEND001/waiting/{one.field}/"),
                self.staff.get(f"{errors}values/?{of_all}&field={one.field}"),
            ]
            found = [page.context["portion"] for page in pages]
            assert [(part.values_in_all, part.rows) for part in found] == [(one.values, one.rows)] * 2
        here = {one.field: one.rows for one in self.vendor.get(self.page("errors/")).context["shared"]}
        for field, rows in here.items():
            pages = [
                self.vendor.get(self.page(f"values/{field}/")),
                self.staff.get(f"{errors}values/?{of_upload}&field={field}"),
            ]
            assert [page.context["portion"].rows for page in pages] == [rows] * 2

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
        line(7, vendor_product_id="", sku="S-7"), line(8), line(10, product_name="", price=""),
    ]  # fmt: skip
    return Story(pipeline, uploader, staff, pipeline.run(feed(*rows)))


def test_all_pages_say_the_same_at_each_step(story: Story, admin_user: User) -> None:
    story.says(8, 0, 0, {"unknown_category": 4, "invalid_price": 2, "invalid_stock": 1, "missing_value": 2})

    # Some are corrected, all wrong values with one save, and one value is ignored.
    values = story.page("values/category/")
    lines = story.vendor.get(values).context["lines"]
    assert [(one.value, one.rows) for _, one, *_ in lines] == [("Elektro", 2), ("Kleider", 1), ("Rest", 1)]
    posted = {f"value-{number}": one.value for number, one, *_ in lines}
    response = story.vendor.post(values, posted | {"right-0": "Electronics", "right-1": "Nonsense", "ignore-2": "yes"})
    run_jobs()
    story.says(5, 1, 0, {"invalid_price": 2, "invalid_stock": 1, "unknown_category": 1, "missing_value": 2})
    done = story.text(response.headers["Location"])
    assert "Done: 2 rows are right now, 1 still wrong, 1 ignored." in done
    assert "2 new products" in done
    assert "Unknown category : 1 row" in done
    assert "5 rows wait for you in feed.csv" in done

    # Rows of a kind are ignored, and one of them taken back.
    story.vendor.post(story.page("errors/invalid_price/ignore/"))
    run_jobs()
    story.says(3, 3, 0, {"unknown_category": 1, "missing_value": 2})
    chosen = [row.error_id for row in story.vendor.get(story.page("ignored/")).context["page"].rows][:1]
    story.vendor.post(story.page("ignored/take-back/"), {"row": chosen})
    story.says(4, 2, 0, {"invalid_price": 1, "unknown_category": 1, "missing_value": 2})

    # Staff give all empty names a value, and fill in the price of a row in the table.
    errors, here = "/admin/uploads/validationerror/", f"upload={story.upload.pk}"
    story.staff.post(f"{errors}values/?{here}&field=product_name", {"value-0": "", "right-0": "Lamp"})
    job = run_jobs()
    story.says(4, 2, 0, {"invalid_price": 1, "unknown_category": 1, "missing_value": 2})
    done = story.text(f"/admin/uploads/job/{job.pk}/change/", story.staff)
    assert "Done: 0 rows are right now, 1 still wrong." in done
    assert "4 rows of feed.csv wait for somebody" in done
    rows = f"{errors}rows/?{here}&code=missing_value"
    lamp = story.staff.get(rows).context["page"].lines[1]
    sent = {"1-error": str(lamp.error_id), "1-attempt": str(lamp.row.attempt), "1-price": "5"}
    assert "1 row is right now." in story.staff.post(rows, sent, follow=True).content.decode()
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
