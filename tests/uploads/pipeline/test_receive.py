"""Step 1: either an upload is open and its file is stored, or nothing has happened and there is one sentence why."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError

from config.celery import app
from tests.conftest import Pipeline
from tests.feeds import HEADER, feed, line
from uploads.aws import storage
from uploads.models import UploadHistory
from uploads.pipeline import examine, receive
from uploads.pipeline.examine import Refused
from uploads.work import wakeups
from vendors.models import Vendor

GOOD = feed(line(1), line(2))


def send(content: str | bytes = GOOD, name: str = "feed.csv", vendor_id: str = "VEND001") -> UploadHistory:
    return receive.receive(io.BytesIO(content.encode() if isinstance(content, str) else content), name, vendor_id)


def stored() -> set[str]:
    return set(default_storage.listdir("feeds/VEND001")[1])


@pytest.fixture(autouse=True)
def _ground(vendor: Vendor, categories: None, bucket: None) -> None:
    pass


@pytest.fixture
def nothing_happens(db: None) -> Iterator[None]:
    before = stored()
    yield
    assert stored() == before
    assert not UploadHistory.objects.exists()


def test_a_file_is_stored_under_a_private_key_and_its_upload_is_open() -> None:
    upload = send()

    assert (upload.status, upload.file_name, upload.total_records) == ("processing", "feed.csv", 0)
    assert upload.upload_id.startswith("UPLOAD_20")
    assert upload.storage_key.startswith("feeds/VEND001/")
    assert (upload.file_size, upload.sha256) == (len(GOOD), hashlib.sha256(GOOD.encode()).hexdigest())
    assert upload.staged_offset == len(HEADER) + 1
    with storage.opened(upload.storage_key) as file:
        assert file.read() == GOOD.encode()


def test_two_uploads_of_one_second_have_ids_and_keys_of_their_own() -> None:
    first, second = send(), send()

    assert first.upload_id != second.upload_id
    assert first.storage_key != second.storage_key
    assert first.sequence < second.sequence


REFUSALS: dict[str, tuple[str | bytes, str]] = {
    "an empty file": ("", "empty"),
    "blank lines": ("\n\n", "empty"),
    "no rows": (HEADER + "\n", "no rows"),
    "no header": ("1,2,3\n4,5,6\n", "column"),
    "missing columns": ("name,price\nA,1\n", "neither a product ID nor a SKU"),
    "a workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Excel"),
    "noise": (bytes(range(256)) * 20, "text file"),
    "two price columns": (
        f"{HEADER},Price\n{line(1)},2\n",
        "Which column has the price: “price” or “Price”.*rename or remove",
    ),
}


@pytest.mark.parametrize(("content", "reason"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.usefixtures("nothing_happens")
def test_a_file_that_is_no_feed_is_refused_with_one_sentence(content: str | bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        send(content)


@pytest.mark.usefixtures("nothing_happens")
def test_a_vendor_must_exist_and_be_active(vendor: Vendor) -> None:
    with pytest.raises(Refused, match="no vendor NOBODY"):
        send(vendor_id="NOBODY")
    vendor.status = Vendor.Status.SUSPENDED
    vendor.save()
    with pytest.raises(Refused, match="suspended"):
        send()


@pytest.mark.usefixtures("nothing_happens")
def test_a_file_over_the_size_limit_is_refused(settings: Any) -> None:
    settings.MAX_FILE_BYTES = len(GOOD) - 1
    with pytest.raises(Refused, match="larger than"):
        send()


def test_a_file_at_the_size_limit_is_taken(settings: Any) -> None:
    settings.MAX_FILE_BYTES = len(GOOD)
    assert send().file_size == len(GOOD)


@pytest.mark.usefixtures("nothing_happens")
def test_a_file_with_too_many_rows_is_refused(settings: Any) -> None:
    settings.MAX_FILE_ROWS = 3
    with pytest.raises(Refused, match="more than 3 rows"):
        send(feed(*(line(n) for n in range(1, 5))))


def test_blank_lines_and_line_breaks_in_cells_are_no_rows(settings: Any) -> None:
    settings.MAX_FILE_ROWS = 2
    assert send(feed(line(1, description='"a\nb\nc"'), "", "", line(2)))


@pytest.mark.usefixtures("nothing_happens")
def test_storage_that_is_away_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise storage.StorageUnavailable("no route")

    monkeypatch.setattr(storage, "save", away)
    with pytest.raises(storage.StorageUnavailable):
        send()


@pytest.mark.usefixtures("nothing_happens")
def test_a_database_that_fails_leaves_no_file_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(UploadHistory, "save", broken)
    with pytest.raises(DatabaseError):
        send()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("feed.csv", "feed.csv"),
        ("C:\\Users\\me\\feed.csv", "feed.csv"),
        ("/etc/../feed.csv", "feed.csv"),
        ("mixed/and\\feed.csv", "feed.csv"),
        ("a\0b\r\nc\u202ed.csv", "abcd.csv"),
        ("Größe 🪔.csv", "Größe 🪔.csv"),
        ("x" * 300 + ".csv", "x" * 251 + ".csv"),
        ("", "feed.csv"),
        ("folder/", "feed.csv"),
        ("\n", "feed.csv"),
        ("<script>.csv", "<script>.csv"),
    ],
)
def test_a_file_name_is_kept_for_show_only(name: str, shown: str) -> None:
    upload = send(name=name)
    upload.refresh_from_db()

    assert upload.file_name == shown
    assert shown not in upload.storage_key


def test_the_same_file_of_the_same_vendor_is_recognised(other_vendor: Vendor) -> None:
    digest = hashlib.sha256(GOOD.encode()).hexdigest()
    assert examine.sent_before("VEND001", digest) is None
    send()
    newest = send()

    assert examine.sent_before("VEND001", digest) == newest
    assert examine.sent_before("VEND002", digest) is None
    assert examine.sent_before("VEND001", "another") is None


def test_a_file_whose_upload_failed_may_be_sent_again_without_a_question() -> None:
    upload = send()
    UploadHistory.objects.update(status="failed")

    assert examine.sent_before("VEND001", upload.sha256) is None


def test_staging_is_woken_only_after_the_upload_is_there(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def look(task: Any, upload_id: str) -> None:
        seen.append((task, UploadHistory.objects.filter(upload_id=upload_id).exists()))

    monkeypatch.setattr(wakeups, "enqueue", look)
    pipeline.send(GOOD)

    assert seen == [(wakeups.STAGE_UPLOAD, True)]


def test_a_broker_that_is_away_still_opens_the_upload(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    upload = pipeline.send(GOOD)

    assert UploadHistory.objects.get() == upload
    assert upload.storage_key.rpartition("/")[2] in stored()


def test_a_wake_up_that_fails_in_any_way_leaves_upload_and_file(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(wakeups, "enqueue", broken)
    upload = pipeline.send(GOOD)

    assert upload.storage_key.rpartition("/")[2] in stored()


def test_a_vendor_with_as_many_files_under_way_as_it_may_waits_for_one_to_end(
    pipeline: Pipeline, settings: Any
) -> None:
    settings.MAX_OPEN_UPLOADS = 2
    first = pipeline.send(feed(line(1)))
    pipeline.send(feed(line(2)))
    with pytest.raises(examine.Refused, match="VEND001 has 2 files under way"):
        pipeline.send(feed(line(3)))
    assert UploadHistory.objects.count() == 2

    pipeline.stage(first)
    pipeline.settle()
    pipeline.send(feed(line(3)))
    assert UploadHistory.objects.count() == 3
