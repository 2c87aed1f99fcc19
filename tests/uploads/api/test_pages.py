"""The API's document, its page, and what problems and codes mean: for everybody, without a token."""

import json
import re
from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse

from catalog.rules.problems import Code
from config.web.links import site_url
from uploads.api import idempotent
from uploads.api.document import METHODS, document
from uploads.api.problems import KINDS

pytestmark = pytest.mark.usefixtures("broker")


def test_the_document_names_every_call_with_its_scope_and_its_answers(client: Client) -> None:
    found = client.get("/api/v1/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    calls = [(path, method, one) for path, ways in found["paths"].items() for method, one in ways.items()]
    assert len(calls) >= 17
    without = {f"{method} {path}" for path, method, one in calls if not one["x-scope"]}
    assert without == {f"get /api/v1/{name}" for name in ("schema", "categories", "error-codes", "me")}
    for path, method, one in calls:
        assert method in METHODS, path
        assert {"401", "403", "404", "422", "429", "500"} <= one["responses"].keys()
        assert "token-missing" in one["responses"]["401"]["description"]
        for status, answer in one["responses"].items():
            media = ["application/problem+json"] if int(status) >= 400 else list(answer.get("content", {}))
            assert list(answer.get("content", {})) == media
    assert "$defs" not in json.dumps(found)


def test_the_page_shows_them_all_and_breaks_no_policy(client: Client) -> None:
    answer = client.get("/api/v1/")
    assert answer.status_code == 200
    text = answer.content.decode()
    for path in document()["paths"]:
        assert f"<code>{path}</code>" in text
    assert re.findall(r'<h2 id="(\w+)">', text)[:2] == ["feeds", "rows"]
    scopes = [one["x-scope"] for ways in document()["paths"].values() for one in ways.values()]
    assert Counter(re.findall(r"the scope <code>([\w:]+)</code>", text)) == Counter(filter(None, scopes))
    assert f'curl -sS "{site_url("/api/v1/feeds/$FEED_ID/rows")}"' in text.replace("&quot;", '"')
    assert "<script" not in text
    assert " style=" not in text


@pytest.mark.parametrize("code", KINDS)
def test_each_kind_of_problem_is_explained_at_its_address(client: Client, code: str) -> None:
    answer = client.get(f"/api/v1/problems/{code}")
    assert answer.status_code == 200
    assert KINDS[code].title in answer.content.decode().replace("&#x27;", "'")


def test_each_code_of_a_row_is_too(client: Client) -> None:
    assert {client.get(reverse("api:code", args=[code])).status_code for code in Code} == {200}
    assert client.get("/api/v1/codes/nonsense").status_code == 404
    assert client.get("/api/v1/problems/nonsense").status_code == 404


def test_a_fault_of_ours_is_a_problem_without_details(program: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(idempotent, "once", breaks)
    program.raise_request_exception = False
    answer = program.get("/api/v1/me")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert "secret" not in answer.content.decode()
