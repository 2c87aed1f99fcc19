"""Previews have a quota within an hour: no honest person meets it, and who does is told when there are more."""

import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from tests.catalog.importing import PREVIEW, choose, form_of
from tests.feeds import feed, line
from uploads.models import Job
from uploads.pipeline import examine
from uploads.preview import quota
from vendors.models import Vendor, VendorMember

GOOD = feed(line(1))
SAID = "Within an hour, {} can be previewed by {}. Try again in {}."


@pytest.fixture(autouse=True)
def _small(db: None, settings: Any) -> Iterator[None]:
    settings.PREVIEWS_OF_PERSON, settings.PREVIEWS_OF_VENDOR = 3, 5
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is told otherwise."""
    clock = SimpleNamespace(time=time.time())
    monkeypatch.setattr(quota, "time", SimpleNamespace(time=lambda: clock.time))
    return clock


def take(vendor_id: str = "VEND001", user: int = 1, size: int = 10) -> str:
    """ "" or what is said."""
    file = io.BytesIO(b"x" * size)
    try:
        quota.take(file, vendor_id, SimpleNamespace(pk=user))
    except quota.Exhausted as error:
        return str(error)
    assert file.tell() == 0
    return ""


def test_a_person_is_told_to_wait_until_the_first_look_is_an_hour_old(now: SimpleNamespace) -> None:
    for minutes in (0, 5, 10):
        now.time += 60 * minutes
        assert take() == ""
    assert take() == SAID.format("3 files", "you", "45 minutes")
    assert take(user=2) == "", "somebody else of the same company isn't held up"
    now.time += 45 * 60 - 1
    assert take() == SAID.format("3 files", "you", "1 minute")
    now.time += 2
    assert take() == ""
    assert take() == SAID.format("3 files", "you", "5 minutes")


def test_a_company_is_too_whoever_looks_and_another_one_is_not(now: SimpleNamespace) -> None:
    assert [take(user=number) for number in range(5)] == [""] * 5
    assert take(user=9) == SAID.format("5 files", "this company", "60 minutes")
    assert take("VEND002", user=9) == ""


def test_so_is_a_company_whose_files_are_large(now: SimpleNamespace, settings: Any) -> None:
    settings.PREVIEW_BYTES_OF_VENDOR = 2 * 1024 * 1024
    assert take(size=1024 * 1024) == ""
    now.time += 600
    assert take(size=1024 * 1024, user=2) == ""
    assert take(size=1, user=3) == SAID.format("2 MB", "this company", "50 minutes")
    assert take(size=2 * 1024 * 1024, user=3) == SAID.format("2 MB", "this company", "60 minutes")


def test_the_first_file_of_an_hour_is_looked_at_however_large_it_is(settings: Any) -> None:
    settings.PREVIEW_BYTES_OF_VENDOR = 5
    assert take(size=6) == ""


@pytest.mark.django_db(transaction=True)
def test_looks_at_the_same_moment_are_counted_one_by_one(settings: Any) -> None:
    settings.PREVIEWS_OF_PERSON = 100

    def one(number: int) -> str:
        try:
            return take(user=number % 2)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(one, range(16)))
    assert told.count("") == 5


# --- on the pages ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("categories", "bucket")
def test_choosing_and_looking_again_count_whatever_comes_of_them(admin_client: Client, vendor: Vendor) -> None:
    shown = choose(admin_client, GOOD)
    assert "preview" in admin_client.post(PREVIEW, form_of(shown)).context
    assert choose(admin_client, b"\0\1\2").context["form"].errors, "a file that is refused was read as well"
    [sentence] = choose(admin_client, GOOD).context["form"].errors["import_file"]
    assert sentence == SAID.format("3 files", "you", "60 minutes")
    before = Job.objects.count()
    again = admin_client.post(PREVIEW, form_of(shown), follow=True)
    assert [str(message) for message in again.context["messages"]] == [sentence]
    assert Job.objects.count() == before, "no dry run was asked for"


@pytest.mark.usefixtures("categories", "bucket")
def test_a_vendors_own_page_says_it_before_anything_of_the_file_is_read(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PREVIEWS_OF_VENDOR = 1
    user = User.objects.create_user("olga")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    client = Client()
    client.force_login(user)
    assert take() == ""
    monkeypatch.setattr(examine, "as_text", None)
    answer = client.post("/vendor/VEND001/upload/", {"file": SimpleUploadedFile("feed.csv", GOOD.encode())})
    assert SAID.format("1 file", "this company", "60 minutes") in unescape(answer.content.decode())
