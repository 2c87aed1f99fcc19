"""What all calls of the HTTP API have in common."""

from django.test import Client


def test_who_has_a_token_is_told_whose_it_is(program: Client) -> None:
    answer = program.get("/api/v1/me")
    assert answer.status_code == 200
    assert answer.json()["vendor_id"] == "VEND001"


def test_who_has_none_is_refused_with_a_problem_document(client: Client) -> None:
    answer = client.get("/api/v1/me")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["type"] == "/api/v1/problems/token-missing"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_address_that_is_no_call_is_a_problem_too(program: Client) -> None:
    assert program.get("/api/v1/nothing").json()["type"] == "/api/v1/problems/not-found"
    assert program.put("/api/v1/me").json()["type"] == "/api/v1/problems/method-not-allowed"
