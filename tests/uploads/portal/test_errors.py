"""A vendor corrects the failed rows of its uploads on its own pages: by kind, in a table, all at once, or in Excel."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import committer
from catalog.models import Product
from catalog.rules.explained import EXPLAINED
from catalog.rules.problems import Code
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from uploads.corrections import correct, retry
from uploads.corrections.correct import Change
from uploads.corrections.failed_rows import Selection
from uploads.corrections.retry import NotRetriable
from uploads.models import Correction, Job, UploadHistory, ValidationError, ValueRule
from vendors.models import Vendor


def url(upload: UploadHistory, rest: str = "errors/") -> str:
    return f"/vendor/{upload.vendor_id}/uploads/{upload.pk}/{rest}"


def form(client: Client, address: str) -> dict[str, str]:
    """What a browser would send of the page if nothing was typed."""
    page = client.get(address).context["page"]
    sent = {"after": ""}
    for row in page.lines:
        sent |= {f"{row.number}-error": str(row.error_id), f"{row.number}-attempt": str(row.row.attempt)}
        sent |= {cell.name: cell.value for cell in row.cells.values() if cell.wrong}
    return sent


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


FIVE = {"value-0": "x", "right-0": "5"}  # on the page of a field's wrong values


def cancelled(upload: UploadHistory) -> object:
    return UploadHistory.objects.filter(pk=upload.pk).update(status="cancelled")


# --- the kinds -------------------------------------------------------------------------------------------------


def test_every_kind_of_problem_is_explained_in_a_sentence() -> None:
    assert set(EXPLAINED) == set(Code)
    assert all(sentence.endswith(".") for sentence in EXPLAINED.values())


def test_errors_are_grouped_by_kind_with_rows_explanation_example_and_suggestion(
    uploader: Client, pipeline: Pipeline
) -> None:
    upload = pipeline.run(
        feed(line(1, price="x"), line(2, category="Electronix"), line(3, price="y", sku="", product_name=""), line(4))
    )
    response = uploader.get(url(upload))
    kinds = [(kind.code, kind.rows) for kind in response.context["kinds"]]
    assert kinds == [("invalid_price", 2), ("missing_value", 1), ("unknown_category", 1)], "rows, not problems"
    assert EXPLAINED[Code.UNKNOWN_CATEGORY].replace("'", "&#x27;") in text(response)
    assert "Did you mean Electronics?" in text(response)
    assert "Suggestion:" not in text(response), "none that the message says already"
    assert f'href="{url(upload, "errors/invalid_price/")}"' in text(response)
    assert "the line of the file" in text(response)


def test_the_rows_of_a_kind_are_counted_up_to_a_cap(
    uploader: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.insight.progress.COUNTED", 2)
    upload = pipeline.run(feed(*(line(number, price="x") for number in range(1, 4))))
    shown = text(uploader.get(url(upload, "errors/invalid_price/")))
    assert "Invalid price: more than 2 rows" in shown
    assert "All wrong or missing values of price on one page</a>: 1 value in 3 rows" in shown
    assert "Retry all rows unchanged" in shown


def test_what_a_feed_says_is_never_markup(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, category="<script>alert(1)</script>\u202e", product_name="<b>x</b>")))
    for page in (url(upload), url(upload, "errors/unknown_category/")):
        shown = uploader.get(page).content.decode()
        assert "<script>alert" not in shown
        assert "<b>x</b>" not in shown
    assert "&lt;b&gt;x&lt;/b&gt;" in shown


# --- cells in a table ------------------------------------------------------------------------------------------


def test_only_wrong_cells_are_inputs_and_the_others_are_shown(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="cheap", stock_quantity="lots")))
    shown = text(uploader.get(url(upload, "errors/invalid_price/")))
    assert 'name="0-price" value="cheap"' in shown
    assert 'name="0-stock_quantity" value="lots"' in shown, "what else is wrong in the row is corrected with it"
    assert 'name="0-sku"' not in shown
    assert "SKU-1" in shown


def test_corrected_rows_are_retried_together_and_the_page_says_how_many_are_right(
    uploader: Client, pipeline: Pipeline
) -> None:
    upload = pipeline.run(feed(*(line(number, price="x") for number in range(1, 5))))
    address = url(upload, "errors/invalid_price/")
    sent = form(uploader, address) | {"0-price": "5", "1-price": "7.50", "2-price": "-1"}
    response = uploader.post(f"{address}save/", sent, follow=True)

    assert "2 rows are right now." in text(response)
    assert "1 row is still wrong." in text(response)
    upload.refresh_from_db()
    assert (upload.valid_records, upload.error_records) == (2, 2)
    assert sorted(str(price) for price in Product.objects.values_list("price", flat=True)) == ["5.00", "7.50"]
    changed = Correction.objects.order_by("row_number").values_list("row_number", "corrected_by__username")
    assert list(changed) == [(1, "uploader"), (2, "uploader"), (3, "uploader")], "the fourth was left as it was"
    assert ValidationError.objects.filter(row_number=4).count() == 1
    assert LogEntry.objects.get().change_message == "Corrected 3 rows on the vendor's page (invalid_price)."


def test_saving_without_a_change_tries_nothing(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, description='"a\nb' + "c" * 10_000 + '"')))
    for code in ("invalid_price", "too_long"):
        address = url(upload, f"errors/{code}/")
        sent = {name: value.replace("\n", "\r\n") for name, value in form(uploader, address).items()}
        assert "Nothing was changed" in text(uploader.post(f"{address}save/", sent, follow=True))
    assert not Correction.objects.exists()


def test_a_cell_that_is_right_is_not_changed_by_a_forged_form(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    other = pipeline.run(feed(line(2, price="x")))
    address = url(upload, "errors/invalid_price/")
    foreign = ValidationError.objects.get(upload=other)
    uploader.post(f"{address}save/", {"0-error": str(foreign.pk), "0-attempt": "1", "0-price": "5"})
    assert not Correction.objects.exists(), "an error of another upload"
    for nonsense in ("", "x", "-1", "9" * 30):
        assert uploader.post(f"{address}save/", {"0-error": nonsense, "0-attempt": nonsense}).status_code == 302


def test_a_row_that_somebody_else_tried_meanwhile_is_left_alone_and_said(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    address = url(upload, "errors/invalid_price/")
    sent = form(uploader, address) | {"0-price": "5", "1-price": "6"}
    correct.correct(upload.pk, "REC_0000001", 1, {"price": "y"}, None)
    shown = text(uploader.post(f"{address}save/", sent, follow=True))
    assert "1 row is right now." in shown
    assert "1 row is left alone" in shown


def test_an_unreadable_row_gets_all_its_cells(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed("P-1,only,three"))
    address = url(upload, "errors/wrong_column_count/")
    assert "P-1,only,three" in text(uploader.get(address))
    good = dict(zip([f"0-{field}" for field in feed().strip().split(",")], line(1).split(","), strict=True))
    shown = text(uploader.post(f"{address}save/", form(uploader, address) | good, follow=True))
    assert "1 row is right now." in shown
    assert Product.objects.get().sku == "SKU-1"


def test_the_rows_come_in_pages_that_skip_none_when_rows_are_corrected(
    uploader: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uploads.corrections.error_rows.PAGE_ROWS", 2)
    upload = pipeline.run(feed(*(line(number, price="x") for number in range(1, 6))))
    address = url(upload, "errors/invalid_price/")
    first = uploader.get(address).context["page"]
    assert [row.row.row_number for row in first.lines] == [1, 2]
    uploader.post(f"{address}save/", form(uploader, address) | {"0-price": "5", "1-price": "5"})
    second = uploader.get(address, {"after": first.after}).context["page"]
    assert [row.row.row_number for row in second.lines] == [3, 4]
    third = uploader.get(address, {"after": second.after}).context["page"]
    assert ([row.row.row_number for row in third.lines], third.after) == ([5], "")
    assert uploader.get(address, {"after": "9" * 40}).status_code == 302


def test_suggestions_can_be_put_into_the_cells_before_saving(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, category="Electronix"), line(2, category="Nonsuch")))
    page = uploader.get(url(upload, "errors/unknown_category/"), {"fill": "1"}).context["page"]
    assert [row.cells["category"].value for row in page.lines] == ["Electronics", "Nonsuch"]
    assert not Correction.objects.exists()


def test_a_page_needs_no_more_queries_for_more_rows(uploader: Client, pipeline: Pipeline) -> None:
    few = pipeline.run(feed(*(line(number, price="x") for number in range(1, 3))))
    many = pipeline.run(feed(*(line(number, price="x") for number in range(1, 30))))
    counts = []
    for upload in (few, few, many):
        with CaptureQueriesContext(connection) as captured:
            uploader.get(url(upload, "errors/invalid_price/"))
        counts.append(len(captured))
    assert counts[1] == counts[2]


# --- who may ---------------------------------------------------------------------------------------------------


def test_a_viewer_looks_and_downloads_but_corrects_nothing(
    sign_in: Callable[[str], Client], pipeline: Pipeline
) -> None:
    viewer = sign_in("viewer")
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    shown = text(viewer.get(url(upload, "errors/invalid_price/")))
    assert 'name="0-price"' not in shown
    assert "Save and try" not in shown
    assert viewer.get(url(upload, "failed-rows.csv")).status_code == 200
    error = str(ValidationError.objects.filter(row_number=1).get().pk)
    sent = {"0-error": error, "0-attempt": "1", "0-price": "5"}
    assert viewer.post(url(upload, "errors/invalid_price/save/"), sent).status_code == 403
    assert viewer.post(url(upload, "errors/invalid_price/try-again/")).status_code == 403
    assert viewer.get(url(upload, "values/price/")).status_code == 403
    assert viewer.post(url(upload, "values/price/"), FIVE).status_code == 403
    for rest in ("errors/invalid_price/ignore/", "ignored/take-back/", "undo/"):
        assert viewer.post(url(upload, rest)).status_code == 403, rest
    assert not Correction.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize("status", ["suspended", "pending"])
def test_a_vendor_that_is_not_active_tries_nothing_again(uploader: Client, pipeline: Pipeline, status: str) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    sent = form(uploader, url(upload, "errors/invalid_price/")) | {"0-price": "5"}
    Vendor.objects.update(status=status)

    shown = text(uploader.post(url(upload, "errors/invalid_price/save/"), sent, follow=True))
    assert f"Your account is {status}" in shown
    assert "Save and try" not in shown
    uploader.post(url(upload, "errors/invalid_price/try-again/"))
    uploader.post(url(upload, "values/price/"), FIVE)
    assert not Correction.objects.exists()
    assert not Job.objects.exists()
    assert ValidationError.objects.filter(resolved_at=None, error_type="invalid_price").count() == 2


@pytest.mark.parametrize("change", [lambda upload: Vendor.objects.update(status="suspended"), cancelled])
def test_what_was_decided_while_a_correction_waited_for_its_turn_counts(
    uploader: Client, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, change: Callable[[UploadHistory], object]
) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    sent = form(uploader, url(upload, "errors/invalid_price/")) | {"0-price": "5"}
    lock = committer.lock_vendors

    def decided_first(vendor_ids: Any) -> committer.Locks:
        change(upload)
        return lock(vendor_ids)

    monkeypatch.setattr(committer, "lock_vendors", decided_first)
    uploader.post(url(upload, "errors/invalid_price/save/"), sent)
    assert not Correction.objects.exists()
    assert ValidationError.objects.get(resolved_at=None).error_type == "invalid_price"


def test_nothing_is_started_about_rows_that_are_not_there(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2)))
    typed = {"value-0": "Lamps", "right-0": "Books", "keep": "yes"}
    assert "No row has these values any more." in text(uploader.post(url(upload, "values/category/"), typed))
    again = uploader.post(url(upload, "errors/unknown_category/try-again/"), follow=True)
    assert "No row has this error any more: Unknown category." in text(again)
    assert (Job.objects.count(), ValueRule.objects.count(), LogEntry.objects.count()) == (0, 0, 0)


def test_rows_of_a_vendor_suspended_meanwhile_keep_what_was_wrong_with_them(
    uploader: Client, pipeline: Pipeline
) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, price="x")))
    uploader.post(url(upload, "values/price/"), FIVE)
    Vendor.objects.update(status="suspended")
    job = run_jobs()
    assert (job.state, job.failure) == ("failed", "VEND001 is suspended. Rows can be retried once it is active.")
    assert not Correction.objects.exists()
    assert ValidationError.objects.filter(resolved_at=None, error_type="invalid_price").count() == 2


@pytest.mark.parametrize("number", ["9" * 10, "9" * 5000, "²", "-1", ""])
def test_numbers_that_are_not_of_our_making_are_no_error_of_the_server(
    uploader: Client, pipeline: Pipeline, number: str
) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    page = url(upload, "errors/invalid_price/")
    assert uploader.get(page, {"after": f"{number}-x"}, follow=True).status_code == 200
    for name in ("0-error", "0-attempt"):
        sent = form(uploader, page) | {"0-price": "5", name: number}
        assert uploader.post(f"{page}save/", sent).status_code == 302
    assert not Correction.objects.exists()


def test_another_vendors_upload_is_not_there(uploader: Client, pipeline: Pipeline, other_vendor: Vendor) -> None:
    upload = pipeline.run(feed(line(1, price="x")), vendor_id="VEND002")
    retry.start(Selection(vendor_id="VEND002"), None)
    error = str(ValidationError.objects.get().pk)
    for rest in (
        "errors/",
        "errors/invalid_price/",
        "failed-rows.csv",
        "failed-rows.xlsx",
        "values/price/",
        "ignored/",
        "closed/",
        "undo/",
    ):
        for vendor in ("VEND001", "VEND002"):
            address = f"/vendor/{vendor}/uploads/{upload.pk}/{rest}"
            assert uploader.get(address, {"field": "price", "value": "x"}).status_code == 404, address
    for vendor in ("VEND001", "VEND002"):
        base = f"/vendor/{vendor}/uploads/{upload.pk}"
        sent = {"0-error": error, "0-attempt": "1", "0-price": "5", "0-ignore": "yes", "row": error, **FIVE}
        for rest in (
            "errors/invalid_price/save/",
            "errors/invalid_price/try-again/",
            "values/price/",
            "errors/invalid_price/ignore/",
            "ignored/take-back/",
            "undo/",
        ):
            assert uploader.post(f"{base}/{rest}", sent).status_code == 404
        for rest in ("", "progress/"):
            assert uploader.get(f"/vendor/{vendor}/mending/{Job.objects.get().pk}/{rest}").status_code == 404
    assert not Correction.objects.exists()
    assert Job.objects.count() == 1


def test_addresses_that_cannot_be_are_not_there(uploader: Client) -> None:
    for address in ("uploads/nothing/errors/x/", "mending/99999999999999999999/"):
        assert uploader.get(f"/vendor/VEND001/{address}").status_code == 404, address


def test_an_upload_that_a_program_named_as_it_liked_has_its_pages(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    UploadHistory.objects.create(upload_id="a/b c?\nd%", vendor_id="VEND001", file_name="x", error_records=1,
                                 total_records=1)  # fmt: skip
    ValidationError.objects.filter(upload=upload).update(upload_id="a/b c?\nd%")
    history = uploader.get("/vendor/VEND001/history/")
    assert history.status_code == 200
    response = uploader.get("/vendor/VEND001/uploads/a/b%20c%3F%0Ad%25/errors/")
    assert response.status_code == 200
    assert "/vendor/VEND001/uploads/a/b%20c%3F%0Ad%25/errors/" in history.content.decode()


# --- rows of a page, in one go ---------------------------------------------------------------------------------


def test_rows_are_corrected_together_or_not_at_all(pipeline: Pipeline, admin_user: User) -> None:
    upload = pipeline.run(feed(line(1, price="x"), line(2, sku="two words")))
    changes = [Change("REC_0000001", 1, {"price": "5"}), Change("REC_0000002", 1, {"sku": "SKU-1"})]
    tried = correct.correct_rows(upload.pk, changes, admin_user)

    assert [outcome.outcome for outcome in tried.outcomes] == ["inserted", "error"], "they see each other"
    assert ValidationError.objects.get(resolved_at=None).error_type == "duplicate_in_file"
    with pytest.raises(ValueError, match="25"):
        correct.correct_rows(upload.pk, [Change("x", 1, {})] * 26, admin_user)
    UploadHistory.objects.update(status="cancelled")
    with pytest.raises(NotRetriable, match="cancelled"):
        correct.correct_rows(upload.pk, [Change("REC_0000002", 2, {"sku": "S"})], admin_user)


# --- all rows of a kind ----------------------------------------------------------------------------------------


def test_null_characters_are_stored_as_their_sign(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, price="x")))
    address = url(upload, "errors/invalid_price/")
    sent = form(uploader, address)
    shown = text(uploader.post(f"{address}save/", sent | {"0-price": "1\0"}, follow=True))
    assert "1 row is still wrong." in shown
    assert Correction.objects.get().changes == {"price": ["x", "1␀"]}
    chosen = {"value-0": "1␀", "right-0": "2\0", "keep": "yes"}
    assert uploader.post(url(upload, "values/price/"), chosen).status_code == 302
    assert ValueRule.objects.get().right_value == "2␀"
    assert uploader.get(address, {"after": "1-\0"}).status_code == 302


def test_all_rows_of_a_kind_are_retried_as_they_are(uploader: Client, pipeline: Pipeline) -> None:
    upload = pipeline.run(feed(line(1, category="Drones"), line(2, category="Drones"), line(3, price="x")))
    from catalog.models import ProductCategory

    ProductCategory.objects.create(category_name="Drones")
    uploader.post(url(upload, "errors/unknown_category/try-again/"))
    job = run_jobs()
    assert (job.vendor_id, job.done, job.result["valid"], job.result["error"]) == ("VEND001", 2, 2, 0)
