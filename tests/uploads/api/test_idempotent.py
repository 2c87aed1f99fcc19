"""A call that is sent twice with the same Idempotency-Key is done once."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory
from django.test.client import encode_multipart
from django.utils import timezone

from tests.uploads.api.conftest import MakeToken
from uploads.api import idempotent
from uploads.api.base import guarded
from uploads.api.problems import Problem
from uploads.keeping import logs, turn
from uploads.models import IdempotentCall
from uploads.work import policies
from vendors.models import Vendor

JSON = "application/json"


class Called:
    """A call, and what each time it was done found. `answer` is what it does; it counts by itself."""

    def __init__(self, authorization: str) -> None:
        self.authorization, self.times, self.ids = authorization, count(1), list[str]()
        self.does: Callable[[HttpRequest, int], HttpResponseBase] = lambda _, n: JsonResponse({"time": n}, status=201)
        self.view = guarded(self._done)

    def _done(self, request: HttpRequest) -> HttpResponseBase:
        self.ids.append(idempotent.new_id(request))
        return self.does(request, next(self.times))

    def __call__(
        self, key: str | None = "a", body: Any = b"{}", path: str = "/api/v1/things", kind: str = JSON,
        method: str = "POST",
    ) -> Any:  # fmt: skip
        headers = {"Authorization": self.authorization, **({} if key is None else {"Idempotency-Key": key})}
        return self.view(RequestFactory().generic(method, path, body, kind, headers=headers))


@pytest.fixture
def called(vendor: Vendor, make_token: MakeToken) -> Called:
    return Called(make_token(vendor, "feeds:write").header)


def problem(answer: HttpResponse) -> str:
    return str(json.loads(answer.content)["type"].rpartition("/")[2])


def test_the_first_answer_is_given_again_to_the_same_call_only(called: Called) -> None:
    first, again = called(), called()
    assert (first.status_code, first.content) == (201, b'{"time": 1}')
    assert (again.status_code, again.content, again["Content-Type"]) == (201, first.content, JSON)
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first

    for other in ({"body": b"{ }"}, {"path": "/api/v1/others"}, {"path": "/api/v1/things?x=1"}, {"method": "PATCH"}):
        refused = called(**other)
        assert (refused.status_code, problem(refused)) == (422, "key-used-otherwise")
    assert called("b").content == b'{"time": 2}'
    assert called(None).content == b'{"time": 3}'
    assert called(method="GET").content == b'{"time": 4}'  # it changes nothing, so it needs no key


def test_keys_are_a_vendors_own_and_no_token_gets_an_answer_that_it_may_not_see(
    called: Called, vendor: Vendor, other_vendor: Vendor, make_token: MakeToken
) -> None:
    assert called().content == b'{"time": 1}'
    erp = called.authorization
    for whose, scopes, expected in (
        (other_vendor, ["feeds:write"], b'{"time": 2}'),
        (vendor, ["feeds:write"], b'{"time": 1}'),  # the token that takes the place of the first
    ):
        called.authorization = make_token(whose, *scopes).header
        assert called().content == expected
    called.authorization = make_token(vendor, "feeds:read").header
    assert problem(called()) == "key-used-otherwise"
    called.authorization = erp
    assert b"time" not in bytes(IdempotentCall.objects.get(vendor=vendor).body)  # nor who has a copy of the database


@pytest.mark.parametrize("key", ["", "x" * 256, "ké", "a\tb"])
def test_a_key_that_is_none_is_refused_by_name(called: Called, key: str) -> None:
    refused = called(key)
    assert (refused.status_code, problem(refused)) == (422, "invalid")
    assert b"Idempotency-Key" in refused.content
    assert called.ids == []


def test_a_form_is_the_same_whatever_stands_between_its_parts(called: Called) -> None:
    def send(content: str, boundary: str) -> Any:
        sent = encode_multipart(boundary, {"mode": "upsert", "file": SimpleUploadedFile("a.csv", content.encode())})
        return called(body=sent, kind=f"multipart/form-data; boundary={boundary}")

    called.does = lambda request, n: HttpResponse(request.FILES["file"].read())  # type: ignore[union-attr]
    assert send("sku\n1", "one").content == b"sku\n1"
    assert send("sku\n1", "another")["Idempotency-Replayed"] == "true"
    assert problem(send("sku\n2", "one")) == "key-used-otherwise"


def test_what_failed_may_be_tried_again_with_its_key(called: Called) -> None:
    def refuse(request: HttpRequest, n: int) -> HttpResponseBase:
        raise Problem("too-many-open-feeds")

    def fail(request: HttpRequest, n: int) -> HttpResponseBase:
        raise ZeroDivisionError

    called.does = refuse
    assert called().status_code == 429
    called.does = fail
    assert called().status_code == 500
    for status in (500, 503, 401, 403, 429):
        called.does = lambda _, n, status=status: HttpResponse(status=status)  # type: ignore[misc]
        assert called().status_code == status
    called.does = lambda _, n: JsonResponse({"errors": n}, status=422)
    assert called().content == called().content == b'{"errors": 8}'  # what is wrong with it is wrong again
    assert called.ids[0] == called.ids[1] == called.ids[2] == called.ids[3]


def test_an_answer_that_is_too_large_is_not_given_again_and_nothing_is_done_again(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotent, "MOST_KEPT", 5)
    assert called().status_code == 201
    refused = called()
    assert (refused.status_code, problem(refused)) == (409, "conflict")
    assert b"answered with 201" in refused.content
    assert len(called.ids) == 1


def test_after_a_process_died_over_it_the_call_is_done_again_as_the_same(
    called: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(idempotent, "_keep", killed)
        with pytest.raises(KeyboardInterrupt):
            called()
    waits = called()
    assert (waits.status_code, problem(waits), waits["Retry-After"]) == (409, "still-under-way", "2")

    IdempotentCall.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert problem(called(body=b"[]")) == "key-used-otherwise"
    assert called().content == b'{"time": 2}'
    assert called.ids[0] == called.ids[1]

    IdempotentCall.objects.update(created_at=F("created_at") - timedelta(hours=25))
    assert called(body=b"[]").content == b'{"time": 3}'  # a day later the key is free
    IdempotentCall.objects.update(created_at=F("created_at") - timedelta(hours=25))
    called()
    assert len(set(called.ids)) == 3


def test_who_was_overtaken_does_not_put_its_answer_in_the_place_of_the_other_one(called: Called) -> None:
    def slow(request: HttpRequest, n: int) -> HttpResponseBase:
        IdempotentCall.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        called.does = lambda _, n: JsonResponse({"time": n})
        assert called().content == b'{"time": 2}'
        return JsonResponse({"time": n})

    called.does = slow
    assert called().content == b'{"time": 1}'
    assert called().content == b'{"time": 2}'


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_done_and_the_other_is_told_to_wait(called: Called) -> None:
    begun, told, answers = threading.Event(), threading.Event(), list[Any]()

    def wait(request: HttpRequest, n: int) -> HttpResponseBase:
        begun.set()
        assert told.wait(30)
        return JsonResponse({"time": n})

    def first() -> None:
        answers.append(called())
        connection.close()

    called.does = wait
    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(30)
    second = called()
    told.set()
    thread.join()
    assert (second.status_code, problem(second)) == (409, "still-under-way")
    assert answers[0].content == called().content == b'{"time": 1}'


def test_after_a_day_nothing_of_it_is_kept(called: Called) -> None:
    called("old")
    IdempotentCall.objects.update(created_at=F("created_at") - timedelta(hours=25))
    called("young")
    mine = turn.take(policies.CALLS, 0)
    assert mine is not None
    assert not logs.delete_calls(mine)
    assert [call.key for call in IdempotentCall.objects.all()] == ["young"]
