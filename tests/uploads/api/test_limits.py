"""How many calls a token may make, and how a program is told."""

import threading
from typing import Any

import pytest
from django.test import Client

from tests.uploads.api.conftest import MakeToken
from uploads.api import limits
from uploads.work import outages
from vendors.models import Vendor
from vendors.tokens import texts

ME = "/api/v1/me"


@pytest.fixture
def three(settings: Any) -> None:
    """Three calls at once, and then none for a while."""
    settings.API_CALLS_A_SECOND, settings.API_CALLS_AT_ONCE = 0.001, 3


@pytest.mark.usefixtures("three")
def test_each_token_may_make_so_many_calls_and_is_told_what_is_left(vendor: Vendor, make_token: MakeToken) -> None:
    erp, shop = make_token(vendor).client, make_token(vendor).client
    answers = [erp.get(ME) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0]["RateLimit-Policy"] == '"calls";q=3;w=3000'
    assert [answer["RateLimit"].partition(";t=")[0] for answer in answers] == [f'"calls";r={n}' for n in (2, 1, 0)]

    refused = erp.get(ME)
    assert (refused.status_code, refused.json()["type"]) == (429, "/api/v1/problems/rate-limited")
    assert 0 < int(refused["Retry-After"]) <= 1000
    assert refused["RateLimit"].startswith('"calls";r=0;t=')
    assert "Ask again in" in refused.json()["detail"]
    assert shop.get(ME).status_code == 200  # each has its own


def test_feeds_have_a_limit_of_their_own(vendor: Vendor, make_token: MakeToken, settings: Any) -> None:
    settings.API_FEEDS_A_MINUTE = 1
    erp = make_token(vendor).client
    first, second = (erp.post("/api/v1/feeds", {}, content_type="application/json") for _ in range(2))
    assert first.status_code != 429
    assert second.status_code == 429
    assert "1 feed a minute" in second.json()["detail"]
    assert erp.get(ME).status_code == 200


def test_processes_that_ask_at_the_same_moment_share_what_is_left(settings: Any) -> None:
    """Each with a connection of its own: no place is given twice."""
    limit, given, begin = limits.Limit("calls", "calls:shared", 10, 10_000, ""), list[int](), threading.Barrier(4)

    def ask(number: int) -> None:
        script = limits._script(-number, settings.REDIS_URL)
        begin.wait()
        for _ in range(10):
            *_, refused = script(["api-limit:calls:shared"], [limit.between, limit.most])
            given.append(1 - refused)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(given), len(given)) == (10, 40)


def test_wrong_tokens_are_counted_by_their_address_and_right_ones_pass(
    vendor: Vendor, make_token: MakeToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REFUSED_AT_ONCE", 1)
    erp = make_token(vendor).client
    wrong = [Client(headers={"Authorization": f"Bearer {text}"}) for text in (texts.new(), "vpo_cut", texts.new())]
    assert [one.get(ME).status_code for one in wrong] == [401, 429, 429]
    assert erp.get(ME).status_code == 200
    assert (
        Client(REMOTE_ADDR="192.0.2.7").get(ME, headers={"Authorization": f"Bearer {texts.new()}"}).status_code == 401
    )


def test_without_redis_calls_go_on(
    vendor: Vendor, make_token: MakeToken, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    redis_url, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    settings.API_CALLS_AT_ONCE = 1
    erp = make_token(vendor).client
    answers = [erp.get(ME) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "RateLimit" not in answers[0]
    assert len([line for line in caplog.messages if "Outage of Redis" in line]) == 1

    settings.REDIS_URL = redis_url
    assert "RateLimit" in erp.get(ME)
    assert outages.REDIS not in outages._lost


def test_a_program_can_ask_for_its_limits(vendor: Vendor, make_token: MakeToken, settings: Any) -> None:
    erp = make_token(vendor).client
    told = erp.get(ME).json()["limits"]
    assert told["calls"] == [
        {"name": "calls", "calls": 50, "seconds": 5.0}, {"name": "feeds", "calls": 60, "seconds": 60.0},
    ]  # fmt: skip
    assert told["open_feeds"] == settings.MAX_OPEN_UPLOADS
    settings.API_CALLS_A_SECOND = 0
    assert [one["name"] for one in erp.get(ME).json()["limits"]["calls"]] == ["feeds"]
