"""What came of an upload, in a word and a sentence: the same on every page, in the mail and for programs."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Pipeline
from tests.feeds import feed, line
from uploads.insight import progress
from uploads.models import UploadHistory
from uploads.models.results import Result, result, sentence


@pytest.mark.parametrize(
    ("valid", "errors", "skipped", "word", "said"),
    [
        (22, 0, 0, Result.IMPORTED, "Done. 22 rows were right."),
        (1, 0, 0, Result.IMPORTED, "Done. 1 row was right."),
        (16, 6, 0, Result.PARTLY, "16 rows were right, 6 rows need you."),
        (16, 1, 3, Result.PARTLY, "13 rows were right, 3 rows were left alone (not in the catalog), 1 row needs you."),
        (0, 22, 0, Result.NOTHING, "Nothing was imported: 22 rows need you."),
        (
            3,
            1,
            3,
            Result.NOTHING,
            "Nothing was imported: 1 row needs you, 3 rows were left alone (not in the catalog).",
        ),
        (5, 0, 5, Result.LEFT_ALONE, "Nothing was changed: 5 rows were left alone (not in the catalog)."),
        (5, 0, 2, Result.IMPORTED, "Done. 3 rows were right, 2 rows were left alone (not in the catalog)."),
    ],
)
def test_an_upload_is_what_came_of_its_rows(valid: int, errors: int, skipped: int, word: Result, said: str) -> None:
    counts = {"valid_records": valid, "error_records": errors, "skipped_records": skipped}
    upload = UploadHistory(status="completed", mode="update", **counts)
    assert (result(upload), sentence(upload)) == (word, said)
    upload = UploadHistory(status="completed", mode="add", **counts)
    assert sentence(upload) == said.replace("not in the catalog", "in the catalog already")


@pytest.mark.parametrize(
    ("valid", "ignored", "closed", "waiting", "word", "said"),
    [
        (9, 3, 0, 1, Result.PARTLY, "9 rows were right, 1 row needs you, 3 ignored."),
        (9, 3, 2, 0, Result.IMPORTED, "Done. 9 rows were right, 3 ignored, 2 settled since."),
        (0, 3, 2, 0, Result.NOTHING, "Nothing was imported: 3 ignored, 2 settled since."),
        (0, 0, 2, 4, Result.NOTHING, "Nothing was imported: 4 rows need you, 2 settled since."),
    ],
)
def test_rows_that_are_ignored_or_settled_since_need_nobody_and_are_said(
    valid: int, ignored: int, closed: int, waiting: int, word: Result, said: str
) -> None:
    upload = UploadHistory(
        status="completed", valid_records=valid, error_records=ignored + closed + waiting,
        ignored_records=ignored, closed_records=closed,
    )  # fmt: skip
    assert upload.open_records == waiting
    assert (result(upload), sentence(upload)) == (word, said)


def test_rows_that_are_no_products_are_left_out_not_alone() -> None:
    upload = UploadHistory(status="completed", valid_records=5, skipped_records=2, layout={"plan": {"format": "x"}})
    assert sentence(upload) == "Done. 3 rows were right, 2 rows were left out."


@pytest.mark.parametrize("status", UploadHistory.Status.values)
def test_there_is_a_word_for_every_status(status: str) -> None:
    words = "nothing imported" if status == "completed" else status
    assert result(UploadHistory(status=status, error_records=1)).words == words


NOTHING = "Nothing was imported: 2 rows need you."


def test_an_upload_in_which_nothing_was_right_is_nowhere_simply_done(
    pipeline: Pipeline, admin_client: Client, uploader: Client, mailoutbox: list[Any]
) -> None:
    upload = pipeline.run(feed(line(1, price="free"), line(2, price="free")))
    (mail,) = mailoutbox
    assert mail.subject == "feed.csv: nothing imported"
    assert mail.body.startswith(f"feed.csv: {NOTHING}")
    found = progress.of(upload.pk).as_json()
    assert (found["status"], found["result"]) == ("completed", "nothing_imported")
    page = admin_client.get(f"/admin/uploads/uploadhistory/{upload.pk}/change/").content.decode()
    assert NOTHING in page
    ours = ((reverse("vendor:upload", args=[upload.vendor_id, upload.pk]), NOTHING),
            (reverse("vendor:history", args=[upload.vendor_id]), "nothing imported"),
            (reverse("vendor:home", args=[upload.vendor_id]), NOTHING))  # fmt: skip
    for address, said in ours:
        page = uploader.get(address).content.decode()
        assert said in page, address
        assert "Done" not in page
        assert "tag-completed" not in page
