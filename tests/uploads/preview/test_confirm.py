"""A preview that is confirmed opens one upload, however often, how fast and across which upgrade that is done."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.db import IntegrityError, connection

from catalog import committer
from tests.feeds import HEADER, feed, line
from tests.workbooks import workbook
from uploads.aws import storage
from uploads.models import UploadHistory
from uploads.pipeline import receive
from uploads.pipeline.receive import AlreadyOpened
from uploads.preview import flow
from uploads.preview.form import Confirmation
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("vendor", "categories", "bucket")


def previewed(vendor: Vendor, user: User) -> dict[str, str]:
    """What the form of a workbook's preview sends."""
    book = workbook([HEADER.split(","), line(1).split(",")])
    shown = flow.choose(io.BytesIO(book), "feed.xlsx", vendor, user)
    return {"token": shown["confirm_form"].initial["token"]}


def stored() -> set[str]:
    return set(storage.listing(f"{storage.FEEDS}/VEND001")[1])


def stored_of(upload: UploadHistory) -> set[str]:
    return {key.rpartition("/")[2] for key in (upload.storage_key, upload.original_key)}


def press(posted: dict[str, str], user: User) -> tuple[str, str]:
    """Confirm; returns whether that opened the upload, and which it is."""
    try:
        return "opened", flow.confirm(Confirmation.from_post(posted), user).pk
    except AlreadyOpened as again:
        return "again", again.upload.pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [1, 5], ids=["of one file under way", "of several"])
@pytest.mark.parametrize("locked", [True, False], ids=["one after the other", "without the vendor's lock"])
def test_two_confirms_at_the_same_moment_open_one_upload_and_store_its_files_only(
    vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch, settings: Any, locked: bool, limit: int
) -> None:
    settings.MAX_OPEN_UPLOADS = limit
    posted, before = previewed(vendor, admin_user), stored()
    lock_vendors, both_are_there = committer.lock_vendors, Barrier(2, timeout=20)

    def lock_together(vendor_ids: list[str]) -> None:
        """Both have stored their files and found no upload by now."""
        both_are_there.wait()
        if locked:
            lock_vendors(vendor_ids)

    def pressed(_: int) -> tuple[str, str]:
        try:
            return press(posted, admin_user)
        finally:
            connection.close()

    monkeypatch.setattr(committer, "lock_vendors", lock_together)
    with ThreadPoolExecutor(2) as people:
        answers = sorted(people.map(pressed, range(2)))
    upload = UploadHistory.objects.get()
    assert answers == [("again", upload.pk), ("opened", upload.pk)]
    assert stored() - before == stored_of(upload)


def test_what_was_confirmed_leads_to_its_upload_though_storage_is_away(
    vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = previewed(vendor, admin_user)
    _, opened = press(posted, admin_user)

    def away(*_: Any) -> None:
        raise storage.StorageUnavailable("no route")

    monkeypatch.setattr(storage, "opened", away)
    assert press(posted, admin_user) == ("again", opened)


def test_the_same_file_previewed_twice_can_be_confirmed_twice(vendor: Vendor, admin_user: User) -> None:
    first, second = previewed(vendor, admin_user), previewed(vendor, admin_user)
    assert press(first, admin_user)[0] == press(second, admin_user)[0] == "opened"
    assert UploadHistory.objects.values("previewed_key").distinct().count() == 2


def test_files_that_were_not_previewed_have_nothing_to_confirm(vendor: Vendor) -> None:
    for _ in range(2):
        receive.receive(io.BytesIO(feed(line(1)).encode()), "feed.csv", "VEND001")
    assert list(UploadHistory.objects.values_list("previewed_key", flat=True)) == [None, None]


def test_another_constraint_that_fails_is_no_second_confirmation(
    vendor: Vendor, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = receive.receive(io.BytesIO(feed(line(1)).encode()), "feed.csv", "VEND001").pk
    monkeypatch.setattr(receive, "new_upload_id", lambda: upload_id)
    before = stored()
    with pytest.raises(IntegrityError):
        press(previewed(vendor, admin_user), admin_user)
    assert stored() == before


@pytest.mark.parametrize("more", [[], ["", ""], ["", "", 0]], ids=["of old", "with a workbook", "and its sheets"])
def test_what_was_previewed_before_an_upgrade_can_be_confirmed_after_it(admin_user: User, more: list[Any]) -> None:
    """The token as it stands in pages that are open: how it is signed, and what the key looks like, must stay."""
    key = f"incoming/{datetime.now(UTC):%Y%m%d}/VEND001.{'k' * 32}"
    storage.save(key, io.BytesIO(feed(line(1)).encode()))
    token = signing.dumps([admin_user.pk, key, "feed.csv", "VEND001", *more], salt="uploads.incoming")
    assert press({"token": token}, admin_user) == ("opened", UploadHistory.objects.get().pk)
