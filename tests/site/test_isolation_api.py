"""No program sees or changes anything of another vendor: every call of the HTTP API with what is another's.

The calls are read from the API's own document, so what is added is asked too. What their arguments stand for is here.
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from tests.companies import Company, everything_of
from uploads.api.document import document
from vendors.models import ApiToken

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("table", "bucket", "broker", "categories")]

CALLS = [
    (path, method, operation)
    for path, methods in document()["paths"].items() for method, operation in methods.items()
]  # fmt: skip
IDS: dict[str, Callable[[Company], Any]] = {
    "feed_id": lambda company: company.upload.pk,
    "vendor_product_id": lambda company: company.product.vendor_product_id,
    "webhook_id": lambda company: company.webhook.pk,
    "delivery_id": lambda company: company.delivery.pk,
}
PLAIN = {"format": "csv"}
# What a call about something of somebody else says in its body, where that has to be something.
BODIES: dict[str, Any] = {
    "patch /api/v1/feeds/{feed_id}/rows": {"rows": [{"row": 2, "fields": {"price": "1.00"}}]},
    "patch /api/v1/webhooks/{webhook_id}": {"enabled": False},
}


def address(path: str, company: Company) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: _argument(found[1], company), path)


def _argument(name: str, company: Company) -> str:
    known = f"No test knows what “{name}” is of. Add it to IDS, with a function that gives a company's own."
    assert name in IDS or name in PLAIN, known
    return quote(str(IDS[name](company) if name in IDS else PLAIN[name]), safe="")


def ask(method: str, path: str, token: str, body: Any = None, **query: Any) -> Any:
    client = Client(headers={"Authorization": f"Bearer {token}"} if token else {})
    text = json.dumps({} if body is None else body)
    if method == "get":
        return client.get(path, query)
    return getattr(client, method)(path, text, content_type="application/json")


def said(answer: Any) -> str:
    text: str = answer.content.decode()
    return text + str(answer.headers)


@pytest.mark.parametrize(("path", "method", "operation"), CALLS, ids=lambda one: one if isinstance(one, str) else "")
def test_what_is_another_vendors_is_not_there(
    ours: Company, theirs: Company, path: str, method: str, operation: dict[str, Any]
) -> None:
    before = everything_of(theirs)
    answer = ask(method, address(path, theirs), ours.token_text, BODIES.get(f"{method} {path}"))
    if any(f"{{{name}}}" in path for name in IDS):
        assert answer.status_code == 404, answer.content
    assert theirs.word not in said(answer)
    assert everything_of(theirs) == before


@pytest.mark.parametrize(("path", "method", "operation"), CALLS, ids=lambda one: one if isinstance(one, str) else "")
def test_ids_of_others_in_queries_and_bodies_bring_nothing(
    ours: Company, theirs: Company, path: str, method: str, operation: dict[str, Any]
) -> None:
    before = everything_of(theirs)
    foreign = {"vendor": theirs.vendor.pk, "vendor_id": theirs.vendor.pk, "sku": theirs.product.sku, "q": theirs.word}
    foreign |= {name: IDS[name](theirs) for name in IDS}
    for token in (ours.token_text,):
        answer = ask(method, address(path, ours), token, foreign, **foreign)
        assert answer.status_code < 500
        assert theirs.word not in said(answer)
    assert everything_of(theirs) == before


@pytest.mark.parametrize(("path", "method", "operation"), CALLS, ids=lambda one: one if isinstance(one, str) else "")
def test_without_a_token_or_without_its_scope_nothing_is_told_or_done(
    ours: Company, path: str, method: str, operation: dict[str, Any]
) -> None:
    before = everything_of(ours)
    for token in ("", "vpo_x", "x" * 5000):
        answer = ask(method, address(path, ours), token)
        assert answer.status_code == 401
        assert ours.word not in said(answer)
    scope = operation["x-scope"]
    others = [one for one in ApiToken.Scope.values if one != scope]
    ApiToken.objects.filter(pk=ours.token.pk).update(scopes=others)
    answer = ask(method, address(path, ours), ours.token_text, BODIES.get(f"{method} {path}"))
    if scope:
        assert (answer.status_code, answer.json()["type"]) == (403, "/api/v1/problems/scope-missing")
        assert ours.word not in said(answer)
        assert {k: v for k, v in everything_of(ours).items() if k != "api_tokens"} == {
            k: v for k, v in before.items() if k != "api_tokens"
        }
    else:
        assert answer.status_code == 200


def test_ours_is_there(ours: Company) -> None:
    """It must be: a call that answers nobody would prove nothing above."""
    answers = {
        path: ask(method, address(path, ours), ours.token_text).status_code
        for path, method, _ in CALLS if method == "get"
    }  # fmt: skip
    assert {path: status for path, status in answers.items() if status not in (200, 303)} == {}
