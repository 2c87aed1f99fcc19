"""Feeds of programs: sent, announced, held, tried, cancelled; and whose they are."""

import hashlib
import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from catalog.models import Product
from tests.conftest import Pipeline
from tests.feeds import feed, line
from tests.jobs import run_jobs
from tests.uploads.api.conftest import program_of
from uploads.api import idempotent
from uploads.aws import storage
from uploads.models import Feed, IdempotentCall, Job, UploadHistory
from uploads.pipeline import receive
from uploads.programs import feeds, take
from vendors.models import Vendor, Webhook, WebhookDelivery

FEEDS = "/api/v1/feeds"
GOOD = feed(line(1), line(2))
TWO_PRICES = (
    "vendor_product_id,product_name,category,sku,Net price,Gross price,stock_quantity\n"
    "P-1,Lamp,Electronics,SKU-1,10.00,11.90,5\nP-2,Lamp,Electronics,SKU-2,20.00,23.80,5\n"
)


def send(program: Client, content: str = GOOD, **said: Any) -> Any:
    return program.post(FEEDS, {"file": SimpleUploadedFile("feed.csv", content.encode()), **said})


def announce(program: Client, **said: Any) -> Any:
    return program.post(FEEDS, json.dumps(said), content_type="application/json")


def sent(program: Client, content: str = GOOD, **said: Any) -> str:
    answer = send(program, content, **said)
    assert answer.status_code == 202, answer.json()
    return str(answer.json()["id"])


def put(target: dict[str, Any], content: bytes) -> int:
    """Put a file where the announcement says; the status."""
    path = urlsplit(target["url"]).path
    assert target["fields"] == {}
    return int(Client().post(path, {"file": SimpleUploadedFile("f", content)}).status_code)


