"""All wrong values of a field on one page, with one save; what became of the rows, and the way to what is left."""

import re
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from catalog.models import Product, ProductCategory
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.mending import listed, posted, text
from uploads.models import Job, UploadHistory, ValueRule
from vendors.models import Vendor

EVERYWHERE = "/vendor/VEND001/waiting/"


def of(upload: UploadHistory, rest: str = "values/category/") -> str:
    return f"/vendor/{upload.vendor_id}/uploads/{upload.pk}/{rest}"


@pytest.fixture
def uploads(pipeline: Pipeline) -> list[UploadHistory]:
    """Two files: four rows have “Elektro” in two spellings, two “Kleider”, one “Rest”, and others other errors."""
    rows = [
        line(1, category="Elektro"), line(2, category="ELEKTRO"), line(3, category="Kleider"), line(4, price="x"),
        line(5, category=""), line(6, category="Elektro"), line(7),
    ]  # fmt: skip
    more = [line(8, category="Elektro"), line(9, category="Rest"), line(10, category="Kleider", price="x")]
    return [pipeline.run(feed(*rows)), pipeline.run(feed(*more))]


def test_the_distinct_values_stand_there_with_their_rows_in_a_file_or_everywhere(
    uploader: Client, uploads: list[UploadHistory]
) -> None:
    assert listed(uploader.get(of(uploads[0]))) == [("ELEKTRO", 3), ("", 1), ("Kleider", 1)]
    assert listed(uploader.get(f"{EVERYWHERE}category/")) == [("ELEKTRO", 4), ("Kleider", 2), ("", 1), ("Rest", 1)]
    waiting = uploader.get(EVERYWHERE)
    assert [(one.field, one.values, one.rows) for one in waiting.context["fields"]] == [
        ("category", 4, 8), ("price", 1, 2),
    ]  # fmt: skip
    assert "9 rows wait for you" in text(waiting)
    assert "All wrong or missing values of category on one page : 3 values in 5 rows" in text(
        uploader.get(of(uploads[0], "errors/"))
    )


def test_one_save_corrects_all_of_them_wherever_they_are_and_leads_to_what_is_left(
    uploader: Client, uploads: list[UploadHistory]
) -> None:
    page = uploader.get(f"{EVERYWHERE}category/")
    sent = posted(page, right_0="Electronics", right_1="Clothing", keep="yes")
    job = uploader.post(f"{EVERYWHERE}category/", sent).headers["Location"]
    assert "Waiting for its turn" in text(uploader.get(job))
    run_jobs()

    shown = uploader.get(job)
    assert "Done: 5 rows are right now, 1 still wrong." in text(shown)
    assert "Invalid price: 1 row" in text(shown)
    assert "row 3" not in text(shown)
    assert shown.context["came"].left == 4
    assert f'href="{EVERYWHERE}category/"' in shown.content.decode(), "one value of category is left"
    assert f'href="{EVERYWHERE}"' in shown.content.decode()
    assert Product.objects.filter(category="Electronics").count() == 5
    assert set(ValueRule.objects.values_list("wrong_value", "right_value")) == {
        ("ELEKTRO", "Electronics"), ("Kleider", "Clothing"),
    }  # fmt: skip
    said = LogEntry.objects.get().change_message
    assert said == "Category: 2 corrected of its wrong values, 6 rows, kept as rules."


def test_in_one_file_the_others_rows_are_left_alone(uploader: Client, uploads: list[UploadHistory]) -> None:
    page = uploader.get(of(uploads[1]))
    assert listed(page) == [("Elektro", 1), ("Kleider", 1), ("Rest", 1)]
    job = uploader.post(of(uploads[1]), posted(page, right_0="Electronics", ignore_1="yes", ignore_2="on"))
    run_jobs()
    for upload in uploads:
        upload.refresh_from_db()
    assert [(one.open_records, one.ignored_records) for one in uploads] == [(6, 0), (0, 2)]
    shown = text(uploader.get(job.headers["Location"]))
    assert "Done: 1 row is right now, 0 still wrong, 2 ignored." in shown
    assert "Nothing in feed.csv. Rows of 1 other file wait for you." in shown


