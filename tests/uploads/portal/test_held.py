"""A program's file that leaves something open: its vendor's people are told, answer in the preview, and import it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import Pipeline
from tests.uploads.api.conftest import program_of
from tests.uploads.api.test_feeds import TWO_PRICES, sent, state
from tests.uploads.portal.test_upload import form
from uploads.models import Feed, RememberedReading, UploadHistory
from uploads.programs import take
from vendors.models import Vendor, VendorMember

BASE = "/vendor/VEND001/"


@pytest.fixture
def program(vendor: Vendor, broker: None) -> Client:
    return program_of(vendor)


@pytest.fixture
def owner(vendor: Vendor, client: Client) -> Client:
    user = User.objects.create_user("mia", "mia@northwind.example")
    VendorMember.objects.create(vendor=vendor, user=user, role="owner")
    client.force_login(user)
    return client


@pytest.fixture
def held(program: Client, pipeline: Pipeline, owner: Client) -> str:
    feed_id = sent(program, TWO_PRICES)
    take.take(feed_id)
    assert Feed.objects.get().state == "held"
    return feed_id


def answered(owner: Client, held: str) -> Any:
    """The preview with its question answered: the columns say it from then on."""
    preview = owner.post(f"{BASE}upload/held/{held}/")
    (question,) = preview.context["preview"].layout.questions
    chosen = {f"answer-{question.id}": question.choices[0].value}
    return owner.post(f"{BASE}upload/preview/", form(preview, **chosen))


def test_an_owner_is_told_answers_and_the_file_is_imported_under_its_feeds_id(
    held: str, program: Client, owner: Client, pipeline: Pipeline, mailoutbox: list[Any]
) -> None:
    (mail,) = mailoutbox
    assert (mail.to, f"/upload/held/{held}/" in mail.body) == (["feeds@northwind.example"], True)
    assert f"{BASE}upload/held/{held}/" in owner.get(BASE).content.decode()
    page = owner.get(f"{BASE}upload/held/{held}/")
    assert "Sent by the program “ERP”" in page.content.decode()
    seen = answered(owner, held)
    answer = owner.post(f"{BASE}upload/confirm/", form(seen))
    assert answer["Location"] == f"{BASE}uploads/{held}/"
    upload = UploadHistory.objects.get()
    pipeline.stage(upload)
    pipeline.settle()
    found = state(program, held)
    assert (found["state"], found["counts"]["inserted"], found["questions"]) == ("completed", 2, [])
    assert RememberedReading.objects.exists()
    again = sent(program, TWO_PRICES.replace("10.00", "12.00"))
    take.take(again)
    assert Feed.objects.get(pk=again).state == "opened", "the answer is remembered"
    assert "program “ERP”" in owner.get(f"{BASE}history/").content.decode()
    assert owner.get(f"{BASE}upload/held/{held}/")["Location"] == f"{BASE}uploads/{held}/"


def test_a_dry_run_is_never_imported_by_answering_it(program: Client, pipeline: Pipeline, owner: Client) -> None:
    feed_id = sent(program, TWO_PRICES, dry_run="true")
    take.take(feed_id)
    Feed.objects.update(dry_run=False)  # as it would be confirmed from a preview that was opened before
    seen = answered(owner, feed_id)
    Feed.objects.update(dry_run=True)
    owner.post(f"{BASE}upload/confirm/", form(seen))
    assert not UploadHistory.objects.exists()
    page = owner.post(f"{BASE}upload/held/{feed_id}/", follow=True).content.decode()
    assert "Its program asked only to try it" in page


def test_it_is_read_in_the_mode_that_its_program_said(program: Client, pipeline: Pipeline, owner: Client) -> None:
    feed_id = sent(program, TWO_PRICES, mode="update")
    take.take(feed_id)
    assert owner.post(f"{BASE}upload/held/{feed_id}/").context["preview"].mode == "update"


def test_it_is_cancelled_there(held: str, owner: Client, program: Client) -> None:
    page = owner.post(f"{BASE}upload/held/{held}/", {"cancel": "yes"}, follow=True).content.decode()
    assert "Cancelled. Nothing of this file was imported." in page
    assert state(program, held)["state"] == "cancelled"


def test_a_preview_of_a_feed_that_was_cancelled_meanwhile_opens_nothing(
    held: str, owner: Client, program: Client
) -> None:
    seen = answered(owner, held)
    program.post(f"/api/v1/feeds/{held}/cancel")
    page = owner.post(f"{BASE}upload/confirm/", form(seen)).content.decode()
    assert "This feed was cancelled meanwhile." in page
    assert not UploadHistory.objects.exists()


def test_who_only_looks_sees_it_and_answers_nothing(held: str, owner: Client) -> None:
    VendorMember.objects.update(role="viewer")
    assert "An owner or uploader can answer." in owner.get(f"{BASE}upload/held/{held}/").content.decode()
    owner.post(f"{BASE}upload/held/{held}/", {"cancel": "yes"})
    assert Feed.objects.get().state == "held"


def test_staff_find_it_on_the_list_of_work(held: str, admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    assert "Feeds that leave something open" in page