def state(program: Client, feed_id: str) -> dict[str, Any]:
    answer = program.get(f"{FEEDS}/{feed_id}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("type", "").rpartition("/")[2]


@pytest.fixture
def through(pipeline: Pipeline) -> Callable[[str], UploadHistory]:
    """Takes a feed all the way, as workers do."""

    def taken(feed_id: str) -> UploadHistory:
        take.take(feed_id)
        upload = UploadHistory.objects.get(pk=feed_id)
        pipeline.stage(upload)
        pipeline.settle()
        upload.refresh_from_db()
        return upload

    return taken


def test_a_file_in_the_call_becomes_an_upload_of_the_same_id(
    program: Client, through: Callable[[str], UploadHistory]
) -> None:
    answer = send(program, feed(line(1), line(2, price="free")), metadata=json.dumps({"run": 7}))
    assert answer.status_code == 202
    told = answer.json()
    assert (told["state"], told["metadata"], told["file_name"]) == ("submitted", {"run": 7}, "feed.csv")
    through(told["id"])
    found = state(program, told["id"])
    assert (found["state"], found["origin"], found["metadata"]) == ("completed", "api", {"run": 7})
    assert (found["counts"]["inserted"], found["counts"]["errors"], found["counts"]["total"]) == (1, 1, 2)
    assert Product.objects.get().sku == "SKU-1"
    assert Feed.objects.get().state == "opened"
    with pytest.raises(storage.FileMissing):  # the copy that was sent
        storage.size(Feed.objects.get().key)


def test_a_file_is_announced_put_into_storage_and_submitted(
    program: Client, through: Callable[[str], UploadHistory]
) -> None:
    content = GOOD.encode()
    answer = announce(program, file_name="nightly.csv", sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    assert answer.status_code == 201
    told = answer.json()
    assert told["state"] == "awaiting_file"
    assert kind(program.post(f"{FEEDS}/{told['id']}/submit")) == (422, "feed-refused")
    assert put(told["upload"], content) in (200, 201, 204)
    assert program.post(f"{FEEDS}/{told['id']}/submit").json()["state"] == "submitted"
    assert program.post(f"{FEEDS}/{told['id']}/submit").status_code == 202, "said twice, it is submitted once"
    assert through(told["id"]).inserted_records == 2


def test_another_file_than_was_announced_is_not_imported(
    program: Client, through: Callable[[str], UploadHistory]
) -> None:
    told = announce(program, size=10).json()
    storage.save(Feed.objects.get().key, io.BytesIO(GOOD.encode()))
    refused = program.post(f"{FEEDS}/{told['id']}/submit")
    assert kind(refused) == (422, "feed-refused")
    assert "10 were announced" in refused.json()["detail"]
    other = sent(program, sha256="a" * 64)
    take.take(other)
    found = state(program, other)
    assert (found["state"], found["failure"]["code"]) == ("failed", "sha256_mismatch")
    assert not UploadHistory.objects.exists()


def test_a_target_takes_one_file_of_one_feed_and_of_so_many_bytes(program: Client, bucket: None) -> None:
    told = announce(program, size=5).json()
    assert put(told["upload"], b"123456") == 413
    assert put(told["upload"], b"12345") == 204
    other = told["upload"] | {"url": told["upload"]["url"] + "x"}
    assert put(other, b"12345") == 404
    program.post(f"{FEEDS}/{told['id']}/submit")
    assert put(told["upload"], b"54321") == 404, "it was submitted"
    with storage.opened(Feed.objects.get().key) as file:
        assert file.read() == b"12345"


def test_what_a_file_leaves_open_is_asked_and_answered_by_the_program(
    program: Client, through: Callable[[str], UploadHistory], vendor: Vendor
) -> None:
    Webhook.objects.create(vendor=vendor, url="https://erp.example/", events=["feed.held"], secret="-")
    feed_id = sent(program, TWO_PRICES)
    take.take(feed_id)
    found = state(program, feed_id)
    assert found["state"] == "held"
    (question,) = found["questions"]
    assert question["choices"]
    (told,) = WebhookDelivery.objects.all()
    assert (told.event, json.loads(told.body)["data"]["feed_id"]) == ("feed.held", feed_id)
    wrong = program.post(f"{FEEDS}/{feed_id}/confirm", json.dumps({"answers": {"nonsense": "x"}}), "application/json")
    assert kind(wrong) == (422, "invalid")
    for text in ("\0", "\ud800", "x" * 50_001):
        body = json.dumps({"answers": {question["id"]: text}})
        assert kind(program.post(f"{FEEDS}/{feed_id}/confirm", body, "application/json")) == (422, "invalid")
    answers = {"answers": {question["id"]: question["choices"][0]["value"]}}
    confirmed = program.post(f"{FEEDS}/{feed_id}/confirm", json.dumps(answers), "application/json")
    assert (confirmed.status_code, confirmed.json()["state"]) == (202, "submitted")
    through(feed_id)
    assert Product.objects.count() == 2
    assert kind(program.post(f"{FEEDS}/{feed_id}/confirm", "{}", "application/json")) == (409, "conflict")


def test_what_nobody_answers_is_cancelled_after_a_week_and_what_never_comes_expires(
    program: Client, pipeline: Pipeline
) -> None:
    held, awaited = sent(program, TWO_PRICES), announce(program).json()["id"]
    take.take(held)
    take.wake()
    assert (state(program, held)["state"], state(program, awaited)["state"]) == ("held", "awaiting_file")
    Feed.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    take.wake()
    assert state(program, held)["failure"]["code"] == "not_answered"
    assert (state(program, held)["state"], state(program, awaited)["state"]) == ("cancelled", "expired")


def test_a_dry_run_counts_what_would_become_of_the_rows_and_changes_nothing(
    program: Client, pipeline: Pipeline
) -> None:
    feed_id = sent(program, feed(line(1), line(2, price="free")), dry_run="true")
    assert take.take(feed_id) == take.WAIT_SECONDS
    run_jobs()
    Feed.objects.update(leased_until=None)
    take.take(feed_id)
    found = state(program, feed_id)
    assert (found["state"], found["counts"]["inserted"], found["counts"]["errors"]) == ("tried", 1, 1)
    assert [(one["code"], one["samples"][0]["row"]) for one in found["problems"]] == [("invalid_price", 2)]
    assert not UploadHistory.objects.exists()
    assert not Product.objects.exists()


@pytest.mark.parametrize("died", ["before", "after"])
def test_a_worker_that_dies_over_a_feed_leaves_one_upload(
    program: Client, through: Callable[[str], UploadHistory], monkeypatch: pytest.MonkeyPatch, died: str
) -> None:
    feed_id, really = sent(program), receive.open_upload

    def dies(*arguments: Any, **rest: Any) -> UploadHistory:
        if died == "after":
            really(*arguments, **rest)
        raise SystemExit

    monkeypatch.setattr(receive, "open_upload", dies)
    with pytest.raises(SystemExit):
        take.take(feed_id)
    monkeypatch.setattr(receive, "open_upload", really)
    Feed.objects.update(leased_until=None)
    assert through(feed_id).inserted_records == 2
    take.take(feed_id)
    assert UploadHistory.objects.count() == 1


def test_it_is_cancelled_wherever_it_stands(program: Client, through: Callable[[str], UploadHistory]) -> None:
    waiting, submitted, done = announce(program).json()["id"], sent(program), sent(program)
    through(done)
    for feed_id in (waiting, submitted):
        assert program.post(f"{FEEDS}/{feed_id}/cancel").json()["state"] == "cancelled"
        assert kind(program.post(f"{FEEDS}/{feed_id}/submit")) == (409, "conflict")
    assert kind(program.post(f"{FEEDS}/{done}/cancel")) == (409, "conflict")
    take.take(submitted)
    assert UploadHistory.objects.count() == 1


def test_a_dry_run_that_is_cancelled_goes_on_no_more(program: Client, pipeline: Pipeline) -> None:
    feed_id = sent(program, dry_run="true")
    take.take(feed_id)
    assert program.post(f"{FEEDS}/{feed_id}/cancel").json()["state"] == "cancelled"
    assert Job.objects.get().state == "failed"


def test_no_target_takes_more_than_a_file_may_have(program: Client, bucket: None, settings: Any) -> None:
    settings.MAX_FILE_BYTES = 10
    assert kind(announce(program, size=11)) == (422, "feed-refused")
    assert announce(program, size=10).json()["upload"]["max_bytes"] == 10


def test_with_as_many_under_way_as_there_may_be_the_next_is_refused(
    program: Client, pipeline: Pipeline, settings: Any
) -> None:
    settings.MAX_OPEN_UPLOADS = 1
    sent(program)
    refused = send(program)
    assert kind(refused) == (429, "too-many-open-feeds")
    assert refused["Retry-After"]
    assert Feed.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"colour": "red"}, "colour"), ({"mode": "all"}, "mode"), ({"sha256": "x"}, "sha256"), ({"size": 0}, "size"),
        ({"metadata": {"a": "x" * 5000}}, "metadata"), ({"metadata": {"a": {"b": {"c": {}}}}}, "metadata"),
        ({"metadata": {"a": "\0"}}, "metadata"), ({"metadata": {"a": "\ud800"}}, "metadata"),
        ({"file_name": ""}, "file_name"), ({"dry_run": "perhaps"}, "dry_run"),
    ],
)  # fmt: skip
def test_what_isnt_understood_is_refused_by_its_name(program: Client, said: dict[str, Any], field: str) -> None:
    answer = announce(program, **said)
    assert kind(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_bodies_that_are_none_are_refused(program: Client) -> None:
    assert kind(program.post(FEEDS, "{", "application/json")) == (422, "invalid")
    assert kind(program.post(FEEDS, "[]", "application/json")) == (422, "invalid")
    assert kind(program.post(FEEDS, "a,b", "text/csv")) == (415, "unsupported-media-type")
    assert kind(program.post(FEEDS, {"mode": "upsert"})) == (422, "invalid")


def test_a_feed_of_somebody_else_isnt_there(program: Client, stranger: Client, bucket: None) -> None:
    feed_id = sent(program)
    assert kind(stranger.get(f"{FEEDS}/{feed_id}")) == (404, "not-found")
    for call in ("submit", "cancel", "confirm"):
        assert kind(stranger.post(f"{FEEDS}/{feed_id}/{call}", "{}", "application/json")) == (404, "not-found")
    assert Feed.objects.get().state == "submitted"


def test_a_token_sends_only_with_the_scope_for_it(vendor: Vendor, bucket: None) -> None:
    reader = program_of(vendor, "feeds:read")
    assert kind(send(reader)) == (403, "scope-missing")
    assert kind(announce(reader)) == (403, "scope-missing")


def test_a_vendor_has_so_many_announced_and_no_more(
    program: Client, bucket: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_WAITING", 1)
    assert announce(program).status_code == 201
    assert kind(announce(program)) == (429, "too-many-open-feeds")


@pytest.mark.parametrize("form", [True, False], ids=["sent", "announced"])
def test_a_call_that_is_repeated_after_its_process_died_makes_no_second_feed(
    vendor: Vendor, bucket: None, broker: None, monkeypatch: pytest.MonkeyPatch, form: bool
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    program = program_of(vendor)
    program.defaults["HTTP_IDEMPOTENCY_KEY"] = "nightly"
    call = send if form else announce
    with monkeypatch.context() as patch:
        patch.setattr(idempotent, "_keep", killed)
        with pytest.raises(KeyboardInterrupt):
            call(program)
    made = Feed.objects.get()
    assert kind(call(program)) == (409, "still-under-way")
    IdempotentCall.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    again = call(program)
    assert (again.status_code, again.json()["id"]) == (202 if form else 201, made.pk)
    assert call(program).json() == again.json()
    assert Feed.objects.get().state == ("submitted" if form else "awaiting_file")