def test_nothing_chosen_changes_nothing_and_what_cannot_be_is_said(
    uploader: Client, uploads: list[UploadHistory]
) -> None:
    address = of(uploads[0])
    page = uploader.get(address)
    assert "Nothing was chosen" in text(uploader.post(address, posted(page)))
    assert "Nothing was chosen" in text(uploader.post(address, posted(page, right_0="ELEKTRO")))
    long = uploader.post(address, posted(page, right_0="x" * 201, right_1="Clothing"))
    assert "200 characters at most" in text(long)
    rights = [right for _, _, _, right, _ in long.context["lines"]]
    assert rights == ["x" * 201, "Clothing", ""], "what was chosen stays"
    assert uploader.get(of(uploads[0], "values/nonsense/")).status_code == 404
    assert uploader.post(of(uploads[0]), {"value-0": "x" * 201, "right-0": "Books"}).status_code == 200
    assert not Job.objects.exists()


def test_more_values_than_a_page_takes_come_in_portions_and_are_said(
    uploader: Client, uploads: list[UploadHistory], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.corrections.wrong_values.PORTION", 2)
    address = f"{EVERYWHERE}category/"
    first = uploader.get(address)
    assert (listed(first), first.context["portion"].behind) == ([("ELEKTRO", 4), ("Kleider", 2)], 2)
    assert "2 values more come when these are saved" in text(first)
    assert listed(uploader.get(address, {"from": "2"})) == [("", 1), ("Rest", 1)]
    assert uploader.get(address, {"from": "99"}).headers["Location"] == address
    for strange in ("-1", "x", "²", "9" * 99):
        assert uploader.get(address, {"from": strange}).status_code in (200, 302)
    monkeypatch.setattr("uploads.corrections.wrong_values.LOOKED_AT", 3)
    assert "or more" in text(uploader.get(address))


def test_categories_are_chosen_from_the_list_the_likely_one_first_unless_they_are_too_many(
    uploader: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = pipeline.run(feed(line(1, category="Electronix"), line(2, price="12.999", category="Electronix")))
    page = uploader.get(of(upload)).content.decode()
    options = re.findall(r'<option value="([^"]*)"', unescape(page))
    assert options[:2] == ["", "Electronics"]
    assert sorted(options[1:]) == sorted(ProductCategory.objects.values_list("category_name", flat=True))
    assert "selected" not in page, "nothing is chosen for anybody"
    assert 'value="Electronics" selected' in uploader.get(of(upload), {"fill": "1"}).content.decode()
    monkeypatch.setattr("uploads.corrections.wrong_values.MOST_CATEGORIES", 1)
    assert '<input type="text" name="right-0"' in uploader.get(of(upload)).content.decode()


def test_a_vendor_that_is_not_active_sees_them_and_saves_nothing(
    uploader: Client, uploads: list[UploadHistory]
) -> None:
    page = uploader.get(of(uploads[0]))
    Vendor.objects.update(status="suspended")
    for address in (of(uploads[0]), f"{EVERYWHERE}category/"):
        shown = uploader.post(address, posted(page, right_0="Electronics"))
        assert "Your account is suspended" in text(shown)
        assert "Save and retry" not in text(shown)
    assert not Job.objects.exists()


def test_values_of_another_vendor_are_neither_shown_nor_corrected(
    uploader: Client, pipeline: Pipeline, other_vendor: Vendor
) -> None:
    theirs = pipeline.run(feed(line(1, category="Elektro")), vendor_id="VEND002")
    assert listed(uploader.get(f"{EVERYWHERE}category/")) == []
    answer = uploader.post(f"{EVERYWHERE}category/", {"value-0": "Elektro", "right-0": "Electronics"})
    assert "No row has these values any more." in text(answer)
    for method in (uploader.get, uploader.post):
        assert method(f"/vendor/VEND001/uploads/{theirs.pk}/values/category/").status_code == 404
    assert not Job.objects.exists()


def test_rows_of_the_table_are_ignored_beside_others_that_are_corrected(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="y"), line(3, price="z")))
    address = of(upload, "errors/invalid_price/")
    lines = uploader.get(address).context["page"].lines
    sent = {f"{one.number}-error": str(one.error_id) for one in lines} | {f"{n}-attempt": "1" for n in range(3)}
    sent |= {"0-price": "5", "1-price": "y", "1-ignore": "yes", "2-price": "z"}
    shown = text(uploader.post(f"{address}save/", sent, follow=True))
    assert "1 row is ignored. They stand under “Ignored”, to be taken back." in shown
    assert "1 row is right now." in shown
    upload.refresh_from_db()
    assert (upload.open_records, upload.ignored_records) == (1, 1)
    UploadHistory.objects.update(undone_at=upload.created_at)
    shown = text(
        uploader.post(f"{address}save/", {"0-error": sent["2-error"], "0-attempt": "1", "0-ignore": "y"}, follow=True)
    )
    assert "1 row is ignored." in shown
    assert "undone" not in shown.partition("Errors in")[0], "rows that can't be corrected can be ignored"
