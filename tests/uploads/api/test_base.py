"""What all calls of the HTTP API have in common."""

import json

import psycopg
import pytest
from django.db import connection
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


@pytest.mark.parametrize("again", [False, True])
def test_a_form_where_json_is_taken_is_refused_in_words(program: Client, again: bool) -> None:
    for call in ("webhooks", "feeds/UPLOAD_1/retry", "feeds/UPLOAD_1/confirm"):
        headers = {"Idempotency-Key": call} if again else {}
        answer = program.post(f"/api/v1/{call}", {"a": "b"}, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (415, "/api/v1/problems/unsupported-media-type")


def test_what_is_no_call_is_refused_alike_when_it_is_sent_again(program: Client) -> None:
    for _ in range(2):
        answer = program.post("/api/v1/products", {}, "application/json", headers={"Idempotency-Key": "1"})
        assert (answer.status_code, answer["Allow"]) == (405, "GET")
        assert answer.json()["type"] == "/api/v1/problems/method-not-allowed"


def test_another_body_under_the_same_key_is_no_repetition_whatever_it_says_it_is(program: Client) -> None:
    answers = []
    for row in (1, 2):
        body = json.dumps({"rows": [{"row": row, "fields": {"price": "1"}}]})
        kind, headers = "multipart/form-data; boundary=x", {"Idempotency-Key": "1"}
        answers.append(program.patch("/api/v1/feeds/UPLOAD_1/rows", body, kind, headers=headers).json()["type"])
    assert answers[1] == "/api/v1/problems/key-used-otherwise"


def test_an_address_that_is_no_call_is_a_problem_too(program: Client) -> None:
    assert program.get("/api/v1/nothing").json()["type"] == "/api/v1/problems/not-found"
    assert program.put("/api/v1/me").json()["type"] == "/api/v1/problems/method-not-allowed"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_is_told_so_that_programs_come_again(
    program: Client, caplog: pytest.LogCaptureFixture
) -> None:
    connection.ensure_connection()
    with psycopg.connect(connection.connection.info.dsn, password=connection.settings_dict["PASSWORD"]) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    program.raise_request_exception = False
    answer = program.get("/api/v1/me")
    connection.close()
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer.json()["type"] == "/api/v1/problems/service-away"
    assert "/api/v1/me" in caplog.text  # engineers see it as any fault
    assert program.get("/api/v1/me").status_code == 200
