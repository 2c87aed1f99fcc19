"""Calls of AWS are counted by how they ended, with their retries, whichever way they took."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.conf import settings as site
from prometheus_client import generate_latest

from config.embedded import processes
from config.watch import meters
from tests.config.watch.promql import parsed
from uploads.aws import client, dynamo, measured, storage


class Answering(HTTPServer):
    """In DynamoDB's place: answers each request with the next of these, the last one again and again. Beside the status
    stands the code of an error, or what is answered."""

    def __init__(self, *answers: tuple[int, str | dict[str, Any]]) -> None:
        left = list(answers)

        class Next(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, said = left.pop(0) if len(left) > 1 else left[0]
                self.rfile.read(int(self.headers["Content-Length"]))
                if isinstance(said, str):
                    said = {"__type": f"com.amazonaws#{said}", "message": "?"} if said else {}
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Next)


@contextmanager
def answering(patch: pytest.MonkeyPatch, *answers: tuple[int, str | dict[str, Any]]) -> Iterator[None]:
    """Within, DynamoDB answers so; without any answer it isn't there. Clients are made for it, and anew behind it."""
    server = Answering(*answers) if answers else None
    port = server.server_port if server else processes.first_free(0)
    with patch.context() as elsewhere:
        elsewhere.setattr(site, "AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{port}")
        elsewhere.setattr(site, "AWS_CREDENTIALS", {"aws_access_key_id": "x", "aws_secret_access_key": "x"})
        if server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        _forget_clients()
        try:
            yield
        finally:
            _forget_clients()
            if server:
                server.shutdown()
                server.server_close()


def _forget_clients() -> None:
    for made in (client._dynamodb, client._line):
        made.cache_clear()


def counted() -> dict[tuple[str, str], float]:
    """By operation and result; retries under RETRIES."""
    meters.prepare()
    found = {}
    for (name, labels), value in parsed(generate_latest().decode()).items():
        if name == f"{meters.AWS}_count":
            found[dict(labels)["operation"], dict(labels)["result"]] = value
        elif name == meters.RETRIES:
            found[dict(labels)["operation"], meters.RETRIES] = value
    return found


def grown(before: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    return {key: value - before.get(key, 0) for key, value in counted().items() if value != before.get(key, 0)}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([(200, "")], {("ListTables", "ok"): 1}),
        ([(400, "ValidationException")], {("ListTables", "refused"): 1}),
        ([(400, "ThrottlingException")], {("ListTables", "throttled"): 1, ("ListTables", meters.RETRIES): 2}),
        ([(500, "InternalServerError")], {("ListTables", "failed"): 1, ("ListTables", meters.RETRIES): 2}),
        ([(500, "InternalServerError"), (200, "")], {("ListTables", "ok"): 1, ("ListTables", meters.RETRIES): 1}),
        ([], {("ListTables", "unreachable"): 1, ("ListTables", meters.RETRIES): 2}),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) and value else "",
)
def test_a_call_is_counted_by_how_it_ended(
    answers: list[tuple[int, str | dict[str, Any]]],
    expected: dict[tuple[str, str], float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = counted()
    with answering(monkeypatch, *answers), suppress(client.DynamoError), client.translated():
        client.dynamodb().list_tables()
    assert grown(before) == expected


WRITTEN, THROTTLED, BROKEN, GONE = (
    {"TableName": "T"} if not code else {"Error": {"Code": code, "Message": "?"}}
    for code in ("", "ThrottlingError", "InternalServerError", "ConditionalCheckFailed")
)


@pytest.mark.parametrize(
    ("responses", "result"),
    [
        ([WRITTEN, GONE], "ok"), ([WRITTEN, THROTTLED], "throttled"), ([BROKEN, THROTTLED], "throttled"),
        ([WRITTEN, BROKEN], "failed"), (["?", {"Error": "?"}, {"Error": {"Code": []}}], "ok"), ({}, "ok"), (None, "ok"),
    ],
)  # fmt: skip
def test_a_batch_of_which_statements_are_throttled_is_no_call_that_went_well(
    responses: Any, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counted()
    with answering(monkeypatch, (200, {"Responses": responses})):
        client.post("BatchExecuteStatement", {"Statements": []})
    assert grown(before) == {("BatchExecuteStatement", result): 1}


def test_a_batch_is_throttled_where_items_are_left_however_often_it_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dynamo, "_back_off", lambda _: None)
    left: dict[str, Any] = {"UnprocessedItems": {site.UPLOAD_RECORDS_TABLE: [{"PutRequest": {"Item": {}}}]}}
    before = counted()
    with answering(monkeypatch, (200, left), (200, {"UnprocessedItems": {}})):
        dynamo.put_records([{}])
    assert grown(before) == {("BatchWriteItem", "ok"): 2, ("BatchWriteItem", meters.RETRIES): 1}
    before = counted()
    with answering(monkeypatch, (200, left)), pytest.raises(dynamo.Unavailable):
        dynamo.put_records([{}])
    assert grown(before)["BatchWriteItem", "throttled"] == 1


def test_so_are_requests_by_the_thousand_and_files(table: str, bucket: None) -> None:
    before = counted()
    client.post("DescribeTable", {"TableName": table})
    with pytest.raises(dynamo.TableMissing):
        client.post("DescribeTable", {"TableName": "not-there"})
    assert grown(before) == {
        ("DescribeTable", "ok"): 1, ("DescribeTable", "refused"): 1, ("DescribeTable", meters.RETRIES): 1,
    }  # fmt: skip
    before = counted()
    assert storage.bucket_exists()
    assert grown(before) == {("HeadBucket", "ok"): 1}


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (200, "", "ok"), (304, "", "ok"), (404, "404", "refused"), (503, "SlowDown", "throttled"),
        (400, "ProvisionedThroughputExceededException", "throttled"), (400, "RequestLimitExceeded", "throttled"),
        (503, "", "failed"), (400, "", "refused"),
    ],
)  # fmt: skip
def test_a_result_is_one_of_five(status: int, code: str, result: str) -> None:
    assert measured.result_of(status, code) == result
    assert result in measured.RESULTS
